//! The tickets that the core holds, and the order in which they wait.
//!
//! Every ticket that is not closed is here, and closed ones for the turn that needs them. Whoever changes one puts the
//! whole of it ([`Tickets::put`]), and all that is found by other ways than its number follows: the queues, whose
//! ticket it is, who holds it, who is offered it, when it wakes. So a step back is to put what was there before.
//!
//! Invariants: a visitor has one ticket that is not closed; one that is open has one holder; one that is neither
//! waiting nor offline is in no queue and offered to nobody. Tested in `tests/chat/desk_queue.rs` and simulated.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::Preview;
use super::names::{Desk, TicketState};
use super::record::TicketRecord;
use crate::base::clock::{Millis, UnixMillis};
use crate::chat::ids::{Id, TicketId};

/// To whom a ticket is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) to: BTreeSet<Id>,
    /// When it goes on to the next; `None` where all are asked at once.
    pub(super) until: Option<Millis>,
    /// Who has had it in this round, or does not want it.
    pub(super) had: BTreeSet<Id>,
    /// All have had it: the next round begins then.
    pub(super) rests: Option<Millis>,
}

/// How silence ends a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Idle {
    pub(super) closes: Millis,
    /// When it is told that it will be closed; `None`: that was told.
    pub(super) notice: Option<Millis>,
}

/// A ticket. What is large is shared, so that a copy costs little.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Ticket {
    pub(super) record: Arc<TicketRecord>,
    pub(super) seq: u64,
    pub(super) last: Option<Arc<Preview>>,
    pub(super) offers: Offers,
    pub(super) idle: Option<Idle>,
    /// The visitor is gone, and loses the place then.
    pub(super) grace: Option<Millis>,
    /// Whom the visitor had before.
    pub(super) sticky: Option<Id>,
    /// The place in the queue when it was opened.
    pub(super) began_at: u64,
}

impl Ticket {
    /// What is kept of it, to be changed.
    pub(super) fn record_mut(&mut self) -> &mut TicketRecord {
        Arc::make_mut(&mut self.record)
    }

    pub(super) fn state(&self) -> TicketState {
        self.record.state
    }

    /// Who has it.
    pub(super) fn holder(&self) -> Option<&Id> {
        let agent = self.record.agent.as_ref().filter(|_| self.state() == TicketState::Open)?;
        Some(&agent.uid)
    }

    /// When something is due.
    fn wakes(&self) -> Option<Millis> {
        let idle = self.idle.map(|idle| idle.notice.unwrap_or(idle.closes));
        [self.offers.until, self.offers.rests, self.grace, idle].into_iter().flatten().min()
    }

    fn place(&self) -> Option<Place> {
        let record = &self.record;
        record.state.is_queued().then(|| Place {
            is_offline: record.state == TicketState::Offline,
            priority: Reverse(record.priority),
            since: record.since,
            ticket: record.ticket,
        })
    }
}

/// A place in a queue. Messages that were left come behind whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    is_offline: bool,
    priority: Reverse<i32>,
    since: UnixMillis,
    ticket: TicketId,
}

/// The tickets.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    rows: BTreeMap<TicketId, Ticket>,
    queues: BTreeMap<Desk, BTreeSet<Place>>,
    of_visitors: BTreeMap<Id, TicketId>,
    of_holders: BTreeMap<Id, BTreeSet<TicketId>>,
    /// Those that are offered to somebody.
    on_offer: BTreeMap<Desk, BTreeSet<TicketId>>,
    /// How many are offered to this agent alone.
    alone: BTreeMap<Id, usize>,
    due: BTreeSet<(Millis, TicketId)>,
    closed: BTreeSet<TicketId>,
}

impl Tickets {
    pub(super) fn get(&self, ticket: TicketId) -> Option<&Ticket> {
        self.rows.get(&ticket)
    }

    /// All of them, by number.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Ticket> {
        self.rows.values()
    }

    /// Those that are not closed, by number.
    pub(super) fn not_closed(&self) -> impl DoubleEndedIterator<Item = &Ticket> {
        self.all().filter(|ticket| ticket.state() != TicketState::Closed)
    }

    pub(super) fn not_closed_count(&self) -> usize {
        self.rows.len() - self.closed.len()
    }

    /// The closed ones that are here.
    pub(super) fn closed(&self) -> &BTreeSet<TicketId> {
        &self.closed
    }

    /// The one of a visitor that is not closed.
    pub(super) fn of_visitor(&self, uid: &Id) -> Option<&Ticket> {
        self.rows.get(self.of_visitors.get(uid)?)
    }

    /// Those that an agent holds, by number.
    pub(super) fn of_holder(&self, uid: &Id) -> impl DoubleEndedIterator<Item = TicketId> {
        self.of_holders.get(uid).into_iter().flatten().copied()
    }

    /// How many an agent holds.
    pub(super) fn held_by(&self, uid: &Id) -> usize {
        self.of_holders.get(uid).map_or(0, BTreeSet::len)
    }

    /// How many are offered to this agent alone.
    pub(super) fn alone_with(&self, uid: &Id) -> usize {
        self.alone.get(uid).copied().unwrap_or(0)
    }

    /// Those of a desk that wait, in order.
    pub(super) fn waiting(&self, desk: &Desk) -> impl Iterator<Item = TicketId> {
        self.queued(desk).take_while(|place| !place.is_offline).map(|place| place.ticket)
    }

    /// Messages that were left for a desk, in order.
    pub(super) fn offline(&self, desk: &Desk) -> impl Iterator<Item = TicketId> {
        self.queued(desk).skip_while(|place| !place.is_offline).map(|place| place.ticket)
    }

    fn queued(&self, desk: &Desk) -> impl Iterator<Item = &Place> {
        self.queues.get(desk).into_iter().flatten()
    }

    /// The desks in whose queue something is.
    pub(super) fn queues(&self) -> impl Iterator<Item = &Desk> {
        self.queues.keys()
    }

    /// Whether something is in the queue of a desk.
    pub(super) fn has_queue(&self, desk: &Desk) -> bool {
        self.queues.contains_key(desk)
    }

    /// The first to be offered: those that wait, or, if there are none, messages that were left.
    pub(super) fn first(&self, desk: &Desk, tickets_max: usize) -> Vec<TicketId> {
        let is_offline = self.queued(desk).next().is_some_and(|place| place.is_offline);
        let first = self.queued(desk).take_while(|place| place.is_offline == is_offline);
        first.take(tickets_max).map(|place| place.ticket).collect()
    }

    /// Those of a desk that are offered to somebody.
    pub(super) fn on_offer(&self, desk: &Desk) -> Vec<TicketId> {
        self.on_offer.get(desk).into_iter().flatten().copied().collect()
    }

    /// Which place a ticket that waits has: 1 is next.
    pub(super) fn position(&self, ticket: &Ticket) -> Option<u64> {
        let place = ticket.place().filter(|place| !place.is_offline)?;
        let before = self.queued(&ticket.record.desk).take_while(|other| **other < place).count();
        Some(before as u64 + 1)
    }

    /// When the first wakes.
    pub(super) fn next_due(&self) -> Option<Millis> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The first that wakes by now.
    pub(super) fn due(&self, now: Millis) -> Option<TicketId> {
        self.due.first().filter(|(at, _)| *at <= now).map(|(_, ticket)| *ticket)
    }

    /// A ticket is like this from now on, or not here any more. Returns what was there.
    pub(super) fn put(&mut self, number: TicketId, ticket: Option<Ticket>) -> Option<Ticket> {
        let before = self.rows.remove(&number);
        if let Some(before) = &before {
            self.unlink(number, before);
        }
        if let Some(ticket) = ticket {
            self.link(number, &ticket);
            self.rows.insert(number, ticket);
        }
        before
    }

    fn unlink(&mut self, number: TicketId, ticket: &Ticket) {
        let record = &ticket.record;
        if let Some(place) = ticket.place() {
            take_from(&mut self.queues, &record.desk, &place);
        }
        if self.of_visitors.get(&record.visitor.uid) == Some(&number) {
            self.of_visitors.remove(&record.visitor.uid);
        }
        if let Some(holder) = ticket.holder() {
            take_from(&mut self.of_holders, holder, &number);
        }
        if !ticket.offers.to.is_empty() {
            take_from(&mut self.on_offer, &record.desk, &number);
        }
        for uid in ticket.offers.to.iter().filter(|_| ticket.offers.until.is_some()) {
            if let Some(count) = self.alone.get_mut(uid) {
                *count -= 1;
                if *count == 0 {
                    self.alone.remove(uid);
                }
            }
        }
        if let Some(at) = ticket.wakes() {
            self.due.remove(&(at, number));
        }
        self.closed.remove(&number);
    }

    fn link(&mut self, number: TicketId, ticket: &Ticket) {
        let record = &ticket.record;
        if let Some(place) = ticket.place() {
            self.queues.entry(record.desk.clone()).or_default().insert(place);
        }
        if record.state == TicketState::Closed {
            self.closed.insert(number);
        } else {
            self.of_visitors.insert(record.visitor.uid.clone(), number);
        }
        if let Some(holder) = ticket.holder() {
            self.of_holders.entry(holder.clone()).or_default().insert(number);
        }
        if !ticket.offers.to.is_empty() {
            self.on_offer.entry(record.desk.clone()).or_default().insert(number);
        }
        for uid in ticket.offers.to.iter().filter(|_| ticket.offers.until.is_some()) {
            *self.alone.entry(uid.clone()).or_default() += 1;
        }
        if let Some(at) = ticket.wakes() {
            self.due.insert((at, number));
        }
    }
}

fn take_from<K: Ord, T: Ord>(sets: &mut BTreeMap<K, BTreeSet<T>>, key: &K, item: &T) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(item);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
