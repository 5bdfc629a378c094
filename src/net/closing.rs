//! The ways out: every step of a connection from open to freed, but the freeing itself.
//!
//! `conn.rs` has the table of states. What all ways share: who leaves the open state leaves every topic, and is
//! noted once for `on_close`; our Close frame comes behind everything that was queued before; and the socket is
//! kept until the peer has read it, or has had its time.
//!
//! The tutorial's `close()`, and its `stream_socket_shutdown` when a read is short.
//! Tests: `tests/net/closing.rs`.

use super::conn::{Conn, Parting, State};
use super::io::Io;
use super::pending::Content;
use super::{CloseReason, LastWords};
use crate::base::counters::Closed;
use crate::ws::{self, Opcode};

impl Io {
    /// Starts the closing handshake (RFC 6455 section 7.1.2) of an open connection, behind all its output.
    pub(super) fn close(&mut self, slot: usize, code: u16, reason: &str, why: CloseReason) {
        self.leave_open(slot, State::Closing, why);
        self.with_pending(slot, |pending, pool| {
            pending.append(pool, Content::Frames, |out| ws::encode_close(out, code, reason));
        });
    }

    /// Notes that an open connection ends with this turn.
    pub(super) fn part(&mut self, slot: usize, parting: Parting) {
        if let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.state == State::Open) {
            conn.state = State::Parting;
            self.partings.push((slot, parting));
        }
    }

    /// Sends our Close frame to whoever parts, behind everything that the turn had for them.
    pub(super) fn close_partings(&mut self) {
        let mut partings = std::mem::take(&mut self.partings);
        for (slot, parting) in partings.drain(..) {
            if self.conns.get(slot).is_none_or(|conn| conn.state != State::Parting) {
                continue;
            }
            match parting {
                Parting::Answer(Some(code)) => self.close(slot, code, "", CloseReason::Peer(code)),
                Parting::Answer(None) => {
                    self.leave_open(slot, State::Closing, CloseReason::Peer(ws::code::NO_STATUS));
                    self.queue_frame(slot, Opcode::Close, &[]);
                }
                Parting::Fail(code, reason) => self.close(slot, code, &reason, CloseReason::Failed(code)),
            }
            self.linger(slot);
            // What the peer sent behind its end is read, and dropped.
            self.hold_back(slot);
        }
        self.partings = partings;
    }

    /// Ends an open connection with its last words in front of the Close frame.
    pub(super) fn close_with(&mut self, slot: usize, words: &LastWords, why: CloseReason) {
        self.leave_open(slot, State::Closing, why);
        self.with_pending(slot, |pending, pool| {
            pending.append(pool, Content::Frames, |out| {
                if !words.text.is_empty() {
                    ws::encode_frame(out, Opcode::Text, words.text.as_bytes());
                }
                ws::encode_close(out, words.code, words.reason);
            });
        });
    }

    /// What the peer sends makes no sense to TLS. What is queued could not be sealed any more: only the alert goes out.
    pub(super) fn break_off(&mut self, slot: usize) {
        if self.conns.get(slot).is_some_and(Conn::is_open) {
            self.leave_open(slot, State::Closing, CloseReason::Lost);
        }
        if let Some(pending) = self.conns.get_mut(slot).and_then(|conn| conn.pending.as_mut()) {
            pending.clear_queue(&mut self.pool);
        }
        self.linger(slot);
    }

    /// Nothing more is wanted from the peer: flush, FIN, and wait for its end until the deadline.
    pub(super) fn linger(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.state == State::Done {
            return;
        }
        conn.decoder = ws::Decoder::new();
        conn.request = None;
        conn.kept = None;
        self.give_up_exchange(slot);
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if let Some(tls) = conn.tls_mut() {
            tls.leave();
        }
        // The time for closing runs once: traffic, or a late Close frame, must not extend it.
        let runs_already = conn.is_closing();
        conn.state = State::Lingering;
        if !runs_already {
            self.counters.closing += 1;
            self.set_deadline(slot, self.tick.plus_ms(self.limits.close_timeout_ms));
        }
        self.finish_if_flushed(slot);
    }

    /// Sends FIN once everything is written.
    pub(super) fn finish_if_flushed(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.state == State::Lingering && conn.pending.is_none() && !conn.finished {
            if conn.tls_mut().is_some_and(|tls| tls.owes_farewell()) {
                // The flush seals it behind the last words; here there were none.
                self.with_pending(slot, |_, _| {});
                return;
            }
            conn.finished = true;
            conn.stream.finish();
        }
    }

    /// The stream is gone: nothing can be said any more.
    pub(super) fn lose(&mut self, slot: usize, why: CloseReason) {
        if self.conns.get(slot).is_none_or(|conn| conn.state == State::Done) {
            return;
        }
        self.give_up_exchange(slot);
        self.leave_open(slot, State::Done, why);
        self.done.push(slot);
    }

    /// Gives a connection up that has had its time, with whatever it has not taken.
    pub(super) fn abandon(&mut self, slot: usize) {
        if let Some(conn) = self.conns.get(slot).filter(|conn| conn.pending.is_some()) {
            conn.stream.discard_unsent();
        }
        self.lose(slot, CloseReason::Lost);
    }

    /// Takes a connection out of the open state, if it is in it, and so out of every topic; the handler will
    /// be told, once.
    fn leave_open(&mut self, slot: usize, next: State, why: CloseReason) {
        self.topics.unsubscribe_all(&mut self.conns, &mut self.pool, slot);
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.is_open() {
            conn.ended = Some(why);
            count_closed(&mut self.counters.closed, why);
            self.closed.push_back((conn.id(slot), why));
        }
        self.counters.closing -= usize::from(conn.is_closing());
        conn.state = next;
        self.counters.closing += usize::from(conn.is_closing());
        if next == State::Closing {
            self.set_deadline(slot, self.tick.plus_ms(self.limits.close_timeout_ms));
        }
    }
}

fn count_closed(closed: &mut Closed, why: CloseReason) {
    let total = match why {
        CloseReason::Peer(_) => &mut closed.peer,
        CloseReason::Failed(_) => &mut closed.failed,
        CloseReason::Handler(_) => &mut closed.handler,
        CloseReason::Lost => &mut closed.lost,
        CloseReason::Silent => &mut closed.silent,
        CloseReason::SlowConsumer => &mut closed.slow_consumer,
        CloseReason::Drain => &mut closed.drain,
    };
    *total += 1;
}
