//! What is kept of the support desk: what the store is told and asked, and what it answers.
//!
//! A ticket is written whole at every change of what it is; what was said in it are entries of its conversation. The
//! last number, and who spoke last, the store finds there. Tested in `tests/store/desk.rs`.

use std::collections::BTreeMap;

use super::names::{ClosedBy, Desk, Person, Routing, TicketState};
use crate::base::clock::UnixMillis;
use crate::base::limits;
use crate::chat::ids::{Id, TicketId};
use crate::chat::output::EntryRecord;

/// A write.
#[derive(Clone, Debug, PartialEq)]
pub enum DeskOrder<'a> {
    /// A ticket is like this from now on; with a new number it is made, and so is its conversation. The visitor need
    /// not be stored.
    Ticket(&'a TicketRecord),
    /// Something is written for colleagues on a ticket that is there.
    Note(&'a NoteRecord),
    /// A canned reply is like this from now on.
    Canned(&'a CannedRecord),
    /// A canned reply is no more.
    NoCanned {
        /// Which.
        canned: u64,
    },
    /// A desk has these settings from now on.
    Settings(&'a DeskSettings),
    /// A desk has those of every desk again.
    NoSettings {
        /// Which.
        desk: &'a Desk,
    },
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeskQuery {
    /// All that must be known from the start on.
    Start,
    /// A ticket.
    Ticket(TicketId),
    /// What tickets a visitor had.
    Visitor(Id),
    /// A page of closed tickets, the newest first.
    Tickets(TicketsQuery),
    /// What was written for colleagues, the oldest first.
    Notes(NotesQuery),
    /// Canned replies: those that are everybody's, and those of one agent.
    Canned {
        /// Whose; `None`: nobody's.
        owner: Option<Id>,
    },
    /// Tickets, in short, the newest first.
    Figures(FiguresQuery),
    /// A ticket with all that was said.
    Transcript(TranscriptQuery),
}

/// What the store holds under the key of a [`DeskQuery`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskRecord {
    /// All that must be known from the start on.
    Start(DeskStart),
    /// A ticket; `None` when there is none.
    Ticket(TicketId, Option<Box<KeptTicket>>),
    /// What tickets a visitor had.
    Visitor(Id, VisitorRecord),
    /// A page of closed tickets; one more than were asked for says that there are further ones.
    Tickets(TicketsQuery, Vec<KeptTicket>),
    /// What was written for colleagues.
    Notes(NotesQuery, Vec<NoteRecord>),
    /// Canned replies by number, and the largest number that was ever given.
    Canned {
        /// Whose were asked for besides everybody's.
        owner: Option<Id>,
        /// By number.
        canned: Vec<CannedRecord>,
        /// 0 when none was.
        last: u64,
    },
    /// Tickets, in short; one more than were asked for says that there are further ones.
    Figures(FiguresQuery, Vec<FigureRow>),
    /// A ticket with all that was said.
    Transcript(TranscriptQuery, TranscriptRecord),
}

impl DeskRecord {
    /// The question that it answers.
    #[must_use]
    pub fn query(&self) -> DeskQuery {
        match self {
            DeskRecord::Start(_) => DeskQuery::Start,
            DeskRecord::Ticket(ticket, _) => DeskQuery::Ticket(*ticket),
            DeskRecord::Visitor(uid, _) => DeskQuery::Visitor(uid.clone()),
            DeskRecord::Tickets(query, _) => DeskQuery::Tickets(query.clone()),
            DeskRecord::Notes(query, _) => DeskQuery::Notes(query.clone()),
            DeskRecord::Canned { owner, .. } => DeskQuery::Canned { owner: owner.clone() },
            DeskRecord::Figures(query, _) => DeskQuery::Figures(query.clone()),
            DeskRecord::Transcript(query, _) => DeskQuery::Transcript(query.clone()),
        }
    }
}

/// A ticket, all but what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRecord {
    /// Its number: from 1, one sequence for all desks.
    pub ticket: TicketId,
    /// Whose it is.
    pub desk: Desk,
    /// Who opened it.
    pub visitor: Visitor,
    /// What it is.
    pub state: TicketState,
    /// Who holds it, or held it last.
    pub agent: Option<Person>,
    /// Higher comes first.
    pub priority: i32,
    /// In the order in which they were given.
    pub tags: Vec<Box<str>>,
    /// When it was opened.
    pub opened: UnixMillis,
    /// Since when it is in the queue.
    pub since: UnixMillis,
    /// When an agent had it first.
    pub claimed: Option<UnixMillis>,
    /// When an agent spoke first.
    pub replied: Option<UnixMillis>,
    /// When it was closed.
    pub closed: Option<UnixMillis>,
    /// By whom.
    pub by: Option<ClosedBy>,
    /// How the visitor was served, from 1 to 5.
    pub stars: Option<u8>,
    /// The same in words.
    pub comment: Option<Box<str>>,
    /// How often it was handed over.
    pub transfers: u64,
}

/// Who opened a ticket, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub uid: Id,
    /// The display name.
    pub name: Box<str>,
    /// Whether a guest.
    pub guest: bool,
    /// How many tickets the visitor had before.
    pub earlier: u64,
    /// The page.
    pub page: Option<Box<str>>,
    /// From where the visitor came there.
    pub referrer: Option<Box<str>>,
    /// With what.
    pub browser: Option<Box<str>>,
    /// In which language.
    pub lang: Option<Box<str>>,
    /// The form before the talk: names and values.
    pub form: Vec<(Box<str>, Box<str>)>,
}

/// A ticket out of the store, with what its entries say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTicket {
    /// What is kept of it.
    pub record: TicketRecord,
    /// The number of its last entry.
    pub seq: u64,
    /// That entry, if it is still kept.
    pub last: Option<EntryRecord>,
}

/// All that must be known from the start on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskStart {
    /// Every ticket that is not closed, by number.
    pub tickets: Vec<KeptTicket>,
    /// The settings of all desks that have some, by name.
    pub settings: Vec<DeskSettings>,
    /// The number of the last ticket; 0 when there was none.
    pub last: u64,
}

/// What tickets a visitor had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitorRecord {
    /// How many.
    pub tickets: u64,
    /// Who held the last one that somebody held.
    pub agent: Option<Id>,
}

/// Which closed tickets are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketsQuery {
    /// Only those of these desks; `None`: of all. In order, none twice.
    pub desks: Option<Vec<Desk>>,
    /// Besides those of these desks, all that this agent held last.
    pub or_agent: Option<Id>,
    /// Only those of this visitor.
    pub uid: Option<Id>,
    /// Only those that this agent held last.
    pub agent: Option<Id>,
    /// Only those before this one.
    pub before: Option<TicketId>,
    /// How many at most.
    pub tickets_max: usize,
}

/// Which notes are asked for: the latest of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotesQuery {
    /// Of which ticket.
    pub ticket: TicketId,
    /// How many at most.
    pub notes_max: usize,
}

/// Which tickets figures are counted of: those opened in this time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiguresQuery {
    /// Only those of these desks; `None`: of all. In order, none twice.
    pub desks: Option<Vec<Desk>>,
    /// From this moment on.
    pub from: UnixMillis,
    /// Before this one.
    pub to: UnixMillis,
    /// How many at most.
    pub tickets_max: usize,
}

/// A ticket, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Whose it is.
    pub desk: Desk,
    /// Who holds it, or held it last.
    pub agent: Option<Person>,
    /// What it is.
    pub state: TicketState,
    /// When it was opened.
    pub opened: UnixMillis,
    /// When an agent had it first.
    pub claimed: Option<UnixMillis>,
    /// When an agent spoke first.
    pub replied: Option<UnixMillis>,
    /// When it was closed.
    pub closed: Option<UnixMillis>,
    /// How the visitor was served.
    pub stars: Option<u8>,
    /// How often it was handed over.
    pub transfers: u64,
}

impl FigureRow {
    /// The ticket, in short.
    #[must_use]
    pub fn of(record: &TicketRecord) -> FigureRow {
        FigureRow {
            desk: record.desk.clone(),
            agent: record.agent.clone(),
            state: record.state,
            opened: record.opened,
            claimed: record.claimed,
            replied: record.replied,
            closed: record.closed,
            stars: record.stars,
            transfers: record.transfers,
        }
    }
}

/// How much of a ticket is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TranscriptQuery {
    /// Which.
    pub ticket: TicketId,
    /// How many notes at most; 0 for none.
    pub notes_max: usize,
    /// How many entries at most, the latest.
    pub entries_max: usize,
    /// How many bytes of them at most, as [`EntryRecord::bytes`] counts them; the first comes in any case.
    pub bytes_max: usize,
}

/// What was said in a ticket, and written about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TranscriptRecord {
    /// By rising `seq`.
    pub entries: Vec<EntryRecord>,
    /// Whether earlier ones were left out.
    pub more: bool,
    /// The oldest first.
    pub notes: Vec<NoteRecord>,
}

/// Something that was written for colleagues. It has no number: it follows an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRecord {
    /// On which ticket.
    pub ticket: TicketId,
    /// Behind which entry; 0 is before all.
    pub after: u64,
    /// Who wrote it.
    pub uid: Id,
    /// The display name at that time.
    pub name: Box<str>,
    /// What.
    pub content: Box<str>,
    /// When.
    pub time: UnixMillis,
}

/// A canned reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedRecord {
    /// Its number, one sequence for all.
    pub canned: u64,
    /// Whose it is; `None`: everybody's.
    pub owner: Option<Id>,
    /// For which desk; `None`: for all.
    pub desk: Option<Desk>,
    /// By what it is called up.
    pub short: Box<str>,
    /// The text.
    pub content: Box<str>,
}

/// The rules of a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskSettings {
    /// Which.
    pub desk: Desk,
    /// How visitors see it called.
    pub name: Option<Box<str>>,
    /// How tickets find an agent.
    pub routing: Routing,
    /// For how many seconds an offer to one agent stands.
    pub offer_seconds: u64,
    /// Whether visitors come to the agent whom they had, if possible.
    pub sticky: bool,
    /// How many tickets an agent has at a time who has not said.
    pub capacity: u32,
    /// After how many seconds of silence a ticket is closed; 0: never.
    pub idle_close_seconds: u64,
    /// How many seconds before that it is told.
    pub idle_notice_seconds: u64,
    /// What visitors are greeted with.
    pub greeting: Option<Box<str>>,
    /// What they are told when nobody answers.
    pub away: Option<Box<str>>,
    /// Whether guests are not served.
    pub identified: bool,
    /// What visitors are asked for first.
    pub form: Vec<FormField>,
    /// When the desk answers; `None`: always.
    pub hours: Option<Hours>,
}

impl DeskSettings {
    /// Those of a desk that has none.
    #[must_use]
    pub fn new(desk: Desk) -> DeskSettings {
        DeskSettings {
            desk,
            name: None,
            routing: Routing::default(),
            offer_seconds: limits::DESK_OFFER_SECONDS.default,
            sticky: true,
            capacity: limits::DESK_CAPACITY.small(),
            idle_close_seconds: limits::DESK_IDLE_CLOSE_SECONDS.default,
            idle_notice_seconds: limits::DESK_IDLE_NOTICE_SECONDS.default,
            greeting: None,
            away: None,
            identified: false,
            form: Vec::new(),
            hours: None,
        }
    }
}

/// What visitors are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// Under which name the value comes.
    pub name: Box<str>,
    /// What visitors read.
    pub label: Box<str>,
    /// Whether they must answer.
    pub required: bool,
}

/// When a desk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The zone of the times below, by its IANA name.
    pub tz: Box<str>,
    /// From Monday to Sunday.
    pub week: [Vec<Span>; 7],
    /// Days that are otherwise.
    pub dates: BTreeMap<Date, Vec<Span>>,
}

/// A part of a day, in minutes from midnight: the first in it and the first behind it; 1440 is midnight again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first minute in it.
    pub from_min: u16,
    /// The first minute behind it.
    pub to_min: u16,
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: i16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
}
