//! Requests that wait for the store.

use karez::chat::Counts;
use karez::chat::ids::SessionId;
use karez::chat::input::Input;
use karez::chat::output::Query;

use crate::net::{Answers, World};
use crate::story::*;

/// A world in which Ada and Bob are there and the store takes its time from now on.
fn slow_world() -> (World, SessionId, SessionId) {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.answers = Answers::Later;
    (w, ada, bob)
}

#[test]
fn a_request_waits_for_the_answer() {
    let (mut w, ada, _) = slow_world();
    w.ask(ada, "m", group(7, "hi"));
    w.silence();
    assert_eq!(w.asked, [Query::Group(id(7))]);
    w.answer(0);
    w.silence();
    assert_eq!(w.asked, [Query::Sent { uid: id(1001), id: "m".into() }], "one thing after the other");
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: hi", "ack [m] group 7 #1"]);
}

#[test]
fn the_requests_of_a_session_stay_in_order() {
    let (mut w, ada, bob) = slow_world();
    w.ask(ada, "1", join(7));
    w.ask(ada, "2", pm(5, "second"));
    w.ask(ada, "3", karez::chat::input::Command::Ping);
    w.ask(bob, "b", karez::chat::input::Command::Ping);
    assert_eq!(w.heard(bob), ["pong [b]"], "others go on");
    w.silence();
    assert_eq!(w.asked, [Query::Group(id(7))], "what stands behind asks for nothing yet");
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [1]"]);
    assert_eq!(w.asked, [Query::Direct(id(5), id(1001))]);
    w.answer(0);
    w.commit();
    assert_eq!(w.asked, [Query::User(id(5))], "one thing after the other");
    w.answer(0);
    assert_eq!(w.asked, [Query::Sent { uid: id(1001), id: "2".into() }]);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["pm 5-1001 #1 1001 Ada: second", "ack [2] user 5 #1", "pong [3]"]);
}

#[test]
fn what_was_loaded_for_a_request_stays_until_it_is_served() {
    let mut w = world_with(|limits| (limits.idle_users_max, limits.directs_cached_max) = (0, 0));
    let ada = w.guest(1, "Ada");
    w.answers = Answers::Later;
    w.ask(ada, "m", pm(5, "hi"));
    for _ in 0..3 {
        w.answer(0);
        w.commit();
    }
    assert_eq!(w.heard(ada), ["pm 5-1001 #1 1001 Ada: hi", "ack [m] user 5 #1"]);
    w.commit();
    assert_eq!((w.chat.counts().directs, w.chat.counts().users), (0, 1));
}

#[test]
fn two_sessions_ask_once_for_the_same() {
    let (mut w, ada, bob) = slow_world();
    w.ask(ada, "a", join(7));
    w.ask(bob, "b", join(7));
    assert_eq!(w.asked.len(), 1);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [a]", "joined 7 1002 Bob (2)"]);
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)", "ack [b]"]);
}

#[test]
fn answers_may_come_in_any_order() {
    let (mut w, ada, bob) = slow_world();
    w.ask(ada, "a", join(7));
    w.ask(bob, "b", join(8));
    w.answer(1);
    w.commit();
    assert_eq!(w.heard(bob), ["joined 8 1002 Bob (1)", "ack [b]"]);
    w.silence();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [a]"]);
}

#[test]
fn two_guests_at_once_get_two_numbers() {
    let (mut w, _, _) = slow_world();
    let (cid, dan) = (SessionId(3), SessionId(4));
    w.send(cid, guest_login("Cid"));
    w.send(dan, guest_login("Dan"));
    assert_eq!(w.asked, [Query::Named(id(1003))]);
    w.answer(0);
    assert_eq!(w.asked, [Query::Named(id(1004))]);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(cid), ["login 1003 Cid guest"]);
    assert_eq!(w.heard(dan), ["login 1004 Dan guest"]);
}

#[test]
fn what_follows_a_waiting_login_is_served_as_that_user() {
    let (mut w, _, _) = slow_world();
    let cid = SessionId(3);
    w.send(cid, guest_login("Cid"));
    w.ask(cid, "b", broadcast("hello"));
    w.silence();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(cid), ["login 1003 Cid guest", "broadcast 1003 Cid: hello", "ack [b]"]);
}

#[test]
fn a_session_that_goes_takes_its_waiting_requests_along() {
    let (mut w, ada, bob) = slow_world();
    w.ask(ada, "a", join(7));
    w.ask(bob, "b", join(7));
    w.leaves(ada);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (1)", "ack [b]"]);
}

#[test]
fn a_login_that_waited_for_too_long_is_nobody() {
    let (mut w, _, _) = slow_world();
    let cid = SessionId(3);
    w.send(cid, guest_login("Cid"));
    w.leaves(cid);
    w.answer(0);
    w.commit();
    assert_eq!(w.chat.counts().sessions, 2);
    assert!(w.topics().iter().all(|(_, subscribers)| !subscribers.contains(&cid)));
}

#[test]
fn a_failed_turn_ends_the_waiting() {
    let (mut w, ada, bob) = slow_world();
    w.request(ada, Some("1"), join(7));
    w.request(ada, Some("2"), broadcast("behind"));
    w.request(bob, Some("b"), broadcast("lost"));
    w.fail();
    let failed = |id| format!("refused [{id}] Internal {{ retry_ms: 1000 }}");
    assert_eq!(w.heard(ada), [failed("1"), failed("2")]);
    assert_eq!(w.heard(bob), [failed("b")]);
    // The store may never answer the first time; it is asked again.
    w.asked.clear();
    w.ask(ada, "3", join(7));
    assert_eq!(w.asked, [Query::Group(id(7))]);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [3]"]);
}

#[test]
fn an_answer_after_the_waiting_was_ended_does_no_harm() {
    let (mut w, ada, _) = slow_world();
    w.request(ada, Some("1"), join(7));
    w.fail();
    w.hush();
    w.answer(0);
    w.commit();
    w.silence();
    w.ask(ada, "2", join(7));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [2]"], "it is even of use");
}

#[test]
fn a_request_that_waited_behind_an_undone_login_is_refused_with_it() {
    let (mut w, _, _) = slow_world();
    let cid = SessionId(3);
    w.request(cid, Some("l"), known_login(id(5), None));
    w.answer(0);
    w.request(cid, Some("j"), join(7));
    w.fail();
    let failed = |id| format!("refused [{id}] Internal {{ retry_ms: 1000 }}");
    assert_eq!(w.heard(cid), [failed("l"), failed("j")]);
    w.ask(cid, "j", join(7));
    assert_eq!(w.heard(cid), ["refused [j] LoginRequired"]);
}

#[test]
fn an_answer_that_nobody_waits_for_does_no_harm() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "one"));
    w.hush();
    let stale = karez::chat::output::Record::Group(id(7), None);
    w.input(Input::Answer(stale));
    w.send(ada, group(7, "two"));
    assert_eq!(w.heard(ada), ["group 7 #2 1001 Ada: two"]);
}

#[test]
fn a_flood_or_a_bad_request_asks_the_store_for_nothing() {
    let (mut w, ada, _) = slow_world();
    for _ in 0..100 {
        w.send(ada, typing_to(77));
    }
    w.send(ada, group(7, "over the rate"));
    w.wait_ms(60_000);
    w.send(ada, group(8, &"x".repeat(70_000)));
    assert!(w.asked.is_empty());
    assert_eq!(w.heard(ada).len(), 2);
}

#[test]
fn the_idle_are_forgotten_and_asked_for_again() {
    let mut w = world_with(|limits| {
        limits.idle_users_max = 2;
        limits.idle_groups_max = 2;
        limits.directs_cached_max = 2;
    });
    let root = w.known(1, 1);
    for n in 10..20 {
        let session = w.known(n, n);
        w.send(session, group(n, "hello"));
        w.leaves(session);
        w.later_ms(5_000);
        w.send(root, pm(n, "bye"));
    }
    w.hush();
    // Only what was used last is still known; the rest is asked for, and goes on where it was.
    w.answers = Answers::Later;
    w.ask(root, "x", join(10));
    assert_eq!(w.asked, [Query::Group(id(10))]);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(root), ["joined 10 1 1 (2)", "ack [x]"]);
    w.answers = Answers::AtOnce;
    w.send(root, group(10, "back"));
    w.send(root, pm(10, "again"));
    assert_eq!(w.heard(root), ["group 10 #2 1 1: back", "pm 1-10 #2 1 1: again"]);
    w.send(root, presence(&[10, 19]));
    assert_eq!(
        w.heard(root),
        ["presence: 10 never seen, 19 last 45000"],
        "`last` is as long-lived as the row"
    );
}

#[test]
fn when_all_have_gone_nothing_is_held() {
    let mut w = world_with(|limits| {
        limits.idle_users_max = 0;
        limits.idle_groups_max = 0;
        limits.directs_cached_max = 0;
    });
    for n in 1..=20 {
        let session = w.known(n, n);
        w.send(session, presence(&[n + 1, 99]));
        w.send(session, group(1 + n % 3, "hello"));
        w.send(session, pm(n / 2 + 1, "hi"));
        if n % 4 == 0 {
            w.send(session, leave(1 + n % 3));
        }
    }
    for n in 1..=20 {
        w.leaves(SessionId(n));
    }
    w.later_ms(5_000);
    assert_eq!(w.chat.counts(), Counts::default());
}
