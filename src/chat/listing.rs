//! Lists of groups: one's own, and those that anybody may join.
//!
//! A page comes from the store, which sees what the turn has written so far; the core holds neither all groups
//! nor, of those it has not loaded, names and numbers of members. So the answer of the store is not kept: it is
//! there while the requests that wait are tried again, and then it is gone.
//!
//! Closed groups stand in nobody's list but their members'. The tutorial has one list, of everything.
//! Tested in `tests/chat/listing.rs`.

use super::Chat;
use super::ids::{Id, SessionId};
use super::input::Listing;
use super::output::{Event, GroupsPage, Output, Query, Record, Refusal, Sink, To};
use super::reply::{Outcome, Reply};
use super::user::UserSlot;

impl Chat {
    /// What must be asked before the page can be told.
    pub(super) fn needs_groups(
        &self,
        user: UserSlot,
        listing: Listing,
        cursor: Option<&Id>,
    ) -> Option<Query> {
        let page = self.page(user, listing, cursor);
        self.parking.unless_at_hand(Query::Groups(page))
    }

    pub(super) fn list_groups(
        &mut self,
        (session, id): (SessionId, Option<&str>),
        out: &mut impl Sink,
    ) -> Outcome {
        // Left there: whoever has asked for the same page is served by it too.
        let Some(Record::Groups(page, found)) = &self.parking.at_hand else {
            return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
        };
        let groups = found.get(..page.limit).unwrap_or(found);
        let next = groups.last().map(|last| &last.gid).filter(|_| groups.len() < found.len());
        out.put(Output::Deliver { to: To::Session(session), event: Event::Groups { id, groups, next } });
        Ok(Reply::Given)
    }

    fn page(&self, user: UserSlot, listing: Listing, cursor: Option<&Id>) -> GroupsPage {
        let uid = self.users[user].uid.clone();
        GroupsPage { uid, listing, after: cursor.cloned(), limit: self.limits.groups_page_max }
    }
}
