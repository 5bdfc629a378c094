//! How far everybody has read.
//!
//! A cursor lies where its reader is named already: in the row of the member, or in that of the private conversation,
//! which has one for each side; those of tickets lie by themselves, by reader. So it comes and goes with membership, and nothing has to be made for it. Whoever is
//! in neither has none, and to write it changes nothing. That a cursor only goes up is the core's matter.
//!
//! The tables are in `schema/0006_cursors.sql`; tested by the suite in `tests/store/`.

use rusqlite::params;

use super::StoreError;
use super::memory::{Memory, Undo};
use super::rows::Key;
use super::sqlite::Sqlite;
use crate::chat::ids::{Conversation, Id, TicketId};
use crate::chat::output::{Cursor, CursorQuery};

/// Whose cursor, by number: of a member, or of one side of a private conversation.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    Member(Id, u32),
    Side(u32, usize),
    Ticket(Id, TicketId),
}

/// Where the cursor of one of the two lies in a log.
pub(super) fn side(low: &Id, uid: &Id) -> usize {
    usize::from(uid != low)
}

impl Memory {
    fn cursor_mut(&mut self, reader: &Reader) -> Option<&mut u64> {
        match reader {
            Reader::Member(gid, number) => {
                self.groups.get_mut(gid)?.seat_mut(*number).map(|seat| &mut seat.read)
            }
            Reader::Ticket(uid, ticket) => self.desk.read.get_mut(&(uid.clone(), *ticket)),
            Reader::Side(log, side) => self.logs.get_mut(*log)?.read.get_mut(*side),
        }
    }

    pub(super) fn put_cursor(&mut self, reader: &Reader, seq: u64) {
        if let Some(read) = self.cursor_mut(reader) {
            *read = seq;
        }
    }

    /// `None` where there is nothing to be undone, for nobody has a cursor there.
    pub(super) fn write_read(
        &mut self,
        uid: &Id,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<Option<Undo>, StoreError> {
        let reader = match conversation {
            Conversation::Group(gid) if !self.groups.contains_key(gid) => {
                return Err(StoreError::NoSuchGroup(gid.clone()));
            }
            Conversation::Group(gid) => {
                let number = self.users.number(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
                Reader::Member(gid.clone(), number)
            }
            Conversation::Direct(low, _) => match self.logs.number(conversation) {
                Some(log) => Reader::Side(log, side(low, uid)),
                None => return Ok(None),
            },
            Conversation::Ticket(ticket) if !self.desk.has(*ticket) => return Ok(None),
            Conversation::Ticket(ticket) => {
                self.desk.read.entry((uid.clone(), *ticket)).or_default();
                Reader::Ticket(uid.clone(), *ticket)
            }
        };
        let before = self.cursor_mut(&reader).map(|read| std::mem::replace(read, seq));
        Ok(before.map(|before| Undo::Read(reader, before)))
    }

    /// What a user has read; `None` without a cursor.
    pub(super) fn read_by(&self, uid: &Id, conversation: &Conversation) -> Option<u64> {
        match conversation {
            Conversation::Group(gid) => Some(self.seat(gid, uid)?.read),
            Conversation::Direct(low, _) => {
                let log = self.logs.find(conversation).filter(|log| log.last > 0)?;
                log.read.get(side(low, uid)).copied()
            }
            Conversation::Ticket(ticket) => {
                let read = self.desk.read.get(&(uid.clone(), *ticket)).copied().unwrap_or(0);
                self.desk.has(*ticket).then_some(read)
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
            Conversation::Ticket(ticket) => self.write_ticket_read(uid, *ticket, seq),
        }
    }

    pub(super) fn cursor(&self, query: &CursorQuery) -> Result<Option<Cursor>, StoreError> {
        let CursorQuery { uid, conversation } = query;
        let row = self.conversation(conversation)?;
        let sql = match conversation {
            Conversation::Ticket(_) => {
                "SELECT coalesce((SELECT read FROM ticket_read r WHERE uid = ?2 AND r.ticket = t.ticket), 0)
                 FROM ticket t WHERE ticket = -?1"
            }
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
