//! Turns whose commit fails: nothing of them ever was.

use karez::chat::act::Act;
use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::Command;
use karez::chat::output::GroupRole;

use crate::net::World;
use crate::story::*;

const FAILED: &str = "refused [x] Internal { retry_ms: 1000 }";

#[test]
fn a_failed_turn_is_as_if_it_never_was() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "one"));
    w.hush();
    let topics = w.topics();
    w.request(bob, Some("x"), join(7));
    w.request(ada, Some("x"), group(7, "lost"));
    w.request(ada, Some("x"), group(8, "a group that is not made"));
    w.request(ada, Some("x"), pm(1002, "lost too"));
    w.fail();
    assert_eq!(w.heard(bob), [FAILED]);
    assert_eq!(w.heard(ada), [FAILED, FAILED, FAILED]);
    assert_eq!(w.topics(), topics);
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 1);

    w.ask(bob, "m", members(7));
    assert_eq!(w.heard(bob), ["refused [m] Forbidden"]);
    w.ask(bob, "m", members(8));
    assert_eq!(w.heard(bob), ["refused [m] NotFound"]);
    w.ask(ada, "m", group(7, "two"));
    assert_eq!(w.heard(ada), ["group 7 #2 1001 Ada: two", "ack [m] group 7 #2"]);
    w.ask(ada, "n", pm(1002, "first"));
    assert_eq!(w.heard(ada), ["pm 1001-1002 #1 1001 Ada: first", "ack [n] user 1002 #1"]);
}

#[test]
fn every_request_of_the_turn_is_refused_with_its_own_id() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.request(ada, Some("a"), join(7));
    w.request(bob, None, join(7));
    w.request(ada, Some("bc"), members(9));
    w.request(ada, None, pm(5, "x"));
    w.request(bob, Some("d"), karez::chat::input::Command::Ping);
    w.fail();
    let failed = |id: &str| format!("refused{id} Internal {{ retry_ms: 1000 }}");
    assert_eq!(w.heard(ada), [failed(" [a]"), failed(" [bc]"), failed("")]);
    assert_eq!(w.heard(bob), [failed(""), failed(" [d]")]);
}

#[test]
fn a_login_is_undone_and_can_be_tried_again() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, presence(&[1002, 1003, 5]));
    w.hush();
    let bob = SessionId(2);
    w.request(bob, Some("x"), guest_login("Bob"));
    let eve = SessionId(3);
    w.request(eve, Some("x"), known_login(id(5), Some("Eve")));
    w.fail();
    assert_eq!(w.heard(bob), [FAILED]);
    assert_eq!(w.heard(eve), [FAILED]);
    w.silence();
    w.ask(bob, "y", join(7));
    assert_eq!(w.heard(bob), ["refused [y] LoginRequired"]);
    w.send(bob, guest_login("Bob"));
    assert_eq!(w.heard(bob), ["login 1003 Bob guest"], "a number is never given twice");
    w.send(eve, known_login(id(5), None));
    assert_eq!(w.heard(eve), ["login 5 5"], "the name of the failed turn is forgotten");
    assert_eq!(w.heard(ada), ["presence: 1003 online", "presence: 5 online"]);
}

#[test]
fn a_new_name_is_undone() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.request(SessionId(2), None, guest_return(1001, Some("Eve")));
    w.fail();
    w.hush();
    w.send(ada, join(7));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)"]);
    w.request(SessionId(3), None, guest_return(1001, Some("Eve")));
    w.fail();
    w.hush();
    w.send(ada, group(7, "hi"));
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: hi"]);
}

#[test]
fn a_leave_is_undone_with_rank_and_ownership() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    for session in [ada, bob, cid] {
        w.send(session, join(7));
    }
    w.hush();
    w.request(ada, None, leave(7));
    w.request(bob, None, leave(7));
    w.fail();
    w.hush();
    w.send(cid, members(7));
    assert_eq!(w.heard(cid), ["members 7: 1001 Ada owner, 1002 Bob, 1003 Cid"]);
    w.send(cid, group(7, "all here?"));
    for session in [ada, bob, cid] {
        assert_eq!(w.heard(session), ["group 7 #1 1003 Cid: all here?"]);
    }
    w.send(ada, leave(7));
    w.hush();
    w.send(cid, members(7));
    assert_eq!(w.heard(cid), ["members 7: 1002 Bob owner, 1003 Cid"], "Bob still stands before Cid");
}

#[test]
fn joining_and_leaving_over_and_over_in_one_failed_turn() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.hush();
    for command in [leave(7), join(7), leave(7), join(8), leave(8)] {
        w.request(ada, None, command);
    }
    w.request(bob, None, join(7));
    w.fail();
    w.hush();
    w.send(ada, group(7, "hi"));
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: hi"]);
    w.silence();
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["members 7: 1001 Ada owner"]);
}

#[test]
fn who_went_in_a_failed_turn_stays_away() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.send(ada, presence(&[1002]));
    w.hush();
    w.request(bob, Some("x"), group(7, "last words"));
    w.gone(bob);
    w.fail();
    w.silence();
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["members 7: 1001 Ada owner, 1002 Bob away"]);
    w.later_ms(5_000);
    assert_eq!(w.heard(ada), ["presence: 1002 last 0"]);
    let bob = w.again(3, 1002);
    w.hush();
    w.send(ada, group(7, "hi"));
    assert_eq!(w.heard(bob), ["group 7 #1 1001 Ada: hi"], "and is a member when he returns");
}

#[test]
fn a_session_that_logged_in_and_went_in_a_failed_turn_leaves_no_trace() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, presence(&[5]));
    w.hush();
    w.request(SessionId(2), None, known_login(id(5), None));
    w.request(SessionId(2), None, join(7));
    w.gone(SessionId(2));
    w.fail();
    w.later_ms(60_000);
    w.silence();
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["refused NotFound"]);
}

#[test]
fn a_departure_that_was_not_told_is_told_later() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.leaves(bob);
    w.hush();
    w.wait_ms(5_000);
    w.deadline();
    w.fail();
    w.silence();
    assert!(w.chat.next_deadline().is_some());
    w.deadline();
    w.commit();
    assert_eq!(w.heard(ada), ["presence: 1002 last 0"]);
}

#[test]
fn a_grace_that_ran_out_unseen_behind_an_undone_login_is_not_lost() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.leaves(bob);
    w.hush();
    w.request(SessionId(3), None, guest_return(1002, None));
    w.wait_ms(5_000);
    w.deadline();
    w.fail();
    w.told(SessionId(3));
    w.silence();
    w.deadline();
    w.commit();
    assert_eq!(w.heard(ada), ["presence: 1002 last 0"]);
}

#[test]
fn who_lost_the_old_session_and_the_new_one_in_a_failed_turn_departs() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.hush();
    w.wait_ms(1_000);
    w.request(SessionId(3), None, guest_return(1002, None));
    w.gone(bob);
    w.fail();
    w.told(SessionId(3));
    w.later_ms(5_000);
    assert_eq!(w.heard(ada), ["presence: 1002 last 1000"]);
}

#[test]
fn a_watch_of_a_failed_turn_is_none() {
    let mut w = world_with(|limits| limits.watched_uids_max = 1);
    let ada = w.guest(1, "Ada");
    w.request(ada, Some("x"), presence(&[5]));
    w.fail();
    assert_eq!(w.heard(ada), [FAILED]);
    w.known(2, 5);
    w.silence();
    w.send(ada, presence(&[6]));
    assert_eq!(w.heard(ada), ["presence: 6 never seen"], "it does not count either");
}

#[test]
fn an_end_that_was_not_ordered_is_ordered_again() {
    let mut w = world_with(|limits| limits.over_rate_ms = 0);
    let ada = w.guest(1, "Ada");
    for _ in 0..100 {
        w.send(ada, typing_to(77));
    }
    w.request(ada, Some("x"), typing_to(77));
    w.fail();
    assert_eq!(w.heard(ada), [FAILED]);
    w.send(ada, typing_to(77));
    assert_eq!(w.heard(ada), ["bye TooManyMessages"]);
}

#[test]
fn what_the_store_has_after_a_failure_is_what_the_core_has() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "one"));
    w.request(bob, None, group(7, "lost"));
    w.request(ada, None, leave(7));
    w.fail();
    w.send(bob, pm(1001, "hi"));
    w.send(ada, group(7, "two"));
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let ada = later.again(1, 1001);
    later.send(ada, members(7));
    later.send(ada, group(7, "three"));
    assert_eq!(later.heard(ada), ["members 7: 1001 Ada owner", "group 7 #3 1001 Ada: three"]);
}

/// Bob was put out, Cid muted and made an admin, the group renamed, and all that in a turn that failed.
#[test]
fn acts_are_undone() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    for session in [ada, bob, cid] {
        w.send(session, join(7));
    }
    w.hush();
    let topics = w.topics();
    let acts = [
        act(7, Act::GroupUpdate { name: Some("Tea".into()), open: Some(false) }),
        role(7, 1003, GroupRole::Admin),
        mute(7, 1003, None),
        ban(7, 1002, None),
        role(7, 1003, GroupRole::Owner),
        act(7, Act::Add { uid: id(5) }),
        kick(7, 1003),
    ];
    for command in acts {
        w.request(ada, Some("x"), command);
    }
    w.fail();
    assert_eq!(w.heard(ada), [FAILED; 7]);
    w.silence();
    assert_eq!(w.topics(), topics);
    w.send(cid, members(7));
    assert_eq!(w.heard(cid), ["members 7: 1001 Ada owner, 1002 Bob, 1003 Cid"]);
    w.send(cid, group(7, "not muted"));
    assert_eq!(w.heard(bob), ["group 7 #1 1003 Cid: not muted"]);
    let dan = w.guest(4, "Dan");
    w.send(dan, join(7));
    assert_eq!(w.heard(dan), ["joined 7 1004 Dan (4)"], "the group is open");
}

#[test]
fn a_lifted_sanction_is_put_back() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(ada, ban(7, 1002, Some(60)));
    w.hush();
    w.request(ada, Some("x"), ban(7, 1002, Some(0)));
    w.request(ada, Some("x"), ban(7, 1002, Some(1)));
    w.fail();
    w.hush();
    w.wait_ms(59_999);
    w.ask(bob, "j", join(7));
    assert_eq!(w.heard(bob), ["refused [j] Forbidden"]);
}

#[test]
fn a_deleted_group_is_put_back_with_all_that_it_had() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, group(7, "one"));
    w.send(bob, join(7));
    w.send(ada, act(7, Act::GroupUpdate { name: Some("Tea".into()), open: Some(false) }));
    w.send(ada, role(7, 1002, GroupRole::Admin));
    w.send(ada, mute(7, 1003, None));
    w.hush();
    let topics = w.topics();
    w.request(ada, Some("x"), act(7, Act::GroupDelete));
    w.request(bob, Some("x"), group(7, "made anew"));
    w.fail();
    assert_eq!(w.heard(ada), [FAILED]);
    assert_eq!(w.heard(bob), [FAILED]);
    assert_eq!(w.topics(), topics);
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 4);
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["members 7: 1001 Ada owner, 1002 Bob admin"]);
    w.ask(cid, "j", join(7));
    assert_eq!(w.heard(cid), ["refused [j] NotFound"], "it is closed");
    w.send(ada, act(7, Act::Add { uid: id(1003) }));
    w.hush();
    w.ask(cid, "g", group(7, "hi"));
    assert_eq!(w.heard(cid), ["refused [g] Muted { retry_ms: None }"]);
    w.send(ada, group(7, "two"));
    assert_eq!(w.heard(bob), ["group 7 #6 1001 Ada: two"]);
}

#[test]
fn a_block_and_a_name_of_ones_own_are_undone() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(bob, presence(&[1001]));
    w.hush();
    w.request(ada, Some("x"), Command::Block { uid: id(1002), on: true });
    w.request(ada, Some("x"), Command::Profile { name: "Eve".into() });
    w.fail();
    assert_eq!(w.heard(ada), [FAILED, FAILED]);
    w.silence();
    w.send(bob, pm(1001, "hi"));
    assert_eq!(w.heard(ada), ["pm 1001-1002 #1 1002 Bob: hi"]);
    w.send(ada, pm(1002, "hi"));
    assert_eq!(w.heard(bob).last().unwrap(), "pm 1001-1002 #2 1001 Ada: hi");
}
