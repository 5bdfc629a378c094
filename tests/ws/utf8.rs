use karez::ws::{Utf8, Violation};

/// The index of the first byte that is refused when they come one by one.
fn refused_at(bytes: &[u8]) -> Option<usize> {
    let mut utf8 = Utf8::default();
    bytes.chunks(1).position(|byte| utf8.push(byte) == Err(Violation::Utf8))
}

/// By definition: the first byte after which no text can be valid.
fn first_bad(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|i| std::str::from_utf8(&bytes[..=*i]).is_err_and(|cut| cut.error_len().is_some()))
}

#[test]
fn the_first_bad_byte() {
    let vectors: [(&[u8], Option<usize>); 18] = [
        (b"", None),
        (b"Hello", None),
        ("κόσμε".as_bytes(), None),
        ("坎儿井 🐪".as_bytes(), None),
        (b"\xf4\x8f\xbf\xbf", None),
        (b"\xef\xbf\xbf", None),
        (b"\x80", Some(0)),
        (b"a\xc0\x80", Some(1)),
        (b"a\xc1\xbf", Some(1)),
        (b"\xe0\x9f\xbf", Some(1)),
        (b"\xed\xa0\x80", Some(1)),
        (b"\xed\xbf\xbf", Some(1)),
        (b"\xf0\x8f\xbf\xbf", Some(1)),
        (b"\xf4\x90\x80\x80", Some(1)),
        (b"\xf5\x80\x80\x80", Some(0)),
        (b"\xe2\x82(", Some(2)),
        (b"\xf0\x9f\x90a", Some(3)),
        (b"\xff", Some(0)),
    ];
    for (bytes, expected) in vectors {
        assert_eq!(refused_at(bytes), expected, "{bytes:x?}");
        assert_eq!(Utf8::default().push(bytes).is_err(), expected.is_some(), "{bytes:x?}");
    }
}

#[test]
fn a_text_must_not_end_inside_a_character() {
    for text in ["é", "水", "🐪"] {
        for cut in 1..text.len() {
            let mut utf8 = Utf8::default();
            utf8.push(&text.as_bytes()[..cut]).unwrap();
            assert_eq!(utf8.finish(), Err(Violation::Utf8));
            utf8.push(&text.as_bytes()[cut..]).unwrap();
            assert_eq!(utf8.finish(), Ok(()));
        }
    }
    assert_eq!(Violation::Utf8.close_code(), 1007);
}

/// All sequences of four of the bytes at which UTF-8's rules change, in every partition.
#[test]
fn every_sequence_is_judged_as_the_standard_library_does() {
    const EDGES: [u8; 20] = [
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1,
        0xf4, 0xf5, 0xff,
    ];
    let edge = |number: usize, place: u32| EDGES[number / EDGES.len().pow(place) % EDGES.len()];
    for number in 0..EDGES.len().pow(4) {
        let bytes = [edge(number, 0), edge(number, 1), edge(number, 2), edge(number, 3)];
        assert_eq!(refused_at(&bytes), first_bad(&bytes), "{bytes:x?}");
        for cut in 0..=4 {
            let mut utf8 = Utf8::default();
            let judged =
                utf8.push(&bytes[..cut]).and_then(|()| utf8.push(&bytes[cut..])).and_then(|()| utf8.finish());
            assert_eq!(judged.is_ok(), std::str::from_utf8(&bytes).is_ok(), "{bytes:x?} at {cut}");
        }
    }
}
