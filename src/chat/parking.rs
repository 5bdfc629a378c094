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

use std::collections::BTreeSet;

use super::Chat;
use super::calling;
use super::history::Reading;
use super::ids::{Id, SessionId};
use super::input::{Command, Identity, Target};
use super::output::{Output, Query, Record, Sink};
use super::permission::Asker;
use super::search::Search;
use super::session::Session;
use crate::base::clock::Now;

/// A request on its way, lent by whoever brings it: most are served at once, and so are never moved nor copied.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    pub(super) session: SessionId,
    pub(super) id: Option<&'r str>,
    pub(super) command: &'r Command<'r>,
    /// It is within the rate and well-formed; that is asked once.
    pub(super) admitted: bool,
}

/// A request that waits.
pub(super) struct Parked {
    pub(super) session: SessionId,
    pub(super) id: Option<Box<str>>,
    command: Command<'static>,
    admitted: bool,
}

impl Parked {
    fn copy_of(request: Request<'_>) -> Parked {
        let Request { session, id, command, admitted } = request;
        Parked { session, id: id.map(Box::from), command: command.clone().into_owned(), admitted }
    }

    fn request(&self) -> Request<'_> {
        let Parked { session, id, command, admitted } = self;
        Request { session: *session, id: id.as_deref(), command, admitted: *admitted }
    }
}

/// What becomes of a request.
#[derive(PartialEq, Eq)]
enum Progress {
    /// It was answered, or needs no answer.
    Done,
    /// It was admitted, and waits for the store.
    Waits,
}

/// The requests that wait, in the order in which they came, and what has been asked.
#[derive(Default)]
pub(super) struct Parking {
    waiting: Vec<Parked>,
    pub(super) calls: calling::Waiting,
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

    /// Whether the store was asked this, and has not answered.
    pub(super) fn is_asked(&self, query: &Query) -> bool {
        self.asked.contains(query)
    }

    /// Drops what a session that has ended was waiting for.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.waiting.retain(|request| request.session != session);
    }

    /// Whether a request or a call waits for the store.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty() || !self.calls.is_empty()
    }

    /// Nothing is waited for any more. Returns the requests that waited; an answer that still comes does no
    /// harm.
    pub(super) fn give_up(&mut self) -> Vec<Parked> {
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
            Record::Forgotten(uid, _) => Query::Forgotten(uid.clone()),
            Record::Forgettable { seen_before, .. } => Query::Forgettable { seen_before: *seen_before },
            Record::Sent { uid, id, .. } => Query::Sent { uid: uid.clone(), id: id.clone() },
            Record::Page(query, _) => Query::Page(query.clone()),
            Record::Cursor(query, _) => Query::Cursor(query.clone()),
            Record::Conversations(query, _) => Query::Conversations(query.clone()),
            Record::Search(query, _) => Query::Search(query.clone()),
            Record::Waiting(query, _) => Query::Waiting(query.clone()),
            Record::LastPush(_) => Query::LastPush,
            Record::Pushes(query, _) => Query::Pushes(query.clone()),
            Record::File(file, _) => Query::File(file.clone()),
            Record::Desk(record) => Query::Desk(record.query()),
        }
    }
}

impl Chat {
    /// A request has come in: it is served, refused or parked.
    pub(super) fn request(&mut self, now: Now, request: Request<'_>, out: &mut impl Sink) {
        let behind = self.parking.waiting.iter().any(|parked| parked.session == request.session);
        if behind {
            self.parking.waiting.push(Parked::copy_of(request));
        } else if self.advance(now, request, out) == Progress::Waits {
            self.parking.waiting.push(Parked::copy_of(Request { admitted: true, ..request }));
        }
    }

    /// The store has answered.
    pub(super) fn answer(&mut self, now: Now, record: Record, out: &mut impl Sink) {
        let query = record.query();
        self.parking.asked.remove(&query);
        self.replay_answer(now, &query, &record, out);
        match record {
            Record::User(uid, user) => self.load_user(&uid, user),
            Record::Group(gid, group) => self.load_group(&gid, group),
            Record::Direct(low, high, seq) => self.load_direct(&low, &high, seq),
            Record::Named(uid, named) => self.guests.load_named(&uid, named),
            Record::Guests(until) => self.guests.load_until(until),
            Record::Forgettable { uid, .. } => self.told_whom_to_forget(now, uid, out),
            Record::LastPush(last) => self.pushes.load_last(last),
            Record::File(id, file) => drop(self.filed.insert(id, file)),
            Record::Waiting(..) | Record::Pushes(..) => {}
            Record::Groups(..)
            | Record::Forgotten(..)
            | Record::Page(..)
            | Record::Cursor(..)
            | Record::Conversations(..)
            | Record::Search(..)
            | Record::Sent { .. } => self.parking.at_hand = Some(record),
            Record::Desk(record) => {
                self.parking.at_hand = self.load_desk_record(now, record).map(Record::Desk);
            }
        }
        let mut still = Vec::new();
        let mut blocked = BTreeSet::new();
        for mut parked in std::mem::take(&mut self.parking.waiting) {
            if !blocked.contains(&parked.session) {
                if self.advance(now, parked.request(), out) == Progress::Done {
                    continue;
                }
                parked.admitted = true;
                blocked.insert(parked.session);
            }
            still.push(parked);
        }
        self.parking.waiting = still;
        self.go_on_calling(now, out);
        self.parking.at_hand = None;
        self.go_on_forgetting(now, out);
    }

    /// Asks the store, if that is not under way.
    pub(super) fn ask(&mut self, query: Query, out: &mut impl Sink) {
        if self.parking.asked.insert(query.clone()) {
            out.put(Output::Query(query));
        }
    }

    /// Takes a request as far as it can go.
    fn advance(&mut self, now: Now, request: Request<'_>, out: &mut impl Sink) -> Progress {
        let session = self.sessions.find(&request.session);
        let asker = session.map(Session::asker);
        if session.is_some_and(|session| session.ending) {
            // Not heard any more. But if the commit fails the session does not end, and must hear of it.
            self.turn.answered(request.session, request.id);
            return Progress::Done;
        }
        if !request.admitted && !self.admit(now, request, asker, out) {
            return Progress::Done;
        }
        if let Some(query) = self.needs(now, request, asker) {
            self.ask(query, out);
            return Progress::Waits;
        }
        self.serve(now, request, asker, out);
        Progress::Done
    }

    /// What the core must know before it can serve the request, and does not.
    fn needs(&mut self, now: Now, request: Request<'_>, asker: Option<Asker>) -> Option<Query> {
        match request.command {
            Command::Login(Identity::NewGuest { .. }, _) => self.guests.needs_number(),
            Command::Login(Identity::Guest { uid, .. }, resume) => self
                .guests
                .needs_until()
                .or_else(|| self.needs_user(uid))
                .or_else(|| self.needs_desk_at_login(resume.as_ref())),
            // One after the other: nobody is let into groups before it is known who it is.
            Command::Login(Identity::Known(grant), resume) => self
                .guests
                .needs_until()
                .or_else(|| self.needs_user(&grant.uid))
                .or_else(|| grant.groups.iter().find_map(|gid| self.needs_group(gid)))
                .or_else(|| self.needs_desk_at_login(resume.as_ref())),
            Command::Join { gid }
            | Command::Leave { gid }
            | Command::Members { gid, .. }
            | Command::Typing { target: Target::Group(gid) } => self.needs_group(gid),
            Command::Group { gid, draft } => self
                .needs_group(gid)
                .or_else(|| self.needs_file(draft.file.as_ref()))
                .or_else(|| self.needs_sent(asker?, request)),
            Command::Pm { uid, draft } => self
                .needs_direct(asker?.user, uid)
                .or_else(|| self.needs_file(draft.file.as_ref()))
                .or_else(|| self.needs_sent(asker?, request)),
            Command::Act { gid, act } => self.needs_act(gid, act),
            Command::Groups { listing, cursor } => self.needs_groups(asker?.user, *listing, cursor.as_ref()),
            Command::History { target, bounds, limit } => {
                let reading = Reading { target, bounds: *bounds, limit: *limit };
                self.needs_page(now, asker?, reading)
            }
            Command::Typing { target: Target::Ticket(ticket) } => self.needs_ticket(*ticket),
            Command::Desk(at_desk) => self.needs_at_desk(now, asker?, request, at_desk),
            Command::Recall { target, seq } => self.needs_recall(now, asker?, target, *seq),
            Command::Conversations { cursor, limit } => {
                self.needs_conversations(asker?.user, cursor.clone(), *limit)
            }
            Command::Read { target, .. } => self.needs_cursor(now, asker?, target),
            Command::Search { query, target, cursor, limit } => {
                let search = Search { query, target: target.as_ref(), cursor: *cursor, limit: *limit };
                self.needs_search(now, asker?, search)
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
