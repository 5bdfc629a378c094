//! Sending again with the same `id`: said once, and acknowledged as often as it is sent.

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::{Command, Draft};
use karez::chat::output::Query;

use crate::net::{Answers, Told, World};
use crate::story::*;

const CONFLICT: &str = r#"refused [m] Conflict("something else was sent under this id")"#;

#[test]
fn the_same_again_is_acknowledged_and_nobody_hears_it() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(bob, join(7));
    w.ask(ada, "m", group(7, "hi"));
    w.ask(ada, "p", pm(1002, "psst"));
    w.hush();
    w.wait_ms(1_000);
    w.ask(ada, "m", group(7, "hi"));
    w.ask(ada, "p", pm(1002, "psst"));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again", "ack [p] user 1002 #1 again"]);
    w.silence();
    w.ask(ada, "m", group(7, "hi"));
    let Told::Ack { entry: Some(entry), .. } = w.told(ada).remove(0) else { panic!("no ack") };
    assert_eq!(entry.time, UnixMillis(0), "the first time");
    w.ask(ada, "n", group(7, "hi"));
    assert_eq!(w.heard(ada), ["group 7 #2 1001 Ada: hi", "ack [n] group 7 #2"], "another id says it again");
}

#[test]
fn over_another_connection_and_after_a_restart() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", group(7, "hi"));
    w.leaves(ada);
    let ada = w.again(2, 1001);
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again"]);
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    let ada = w.again(1, 1001);
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again"]);
}

#[test]
fn anything_else_under_the_id_is_a_conflict() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "first"));
    let full = || Draft {
        content: "hi".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: Some(1),
        mentions: vec![id(5), id(6)],
        file: None,
    };
    let in_group = |draft| Command::Group { gid: id(7), draft };
    w.ask(ada, "m", in_group(full()));
    w.hush();
    let others = [
        in_group(Draft { content: "hi!".into(), ..full() }),
        in_group(Draft { kind: None, ..full() }),
        in_group(Draft { data: None, ..full() }),
        in_group(Draft { reply: None, ..full() }),
        in_group(Draft { mentions: vec![id(5)], ..full() }),
        in_group(Draft { mentions: vec![id(56)], ..full() }),
        Command::Group { gid: id(8), draft: full() },
        Command::Pm { uid: id(7), draft: Draft { reply: None, ..full() } },
        Command::Pm { uid: id(1001), draft: Draft { reply: None, ..full() } },
    ];
    for other in others {
        w.ask(ada, "m", other.clone());
        assert_eq!(w.heard(ada), [CONFLICT], "{other:?}");
    }
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 2);
    w.send(ada, members(8));
    assert_eq!(w.heard(ada), ["refused NotFound"], "no group was made");
    w.ask(ada, "m", in_group(full()));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #2 again"]);
}

#[test]
fn a_kind_that_is_the_default_may_be_said_or_not() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", group(7, "hi"));
    w.hush();
    let draft = Draft { kind: Some("text".into()), ..draft("hi") };
    w.ask(ada, "m", Command::Group { gid: id(7), draft });
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again"]);
}

#[test]
fn ids_are_each_users_own() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.ask(ada, "m", group(7, "hi"));
    w.ask(bob, "m", group(7, "hi"));
    w.hush();
    w.ask(bob, "m", group(7, "hi"));
    assert_eq!(w.heard(bob), ["ack [m] group 7 #2 again"]);
}

#[test]
fn without_an_id_it_is_said_again() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "hi"));
    w.send(ada, group(7, "hi"));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: hi", "group 7 #2 1001 Ada: hi"]);
}

#[test]
fn twice_in_one_turn_is_once() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let phone = w.again(2, 1001);
    w.request(ada, Some("m"), group(7, "hi"));
    w.request(phone, Some("m"), group(7, "hi"));
    w.request(ada, Some("m"), group(8, "hi"));
    w.commit();
    assert_eq!(
        w.heard(ada),
        ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: hi", "ack [m] group 7 #1", CONFLICT]
    );
    assert_eq!(
        w.heard(phone),
        ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: hi", "ack [m] group 7 #1 again"]
    );
}

#[test]
fn two_that_wait_for_the_same_answer_are_said_once() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let phone = w.again(2, 1001);
    w.send(ada, join(7));
    w.hush();
    w.answers = Answers::Later;
    w.ask(ada, "m", group(7, "hi"));
    w.ask(phone, "m", group(7, "hi"));
    let query = Query::Sent { uid: id(1001), id: "m".into() };
    assert_eq!(w.asked, std::slice::from_ref(&query));
    w.answer(0);
    assert_eq!(w.asked, [query], "an answer serves one request");
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: hi", "ack [m] group 7 #1"]);
    assert_eq!(w.heard(phone), ["group 7 #1 1001 Ada: hi", "ack [m] group 7 #1 again"]);
}

#[test]
fn an_answer_that_came_too_late_says_nothing_about_the_next() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.ask(ada, "m", group(7, "hi"));
    w.answers = Answers::Later;
    w.ask(ada, "m", group(7, "hi"));
    w.leaves(ada);
    w.hush();
    w.answer(0);
    w.ask(bob, "m", group(7, "hi"));
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (2)", "group 7 #2 1002 Bob: hi", "ack [m] group 7 #2"]);
}

#[test]
fn a_failed_turn_has_not_used_the_id() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let failed = "refused [m] Internal { retry_ms: 1000 }";
    w.request(ada, Some("m"), group(7, "hi"));
    w.request(ada, Some("m"), group(7, "hi"));
    w.fail();
    assert_eq!(w.heard(ada), [failed, failed]);
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["joined 7 1001 Ada (1)", "group 7 #1 1001 Ada: hi", "ack [m] group 7 #1"]);
    w.request(ada, Some("m"), group(7, "hi"));
    w.fail();
    assert_eq!(w.heard(ada), [failed], "a duplicate is told of the failure too");
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again"]);
}

#[test]
fn a_refused_message_has_not_used_the_id() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", Command::Pm { uid: id(5), draft: Draft { reply: Some(1), ..draft("hi") } });
    w.hush();
    w.ask(ada, "m", pm(5, "hi"));
    assert_eq!(w.heard(ada), ["pm 5-1001 #1 1001 Ada: hi", "ack [m] user 5 #1"]);
}

#[test]
fn who_has_left_does_not_join_by_it() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "m", group(7, "hi"));
    w.send(ada, leave(7));
    w.hush();
    w.ask(ada, "m", group(7, "hi"));
    assert_eq!(w.heard(ada), ["ack [m] group 7 #1 again"]);
    w.ask(ada, "m", typing_in(7));
    assert_eq!(w.heard(ada), ["refused [m] Forbidden"], "other requests may have the same id");
}

#[test]
fn before_the_login_nobody_is_asked_about() {
    let mut w = world();
    w.answers = Answers::Later;
    w.ask(SessionId(1), "m", pm(5, "hi"));
    assert!(w.asked.is_empty());
}
