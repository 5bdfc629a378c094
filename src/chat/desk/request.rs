//! What visitors and agents ask of the support desk, checked for shape but not for permission.
//!
//! Requests that name a ticket as a conversation (history, read, typing, recall, search) are the same as for groups
//! and private talks. Tested through the core: `tests/chat/desk_*.rs`.

use std::borrow::Cow;

use super::names::{Desk, Duty, TicketsView};
use crate::base::clock::UnixMillis;
use crate::chat::ids::{Id, TicketId};
use crate::chat::input::Draft;

/// A request about the support desk.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskRequest<'a> {
    /// Speak in a ticket: in this one, or in one's own, which is opened if there is none.
    Support {
        /// Which; `None` is one's own.
        ticket: Option<TicketId>,
        /// What is said.
        draft: Draft<'a>,
        /// What is told with a ticket that is opened.
        opening: Box<Opening<'a>>,
    },
    /// What a visitor must know before opening a ticket.
    Ask {
        /// Of which desk.
        desk: Desk,
    },
    /// Take tickets, or not. From the first one on the session hears what concerns its desks.
    Duty {
        /// Whether.
        state: Duty,
        /// How many tickets at a time; `None` leaves it.
        capacity: Option<u32>,
    },
    /// Take a ticket.
    Claim {
        /// Which.
        ticket: TicketId,
    },
    /// Give an offer back.
    Decline {
        /// Of which ticket.
        ticket: TicketId,
    },
    /// Hand a ticket over.
    Transfer {
        /// Which.
        ticket: TicketId,
        /// To whom.
        to: Receiver,
        /// What colleagues are told about it.
        note: Option<Cow<'a, str>>,
    },
    /// Close a ticket.
    Close {
        /// Which.
        ticket: TicketId,
    },
    /// Give a ticket these tags in the place of all others.
    Tag {
        /// Which.
        ticket: TicketId,
        /// The tags.
        tags: Vec<Box<str>>,
    },
    /// Say how one was served.
    Rate {
        /// In which ticket.
        ticket: TicketId,
        /// From 1 to 5.
        stars: u8,
        /// In words.
        comment: Option<Cow<'a, str>>,
    },
    /// Write something for colleagues.
    Note {
        /// On which ticket.
        ticket: TicketId,
        /// What.
        content: Cow<'a, str>,
    },
    /// What colleagues wrote.
    Notes {
        /// On which ticket.
        ticket: TicketId,
    },
    /// A page of tickets.
    Tickets(TicketsPage),
    /// Who is on duty.
    Agents {
        /// Only those of this desk.
        desk: Option<Desk>,
    },
    /// The canned replies that one may use.
    Canned {
        /// Only those for this desk.
        desk: Option<Desk>,
    },
    /// Make a canned reply, or change it.
    PutCanned {
        /// Which is changed; `None` makes one.
        canned: Option<u64>,
        /// What it is.
        reply: CannedDraft<'a>,
        /// Whether it is everybody's.
        shared: bool,
    },
    /// Take a canned reply away.
    DeleteCanned {
        /// Which.
        canned: u64,
    },
    /// How the desks are doing.
    Figures(FiguresAsked),
}

/// What is told with a ticket that is opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening<'a> {
    /// For whom it is.
    pub desk: Desk,
    /// The page on which the visitor is.
    pub page: Option<Cow<'a, str>>,
    /// From where the visitor came there.
    pub referrer: Option<Cow<'a, str>>,
    /// With what, as the connection has told.
    pub browser: Option<Cow<'a, str>>,
    /// In which language.
    pub lang: Option<Cow<'a, str>>,
    /// The form before the talk: names and values.
    pub form: Vec<(Box<str>, Box<str>)>,
    /// From where; `None` is somewhere that is not counted.
    pub address: Option<Address>,
}

/// A network address, as an opaque number of the floor above: the same address has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u64);

/// To whom a ticket is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// To this agent, at once.
    Agent(Id),
    /// To the queue of this desk.
    Desk(Desk),
}

/// A canned reply, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedDraft<'a> {
    /// By what it is called up.
    pub short: Cow<'a, str>,
    /// The text; what stands in braces is filled in by whoever uses it.
    pub content: Cow<'a, str>,
    /// For which desk; `None` is for all.
    pub desk: Option<Desk>,
}

/// Which page of tickets is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketsPage {
    /// Which tickets.
    pub view: TicketsView,
    /// Only those of this desk.
    pub desk: Option<Desk>,
    /// Only those of this visitor.
    pub uid: Option<Id>,
    /// Only those that this agent holds, or held last.
    pub agent: Option<Id>,
    /// Only those behind this place.
    pub after: Option<TicketsPlace>,
    /// How many at most.
    pub limit: Option<u32>,
}

/// A place in a list of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketsPlace {
    /// Of the ticket there.
    pub priority: i32,
    /// Since when it is in the queue.
    pub since: UnixMillis,
    /// Which it is.
    pub ticket: TicketId,
}

/// Of what time figures are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiguresAsked {
    /// Only of this desk.
    pub desk: Option<Desk>,
    /// Of tickets opened from this moment on; `None`: the day's first.
    pub from: Option<UnixMillis>,
    /// And before this one; `None`: now.
    pub to: Option<UnixMillis>,
}

impl DeskRequest<'_> {
    /// A copy that borrows from nothing, for a request that must wait.
    #[must_use]
    pub fn into_owned(self) -> DeskRequest<'static> {
        match self {
            DeskRequest::Support { ticket, draft, opening } => DeskRequest::Support {
                ticket,
                draft: draft.into_owned(),
                opening: Box::new(opening.into_owned()),
            },
            DeskRequest::Ask { desk } => DeskRequest::Ask { desk },
            DeskRequest::Duty { state, capacity } => DeskRequest::Duty { state, capacity },
            DeskRequest::Claim { ticket } => DeskRequest::Claim { ticket },
            DeskRequest::Decline { ticket } => DeskRequest::Decline { ticket },
            DeskRequest::Transfer { ticket, to, note } => {
                DeskRequest::Transfer { ticket, to, note: note.map(owned) }
            }
            DeskRequest::Close { ticket } => DeskRequest::Close { ticket },
            DeskRequest::Tag { ticket, tags } => DeskRequest::Tag { ticket, tags },
            DeskRequest::Rate { ticket, stars, comment } => {
                DeskRequest::Rate { ticket, stars, comment: comment.map(owned) }
            }
            DeskRequest::Note { ticket, content } => DeskRequest::Note { ticket, content: owned(content) },
            DeskRequest::Notes { ticket } => DeskRequest::Notes { ticket },
            DeskRequest::Tickets(page) => DeskRequest::Tickets(page),
            DeskRequest::Agents { desk } => DeskRequest::Agents { desk },
            DeskRequest::Canned { desk } => DeskRequest::Canned { desk },
            DeskRequest::PutCanned { canned, reply, shared } => {
                DeskRequest::PutCanned { canned, reply: reply.into_owned(), shared }
            }
            DeskRequest::DeleteCanned { canned } => DeskRequest::DeleteCanned { canned },
            DeskRequest::Figures(asked) => DeskRequest::Figures(asked),
        }
    }
}

impl CannedDraft<'_> {
    pub(in crate::chat) fn into_owned(self) -> CannedDraft<'static> {
        CannedDraft { short: owned(self.short), content: owned(self.content), desk: self.desk }
    }
}

impl Opening<'_> {
    fn into_owned(self) -> Opening<'static> {
        Opening {
            desk: self.desk,
            page: self.page.map(owned),
            referrer: self.referrer.map(owned),
            browser: self.browser.map(owned),
            lang: self.lang.map(owned),
            form: self.form,
            address: self.address,
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
