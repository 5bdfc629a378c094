use karez::ws::{
    Header, Opcode, Violation, encode_compressed, encode_frame, encode_masked, encode_masked_compressed,
    frame_end,
};

use crate::peer::{KEY, noise};

const OPCODES: [(Opcode, u8); 6] = [
    (Opcode::Continuation, 0x0),
    (Opcode::Text, 0x1),
    (Opcode::Binary, 0x2),
    (Opcode::Close, 0x8),
    (Opcode::Ping, 0x9),
    (Opcode::Pong, 0xa),
];

/// RFC 6455, 5.7: header bytes, and what they say.
#[test]
fn headers_of_the_rfc() {
    let header = |fin, opcode, mask, length| Header { fin, rsv1: false, opcode, mask, length };
    let vectors: [(&[u8], Header); 8] = [
        (&[0x81, 0x05], header(true, Opcode::Text, None, 5)),
        (&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d], header(true, Opcode::Text, Some(KEY), 5)),
        (&[0x01, 0x03], header(false, Opcode::Text, None, 3)),
        (&[0x80, 0x02], header(true, Opcode::Continuation, None, 2)),
        (&[0x89, 0x05], header(true, Opcode::Ping, None, 5)),
        (&[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d], header(true, Opcode::Pong, Some(KEY), 5)),
        (&[0x82, 0x7e, 0x01, 0x00], header(true, Opcode::Binary, None, 256)),
        (&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], header(true, Opcode::Binary, None, 65536)),
    ];
    for (bytes, header) in vectors {
        assert_eq!(Header::decode(bytes), Ok(Some((header, bytes.len()))));
        let mut out = Vec::new();
        header.encode(&mut out);
        assert_eq!(out, bytes);
    }
}

#[test]
fn every_header_survives_encoding_and_is_whole_only_with_its_last_byte() {
    for (opcode, bits) in OPCODES {
        for length in [0, 1, 125, 126, 127, 65535, 65536, u64::from(u32::MAX) + 1, i64::MAX as u64] {
            for mask in [None, Some(KEY)] {
                for (fin, rsv1) in [(true, false), (false, false), (true, true), (false, true)] {
                    let control = opcode.is_control();
                    let data = matches!(opcode, Opcode::Text | Opcode::Binary);
                    if control && (!fin || length > 125) || rsv1 && !data {
                        continue;
                    }
                    let header = Header { fin, rsv1, opcode, mask, length };
                    let mut bytes = Vec::new();
                    header.encode(&mut bytes);
                    let first = bits | if fin { 0x80 } else { 0 } | if rsv1 { 0x40 } else { 0 };
                    assert_eq!(bytes[0], first);
                    for cut in 0..bytes.len() {
                        assert_eq!(Header::decode(&bytes[..cut]), Ok(None), "{header:?} at {cut}");
                    }
                    let header_bytes = bytes.len();
                    bytes.extend_from_slice(b"payload");
                    assert_eq!(Header::decode(&bytes), Ok(Some((header, header_bytes))));
                }
            }
        }
    }
}

#[test]
fn the_length_takes_its_shortest_form() {
    let header_bytes = |length| {
        let mut out = Vec::new();
        Header { fin: true, rsv1: false, opcode: Opcode::Binary, mask: None, length }.encode(&mut out);
        out.len()
    };
    let edges = [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)];
    assert_eq!(edges.map(|(length, _)| (length, header_bytes(length))), edges);
}

/// Each is refused with its last byte and not before.
#[test]
fn what_is_wrong_is_told_by_the_first_byte_that_shows_it() {
    let mut refused: Vec<(Vec<u8>, Violation)> = vec![
        (vec![0xa1], Violation::ReservedBit),
        (vec![0x91], Violation::ReservedBit),
        (vec![0xc0], Violation::ReservedBit),
        (vec![0xc8], Violation::ReservedBit),
        (vec![0xc9], Violation::ReservedBit),
        (vec![0xca], Violation::ReservedBit),
        (vec![0x08], Violation::FragmentedControl),
        (vec![0x09], Violation::FragmentedControl),
        (vec![0x0a], Violation::FragmentedControl),
        (vec![0x88, 126], Violation::LongControl),
        (vec![0x89, 127], Violation::LongControl),
        (vec![0x8a, 0x80 | 126], Violation::LongControl),
        (vec![0x82, 126, 0, 125], Violation::LengthNotMinimal),
        (vec![0x82, 126, 0, 0], Violation::LengthNotMinimal),
        (vec![0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Violation::LengthNotMinimal),
        (vec![0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0], Violation::LengthNotMinimal),
        (vec![0x82, 127, 0x80], Violation::LengthTopBit),
        (vec![0x82, 0x80 | 127, 0xff], Violation::LengthTopBit),
    ];
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        refused.push((vec![0x80 | opcode], Violation::ReservedOpcode));
        refused.push((vec![opcode], Violation::ReservedOpcode));
    }
    for (mut bytes, violation) in refused {
        assert_eq!(violation.close_code(), 1002);
        assert_eq!(Header::decode(&bytes), Err(violation), "{bytes:x?}");
        assert_eq!(Header::decode(&bytes[..bytes.len() - 1]), Ok(None), "{bytes:x?}");
        bytes.extend_from_slice(&[0; 20]);
        assert_eq!(Header::decode(&bytes), Err(violation), "{bytes:x?}");
    }
}

#[test]
fn frames_are_appended_to_what_is_there() {
    let mut out = b"before".to_vec();
    encode_frame(&mut out, Opcode::Ping, b"Hello");
    encode_masked(&mut out, Opcode::Text, b"Hello", KEY);
    encode_compressed(&mut out, Opcode::Binary, b"zip");
    encode_masked_compressed(&mut out, Opcode::Text, b"\x37\xfa\x21", KEY);
    let mut expected = b"before".to_vec();
    expected.extend_from_slice(b"\x89\x05Hello");
    expected.extend_from_slice(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    expected.extend_from_slice(b"\xc2\x03zip");
    expected.extend_from_slice(&[0xc1, 0x83, 0x37, 0xfa, 0x21, 0x3d, 0, 0, 0]);
    assert_eq!(out, expected);
}

#[test]
fn the_end_of_the_begun_frame_is_found_at_every_offset() {
    let mut bytes = Vec::new();
    let mut ends = vec![0];
    for length in [0, 1, 125, 126, 300] {
        encode_frame(&mut bytes, Opcode::Binary, &noise(length));
        ends.push(bytes.len());
        encode_masked(&mut bytes, Opcode::Binary, &noise(length), KEY);
        ends.push(bytes.len());
    }
    for offset in 0..=bytes.len() {
        let expected = ends.iter().copied().find(|end| *end >= offset);
        assert_eq!(frame_end(&bytes, offset), expected, "offset {offset}");
    }
    assert_eq!(frame_end(&bytes, bytes.len() + 1), None);
    bytes.pop();
    assert_eq!(frame_end(&bytes, bytes.len()), None, "the last frame is not whole");
}

#[test]
fn no_end_in_bytes_that_are_no_frames() {
    assert_eq!(frame_end(&[0x83, 0], 1), None);
    assert_eq!(frame_end(&[0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0], 3), None);
    assert_eq!(frame_end(&[0x82], 1), None);
    assert_eq!(frame_end(&[], 0), Some(0));
}
