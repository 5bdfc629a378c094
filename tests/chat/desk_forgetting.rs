//! People who are called otherwise at the support desk, and who are deleted.

use karez::chat::call::Call;
use karez::chat::desk::{DeskCall, DeskRequest, Opening};
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::Command;
use karez::chat::output::{Farewell, ForgetReport};

use crate::desk_words::*;
use crate::net::{Answered, Told, World};
use crate::story::*;

fn open() -> (World, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    let form = vec![("order".into(), "17".into())];
    let opening =
        Box::new(Opening { page: Some("https://shop.example/17".into()), form, ..Opening::default() });
    w.send(vic, Command::Desk(DeskRequest::Support { ticket: None, draft: draft("my secret"), opening }));
    w.send(ann, claim(1));
    w.send(ann, note(1, "a note on Vic"));
    w.hush();
    (w, ann, vic)
}

fn forget(w: &mut World, uid: u64) -> ForgetReport {
    w.call(1, Call::Forget { uid: id(uid) });
    w.commit();
    match w.answered()[..] {
        [(_, Answered::Forgotten(report))] => report,
        ref other => panic!("{other:?}"),
    }
}

fn rate_with(ticket: u64, comment: &str) -> Command<'_> {
    Command::Desk(DeskRequest::Rate { ticket: TicketId(ticket), stars: 5, comment: Some(comment.into()) })
}

fn transcript(w: &mut World) -> String {
    w.call(1, Call::Desk(DeskCall::Transcript { ticket: TicketId(1), notes: true }));
    w.commit();
    format!("{:?}", w.answered())
}

#[test]
fn names_follow() {
    let (mut w, ann, vic) = open();
    w.send(vic, Command::Profile { name: "Victor".into() });
    assert_eq!(w.heard(ann), ["line 1 open with 7 Ann, of 1001 Victor: my secret"]);
    w.send(ann, Command::Profile { name: "Anna".into() });
    assert_eq!(w.heard(vic), ["ticket 1 open with 7 Anna"]);
}

#[test]
fn of_a_visitor_nothing_is_left() {
    let (mut w, ann, vic) = open();
    let before = transcript(&mut w);
    assert!(["secret", "shop.example", "17", "Vic", "a note"].iter().all(|word| before.contains(word)));
    let report = forget(&mut w, 1001);
    assert_eq!((report.tickets, report.notes), (1, 1), "the ticket was closed in the same turn");
    let heard = w.heard(ann);
    assert!(heard.contains(&"line 1 closed by site, of 1001 1001: ".to_owned()), "{heard:?}");
    w.leaves(vic);
    let after = transcript(&mut w);
    for word in ["secret", "shop.example", "order", "Vic", "a note"] {
        assert!(!after.contains(word), "{word} in {after}");
    }
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    assert!(!transcript(&mut w).contains("secret"));
}

#[test]
fn what_an_agent_held_waits_again() {
    let (mut w, ann, vic) = open();
    w.send(ann, support_in(1, "my words"));
    w.hush();
    let report = forget(&mut w, ANN);
    assert_eq!((report.tickets, report.notes), (0, 1));
    assert_eq!(w.heard(vic)[0], "ticket 1 waiting, place 1, 0 s");
    w.leaves(ann);
    let after = transcript(&mut w);
    for word in ["Ann", "my words", "a note"] {
        assert!(!after.contains(word), "{word} in {after}");
    }
    let ben = agent_online(&mut w, 4, BEN, "Ben", &[]);
    w.send(ben, claim(1));
    assert_eq!(w.heard(vic).last().unwrap(), "ticket 1 open with 8 Ben");
}

/// Closed tickets are held by the core while a turn has to do with them, and stored whole at every change.
#[test]
fn a_closed_ticket_at_hand_says_nothing_more() {
    for uid in [1001, ANN] {
        let (mut w, ann, vic) = open();
        let ben = agent_online(&mut w, 4, BEN, "Ben", &[]);
        w.send(ann, close_ticket(1));
        w.send(vic, rate_with(1, "my comment"));
        w.hush();
        w.request(ben, None, tag(1, &["one"]));
        w.call(1, Call::Forget { uid: id(uid) });
        w.request(ben, None, tag(1, &["one", "two"]));
        w.commit();
        let after = transcript(&mut w);
        let gone = if uid == ANN { &["Ann"][..] } else { &["Vic", "shop.example", "order", "my comment"] };
        assert!(after.contains("two"), "{after}");
        assert!(gone.iter().all(|word| !after.contains(word)), "{gone:?} of {uid} in {after}");
        assert!(!w.heard(ben).last().unwrap().contains("Vic") || uid == ANN);
    }
}

#[test]
fn a_guest_who_comes_back_can_be_deleted_again() {
    let (mut w, ann, vic) = open();
    w.send(ann, close_ticket(1));
    forget(&mut w, 1001);
    w.leaves(vic);
    let again = SessionId(5);
    w.send(again, guest_return(1001, Some("Vic")));
    w.send(again, rate_with(1, "my comment"));
    w.hush();
    assert!(transcript(&mut w).contains("my comment"));
    assert_eq!(forget(&mut w, 1001).tickets, 1, "the same one");
    assert!(!transcript(&mut w).contains("my comment"));
    assert!(w.told(again).contains(&Told::Bye(Farewell::Kicked)));
}

#[test]
fn an_agent_who_is_deleted_after_going_is_no_colleague_any_more() {
    let (mut w, ann, _) = open();
    let ben = agent_online(&mut w, 3, BEN, "Ben", &[]);
    w.leaves(ann);
    w.hush();
    w.ask(ben, "a", agents());
    assert!(w.heard(ben)[0].contains(" 7 Ann"), "in the grace");
    forget(&mut w, ANN);
    w.hush();
    w.ask(ben, "a", agents());
    let heard = w.heard(ben);
    assert!(heard[0].contains("8 Ben") && !heard[0].contains(" 7 "), "{heard:?}");
}
