//! What calls were answered that bore a key: kept for a day, so that a call that is made again is done once.
//!
//! The answer is written in the transaction of what the call has done, so there is never one without the other. Of what
//! was asked a digest is kept: the same key for anything else is found out. What is kept is what a call did, never what
//! it read, and small.
//!
//! Tested in `tests/store/answers.rs`.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::memory::Memory;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::digest::Digest;
use crate::base::limits;

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Of what was asked.
    pub digest: Digest,
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// When.
    pub time: UnixMillis,
}

/// What is older than this is forgotten.
fn until(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(limits::ANSWERS_KEPT_MS.default))
}

/// The answers in memory.
#[derive(Debug, Default)]
pub(super) struct Answers {
    kept: BTreeMap<Box<str>, KeptAnswer>,
    /// The oldest first.
    by_time: BTreeSet<(UnixMillis, Box<str>)>,
}

impl Answers {
    fn insert(&mut self, key: &str, answer: KeptAnswer) -> Option<KeptAnswer> {
        self.by_time.insert((answer.time, key.into()));
        let before = self.kept.insert(key.into(), answer)?;
        if self.kept.get(key).is_none_or(|now| now.time != before.time) {
            self.by_time.remove(&(before.time, key.into()));
        }
        Some(before)
    }

    /// Puts back what there was before.
    pub(super) fn restore(&mut self, key: &str, before: Option<KeptAnswer>) {
        if let Some(now) = self.kept.remove(key) {
            self.by_time.remove(&(now.time, key.into()));
        }
        if let Some(before) = before {
            self.insert(key, before);
        }
    }

    /// Forgets the oldest, if there are more than `max` or it is older than `until`.
    fn forget_one(&mut self, until: UnixMillis, max: usize) -> bool {
        let Some((time, _)) = self.by_time.first() else { return false };
        if *time >= until && self.kept.len() <= max {
            return false;
        }
        if let Some((_, key)) = self.by_time.pop_first() {
            self.kept.remove(&key);
        }
        true
    }

    pub(super) fn forget_some(&mut self, now: UnixMillis, max: usize) -> Tidy {
        let until = until(now);
        let at_once = limits::ANSWERS_FORGOTTEN_AT_ONCE.count();
        let forgotten = (0..at_once).take_while(|_| self.forget_one(until, max)).count();
        if forgotten < at_once { Tidy::Done } else { Tidy::NotYet }
    }
}

impl Memory {
    /// Returns what there was before.
    pub(super) fn put_answer(&mut self, key: &str, answer: &KeptAnswer) -> Option<KeptAnswer> {
        self.answers.insert(key, answer.clone())
    }

    pub(super) fn find_answer(&self, key: &str, now: UnixMillis) -> Option<KeptAnswer> {
        self.answers.kept.get(key).filter(|kept| kept.time >= until(now)).cloned()
    }
}

impl Sqlite {
    pub(super) fn put_answer(&self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO answer (key, digest, status, body, time) VALUES (?, ?, ?, ?, ?)";
        let KeptAnswer { digest, status, body, time } = answer;
        self.run(sql, params![key, digest.0, status, body, time.0]).map(drop)
    }

    pub(super) fn find_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        let sql = "SELECT digest, status, body, time FROM answer WHERE key = ? AND time >= ?";
        self.row(sql, params![key, until(now).0], |row| {
            let (digest, time) = (Digest(row.get(0)?), UnixMillis(row.get(3)?));
            Ok(KeptAnswer { digest, status: row.get(1)?, body: row.get(2)?, time })
        })
    }

    /// Not inside a transaction. Mostly there is nothing to forget, and then nothing is written.
    pub(super) fn forget_answers(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let until = until(now).0;
        let at_once = limits::ANSWERS_FORGOTTEN_AT_ONCE.count();
        if !self.is_there("SELECT 1 FROM answer WHERE time < ?", [until])? {
            return Ok(Tidy::Done);
        }
        let sql = "DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer WHERE time < ? LIMIT ?)";
        let forgotten = self.in_own_lazy_transaction(|store| store.run(sql, params![until, at_once]))?;
        Ok(if forgotten < at_once { Tidy::Done } else { Tidy::NotYet })
    }
}
