//! Pushes that wait for their receivers: one row with what is told, and beside it for whom.
//!
//! A receiver has a row of his own as long as they are few. Where there are more than [`SHELVES`], receivers share
//! rows: a uid falls upon one of so many *shelves*, and a row lists all of a push on one shelf. So ten thousand
//! receivers cost 256 rows in the turn of the push, and whoever logs in looks at his own rows and at those of
//! his shelf. The latter are few because only [`LARGE_PUSHES_MAX`] such pushes are kept.
//!
//! Of what waits for a user the newest [`PUSHES_PER_USER_MAX`] are kept. A push goes when its last receiver has it,
//! when its time has passed, or when it is older than what is kept at all (`retention.rs`), some pushes a step between
//! two turns; the limit on bytes leaves pushes alone, for they go by themselves.
//!
//! In memory each receiver has a set of numbers. The tutorial keeps nothing. Tested in `tests/store/pushes.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rusqlite::{Row, params};

use super::memory::{Memory, Undo};
use super::page::Page;
use super::rows::Key;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::limits::{LARGE_PUSHES_MAX, PUSHES_PER_USER_MAX, PUSHES_REMOVED_AT_ONCE};
use crate::chat::ids::Id;
use crate::chat::output::{PushRecord, PushesPage, PushesQuery};

/// Shelves upon which uids fall, and up to so many receivers none of them. Files depend on it: it never changes.
const SHELVES: usize = 256;
/// The largest number that a column holds.
const NUMBER_MAX: u64 = u64::MAX >> 1;

/// What was done, and can be undone.
#[derive(Debug)]
pub(super) enum Step {
    Kept(u64),
    Shelved(Id, u64),
    Struck(Id, Vec<u64>),
}

/// A push in memory, and for whom it waits.
#[derive(Debug)]
struct Kept {
    record: PushRecord,
    receivers: BTreeSet<Id>,
}

/// What waits in memory.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    kept: BTreeMap<u64, Kept>,
    shelves: BTreeMap<Id, BTreeSet<u64>>,
    by_expiry: BTreeSet<(UnixMillis, u64)>,
    /// Those that wait for nobody any more.
    bare: BTreeSet<u64>,
}

impl Pushes {
    pub(super) fn has_some(&self, uid: &Id) -> bool {
        self.shelves.contains_key(uid)
    }

    /// How many wait for a user.
    pub(super) fn count_of(&self, uid: &Id) -> u64 {
        self.shelves.get(uid).map_or(0, |shelf| shelf.len() as u64)
    }

    pub(super) fn last(&self) -> u64 {
        self.kept.last_key_value().map_or(0, |(number, _)| *number)
    }

    fn keep(&mut self, number: u64, record: PushRecord) {
        self.by_expiry.insert((record.expires, number));
        self.bare.insert(number);
        self.kept.insert(number, Kept { record, receivers: BTreeSet::new() });
    }

    /// Takes out a push, with everything that hangs on it.
    fn remove(&mut self, number: u64) {
        let Some(kept) = self.kept.remove(&number) else { return };
        self.by_expiry.remove(&(kept.record.expires, number));
        self.bare.remove(&number);
        kept.receivers.iter().for_each(|uid| self.take_off(uid, number));
    }

    /// Whether it did not wait before.
    fn shelve(&mut self, uid: &Id, number: u64) -> bool {
        let Some(kept) = self.kept.get_mut(&number) else { return false };
        self.bare.remove(&number);
        self.shelves.entry(uid.clone()).or_default().insert(number);
        kept.receivers.insert(uid.clone())
    }

    fn unshelve(&mut self, uid: &Id, number: u64) {
        let Some(kept) = self.kept.get_mut(&number) else { return };
        kept.receivers.remove(uid);
        if kept.receivers.is_empty() {
            self.bare.insert(number);
        }
        self.take_off(uid, number);
    }

    fn take_off(&mut self, uid: &Id, number: u64) {
        let Some(shelf) = self.shelves.get_mut(uid) else { return };
        shelf.remove(&number);
        if shelf.is_empty() {
            self.shelves.remove(uid);
        }
    }

    /// Takes what waits for a user up to a number.
    fn strike(&mut self, uid: &Id, until: u64) -> Vec<u64> {
        let shelf = self.shelves.get(uid).into_iter().flatten();
        let struck: Vec<u64> = shelf.copied().take_while(|number| *number <= until).collect();
        struck.iter().for_each(|number| self.unshelve(uid, *number));
        struck
    }

    /// Up to which number a user has too much.
    fn surplus(&self, uid: &Id) -> Option<u64> {
        self.shelves.get(uid)?.iter().rev().nth(PUSHES_PER_USER_MAX.count()).copied()
    }

    pub(super) fn step_back(&mut self, step: Step) {
        match step {
            Step::Kept(number) => self.remove(number),
            Step::Shelved(uid, number) => self.unshelve(&uid, number),
            Step::Struck(uid, numbers) => numbers.iter().for_each(|number| {
                self.shelve(&uid, *number);
            }),
        }
    }

    /// Some of those that nobody is to be told any more.
    fn over(&self, now: UnixMillis, kept_since: Option<UnixMillis>) -> BTreeSet<u64> {
        let expired = self.by_expiry.iter().take_while(|(at, _)| *at <= now).map(|(_, number)| *number);
        let is_old = |(_, kept): &(&u64, &Kept)| kept_since.is_some_and(|since| kept.record.time < since);
        let old = self.kept.iter().take_while(is_old).map(|(number, _)| *number);
        let over = self.bare.iter().copied().chain(expired).chain(old);
        over.take(PUSHES_REMOVED_AT_ONCE.count()).collect()
    }
}

impl Memory {
    pub(super) fn keep_push(
        &mut self,
        number: u64,
        push: &PushRecord,
        receivers: &[&Id],
        steps: &mut Vec<Undo>,
    ) {
        if !self.pushes.kept.contains_key(&number) {
            self.pushes.keep(number, push.clone());
            steps.push(Undo::Pushes(Step::Kept(number)));
        }
        for uid in receivers {
            if self.pushes.shelve(uid, number) {
                steps.push(Undo::Pushes(Step::Shelved((*uid).clone(), number)));
            }
            if let Some(until) = self.pushes.surplus(uid) {
                steps.push(self.strike_pushes(uid, until));
            }
        }
    }

    pub(super) fn strike_pushes(&mut self, uid: &Id, until: u64) -> Undo {
        Undo::Pushes(Step::Struck(uid.clone(), self.pushes.strike(uid, until)))
    }

    pub(super) fn pushes_page(&self, query: &PushesQuery) -> PushesPage {
        let mut page = Page::new(query.pushes_max, query.bytes_max);
        let shelf = self.pushes.shelves.get(&query.uid);
        let behind = query.after.saturating_add(1)..;
        let mut found = shelf.into_iter().flat_map(|shelf| shelf.range(behind.clone()));
        found.all(|number| {
            let Some(Kept { record, .. }) = self.pushes.kept.get(number) else { return true };
            page.offer((*number, record.clone()), record.bytes())
        });
        PushesPage { pushes: page.entries, more: page.more }
    }

    pub(super) fn drop_pushes(&mut self, now: UnixMillis) -> Tidy {
        let over = self.pushes.over(now, self.retention.until(now));
        over.iter().for_each(|number| self.pushes.remove(*number));
        if over.is_empty() { Tidy::Done } else { Tidy::NotYet }
    }
}

/// The shelf upon which a uid falls.
fn shelf_of(uid: &Id) -> i64 {
    let spread = match uid {
        Id::Number(number) => *number,
        Id::Text(text) => {
            text.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
        }
    };
    -1 - (spread % SHELVES as u64).cast_signed()
}

fn is_listed(receivers: &str, uid: &str) -> bool {
    receivers.lines().any(|line| line == uid)
}

fn push_of(row: &Row<'_>) -> rusqlite::Result<PushRecord> {
    Ok(PushRecord {
        id: row.get(0)?,
        title: row.get(1)?,
        content: row.get(2)?,
        data: row.get(3)?,
        url: row.get(4)?,
        time: UnixMillis(row.get(5)?),
        expires: UnixMillis(row.get(6)?),
    })
}

impl Sqlite {
    pub(super) fn keep_push(
        &self,
        number: u64,
        push: &PushRecord,
        receivers: &[&Id],
    ) -> Result<(), StoreError> {
        let is_large = receivers.len() > SHELVES;
        let sql = "INSERT INTO push VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let PushRecord { id, title, content, data, url, time, expires } = push;
        self.run(sql, params![number, id, title, content, data, url, time.0, expires.0, is_large])?;
        if is_large {
            self.share_rows(number, receivers)?;
            return self.drop_surplus_large();
        }
        for uid in receivers {
            let sql = "INSERT INTO push_waiting (shelf, push) VALUES (?, ?) ON CONFLICT DO NOTHING";
            self.run(sql, params![Key(uid), number])?;
            let sql = "SELECT push FROM push_waiting WHERE shelf = ? ORDER BY push DESC LIMIT 1 OFFSET ?";
            let surplus = self.row(sql, params![Key(uid), PUSHES_PER_USER_MAX.default], |row| row.get(0))?;
            if let Some(until) = surplus {
                self.strike_own_rows(uid, until)?;
            }
        }
        Ok(())
    }

    fn share_rows(&self, number: u64, receivers: &[&Id]) -> Result<(), StoreError> {
        let mut shelves: BTreeMap<i64, String> = BTreeMap::new();
        for uid in receivers {
            let lines = shelves.entry(shelf_of(uid)).or_default();
            // A String takes whatever it is given.
            let _ = writeln!(lines, "{uid}");
        }
        for (shelf, lines) in shelves {
            let sql = "INSERT INTO push_waiting (shelf, push, receivers) VALUES (?, ?, ?)";
            self.run(sql, params![shelf, number, lines])?;
        }
        Ok(())
    }

    fn drop_surplus_large(&self) -> Result<(), StoreError> {
        let sql = "SELECT push FROM push WHERE large = 1 ORDER BY push DESC LIMIT 1 OFFSET ?";
        let surplus: Option<u64> = self.row(sql, [LARGE_PUSHES_MAX.default], |row| row.get(0))?;
        surplus.map_or(Ok(()), |number| self.remove_push(number))
    }

    fn remove_push(&self, number: u64) -> Result<(), StoreError> {
        self.run("DELETE FROM push_waiting WHERE push = ?", [number])?;
        self.run("DELETE FROM push WHERE push = ?", [number]).map(drop)
    }

    /// A push that waits for nobody any more goes.
    fn remove_if_bare(&self, number: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM push WHERE push = ?1 AND NOT EXISTS
                   (SELECT 1 FROM push_waiting WHERE push = ?1)";
        self.run(sql, [number]).map(drop)
    }

    fn strike_own_rows(&self, uid: &Id, until: u64) -> Result<(), StoreError> {
        let sql = "SELECT push FROM push_waiting WHERE shelf = ? AND push <= ?";
        let struck: Vec<u64> = self.rows(sql, params![Key(uid), until], |row| row.get(0))?;
        let sql = "DELETE FROM push_waiting WHERE shelf = ? AND push <= ?";
        self.run(sql, params![Key(uid), until])?;
        struck.into_iter().try_for_each(|number| self.remove_if_bare(number))
    }

    pub(super) fn strike_pushes(&self, uid: &Id, until: u64) -> Result<(), StoreError> {
        self.strike_own_rows(uid, until)?;
        let text = uid.to_string();
        for (number, lines) in self.shared_rows(uid, until)? {
            let left: String = lines.lines().filter(|of| *of != text).flat_map(|of| [of, "\n"]).collect();
            if left.is_empty() {
                let sql = "DELETE FROM push_waiting WHERE shelf = ? AND push = ?";
                self.run(sql, params![shelf_of(uid), number])?;
                self.remove_if_bare(number)?;
            } else {
                let sql = "UPDATE push_waiting SET receivers = ?3 WHERE shelf = ?1 AND push = ?2";
                self.run(sql, params![shelf_of(uid), number, left])?;
            }
        }
        Ok(())
    }

    /// Nothing waits for the user any more.
    pub(super) fn strike_all_pushes(&self, uid: &Id) -> Result<(), StoreError> {
        self.strike_pushes(uid, NUMBER_MAX)
    }

    /// The rows that list the user, up to a number.
    fn shared_rows(&self, uid: &Id, until: u64) -> Result<Vec<(u64, String)>, StoreError> {
        let text = uid.to_string();
        let mut rows = Vec::new();
        let sql = "SELECT push, receivers FROM push_waiting WHERE shelf = ? AND push <= ?";
        self.each_row(sql, params![shelf_of(uid), until], |row| {
            let lines = row.get_ref(1)?.as_str()?;
            if is_listed(lines, &text) {
                rows.push((row.get(0)?, lines.to_owned()));
            }
            Ok(true)
        })?;
        Ok(rows)
    }

    pub(super) fn has_pushes(&self, uid: &Id) -> Result<bool, StoreError> {
        Ok(self.is_there("SELECT 1 FROM push_waiting WHERE shelf = ?", [Key(uid)])?
            || !self.shared_rows(uid, NUMBER_MAX)?.is_empty())
    }

    /// How many wait for a user.
    pub(super) fn count_pushes(&self, uid: &Id) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM push_waiting WHERE shelf = ?";
        let own: u64 = self.row(sql, [Key(uid)], |row| row.get(0))?.unwrap_or(0);
        Ok(own + self.shared_rows(uid, NUMBER_MAX)?.len() as u64)
    }

    pub(super) fn last_push(&self) -> Result<u64, StoreError> {
        Ok(self.row("SELECT max(push) FROM push", (), |row| row.get(0))?.flatten().unwrap_or(0))
    }

    pub(super) fn pushes_page(&self, query: &PushesQuery) -> Result<PushesPage, StoreError> {
        let sql = "SELECT push FROM push_waiting WHERE shelf = ?";
        let mut numbers: BTreeSet<u64> =
            self.rows(sql, [Key(&query.uid)], |row| row.get(0))?.into_iter().collect();
        numbers.extend(self.shared_rows(&query.uid, NUMBER_MAX)?.into_iter().map(|(number, _)| number));
        let surplus = numbers.len().saturating_sub(PUSHES_PER_USER_MAX.count());
        let mut page = Page::new(query.pushes_max, query.bytes_max);
        for number in numbers.into_iter().skip(surplus).filter(|number| *number > query.after) {
            let sql = "SELECT id, title, content, data, url, time, expires FROM push WHERE push = ?";
            let Some(push) = self.row(sql, [number], push_of)? else { continue };
            let bytes = push.bytes();
            if !page.offer((number, push), bytes) {
                break;
            }
        }
        Ok(PushesPage { pushes: page.entries, more: page.more })
    }

    /// Takes out some of those that nobody is to be told any more. Not inside a transaction.
    pub(super) fn drop_pushes(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let at_once = PUSHES_REMOVED_AT_ONCE.default;
        let sql = "SELECT push FROM push WHERE expires <= ? ORDER BY expires LIMIT ?";
        let mut over: Vec<u64> = self.rows(sql, params![now.0, at_once], |row| row.get(0))?;
        if let (true, Some(until)) = (over.is_empty(), self.retention.until(now)) {
            let sql = "SELECT push, time FROM push ORDER BY push LIMIT ?";
            self.each_row(sql, [at_once], |row| {
                let is_old = UnixMillis(row.get(1)?) < until;
                if is_old {
                    over.push(row.get(0)?);
                }
                Ok(is_old)
            })?;
        }
        if over.is_empty() {
            return Ok(Tidy::Done);
        }
        self.in_own_lazy_transaction(|store| over.iter().try_for_each(|number| store.remove_push(*number)))?;
        Ok(Tidy::NotYet)
    }
}
