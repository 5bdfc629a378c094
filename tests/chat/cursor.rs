//! How far somebody has read, and who hears of it.

use karez::chat::act::Act;
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Target};

use crate::net::{Answers, World};
use crate::story::*;

/// A world in which Ada has said so much in group 7, of which Bob is a member, and to Bob. Nobody has read anything.
fn spoken(entries: u64) -> (World, SessionId, SessionId) {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    for seq in 1..=entries {
        w.send(ada, group(7, &format!("g{seq}")));
        w.send(ada, pm(1002, &format!("p{seq}")));
    }
    w.hush();
    (w, ada, bob)
}

#[test]
fn the_other_of_two_hears_what_was_read() {
    let (mut w, ada, bob) = spoken(3);
    let phone = w.again(3, 1002);
    w.ask(bob, "r", read_with(1001, 2));
    assert_eq!(w.heard(ada), ["read user 1001 1002 #2"]);
    assert_eq!(w.heard(phone), ["read user 1001 1002 #2"]);
    assert_eq!(w.heard(bob), ["read user 1001 1002 #2", "ack [r]"]);
    w.send(ada, read_with(1002, 3));
    assert_eq!(w.heard(bob), ["read user 1002 1001 #3"], "one's own entries can be read too");
    w.hush();
}

#[test]
fn in_a_group_only_the_readers_own_devices_hear_it() {
    let (mut w, ada, bob) = spoken(3);
    let phone = w.again(3, 1002);
    w.ask(bob, "r", read_in(7, 2));
    assert_eq!(w.heard(bob), ["read group 7 1002 #2", "ack [r]"]);
    assert_eq!(w.heard(phone), ["read group 7 1002 #2"]);
    assert_eq!(w.heard(ada), [""; 0]);
}

#[test]
fn a_cursor_only_goes_up_and_not_beyond_the_newest() {
    let (mut w, _, bob) = spoken(3);
    w.send(bob, read_in(7, 99));
    assert_eq!(w.heard(bob), ["read group 7 1002 #3"]);
    for seq in [3, 2, 0, u64::MAX] {
        w.ask(bob, "r", read_in(7, seq));
        assert_eq!(w.heard(bob), ["ack [r]"], "{seq}");
    }
    w.send(bob, read_with(1001, 2));
    w.hush();
    for seq in [2, 1, 0] {
        w.send(bob, read_with(1001, seq));
        w.silence();
    }
}

#[test]
fn to_read_makes_nothing() {
    let (mut w, ada, _) = spoken(1);
    w.ask(ada, "a", read_with(5, 3));
    assert_eq!(w.heard(ada), ["ack [a]"], "a talk in which nobody has spoken");
    w.ask(ada, "b", read_in(8, 3));
    assert_eq!(w.heard(ada), ["refused [b] NotFound"]);
    w.ask(ada, "c", Command::Groups { listing: karez::chat::input::Listing::Own, cursor: None });
    assert_eq!(w.heard(ada), [r#"groups [c]: 7 "" owner open (2)"#]);
}

#[test]
fn what_one_says_to_oneself_is_read_once() {
    let (mut w, ada, _) = spoken(0);
    w.send(ada, pm(1001, "note"));
    w.hush();
    w.send(ada, read_with(1001, 1));
    assert_eq!(w.heard(ada), ["read user 1001 1001 #1"]);
}

#[test]
fn nobody_hears_what_is_read_over_a_block() {
    let (mut w, ada, bob) = spoken(4);
    w.send(bob, block(1001, true));
    w.send(bob, read_with(1001, 1));
    assert_eq!(w.heard(bob), ["read user 1001 1002 #1"]);
    w.send(ada, read_with(1002, 1));
    assert_eq!(w.heard(ada), ["read user 1002 1001 #1"]);
    w.silence();
    w.send(bob, block(1001, false));
    w.send(bob, read_with(1001, 2));
    assert_eq!(w.heard(ada), ["read user 1001 1002 #2"]);
}

#[test]
fn whoever_oversees_without_being_a_member_has_no_cursor() {
    let (mut w, _, _) = spoken(2);
    let overseer = SessionId(9);
    w.send(overseer, admin_login(id(9)));
    w.hush();
    w.ask(overseer, "r", read_in(7, 1));
    assert_eq!(w.heard(overseer), ["ack [r]"]);
    w.send(overseer, join(7));
    w.send(overseer, group(7, "3"));
    w.hush();
    w.send(overseer, read_in(7, 3));
    assert_eq!(w.heard(overseer), ["read group 7 9 #3"], "a member has one");
}

#[test]
fn the_cursor_goes_with_the_membership() {
    let (mut w, ada, bob) = spoken(3);
    w.send(bob, read_in(7, 1));
    w.send(bob, leave(7));
    w.ask(bob, "out", read_in(7, 2));
    assert_eq!(w.heard(bob).pop().unwrap(), "refused [out] Forbidden");
    w.send(bob, join(7));
    w.hush();
    w.send(bob, read_in(7, 3));
    w.silence();
    w.send(ada, act(7, Act::GroupDelete));
    w.send(ada, join(7));
    w.hush();
    w.send(ada, read_in(7, 99));
    w.silence();
}

#[test]
fn a_failed_turn_has_read_nothing() {
    let (mut w, ada, bob) = spoken(3);
    w.request(bob, Some("r"), read_with(1001, 2));
    w.request(bob, None, read_in(7, 2));
    w.fail();
    assert_eq!(
        w.heard(bob),
        ["refused [r] Internal { retry_ms: 1000 }", "refused Internal { retry_ms: 1000 }"]
    );
    w.silence();
    w.send(bob, read_with(1001, 1));
    assert_eq!(w.heard(ada), ["read user 1001 1002 #1"]);
}

#[test]
fn two_readings_in_one_turn_are_one_after_the_other() {
    let (mut w, ada, bob) = spoken(3);
    let phone = w.again(3, 1002);
    w.answers = Answers::Later;
    w.request(bob, Some("b"), read_with(1001, 2));
    w.request(phone, Some("p"), read_with(1001, 1));
    w.request(phone, None, read_with(1001, 3));
    while !w.asked.is_empty() {
        w.answer(0);
    }
    w.commit();
    assert_eq!(w.heard(ada), ["read user 1001 1002 #2", "read user 1001 1002 #3"]);
    let heard = ["read user 1001 1002 #2", "ack [p]", "read user 1001 1002 #3"];
    assert_eq!(w.heard(phone), heard);
    w.hush();
}

#[test]
fn who_is_put_out_while_the_store_is_asked_reads_nothing() {
    let (mut w, _, bob) = spoken(3);
    let phone = w.again(3, 1002);
    w.answers = Answers::Later;
    w.ask(bob, "r", read_in(7, 2));
    w.send(phone, leave(7));
    w.hush();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(bob), ["refused [r] Forbidden"]);
    w.silence();
}

#[test]
fn what_is_read_survives_a_restart() {
    let (mut w, _, bob) = spoken(3);
    w.send(bob, read_in(7, 2));
    w.send(bob, read_with(1001, 2));
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    let bob = w.again(1, 1002);
    for target in [Target::Group(id(7)), Target::User(id(1001))] {
        w.send(bob, Command::Read { target: target.clone(), seq: 2 });
        w.silence();
        w.send(bob, Command::Read { target, seq: 3 });
        assert_eq!(w.heard(bob).len(), 1);
    }
}

#[test]
fn no_group_has_a_reserved_name_and_the_daemon_may_be_read() {
    let (mut w, ada, _) = spoken(0);
    let system = || text_id("system");
    w.send(ada, Command::Read { target: Target::Group(system()), seq: 1 });
    w.send(ada, Command::Read { target: Target::User(system()), seq: 1 });
    assert_eq!(w.heard(ada), ["refused BadRequest(\"gid\", \"is reserved\")"]);
}
