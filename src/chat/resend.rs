//! Sending again: a message with an `id` is said once, however often it is sent.
//!
//! A client that hears no `ack` cannot know whether its message was stored, and sends it again with the same
//! `id`, perhaps over another connection or to a daemon that was restarted. So the store keeps, with the entry
//! and in its transaction, who sent it under which `id`, and a digest of what was sent. The same again is
//! acknowledged with the first number and nobody hears it; anything else under that `id` is a conflict.
//!
//! The core keeps none of it. It asks before it serves such a request, and an answer serves one request and is
//! dropped: of two with the same `id` in one turn the second asks after the first is written.
//!
//! Who is sent a message again changes nothing, so whoever has left the group since does not join by it.
//! The tutorial sends without asking what arrived. Tested in `tests/chat/resend.rs` and `tests/sim/`.

use super::Chat;
use super::draft;
use super::ids::Conversation;
use super::input::{Draft, Target};
use super::output::{AckedEntry, Query, Record, Refusal, Sent, SentAs};
use super::parking::Request;
use super::permission::Asker;
use super::reply::Reply;
use super::user::UserSlot;

/// A message that somebody wants to be said.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) asker: Asker,
    pub(super) id: Option<&'a str>,
    pub(super) draft: &'a Draft<'a>,
}

impl<'a> Sending<'a> {
    /// By what it is known again.
    pub(super) fn sent_as(&self) -> Option<SentAs<'a>> {
        self.id.map(|id| SentAs { id, digest: draft::digest(self.draft) })
    }
}

impl Chat {
    /// What must be asked before a message with an `id` can be said.
    pub(super) fn needs_sent(&self, asker: Asker, request: Request<'_>) -> Option<Query> {
        let id = request.id?;
        let uid = &self.users[asker.user].uid;
        self.parking.unless_at_hand(Query::Sent { uid: uid.clone(), id: id.into() })
    }

    /// The answer to a message that was said before; `None` when it was not.
    pub(super) fn said_before(
        &mut self,
        sending: &Sending<'_>,
        target: &Target,
    ) -> Result<Option<Reply>, Refusal> {
        if sending.id.is_none() {
            return Ok(None);
        }
        let Some(Record::Sent { sent: Some(sent), .. }) = self.parking.at_hand.take() else {
            return Ok(None);
        };
        let Sent { conversation, seq, time, digest } = sent;
        let is_the_same = digest == draft::digest(sending.draft);
        if !is_the_same || conversation != self.conversation(sending.asker.user, target) {
            return Err(Refusal::Conflict("something else was sent under this id"));
        }
        Ok(Some(Reply::Ack(Some(AckedEntry { target: target.clone(), seq, time, duplicate: true }))))
    }

    /// The conversation that a user names so.
    pub(super) fn conversation(&self, user: UserSlot, target: &Target) -> Conversation {
        match target {
            Target::Group(gid) => Conversation::Group(gid.clone()),
            Target::User(peer) => Conversation::direct(&self.users[user].uid, peer),
            Target::Ticket(ticket) => Conversation::Ticket(*ticket),
        }
    }
}
