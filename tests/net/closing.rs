//! Every way to an end, each told once.

use karez::net::{Config, Limits};
use karez::ws::Opcode;

use crate::world::*;

fn masked_close(code: u16) -> Vec<u8> {
    masked(Opcode::Close, &code.to_be_bytes())
}

#[test]
fn the_peer_closes_and_is_answered_with_its_code() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&[text("before"), masked_close(3123), text("behind")].concat());
    world.settle();
    let expected = [frame(Opcode::Text, b"before"), close_frame(3123, "")].concat();
    assert_eq!(client.take(), expected);
    assert!(client.ended, "the server ends the TCP connection first");
    assert_eq!(world.log(), ["connect 0", "message 0 before", "close 0 Peer(3123)"]);
    drop(client);
    world.turn_until("freed", |world| world.server.connections() == 0);
}

#[test]
fn a_violation_is_answered_behind_what_came_before_it() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&[text("before"), vec![0x83, 0x80, 0, 0, 0, 0], text("behind")].concat());
    world.settle();
    let received = client.take();
    let before = frame(Opcode::Text, b"before");
    assert!(received.starts_with(&before));
    assert_eq!(received[before.len()], 0x88);
    assert_eq!(world.log(), ["connect 0", "message 0 before", "close 0 Failed(1002)"]);
}

#[test]
fn a_close_without_code_is_answered_without_code() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&masked(Opcode::Close, b""));
    world.settle();
    assert_eq!(client.take(), [0x88, 0]);
    assert_eq!(world.log()[1], "close 0 Peer(1005)");
}

#[test]
fn the_handler_closes_behind_its_output_and_hears_nothing_more() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&[text("output"), text("close enough"), text("unheard")].concat());
    world.settle();
    assert_eq!(client.take(), [frame(Opcode::Text, b"output"), close_frame(4000, "enough")].concat());
    assert_eq!(
        world.log(),
        ["connect 0", "message 0 output", "message 0 close enough", "close 0 Handler(4000)"]
    );
    assert!(!client.ended, "the peer's Close frame is awaited");
    client.send(&[text("still unheard"), masked_close(4000)].concat());
    world.settle();
    assert!(client.take().is_empty());
    assert!(client.ended);
    assert_eq!(world.log().len(), 4);
}

#[test]
fn a_peer_that_never_answers_the_close_is_dropped_in_time_whatever_it_sends() {
    let limits = Limits { close_timeout_ms: 500, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let mut client = world.open();
    client.send(&text("close now"));
    world.settle();
    let start = std::time::Instant::now();
    while world.server.connections() > 0 {
        let _ = std::io::Write::write(&mut client.stream, &text("more"));
        world.server.turn(Some(std::time::Duration::from_millis(20))).unwrap();
        assert!(start.elapsed().as_millis() < 2000, "traffic puts the deadline off");
    }
    assert!(start.elapsed().as_millis() >= 400, "{:?}", start.elapsed());
    assert_eq!(world.log().iter().filter(|line| line.starts_with("close")).count(), 1);
}

#[test]
fn an_abrupt_end_is_told_once() {
    let mut world = World::new(config());
    let client = world.open();
    socket2::SockRef::from(&client.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(client);
    world.turn_until("freed", |world| world.server.connections() == 0);
    assert_eq!(world.log(), ["connect 0", "close 0 Lost"]);
}

#[test]
fn a_connection_that_never_opened_is_not_told_of() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(b"GET / HT");
    world.settle();
    drop(client);
    world.turn_until("freed", |world| world.server.connections() == 0);
    assert!(world.log().is_empty());
}
