//! Going down.

use karez::net::{Config, Limits, Turn};
use karez::ws::Opcode;

use crate::world::*;

#[test]
fn everybody_hears_the_last_words_and_the_loop_ends_when_they_have_gone() {
    let mut world = World::new(config());
    let mut clients = [world.open(), world.open()];
    let mut idle = world.dial();
    world.settle();
    clients[0].send(&[text("output"), text("stop")].concat());
    world.settle();
    let farewell = [frame(Opcode::Text, b"bye"), close_frame(1001, "last")].concat();
    assert_eq!(clients[0].take(), [frame(Opcode::Text, b"output"), farewell.clone()].concat());
    assert_eq!(clients[1].take(), farewell);
    idle.read();
    assert!(idle.ended);
    drop(idle);
    assert!(std::net::TcpStream::connect(world.address).is_err(), "still accepting");
    for client in &mut clients {
        client.send(&masked(Opcode::Close, &1001u16.to_be_bytes()));
    }
    drop(clients);
    while world.server.turn(None).unwrap() == Turn::GoesOn {}
    assert_eq!(world.server.connections(), 0);
    assert_eq!(world.log().iter().filter(|line| line.ends_with("Drain")).count(), 2);
}

#[test]
fn whoever_does_not_go_is_left_behind_in_time() {
    let limits = Limits { drain_timeout_ms: 500, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let mut client = world.open();
    client.send(&text("stop"));
    let start = std::time::Instant::now();
    while world.server.turn(None).unwrap() == Turn::GoesOn {}
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    assert_eq!(world.server.connections(), 1);
}
