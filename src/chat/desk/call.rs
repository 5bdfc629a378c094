//! What the site's back end asks of the support desk by the HTTP API, and what it is answered.
//!
//! What is said in tickets it reads and says by the calls for all conversations. Tested in
//! `tests/chat/desk_calls.rs`.

use std::borrow::Cow;

use super::event::{AgentView, Figures, TicketView};
use super::names::{Desk, TicketState};
use super::record::{CannedRecord, DeskSettings, NoteRecord};
use super::request::{CannedDraft, FiguresAsked, Receiver};
use crate::chat::call::Put;
use crate::chat::ids::{Id, TicketId};
use crate::chat::output::EntryRecord;

/// What is asked, checked for shape.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskCall<'a> {
    /// All desks that have settings, tickets that are not closed, or agents.
    Desks,
    /// A desk.
    Desk {
        /// Which.
        desk: Desk,
    },
    /// Give a desk settings.
    PutDesk(Box<DeskSettings>),
    /// Take a desk's settings away.
    DeleteDesk {
        /// Which.
        desk: Desk,
    },
    /// A page of tickets, the newest first.
    Tickets(TicketsCall),
    /// A ticket.
    Ticket {
        /// Which.
        ticket: TicketId,
    },
    /// Change a ticket.
    PatchTicket {
        /// Which.
        ticket: TicketId,
        /// What.
        patch: TicketPatch,
    },
    /// What colleagues wrote.
    Notes {
        /// On which ticket.
        ticket: TicketId,
    },
    /// Write something for colleagues.
    Note {
        /// On which ticket.
        ticket: TicketId,
        /// In whose name.
        from: Id,
        /// What.
        content: Cow<'a, str>,
    },
    /// A ticket with all that was said.
    Transcript {
        /// Which.
        ticket: TicketId,
        /// Whether with what colleagues wrote.
        notes: bool,
    },
    /// Canned replies that are everybody's.
    Canned,
    /// Make a canned reply for everybody, or change it.
    PutCanned {
        /// Which is changed; `None` makes one.
        canned: Option<u64>,
        /// What it is.
        reply: CannedDraft<'a>,
    },
    /// Take a canned reply away.
    DeleteCanned {
        /// Which.
        canned: u64,
    },
    /// How the desks are doing.
    Figures(FiguresAsked),
}

/// Which page of tickets a back end means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketsCall {
    /// Only those that are so; `None`: all that are not closed.
    pub state: Option<TicketState>,
    /// Only those of this desk.
    pub desk: Option<Desk>,
    /// Only those of this visitor.
    pub uid: Option<Id>,
    /// Only those that this agent holds, or held last.
    pub agent: Option<Id>,
    /// Only those before this one.
    pub before: Option<TicketId>,
    /// How many at most.
    pub limit: Option<u32>,
}

/// What is to be otherwise; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketPatch {
    /// Higher comes first.
    pub priority: Option<i32>,
    /// In the place of all others.
    pub tags: Option<Vec<Box<str>>>,
    /// To whom it is handed over.
    pub to: Option<Receiver>,
    /// Whether it is closed.
    pub close: bool,
}

impl DeskCall<'_> {
    /// A copy that borrows from nothing, for a call that must wait.
    #[must_use]
    pub fn into_owned(self) -> DeskCall<'static> {
        match self {
            DeskCall::Desks => DeskCall::Desks,
            DeskCall::Desk { desk } => DeskCall::Desk { desk },
            DeskCall::PutDesk(settings) => DeskCall::PutDesk(settings),
            DeskCall::DeleteDesk { desk } => DeskCall::DeleteDesk { desk },
            DeskCall::Tickets(page) => DeskCall::Tickets(page),
            DeskCall::Ticket { ticket } => DeskCall::Ticket { ticket },
            DeskCall::PatchTicket { ticket, patch } => DeskCall::PatchTicket { ticket, patch },
            DeskCall::Notes { ticket } => DeskCall::Notes { ticket },
            DeskCall::Note { ticket, from, content } => {
                DeskCall::Note { ticket, from, content: Cow::Owned(content.into_owned()) }
            }
            DeskCall::Transcript { ticket, notes } => DeskCall::Transcript { ticket, notes },
            DeskCall::Canned => DeskCall::Canned,
            DeskCall::PutCanned { canned, reply } => {
                DeskCall::PutCanned { canned, reply: reply.into_owned() }
            }
            DeskCall::DeleteCanned { canned } => DeskCall::DeleteCanned { canned },
            DeskCall::Figures(asked) => DeskCall::Figures(asked),
        }
    }
}

/// What such a call is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskAnswer<'a> {
    /// All desks, by name.
    Desks {
        /// Each with how it is now.
        desks: &'a [DeskView<'a>],
    },
    /// A desk.
    Desk {
        /// Whether a call has given it its first settings just now.
        put: Put,
        /// How it is now.
        desk: Box<DeskView<'a>>,
    },
    /// A page of tickets, the newest first.
    Tickets {
        /// The page.
        tickets: &'a [TicketView<'a>],
        /// Before which one the next page begins, if there is one.
        next: Option<TicketId>,
    },
    /// A ticket.
    Ticket(TicketView<'a>),
    /// What colleagues wrote, the oldest first.
    Notes {
        /// What.
        notes: &'a [NoteRecord],
    },
    /// What was written just now.
    Note(&'a NoteRecord),
    /// A ticket with all that was said.
    Transcript {
        /// Which.
        ticket: TicketView<'a>,
        /// By rising `seq`.
        entries: &'a [EntryRecord],
        /// Whether earlier ones were left out.
        more: bool,
        /// The oldest first.
        notes: &'a [NoteRecord],
    },
    /// Canned replies.
    Canned {
        /// By number.
        canned: &'a [CannedRecord],
    },
    /// A canned reply, as the call has left it.
    CannedPut {
        /// Whether it is new.
        put: Put,
        /// What it is.
        canned: &'a CannedRecord,
    },
    /// How the desks are doing.
    Figures(&'a Figures),
}

/// A desk, as a back end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskView<'a> {
    /// Its rules, its own or everybody's.
    pub settings: Cow<'a, DeskSettings>,
    /// Whether it answers now.
    pub open: bool,
    /// Tickets that wait.
    pub waiting: u64,
    /// Messages that were left.
    pub offline: u64,
    /// Tickets that agents hold.
    pub open_tickets: u64,
    /// Its agents, by uid.
    pub agents: Vec<AgentView<'a>>,
}
