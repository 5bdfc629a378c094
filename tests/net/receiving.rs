//! From bytes to messages: whatever the segments are.

use karez::net::{Config, Limits};
use karez::ws::Opcode;

use crate::world::*;

#[test]
fn one_segment_is_not_one_message() {
    let mut world = World::new(config());
    let mut client = world.open();
    let mut bytes = text("one");
    bytes.extend(text("two"));
    let three = text("three");
    bytes.extend(&three[..4]);
    client.send(&bytes);
    world.settle();
    assert_eq!(client.texts(), ["one", "two"]);
    client.send(&three[4..]);
    world.settle();
    assert_eq!(client.texts(), ["three"]);
}

#[test]
fn messages_may_come_byte_by_byte_and_in_fragments() {
    let mut world = World::new(config());
    let mut client = world.open();
    let mut bytes = masked(Opcode::Text, "坎".as_bytes());
    bytes[0] &= 0x7f;
    bytes.extend(masked(Opcode::Ping, b"between"));
    bytes.extend(masked(Opcode::Continuation, "儿井".as_bytes()));
    for byte in bytes {
        client.send(&[byte]);
        world.server.turn(Some(std::time::Duration::from_millis(1))).unwrap();
    }
    world.settle();
    let mut expected = frame(Opcode::Pong, b"between");
    expected.extend(frame(Opcode::Text, "坎儿井".as_bytes()));
    assert_eq!(client.take(), expected);
}

#[test]
fn data_and_the_end_of_the_stream_in_one_edge_are_both_seen() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&text("last words"));
    drop(client);
    world.turn_until("the end", |world| world.server.connections() == 0);
    assert_eq!(world.log(), ["connect 0", "message 0 last words", "close 0 Lost"]);
}

#[test]
fn a_large_message_is_received_in_bounded_bites() {
    let limits = Limits { message_bytes_max: 3 << 20, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let mut client = world.open();
    let long = format!("quiet {}", "x".repeat((3 << 20) - 6));
    let bytes = text(&long);
    let mut sent = 0;
    while sent < bytes.len() {
        match std::io::Write::write(&mut client.stream, &bytes[sent..]) {
            Ok(count) => sent += count,
            Err(_) => drop(world.server.turn(Some(std::time::Duration::from_millis(1))).unwrap()),
        }
    }
    world.turn_until("the message", |world| world.log().len() == 2);
    client.send(&text("and on"));
    world.settle();
    assert_eq!(client.texts(), ["and on"]);
}

#[test]
fn a_sender_at_line_rate_does_not_keep_the_others_waiting() {
    let limits = Limits { read_bytes_per_turn: 64 * 1024, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let mut flood = world.open();
    let mut quiet = world.open();
    let many = text("quiet").repeat(40_000);
    let _ = std::io::Write::write(&mut flood.stream, &many);
    quiet.send(&text("hello"));
    // One turn has read its budget of the flood and everything of the other.
    let before = world.server.counters().received_bytes_total;
    world.server.turn(None).unwrap();
    let read = world.server.counters().received_bytes_total - before;
    assert!(read <= 2 * 64 * 1024, "{read} bytes in one turn");
    world.server.turn(None).unwrap();
    assert_eq!(quiet.texts(), ["hello"]);
}

#[test]
fn what_is_against_the_protocol_closes_with_its_code_and_nobody_else_notices() {
    let mut too_big = vec![0x81, 0xff];
    too_big.extend((1u64 << 40).to_be_bytes());
    let cases: [(&[u8], u16); 9] = [
        (&[0x81, 0x01, b'a'], 1002),
        (&[0xc1, 0x80, 0, 0, 0, 0], 1002),
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),
        (&[0x89, 0xfe, 0, 126, 0, 0, 0, 0], 1002),
        (&[0x80, 0x80, 0, 0, 0, 0], 1002),
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        (&[0x81, 0x8a, 0, 0, 0, 0, b'a', 0xf4, 0x90], 1007),
        (&[0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        (&too_big, 1009),
    ];
    let mut world = World::new(config());
    let mut other = world.open();
    for (bytes, code) in cases {
        let mut client = world.open();
        client.send(bytes);
        world.settle();
        let received = client.take();
        assert_eq!(received[0], 0x88, "{bytes:x?}");
        assert_eq!(u16::from_be_bytes([received[2], received[3]]), code, "{bytes:x?}");
        assert!(client.ended);
        let last = world.log().last().unwrap();
        assert!(last.ends_with(&format!("Failed({code})")), "{last}");
    }
    other.send(&text("still here"));
    world.settle();
    assert_eq!(other.texts(), ["still here"]);
}

#[test]
fn every_ping_is_answered() {
    let mut world = World::new(config());
    let mut client = world.open();
    let pings: Vec<u8> = (0..10u8).flat_map(|n| masked(Opcode::Ping, &[n])).collect();
    client.send(&pings);
    world.settle();
    let expected: Vec<u8> = (0..10u8).flat_map(|n| frame(Opcode::Pong, &[n])).collect();
    assert_eq!(client.take(), expected);
}

#[test]
fn a_flood_of_control_or_empty_frames_is_refused() {
    for cheap in [masked(Opcode::Ping, b""), masked(Opcode::Pong, b""), text("")] {
        let mut world = World::new(config());
        let mut client = world.open();
        client.send(&cheap.repeat(600));
        world.settle();
        assert!(client.take().ends_with(&close_frame(1008, "too many control or empty frames")));
    }
}
