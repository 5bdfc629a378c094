//! What the support desk tells, as one receiver keeps it, and short words for it.

use std::fmt::Write as _;

use karez::chat::desk::{
    AgentView, CannedRecord, ClosedBy, DeskEvent, Duty, Figures, NoteRecord, Person, Preview, TicketCounts,
    TicketRecord, TicketState, TicketView, TicketsPlace, TicketsView, Withdrawal,
};
use karez::chat::ids::{Id, TicketId};

use super::World;

/// A ticket, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub record: TicketRecord,
    pub seq: u64,
    pub last: Option<Preview>,
    pub position: Option<u64>,
    pub wait_s: Option<u64>,
    pub online: bool,
    pub closing_ms: Option<u64>,
}

impl From<&TicketView<'_>> for Seen {
    fn from(view: &TicketView<'_>) -> Seen {
        Seen {
            record: view.record.clone(),
            seq: view.seq,
            last: view.last.cloned(),
            position: view.position,
            wait_s: view.wait_s,
            online: view.online,
            closing_ms: view.closing_ms,
        }
    }
}

impl Seen {
    /// What a visitor is told.
    fn line(&self) -> String {
        let record = &self.record;
        let mut line = format!("{} {}", record.ticket.0, record.state.as_str());
        if !record.desk.is_default() {
            let _ = write!(line, " at {}", record.desk.as_str());
        }
        if let (Some(agent), TicketState::Open) = (&record.agent, record.state) {
            let _ = write!(line, " with {}", person(agent));
        }
        if let Some(by) = record.by.map(ClosedBy::as_str) {
            let _ = write!(line, " by {by}");
        }
        if let Some(position) = self.position {
            let _ = write!(line, ", place {position}");
        }
        if let Some(wait_s) = self.wait_s {
            let _ = write!(line, ", {wait_s} s");
        }
        if let Some(closing_ms) = self.closing_ms {
            let _ = write!(line, ", closing in {closing_ms}");
        }
        if let Some(stars) = record.stars {
            let _ = write!(line, ", {stars} stars");
        }
        line
    }

    /// What agents are told besides.
    fn agents_line(&self) -> String {
        let visitor = &self.record.visitor;
        let away = if self.online { "" } else { ", away" };
        let last = self.last.as_ref().map(|last| format!(": {}", last.content)).unwrap_or_default();
        let tags = self.record.tags.iter().map(|tag| format!(" #{tag}")).collect::<String>();
        format!("{}, of {} {}{away}{tags}{last}", self.line(), visitor.uid, visitor.name)
    }
}

fn person(of: &Person) -> String {
    format!("{} {}", of.uid, of.name)
}

/// An agent, as colleagues see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mate {
    pub uid: Id,
    pub name: String,
    pub state: Duty,
    pub capacity: u32,
    pub open: u64,
    pub desks: Option<Vec<String>>,
}

impl From<&AgentView<'_>> for Mate {
    fn from(view: &AgentView<'_>) -> Mate {
        let desks = view.desks.map(|desks| desks.iter().map(|desk| desk.as_str().to_owned()).collect());
        Mate {
            uid: view.uid.clone(),
            name: view.name.to_owned(),
            state: view.state,
            capacity: view.capacity,
            open: view.open,
            desks,
        }
    }
}

impl Mate {
    pub fn line(&self) -> String {
        format!("{} {} {} {}/{}", self.uid, self.name, self.state.as_str(), self.open, self.capacity)
    }
}

/// An event of the support desk as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desked {
    Gate {
        id: Option<String>,
        desk: String,
        open: bool,
        next: Option<u64>,
        ticket: Option<TicketId>,
        gate: String,
    },
    Ticket(Box<Seen>),
    Line(Box<Seen>),
    Offer {
        ticket: Box<Seen>,
        waited_s: u64,
        expires_ms: Option<u64>,
    },
    Withdrawn {
        ticket: TicketId,
        why: Withdrawal,
        agent: Option<Person>,
    },
    Duty(Mate),
    Note(NoteRecord),
    Notes {
        id: Option<String>,
        ticket: TicketId,
        notes: Vec<NoteRecord>,
    },
    Tickets {
        id: Option<String>,
        view: TicketsView,
        tickets: Vec<Seen>,
        counts: Option<TicketCounts>,
        next: Option<TicketsPlace>,
    },
    Agents {
        id: Option<String>,
        agents: Vec<Mate>,
    },
    Canned {
        id: Option<String>,
        canned: Vec<CannedRecord>,
    },
    CannedPut {
        id: Option<String>,
        canned: u64,
    },
    Figures {
        id: Option<String>,
        figures: Figures,
    },
}

impl From<&DeskEvent<'_>> for Desked {
    fn from(event: &DeskEvent<'_>) -> Desked {
        let owned = |id: &Option<&str>| id.map(str::to_owned);
        let seen = |view: &TicketView<'_>| Box::new(Seen::from(view));
        match event {
            DeskEvent::Desk { id, desk } => Desked::Gate {
                id: owned(id),
                desk: desk.desk.as_str().to_owned(),
                open: desk.open,
                next: desk.next.map(|next| next.0),
                ticket: desk.ticket,
                gate: format!("{:?} {:?} {:?} {}", desk.name, desk.greeting, desk.away, desk.identified),
            },
            DeskEvent::Ticket(view) => Desked::Ticket(seen(view)),
            DeskEvent::Line(view) => Desked::Line(seen(view)),
            DeskEvent::Offer { ticket, waited_s, expires_ms } => {
                Desked::Offer { ticket: seen(ticket), waited_s: *waited_s, expires_ms: *expires_ms }
            }
            DeskEvent::Withdrawn { ticket, why, agent } => {
                Desked::Withdrawn { ticket: *ticket, why: *why, agent: agent.cloned() }
            }
            DeskEvent::Duty(view) => Desked::Duty(Mate::from(view)),
            DeskEvent::Note(note) => Desked::Note((*note).clone()),
            DeskEvent::Notes { id, ticket, notes } => {
                Desked::Notes { id: owned(id), ticket: *ticket, notes: notes.to_vec() }
            }
            DeskEvent::Tickets { id, view, tickets, counts, next } => Desked::Tickets {
                id: owned(id),
                view: *view,
                tickets: tickets.iter().map(Seen::from).collect(),
                counts: *counts,
                next: *next,
            },
            DeskEvent::Agents { id, agents } => {
                Desked::Agents { id: owned(id), agents: agents.iter().map(Mate::from).collect() }
            }
            DeskEvent::Canned { id, canned } => Desked::Canned { id: owned(id), canned: canned.to_vec() },
            DeskEvent::CannedPut { id, canned } => Desked::CannedPut { id: owned(id), canned: *canned },
            DeskEvent::Figures { id, figures } => {
                Desked::Figures { id: owned(id), figures: (*figures).clone() }
            }
        }
    }
}

impl World {
    /// What the daemon does at once: the core asks what there is at the support desk.
    pub(super) fn begun(mut self) -> World {
        self.deadline();
        self.commit();
        self
    }
}

impl Desked {
    /// One short line, for stories.
    pub fn line(&self) -> String {
        let with = |id: &Option<String>| id.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
        match self {
            Desked::Gate { id, desk, open, next, ticket, gate: _ } => {
                let open = if *open { "open" } else { "shut" };
                let next = next.map(|next| format!(", opens at {next}")).unwrap_or_default();
                let ticket = ticket.map(|ticket| format!(", ticket {}", ticket.0)).unwrap_or_default();
                format!("desk{} {desk} {open}{next}{ticket}", with(id))
            }
            Desked::Ticket(seen) => format!("ticket {}", seen.line()),
            Desked::Line(seen) => format!("line {}", seen.agents_line()),
            Desked::Offer { ticket, waited_s, expires_ms } => {
                let visitor = &ticket.record.visitor;
                let expires = expires_ms.map(|ms| format!(", expires in {ms}")).unwrap_or_default();
                let number = ticket.record.ticket.0;
                format!("offer {number} of {} {}, waited {waited_s}{expires}", visitor.uid, visitor.name)
            }
            Desked::Withdrawn { ticket, why, agent } => {
                let agent = agent.as_ref().map(|agent| format!(" by {}", person(agent))).unwrap_or_default();
                format!("withdrawn {} {}{agent}", ticket.0, why.as_str())
            }
            Desked::Duty(mate) => format!("duty {}", mate.line()),
            Desked::Note(note) => format!("note {}", note_line(note)),
            Desked::Notes { id, ticket, notes } => {
                let notes: Vec<String> = notes.iter().map(note_line).collect();
                format!("notes{} {}: {}", with(id), ticket.0, notes.join(" | "))
            }
            Desked::Tickets { id, view, tickets, counts, next } => {
                let lines: Vec<String> = tickets.iter().map(Seen::agents_line).collect();
                let counts =
                    counts.map(|of| format!(" ({}/{}/{}/{})", of.waiting, of.mine, of.all, of.offline));
                let more = if next.is_some() { ", more" } else { "" };
                let counts = counts.unwrap_or_default();
                format!("tickets{} {}{counts}: {}{more}", with(id), view.as_str(), lines.join(" | "))
            }
            Desked::Agents { id, agents } => {
                let lines: Vec<String> = agents.iter().map(Mate::line).collect();
                format!("agents{}: {}", with(id), lines.join(", "))
            }
            Desked::Canned { id, canned } => {
                let of = |reply: &CannedRecord| {
                    let whose = if reply.owner.is_some() { "own" } else { "shared" };
                    let desk =
                        reply.desk.as_ref().map(|desk| format!(" at {}", desk.as_str())).unwrap_or_default();
                    format!("{} {whose}{desk} {}: {}", reply.canned, reply.short, reply.content)
                };
                let lines: Vec<String> = canned.iter().map(of).collect();
                format!("canned{}: {}", with(id), lines.join(" | "))
            }
            Desked::CannedPut { id, canned } => format!("canned_put{} {canned}", with(id)),
            Desked::Figures { id, figures } => format!("figures{} {figures:?}", with(id)),
        }
    }
}

fn note_line(note: &NoteRecord) -> String {
    format!("{} after {}, {} {}: {}", note.ticket.0, note.after, note.uid, note.name, note.content)
}
