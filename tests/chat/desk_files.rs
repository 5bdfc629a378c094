//! Files in tickets: who may upload for one, who may have what was sent there, and what a new ticket may not bring.

use karez::chat::call::Call;
use karez::chat::desk::{DeskRequest, Opening};
use karez::chat::files::Bearer;
use karez::chat::ids::{Conversation, SessionId, TicketId};
use karez::chat::input::{Command, Role, Target};
use karez::chat::output::Refusal;

use crate::desk_words::*;
use crate::files::{call, fetch, file_id, keep, upload, with_file};
use crate::net::{Answered, Told, World};
use crate::story::*;

fn in_ticket() -> Target {
    Target::Ticket(TicketId(1))
}

/// Somebody sends a file: in a ticket, or without naming one.
fn send_file(ticket: Option<u64>, number: u64) -> Command<'static> {
    let (ticket, opening) = (ticket.map(TicketId), Box::new(Opening::default()));
    Command::Desk(DeskRequest::Support { ticket, draft: with_file(number), opening })
}

fn as_agent(uid: u64, number: u64) -> Call<'static> {
    Call::File { bearer: Bearer { uid: id(uid), role: Role::Agent, guest: false }, file: file_id(number) }
}

fn is_refused(w: &mut World, session: SessionId, command: Command<'static>) {
    w.ask(session, "x", command);
    let told = w.told(session).pop().unwrap();
    let is_of_file = matches!(told, Told::Refused { refusal: Refusal::BadRequest("data.file", _), .. });
    assert!(is_of_file, "{told:?}");
}

#[test]
fn a_visitor_sends_a_file_to_whoever_holds_the_ticket() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let _ben = agent_online(&mut w, 2, BEN, "Ben", &[]);
    let vic = w.guest(3, "Vic");
    let eve = w.guest(4, "Eve");
    w.send(vic, support("look at this"));
    assert_eq!(call(&mut w, upload(1001, in_ticket())), Answered::Granted);
    assert_eq!(call(&mut w, upload(1002, in_ticket())), Answered::Refused(Refusal::NotFound), "not Eve's");
    let Answered::File { file, .. } = call(&mut w, keep(1001, in_ticket(), 1)) else { panic!() };
    assert_eq!(file.conversation, Conversation::Ticket(TicketId(1)));
    w.send(vic, send_file(None, 1));
    let has = |w: &mut World, request| matches!(call(w, request), Answered::File { .. });
    assert!(has(&mut w, fetch(1001, 1)), "the visitor's own");
    assert!(has(&mut w, as_agent(BEN, 1)), "while it waits every agent of its desk reads it");
    w.send(ann, claim(1));
    assert!(has(&mut w, as_agent(ANN, 1)));
    let not_found = Answered::Refused(Refusal::NotFound);
    assert_eq!(call(&mut w, as_agent(BEN, 1)), not_found, "a colleague's");
    assert_eq!(call(&mut w, fetch(1002, 1)), not_found, "a stranger's");
    w.send(eve, support("and me?"));
    w.hush();
    is_refused(&mut w, eve, send_file(None, 1));
    w.send(vic, recall_in_ticket(1, 2));
    assert_eq!(call(&mut w, as_agent(ANN, 1)), not_found, "it was taken back");
}

#[test]
fn a_ticket_is_not_opened_by_a_file_that_cannot_be_for_it() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    w.send(vic, join(7));
    call(&mut w, keep(1001, Target::Group(id(7)), 1));
    w.hush();
    is_refused(&mut w, vic, send_file(None, 1));
    assert_eq!(call(&mut w, upload(1001, in_ticket())), Answered::Refused(Refusal::NotFound), "no ticket");
    w.send(vic, support("first a word"));
    w.hush();
    is_refused(&mut w, vic, send_file(None, 1));
    is_refused(&mut w, vic, send_file(Some(1), 9));
    call(&mut w, keep(1001, in_ticket(), 2));
    w.send(vic, send_file(Some(1), 2));
    w.hush();
    is_refused(&mut w, vic, send_file(Some(1), 2));
    w.send(vic, close_ticket(1));
    let closed = call(&mut w, upload(1001, in_ticket()));
    assert!(matches!(closed, Answered::Refused(Refusal::Conflict(_))), "{closed:?}");
}
