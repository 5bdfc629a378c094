//! How far everybody has read.
//!
//! A cursor lies where its reader is named already: in the row of the member, or in that of the private conversation,
//! which has one for each side. So it comes and goes with membership, and nothing has to be made for it. Whoever is
//! in neither has none, and to write it changes nothing. That a cursor only goes up is the core's matter.
//!
//! The tables are in `schema/0006_cursors.sql`; tested by the suite in `tests/store/`.

use rusqlite::params;

use super::StoreError;
use super::memory::{Memory, Undo};
use super::rows::Key;
use super::sqlite::Sqlite;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Cursor, CursorQuery};

impl Memory {
    fn cursor_mut(&mut self, uid: &Id, conversation: &Conversation) -> Option<&mut u64> {
        match conversation {
            Conversation::Group(gid) => {
                let seat = self.groups.get_mut(gid)?.seats.get_mut(uid)?;
                Some(&mut seat.read)
            }
            Conversation::Direct(low, _) => {
                let [low_read, high_read] = &mut self.logs.get_mut(conversation)?.read;
                Some(if uid == low { low_read } else { high_read })
            }
        }
    }

    pub(super) fn put_cursor(&mut self, uid: &Id, conversation: &Conversation, seq: u64) {
        if let Some(read) = self.cursor_mut(uid, conversation) {
            *read = seq;
        }
    }

    pub(super) fn write_read(
        &mut self,
        uid: &Id,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<Undo, StoreError> {
        match conversation {
            Conversation::Group(gid) if !self.groups.contains_key(gid) => {
                return Err(StoreError::NoSuchGroup(gid.clone()));
            }
            Conversation::Group(_) if !self.users.contains_key(uid) => {
                return Err(StoreError::NoSuchUser(uid.clone()));
            }
            Conversation::Group(_) | Conversation::Direct(..) => {}
        }
        let before = self.cursor_mut(uid, conversation).map_or(0, |read| std::mem::replace(read, seq));
        Ok(Undo::Read(uid.clone(), conversation.clone(), before))
    }

    /// What a user has read; `None` without a cursor.
    pub(super) fn read_by(&self, uid: &Id, conversation: &Conversation) -> Option<u64> {
        match conversation {
            Conversation::Group(gid) => Some(self.groups.get(gid)?.seats.get(uid)?.read),
            Conversation::Direct(low, _) => {
                let [low_read, high_read] = self.logs.get(conversation).filter(|log| log.last > 0)?.read;
                Some(if uid == low { low_read } else { high_read })
            }
        }
    }

    pub(super) fn cursor(&self, CursorQuery { uid, conversation }: &CursorQuery) -> Option<Cursor> {
        let read = self.read_by(uid, conversation)?;
        Some(Cursor { read, seq: self.last(conversation) })
    }
}

impl Sqlite {
    pub(super) fn write_read(
        &self,
        uid: &Id,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<(), StoreError> {
        match conversation {
            Conversation::Group(gid) => {
                let sql = "UPDATE member SET read = ?3
                           WHERE conversation = (SELECT conversation FROM conversation WHERE gid = ?1)
                           AND user = (SELECT user FROM user WHERE uid = ?2)";
                if self.run(sql, params![Key(gid), Key(uid), seq])? == 0 {
                    self.demand_group(gid)?;
                    self.demand_user(uid)?;
                }
                Ok(())
            }
            Conversation::Direct(low, high) => {
                let sql = if uid == low {
                    "UPDATE conversation SET low_read = ?3 WHERE low = ?1 AND high = ?2"
                } else {
                    "UPDATE conversation SET high_read = ?3 WHERE low = ?1 AND high = ?2"
                };
                self.run(sql, params![Key(low), Key(high), seq]).map(drop)
            }
        }
    }

    pub(super) fn cursor(&self, query: &CursorQuery) -> Result<Option<Cursor>, StoreError> {
        let CursorQuery { uid, conversation } = query;
        let row = self.conversation(conversation)?;
        let sql = match conversation {
            Conversation::Group(_) => {
                "SELECT read FROM member JOIN user USING (user) WHERE conversation = ?1 AND uid = ?2"
            }
            Conversation::Direct(..) => {
                "SELECT iif(low = ?2, low_read, high_read) FROM conversation WHERE conversation = ?1"
            }
        };
        match self.row(sql, params![row, Key(uid)], |row| row.get(0))? {
            Some(read) => Ok(Some(Cursor { read, seq: self.last(row)? })),
            None => Ok(None),
        }
    }
}
