//! Going down.

use karez::net::{Config, Limits, Turn};
use karez::ws::Opcode;
use std::time::{Duration, Instant};

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

#[test]
fn before_a_drain_there_may_be_a_delay_in_which_all_goes_on() {
    let limits = Limits { drain_delay_ms: 400, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    // Before the last turn: the delay begins with the time that the loop knows.
    let start = Instant::now();
    let mut client = world.open();
    world.server.stop();
    world.server.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(world.log().last().unwrap(), "drain", "the handler knows at once");
    let mut late = world.open();
    late.send(&text("still here"));
    world.settle();
    assert_eq!(late.take(), frame(Opcode::Text, b"still here"), "who comes meanwhile is served");
    assert_eq!(client.take(), b"", "and nobody is told anything");
    assert!(start.elapsed() < Duration::from_millis(400), "too slow a machine to show anything");
    world.server.stop();
    while world.log().iter().filter(|line| line.ends_with("Drain")).count() < 2 {
        // Nothing happens but the end of the delay, and it wakes the loop.
        world.server.turn(None).unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(client.take(), [frame(Opcode::Text, b"bye"), close_frame(1001, "last")].concat());
    assert_eq!(world.log().iter().filter(|line| *line == "drain").count(), 1, "told once");
    assert!(std::net::TcpStream::connect(world.address).is_err(), "still accepting");
}
