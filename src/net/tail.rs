//! Answers whose body follows in pieces, as the peer takes it.
//!
//! A file of many megabytes is not queued: its head is, and each time the kernel has taken all that was queued the
//! handler is asked for the next piece. So a download costs one piece of memory, however large it is and however slowly
//! it is read, and is never taken for a slow consumer. Some pieces a turn are asked for, those who wait first; a peer that
//! does not take one within its time is given up.
//!
//! Until the last byte is in the hands of the kernel the connection is not read, so answers stay in order.
//! Invariant: what is sent is exactly as long as was promised, or the connection breaks.
//! The tutorial answers nothing but the handshake. Tests: `tests/net/downloads.rs`.

use std::ops::Range;

use super::conn::{Reply, Stage, State};
use super::io::Io;
use super::{ConnId, Handler, Server};
use crate::http::Persistence;

/// The kernel's send buffer while an answer follows. The usual one is smaller than a segment of the loopback device, so
/// that every piece to a proxy on this machine would wait for a delayed acknowledgement: 40 ms.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

impl Io {
    /// So many bytes of body follow behind the head that is queued.
    pub(super) fn begin_tail(&mut self, slot: usize, reply: Reply, left: u64) {
        if let Some(conn) = self.conns.get_mut(slot) {
            conn.reply = Some(Reply { stage: Stage::Answered, ..reply });
            self.tails.insert(conn.id(slot), left);
            conn.stream.set_send_buffer(SEND_BUFFER_BYTES);
            self.set_deadline(slot, self.tick.plus_ms(self.limits.download_piece_timeout_ms));
        }
    }

    /// Everything that was queued is in the hands of the kernel: whoever has more to follow is asked for it.
    pub(super) fn drained(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if !conn.has_tail() {
            return;
        }
        let id = conn.id(slot);
        if self.tails.get(&id).is_some_and(|left| *left > 0) {
            self.hungry.push_back(id);
            return;
        }
        self.tails.remove(&id);
        conn.stream.set_send_buffer(self.limits.socket_send_buffer_bytes);
        self.answered.push(id);
        if let Some(reply) = conn.reply.take() {
            self.end_response(slot, reply.persistence);
        }
    }

    /// The connection of an answer that follows, if it is still the same one.
    fn tail_slot(&self, id: ConnId) -> Option<usize> {
        let slot = id.slot as usize;
        let conn = self.conns.get(slot)?;
        let follows = conn.has_tail() && conn.state == State::Handshaking;
        (conn.generation == id.generation && follows).then_some(slot)
    }

    /// Queues the next piece.
    pub(super) fn take_piece(&mut self, id: ConnId, bytes: &[u8], piece: Range<usize>) {
        let Some(slot) = self.tail_slot(id) else { return };
        let Some(left) = self.tails.get_mut(&id) else { return };
        let piece = bytes.get(piece).unwrap_or_default();
        let room = usize::try_from(*left).unwrap_or(usize::MAX);
        let piece = piece.get(..room).unwrap_or(piece);
        *left -= piece.len() as u64;
        self.queue_http(slot, |out| out.extend_from_slice(piece));
        self.set_deadline(slot, self.tick.plus_ms(self.limits.download_piece_timeout_ms));
    }

    /// Nothing comes behind an answer that follows.
    pub(super) fn end_behind_tail(&mut self, slot: usize) {
        if let Some(reply) = self.conns.get_mut(slot).and_then(|conn| conn.reply.as_mut()) {
            reply.persistence = Persistence::Close;
        }
    }

    /// Breaks an answer off that cannot be ended.
    pub(super) fn abort(&mut self, id: ConnId) {
        if let Some(slot) = self.tail_slot(id) {
            if let Some(conn) = self.conns.get(slot) {
                conn.stream.discard_unsent();
            }
            self.abandon(slot);
        }
    }

    /// The exchange under way will not be ended: whoever has begun it is told, once.
    pub(super) fn give_up_exchange(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        let id = conn.id(slot);
        let reply = conn.reply.take();
        if reply.is_some_and(|reply| reply.stage == Stage::Answered) {
            self.tails.remove(&id);
            self.answered.push(id);
        }
        if reply.is_some_and(|reply| reply.stage == Stage::Coming) {
            self.lost_bodies.push(id);
        }
    }
}

impl<H: Handler> Server<H> {
    /// Asks for the next pieces, and tells of bodies and answers that have ended.
    pub(super) fn tell_exchanges(&mut self) {
        for id in std::mem::take(&mut self.io.lost_bodies) {
            self.handler.on_body(&mut self.outbox, id, super::Body::Lost);
            self.io.carry_out(&mut self.outbox);
        }
        for id in std::mem::take(&mut self.io.answered) {
            self.handler.on_answered(&mut self.outbox, id);
            self.io.carry_out(&mut self.outbox);
        }
        // Those who are asked now come again in the next turn at the earliest, behind all who wait.
        for _ in 0..self.io.limits.download_pieces_per_turn {
            let Some(id) = self.io.hungry.pop_front() else { break };
            if self.io.tail_slot(id).is_some() {
                self.handler.on_room(&mut self.outbox, id);
                self.io.carry_out(&mut self.outbox);
            }
        }
    }
}
