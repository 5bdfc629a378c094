//! Joining, leaving and speaking in groups.

use std::borrow::Cow;

use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::{Command, Draft};

use crate::net::{Told, World};
use crate::story::*;

#[test]
fn three_talk_and_a_fourth_hears_nothing() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    let outsider = w.guest(4, "Dan");
    for session in [ada, bob, cid] {
        w.send(session, join(7));
    }
    w.hush();
    w.send(ada, group(7, "hello"));
    w.send(bob, group(7, "hi"));
    for session in [ada, bob, cid] {
        assert_eq!(w.heard(session), ["group 7 #1 1001 Ada: hello", "group 7 #2 1002 Bob: hi"]);
    }
    assert!(w.heard(outsider).is_empty());
}

#[test]
fn the_joiner_and_the_leaver_hear_their_own_notice() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.ask(ada, "j", join(7));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "ack [j]"]);
    w.send(bob, join(7));
    assert_eq!(w.heard(ada), ["joined 7 1002 Bob (2)"]);
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)"]);
    w.ask(bob, "l", leave(7));
    assert_eq!(w.heard(ada), ["left 7 1002 Bob (1)"]);
    assert_eq!(w.heard(bob), ["left 7 1002 Bob (1)", "ack [l]"]);
    w.send(ada, group(7, "alone"));
    assert!(w.heard(bob).is_empty());
}

#[test]
fn joining_twice_and_leaving_twice_change_nothing() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.hush();
    w.ask(ada, "again", join(7));
    assert_eq!(w.heard(ada), ["ack [again]"]);
    w.send(bob, leave(7));
    w.hush();
    w.ask(bob, "again", leave(7));
    assert_eq!(w.heard(bob), ["ack [again]"]);
    w.silence();
    w.ask(bob, "x", leave(8));
    assert_eq!(w.heard(bob), ["refused [x] NotFound"]);
}

#[test]
fn speaking_in_an_unknown_group_makes_it() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", group(7, "first"));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: first", "ack [m] group 7 #1"]);
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["members 7: 1001 Ada owner"]);
}

#[test]
fn speaking_in_an_open_group_joins_it() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "first"));
    w.hush();
    w.send(bob, group(7, "second"));
    let both = ["joined 7 1002 Bob (2)", "group 7 #2 1002 Bob: second"];
    assert_eq!(w.heard(ada), both);
    assert_eq!(w.heard(bob), both);
}

#[test]
fn each_device_of_the_author_hears_the_entry_once_and_only_the_sender_is_acked() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    let phone = w.again(2, 1001);
    w.hush();
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: hi", "ack [m] group 7 #1"]);
    assert_eq!(w.heard(phone), ["group 7 #1 1001 Ada: hi"]);
}

#[test]
fn all_devices_join_and_leave_together() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let phone = w.again(2, 1001);
    w.send(ada, join(7));
    assert_eq!(w.heard(phone), ["joined 7 1001 Ada (1)"]);
    w.send(phone, leave(7));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "left 7 1001 Ada (0)"]);
    let bob = w.guest(3, "Bob");
    w.send(bob, group(7, "anyone?"));
    assert!(w.heard(ada).is_empty());
}

#[test]
fn large_groups_hear_no_notices() {
    let mut w = world_with(|limits| limits.notice_members_max = 2);
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.hush();
    w.ask(cid, "j", join(7));
    assert_eq!(w.heard(cid), ["ack [j]"]);
    w.silence();
    w.ask(cid, "l", leave(7));
    assert_eq!(w.heard(cid), ["ack [l]"]);
    w.silence();
    w.send(bob, leave(7));
    assert_eq!(w.heard(ada), ["left 7 1002 Bob (1)"]);
}

#[test]
fn the_longest_standing_member_follows_the_owner() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(cid, join(7));
    w.send(bob, join(7));
    w.send(ada, join(7));
    w.send(cid, leave(7));
    w.hush();
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["members 7: 1001 Ada, 1002 Bob owner"], "Bob is there longer than Ada");

    // The order of joining and the owner are in the store too.
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let (ada, bob) = (later.again(1, 1001), later.again(2, 1002));
    later.send(SessionId(3), guest_return(1003, None));
    later.send(SessionId(3), join(7));
    later.send(bob, leave(7));
    later.hush();
    later.send(ada, members(7));
    assert_eq!(later.heard(ada), ["members 7: 1001 Ada owner, 1003 Cid"]);
}

#[test]
fn an_empty_group_keeps_its_entries_and_its_next_member_is_the_owner() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "first"));
    w.send(ada, leave(7));
    w.hush();
    w.ask(bob, "m", group(7, "still here"));
    assert_eq!(
        w.heard(bob),
        ["joined 7 1002 Bob (1)", "group 7 #2 1002 Bob: still here", "ack [m] group 7 #2"]
    );
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["members 7: 1002 Bob owner"]);
}

#[test]
fn a_returning_member_hears_the_group_again() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.leaves(bob);
    w.later_ms(60_000);
    let bob = w.again(3, 1002);
    w.hush();
    w.send(ada, group(7, "welcome back"));
    assert_eq!(w.heard(bob), ["group 7 #1 1001 Ada: welcome back"]);
}

#[test]
fn a_user_may_be_in_so_many_groups() {
    let mut w = world_with(|limits| limits.groups_per_user_max = 2);
    let ada = w.guest(1, "Ada");
    w.send(ada, join(1));
    w.send(ada, join(2));
    w.hush();
    for command in [join(3), group(3, "hi")] {
        w.ask(ada, "x", command);
        let refused = "refused [x] Conflict(\"you are in as many groups as a user may be in\")";
        assert_eq!(w.heard(ada), [refused]);
    }
    w.ask(ada, "x", leave(3));
    assert_eq!(w.heard(ada), ["refused [x] NotFound"], "the group was not made");
    w.send(ada, leave(1));
    w.hush();
    w.ask(ada, "x", join(3));
    assert_eq!(w.heard(ada), ["joined 3 1001 Ada (1)", "ack [x]"]);
}

#[test]
fn who_is_in_a_group_stays_when_it_may_have_fewer() {
    let mut w = world();
    let [ada, ben, cem] = [(1, "Ada"), (2, "Ben"), (3, "Cem")].map(|(n, name)| w.guest(n, name));
    w.send(ada, join(7));
    w.send(ben, join(7));
    w.chat.set_limits(karez::chat::Limits { group_members_max: 1, ..karez::chat::Limits::default() });
    w.hush();
    w.ask(cem, "x", join(7));
    assert!(w.heard(cem)[0].starts_with("refused [x] Conflict"));
    w.silence();
    w.send(ben, group(7, "still here"));
    assert!(w.heard(ada)[0].contains("still here"));
}

#[test]
fn a_group_may_have_so_many_members() {
    let mut w = world_with(|limits| limits.group_members_max = 1);
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.hush();
    w.ask(bob, "x", group(7, "hi"));
    let refused = "refused [x] Conflict(\"the group has as many members as a group may have\")";
    assert_eq!(w.heard(bob), [refused]);
    w.silence();
}

#[test]
fn what_is_said_is_bounded() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let bytes = |n: usize| Cow::Owned("x".repeat(n));
    let refused = |w: &mut World, draft: Draft<'static>| {
        w.send(ada, Command::Group { gid: id(7), draft: draft.clone() });
        let in_group = w.heard(ada);
        w.send(ada, Command::Pm { uid: id(1001), draft });
        assert_eq!(w.heard(ada), in_group);
        in_group.join(" ")
    };
    let plain = || Draft { content: "hi".into(), ..Draft::default() };
    let too_large = |field| format!("refused TooLarge(\"{field}\")");
    assert_eq!(refused(&mut w, Draft { content: bytes(65_537), ..plain() }), too_large("content"));
    assert_eq!(refused(&mut w, Draft { kind: Some(bytes(65)), ..plain() }), too_large("kind"));
    assert_eq!(refused(&mut w, Draft { data: Some(bytes(16_385)), ..plain() }), too_large("data"));
    assert_eq!(refused(&mut w, Draft { mentions: vec![id(1); 51], ..plain() }), too_large("mentions"));
    let kind = |kind: &'static str| Draft { kind: Some(kind.into()), ..plain() };
    assert_eq!(refused(&mut w, kind("")), "refused BadRequest(\"kind\", \"is empty\")");
    assert_eq!(refused(&mut w, kind("system")), "refused BadRequest(\"kind\", \"is reserved\")");
    for reply in [0, 1, 9] {
        let draft = Draft { reply: Some(reply), ..plain() };
        assert_eq!(refused(&mut w, draft), "refused BadRequest(\"reply\", \"is no entry so far\")");
    }

    let largest = Draft {
        content: bytes(65_536),
        kind: Some(bytes(64)),
        data: Some(bytes(16_384)),
        reply: None,
        mentions: vec![id(1); 50],
        file: None,
    };
    w.ask(ada, "big", Command::Group { gid: id(7), draft: largest });
    assert_eq!(w.heard(ada).last().unwrap(), "ack [big] group 7 #1");
}

#[test]
fn what_is_sent_along_arrives_as_it_was_sent_and_is_stored() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "first"));
    w.hush();
    let draft = Draft {
        content: "look".into(),
        kind: Some("image".into()),
        data: Some("{\"w\":1}".into()),
        reply: Some(1),
        mentions: vec![id(5), text_id("eve")],
        file: None,
    };
    w.send(ada, Command::Group { gid: id(7), draft });
    let Told::Entry(said) = w.told(ada).remove(0) else { panic!("no entry") };
    assert_eq!(said.kind.as_deref(), Some("image"));
    assert_eq!(said.data.as_deref(), Some("{\"w\":1}"));
    assert_eq!(said.reply, Some(1));
    assert_eq!(said.mentions, [id(5), text_id("eve")]);
    let conversation = Conversation::Group(id(7));
    let stored = w.store().entries(&conversation).next_back().unwrap();
    assert_eq!((stored.seq, &*stored.content, stored.reply), (2, "look", Some(1)));
    assert_eq!(stored.kind.as_deref(), Some("image"));
    assert_eq!(&*stored.mentions, [id(5), text_id("eve")]);
}

#[test]
fn a_refused_answer_does_not_join() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "first"));
    w.hush();
    let draft = Draft { content: "re".into(), reply: Some(2), ..Draft::default() };
    w.send(bob, Command::Group { gid: id(7), draft });
    w.hush();
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["refused Forbidden"]);
    w.silence();
}

#[test]
fn a_number_and_its_text_are_the_same_group() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, Command::Join { gid: text_id("7") });
    w.hush();
    w.send(ada, group(7, "hi"));
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: hi"]);
}
