use std::collections::BTreeSet;

use karez::ws::{Role, Violation};

use crate::peer::{Receiver, Said, client_frame, noise, receive, text};

fn server(frames: &[Vec<u8>]) -> (Vec<Said>, Option<Violation>) {
    receive(Role::Server, false, &frames.concat())
}

#[test]
fn fragments_become_one_message() {
    let frames = [client_frame(0x02, b"a"), client_frame(0x00, b"bc"), client_frame(0x80, b"d")];
    assert_eq!(server(&frames), (vec![Said::Binary(b"abcd".to_vec())], None));
}

#[test]
fn control_frames_pass_between_fragments_in_order() {
    let frames = [
        client_frame(0x01, b"Hel"),
        client_frame(0x89, b"1"),
        client_frame(0x00, b"l"),
        client_frame(0x8a, b"2"),
        client_frame(0x89, b""),
        client_frame(0x80, b"o"),
    ];
    let expected =
        vec![Said::Ping(b"1".to_vec()), Said::Pong(b"2".to_vec()), Said::Ping(vec![]), text("Hello")];
    assert_eq!(server(&frames), (expected, None));
}

#[test]
fn a_close_between_fragments_is_a_close() {
    let frames = [client_frame(0x01, b"Hel"), client_frame(0x88, b"\x03\xe8")];
    assert_eq!(server(&frames), (vec![Said::Close(Some((1000, String::new())))], None));
}

#[test]
fn empty_fragments_are_told_unless_they_end_the_message() {
    let frames = [
        client_frame(0x01, b""),
        client_frame(0x00, b""),
        client_frame(0x00, b"x"),
        client_frame(0x00, b""),
        client_frame(0x80, b""),
        client_frame(0x81, b""),
    ];
    let empty = Said::EmptyFragment;
    assert_eq!(server(&frames), (vec![empty.clone(), empty.clone(), empty, text("x"), text("")], None));
    let frames = [client_frame(0x02, b""), client_frame(0x80, b"")];
    assert_eq!(server(&frames), (vec![Said::EmptyFragment, Said::Binary(vec![])], None));
}

#[test]
fn a_character_may_be_cut_between_fragments() {
    for bytes in ["坎".as_bytes(), "🐪".as_bytes()] {
        for cut in 0..=bytes.len() {
            let frames = [client_frame(0x01, &bytes[..cut]), client_frame(0x80, &bytes[cut..])];
            let (said, violation) = server(&frames);
            assert_eq!((said.last(), violation), (Some(&text(str::from_utf8(bytes).unwrap())), None));
        }
    }
}

#[test]
fn a_bad_byte_fails_at_once_in_any_fragment() {
    let mut receiver = Receiver::new(Role::Server, 1024);
    receiver.read(&client_frame(0x01, "水".as_bytes())).unwrap();
    receiver.read(&client_frame(0x00, b"\xf4")).unwrap();
    let next = client_frame(0x00, b"\x90more");
    let refused = next.chunks(1).position(|byte| receiver.read(byte) == Err(Violation::Utf8));
    assert_eq!(refused, Some(6), "a code point over U+10FFFF is told by its second byte");
}

#[test]
fn a_text_must_not_end_inside_a_character() {
    let frames = [client_frame(0x01, b"\xe2\x82"), client_frame(0x80, b"")];
    assert_eq!(server(&frames), (vec![], Some(Violation::Utf8)));
}

#[test]
fn binary_is_not_checked() {
    let frames = [client_frame(0x02, b"\xff"), client_frame(0x80, b"\xfe")];
    assert_eq!(server(&frames), (vec![Said::Binary(vec![0xff, 0xfe])], None));
}

#[test]
fn the_next_message_begins_anew() {
    let frames = [
        client_frame(0x01, b"one"),
        client_frame(0x80, b""),
        client_frame(0x02, b"\xff"),
        client_frame(0x80, b""),
        client_frame(0x81, b"three"),
    ];
    assert_eq!(server(&frames), (vec![text("one"), Said::Binary(vec![0xff]), text("three")], None));
    let frames = [client_frame(0x01, b"one"), client_frame(0x80, b""), client_frame(0x80, b"")];
    assert_eq!(server(&frames), (vec![text("one")], Some(Violation::ContinuationWithoutStart)));
}

#[test]
fn the_limit_is_on_the_message() {
    let mut receiver = Receiver::new(Role::Server, 100);
    receiver.read(&client_frame(0x02, &noise(60))).unwrap();
    receiver.read(&client_frame(0x00, &noise(39))).unwrap();
    receiver.read(&client_frame(0x80, &noise(1))).unwrap();
    assert_eq!(receiver.said.len(), 1);
    receiver.read(&client_frame(0x02, &noise(60))).unwrap();
    receiver.read(&client_frame(0x00, &noise(40))).unwrap();
    assert_eq!(receiver.read(&client_frame(0x80, &noise(1))[..2]), Err(Violation::TooBig));
}

#[test]
fn any_number_of_fragments() {
    let mut receiver = Receiver::new(Role::Server, 100_000);
    receiver.read(&client_frame(0x02, b"x")).unwrap();
    let mut sizes = BTreeSet::new();
    for _ in 0..99_998 {
        receiver.read(&client_frame(0x00, b"x")).unwrap();
        sizes.insert(receiver.decoder.kept_bytes());
    }
    assert!(sizes.len() < 20, "the buffer was copied {} times", sizes.len());
    assert!(receiver.decoder.kept_bytes() < 200_000 + 1024);
    receiver.read(&client_frame(0x80, b"x")).unwrap();
    assert_eq!(receiver.said, [Said::Binary(vec![b'x'; 100_000])]);
    assert!(receiver.decoder.is_idle());
}
