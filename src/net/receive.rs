//! The reading step: bytes of one connection to requests, frames and messages.
//!
//! Reading goes into one buffer that all connections share. What is whole in it is handled where it lies; of
//! what is not whole, the decoder (or the request buffer) keeps its own copy. So an idle connection owns no
//! buffer at all.
//!
//! Readiness is edge-triggered: the kernel tells once that there is something, and not again before we have
//! read to the end. The end is a read that would block, or (on TCP and Unix streams) one that returned less
//! than was asked for. The exception is a peer that has also finished: data and FIN that came before one wait
//! are one edge, so after such an event we read on until the 0 that says so.
//!
//! Nobody may keep the loop for himself: after its budget, of bytes read or of bytes that these have become by
//! inflating, a connection is *held back* and goes on in the next turn, which then does not wait. The same list
//! serves whoever may not be read at the moment, because a response is outstanding or its own output does not
//! drain; bytes that were read already are kept for it. What is read goes through the connection's front first, if
//! it has one (`front.rs`): what TLS has opened is treated like what was read plainly. What becomes of requests is in
//! `request.rs`.
//!
//! The tutorial's one `recv` of 2048 bytes, taken for one message. Tests: `tests/net/receiving.rs`, `requests.rs`.

use std::io;

use super::config::CONTROL_BURST_SECONDS;
use super::conn::{Parting, State};
use super::{CloseReason, Handler, Message, Server};
use crate::ws::{self, Opcode};

/// What the loop itself answers to a frame.
enum Answer {
    Nothing,
    Pong,
    Close(Option<u16>),
}

impl<H: Handler> Server<H> {
    /// Reads a connection up to its budget.
    pub(super) fn receive(&mut self, slot: usize) {
        self.inflated_bytes = 0;
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let own_max = self.io.limits.own_output_bytes_max;
        if conn.may_be_read(own_max)
            && let Some(mut kept) = conn.kept.take()
        {
            self.feed(slot, &mut kept.0);
        }
        let mut buffer = std::mem::take(&mut self.read_buffer);
        let mut budget = self.io.limits.read_bytes_per_turn;
        while let Some(conn) = self.io.conns.get_mut(slot)
            && conn.readable
            && conn.kept.is_none()
            && conn.may_be_read(own_max)
        {
            if budget == 0 {
                self.io.hold_back(slot);
                break;
            }
            if conn.is_in_tls_handshake() {
                let Some(left) = self.io.tls_handshakes_left.checked_sub(1) else {
                    self.io.hold_back(slot);
                    break;
                };
                self.io.tls_handshakes_left = left;
            }
            let held = conn.put_held(&mut buffer);
            match conn.stream.read(buffer.get_mut(held..).unwrap_or_default()) {
                Ok(0) => self.end_of_stream(slot),
                Ok(count) => {
                    if held + count < buffer.len() && !conn.ending {
                        conn.readable = false;
                    }
                    conn.alive_at = self.io.tick;
                    conn.pinged = false;
                    conn.received_bytes += count as u64;
                    self.io.counters.received_bytes_total += count as u64;
                    budget = budget.saturating_sub(count);
                    self.receive_through_front(slot, buffer.get_mut(..held + count).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => conn.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.io.lose(slot, CloseReason::Lost),
            }
        }
        self.read_buffer = buffer;
    }

    /// The peer has finished. Responses and farewells that wait for the flush still go out (one that the handler
    /// still owes is waited for before this is read); a WebSocket connection that ends without a Close frame is
    /// lost (RFC 6455 section 7.1.5, code 1006).
    pub(super) fn end_of_stream(&mut self, slot: usize) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        conn.readable = false;
        // It is owed close_notify, if nothing else.
        let has_session = conn.tls_mut().is_some_and(|tls| !tls.is_handshaking());
        match conn.state {
            State::Handshaking | State::Lingering if conn.pending.is_some() => self.io.linger(slot),
            State::Handshaking if has_session => self.io.linger(slot),
            _ => self.io.lose(slot, CloseReason::Lost),
        }
    }

    /// Hands bytes to whatever the state of the connection makes of them, and keeps what may not be looked at
    /// yet.
    pub(super) fn feed(&mut self, slot: usize, bytes: &mut [u8]) {
        let own_max = self.io.limits.own_output_bytes_max;
        let mut at = 0;
        while at < bytes.len() {
            let Some(conn) = self.io.conns.get_mut(slot) else { return };
            let rest = bytes.get_mut(at..).unwrap_or_default();
            let is_spent = self.inflated_bytes > self.io.limits.read_bytes_per_turn;
            if is_spent || !conn.may_be_read(own_max) {
                conn.keep(rest);
                if is_spent {
                    self.io.hold_back(slot);
                }
                return;
            }
            at += match conn.state {
                State::Handshaking => self.take_request_bytes(slot, rest),
                State::Open | State::Closing => self.take_frame(slot, rest),
                State::Parting | State::Lingering | State::Done => return,
            };
        }
        self.release(slot);
    }

    /// Gives back the buffer of a message that was put together from pieces: the decoder holds it until it is
    /// asked again.
    fn release(&mut self, slot: usize) {
        if let Some(conn) = self.io.conns.get_mut(slot).filter(|conn| !conn.decoder.is_idle()) {
            // Without input nothing can be wrong with it.
            let _ = conn.decoder.decode(&self.frames, conn.window_bits > 0, &mut self.inflater, &mut []);
        }
    }

    /// Decodes up to one event and acts on it. Returns how many bytes that took.
    fn take_frame(&mut self, slot: usize, bytes: &mut [u8]) -> usize {
        let available = bytes.len();
        let Some(conn) = self.io.conns.get_mut(slot) else { return available };
        let (id, is_open) = (conn.id(slot), conn.state == State::Open);
        let deflate = conn.window_bits > 0;
        let step = match conn.decoder.decode(&self.frames, deflate, &mut self.inflater, bytes) {
            Ok(step) => step,
            Err(violation) => {
                self.take_violation(slot, violation);
                return available;
            }
        };
        let consumed = step.consumed;
        let Some(event) = step.event else { return consumed };
        let content_bytes = match &event {
            ws::Event::Text(text) => text.len(),
            ws::Event::Binary(data) => data.len(),
            _ => 0,
        };
        let is_cheap = content_bytes == 0;
        // A hundred bytes can stand for a whole message: what it costs is what it becomes.
        self.inflated_bytes += content_bytes.saturating_sub(consumed);
        let mut answer = Answer::Nothing;
        match event {
            ws::Event::Text(text) if is_open => {
                self.io.counters.messages_received_total += 1;
                self.handler.on_message(&mut self.outbox, id, Message::Text(text));
            }
            ws::Event::Binary(data) if is_open => {
                self.io.counters.messages_received_total += 1;
                self.handler.on_message(&mut self.outbox, id, Message::Binary(data));
            }
            ws::Event::Ping(payload) if is_open => {
                self.ping_payload.clear();
                self.ping_payload.extend_from_slice(payload);
                answer = Answer::Pong;
            }
            ws::Event::Close(close) => answer = Answer::Close(close.map(|close| close.code)),
            // Behind our own Close frame nothing but the peer's matters (RFC 6455 section 1.4).
            _ => {}
        }
        match answer {
            Answer::Nothing => self.io.carry_out(&mut self.outbox),
            Answer::Pong => self.io.queue_pong(slot, &self.ping_payload),
            Answer::Close(code) => self.take_close(slot, code),
        }
        if is_cheap {
            self.count_cheap_frame(slot);
        }
        consumed
    }

    /// The peer's Close frame: the answer to ours, or the beginning of a closing handshake.
    fn take_close(&mut self, slot: usize, code: Option<u16>) {
        match self.io.conns.get(slot).map(|conn| conn.state) {
            Some(State::Open) => self.io.part(slot, Parting::Answer(code)),
            _ => self.io.linger(slot),
        }
    }

    /// The peer broke the protocol. Behind our own Close frame there is nobody to tell.
    fn take_violation(&mut self, slot: usize, violation: ws::Violation) {
        match self.io.conns.get(slot).map(|conn| conn.state) {
            Some(State::Open) => {
                self.io.part(slot, Parting::Fail(violation.close_code(), violation.to_string()));
            }
            _ => self.io.linger(slot),
        }
    }

    fn count_cheap_frame(&mut self, slot: usize) {
        let (tick, per_second) = (self.io.tick, self.io.limits.control_frames_per_second);
        let Some(conn) = self.io.conns.get_mut(slot).filter(|conn| conn.state == State::Open) else { return };
        if conn.control_frames.is_over(tick, per_second, CONTROL_BURST_SECONDS) {
            let reason = "too many control or empty frames".to_owned();
            self.io.part(slot, Parting::Fail(ws::code::POLICY, reason));
        }
    }

    /// Sends a ping over a connection that has been silent.
    pub(super) fn ping(&mut self, slot: usize) {
        if let Some(conn) = self.io.conns.get_mut(slot) {
            conn.pinged = true;
        }
        self.io.queue_frame(slot, Opcode::Ping, &[]);
    }
}
