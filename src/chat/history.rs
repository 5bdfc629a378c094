//! What was said: pages of a conversation, out of the store.
//!
//! The core keeps no entries. It decides who may read, asks the store for the page, and has the request wait like
//! any other; so the answers to one connection stay in order, and whoever has gone in between is not answered.
//! When the page is in, permission is asked for once more: what has changed meanwhile counts. A page is for one
//! request and is dropped when it is out.
//!
//! A page is bounded by a number of entries and by bytes, and tells whether it was cut. What the store has given
//! up by then is passed over: the numbers show it.
//!
//! The tutorial keeps nothing that could be read. Tested in `tests/chat/history.rs` and `tests/sim/`.

use super::Chat;
use super::desk;
use super::ids::SessionId;
use super::input::{Bounds, Target};
use super::output::{Event, Output, PageQuery, PageRecord, Query, Record, Refusal, Sink, To};
use super::permission::{Asker, Deed};
use super::reply::{Outcome, Reply};
use crate::base::clock::Now;

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) target: &'a Target,
    pub(super) bounds: Bounds,
    pub(super) limit: Option<u32>,
}

impl Chat {
    /// What must be asked before the page can be given.
    pub(super) fn needs_page(&mut self, now: Now, asker: Asker, reading: Reading<'_>) -> Option<Query> {
        if let Some(query) = self.needs_target(reading.target) {
            return Some(query);
        }
        // Who may not read it costs no page; `read_history` says so.
        self.may_read(now, asker, reading.target).ok()?;
        let query = self.page_query(asker, reading);
        self.parking.unless_at_hand(Query::Page(query))
    }

    /// What must be known before it can be said who may read a conversation.
    pub(super) fn needs_target(&mut self, target: &Target) -> Option<Query> {
        match target {
            Target::Group(gid) => self.needs_group(gid),
            Target::User(_) => None,
            Target::Ticket(ticket) => self.needs_ticket(*ticket),
        }
    }

    /// A private conversation is named from the side of whoever asks, so only its two users ever ask for it.
    pub(super) fn may_read(&mut self, now: Now, asker: Asker, target: &Target) -> Result<(), Refusal> {
        match target {
            Target::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.may(now, asker, slot, Deed::Read)
            }
            Target::User(_) => Ok(()),
            Target::Ticket(ticket) => self.may_do(asker, *ticket, desk::Deed::Read),
        }
    }

    fn page_query(&self, asker: Asker, reading: Reading<'_>) -> PageQuery {
        let limits = &self.limits;
        let entries_max = reading.limit.map_or(limits.history_page_default, |limit| limit as usize);
        PageQuery {
            conversation: self.conversation(asker.user, reading.target),
            bounds: reading.bounds,
            entries_max: entries_max.clamp(1, limits.history_page_max),
            bytes_max: limits.history_page_bytes_max,
        }
    }

    /// The page that was asked for, which is at hand.
    pub(super) fn take_page(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
    ) -> Result<(PageQuery, PageRecord), Refusal> {
        self.may_read(now, asker, target)?;
        match self.parking.at_hand.take() {
            Some(Record::Page(query, page)) => Ok((query, page)),
            _ => Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms }),
        }
    }

    pub(super) fn read_history(
        &mut self,
        now: Now,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        target: &Target,
        out: &mut impl Sink,
    ) -> Outcome {
        let (query, page) = self.take_page(now, asker, target)?;
        let (entries, more) = (&page.entries, page.more);
        let event = Event::History { id, target, conversation: &query.conversation, entries, more };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }
}
