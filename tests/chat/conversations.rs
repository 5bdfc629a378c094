//! One's conversations, and what is unread in them.

use karez::chat::act::Act;
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Target};
use karez::chat::output::ListPlace;

use crate::net::{Answers, Told, World};
use crate::story::*;

fn list() -> Command<'static> {
    Command::Conversations { cursor: None, limit: None }
}

fn page(cursor: Option<ListPlace>, limit: Option<u32>) -> Command<'static> {
    Command::Conversations { cursor, limit }
}

/// How many conversations are on the page, how many are unread in all of them, and where the list goes on.
fn counted(w: &mut World, session: SessionId, command: Command<'_>) -> (usize, u64, Option<ListPlace>) {
    w.send(session, command);
    match w.told(session).remove(0) {
        Told::Conversations { list, next, .. } => (list.len(), list.iter().map(|of| of.unread).sum(), next),
        other => panic!("{other:?}"),
    }
}

/// Ada, who may ask often.
fn world_of_ada() -> (World, SessionId) {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (1_000_000, 1_000_000);
    });
    let ada = w.guest(1, "Ada");
    (w, ada)
}

#[test]
fn the_newest_come_first_with_what_is_unread() {
    let (mut w, ada) = world_of_ada();
    let bob = w.guest(2, "Bob");
    w.ask(ada, "c", list());
    assert_eq!(w.heard(ada), ["conversations [c]: "]);
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.send(ada, join(8));
    w.send(bob, pm(1001, "psst"));
    w.send(bob, group(7, "one"));
    w.send(bob, group(7, "two"));
    w.send(ada, group(7, "three"));
    w.hush();
    w.ask(ada, "c", list());
    assert_eq!(
        w.heard(ada),
        ["conversations [c]: group 7 0/3 +2, 1001: three \
          | pm 1001-1002 \"Bob\" 0/1 +1, 1002: psst | group 8 0/0 +0"]
    );
    w.send(bob, list());
    assert_eq!(
        w.heard(bob),
        ["conversations: group 7 0/3 +1, 1001: three | pm 1001-1002 \"Ada\" 0/1 +0, 1002: psst"]
    );
    w.send(bob, pm(1001, "again"));
    w.send(ada, read_in(7, 1));
    w.hush();
    w.send(ada, list());
    assert_eq!(
        w.heard(ada),
        ["conversations: pm 1001-1002 \"Bob\" 0/2 +2, 1002: again \
          | group 7 1/3 +1, 1001: three | group 8 0/0 +0"]
    );
}

#[test]
fn who_was_away_has_unread_messages() {
    let (mut w, ada) = world_of_ada();
    let bob = w.guest(2, "Bob");
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.leaves(bob);
    w.send(ada, group(7, "you are away"));
    w.send(ada, pm(1002, "here too"));
    let bob = w.again(3, 1002);
    assert_eq!(counted(&mut w, bob, list()), (2, 2, None));
}

#[test]
fn nothing_from_before_one_came_is_unread() {
    let (mut w, ada) = world_of_ada();
    let (bob, cid) = (w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, group(7, "one"));
    w.send(ada, group(7, "two"));
    w.send(bob, join(7));
    w.send(ada, act(7, Act::Add { uid: id(1003) }));
    for session in [bob, cid] {
        w.hush();
        assert_eq!(
            counted(&mut w, session, list()),
            (1, 0, None),
            "and that somebody was added is not unread"
        );
    }
    w.send(ada, group(7, "three"));
    for session in [bob, cid] {
        w.hush();
        assert_eq!(counted(&mut w, session, list()), (1, 1, None));
    }
    w.send(bob, leave(7));
    w.hush();
    assert_eq!(counted(&mut w, bob, list()), (0, 0, None), "only where one is a member");
}

#[test]
fn what_is_recalled_is_not_unread() {
    let (mut w, ada) = world_of_ada();
    let bob = w.guest(2, "Bob");
    for seq in 1..=3 {
        w.send(bob, pm(1001, &format!("{seq}")));
    }
    w.send(bob, Command::Recall { target: Target::User(id(1001)), seq: 2 });
    w.hush();
    assert_eq!(counted(&mut w, ada, list()), (1, 2, None), "neither it nor the recall");
    w.send(ada, list());
    assert_eq!(
        w.heard(ada),
        ["conversations: pm 1001-1002 \"Bob\" 0/4 +2, 1002: "],
        "the recall is the newest"
    );
}

#[test]
fn names_are_those_of_today() {
    let (mut w, ada) = world_of_ada();
    let bob = w.guest(2, "Bob");
    w.send(ada, group(7, "x"));
    w.send(ada, act(7, Act::GroupUpdate { name: Some("Tea".into()), open: None }));
    w.send(bob, pm(1001, "x"));
    w.send(bob, Command::Profile { name: "Robert".into() });
    w.send(ada, pm(5, "nobody has seen you"));
    w.hush();
    w.send(ada, list());
    assert_eq!(
        w.heard(ada),
        ["conversations: pm 5-1001 0/1 +0, 1001: nobody has seen you \
          | pm 1001-1002 \"Robert\" 0/1 +1, 1002: x | group 7 \"Tea\" 0/2 +0, 1001: "]
    );
}

#[test]
fn a_page_has_a_default_and_a_largest_size() {
    let (mut w, ada) = world_of_ada();
    for peer in 1..=60 {
        w.request(ada, None, pm(peer, "hi"));
    }
    w.commit();
    w.hush();
    let (len, _, next) = counted(&mut w, ada, list());
    assert_eq!(len, 20);
    assert_eq!(counted(&mut w, ada, page(next, Some(1_000))), (40, 0, None));
    assert_eq!(counted(&mut w, ada, page(None, Some(1_000))).0, 50);
    assert_eq!(counted(&mut w, ada, page(None, Some(0))).0, 1);
}

#[test]
fn a_page_is_cut_by_its_bytes() {
    let (mut w, ada) = world_of_ada();
    let long = "x".repeat(60_000);
    for peer in 1..=4 {
        w.send(ada, pm(peer, &long));
    }
    w.hush();
    let (len, _, next) = counted(&mut w, ada, list());
    assert_eq!(len, 2, "of 60 kB each, in 128 KiB");
    assert_eq!(counted(&mut w, ada, page(next, None)), (2, 0, None));
}

#[test]
fn what_is_unread_is_counted_up_to_a_bound() {
    let (mut w, ada) = world_of_ada();
    let bob = w.guest(2, "Bob");
    for _ in 0..999 {
        w.request(bob, None, pm(1001, "x"));
    }
    w.commit();
    w.hush();
    assert_eq!(counted(&mut w, ada, list()), (1, 999, None));
    w.request(ada, None, pm(1002, "me"));
    w.commit();
    w.hush();
    assert_eq!(counted(&mut w, ada, list()), (1, 999, None), "of the newest thousand");
    w.send(bob, pm(1001, "x"));
    w.hush();
    assert_eq!(counted(&mut w, ada, list()), (1, 999, None), "the first of all is out of sight");
}

#[test]
fn a_page_is_cut_where_counting_would_take_long() {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (1_000, 1_000);
        (limits.unread_counted_max, limits.unread_counted_per_page_max) = (10, 25);
    });
    let ada = w.guest(1, "Ada");
    for peer in 2..=5 {
        let session = w.guest(peer, "Peer");
        for _ in 0..12 {
            w.send(session, pm(1001, "x"));
        }
    }
    w.hush();
    let (len, unread, next) = counted(&mut w, ada, list());
    assert_eq!((len, unread), (2, 20));
    assert_eq!(counted(&mut w, ada, page(next, None)), (2, 20, None));
    for peer in 1002..=1005 {
        w.send(ada, read_with(peer, 99));
    }
    w.hush();
    assert_eq!(counted(&mut w, ada, list()), (4, 0, None), "what is read need not be counted");
}

#[test]
fn a_list_goes_on_where_it_was_left() {
    let (mut w, ada) = world_of_ada();
    for peer in 1..=3 {
        w.send(ada, pm(peer, "hi"));
    }
    for gid in [7, 8, 9] {
        w.send(ada, join(gid));
    }
    w.hush();
    let mut places = Vec::new();
    let mut next = None;
    for _ in 0..3 {
        next = counted(&mut w, ada, page(next, Some(2))).2;
        places.push(next.clone());
    }
    assert_eq!(places, [Some(ListPlace::Entry(2)), Some(ListPlace::Silent(id(7))), None]);
}

#[test]
fn what_is_said_in_the_same_turn_is_listed() {
    let (mut w, ada) = world_of_ada();
    w.request(ada, None, group(7, "now"));
    w.request(ada, Some("c"), list());
    w.commit();
    let last = w.heard(ada).pop().unwrap();
    assert_eq!(last, "conversations [c]: group 7 0/1 +0, 1001: now");
    w.request(ada, None, group(7, "lost"));
    w.request(ada, Some("c"), list());
    w.fail();
    w.hush();
    w.send(ada, list());
    assert_eq!(w.heard(ada), ["conversations: group 7 0/1 +0, 1001: now"]);
}

#[test]
fn a_store_that_answers_later_keeps_the_answers_in_order() {
    let (mut w, ada) = world_of_ada();
    w.send(ada, join(7));
    w.hush();
    w.answers = Answers::Later;
    w.ask(ada, "c", list());
    w.ask(ada, "p", Command::Ping);
    w.silence();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["conversations [c]: group 7 0/0 +0", "pong [p]"]);
}
