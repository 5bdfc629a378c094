//! The accepting step.
//!
//! Accepting can fail for reasons that are not the connection's: the process or the system is out of
//! descriptors. On an edge-triggered poll that makes a listener deaf (the edge is gone) or makes the loop spin
//! (if it is asked again at once). So the listener stays marked as ready, accepting pauses for a moment, and
//! goes on when the moment has passed or a connection has been freed. Some descriptors are left for what else
//! the process must open: a store, a log.
//!
//! The tutorial takes its listener out of the list when one accept fails, and is deaf from then on.
//! Tests: `tests/net/accepting.rs`, `tests/app/descriptors.rs`.

use std::io;
use std::net::IpAddr;

use mio::Token;

use super::conn::Conn;
use super::peer::is_trusted;
use super::stream::Stream;
use super::{Entrance, Handler, Server};

/// Descriptors left for the process besides connections and listeners.
pub(super) const RESERVED_DESCRIPTORS: usize = 32;
/// How long accepting pauses when there are no descriptors, unless a connection ends first.
const PAUSE_MS: u64 = 250;

impl<H: Handler> Server<H> {
    /// Accepts from every listener that is ready, up to the budget of a turn.
    pub(super) fn accept(&mut self) {
        if self.accept_paused_until.is_some_and(|until| self.io.now.mono < until) {
            return;
        }
        self.accept_paused_until = None;
        let mut budget = self.io.limits.accepts_per_turn;
        // Who is first changes from turn to turn: a crowd at one address could use up the budget of each.
        self.accept_first = self.accept_first.wrapping_add(1);
        let listeners = self.listeners.len();
        for place in 0..listeners {
            let index = self.accept_first.wrapping_add(place) % listeners;
            while budget > 0 {
                let Some(listener) = self.listeners.get_mut(index).filter(|listener| listener.ready) else {
                    break;
                };
                if self.io.conns.len() >= self.connections_max {
                    self.pause_accepting("the limit of connections is reached");
                    return;
                }
                match listener.accept() {
                    Ok((stream, peer)) => {
                        let entrance = (listener.entrance, listener.is_local(), listener.speaks_tls());
                        self.add(stream, peer, entrance);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => listener.ready = false,
                    Err(error) if is_shortage(&error) => {
                        self.pause_accepting(&error.to_string());
                        return;
                    }
                    // The peer gave up while it waited, or something as private: the next one may be well.
                    Err(_) => {}
                }
                budget -= 1;
            }
        }
    }

    fn pause_accepting(&mut self, why: &str) {
        if !self.shortage_told {
            log::warn!("{} connections, accepting pauses: {why}", self.io.conns.len());
            self.shortage_told = true;
        }
        self.io.counters.accept_pauses_total += 1;
        self.accept_paused_until = Some(self.io.now.mono.plus_ms(PAUSE_MS));
    }

    /// A connection was freed: there is a descriptor again.
    pub(super) fn resume_accepting(&mut self) {
        self.accept_paused_until = None;
        if self.io.conns.len() + RESERVED_DESCRIPTORS < self.connections_max {
            self.shortage_told = false;
        }
    }

    fn add(
        &mut self,
        mut stream: Stream,
        peer: Option<IpAddr>,
        (entrance, local, speaks_tls): (Entrance, bool, bool),
    ) {
        // Who looks after the daemon comes by himself.
        let proxied = entrance == Entrance::Main && is_trusted(&self.config.trusted_proxies, peer);
        // A proxy stands for many; whom it speaks for counts as soon as it has said so.
        let counted = if proxied { None } else { self.io.counted(peer) };
        if counted.is_some_and(|address| self.io.is_crowded(address)) {
            self.io.counters.refused_total += 1;
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        let front = self.front(proxied, speaks_tls);
        let entry = self.io.conns.vacant_entry();
        let slot = entry.key();
        if let Err(error) = stream.register(self.poll.registry(), Token(slot)) {
            log::warn!("a connection could not be registered: {error}");
            return;
        }
        let mut conn = Conn::new(stream, self.generation, self.io.tick);
        (conn.local, conn.speaks_tls, conn.proxied, conn.front) = (local, speaks_tls, proxied, front);
        conn.near = !proxied && peer.is_none_or(|address| address.is_loopback());
        conn.entrance = entrance;
        entry.insert(conn);
        self.io.count_for(slot, counted);
        self.io.counters.accepted_total += 1;
        self.io.set_deadline(slot, self.io.tick.plus_ms(self.io.limits.head_timeout_ms));
    }
}

/// Too few descriptors, or too little kernel memory: EMFILE, ENFILE, ENOBUFS, ENOMEM.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| shortages.iter().any(|errno| errno.raw_os_error() == code))
}
