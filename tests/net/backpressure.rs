//! Peers that do not read.

use std::time::Duration;

use karez::net::{Config, Limits};
use karez::ws::{self, Opcode};

use crate::world::*;

fn small() -> Config {
    let limits = Limits {
        socket_send_buffer_bytes: 8 * 1024,
        output_soft_bytes_max: 256 * 1024,
        output_soft_timeout_ms: 1500,
        output_hard_bytes_max: 1024 * 1024,
        output_hard_timeout_ms: 0,
        close_timeout_ms: 1000,
        ..Limits::default()
    };
    Config { limits, ..config() }
}

/// A client whose kernel takes little for it: without a figure it takes megabytes.
fn narrow(world: &mut World) -> Client {
    let client = world.open();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(64 * 1024).unwrap();
    client
}

/// A client in the topic who does not read.
fn deaf(world: &mut World) -> Client {
    let mut client = narrow(world);
    client.send(&text("join"));
    world.settle();
    client
}

/// Turns, and lets the client read, until the condition holds of what it has got.
fn read_until(
    world: &mut World,
    client: &mut Client,
    what: &str,
    holds: impl Fn(&Client) -> bool,
) -> Vec<u8> {
    world.turn_until(what, |_| {
        client.read();
        holds(client)
    });
    client.take()
}

/// What a client gets to the end of its connection.
fn everything(world: &mut World, client: &mut Client) -> Vec<u8> {
    read_until(world, client, "the end of the stream", |client| client.ended)
}

/// Lets the client read as many bytes.
fn read_bytes(world: &mut World, client: &mut Client, count: usize) -> Vec<u8> {
    read_until(world, client, "so many bytes", |client| client.bytes.len() >= count)
}

/// Cuts a stream of frames, and fails where it is not one.
fn frames(mut bytes: &[u8]) -> Vec<(Opcode, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (header, head) = ws::Header::decode(bytes).unwrap().expect("a whole header");
        let end = head + header.length as usize;
        frames.push((header.opcode, bytes[head..end].to_vec()));
        bytes = &bytes[end..];
    }
    frames
}

#[test]
fn over_the_hard_limit_the_begun_frame_is_finished_and_then_only_the_farewell_comes() {
    let mut world = World::new(small());
    let mut slow = deaf(&mut world);
    let mut speaker = world.open();
    let kilobytes = "k".repeat(60_000);
    let mut published = 0;
    while world.server.counters().slow_consumers_total == 0 {
        speaker.send(&text(&format!("all {kilobytes}")));
        world.settle();
        published += 1;
        assert!(published < 60, "never ended");
    }
    assert!(published * 60_000 > 1024 * 1024);
    assert!(world.log().contains(&"close 0 SlowConsumer".to_owned()), "{:?}", world.log());
    let received = frames(&everything(&mut world, &mut slow));
    let (farewell, data) = received.split_at(received.len() - 2);
    let _ = farewell;
    assert_eq!(data[0], (Opcode::Text, b"bye".to_vec()));
    assert_eq!(data[1].0, Opcode::Close);
    assert_eq!(data[1].1[..2], 4101u16.to_be_bytes());
    assert!(farewell.iter().all(|(_, payload)| payload.len() == 60_000), "a frame was cut short");
    assert!(farewell.len() < published, "unbegun frames were sent");
    assert_eq!(world.server.counters().queued_bytes, 0);
}

#[test]
fn over_the_soft_limit_there_is_time_to_catch_up_and_then_an_end() {
    let mut world = World::new(small());
    let mut slow = deaf(&mut world);
    let mut speaker = world.open();
    for _ in 0..10 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
    }
    assert_eq!(world.server.counters().slow_consumers_total, 0);
    // It catches up, and is forgiven.
    let caught_up = read_bytes(&mut world, &mut slow, 10 * 60_004);
    assert_eq!(frames(&caught_up).len(), 10);
    for _ in 0..10 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
    }
    world.turn_until("the end", |world| world.server.counters().slow_consumers_total == 1);
    let received = frames(&everything(&mut world, &mut slow));
    assert_eq!(received.last().unwrap().1[..2], 4101u16.to_be_bytes());
}

#[test]
fn what_many_wait_for_is_in_memory_once() {
    let mut world = World::new(small());
    let slow: Vec<Client> = (0..20).map(|_| deaf(&mut world)).collect();
    let mut speaker = world.open();
    for _ in 0..8 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
    }
    let queued = world.server.counters().queued_bytes;
    assert!(queued > 0, "everything fitted the kernel's buffers: the test shows nothing");
    // Besides, each has its own entry for each of them.
    assert!(queued <= 8 * (60_010 + slow.len() * 100), "{queued} bytes for {} receivers", slow.len());
}

#[test]
fn the_limit_of_all_output_together_ends_the_largest_queues() {
    let mut config = small();
    config.limits.output_total_bytes_max = 100_000;
    let mut world = World::new(config);
    let _slow = deaf(&mut world);
    let mut speaker = world.open();
    for _ in 0..5 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
    }
    assert_eq!(world.server.counters().slow_consumers_total, 1);
    assert_eq!(world.log().iter().filter(|line| line.contains("SlowConsumer")).count(), 1);
}

#[test]
fn who_does_not_take_answers_is_not_read_and_not_ended() {
    let mut config = small();
    config.limits.own_output_bytes_max = 16 * 1024;
    let mut world = World::new(config);
    let mut client = narrow(&mut world);
    // Each asks for 10 kB; all of them would be 2 MB.
    client.send(&text("fill 10000").repeat(200));
    world.settle();
    let messages = world.server.counters().messages_received_total;
    assert!(messages < 100, "{messages} answered although nothing is taken");
    assert!(world.server.counters().queued_bytes <= 32 * 1024);
    let received = read_bytes(&mut world, &mut client, 200 * 10_004);
    assert_eq!(frames(&received).len(), 200);
    assert_eq!(world.server.counters().slow_consumers_total, 0);
}

#[test]
fn while_output_is_blocked_only_the_newest_pong_is_kept() {
    let mut world = World::new(small());
    let mut slow = deaf(&mut world);
    let mut speaker = world.open();
    for _ in 0..10 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
    }
    assert!(world.server.counters().queued_bytes > 0);
    for number in 0..50u8 {
        slow.send(&masked(Opcode::Ping, &[number]));
        world.settle();
    }
    let last = frame(Opcode::Pong, &[49]);
    let received = read_until(&mut world, &mut slow, "the last pong", |client| client.bytes.ends_with(&last));
    let pongs: Vec<_> = frames(&received).into_iter().filter(|(opcode, _)| *opcode == Opcode::Pong).collect();
    // The kernel may have had room for the first ones; of those that waited, the last one is left.
    assert!(pongs.len() < 10, "{} pongs", pongs.len());
}

#[test]
fn a_mark_comes_back_when_its_bytes_have_left_and_not_before() {
    let mut world = World::new(small());
    let mut client = narrow(&mut world);
    client.send(&text("mark 1"));
    world.settle();
    assert_eq!(world.log().last().unwrap(), "flushed 0 1");
    client.send(&[text("fill 900000"), text("mark 2")].concat());
    world.settle();
    assert!(!world.log().contains(&"flushed 0 2".to_owned()));
    let received = read_bytes(&mut world, &mut client, 900_010);
    assert_eq!(received.len(), 900_010);
    world.settle();
    assert_eq!(world.log().last().unwrap(), "flushed 0 2");
}

#[test]
fn the_limit_of_all_output_together_ends_whoever_holds_most_of_it_in_any_state() {
    let mut config = small();
    config.limits.output_total_bytes_max = 300_000;
    config.limits.own_output_bytes_max = 300_000;
    config.limits.output_soft_bytes_max = 1 << 20;
    let mut world = World::new(config);
    let mut slow = deaf(&mut world);
    let mut speaker = world.open();
    // As much as the kernel takes, and a little more.
    while world.server.counters().queued_bytes == 0 {
        speaker.send(&text(&format!("all {}", "k".repeat(20_000))));
        world.settle();
    }
    // A client that asks for pages and takes none of them.
    let mut hoarder = world.dial();
    socket2::SockRef::from(&hoarder.stream).set_recv_buffer_size(4 * 1024).unwrap();
    let get = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "p".repeat(2000));
    hoarder.send(get.repeat(30).as_bytes());
    for _ in 0..20 {
        let _ = std::io::Write::write(&mut hoarder.stream, get.repeat(30).as_bytes());
        world.settle();
    }
    assert!(world.server.counters().queued_bytes <= 300_000);
    assert_eq!(world.server.counters().slow_consumers_total, 0, "another paid for the hoarder");
    assert_eq!(world.server.connections(), 2, "the hoarder is still there");
    let received = read_bytes(&mut world, &mut slow, 20_004);
    assert_eq!(received[0], 0x81, "the member of the topic is served");
}

/// Twenty clients who do not read, in topics 0 and 1, and a speaker; the kernel takes no more for them.
fn twenty_who_lag(world: &mut World) -> (Vec<Client>, Client) {
    let mut slow: Vec<Client> = (0..20).map(|_| deaf(world)).collect();
    for client in &mut slow {
        client.send(&text("enter 1"));
    }
    let mut speaker = world.open();
    for _ in 0..20 {
        speaker.send(&text(&format!("all {}", "k".repeat(20_000))));
        world.settle();
    }
    (slow, speaker)
}

#[test]
fn the_entries_of_many_queues_are_output_too() {
    let mut config = small();
    config.limits.output_total_bytes_max = 700_000;
    config.limits.output_soft_bytes_max = 1 << 20;
    let mut world = World::new(config);
    let (_slow, mut speaker) = twenty_who_lag(&mut world);
    // A turn for each small message, of one topic and the other in turn, so that no range follows on the last.
    for message in 0..1000 {
        speaker.send(&text(&format!("topic {} x", message % 2)));
        for _ in 0..2 {
            world.server.turn(Some(Duration::from_millis(1))).unwrap();
        }
        assert!(world.server.counters().queued_bytes <= 700_000);
    }
    assert!(
        world.server.counters().slow_consumers_total > 0,
        "a thousand entries for each of 20 are nothing"
    );
}

#[test]
fn who_lags_behind_a_thousand_turns_of_a_topic_waits_for_one_range() {
    let mut config = small();
    config.limits.output_soft_timeout_ms = 600_000;
    let mut world = World::new(config);
    let (mut slow, mut speaker) = twenty_who_lag(&mut world);
    let before = world.server.counters().queued_bytes;
    assert!(before > 0);
    for number in 0..1000 {
        speaker.send(&text(&format!("all {number:04}")));
        world.server.turn(Some(Duration::from_millis(5))).unwrap();
    }
    world.settle();
    let grown = world.server.counters().queued_bytes - before;
    assert!((6_000..20_000).contains(&grown), "6,000 bytes of frames for 20 take {grown}");
    // And everybody gets all of it, in order.
    for client in &mut slow {
        let received = frames(&read_bytes(&mut world, client, 20 * 20_004 + 6_000));
        let numbers: Vec<String> =
            received[20..].iter().map(|(_, payload)| String::from_utf8(payload.clone()).unwrap()).collect();
        assert_eq!(numbers, (0..1000).map(|number| format!("{number:04}")).collect::<Vec<_>>());
    }
    assert_eq!(world.server.counters().queued_bytes, 0);
}

#[test]
fn a_burst_over_the_hard_limit_does_not_end_who_reads() {
    let mut config = small();
    config.limits.output_hard_timeout_ms = 1000;
    let mut world = World::new(config);
    let mut reader = deaf(&mut world);
    let mut slow = deaf(&mut world);
    let mut speaker = world.open();
    let kilobytes = "k".repeat(60_000);
    for _ in 0..30 {
        speaker.send(&text(&format!("all {kilobytes}")));
        world.settle();
    }
    assert!(world.server.counters().queued_bytes > 1024 * 1024);
    assert_eq!(world.server.counters().slow_consumers_total, 0);
    let received = read_bytes(&mut world, &mut reader, 30 * 60_004);
    assert_eq!(frames(&received).len(), 30);
    // The other one has had its second.
    world.turn_until("the end", |world| world.server.counters().slow_consumers_total == 1);
    let received = frames(&everything(&mut world, &mut slow));
    assert_eq!(received.last().unwrap().1[..2], 4101u16.to_be_bytes());
}

#[test]
fn four_times_the_hard_limit_is_too_much_at_once() {
    let mut config = small();
    config.limits.output_hard_bytes_max = 100_000;
    config.limits.output_hard_timeout_ms = 600_000;
    let mut world = World::new(config);
    let _slow = deaf(&mut world);
    let mut speaker = world.open();
    let mut published = 0;
    while world.server.counters().slow_consumers_total == 0 {
        speaker.send(&text(&format!("all {}", "k".repeat(60_000))));
        world.settle();
        published += 1;
        assert!(published < 60, "never ended");
    }
    assert!(published * 60_000 > 400_000);
}
