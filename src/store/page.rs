//! Where a page of a conversation ends: after so many entries, or before so many bytes are exceeded.
//!
//! The same for every store. The first entry is on the page however long it is, or nobody could ever get past it.
//! Tested in `tests/store/pages.rs`.

use std::collections::VecDeque;

use rusqlite::params;

use super::StoreError;
use super::rows::{ENTRY, entry_of};
use super::search::Numbered;
use super::sqlite::Sqlite;
use crate::chat::input::Bounds;
use crate::chat::output::{EntryRecord, PageQuery, PageRecord};

/// A page that is being filled, from the end that was asked for.
struct Page<'a> {
    query: &'a PageQuery,
    entries: Vec<EntryRecord>,
    bytes_left: usize,
    more: bool,
}

impl<'a> Page<'a> {
    fn new(query: &'a PageQuery) -> Page<'a> {
        Page { query, entries: Vec::new(), bytes_left: query.bytes_max, more: false }
    }

    /// Takes the next entry, and tells whether one more may be offered.
    fn offer(&mut self, entry: EntryRecord) -> bool {
        let bytes = entry.bytes();
        let is_full = self.entries.len() >= self.query.entries_max || bytes > self.bytes_left;
        if is_full && !self.entries.is_empty() {
            self.more = true;
            return false;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.entries.push(entry);
        true
    }

    /// The page, by rising `seq`.
    fn end(mut self) -> PageRecord {
        match self.query.bounds {
            Bounds::After(_) => {}
            // It was filled from its newest entry on.
            Bounds::Newest | Bounds::Before(_) => self.entries.reverse(),
        }
        PageRecord { entries: self.entries, more: self.more }
    }
}

/// A page of entries in memory, which follow one another without gaps.
pub(super) fn of(entries: &VecDeque<Numbered>, query: &PageQuery) -> PageRecord {
    let mut page = Page::new(query);
    let first = entries.front().map_or(0, |first| first.entry.seq);
    let place = |seq: u64| usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX);
    let len = entries.len();
    let mut offer = |at: usize| entries.get(at).is_some_and(|at| page.offer(at.entry.clone()));
    match query.bounds {
        Bounds::Newest => (0..len).rev().all(&mut offer),
        Bounds::Before(seq) => (0..place(seq).min(len)).rev().all(&mut offer),
        Bounds::After(seq) => (place(seq.saturating_add(1)).min(len)..len).all(&mut offer),
    };
    page.end()
}

impl Sqlite {
    pub(super) fn page(&self, query: &PageQuery) -> Result<PageRecord, StoreError> {
        let mut page = Page::new(query);
        let conversation = self.conversation(&query.conversation)?;
        let (order, bound) = match query.bounds {
            Bounds::Newest => ("seq < ? ORDER BY seq DESC", u64::MAX >> 1),
            Bounds::Before(seq) => ("seq < ? ORDER BY seq DESC", seq),
            Bounds::After(seq) => ("seq > ? ORDER BY seq", seq),
        };
        let sql = format!("SELECT {ENTRY} FROM entry WHERE conversation = ? AND {order} LIMIT ?");
        // Entries are long, and the page may be full before the limit is reached.
        self.each_row(&sql, params![conversation, bound, query.entries_max + 1], |row| {
            Ok(page.offer(entry_of(row)?))
        })?;
        Ok(page.end())
    }
}
