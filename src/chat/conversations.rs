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

use super::Chat;
use super::ids::SessionId;
use super::output::{ConversationsQuery, Event, ListPlace, Output, Query, Record, Refusal, Sink, To};
use super::reply::{Outcome, Reply};
use super::user::UserSlot;

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
