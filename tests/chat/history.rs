//! Reading what was said.

use karez::chat::ids::SessionId;
use karez::chat::input::{Bounds, Command, Draft, Target};

use crate::net::{Answers, Told, World};
use crate::story::*;

fn history(gid: u64, bounds: Bounds, limit: Option<u32>) -> Command<'static> {
    Command::History { target: Target::Group(id(gid)), bounds, limit }
}

fn newest(gid: u64) -> Command<'static> {
    history(gid, Bounds::Newest, None)
}

fn talk_with(uid: u64) -> Command<'static> {
    Command::History { target: Target::User(id(uid)), bounds: Bounds::Newest, limit: None }
}

/// Ada in group 7, where so many entries have been said.
fn group_of(entries: u64) -> (World, SessionId) {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (10_000, 10_000);
    });
    let ada = w.guest(1, "Ada");
    for seq in 1..=entries {
        w.request(ada, None, group(7, &format!("m{seq}")));
    }
    w.commit();
    w.hush();
    (w, ada)
}

/// First and last number of the page, how many there are, and whether there are more.
fn page(w: &mut World, session: SessionId, command: Command<'_>) -> (u64, u64, usize, bool) {
    w.send(session, command);
    match w.told(session).remove(0) {
        Told::History { entries, more, .. } => {
            assert!(entries.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
            let number = |of: Option<&crate::net::Said>| of.map_or(0, |said| said.seq);
            (number(entries.first()), number(entries.last()), entries.len(), more)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_said_is_read_as_it_was_heard() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.hush();
    let draft = Draft {
        content: "look".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: None,
        mentions: vec![id(1002)],
        file: None,
    };
    w.send(ada, Command::Group { gid: id(7), draft });
    w.wait_ms(5);
    w.send(bob, group(7, "fine"));
    let live: Vec<Told> = w.told(bob);
    w.ask(bob, "h", newest(7));
    let Told::History { id: echoed, target, entries, more } = w.told(bob).remove(0) else { panic!() };
    assert_eq!((echoed.as_deref(), target, more), (Some("h"), Target::Group(id(7)), false));
    assert_eq!(entries.into_iter().map(Told::Entry).collect::<Vec<_>>(), live);
}

#[test]
fn a_private_talk_is_read_from_both_sides_and_by_nobody_else() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, pm(1002, "psst"));
    w.send(bob, pm(1001, "what"));
    w.send(ada, pm(1001, "to myself"));
    w.hush();
    let both = "pm 1001-1002 #1 1001 Ada: psst | pm 1001-1002 #2 1002 Bob: what";
    w.ask(ada, "h", talk_with(1002));
    assert_eq!(w.heard(ada), [format!("history [h] user 1002: {both}")]);
    w.send(bob, talk_with(1001));
    assert_eq!(w.heard(bob), [format!("history user 1001: {both}")]);
    w.send(ada, talk_with(1001));
    assert_eq!(w.heard(ada), ["history user 1001: pm 1001-1001 #1 1001 Ada: to myself"]);
    w.send(cid, talk_with(1001));
    assert_eq!(w.heard(cid), ["history user 1001: "], "his own talk with her, in which nobody has spoken");
    w.silence();
}

#[test]
fn bounds_are_exclusive() {
    let (mut w, ada) = group_of(10);
    assert_eq!(page(&mut w, ada, history(7, Bounds::Newest, Some(3))), (8, 10, 3, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::Before(8), Some(3))), (5, 7, 3, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::Before(4), Some(3))), (1, 3, 3, false));
    assert_eq!(page(&mut w, ada, history(7, Bounds::Before(1), Some(3))), (0, 0, 0, false));
    assert_eq!(page(&mut w, ada, history(7, Bounds::After(0), Some(3))), (1, 3, 3, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::After(7), Some(3))), (8, 10, 3, false));
    assert_eq!(page(&mut w, ada, history(7, Bounds::After(10), Some(3))), (0, 0, 0, false));
}

#[test]
fn a_page_has_a_default_and_a_largest_size() {
    let (mut w, ada) = group_of(120);
    assert_eq!(page(&mut w, ada, newest(7)), (71, 120, 50, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::Newest, Some(u32::MAX))), (21, 120, 100, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::After(0), Some(0))), (1, 1, 1, true));
}

#[test]
fn a_long_page_is_cut_by_its_bytes() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let long = "x".repeat(60_000);
    for _ in 0..3 {
        w.send(ada, group(7, &long));
    }
    w.hush();
    assert_eq!(page(&mut w, ada, newest(7)), (2, 3, 2, true));
    assert_eq!(page(&mut w, ada, history(7, Bounds::Before(2), None)), (1, 1, 1, false));
    assert_eq!(page(&mut w, ada, history(7, Bounds::After(0), None)), (1, 2, 2, true));
}

#[test]
fn what_is_said_in_the_same_turn_is_read() {
    let (mut w, ada) = group_of(1);
    w.request(ada, None, group(7, "now"));
    w.request(ada, None, newest(7));
    w.commit();
    assert_eq!(
        w.heard(ada),
        ["group 7 #2 1001 Ada: now", "history group 7: group 7 #1 1001 Ada: m1 | group 7 #2 1001 Ada: now"]
    );
}

#[test]
fn a_failed_turn_shows_nothing() {
    let (mut w, ada) = group_of(1);
    w.request(ada, None, group(7, "lost"));
    w.request(ada, Some("h"), newest(7));
    w.fail();
    let failed = |id: &str| format!("refused{id} Internal {{ retry_ms: 1000 }}");
    assert_eq!(w.heard(ada), [failed(""), failed(" [h]")]);
    w.send(ada, newest(7));
    assert_eq!(w.heard(ada), ["history group 7: group 7 #1 1001 Ada: m1"]);
}

#[test]
fn a_store_that_answers_later_keeps_the_answers_in_order() {
    let (mut w, ada) = group_of(1);
    w.answers = Answers::Later;
    w.ask(ada, "h", newest(7));
    w.ask(ada, "p", Command::Ping);
    w.silence();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["history [h] group 7: group 7 #1 1001 Ada: m1", "pong [p]"]);
}

#[test]
fn two_who_wait_for_the_same_page_both_get_it() {
    let (mut w, ada) = group_of(1);
    let bob = w.guest(2, "Bob");
    w.send(bob, join(7));
    w.hush();
    w.answers = Answers::Later;
    w.ask(ada, "a", newest(7));
    w.ask(bob, "b", newest(7));
    w.answer(0);
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["history [a] group 7: group 7 #1 1001 Ada: m1"]);
    assert_eq!(w.heard(bob), ["history [b] group 7: group 7 #1 1001 Ada: m1"]);
}

#[test]
fn who_is_put_out_while_the_page_is_under_way_does_not_get_it() {
    let (mut w, ada) = group_of(1);
    let phone = w.again(2, 1001);
    w.answers = Answers::Later;
    w.ask(ada, "h", newest(7));
    w.send(phone, leave(7));
    w.hush();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["refused [h] Forbidden"]);
}

#[test]
fn a_page_that_comes_after_the_failure_is_nobodys() {
    let (mut w, ada) = group_of(1);
    w.answers = Answers::Later;
    w.request(ada, Some("h"), newest(7));
    w.fail();
    w.hush();
    w.answer(0);
    w.commit();
    w.silence();
    w.ask(ada, "p", Command::Ping);
    assert_eq!(w.heard(ada), ["pong [p]"]);
}

#[test]
fn reading_counts_for_the_rate() {
    let (mut w, ada) = (world(), SessionId(1));
    w.guest(1, "Ada");
    for _ in 0..100 {
        w.send(ada, talk_with(5));
    }
    w.hush();
    w.send(ada, talk_with(5));
    assert_eq!(w.heard(ada), ["refused RateLimited { retry_ms: 50 }"]);
}
