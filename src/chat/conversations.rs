//! One's conversations: the groups of which one is a member and the private talks, the newest entry first, each with
//! how much of it is unread.
//!
//! A page comes from the store, which sees what the turn has written so far, and is dropped when it is out. Where
//! the next page begins is told as a place in the list; a conversation in which something is said meanwhile
//! moves to the front, and whoever pages on has heard of that. What is unread are entries after the cursor
//! (`cursor.rs`), but neither one's own nor what the daemon tells about a group.
//!
//! A page is bounded by its length, by the bytes of the newest entries on it, and by how many entries must be looked
//! at to count the unread ones.
//!
//! The tutorial has one page for everything that comes in. Tested in `tests/chat/conversations.rs` and
//! `tests/sim/`.

use std::cmp::Ordering;

use super::Chat;
use super::ids::{Conversation, Id, SessionId};
use super::output::{EntryRecord, Event, Output, Query, Record, Refusal, Sink, To};
use super::reply::{Outcome, Reply};
use super::user::UserSlot;

/// Which conversations of a user are asked for: groups and private ones, the newest entry first; at the end, by gid,
/// the groups of which no entry is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationsQuery {
    /// Who asks.
    pub uid: Id,
    /// Only those after this place.
    pub after: Option<ListPlace>,
    /// How many at most.
    pub list_max: usize,
    /// Up to how many entries after the cursor are looked at for one conversation, the newest.
    pub unread_counted_max: u64,
    /// How many entries may be looked at for the page; the first conversation comes in any case.
    pub entries_max: u64,
    /// How many bytes of entries at most, as [`EntryRecord::bytes`] counts them; the first comes in any case.
    pub bytes_max: usize,
}

/// A place in a list of conversations, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListPlace {
    /// That of the conversation whose newest entry has this number, over all conversations.
    Entry(u64),
    /// That of a group of which no entry is kept.
    Silent(Id),
}

impl Ord for ListPlace {
    fn cmp(&self, other: &ListPlace) -> Ordering {
        match (self, other) {
            (ListPlace::Entry(one), ListPlace::Entry(other)) => other.cmp(one),
            (ListPlace::Entry(_), ListPlace::Silent(_)) => Ordering::Less,
            (ListPlace::Silent(_), ListPlace::Entry(_)) => Ordering::Greater,
            (ListPlace::Silent(one), ListPlace::Silent(other)) => one.cmp(other),
        }
    }
}

impl PartialOrd for ListPlace {
    fn partial_cmp(&self, other: &ListPlace) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A page of a user's conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationsRecord {
    /// In the order of the list.
    pub list: Vec<ConversationRecord>,
    /// The last place on the page, where there are further ones.
    pub next: Option<ListPlace>,
}

/// A conversation, as one of those who are in it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRecord {
    /// Which.
    pub conversation: Conversation,
    /// The group's name, or the other user's; empty if there is none, or none is known.
    pub name: Box<str>,
    /// The last `seq`.
    pub seq: u64,
    /// The last entry that was read; 0 when none.
    pub read: u64,
    /// How many of the entries after it count as unread.
    pub unread: u64,
    /// The newest entry; `None` when none is kept.
    pub last: Option<EntryRecord>,
}

impl Chat {
    /// What must be asked before the page can be told.
    pub(super) fn needs_conversations(
        &self,
        user: UserSlot,
        cursor: Option<ListPlace>,
        limit: Option<u32>,
    ) -> Option<Query> {
        let query = self.conversations_query(user, cursor, limit);
        self.parking.unless_at_hand(Query::Conversations(query))
    }

    fn conversations_query(
        &self,
        user: UserSlot,
        after: Option<ListPlace>,
        limit: Option<u32>,
    ) -> ConversationsQuery {
        let limits = &self.limits;
        let list_max = limit.map_or(limits.conversations_page_default, |limit| limit as usize);
        ConversationsQuery {
            uid: self.users[user].uid.clone(),
            after,
            list_max: list_max.clamp(1, limits.conversations_page_max),
            unread_counted_max: limits.unread_counted_max,
            entries_max: limits.unread_counted_per_page_max,
            bytes_max: limits.conversations_page_bytes_max,
        }
    }

    pub(super) fn list_conversations(
        &mut self,
        (session, id): (SessionId, Option<&str>),
        out: &mut impl Sink,
    ) -> Outcome {
        let Some(Record::Conversations(query, page)) = self.parking.at_hand.take() else {
            return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
        };
        let (list, next) = (&page.list, page.next.as_ref());
        let event = Event::Conversations { id, uid: &query.uid, list, next };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }
}
