//! Who is deleted: nothing of what one said, told or was called is in the store from that order on, and nobody is shown
//! it after the turn. What others said stays.

use std::collections::{BTreeMap, BTreeSet};

use karez::chat::desk::{
    DeskQuery, DeskRecord, TicketRecord, TicketState, TranscriptQuery, TranscriptRecord,
};
use karez::chat::ids::{Conversation, Id, TicketId};
use karez::chat::output::{ForgetReport, Query, Recall, Record};
use karez::store::Storage;

use super::kept::{Truth, truth};
use crate::net::desking::Seen;
use crate::net::{Desked, Said, Told, World};

/// What was of somebody when it went.
#[derive(Clone, Default)]
struct Erased {
    /// The last ticket.
    last: u64,
    opened: BTreeSet<TicketId>,
    /// Closed tickets that were held.
    held: BTreeSet<TicketId>,
    /// How far each ticket had come.
    seqs: BTreeMap<TicketId, u64>,
    said: u64,
}

impl Erased {
    /// Messages and tickets.
    fn counts(&self) -> (u64, u64) {
        (self.said, self.opened.len() as u64)
    }
}

#[derive(Default)]
pub struct Erasures {
    committed: BTreeMap<Id, Erased>,
    /// In the open transaction.
    fresh: BTreeMap<Id, Erased>,
    /// Messages and tickets that went in it.
    counts: Vec<(Id, (u64, u64))>,
    /// What others said, by ticket and number.
    others: BTreeMap<(TicketId, u64), (Id, String)>,
}

fn transcript(world: &World, ticket: TicketId) -> TranscriptRecord {
    let query = TranscriptQuery {
        ticket,
        entries_max: usize::MAX >> 1,
        bytes_max: usize::MAX,
        notes_max: usize::MAX,
    };
    match world.store().read(&Query::Desk(DeskQuery::Transcript(query))) {
        Ok(Record::Desk(DeskRecord::Transcript(_, record))) => record,
        other => panic!("{other:?}"),
    }
}

/// All tickets, with every word.
fn all(world: &World) -> Vec<(TicketRecord, TranscriptRecord)> {
    truth(world).into_iter().map(|(ticket, record)| (record, transcript(world, ticket))).collect()
}

/// What is shown of the visitor.
fn is_blank(record: &TicketRecord, uid: &Id) -> bool {
    let visitor = &record.visitor;
    *visitor.name == uid.to_string()
        && [&visitor.page, &visitor.referrer, &visitor.browser, &visitor.lang]
            .iter()
            .all(|text| text.is_none())
        && visitor.form.is_empty()
}

impl Erasures {
    /// What there is, before somebody may be deleted.
    pub fn before(&mut self, world: &World) {
        self.others.clear();
        for ticket in truth(world).keys() {
            for entry in transcript(world, *ticket).entries {
                self.others.insert((*ticket, entry.seq), (entry.uid, entry.content.into()));
            }
        }
    }

    /// The store was told in this moment to forget somebody.
    pub fn ordered(&mut self, world: &World, uid: &Id) {
        let mut erased = Erased::default();
        for (ticket, record) in truth(world) {
            erased.last = ticket.0;
            erased.seqs.insert(ticket, world.last_seq(&Conversation::Ticket(ticket)));
            if record.visitor.uid == *uid {
                assert_eq!(record.state, TicketState::Closed, "{record:?} is of who is deleted");
                assert!(
                    record.stars.is_none() && record.comment.is_none(),
                    "{record:?} is of who is deleted"
                );
                erased.opened.insert(ticket);
            }
            if record.agent.as_ref().is_some_and(|agent| agent.uid == *uid) {
                assert_eq!(record.state, TicketState::Closed, "{record:?} is held by who is deleted");
                erased.held.insert(ticket);
            }
        }
        assert!(world.waiting(uid).is_empty(), "nothing waits for {uid}");
        let canned = Query::Desk(DeskQuery::Canned { owner: Some(uid.clone()) });
        let Ok(Record::Desk(DeskRecord::Canned { canned, .. })) = world.store().read(&canned) else {
            panic!()
        };
        assert!(canned.iter().all(|reply| reply.owner.is_none()), "{canned:?} are of who is deleted");
        self.fresh.insert(uid.clone(), erased);
        let said = self.is_gone(&all(world), uid);
        if let Some(erased) = self.fresh.get_mut(uid) {
            erased.said = said;
            self.counts.push((uid.clone(), erased.counts()));
        }
    }

    /// Nothing of who was deleted is in the store. How many entries there were.
    fn is_gone(&self, all: &[(TicketRecord, TranscriptRecord)], uid: &Id) -> u64 {
        let Some(erased) = self.fresh.get(uid).or_else(|| self.committed.get(uid)) else { return 0 };
        let mut said = 0;
        for (record, TranscriptRecord { entries, notes, .. }) in all {
            let ticket = &record.ticket;
            self.record_is_blank(record, uid, erased);
            let until = erased.seqs.get(ticket).copied().unwrap_or(0);
            for entry in entries.iter().filter(|entry| entry.seq <= until) {
                if entry.uid == *uid {
                    said += 1;
                    let is_blank = entry.content.is_empty() && *entry.name == uid.to_string();
                    assert!(is_blank && entry.recall == Recall::Recalled, "{entry:?} in {ticket:?}");
                } else if let Some((of, content)) = self.others.get(&(*ticket, entry.seq)) {
                    let is_deleted = self.committed.contains_key(of) || self.fresh.contains_key(of);
                    let is_same = entry.uid == *of && *entry.content == **content;
                    assert!(is_same || is_deleted, "{entry:?} in {ticket:?} stays: {content}");
                }
            }
            if self.fresh.contains_key(uid) {
                let theirs = |of: &Id| of == uid || erased.opened.contains(ticket);
                assert!(!notes.iter().any(|note| theirs(&note.uid)), "{notes:?} on {ticket:?}");
            }
        }
        said
    }

    fn record_is_blank(&self, record: &TicketRecord, uid: &Id, erased: &Erased) {
        if erased.opened.contains(&record.ticket) {
            assert!(is_blank(record, uid), "{record:?} is of who was deleted");
        }
        if erased.held.contains(&record.ticket) {
            let agent = record.agent.as_ref().filter(|agent| agent.uid == *uid);
            assert!(
                agent.is_none_or(|agent| *agent.name == uid.to_string()),
                "{record:?} names who was deleted"
            );
        }
    }

    /// The transaction stands, or not.
    pub fn settle(&mut self, is_committed: bool) {
        let fresh = std::mem::take(&mut self.fresh);
        self.counts.clear();
        if is_committed {
            self.committed.extend(fresh);
        } else {
            self.others.clear();
        }
    }

    /// What the site is told is what went.
    pub fn reported(&self, uid: &Id, report: &ForgetReport) {
        // Of several deletions in one transaction each has a report of its own.
        let in_turn = self.counts.iter().filter(|(of, _)| of == uid).map(|(_, counts)| *counts);
        let before = self.committed.get(uid).map(Erased::counts);
        let told = (report.messages, report.tickets);
        assert!(in_turn.chain(before).any(|counts| counts == told), "of {uid}: {report:?}");
        assert_eq!((report.left, report.files), (0, 0), "of {uid}: {report:?}");
    }

    /// Nobody is shown what went in an earlier transaction.
    pub fn told(&self, told: &Told) {
        if self.committed.is_empty() {
            return;
        }
        match told {
            Told::Entry(said) | Told::Offline(said) => self.is_shown(said),
            Told::History { entries, .. } => entries.iter().for_each(|said| self.is_shown(said)),
            Told::Desk(Desked::Ticket(seen) | Desked::Line(seen) | Desked::Offer { ticket: seen, .. }) => {
                self.is_seen(seen);
            }
            Told::Desk(Desked::Tickets { tickets, .. }) => tickets.iter().for_each(|seen| self.is_seen(seen)),
            _ => {}
        }
    }

    fn went(&self, uid: &Id, ticket: TicketId, seq: u64) -> bool {
        let until = self.committed.get(uid).and_then(|erased| erased.seqs.get(&ticket));
        until.is_some_and(|until| seq <= *until)
    }

    fn is_shown(&self, said: &Said) {
        let Conversation::Ticket(ticket) = said.conversation else { return };
        let is_blank = said.content.is_empty() && said.name == said.uid.to_string();
        assert!(is_blank || !self.went(&said.uid, ticket, said.seq), "{said:?} is shown");
    }

    fn is_seen(&self, seen: &Seen) {
        for (uid, erased) in &self.committed {
            self.record_is_blank(&seen.record, uid, erased);
        }
        if let Some(last) = &seen.last {
            let is_blank = last.content.is_empty() && *last.name == last.uid.to_string();
            let went = self.went(&last.uid, seen.record.ticket, seen.seq);
            assert!(is_blank || !went, "{seen:?} is shown");
        }
    }

    /// What went stays away.
    pub fn stand(&self, truth: &Truth) {
        for (uid, erased) in &self.committed {
            truth.values().for_each(|record| self.record_is_blank(record, uid, erased));
        }
    }

    /// The same, with every word.
    pub fn calm(&self, world: &World) {
        let all = if self.committed.is_empty() { Vec::new() } else { all(world) };
        for uid in self.committed.keys() {
            self.is_gone(&all, uid);
        }
    }
}
