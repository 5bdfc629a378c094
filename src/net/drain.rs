//! Going down: by a signal, or by order of the handler.
//!
//! First the handler is told, so that whoever asks whether all is well hears that it is not; for a delay, which is
//! none unless configured, all else goes on: a proxy that asks now and then sends nobody here any more. Then
//! everybody gets last words and a Close frame, nobody is accepted any more, and the loop ends when the last one
//! has gone or the time is up. A second signal ends it at once. The tutorial ends by being killed.
//! Tests: `tests/net/drain.rs`, `tests/app/binary.rs`.

use super::conn::State;
use super::{CloseReason, Ending, Handler, Server};

impl<H: Handler> Server<H> {
    /// Notes an order to drain, and drains when the delay is over.
    pub(super) fn drain_if_due(&mut self) {
        if std::mem::take(&mut self.io.stop_ordered) && self.drains_at.is_none() {
            let delay_ms = self.io.limits.drain_delay_ms;
            self.drains_at = Some(self.io.now.mono.plus_ms(delay_ms));
            if delay_ms > 0 {
                log::info!("told to end: draining begins in {delay_ms} ms");
            }
            self.handler.on_drain(&mut self.outbox);
            self.io.carry_out(&mut self.outbox);
        }
        if self.draining_until.is_none() && self.drains_at.is_some_and(|at| self.io.now.mono >= at) {
            self.drain();
        }
    }

    /// Sends everybody the last words, accepts nobody any more, and ends within the drain's time.
    fn drain(&mut self) {
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
                // What is being downloaded may come to its end.
                State::Handshaking if conn.has_tail() => self.io.end_behind_tail(slot),
                State::Handshaking => self.io.linger(slot),
                State::Parting | State::Closing | State::Lingering | State::Done => {}
            }
        }
    }
}
