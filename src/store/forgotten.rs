//! People who are deleted: what they said goes from the file, and what is kept of them goes at once.
//!
//! The order that deletes somebody takes out what is found by an index, counts it, and writes a row into `forgotten`.
//! The texts are not found by an index: one over authors would cost every message of everybody a page of the WAL, for
//! something that is done a few times a year. So the row says up to which entry all of that person's are *hidden*, and
//! [`tidy_up`](super::Storage::tidy_up) looks through the entries from the oldest on, some thousand a step, and takes
//! the text out of those that are the person's. So a turn is never held up, however much somebody has said.
//!
//! Invariant: an entry of somebody in [`Hidden`], up to the number there, is read as one that was recalled. Every reader
//! of entries goes through [`Sqlite::shown`]. Besides the text the author's name goes, and the uid stands in its place;
//! it goes from what tells of acts and recalls too. Counts of unread entries follow as the texts go.
//!
//! In memory all of it is done at once: to look through a million entries there takes some milliseconds.
//! What was erased is in the WAL, and goes as `recall.rs` says. Tested in `tests/store/forgotten.rs`.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::cursors::{Reader, side};
use super::memory::{Memory, Undo};
use super::rows::{Key, entry_of};
use super::sqlite::Sqlite;
use super::tickets::Forgotten;
use super::{StoreError, Tidy};
use crate::base::limits;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{EntryRecord, ForgetReport, Recall};

/// Bytes of texts that are taken out in one step: with the index some ten milliseconds.
const BYTES_ERASED_AT_ONCE: usize = 16 * 1024;

/// Whose entries are not shown, up to which number over all conversations.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    until: BTreeMap<Id, u64>,
    /// The open transaction has changed it.
    is_new: bool,
}

impl Sqlite {
    /// An entry from its row, as anybody may see it.
    pub(super) fn shown(&self, row: &Row<'_>) -> rusqlite::Result<EntryRecord> {
        let record = entry_of(row)?;
        match self.hidden.until.get(&record.uid) {
            Some(until) if row.get::<_, u64>("entry")? <= *until => Ok(without_text(record)),
            _ => Ok(record),
        }
    }

    /// Reads whose entries are hidden: at the start, and when a transaction that hid some is given up.
    pub(super) fn load_hidden(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT uid, until FROM forgotten WHERE erased < until";
        let rows: Vec<(Id, u64)> = self.rows(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.hidden = Hidden { until: rows.into_iter().collect(), is_new: false };
        Ok(())
    }

    /// The transaction is over. What it hid stays hidden, or is shown again.
    pub(super) fn settle_hidden(&mut self, is_committed: bool) {
        if std::mem::take(&mut self.hidden.is_new)
            && !is_committed
            && let Err(error) = self.load_hidden()
        {
            log::error!("whose messages are hidden could not be read: {error}");
        }
    }

    pub(super) fn forget_person(&mut self, uid: &Id, groups: u64) -> Result<(), StoreError> {
        let pushes = self.count_pushes(uid)?;
        let count = |sql| Ok(self.row(sql, [Key(uid)], |row| row.get::<_, u64>(0))?.unwrap_or(0));
        let blocks = count("SELECT count(*) FROM block WHERE user = (SELECT user FROM user WHERE uid = ?)")?;
        let sends = count("SELECT count(*) FROM sent WHERE uid = ?")?;
        match self.forget(uid) {
            Ok(()) => {}
            // A guest who was forgotten before, or somebody to whom others have written.
            Err(StoreError::NoSuchUser(_)) => {}
            Err(error) => return Err(error),
        }
        for sql in [
            "UPDATE conversation SET low_read = 0 WHERE low = ?",
            "UPDATE conversation SET high_read = 0 WHERE high = ?",
        ] {
            self.run(sql, [Key(uid)])?;
        }
        let files = self.drop_files_of(uid)?;
        let Forgotten { tickets, notes, canned } = self.forget_in_tickets(uid)?;
        let waiting = self.run("DELETE FROM waiting WHERE receiver = ?", [Key(uid)])?;
        let until: u64 =
            self.row("SELECT coalesce(max(entry), 0) FROM entry", (), |row| row.get(0))?.unwrap_or(0);
        let sql =
            "INSERT INTO forgotten (uid, until, groups, waiting, pushes, blocks, sends, files, tickets, until_ticket,
                                    notes, canned)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(ticket), 0) FROM ticket), ?, ?)
             ON CONFLICT (uid) DO UPDATE SET until = excluded.until, groups = groups + excluded.groups,
                 waiting = waiting + excluded.waiting, pushes = pushes + excluded.pushes,
                 blocks = blocks + excluded.blocks, sends = sends + excluded.sends,
                 files = files + excluded.files, tickets = tickets + excluded.tickets,
                 until_ticket = excluded.until_ticket, notes = notes + excluded.notes,
                 canned = canned + excluded.canned";
        self.run(
            sql,
            params![Key(uid), until, groups, waiting, pushes, blocks, sends, files, tickets, notes, canned],
        )?;
        self.hidden.until.insert(uid.clone(), until);
        self.hidden.is_new = true;
        self.soil_wal();
        Ok(())
    }

    pub(super) fn forgotten(&self, uid: &Id) -> Result<Option<ForgetReport>, StoreError> {
        let sql = "SELECT messages, until - erased, groups, waiting, pushes, blocks, sends, files, tickets, notes, canned
                   FROM forgotten WHERE uid = ?";
        self.row(sql, [Key(uid)], |row| {
            Ok(ForgetReport {
                messages: row.get(0)?,
                left: row.get(1)?,
                groups: row.get(2)?,
                waiting: row.get(3)?,
                pushes: row.get(4)?,
                blocks: row.get(5)?,
                sends: row.get(6)?,
                files: row.get(7)?,
                tickets: row.get(8)?,
                notes: row.get(9)?,
                canned: row.get(10)?,
            })
        })
    }

    /// Takes some texts of deleted people out of the file. Not inside a transaction.
    pub(super) fn erase_hidden(&mut self) -> Result<Tidy, StoreError> {
        let sql = "SELECT uid, erased, until FROM forgotten WHERE erased < until LIMIT 1";
        let next = self.row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((uid, erased, until)) = next else { return Ok(Tidy::Done) };
        let (uid, erased, until): (Id, u64, u64) = (uid, erased, until);
        let erased = self.in_own_lazy_transaction(|store| store.erase_after(&uid, erased, until))?;
        if erased >= until {
            self.hidden.until.remove(&uid);
        }
        self.soil_wal();
        Ok(Tidy::NotYet)
    }

    /// Up to which entry it has come.
    fn erase_after(&self, uid: &Id, erased: u64, until: u64) -> Result<u64, StoreError> {
        let searched = until.min(erased + limits::ENTRIES_SEARCHED_AT_ONCE.default);
        let sql = "SELECT entry, conversation, seq, octet_length(content),
                          act IS NULL AND recalls IS NULL AND recalled = 0
                   FROM entry WHERE entry > ? AND entry <= ? AND uid = ? ORDER BY entry";
        let mut found: Vec<(u64, i64, u64, bool)> = Vec::new();
        let (mut end, mut bytes_left) = (searched, BYTES_ERASED_AT_ONCE);
        self.each_row(sql, params![erased, searched, Key(uid)], |row| {
            found.push((row.get(0)?, row.get(1)?, row.get(2)?, row.get(4)?));
            bytes_left = bytes_left.saturating_sub(row.get(3)?);
            let goes_on = bytes_left > 0 && found.len() < limits::ENTRIES_ERASED_AT_ONCE.count();
            if !goes_on {
                end = row.get(0)?;
            }
            Ok(goes_on)
        })?;
        for (entry, conversation, seq, is_message) in &found {
            if *is_message {
                self.wipe(Some(*conversation), *seq)?;
                let sql = "UPDATE entry SET content = '', kind = NULL, data = NULL, reply = NULL,
                                            mentions = NULL, recalled = 1 WHERE entry = ?";
                self.run(sql, [entry])?;
            }
            self.run("UPDATE entry SET name = ?2 WHERE entry = ?1", params![entry, uid.to_string()])?;
        }
        let messages = found.iter().filter(|(.., is_message)| *is_message).count();
        let sql = "UPDATE forgotten SET erased = ?2, messages = messages + ?3 WHERE uid = ?1";
        self.run(sql, params![Key(uid), end, messages])?;
        Ok(end)
    }
}

/// What is left of an entry of somebody who is deleted.
fn without_text(mut record: EntryRecord) -> EntryRecord {
    record.name = record.uid.to_string().into();
    if record.act.is_none() && record.recall == Recall::None {
        (record.content, record.kind, record.data) = (Box::default(), None, None);
        (record.reply, record.mentions, record.recall) = (None, Box::default(), Recall::Recalled);
    }
    record
}

impl Memory {
    pub(super) fn forget_person(
        &mut self,
        uid: &Id,
        groups: u64,
        steps: &mut Vec<Undo>,
    ) -> Result<(), StoreError> {
        let before = self.forgotten.get(uid).copied();
        let mut report = before.unwrap_or_default();
        report.groups += groups;
        report.pushes += self.pushes.count_of(uid);
        steps.push(self.strike_pushes(uid, u64::MAX));
        match self.forget(uid) {
            Ok((user, sends)) => {
                report.blocks += user.blocks().count() as u64;
                report.sends += sends.len() as u64;
                steps.push(Undo::NoUser(Box::new((user, sends))));
            }
            // A guest who was forgotten before, or somebody to whom others have written.
            Err(StoreError::NoSuchUser(_)) => {}
            Err(error) => return Err(error),
        }
        let (files, step) = self.drop_files_of(uid);
        report.files += files;
        steps.push(step);
        let (waiting, step) = self.strike_all_waiting(uid);
        report.waiting += waiting;
        steps.push(step);
        for number in 0..u32::try_from(self.logs.len()).unwrap_or(u32::MAX) {
            let Some(log) = self.logs.get_mut(number) else { continue };
            if let Conversation::Direct(low, high) = &log.conversation
                && (low == uid || high == uid)
                && let side = side(low, uid)
                && let Some(read) = log.read.get_mut(side)
            {
                steps.push(Undo::Read(Reader::Side(number, side), std::mem::take(read)));
            }
            for (seq, before, was_message) in log.erase_author(uid) {
                report.messages += u64::from(was_message);
                steps.push(Undo::Erase(number, seq, Box::new(before)));
            }
        }
        let (forgotten, step) = self.forget_in_tickets(uid);
        report.tickets += forgotten.tickets;
        report.notes += forgotten.notes;
        report.canned += forgotten.canned;
        steps.push(step);
        self.forgotten.insert(uid.clone(), report);
        steps.push(Undo::Forgotten(uid.clone(), before.map(Box::new)));
        Ok(())
    }

    pub(super) fn put_report(&mut self, uid: &Id, report: Option<ForgetReport>) {
        match report {
            Some(report) => drop(self.forgotten.insert(uid.clone(), report)),
            None => drop(self.forgotten.remove(uid)),
        }
    }
}
