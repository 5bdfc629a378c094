//! Private entries whose receiver is not there to hear them: they wait in the store, and come at the next login.
//!
//! An entry waits if no session of its receiver takes it now: there is none, or each of them is still being told
//! what it has missed and gets this entry later (`replay.rs`), or may end before. Whoever logs in is told what waits,
//! oldest first, marked as `offline`. Once that is on its way to one client it is struck: it does not come again.
//! Between the two a crash may fall, and then it comes once more; clients know entries by their `seq`.
//!
//! What is said to somebody in the turn in which the last session turns out to have ended was sent to nobody, and
//! so waits as well.
//!
//! Of each user the core knows whether something may wait, so that a login mostly asks for nothing.
//! The tutorial's `pm` to somebody who is away is lost. Tested in `tests/chat/offline.rs` and `tests/sim/`.

use std::collections::BTreeMap;

use super::Chat;
use super::ids::{Conversation, Id, SessionId};
use super::output::{EntryRecord, Event, Output, Query, Sink, Store, To};
use super::replay::{Leg, Position, Talk};
use super::turn::{Heard, Undo};
use super::user::UserSlot;

/// Which of the entries that wait for a user are asked for: the oldest, whatever their conversations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitingQuery {
    /// For whom.
    pub uid: Id,
    /// Only those behind the one with this [`WaitingEntry::number`]; 0 is before all.
    pub after: u64,
    /// How many at most.
    pub entries_max: usize,
    /// How many bytes at most, as [`EntryRecord::bytes`] counts them; the first entry comes in any case.
    pub bytes_max: usize,
}

/// Entries that wait for one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingPage {
    /// The oldest first.
    pub entries: Vec<WaitingEntry>,
    /// Whether the page was cut.
    pub more: bool,
}

/// An entry that waits for its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingEntry {
    /// The store's own number: the larger, the later it was stored, over all conversations.
    pub number: u64,
    /// Where.
    pub conversation: Conversation,
    /// What.
    pub record: EntryRecord,
}

/// What a client was told of what waits, and does not have for certain yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Private talks, up to a number.
    pub(super) talks: BTreeMap<Conversation, u64>,
    /// Pushes, up to this number; 0 when none.
    pub(super) pushes: u64,
}

impl Told {
    pub(super) fn is_empty(&self) -> bool {
        self.talks.is_empty() && self.pushes == 0
    }
}

/// What clients have and the store does not know of yet.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    until: BTreeMap<(Id, Conversation), u64>,
    /// The same of pushes.
    pushes: BTreeMap<Id, u64>,
    /// The store has not taken them. One that takes nothing may still be read, so until it has taken them they come
    /// behind whatever is to be told.
    come_last: bool,
}

impl Strikes {
    pub(super) fn is_empty(&self) -> bool {
        self.until.is_empty() && self.pushes.is_empty()
    }

    /// Whether they may be made in a turn in which somebody is told something.
    pub(super) fn come_first(&self) -> bool {
        !self.come_last
    }

    /// The turn has failed.
    pub(super) fn failed(&mut self) {
        self.come_last = !self.is_empty();
    }

    /// The turn stands.
    pub(super) fn committed(&mut self) {
        self.come_last &= !self.is_empty();
    }

    /// The user has what a client of his was told.
    pub(super) fn take(&mut self, uid: &Id, told: Told) {
        for (conversation, until) in told.talks {
            self.add(uid, conversation, until);
        }
        if told.pushes > 0 {
            self.add_pushes(uid, told.pushes);
        }
    }

    /// The user has everything in a conversation up to this number.
    fn add(&mut self, uid: &Id, conversation: Conversation, until: u64) {
        let known = self.until.entry((uid.clone(), conversation)).or_default();
        *known = until.max(*known);
    }

    /// The user has every push up to this number.
    pub(super) fn add_pushes(&mut self, uid: &Id, until: u64) {
        let known = self.pushes.entry(uid.clone()).or_default();
        *known = until.max(*known);
    }

    pub(super) fn take_pushes(&mut self) -> BTreeMap<Id, u64> {
        std::mem::take(&mut self.pushes)
    }

    pub(super) fn cover_push(&self, uid: &Id, number: u64) -> bool {
        self.pushes.get(uid).is_some_and(|until| number <= *until)
    }

    fn cover(&self, uid: &Id, conversation: &Conversation, seq: u64) -> bool {
        !self.is_empty()
            && self.until.get(&(uid.clone(), conversation.clone())).is_some_and(|until| seq <= *until)
    }
}

impl Chat {
    /// Finds the sessions that take a private entry now, and tells whether the receiver must wait for it.
    pub(super) fn find_receivers(
        &mut self,
        author: UserSlot,
        other: UserSlot,
        (conversation, seq): (&Conversation, u64),
    ) -> bool {
        let mut receivers = std::mem::take(&mut self.receivers);
        receivers.clear();
        receivers.extend_from_slice(self.users[author].sessions.as_slice());
        if other != author {
            receivers.extend_from_slice(self.users[other].sessions.as_slice());
        }
        if !self.replays.running.is_empty() {
            receivers.retain(|session| !self.holds_back(*session, conversation, seq));
        }
        let takes = |session: &SessionId| {
            self.sessions.find(session).is_some_and(|row| row.user == other && !row.ending)
        };
        // The author's come first.
        let is_heard = receivers.iter().rev().any(takes);
        self.receivers = receivers;
        // Whoever speaks to oneself knows it.
        if other == author {
            return false;
        }
        if is_heard {
            self.turn.heard(other, Heard::From(author), seq);
        } else {
            self.users[other].waits = true;
        }
        !is_heard
    }

    /// Whether a session gets a private entry by its replay, and not now: the conversation has a leg, or gets one
    /// because what waits of it must come before.
    pub(super) fn holds_back(&mut self, session: SessionId, conversation: &Conversation, seq: u64) -> bool {
        let Some(replay) = self.replays.running.get(&session) else { return false };
        if replay.brings(conversation) {
            return true;
        }
        if !replay.legs.iter().any(|leg| matches!(leg, Leg::Waiting { .. })) {
            return false;
        }
        let Some(replay) = self.replays.running.get_mut(&session) else { return false };
        let before = replay.talks.get(conversation).copied();
        let position = Position::At(seq - 1);
        let from = before.map_or(seq - 1, |talk| talk.from);
        replay.talks.insert(conversation.clone(), Talk { from, position });
        replay.legs.push_back(Leg::Talk(conversation.clone()));
        // A step of its own: the receiver may have many sessions, and to copy the replay of each would be much.
        self.turn.undo(Undo::HeldBack(session, conversation.clone(), before));
        true
    }

    /// The leg that was added last is taken away. If it is not there any more, the whole replay is put back behind this.
    pub(super) fn take_leg_back(
        &mut self,
        session: SessionId,
        conversation: Conversation,
        before: Option<Talk>,
    ) {
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        if matches!(replay.legs.back(), Some(Leg::Talk(of)) if *of == conversation) {
            replay.legs.pop_back();
        }
        match before {
            Some(talk) => replay.talks.insert(conversation, talk),
            None => replay.talks.remove(&conversation),
        };
    }

    /// The last session of a user has ended: what it was sent in this turn waits.
    pub(super) fn wait_again(&mut self, user: UserSlot, out: &mut impl Sink) {
        for (heard, seq) in self.turn.take_heard_by(user) {
            self.users[user].waits = true;
            let uid = &self.users[user].uid;
            let conversation = match heard {
                Heard::From(author) => Conversation::direct(uid, &self.users[author].uid),
                Heard::In(ticket) => Conversation::Ticket(ticket),
            };
            out.put(Output::Store(Store::Wait { uid, conversation: &conversation, seq }));
        }
    }

    pub(super) fn waiting_query(&self, user: UserSlot, after: u64) -> Query {
        let (entries_max, bytes_max) = (self.limits.replay_page_max, self.limits.replay_page_bytes_max);
        Query::Waiting(WaitingQuery { uid: self.users[user].uid.clone(), after, entries_max, bytes_max })
    }

    /// Tells a page of what waits, but for what comes by a leg of its own, and what some client has already.
    pub(super) fn tell_waiting(
        &mut self,
        (session, user): (SessionId, UserSlot),
        query: &WaitingQuery,
        page: &WaitingPage,
        out: &mut impl Sink,
    ) {
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        for waiting in &page.entries {
            let (conversation, seq) = (&waiting.conversation, waiting.record.seq);
            let comes_otherwise = replay.talks.get(conversation).is_some_and(|talk| seq > talk.from);
            if comes_otherwise || self.replays.strikes.cover(&query.uid, conversation, seq) {
                continue;
            }
            replay.bytes += waiting.record.bytes();
            replay.told.talks.insert(conversation.clone(), seq);
            let event = Event::Offline(waiting.record.entry(conversation));
            out.put(Output::Deliver { to: To::Session(session), event });
        }
        if let (true, Some(last), Some(leg)) = (page.more, page.entries.last(), replay.legs.front_mut()) {
            *leg = Leg::Waiting { after: last.number };
        } else {
            replay.legs.pop_front();
        }
        if query.after == 0 && page.entries.is_empty() {
            self.users[user].waits = false;
        }
    }

    /// The client has a conversation up to this number as soon as the next mark is reached: that does not wait then.
    pub(super) fn has_told(
        &mut self,
        (session, user): (SessionId, UserSlot),
        conversation: &Conversation,
        until: u64,
    ) {
        if !matches!(conversation, Conversation::Group(_))
            && self.users[user].waits
            && let Some(replay) = self.replays.running.get_mut(&session)
        {
            replay.told.talks.insert(conversation.clone(), until);
        }
    }

    /// Strikes what clients have.
    pub(super) fn strike_waiting(&mut self, out: &mut impl Sink) {
        for ((uid, conversation), until) in std::mem::take(&mut self.replays.strikes.until) {
            out.put(Output::Store(Store::NoWait { uid: &uid, conversation: &conversation, until }));
            self.turn.undo(Undo::Struck(uid, conversation, until));
        }
        self.strike_pushes(out);
    }

    /// What was struck waits again, for the store; clients have it all the same.
    pub(super) fn put_back_strike(&mut self, uid: &Id, conversation: Conversation, until: u64) {
        if let Some(user) = self.users.slot(uid) {
            self.users[user].waits = true;
        }
        self.replays.strikes.add(uid, conversation, until);
    }
}
