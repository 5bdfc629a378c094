//! Canned replies: texts that agents need again and again.
//!
//! Some are everybody's, or of everybody of a desk, and are made by admins and the site; others are an agent's own. The
//! core keeps none: it asks for those that the asker may use. Tested in `tests/chat/desk_canned.rs`.

use super::names::Desk;
use super::{CannedDraft, CannedRecord, DeskEvent, DeskOrder, DeskQuery, DeskRecord};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId};
use crate::chat::input::Role;
use crate::chat::output::{Event, Output, Query, Record, Refusal, Sink, Store, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};

/// Canned replies that somebody may use, and the last number that was given.
pub(super) struct Cabinet {
    pub(super) replies: Vec<CannedRecord>,
    pub(super) last: u64,
}

impl Chat {
    pub(super) fn check_canned(&self, reply: &CannedDraft<'_>) -> Result<(), Refusal> {
        if reply.short.trim().is_empty() || reply.short.chars().any(char::is_control) {
            return Err(Refusal::BadRequest("short", "is empty, or has control characters"));
        }
        if reply.short.len() > self.limits.desk.canned_short_bytes_max {
            return Err(Refusal::TooLarge("short"));
        }
        if reply.content.trim().is_empty() {
            return Err(Refusal::BadRequest("content", "is empty"));
        }
        if reply.content.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
            return Err(Refusal::BadRequest(
                "content",
                "has control characters other than new lines and tabs",
            ));
        }
        if reply.content.len() > self.limits.content_bytes_max {
            return Err(Refusal::TooLarge("content"));
        }
        Ok(())
    }

    /// What must be asked before somebody's canned replies can be told or changed.
    pub(super) fn needs_canned(&self, asker: Asker, session: SessionId) -> Option<Query> {
        let owner = Some(self.must_be_agent(asker, session).ok()?);
        self.parking.unless_at_hand(Query::Desk(DeskQuery::Canned { owner }))
    }

    pub(super) fn cabinet(&mut self) -> Result<Cabinet, Refusal> {
        match self.parking.at_hand.take() {
            Some(Record::Desk(DeskRecord::Canned { canned, last, .. })) => {
                Ok(Cabinet { replies: canned, last })
            }
            _ => Err(self.internal()),
        }
    }

    pub(super) fn list_canned(
        &mut self,
        (session, id): (SessionId, Option<&str>),
        desk: Option<&Desk>,
        out: &mut impl Sink,
    ) -> Outcome {
        let Some(post) = self.desk.agents.post(session).cloned() else { return Err(Refusal::Forbidden) };
        let mut replies = self.cabinet()?.replies;
        replies.retain(|reply| {
            let is_for_asker =
                reply.owner.is_some() || reply.desk.as_ref().is_none_or(|desk| post.serves(desk));
            let is_meant = desk.is_none() || reply.desk.is_none() || reply.desk.as_ref() == desk;
            is_for_asker && is_meant
        });
        let event = Event::Desk(DeskEvent::Canned { id, canned: &replies });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    pub(super) fn put_canned(
        &mut self,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        number: Option<u64>,
        (reply, is_shared): (&CannedDraft<'_>, bool),
        out: &mut impl Sink,
    ) -> Outcome {
        let uid = self.must_be_agent(asker, session)?;
        if is_shared && !self.oversees(session) {
            return Err(Refusal::Forbidden);
        }
        self.remember(asker.user, out);
        let owner = (!is_shared).then_some(uid);
        let record = self.keep_canned(number, owner.as_ref(), reply, out)?;
        let event = Event::Desk(DeskEvent::CannedPut { id, canned: record.canned });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    fn oversees(&self, session: SessionId) -> bool {
        self.sessions.find(&session).is_some_and(|row| row.role == Role::Admin)
    }

    /// Makes or changes a canned reply of this owner, or one that is everybody's. Those that there are, are at hand.
    pub(super) fn keep_canned(
        &mut self,
        number: Option<u64>,
        owner: Option<&Id>,
        reply: &CannedDraft<'_>,
        out: &mut impl Sink,
    ) -> Result<CannedRecord, Refusal> {
        let Cabinet { replies, last } = self.cabinet()?;
        let is_same_kind = |of: &&CannedRecord| of.owner.as_ref() == owner;
        let others = replies.iter().filter(is_same_kind).filter(|of| Some(of.canned) != number);
        let bytes: usize = others.map(|of| of.short.len() + of.content.len()).sum();
        if bytes + reply.short.len() + reply.content.len() > self.limits.desk.canned_bytes_max {
            return Err(Refusal::Conflict("there is as much in canned replies as there may be"));
        }
        let canned = match number {
            Some(number) if replies.iter().filter(is_same_kind).any(|of| of.canned == number) => number,
            Some(_) => return Err(Refusal::NotFound),
            None => {
                let limits = &self.limits.desk;
                let count_max =
                    if owner.is_some() { limits.canned_own_max } else { limits.canned_shared_max };
                if replies.iter().filter(is_same_kind).count() >= count_max {
                    return Err(Refusal::Conflict("there are as many canned replies as there may be"));
                }
                last + 1
            }
        };
        let record = CannedRecord {
            canned,
            owner: owner.cloned(),
            desk: reply.desk.clone(),
            short: reply.short.trim().into(),
            content: reply.content.as_ref().into(),
        };
        out.put(Output::Store(Store::Desk(DeskOrder::Canned(&record))));
        Ok(record)
    }

    pub(super) fn delete_canned(
        &mut self,
        asker: Asker,
        session: SessionId,
        number: u64,
        out: &mut impl Sink,
    ) -> Outcome {
        let uid = self.must_be_agent(asker, session)?;
        let replies = self.cabinet()?.replies;
        let found = replies.iter().find(|reply| reply.canned == number).ok_or(Refusal::NotFound)?;
        if found.owner.as_ref() != Some(&uid) && !self.oversees(session) {
            return Err(Refusal::Forbidden);
        }
        out.put(Output::Store(Store::Desk(DeskOrder::NoCanned { canned: number })));
        Ok(Reply::Ack(None))
    }
}
