//! Requests that wait for the store.
//!
//! Before a request is served, [`Chat::needs`] names what the core must know for it and does not. That is
//! asked of the store, and the request waits, as a copy of its own, until the answer is in; then `needs` is
//! asked again, because a request may need one thing after the other. Requests of one session are served in
//! the order in which they came; those of other sessions may overtake. Whoever serves a request may so
//! presume that everything it names is loaded.
//!
//! An answer says what the store holds at the moment it is handed in, in the transaction that is open then.
//! Most answers are loaded and stay. What is of use to one request only is *at hand* while the waiting requests
//! are gone through, and the first that it fits takes it.
//! One that nobody waits for is harmless. Nothing is asked twice while it is under way. A failed turn ends
//! the waiting (`turn.rs`).
//!
//! Tested in `tests/chat/parking.rs`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Chat;
use super::history::Reading;
use super::ids::{Id, SessionId};
use super::input::{Command, Identity, Target};
use super::output::{Output, Query, Record, Sink};
use super::search::Search;
use crate::base::clock::Now;

/// A request on its way.
pub(super) struct Request<'a> {
    pub(super) session: SessionId,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) command: Command<'a>,
    /// It is within the rate and well-formed; that is asked once.
    pub(super) admitted: bool,
}

impl Request<'_> {
    fn into_owned(self) -> Request<'static> {
        Request {
            session: self.session,
            id: self.id.map(|id| Cow::Owned(id.into_owned())),
            command: self.command.into_owned(),
            admitted: self.admitted,
        }
    }
}

/// The requests that wait, in the order in which they came, and what has been asked.
#[derive(Default)]
pub(super) struct Parking {
    waiting: Vec<Request<'static>>,
    asked: BTreeSet<Query>,
    /// An answer that serves one request and is kept nowhere.
    pub(super) at_hand: Option<Record>,
}

impl Parking {
    /// The question, unless its answer is at hand.
    pub(super) fn unless_at_hand(&self, query: Query) -> Option<Query> {
        let is_at_hand = self.at_hand.as_ref().is_some_and(|record| record.query() == query);
        (!is_at_hand).then_some(query)
    }

    /// Drops what a session that has ended was waiting for.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.waiting.retain(|request| request.session != session);
    }

    /// Whether a request waits for the store.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nothing is waited for any more. Returns the requests that waited; an answer that still comes does no
    /// harm.
    pub(super) fn give_up(&mut self) -> Vec<Request<'static>> {
        self.asked.clear();
        std::mem::take(&mut self.waiting)
    }
}

impl Record {
    /// The question that it answers.
    pub(super) fn query(&self) -> Query {
        match self {
            Record::User(uid, _) => Query::User(uid.clone()),
            Record::Group(gid, _) => Query::Group(gid.clone()),
            Record::Groups(page, _) => Query::Groups(page.clone()),
            Record::Direct(low, high, _) => Query::Direct(low.clone(), high.clone()),
            Record::Named(uid, _) => Query::Named(uid.clone()),
            Record::Guests(_) => Query::Guests,
            Record::Forgettable { seen_before, .. } => Query::Forgettable { seen_before: *seen_before },
            Record::Sent { uid, id, .. } => Query::Sent { uid: uid.clone(), id: id.clone() },
            Record::Page(query, _) => Query::Page(query.clone()),
            Record::Cursor(query, _) => Query::Cursor(query.clone()),
            Record::Conversations(query, _) => Query::Conversations(query.clone()),
            Record::Search(query, _) => Query::Search(query.clone()),
            Record::Waiting(query, _) => Query::Waiting(query.clone()),
        }
    }
}

impl Chat {
    /// A request has come in: it is served, refused or parked.
    pub(super) fn request(&mut self, now: Now, request: Request<'_>, out: &mut impl Sink) {
        let behind = self.parking.waiting.iter().any(|parked| parked.session == request.session);
        let waits = if behind { Some(request) } else { self.advance(now, request, out) };
        if let Some(request) = waits {
            self.parking.waiting.push(request.into_owned());
        }
    }

    /// The store has answered.
    pub(super) fn answer(&mut self, now: Now, record: Record, out: &mut impl Sink) {
        let query = record.query();
        self.parking.asked.remove(&query);
        self.replay_answer(&query, &record, out);
        match record {
            Record::User(uid, user) => self.load_user(&uid, user),
            Record::Group(gid, group) => self.load_group(&gid, group),
            Record::Direct(low, high, seq) => self.load_direct(&low, &high, seq),
            Record::Named(uid, named) => self.guests.load_named(&uid, named),
            Record::Guests(until) => self.guests.load_until(until),
            Record::Forgettable { uid, .. } => self.told_whom_to_forget(now, uid, out),
            Record::Waiting(..) => {}
            Record::Groups(..)
            | Record::Page(..)
            | Record::Cursor(..)
            | Record::Conversations(..)
            | Record::Search(..)
            | Record::Sent { .. } => self.parking.at_hand = Some(record),
        }
        let mut still = Vec::new();
        let mut blocked = BTreeSet::new();
        for request in std::mem::take(&mut self.parking.waiting) {
            let session = request.session;
            let waits =
                if blocked.contains(&session) { Some(request) } else { self.advance(now, request, out) };
            if let Some(request) = waits {
                blocked.insert(session);
                still.push(request);
            }
        }
        self.parking.waiting = still;
        self.parking.at_hand = None;
        self.go_on_forgetting(now, out);
    }

    /// Asks the store, if that is not under way.
    pub(super) fn ask(&mut self, query: Query, out: &mut impl Sink) {
        if self.parking.asked.insert(query.clone()) {
            out.put(Output::Query(query));
        }
    }

    /// Takes a request as far as it can go, and hands it back if it must wait.
    fn advance<'a>(
        &mut self,
        now: Now,
        mut request: Request<'a>,
        out: &mut impl Sink,
    ) -> Option<Request<'a>> {
        if self.sessions.get(&request.session).is_some_and(|session| session.ending) {
            // Not heard any more. But if the commit fails the session does not end, and must hear of it.
            self.turn.answered(request.session, request.id.as_deref());
            return None;
        }
        if !request.admitted {
            if !self.admit(now, &request, out) {
                return None;
            }
            request.admitted = true;
        }
        if let Some(query) = self.needs(now, &request) {
            self.ask(query, out);
            return Some(request);
        }
        self.serve(now, request, out);
        None
    }

    /// What the core must know before it can serve the request, and does not.
    fn needs(&mut self, now: Now, request: &Request<'_>) -> Option<Query> {
        match &request.command {
            Command::Login(Identity::NewGuest { .. }, _) => self.guests.needs_number(),
            Command::Login(Identity::Guest { uid, .. }, _) => {
                self.guests.needs_until().or_else(|| self.needs_user(uid))
            }
            // One after the other: nobody is let into groups before it is known who it is.
            Command::Login(Identity::Known(grant), _) => self
                .guests
                .needs_until()
                .or_else(|| self.needs_user(&grant.uid))
                .or_else(|| grant.groups.iter().find_map(|gid| self.needs_group(gid))),
            Command::Join { gid }
            | Command::Leave { gid }
            | Command::Members { gid, .. }
            | Command::Typing { target: Target::Group(gid) } => self.needs_group(gid),
            Command::Group { gid, .. } => self.needs_group(gid).or_else(|| self.needs_sent(request)),
            Command::Pm { uid, .. } => {
                let user = self.user_of(request.session).ok()?;
                self.needs_direct(user, uid).or_else(|| self.needs_sent(request))
            }
            Command::Act { gid, act } => self.needs_act(gid, act),
            Command::Groups { listing, cursor } => {
                let user = self.user_of(request.session).ok()?;
                self.needs_groups(user, *listing, cursor.as_ref())
            }
            Command::History { target, bounds, limit } => {
                let reading = Reading { target, bounds: *bounds, limit: *limit };
                let asker = self.asker(request.session).ok()?;
                self.needs_page(now, asker, reading)
            }
            Command::Recall { target, seq } => {
                let asker = self.asker(request.session).ok()?;
                self.needs_recall(now, asker, target, *seq)
            }
            Command::Conversations { cursor, limit } => {
                let user = self.user_of(request.session).ok()?;
                self.needs_conversations(user, cursor.clone(), *limit)
            }
            Command::Read { target, .. } => {
                let asker = self.asker(request.session).ok()?;
                self.needs_cursor(now, asker, target)
            }
            Command::Search { query, target, cursor, limit } => {
                let search = Search { query, target: target.as_ref(), cursor: *cursor, limit: *limit };
                let asker = self.asker(request.session).ok()?;
                self.needs_search(now, asker, search)
            }
            Command::Ping
            | Command::Refresh(_)
            | Command::Profile { .. }
            | Command::Block { .. }
            | Command::Broadcast { .. }
            | Command::Typing { target: Target::User(_) }
            | Command::Presence { .. } => None,
        }
    }

    pub(super) fn needs_user(&self, uid: &Id) -> Option<Query> {
        let loaded = self.users.find(uid).is_some_and(|user| user.loaded);
        (!loaded).then(|| Query::User(uid.clone()))
    }
}
