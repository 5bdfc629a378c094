//! Who is there.

use karez::base::clock::UnixMillis;

use crate::story::*;

#[test]
fn the_answer_tells_how_they_are_and_changes_follow() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.ask(ada, "p", presence(&[1002, 77, 1002]));
    assert_eq!(w.heard(ada), ["presence [p]: 1002 online, 77 never seen"]);
    w.leaves(bob);
    w.later_ms(5_000);
    w.known(3, 77);
    w.again(4, 1002);
    let told = ["presence: 1002 last 0", "presence: 77 online", "presence: 1002 online"];
    assert_eq!(w.heard(ada), told);
}

#[test]
fn offline_is_told_after_the_grace() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.hush();
    w.now.unix = UnixMillis(1_700_000_000_000);
    w.leaves(bob);
    w.later_ms(4_999);
    w.silence();
    w.ask(ada, "p", presence(&[1002]));
    assert_eq!(w.heard(ada), ["presence [p]: 1002 online"], "within the grace");
    w.later_ms(1);
    assert_eq!(w.heard(ada), ["presence: 1002 last 1700000000000"]);
    assert_eq!(w.chat.next_deadline(), NOTHING_ELSE);
}

#[test]
fn a_quick_return_is_silent() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.hush();
    w.leaves(bob);
    w.later_ms(4_000);
    let bob = w.again(3, 1002);
    w.later_ms(60_000);
    w.silence();
    // A second departure has a grace of its own.
    w.leaves(bob);
    w.later_ms(4_999);
    w.silence();
    w.later_ms(1);
    assert_eq!(w.heard(ada).len(), 1);
}

#[test]
fn the_grace_counts_from_the_last_departure() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[1002]));
    w.hush();
    w.leaves(bob);
    w.later_ms(3_000);
    let bob = w.again(3, 1002);
    w.leaves(bob);
    w.later_ms(3_000);
    w.silence();
    w.later_ms(2_000);
    assert_eq!(w.heard(ada), ["presence: 1002 last 3000"]);
}

#[test]
fn one_of_two_devices_makes_no_difference() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    let tablet = w.again(3, 1002);
    w.send(ada, presence(&[1002]));
    w.hush();
    w.leaves(bob);
    w.later_ms(60_000);
    w.silence();
    w.leaves(tablet);
    w.later_ms(5_000);
    assert_eq!(w.heard(ada), ["presence: 1002 last 60000"]);
}

#[test]
fn a_session_watches_so_many_users() {
    let mut w = world_with(|limits| limits.watched_uids_max = 3);
    let ada = w.guest(1, "Ada");
    w.send(ada, presence(&[1, 2]));
    w.hush();
    let refused = "refused BadRequest(\"uids\", \"are more than a connection may watch\")";
    w.send(ada, presence(&[3, 4]));
    assert_eq!(w.heard(ada), [refused]);
    w.known(2, 3);
    w.silence();
    w.send(ada, presence(&[1, 2, 4]));
    assert_eq!(w.heard(ada), ["presence: 1 never seen, 2 never seen, 4 never seen"]);
    w.send(ada, presence(&[5]));
    assert_eq!(w.heard(ada), [refused]);
    let phone = w.again(3, 1001);
    w.send(phone, presence(&[5]));
    assert_eq!(w.heard(phone), ["presence: 5 never seen"], "each session has its own");
}

#[test]
fn a_session_that_has_gone_watches_nobody() {
    let mut w = world();
    let (ada, _bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, presence(&[77]));
    w.leaves(ada);
    w.hush();
    w.known(3, 77);
    w.silence();
}

#[test]
fn oneself_may_be_watched_and_the_next_guest_too() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, presence(&[1001, 1002]));
    assert_eq!(w.heard(ada), ["presence: 1001 online, 1002 never seen"]);
    w.guest(2, "Bob");
    assert_eq!(w.heard(ada), ["presence: 1002 online"]);
}
