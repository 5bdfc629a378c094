//! Masking (RFC 6455, 5.3): every byte a client sends is XORed with one of the four bytes of its key.
//!
//! It hides nothing; it keeps a page from writing bytes of its choice through a proxy that takes them for HTTP.
//! Masking and unmasking are the same step. The tutorial does it byte by byte, in `decode()`, and never asks
//! whether the frame was masked at all. Tests: `tests/ws/masking.rs`.

/// XORs `bytes` with `key`, in place. `offset` is the position of the first of `bytes` in its payload, so that a
/// payload may be unmasked as it comes.
///
/// The masked "Hello" of RFC 6455, 5.7:
///
/// ```
/// let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// karez::ws::apply_mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(&payload, b"Hello");
/// ```
pub fn apply_mask(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    // Eight bytes at a time: the compiler makes vector instructions of it. Byte by byte takes 4 to 13 times as long. As
    // numbers, whose lowest byte is the first, the key is turned by a rotation; put together from bytes it took more
    // instructions than a short payload.
    let turned = u32::from_le_bytes(key).rotate_right(8 * (offset % 4) as u32);
    let wide = u64::from(turned) << 32 | u64::from(turned);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        if let Ok(chunk) = <&mut [u8; 8]>::try_from(chunk) {
            *chunk = (u64::from_le_bytes(*chunk) ^ wide).to_le_bytes();
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(wide.to_le_bytes()) {
        *byte ^= key;
    }
}
