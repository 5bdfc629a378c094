//! Sessions that are held by a token: what it says is done, until it ends.

use karez::base::clock::{Millis, UnixMillis};
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Grant, Identity, Role};

use crate::net::World;
use crate::story::*;

const FAILED: &str = "refused [x] Internal { retry_ms: 1000 }";

/// A token of uid 7 that holds until this second of the world's date.
fn until(exp_s: u64) -> Grant {
    Grant { exp_s, holds_until: UnixMillis(exp_s * 1_000), ..grant(id(7)) }
}

fn login(grant: Grant) -> Command<'static> {
    Command::Login(Identity::Known(grant), None)
}

fn refresh(grant: Grant) -> Command<'static> {
    Command::Refresh(Some(grant))
}

/// A world in which uid 7 is logged in until second 10.
fn world_until_10() -> (World, SessionId) {
    let mut w = world();
    let ann = SessionId(1);
    w.send(ann, login(until(10)));
    assert_eq!(w.heard(ann), ["login 7 7"]);
    (w, ann)
}

#[test]
fn a_token_that_ends_ends_the_session() {
    let (mut w, ann) = world_until_10();
    assert_eq!(w.chat.next_deadline(), Some(Millis(10_000)));
    w.later_ms(9_999);
    w.silence();
    w.later_ms(1);
    assert_eq!(w.heard(ann), ["bye TokenExpired"]);
    assert_eq!(w.chat.next_deadline(), NOTHING_ELSE, "it is said once");
    w.ask(ann, "x", group(1, "not heard any more"));
    w.silence();
    w.leaves(ann);
    assert_eq!(w.chat.counts().sessions, 0);
}

#[test]
fn each_session_has_its_own_token() {
    let (mut w, phone) = world_until_10();
    let (page, guest) = (SessionId(2), w.guest(3, "Ada"));
    w.send(page, login(until(20)));
    w.hush();
    w.later_ms(10_000);
    assert_eq!(w.heard(phone), ["bye TokenExpired"]);
    w.later_ms(10_000);
    assert_eq!(w.heard(page), ["bye TokenExpired"]);
    w.later_ms(1_000_000_000);
    w.ask(guest, "p", Command::Ping);
    assert_eq!(w.heard(guest), ["pong [p]"], "a guest's token has no end");
    w.silence();
}

#[test]
fn a_refresh_moves_the_end() {
    let (mut w, ann) = world_until_10();
    w.later_ms(9_000);
    w.ask(ann, "r", refresh(until(60)));
    assert_eq!(w.heard(ann), ["refreshed [r] 60"]);
    assert_eq!(w.chat.next_deadline(), Some(Millis(60_000)));
    w.later_ms(50_000);
    w.silence();
    w.send(ann, refresh(until(59)));
    assert_eq!(w.heard(ann), ["refreshed 59"]);
    w.later_ms(0);
    assert_eq!(w.heard(ann), ["bye TokenExpired"], "the token that came last counts, if it ends earlier too");
}

#[test]
fn a_refresh_that_is_refused_changes_nothing() {
    let (mut w, ann) = world_until_10();
    for command in [Command::Refresh(None), refresh(Grant { uid: id(8), ..until(60) })] {
        w.ask(ann, "r", command);
        assert_eq!(w.heard(ann), ["refused [r] Unauthorized"]);
    }
    assert_eq!(w.chat.next_deadline(), Some(Millis(10_000)));
    w.ask(ann, "p", Command::Ping);
    assert_eq!(w.heard(ann), ["pong [p]"], "the session goes on");

    let guest = w.guest(2, "Ada");
    w.ask(guest, "r", refresh(Grant { uid: id(1001), ..until(60) }));
    assert_eq!(w.heard(guest), ["refused [r] Unauthorized"], "a guest has nothing to refresh");
    let nobody = SessionId(3);
    w.ask(nobody, "r", refresh(until(60)));
    assert_eq!(w.heard(nobody), ["refused [r] LoginRequired"]);
    w.silence();
}

#[test]
fn refused_refreshes_count_for_the_rate() {
    let mut w = world_with(|limits| limits.messages_burst = 2);
    let ann = w.known(1, 7);
    for _ in 0..3 {
        w.send(ann, Command::Refresh(None));
    }
    let heard = w.heard(ann);
    assert_eq!(heard[..2], ["refused Unauthorized", "refused Unauthorized"]);
    assert!(heard[2].starts_with("refused RateLimited"), "{heard:?}");
}

#[test]
fn the_role_is_that_of_the_token_that_holds() {
    let mut w = world_with(|limits| limits.broadcast = karez::chat::BroadcastPolicy::Admins);
    let ann = SessionId(1);
    w.send(ann, login(Grant { role: Role::Agent, ..until(10) }));
    w.hush();
    w.send(ann, broadcast("may an agent?"));
    assert_eq!(w.heard(ann), ["refused Forbidden"]);
    w.send(ann, refresh(Grant { role: Role::Admin, ..until(10) }));
    w.hush();
    w.send(ann, broadcast("I may"));
    assert_eq!(w.heard(ann), ["broadcast 7 7: I may"]);
    w.send(ann, refresh(until(10)));
    w.hush();
    w.send(ann, broadcast("and no more"));
    assert_eq!(w.heard(ann), ["refused Forbidden"]);
}

#[test]
fn a_date_that_is_set_moves_no_end() {
    let (mut w, ann) = world_until_10();
    w.now.unix = UnixMillis(1_000_000_000);
    w.later_ms(5_000);
    w.silence();
    w.now.unix = UnixMillis(0);
    w.later_ms(5_000);
    assert_eq!(w.heard(ann), ["bye TokenExpired"]);
    // A new token is reckoned by the date of its coming.
    let late = SessionId(2);
    w.now.unix = UnixMillis(5_000);
    w.send(late, login(until(10)));
    assert_eq!(w.chat.next_deadline(), Some(Millis(15_000)));
    let past = SessionId(3);
    w.send(past, login(until(4)));
    w.hush();
    w.later_ms(0);
    assert_eq!(w.heard(past), ["bye TokenExpired"], "a token that ended while it waited for the store");
    let never = SessionId(4);
    w.send(never, login(Grant { holds_until: UnixMillis(u64::MAX), ..until(10) }));
    w.hush();
    w.later_ms(1_000_000_000_000);
    assert_eq!(w.heard(late), ["bye TokenExpired"]);
    w.silence();
}

#[test]
fn groups_of_a_token_are_joined_at_login() {
    let mut w = world();
    let bob = w.guest(1, "Bob");
    w.send(bob, join(7));
    w.hush();
    let ann = SessionId(2);
    let groups = vec![id(7), text_id("tea"), id(7)];
    w.ask(ann, "l", login(Grant { groups, name: Some("Ann".to_owned()), ..until(10) }));
    assert_eq!(w.heard(ann), ["login [l] 7 Ann", "joined 7 7 Ann (2)", "joined tea 7 Ann (1)"]);
    assert_eq!(w.heard(bob), ["joined 7 7 Ann (2)"]);
    w.send(bob, group(7, "hi"));
    assert_eq!(w.heard(ann), ["group 7 #1 1001 Bob: hi"]);
    w.hush();
    // Membership is stored: the next token need not say it again, and who left by hand is asked in again.
    w.send(ann, leave(7));
    w.leaves(ann);
    w.hush();
    let again = SessionId(3);
    w.send(again, login(Grant { groups: vec![id(7)], ..until(60) }));
    assert_eq!(w.heard(again), ["login 7 Ann", "joined 7 7 Ann (2)"]);
    w.send(again, group(7, "back"));
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let ann = SessionId(1);
    later.send(ann, login(until(60)));
    later.send(ann, Command::Members { gid: text_id("tea"), after: None, limit: None });
    assert_eq!(later.heard(ann), ["login 7 Ann", "members tea: 7 Ann owner"]);
}

#[test]
fn a_group_that_takes_nobody_does_not_keep_one_out() {
    let mut w = world_with(|limits| {
        limits.group_members_max = 1;
        limits.groups_per_user_max = 2;
    });
    let bob = w.guest(1, "Bob");
    w.send(bob, join(1));
    w.hush();
    let ann = SessionId(2);
    let groups = [1, 2, 3, 4].map(id).to_vec();
    w.send(ann, login(Grant { groups, ..until(10) }));
    assert_eq!(w.heard(ann), ["login 7 7", "joined 2 7 7 (1)", "joined 3 7 7 (1)"]);
    w.silence();
}

#[test]
fn a_login_with_groups_is_undone_with_them() {
    let mut w = world();
    let bob = w.guest(1, "Bob");
    w.send(bob, join(7));
    w.hush();
    let topics = w.topics();
    let ann = SessionId(2);
    let groups = || vec![id(7), id(8)];
    w.request(ann, Some("x"), login(Grant { groups: groups(), ..until(10) }));
    w.fail();
    assert_eq!(w.heard(ann), [FAILED]);
    assert_eq!(w.topics(), topics);
    assert_eq!(w.chat.next_deadline(), NOTHING_ELSE);
    w.silence();
    w.send(bob, members(7));
    w.send(bob, members(8));
    assert_eq!(w.heard(bob), ["members 7: 1001 Bob owner", "refused NotFound"]);
    w.send(ann, login(Grant { groups: groups(), ..until(10) }));
    assert_eq!(w.heard(ann), ["login 7 7", "joined 7 7 7 (2)", "joined 8 7 7 (1)"]);
}

#[test]
fn a_refresh_is_undone() {
    let (mut w, ann) = world_until_10();
    w.request(ann, Some("x"), refresh(until(60)));
    w.request(ann, Some("x"), refresh(Grant { role: Role::Admin, ..until(70) }));
    w.fail();
    assert_eq!(w.heard(ann), [FAILED, FAILED]);
    assert_eq!(w.chat.next_deadline(), Some(Millis(10_000)));
    // Somebody who went in the failed turn leaves no deadline behind.
    w.request(ann, Some("x"), refresh(until(60)));
    w.gone(ann);
    w.fail();
    w.later_ms(5_000);
    assert_eq!(w.chat.next_deadline(), NOTHING_ELSE);
}

#[test]
fn an_end_that_was_undone_comes_again() {
    let (mut w, ann) = world_until_10();
    w.wait_ms(10_000);
    w.deadline();
    w.request(ann, Some("x"), group(1, "not heard"));
    w.fail();
    assert_eq!(w.heard(ann), [FAILED]);
    assert_eq!(w.chat.next_deadline(), Some(Millis(10_000)));
    w.later_ms(0);
    assert_eq!(w.heard(ann), ["bye TokenExpired"]);
}

#[test]
fn nobody_inherits_a_guests_uid() {
    let mut w = world();
    w.guest(1, "Ada");
    let ben = w.guest(2, "Ben");
    w.send(ben, join(7));
    w.hush();
    let site = SessionId(3);
    for guest in [1001, 1002] {
        w.ask(site, "l", login(Grant { uid: id(guest), ..until(10) }));
        assert_eq!(w.heard(site), ["refused [l] Unauthorized", "bye Unauthorized"]);
    }
    // A guest of an earlier life is one by the store, or, if he never spoke, by the numbers that were reserved.
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    for guest in [1001, 1002] {
        later.send(site, login(Grant { uid: id(guest), ..until(10) }));
        assert_eq!(later.heard(site), ["refused Unauthorized", "bye Unauthorized"]);
    }
    // And a uid that is the site's is not to be had by a guest's token.
    later.known(4, 7);
    let eve = SessionId(5);
    later.send(eve, guest_return(7, None));
    assert_eq!(later.heard(eve), ["refused Unauthorized", "bye Unauthorized"]);
    later.send(SessionId(6), guest_login("Next"));
    assert_eq!(later.heard(SessionId(6)), ["login 1101 Next guest"]);
}

#[test]
fn who_has_a_uid_among_the_guests_numbers_keeps_it() {
    let mut w = world();
    w.known(1, 1002);
    w.guest(2, "Ada");
    assert_eq!(w.guest(3, "Bob"), SessionId(3));
    w.known(4, 1002);
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    for session in 1..4 {
        later.guest(session, "Somebody");
    }
    later.known(9, 1002);
    later.silence();
}
