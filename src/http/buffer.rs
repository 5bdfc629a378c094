//! The bytes of one request, from its first to its last.
//!
//! A connection that reads requests owns one of these. Bytes go in as the kernel gives them, in any pieces, and are
//! taken up to the end of one request; what lies behind is the next request or, after an upgrade, frames, and
//! stays with the caller. So pipelined requests are answered one by one and in order.
//!
//! Head and body lie one behind the other in one vector; chunk framing is not kept. The vector grows with what
//! has come, never with what `Content-Length` promises. A body that is too large to be collected is taken out in pieces:
//! [`RequestBuffer::receive_head`] stops behind the head, [`RequestBuffer::expect_body`] says how large the body may be,
//! and [`RequestBuffer::take_body`] takes out what of it has come, so that the vector never holds more than one piece.
//! Tests: `tests/http/requests.rs`, `tests/http/cuts.rs`, `tests/http/pieces.rs`.

use super::body::ChunkedBody;
use super::head::{BodyLength, Head, HeadScan};
use super::{Limits, Request, RequestError};

/// Bytes of memory that [`RequestBuffer::clear`] keeps for the next request: ordinary heads fit.
const KEPT_BYTES_MAX: usize = 2048;

/// How far the request has come.
#[derive(Clone, Debug)]
enum Stage {
    Head(HeadScan),
    /// The head has come, and nobody has said yet how large the body may be.
    Headed(BodyLength),
    /// The number of bytes that are missing.
    Body(usize),
    Chunked(ChunkedBody),
    Complete,
    Failed(RequestError),
}

/// Collects one request.
#[derive(Clone, Debug)]
pub struct RequestBuffer {
    stage: Stage,
    /// The head, then as much of the body as has come.
    bytes: Vec<u8>,
    head_bytes: usize,
    headers: usize,
    continue_due: bool,
    /// How large the body may be.
    body_bytes_max: usize,
    /// Bytes of the body that were taken out.
    passed_bytes: usize,
    /// Bytes of the body that have come since somebody asked.
    progress_bytes: usize,
}

impl Default for RequestBuffer {
    fn default() -> RequestBuffer {
        RequestBuffer::new()
    }
}

impl RequestBuffer {
    /// Empty, and without memory of its own until the first byte.
    #[must_use]
    pub fn new() -> RequestBuffer {
        RequestBuffer {
            stage: Stage::Head(HeadScan::request()),
            bytes: Vec::new(),
            head_bytes: 0,
            headers: 0,
            continue_due: false,
            body_bytes_max: 0,
            passed_bytes: 0,
            progress_bytes: 0,
        }
    }

    /// Takes bytes up to the end of one request: head and body, or only the head when it upgrades to WebSocket.
    /// Returns how many it took; 0 once the request is complete.
    ///
    /// # Errors
    ///
    /// The request is refused; answer [`RequestError::status`] and close. Every later call returns the same error.
    pub fn receive(&mut self, limits: &Limits, bytes: &[u8]) -> Result<usize, RequestError> {
        let taken = self.advance(limits, bytes);
        taken.inspect_err(|error| self.fail(*error))
    }

    /// The same up to the end of the head, behind which [`RequestBuffer::expect_body`] must follow unless the request
    /// is complete already.
    ///
    /// # Errors
    ///
    /// As [`RequestBuffer::receive`].
    pub fn receive_head(&mut self, limits: &Limits, bytes: &[u8]) -> Result<usize, RequestError> {
        let taken = self.advance_head(limits, bytes);
        taken.inspect_err(|error| self.fail(*error))
    }

    /// Says how large the body may be whose head has come.
    ///
    /// # Errors
    ///
    /// The head tells of a larger one: answer and close.
    pub fn expect_body(&mut self, body_bytes_max: usize) -> Result<(), RequestError> {
        let Stage::Headed(body) = self.stage else { return Ok(()) };
        self.body_bytes_max = body_bytes_max;
        self.stage = match body {
            BodyLength::Known(length) if length > body_bytes_max => {
                self.fail(RequestError::BodyTooLarge);
                return Err(RequestError::BodyTooLarge);
            }
            BodyLength::Known(length) => Stage::Body(length),
            BodyLength::Chunked => Stage::Chunked(ChunkedBody::new()),
        };
        Ok(())
    }

    fn fail(&mut self, error: RequestError) {
        self.stage = Stage::Failed(error);
        self.bytes = Vec::new();
    }

    fn advance(&mut self, limits: &Limits, bytes: &[u8]) -> Result<usize, RequestError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match &mut self.stage {
                Stage::Head(_) | Stage::Headed(_) => {
                    let taken = self.advance_head(limits, rest)?;
                    // At once: what is refused must not depend on how the bytes are cut.
                    self.expect_body(limits.body_bytes_max)?;
                    taken
                }
                Stage::Body(missing) => {
                    self.continue_due = false;
                    let taken = rest.len().min(*missing);
                    self.bytes.extend_from_slice(rest.split_at(taken).0);
                    *missing -= taken;
                    self.progress_bytes += taken;
                    if *missing == 0 {
                        self.stage = Stage::Complete;
                    }
                    taken
                }
                Stage::Chunked(body) => {
                    self.continue_due = false;
                    let body_bytes = self.passed_bytes + self.bytes.len() - self.head_bytes;
                    let limits = Limits { body_bytes_max: self.body_bytes_max, ..*limits };
                    let before = self.bytes.len();
                    let taken = body.receive(&limits, rest, body_bytes, &mut self.bytes)?;
                    self.progress_bytes += self.bytes.len() - before;
                    if body.is_done() {
                        self.stage = Stage::Complete;
                    }
                    taken
                }
                Stage::Complete => break,
                Stage::Failed(error) => return Err(*error),
            };
            rest = rest.split_at(taken).1;
        }
        Ok(bytes.len() - rest.len())
    }

    /// Stores the head; the empty lines before it are stored too, as `httparse` skips them again.
    fn advance_head(&mut self, limits: &Limits, bytes: &[u8]) -> Result<usize, RequestError> {
        let Stage::Head(scan) = &mut self.stage else { return Ok(0) };
        let taken = scan.receive(limits, bytes)?;
        self.bytes.extend_from_slice(bytes.split_at(taken).0);
        if scan.is_done() {
            self.headers = scan.headers();
            self.head_bytes = self.bytes.len();
            let head = Head::parse(&self.bytes, self.headers)?;
            self.continue_due = head.expects_continue && head.body != BodyLength::Known(0);
            self.stage = match head.body {
                BodyLength::Known(0) => Stage::Complete,
                body => Stage::Headed(body),
            };
        }
        Ok(taken)
    }

    /// Whether [`RequestBuffer::with`] has a request to lend.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Complete)
    }

    /// Whether nothing of a request has come: a connection in this state is idle, not slow.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.stage, Stage::Head(scan) if scan.is_before())
    }

    /// Whether the whole head has come: the deadline for heads is met, the one for bodies runs.
    #[must_use]
    pub fn head_done(&self) -> bool {
        matches!(self.stage, Stage::Headed(_) | Stage::Body(_) | Stage::Chunked(_) | Stage::Complete)
    }

    /// Whether [`super::CONTINUE`] is to be sent now: the client waits for it with its body, and none of it has
    /// come. True once for each request.
    pub fn wants_continue(&mut self) -> bool {
        std::mem::take(&mut self.continue_due)
    }

    /// Lends the complete request; None until [`RequestBuffer::is_complete`].
    pub fn with<R>(&self, read: impl FnOnce(&Request<'_>) -> R) -> Option<R> {
        if !self.is_complete() {
            return None;
        }
        self.with_head(read)
    }

    /// Lends the request as far as it has come; None until [`RequestBuffer::head_done`]. Of a body that is taken out in
    /// pieces only what was not taken out is there.
    pub fn with_head<R>(&self, read: impl FnOnce(&Request<'_>) -> R) -> Option<R> {
        if !self.head_done() {
            return None;
        }
        let (head, body) = self.bytes.split_at(self.head_bytes);
        let mut storage = vec![httparse::EMPTY_HEADER; self.headers];
        let request = Request::parse(head, &mut storage)?;
        Some(read(&Request { body, ..request }))
    }

    /// Lends what has come of the body, and drops it.
    pub fn take_body<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> R {
        if !self.head_done() {
            return read(&[]);
        }
        let result = read(self.bytes.get(self.head_bytes..).unwrap_or_default());
        self.passed_bytes += self.bytes.len().saturating_sub(self.head_bytes);
        self.bytes.truncate(self.head_bytes);
        result
    }

    /// Bytes of the body that have come since this was asked last.
    pub fn take_progress(&mut self) -> usize {
        std::mem::take(&mut self.progress_bytes)
    }

    /// Ready for the next request. Gives memory back when it is more than an ordinary head needs.
    pub fn clear(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            *self = RequestBuffer { bytes, ..RequestBuffer::new() };
        } else {
            *self = RequestBuffer::new();
        }
    }
}
