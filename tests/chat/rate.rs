//! How much a user may ask for.

use karez::chat::Limits;
use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::net::World;
use crate::story::*;

fn spend(w: &mut World, session: SessionId, requests: usize) {
    for _ in 0..requests {
        w.send(session, typing_to(77));
    }
    w.silence();
}

#[test]
fn a_burst_is_allowed_and_the_next_is_refused() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    spend(&mut w, ada, 100);
    w.ask(ada, "x", pm(5, "one too many"));
    assert_eq!(w.heard(ada), ["refused [x] RateLimited { retry_ms: 50 }"]);
    w.ask(ada, "p", Command::Ping);
    assert_eq!(w.heard(ada), ["pong [p]"], "ping does not count");
}

#[test]
fn the_wait_that_is_told_is_exact() {
    for (per_second, waits) in [(20, 50), (3, 334), (1, 1_000), (999, 2)] {
        let mut w = world_with(|limits| limits.messages_per_second = per_second);
        let ada = w.guest(1, "Ada");
        spend(&mut w, ada, 100);
        w.send(ada, typing_to(77));
        assert_eq!(w.heard(ada), [format!("refused RateLimited {{ retry_ms: {waits} }}")]);
        w.wait_ms(waits - 1);
        w.send(ada, typing_to(77));
        assert_eq!(w.heard(ada), ["refused RateLimited { retry_ms: 1 }"]);
        w.wait_ms(1);
        spend(&mut w, ada, 1);
    }
}

#[test]
fn a_limit_that_changes_holds_from_the_next_request_on() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    spend(&mut w, ada, 50);
    w.chat.set_limits(Limits { messages_burst: 10, ..Limits::default() });
    w.send(ada, typing_to(77));
    assert_eq!(w.heard(ada), ["refused RateLimited { retry_ms: 2050 }"], "what was spent is spent");
    w.chat.set_limits(Limits { messages_burst: 200, ..Limits::default() });
    spend(&mut w, ada, 150);
    w.send(ada, typing_to(77));
    assert_eq!(w.heard(ada).len(), 1);
}

#[test]
fn in_the_long_run_the_rate_holds() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let mut served = 0;
    for _ in 0..9_000 {
        w.wait_ms(1);
        w.ask(ada, "x", typing_to(77));
        served += usize::from(w.heard(ada) == ["ack [x]"]);
    }
    assert_eq!(
        served,
        100 + 9 * 20 - 1,
        "the last of the nine seconds is not quite over at the last request"
    );
}

#[test]
fn all_devices_share_one_rate_and_users_do_not() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    let phone = w.again(3, 1001);
    spend(&mut w, ada, 60);
    spend(&mut w, phone, 40);
    w.send(phone, typing_to(77));
    assert_eq!(w.heard(phone).len(), 1);
    spend(&mut w, bob, 100);
}

#[test]
fn a_refused_request_counts_too() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    for _ in 0..100 {
        w.send(ada, leave(7));
    }
    w.hush();
    w.send(ada, join(7));
    assert_eq!(w.heard(ada), ["refused RateLimited { retry_ms: 50 }"]);
}

#[test]
fn ten_seconds_over_the_rate_end_the_session() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let phone = w.again(2, 1001);
    spend(&mut w, ada, 100);
    // Forty a second, twice what is allowed: every other request is refused.
    for _ in 0..400 {
        w.send(ada, typing_to(77));
        w.wait_ms(25);
    }
    let heard = w.heard(ada);
    assert!(heard.iter().all(|line| line.starts_with("refused RateLimited")), "{heard:?}");
    for _ in 0..2 {
        w.send(ada, typing_to(77));
    }
    assert_eq!(w.heard(ada), ["bye TooManyMessages"]);
    w.ask(ada, "x", Command::Ping);
    w.ask(ada, "y", broadcast("still there"));
    w.silence();
    w.ask(phone, "p", Command::Ping);
    assert_eq!(w.heard(phone), ["pong [p]"], "the other device goes on");
}

#[test]
fn a_pause_is_forgiven() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    for _ in 0..30 {
        // A burst and one more, each time after a rest.
        for _ in 0..200 {
            w.send(ada, typing_to(77));
        }
        assert!(w.heard(ada).iter().all(|line| line.starts_with("refused")));
        w.wait_ms(1_001);
    }
}
