//! Bans and mutes: their terms, and what they do not touch.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Grant, Identity};

use crate::net::World;
use crate::story::*;

#[test]
fn a_ban_puts_out_at_once_and_keeps_out_until_it_ends() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.hush();
    w.send(ada, ban(7, 1002, Some(60)));
    assert_eq!(w.heard(bob), ["group 7 #1 1001 Ada: *ban 1002 60*"]);
    w.wait_ms(59_999);
    for command in [join(7), group(7, "let me in"), members(7), typing_in(7)] {
        w.ask(bob, "x", command);
        assert_eq!(w.heard(bob), ["refused [x] Forbidden"]);
    }
    w.ask(ada, "a", act(7, Act::Add { uid: id(1002) }));
    assert_eq!(w.heard(ada).last().unwrap(), "refused [a] Conflict(\"this user is banned\")");
    w.wait_ms(1);
    w.send(bob, join(7));
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)"]);
}

#[test]
fn a_ban_without_seconds_lasts_until_it_is_lifted() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(ada, ban(7, 1002, None));
    w.hush();
    w.wait_ms(1_000_000_000_000);
    w.ask(bob, "j", join(7));
    assert_eq!(w.heard(bob), ["refused [j] Forbidden"]);
    w.ask(ada, "l", ban(7, 1002, Some(0)));
    assert_eq!(w.heard(ada), ["group 7 #2 1001 Ada: *ban 1002 0*", "ack [l] group 7 #2"]);
    w.send(bob, join(7));
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)"]);
}

#[test]
fn who_is_muted_reads_and_does_not_speak_even_after_coming_back() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.send(ada, mute(7, 1002, Some(10)));
    w.hush();
    w.wait_ms(4_000);
    let muted = "refused [x] Muted { retry_ms: Some(6000) }";
    for command in [group(7, "hm"), typing_in(7)] {
        w.ask(bob, "x", command);
        assert_eq!(w.heard(bob), [muted]);
    }
    w.send(ada, group(7, "hush"));
    assert_eq!(w.heard(bob), ["group 7 #2 1001 Ada: hush"]);
    w.send(bob, leave(7));
    w.hush();
    w.ask(bob, "x", group(7, "round the corner"));
    assert_eq!(w.heard(bob), [muted]);
    w.silence();
    w.wait_ms(6_000);
    w.send(bob, group(7, "at last"));
    assert_eq!(w.heard(bob).last().unwrap(), "group 7 #3 1002 Bob: at last");
    w.send(ada, mute(7, 1002, None));
    w.hush();
    w.ask(bob, "x", group(7, "again"));
    assert_eq!(w.heard(bob), ["refused [x] Muted { retry_ms: None }"]);
}

#[test]
fn a_later_term_replaces_the_one_before() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(ada, ban(7, 1002, None));
    w.send(ada, ban(7, 1002, Some(1)));
    w.hush();
    w.wait_ms(1_000);
    w.send(bob, join(7));
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)"]);
}

#[test]
fn sanctions_are_of_one_group_and_survive_a_restart() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(ada, ban(7, 1002, Some(60)));
    w.send(ada, mute(7, 1003, None));
    w.hush();
    w.send(bob, join(8));
    assert_eq!(w.heard(bob), ["joined 8 1002 Bob (1)"]);
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    later.now.unix = UnixMillis(59_999);
    let (bob, cid) = (later.again(2, 1002), later.again(3, 1003));
    later.ask(bob, "j", join(7));
    assert_eq!(later.heard(bob), ["refused [j] Forbidden"]);
    later.ask(cid, "g", group(7, "hi"));
    assert_eq!(later.heard(cid), ["refused [g] Muted { retry_ms: None }"]);
    later.wait_ms(1);
    later.send(bob, join(7));
    assert_eq!(later.heard(bob), ["joined 7 1002 Bob (2)"]);
}

#[test]
fn a_uid_that_is_banned_is_given_to_no_guest() {
    let mut w = world_with(|limits| limits.guests_reserved = 1);
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.send(ada, ban(7, 1002, None));
    w.hush();
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let bob = SessionId(2);
    later.send(bob, guest_login("Bob"));
    assert_eq!(later.heard(bob), ["login 1003 Bob guest"]);
}

#[test]
fn a_group_bans_and_mutes_so_many() {
    let mut w = world_with(|limits| limits.sanctions_per_group_max = 2);
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.send(ada, ban(7, 11, Some(1)));
    w.send(ada, mute(7, 12, None));
    w.hush();
    w.ask(ada, "b", ban(7, 13, None));
    let most = "the group has banned and muted as many as it may";
    assert_eq!(w.heard(ada), [format!("refused [b] Conflict({most:?})")]);
    w.ask(ada, "b", mute(7, 12, Some(5)));
    assert_eq!(w.heard(ada).last().unwrap(), "ack [b] group 7 #3", "it is no new one");
    w.wait_ms(1_000);
    w.ask(ada, "b", ban(7, 13, None));
    assert_eq!(w.heard(ada).last().unwrap(), "ack [b] group 7 #4", "the one that has ended makes room");
}

#[test]
fn a_token_opens_a_closed_group_and_lifts_no_ban() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    for gid in [7, 8] {
        w.send(ada, join(gid));
        w.send(ada, close(gid));
    }
    w.send(ada, ban(8, 5, None));
    w.hush();
    let eve = SessionId(2);
    let grant = Grant { groups: vec![id(7), id(8)], ..grant(id(5)) };
    w.send(eve, Command::Login(Identity::Known(grant), None));
    assert_eq!(w.heard(eve), ["login 5 5", "joined 7 5 5 (2)"]);
}
