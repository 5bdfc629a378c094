//! What visitors and agents are told by the support desk. `wire` gives it its JSON shape.
//!
//! Entries of tickets are entries like all others. Tested through the core: `tests/chat/desk_*.rs`.

use super::names::{Desk, Duty, Person, TicketsView, Withdrawal};
use super::record::{CannedRecord, FormField, NoteRecord, TicketRecord};
use super::request::TicketsPlace;
use crate::base::clock::UnixMillis;
use crate::chat::ids::{Id, TicketId};

/// One thing that is told.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskEvent<'a> {
    /// What a visitor must know before opening a ticket.
    Desk {
        /// Echoed.
        id: Option<&'a str>,
        /// What.
        desk: DeskGate<'a>,
    },
    /// How a visitor's ticket is now: `ticket`, with what is for the visitor's eyes.
    Ticket(TicketView<'a>),
    /// How a ticket is now: `ticket`, with all that agents see.
    Line(TicketView<'a>),
    /// A ticket that one may claim.
    Offer {
        /// Which.
        ticket: TicketView<'a>,
        /// How long the visitor has waited, in seconds.
        waited_s: u64,
        /// For how long the offer stands, in milliseconds; `None` as long as nobody claims it.
        expires_ms: Option<u64>,
    },
    /// An offer stands no more.
    Withdrawn {
        /// Of which ticket.
        ticket: TicketId,
        /// Why.
        why: Withdrawal,
        /// Who has the ticket now, where somebody has.
        agent: Option<&'a Person>,
    },
    /// How an agent is now.
    Duty(AgentView<'a>),
    /// Something was written for colleagues.
    Note(&'a NoteRecord),
    /// What was written for colleagues.
    Notes {
        /// Echoed.
        id: Option<&'a str>,
        /// On which ticket.
        ticket: TicketId,
        /// The oldest first.
        notes: &'a [NoteRecord],
    },
    /// A page of tickets.
    Tickets {
        /// Echoed.
        id: Option<&'a str>,
        /// As was asked.
        view: TicketsView,
        /// The page.
        tickets: &'a [TicketView<'a>],
        /// How many there are in each list; `None` for a visitor.
        counts: Option<TicketCounts>,
        /// Behind which place the next page begins, if there is one.
        next: Option<TicketsPlace>,
    },
    /// Who is on duty.
    Agents {
        /// Echoed.
        id: Option<&'a str>,
        /// By uid.
        agents: &'a [AgentView<'a>],
    },
    /// Canned replies.
    Canned {
        /// Echoed.
        id: Option<&'a str>,
        /// By their number.
        canned: &'a [CannedRecord],
    },
    /// A canned reply is made or changed.
    CannedPut {
        /// Echoed.
        id: Option<&'a str>,
        /// Its number.
        canned: u64,
    },
    /// How the desks are doing.
    Figures {
        /// Echoed.
        id: Option<&'a str>,
        /// What was counted.
        figures: &'a Figures,
    },
}

/// What a visitor must know before opening a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskGate<'a> {
    /// Which desk.
    pub desk: &'a Desk,
    /// How it is called.
    pub name: Option<&'a str>,
    /// Whether somebody answers now.
    pub open: bool,
    /// What visitors are greeted with.
    pub greeting: Option<&'a str>,
    /// What they are told when nobody answers.
    pub away: Option<&'a str>,
    /// What they are asked for first.
    pub form: &'a [FormField],
    /// When business hours begin again; `None` while they last or if there are none.
    pub next: Option<UnixMillis>,
    /// Whether guests are not served.
    pub identified: bool,
    /// The asker's own ticket that is not closed.
    pub ticket: Option<TicketId>,
}

/// A ticket, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView<'a> {
    /// What is kept of it.
    pub record: &'a TicketRecord,
    /// The number of its last entry.
    pub seq: u64,
    /// The last entry; `None` when there is none, or whoever is told may not read it.
    pub last: Option<&'a Preview>,
    /// The place in the queue: 1 is next. `None` outside.
    pub position: Option<u64>,
    /// For how long the visitor still waits, as far as can be said, in seconds.
    pub wait_s: Option<u64>,
    /// Whether the visitor is there.
    pub online: bool,
    /// In how many milliseconds it is closed if nobody speaks; `None` when that is not near.
    pub closing_ms: Option<u64>,
}

/// The beginning of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Who said it.
    pub uid: Id,
    /// The display name at that time.
    pub name: Box<str>,
    /// The text, cut; empty for what was recalled.
    pub content: Box<str>,
    /// When.
    pub time: UnixMillis,
}

/// How many tickets there are, of the desks of whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketCounts {
    /// In the queue.
    pub waiting: u64,
    /// Held by whoever asks.
    pub mine: u64,
    /// Not closed.
    pub all: u64,
    /// Left as messages.
    pub offline: u64,
}

/// An agent, as colleagues and back ends see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentView<'a> {
    /// Who.
    pub uid: &'a Id,
    /// The display name.
    pub name: &'a str,
    /// Whether tickets are taken.
    pub state: Duty,
    /// How many at a time.
    pub capacity: u32,
    /// How many there are.
    pub open: u64,
    /// For which desks; `None` for all.
    pub desks: Option<&'a [Desk]>,
}

/// How desks and agents are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// From when on tickets were counted; later than was asked if there were too many.
    pub from: UnixMillis,
    /// Up to when.
    pub to: UnixMillis,
    /// By desk.
    pub desks: Vec<(Desk, Figure)>,
    /// By uid.
    pub agents: Vec<(Person, Figure)>,
}

/// What was counted, of tickets that were opened in that time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// All of them.
    pub opened: u64,
    /// Of which an agent has or had.
    pub claimed: u64,
    /// Which are closed.
    pub closed: u64,
    /// Which are closed, or were left as messages, without an agent.
    pub missed: u64,
    /// From opening to the claim.
    pub waited: Option<Spread>,
    /// From opening to the first answer.
    pub reply: Option<Spread>,
    /// From the claim to the end.
    pub duration: Option<Spread>,
    /// How many were rated.
    pub rated: u64,
    /// All their stars together.
    pub stars: u64,
    /// How often they were handed over.
    pub transfers: u64,
}

/// How times are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Half of them are no longer, in milliseconds.
    pub median_ms: u64,
    /// Nine in ten are no longer.
    pub p90_ms: u64,
}
