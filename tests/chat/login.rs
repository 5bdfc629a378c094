//! Who one is, and what may be done before that is known.

use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::{Command, Identity};
use karez::chat::output::Query;
use karez::store::Storage;

use crate::net::World;
use crate::story::*;

#[test]
fn guests_get_uids_from_1001() {
    let mut w = world();
    let (ada, bob) = (SessionId(1), SessionId(2));
    w.ask(ada, "a", guest_login("Ada"));
    w.send(bob, Command::Login(Identity::NewGuest { name: None }, None));
    assert_eq!(w.heard(ada), ["login [a] 1001 Ada guest"]);
    assert_eq!(w.heard(bob), ["login 1002 Guest 1002 guest"]);
}

#[test]
fn a_guest_number_that_was_ever_named_is_passed_by() {
    let mut w = world();
    w.known(1, 1001);
    let ada = w.guest(2, "Ada");
    w.send(ada, pm(1003, "for whoever comes"));
    w.hush();
    let (bob, cid) = (SessionId(3), SessionId(4));
    w.send(bob, guest_login("Bob"));
    w.send(cid, guest_login("Cid"));
    // 1001 came with a token, 1002 is Ada, 1003 has a message waiting.
    assert_eq!(w.heard(bob), ["login 1004 Bob guest"]);
    assert_eq!(w.heard(cid), ["login 1005 Cid guest"]);
}

#[test]
fn a_guest_number_that_is_in_the_store_is_passed_by() {
    let mut w = world();
    w.guest(1, "Ada");
    w.known(2, 1102);
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    for (session, uid) in [(1, 1101), (2, 1103)] {
        later.send(SessionId(session), guest_login("Bob"));
        assert_eq!(later.heard(SessionId(session)), [format!("login {uid} Bob guest")]);
    }
}

#[test]
fn a_guest_is_stored_at_the_first_join_or_message_only() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let stored = |w: &World, uid| match w.store().read(&Query::User(id(uid))).unwrap() {
        karez::chat::output::Record::User(_, record) => {
            record.map(|record| (record.name.into_string(), record.guest))
        }
        other => panic!("{other:?}"),
    };
    w.send(ada, presence(&[1001]));
    w.send(ada, typing_to(1001));
    assert_eq!(stored(&w, 1001), None);
    w.send(ada, pm(1001, "to myself"));
    assert_eq!(stored(&w, 1001), Some(("Ada".to_owned(), true)));

    let bob = w.guest(2, "Bob");
    w.send(bob, join(7));
    assert_eq!(stored(&w, 1002), Some(("Bob".to_owned(), true)));

    w.known(3, 5);
    assert_eq!(stored(&w, 5), Some(("5".to_owned(), false)), "who comes with a token is stored at once");
}

#[test]
fn a_guest_who_comes_back_is_the_same_user() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let second = SessionId(2);
    w.send(second, guest_return(1001, None));
    assert_eq!(w.heard(second), ["login 1001 Ada guest"]);
    w.leaves(ada);
    w.leaves(second);
    w.later_ms(60_000);
    let third = SessionId(3);
    w.send(third, guest_return(1001, None));
    assert_eq!(w.heard(third), ["login 1001 Ada guest"]);
}

#[test]
fn a_second_device_hears_what_the_first_hears() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    let second = w.again(2, 1001);
    w.hush();
    w.send(second, group(7, "from my phone"));
    assert_eq!(w.heard(ada), ["group 7 #1 1001 Ada: from my phone"]);
    assert_eq!(w.heard(second), ["group 7 #1 1001 Ada: from my phone"]);
}

#[test]
fn before_login_only_login_and_ping_are_served() {
    let mut w = world();
    let nobody = SessionId(1);
    w.ask(nobody, "p", Command::Ping);
    assert_eq!(w.heard(nobody), ["pong [p]"]);
    for command in [
        join(7),
        leave(7),
        members(7),
        group(7, "x"),
        pm(5, "x"),
        broadcast("x"),
        typing_in(7),
        typing_to(5),
        presence(&[5]),
    ] {
        w.ask(nobody, "x", command);
        assert_eq!(w.heard(nobody), ["refused [x] LoginRequired"]);
    }
    assert!(w.topics().is_empty());
}

#[test]
fn a_second_login_on_a_connection_is_a_conflict() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "again", guest_login("Eve"));
    assert_eq!(w.heard(ada), ["refused [again] Conflict(\"this connection is logged in\")"]);
    w.ask(ada, "p", Command::Ping);
    assert_eq!(w.heard(ada), ["pong [p]"]);
}

#[test]
fn names_are_trimmed_and_bounded() {
    let mut w = world();
    let longest = "名".repeat(64);
    let most_bytes = "😀".repeat(64);
    for (session, (name, shown)) in [
        ("  Ada \n", "Ada"),
        ("   ", "Guest 1002"),
        (longest.as_str(), longest.as_str()),
        (most_bytes.as_str(), most_bytes.as_str()),
    ]
    .into_iter()
    .enumerate()
    {
        let session = SessionId(session as u64);
        w.send(session, guest_login(name));
        let line = w.heard(session).remove(0);
        assert!(line.ends_with(&format!(" {shown} guest")), "{line}");
    }
    let bad = SessionId(9);
    for (name, why) in [
        ("a".repeat(65), "is too long"),
        ("名".repeat(65), "is too long"),
        ("a\u{7}b".to_owned(), "has control characters"),
        ("a\nb".to_owned(), "has control characters"),
    ] {
        w.send(bad, guest_login(&name));
        assert_eq!(w.heard(bad), [format!("refused BadRequest(\"name\", \"{why}\")")]);
    }
    w.send(bad, guest_login("good"));
    assert_eq!(w.heard(bad), ["login 1005 good guest"], "a refused login uses up no number");
}

#[test]
fn a_name_in_bytes_is_bounded_too() {
    let mut w = world_with(|limits| limits.name_bytes_max = 8);
    let ada = SessionId(1);
    w.send(ada, guest_login("ééééé"));
    assert_eq!(w.heard(ada), ["refused BadRequest(\"name\", \"is too long\")"]);
    w.send(ada, guest_login("éééé"));
    assert_eq!(w.heard(ada), ["login 1001 éééé guest"]);
}

#[test]
fn a_known_user_with_a_new_name_is_renamed() {
    let mut w = world();
    let first = SessionId(1);
    w.send(first, known_login(id(5), Some("Eve")));
    w.send(first, join(7));
    w.hush();
    let second = SessionId(2);
    w.send(second, known_login(id(5), Some("Evelyn")));
    assert_eq!(w.heard(second), ["login 5 Evelyn"]);
    w.send(first, group(7, "hi"));
    assert_eq!(w.heard(first), ["group 7 #1 5 Evelyn: hi"]);

    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let third = SessionId(1);
    later.send(third, known_login(id(5), None));
    assert_eq!(later.heard(third), ["login 5 Evelyn"]);
}

#[test]
fn the_system_is_no_user() {
    let mut w = world();
    let eve = SessionId(1);
    w.send(eve, known_login(text_id("system"), None));
    assert_eq!(w.heard(eve), ["refused Forbidden"]);
    w.send(eve, Command::Ping);
    assert_eq!(w.heard(eve), ["pong"]);
    w.guest(1, "Eve");
    w.send(eve, Command::Pm { uid: text_id("system"), draft: draft("hi") });
    assert_eq!(w.heard(eve), ["refused BadRequest(\"uid\", \"is reserved\")"]);
    w.send(eve, Command::Join { gid: text_id("system") });
    assert_eq!(w.heard(eve), ["refused BadRequest(\"gid\", \"is reserved\")"]);
}

#[test]
fn a_session_that_has_gone_is_nobody_any_more() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.hush();
    w.leaves(ada);
    w.ask(ada, "x", group(7, "a ghost"));
    w.silence();
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 0);
}

#[test]
fn numbers_run_out_without_harm() {
    let last = (1 << 53) - 1;
    let mut w = world_with(|limits| limits.guest_uid_first = last);
    let (ada, bob) = (SessionId(1), SessionId(2));
    w.send(ada, guest_login("Ada"));
    assert_eq!(w.heard(ada), [format!("login {last} Ada guest")]);
    w.send(bob, guest_login("Bob"));
    assert_eq!(w.heard(bob), ["refused Conflict(\"there are no guest numbers left\")"]);
}

#[test]
fn numbers_of_guests_are_reserved_in_blocks() {
    let until = |w: &World| match w.store().read(&Query::Guests).unwrap() {
        karez::chat::output::Record::Guests(until) => until,
        other => panic!("{other:?}"),
    };
    let mut w = world();
    assert_eq!(until(&w), 0);
    w.guest(1, "Ada");
    assert_eq!(until(&w), 1_101, "before the first one hears of it");
    for session in 2..=100 {
        w.guest(session, "Bob");
    }
    assert_eq!(until(&w), 1_101, "a hundred at once");
    w.guest(101, "Cid");
    assert_eq!(until(&w), 1_201);
}

#[test]
fn a_number_is_never_given_again_after_a_restart() {
    let mut w = world();
    w.guest(1, "Ada, who never speaks");
    w.request(SessionId(2), None, guest_login("Bob, whose login is not stored"));
    w.fail();
    w.hush();
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let cid = SessionId(1);
    later.send(cid, guest_login("Cid"));
    assert_eq!(later.heard(cid), ["login 1101 Cid guest"]);
    let ada = SessionId(2);
    later.send(ada, guest_return(1001, None));
    assert_eq!(later.heard(ada), ["login 1001 Guest 1001 guest"], "she comes back as the guest that she was");
}

#[test]
fn a_number_that_an_earlier_daemon_named_is_passed_by() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, pm(1102, "for whoever comes"));
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    for (session, uid) in [(1, 1101), (2, 1103)] {
        later.send(SessionId(session), guest_login("Bob"));
        assert_eq!(later.heard(SessionId(session)), [format!("login {uid} Bob guest")]);
    }
}

#[test]
fn a_reservation_that_was_not_stored_is_made_again() {
    let mut w = world();
    w.request(SessionId(1), None, guest_login("Ada"));
    w.fail();
    w.hush();
    let bob = SessionId(2);
    w.send(bob, guest_login("Bob"));
    assert_eq!(w.heard(bob), ["login 1002 Bob guest"]);
    match w.store().read(&Query::Guests).unwrap() {
        karez::chat::output::Record::Guests(until) => assert_eq!(until, 1_102),
        other => panic!("{other:?}"),
    }
}
