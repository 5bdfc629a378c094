//! Who is gone, and for how long that is borne; and what silence ends.
//!
//! A visitor who has gone keeps the place in the queue for a while, and has left a message then. An agent who has gone
//! keeps the tickets for a while; then they wait again, where they were. Whoever is back within that time finds all as
//! before. A ticket in which nobody speaks is closed, and that is told before.
//!
//! Whether somebody is gone follows from the sessions that there are, which no failed turn brings back: so after one it
//! is looked at who is gone without anybody having seen it. Tested in `tests/chat/desk_graces.rs`, `desk_idle.rs`.

use super::names::{ClosedBy, Desk, Duty, TicketState, Withdrawal};
use super::queue::{Idle, Ticket};
use crate::base::clock::{Millis, Now};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::output::Sink;
use crate::chat::user::UserSlot;

impl Chat {
    /// The desk is as before the process began: whoever is not here yet has just gone.
    pub(super) fn begin_again(&mut self, now: Now, number: TicketId, silent_ms: u64) {
        let Some(mut ticket) = self.desk.tickets.get(number).cloned() else { return };
        match ticket.state() {
            TicketState::Waiting => ticket.grace = Some(self.visitor_grace(now)),
            TicketState::Open => ticket.idle = self.idle_after(now, &ticket, silent_ms),
            TicketState::Offline | TicketState::Closed => {}
        }
        if let Some(holder) = ticket.record.agent.as_ref().filter(|_| ticket.state() == TicketState::Open) {
            let mut agent = super::Agent::new(&holder.name);
            agent.grace = Some(self.agent_grace(now));
            self.desk.agents.put(&holder.uid, Some(agent));
        }
        self.desk.tickets.put(number, Some(ticket));
    }

    fn visitor_grace(&self, now: Now) -> Millis {
        now.mono.plus_ms(self.limits.desk.visitor_grace_ms)
    }

    fn agent_grace(&self, now: Now) -> Millis {
        now.mono.plus_ms(self.limits.desk.agent_grace_ms)
    }

    /// When silence ends a ticket in which nobody has spoken for so long.
    pub(super) fn idle_after(&self, now: Now, ticket: &Ticket, silent_ms: u64) -> Option<Idle> {
        let rules = self.desk.settings_of(&ticket.record.desk);
        let close_ms = rules.idle_close_seconds.saturating_mul(1_000);
        let notice_ms = rules.idle_notice_seconds.saturating_mul(1_000).min(close_ms);
        if close_ms == 0 || ticket.state() != TicketState::Open {
            return None;
        }
        // Nobody is closed without a word.
        let closes = now.mono.plus_ms(close_ms.saturating_sub(silent_ms).max(notice_ms));
        Some(Idle { closes, notice: Some(Millis(closes.0.saturating_sub(notice_ms))) })
    }

    /// A session of a user who may be an agent has begun.
    pub(in crate::chat) fn agent_comes(&mut self, uid: &Id) {
        if self.desk.agents.get(uid).is_some_and(|agent| agent.grace.is_some()) {
            self.change_agent(uid, |agent| agent.grace = None);
        }
        self.unsettle_desks_of(uid);
    }

    /// A session of a user has ended, or is no agent's any more.
    pub(in crate::chat) fn agent_goes(&mut self, now: Now, uid: &Id, desks: Option<&[Desk]>) {
        self.unsettle_desks(desks);
        let grace = self.agent_grace(now);
        if !self.desk.agents.is_there(uid)
            && self.desk.agents.get(uid).is_some_and(|agent| agent.grace.is_none())
        {
            self.change_agent(uid, |agent| {
                (agent.grace, agent.desks) = (Some(grace), desks.map(<[Desk]>::to_vec));
            });
        }
    }

    /// The desks that an agent is for are to be looked at.
    pub(super) fn unsettle_desks_of(&mut self, uid: &Id) {
        let desks = self.desk.agents.desks_of(uid);
        self.unsettle_desks(desks.as_deref());
    }

    fn unsettle_desks(&mut self, desks: Option<&[Desk]>) {
        let tickets = &self.desk.tickets;
        match desks {
            None => self.desk.unsettled.extend(tickets.queues().cloned()),
            Some(desks) => {
                let meant = desks.iter().cloned().chain([Desk::default()]);
                self.desk.unsettled.extend(meant.filter(|desk| tickets.has_queue(desk)));
            }
        }
    }

    /// A user has logged in: who waits, or has left a message, is told how it is.
    pub(in crate::chat) fn visitor_comes(
        &mut self,
        now: Now,
        session: SessionId,
        user: UserSlot,
        out: &mut impl Sink,
    ) {
        let uid = &self.users[user].uid;
        let Some(ticket) = self.desk.tickets.of_visitor(uid) else { return };
        let (number, state, desk) = (ticket.record.ticket, ticket.state(), ticket.record.desk.clone());
        if ticket.grace.is_some() {
            self.touch_ticket(number, |ticket| ticket.grace = None);
        }
        if state == TicketState::Offline && self.finds_open(now, &desk) {
            self.queue_up(now, number, out);
        } else {
            self.tell_visitor(now, number, Some(session), out);
        }
    }

    /// A message that was left is a ticket that waits, behind all others.
    pub(super) fn queue_up(&mut self, now: Now, number: TicketId, out: &mut impl Sink) {
        self.change_ticket(number, |ticket| {
            let record = ticket.record_mut();
            (record.state, record.since) = (TicketState::Waiting, now.unix.max(record.since));
        });
        self.keep_ticket(number, out);
        self.tell_later(number);
    }

    /// The last session of a user has ended.
    pub(in crate::chat) fn visitor_goes(&mut self, now: Now, user: UserSlot) {
        let Some(ticket) = self.desk.tickets.of_visitor(&self.users[user].uid) else { return };
        let number = ticket.record.ticket;
        if ticket.state() == TicketState::Waiting && ticket.grace.is_none() {
            let grace = self.visitor_grace(now);
            self.touch_ticket(number, |ticket| ticket.grace = Some(grace));
        }
    }

    /// Whoever watches a visitor's ticket is told that the visitor is there, or not.
    pub(in crate::chat) fn visitor_shown(&mut self, user: UserSlot) {
        if let Some(ticket) = self.desk.tickets.of_visitor(&self.users[user].uid) {
            self.tell_agents_later(ticket.record.ticket);
        }
    }

    /// After a failed turn: who has gone in it has a grace from now on.
    pub(super) fn miss_who_has_gone(&mut self, now: Now) {
        let (visitor_grace, agent_grace) = (self.visitor_grace(now), self.agent_grace(now));
        let is_missed = |ticket: &&Ticket| {
            ticket.state() == TicketState::Waiting
                && ticket.grace.is_none()
                && !self.is_here(&ticket.record.visitor.uid)
        };
        for mut ticket in self.desk.tickets.all().filter(is_missed).cloned().collect::<Vec<_>>() {
            ticket.grace = Some(visitor_grace);
            self.desk.tickets.put(ticket.record.ticket, Some(ticket));
        }
        let agents = &self.desk.agents;
        let missed = agents.all().filter(|(uid, agent)| agent.grace.is_none() && !agents.is_there(uid));
        for (uid, mut agent) in missed.map(|(uid, agent)| (uid.clone(), agent.clone())).collect::<Vec<_>>() {
            agent.grace = Some(agent_grace);
            self.desk.agents.put(&uid, Some(agent));
        }
    }

    /// What is due at the desk by now.
    pub(in crate::chat) fn end_waits(&mut self, now: Now, out: &mut impl Sink) {
        if !self.desk.loaded || self.desk.paused_until.is_some_and(|until| now.mono < until) {
            return;
        }
        if self.desk.hours.is_some_and(|at| at <= now.mono) {
            self.look_at_hours(now);
        }
        while let Some(uid) = self.desk.agents.due(now.mono) {
            self.give_agent_up(now, &uid, out);
        }
        while let Some(number) = self.desk.tickets.due(now.mono) {
            self.wake_ticket(now, number, out);
        }
    }

    fn wake_ticket(&mut self, now: Now, number: TicketId, out: &mut impl Sink) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= now.mono);
        if is_due(ticket.grace) {
            self.change_ticket(number, |ticket| {
                ticket.grace = None;
                ticket.record_mut().state = TicketState::Offline;
            });
            self.keep_ticket(number, out);
            self.tell_later(number);
        } else if is_due(ticket.offers.until) {
            self.pass_offer_on(number, Withdrawal::Expired, out);
        } else if is_due(ticket.offers.rests) {
            self.change_ticket(number, |ticket| {
                ticket.offers.rests = None;
                ticket.offers.had.clear();
            });
        } else if is_due(ticket.idle.and_then(|idle| idle.notice)) {
            self.touch_ticket(number, |ticket| {
                ticket.idle = ticket.idle.map(|idle| Idle { notice: None, ..idle });
            });
            self.tell_later(number);
        } else {
            self.end_ticket(now, number, ClosedBy::Idle, out);
        }
    }

    /// An agent does not come back: what was held waits again.
    fn give_agent_up(&mut self, now: Now, uid: &Id, out: &mut impl Sink) {
        self.change_agent(uid, |agent| (agent.grace, agent.duty) = (None, Duty::Away));
        for number in self.desk.tickets.of_holder(uid).collect::<Vec<_>>() {
            self.requeue(now, number, out);
        }
        self.tell_duty(uid, out);
        self.dismiss(uid);
    }

    /// A ticket that somebody held waits again, since when it waited before. A message that was left stays one, unless
    /// its visitor is there and the desk answers.
    pub(super) fn requeue(&mut self, now: Now, number: TicketId, out: &mut impl Sink) {
        let Some(ticket) = self.desk.tickets.get(number).cloned() else { return };
        let is_here = self.is_here(&ticket.record.visitor.uid);
        let is_answered = is_here && self.finds_open(now, &ticket.record.desk);
        let stays = ticket.state() == TicketState::Offline && !is_answered;
        let state = if stays { TicketState::Offline } else { TicketState::Waiting };
        // Who is gone already has no more time for that.
        let grace = ticket.grace.unwrap_or_else(|| self.visitor_grace(now));
        self.change_ticket(number, |ticket| {
            let record = ticket.record_mut();
            (record.state, record.agent) = (state, None);
            ticket.grace = (!is_here && !stays).then_some(grace);
            ticket.idle = None;
        });
        let position = self.desk.tickets.get(number).and_then(|ticket| self.desk.tickets.position(ticket));
        self.touch_ticket(number, |ticket| ticket.began_at = position.unwrap_or(1));
        self.keep_ticket(number, out);
        self.tell_later(number);
    }

    /// An agent who is neither here nor holds anything is not remembered.
    pub(super) fn dismiss(&mut self, uid: &Id) {
        if self.desk.agents.is_there(uid) || self.desk.tickets.held_by(uid) > 0 {
            return;
        }
        if let Some(before) = self.desk.agents.put(uid, None) {
            let step = crate::chat::turn::Undo::Agent(uid.clone(), Some(Box::new(before)));
            self.turn.undo(step);
        }
    }
}
