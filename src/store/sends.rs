//! What was sent under which `id`: kept for a day, forgotten a little at a time.
//!
//! A send is found by its author and `id`, and names its conversation as it was named, so that it outlasts a group
//! that is deleted. It is written with its entry, in one transaction, and never over another one.
//! Tested in `tests/store/sends.rs`.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::rows::Key;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::digest::Digest;
use crate::base::limits;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Entry, Sent, SentAs};

/// What is older than this is forgotten.
fn until(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(limits::SENDS_KEPT_MS.default))
}

/// By whom, and under which `id`.
pub(super) type SendKey = (Id, Box<str>);

/// What was sent under which `id`.
#[derive(Debug, Default)]
pub(super) struct Sends {
    sent: BTreeMap<SendKey, Sent>,
    /// The oldest first.
    by_time: BTreeSet<(UnixMillis, SendKey)>,
}

impl Sends {
    pub(super) fn find(&self, uid: &Id, id: &str) -> Option<Sent> {
        self.sent.get(&(uid.clone(), id.into())).cloned()
    }

    pub(super) fn keep(&mut self, entry: &Entry<'_>, sent_as: SentAs<'_>) -> Result<SendKey, StoreError> {
        let key: SendKey = (entry.uid.clone(), sent_as.id.into());
        if self.sent.contains_key(&key) {
            let (uid, id) = key;
            return Err(StoreError::SentBefore { uid, id });
        }
        let conversation = entry.conversation.clone();
        let (seq, time) = (entry.seq, entry.time);
        self.by_time.insert((time, key.clone()));
        self.sent.insert(key.clone(), Sent { conversation, seq, time, digest: sent_as.digest });
        Ok(key)
    }

    pub(super) fn remove(&mut self, key: &SendKey, time: UnixMillis) {
        self.sent.remove(key);
        self.by_time.remove(&(time, key.clone()));
    }

    /// Takes out what a user has sent.
    pub(super) fn take_of(&mut self, uid: &Id) -> Vec<(SendKey, Sent)> {
        let from: SendKey = (uid.clone(), Box::default());
        let keys = self.sent.range(from..).map(|(key, _)| key).take_while(|(of, _)| of == uid);
        let keys: Vec<SendKey> = keys.cloned().collect();
        let taken = keys.into_iter().filter_map(|key| self.sent.remove_entry(&key));
        let taken: Vec<(SendKey, Sent)> = taken.collect();
        for (key, sent) in &taken {
            self.by_time.remove(&(sent.time, key.clone()));
        }
        taken
    }

    pub(super) fn put_back(&mut self, taken: Vec<(SendKey, Sent)>) {
        self.by_time.extend(taken.iter().map(|(key, sent)| (sent.time, key.clone())));
        self.sent.extend(taken);
    }

    /// Forgets the oldest, if there are more than `max` or it is older than `until`.
    fn forget_one(&mut self, until: UnixMillis, max: usize) -> bool {
        let Some((time, _)) = self.by_time.first() else { return false };
        if *time >= until && self.sent.len() <= max {
            return false;
        }
        if let Some((_, key)) = self.by_time.pop_first() {
            self.sent.remove(&key);
        }
        true
    }

    pub(super) fn forget_some(&mut self, now: UnixMillis, max: usize) -> Tidy {
        let until = until(now);
        let at_once = limits::SENDS_FORGOTTEN_AT_ONCE.count();
        let forgotten = (0..at_once).take_while(|_| self.forget_one(until, max)).count();
        if forgotten < at_once { Tidy::Done } else { Tidy::NotYet }
    }
}

impl Sqlite {
    pub(super) fn keep_send(&self, entry: &Entry<'_>, sent_as: SentAs<'_>) -> Result<(), StoreError> {
        let (gid, peer) = match entry.conversation {
            Conversation::Group(gid) => (Some(gid), None),
            Conversation::Direct(low, high) => (None, Some(if low == entry.uid { high } else { low })),
        };
        let sql = "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let (uid, gid, peer) = (Key(entry.uid), gid.map(Key), peer.map(Key));
        let params = params![uid, sent_as.id, gid, peer, entry.seq, sent_as.digest.0, entry.time.0];
        match self.run(sql, params)? {
            1 => Ok(()),
            _ => Err(StoreError::SentBefore { uid: entry.uid.clone(), id: sent_as.id.into() }),
        }
    }

    pub(super) fn sent(&self, uid: &Id, id: &str) -> Result<Option<Sent>, StoreError> {
        let sql = "SELECT gid, peer, seq, digest, time FROM sent WHERE uid = ? AND id = ?";
        self.row(sql, params![Key(uid), id], |row| {
            let conversation = match row.get(0)? {
                Some(gid) => Conversation::Group(gid),
                None => Conversation::direct(uid, &row.get(1)?),
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
