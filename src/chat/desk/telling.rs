//! Who hears of a ticket, and what.
//!
//! The visitor is told how the own ticket is; agents who watch its desk, and whoever holds it, are told all that is
//! kept of it. Only who may read it is shown what was said last. What is told is told when an input is done, so that
//! several changes are told as one, and behind the answer to the request that made them.
//!
//! A line is told as a whole, and every word that a visitor says in the queue changes it: so of what is said there agents
//! are told once in so many milliseconds ([`DESK_TOLD_EVERY_MS`](crate::base::limits::DESK_TOLD_EVERY_MS)).
//!
//! Tested in `tests/chat/desk_story.rs` and `desk_standing.rs`.

use std::collections::{BTreeSet, VecDeque};

use super::PREVIEW_BYTES;
use super::names::{Desk, TicketState, Withdrawal};
use super::queue::Ticket;
use super::{DeskEvent, Person, Preview, TicketView};
use crate::base::clock::{Millis, Now, UnixMillis};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::input::Role;
use crate::chat::output::{Event, Output, Recall, Sink, To};

/// To whom something is to be told about a ticket.
#[derive(Clone, Debug, Default)]
pub(super) struct Untold {
    visitor: bool,
    agents: bool,
    /// Whose it was, and who are told that it is theirs no more.
    former: Former,
}

/// Whose a ticket was.
#[derive(Clone, Debug, Default)]
pub(super) struct Former {
    pub(super) desk: Option<Desk>,
    pub(super) holder: Option<Id>,
}

/// The lines of queued tickets that agents were told just now.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Until when each is not told again for what is said, in order.
    order: VecDeque<(Millis, TicketId)>,
    fresh: BTreeSet<TicketId>,
    /// Those in which something was said since.
    stale: BTreeSet<TicketId>,
}

impl Lines {
    /// Whether a line, in which something was said, is to be told at once; if not, it is when it is time.
    fn is_due(&mut self, ticket: TicketId) -> bool {
        let is_due = !self.fresh.contains(&ticket);
        if !is_due {
            self.stale.insert(ticket);
        }
        is_due
    }

    fn told(&mut self, ticket: TicketId, until: Millis) {
        self.stale.remove(&ticket);
        if self.fresh.insert(ticket) {
            self.order.push_back((until, ticket));
        }
    }

    /// Takes out what is to be told now.
    fn take_due(&mut self, now: Millis) -> Vec<TicketId> {
        let mut due = Vec::new();
        while let Some((until, ticket)) = self.order.front().copied()
            && until <= now
        {
            self.order.pop_front();
            self.fresh.remove(&ticket);
            if self.stale.remove(&ticket) {
                due.push(ticket);
            }
        }
        due
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.order.front().filter(|_| !self.stale.is_empty()).map(|(until, _)| *until)
    }

    /// What was told in a failed turn has reached nobody.
    pub(super) fn failed(&mut self) {
        self.stale.clone_from(&self.fresh);
    }
}

/// What is shown of an entry.
pub(super) fn preview(uid: &Id, name: &str, content: &str, recall: Recall, time: UnixMillis) -> Preview {
    let mut end = content.len().min(PREVIEW_BYTES);
    while !content.is_char_boundary(end) {
        end -= 1;
    }
    let content = if recall == Recall::None { &content[..end] } else { "" };
    Preview { uid: uid.clone(), name: name.into(), content: content.into(), time }
}

impl Chat {
    /// Everybody whom it concerns is told how a ticket is, when the input is done.
    pub(super) fn tell_later(&mut self, ticket: TicketId) {
        let untold = self.desk.untold.entry(ticket).or_default();
        (untold.visitor, untold.agents) = (true, true);
    }

    /// The same, the visitor left out.
    pub(in crate::chat) fn tell_agents_later(&mut self, ticket: TicketId) {
        self.desk.untold.entry(ticket).or_default().agents = true;
    }

    /// Something is said in a ticket that is queued.
    pub(super) fn tell_line(&mut self, ticket: TicketId) {
        if self.desk.lines.is_due(ticket) {
            self.tell_agents_later(ticket);
        }
    }

    /// The same, and those whose it was.
    pub(super) fn tell_of_move(&mut self, ticket: TicketId, former: Former) {
        self.tell_later(ticket);
        let untold = self.desk.untold.entry(ticket).or_default();
        untold.former.desk = untold.former.desk.take().or(former.desk);
        untold.former.holder = untold.former.holder.take().or(former.holder);
    }

    pub(super) fn tell_untold(&mut self, now: Now, out: &mut impl Sink) {
        for number in self.desk.lines.take_due(now.mono) {
            if self.desk.tickets.get(number).is_some_and(|ticket| ticket.state().is_queued()) {
                self.tell_agents_later(number);
            }
        }
        while let Some((number, untold)) = self.desk.untold.pop_first() {
            if untold.visitor {
                self.tell_visitor(now, number, None, out);
            }
            if untold.agents {
                self.tell_agents(now, number, &untold.former, out);
                if self.desk.tickets.get(number).is_some_and(|ticket| ticket.state().is_queued()) {
                    self.desk.lines.told(number, now.mono.plus_ms(self.limits.desk.told_every_ms));
                }
            }
        }
    }

    /// How a ticket is.
    pub(super) fn view<'a>(&'a self, now: Now, ticket: &'a Ticket) -> TicketView<'a> {
        let position = self.desk.tickets.position(ticket);
        self.view_at(now, ticket, position)
    }

    /// The same where the place in the queue is known.
    pub(super) fn view_at<'a>(
        &'a self,
        now: Now,
        ticket: &'a Ticket,
        position: Option<u64>,
    ) -> TicketView<'a> {
        let record = &*ticket.record;
        let closing_ms = ticket.idle.filter(|idle| idle.notice.is_none());
        TicketView {
            record,
            seq: ticket.seq,
            last: ticket.last.as_deref(),
            position,
            wait_s: position.and_then(|position| self.desk.places.wait_s(&record.desk, position)),
            online: self.is_here(&record.visitor.uid),
            closing_ms: closing_ms.map(|idle| idle.closes.ms_since(now.mono)),
        }
    }

    /// Whether a user has a session.
    pub(super) fn is_here(&self, uid: &Id) -> bool {
        self.users.find(uid).is_some_and(|user| !user.sessions.is_empty())
    }

    /// Tells the visitor how the ticket is: on this session, or on all.
    pub(super) fn tell_visitor(
        &mut self,
        now: Now,
        number: TicketId,
        session: Option<SessionId>,
        out: &mut impl Sink,
    ) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let position = self.desk.tickets.position(ticket);
        self.tell_visitor_at(now, number, position, session, out);
    }

    /// The same where the place in the queue is known.
    pub(super) fn tell_visitor_at(
        &mut self,
        now: Now,
        number: TicketId,
        position: Option<u64>,
        session: Option<SessionId>,
        out: &mut impl Sink,
    ) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let Some(user) = self.users.find(&ticket.record.visitor.uid) else { return };
        if user.sessions.is_empty() {
            return;
        }
        let view = self.view_at(now, ticket, position);
        let to = session.map_or(To::Sessions(user.sessions.as_slice()), To::Session);
        out.put(Output::Deliver { to, event: Event::Desk(DeskEvent::Ticket(view)) });
        self.desk.places.told(number, position, now.mono);
    }

    /// The sessions that hear of a ticket of this desk: of those who may read it, and of all others.
    fn watchers(&self, ticket: &Ticket) -> (Vec<SessionId>, Vec<SessionId>) {
        let (mut readers, mut others) = (Vec::new(), Vec::new());
        let holder = ticket.holder();
        for (session, post) in self.desk.agents.posts() {
            let is_holder = holder == Some(&post.uid);
            let is_concerned = is_holder || post.watches && post.serves(&ticket.record.desk);
            if !is_concerned {
                continue;
            }
            let oversees = self.sessions.find(&session).is_some_and(|row| row.role == Role::Admin);
            let is_visitor = ticket.record.visitor.uid == post.uid;
            let reads = is_holder || oversees || is_visitor || ticket.state() != TicketState::Open;
            if reads { readers.push(session) } else { others.push(session) }
        }
        (readers, others)
    }

    fn tell_agents(&self, now: Now, number: TicketId, former: &Former, out: &mut impl Sink) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let (readers, mut others) = self.watchers(ticket);
        if former.desk.is_some() || former.holder.is_some() {
            let was_theirs = |post: &super::Post| {
                former.holder.as_ref() == Some(&post.uid)
                    || post.watches && former.desk.as_ref().is_some_and(|desk| post.serves(desk))
            };
            let posts = self.desk.agents.posts().filter(|(_, post)| was_theirs(post));
            let sessions = posts.map(|(session, _)| session);
            others.extend(sessions.filter(|session| !readers.contains(session)));
            others.sort_unstable();
            others.dedup();
        }
        let view = self.view(now, ticket);
        if !others.is_empty() {
            let view = TicketView { last: None, ..view.clone() };
            let event = Event::Desk(DeskEvent::Line(view));
            out.put(Output::Deliver { to: To::Sessions(&others), event });
        }
        if !readers.is_empty() {
            out.put(Output::Deliver {
                to: To::Sessions(&readers),
                event: Event::Desk(DeskEvent::Line(view)),
            });
        }
    }

    /// The sessions of agents who watch this desk and may read this ticket, and of whoever holds it.
    pub(super) fn readers(&self, number: TicketId) -> Vec<SessionId> {
        self.desk.tickets.get(number).map_or_else(Vec::new, |ticket| self.watchers(ticket).0)
    }

    /// Ends the offers of a ticket that these have, by telling them.
    pub(super) fn tell_withdrawn(
        &self,
        number: TicketId,
        from: &[Id],
        why: Withdrawal,
        agent: Option<&Person>,
        out: &mut impl Sink,
    ) {
        let sessions = self.watching_sessions(from);
        if !sessions.is_empty() {
            let event = Event::Desk(DeskEvent::Withdrawn { ticket: number, why, agent });
            out.put(Output::Deliver { to: To::Sessions(&sessions), event });
        }
    }

    /// The sessions by which these agents watch.
    pub(super) fn watching_sessions(&self, agents: &[Id]) -> Vec<SessionId> {
        let posts = agents.iter().flat_map(|uid| self.desk.agents.posts_of(uid));
        posts.filter(|(_, post)| post.watches).map(|(session, _)| session).collect()
    }
}
