//! Users whom the site's back end sends away: their sessions end, and who is banned does not come in again.
//!
//! A ban of a user is none of a group's sanctions: it keeps out of the daemon altogether. It stands in the row of the
//! user and in the store, for a term or until it is lifted, and ends by itself. What the user said stays, as do the
//! memberships, and what is said to the user meanwhile waits.
//!
//! A login of somebody who is banned is refused with `forbidden`, and the connection ends as it does for whoever is
//! banned while there. A guest who is banned is forgotten after the same time as any other, and the ban with him.
//!
//! The tutorial's `close()` is for broken connections. Tested in `tests/chat/banning.rs`.

use super::Chat;
use super::act::Term;
use super::call::{Answer, UserView};
use super::ids::{CallId, Id};
use super::output::{Farewell, Output, Refusal, Sink, Store};
use super::turn::Undo;
use super::user::{User, UserSlot};
use crate::base::clock::Now;

impl User {
    /// As a back end sees a user of a loaded row.
    pub(super) fn view(&self, now: Now) -> UserView<'_> {
        UserView {
            uid: &self.uid,
            name: &self.name,
            guest: self.guest,
            sessions: self.sessions.len(),
            last: self.last().filter(|_| self.sessions.is_empty()),
            groups: self.groups.len(),
            ban: self.ban().filter(|term| term.is_in_force(now.unix)),
        }
    }
}

impl Chat {
    /// Whether a user may be here at all.
    pub(super) fn may_enter(&self, now: Now, user: UserSlot) -> Result<(), Refusal> {
        match self.users[user].ban() {
            Some(term) if term.is_in_force(now.unix) => Err(Refusal::Forbidden),
            _ => Ok(()),
        }
    }

    pub(super) fn show_user(
        &mut self,
        now: Now,
        call: CallId,
        uid: &Id,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let user = self.there(uid)?;
        out.put(Output::Answer { call, answer: Answer::User(self.user_view(now, user)) });
        Ok(())
    }

    /// A user of whom there is anything: stored, or here.
    fn there(&self, uid: &Id) -> Result<UserSlot, Refusal> {
        let user = self.users.slot(uid).ok_or(Refusal::NotFound)?;
        let row = &self.users[user];
        if row.stored || !row.sessions.is_empty() { Ok(user) } else { Err(Refusal::NotFound) }
    }

    fn user_view(&self, now: Now, user: UserSlot) -> UserView<'_> {
        self.users[user].view(now)
    }

    pub(super) fn disconnect(&mut self, call: CallId, uid: &Id, out: &mut impl Sink) -> Result<(), Refusal> {
        let user = self.there(uid)?;
        let sessions = self.send_away(user, Farewell::Kicked, out);
        out.put(Output::Answer { call, answer: Answer::Disconnected { sessions } });
        Ok(())
    }

    /// Ends every session of a user. How many.
    pub(super) fn send_away(&mut self, user: UserSlot, why: Farewell, out: &mut impl Sink) -> usize {
        let mut sessions = self.users[user].sessions.as_slice().to_vec();
        sessions.retain(|session| self.sessions.find(session).is_some_and(|row| !row.ending));
        for session in &sessions {
            self.end(*session, why, out);
        }
        sessions.len()
    }

    pub(super) fn ban(
        &mut self,
        now: Now,
        call: CallId,
        uid: &Id,
        seconds: Option<u64>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let user = self.users.intern(uid);
        let term = Term::from_seconds(now.unix, seconds);
        self.acquaint(user, out);
        self.set_ban(user, term, out);
        if term.is_some() {
            self.send_away(user, Farewell::Banned, out);
        }
        out.put(Output::Answer { call, answer: Answer::User(self.user_view(now, user)) });
        Ok(())
    }

    pub(super) fn unban(
        &mut self,
        now: Now,
        call: CallId,
        uid: &Id,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let user = self.there(uid)?;
        if self.may_enter(now, user).is_ok() {
            return Err(Refusal::NotFound);
        }
        self.set_ban(user, None, out);
        out.put(Output::Answer { call, answer: Answer::Removed });
        Ok(())
    }

    fn set_ban(&mut self, user: UserSlot, term: Option<Term>, out: &mut impl Sink) {
        let before = self.users[user].set_ban(term);
        if before == term {
            return;
        }
        self.turn.undo(Undo::Banned(user, before));
        out.put(Output::Store(Store::Ban { uid: &self.users[user].uid, term }));
    }
}
