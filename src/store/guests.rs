//! When guests were last here, and how they are forgotten.
//!
//! Of each guest the store knows a day, so that whoever was here longest ago is found at once. A guest who is
//! forgotten takes along what is his alone: the name, whom he blocks, what he sent under which `id`, which pushes wait for
//! him. What he said
//! stays, and so does that somebody banned, muted or blocked him, which is theirs.
//! Tested in `tests/store/guests.rs`.

use std::collections::BTreeSet;

use rusqlite::params;

use super::StoreError;
use super::memory::{Group, Memory, User};
use super::rows::Key;
use super::sends::SendKey;
use super::sqlite::Sqlite;
use crate::base::clock::UnixDay;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::Sent;

/// The guests in memory, by the day on which they were last here.
#[derive(Debug, Default)]
pub(super) struct SeenGuests {
    by_day: BTreeSet<(UnixDay, Id)>,
}

impl SeenGuests {
    pub(super) fn first(&self, seen_before: UnixDay) -> Option<Id> {
        self.by_day.first().filter(|(day, _)| *day < seen_before).map(|(_, uid)| uid.clone())
    }
}

impl Memory {
    /// Whether anything that is kept names this uid.
    pub(super) fn is_named(&self, uid: &Id) -> bool {
        let is_sanctioned = |group: &Group| group.sanctions.keys().any(|(of, _)| of == uid);
        self.users.contains_key(uid)
            || self.pushes.has_some(uid)
            || self.users.values().any(|user| user.blocks.contains(uid))
            || self.groups.values().any(is_sanctioned)
            || self.logs.iter().any(|(conversation, log)| match conversation {
                Conversation::Direct(low, high) => log.last > 0 && (low == uid || high == uid),
                Conversation::Group(_) => false,
            })
    }

    /// Returns the day before.
    pub(super) fn see(&mut self, uid: &Id, day: UnixDay) -> Result<UnixDay, StoreError> {
        let user = self.users.get(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let before = user.seen;
        self.put_day(uid, day.max(before));
        Ok(before)
    }

    pub(super) fn unsee(&mut self, uid: &Id, before: UnixDay) {
        self.put_day(uid, before);
    }

    fn put_day(&mut self, uid: &Id, day: UnixDay) {
        let Some(user) = self.users.get_mut(uid).filter(|user| user.guest) else { return };
        self.seen.by_day.remove(&(user.seen, uid.clone()));
        user.seen = day;
        if day > UnixDay::default() {
            self.seen.by_day.insert((day, uid.clone()));
        }
    }

    /// Returns what there was.
    pub(super) fn forget(&mut self, uid: &Id) -> Result<(User, Vec<(SendKey, Sent)>), StoreError> {
        let user = self.users.get(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        if !user.groups.is_empty() {
            return Err(StoreError::StillMember(uid.clone()));
        }
        let user = user.clone();
        self.users.remove(uid);
        self.seen.by_day.remove(&(user.seen, uid.clone()));
        Ok((user, self.sends.take_of(uid)))
    }

    pub(super) fn remember(&mut self, uid: Id, user: User, sends: Vec<(SendKey, Sent)>) {
        let day = user.seen;
        self.users.insert(uid.clone(), user);
        self.put_day(&uid, day);
        self.sends.put_back(sends);
    }
}

impl Sqlite {
    pub(super) fn is_named(&self, uid: &Id) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM user WHERE uid = ?1
                   UNION ALL SELECT 1 FROM conversation WHERE low = ?1
                   UNION ALL SELECT 1 FROM conversation WHERE high = ?1
                   UNION ALL SELECT 1 FROM sanction WHERE uid = ?1
                   UNION ALL SELECT 1 FROM block WHERE other = ?1";
        Ok(self.is_there(sql, [Key(uid)])? || self.has_pushes(uid)?)
    }

    pub(super) fn see(&self, uid: &Id, day: UnixDay) -> Result<(), StoreError> {
        let sql = "UPDATE user SET seen = ?2 WHERE uid = ?1 AND guest = 1 AND seen < ?2";
        if self.run(sql, params![Key(uid), day.0])? == 0 { self.demand_user(uid) } else { Ok(()) }
    }

    pub(super) fn forgettable(&self, seen_before: UnixDay) -> Result<Option<Id>, StoreError> {
        let sql = "SELECT uid FROM user WHERE guest = 1 AND seen > 0 AND seen < ? ORDER BY seen, uid LIMIT 1";
        self.row(sql, [seen_before.0], |row| row.get(0))
    }

    pub(super) fn forget(&self, uid: &Id) -> Result<(), StoreError> {
        self.strike_all_pushes(uid)?;
        for sql in [
            "DELETE FROM block WHERE user = (SELECT user FROM user WHERE uid = ?)",
            "DELETE FROM sent WHERE uid = ?",
        ] {
            self.run(sql, [Key(uid)])?;
        }
        let sql = "DELETE FROM user WHERE uid = ? AND NOT EXISTS
                   (SELECT 1 FROM member WHERE member.user = user.user)";
        if self.run(sql, [Key(uid)])? == 1 {
            return Ok(());
        }
        self.demand_user(uid)?;
        Err(StoreError::StillMember(uid.clone()))
    }
}
