//! How long a session is held by its token, and what the token allows meanwhile.
//!
//! A token of the site's back end ends at a time of day; deadlines are counted on the clock that never jumps.
//! So the deadline is reckoned once, when the token comes, and whoever sets the date later neither lengthens
//! nor cuts a session. A session whose deadline has passed is ended, unless another token of the same user has
//! come before (`refresh`). A guest's token has no end.
//!
//! A refresh takes over `exp` and role, since what a session may do follows from the token that holds now.
//! Name and groups are matters of the login.
//!
//! Invariant: the list of deadlines has exactly those of the sessions in the table that are not ending; an
//! undone turn puts both back. The tutorial has no tokens. Tested in `tests/chat/expiry.rs`.

use std::collections::BTreeSet;

use super::Chat;
use super::desk::Post;
use super::ids::SessionId;
use super::input::{Grant, Role};
use super::output::{Event, Farewell, Output, Refusal, Sink, To};
use super::reply::{Outcome, Reply};
use super::turn::Undo;
use crate::base::clock::{Millis, Now};

/// What holds a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hold {
    pub(super) role: Role,
    /// `None` for guests.
    pub(super) until: Option<Millis>,
}

impl Hold {
    /// By a token.
    pub(super) fn of(grant: &Grant, now: Now) -> Hold {
        let left_ms = grant.holds_until.0.saturating_sub(now.unix.0);
        Hold { role: grant.role, until: Some(now.mono.plus_ms(left_ms)) }
    }
}

/// The deadlines.
#[derive(Default)]
pub(super) struct Expiry {
    due: BTreeSet<(Millis, SessionId)>,
}

impl Expiry {
    /// When the next session is to be ended.
    pub(super) fn next(&self) -> Option<Millis> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The session is held by this no more.
    pub(super) fn forget(&mut self, session: SessionId, hold: Hold) {
        if let Some(at) = hold.until {
            self.due.remove(&(at, session));
        }
    }

    fn set(&mut self, session: SessionId, hold: Hold) {
        if let Some(at) = hold.until {
            self.due.insert((at, session));
        }
    }
}

impl Chat {
    /// From now on the session is held by this. A session that has gone is held by nothing.
    pub(super) fn hold_by(&mut self, session: SessionId, hold: Hold) {
        if let Some(row) = self.sessions.find_mut(&session) {
            self.expiry.forget(session, row.hold());
            row.hold_by(hold);
            self.expiry.set(session, hold);
        }
    }

    /// A session that was to end goes on: the order is undone.
    pub(super) fn go_on(&mut self, session: SessionId) {
        if let Some(row) = self.sessions.find_mut(&session) {
            row.ending = false;
            self.expiry.set(session, row.hold());
        }
    }

    /// Puts another token in the place of the session's.
    pub(super) fn refresh(
        &mut self,
        now: Now,
        (session, id): (SessionId, Option<&str>),
        grant: Option<&Grant>,
        out: &mut impl Sink,
    ) -> Outcome {
        let Some(row) = self.sessions.find(&session) else { return Err(Refusal::LoginRequired) };
        // A guest's uid is not the site's to speak for, so there is no token that a guest could bring.
        let user = &self.users[row.user];
        let Some(grant) = grant.filter(|grant| grant.uid == user.uid && !user.guest) else {
            return Err(Refusal::Unauthorized);
        };
        self.turn.undo(Undo::Refreshed(session, row.hold()));
        self.hold_by(session, Hold::of(grant, now));
        self.change_post(now, session, Post::of(grant));
        let event = Event::Refreshed { id, exp_s: grant.exp_s };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// Ends the sessions whose tokens no longer hold.
    pub(super) fn end_expired(&mut self, now: Millis, out: &mut impl Sink) {
        while let Some(&(at, session)) = self.expiry.due.first().filter(|(at, _)| *at <= now) {
            self.expiry.due.remove(&(at, session));
            self.end(session, Farewell::TokenExpired, out);
        }
    }
}
