use karez::ws::close::{REASON_BYTES_MAX, may_be_sent};
use karez::ws::{Close, Role, Violation, encode_close};

use crate::peer::{Said, client_frame, receive};

#[test]
fn the_codes_that_may_be_sent() {
    let allowed: Vec<u16> = (0..=u16::MAX).filter(|code| may_be_sent(*code)).collect();
    let expected: Vec<u16> = (1000..=1003).chain(1007..=1014).chain(3000..=4999).collect();
    assert_eq!(allowed, expected);
}

#[test]
fn every_code_is_judged_on_the_wire() {
    for code in 0..=u16::MAX {
        let payload = code.to_be_bytes();
        let expected = if may_be_sent(code) {
            Ok(Some(Close { code, reason: "" }))
        } else {
            Err(Violation::CloseCode(code))
        };
        assert_eq!(Close::decode(&payload), expected);
    }
    assert_eq!(Violation::CloseCode(1005).close_code(), 1002);
    assert_eq!(Violation::CloseCode(1005).to_string(), "close code 1005 must not be sent");
}

#[test]
fn payloads_of_a_close() {
    let said = |payload: &[u8]| receive(Role::Server, false, &client_frame(0x88, payload));
    assert_eq!(said(b""), (vec![Said::Close(None)], None));
    assert_eq!(said(b"\x03"), (vec![], Some(Violation::CloseOneByte)));
    assert_eq!(said(b"\x03\xe8"), (vec![Said::Close(Some((1000, String::new())))], None));
    assert_eq!(said("\u{3}\u{0}".as_bytes()), (vec![], Some(Violation::CloseCode(768))));
    let bye = [&[0x0f, 0xa0][..], "再见".as_bytes()].concat();
    assert_eq!(said(&bye), (vec![Said::Close(Some((4000, "再见".to_owned())))], None));
    assert_eq!(said(b"\x03\xe8a\xff"), (vec![], Some(Violation::Utf8)));
    assert_eq!(said(&bye[..bye.len() - 1]), (vec![], Some(Violation::Utf8)));
    let longest = [&[0x03, 0xe8][..], &[b'x'; REASON_BYTES_MAX]].concat();
    assert_eq!(said(&longest), (vec![Said::Close(Some((1000, "x".repeat(123))))], None));
}

#[test]
fn a_reason_is_cut_between_two_characters() {
    for (reason, kept) in [
        ("x".repeat(123), 123),
        ("x".repeat(124), 123),
        ("井".repeat(41), 123),
        (format!("x{}", "井".repeat(41)), 121),
        (format!("xx{}", "井".repeat(41)), 122),
        (format!("xxx{}", "🐪".repeat(31)), 123),
        ("🐪".repeat(31), 120),
    ] {
        let mut out = Vec::new();
        encode_close(&mut out, 4101, &reason);
        assert_eq!(out[..4], [0x88, kept + 2, 0x10, 0x05], "{reason}");
        let close = Close::decode(&out[2..]).unwrap().unwrap();
        assert_eq!((close.code, close.reason.len()), (4101, usize::from(kept)));
        assert!(reason.starts_with(close.reason));
    }
}
