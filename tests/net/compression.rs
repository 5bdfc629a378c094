//! permessage-deflate over the loop: one compression for all receivers of one window.

use std::time::Duration;

use karez::ws::{Inflater, Opcode};

use crate::world::*;

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
const NARROW: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n";

#[test]
fn each_receiver_gets_the_message_in_the_form_it_agreed_to() {
    let mut world = World::new(config());
    let mut clients = [world.open(), world.open_with(OFFER), world.open_with(OFFER), world.open_with(NARROW)];
    for client in &mut clients {
        client.send(&text("join"));
    }
    world.settle();
    let long = "坎儿井 karez ".repeat(200);
    clients[0].send(&text(&format!("all {long}")));
    clients[0].send(&text("all short"));
    world.settle();
    let received: Vec<Vec<u8>> = clients.iter_mut().map(Client::take).collect();
    let mut plain = frame(Opcode::Text, long.as_bytes());
    plain.extend(frame(Opcode::Text, b"short"));
    assert_eq!(received[0], plain);
    assert_eq!(received[1], received[2], "two receivers of one window got different bytes");
    for compressed in &received[1..] {
        assert!(compressed.len() < 300, "{} bytes", compressed.len());
        assert_eq!(compressed[0], 0xc1);
        assert!(compressed.ends_with(&frame(Opcode::Text, b"short")), "too short to be worth it");
        let length = usize::from(compressed[1]);
        let (start, length) = match length {
            126 => (4, usize::from(u16::from_be_bytes([compressed[2], compressed[3]]))),
            _ => (2, length),
        };
        let mut inflater = Inflater::new();
        let inflated = inflater.inflate(&compressed[start..start + length], 1 << 20).unwrap();
        assert_eq!(inflated, long.as_bytes());
    }
}

#[test]
fn answers_are_compressed_too_and_compressed_messages_are_understood() {
    let mut world = World::new(config());
    let mut client = world.open_with(OFFER);
    client.send(&text("fill 5000"));
    world.settle();
    assert_eq!(client.texts(), ["x".repeat(5000)]);
    let mut compressed = Vec::new();
    karez::ws::Deflater::new().compress(15, "quiet hello from a deflated client".as_bytes(), &mut compressed);
    let mut bytes = Vec::new();
    karez::ws::encode_masked_compressed(&mut bytes, Opcode::Text, &compressed, [1, 2, 3, 4]);
    client.send(&bytes);
    world.settle();
    assert_eq!(world.log().last().unwrap(), "message 0 quiet hello from a d");
}

#[test]
fn without_the_extension_a_compressed_frame_is_refused() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&[0xc1, 0x80, 0, 0, 0, 0]);
    world.settle();
    assert_eq!(client.take()[2..4], 1002u16.to_be_bytes());
}

#[test]
fn messages_that_inflate_count_for_the_budget_of_a_turn_with_what_they_become() {
    let mut world = World::new(config());
    let mut bomber = world.open_with(OFFER);
    let mut compressed = Vec::new();
    karez::ws::Deflater::new().compress(15, "quiet ".repeat(10_000).as_bytes(), &mut compressed);
    let mut bomb = Vec::new();
    karez::ws::encode_masked_compressed(&mut bomb, Opcode::Text, &compressed, [1, 2, 3, 4]);
    assert!(bomb.len() < 400, "{}", bomb.len());
    bomber.send(&bomb.repeat(100));
    std::thread::sleep(Duration::from_millis(20));
    world.server.turn(None).unwrap();
    let handled = world.server.counters().messages_received_total;
    assert!((1..=6).contains(&handled), "{handled} messages of 60 kB in one turn");
    // The rest follows without another byte from the network.
    let before = world.server.counters().turns_total;
    while world.server.counters().messages_received_total < 100 {
        world.server.turn(Some(Duration::from_secs(2))).unwrap();
    }
    assert!(world.server.counters().turns_total - before <= 100);
}
