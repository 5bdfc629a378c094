//! The output of one connection that the kernel has not taken yet.
//!
//! A queue of segments, each a run of whole frames: the connection's own bytes, or a range of a chunk that it
//! shares with the other members of a topic. So a broadcast is in memory once, however many receivers wait for
//! it, and somebody who lags behind a busy topic has one entry for many turns of it. Only the first segment can be
//! partly written; each remembers where its frames begin, so that a slow
//! consumer can be sent the rest of the frame that was begun, and nothing after it but the farewell.
//!
//! Most connections have nothing pending most of the time: they hold no `Pending` at all. One is borrowed from
//! the [`Pool`] when something is queued and given back when it is written, buffers included.
//!
//! The tutorial has nothing here: what `stream_socket_sendto` does not take is lost.
//! Tests: `tests/net/backpressure.rs`.

use std::cell::{Ref, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::{Deref, Range};
use std::rc::Rc;

use super::sealed::Sealed;
use super::stream::Stream;
use crate::base::deadline::Tick;
use crate::ws;

/// Copying into one buffer beats a vectored write up to about this size in all (a copy of 66 bytes is about
/// 5 ns, a slice of a vectored write about 15).
const GATHER_BYTES_MAX: usize = 16 * 1024;
/// Slices of one vectored write.
const SLICES_MAX: usize = 64;
/// Buffers and queues kept for the next turn.
const POOL_MAX: usize = 1024;
/// What a queue keeps room for between two turns; one that has been longer gives its room back.
const POOL_SEGMENTS_MAX: usize = 64;
/// A buffer that has grown over this is freed, not kept.
const POOL_BUFFER_BYTES_MAX: usize = 16 * 1024;

/// A chunk is not added to beyond this: who has read all of it but the end holds all of it.
const CHUNK_BYTES_MAX: usize = 64 * 1024;

/// Frames of a topic, shared by its receivers: of one turn, or of several while somebody lags. It only ever grows,
/// at its end; in a cell, because those who wait for its beginning hold it meanwhile.
pub(super) type Chunk = Rc<RefCell<Vec<u8>>>;

#[derive(Debug)]
enum Source {
    Own(Vec<u8>),
    Shared(Chunk),
}

/// What the bytes of a segment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Whole WebSocket frames.
    Frames,
    /// Bytes that must not be cut: an HTTP response, that of the opening handshake included, or the rest of a
    /// frame that was begun.
    Opaque,
}

#[derive(Debug)]
struct Segment {
    source: Source,
    content: Content,
    /// Where the first frame begins.
    begin: usize,
    /// Up to where it is written.
    at: usize,
    end: usize,
}

/// What an entry of a queue takes besides its bytes, and nobody shares.
const SEGMENT_BYTES: usize = size_of::<Segment>();

/// Bytes of a segment, lent.
enum Lent<'a> {
    Own(&'a [u8]),
    Shared(Ref<'a, [u8]>),
}

impl Deref for Lent<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Lent::Own(bytes) => bytes,
            Lent::Shared(bytes) => bytes,
        }
    }
}

impl Segment {
    fn bytes(&self, range: Range<usize>) -> Lent<'_> {
        match &self.source {
            Source::Own(bytes) => Lent::Own(bytes.get(range).unwrap_or_default()),
            Source::Shared(chunk) => {
                Lent::Shared(Ref::map(chunk.borrow(), |bytes| bytes.get(range).unwrap_or_default()))
            }
        }
    }

    fn rest(&self) -> Lent<'_> {
        self.bytes(self.at..self.end)
    }
}

/// The output of one connection, in order.
#[derive(Debug, Default)]
pub(super) struct Pending {
    segments: VecDeque<Segment>,
    /// Positions in the stream of what is queued, each with the number that the handler gave it.
    marks: VecDeque<(u64, u64)>,
    written: u64,
    bytes: usize,
    own_bytes: usize,
    /// What TLS has made of the queue so far, or says itself; empty without TLS.
    pub(super) sealed: Sealed,
    /// The newest pong, as a frame, while the kernel takes nothing: the peer can do without the older ones
    /// (RFC 6455 section 5.5.3).
    pong: Vec<u8>,
    /// Since when more is queued than the soft limit allows, and than the hard one does.
    pub(super) over_soft_since: Option<Tick>,
    pub(super) over_hard_since: Option<Tick>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Everything is in the hands of the kernel.
    All,
    /// The kernel took what it could; a writable event will follow.
    Blocked,
    /// More is left than fits one write; the next turn goes on.
    Partly,
}

/// Spare buffers and queues, and the sum of what is queued.
#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Vec<Vec<u8>>,
    #[expect(clippy::vec_box, reason = "connections hold boxes, and move them in and out")]
    queues: Vec<Box<Pending>>,
    pub(super) gather: Vec<u8>,
    /// Bytes of output in memory, a chunk counted once, and of the entries of the queues.
    pub(super) queued_bytes: usize,
}

impl Pool {
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    pub(super) fn queue(&mut self) -> Box<Pending> {
        self.queues.pop().unwrap_or_default()
    }

    /// Takes a buffer back whose bytes were never counted, or no longer are.
    pub(super) fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if self.buffers.len() < POOL_MAX && (1..=POOL_BUFFER_BYTES_MAX).contains(&buffer.capacity()) {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    /// Takes a queue back, with whatever is still in it.
    pub(super) fn give_queue(&mut self, mut queue: Box<Pending>) {
        queue.clear(self);
        if self.queues.len() < POOL_MAX {
            self.queues.push(queue);
        }
    }

    /// Makes a chunk of the frames of a topic.
    pub(super) fn chunk(&mut self, bytes: Vec<u8>) -> Chunk {
        self.queued_bytes += bytes.len();
        Rc::new(RefCell::new(bytes))
    }

    /// Adds the frames of a further turn to a chunk for which somebody waits, and tells where they begin. `None`:
    /// it would become too long.
    pub(super) fn extend(&mut self, chunk: &Chunk, bytes: &[u8]) -> Option<usize> {
        let mut all = chunk.borrow_mut();
        let begin = all.len();
        if begin + bytes.len() > CHUNK_BYTES_MAX {
            return None;
        }
        all.extend_from_slice(bytes);
        self.queued_bytes += bytes.len();
        Some(begin)
    }

    /// Gives up one hold on a chunk; the last one frees it.
    pub(super) fn give_chunk(&mut self, chunk: Chunk) {
        if let Some(bytes) = Rc::into_inner(chunk).map(RefCell::into_inner) {
            self.queued_bytes -= bytes.len();
            self.give_buffer(bytes);
        }
    }
}

impl Pending {
    /// Bytes that are queued, shared ones included, and what their entries take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.segments.len() * SEGMENT_BYTES + self.sealed.len()
    }

    /// Whether nothing is queued but what is sealed.
    pub(super) fn is_drained(&self) -> bool {
        self.bytes == 0
    }

    /// Bytes that are queued for this connection alone.
    pub(super) fn own_bytes(&self) -> usize {
        self.own_bytes
    }

    /// Appends bytes of the connection's own. `write` must append whole frames, or a whole response.
    pub(super) fn append(&mut self, pool: &mut Pool, content: Content, write: impl FnOnce(&mut Vec<u8>)) {
        let tail_fits = self.segments.back().is_some_and(|tail| {
            // A buffer is freed when all of it is written, so one that has grown is not added to for ever.
            tail.content == content
                && tail.end < POOL_BUFFER_BYTES_MAX
                && matches!(tail.source, Source::Own(_))
        });
        if !tail_fits {
            let source = Source::Own(pool.buffer());
            self.push(pool, Segment { source, content, begin: 0, at: 0, end: 0 });
        }
        let Some(Segment { source: Source::Own(bytes), end, .. }) = self.segments.back_mut() else { return };
        write(bytes);
        let added = bytes.len() - *end;
        *end = bytes.len();
        self.bytes += added;
        self.own_bytes += added;
        pool.queued_bytes += added;
    }

    /// Appends a range of a chunk: whole frames. Whoever waits for what stands before it in the same chunk waits
    /// for a longer range, and not for one more: so a peer that does not read costs next to nothing of its own.
    pub(super) fn append_shared(&mut self, pool: &mut Pool, chunk: &Chunk, range: Range<usize>) {
        self.bytes += range.len();
        if let Some(Segment { source: Source::Shared(last), end, .. }) = self.segments.back_mut()
            && Rc::ptr_eq(last, chunk)
            && *end == range.start
        {
            *end = range.end;
            return;
        }
        let source = Source::Shared(Rc::clone(chunk));
        let Range { start, end } = range;
        self.push(pool, Segment { source, content: Content::Frames, begin: start, at: start, end });
    }

    fn push(&mut self, pool: &mut Pool, segment: Segment) {
        pool.queued_bytes += SEGMENT_BYTES;
        self.segments.push_back(segment);
    }

    /// Takes the first segment out. The caller has accounted for its bytes.
    fn pop(&mut self, pool: &mut Pool) -> Option<Segment> {
        let segment = self.segments.pop_front()?;
        pool.queued_bytes -= SEGMENT_BYTES;
        Some(segment)
    }

    /// Keeps a pong for the moment when the kernel takes output again; a newer one replaces it.
    pub(super) fn keep_pong(&mut self, payload: &[u8]) {
        self.pong.clear();
        ws::encode_frame(&mut self.pong, ws::Opcode::Pong, payload);
    }

    /// Remembers a mark behind what is queued so far.
    pub(super) fn mark(&mut self, mark: u64) {
        self.marks.push_back((self.written + self.bytes as u64, mark));
    }

    /// Writes once: everything, or what one call takes. Marks that were reached are appended to `reached`.
    ///
    /// # Errors
    ///
    /// The stream is broken; the connection is lost.
    pub(super) fn write(
        &mut self,
        stream: &mut Stream,
        pool: &mut Pool,
        reached: &mut Vec<u64>,
    ) -> io::Result<(Written, usize)> {
        let (offered, taken) = self.offer(stream, pool)?;
        self.advance(pool, taken);
        self.reach_marks(reached);
        if taken < offered {
            return Ok((Written::Blocked, taken));
        }
        self.queue_kept_pong(pool);
        Ok((if self.is_drained() { Written::All } else { Written::Partly }, taken))
    }

    /// Takes out the marks up to which everything is written.
    pub(super) fn reach_marks(&mut self, reached: &mut Vec<u64>) {
        while let Some(&(position, mark)) = self.marks.front()
            && position <= self.written
        {
            reached.push(mark);
            self.marks.pop_front();
        }
    }

    /// The kernel takes output again: the pong that was kept for this moment is queued.
    pub(super) fn queue_kept_pong(&mut self, pool: &mut Pool) {
        if !self.pong.is_empty() {
            let pong = std::mem::take(&mut self.pong);
            self.append(pool, Content::Frames, |out| out.extend_from_slice(&pong));
        }
    }

    /// Copies the first bytes of the queue, so many at most, in place of what is in `out`.
    pub(super) fn gather(&self, out: &mut Vec<u8>, bytes_max: usize) {
        out.clear();
        for segment in &self.segments {
            let rest = segment.rest();
            let room = bytes_max - out.len();
            out.extend_from_slice(rest.get(..room).unwrap_or(&rest));
            if out.len() == bytes_max {
                return;
            }
        }
    }

    /// One system call. Returns the bytes offered and the bytes taken.
    fn offer(&self, stream: &mut Stream, pool: &mut Pool) -> io::Result<(usize, usize)> {
        let (result, offered) = if self.segments.len() <= 1 {
            let Some(only) = self.segments.front() else { return Ok((0, 0)) };
            let rest = only.rest();
            (stream.write(&rest), rest.len())
        } else if self.bytes <= GATHER_BYTES_MAX {
            pool.gather.clear();
            self.segments.iter().for_each(|segment| pool.gather.extend_from_slice(&segment.rest()));
            (stream.write(&pool.gather), pool.gather.len())
        } else {
            let lent: Vec<Lent<'_>> = self.segments.iter().take(SLICES_MAX).map(Segment::rest).collect();
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            for (slice, bytes) in slices.iter_mut().zip(&lent) {
                *slice = IoSlice::new(bytes);
            }
            let offered = lent.iter().map(|bytes| bytes.len()).sum();
            (stream.write_vectored(slices.get(..lent.len()).unwrap_or_default()), offered)
        };
        match result {
            Ok(taken) => Ok((offered, taken)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((offered, 0)),
            // A signal came before anything was written: nothing is lost, the next turn writes again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok((0, 0)),
            Err(error) => Err(error),
        }
    }

    /// Takes the first bytes out of the queue: they are written, or sealed.
    pub(super) fn advance(&mut self, pool: &mut Pool, mut taken: usize) {
        self.written += taken as u64;
        self.bytes -= taken;
        while let Some(first) = self.segments.front_mut() {
            let step = taken.min(first.end - first.at);
            first.at += step;
            taken -= step;
            if matches!(first.source, Source::Own(_)) {
                self.own_bytes -= step;
                pool.queued_bytes -= step;
            }
            if first.at < first.end {
                return;
            }
            match self.pop(pool).map(|done| done.source) {
                Some(Source::Own(buffer)) => pool.give_buffer(buffer),
                Some(Source::Shared(chunk)) => pool.give_chunk(chunk),
                None => {}
            }
        }
    }

    /// How many messages wait of which the kernel has taken nothing.
    pub(super) fn messages(&self) -> u64 {
        let frames = self.segments.iter().filter(|segment| segment.content == Content::Frames);
        frames
            .map(|segment| {
                let bytes = segment.bytes(segment.begin..segment.end);
                ws::messages_from(&bytes, segment.at - segment.begin)
            })
            .sum()
    }

    /// Drops every frame that is not begun, and every mark. What stays is at most the rest of one frame.
    pub(super) fn cut(&mut self, pool: &mut Pool) {
        self.marks.clear();
        self.pong.clear();
        let Some(first) = self.segments.front() else { return };
        let end = match first.content {
            _ if first.at == first.begin => first.at,
            Content::Opaque => first.end,
            Content::Frames => {
                let frames = first.bytes(first.begin..first.end);
                ws::frame_end(&frames, first.at - first.begin).map_or(first.end, |end| first.begin + end)
            }
        };
        let rest = first.bytes(first.at..end).to_vec();
        let (content, written) = (first.content, self.written);
        self.clear_queue(pool);
        self.written = written;
        // The rest of a frame is not a whole frame: nothing may be appended to its segment as if it were.
        self.append(pool, content, |out| out.extend_from_slice(&rest));
        if let Some(first) = self.segments.front_mut() {
            first.content = Content::Opaque;
        }
    }

    fn clear(&mut self, pool: &mut Pool) {
        self.clear_queue(pool);
        self.sealed.give(pool);
    }

    /// Drops everything that is not sealed.
    pub(super) fn clear_queue(&mut self, pool: &mut Pool) {
        while let Some(segment) = self.pop(pool) {
            let rest = segment.end - segment.at;
            match segment.source {
                Source::Own(buffer) => {
                    pool.queued_bytes -= rest;
                    pool.give_buffer(buffer);
                }
                Source::Shared(chunk) => pool.give_chunk(chunk),
            }
        }
        if self.segments.capacity() > POOL_SEGMENTS_MAX {
            self.segments.shrink_to(POOL_SEGMENTS_MAX);
        }
        self.marks.clear();
        if self.marks.capacity() > POOL_SEGMENTS_MAX {
            self.marks.shrink_to(POOL_SEGMENTS_MAX);
        }
        self.pong = Vec::new();
        self.bytes = 0;
        self.own_bytes = 0;
        self.written = 0;
        self.over_soft_since = None;
        self.over_hard_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_was_long_comes_back_from_the_pool_small() {
        let mut pool = Pool::default();
        let chunk = pool.chunk(vec![0; 20_000]);
        let mut queue = pool.queue();
        for at in 0..10_000 {
            // A gap between the ranges, or they would be one.
            queue.append_shared(&mut pool, &chunk, 2 * at..2 * at + 1);
            queue.mark(at as u64);
        }
        pool.give_chunk(chunk);
        pool.give_queue(queue);
        assert_eq!(pool.queued_bytes, 0);
        let queue = pool.queue();
        assert!(queue.segments.capacity() <= 2 * POOL_SEGMENTS_MAX, "{}", queue.segments.capacity());
        assert!(queue.marks.capacity() <= 2 * POOL_SEGMENTS_MAX, "{}", queue.marks.capacity());
    }
}
