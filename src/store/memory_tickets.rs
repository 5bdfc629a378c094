//! The support desk in the store in memory: tickets, notes, canned replies, settings, and how far tickets were read.
//!
//! Everything is as the SQLite store has it in `tickets.rs` and `desks.rs`. A step back holds what was there before; to
//! forget somebody, which is rare, all of it is copied.
//! Tested by the suite in `tests/store/` and simulated.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::memory::{Memory, Undo};
use super::page::Page;
use super::tickets::Forgotten;
use crate::base::clock::UnixMillis;
use crate::chat::desk::{
    CannedRecord, Desk, DeskOrder, DeskQuery, DeskRecord, DeskSettings, DeskStart, FigureRow, FiguresQuery,
    KeptTicket, NoteRecord, NotesQuery, TicketRecord, TicketState, TicketsQuery, TranscriptQuery,
    TranscriptRecord, VisitorRecord,
};
use crate::chat::ids::{Conversation, Id, TicketId};

/// What is kept of the support desk.
#[derive(Clone, Debug, Default)]
pub(super) struct DeskTables {
    tickets: BTreeMap<TicketId, TicketRecord>,
    of_visitors: BTreeMap<Id, BTreeSet<TicketId>>,
    of_agents: BTreeMap<Id, BTreeSet<TicketId>>,
    last: u64,
    /// How far tickets were read, by whom.
    pub(super) read: BTreeMap<(Id, TicketId), u64>,
    notes: BTreeMap<TicketId, Vec<NoteRecord>>,
    canned: BTreeMap<u64, CannedRecord>,
    last_canned: u64,
    settings: BTreeMap<Desk, DeskSettings>,
    /// Up to which number the tickets of people who were deleted are counted in their reports.
    counted: BTreeMap<Id, u64>,
}

/// What was done, and can be undone. Each with what was there before.
#[derive(Debug)]
pub(super) enum Step {
    Ticket(TicketId, Option<TicketRecord>, u64),
    Note(TicketId),
    Canned(u64, Option<CannedRecord>, u64),
    Settings(Desk, Option<DeskSettings>),
    Forgotten(DeskTables),
}

impl DeskTables {
    pub(super) fn has(&self, ticket: TicketId) -> bool {
        self.tickets.contains_key(&ticket)
    }

    pub(super) fn get(&self, ticket: TicketId) -> Option<&TicketRecord> {
        self.tickets.get(&ticket)
    }

    /// Whether a ticket, a note or a canned reply names this uid.
    pub(super) fn names(&self, uid: &Id) -> bool {
        self.of_visitors.contains_key(uid)
            || self.of_agents.contains_key(uid)
            || self.canned.values().any(|canned| canned.owner.as_ref() == Some(uid))
            || self.notes.values().flatten().any(|note| note.uid == *uid)
    }

    /// The tickets of a user: those that the user has opened, and those held, or held at the end.
    pub(super) fn own(&self, uid: &Id) -> impl Iterator<Item = &TicketRecord> {
        let opened = self.of_visitors.get(uid).into_iter().flatten();
        let held = self.of_agents.get(uid).into_iter().flatten();
        let records = opened.chain(held).collect::<BTreeSet<_>>().into_iter();
        let records = records.filter_map(|ticket| self.tickets.get(ticket));
        records.filter(|record| record.visitor.uid == *uid || !record.state.is_queued())
    }

    fn put(&mut self, ticket: TicketId, record: Option<TicketRecord>) -> Option<TicketRecord> {
        let before = self.tickets.remove(&ticket);
        if let Some(before) = &before {
            strike(&mut self.of_visitors, &before.visitor.uid, ticket);
            if let Some(agent) = &before.agent {
                strike(&mut self.of_agents, &agent.uid, ticket);
            }
        }
        if let Some(record) = record {
            self.of_visitors.entry(record.visitor.uid.clone()).or_default().insert(ticket);
            if let Some(agent) = &record.agent {
                self.of_agents.entry(agent.uid.clone()).or_default().insert(ticket);
            }
            self.tickets.insert(ticket, record);
        }
        before
    }

    /// Takes out what is of a person.
    fn forget(&mut self, uid: &Id) -> Forgotten {
        let count = |desk: &DeskTables| (desk.notes.values().map(Vec::len).sum::<usize>(), desk.canned.len());
        let (notes, canned) = count(self);
        let counted = TicketId(self.counted.insert(uid.clone(), self.last).unwrap_or(0));
        let name: Box<str> = uid.to_string().into();
        let opened = self.of_visitors.get(uid).cloned().unwrap_or_default();
        let held = self.of_agents.get(uid).cloned().unwrap_or_default();
        let tickets = opened.iter().filter(|ticket| **ticket > counted).count() as u64;
        for ticket in &opened {
            self.notes.remove(ticket);
            let Some(record) = self.tickets.get_mut(ticket) else { continue };
            (record.stars, record.comment) = (None, None);
            let visitor = &mut record.visitor;
            visitor.name = name.clone();
            (visitor.page, visitor.referrer, visitor.browser, visitor.lang) = (None, None, None, None);
            visitor.form = Vec::new();
        }
        for ticket in &held {
            if let Some(agent) = self.tickets.get_mut(ticket).and_then(|record| record.agent.as_mut()) {
                agent.name = name.clone();
            }
        }
        self.notes.values_mut().for_each(|notes| notes.retain(|note| note.uid != *uid));
        self.canned.retain(|_, canned| canned.owner.as_ref() != Some(uid));
        self.read.retain(|(reader, _), _| reader != uid);
        let left = count(self);
        Forgotten { tickets, notes: (notes - left.0) as u64, canned: (canned - left.1) as u64 }
    }
}

fn strike(sets: &mut BTreeMap<Id, BTreeSet<TicketId>>, uid: &Id, ticket: TicketId) {
    if let Some(set) = sets.get_mut(uid) {
        set.remove(&ticket);
        if set.is_empty() {
            sets.remove(uid);
        }
    }
}

impl Memory {
    pub(super) fn write_desk(&mut self, order: DeskOrder<'_>) -> Result<Undo, StoreError> {
        let tables = &mut self.desk;
        let step = match order {
            DeskOrder::Ticket(record) => {
                let last = tables.last;
                tables.last = last.max(record.ticket.0);
                let before = tables.put(record.ticket, Some(record.clone()));
                Step::Ticket(record.ticket, before, last)
            }
            DeskOrder::Note(note) => {
                if !tables.has(note.ticket) {
                    return Err(StoreError::NoSuchTicket(note.ticket));
                }
                tables.notes.entry(note.ticket).or_default().push(note.clone());
                Step::Note(note.ticket)
            }
            DeskOrder::Canned(record) => {
                let last = tables.last_canned;
                tables.last_canned = last.max(record.canned);
                Step::Canned(record.canned, tables.canned.insert(record.canned, record.clone()), last)
            }
            DeskOrder::NoCanned { canned } => {
                Step::Canned(canned, tables.canned.remove(&canned), tables.last_canned)
            }
            DeskOrder::Settings(settings) => {
                let before = tables.settings.insert(settings.desk.clone(), settings.clone());
                Step::Settings(settings.desk.clone(), before)
            }
            DeskOrder::NoSettings { desk } => Step::Settings(desk.clone(), tables.settings.remove(desk)),
        };
        Ok(Undo::Desk(Box::new(step)))
    }

    pub(super) fn forget_in_tickets(&mut self, uid: &Id) -> (Forgotten, Undo) {
        let before = self.desk.clone();
        let forgotten = self.desk.forget(uid);
        (forgotten, Undo::Desk(Box::new(Step::Forgotten(before))))
    }

    pub(super) fn step_back_at_desk(&mut self, step: Step) {
        let tables = &mut self.desk;
        match step {
            Step::Ticket(ticket, before, last) => {
                tables.put(ticket, before);
                tables.last = last;
            }
            Step::Note(ticket) => {
                if let Some(notes) = tables.notes.get_mut(&ticket) {
                    notes.pop();
                }
            }
            Step::Canned(canned, before, last) => {
                tables.last_canned = last;
                match before {
                    Some(before) => drop(tables.canned.insert(canned, before)),
                    None => drop(tables.canned.remove(&canned)),
                }
            }
            Step::Settings(desk, Some(before)) => drop(tables.settings.insert(desk, before)),
            Step::Settings(desk, None) => drop(tables.settings.remove(&desk)),
            Step::Forgotten(before) => *tables = before,
        }
    }

    fn kept_ticket(&self, record: &TicketRecord) -> KeptTicket {
        let log = self.logs.find(&Conversation::Ticket(record.ticket));
        KeptTicket {
            record: record.clone(),
            seq: log.map_or(0, |log| log.last),
            last: log.and_then(|log| log.records().next_back()),
        }
    }

    pub(super) fn read_desk(&self, query: &DeskQuery) -> DeskRecord {
        let tables = &self.desk;
        match query {
            DeskQuery::Start => {
                let open = tables.tickets.values().filter(|record| record.state != TicketState::Closed);
                DeskRecord::Start(DeskStart {
                    tickets: open.map(|record| self.kept_ticket(record)).collect(),
                    settings: tables.settings.values().cloned().collect(),
                    last: tables.last,
                })
            }
            DeskQuery::Ticket(ticket) => DeskRecord::Ticket(
                *ticket,
                tables.get(*ticket).map(|record| Box::new(self.kept_ticket(record))),
            ),
            DeskQuery::Visitor(uid) => {
                let own = tables.of_visitors.get(uid).into_iter().flatten();
                let mut agents = own.clone().rev().filter_map(|ticket| tables.get(*ticket)?.agent.as_ref());
                let agent = agents.next().map(|agent| agent.uid.clone());
                DeskRecord::Visitor(uid.clone(), VisitorRecord { tickets: own.count() as u64, agent })
            }
            DeskQuery::Tickets(query) => DeskRecord::Tickets(query.clone(), self.closed_tickets(query)),
            DeskQuery::Notes(query) => DeskRecord::Notes(query.clone(), self.notes(query)),
            DeskQuery::Canned { owner } => {
                let is_meant = |canned: &&CannedRecord| canned.owner.is_none() || canned.owner == *owner;
                let canned = tables.canned.values().filter(is_meant).cloned().collect();
                DeskRecord::Canned { owner: owner.clone(), canned, last: tables.last_canned }
            }
            DeskQuery::Figures(query) => DeskRecord::Figures(query.clone(), self.figure_rows(query)),
            DeskQuery::Transcript(query) => DeskRecord::Transcript(query.clone(), self.transcript(query)),
        }
    }

    fn closed_tickets(&self, query: &TicketsQuery) -> Vec<KeptTicket> {
        let is_meant = |record: &&TicketRecord| {
            let held_by = |agent: &Id| record.agent.as_ref().is_some_and(|held| held.uid == *agent);
            let is_of_desks = query.desks.as_ref().is_none_or(|desks| desks.contains(&record.desk));
            record.state == TicketState::Closed
                && (is_of_desks || query.or_agent.as_ref().is_some_and(held_by))
                && query.agent.as_ref().is_none_or(held_by)
                && query.uid.as_ref().is_none_or(|uid| record.visitor.uid == *uid)
        };
        let before = query.before.unwrap_or(TicketId(u64::MAX));
        let found = self.desk.tickets.range(..before).rev().map(|(_, record)| record).filter(is_meant);
        found.take(query.tickets_max + 1).map(|record| self.kept_ticket(record)).collect()
    }

    fn notes(&self, query: &NotesQuery) -> Vec<NoteRecord> {
        let notes = self.desk.notes.get(&query.ticket).map(Vec::as_slice).unwrap_or_default();
        notes[notes.len().saturating_sub(query.notes_max)..].to_vec()
    }

    fn figure_rows(&self, query: &FiguresQuery) -> Vec<FigureRow> {
        let is_meant = |record: &&TicketRecord| {
            (query.from..query.to).contains(&record.opened)
                && query.desks.as_ref().is_none_or(|desks| desks.contains(&record.desk))
        };
        let mut found: Vec<&TicketRecord> = self.desk.tickets.values().filter(is_meant).collect();
        found.sort_by_key(|record| std::cmp::Reverse((record.opened, record.ticket)));
        found.into_iter().take(query.tickets_max + 1).map(FigureRow::of).collect()
    }

    fn transcript(&self, query: &TranscriptQuery) -> TranscriptRecord {
        let mut page = Page::new(query.entries_max, query.bytes_max);
        if let Some(log) = self.logs.find(&Conversation::Ticket(query.ticket)) {
            let _ = log.records().rev().all(|entry| {
                let bytes = entry.bytes();
                page.offer(entry, bytes)
            });
        }
        page.entries.reverse();
        let notes = NotesQuery { ticket: query.ticket, notes_max: query.notes_max };
        TranscriptRecord { entries: page.entries, more: page.more, notes: self.notes(&notes) }
    }

    /// Closed tickets of which nothing that was said is kept go when they are older than this.
    pub(super) fn drop_tickets(&mut self, until: UnixMillis) {
        let logs = &self.logs;
        let is_over = |record: &&TicketRecord| {
            let is_empty = logs.find(&Conversation::Ticket(record.ticket)).is_none_or(|log| log.len() == 0);
            record.closed.is_some_and(|closed| closed < until) && is_empty
        };
        let gone: Vec<TicketId> =
            self.desk.tickets.values().filter(is_over).map(|record| record.ticket).collect();
        for ticket in gone {
            self.desk.put(ticket, None);
            self.desk.notes.remove(&ticket);
            self.desk.read.retain(|(_, of), _| *of != ticket);
        }
    }
}
