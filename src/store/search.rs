//! Searching: the newest entries that hold every word, in steps that are counted.
//!
//! A walk goes from the newest entry back, and considers the *candidates* among those that it passes: it looks whether
//! an entry is in a conversation of the scope, and whether its text holds the words, and only that decides. What tells of
//! acts and recalls has no text, nor has what was recalled. When the page is full or the steps are spent the walk ends,
//! and tells from where the next one must go on.
//!
//! The memory store has no index: its candidates are all entries of the scope. The SQLite store takes all entries that
//! are not yet in its index, and then those that its index (`index.rs`) names under each term of the words. Lists of
//! common terms are long, and no two of them need have much in common, so they are read in pieces, all from the same
//! entry down. The piece that reaches back furthest is of the rarest term, and its entries are the candidates, but for
//! those that the other pieces rule out; the next pieces begin where it ends. A rare word so leads past millions of
//! entries in one step, and two common ones cost what their lists are long.
//!
//! A step is some 0.1 µs. Tested in `tests/store/search.rs`.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::StoreError;
use super::index::{conversation_term, parts_of, place_of, row_before};
use super::log::Log;
use super::memory::Memory;
use super::rows::{ENTRY, Key};
use super::sqlite::Sqlite;
use super::tickets::ticket_at;
use crate::chat::ids::{Conversation, ID_NUMBER_MAX, Id};
use crate::chat::output::{Found, Recall, Scope, SearchQuery, SearchRecord};

/// What a place in a list of the index costs.
const STEPS_PER_PLACE: usize = 1;
/// To pass an entry that is not yet in the index.
const STEPS_PER_TAIL: usize = 3;
/// To find the beginning of a piece of a list.
const STEPS_PER_PIECE: usize = 1_500;
/// To look up where an entry is.
const STEPS_PER_ENTRY: usize = 20;
/// To read a text, besides its bytes.
const STEPS_PER_TEXT: usize = 60;
/// Bytes of a text for one step.
const BYTES_PER_STEP: usize = 16;
/// Places in the first pieces, which are enough for a page of a word that is not rare among one's own.
const PIECE_FIRST: usize = 256;
/// Places in a piece at most.
const PIECE_MAX: usize = 4_096;
/// Terms that are looked up in the index; the texts tell of the others.
const TERMS_MAX: usize = 8;
/// Entries that are not yet in the index, read at once.
const TAIL_AT_ONCE: usize = 256;
/// Conversations of a user that are looked up before the walk; of somebody who has more, each is on the way.
const OWN_MAX: usize = 4_096;

/// A walk from the newest entry back.
struct Walk<'a> {
    query: &'a SearchQuery,
    found: Vec<Found>,
    bytes_left: usize,
    steps: usize,
    /// All entries from this number on have been passed.
    at: u64,
    /// The page is full, or the steps are spent.
    is_over: bool,
}

impl<'a> Walk<'a> {
    fn new(query: &'a SearchQuery) -> Walk<'a> {
        let at = query.before.unwrap_or(ID_NUMBER_MAX);
        Walk { query, found: Vec::new(), bytes_left: query.bytes_max, steps: 0, at, is_over: false }
    }

    /// Does something that costs so much, or ends the walk if no step is left.
    fn spend(&mut self, steps: usize) -> bool {
        self.is_over |= self.steps >= self.query.steps_max;
        if !self.is_over {
            self.steps += steps;
        }
        !self.is_over
    }

    /// Passes an entry, which goes on the page if it is one that was looked for. Whether the walk goes on.
    fn pass(&mut self, number: u64, found: Option<Found>) -> bool {
        if let Some(found) = found {
            let bytes = found.entry.bytes();
            let is_full = self.found.len() >= self.query.entries_max || bytes > self.bytes_left;
            // The first is on the page however long it is, or nobody could ever get past it.
            if is_full && !self.found.is_empty() {
                (self.at, self.is_over) = (number + 1, true);
                return false;
            }
            self.bytes_left = self.bytes_left.saturating_sub(bytes);
            self.found.push(found);
        }
        self.at = number;
        true
    }

    fn end(self) -> SearchRecord {
        SearchRecord { found: self.found, next: self.is_over.then_some(self.at), steps: self.steps }
    }
}

const fn steps_of_text(bytes: usize) -> usize {
    STEPS_PER_TEXT + bytes / BYTES_PER_STEP
}

impl Memory {
    /// The conversations of a scope.
    fn logs_of(&self, scope: &Scope) -> Vec<&Log> {
        match scope {
            Scope::One(conversation) => self.logs.find(conversation).into_iter().collect(),
            Scope::All(uid) => {
                let own = self.users.find(uid).into_iter().flat_map(|user| user.groups.iter());
                let groups = own.filter_map(|gid| self.logs.find(&Conversation::Group(gid.clone())));
                let tickets = self.desk.own(uid).map(|record| Conversation::Ticket(record.ticket));
                let tickets = tickets.filter_map(|conversation| self.logs.find(&conversation));
                groups.chain(self.logs.talks_of(uid)).chain(tickets).collect()
            }
        }
    }

    pub(super) fn search(&self, query: &SearchQuery) -> SearchRecord {
        let mut walk = Walk::new(query);
        // What is left of each conversation, by the number of the newest entry that is left.
        let mut rest: BTreeMap<u64, (&Log, usize)> = BTreeMap::new();
        for log in self.logs_of(&query.scope) {
            let left = log.count_before(walk.at);
            if let Some(newest) = left.checked_sub(1).and_then(|newest| log.at(newest)) {
                rest.insert(newest.number, (log, left - 1));
            }
        }
        while let Some((number, (log, place))) = rest.pop_last() {
            let Some(entry) = log.at(place) else { continue };
            if !walk.spend(steps_of_text(entry.content().len())) {
                break;
            }
            let is_match = query.words.are_in(entry.content());
            let entry = is_match.then(|| log.record(place)).flatten();
            let found = entry.map(|entry| Found { conversation: log.conversation.clone(), entry });
            if !walk.pass(number, found) {
                break;
            }
            if let Some((place, newest)) = place.checked_sub(1).and_then(|at| Some((at, log.at(at)?))) {
                rest.insert(newest.number, (log, place));
            }
        }
        walk.end()
    }
}

/// Which conversations a search looks into, by their rows.
struct Own<'a> {
    scope: &'a Scope,
    /// `None`: there are very many.
    rows: Option<BTreeSet<i64>>,
    /// What the names of rows of the index tell of them.
    places: BTreeSet<i64>,
    /// Those that have been looked up; `None` is not meant.
    known: BTreeMap<i64, Option<Conversation>>,
}

impl Own<'_> {
    fn may_be_at(&self, place: i64) -> bool {
        self.rows.is_none() || self.places.contains(&place)
    }
}

/// A piece of a list of the index: rows from the newest back.
struct Piece {
    rows: Vec<i64>,
    /// Of all entries from this number on the piece tells whether they are in the list.
    reach: u64,
}

impl Piece {
    fn steps(&self) -> usize {
        STEPS_PER_PIECE + self.rows.len() * STEPS_PER_PLACE
    }

    /// Whether the piece tells that this row is not in the list.
    fn rules_out(&self, row: i64) -> bool {
        let (entry, _) = parts_of(row);
        // Newest first, so the other way round than a search has it.
        entry >= self.reach && self.rows.binary_search_by(|other| row.cmp(other)).is_err()
    }
}

/// How far back the candidates are looked at. Of those that lie further back than the shortest piece reaches only their
/// texts can tell, and if they are many, to read on in the lists costs less.
fn end_of_round(at: u64, pieces: &[Piece], rarest: &Piece, own: &Own<'_>, cost: usize) -> u64 {
    let shortest = pieces.iter().map(|piece| piece.reach).max().unwrap_or(0);
    let is_beyond = |row: &&i64| {
        let (entry, place) = parts_of(**row);
        entry < shortest && own.may_be_at(place)
    };
    let beyond = rarest.rows.iter().filter(is_beyond).count();
    let rounds = (at - rarest.reach) / (at - shortest).max(1);
    let cost_of_lists = usize::try_from(rounds).unwrap_or(usize::MAX).saturating_mul(cost);
    if beyond * steps_of_text(0) > cost_of_lists { shortest } else { rarest.reach }
}

impl Sqlite {
    pub(super) fn search(&self, query: &SearchQuery) -> Result<SearchRecord, StoreError> {
        let mut walk = Walk::new(query);
        let mut terms: Vec<String> = Vec::new();
        let rows = match &query.scope {
            Scope::One(conversation) => {
                let Some(row) = self.conversation(conversation)? else { return Ok(SearchRecord::default()) };
                terms.push(conversation_term(row));
                vec![row]
            }
            Scope::All(uid) => {
                let sql = "SELECT conversation FROM user JOIN member USING (user) WHERE uid = ?1
                           UNION ALL SELECT conversation FROM conversation WHERE low = ?1
                           UNION ALL SELECT conversation FROM conversation WHERE high = ?1
                           UNION ALL SELECT -ticket FROM ticket WHERE visitor = ?1
                           UNION ALL SELECT -ticket FROM ticket WHERE agent = ?1 AND state IN ('open', 'closed')
                           AND visitor IS NOT ?1
                           LIMIT ?2";
                self.rows(sql, params![Key(uid), OWN_MAX], |row| row.get(0))?
            }
        };
        terms.extend(query.words.terms());
        terms.truncate(TERMS_MAX);
        walk.steps += rows.len();
        let mut own = Own {
            scope: &query.scope,
            places: rows.iter().map(|row| place_of(*row)).collect(),
            rows: (rows.len() < OWN_MAX).then(|| rows.into_iter().collect()),
            known: BTreeMap::new(),
        };
        self.walk_tail(&mut walk, &mut own)?;
        self.walk_index(&mut walk, &mut own, &terms)?;
        Ok(walk.end())
    }

    /// Passes the entries that are not yet in the index.
    fn walk_tail(&self, walk: &mut Walk<'_>, own: &mut Own<'_>) -> Result<(), StoreError> {
        let until = self.indexed_until()?;
        let sql = "SELECT entry, conversation FROM entry WHERE entry > ? AND entry < ?
                   ORDER BY entry DESC LIMIT ?";
        while walk.at > until + 1 && walk.spend(TAIL_AT_ONCE * STEPS_PER_TAIL) {
            let rows: Vec<(u64, i64)> =
                self.rows(sql, params![until, walk.at, TAIL_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for (entry, conversation) in &rows {
                if !self.consider(walk, own, *entry, *conversation)? {
                    return Ok(());
                }
            }
            if rows.len() < TAIL_AT_ONCE {
                walk.at = until + 1;
            }
        }
        Ok(())
    }

    fn walk_index(&self, walk: &mut Walk<'_>, own: &mut Own<'_>, terms: &[String]) -> Result<(), StoreError> {
        let mut places_max = PIECE_FIRST;
        while walk.at > 0 && !walk.is_over && walk.spend(0) {
            let pieces: Vec<Piece> = terms
                .iter()
                .map(|term| self.piece(term, walk.at, places_max))
                .collect::<Result<_, StoreError>>()?;
            let cost = pieces.iter().map(Piece::steps).sum();
            walk.steps += cost;
            let Some(rarest) = pieces.iter().min_by_key(|piece| piece.reach) else { return Ok(()) };
            let end = end_of_round(walk.at, &pieces, rarest, own, cost);
            for row in &rarest.rows {
                let (entry, place) = parts_of(*row);
                if entry < end {
                    break;
                }
                if !own.may_be_at(place) || pieces.iter().any(|piece| piece.rules_out(*row)) {
                    continue;
                }
                if !walk.spend(STEPS_PER_ENTRY) {
                    return Ok(());
                }
                let sql = "SELECT conversation FROM entry WHERE entry = ?";
                let conversation: Option<i64> = self.row(sql, [entry], |row| row.get(0))?;
                if let Some(conversation) = conversation
                    && !self.consider(walk, own, entry, conversation)?
                {
                    return Ok(());
                }
            }
            walk.at = end;
            places_max = (places_max * 4).min(PIECE_MAX);
        }
        Ok(())
    }

    /// What the index names under a term before this entry.
    fn piece(&self, term: &str, before: u64, places_max: usize) -> Result<Piece, StoreError> {
        let sql = "SELECT rowid FROM entry_index WHERE entry_index MATCH ? AND rowid < ?
                   ORDER BY rowid DESC LIMIT ?";
        let params = params![format!("\"{term}\""), row_before(before), places_max];
        let rows: Vec<i64> = self.rows(sql, params, |row| row.get(0))?;
        let reach = match rows.last() {
            Some(last) if rows.len() == places_max => parts_of(*last).0,
            _ => 0,
        };
        Ok(Piece { rows, reach })
    }

    /// Passes an entry. Whether the walk goes on.
    fn consider(
        &self,
        walk: &mut Walk<'_>,
        own: &mut Own<'_>,
        entry: u64,
        conversation: i64,
    ) -> Result<bool, StoreError> {
        let Some(conversation) = self.locate(own, conversation)? else { return Ok(walk.pass(entry, None)) };
        if !walk.spend(0) {
            return Ok(false);
        }
        let words = &walk.query.words;
        let sql = format!("SELECT {ENTRY} FROM entry WHERE entry = ?");
        let read = self.row(&sql, [entry], |row| {
            let text = row.get_ref(3)?.as_str()?;
            let entry = words.are_in(text).then(|| self.shown(row)).transpose()?;
            // A text that is to go is not found any more.
            Ok((text.len(), entry.filter(|entry| entry.recall == Recall::None)))
        })?;
        let Some((bytes, entry_record)) = read else { return Ok(walk.pass(entry, None)) };
        walk.steps += steps_of_text(bytes);
        let found = entry_record.map(|entry| Found { conversation: conversation.clone(), entry });
        Ok(walk.pass(entry, found))
    }

    /// The conversation of a row, if it is one that is meant.
    fn locate<'o>(&self, own: &'o mut Own<'_>, row: i64) -> Result<Option<&'o Conversation>, StoreError> {
        if own.rows.as_ref().is_some_and(|rows| !rows.contains(&row)) {
            return Ok(None);
        }
        if !own.known.contains_key(&row) {
            let conversation = match own.scope {
                Scope::One(conversation) => Some(conversation.clone()),
                Scope::All(uid) => self.conversation_of(row, uid)?,
            };
            own.known.insert(row, conversation);
        }
        Ok(own.known.get(&row).and_then(Option::as_ref))
    }

    /// The conversation of a row, if this user takes part in it.
    fn conversation_of(&self, row: i64, uid: &Id) -> Result<Option<Conversation>, StoreError> {
        if let Some(ticket) = ticket_at(row) {
            return Ok(self.takes_part(uid, ticket)?.then_some(Conversation::Ticket(ticket)));
        }
        let sql = "SELECT gid, low, high FROM conversation WHERE conversation = ?1 AND (low = ?2 OR high = ?2
                   OR EXISTS (SELECT 1 FROM user JOIN member USING (user) WHERE uid = ?2 AND conversation = ?1))";
        self.row(sql, params![row, Key(uid)], |row| match row.get(0)? {
            Some(gid) => Ok(Conversation::Group(gid)),
            None => Ok(Conversation::Direct(row.get(1)?, row.get(2)?)),
        })
    }
}
