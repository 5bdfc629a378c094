//! Deadlines, with short ones.

use std::time::{Duration, Instant};

use karez::net::{Config, Limits};
use karez::ws::Opcode;

use crate::world::*;

fn short() -> Config {
    let limits = Limits {
        head_timeout_ms: 750,
        body_timeout_ms: 750,
        ping_after_ms: 500,
        ping_timeout_ms: 500,
        ..Limits::default()
    };
    Config { limits, ..config() }
}

/// Turns for so long, and lets the test look and act every 20 ms.
fn turn_for(world: &mut World, time: Duration, mut act: impl FnMut()) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        turn_for_20_ms(world);
        act();
    }
}

fn turn_for_20_ms(world: &mut World) {
    let end = Instant::now() + Duration::from_millis(20);
    while let Some(rest) = end.checked_duration_since(Instant::now()) {
        world.server.turn(Some(rest)).unwrap();
    }
}

#[test]
fn a_head_that_drips_is_answered_408_at_its_absolute_deadline() {
    let mut world = World::new(short());
    let mut client = world.dial();
    let start = Instant::now();
    while !client.ended {
        let _ = std::io::Write::write(&mut client.stream, b"G");
        turn_for_20_ms(&mut world);
        client.read();
        assert!(start.elapsed() < Duration::from_secs(3), "a byte puts the deadline off");
    }
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
    assert!(client.take().starts_with(b"HTTP/1.1 408 "));
}

#[test]
fn a_connection_that_says_nothing_is_closed_without_a_word() {
    let mut world = World::new(short());
    let mut client = world.dial();
    world.turn_until("accepted", |world| world.server.connections() == 1);
    world.turn_until("dropped", |world| world.server.connections() == 0);
    assert!(client.take().is_empty());
    assert!(client.ended);
}

#[test]
fn a_body_that_does_not_come_is_answered_408() {
    let mut world = World::new(short());
    let mut client = world.dial();
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhal");
    world.turn_until("the answer", |world| world.server.counters().sent_bytes_total > 0);
    assert!(client.take().starts_with(b"HTTP/1.1 408 "));
}

#[test]
fn silence_is_pinged_and_an_answer_keeps_the_connection() {
    let mut world = World::new(short());
    let mut client = world.open();
    let mut pings = 0;
    turn_for(&mut world, Duration::from_millis(3000), || {
        if client.take() == frame(Opcode::Ping, b"") {
            pings += 1;
            client.send(&masked(Opcode::Pong, b""));
        }
    });
    assert!((3..=6).contains(&pings), "{pings} pings in 3 s");
    assert_eq!(world.log(), ["connect 0"]);
}

#[test]
fn silence_after_the_ping_ends_the_connection() {
    let mut world = World::new(short());
    let mut client = world.open();
    let start = Instant::now();
    world.turn_until("the end", |world| world.log().len() == 2);
    let passed = start.elapsed().as_millis();
    assert!((750..=1600).contains(&passed), "{passed} ms");
    assert_eq!(world.log()[1], "close 0 Silent");
    assert_eq!(client.take(), frame(Opcode::Ping, b""));
}

#[test]
fn bytes_of_any_kind_are_life() {
    let mut world = World::new(short());
    let mut client = world.open();
    // Half a frame, a byte at a time, for longer than the heartbeat allows.
    let mut bytes = text(&"x".repeat(100)).into_iter();
    turn_for(&mut world, Duration::from_millis(1500), || {
        client.send(&[bytes.next().unwrap()]);
        assert!(client.take().is_empty(), "pinged although bytes come");
    });
    assert_eq!(world.log(), ["connect 0"]);
}

#[test]
fn the_handlers_own_deadline_comes_when_asked_for() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&text("wake 300"));
    world.settle();
    let start = Instant::now();
    world.turn_until("the deadline", |world| world.log().last().unwrap() == "deadline 77");
    assert!((200..800).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[test]
fn with_nobody_there_the_loop_sleeps() {
    let mut world = World::new(config());
    drop(world.open());
    world.turn_until("freed", |world| world.server.connections() == 0);
    // What the wheel still holds of the connection that has gone passes; then nothing is left to wake for.
    let before = world.server.counters().turns_total;
    let start = Instant::now();
    world.server.turn(Some(Duration::from_millis(700))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(690), "woke after {:?}", start.elapsed());
    assert_eq!(world.server.counters().turns_total, before + 1);
}

#[test]
fn after_a_408_the_connection_lingers_as_after_any_refusal() {
    let mut world = World::new(short());
    let mut client = world.dial();
    client.send(b"G");
    world.turn_until("the answer", |world| world.server.counters().sent_bytes_total > 0);
    // The client is still sending: closed now, the kernel would reset, and the answer could be lost.
    turn_for(&mut world, Duration::from_millis(1000), || client.send(b"E"));
    assert_eq!(world.server.connections(), 1, "closed without lingering");
    assert!(client.take().starts_with(b"HTTP/1.1 408 "));
}

#[test]
fn nothing_passes_before_its_time() {
    let limits = Limits { head_timeout_ms: 250, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    for _ in 0..8 {
        let _client = world.dial();
        let start = Instant::now();
        world.turn_until("accepted", |world| world.server.connections() == 1);
        let accepted = Instant::now();
        while world.server.connections() == 1 {
            world.server.turn(Some(Duration::from_millis(5))).unwrap();
        }
        assert!(start.elapsed() >= Duration::from_millis(249), "{:?}", accepted.elapsed());
        // Somewhere else in a tick.
        std::thread::sleep(Duration::from_millis(70));
        world.settle();
    }
}

#[test]
fn who_takes_its_output_slowly_is_not_silent() {
    let mut limits = short().limits;
    limits.own_output_bytes_max = 16 * 1024;
    limits.socket_send_buffer_bytes = 8 * 1024;
    limits.output_soft_bytes_max = 4 << 20;
    let mut world = World::new(Config { limits, ..config() });
    let mut client = world.open();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(64 * 1024).unwrap();
    client.send(&text("fill 900000"));
    world.settle();
    // It is not read while its own output waits, so its pongs are not seen: but it reads all the time.
    let mut received = 0;
    turn_for(&mut world, Duration::from_millis(2500), || {
        let mut some = [0; 4000];
        let _ = std::io::Write::write(&mut client.stream, &masked(Opcode::Pong, b""));
        received += std::io::Read::read(&mut client.stream, &mut some).unwrap_or(0);
    });
    assert!(received < 800_000, "{received} bytes taken: the test shows nothing");
    assert_eq!(world.server.connections(), 1, "{received} bytes taken, {:?}", world.log());
}
