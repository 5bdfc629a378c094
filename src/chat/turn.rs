//! One turn of the core: what was done since the last commit, and how it is undone.
//!
//! Between two commits nothing that the core puts out leaves the process. When the commit fails, the store
//! has rolled back, every delivery and subscription of the turn was dropped, and the core must be as if the
//! turn had never been. So whatever changes state that the store backs, or that a client was to be told of,
//! pushes the step back on a list ([`Undo`]); a failed commit takes the steps in reverse order, and each
//! request of the turn is refused with `internal`. Subscriptions need no step: net's are as of the last
//! commit, and the core derives its own from membership, which is put back.
//!
//! Steps and not an eviction of everything touched, because sessions go on ending after the failure: who is
//! subscribed where must be known at every moment, not only when the store has answered again. The `seq` of
//! a private conversation has no such dependants; it is simply forgotten and asked for again.
//!
//! Four things are not undone. A mark that was reached stays reached (`replay.rs`). A session that ended is gone. A request counts for the rate: it cost us as
//! much. And what was loaded stays loaded: rows are loaded before the turn changes them or not at all.
//! Requests that still wait for an answer of the store are refused as well, since a store that fails may
//! never answer, and whoever came behind them would wait for ever.
//!
//! At a commit the core also gives up what nothing needs any more, for then no step names a slot.
//! The tutorial stores nothing. Tested in `tests/chat/rollback.rs` and `tests/sim/`.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::act::{Sanction, Term};
use super::desk::{Agent, DeskUndo, Ticket};
use super::direct::Pair;
use super::expiry::Hold;
use super::ids::{CallId, Conversation, Id, SessionId, TicketId};
use super::output::{GroupRole, Refusal, Sink};
use super::parking::Parked;
use super::replay::{Replay, Talk};
use super::room::{GroupSlot, Member};
use super::user::{Rare, UserSlot};
use super::{Chat, refuse};
use crate::base::clock::{Millis, Now, UnixDay};

/// A step back. Each names what was done.
#[derive(Debug)]
pub(super) enum Undo {
    LoggedIn(SessionId),
    /// With the name before.
    Named(UserSlot, SmolStr),
    Remembered(UserSlot),
    /// With the day before.
    Seen(UserSlot, UnixDay),
    /// With what there was.
    Forgotten {
        user: UserSlot,
        name: SmolStr,
        rare: Option<Box<Rare>>,
        seen: UnixDay,
    },
    /// With the bound before.
    Reserved(u64),
    /// With what was shown before.
    Shown(UserSlot, bool),
    GraceEnded(UserSlot, Millis),
    Watched(SessionId, UserSlot),
    EndOrdered(SessionId),
    /// With what the session was held by before.
    Refreshed(SessionId, Hold),
    Made(GroupSlot),
    Joined(GroupSlot, UserSlot),
    Left(GroupSlot, Member),
    /// With the standing before.
    RoleGiven(GroupSlot, UserSlot, GroupRole),
    /// With name and openness before.
    Updated(GroupSlot, Box<str>, bool),
    /// With the term before.
    Sanctioned(GroupSlot, Sanction, Id, Option<Term>),
    /// With what there was.
    Dissolved {
        slot: GroupSlot,
        name: Box<str>,
        open: bool,
        sanctions: BTreeMap<(Id, Sanction), Term>,
    },
    /// With the term before.
    Banned(UserSlot, Option<Term>),
    /// Whose messages were refused, or taken, before.
    Blocked {
        user: UserSlot,
        other: Id,
        before: bool,
    },
    Spoken(GroupSlot),
    Whispered(Pair),
    /// With the replay before.
    Replayed(SessionId, Box<Replay>),
    /// With what there was of the talk.
    HeldBack(SessionId, Conversation, Option<Talk>),
    /// With what was struck.
    Struck(Id, Conversation, u64),
    /// The same of pushes.
    StruckPushes(Id, u64),
    /// With the ticket before.
    Ticket(TicketId, Option<Box<Ticket>>),
    /// With the agent before.
    Agent(Id, Option<Box<Agent>>),
    Desk(DeskUndo),
}

/// Where something was said that somebody was there to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// In private, by this user.
    From(UserSlot),
    /// In a ticket.
    In(TicketId),
}

/// A request that was answered in this turn; its `id` ends there in the joined ids.
struct Answered {
    session: SessionId,
    id_end: Option<usize>,
}

/// What the turn did so far.
#[derive(Default)]
pub(super) struct Turn {
    steps: Vec<Undo>,
    answered: Vec<Answered>,
    /// The ids of the answered requests, one after the other, so that none is allocated.
    ids: String,
    /// Calls that were answered.
    called: Vec<CallId>,
    gone: BTreeSet<SessionId>,
    /// Sessions whose replay has gone on.
    replayed: BTreeSet<SessionId>,
    /// Private entries and those of tickets by number: who was there to hear it, and where it was said.
    heard: Vec<(UserSlot, Heard, u64)>,
    /// By user.
    heard_is_sorted: bool,
    /// Users that were loaded or left by their last session.
    alone: Vec<UserSlot>,
    /// What the searches have cost so far.
    pub(super) search_steps: usize,
}

impl Turn {
    pub(super) fn undo(&mut self, step: Undo) {
        self.steps.push(step);
    }

    /// A request is answered, one way or another.
    pub(super) fn answered(&mut self, session: SessionId, id: Option<&str>) {
        if let Some(id) = id {
            self.ids.push_str(id);
        }
        self.answered.push(Answered { session, id_end: id.map(|_| self.ids.len()) });
    }

    /// A call is answered, one way or another.
    pub(super) fn called(&mut self, call: CallId) {
        self.called.push(call);
    }

    /// The calls that were answered.
    pub(super) fn take_called(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.called)
    }

    /// A session ended: nobody is there to be told of a failure.
    pub(super) fn gone(&mut self, session: SessionId) {
        if !self.answered.is_empty() {
            self.gone.insert(session);
        }
    }

    /// The user has perhaps no session; at the commit the row becomes bare.
    pub(super) fn left_alone(&mut self, user: UserSlot) {
        self.alone.push(user);
    }

    /// Whether nothing has become of the session's replay in this turn before.
    pub(super) fn replays_for_the_first_time(&mut self, session: SessionId) -> bool {
        self.replayed.insert(session)
    }

    /// Whether a replay has gone on in this turn.
    pub(super) fn has_replayed(&self) -> bool {
        !self.replayed.is_empty()
    }

    /// An entry was sent to a user who is there.
    pub(super) fn heard(&mut self, user: UserSlot, place: Heard, seq: u64) {
        self.heard.push((user, place, seq));
        self.heard_is_sorted = false;
    }

    /// The entries that a user was sent in this turn, so far: where, and their numbers.
    pub(super) fn take_heard_by(&mut self, user: UserSlot) -> Vec<(Heard, u64)> {
        // Many may go in one turn, so each looks only at its own.
        if !self.heard_is_sorted {
            self.heard.sort_by_key(|(user, ..)| *user);
            self.heard_is_sorted = true;
        }
        let from = self.heard.partition_point(|(of, ..)| *of < user);
        let until = self.heard.partition_point(|(of, ..)| *of <= user);
        self.heard.drain(from..until).map(|(_, place, seq)| (place, seq)).collect()
    }

    fn forget(&mut self) {
        self.replayed.clear();
        self.heard.clear();
        self.steps.clear();
        self.answered.clear();
        self.ids.clear();
        self.called.clear();
        self.gone.clear();
        self.search_steps = 0;
    }
}

impl Chat {
    pub(super) fn committed(&mut self) {
        self.turn.forget();
        self.pushes.forget_turn();
        self.replays.committed();
        self.desk_committed();
        if self.parking.is_waited_for() || self.forgetting.waits() {
            // What was loaded for whoever needs one thing more must be there when it goes on.
            return;
        }
        self.filed.clear();
        for user in std::mem::take(&mut self.turn.alone) {
            self.unload_user(user);
        }
        while let Some(group) = self.groups.next_loose(self.limits.idle_groups_max) {
            if self.groups[group].listed == 0 {
                self.unload_group(group);
                self.groups.remove(group);
            }
        }
        while let Some(user) = self.users.next_loose(self.limits.idle_users_max) {
            if self.is_idle_user(user) {
                self.spells.remove(&user);
                self.users.remove(user);
            }
        }
        if self.directs.len() > self.limits.directs_cached_max {
            self.directs.clear();
        }
    }

    pub(super) fn commit_failed(&mut self, now: Now, out: &mut impl Sink) {
        for step in std::mem::take(&mut self.turn.steps).into_iter().rev() {
            self.step_back(step);
        }
        for at in 0..self.turn.alone.len() {
            self.depart_late(now, self.turn.alone[at]);
        }
        let mut from = 0;
        for Answered { session, id_end } in &self.turn.answered {
            let id = id_end.and_then(|end| self.turn.ids.get(std::mem::replace(&mut from, end)..end));
            if !self.turn.gone.contains(session) {
                let refusal = Refusal::Internal { retry_ms: self.limits.internal_retry_ms };
                refuse(*session, id, refusal, out);
            }
        }
        self.refuse_calls(out);
        self.filed.clear();
        self.turn.forget();
        self.pushes.forget_turn();
        self.give_up_forgetting(now);
        for Parked { session, id, .. } in self.parking.give_up() {
            let refusal = Refusal::Internal { retry_ms: self.limits.internal_retry_ms };
            refuse(session, id.as_deref(), refusal, out);
        }
        self.replays_failed(now);
        self.desk_failed(now);
    }

    fn step_back(&mut self, step: Undo) {
        match step {
            Undo::LoggedIn(session) => {
                self.log_out(session);
            }
            Undo::Named(user, before) => self.users[user].name = before,
            Undo::Remembered(user) => self.users[user].stored = false,
            Undo::Seen(user, before) => self.users[user].seen = before,
            Undo::Forgotten { user, name, rare, seen } => {
                let row = &mut self.users[user];
                (row.name, row.rare, row.seen) = (name, rare, seen);
                row.stored = true;
            }
            Undo::Reserved(before) => self.guests.unreserve(before),
            Undo::Shown(user, before) => self.users[user].shown = before,
            Undo::GraceEnded(user, until) => self.presence.resume_grace(user, until),
            Undo::Watched(session, user) => {
                self.presence.unwatch(session, user);
                self.users.loosen(user);
            }
            Undo::EndOrdered(session) => self.go_on(session),
            Undo::Refreshed(session, before) => self.hold_by(session, before),
            Undo::Made(group) => {
                self.groups[group].stored = false;
                self.groups.loosen(group);
            }
            Undo::Joined(group, user) => {
                self.unseat(group, user);
            }
            Undo::Left(group, member) => self.seat(group, member),
            Undo::RoleGiven(group, user, before) => {
                self.put_role(group, user, before);
            }
            Undo::Updated(group, name, open) => {
                let group = &mut self.groups[group];
                (group.name, group.open) = (name, open);
            }
            Undo::Sanctioned(group, sanction, uid, before) => {
                self.groups[group].set_term(sanction, &uid, before);
            }
            Undo::Dissolved { slot, name, open, sanctions } => {
                let group = &mut self.groups[slot];
                (group.name, group.open, group.sanctions) = (name, open, sanctions);
                group.stored = true;
            }
            Undo::Banned(user, before) => drop(self.users[user].set_ban(before)),
            Undo::Blocked { user, other, before } => self.users[user].set_block(&other, before),
            Undo::Spoken(group) => self.groups[group].seq -= 1,
            Undo::Whispered(pair) => {
                self.directs.remove(&pair);
            }
            Undo::Replayed(session, before) => self.put_back_replay(session, *before),
            Undo::HeldBack(session, conversation, before) => {
                self.take_leg_back(session, conversation, before);
            }
            Undo::Struck(uid, conversation, until) => self.put_back_strike(&uid, conversation, until),
            Undo::StruckPushes(uid, until) => self.put_back_pushes(&uid, until),
            Undo::Ticket(number, before) => self.put_back_ticket(number, before.map(|before| *before)),
            Undo::Agent(uid, before) => self.put_back_agent(&uid, before.map(|before| *before)),
            Undo::Desk(step) => self.step_back_at_desk(step),
        }
    }
}
