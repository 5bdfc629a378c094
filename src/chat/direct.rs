//! Private messages, typing to one user, and whom one would rather not hear.
//!
//! Of a private conversation the core holds the last `seq` and nothing else. An entry goes to every device
//! of both users, to each once; to oneself is allowed, and to a uid that nobody has used yet it is stored.
//! Such a uid is never given to a guest, who would inherit the message. `typing` is not sent to oneself.
//!
//! Whoever blocks somebody refuses the other's private messages, which the other is told, and shows the other
//! neither typing nor presence. The other's typing is dropped as well, but without a word. Blocks live in the
//! row of whoever blocks, and stay there when it becomes bare: nobody but the user changes them.
//!
//! The tutorial's `pm` case finds the receiver by going through all connections.
//! Tested in `tests/chat/pm.rs`, `typing.rs` and `block.rs`.

use super::Chat;
use super::draft;
use super::ids::{Conversation, Id, SessionId};
use super::input::Target;
use super::output::{AckedEntry, Event, Output, Query, Refusal, Sink, Store, To, UserPresence};
use super::reply::{Outcome, Reply};
use super::resend::Sending;
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::Now;

/// Two users, whichever is named first: by the lasting names of their rows, so that neither uid is hashed nor copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair(u64, u64);

impl Chat {
    /// What must be asked before these two can talk.
    pub(super) fn needs_direct(&mut self, user: UserSlot, peer: &Id) -> Option<Query> {
        let slot = self.users.slot(peer);
        self.found_peer = slot;
        self.needs_last(user, (peer, slot)).or_else(|| {
            let is_known = slot.is_some_and(|slot| self.users[slot].knows_blocked);
            (!is_known).then(|| Query::User(peer.clone()))
        })
    }

    /// What must be asked before the private conversation with this user can have a further entry.
    pub(super) fn needs_last(&self, user: UserSlot, (peer, slot): (&Id, Option<UserSlot>)) -> Option<Query> {
        if slot.is_some_and(|peer| self.directs.contains_key(&self.pair(user, peer))) {
            return None;
        }
        let uid = &self.users[user].uid;
        let (low, high) = if uid <= peer { (uid, peer) } else { (peer, uid) };
        Some(Query::Direct(low.clone(), high.clone()))
    }

    /// Takes the last `seq` that the store knows, unless a later one is known here.
    pub(super) fn load_direct(&mut self, low: &Id, high: &Id, seq: u64) {
        let two = [low, high].map(|uid| self.users.intern(uid));
        for user in two {
            if self.is_idle_user(user) {
                self.users.loosen(user);
            }
        }
        let pair = self.pair(two[0], two[1]);
        self.directs.entry(pair).or_insert(seq);
    }

    /// The two of a private conversation.
    pub(super) fn pair(&self, one: UserSlot, other: UserSlot) -> Pair {
        let (one, other) = (self.users.lasting_name(one), self.users.lasting_name(other));
        Pair(one.min(other), one.max(other))
    }

    pub(super) fn whisper(
        &mut self,
        now: Now,
        peer: &Id,
        sending: &Sending<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let target = Target::User(peer.clone());
        if let Some(reply) = self.said_before(sending, &target)? {
            return Ok(reply);
        }
        let (user, draft) = (sending.asker.user, sending.draft);
        let found = self.found_peer.take().filter(|slot| self.users.is_named(*slot, peer));
        let other = found.unwrap_or_else(|| self.users.intern(peer));
        self.may_write_to(sending.asker, other)?;
        let pair = self.pair(user, other);
        draft::check_reply(draft, || self.last_of_two(pair))?;
        self.may_attach(sending.asker, &target, draft)?;
        self.remember(user, out);
        self.guests.name(peer);
        let seq = self.number_of_two(pair);
        let conversation = Conversation::direct(&self.users[user].uid, peer);
        let must_wait = self.find_receivers(user, other, (&conversation, seq));
        let entry = draft::entry(draft, &conversation, seq, &self.users[user], now.unix);
        out.put(Output::Store(Store::Append { entry: &entry, sent_as: sending.sent_as() }));
        if must_wait {
            out.put(Output::Store(Store::Wait { uid: peer, conversation: &conversation, seq }));
        }
        out.put(Output::Deliver { to: To::Sessions(&self.receivers), event: Event::Entry(entry) });
        self.attach(draft, &conversation, seq, out);
        Ok(Reply::Ack(Some(AckedEntry { target, seq, time: now.unix, duplicate: false })))
    }

    /// The last number of a private conversation, which must be known.
    pub(super) fn last_of_two(&self, pair: Pair) -> u64 {
        self.directs.get(&pair).copied().unwrap_or(0)
    }

    /// Takes the next number of a private conversation.
    pub(super) fn number_of_two(&mut self, pair: Pair) -> u64 {
        let last = self.directs.entry(pair).or_default();
        *last += 1;
        self.turn.undo(Undo::Whispered(pair));
        *last
    }

    pub(super) fn type_to_user(
        &self,
        user: UserSlot,
        target: &Target,
        peer: &Id,
        out: &mut impl Sink,
    ) -> Outcome {
        let row = &self.users[user];
        let other = self.users.find(peer).filter(|other| other.uid != row.uid);
        let other = other.filter(|other| !other.blocks(&row.uid) && !row.blocks(&other.uid));
        let receivers = other.map_or(&[][..], |other| other.sessions.as_slice());
        if !receivers.is_empty() {
            let event = Event::Typing { target, uid: &row.uid, name: &row.name };
            out.put(Output::Deliver { to: To::Sessions(receivers), event });
        }
        Ok(Reply::Ack(None))
    }

    /// From now on the user refuses the other's private messages, or takes them again. To the other the user
    /// is away, or back, at once.
    pub(super) fn block(&mut self, user: UserSlot, other: &Id, on: bool, out: &mut impl Sink) -> Outcome {
        let row = &self.users[user];
        if row.uid == *other {
            return Err(Refusal::BadRequest("uid", "is yourself"));
        }
        if row.blocks(other) == on {
            return Ok(Reply::Ack(None));
        }
        if on && row.blocked_count() >= self.limits.blocks_per_user_max {
            return Err(Refusal::Conflict("you block as many users as a user may block"));
        }
        self.remember(user, out);
        self.guests.name(other);
        self.users[user].set_block(other, on);
        self.turn.undo(Undo::Blocked { user, other: other.clone(), before: !on });
        let row = &self.users[user];
        out.put(Output::Store(Store::Block { uid: &row.uid, other, on }));
        let watchers = self.presence.watchers_of(user);
        let of_other = |session: &&SessionId| {
            self.sessions.find(session).is_some_and(|session| self.users[session.user].uid == *other)
        };
        self.receivers.clear();
        self.receivers.extend(watchers.iter().filter(of_other));
        if row.shown && !self.receivers.is_empty() {
            let event = Event::Presence {
                id: None,
                users: &[UserPresence { uid: &row.uid, online: !on, last: None }],
            };
            out.put(Output::Deliver { to: To::Sessions(&self.receivers), event });
        }
        Ok(Reply::Ack(None))
    }
}
