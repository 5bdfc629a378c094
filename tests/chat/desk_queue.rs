//! Places in the queue, and what visitors are told of them.

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;
use karez::chat::ids::SessionId;

/// Ann is on duty and has room for many; so many wait, who came a second apart.
fn waiting(count: u64) -> (World, SessionId, Vec<SessionId>) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    w.send(ann, duty_for(karez::chat::desk::Duty::Online, 50));
    let visitors: Vec<SessionId> = (0..count)
        .map(|n| {
            let visitor = w.guest(100 + n, "Vic");
            w.send(visitor, support("hello"));
            w.later_ms(1_000);
            visitor
        })
        .collect();
    w.hush();
    (w, ann, visitors)
}

#[test]
fn who_is_behind_moves_up() {
    let (mut w, ann, visitors) = waiting(3);
    w.send(ann, claim(1));
    assert_eq!(w.heard(visitors[1]), ["ticket 2 waiting, place 1"]);
    assert_eq!(w.heard(visitors[2]), ["ticket 3 waiting, place 2"]);
    w.later_ms(5_000);
    w.hush();
    w.send(visitors[1], close_ticket(2));
    assert_eq!(w.heard(visitors[2]), ["ticket 3 waiting, place 1, 3 s"]);
}

#[test]
fn places_are_told_once_a_second() {
    let (mut w, ann, visitors) = waiting(12);
    let last = visitors[11];
    for n in 1..=10 {
        w.send(ann, claim(n));
        w.later_ms(90);
    }
    let heard: Vec<String> = w.heard(last);
    assert_eq!(heard.len(), 1, "{heard:?}");
    w.later_ms(100);
    let heard = w.heard(last);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].starts_with("ticket 12 waiting, place 2"), "the latest wins: {heard:?}");
    w.hush();
    w.later_ms(10_000);
    w.silence();
}

#[test]
fn a_queue_is_of_one_desk() {
    let mut w = world();
    agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    let wil = w.guest(3, "Wil");
    w.send(vic, support_at("sales", "hello"));
    w.send(wil, support_at("help", "hello"));
    assert_eq!(w.heard(wil).last().unwrap(), "ticket 2 waiting at help, place 1");
}

#[test]
fn whoever_logs_in_again_is_told_on_that_connection() {
    let (mut w, _, visitors) = waiting(1);
    w.send(SessionId(9), guest_return(1001, None));
    assert_eq!(w.heard(SessionId(9)), ["login 1001 Vic guest", "ticket 1 waiting, place 1"]);
    assert_eq!(w.heard(visitors[0]), [""; 0]);
}
