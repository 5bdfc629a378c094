//! The index of the SQLite store: under which terms an entry is found.
//!
//! It is an FTS5 table that knows no texts, only terms (`base/words.rs`) and the numbers of the entries that hold them,
//! and FTS5 does nothing but keep the lists. One more term of each entry names its conversation, so that a search in a
//! small one reads a short list.
//!
//! A row of it is named by the entry's number with some bits of its conversation behind, for most entries that hold a
//! common word are none of the asker's business, and are so passed over without a look at the entry.
//!
//! Entries are added off the hot path, in [`tidy_up`](super::Storage::tidy_up), in transactions that wait for no disk.
//! `indexed_until` in `meta` says how far that has come; what is newer is searched without the index. Entries
//! without a text (those that tell of acts and recalls, and those that were recalled) are never in it.
//!
//! **Whoever takes a text out of an entry, or the entry out of the file, must call [`Sqlite::unindex`] or
//! [`Sqlite::wipe`] before**, in the same transaction, for FTS5 must be told the terms that are to go.
//!
//! Searching is in `search.rs`. The tutorial keeps nothing. Tested in `tests/store/index.rs`.

use std::collections::BTreeSet;

use rusqlite::{Params, params};

use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::words;

/// Entries that are added at once: a few milliseconds.
const ENTRIES_AT_ONCE: usize = 200;
/// Bytes of texts that are added at once; one text is, however long.
const BYTES_AT_ONCE: usize = 24 * 1024;
/// Pages of segments that are merged after each addition: more than it has made, over all levels of segments, and few
/// enough to take a few milliseconds.
const PAGES_MERGED_AT_ONCE: i64 = 32;
/// Bytes of terms that are wiped at once: some milliseconds.
const TERM_BYTES_WIPED_AT_ONCE: usize = 4 * 1024;
/// Bits of the conversation in the name of a row.
const CONVERSATION_BITS: u32 = 14;

/// The name of an entry's row in the index.
pub(super) fn row_of(entry: u64, conversation: i64) -> i64 {
    (entry << CONVERSATION_BITS).cast_signed() | place_of(conversation)
}

/// Below this name are all entries before this one.
pub(super) fn row_before(entry: u64) -> i64 {
    entry.saturating_mul(1 << CONVERSATION_BITS).min(i64::MAX.cast_unsigned()).cast_signed()
}

/// The entry, and what tells of its conversation, from the name of a row.
pub(super) fn parts_of(row: i64) -> (u64, i64) {
    ((row >> CONVERSATION_BITS).cast_unsigned(), place_of(row))
}

/// What the name of a row tells of a conversation.
pub(super) fn place_of(conversation: i64) -> i64 {
    conversation & ((1 << CONVERSATION_BITS) - 1)
}

/// The term of a conversation. Its first character is in no word. Tickets have negative numbers, but a term may have no
/// sign.
pub(super) fn conversation_term(conversation: i64) -> String {
    let kind = if conversation < 0 { "t" } else { "" };
    format!("§{kind}{}", conversation.unsigned_abs())
}

fn terms_of(text: &str, conversation: i64) -> String {
    words::terms_of(text) + &conversation_term(conversation)
}

impl Sqlite {
    /// Up to which entry all are in the index.
    pub(super) fn indexed_until(&self) -> Result<u64, StoreError> {
        Ok(self.meta("indexed_until")?.unwrap_or(0))
    }

    /// Adds the next entries. Not inside a transaction.
    pub(super) fn index_some(&mut self) -> Result<Tidy, StoreError> {
        let until = self.indexed_until()?;
        if !self.is_there("SELECT 1 FROM entry WHERE entry > ?", [until])? {
            return Ok(Tidy::Done);
        }
        self.in_own_lazy_transaction(|store| store.index_after(until))
    }

    fn index_after(&self, until: u64) -> Result<Tidy, StoreError> {
        let mut entries: Vec<(u64, i64, String)> = Vec::new();
        let mut bytes_left = BYTES_AT_ONCE;
        let sql = "SELECT entry, conversation, content FROM entry WHERE entry > ? ORDER BY entry LIMIT ?";
        self.each_row(sql, params![until, ENTRIES_AT_ONCE], |row| {
            let text: String = row.get(2)?;
            bytes_left = bytes_left.saturating_sub(text.len());
            entries.push((row.get(0)?, row.get(1)?, text));
            Ok(bytes_left > 0)
        })?;
        for (entry, conversation, text) in entries.iter().filter(|(.., text)| !text.is_empty()) {
            let sql = "INSERT INTO entry_index (rowid, terms) VALUES (?, ?)";
            self.run(sql, params![row_of(*entry, *conversation), terms_of(text, *conversation)])?;
        }
        let until = entries.last().map_or(until, |(entry, ..)| *entry);
        self.run("UPDATE meta SET value = ? WHERE name = 'indexed_until'", [until])?;
        self.merge_segments()?;
        let is_rest = entries.len() < ENTRIES_AT_ONCE && bytes_left > 0;
        Ok(if is_rest { Tidy::Done } else { Tidy::NotYet })
    }

    /// Merges some pages of segments, of which each addition and each removal makes a new one.
    pub(super) fn merge_segments(&self) -> Result<(), StoreError> {
        self.merge(PAGES_MERGED_AT_ONCE)
    }

    fn merge(&self, pages: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO entry_index (entry_index, rank) VALUES ('merge', ?)";
        self.run(sql, [pages]).map(drop)
    }

    /// Has the index give back the room of what was taken out of it, which still lies in its segments: all of them are
    /// merged into one, a little at a time. `begins` with the first step. In the open transaction.
    pub(super) fn shrink_index(&self, begins: bool) -> Result<Tidy, StoreError> {
        let before = self.connection.total_changes();
        // A negative number has it begin with all segments, whatever their sizes.
        self.merge(if begins { -PAGES_MERGED_AT_ONCE } else { PAGES_MERGED_AT_ONCE })?;
        // FTS5 counts one for the order itself.
        Ok(if self.connection.total_changes() - before < 2 { Tidy::Done } else { Tidy::NotYet })
    }

    /// Takes entries out of the index, in the open transaction: those for which `which`, a condition on `entry`, holds.
    ///
    /// It takes some 10 µs an entry. They are found no more at once; their bare terms are written over when their
    /// segment is merged. To have those go too is the work of [`Sqlite::wipe`].
    pub(super) fn unindex(&self, which: &str, params: impl Params) -> Result<(), StoreError> {
        let until = self.indexed_until()?;
        let sql = format!("SELECT entry, conversation, content FROM entry WHERE ({which}) AND content <> ''");
        let entries: Vec<(u64, i64, String)> =
            self.rows(&sql, params, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for (entry, conversation, text) in entries.iter().filter(|(entry, ..)| *entry <= until) {
            let sql = "INSERT INTO entry_index (entry_index, rowid, terms) VALUES ('delete', ?, ?)";
            self.run(sql, params![row_of(*entry, *conversation), terms_of(text, *conversation)])?;
        }
        Ok(())
    }

    /// The same for an entry that is recalled: its terms must go from the file too. That takes some 30 µs a term, so all
    /// but the first of a long text are set aside for [`Sqlite::wipe_some`]. Nobody finds it by them meanwhile: what is
    /// found is judged by the text, and that is gone.
    pub(super) fn wipe(&self, conversation: Option<i64>, seq: u64) -> Result<(), StoreError> {
        let sql = "SELECT entry, conversation, content FROM entry
                   WHERE conversation = ? AND seq = ? AND entry <= ? AND content <> ''";
        let found = self.row(sql, params![conversation, seq, self.indexed_until()?], |row| {
            Ok((row_of(row.get(0)?, row.get(1)?), terms_of(row.get_ref(2)?.as_str()?, row.get(1)?)))
        })?;
        let Some((row, terms)) = found else { return Ok(()) };
        let mut parts = vec![String::new()];
        for term in terms.split(' ').collect::<BTreeSet<_>>() {
            match parts.last_mut() {
                Some(part) if part.len() < TERM_BYTES_WIPED_AT_ONCE => {
                    part.push(' ');
                    part.push_str(term);
                }
                _ => parts.push(term.to_owned()),
            }
        }
        for (number, part) in parts.iter().enumerate() {
            if number == 0 {
                self.wipe_terms(row, part)?;
            } else {
                self.run("INSERT INTO wiping (row, terms) VALUES (?, ?)", params![row, part])?;
            }
        }
        Ok(())
    }

    fn wipe_terms(&self, row: i64, terms: &str) -> Result<(), StoreError> {
        let set = "INSERT INTO entry_index (entry_index, rank) VALUES ('secure-delete', ?)";
        self.run(set, [1])?;
        let sql = "INSERT INTO entry_index (entry_index, rowid, terms) VALUES ('delete', ?, ?)";
        self.run(sql, params![row, terms])?;
        // FTS5 writes what it has been told when a savepoint is made, and must do so before the setting goes back.
        self.run("SAVEPOINT wiped", ())?;
        self.run("RELEASE wiped", ())?;
        self.run(set, [0]).map(drop)
    }

    /// Wipes some of what was set aside. Not inside a transaction.
    pub(super) fn wipe_some(&mut self) -> Result<Tidy, StoreError> {
        let sql = "SELECT wiping, row, terms FROM wiping LIMIT 1";
        let next = self.row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((wiping, row, terms)) = next else { return Ok(Tidy::Done) };
        let (wiping, row, terms): (i64, i64, String) = (wiping, row, terms);
        self.in_own_lazy_transaction(|store| {
            // FTS5 counts rows, and takes this for one more that goes.
            store.run("INSERT INTO entry_index (rowid, terms) VALUES (?, '')", [row])?;
            store.wipe_terms(row, &terms)?;
            store.run("DELETE FROM wiping WHERE wiping = ?", [wiping])
        })?;
        self.soil_wal();
        Ok(Tidy::NotYet)
    }

    /// Wipes all of what was set aside, before the daemon serves anybody or when it has ceased to.
    pub(super) fn wipe_all(&mut self) {
        loop {
            match self.wipe_some() {
                Ok(Tidy::Done) => return,
                Ok(Tidy::NotYet) => {}
                Err(error) => {
                    log::error!("what was recalled is not out of the index yet: {error}");
                    return;
                }
            }
        }
    }
}
