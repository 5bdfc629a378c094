//! How an entry comes into the store on disk, and where its conversation stands.
//!
//! The row of the entry is the proof of its number: it is inserted only where that is the next. Tested in `tests/store/`.

use rusqlite::params;

use super::StoreError;
use super::groups::ActColumns;
use super::recall;
use super::rows::{Key, lines_of};
use super::sqlite::Sqlite;
use crate::chat::act::Act;
use crate::chat::ids::Conversation;
use crate::chat::output::{Entry, SentAs};

impl Sqlite {
    pub(super) fn append(&self, entry: &Entry<'_>, sent_as: Option<SentAs<'_>>) -> Result<(), StoreError> {
        if let (Conversation::Direct(low, high), 1) = (entry.conversation, entry.seq) {
            let sql = "INSERT INTO conversation (low, high) VALUES (?, ?) ON CONFLICT DO NOTHING";
            self.run(sql, [Key(low), Key(high)])?;
        }
        let conversation = self.conversation(entry.conversation)?;
        // The number is proven here: no row comes of it unless it is the next.
        let sql =
            "INSERT INTO entry (conversation, seq, uid, name, content, kind, data, reply, mentions, time,
                                      act, act_uid, act_role, act_seconds, act_name, act_open, recalls)
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
                   WHERE ?1 IS NOT NULL AND EXISTS (SELECT 1 FROM user WHERE uid = ?3)
                   AND ?2 = 1 + coalesce((SELECT max(seq) FROM entry WHERE conversation = ?1),
                                         (SELECT base FROM conversation WHERE conversation = ?1),
                                         (SELECT base FROM ticket WHERE ticket = -?1), 0)";
        let act = ActColumns::of(entry.act);
        let params = params![
            conversation,
            entry.seq,
            Key(entry.uid),
            entry.name,
            entry.content,
            entry.kind,
            entry.data,
            entry.reply,
            lines_of(entry.mentions),
            entry.time.0,
            entry.act.map(Act::as_str),
            entry.act.and_then(Act::target).map(Key),
            act.role,
            act.seconds,
            act.name,
            act.open,
            recall::of_which(entry.recall),
        ];
        if self.run(sql, params)? == 1 {
            match entry.conversation {
                Conversation::Direct(..) | Conversation::Ticket(_) => self.bring_up(conversation)?,
                Conversation::Group(_) => {}
            }
            return sent_as.map_or(Ok(()), |sent_as| self.keep_send(entry, sent_as));
        }
        self.demand_user(entry.uid)?;
        if let (Conversation::Group(gid), None) = (entry.conversation, conversation) {
            return Err(StoreError::NoSuchGroup(gid.clone()));
        }
        if let Conversation::Ticket(ticket) = entry.conversation {
            self.demand_ticket(*ticket)?;
        }
        let next = self.last(conversation)? + 1;
        Err(StoreError::SeqGap { conversation: entry.conversation.clone(), next, given: entry.seq })
    }

    /// The row of a conversation. A private one has none before somebody has spoken.
    pub(super) fn conversation(&self, conversation: &Conversation) -> Result<Option<i64>, StoreError> {
        match conversation {
            Conversation::Group(gid) => {
                let sql = "SELECT conversation FROM conversation WHERE gid = ? AND deleted = 0";
                self.row(sql, [Key(gid)], |row| row.get(0))
            }
            Conversation::Direct(low, high) => {
                let sql = "SELECT conversation FROM conversation WHERE low = ? AND high = ?";
                self.row(sql, [Key(low), Key(high)], |row| row.get(0))
            }
            Conversation::Ticket(ticket) => self.ticket_conversation(*ticket),
        }
    }

    /// The last number of a conversation; 0 when nobody has spoken.
    pub(super) fn last(&self, conversation: Option<i64>) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce((SELECT max(seq) FROM entry WHERE conversation = ?1),
                            (SELECT base FROM conversation WHERE conversation = ?1),
                            (SELECT base FROM ticket WHERE ticket = -?1), 0)";
        Ok(self.row(sql, [conversation], |row| row.get(0))?.unwrap_or(0))
    }
}
