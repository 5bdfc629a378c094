//! The flush: one write per connection and turn, and the end of who does not read.
//!
//! The number of writes decides what a server of small messages can do (a write costs 4 to 5 µs whatever its
//! size up to some KiB), so nothing is written while a turn goes on; here each connection that has something
//! gets it with one system call. A long queue is flushed in slices, so that ten thousand receivers of one
//! message are not ten thousand writes in which nobody is read.
//!
//! What the kernel refuses waits for a writable event, and only that is judged: output that has not been
//! offered yet says nothing about the receiver.

use std::collections::VecDeque;

use super::conn::{Conn, State};
use super::io::Io;
use super::pending::Written;
use super::{CloseReason, ConnId, Ending, Handler, LastWords};

/// A connection has got more output: it waits for the flush, or, if the kernel takes nothing, for judgement.
pub(super) fn queued(
    slot: usize,
    conn: &mut Conn,
    dirty: &mut VecDeque<usize>,
    over: &mut Vec<usize>,
    output_soft_bytes_max: usize,
) {
    let Some(pending) = &conn.pending else { return };
    if conn.blocked {
        if pending.bytes() > output_soft_bytes_max {
            over.push(slot);
        }
    } else if !conn.dirty {
        conn.dirty = true;
        dirty.push_back(slot);
    }
}

impl Io {
    /// Queues what the topics collected in this turn.
    pub(super) fn seal_topics(&mut self) {
        let (dirty, over) = (&mut self.dirty, &mut self.over);
        let soft = self.limits.output_soft_bytes_max;
        self.topics.seal(&mut self.conns, &mut self.pool, |slot, conn: &mut Conn| {
            queued(slot, conn, dirty, over, soft);
        });
    }

    /// Writes to up to one slice of the connections that have output. `flushed` gets the marks reached.
    pub(super) fn flush(&mut self, flushed: &mut Vec<(ConnId, u64)>) {
        let mut marks = Vec::new();
        for _ in 0..self.dirty.len().min(self.limits.flushes_per_turn) {
            let Some(slot) = self.dirty.pop_front() else { break };
            let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.dirty) else { continue };
            conn.dirty = false;
            self.flush_one(slot, &mut marks);
            if let Some(conn) = self.conns.get(slot) {
                flushed.extend(marks.drain(..).map(|mark| (conn.id(slot), mark)));
            }
        }
    }

    fn flush_one(&mut self, slot: usize, marks: &mut Vec<u64>) {
        let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.state != State::Done) else { return };
        let Some(pending) = &mut conn.pending else { return };
        let result = pending.write(&mut conn.stream, &mut self.pool, marks);
        self.counters.writes_total += 1;
        let Ok((written, taken)) = result else {
            self.lose(slot, CloseReason::Lost);
            return;
        };
        self.counters.sent_bytes_total += taken as u64;
        match written {
            Written::All => {
                if let Some(empty) = conn.pending.take() {
                    self.pool.give_queue(empty);
                }
                self.finish_if_flushed(slot);
            }
            Written::Blocked => {
                conn.blocked = true;
                self.over.push(slot);
            }
            Written::Partly => self.mark_dirty(slot),
        }
        self.go_on_reading(slot);
    }

    /// A connection that was not read because of its own output is read again once that has drained.
    fn go_on_reading(&mut self, slot: usize) {
        let own_max = self.limits.own_output_bytes_max;
        if let Some(conn) = self.conns.get(slot)
            && (!conn.kept.is_empty() || conn.readable)
            && conn.may_be_read(own_max)
        {
            self.hold_back(slot);
        }
    }

    /// Starts the time of a connection over the soft limit, or ends it. Says whether the connection is a slow
    /// consumer already; nobody is ended here, because the last words are the handler's.
    fn judge(&mut self, slot: usize) -> bool {
        let Some(conn) = self.conns.get_mut(slot) else { return false };
        let Some(pending) = &mut conn.pending else { return false };
        if pending.bytes() <= self.limits.output_soft_bytes_max {
            pending.over_since = None;
        } else if pending.over_since.is_none() {
            pending.over_since = Some(self.tick);
            self.look_again_at(slot, self.tick.plus_ms(self.limits.output_soft_timeout_ms));
        }
        self.is_too_slow(slot)
    }

    /// Whether a connection is a slow consumer at this moment. The hard limit is never less than one message,
    /// which may be all that is queued.
    pub(super) fn is_too_slow(&self, slot: usize) -> bool {
        let Some(conn) = self.conns.get(slot).filter(|conn| conn.state == State::Open) else { return false };
        let Some(pending) = conn.pending.as_ref().filter(|_| conn.blocked) else { return false };
        let limits = &self.limits;
        let hard = limits.output_hard_bytes_max.max(limits.message_bytes_max);
        let over_soft =
            pending.over_since.is_some_and(|since| self.tick >= since.plus_ms(limits.output_soft_timeout_ms));
        pending.bytes() > hard || over_soft
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
            pending.cut(&mut self.pool);
        }
        self.close_with(slot, words, CloseReason::SlowConsumer);
        self.counters.slow_consumers_total += 1;
    }
}

impl<H: Handler> super::Server<H> {
    /// The flush step of a turn.
    pub(super) fn flush(&mut self) {
        self.io.flush(&mut self.flushed);
        self.end_slow_consumers();
    }

    fn end_slow_consumers(&mut self) {
        let mut suspects = std::mem::take(&mut self.io.over);
        suspects.retain(|&slot| self.io.judge(slot));
        for slot in suspects.drain(..) {
            // Named twice, it is ended once: from then on it is not open.
            self.end_slow_consumer(slot);
        }
        self.io.over = suspects;
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

    /// Sends everybody the last words, accepts nobody any more, and ends within the drain's time.
    pub(super) fn drain(&mut self) {
        if self.draining_until.is_some() {
            return;
        }
        log::info!("draining {} connections", self.io.conns.len());
        self.draining_until = Some(self.io.now.mono.plus_ms(self.io.limits.drain_timeout_ms));
        self.listeners.clear();
        let slots: Vec<usize> = self.io.conns.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(conn) = self.io.conns.get(slot) else { continue };
            match conn.state {
                State::Open => {
                    let words = self.handler.last_words(conn.id(slot), Ending::Drain);
                    self.io.close_with(slot, &words, CloseReason::Drain);
                }
                State::Handshaking => self.io.linger(slot),
                State::Parting | State::Closing | State::Lingering | State::Done => {}
            }
        }
    }
}
