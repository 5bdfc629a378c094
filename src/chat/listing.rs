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
use super::output::{Event, GroupsPage, Output, Query, Sink, To};
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
        let is_there = self.parking.page.as_ref().is_some_and(|(at_hand, _)| *at_hand == page);
        (!is_there).then_some(Query::Groups(page))
    }

    pub(super) fn list_groups(
        &mut self,
        (session, id): (SessionId, Option<&str>),
        user: UserSlot,
        listing: Listing,
        cursor: Option<&Id>,
        out: &mut impl Sink,
    ) -> Outcome {
        let page = self.page(user, listing, cursor);
        let at_hand = self.parking.page.as_ref().filter(|(at_hand, _)| *at_hand == page);
        let found = at_hand.map(|(_, groups)| groups.as_slice()).unwrap_or_default();
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
