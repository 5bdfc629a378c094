//! Places in the queue: which was told to whom, and how long it takes from one to the next.
//!
//! When a queue changes, the places of all behind the change do. They are looked at once in so many milliseconds
//! ([`DESK_TOLD_EVERY_MS`](crate::base::limits::DESK_TOLD_EVERY_MS)) for each desk, and whose place is another than was
//! told is told, if that was not just now. So a queue that moves quickly costs each visitor one message a second.
//!
//! How long somebody still waits is guessed from the last twenty who were claimed: how long each waited, for each place
//! that was to go. What is told here is not undone when a turn fails, for it is told anew.
//! Tested in `tests/chat/desk_queue.rs`.

use std::collections::{BTreeMap, VecDeque};

use super::names::Desk;
use crate::base::clock::{Millis, Now};
use crate::chat::Chat;
use crate::chat::ids::TicketId;
use crate::chat::output::Sink;

/// Claims from which the waiting time is guessed.
const SAMPLES_MAX: usize = 20;
/// Desks of which claims are remembered.
const DESKS_MAX: usize = 1_000;

#[derive(Debug, Default)]
struct Sweep {
    due: Option<Millis>,
    last: Option<Millis>,
}

/// What is known of places.
#[derive(Debug, Default)]
pub(super) struct Places {
    sweeps: BTreeMap<Desk, Sweep>,
    told: BTreeMap<TicketId, (Option<u64>, Millis)>,
    /// Milliseconds for each place, of the last claims.
    samples: BTreeMap<Desk, VecDeque<u64>>,
    /// Those of this turn.
    fresh: Vec<(Desk, u64)>,
}

impl Places {
    /// A queue has changed.
    pub(super) fn stir(&mut self, desk: &Desk, now: Millis) {
        if !self.sweeps.contains_key(desk) {
            self.sweeps.insert(desk.clone(), Sweep::default());
        }
        if let Some(sweep) = self.sweeps.get_mut(desk) {
            sweep.due.get_or_insert(now);
        }
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.sweeps.values().filter_map(|sweep| sweep.due).min()
    }

    /// The visitor knows of this place.
    pub(super) fn told(&mut self, ticket: TicketId, position: Option<u64>, now: Millis) {
        self.told.insert(ticket, (position, now));
    }

    pub(super) fn forget(&mut self, ticket: TicketId) {
        self.told.remove(&ticket);
    }

    /// Somebody was claimed who had this place when it began, after so long.
    pub(super) fn claimed(&mut self, desk: &Desk, waited_ms: u64, began_at: u64) {
        self.fresh.push((desk.clone(), waited_ms / began_at.max(1)));
    }

    pub(super) fn committed(&mut self) {
        // Names of desks are anybody's to make up.
        if self.samples.len() > DESKS_MAX {
            self.samples.clear();
        }
        for (desk, sample) in self.fresh.drain(..) {
            let samples = self.samples.entry(desk).or_default();
            if samples.len() == SAMPLES_MAX {
                samples.pop_front();
            }
            samples.push_back(sample);
        }
    }

    pub(super) fn failed(&mut self) {
        self.fresh.clear();
        self.told.clear();
    }

    /// How long somebody at this place still waits, in seconds.
    pub(super) fn wait_s(&self, desk: &Desk, position: u64) -> Option<u64> {
        let mut samples: Vec<u64> = self.samples.get(desk)?.iter().copied().collect();
        samples.sort_unstable();
        let median = samples.get(samples.len() / 2)?;
        Some((median * position).div_ceil(1_000))
    }
}

impl Chat {
    /// Tells visitors of their places where the queue has moved.
    pub(super) fn tell_places(&mut self, now: Now, out: &mut impl Sink) {
        let every_ms = self.limits.desk.told_every_ms;
        let due =
            self.desk.places.sweeps.iter().filter(|(_, sweep)| sweep.due.is_some_and(|at| at <= now.mono));
        for desk in due.map(|(desk, _)| desk.clone()).collect::<Vec<_>>() {
            let last = self.desk.places.sweeps.get(&desk).and_then(|sweep| sweep.last);
            let mut again = last.map(|last| last.plus_ms(every_ms)).filter(|at| *at > now.mono);
            let is_early = again.is_some();
            if !is_early {
                again = self.sweep(now, &desk, out);
            }
            if let Some(sweep) = self.desk.places.sweeps.get_mut(&desk) {
                sweep.due = again;
                if !is_early {
                    sweep.last = Some(now.mono);
                }
            }
        }
        let is_over = |sweep: &Sweep| {
            sweep.due.is_none() && sweep.last.is_none_or(|at| at.plus_ms(every_ms) <= now.mono)
        };
        self.desk.places.sweeps.retain(|_, sweep| !is_over(sweep));
    }

    /// When some who were just told are to be told again.
    fn sweep(&mut self, now: Now, desk: &Desk, out: &mut impl Sink) -> Option<Millis> {
        let mut again: Option<Millis> = None;
        let waiting: Vec<TicketId> = self.desk.tickets.waiting(desk).collect();
        for (position, number) in (1..).zip(waiting) {
            let told = self.desk.places.told.get(&number).copied();
            if told.is_some_and(|(told, _)| told == Some(position)) {
                continue;
            }
            let Some(ticket) = self.desk.tickets.get(number) else { continue };
            if !self.is_here(&ticket.record.visitor.uid) {
                continue;
            }
            let from = told.map_or(Millis::default(), |(_, at)| at.plus_ms(self.limits.desk.told_every_ms));
            if told.is_some() && from > now.mono {
                again = Some(again.map_or(from, |again| again.min(from)));
            } else {
                self.tell_visitor_at(now, number, Some(position), None, out);
            }
        }
        again
    }
}
