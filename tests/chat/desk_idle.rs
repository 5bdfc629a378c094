//! Silence ends a ticket, and that is told before.

use karez::chat::ids::SessionId;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

fn open() -> (World, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.hush();
    (w, ann, vic)
}

#[test]
fn a_silent_ticket_is_closed() {
    let (mut w, ann, vic) = open();
    w.later_ms(1_679_999);
    w.silence();
    w.later_ms(1);
    assert_eq!(w.heard(vic), ["ticket 1 open with 7 Ann, closing in 120000"]);
    assert_eq!(w.heard(ann), ["line 1 open with 7 Ann, closing in 120000, of 1001 Vic: hello"]);
    w.later_ms(120_000);
    assert_eq!(w.heard(vic), ["ticket 1 closed by idle"]);
    assert_eq!(w.heard(ann), ["duty 7 Ann online 0/5", "line 1 closed by idle, of 1001 Vic: hello"]);
}

#[test]
fn a_word_keeps_it_open() {
    let (mut w, ann, vic) = open();
    w.later_ms(1_700_000);
    w.hush();
    w.send(vic, support("wait"));
    assert_eq!(w.heard(vic), ["ticket 1 #2 1001 Vic: wait", "ticket 1 open with 7 Ann"]);
    w.hush();
    w.later_ms(1_679_999);
    w.silence();
    w.send(ann, support_in(1, "yes"));
    w.hush();
    w.later_ms(1_679_999);
    w.silence();
}

#[test]
fn a_desk_may_never_close_them() {
    let mut w = world();
    set_desk(&mut w, "default", |rules| rules.idle_close_seconds = 0);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.hush();
    w.later_ms(1_000_000_000);
    w.silence();
}

#[test]
fn new_rules_hold_for_what_is_open() {
    let (mut w, _, vic) = open();
    set_desk(&mut w, "default", |rules| {
        (rules.idle_close_seconds, rules.idle_notice_seconds) = (60, 10);
    });
    w.later_ms(50_000);
    assert_eq!(w.heard(vic), ["ticket 1 open with 7 Ann, closing in 10000"]);
}
