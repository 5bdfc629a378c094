//! A member who never reads.

use std::time::{Duration, Instant};

use crate::client::*;
use crate::world::*;

const CONTENT_BYTES: usize = 30_000;

fn loud(number: usize) -> String {
    let content = "k".repeat(CONTENT_BYTES);
    format!(r#"{{"type":"group","gid":123,"content":"{content}","id":"{number}"}}"#)
}

#[test]
fn a_member_who_never_reads_is_told_and_closed_while_the_others_go_on() {
    let arguments = ["--messages-per-second", "100000", "--messages-burst", "100000"];
    let mut world = World::with(&arguments, |config, _| {
        config.limits.socket_send_buffer_bytes = 8 * 1024;
        config.limits.output_soft_bytes_max = 128 * 1024;
        config.limits.output_hard_bytes_max = 256 * 1024;
    });
    let [mut speaker, mut listener, mut deaf] = world.guests();
    socket2::SockRef::from(&deaf.stream).set_recv_buffer_size(64 * 1024).unwrap();
    for member in [&mut speaker, &mut listener, &mut deaf] {
        member.say(r#"{"type":"join","gid":123}"#);
        world.settle();
    }
    world.hears(&mut speaker);
    world.hears(&mut listener);

    let mut said = 0;
    let mut slowest = Duration::ZERO;
    while world.server.counters().slow_consumers_total == 0 {
        said += 1;
        assert!(said < 200, "never ended");
        let start = Instant::now();
        speaker.say(&loud(said));
        world.turn_until("the message", |world| {
            world.server.counters().messages_received_total > said as u64 + 5
        });
        slowest = slowest.max(start.elapsed());
        assert_eq!(world.texts_until(&mut speaker, 2).len(), 2, "message {said}: the entry and the ack");
        let heard = world.texts_until(&mut listener, 1);
        assert_eq!((heard.len(), field(&heard[0], "seq")), (1, said.into()));
    }
    assert!(said * CONTENT_BYTES > 256 * 1024, "after {said} messages");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");

    // It wakes up: whole messages, the farewell, and nothing that it would have to guess.
    let mut frames = Vec::new();
    while !matches!(frames.last(), Some(Heard::Close(..))) {
        assert!(!deaf.ended, "no farewell");
        deaf.pull();
        frames.extend(std::iter::from_fn(|| deaf.take_frame()));
        world.turn();
    }
    assert!(deaf.bytes.is_empty(), "something behind the Close");
    let [entries @ .., Heard::Text(bye), Heard::Close(code, reason)] = &frames[..] else {
        panic!("{} frames", frames.len())
    };
    assert_eq!((*code, reason.as_str()), (4101, "too_slow"));
    assert_eq!(masked(bye), r#"{"type":"bye","code":"too_slow","retry":_}"#);
    let entries = entries.iter().filter(|heard| matches!(heard, Heard::Text(it) if it.contains("groupPm")));
    assert!((1..said).contains(&entries.count()), "what had not begun is not sent");

    // The session is over for the others too, and the memory is free.
    speaker.say(r#"{"type":"members","gid":123}"#);
    let members = world.texts_of(&mut speaker);
    assert_eq!(field(&members[0], "members").as_array().unwrap().len(), 3, "a member stays a member");
    assert_eq!(world.server.counters().queued_bytes, 0);
    speaker.say(&loud(said + 1));
    assert_eq!(world.hears(&mut listener).len(), 1);
}
