//! Private messages.

use karez::chat::ids::Conversation;
use karez::chat::input::{Command, Draft};

use crate::net::{Answers, World};
use crate::story::*;

#[test]
fn both_users_hear_it_on_every_device_once() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    let (phone, tablet) = (w.again(3, 1001), w.again(4, 1002));
    let cid = w.guest(5, "Cid");
    w.ask(ada, "m", pm(1002, "hi"));
    assert_eq!(w.heard(ada), ["pm 1001-1002 #1 1001 Ada: hi", "ack [m] user 1002 #1"]);
    for session in [bob, phone, tablet] {
        assert_eq!(w.heard(session), ["pm 1001-1002 #1 1001 Ada: hi"]);
    }
    assert!(w.heard(cid).is_empty());
}

#[test]
fn a_conversation_counts_for_both_directions() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, pm(1002, "one"));
    w.hush();
    w.ask(bob, "m", pm(1001, "two"));
    assert_eq!(w.heard(bob), ["pm 1001-1002 #2 1002 Bob: two", "ack [m] user 1001 #2"]);
    assert_eq!(w.heard(ada), ["pm 1001-1002 #2 1002 Bob: two"]);
    w.ask(bob, "n", pm(1003, "other"));
    assert_eq!(w.heard(bob).last().unwrap(), "ack [n] user 1003 #1");
}

#[test]
fn one_may_write_to_oneself() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let phone = w.again(2, 1001);
    w.ask(ada, "m", pm(1001, "buy milk"));
    assert_eq!(w.heard(ada), ["pm 1001-1001 #1 1001 Ada: buy milk", "ack [m] user 1001 #1"]);
    assert_eq!(w.heard(phone), ["pm 1001-1001 #1 1001 Ada: buy milk"]);
}

#[test]
fn to_a_uid_never_seen_it_is_stored() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", pm(77, "for later"));
    assert_eq!(w.heard(ada), ["pm 77-1001 #1 1001 Ada: for later", "ack [m] user 77 #1"]);
    let conversation = Conversation::direct(&id(1001), &id(77));
    assert_eq!(&*w.store().entries(&conversation).next().unwrap().content, "for later");
}

#[test]
fn the_number_goes_on_after_a_restart() {
    let mut w = world();
    let ada = w.known(1, 5);
    w.send(ada, pm(6, "before"));
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let ada = later.known(1, 5);
    later.ask(ada, "m", pm(6, "after"));
    assert_eq!(later.heard(ada), ["pm 5-6 #2 5 5: after", "ack [m] user 6 #2"]);
}

#[test]
fn an_answer_must_answer_something_of_this_conversation() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, pm(5, "one"));
    w.hush();
    let answer = |seq| Draft { content: "re".into(), reply: Some(seq), ..Draft::default() };
    w.ask(ada, "good", Command::Pm { uid: id(5), draft: answer(1) });
    assert_eq!(w.heard(ada).last().unwrap(), "ack [good] user 5 #2");
    w.ask(ada, "bad", Command::Pm { uid: id(6), draft: answer(1) });
    assert_eq!(w.heard(ada), ["refused [bad] BadRequest(\"reply\", \"is no entry so far\")"]);
}

#[test]
fn the_store_is_asked_once_for_a_conversation() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, pm(5, "one"));
    w.answers = Answers::Later;
    w.send(ada, pm(5, "two"));
    assert!(w.asked.is_empty());
}
