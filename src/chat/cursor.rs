//! How far somebody has read: one number for each user in each conversation, which only goes up.
//!
//! Whoever says to have read an entry has read all before it. Nobody reads further than the newest entry, and what
//! was read stays read, so a device that is late changes nothing. When the cursor moves, the reader's other devices
//! hear of it, and in a private conversation the other user too, like `typing`: not where either blocks the other.
//! In a group the others do not, since that would be a delivery per reader and member.
//!
//! The core keeps no cursors. It asks the store for the one that is to be moved, and an answer serves one request;
//! so what a user has read costs memory only where it is stored. Whoever becomes a member has read what was said
//! before; that is the store's part, and so is that the cursor goes with the membership. Whoever may read without
//! being a member, by a token with role `admin`, has no cursor, and is acknowledged.
//!
//! Who may read is in `permission.rs`. The tutorial does not know who has seen what. Tested in
//! `tests/chat/cursor.rs` and `tests/sim/`.

use super::Chat;
use super::ids::Id;
use super::input::Target;
use super::output::{CursorQuery, Event, Output, Query, Record, Refusal, Sink, Store, To};
use super::permission::Asker;
use super::reply::{Outcome, Reply};
use super::user::UserSlot;
use crate::base::clock::Now;

impl Chat {
    /// What must be asked before a cursor can be moved.
    pub(super) fn needs_cursor(&mut self, now: Now, asker: Asker, target: &Target) -> Option<Query> {
        if let Some(query) = self.needs_target(target) {
            return Some(query);
        }
        // Who may not read costs no look-up; `move_cursor` says so.
        self.may_read(now, asker, target).ok()?;
        let uid = self.users[asker.user].uid.clone();
        let query = CursorQuery { uid, conversation: self.conversation(asker.user, target) };
        self.parking.unless_at_hand(Query::Cursor(query))
    }

    pub(super) fn move_cursor(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
        seq: u64,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_read(now, asker, target)?;
        let Some(Record::Cursor(query, cursor)) = self.parking.at_hand.take() else {
            return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
        };
        let Some(cursor) = cursor else { return Ok(Reply::Ack(None)) };
        let seq = seq.min(cursor.seq);
        // An agent who reads what nobody holds is not the other side.
        let is_outside = matches!(target, Target::Ticket(ticket) if !self.is_own_ticket(asker.user, *ticket));
        if seq <= cursor.read || is_outside {
            return Ok(Reply::Ack(None));
        }
        let row = &self.users[asker.user];
        out.put(Output::Store(Store::Read { uid: &row.uid, conversation: &query.conversation, seq }));
        self.receivers.clear();
        self.receivers.extend_from_slice(row.sessions.as_slice());
        if let Target::User(peer) = target
            && let Some(other) = self.seen_by(asker.user, peer)
        {
            self.receivers.extend_from_slice(self.users[other].sessions.as_slice());
        }
        if let Target::Ticket(ticket) = target {
            self.receivers.extend(self.others_in_ticket(&row.uid, *ticket));
        }
        let event = Event::Read { target, uid: &row.uid, seq };
        out.put(Output::Deliver { to: To::Sessions(&self.receivers), event });
        Ok(Reply::Ack(None))
    }

    /// The other user of a private conversation, if that is somebody else and neither blocks the other. Whoever has
    /// a session is loaded, so that whom they block is known.
    fn seen_by(&self, user: UserSlot, peer: &Id) -> Option<UserSlot> {
        let row = &self.users[user];
        let slot = self.users.slot(peer).filter(|slot| *slot != user)?;
        let other = &self.users[slot];
        (!other.blocks(&row.uid) && !row.blocks(&other.uid)).then_some(slot)
    }
}
