//! Private messages, and typing to one user.
//!
//! Of a private conversation the core holds the last `seq` and nothing else. An entry goes to every device
//! of both users, to each once; to oneself is allowed, and to a uid that nobody has used yet it is stored.
//! Such a uid is never given to a guest, who would inherit the message. `typing` is not sent to oneself.
//!
//! The tutorial's `pm` case finds the receiver by going through all connections.
//! Tested in `tests/chat/pm.rs` and `typing.rs`.

use super::Chat;
use super::draft;
use super::ids::{Conversation, Id};
use super::input::{Draft, Target};
use super::output::{AckedEntry, Event, Output, Query, Sink, Store, To};
use super::reply::{Outcome, Reply};
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::Now;

impl Chat {
    /// What must be asked before these two can talk.
    pub(super) fn needs_direct(&self, user: UserSlot, peer: &Id) -> Option<Query> {
        let conversation = Conversation::direct(&self.users[user].uid, peer);
        if self.directs.contains_key(&conversation) {
            return None;
        }
        match conversation {
            Conversation::Direct(low, high) => Some(Query::Direct(low, high)),
            Conversation::Group(_) => None,
        }
    }

    /// Takes the last `seq` that the store knows, unless a later one is known here.
    pub(super) fn load_direct(&mut self, low: &Id, high: &Id, seq: u64) {
        self.directs.entry(Conversation::direct(low, high)).or_insert(seq);
    }

    pub(super) fn whisper(
        &mut self,
        now: Now,
        user: UserSlot,
        peer: &Id,
        draft: &Draft<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let conversation = Conversation::direct(&self.users[user].uid, peer);
        let last = self.directs.get(&conversation).copied().unwrap_or(0);
        draft::check_reply(draft, last)?;
        self.remember(user, out);
        self.guests.name(peer);
        let seq = last + 1;
        self.directs.insert(conversation.clone(), seq);

        let entry = draft::entry(draft, &conversation, seq, &self.users[user], now.unix);
        out.put(Output::Store(Store::Append(entry.clone())));
        self.receivers.clear();
        self.receivers.extend_from_slice(self.users[user].sessions.as_slice());
        if let Some(other) = self.users.slot(peer).filter(|other| *other != user) {
            self.receivers.extend_from_slice(self.users[other].sessions.as_slice());
        }
        out.put(Output::Deliver { to: To::Sessions(&self.receivers), event: Event::Entry(entry) });
        self.turn.undo(Undo::Whispered(conversation));
        Ok(Reply::Ack(Some(AckedEntry {
            target: Target::User(peer.clone()),
            seq,
            time: now.unix,
            duplicate: false,
        })))
    }

    pub(super) fn type_to_user(
        &self,
        user: UserSlot,
        target: &Target,
        peer: &Id,
        out: &mut impl Sink,
    ) -> Outcome {
        let other = self.users.slot(peer).filter(|other| *other != user);
        let receivers = other.map_or(&[][..], |other| self.users[other].sessions.as_slice());
        if !receivers.is_empty() {
            let row = &self.users[user];
            let event = Event::Typing { target, uid: &row.uid, name: &row.name };
            out.put(Output::Deliver { to: To::Sessions(receivers), event });
        }
        Ok(Reply::Ack(None))
    }
}
