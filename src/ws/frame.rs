//! Frames (RFC 6455, 5.2): the header that is read, and whole frames that are sent.
//!
//! ```text
//!  0                   1
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//! +-+-+-+-+-------+-+-------------+----------------------+----------------+---------+
//! |F|R|R|R| opcode|M|   length    | 16 or 64 bits more   | masking key    | payload |
//! |I|S|S|S|       |A|   0..125,   | when the length is   | 32 bits when   |         |
//! |N|V|V|V|       |S| 126 or 127  | 126 or 127           | MASK is set    |         |
//! | |1|2|3|       |K|             |                      |                |         |
//! +-+-+-+-+-------+-+-------------+----------------------+----------------+---------+
//! ```
//!
//! Knows the form of a header and judges it from as few bytes as it takes. Does not know what came before it: that
//! is the [`Decoder`](super::Decoder)'s, which brings it in through `Rules`. Invariant: what is wrong with a header
//! is told by its first wrong byte, however the bytes were cut.
//! The tutorial: `decode()` and `encode()`. It ignores the first byte, so a Ping becomes a text; it takes it that
//! the header is all there; and it writes 64-bit lengths of which only 32 bits are filled.
//! Tests: `tests/ws/frames.rs`.

use super::error::Violation;
use super::mask::apply_mask;

/// The longest header: two bytes, a 64-bit length, a key.
pub const HEADER_BYTES_MAX: usize = 14;
/// The longest payload of a control frame (5.5).
pub const CONTROL_BYTES_MAX: usize = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const OPCODE: u8 = 0x0f;
const MASK: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// In the place of a length: 16 bits follow.
const LENGTH_16: u8 = 126;
/// In the place of a length: 64 bits follow.
const LENGTH_64: u8 = 127;

/// What a frame is (5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next fragment of the message under way.
    Continuation,
    /// A text, or its first fragment.
    Text,
    /// Bytes, or their first fragment.
    Binary,
    /// The closing handshake.
    Close,
    /// To be answered by a Pong with the same payload.
    Ping,
    /// The answer to a Ping, or a sign of life nobody asked for.
    Pong,
}

impl Opcode {
    /// Close, Ping and Pong: short, whole, and allowed between the fragments of a message (5.5).
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }

    #[inline(always)]
    fn decode(bits: u8) -> Result<Opcode, Violation> {
        match bits {
            0x0 => Ok(Opcode::Continuation),
            0x1 => Ok(Opcode::Text),
            0x2 => Ok(Opcode::Binary),
            0x8 => Ok(Opcode::Close),
            0x9 => Ok(Opcode::Ping),
            0xa => Ok(Opcode::Pong),
            _ => Err(Violation::ReservedOpcode),
        }
    }

    fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xa,
        }
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last fragment of its message, or the only one.
    pub fin: bool,
    /// The message is compressed (RFC 7692, 6). Only on its first fragment.
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key, where the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Of the payload, in bytes.
    pub length: u64,
}

/// The first byte of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstByte {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
}

/// What a receiver asks of a header beyond its form. Each is asked as soon as the bytes that tell it are there, and
/// in the order of those bytes, so that a header cut anywhere gets the same verdict as a whole one.
pub(super) trait Rules {
    /// Judges FIN, RSV1 and opcode.
    fn first_byte(&self, first: FirstByte) -> Result<(), Violation>;
    /// Judges the MASK bit.
    fn masked(&self, masked: bool) -> Result<(), Violation>;
    /// Judges the length of the payload, in bytes.
    fn length(&self, first: FirstByte, length: u64) -> Result<(), Violation>;
}

/// Asks nothing but the form.
struct FormOnly;

impl Rules for FormOnly {
    fn first_byte(&self, _: FirstByte) -> Result<(), Violation> {
        Ok(())
    }

    fn masked(&self, _: bool) -> Result<(), Violation> {
        Ok(())
    }

    fn length(&self, _: FirstByte, _: u64) -> Result<(), Violation> {
        Ok(())
    }
}

impl Header {
    /// Reads the header at the start of `bytes`, and how many bytes it takes. `None`: not all of it is there.
    ///
    /// The masked "Hello" of RFC 6455, 5.7:
    ///
    /// ```
    /// use karez::ws::{Header, Opcode};
    /// let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// let (header, bytes) = Header::decode(&frame).unwrap().unwrap();
    /// assert_eq!((header.fin, header.opcode, header.length, bytes), (true, Opcode::Text, 5, 6));
    /// assert_eq!(header.mask, Some([0x37, 0xfa, 0x21, 0x3d]));
    /// assert_eq!(Header::decode(&frame[..5]), Ok(None));
    /// ```
    ///
    /// # Errors
    ///
    /// The form is wrong, as far as it can be told from the bytes that are there: fail the connection.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        Header::decode_under(&FormOnly, bytes)
    }

    /// The same under the rules of a receiver. Inlined, so that what it finds out is in registers: it is asked once a
    /// frame, and in two results, one in the other, it would go through memory.
    #[inline(always)]
    pub(super) fn decode_under(
        rules: &impl Rules,
        bytes: &[u8],
    ) -> Result<Option<(Header, usize)>, Violation> {
        let Some((&first, after)) = bytes.split_first() else { return Ok(None) };
        let first = FirstByte::decode(first)?;
        rules.first_byte(first)?;

        let Some((&second, after)) = after.split_first() else { return Ok(None) };
        let masked = second & MASK != 0;
        rules.masked(masked)?;
        if first.opcode.is_control() && usize::from(second & LENGTH) > CONTROL_BYTES_MAX {
            return Err(Violation::LongControl);
        }

        let Some((length, after)) = decode_length(second & LENGTH, after)? else { return Ok(None) };
        rules.length(first, length)?;

        let (mask, after) = match after.split_first_chunk() {
            _ if !masked => (None, after),
            Some((key, after)) => (Some(*key), after),
            None => return Ok(None),
        };
        let FirstByte { fin, rsv1, opcode } = first;
        Ok(Some((Header { fin, rsv1, opcode, mask, length }, bytes.len() - after.len())))
    }

    /// Whether the frame is a message by itself.
    pub(super) fn is_whole_message(&self) -> bool {
        self.fin && matches!(self.opcode, Opcode::Text | Opcode::Binary)
    }

    pub(super) fn first_byte(&self) -> FirstByte {
        FirstByte { fin: self.fin, rsv1: self.rsv1, opcode: self.opcode }
    }

    /// Appends the header, its length in the shortest form.
    #[inline(always)]
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut first = self.opcode.bits();
        if self.fin {
            first |= FIN;
        }
        if self.rsv1 {
            first |= RSV1;
        }
        let mask_bit = if self.mask.is_some() { MASK } else { 0 };
        if let Some(short) = u8::try_from(self.length).ok().filter(|length| *length < LENGTH_16) {
            out.extend_from_slice(&[first, mask_bit | short]);
        } else if let Ok(length) = u16::try_from(self.length) {
            let [high, low] = length.to_be_bytes();
            out.extend_from_slice(&[first, mask_bit | LENGTH_16, high, low]);
        } else {
            out.extend_from_slice(&[first, mask_bit | LENGTH_64]);
            out.extend_from_slice(&self.length.to_be_bytes());
        }
        if let Some(key) = self.mask {
            out.extend_from_slice(&key);
        }
    }
}

impl FirstByte {
    #[inline(always)]
    fn decode(byte: u8) -> Result<FirstByte, Violation> {
        if byte & RSV2_RSV3 != 0 {
            return Err(Violation::ReservedBit);
        }
        let first = FirstByte {
            fin: byte & FIN != 0,
            rsv1: byte & RSV1 != 0,
            opcode: Opcode::decode(byte & OPCODE)?,
        };
        // RFC 7692, 6.1: only the first fragment of a data message may say that it is compressed.
        if first.rsv1 && !matches!(first.opcode, Opcode::Text | Opcode::Binary) {
            return Err(Violation::ReservedBit);
        }
        if first.opcode.is_control() && !first.fin {
            return Err(Violation::FragmentedControl);
        }
        Ok(first)
    }
}

/// The length that the second byte tells or announces, and what follows it. `None`: not all of it is there.
#[inline(always)]
fn decode_length(short: u8, after: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    match short {
        LENGTH_16 => {
            let Some((bytes, after)) = after.split_first_chunk() else { return Ok(None) };
            let length = u64::from(u16::from_be_bytes(*bytes));
            if length < u64::from(LENGTH_16) {
                return Err(Violation::LengthNotMinimal);
            }
            Ok(Some((length, after)))
        }
        LENGTH_64 => {
            // Told by one byte, so it does not wait for the other seven.
            if after.first().is_some_and(|high| high & 0x80 != 0) {
                return Err(Violation::LengthTopBit);
            }
            let Some((bytes, after)) = after.split_first_chunk() else { return Ok(None) };
            let length = u64::from_be_bytes(*bytes);
            if length <= u64::from(u16::MAX) {
                return Err(Violation::LengthNotMinimal);
            }
            Ok(Some((length, after)))
        }
        length => Ok(Some((u64::from(length), after))),
    }
}

/// Appends a whole message or control frame: FIN, no mask, as a server sends it.
///
/// The "Hello" of RFC 6455, 5.7:
///
/// ```
/// use karez::ws::{Opcode, encode_frame};
/// let mut out = Vec::new();
/// encode_frame(&mut out, Opcode::Text, b"Hello");
/// assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
/// ```
pub fn encode_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    encode(out, Header { fin: true, rsv1: false, opcode, mask: None, length: payload.len() as u64 }, payload);
}

/// Appends a whole message whose payload [`Deflater`](super::Deflater) made: FIN and RSV1, no mask.
///
/// The "Hello" of RFC 7692, 7.2.3.1:
///
/// ```
/// use karez::ws::{Opcode, encode_compressed};
/// let mut out = Vec::new();
/// encode_compressed(&mut out, Opcode::Text, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
/// assert_eq!(out, [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
/// ```
pub fn encode_compressed(out: &mut Vec<u8>, opcode: Opcode, compressed: &[u8]) {
    let length = compressed.len() as u64;
    encode(out, Header { fin: true, rsv1: true, opcode, mask: None, length }, compressed);
}

/// Appends a whole message or control frame as a client sends it. Each frame needs a new `key` that cannot be
/// guessed (5.3), so the caller draws it.
pub fn encode_masked(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
    let length = payload.len() as u64;
    encode(out, Header { fin: true, rsv1: false, opcode, mask: Some(key), length }, payload);
}

/// Appends a whole compressed message as a client sends it.
pub fn encode_masked_compressed(out: &mut Vec<u8>, opcode: Opcode, compressed: &[u8], key: [u8; 4]) {
    let length = compressed.len() as u64;
    encode(out, Header { fin: true, rsv1: true, opcode, mask: Some(key), length }, compressed);
}

/// Inlined, so that each of those above is made without the choices that it does not have.
#[inline(always)]
fn encode(out: &mut Vec<u8>, header: Header, payload: &[u8]) {
    out.reserve(HEADER_BYTES_MAX + payload.len());
    header.encode(out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let (Some(key), Some(payload)) = (header.mask, out.get_mut(start..)) {
        apply_mask(payload, key, 0);
    }
}

/// Where the frame ends that has begun before `offset`, in `bytes` that hold whole frames from their start on.
///
/// For a writer that has sent `offset` bytes and wants to say something else: what is left of the begun frame must
/// go first. Returns `offset` itself when it lies between two frames, and `None` when `bytes` are not whole frames
/// up to there.
///
/// ```
/// use karez::ws::{Opcode, encode_frame, frame_end};
/// let mut out = Vec::new();
/// encode_frame(&mut out, Opcode::Text, b"one");
/// encode_frame(&mut out, Opcode::Text, b"two");
/// assert_eq!([0, 1, 5, 6, 10].map(|offset| frame_end(&out, offset)), [0, 5, 5, 10, 10].map(Some));
/// assert_eq!(frame_end(&out, 11), None);
/// ```
#[must_use]
pub fn frame_end(bytes: &[u8], offset: usize) -> Option<usize> {
    let mut end = 0;
    while end < offset {
        let (header, header_bytes) = Header::decode(bytes.get(end..)?).ok()??;
        end = end.checked_add(header_bytes)?.checked_add(usize::try_from(header.length).ok()?)?;
        if end > bytes.len() {
            return None;
        }
    }
    Some(end)
}

/// How many messages begin at `offset` or behind it; `bytes` holds whole frames, of which the first may be begun.
///
/// ```
/// use karez::ws::{Opcode, encode_close, encode_frame, messages_from};
/// let mut out = Vec::new();
/// encode_frame(&mut out, Opcode::Text, b"one");
/// encode_frame(&mut out, Opcode::Text, b"two");
/// encode_close(&mut out, 1001, "");
/// assert_eq!([0, 1, 5, 6].map(|offset| messages_from(&out, offset)), [2, 1, 1, 0]);
/// ```
#[must_use]
pub fn messages_from(bytes: &[u8], offset: usize) -> u64 {
    let (mut at, mut count) = (0, 0);
    while let Some(Ok(Some((header, header_bytes)))) = bytes.get(at..).map(Header::decode) {
        let is_message = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        count += u64::from(is_message && at >= offset);
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        at = at.saturating_add(header_bytes).saturating_add(length);
    }
    count
}
