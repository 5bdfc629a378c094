//! Blocking somebody, and the own display name.

use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::net::World;
use crate::story::*;

fn profile(name: &str) -> Command<'_> {
    Command::Profile { name: name.into() }
}

#[test]
fn private_messages_of_the_blocked_are_refused_and_those_to_him_are_not() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.ask(ada, "b", block(1002, true));
    assert_eq!(w.heard(ada), ["ack [b]"]);
    w.ask(bob, "m", pm(1001, "hi"));
    assert_eq!(w.heard(bob), ["refused [m] Forbidden"]);
    w.silence();
    w.send(ada, pm(1002, "one"));
    assert_eq!(w.heard(bob), ["pm 1001-1002 #1 1001 Ada: one"]);
    w.hush();
    w.ask(ada, "b", block(1002, false));
    w.ask(ada, "b", block(1002, false));
    assert_eq!(w.heard(ada), ["ack [b]", "ack [b]"]);
    w.send(bob, pm(1001, "two"));
    assert_eq!(w.heard(ada), ["pm 1001-1002 #2 1002 Bob: two"]);
}

#[test]
fn a_block_holds_while_one_is_away_and_after_a_restart() {
    let mut w = world_with(|limits| (limits.idle_users_max, limits.directs_cached_max) = (0, 0));
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, block(1002, true));
    w.leaves(ada);
    w.later_ms(5_000);
    w.send(bob, broadcast("time passes"));
    w.hush();
    w.ask(bob, "m", pm(1001, "hi"));
    assert_eq!(w.heard(bob), ["refused [m] Forbidden"]);
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let bob = later.again(2, 1002);
    later.ask(bob, "m", pm(1001, "hi"));
    assert_eq!(later.heard(bob), ["refused [m] Forbidden"]);
    later.send(SessionId(9), admin_login(id(5)));
    later.hush();
    later.ask(SessionId(9), "m", pm(1001, "from above"));
    assert_eq!(later.heard(SessionId(9)).last().unwrap(), "ack [m] user 1001 #1");
}

#[test]
fn the_blocked_sees_neither_presence_nor_typing() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(bob, presence(&[1001]));
    assert_eq!(w.heard(bob), ["presence: 1001 online"]);
    w.send(ada, block(1002, true));
    assert_eq!(w.heard(bob), ["presence: 1001 never seen"]);
    w.ask(ada, "t", typing_to(1002));
    w.ask(bob, "t", typing_to(1001));
    assert_eq!(w.heard(ada), ["ack [t]"], "nor is he seen typing");
    assert_eq!(w.heard(bob), ["ack [t]"]);
    w.leaves(ada);
    w.later_ms(5_000);
    w.silence();
    w.send(bob, presence(&[1001]));
    assert_eq!(w.heard(bob), ["presence: 1001 never seen"], "as whoever was never here");
    let ada = w.again(3, 1001);
    w.silence();
    w.send(ada, block(1002, false));
    assert_eq!(w.heard(bob), ["presence: 1001 online"]);
}

#[test]
fn a_user_blocks_so_many() {
    let mut w = world_with(|limits| limits.blocks_per_user_max = 2);
    let ada = w.guest(1, "Ada");
    for (uid, answer) in [
        (5, "ack [b]"),
        (6, "ack [b]"),
        (5, "ack [b]"),
        (7, "refused [b] Conflict(\"you block as many users as a user may block\")"),
        (1001, "refused [b] BadRequest(\"uid\", \"is yourself\")"),
    ] {
        w.ask(ada, "b", block(uid, true));
        assert_eq!(w.heard(ada), [answer]);
    }
}

#[test]
fn a_uid_that_is_blocked_is_given_to_no_guest() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, block(1002, true));
    w.hush();
    w.send(SessionId(2), guest_login("Bob"));
    assert_eq!(w.heard(SessionId(2)), ["login 1003 Bob guest"]);
}

#[test]
fn a_new_name_is_used_from_then_on() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "before"));
    w.send(bob, join(7));
    w.hush();
    w.ask(ada, "p", profile("  Ada Lovelace "));
    assert_eq!(w.heard(ada), ["ack [p]"]);
    w.silence();
    w.send(ada, group(7, "after"));
    assert_eq!(w.heard(bob), ["group 7 #2 1001 Ada Lovelace: after"]);
    for (name, why) in
        [(" ", "is empty"), ("a\u{7}", "has control characters"), (&"x".repeat(65), "is too long")]
    {
        w.ask(bob, "p", profile(name));
        assert_eq!(w.heard(bob), [format!("refused [p] BadRequest(\"name\", {why:?})")]);
    }
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    later.send(SessionId(1), guest_return(1001, None));
    assert_eq!(later.heard(SessionId(1)), ["login 1001 Ada Lovelace guest"]);
}
