//! The flush: one write per connection and turn.
//!
//! The number of writes decides what a server of small messages can do (a write costs 4 to 5 µs whatever its
//! size up to some KiB), so nothing is written while a turn goes on; here each connection that has something
//! gets it with one system call. A long queue is flushed in slices, so that ten thousand receivers of one
//! message are not ten thousand writes in which nobody is read. Who has got something since the last slice takes
//! turns with who is still waiting: so the answers of a turn do not stand behind those ten thousand, and nobody
//! waits for ever.
//!
//! What the kernel refuses waits for a writable event; `slow.rs` judges it.
//!
//! The tutorial's `send()` writes at once, one call for each receiver.
//! Tests: `tests/net/topics.rs` (writes are counted there), `tests/net/backpressure.rs`.

use std::collections::VecDeque;

use super::conn::{Conn, State};
use super::front::tls_of;
use super::io::Io;
use super::pending::Written;
use super::{CloseReason, ConnId, Handler};

/// Notes that a connection has got more output: it waits for the flush, or, if the kernel takes nothing from it,
/// for judgement.
pub(super) fn note_output(
    slot: usize,
    conn: &mut Conn,
    dirty: &mut VecDeque<usize>,
    suspects: &mut Vec<usize>,
    output_soft_bytes_max: usize,
) {
    let Some(pending) = &conn.pending else { return };
    if conn.blocked {
        if pending.bytes() > output_soft_bytes_max {
            suspects.push(slot);
        }
    } else if !conn.dirty {
        conn.dirty = true;
        dirty.push_back(slot);
    }
}

impl Io {
    /// Queues what the topics collected in this turn.
    pub(super) fn seal_topics(&mut self) {
        let (dirty, suspects) = (&mut self.dirty, &mut self.suspects);
        let soft = self.limits.output_soft_bytes_max;
        self.topics.seal(&mut self.conns, &mut self.pool, |slot, conn: &mut Conn| {
            note_output(slot, conn, dirty, suspects, soft);
        });
    }

    /// Writes to up to one slice of the connections that have output. `flushed` gets the marks reached.
    pub(super) fn flush(&mut self, flushed: &mut Vec<(ConnId, u64)>) {
        let mut marks = Vec::new();
        let slice = (self.unreached.len() + self.dirty.len()).min(self.limits.flushes_per_turn);
        for place in 0..slice {
            let Some(slot) = self.next_to_flush(place) else { break };
            let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.dirty) else { continue };
            conn.dirty = false;
            self.flush_one(slot, &mut marks);
            if let Some(conn) = self.conns.get(slot) {
                flushed.extend(marks.drain(..).map(|mark| (conn.id(slot), mark)));
            }
        }
        self.unreached.append(&mut self.dirty);
    }

    /// By turns one who has waited and one who is new, as far as there are both.
    fn next_to_flush(&mut self, place: usize) -> Option<usize> {
        let (first, second) = if place.is_multiple_of(2) {
            (&mut self.unreached, &mut self.dirty)
        } else {
            (&mut self.dirty, &mut self.unreached)
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    fn flush_one(&mut self, slot: usize, marks: &mut Vec<u64>) {
        let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.state != State::Done) else { return };
        let Some(pending) = &mut conn.pending else { return };
        let result = match tls_of(&mut conn.front) {
            None => pending.write(&mut conn.stream, &mut self.pool, marks),
            Some(tls) => pending.write_sealed(&mut conn.stream, tls, &mut self.pool, marks),
        };
        self.counters.writes_total += 1;
        let Ok((written, taken)) = result else {
            self.lose(slot, CloseReason::Lost);
            return;
        };
        conn.sent_bytes += taken as u64;
        self.counters.sent_bytes_total += taken as u64;
        match written {
            Written::All => {
                if let Some(empty) = conn.pending.take() {
                    self.pool.give_queue(empty);
                }
                self.drained(slot);
                self.finish_if_flushed(slot);
            }
            Written::Blocked => {
                conn.blocked = true;
                self.suspects.push(slot);
            }
            Written::Partly => self.mark_dirty(slot),
        }
        self.go_on_reading(slot);
    }

    /// A connection that was not read because of its own output is read again once that has drained.
    fn go_on_reading(&mut self, slot: usize) {
        let own_max = self.limits.own_output_bytes_max;
        if let Some(conn) = self.conns.get(slot)
            && (conn.kept.is_some() || conn.readable)
            && conn.may_be_read(own_max)
        {
            self.hold_back(slot);
        }
    }
}

impl<H: Handler> super::Server<H> {
    /// The flush step of a turn.
    pub(super) fn flush(&mut self) {
        self.io.flush(&mut self.flushed);
        self.end_slow_consumers();
    }
}
