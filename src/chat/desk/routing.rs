//! How tickets find agents: by offers.
//!
//! Where the desk says `claim`, the first tickets of the queue are offered to every agent who is online and has room;
//! whoever claims first has the ticket. Otherwise a ticket is offered to one agent at a time, for some seconds, and goes
//! on to the next who has not had it in this round; when all have had it, it rests for as long, and a new round begins.
//! An offer to one alone takes up room until it ends, so nobody is offered more than can be held.
//!
//! The queue is gone through in its order, so of two tickets that an agent may have the earlier is offered first.
//! Messages that were left are offered when nobody waits. What is offered is not stored.
//! Tested in `tests/chat/desk_routing.rs` and simulated.

use std::collections::{BTreeMap, BTreeSet};

use super::agents::Agent;
use super::names::{Desk, Duty, Routing, Withdrawal};
use super::queue::Ticket;
use super::{Deed, DeskEvent, DeskSettings, Person};
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::output::{Event, Output, Refusal, Sink, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};

impl Chat {
    /// Brings the offers of a desk's tickets to what they are to be.
    pub(super) fn route(&mut self, now: Now, desk: &Desk, out: &mut impl Sink) {
        let first = self.desk.tickets.first(desk, self.limits.desk.offers_per_desk_max);
        for number in self.desk.tickets.on_offer(desk) {
            if !first.contains(&number) {
                self.withdraw(number, Withdrawal::Moved, None, out);
            }
        }
        if first.is_empty() {
            return;
        }
        let rules = self.desk.settings_of(desk);
        let online = self.online(desk);
        for number in first {
            match rules.routing {
                Routing::Claim => self.offer_to_all(now, number, &online, out),
                _ => self.offer_to_one(now, number, &rules, &online, out),
            }
        }
    }

    /// Who takes tickets of a desk now, by uid, and how many more each.
    fn online(&self, desk: &Desk) -> BTreeMap<Id, usize> {
        let agents = &self.desk.agents;
        let watches = |uid: &Id| agents.posts_of(uid).any(|(_, post)| post.watches && post.serves(desk));
        let online = agents.all().filter(|(uid, agent)| agent.duty == Duty::Online && watches(uid));
        online.map(|(uid, _)| (uid.clone(), self.room_of(uid))).filter(|(_, room)| *room > 0).collect()
    }

    fn offer_to_all(
        &mut self,
        now: Now,
        number: TicketId,
        online: &BTreeMap<Id, usize>,
        out: &mut impl Sink,
    ) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let visitor = &ticket.record.visitor.uid;
        let wanted = |uid: &&Id| !ticket.offers.had.contains(*uid) && *uid != visitor;
        let to: BTreeSet<Id> = online.keys().filter(wanted).cloned().collect();
        if ticket.offers.until.is_some() {
            // The rules are others than when it was offered.
            self.withdraw(number, Withdrawal::Moved, None, out);
        }
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let added: Vec<Id> = to.difference(&ticket.offers.to).cloned().collect();
        let removed: Vec<Id> = ticket.offers.to.difference(&to).cloned().collect();
        if added.is_empty() && removed.is_empty() {
            return;
        }
        self.touch_ticket(number, |ticket| (ticket.offers.to, ticket.offers.rests) = (to, None));
        self.tell_withdrawn(number, &removed, Withdrawal::Moved, None, out);
        if let Some(ticket) = self.desk.tickets.get(number) {
            self.tell_offer(now, ticket, &self.watching_sessions(&added), out);
        }
    }

    fn offer_to_one(
        &mut self,
        now: Now,
        number: TicketId,
        rules: &DeskSettings,
        online: &BTreeMap<Id, usize>,
        out: &mut impl Sink,
    ) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let has_it = |uid: &Id| online.contains_key(uid);
        if !ticket.offers.to.is_empty() {
            if ticket.offers.until.is_some() && ticket.offers.to.iter().all(has_it) {
                return;
            }
            self.withdraw(number, Withdrawal::Moved, None, out);
        }
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let free = |(uid, room): &(&Id, &usize)| {
            **uid != ticket.record.visitor.uid && **room > self.desk.tickets.alone_with(uid)
        };
        let pool: Vec<&Id> = online.iter().filter(free).map(|(uid, _)| uid).collect();
        let fresh = pool.iter().copied().filter(|uid| !ticket.offers.had.contains(*uid));
        let offer_ms = rules.offer_seconds.saturating_mul(1_000);
        let until = now.mono.plus_ms(offer_ms);
        let Some(chosen) = self.choose(ticket, rules, fresh.collect()).cloned() else {
            if !pool.is_empty() && ticket.offers.rests.is_none() {
                self.touch_ticket(number, |ticket| ticket.offers.rests = Some(until));
            }
            return;
        };
        let turn = self.desk.agents.next_turn();
        self.change_agent(&chosen, |agent| agent.turn = turn);
        self.touch_ticket(number, |ticket| {
            ticket.offers.to = BTreeSet::from([chosen.clone()]);
            (ticket.offers.until, ticket.offers.rests) = (Some(until), None);
        });
        if let Some(ticket) = self.desk.tickets.get(number) {
            self.tell_offer(now, ticket, &self.watching_sessions(&[chosen]), out);
        }
    }

    /// Who of these is asked first.
    fn choose<'a>(&self, ticket: &Ticket, rules: &DeskSettings, fresh: Vec<&'a Id>) -> Option<&'a Id> {
        let sticky = ticket.sticky.as_ref().filter(|_| rules.sticky);
        if let Some(known) = sticky.and_then(|sticky| fresh.iter().find(|uid| **uid == sticky)) {
            return Some(known);
        }
        let rank = |uid: &&Id| {
            let agent = self.desk.agents.get(uid);
            let turn = agent.map_or(0, |agent: &Agent| agent.turn);
            let load = self.desk.tickets.held_by(uid) + self.desk.tickets.alone_with(uid);
            match rules.routing {
                Routing::LeastLoaded => (load as u64, turn),
                Routing::LongestIdle => (agent.map_or(0, |agent| agent.idle_since.0), turn),
                Routing::Claim | Routing::RoundRobin => (turn, 0),
            }
        };
        // By uid where all else is equal, since that is their order.
        fresh.into_iter().min_by_key(rank)
    }

    /// Tells these sessions that they may claim a ticket.
    pub(super) fn tell_offer(&self, now: Now, ticket: &Ticket, sessions: &[SessionId], out: &mut impl Sink) {
        if sessions.is_empty() {
            return;
        }
        let waited_s = now.unix.0.saturating_sub(ticket.record.opened.0) / 1_000;
        let expires_ms = ticket.offers.until.map(|until| until.ms_since(now.mono));
        let offer = DeskEvent::Offer { ticket: self.view(now, ticket), waited_s, expires_ms };
        out.put(Output::Deliver { to: To::Sessions(sessions), event: Event::Desk(offer) });
    }

    /// Ends all offers of a ticket.
    pub(super) fn withdraw(
        &mut self,
        number: TicketId,
        why: Withdrawal,
        agent: Option<&Person>,
        out: &mut impl Sink,
    ) {
        let Some(ticket) = self.desk.tickets.get(number) else { return };
        let from: Vec<Id> = ticket
            .offers
            .to
            .iter()
            .filter(|uid| agent.is_none_or(|agent| agent.uid != **uid))
            .cloned()
            .collect();
        if ticket.offers.to.is_empty() && ticket.offers.until.is_none() {
            return;
        }
        self.touch_ticket(number, |ticket| {
            ticket.offers.to.clear();
            ticket.offers.until = None;
        });
        self.tell_withdrawn(number, &from, why, agent, out);
    }

    /// An offer to one alone ends without a claim: the next is asked.
    pub(super) fn pass_offer_on(&mut self, number: TicketId, why: Withdrawal, out: &mut impl Sink) {
        self.change_ticket(number, |ticket| {
            let had: Vec<Id> = ticket.offers.to.iter().cloned().collect();
            ticket.offers.had.extend(had);
        });
        self.withdraw(number, why, None, out);
    }

    /// Gives an offer back. One that has ended meanwhile is given back already.
    pub(super) fn decline(&mut self, asker: Asker, number: TicketId, out: &mut impl Sink) -> Outcome {
        self.may_do(asker, number, Deed::Decline)?;
        let uid = self.users[asker.user].uid.clone();
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        if ticket.offers.to.contains(&uid) {
            self.change_ticket(number, |ticket| {
                ticket.offers.to.remove(&uid);
                ticket.offers.until = None;
                ticket.offers.had.insert(uid.clone());
            });
            self.tell_withdrawn(number, &[uid], Withdrawal::Declined, None, out);
        }
        Ok(Reply::Ack(None))
    }
}
