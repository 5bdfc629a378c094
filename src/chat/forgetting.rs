//! Guests who have been away for long, and are forgotten.
//!
//! A guest who is stored has the day on which he was last here: written at login, when he is first stored, and when
//! his last session ends, each at most once a day. Whoever was not here for `guest_kept_days` is forgotten: first the
//! memberships, one at a time and as if he left each group, then the rest. What he said stays, with uid and name;
//! his number is nobody else's, for numbers of guests only rise; his token still brings him back, as somebody of whom
//! nothing is known.
//!
//! This is work that no session asks for. Now and then the core asks the store for the guest who was here longest
//! ago, has the store tell what must be known of him, as for a request (`parking.rs`), asks again, and does one step
//! if the answer is still the same. So whatever has happened meanwhile counts, and a step touches one group at
//! most. Between two steps there is a pause.
//!
//! A session that has lasted for longer than guests are kept would have him forgotten if the daemon were killed:
//! so whoever is found here has the day written anew, and after a start all are given time to come back first.
//!
//! The tutorial keeps nobody. Tested in `tests/chat/forgetting.rs`, simulated in `tests/sim/`.

use super::Chat;
use super::ids::Id;
use super::output::{Output, Query, Sink, Store};
use super::room::GroupSlot;
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::{Millis, Now};

/// How far the forgetting has come.
pub(super) struct Forgetting {
    step: Step,
    /// A store that has failed is not asked to write a day for its own sake until then.
    spares_store_until: Millis,
}

enum Step {
    /// Until this moment.
    Resting(Millis),
    /// The store was asked whom to forget.
    Asking,
    /// The store was asked for what must be known of this guest.
    Loading(Id),
}

impl Forgetting {
    /// Nobody is forgotten before there was time to come back.
    pub(super) fn after_start(every_ms: u64) -> Forgetting {
        let step = Step::Resting(Millis::default().plus_ms(every_ms));
        Forgetting { step, spares_store_until: Millis::default() }
    }

    /// When it goes on by itself.
    pub(super) fn next(&self) -> Option<Millis> {
        match self.step {
            Step::Resting(until) => Some(until),
            Step::Asking | Step::Loading(_) => None,
        }
    }

    /// Whether it waits for the store.
    pub(super) fn waits(&self) -> bool {
        self.next().is_none()
    }
}

impl Chat {
    /// Begins with the next guest when it is time.
    pub(super) fn forget_guests(&mut self, now: Now, out: &mut impl Sink) {
        if self.forgetting.next().is_some_and(|at| at <= now.mono) {
            self.ask_whom_to_forget(now, out);
        }
    }

    fn ask_whom_to_forget(&mut self, now: Now, out: &mut impl Sink) {
        self.forgetting.step = Step::Asking;
        let seen_before = now.unix.day().minus(self.limits.guest_kept_days);
        self.ask(Query::Forgettable { seen_before }, out);
    }

    /// The store has said whom to forget.
    pub(super) fn told_whom_to_forget(&mut self, now: Now, uid: Option<Id>, out: &mut impl Sink) {
        if !matches!(self.forgetting.step, Step::Asking) {
            return;
        }
        let pause_ms = match uid {
            None => self.limits.forgetting_every_ms,
            Some(uid) if self.needs_to_forget(&uid).is_some() => {
                self.forgetting.step = Step::Loading(uid);
                return;
            }
            Some(uid) => {
                self.forget_some(&uid, out);
                self.limits.forgetting_pause_ms
            }
        };
        self.forgetting.step = Step::Resting(now.mono.plus_ms(pause_ms));
    }

    /// Goes on when the store has answered: with what else must be known, or by asking again.
    pub(super) fn go_on_forgetting(&mut self, now: Now, out: &mut impl Sink) {
        let Step::Loading(uid) = &self.forgetting.step else { return };
        match self.needs_to_forget(uid) {
            Some(query) => self.ask(query, out),
            None => self.ask_whom_to_forget(now, out),
        }
    }

    /// A store that fails is left alone for a while.
    pub(super) fn give_up_forgetting(&mut self, now: Now) {
        let until = now.mono.plus_ms(self.limits.forgetting_every_ms);
        (self.forgetting.step, self.forgetting.spares_store_until) = (Step::Resting(until), until);
    }

    fn needs_to_forget(&self, uid: &Id) -> Option<Query> {
        self.needs_user(uid).or_else(|| {
            let group = self.first_group(self.users.slot(uid)?)?;
            self.needs_group(self.groups[group].gid())
        })
    }

    fn first_group(&self, user: UserSlot) -> Option<GroupSlot> {
        let groups = self.users[user].groups.as_slice();
        groups.iter().copied().min_by_key(|group| self.groups[*group].gid())
    }

    /// One step: a membership, or all the rest.
    fn forget_some(&mut self, uid: &Id, out: &mut impl Sink) {
        let Some(slot) = self.users.slot(uid) else { return };
        if !self.users[slot].sessions.is_empty() || self.users[slot].shown {
            self.see(slot, out);
        } else if let Some(group) = self.first_group(slot) {
            self.go_out(group, slot, out);
        } else {
            self.forget(slot, out);
        }
    }

    fn forget(&mut self, slot: UserSlot, out: &mut impl Sink) {
        self.blank(slot);
        out.put(Output::Store(Store::NoUser { uid: &self.users[slot].uid }));
    }

    /// Somebody who is stored is somebody of whom nothing is known.
    pub(super) fn blank(&mut self, slot: UserSlot) {
        let user = &mut self.users[slot];
        let step = Undo::Forgotten {
            user: slot,
            name: std::mem::take(&mut user.name),
            rare: user.rare.take(),
            seen: std::mem::take(&mut user.seen),
        };
        user.stored = false;
        self.turn.undo(step);
    }

    /// Has it stored that a guest is here today, if the store does not know yet.
    pub(super) fn see(&mut self, slot: UserSlot, out: &mut impl Sink) {
        let user = &mut self.users[slot];
        if !user.guest || !user.stored || user.seen >= self.today {
            return;
        }
        let before = std::mem::replace(&mut user.seen, self.today);
        self.turn.undo(Undo::Seen(slot, before));
        out.put(Output::Store(Store::Seen { uid: &self.users[slot].uid, day: self.today }));
    }

    /// The same when a guest comes or goes, which needs no store otherwise: on a full disk he would be kept out for the
    /// sake of a day.
    pub(super) fn see_in_passing(&mut self, now: Now, slot: UserSlot, out: &mut impl Sink) {
        if now.mono >= self.forgetting.spares_store_until {
            self.see(slot, out);
        }
    }
}
