//! Where a page of a conversation ends: after so many entries, or before so many bytes are exceeded.
//!
//! The same for every store. The first entry is on the page however long it is, or nobody could ever get past it.
//! Tested in `tests/store/pages.rs`.

use rusqlite::params;

use super::StoreError;
use super::memory::Memory;
use super::rows::ENTRY;
use super::sqlite::Sqlite;
use crate::chat::input::Bounds;
use crate::chat::output::{EntryRecord, PageQuery, PageRecord};

/// A page that is being filled, from the end that was asked for.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    entries_max: usize,
    bytes_left: usize,
    /// It was cut.
    pub(super) more: bool,
}

impl<T> Page<T> {
    pub(super) fn new(entries_max: usize, bytes_max: usize) -> Page<T> {
        Page { entries: Vec::new(), entries_max, bytes_left: bytes_max, more: false }
    }

    /// Takes the next entry, which has so many bytes, and tells whether one more may be offered.
    pub(super) fn offer(&mut self, entry: T, bytes: usize) -> bool {
        let is_full = self.entries.len() >= self.entries_max || bytes > self.bytes_left;
        if is_full && !self.entries.is_empty() {
            self.more = true;
            return false;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.entries.push(entry);
        true
    }
}

/// The page, by rising `seq`.
fn sorted(mut page: Page<EntryRecord>, query: &PageQuery, last: u64) -> PageRecord {
    match query.bounds {
        Bounds::After(_) => {}
        // It was filled from its newest entry on.
        Bounds::Newest | Bounds::Before(_) => page.entries.reverse(),
    }
    PageRecord { entries: page.entries, more: page.more, last }
}

impl Memory {
    /// Entries in memory follow one another without gaps.
    pub(super) fn page(&self, query: &PageQuery) -> PageRecord {
        let Some(log) = self.logs.find(&query.conversation) else { return PageRecord::default() };
        let mut page = Page::new(query.entries_max, query.bytes_max);
        let mut offer = |place: usize| {
            log.record(place).is_some_and(|entry| {
                let bytes = entry.bytes();
                page.offer(entry, bytes)
            })
        };
        match query.bounds {
            Bounds::Newest => (0..log.len()).rev().all(&mut offer),
            Bounds::Before(seq) => (0..log.place(seq).min(log.len())).rev().all(&mut offer),
            Bounds::After(seq) => {
                (log.place(seq.saturating_add(1)).min(log.len())..log.len()).all(&mut offer)
            }
        };
        sorted(page, query, log.last)
    }
}

impl Sqlite {
    pub(super) fn page(&self, query: &PageQuery) -> Result<PageRecord, StoreError> {
        let mut page = Page::new(query.entries_max, query.bytes_max);
        let conversation = self.conversation(&query.conversation)?;
        let (order, bound) = match query.bounds {
            Bounds::Newest => ("seq < ? ORDER BY seq DESC", u64::MAX >> 1),
            Bounds::Before(seq) => ("seq < ? ORDER BY seq DESC", seq),
            Bounds::After(seq) => ("seq > ? ORDER BY seq", seq),
        };
        let sql = format!("SELECT {ENTRY} FROM entry WHERE conversation = ? AND {order} LIMIT ?");
        // Entries are long, and the page may be full before the limit is reached.
        self.each_row(&sql, params![conversation, bound, query.entries_max + 1], |row| {
            let entry = self.shown(row)?;
            let bytes = entry.bytes();
            Ok(page.offer(entry, bytes))
        })?;
        Ok(sorted(page, query, self.last(conversation)?))
    }
}
