//! Users: who is stored, under which name, and all that the core is told of one at once.
//!
//! What else belongs to a user has files of its own: `guests.rs`, `bans.rs`, and `groups.rs` for blocks.
//! Tested by the suite in `tests/store/`.

use rusqlite::params;

use super::StoreError;
use super::bans::term_of;
use super::memory::{Memory, Undo, User};
use super::rows::Key;
use super::sqlite::Sqlite;
use crate::chat::ids::Id;
use crate::chat::output::UserRecord;

impl Memory {
    pub(super) fn write_user(&mut self, uid: &Id, name: &str, guest: bool) -> Undo {
        let before = match self.users.find_mut(uid) {
            Some(user) => {
                let before = (std::mem::replace(&mut user.name, name.into()), user.guest);
                user.guest = guest;
                Some(before)
            }
            None => {
                self.users.insert(User::new(uid.clone(), name, guest));
                None
            }
        };
        Undo::User(uid.clone(), before)
    }

    pub(super) fn user_record(&self, uid: &Id) -> Option<UserRecord> {
        self.users.find(uid).map(|user| UserRecord {
            name: user.name.as_str().into(),
            guest: user.guest,
            groups: user.groups.iter().cloned().collect(),
            blocks: user.blocks().cloned().collect(),
            waits: self.waiting.has_some(uid),
            pushes_wait: self.pushes.has_some(uid),
            ban: user.ban(),
        })
    }
}

impl Sqlite {
    pub(super) fn write_user(&self, uid: &Id, name: &str, guest: bool) -> Result<(), StoreError> {
        let sql = "INSERT INTO user (uid, name, guest) VALUES (?, ?, ?)
                   ON CONFLICT (uid) DO UPDATE SET name = excluded.name, guest = excluded.guest";
        self.run(sql, params![Key(uid), name, guest]).map(drop)
    }

    pub(super) fn user(&self, uid: &Id) -> Result<Option<UserRecord>, StoreError> {
        let sql = "SELECT name, guest, ban FROM user WHERE uid = ?";
        let row = self.row(sql, [Key(uid)], |row| Ok((row.get(0)?, row.get(1)?, term_of(row.get(2)?))))?;
        let Some((name, guest, ban)) = row else { return Ok(None) };
        let sql = "SELECT gid FROM user JOIN member USING (user) JOIN conversation USING (conversation)
                   WHERE uid = ? ORDER BY gid";
        let groups = self.rows(sql, [Key(uid)], |row| row.get(0))?;
        let (blocks, waits, pushes_wait) = (self.blocks(uid)?, self.has_waiting(uid)?, self.has_pushes(uid)?);
        Ok(Some(UserRecord { name, guest, groups, blocks, waits, pushes_wait, ban }))
    }
}
