//! What stands between the socket and HTTP: the header of a proxy, TLS, both one behind the other, or nothing.
//!
//! A connection begins with the front of its listener and loses it step by step: the header of the PROXY protocol
//! where a trusted proxy connects (`proxy.rs`), then TLS (`tls.rs`), of which nothing is made before the first byte
//! has come. All of it is part of the head: whoever takes longer over it than over a head is closed.
//!
//! Whoever speaks plain HTTP to a port with TLS is told so, in plain HTTP. Everything else that is wrong here ends the
//! connection without a word but the alert of TLS, and with a line at debug: there is nobody yet to whom more is owed.
//!
//! Signing is what a handshake costs, from a tenth of a millisecond up to more than one (RSA). So a turn takes up only
//! so many reads of handshakes; who is over that is held back, and comes first in the next turn.
//!
//! The tutorial's server has no front. Tests: `tests/net/tls.rs`, `tests/net/proxies.rs`.

use super::config::ProxyProtocol;
use super::conn::{Conn, State};
use super::peer::is_trusted;
use super::proxy::{HeaderBuffer, Source};
use super::tls::{Flow, Tls};
use super::{Handler, Server};
use crate::http::Response;

/// The first byte of every TLS connection: the content type of a handshake (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

/// The front of one connection.
#[derive(Debug)]
pub(super) enum Front {
    /// The header of the PROXY protocol is awaited.
    Header(HeaderBuffer),
    /// TLS, of which no byte has come.
    Hello,
    Tls(Box<Tls>),
}

impl Conn {
    /// The session, where there is one.
    pub(super) fn tls_mut(&mut self) -> Option<&mut Tls> {
        tls_of(&mut self.front)
    }

    /// Whether the next bytes are those of a handshake.
    pub(super) fn is_in_tls_handshake(&self) -> bool {
        match self.front.as_deref() {
            None | Some(Front::Header(_)) => false,
            Some(Front::Hello) => true,
            Some(Front::Tls(tls)) => tls.is_handshaking(),
        }
    }

    /// Puts what must stand in front of the next bytes into the buffer, and tells how much that is.
    pub(super) fn put_held(&self, buffer: &mut [u8]) -> usize {
        let Some(Front::Tls(tls)) = self.front.as_deref() else { return 0 };
        let held = tls.held();
        // The buffer of the loop is longer than any record.
        let Some(place) = buffer.get_mut(..held.len()) else { return 0 };
        place.copy_from_slice(held);
        held.len()
    }
}

/// The session of a front, for whoever has borrowed the rest of the connection.
pub(super) fn tls_of(front: &mut Option<Box<Front>>) -> Option<&mut Tls> {
    match front.as_deref_mut() {
        Some(Front::Tls(tls)) => Some(tls),
        _ => None,
    }
}

impl<H: Handler> Server<H> {
    /// The front of a connection that has just been accepted.
    pub(super) fn front(&self, is_proxy: bool, speaks_tls: bool) -> Option<Box<Front>> {
        if is_proxy && self.config.proxy_protocol == ProxyProtocol::Expected {
            return Some(Box::new(Front::Header(HeaderBuffer::default())));
        }
        self.tls_front(speaks_tls)
    }

    fn tls_front(&self, speaks_tls: bool) -> Option<Box<Front>> {
        (speaks_tls && self.io.tls.is_some()).then(|| Box::new(Front::Hello))
    }

    /// Takes bytes of the socket through the front of the connection, if it has one. `bytes` begin with what the
    /// front holds.
    pub(super) fn receive_through_front(&mut self, slot: usize, bytes: &mut [u8]) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        if matches!(conn.state, State::Lingering | State::Done) {
            // Nothing more is wanted from it.
            return;
        }
        match conn.front.as_deref_mut() {
            None => self.feed(slot, bytes),
            Some(Front::Header(_)) => self.take_proxy_header(slot, bytes),
            Some(Front::Hello) => self.take_hello(slot, bytes),
            Some(Front::Tls(_)) => self.take_records(slot, bytes),
        }
    }

    fn take_proxy_header(&mut self, slot: usize, bytes: &mut [u8]) {
        let bytes_max = self.io.limits.proxy_header_bytes_max;
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let Some(Front::Header(header)) = conn.front.as_deref_mut() else { return };
        let (taken, source) = match header.receive(bytes, bytes_max) {
            Ok((_, None)) => return,
            Ok((taken, Some(source))) => (taken, source),
            Err(error) => {
                log::debug!("{}: no PROXY header that is accepted: {error}", conn.id(slot));
                self.io.abandon(slot);
                return;
            }
        };
        let speaks_tls = conn.speaks_tls;
        if let Source::Client(address) = source {
            conn.proxied = is_trusted(&self.config.trusted_proxies, Some(address));
            let counted = if conn.proxied { None } else { self.io.counted(Some(address)) };
            if counted.is_some_and(|address| self.io.is_crowded(address)) {
                self.io.counters.refused_total += 1;
                self.io.abandon(slot);
                return;
            }
            self.io.count_for(slot, counted);
        }
        let front = self.tls_front(speaks_tls);
        if let Some(conn) = self.io.conns.get_mut(slot) {
            conn.front = front;
        }
        if let Some(rest) = bytes.get_mut(taken..).filter(|rest| !rest.is_empty()) {
            self.receive_through_front(slot, rest);
        }
    }

    fn take_hello(&mut self, slot: usize, bytes: &mut [u8]) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        match bytes.first() {
            Some(&HANDSHAKE_RECORD) => {}
            Some(byte) if byte.is_ascii_uppercase() => {
                log::debug!("{}: plain HTTP on a port with TLS", conn.id(slot));
                conn.front = None;
                let words = "this port speaks TLS: use https:// or wss://\n";
                self.io.refuse(slot, &Response::text(400, words));
                return;
            }
            _ => {
                log::debug!("{}: neither TLS nor HTTP", conn.id(slot));
                self.io.abandon(slot);
                return;
            }
        }
        match self.io.tls.as_ref().map(Tls::new) {
            Some(Ok(tls)) => {
                conn.front = Some(Box::new(Front::Tls(Box::new(tls))));
                self.take_records(slot, bytes);
            }
            Some(Err(error)) => {
                log::error!("TLS cannot be spoken: {error}");
                self.io.abandon(slot);
            }
            None => self.io.abandon(slot),
        }
    }

    fn take_records(&mut self, slot: usize, bytes: &mut [u8]) {
        let Some(tls) = self.io.conns.get_mut(slot).and_then(Conn::tls_mut) else { return };
        let mut answer = self.io.pool.buffer();
        let mut plain = std::mem::take(&mut self.plaintext);
        plain.clear();
        let received = tls.receive(bytes, &mut plain, &mut answer);
        if !answer.is_empty() {
            self.io.with_pending(slot, |pending, pool| pending.append_sealed(pool, &answer));
        }
        self.io.pool.give_buffer(answer);
        if !plain.is_empty() {
            self.feed(slot, &mut plain);
        }
        self.plaintext = plain;
        let own_max = self.io.limits.own_output_bytes_max;
        let Some(conn) = self.io.conns.get(slot) else { return };
        match received {
            Ok(Flow::GoesOn) => {}
            // Where something is still to be looked at or to be answered, FIN comes to the same when it is its turn.
            Ok(Flow::Ended) if conn.kept.is_none() && conn.may_be_read(own_max) => self.end_of_stream(slot),
            Ok(Flow::Ended) => {}
            Err(failure) => {
                log::debug!("{}: TLS failed: {failure}", conn.id(slot));
                self.io.break_off(slot);
            }
        }
    }
}
