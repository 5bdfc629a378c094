//! Tickets that are handed over.

use karez::chat::desk::{DeskRequest, Duty, Receiver};
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

/// Ann of sales holds the ticket of Vic; Ben is for help, and Cid for both.
fn held() -> (World, SessionId, SessionId, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &["help"]);
    let cid = agent_online(&mut w, 3, 9, "Cid", &["help", "sales"]);
    let vic = w.guest(4, "Vic");
    w.send(vic, support_at("sales", "hello"));
    w.send(ann, claim(1));
    w.hush();
    (w, ann, ben, cid, vic)
}

#[test]
fn to_an_agent_at_once() {
    let (mut w, ann, ben, _, vic) = held();
    let note = Some("knows it".into());
    let (ticket, to) = (TicketId(1), Receiver::Agent(id(BEN)));
    w.ask(ann, "t", Command::Desk(DeskRequest::Transfer { ticket, to, note }));
    assert_eq!(w.heard(vic), ["ticket 1 open at sales with 8 Ben"]);
    let heard = w.heard(ann);
    assert!(heard.contains(&"line 1 open at sales with 8 Ben, of 1001 Vic".to_owned()), "{heard:?}");
    assert!(heard.contains(&"note 1 after 1, 7 Ann: knows it".to_owned()), "{heard:?}");
    let heard = w.heard(ben);
    assert!(heard.contains(&"line 1 open at sales with 8 Ben, of 1001 Vic: hello".to_owned()), "{heard:?}");
    w.hush();
    w.send(vic, support("and?"));
    assert_eq!(w.heard(ben), ["ticket 1 #2 1001 Vic: and?"]);
    assert_eq!(w.heard(ann), [""; 0], "only the new holder hears it");
    w.ask(ann, "h", history_of(1));
    assert_eq!(w.heard(ann), ["refused [h] NotFound"]);
    w.ask(ben, "n", notes(1));
    assert_eq!(w.heard(ben), ["notes [n] 1: 1 after 1, 7 Ann: knows it"]);
}

#[test]
fn to_a_desk_back_into_a_queue() {
    let (mut w, ann, ben, cid, vic) = held();
    let wil = w.guest(5, "Wil");
    w.later_ms(1_000);
    w.send(wil, support_at("help", "me too"));
    w.hush();
    w.ask(ann, "t", transfer_at(1, "help"));
    assert_eq!(w.heard(vic), ["ticket 1 waiting at help, place 1"], "nobody waits twice");
    assert_eq!(
        w.heard(ben),
        ["line 1 waiting at help, place 1, of 1001 Vic: hello", "offer 1 of 1001 Vic, waited 1"]
    );
    let heard = w.heard(ann);
    assert!(
        heard.contains(&"line 1 waiting at help, place 1, of 1001 Vic".to_owned()),
        "it is gone: {heard:?}"
    );
    assert!(offered(&mut w, cid).contains(&1));
    w.later_ms(1_000);
    assert_eq!(w.heard(wil), ["ticket 2 waiting at help, place 2"]);
}

#[test]
fn not_to_whoever_cannot_take_it() {
    let (mut w, ann, ben, ..) = held();
    let refused = |w: &mut World, command: Command<'_>| {
        w.told(ann);
        w.ask(ann, "t", command);
        w.heard(ann).pop().unwrap()
    };
    let oneself = "refused [t] BadRequest(\"uid\", \"is yourself\")";
    assert_eq!(refused(&mut w, transfer_to(1, ANN)), oneself);
    let off_duty = "refused [t] Conflict(\"this agent is not on duty\")";
    assert_eq!(refused(&mut w, transfer_to(1, 77)), off_duty);
    assert_eq!(refused(&mut w, transfer_to(1, 1001)), "refused [t] BadRequest(\"uid\", \"is the visitor\")");
    w.send(ben, duty(Duty::Away));
    assert_eq!(refused(&mut w, transfer_to(1, BEN)), off_duty);
    w.send(ben, duty_for(Duty::Busy, 1));
    let wil = w.guest(6, "Wil");
    w.send(wil, support_at("help", "hello"));
    w.send(ben, claim(2));
    let full = "refused [t] Conflict(\"this agent holds as many tickets as can be\")";
    assert_eq!(refused(&mut w, transfer_to(1, BEN)), full);
    w.send(wil, close_ticket(2));
    let heard = refused(&mut w, transfer_to(1, BEN));
    assert!(!heard.starts_with("refused"), "busy takes what is handed over: {heard}");
}

#[test]
fn an_admin_hands_over_what_others_hold() {
    let (mut w, _, ben, _, vic) = held();
    let boss = SessionId(9);
    w.send(boss, admin_login(id(1)));
    w.hush();
    w.ask(boss, "t", transfer_to(1, BEN));
    assert_eq!(w.heard(boss), ["ack [t]"]);
    assert_eq!(w.heard(vic), ["ticket 1 open at sales with 8 Ben"]);
    w.ask(boss, "s", support_in(1, "may I?"));
    assert_eq!(w.heard(boss), ["ticket 1 #2 1 1: may I?", "ack [s] ticket 1 #2"]);
    assert!(w.heard(ben).contains(&"ticket 1 #2 1 1: may I?".to_owned()));
}
