//! What the site does at the support desk.

use karez::chat::call::Call;
use karez::chat::desk::{
    CannedDraft, DeskCall, FiguresAsked, Receiver, TicketPatch, TicketState, TicketsCall,
};
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::{Bounds, Target};
use karez::chat::output::Refusal;

use crate::desk_words::*;
use crate::net::{Answered, World};
use crate::story::*;

fn call(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    let mut answers = w.answered();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0).1
}

fn at_desk(w: &mut World, request: DeskCall<'_>) -> String {
    match call(w, Call::Desk(request)) {
        Answered::Desk(text) => text,
        other => format!("{other:?}"),
    }
}

fn patch(w: &mut World, ticket: u64, patch: TicketPatch) -> String {
    at_desk(w, DeskCall::PatchTicket { ticket: TicketId(ticket), patch })
}

fn open() -> (World, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support_at("sales", "hello"));
    w.send(ann, claim(1));
    w.hush();
    (w, ann, vic)
}

#[test]
fn it_speaks_and_reads() {
    let (mut w, ann, vic) = open();
    let target = Target::Ticket(TicketId(1));
    let said = call(&mut w, Call::Say { from: None, target: target.clone(), draft: draft("maintenance") });
    assert_eq!(said, Answered::Said { seq: 2, online: 2, stored: 0 });
    assert_eq!(w.heard(vic), ["ticket 1 #2 system system: maintenance"]);
    w.hush();
    w.leaves(vic);
    let said =
        call(&mut w, Call::Say { from: Some(id(ANN)), target: target.clone(), draft: draft("from a bot") });
    assert_eq!(said, Answered::Said { seq: 3, online: 0, stored: 1 });
    assert_eq!(w.heard(ann)[0], "ticket 1 #3 7 Ann: from a bot");
    let history = Call::History { uid: None, target: target.clone(), bounds: Bounds::Newest, limit: None };
    let Answered::History { entries, .. } = call(&mut w, history) else { panic!() };
    assert_eq!(entries.len(), 3);
    let none = Call::Say { from: None, target: Target::Ticket(TicketId(9)), draft: draft("?") };
    assert_eq!(call(&mut w, none), Answered::Refused(Refusal::NotFound));
}

#[test]
fn it_changes_tickets() {
    let (mut w, ann, vic) = open();
    let ben = agent_online(&mut w, 3, BEN, "Ben", &["help"]);
    let to = Some(Receiver::Agent(id(BEN)));
    patch(&mut w, 1, TicketPatch { to, tags: Some(vec!["vip".into()]), ..TicketPatch::default() });
    assert_eq!(w.heard(vic), ["ticket 1 open at sales with 8 Ben"]);
    assert!(w.heard(ben).contains(&"line 1 open at sales with 8 Ben, of 1001 Vic #vip: hello".to_owned()));
    w.hush();
    patch(&mut w, 1, TicketPatch { close: true, ..TicketPatch::default() });
    assert_eq!(w.heard(vic), ["ticket 1 closed at sales by site"]);
    assert_eq!(w.heard(ann), ["line 1 closed at sales by site, of 1001 Vic #vip: hello"]);
    let to = Some(Receiver::Desk(desk("help")));
    let refused = patch(&mut w, 1, TicketPatch { to, ..TicketPatch::default() });
    assert_eq!(refused, "Refused(Conflict(\"the ticket is closed\"))");
    assert_eq!(patch(&mut w, 9, TicketPatch::default()), "Refused(NotFound)");
}

#[test]
fn it_lists_tickets_and_desks() {
    let (mut w, _, vic) = open();
    let wil = w.guest(3, "Wil");
    w.send(wil, support_at("help", "hello"));
    let page = |state| DeskCall::Tickets(TicketsCall { state, ..TicketsCall::default() });
    let numbers = |text: String| -> Vec<u64> {
        (1..=9).filter(|n| text.contains(&format!("ticket: TicketId({n}), desk"))).collect()
    };
    assert_eq!(numbers(at_desk(&mut w, page(None))), [1, 2]);
    assert_eq!(numbers(at_desk(&mut w, page(Some(TicketState::Offline)))), [2]);
    assert_eq!(numbers(at_desk(&mut w, page(Some(TicketState::Closed)))), [0; 0]);
    w.send(vic, close_ticket(1));
    assert_eq!(numbers(at_desk(&mut w, page(Some(TicketState::Closed)))), [1]);
    assert_eq!(numbers(at_desk(&mut w, DeskCall::Ticket { ticket: TicketId(1) })), [1]);
    assert_eq!(at_desk(&mut w, DeskCall::Ticket { ticket: TicketId(3) }), "Refused(NotFound)");
    let desks = at_desk(&mut w, DeskCall::Desks);
    for name in ["\"default\"", "\"help\"", "\"sales\""] {
        assert!(desks.contains(name), "{desks}");
    }
}

#[test]
fn it_writes_notes_and_reads_all() {
    let (mut w, ann, vic) = open();
    let content = "from the shop".into();
    at_desk(&mut w, DeskCall::Note { ticket: TicketId(1), from: id(77), content });
    assert_eq!(w.heard(ann), ["note 1 after 1, 77 77: from the shop"]);
    assert_eq!(w.heard(vic), [""; 0]);
    let notes = at_desk(&mut w, DeskCall::Notes { ticket: TicketId(1) });
    assert!(notes.contains("from the shop"), "{notes}");
    for (with, expected) in [(true, true), (false, false)] {
        let text = at_desk(&mut w, DeskCall::Transcript { ticket: TicketId(1), notes: with });
        assert!(text.contains("hello") && text.contains("from the shop") == expected, "{text}");
    }
}

#[test]
fn a_transcript_is_bounded() {
    for (entries_max, bytes_max) in [(2, 1_000_000), (100, 600)] {
        let mut w = world_with(|limits| {
            limits.desk.transcript_entries_max = entries_max;
            limits.desk.transcript_bytes_max = bytes_max;
        });
        let vic = w.guest(1, "Vic");
        for words in ["one", "two", "three"] {
            w.send(vic, support(words));
        }
        let text = at_desk(&mut w, DeskCall::Transcript { ticket: TicketId(1), notes: true });
        assert!(
            text.contains("more: true") && !text.contains("\"one\"") && text.contains("\"three\""),
            "{text}"
        );
    }
}

#[test]
fn it_keeps_canned_replies_and_counts() {
    let (mut w, ..) = open();
    let reply =
        |content: &'static str| CannedDraft { short: "hi".into(), content: content.into(), desk: None };
    let put = |canned, content| DeskCall::PutCanned { canned, reply: reply(content) };
    assert!(at_desk(&mut w, put(None, "Hello")).contains("Made"));
    assert!(at_desk(&mut w, put(Some(1), "Hi")).contains("Kept"));
    assert_eq!(at_desk(&mut w, put(Some(2), "Hi")), "Refused(NotFound)");
    assert!(at_desk(&mut w, DeskCall::Canned).contains("\"Hi\""));
    assert_eq!(at_desk(&mut w, DeskCall::DeleteCanned { canned: 1 }), "Removed");
    assert_eq!(at_desk(&mut w, DeskCall::DeleteCanned { canned: 1 }), "Refused(NotFound)");
    assert!(at_desk(&mut w, DeskCall::Figures(FiguresAsked::default())).contains("opened: 1"));
}

#[test]
fn a_failed_turn_has_changed_nothing() {
    let (mut w, ann, vic) = open();
    let wil = w.guest(3, "Wil");
    w.hush();
    w.request(wil, Some("s"), support_at("sales", "hello"));
    w.request(vic, Some("c"), close_ticket(1));
    w.request(ann, Some("d"), duty(karez::chat::desk::Duty::Away));
    w.call(1, Call::Desk(DeskCall::PutDesk(Box::new(karez::chat::desk::DeskSettings::new(desk("sales"))))));
    w.fail();
    assert_eq!(w.answered().remove(0).1, Answered::Refused(Refusal::Internal { retry_ms: 1_000 }));
    for (session, name) in [(wil, "s"), (vic, "c"), (ann, "d")] {
        assert_eq!(w.heard(session), [format!("refused [{name}] Internal {{ retry_ms: 1000 }}")]);
    }
    w.later_ms(1_000);
    w.send(vic, support("still here"));
    assert_eq!(w.heard(ann), ["ticket 1 #2 1001 Vic: still here"]);
    w.send(wil, support_at("sales", "hello"));
    assert_eq!(w.heard(wil), ["ticket 2 #1 1002 Wil: hello", "ticket 2 waiting at sales, place 1, 0 s"]);
    assert_eq!(at_desk(&mut w, DeskCall::DeleteDesk { desk: desk("sales") }), "Refused(NotFound)");
}
