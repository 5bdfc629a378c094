//! permessage-deflate (RFC 7692): messages made smaller, and made whole again.
//!
//! Without context takeover on either side, always: every message stands for itself. So one [`Deflater`] and one
//! [`Inflater`] serve all connections (a context of its own costs some 300 KB each), and one compressed copy of a
//! broadcast serves all receivers with the same window. What was agreed with whom is told by
//! [`DeflateParams`](super::DeflateParams). Invariant: inflating takes no more memory than the limit of a message
//! and 64 KiB, however small the message came. The tutorial does not compress. Tests: `tests/ws/deflate.rs`.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::error::Violation;

/// A payload under this many bytes is not worth compressing: it hardly gets smaller, and costs a reset.
pub const DEFLATE_BYTES_MIN: usize = 128;
/// The smallest window that can be asked for; 8 would be lawful, but zlib cannot.
pub const WINDOW_BITS_MIN: u8 = 9;
/// The largest window, of 32 KiB.
pub const WINDOW_BITS_MAX: u8 = 15;

/// What a flush ends with. The sender takes it off and the receiver puts it back (7.2.1, 7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Inflated bytes for which the buffer is kept from message to message.
const BYTES_KEPT: usize = 16 * 1024;
/// DEFLATE makes at most 258 bytes of two bits.
const EXPANSION_MAX: usize = 1032;
/// Room for an attempt at compressing: a flush needs more than six bytes, or it repeats itself.
const DEFLATE_ROOM_MIN: usize = 64;

/// Compresses messages, for all connections.
#[derive(Debug, Default)]
pub struct Deflater {
    /// One for each window from 9 to 15 bits, made on first use: at 15 bits it takes some 256 KB.
    streams: [Option<Compress>; (WINDOW_BITS_MAX - WINDOW_BITS_MIN + 1) as usize],
}

impl Deflater {
    /// Allocates nothing yet.
    #[must_use]
    pub fn new() -> Deflater {
        Deflater::default()
    }

    /// Appends the compressed `payload` to `out`, ready for [`encode_compressed`](super::encode_compressed).
    ///
    /// `window_bits` is what the receiver has agreed to, 9 to 15; anything else is taken for the nearest of them.
    ///
    /// ```
    /// use karez::ws::{Deflater, Inflater};
    /// let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    /// let mut compressed = Vec::new();
    /// deflater.compress(9, &[b'a'; 1000], &mut compressed);
    /// assert!(compressed.len() < 20);
    /// assert_eq!(inflater.inflate(&compressed, 1000), Ok(&[b'a'; 1000][..]));
    /// ```
    pub fn compress(&mut self, window_bits: u8, payload: &[u8], out: &mut Vec<u8>) {
        let window_bits = window_bits.clamp(WINDOW_BITS_MIN, WINDOW_BITS_MAX);
        let Some(stream) = self.streams.get_mut(usize::from(window_bits - WINDOW_BITS_MIN)) else { return };
        let stream = stream.get_or_insert_with(|| {
            Compress::new_with_window_bits(Compression::default(), false, window_bits)
        });

        let mut rest = payload;
        loop {
            out.reserve(DEFLATE_ROOM_MIN.max(rest.len() / 2));
            let before = stream.total_in();
            #[expect(clippy::expect_used, reason = "only a stream that was set up wrongly has an error")]
            stream.compress_vec(rest, out, FlushCompress::Sync).expect("a raw stream takes any bytes");
            let taken = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // Room left over: nothing is held back inside.
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        debug_assert!(out.ends_with(&TAIL));
        out.truncate(out.len() - TAIL.len());
        stream.reset();
    }
}

/// Inflates messages, for all connections.
#[derive(Debug, Default)]
pub struct Inflater {
    /// With the largest window, which takes what any smaller one made. On first use: some 48 KB.
    stream: Option<Decompress>,
    bytes: Vec<u8>,
}

impl Inflater {
    /// Allocates nothing yet.
    #[must_use]
    pub fn new() -> Inflater {
        Inflater::default()
    }

    /// Inflates the payload of one message into a buffer that stays the inflater's.
    ///
    /// The "Hello" of RFC 7692, 7.2.3.1, and with BFINAL set, 7.2.3.4:
    ///
    /// ```
    /// let mut inflater = karez::ws::Inflater::new();
    /// let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    /// assert_eq!(inflater.inflate(&hello, 5), Ok(&b"Hello"[..]));
    /// let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    /// assert_eq!(inflater.inflate(&hello, 5), Ok(&b"Hello"[..]));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Violation::TooBig`] as soon as it is over `message_bytes_max`; [`Violation::Deflate`] when it is not DEFLATE.
    pub fn inflate(&mut self, compressed: &[u8], message_bytes_max: usize) -> Result<&[u8], Violation> {
        self.release();
        self.bytes.clear();
        let stream = self.stream.get_or_insert_with(|| Decompress::new(false));
        stream.reset(false);
        // One byte more than is allowed shows that it is too big.
        let expanded_max = (compressed.len() + TAIL.len()).saturating_mul(EXPANSION_MAX);
        let capacity_max = expanded_max.min(message_bytes_max.saturating_add(1));
        for part in [compressed, &TAIL] {
            inflate_part(stream, part, &mut self.bytes, capacity_max)?;
            if self.bytes.len() > message_bytes_max {
                return Err(Violation::TooBig);
            }
        }
        Ok(&self.bytes)
    }

    /// Memory that is kept for the inflated message, in bytes.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back the memory of an unusually large message, when it is no longer borrowed.
    pub(super) fn release(&mut self) {
        if self.bytes.capacity() > BYTES_KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Inflates `part` to the end of `bytes`, or until these are `capacity_max`.
fn inflate_part(
    stream: &mut Decompress,
    part: &[u8],
    bytes: &mut Vec<u8>,
    capacity_max: usize,
) -> Result<(), Violation> {
    let mut rest = part;
    loop {
        if bytes.len() == bytes.capacity() {
            if bytes.len() >= capacity_max {
                return Ok(());
            }
            grow(bytes, capacity_max);
        }
        let before = (stream.total_in(), bytes.len());
        let status =
            stream.decompress_vec(rest, bytes, FlushDecompress::None).map_err(|_| Violation::Deflate)?;
        let taken = usize::try_from(stream.total_in() - before.0).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        match status {
            // BFINAL (7.2.3.4) ends the stream, not the message: what follows is a new stream.
            Status::StreamEnd if !rest.is_empty() => stream.reset(false),
            Status::StreamEnd => {
                stream.reset(false);
                return Ok(());
            }
            // Room left over: nothing is held back inside.
            Status::Ok | Status::BufError if rest.is_empty() && bytes.len() < bytes.capacity() => {
                return Ok(());
            }
            Status::Ok | Status::BufError => {
                // Room and input, and yet no step forward: it would be so for ever.
                if taken == 0 && bytes.len() == before.1 {
                    return Err(Violation::Deflate);
                }
            }
        }
    }
}

/// Makes room once for what most messages need, and then once for the largest that is allowed. Doubling would hold
/// two buffers at a time, together more than the limit; and what is reserved but not written costs no memory.
fn grow(bytes: &mut Vec<u8>, capacity_max: usize) {
    let capacity = if bytes.capacity() == 0 { BYTES_KEPT.min(capacity_max) } else { capacity_max };
    bytes.reserve_exact(capacity - bytes.len());
}
