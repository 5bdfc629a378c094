//! Compressed messages: any bytes into `ws::Inflater`, and any bytes through `ws::Deflater` and back.

use karez::ws::{Deflater, Inflater, Violation};

const MESSAGE_BYTES_MAX: usize = 1 << 16;

/// Any bytes, as a compressed payload and as one to compress.
pub fn check(data: &[u8]) {
    check_inflate(data);
    check_round_trip(data);
}

fn check_inflate(data: &[u8]) {
    let mut inflater = Inflater::new();
    let first = inflater.inflate(data, MESSAGE_BYTES_MAX).map(<[u8]>::to_vec);
    // One inflater serves all connections: what one sent must not be felt by the next.
    assert_eq!(inflater.inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 5), Ok(&b"Hello"[..]));
    assert_eq!(inflater.inflate(data, MESSAGE_BYTES_MAX).map(<[u8]>::to_vec), first);
    match first {
        Ok(inflated) => {
            assert!(inflated.len() <= MESSAGE_BYTES_MAX);
            assert_eq!(inflater.inflate(data, inflated.len()), Ok(&inflated[..]), "it fits exactly");
            if !inflated.is_empty() {
                assert_eq!(inflater.inflate(data, inflated.len() - 1), Err(Violation::TooBig));
            }
        }
        Err(violation) => {
            assert!(matches!(violation, Violation::TooBig | Violation::Deflate), "{violation:?}")
        }
    }
}

fn check_round_trip(data: &[u8]) {
    // Two of the seven windows, so that both run often; the data itself chooses them.
    let chosen = data.iter().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
    let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    for window_bits in [9, 9 + chosen % 7] {
        let mut compressed = Vec::new();
        deflater.compress(window_bits, data, &mut compressed);
        assert_eq!(inflater.inflate(&compressed, data.len()), Ok(data), "window of {window_bits} bits");
        let mut again = Vec::new();
        deflater.compress(window_bits, data, &mut again);
        assert_eq!(again, compressed, "no context is taken over");
    }
}
