//! Lists of a user's conversations, the newest first, with how much of each is unread.
//!
//! What makes the order is the number of a conversation's newest entry over all conversations, so that no two are
//! alike and no clock counts. Groups are few, and the newest entry of each is looked up; private conversations are
//! not, and carry that number with them, in an index for each side. The price is paid with every private message.
//!
//! Unread entries are counted and not kept as a number, which each message in a group would have to change for each
//! member. So the counting is bounded: for a conversation, and for a page, which ends where the next conversation
//! would take it over its bound. The same for every store; the first conversation is on the page in any case.
//!
//! The tables are in `schema/0006_cursors.sql`; tested by the suite in `tests/store/`.

use rusqlite::params;

use super::StoreError;
use super::memory::Memory;
use super::rows::{ENTRY, Key};
use super::sqlite::Sqlite;
use super::tickets::{row_of, ticket_at};
use crate::chat::desk::TicketState;
use crate::chat::ids::{Conversation, Id, TicketId};
use crate::chat::output::{
    ConversationRecord, ConversationsQuery, ConversationsRecord, EntryRecord, ListPlace,
};

/// Which entries count as unread, beside that they are somebody else's: those of which
/// [`EntryRecord::counts_as_unread_for`] says so.
const COUNTS_AS_UNREAD: &str = "kind IS NOT 'system' AND recalls IS NULL AND recalled = 0";

/// Tickets that the user holds, but for those that the user has opened.
const HELD: &str = "agent = ?1 AND state = 'open' AND visitor IS NOT ?1";

/// A conversation that may come on the page.
struct Candidate<R> {
    place: ListPlace,
    conversation: Conversation,
    name: Box<str>,
    seq: u64,
    read: u64,
    /// Where the store finds its entries.
    row: R,
}

/// What is on a page besides what a candidate says.
struct Looked {
    last: Option<EntryRecord>,
    unread: u64,
}

/// The page. `look` is given a candidate and the number after which its unread entries are counted.
fn fill<R>(
    query: &ConversationsQuery,
    mut candidates: Vec<Candidate<R>>,
    mut look: impl FnMut(&R, u64) -> Result<Looked, StoreError>,
) -> Result<ConversationsRecord, StoreError> {
    candidates.retain(|candidate| query.after.as_ref().is_none_or(|after| candidate.place > *after));
    candidates.sort_by(|one, other| one.place.cmp(&other.place));
    let (mut entries_left, mut bytes_left) = (query.entries_max, query.bytes_max);
    let mut page = ConversationsRecord::default();
    let mut end = None;
    for Candidate { place, conversation, name, seq, read, row } in candidates {
        let counted = seq.saturating_sub(read).min(query.unread_counted_max);
        let is_first = page.list.is_empty();
        if !is_first && (page.list.len() >= query.list_max || counted > entries_left) {
            page.next = end;
            break;
        }
        let Looked { last, unread } = look(&row, seq - counted)?;
        let bytes = last.as_ref().map_or(0, EntryRecord::bytes);
        if !is_first && bytes > bytes_left {
            page.next = end;
            break;
        }
        entries_left = entries_left.saturating_sub(counted);
        bytes_left = bytes_left.saturating_sub(bytes);
        page.list.push(ConversationRecord { conversation, name, seq, read, unread, last });
        end = Some(place);
    }
    Ok(page)
}

impl Memory {
    pub(super) fn conversations(
        &self,
        query: &ConversationsQuery,
    ) -> Result<ConversationsRecord, StoreError> {
        let reader = &query.uid;
        let own = self.users.find(reader).into_iter().flat_map(|user| user.groups.iter());
        let groups = own.filter_map(|gid| {
            let conversation = Conversation::Group(gid.clone());
            let (group, log) = (self.groups.get(gid)?, self.logs.find(&conversation));
            let place = match log {
                Some(log) if log.len() > 0 => ListPlace::Entry(log.newest),
                _ => ListPlace::Silent(gid.clone()),
            };
            let (name, read) = (group.name.clone(), self.read_by(reader, &conversation)?);
            Some(Candidate { place, seq: self.last(&conversation), conversation, name, read, row: log })
        });
        let talks = self.logs.talks_of(reader).filter_map(|log| {
            let conversation = &log.conversation;
            let peer = conversation.peer_of(reader)?;
            Some(Candidate {
                place: ListPlace::Entry(log.newest),
                conversation: conversation.clone(),
                name: self.users.find(peer).map(|user| user.name.as_str().into()).unwrap_or_default(),
                seq: log.last,
                read: self.read_by(reader, conversation)?,
                row: Some(log),
            })
        });
        let tickets = self.desk.own(reader).filter_map(|record| {
            let is_visitor = record.visitor.uid == *reader;
            if !is_visitor && record.state != TicketState::Open {
                return None;
            }
            let conversation = Conversation::Ticket(record.ticket);
            let log = self.logs.find(&conversation).filter(|log| log.last > 0)?;
            let agent = record.agent.as_ref().map(|agent| agent.name.clone()).unwrap_or_default();
            Some(Candidate {
                place: ListPlace::Entry(log.newest),
                name: if is_visitor { agent } else { record.visitor.name.clone() },
                seq: log.last,
                read: self.read_by(reader, &conversation)?,
                conversation,
                row: Some(log),
            })
        });
        fill(query, groups.chain(talks).chain(tickets).collect(), |log, after| {
            let Some(log) = log else { return Ok(Looked { last: None, unread: 0 }) };
            let newer = (log.place(after + 1)..log.len()).filter_map(|place| log.record(place));
            let unread = newer.filter(|entry| entry.counts_as_unread_for(reader)).count() as u64;
            Ok(Looked { last: log.records().next_back(), unread })
        })
    }
}

impl Sqlite {
    /// A private conversation or a ticket has the newest entry of all.
    pub(super) fn bring_up(&self, conversation: Option<i64>) -> Result<(), StoreError> {
        let sql = match conversation.and_then(ticket_at) {
            None => "UPDATE conversation SET newest = last_insert_rowid() WHERE conversation = ?",
            Some(_) => "UPDATE ticket SET newest = last_insert_rowid() WHERE ticket = -?",
        };
        self.run(sql, [conversation]).map(drop)
    }

    pub(super) fn conversations(
        &self,
        query: &ConversationsQuery,
    ) -> Result<ConversationsRecord, StoreError> {
        let mut candidates = self.groups_of(&query.uid)?;
        // Groups of which nothing is kept come after all private conversations.
        if !matches!(query.after, Some(ListPlace::Silent(_))) {
            candidates.append(&mut self.talks_of(query, "low", "high")?);
            candidates.append(&mut self.talks_of(query, "high", "low")?);
            candidates.append(&mut self.tickets_of(query, "visitor = ?1", "agent_name")?);
            candidates.append(&mut self.tickets_of(query, HELD, "visitor_name")?);
        }
        fill(query, candidates, |row, after| {
            let sql = format!("SELECT {ENTRY} FROM entry WHERE conversation = ? ORDER BY seq DESC LIMIT 1");
            let last = self.row(&sql, [row], |row| self.shown(row))?;
            let sql = format!(
                "SELECT count(*) FROM entry
                 WHERE conversation = ? AND seq > ? AND uid IS NOT ? AND {COUNTS_AS_UNREAD}"
            );
            let unread = self.row(&sql, params![row, after, Key(&query.uid)], |row| row.get(0))?;
            Ok(Looked { last, unread: unread.unwrap_or(0) })
        })
    }

    fn groups_of(&self, uid: &Id) -> Result<Vec<Candidate<i64>>, StoreError> {
        let sql = "SELECT c.conversation, c.gid, c.name, m.read, e.entry, coalesce(e.seq, c.base)
                   FROM user u JOIN member m USING (user) JOIN conversation c USING (conversation)
                   LEFT JOIN entry e ON e.conversation = c.conversation
                   AND e.seq = (SELECT max(seq) FROM entry WHERE conversation = c.conversation)
                   WHERE u.uid = ?";
        self.rows(sql, [Key(uid)], |row| {
            let gid: Id = row.get(1)?;
            let newest: Option<u64> = row.get(4)?;
            Ok(Candidate {
                place: newest.map_or_else(|| ListPlace::Silent(gid.clone()), ListPlace::Entry),
                conversation: Conversation::Group(gid),
                name: row.get(2)?,
                seq: row.get(5)?,
                read: row.get(3)?,
                row: row.get(0)?,
            })
        })
    }

    /// Private conversations in which the user is named in the column `own`, and one more than fit on the page. A
    /// talk with oneself is named by `low`.
    fn talks_of(
        &self,
        query: &ConversationsQuery,
        own: &str,
        peer: &str,
    ) -> Result<Vec<Candidate<i64>>, StoreError> {
        let before = match query.after {
            Some(ListPlace::Entry(number)) => number,
            _ => u64::MAX >> 1,
        };
        let sql = format!(
            "SELECT c.conversation, c.{peer}, c.newest, c.{own}_read, u.name,
                    coalesce((SELECT max(seq) FROM entry e WHERE e.conversation = c.conversation), c.base)
             FROM conversation c LEFT JOIN user u ON u.uid = c.{peer}
             WHERE c.{own} = ?1 AND c.newest < ?2 AND ('{own}' = 'low' OR c.low IS NOT ?1)
             ORDER BY c.newest DESC LIMIT ?3"
        );
        let params = params![Key(&query.uid), before, query.list_max + 1];
        self.rows(&sql, params, |row| {
            let peer: Id = row.get(1)?;
            let name: Option<Box<str>> = row.get(4)?;
            Ok(Candidate {
                place: ListPlace::Entry(row.get(2)?),
                conversation: Conversation::direct(&query.uid, &peer),
                name: name.unwrap_or_default(),
                seq: row.get(5)?,
                read: row.get(3)?,
                row: row.get(0)?,
            })
        })
    }

    /// Tickets that fit a condition on the user, and one more than fit on the page, called after whoever is at the other
    /// end.
    fn tickets_of(
        &self,
        query: &ConversationsQuery,
        condition: &str,
        name: &str,
    ) -> Result<Vec<Candidate<i64>>, StoreError> {
        let before = match query.after {
            Some(ListPlace::Entry(number)) => number,
            _ => u64::MAX >> 1,
        };
        let sql = format!(
            "SELECT ticket, newest, coalesce({name}, ''),
                    coalesce((SELECT max(seq) FROM entry WHERE conversation = -ticket), base),
                    coalesce((SELECT read FROM ticket_read r WHERE r.uid = ?1 AND r.ticket = t.ticket), 0)
             FROM ticket t WHERE {condition} AND newest > 0 AND newest < ?2 ORDER BY newest DESC LIMIT ?3"
        );
        self.rows(&sql, params![Key(&query.uid), before, query.list_max + 1], |row| {
            let ticket = TicketId(row.get(0)?);
            Ok(Candidate {
                place: ListPlace::Entry(row.get(1)?),
                conversation: Conversation::Ticket(ticket),
                name: row.get(2)?,
                seq: row.get(3)?,
                read: row.get(4)?,
                row: row_of(ticket),
            })
        })
    }
}
