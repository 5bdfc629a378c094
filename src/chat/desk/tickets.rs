//! What becomes of a ticket: claimed, handed over, closed, tagged, rated.
//!
//! Whoever may do what is in `standing.rs`; here is how it is done. Each is stored as the whole ticket, and told when
//! the input is done. Tested in `tests/chat/desk_story.rs`, `desk_transfer.rs`, `desk_tags.rs` and `desk_rating.rs`.

use super::names::{ClosedBy, Desk, Duty, TicketState, Withdrawal};
use super::queue::Offers;
use super::telling::Former;
use super::{Deed, Person, Receiver, TicketRecord, Visitor};
use crate::base::clock::{Now, UnixMillis};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::output::{Refusal, Sink};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};

impl TicketRecord {
    /// A ticket that was just opened.
    pub(super) fn opened(
        ticket: TicketId,
        desk: Desk,
        visitor: Visitor,
        state: TicketState,
        time: UnixMillis,
    ) -> TicketRecord {
        TicketRecord {
            ticket,
            desk,
            visitor,
            state,
            agent: None,
            priority: 0,
            tags: Vec::new(),
            opened: time,
            since: time,
            claimed: None,
            replied: None,
            closed: None,
            by: None,
            stars: None,
            comment: None,
            transfers: 0,
        }
    }
}

impl Chat {
    pub(super) fn claim(
        &mut self,
        now: Now,
        asker: Asker,
        session: SessionId,
        number: TicketId,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Claim)?;
        let uid = self.must_be_agent(asker, session)?;
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        if ticket.holder() == Some(&uid) {
            return Ok(Reply::Ack(None));
        }
        if self.room_of(&uid) == 0 {
            return Err(Refusal::Conflict("you hold as many tickets as you can"));
        }
        let waited_ms = now.unix.0.saturating_sub(ticket.record.opened.0);
        if ticket.state() == TicketState::Waiting && ticket.record.claimed.is_none() {
            let (desk, began_at) = (ticket.record.desk.clone(), ticket.began_at);
            self.desk.places.claimed(&desk, waited_ms, began_at);
        }
        self.remember(asker.user, out);
        let agent = Person { uid, name: self.users[asker.user].name.as_str().into() };
        self.withdraw(number, Withdrawal::Claimed, Some(&agent), out);
        self.hand_to(now, number, agent, out);
        Ok(Reply::Ack(None))
    }

    /// A ticket is this agent's from now on.
    pub(super) fn hand_to(&mut self, now: Now, number: TicketId, agent: Person, out: &mut impl Sink) {
        let uid = agent.uid.clone();
        let former = self.desk.tickets.get(number).and_then(|ticket| ticket.holder().cloned());
        let name = agent.name.clone();
        self.change_agent(&uid, |row| {
            row.idle_since = now.mono;
            if row.name.is_empty() {
                row.name = name;
            }
        });
        self.change_ticket(number, |ticket| {
            let record = ticket.record_mut();
            record.claimed.get_or_insert(now.unix);
            (record.state, record.agent) = (TicketState::Open, Some(agent));
            (ticket.offers, ticket.grace) = (Offers::default(), None);
        });
        self.watch_silence(now, number);
        self.keep_ticket(number, out);
        self.tell_later(number);
        for uid in former.into_iter().chain([uid]) {
            self.unsettle_desks_of(&uid);
            self.tell_duty(&uid, out);
        }
    }

    /// From now on silence is counted.
    pub(super) fn watch_silence(&mut self, now: Now, number: TicketId) {
        let idle = self.desk.tickets.get(number).and_then(|ticket| self.idle_after(now, ticket, 0));
        self.touch_ticket(number, |ticket| ticket.idle = idle);
    }

    pub(super) fn close(&mut self, now: Now, asker: Asker, number: TicketId, out: &mut impl Sink) -> Outcome {
        self.may_do(asker, number, Deed::Close)?;
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        let is_visitor = ticket.record.visitor.uid == self.users[asker.user].uid;
        let by = if is_visitor { ClosedBy::Visitor } else { ClosedBy::Agent };
        self.end_ticket(now, number, by, out);
        Ok(Reply::Ack(None))
    }

    /// Closes a ticket. One that is closed stays as it is.
    pub(super) fn end_ticket(&mut self, now: Now, number: TicketId, by: ClosedBy, out: &mut impl Sink) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        if ticket.state() == TicketState::Closed {
            return;
        }
        let holder = ticket.holder().cloned();
        self.withdraw(number, Withdrawal::Closed, None, out);
        self.change_ticket(number, |ticket| {
            let record = ticket.record_mut();
            (record.state, record.closed, record.by) = (TicketState::Closed, Some(now.unix), Some(by));
            (ticket.offers, ticket.grace, ticket.idle) = (Offers::default(), None, None);
        });
        self.keep_ticket(number, out);
        self.tell_later(number);
        if let Some(uid) = holder {
            self.is_rid_of_one(now, &uid, out);
        }
    }

    /// An agent holds one ticket less.
    fn is_rid_of_one(&mut self, now: Now, uid: &Id, out: &mut impl Sink) {
        if self.desk.agents.get(uid).is_some() {
            self.change_agent(uid, |agent| agent.idle_since = now.mono);
        }
        self.unsettle_desks_of(uid);
        self.tell_duty(uid, out);
    }

    pub(super) fn transfer(
        &mut self,
        now: Now,
        asker: Asker,
        number: TicketId,
        (to, note): (&Receiver, Option<&str>),
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Transfer)?;
        if let Receiver::Agent(uid) = to
            && *uid == self.users[asker.user].uid
        {
            return Err(Refusal::BadRequest("uid", "is yourself"));
        }
        self.may_receive(number, to)?;
        if let Some(note) = note {
            self.write_note(now, asker.user, number, note, out);
        }
        self.hand_over(now, number, to, out);
        Ok(Reply::Ack(None))
    }

    /// Whether a ticket can be handed over to this one.
    pub(super) fn may_receive(&self, number: TicketId, to: &Receiver) -> Result<(), Refusal> {
        let Receiver::Agent(uid) = to else { return Ok(()) };
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        if ticket.record.visitor.uid == *uid {
            return Err(Refusal::BadRequest("uid", "is the visitor"));
        }
        let is_there = self.desk.agents.is_there(uid);
        let agent = self.desk.agents.get(uid).filter(|agent| is_there && agent.duty != Duty::Away);
        if agent.is_none() {
            return Err(Refusal::Conflict("this agent is not on duty"));
        }
        if ticket.holder() != Some(uid) && self.room_of(uid) == 0 {
            return Err(Refusal::Conflict("this agent holds as many tickets as can be"));
        }
        Ok(())
    }

    /// Hands a ticket over, which may be done.
    pub(super) fn hand_over(&mut self, now: Now, number: TicketId, to: &Receiver, out: &mut impl Sink) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let (former_desk, former) = (ticket.record.desk.clone(), ticket.holder().cloned());
        match to {
            Receiver::Agent(uid) if ticket.holder() == Some(uid) => return,
            Receiver::Agent(uid) => {
                let row = self.desk.agents.get(uid);
                let known = self.users.find(uid).map(|user| Box::from(user.name.as_str()));
                let name = known.or_else(|| row.map(|row| row.name.clone())).unwrap_or_default();
                let agent = Person { uid: uid.clone(), name };
                self.withdraw(number, Withdrawal::Moved, None, out);
                self.touch_ticket(number, |ticket| ticket.record_mut().transfers += 1);
                self.hand_to(now, number, agent, out);
            }
            Receiver::Desk(desk) => {
                self.withdraw(number, Withdrawal::Moved, None, out);
                self.touch_ticket(number, |ticket| {
                    let record = ticket.record_mut();
                    record.transfers += 1;
                    record.desk = desk.clone();
                    ticket.offers = Offers::default();
                });
                self.desk.unsettled.insert(former_desk.clone());
                self.requeue(now, number, out);
                if let Some(former) = &former {
                    self.is_rid_of_one(now, former, out);
                }
            }
        }
        self.tell_of_move(number, Former { desk: Some(former_desk), holder: former });
    }

    pub(super) fn tag(
        &mut self,
        asker: Asker,
        number: TicketId,
        tags: &[Box<str>],
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Tag)?;
        self.set_tags(number, tags, out);
        Ok(Reply::Ack(None))
    }

    pub(super) fn set_tags(&mut self, number: TicketId, tags: &[Box<str>], out: &mut impl Sink) {
        self.touch_ticket(number, |ticket| {
            let kept = &mut ticket.record_mut().tags;
            kept.clear();
            for tag in tags {
                if !kept.contains(tag) {
                    kept.push(tag.clone());
                }
            }
        });
        self.keep_ticket(number, out);
        self.tell_agents_later(number);
    }

    pub(super) fn rate(
        &mut self,
        now: Now,
        asker: Asker,
        number: TicketId,
        (stars, comment): (u8, Option<&str>),
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Rate)?;
        let closed =
            self.desk.tickets.get(number).and_then(|ticket| ticket.record.closed).unwrap_or_default();
        if now.unix.0.saturating_sub(closed.0) > self.limits.desk.rate_ms {
            return Err(Refusal::Conflict("the ticket was closed too long ago"));
        }
        // Who comes back after a deletion leaves something that can be deleted.
        self.remember(asker.user, out);
        let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
        self.touch_ticket(number, |ticket| {
            let record = ticket.record_mut();
            (record.stars, record.comment) = (Some(stars), comment.map(Box::from));
        });
        self.keep_ticket(number, out);
        self.tell_later(number);
        Ok(Reply::Ack(None))
    }
}
