use karez::ws::{Decoder, Event, Inflater, Opcode, Role, Settings, Violation, encode_frame, encode_masked};

use crate::peer::{KEY, Receiver, Said, client_frame, noise, receive, server_frame, text};

#[test]
fn an_idle_decoder_is_one_pointer() {
    assert_eq!(size_of::<Decoder>(), 8);
    assert!(Decoder::new().is_idle());
    assert_eq!(Decoder::new().kept_bytes(), 0);
}

/// RFC 6455, 5.7, each by the side that may send it.
#[test]
fn frames_of_the_rfc() {
    let hello = vec![text("Hello")];
    let server = |bytes: &[u8]| receive(Role::Client, false, bytes);
    let client = |bytes: &[u8]| receive(Role::Server, false, bytes);
    assert_eq!(server(b"\x81\x05Hello"), (hello.clone(), None));
    assert_eq!(server(b"\x01\x03Hel\x80\x02lo"), (hello.clone(), None));
    assert_eq!(server(b"\x89\x05Hello"), (vec![Said::Ping(b"Hello".to_vec())], None));
    let masked = |first| [&[first, 0x85][..], &KEY, &[0x7f, 0x9f, 0x4d, 0x51, 0x58]].concat();
    assert_eq!(client(&masked(0x81)), (hello, None));
    assert_eq!(client(&masked(0x8a)), (vec![Said::Pong(b"Hello".to_vec())], None));
    let binary = noise(256);
    let frame = [&[0x82, 0x7e, 0x01, 0x00][..], &binary].concat();
    assert_eq!(server(&frame), (vec![Said::Binary(binary)], None));
    let binary = noise(65536);
    let frame = [&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0][..], &binary].concat();
    assert_eq!(server(&frame), (vec![Said::Binary(binary)], None));
}

#[test]
fn every_length_edge_in_both_roles() {
    for length in [0, 1, 125, 126, 127, 65535, 65536, 65537] {
        let payload = noise(length);
        let mut frame = Vec::new();
        encode_frame(&mut frame, Opcode::Binary, &payload);
        assert_eq!(receive(Role::Client, false, &frame), (vec![Said::Binary(payload.clone())], None));
        frame.clear();
        encode_masked(&mut frame, Opcode::Binary, &payload, KEY);
        assert_eq!(receive(Role::Server, false, &frame), (vec![Said::Binary(payload)], None));
    }
}

#[test]
fn the_limit_is_kept_to_the_byte_and_judged_by_the_header() {
    for limit in [0, 1, 125, 126, 65535, 65536] {
        let mut receiver = Receiver::new(Role::Server, limit);
        receiver.read(&client_frame(0x82, &noise(limit))).unwrap();
        assert_eq!(receiver.said, [Said::Binary(noise(limit))]);

        let over = client_frame(0x82, &noise(limit + 1));
        let until_length = over.len() - (limit + 1) - KEY.len();
        assert_eq!(receiver.read(&over[..until_length - 1]), Ok(()), "limit {limit}");
        assert_eq!(receiver.read(&over[until_length - 1..until_length]), Err(Violation::TooBig));
    }
    assert_eq!(Violation::TooBig.close_code(), 1009);
    let huge = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(receive(Role::Server, false, &huge), (vec![], Some(Violation::TooBig)));
    let mut receiver = Receiver::new(Role::Server, usize::MAX);
    assert_eq!(receiver.read(&huge), Ok(()), "a length alone takes nothing");
    assert!(receiver.decoder.kept_bytes() < 1024);
}

#[test]
fn control_frames_pass_under_any_limit() {
    let mut receiver = Receiver::new(Role::Server, 0);
    receiver.read(&client_frame(0x89, &[7; 125])).unwrap();
    assert_eq!(receiver.said, [Said::Ping(vec![7; 125])]);
}

/// Each of these, with the event before it delivered, and nothing of what follows.
#[test]
fn everything_that_is_refused() {
    let hello = client_frame(0x81, b"Hello");
    let continuation = client_frame(0x80, b"lo");
    let begun = client_frame(0x01, b"Hel");
    let text_again = client_frame(0x81, b"x");
    let binary_again = client_frame(0x02, b"x");
    let refused: Vec<(Vec<u8>, Violation)> = vec![
        (client_frame(0xc1, b""), Violation::ReservedBit),
        (client_frame(0xa1, b""), Violation::ReservedBit),
        (client_frame(0x91, b""), Violation::ReservedBit),
        (client_frame(0xc9, b""), Violation::ReservedBit),
        (client_frame(0x83, b""), Violation::ReservedOpcode),
        (client_frame(0x8b, b""), Violation::ReservedOpcode),
        (client_frame(0x09, b""), Violation::FragmentedControl),
        (client_frame(0x88, &[0; 126]), Violation::LongControl),
        (server_frame(0x81, b"x"), Violation::Unmasked),
        (server_frame(0x8a, b""), Violation::Unmasked),
        (vec![0x82, 0xfe, 0, 125], Violation::LengthNotMinimal),
        (vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Violation::LengthNotMinimal),
        (vec![0x82, 0xff, 0x80], Violation::LengthTopBit),
        (continuation.clone(), Violation::ContinuationWithoutStart),
        ([begun.clone(), text_again].concat(), Violation::DataInsideMessage),
        ([begun.clone(), binary_again].concat(), Violation::DataInsideMessage),
        ([begun, client_frame(0xc0, b"lo")].concat(), Violation::ReservedBit),
        (client_frame(0x88, b"\x03"), Violation::CloseOneByte),
        (client_frame(0x88, b"\x03\xed"), Violation::CloseCode(1005)),
        (client_frame(0x88, b"\x03\xe8\xff"), Violation::Utf8),
        (client_frame(0x81, b"caf\xe9"), Violation::Utf8),
        (client_frame(0x82, &[0; (1 << 20) + 1]), Violation::TooBig),
    ];
    for (bytes, violation) in refused {
        let sequence = [&hello[..], &bytes, &hello].concat();
        assert_eq!(
            receive(Role::Server, false, &sequence),
            (vec![text("Hello")], Some(violation)),
            "{violation}"
        );
        assert!(!violation.to_string().is_empty());
    }
    assert_eq!(receive(Role::Client, false, &hello), (vec![], Some(Violation::Masked)));
}

/// Both are wrong, and the first byte tells; so it is told however the bytes were cut.
#[test]
fn of_two_violations_the_first_counts() {
    assert_eq!(
        receive(Role::Server, false, &[0x80, 0x7f, 0xff]).1,
        Some(Violation::ContinuationWithoutStart)
    );
    assert_eq!(receive(Role::Server, false, &[0xc1, 0x05]).1, Some(Violation::ReservedBit));
    assert_eq!(receive(Role::Server, false, &[0x89, 0x7f]).1, Some(Violation::Unmasked));
}

#[test]
fn a_whole_frame_is_a_slice_of_the_input() {
    let settings = Settings { role: Role::Server, message_bytes_max: 1024 };
    let (mut decoder, mut inflater) = (Decoder::new(), Inflater::new());
    for first in [0x81, 0x82, 0x89, 0x8a] {
        let mut input = client_frame(first, b"Hello");
        let range = input.as_ptr_range();
        let step = decoder.decode(&settings, false, &mut inflater, &mut input).unwrap();
        assert_eq!(step.consumed, 11);
        let payload = match step.event.unwrap() {
            Event::Text(text) => text.as_bytes(),
            Event::Binary(payload) | Event::Ping(payload) | Event::Pong(payload) => payload,
            other => panic!("{other:?}"),
        };
        assert_eq!(payload, b"Hello");
        assert!(range.contains(&payload.as_ptr()));
        assert!(decoder.is_idle(), "nothing was kept for it");
    }
}

#[test]
fn one_event_a_call_and_the_rest_is_left() {
    let settings = Settings { role: Role::Server, message_bytes_max: 1024 };
    let (mut decoder, mut inflater) = (Decoder::new(), Inflater::new());
    let mut input = [client_frame(0x81, b"one"), client_frame(0x81, b"two")].concat();
    let step = decoder.decode(&settings, false, &mut inflater, &mut input).unwrap();
    assert_eq!((step.consumed, step.event), (9, Some(Event::Text("one"))));
    let step = decoder.decode(&settings, false, &mut inflater, &mut input[9..]).unwrap();
    assert_eq!((step.consumed, step.event), (9, Some(Event::Text("two"))));
    let step = decoder.decode(&settings, false, &mut inflater, &mut []).unwrap();
    assert_eq!((step.consumed, step.event), (0, None));
}

#[test]
fn the_box_is_freed_when_nothing_is_under_way() {
    for first in [0x81, 0x82, 0x89] {
        let frame = client_frame(first, &[b'x'; 125]);
        for cut in 1..frame.len() {
            let mut receiver = Receiver::new(Role::Server, 1024);
            receiver.read(&frame[..cut]).unwrap();
            assert!(!receiver.decoder.is_idle(), "cut at {cut}");
            receiver.read(&frame[cut..]).unwrap();
            assert_eq!(receiver.said.len(), 1);
            assert!(receiver.decoder.is_idle(), "cut at {cut}");
        }
    }
}

#[test]
fn a_delivered_message_stays_until_the_next_call() {
    let settings = Settings { role: Role::Server, message_bytes_max: 1024 };
    let (mut decoder, mut inflater) = (Decoder::new(), Inflater::new());
    let mut frame = client_frame(0x81, b"Hello");
    let (one, other) = frame.split_at_mut(8);
    assert_eq!(decoder.decode(&settings, false, &mut inflater, one).unwrap().event, None);
    assert_eq!(
        decoder.decode(&settings, false, &mut inflater, other).unwrap().event,
        Some(Event::Text("Hello"))
    );
    assert!(!decoder.is_idle());
    decoder.decode(&settings, false, &mut inflater, &mut []).unwrap();
    assert!(decoder.is_idle());
}

#[test]
fn memory_grows_with_what_came_not_with_what_was_announced() {
    let limit = 16 << 20;
    let mut receiver = Receiver::new(Role::Server, limit);
    let frame = client_frame(0x82, &vec![0; limit]);
    let mut received = 0;
    for piece in frame.chunks(100_000) {
        receiver.read(piece).unwrap();
        received += piece.len();
        let kept = receiver.decoder.kept_bytes();
        assert!(kept <= 2 * received + 1024, "{kept} bytes kept for {received}");
        assert!(kept <= limit + 1024, "{kept} bytes kept for a frame of {limit}");
    }
    assert_eq!(receiver.said, [Said::Binary(vec![0; limit])]);
    assert_eq!(receiver.decoder.kept_bytes(), 0);
}

#[test]
fn a_cut_text_fails_at_its_first_bad_byte() {
    let mut payload = "井".repeat(20).into_bytes();
    payload[31] = b'?';
    let frame = client_frame(0x81, &payload);
    let mut receiver = Receiver::new(Role::Server, 1024);
    let refused = frame.chunks(1).position(|byte| receiver.read(byte) == Err(Violation::Utf8));
    assert_eq!(refused, Some(6 + 31));
}

#[test]
fn a_reserved_opcode_does_not_wait_for_a_second_byte() {
    let mut receiver = Receiver::new(Role::Server, 1024);
    assert_eq!(receiver.read(&[0x8f]), Err(Violation::ReservedOpcode));
}
