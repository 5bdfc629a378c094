//! Going down: by a signal, or by order of the handler.
//!
//! Everybody gets last words and a Close frame, nobody is accepted any more, and the loop ends when the last one
//! has gone or the time is up. The tutorial ends by being killed.
//! Tests: `tests/net/drain.rs`.

use super::conn::State;
use super::{CloseReason, Ending, Handler, Server};

impl<H: Handler> Server<H> {
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
