//! Private entries that wait for their receiver: written when nobody is there to hear them, struck when the receiver
//! has them.
//!
//! They lie in the order in which they were stored, whatever their conversations, and are struck by conversation, up
//! to a number: both are ranges of an index. An entry that is given up no longer waits.
//! Tested in `tests/store/waiting.rs`.

use std::collections::BTreeMap;

use rusqlite::params;

use super::StoreError;
use super::log::Log;
use super::memory::{Memory, Undo};
use super::page::Page;
use super::rows::{ENTRY, Key};
use super::sqlite::Sqlite;
use super::tickets::ticket_at;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{WaitingEntry, WaitingPage, WaitingQuery};

/// An entry, by the number of its log (`log.rs`) and where it stands there.
type Place = (u32, u64);

/// What was done, and can be undone.
#[derive(Debug)]
pub(super) enum Step {
    Added(Id, Place),
    /// With the numbers.
    Struck(Id, Vec<(Place, u64)>),
}

/// What waits for one user, both ways round.
#[derive(Debug, Default)]
struct Shelf {
    by_number: BTreeMap<u64, Place>,
    by_place: BTreeMap<Place, u64>,
}

/// What waits, by receiver.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    shelves: BTreeMap<Id, Shelf>,
}

impl Waiting {
    pub(super) fn has_some(&self, uid: &Id) -> bool {
        self.shelves.contains_key(uid)
    }

    /// Whether it did not wait before. The number is that of the entry.
    fn add(&mut self, uid: &Id, place: Place, number: u64) -> bool {
        let shelf = self.shelves.entry(uid.clone()).or_default();
        shelf.by_number.insert(number, place);
        shelf.by_place.insert(place, number).is_none()
    }

    pub(super) fn step_back(&mut self, step: Step) {
        match step {
            Step::Added(uid, place) => self.remove(&uid, &place),
            Step::Struck(uid, struck) => self.put_back(&uid, struck),
        }
    }

    fn remove(&mut self, uid: &Id, place: &Place) {
        let Some(shelf) = self.shelves.get_mut(uid) else { return };
        if let Some(number) = shelf.by_place.remove(place) {
            shelf.by_number.remove(&number);
        }
        if shelf.by_place.is_empty() {
            self.shelves.remove(uid);
        }
    }

    /// Strikes what waits in a conversation up to a number, and returns it.
    fn strike(&mut self, uid: &Id, log: u32, until: u64) -> Vec<(Place, u64)> {
        let Some(shelf) = self.shelves.get(uid) else { return Vec::new() };
        let range = (log, 0)..=(log, until);
        let struck: Vec<(Place, u64)> =
            shelf.by_place.range(range).map(|(place, number)| (*place, *number)).collect();
        struck.iter().for_each(|(place, _)| self.remove(uid, place));
        struck
    }

    /// Strikes all that waits for a user, and returns it.
    fn strike_all(&mut self, uid: &Id) -> Vec<(Place, u64)> {
        self.shelves.remove(uid).map_or_else(Vec::new, |shelf| shelf.by_place.into_iter().collect())
    }

    fn put_back(&mut self, uid: &Id, struck: Vec<(Place, u64)>) {
        for (place, number) in struck {
            let shelf = self.shelves.entry(uid.clone()).or_default();
            shelf.by_number.insert(number, place);
            shelf.by_place.insert(place, number);
        }
    }

    /// The entries up to this one are not kept any more.
    pub(super) fn forget(&mut self, number: u32, log: &Log, last: u64) {
        if let Conversation::Direct(low, high) = &log.conversation {
            for uid in [low, high] {
                self.strike(uid, number, last);
            }
        }
        if let Conversation::Ticket(_) = &log.conversation {
            for uid in self.shelves.keys().cloned().collect::<Vec<_>>() {
                self.strike(&uid, number, last);
            }
        }
    }
}

impl Memory {
    pub(super) fn write_waiting(&mut self, uid: &Id, conversation: &Conversation, seq: u64) -> Undo {
        let log = self.logs.number(conversation);
        // What was said earlier comes earlier, whenever it was found to wait.
        let found = log.and_then(|log| Some(((log, seq), self.logs.get(log)?)));
        let number = found.and_then(|(place, log)| Some((place, log.at(log.place_of(seq)?)?.number)));
        Undo::Waiting(match number {
            Some((place, number)) if self.waiting.add(uid, place, number) => Step::Added(uid.clone(), place),
            _ => Step::Struck(uid.clone(), Vec::new()),
        })
    }

    pub(super) fn strike_waiting(&mut self, uid: &Id, conversation: &Conversation, until: u64) -> Undo {
        let log = self.logs.number(conversation);
        let struck = log.map_or_else(Vec::new, |log| self.waiting.strike(uid, log, until));
        Undo::Waiting(Step::Struck(uid.clone(), struck))
    }

    /// With how many there were.
    pub(super) fn strike_all_waiting(&mut self, uid: &Id) -> (u64, Undo) {
        let struck = self.waiting.strike_all(uid);
        (struck.len() as u64, Undo::Waiting(Step::Struck(uid.clone(), struck)))
    }

    /// Gives up the oldest entries of a conversation that has too many. They no longer wait.
    pub(super) fn drop_surplus(&mut self, number: u32) {
        let kept = self.entries_kept();
        let Some(log) = self.logs.get_mut(number) else { return };
        if let Some(last) = log.drop_first(log.len().saturating_sub(kept)) {
            self.waiting.forget(number, log, last);
        }
    }

    pub(super) fn waiting_page(&self, query: &WaitingQuery) -> WaitingPage {
        let mut page = Page::new(query.entries_max, query.bytes_max);
        let shelf = self.waiting.shelves.get(&query.uid);
        let behind = query.after.saturating_add(1)..;
        let mut found = shelf.into_iter().flat_map(|shelf| shelf.by_number.range(behind.clone()));
        found.all(|(number, (log, seq))| {
            let log = self.logs.get(*log);
            let record =
                log.and_then(|log| Some((log.record(log.place_of(*seq)?)?, log.conversation.clone())));
            let Some((record, conversation)) = record else { return true };
            let bytes = record.bytes();
            page.offer(WaitingEntry { number: *number, conversation, record }, bytes)
        });
        WaitingPage { entries: page.entries, more: page.more }
    }
}

impl Sqlite {
    pub(super) fn has_waiting(&self, uid: &Id) -> Result<bool, StoreError> {
        self.is_there("SELECT 1 FROM waiting WHERE receiver = ?", [Key(uid)])
    }

    pub(super) fn write_waiting(
        &self,
        uid: &Id,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO waiting (receiver, entry, conversation)
                   SELECT ?1, entry, conversation FROM entry WHERE conversation = ?2 AND seq = ?3
                   ON CONFLICT DO NOTHING";
        self.run(sql, params![Key(uid), self.conversation(conversation)?, seq]).map(drop)
    }

    pub(super) fn strike_waiting(
        &self,
        uid: &Id,
        conversation: &Conversation,
        until: u64,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM waiting WHERE receiver = ?1 AND conversation = ?2 AND entry <= (
                       SELECT entry FROM entry WHERE conversation = ?2 AND seq <= ?3
                       ORDER BY seq DESC LIMIT 1)";
        self.run(sql, params![Key(uid), self.conversation(conversation)?, until]).map(drop)
    }

    pub(super) fn waiting_page(&self, query: &WaitingQuery) -> Result<WaitingPage, StoreError> {
        let mut page = Page::new(query.entries_max, query.bytes_max);
        let sql = format!(
            "SELECT {ENTRY},
                    (SELECT low FROM conversation WHERE conversation = waiting.conversation) AS low,
                    (SELECT high FROM conversation WHERE conversation = waiting.conversation) AS high,
                    waiting.conversation AS place
             FROM waiting JOIN entry USING (entry)
             WHERE receiver = ? AND entry > ? ORDER BY entry LIMIT ?"
        );
        self.each_row(&sql, params![Key(&query.uid), query.after, query.entries_max + 1], |row| {
            let record = self.shown(row)?;
            let conversation = match ticket_at(row.get("place")?) {
                Some(ticket) => Conversation::Ticket(ticket),
                None => Conversation::Direct(row.get("low")?, row.get("high")?),
            };
            let bytes = record.bytes();
            Ok(page.offer(WaitingEntry { number: row.get("entry")?, conversation, record }, bytes))
        })?;
        Ok(WaitingPage { entries: page.entries, more: page.more })
    }
}
