//! Logging in, and the end of a session.
//!
//! A session is in the table from its login to its end. Before that the core knows nothing of it: whoever
//! is not in the table may only log in and ping. A user may have many sessions; each gets whatever is
//! addressed to the user.
//!
//! Invariants: a user with a session is loaded; a logged-in session is subscribed to [`TOPIC_ALL`] and to
//! the topic of every group of which its user is a member, but for those that its replay has still to bring, and
//! to nothing else. What is said to a topic
//! about a session that has gone needs no `Unsubscribe`: the end of a session takes it off every topic.
//!
//! The tutorial's `login` case, which believes that a connection is a user.
//! Tested in `tests/chat/login.rs`.

use super::Chat;
use super::desk::Post;
use super::expiry::Hold;
use super::ids::{Id, SessionId, TOPIC_ALL};
use super::input::{Identity, Resume, Role};
use super::output::{Event, Farewell, Output, Refusal, Sink, Store, To};
use super::permission::{Asker, Deed, Warrant};
use super::reply::{Outcome, Reply};
use super::room::GroupSlot;
use super::turn::Undo;
use super::user::{self, UserSlot};
use crate::base::clock::{Millis, Now};
use crate::base::keyed::Keyed;

const NEVER: Millis = Millis(u64::MAX);

/// One logged-in connection.
pub(super) struct Session {
    session: SessionId,
    pub(super) user: UserSlot,
    /// What the token allows.
    pub(super) role: Role,
    /// When the token ends; never, for guests.
    until: Millis,
    /// Its end has been ordered; it is not heard any more.
    pub(super) ending: bool,
}

const _: () = assert!(size_of::<Session>() <= 24);

impl Keyed for Session {
    type Key = SessionId;

    fn key(&self) -> &SessionId {
        &self.session
    }
}

impl Session {
    /// Who asks by this session.
    pub(super) fn asker(&self) -> Asker {
        Asker { user: self.user, warrant: Warrant::Token(self.role) }
    }

    /// What holds it.
    pub(super) fn hold(&self) -> Hold {
        Hold { role: self.role, until: (self.until != NEVER).then_some(self.until) }
    }

    pub(super) fn hold_by(&mut self, hold: Hold) {
        (self.role, self.until) = (hold.role, hold.until.unwrap_or(NEVER));
    }
}

impl Chat {
    /// The user of a session.
    pub(super) fn user_of(&self, session: SessionId) -> Result<UserSlot, Refusal> {
        self.sessions.find(&session).map(|session| session.user).ok_or(Refusal::LoginRequired)
    }

    pub(super) fn login(
        &mut self,
        now: Now,
        (session, id): (SessionId, Option<&str>),
        (identity, resume): (&Identity<'_>, Option<&Resume>),
        out: &mut impl Sink,
    ) -> Outcome {
        let (user, hold, groups) = match identity {
            Identity::NewGuest { name } => {
                let name = user::trimmed(name.as_deref(), &self.limits)?;
                (self.new_guest(name, out)?, Hold::default(), &[][..])
            }
            Identity::Guest { uid, name } => {
                let name = user::trimmed(name.as_deref(), &self.limits)?;
                let user = self.users.intern(uid);
                self.may_enter(now, user)?;
                (self.guest(uid, name, out)?, Hold::default(), &[][..])
            }
            Identity::Known(grant) => {
                let name = user::trimmed(grant.name.as_deref(), &self.limits)?;
                let user = self.users.intern(&grant.uid);
                self.may_enter(now, user)?;
                (self.known(&grant.uid, name, out)?, Hold::of(grant, now), &grant.groups[..])
            }
        };
        self.sessions.insert(Session { session, user, role: Role::default(), until: NEVER, ending: false });
        self.users[user].sessions.insert(session);
        self.turn.undo(Undo::LoggedIn(session));
        self.hold_by(session, hold);
        self.begin_replay(session, user, resume);
        let row = &self.users[user];
        let event = Event::Login { id, uid: &row.uid, name: &row.name, guest: row.guest };
        out.put(Output::Deliver { to: To::Session(session), event });
        out.put(Output::Subscribe { session, topic: TOPIC_ALL });
        for &group in row.groups.as_slice() {
            if !self.replays.brings(session, &self.groups[group].conversation) {
                out.put(Output::Subscribe { session, topic: GroupSlot::topic(group) });
            }
        }
        self.see_in_passing(now, user, out);
        self.appear(user, out);
        if let Identity::Known(grant) = identity {
            self.take_post(session, Post::of(grant));
        }
        self.visitor_comes(now, session, user, out);
        let asker = Asker { user, warrant: Warrant::Token(hold.role) };
        for gid in groups {
            let group = self.groups.intern(gid);
            // A ban, a group that is full, or one too many, keeps nobody out of all the others.
            let _ = self.may(now, asker, group, Deed::Enlist).and_then(|()| self.enter(user, group, out));
        }
        Ok(Reply::Given)
    }

    fn new_guest(&mut self, name: Option<&str>, out: &mut impl Sink) -> Result<UserSlot, Refusal> {
        let uid = self.guests.take().ok_or(Refusal::Conflict("there are no guest numbers left"))?;
        if let Some(before) = self.guests.reserve() {
            self.turn.undo(Undo::Reserved(before));
            out.put(Output::Store(Store::Guests { until: self.guests.until() }));
        }
        self.load_user(&uid, None);
        let slot = self.users.intern(&uid);
        // Nothing in the store names this number.
        (self.users[slot].waits, self.users[slot].pushes_wait) = (false, false);
        self.users[slot].guest = true;
        self.name_at_login(slot, name, out);
        Ok(slot)
    }

    /// A guest who comes back. Whoever is stored as no guest is not to be had by a guest's token.
    fn guest(&mut self, uid: &Id, name: Option<&str>, out: &mut impl Sink) -> Result<UserSlot, Refusal> {
        self.guests.name(uid);
        let slot = self.users.intern(uid);
        if self.users[slot].stored && !self.users[slot].guest {
            return Err(Refusal::Unauthorized);
        }
        self.users[slot].guest = true;
        self.name_at_login(slot, name, out);
        Ok(slot)
    }

    /// Somebody with a token of the site's. A uid that a guest has or had is refused: whoever got it would
    /// inherit the guest's messages.
    fn known(&mut self, uid: &Id, name: Option<&str>, out: &mut impl Sink) -> Result<UserSlot, Refusal> {
        self.guests.name(uid);
        let slot = self.users.intern(uid);
        // Of a user who is stored the store knows it. A guest who is not, or not any more, is known by number.
        let row = &self.users[slot];
        if row.guest || !row.stored && self.guests.gave(uid) {
            return Err(Refusal::Unauthorized);
        }
        self.name_at_login(slot, name, out);
        // Stored at once, so that the numbers of guests pass this uid by after a restart too.
        self.remember(slot, out);
        Ok(slot)
    }

    /// The name that was given; or the one before; or one made of the uid.
    pub(super) fn name_at_login(&mut self, slot: UserSlot, name: Option<&str>, out: &mut impl Sink) {
        let user = &self.users[slot];
        match name {
            Some(name) => self.rename(slot, name, out),
            None if !user.name.is_empty() => {}
            None if user.guest => self.rename(slot, &format!("Guest {}", user.uid), out),
            None => self.rename(slot, &user.uid.to_string(), out),
        }
    }

    /// A session has ended. That stays so whatever becomes of the turn.
    pub(super) fn gone(&mut self, now: Now, session: SessionId, out: &mut impl Sink) {
        self.leave_post(now, session);
        self.parking.forget(session);
        self.turn.gone(session);
        if let Some(user) = self.log_out(session)
            && self.users[user].sessions.is_empty()
        {
            self.users[user].leave(now.unix);
            self.presence.begin_grace(user, now.mono.plus_ms(self.limits.presence_grace_ms));
            self.see_in_passing(now, user, out);
            self.wait_again(user, out);
            self.push_again(user, out);
            self.visitor_goes(now, user);
        }
    }

    /// A login was undone after the older sessions of its user had ended: the user departs only now. Whoever
    /// is shown as online has a session, or a grace that runs.
    pub(super) fn depart_late(&mut self, now: Now, user: UserSlot) {
        let row = &mut self.users[user];
        if row.shown && row.sessions.is_empty() && !self.presence.has_grace(user) {
            row.leave(now.unix);
            self.presence.begin_grace(user, now.mono.plus_ms(self.limits.presence_grace_ms));
        }
    }

    /// Ends a session from our side. What it still asks for is not heard.
    pub(super) fn end(&mut self, session: SessionId, why: Farewell, out: &mut impl Sink) {
        if let Some(row) = self.sessions.find_mut(&session) {
            row.ending = true;
            self.expiry.forget(session, row.hold());
        }
        self.turn.undo(Undo::EndOrdered(session));
        out.put(Output::Disconnect { session, why });
    }

    /// Takes a session out of the table, by its end or because its login is undone.
    pub(super) fn log_out(&mut self, session: SessionId) -> Option<UserSlot> {
        let row = self.sessions.number(&session).and_then(|number| self.sessions.remove(number))?;
        let user = row.user;
        self.expiry.forget(session, row.hold());
        self.replays.forget(session);
        self.drop_post(session);
        for released in self.presence.unwatch_all(session) {
            self.users.loosen(released);
        }
        self.users[user].sessions.remove(session);
        if self.users[user].sessions.is_empty() {
            self.turn.left_alone(user);
        }
        Some(user)
    }

    /// Watchers are told of a user who was not shown as online.
    fn appear(&mut self, user: UserSlot, out: &mut impl Sink) {
        if !self.users[user].shown {
            self.show(user, true, out);
        }
    }

    /// The graces that end now.
    pub(super) fn end_graces(&mut self, now: Millis, out: &mut impl Sink) {
        while let Some((user, at)) = self.presence.end_grace(now) {
            self.turn.undo(Undo::GraceEnded(user, at));
            // Somebody who came back within the grace was never shown as gone.
            if self.users[user].sessions.is_empty() && self.users[user].shown {
                self.show(user, false, out);
            }
            self.users.loosen(user);
        }
    }
}
