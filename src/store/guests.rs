//! When guests were last here, and how they are forgotten.
//!
//! Of each guest the store knows a day, so that whoever was here longest ago is found at once. A guest who is
//! forgotten takes along what is his alone: the name, whom he blocks, what he sent under which `id`, which pushes wait for
//! him. What he said
//! stays, and so does that somebody banned, muted or blocked him, which is theirs.
//! Tested in `tests/store/guests.rs`.

use std::collections::BTreeMap;

use rusqlite::params;

use super::StoreError;
use super::memory::{Memory, User};
use super::rows::Key;
use super::sends::TakenSends;
use super::sqlite::Sqlite;
use crate::base::clock::UnixDay;
use crate::chat::ids::Id;

/// How many were last here on which day, as guests. Who they are is looked up among the users: to list them a second time
/// would cost 15 bytes for each.
pub(super) type SeenGuests = BTreeMap<UnixDay, u32>;

/// How often somebody is named who need not be a user: as one who is blocked, and as one who is banned or muted.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeMap<Id, u32>);

impl Named {
    pub(super) fn add(&mut self, uid: &Id) {
        match self.0.get_mut(uid) {
            Some(times) => *times += 1,
            None => drop(self.0.insert(uid.clone(), 1)),
        }
    }

    pub(super) fn remove(&mut self, uid: &Id) {
        if let Some(times) = self.0.get_mut(uid) {
            *times -= 1;
            if *times == 0 {
                self.0.remove(uid);
            }
        }
    }
}

impl Memory {
    /// Whether anything that is kept names this uid.
    pub(super) fn is_named(&self, uid: &Id) -> bool {
        self.users.number(uid).is_some()
            || self.pushes.has_some(uid)
            || self.forgotten.contains_key(uid)
            || self.named.0.contains_key(uid)
            || self.logs.talks_of(uid).next().is_some()
            || self.desk.names(uid)
    }

    /// The guest who was here longest ago, if that was before this day; of several the one with the smallest uid. All
    /// users are looked through, if there is one, for that is asked a few times a second at most.
    pub(super) fn forgettable(&self, seen_before: UnixDay) -> Option<Id> {
        self.seen.first_key_value().filter(|(day, _)| **day < seen_before)?;
        let known = self.users.iter().map(|(_, user)| user).filter(|user| user.guest);
        let past = known.filter(|user| user.seen > UnixDay::default() && user.seen < seen_before);
        past.min_by_key(|user| (user.seen, &user.uid)).map(|user| user.uid.clone())
    }

    /// Returns the day before.
    pub(super) fn see(&mut self, uid: &Id, day: UnixDay) -> Result<UnixDay, StoreError> {
        let number = self.users.number(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let before = self.users.get(number).map_or(day, |user| user.seen);
        self.put_day(number, day.max(before));
        Ok(before)
    }

    pub(super) fn unsee(&mut self, uid: &Id, before: UnixDay) {
        if let Some(number) = self.users.number(uid) {
            self.put_day(number, before);
        }
    }

    fn put_day(&mut self, number: u32, day: UnixDay) {
        let Some(user) = self.users.get_mut(number).filter(|user| user.guest) else { return };
        let before = std::mem::replace(&mut user.seen, day);
        self.uncount_guest(before);
        if day > UnixDay::default() {
            *self.seen.entry(day).or_default() += 1;
        }
    }

    /// A guest is counted under this day no more.
    fn uncount_guest(&mut self, day: UnixDay) {
        if let Some(guests) = self.seen.get_mut(&day) {
            *guests -= 1;
            if *guests == 0 {
                self.seen.remove(&day);
            }
        }
    }

    /// Returns what there was.
    pub(super) fn forget(&mut self, uid: &Id) -> Result<(User, TakenSends), StoreError> {
        let number = self.users.number(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        if self.users.get(number).is_some_and(|user| !user.groups.is_empty()) {
            return Err(StoreError::StillMember(uid.clone()));
        }
        let user = self.users.remove(number).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        self.uncount_guest(user.seen);
        user.blocks().for_each(|other| self.named.remove(other));
        Ok((user, self.sends.take_of(uid)))
    }

    pub(super) fn remember(&mut self, mut user: User, sends: TakenSends) {
        let day = std::mem::take(&mut user.seen);
        user.blocks().for_each(|other| self.named.add(other));
        let number = self.users.insert(user);
        self.put_day(number, day);
        self.sends.put_back(sends);
    }
}

impl Sqlite {
    pub(super) fn is_named(&self, uid: &Id) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM user WHERE uid = ?1
                   UNION ALL SELECT 1 FROM conversation WHERE low = ?1
                   UNION ALL SELECT 1 FROM conversation WHERE high = ?1
                   UNION ALL SELECT 1 FROM forgotten WHERE uid = ?1
                   UNION ALL SELECT 1 FROM sanction WHERE uid = ?1
                   UNION ALL SELECT 1 FROM block WHERE other = ?1";
        Ok(self.is_there(sql, [Key(uid)])? || self.has_pushes(uid)? || self.is_named_by_desk(uid)?)
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
