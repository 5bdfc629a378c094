//! Words to tell stories of the support desk in.

use karez::base::clock::UnixMillis;
use karez::chat::desk::{
    Desk, DeskCall, DeskRequest, DeskSettings, Duty, Opening, Receiver, TicketsPage, TicketsView,
};
use karez::chat::ids::{Id, SessionId, TicketId};
use karez::chat::input::{Bounds, Command, Grant, Identity, Role, Target};

use crate::net::{Desked, Told, World};
use crate::story::*;

pub const ANN: u64 = 7;
pub const BEN: u64 = 8;

pub fn desk(name: &str) -> Desk {
    Desk::from_text(name).unwrap()
}

/// A visitor speaks without naming a ticket.
pub fn support(content: &str) -> Command<'_> {
    support_at("default", content)
}

/// The same to a desk.
pub fn support_at<'a>(name: &str, content: &'a str) -> Command<'a> {
    let opening = Box::new(Opening { desk: desk(name), ..Opening::default() });
    Command::Desk(DeskRequest::Support { ticket: None, draft: draft(content), opening })
}

/// Somebody speaks in a ticket.
pub fn support_in(ticket: u64, content: &str) -> Command<'_> {
    let opening = Box::default();
    Command::Desk(DeskRequest::Support { ticket: Some(TicketId(ticket)), draft: draft(content), opening })
}

pub fn duty(state: Duty) -> Command<'static> {
    Command::Desk(DeskRequest::Duty { state, capacity: None })
}

pub fn duty_for(state: Duty, capacity: u32) -> Command<'static> {
    Command::Desk(DeskRequest::Duty { state, capacity: Some(capacity) })
}

pub fn claim(ticket: u64) -> Command<'static> {
    Command::Desk(DeskRequest::Claim { ticket: TicketId(ticket) })
}

pub fn decline(ticket: u64) -> Command<'static> {
    Command::Desk(DeskRequest::Decline { ticket: TicketId(ticket) })
}

pub fn close_ticket(ticket: u64) -> Command<'static> {
    Command::Desk(DeskRequest::Close { ticket: TicketId(ticket) })
}

pub fn transfer_to(ticket: u64, uid: u64) -> Command<'static> {
    let (ticket, to) = (TicketId(ticket), Receiver::Agent(id(uid)));
    Command::Desk(DeskRequest::Transfer { ticket, to, note: None })
}

pub fn transfer_at(ticket: u64, name: &str) -> Command<'static> {
    let (ticket, to) = (TicketId(ticket), Receiver::Desk(desk(name)));
    Command::Desk(DeskRequest::Transfer { ticket, to, note: None })
}

pub fn tag(ticket: u64, tags: &[&str]) -> Command<'static> {
    let tags = tags.iter().map(|tag| Box::from(*tag)).collect();
    Command::Desk(DeskRequest::Tag { ticket: TicketId(ticket), tags })
}

pub fn rate(ticket: u64, stars: u8) -> Command<'static> {
    Command::Desk(DeskRequest::Rate { ticket: TicketId(ticket), stars, comment: None })
}

pub fn note(ticket: u64, content: &str) -> Command<'_> {
    Command::Desk(DeskRequest::Note { ticket: TicketId(ticket), content: content.into() })
}

pub fn notes(ticket: u64) -> Command<'static> {
    Command::Desk(DeskRequest::Notes { ticket: TicketId(ticket) })
}

pub fn tickets(view: TicketsView) -> Command<'static> {
    let page = TicketsPage { view, desk: None, uid: None, agent: None, after: None, limit: None };
    Command::Desk(DeskRequest::Tickets(page))
}

pub fn agents() -> Command<'static> {
    Command::Desk(DeskRequest::Agents { desk: None })
}

pub fn gate(name: &str) -> Command<'static> {
    Command::Desk(DeskRequest::Ask { desk: desk(name) })
}

pub fn history_of(ticket: u64) -> Command<'static> {
    Command::History { target: Target::Ticket(TicketId(ticket)), bounds: Bounds::Newest, limit: None }
}

pub fn read_ticket(ticket: u64, seq: u64) -> Command<'static> {
    Command::Read { target: Target::Ticket(TicketId(ticket)), seq }
}

pub fn typing_in_ticket(ticket: u64) -> Command<'static> {
    Command::Typing { target: Target::Ticket(TicketId(ticket)) }
}

pub fn recall_in_ticket(ticket: u64, seq: u64) -> Command<'static> {
    Command::Recall { target: Target::Ticket(TicketId(ticket)), seq }
}

/// A login of an agent of these desks; of none named: of all.
pub fn agent_login(uid: Id, name: &str, desks: &[&str]) -> Command<'static> {
    let desks = (!desks.is_empty()).then(|| desks.iter().map(|name| desk(name)).collect());
    // For longer than any story lasts.
    let exp_s = 4_000_000_000;
    let holds_until = UnixMillis(exp_s * 1_000);
    let name = Some(name.to_owned());
    let grant = Grant { name, role: Role::Agent, desks, exp_s, holds_until, ..grant(uid) };
    Command::Login(Identity::Known(grant), None)
}

/// An agent of all desks logs in.
pub fn agent(w: &mut World, session: u64, uid: u64, name: &str) -> SessionId {
    agent_at(w, session, uid, name, &[])
}

/// An agent of these desks logs in.
pub fn agent_at(w: &mut World, session: u64, uid: u64, name: &str, desks: &[&str]) -> SessionId {
    let session = SessionId(session);
    w.send(session, agent_login(id(uid), name, desks));
    assert!(w.heard(session)[0].starts_with("login"), "{name} could not log in");
    session
}

/// The same, who takes tickets. What there is, is heard.
pub fn agent_online(w: &mut World, session: u64, uid: u64, name: &str, desks: &[&str]) -> SessionId {
    let session = agent_at(w, session, uid, name, desks);
    w.send(session, duty(Duty::Online));
    w.hush();
    session
}

/// A desk is given rules by the site.
pub fn set_desk(w: &mut World, name: &str, change: impl FnOnce(&mut DeskSettings)) {
    let mut rules = DeskSettings::new(desk(name));
    change(&mut rules);
    w.call(900, karez::chat::call::Call::Desk(DeskCall::PutDesk(Box::new(rules))));
    w.commit();
    assert!(format!("{:?}", w.answered()).contains("Desk"), "the rules are taken");
    w.hush();
}

/// What was heard of the support desk.
pub fn desked(w: &mut World, session: SessionId) -> Vec<Desked> {
    let of_desk = |told| match told {
        Told::Desk(desked) => Some(desked),
        _ => None,
    };
    w.told(session).into_iter().filter_map(of_desk).collect()
}

/// The numbers of the tickets that were offered.
pub fn offered(w: &mut World, session: SessionId) -> Vec<u64> {
    let number = |told| match told {
        Desked::Offer { ticket, .. } => Some(ticket.record.ticket.0),
        _ => None,
    };
    desked(w, session).into_iter().filter_map(number).collect()
}
