use karez::ws::apply_mask;

use crate::peer::{KEY, noise};

fn naive(bytes: &[u8], key: [u8; 4], offset: usize) -> Vec<u8> {
    bytes.iter().enumerate().map(|(i, byte)| byte ^ key[(i + offset) % 4]).collect()
}

#[test]
fn every_length_and_offset_is_as_the_rfc_says() {
    for length in 0..=67 {
        let payload = noise(length);
        for offset in 0..=9 {
            let mut masked = payload.clone();
            apply_mask(&mut masked, KEY, offset);
            assert_eq!(masked, naive(&payload, KEY, offset), "length {length}, offset {offset}");
        }
    }
}

#[test]
fn masking_twice_is_nothing() {
    let mut payload = noise(1021);
    apply_mask(&mut payload, KEY, 3);
    assert_ne!(payload, noise(1021));
    apply_mask(&mut payload, KEY, 3);
    assert_eq!(payload, noise(1021));
}

#[test]
fn pieces_with_their_offsets_are_as_the_whole() {
    let whole = naive(&noise(40), KEY, 0);
    for cut in 0..=40 {
        let mut pieces = noise(40);
        let (one, other) = pieces.split_at_mut(cut);
        apply_mask(one, KEY, 0);
        apply_mask(other, KEY, cut);
        assert_eq!(pieces, whole, "cut at {cut}");
    }
}
