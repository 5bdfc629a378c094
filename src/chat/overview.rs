//! What a back end sees of the whole: pages of the users who are there, and of all groups.
//!
//! Who is there, the core knows: whoever has a session is in memory. A page looks at each user who is in memory, as
//! does their number, and keeps no more of them than it holds. Groups are many and mostly asleep, so a page of them
//! comes from the store, as lists of groups for clients do (`listing.rs`).
//!
//! Pages go on after the last id of the one before. Who comes or goes meanwhile is in them or not; nobody else is
//! told twice or left out.
//!
//! The tutorial has one list, of everything, in one message. Tested in `tests/chat/overview.rs`.

use std::collections::BTreeMap;

use super::Chat;
use super::call::{Answer, UserView};
use super::ids::{CallId, Id};
use super::input::Listing;
use super::output::{GroupsPage, Output, Query, Record, Refusal, Sink};
use super::user::{self, User};
use crate::base::clock::Now;

impl Chat {
    pub(super) fn list_online(
        &self,
        now: Now,
        call: CallId,
        after: Option<&Id>,
        limit: Option<u32>,
        out: &mut impl Sink,
    ) {
        let limit = limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.clamp(1, self.limits.members_page_max);
        let is_listed =
            |user: &&User| !user.sessions.is_empty() && after.is_none_or(|after| user.uid > *after);
        let mut page: BTreeMap<&Id, &User> = BTreeMap::new();
        for user in self.users.rows().filter(is_listed) {
            page.insert(&user.uid, user);
            // One more than the page holds says that there are further ones.
            if page.len() > limit + 1 {
                page.pop_last();
            }
        }
        let users: Vec<UserView<'_>> = page.values().take(limit).map(|user| user.view(now)).collect();
        out.put(Output::Answer { call, answer: Answer::Users { users: &users, more: page.len() > limit } });
    }

    /// What must be asked before the page can be told.
    pub(super) fn needs_all_groups(&self, after: Option<&Id>, limit: Option<u32>) -> Option<Query> {
        let limit = limit.map_or(self.limits.groups_page_max, |limit| limit as usize);
        let limit = limit.clamp(1, self.limits.groups_page_max);
        let page = GroupsPage { uid: user::system(), listing: Listing::All, after: after.cloned(), limit };
        self.parking.unless_at_hand(Query::Groups(page))
    }

    pub(super) fn list_all_groups(&self, call: CallId, out: &mut impl Sink) -> Result<(), Refusal> {
        // Left there: whoever has asked for the same page is served by it too.
        let Some(Record::Groups(page, found)) = &self.parking.at_hand else {
            return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
        };
        let groups = found.get(..page.limit).unwrap_or(found);
        let answer = Answer::Groups { groups, more: groups.len() < found.len() };
        out.put(Output::Answer { call, answer });
        Ok(())
    }
}
