//! What was sent under which `id`: kept for a day, forgotten a little at a time.
//!
//! A send is found by its author and `id`, and names its conversation as it was named, so that it outlasts a group
//! that is deleted. It is written with its entry, in one transaction, and never over another one.
//! Tested in `tests/store/sends.rs`.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rusqlite::params;

use super::few::growth;
use super::memory::Memory;
use super::rows::Key;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::digest::Digest;
use crate::base::limits;
use crate::base::map::Seed;
use crate::chat::ids::{Conversation, Id, TicketId};
use crate::chat::output::{Entry, Sent, SentAs};

/// What is older than this is forgotten.
fn until(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(limits::SENDS_KEPT_MS.default))
}

/// What somebody has sent, and under which `id`.
#[derive(Debug)]
pub(super) struct Row {
    uid: Id,
    id: Box<str>,
    /// The number of its log (`log.rs`).
    log: u32,
    seq: u64,
    time: UnixMillis,
    digest: Digest,
}

/// Rows of a user who is forgotten, with their places.
pub(super) type TakenSends = Vec<(u64, Row)>;

/// What was sent under which `id`, in memory: in the order in which it was stored, so that the oldest are found at once.
/// The clock may have been wrong meanwhile; whatever was stored before something too old is too old itself.
#[derive(Debug, Default)]
pub(super) struct Sends {
    /// A row of a user who was forgotten is empty.
    rows: VecDeque<Option<Row>>,
    /// How many rows have gone from the front: the place of the first that is left.
    gone: u64,
    /// The places of the rows, by author and `id`. The ids are kept once, in the rows.
    places: HashTable<u64>,
    seed: Seed,
}

impl Sends {
    fn hash(&self, uid: &Id, id: &str) -> u64 {
        self.seed.hash_one((uid, id))
    }

    fn at(&self, place: u64) -> Option<&Row> {
        row_at(&self.rows, self.gone, place)
    }

    fn row(&self, uid: &Id, id: &str) -> Option<&Row> {
        let is_it = |place: &u64| self.at(*place).is_some_and(|row| *row.id == *id && row.uid == *uid);
        self.at(*self.places.find(self.hash(uid, id), is_it)?)
    }

    fn enter(&mut self, place: u64, hash: u64) {
        let (rows, gone, seed) = (&self.rows, self.gone, &self.seed);
        let hash_of =
            |place: &u64| row_at(rows, gone, *place).map_or(0, |row| seed.hash_one((&row.uid, &*row.id)));
        self.places.insert_unique(hash, place, hash_of);
    }

    fn strike(&mut self, place: u64, row: &Row) {
        if let Ok(found) = self.places.find_entry(self.hash(&row.uid, &row.id), |other| *other == place) {
            found.remove();
        }
    }

    /// The entry is in this log.
    pub(super) fn keep(
        &mut self,
        log: u32,
        entry: &Entry<'_>,
        sent_as: SentAs<'_>,
    ) -> Result<(), StoreError> {
        let SentAs { id, digest } = sent_as;
        if self.row(entry.uid, id).is_some() {
            return Err(StoreError::SentBefore { uid: entry.uid.clone(), id: id.into() });
        }
        let (uid, place) = (entry.uid.clone(), self.gone + self.rows.len() as u64);
        if self.rows.len() == self.rows.capacity() {
            self.rows.reserve_exact(growth(self.rows.len()));
        }
        self.rows.push_back(Some(Row { uid, id: id.into(), log, seq: entry.seq, time: entry.time, digest }));
        self.enter(place, self.hash(entry.uid, id));
        Ok(())
    }

    /// What was kept last is not kept.
    pub(super) fn take_back(&mut self) {
        if let Some(Some(row)) = self.rows.pop_back() {
            self.strike(self.gone + self.rows.len() as u64, &row);
        }
    }

    /// Takes out what a user has sent. Looks at all rows, since nobody is forgotten often.
    pub(super) fn take_of(&mut self, uid: &Id) -> TakenSends {
        let mut taken = TakenSends::new();
        for (place, row) in (self.gone..).zip(&mut self.rows) {
            taken.extend(row.take_if(|row| row.uid == *uid).map(|row| (place, row)));
        }
        taken.iter().for_each(|(place, row)| self.strike(*place, row));
        taken
    }

    pub(super) fn put_back(&mut self, taken: TakenSends) {
        for (place, row) in taken {
            let hash = self.hash(&row.uid, &row.id);
            if let Some(empty) = self.rows.get_mut((place - self.gone) as usize) {
                *empty = Some(row);
                self.enter(place, hash);
            }
        }
    }

    /// Forgets the oldest, if there are more than `max` or it is older than `until`.
    fn forget_one(&mut self, until: UnixMillis, max: usize) -> bool {
        let is_surplus = self.places.len() > max;
        let goes = |row: &Option<Row>| row.as_ref().is_none_or(|row| row.time < until || is_surplus);
        if !self.rows.front().is_some_and(goes) {
            return false;
        }
        if let Some(Some(row)) = self.rows.pop_front() {
            self.strike(self.gone, &row);
        }
        self.gone += 1;
        true
    }

    pub(super) fn forget_some(&mut self, now: UnixMillis, max: usize) -> Tidy {
        let until = until(now);
        let at_once = limits::SENDS_FORGOTTEN_AT_ONCE.count();
        let forgotten = (0..at_once).take_while(|_| self.forget_one(until, max)).count();
        if forgotten < at_once { Tidy::Done } else { Tidy::NotYet }
    }
}

fn row_at(rows: &VecDeque<Option<Row>>, gone: u64, place: u64) -> Option<&Row> {
    rows.get(usize::try_from(place.checked_sub(gone)?).ok()?)?.as_ref()
}

impl Memory {
    pub(super) fn sent(&self, uid: &Id, id: &str) -> Option<Sent> {
        let row = self.sends.row(uid, id)?;
        let conversation = self.logs.get(row.log)?.conversation.clone();
        Some(Sent { conversation, seq: row.seq, time: row.time, digest: row.digest })
    }
}

impl Sqlite {
    pub(super) fn keep_send(&self, entry: &Entry<'_>, sent_as: SentAs<'_>) -> Result<(), StoreError> {
        let (gid, peer, ticket) = match entry.conversation {
            Conversation::Group(gid) => (Some(Key(gid)), None, None),
            Conversation::Direct(low, high) => {
                (None, Some(Key(if low == entry.uid { high } else { low })), None)
            }
            Conversation::Ticket(ticket) => (None, None, Some(ticket.0)),
        };
        let sql = "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let (uid, digest) = (Key(entry.uid), sent_as.digest.0);
        let params = params![uid, sent_as.id, gid, peer, entry.seq, digest, entry.time.0, ticket];
        match self.run(sql, params)? {
            1 => Ok(()),
            _ => Err(StoreError::SentBefore { uid: entry.uid.clone(), id: sent_as.id.into() }),
        }
    }

    pub(super) fn sent(&self, uid: &Id, id: &str) -> Result<Option<Sent>, StoreError> {
        let sql = "SELECT gid, peer, seq, digest, time, ticket FROM sent WHERE uid = ? AND id = ?";
        self.row(sql, params![Key(uid), id], |row| {
            let conversation = match (row.get(0)?, row.get(5)?) {
                (Some(gid), _) => Conversation::Group(gid),
                (None, Some(ticket)) => Conversation::Ticket(TicketId(ticket)),
                (None, None) => Conversation::direct(uid, &row.get(1)?),
            };
            let (seq, digest) = (row.get(2)?, Digest(row.get(3)?));
            Ok(Sent { conversation, seq, time: UnixMillis(row.get(4)?), digest })
        })
    }

    /// Not inside a transaction. Mostly there is nothing to forget, and then nothing is written.
    pub(super) fn forget_sends(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let until = until(now).0;
        let at_once = limits::SENDS_FORGOTTEN_AT_ONCE.count();
        if !self.is_there("SELECT 1 FROM sent WHERE time < ?", [until])? {
            return Ok(Tidy::Done);
        }
        let sql = "DELETE FROM sent WHERE (uid, id) IN
                   (SELECT uid, id FROM sent WHERE time < ? ORDER BY time LIMIT ?)";
        let forgotten = self.in_own_lazy_transaction(|store| store.run(sql, params![until, at_once]))?;
        Ok(if forgotten < at_once { Tidy::Done } else { Tidy::NotYet })
    }
}
