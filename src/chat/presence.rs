//! Who is online, and who wants to know.
//!
//! A session watches users until it ends: the answer to its request tells how they are, and each change
//! follows. A user is *shown* as online from the first session on until a grace after the last one has
//! ended, so that a page that reloads is not told as a departure and a return. Watching reveals that much
//! and the time of the last session's end, never anything else about a user. To whom the user blocks, the
//! user has never been seen.
//!
//! A grace that has begun runs out even when the user comes back; then its end says nothing. That way a
//! login that is undone finds the grace as it was.
//!
//! The tutorial has nothing of the kind. Tested in `tests/chat/presence.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::Chat;
use super::ids::{Id, SessionId};
use super::output::{Event, Output, Refusal, Sink, To, UserPresence};
use super::reply::{Outcome, Reply};
use super::table::Set;
use super::turn::Undo;
use super::user::{User, UserSlot};
use crate::base::clock::Millis;

/// Who watches whom, and the graces that run.
#[derive(Default)]
pub(super) struct Presence {
    watching: BTreeMap<SessionId, Set<UserSlot>>,
    watchers: BTreeMap<UserSlot, Set<SessionId>>,
    graces: BTreeMap<UserSlot, Millis>,
    due: BTreeSet<(Millis, UserSlot)>,
}

impl Presence {
    /// Whether somebody watches the user, or a grace of the user runs.
    pub(super) fn concerns(&self, user: UserSlot) -> bool {
        self.watchers.contains_key(&user) || self.has_grace(user)
    }

    /// Whether a grace of the user runs.
    pub(super) fn has_grace(&self, user: UserSlot) -> bool {
        self.graces.contains_key(&user)
    }

    /// When the next grace ends.
    pub(super) fn next_end(&self) -> Option<Millis> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A user has one grace at most; a later one replaces it.
    pub(super) fn begin_grace(&mut self, user: UserSlot, until: Millis) {
        if let Some(before) = self.graces.insert(user, until) {
            self.due.remove(&(before, user));
        }
        self.due.insert((until, user));
    }

    /// The end of a grace is undone. A grace that began since then stands.
    pub(super) fn resume_grace(&mut self, user: UserSlot, until: Millis) {
        if !self.graces.contains_key(&user) {
            self.begin_grace(user, until);
        }
    }

    /// Takes out a grace that has ended, earliest first.
    pub(super) fn end_grace(&mut self, now: Millis) -> Option<(UserSlot, Millis)> {
        let &(at, user) = self.due.first().filter(|(at, _)| *at <= now)?;
        self.due.remove(&(at, user));
        self.graces.remove(&user);
        Some((user, at))
    }

    /// The sessions that watch the user.
    pub(super) fn watchers_of(&self, user: UserSlot) -> &[SessionId] {
        self.watchers.get(&user).map(Set::as_slice).unwrap_or_default()
    }

    fn watch(&mut self, session: SessionId, user: UserSlot) -> bool {
        self.watchers.entry(user).or_default().insert(session);
        self.watching.entry(session).or_default().insert(user)
    }

    /// The session no longer watches the user.
    pub(super) fn unwatch(&mut self, session: SessionId, user: UserSlot) {
        if let Some(watching) = self.watching.get_mut(&session) {
            watching.remove(user);
        }
        self.release(session, user);
    }

    /// The session watches nobody any more. Returns whom it watched.
    pub(super) fn unwatch_all(&mut self, session: SessionId) -> Vec<UserSlot> {
        let Some(watching) = self.watching.remove(&session) else { return Vec::new() };
        for &user in watching.as_slice() {
            self.release(session, user);
        }
        watching.as_slice().to_vec()
    }

    fn release(&mut self, session: SessionId, user: UserSlot) {
        if let Some(watchers) = self.watchers.get_mut(&user) {
            watchers.remove(session);
            if watchers.is_empty() {
                self.watchers.remove(&user);
            }
        }
    }
}

/// How a user is, to this watcher.
fn state<'a>(user: &'a User, watcher: &Id) -> UserPresence<'a> {
    if user.blocks(watcher) {
        return UserPresence { uid: &user.uid, online: false, last: None };
    }
    UserPresence { uid: &user.uid, online: user.shown, last: user.last().filter(|_| !user.shown) }
}

impl Chat {
    /// Answers how the users are, each once, and watches them from now on.
    pub(super) fn watch(
        &mut self,
        (session, id): (SessionId, Option<&str>),
        user: UserSlot,
        uids: &[Id],
        out: &mut impl Sink,
    ) -> Outcome {
        let mut seen = BTreeSet::new();
        let uids: Vec<&Id> = uids.iter().filter(|uid| seen.insert(*uid)).collect();
        let watching = self.presence.watching.get(&session);
        let is_watched = |uid: &Id| {
            let slot = self.users.slot(uid);
            slot.is_some_and(|slot| watching.is_some_and(|watching| watching.contains(slot)))
        };
        let added = uids.iter().filter(|uid| !is_watched(uid)).count();
        if watching.map_or(0, Set::len) + added > self.limits.watched_uids_max {
            return Err(Refusal::BadRequest("uids", "are more than a connection may watch"));
        }
        let slots: Vec<UserSlot> = uids.into_iter().map(|uid| self.users.intern(uid)).collect();
        for &slot in &slots {
            if self.presence.watch(session, slot) {
                self.turn.undo(Undo::Watched(session, slot));
            }
        }
        let own = &self.users[user].uid;
        let users: Vec<UserPresence<'_>> = slots.iter().map(|&slot| state(&self.users[slot], own)).collect();
        out.put(Output::Deliver { to: To::Session(session), event: Event::Presence { id, users: &users } });
        Ok(Reply::Given)
    }

    /// From now on the user is shown as online or offline, and those who watch are told.
    pub(super) fn show(&mut self, user: UserSlot, online: bool, out: &mut impl Sink) {
        self.users[user].shown = online;
        self.turn.undo(Undo::Shown(user, !online));
        self.visitor_shown(user);
        let row = &self.users[user];
        let sees = |session: &&SessionId| {
            self.sessions.find(session).is_some_and(|session| !row.blocks(&self.users[session.user].uid))
        };
        self.receivers.clear();
        self.receivers.extend(self.presence.watchers_of(user).iter().filter(sees));
        if !self.receivers.is_empty() {
            let event = Event::Presence { id: None, users: &[state(row, &row.uid)] };
            out.put(Output::Deliver { to: To::Sessions(&self.receivers), event });
        }
    }
}
