//! The deadline step: heads that do not come, peers that fall silent, closings that do not end, output that is
//! not read.
//!
//! The wheel brings a connection up at the earliest tick at which something may be due. What it is, and
//! whether it still is, is worked out here from the state of the connection, which then goes back into the
//! wheel for the next. So bytes that come in put off nothing but a number.
//!
//! The tutorial has none. Tests: `tests/net/deadlines.rs`.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;

use super::conn::State;
use super::{CloseReason, Handler, Server};
use crate::base::deadline::Tick;
use crate::http::Response;

/// A deadline that is looked at so much later than it was due says that turns are too long.
const LATE_MS: u64 = 500;

impl<H: Handler> Server<H> {
    /// Acts on every deadline that has passed: those of connections, then the handler's.
    pub(super) fn pass_deadlines(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        self.io.wheel.expire(self.io.tick, &mut due);
        for slot in due.drain(..) {
            self.look_at(slot as usize);
        }
        self.due = due;
        // No more than there are now: a handler that asks to be woken at once is woken in the next turn.
        for _ in 0..self.io.wakes.len() {
            let Some(next) = self.io.wakes.peek_mut() else { break };
            let Reverse((moment, token)) = *next;
            if moment > self.io.now.mono {
                break;
            }
            PeekMut::pop(next);
            self.handler.on_deadline(&mut self.outbox, token);
            self.io.carry_out(&mut self.outbox);
        }
        // Each connection asks to be woken once, for its login: a crowd that has passed must not keep its room.
        if self.io.wakes.len() < self.io.wakes.capacity() / 4 {
            self.io.wakes.shrink_to(self.io.wakes.len() * 2);
        }
    }

    fn look_at(&mut self, slot: usize) {
        let now = self.io.tick;
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        // An entry may be stale, or of one who had the slot before: then this connection is not due yet, or was looked at.
        if conn.wheel.get().is_none_or(|due| due > now) {
            return;
        }
        let due = conn.wheel.take().unwrap_or(now);
        if now.ms_since(due) > LATE_MS {
            self.io.counters.deadlines_late_total += 1;
        }
        let (state, deadline) = (conn.state, conn.deadline.get());
        match state {
            State::Open => self.look_at_open(slot, now),
            State::Handshaking | State::Closing | State::Lingering => match deadline {
                Some(deadline) if deadline <= now => self.deadline_passed(slot, state),
                Some(deadline) => self.io.look_again_at(slot, deadline),
                None => {}
            },
            State::Parting | State::Done => {}
        }
    }

    fn deadline_passed(&mut self, slot: usize, state: State) {
        if state == State::Handshaking && self.comes_on(slot) {
            return;
        }
        let has_begun = self
            .io
            .conns
            .get(slot)
            .is_some_and(|conn| conn.request.as_ref().is_some_and(|request| !request.is_empty()));
        match state {
            State::Handshaking if has_begun => {
                self.io.refuse(slot, &Response::text(408, "the request took too long\n"));
            }
            // A connection that asked for nothing is owed no answer; one that does not finish closing has had
            // its time.
            _ => self.io.abandon(slot),
        }
    }

    /// The heartbeat, judged on bytes of any kind, and the soft limit of output.
    fn look_at_open(&mut self, slot: usize, now: Tick) {
        if self.io.is_too_slow(slot) {
            self.end_slow_consumer(slot);
            return;
        }
        let limits = &self.io.limits;
        let (soft_ms, hard_ms) = (limits.output_soft_timeout_ms, limits.output_hard_timeout_ms);
        let Some(conn) = self.io.conns.get(slot) else { return };
        let ping_at = conn.alive_at.plus_ms(limits.ping_after_ms);
        let lost_at = conn.alive_at.plus_ms(limits.ping_after_ms.saturating_add(limits.ping_timeout_ms));
        if now >= lost_at {
            self.io.lose(slot, CloseReason::Silent);
            return;
        }
        let mut next = ping_at;
        if now >= ping_at {
            next = lost_at;
            if !conn.pinged {
                self.ping(slot);
            }
        }
        if let Some(pending) = self.io.conns.get(slot).and_then(|conn| conn.pending.as_ref()) {
            let soft = pending.over_soft_since.map(|since| since.plus_ms(soft_ms));
            let hard = pending.over_hard_since.map(|since| since.plus_ms(hard_ms));
            next = soft.into_iter().chain(hard).fold(next, Tick::min);
        }
        self.io.look_again_at(slot, next.max(Tick(now.0 + 1)));
    }
}
