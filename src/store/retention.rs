//! How long what was said is kept: by age, by number in a conversation, by the room that it takes.
//!
//! Without limits everything is kept, since nothing that people wrote goes unless the operator says so. With them the
//! oldest goes first, a few hundred entries a step, between the turns: no commit waits for it, and a store that is
//! behind catches up step by step. What is in the file goes in the order in which it was stored (the entry's own
//! number), not by the time that it bears: whatever was stored before something too old is too old itself, even
//! if the clock was wrong then.
//!
//! Numbers are never used again: the conversation remembers its last `seq` (`base`), the table its last entry. History shows what is left. Whatever takes entries out, retention or the end of a
//! group, goes through [`Sqlite::remove_entries`], and what hangs on an entry goes with it there.
//!
//! In memory there is no order over all conversations; they are gone through one after the other.
//! The tutorial keeps nothing. Tested in `tests/store/retention.rs`.

use std::collections::BTreeSet;

use rusqlite::params;

use super::memory::Memory;
use super::sqlite::Sqlite;
use super::tickets::ticket_at;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::limits;

const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// Ages change slowly: so long after all that was too old is gone, nobody looks again.
const LOOK_AGAIN_MS: u64 = 60_000;
/// Bytes of what was said that go in one step: a few milliseconds, for the index is told each of their terms.
const BYTES_AT_ONCE: u64 = 96 * 1024;
/// What an entry takes besides what was said, near enough.
const BYTES_AROUND: u64 = 100;
/// What the index holds of a text is up to so many times the text, less one: a store that is too large by some bytes
/// gives up that part of them, and looks again.
const BYTES_PER_BYTE: u64 = 8;
/// The part of the bytes that are kept which goes at least, for the index is merged each time.
const BYTES_PARTS: u64 = 32;

/// What is kept. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days for which an entry is kept.
    pub days_max: Option<u64>,
    /// Entries that are kept of one conversation.
    pub entries_per_conversation_max: Option<u64>,
    /// Bytes of the store above which the oldest entries of all go. Only a store in a file has bytes.
    pub bytes_max: Option<u64>,
}

impl Retention {
    /// What is from before this moment is too old.
    pub(super) fn until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.days_max.map(|days| UnixMillis(now.0.saturating_sub(days.saturating_mul(DAY_MS))))
    }
}

/// How far the looking for what is too much has come. None of it is in the store: a restart looks again.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When nothing was too old.
    young_at: Option<UnixMillis>,
    room: Room,
    /// Conversations up to this row have been looked at since the start; `None` is none yet.
    conversations_until: Option<i64>,
    /// The newest entry when that began: what came later may be in a conversation that was passed.
    newest_at_start: Option<i64>,
    /// Conversations of entries up to this one have been looked at; `None` until the start is over.
    entries_until: Option<i64>,
    /// The same in memory: the number of the log with which the next step begins.
    next: u32,
}

/// How far the making of room has come. What is taken out of the index first makes it larger, so how large the store is
/// can only be seen when the index has been merged.
#[derive(Clone, Copy, Debug, Default)]
enum Room {
    #[default]
    Enough,
    /// Entries of so many bytes are still to go.
    Lacks(u64),
    /// The index is to be merged, or is being merged.
    Merges { begins: bool },
}

impl Progress {
    fn looks_for_old(&self, now: UnixMillis) -> bool {
        self.young_at.is_none_or(|at| at.0.abs_diff(now.0) >= LOOK_AGAIN_MS)
    }
}

/// An entry that is to go.
struct Surplus {
    entry: i64,
    conversation: i64,
    seq: u64,
    bytes: u64,
    time: UnixMillis,
}

/// The columns of a [`Surplus`]. Of a long text only the length is read.
const SURPLUS: &str = "SELECT entry, conversation, seq, octet_length(content) + coalesce(octet_length(data), 0), time FROM entry";

impl Sqlite {
    /// From now on so much is kept. What was looked at under the old limits is looked at again.
    pub(super) fn keep(&mut self, retention: Retention) {
        if self.retention != retention {
            self.retention = retention;
            self.progress = Progress::default();
        }
    }

    /// Says how large the file may grow, in pages of 4 KiB. It never shrinks by that.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn limit_pages(&mut self, pages_max: u32) -> Result<(), StoreError> {
        let set = self.connection.pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()));
        set.map_err(|error| self.judge(&error))
    }

    /// Takes out some of what is too much. Not inside a transaction.
    pub(super) fn drop_surplus(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let mut surplus = self.too_old(now)?;
        if surplus.is_empty() {
            surplus = self.too_large()?;
        }
        if let (Room::Merges { begins }, true) = (self.progress.room, surplus.is_empty()) {
            let left = self.in_own_lazy_transaction(|store| store.shrink_index(begins))?;
            self.progress.room =
                if left == Tidy::Done { Room::Enough } else { Room::Merges { begins: false } };
            return Ok(Tidy::NotYet);
        }
        if surplus.is_empty() {
            let (too_many, left) = self.too_many()?;
            if too_many.is_empty() {
                return Ok(left);
            }
            surplus = too_many;
        }
        self.in_own_lazy_transaction(|store| store.remove_entries(&surplus))?;
        Ok(Tidy::NotYet)
    }

    fn surplus(&self, of: &str, params: impl rusqlite::Params) -> Result<Vec<Surplus>, StoreError> {
        let mut bytes_left = BYTES_AT_ONCE;
        let mut surplus = Vec::new();
        self.each_row(&format!("{SURPLUS} {of}"), params, |row| {
            let (entry, conversation, seq) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (bytes, time): (u64, _) = (row.get(3)?, UnixMillis(row.get(4)?));
            surplus.push(Surplus { entry, conversation, seq, bytes: bytes + BYTES_AROUND, time });
            bytes_left = bytes_left.saturating_sub(bytes + BYTES_AROUND);
            Ok(bytes_left > 0)
        })?;
        Ok(surplus)
    }

    fn oldest(&self) -> Result<Vec<Surplus>, StoreError> {
        self.surplus("ORDER BY entry LIMIT ?", [limits::ENTRIES_REMOVED_AT_ONCE.count()])
    }

    fn too_old(&mut self, now: UnixMillis) -> Result<Vec<Surplus>, StoreError> {
        let Some(until) = self.retention.until(now) else { return Ok(Vec::new()) };
        if !self.progress.looks_for_old(now) {
            return Ok(Vec::new());
        }
        let mut oldest = self.oldest()?;
        let count = oldest.iter().rposition(|entry| entry.time < until).map_or(0, |at| at + 1);
        oldest.truncate(count);
        self.progress.young_at = oldest.is_empty().then_some(now);
        Ok(oldest)
    }

    /// The oldest, if the store has grown over its limit: not as many as make up for it, for what the index holds of
    /// them goes too.
    fn too_large(&mut self) -> Result<Vec<Surplus>, StoreError> {
        let Some(bytes_max) = self.retention.bytes_max else { return Ok(Vec::new()) };
        if let Room::Enough = self.progress.room {
            let excess = self.bytes()?.saturating_sub(bytes_max);
            // Where no entry is left, what is too large is something else.
            if excess == 0 || !self.is_there("SELECT 1 FROM entry", ())? {
                return Ok(Vec::new());
            }
            let part = (bytes_max / BYTES_PARTS).min(excess).max(excess / BYTES_PER_BYTE);
            self.progress.room = Room::Lacks(part);
        }
        let Room::Lacks(mut lacks) = self.progress.room else { return Ok(Vec::new()) };
        let mut oldest = self.oldest()?;
        let fits = |entry: &Surplus| {
            let takes = lacks > 0;
            lacks = lacks.saturating_sub(entry.bytes);
            takes
        };
        let count = oldest.iter().map(fits).take_while(|takes| *takes).count();
        oldest.truncate(count);
        let is_over = lacks == 0 || oldest.is_empty();
        self.progress.room = if is_over { Room::Merges { begins: true } } else { Room::Lacks(lacks) };
        Ok(oldest)
    }

    /// Bytes in use. What was given up stays part of the file and is used again.
    fn bytes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT (page_count - freelist_count) * page_size
                   FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        Ok(self.row(sql, (), |row| row.get(0))?.unwrap_or(0))
    }

    /// What some conversation has too much, and whether there are further ones to look at: at first every
    /// conversation, from then on those in which something was said since.
    fn too_many(&mut self) -> Result<(Vec<Surplus>, Tidy), StoreError> {
        let Some(max) = self.retention.entries_per_conversation_max else {
            return Ok((Vec::new(), Tidy::Done));
        };
        let at_once = limits::ENTRIES_REMOVED_AT_ONCE.count();
        let Some(until) = self.progress.entries_until else {
            if self.progress.newest_at_start.is_none() {
                let newest = self.row("SELECT max(entry) FROM entry", (), |row| row.get(0))?;
                self.progress.newest_at_start = Some(newest.flatten().unwrap_or(0));
            }
            let next = self.conversations_after(self.progress.conversations_until)?;
            let surplus = self.beyond(max, next.iter().copied())?;
            match next.last() {
                _ if !surplus.is_empty() => {}
                Some(last) => self.progress.conversations_until = Some(*last),
                None => self.progress.entries_until = self.progress.newest_at_start,
            }
            return Ok((surplus, Tidy::NotYet));
        };
        let sql = "SELECT entry, conversation FROM entry WHERE entry > ? ORDER BY entry LIMIT ?";
        let next: Vec<(i64, i64)> =
            self.rows(sql, params![until, at_once], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let conversations: BTreeSet<i64> = next.iter().map(|(_, conversation)| *conversation).collect();
        let surplus = self.beyond(max, conversations.into_iter())?;
        if let (Some((last, _)), true) = (next.last(), surplus.is_empty()) {
            self.progress.entries_until = Some(*last);
        }
        Ok((surplus, if next.len() < at_once { Tidy::Done } else { Tidy::NotYet }))
    }

    /// The next conversations by their rows, those of tickets first, for theirs are negative.
    fn conversations_after(&self, row: Option<i64>) -> Result<Vec<i64>, StoreError> {
        let at_once = limits::ENTRIES_REMOVED_AT_ONCE.count();
        if row.is_none_or(|row| row < 0) {
            let sql = "SELECT -ticket FROM ticket WHERE ticket < ? ORDER BY ticket DESC LIMIT ?";
            let before = row.map_or(i64::MAX, i64::wrapping_neg);
            let tickets: Vec<i64> = self.rows(sql, params![before, at_once], |row| row.get(0))?;
            if !tickets.is_empty() {
                return Ok(tickets);
            }
        }
        let sql =
            "SELECT conversation FROM conversation WHERE conversation > ? ORDER BY conversation LIMIT ?";
        self.rows(sql, params![row.unwrap_or(0).max(0), at_once], |row| row.get(0))
    }

    /// What the first of these conversations that has more than `max` entries has too much.
    fn beyond(
        &self,
        max: u64,
        mut conversations: impl Iterator<Item = i64>,
    ) -> Result<Vec<Surplus>, StoreError> {
        let at_once = limits::ENTRIES_REMOVED_AT_ONCE.count();
        // Of a conversation the oldest go, so its numbers follow one another.
        let of =
            "WHERE conversation = ?1 AND seq <= (SELECT max(seq) FROM entry WHERE conversation = ?1) - ?2
                  ORDER BY seq LIMIT ?3";
        let surplus = conversations.find_map(|conversation| {
            let surplus = self.surplus(of, params![conversation, max, at_once]);
            surplus.map(|surplus| (!surplus.is_empty()).then_some(surplus)).transpose()
        });
        surplus.unwrap_or(Ok(Vec::new()))
    }

    /// The oldest entries of a row of conversations, to be removed.
    pub(super) fn remove_oldest_of(&self, conversation: i64) -> Result<Tidy, StoreError> {
        let at_once = limits::ENTRIES_REMOVED_AT_ONCE.count();
        let of = "WHERE conversation = ? ORDER BY seq LIMIT ?";
        let surplus = self.surplus(of, params![conversation, at_once])?;
        self.remove_entries(&surplus)?;
        Ok(if surplus.is_empty() { Tidy::Done } else { Tidy::NotYet })
    }

    /// Takes entries out of the file, and what hangs on them. There is no other way out. Inside a transaction.
    fn remove_entries(&self, surplus: &[Surplus]) -> Result<(), StoreError> {
        for gone in surplus {
            self.unindex("entry = ?", [gone.entry])?;
            // Somebody may wait for it; that goes by a trigger.
            self.run("DELETE FROM entry WHERE entry = ?", [gone.entry])?;
            let sql = match ticket_at(gone.conversation) {
                None => "UPDATE conversation SET base = ?2 WHERE conversation = ?1 AND base < ?2",
                Some(_) => "UPDATE ticket SET base = ?2 WHERE ticket = -?1 AND base < ?2",
            };
            self.run(sql, params![gone.conversation, gone.seq])?;
        }
        if surplus.is_empty() { Ok(()) } else { self.merge_segments() }
    }
}

impl Memory {
    /// The same store, which keeps no more than this.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Memory {
        self.keep(retention);
        self
    }

    /// From now on so much is kept.
    pub(super) fn keep(&mut self, retention: Retention) {
        if self.retention != retention {
            self.retention = retention;
            self.progress = Progress::default();
        }
    }

    /// Entries that are kept of one conversation.
    pub(super) fn entries_kept(&self) -> usize {
        let max = self.retention.entries_per_conversation_max.and_then(|max| usize::try_from(max).ok());
        max.unwrap_or(usize::MAX).min(self.entries_per_conversation_max)
    }

    /// Drops some of what is too old. What is too much of a conversation goes at the commit.
    pub(super) fn drop_old(&mut self, now: UnixMillis) -> Tidy {
        let Some(until) = self.retention.until(now) else { return Tidy::Done };
        if !self.progress.looks_for_old(now) {
            return Tidy::Done;
        }
        let mut left = limits::ENTRIES_REMOVED_AT_ONCE.count();
        let first = std::mem::take(&mut self.progress.next);
        for number in first..self.logs.len() as u32 {
            let Some(log) = self.logs.get_mut(number) else { continue };
            let count = log.count_old(left, until);
            if let Some(last) = log.drop_first(count) {
                self.waiting.forget(number, log, last);
            }
            // To have looked costs something too.
            left = left.saturating_sub(count.max(1));
            if left == 0 {
                self.progress.next = number;
                return Tidy::NotYet;
            }
        }
        self.drop_tickets(until);
        self.progress.young_at = Some(now);
        Tidy::Done
    }
}
