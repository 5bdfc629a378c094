//! Slow consumers: who does not take what it is sent, and how that ends.
//!
//! Only what the kernel has refused is judged: output that has not been offered yet says nothing about the
//! receiver. Over the soft limit there are some seconds to catch up. Over the hard limit there is one second,
//! because a burst can be larger than the limit and its receiver as quick as can be; over [`BURST_FACTOR`] times
//! the limit there is none. All output together has a limit too: over it the largest queues go.
//!
//! The end: the frame that was begun is finished, whatever was not begun is dropped, the last words follow, and
//! a Close frame. Who does not read that either is reset when its time for closing is over.
//!
//! The tutorial blocks: one reader who stops stops everybody.
//! Tests: `tests/net/backpressure.rs`.

use super::conn::State;
use super::io::Io;
use super::{CloseReason, Ending, Handler, LastWords};
use crate::base::deadline::Tick;

/// How many times the hard limit is too much even for a moment.
const BURST_FACTOR: usize = 4;

impl Io {
    /// Starts the times of a connection over the limits, or ends them. Says whether it is a slow consumer
    /// already; nobody is ended here, because the last words are the handler's.
    fn judge(&mut self, slot: usize) -> bool {
        let (soft, hard) = (self.limits.output_soft_bytes_max, self.output_hard_bytes());
        let Some(conn) = self.conns.get_mut(slot) else { return false };
        let Some(pending) = &mut conn.pending else { return false };
        let bytes = pending.bytes();
        let mut look_at = None;
        for (since, limit, timeout_ms) in [
            (&mut pending.over_soft_since, soft, self.limits.output_soft_timeout_ms),
            (&mut pending.over_hard_since, hard, self.limits.output_hard_timeout_ms),
        ] {
            if bytes <= limit {
                *since = None;
            } else if since.is_none() {
                *since = Some(self.tick);
                look_at = Some(self.tick.plus_ms(timeout_ms));
            }
        }
        if let Some(tick) = look_at {
            self.look_again_at(slot, tick);
        }
        self.is_too_slow(slot)
    }

    /// Whether a connection is a slow consumer at this moment.
    pub(super) fn is_too_slow(&self, slot: usize) -> bool {
        let Some(conn) = self.conns.get(slot).filter(|conn| conn.state == State::Open) else { return false };
        let Some(pending) = conn.pending.as_ref().filter(|_| conn.blocked) else { return false };
        let has_passed = |since: Option<Tick>, timeout_ms| {
            since.is_some_and(|since| timeout_ms == 0 || self.tick >= since.plus_ms(timeout_ms))
        };
        pending.bytes() > self.output_hard_bytes().saturating_mul(BURST_FACTOR)
            || has_passed(pending.over_hard_since, self.limits.output_hard_timeout_ms)
            || has_passed(pending.over_soft_since, self.limits.output_soft_timeout_ms)
    }

    /// The hard limit, which is never less than one message: that may be all that is queued.
    fn output_hard_bytes(&self) -> usize {
        self.limits.output_hard_bytes_max.max(self.limits.message_bytes_max)
    }

    /// Where all output together is over its limit: the largest queues in any state, until the rest would fit.
    /// Were pages and farewells passed over, whoever hoards those could make the members of topics pay.
    fn largest_queues(&self) -> Vec<usize> {
        let mut excess = self.pool.queued_bytes.saturating_sub(self.limits.output_total_bytes_max);
        if excess == 0 {
            return Vec::new();
        }
        let mut queues: Vec<(usize, usize)> = self
            .conns
            .iter()
            .filter(|(_, conn)| conn.state != State::Done && conn.blocked)
            .filter_map(|(slot, conn)| conn.pending.as_ref().map(|pending| (pending.bytes(), slot)))
            .collect();
        queues.sort_unstable_by(|a, b| b.cmp(a));
        let mut chosen = Vec::new();
        for (bytes, slot) in queues {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(bytes);
            chosen.push(slot);
        }
        chosen
    }

    fn end_slow_consumer(&mut self, slot: usize, words: &LastWords) {
        // Out of the topics first: leaving hands over what they published in this turn, which is cut as well.
        self.topics.unsubscribe_all(&mut self.conns, &mut self.pool, slot);
        if let Some(pending) = self.conns.get_mut(slot).and_then(|conn| conn.pending.as_mut()) {
            self.counters.messages_cut_total += pending.messages();
            pending.cut(&mut self.pool);
        }
        self.close_with(slot, words, CloseReason::SlowConsumer);
        self.counters.slow_consumers_total += 1;
    }
}

impl<H: Handler> super::Server<H> {
    /// Ends whoever is too slow at this moment.
    pub(super) fn end_slow_consumers(&mut self) {
        let mut suspects = std::mem::take(&mut self.io.suspects);
        suspects.retain(|&slot| self.io.judge(slot));
        for slot in suspects.drain(..) {
            // Named twice, it is ended once: from then on it is not open.
            self.end_slow_consumer(slot);
        }
        self.io.suspects = suspects;
        // Only now: what was cut just before may have been enough.
        for slot in self.io.largest_queues() {
            match self.io.conns.get(slot).map(|conn| conn.state) {
                Some(State::Open) => self.end_slow_consumer(slot),
                // It is leaving, or has never come in: there are no last words.
                _ => self.io.abandon(slot),
            }
        }
    }

    pub(super) fn end_slow_consumer(&mut self, slot: usize) {
        let Some(conn) = self.io.conns.get(slot).filter(|conn| conn.state == State::Open) else { return };
        let words = self.handler.last_words(conn.id(slot), Ending::SlowConsumer);
        self.io.end_slow_consumer(slot, &words);
    }
}
