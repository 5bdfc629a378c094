//! Messages (RFC 6455, 5.4): one frame, or fragments put together in one buffer.
//!
//! The number of fragments is not limited, only their bytes: a limit on the number fails lawful peers that send a
//! large message in small pieces. Invariants: the buffer grows with the bytes received, never with a length that
//! is only declared; an uncompressed text fails at its first bad byte; a compressed one is inflated when it is whole,
//! bounded by the size it has inflated. The tutorial knows no fragments. Tests: `tests/ws/fragments.rs`.

use super::codec::Event;
use super::deflate::Inflater;
use super::error::Violation;
use super::frame::{FirstByte, Header, Opcode};
use super::utf8::Utf8;

/// A message of which the last byte has not come, or which has just been delivered.
#[derive(Debug)]
pub(super) struct Message {
    kind: Kind,
    bytes: Vec<u8>,
    /// Of an uncompressed text.
    utf8: Utf8,
}

/// What the first fragment says of the whole message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    text: bool,
    pub(super) compressed: bool,
}

impl Kind {
    pub(super) fn of(first: FirstByte) -> Kind {
        Kind { text: first.opcode == Opcode::Text, compressed: first.rsv1 }
    }

    /// How many payload bytes such a message may have, so that its content can be within `message_bytes_max`.
    ///
    /// Compression can make a message longer: fixed Huffman codes spend nine bits on a byte from 0x90 up, which is
    /// most of a Chinese text, and stored blocks have five bytes of their own. An eighth and a bit covers both.
    pub(super) fn payload_bytes_max(self, message_bytes_max: usize) -> usize {
        if self.compressed {
            message_bytes_max.saturating_add(message_bytes_max / 8).saturating_add(64)
        } else {
            message_bytes_max
        }
    }

    /// A message that lies whole in the reader's own buffer, unmasked.
    pub(super) fn whole<'a>(
        self,
        payload: &'a [u8],
        message_bytes_max: usize,
        inflater: &'a mut Inflater,
    ) -> Result<Event<'a>, Violation> {
        let content = if self.compressed { inflater.inflate(payload, message_bytes_max)? } else { payload };
        if self.text {
            simdutf8::basic::from_utf8(content).map(Event::Text).map_err(|_| Violation::Utf8)
        } else {
            Ok(Event::Binary(content))
        }
    }
}

impl Message {
    /// Begins with a first fragment that has `header`.
    pub(super) fn begin(header: &Header) -> Message {
        Message { kind: Kind::of(header.first_byte()), bytes: Vec::new(), utf8: Utf8::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Payload bytes received so far.
    pub(super) fn received_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Memory of the buffer.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends unmasked payload. `left`: how many bytes of the message have yet to come, where the header of its last
    /// fragment tells.
    pub(super) fn push(&mut self, payload: &[u8], left: Option<u64>) -> Result<(), Violation> {
        if self.kind.text && !self.kind.compressed {
            self.utf8.push(payload)?;
        }
        self.make_room(payload.len(), left);
        self.bytes.extend_from_slice(payload);
        Ok(())
    }

    /// Makes room for `payload_bytes`: doubling, so that the copies stay linear in what was received, but never for
    /// more than is to come, so that a large message does not end in a buffer of twice its size.
    fn make_room(&mut self, payload_bytes: usize, left: Option<u64>) {
        let needed = self.bytes.len() + payload_bytes;
        if needed > self.bytes.capacity() {
            let left = left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
            let doubled = needed.max(self.bytes.capacity().saturating_mul(2));
            let capacity = doubled.min(needed.saturating_add(left));
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
    }

    /// Delivers the message. Its buffer stays as it is, for the event borrows it.
    pub(super) fn finish<'a>(
        &'a self,
        message_bytes_max: usize,
        inflater: &'a mut Inflater,
    ) -> Result<Event<'a>, Violation> {
        // A text that ends inside a character is found here too: the event needs the whole of it to be proven.
        self.kind.whole(&self.bytes, message_bytes_max, inflater)
    }
}
