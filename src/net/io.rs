//! What the loop holds besides the handler, and how an order is carried out.
//!
//! Everything here is about connections and bytes and is told by number whom it concerns; nothing calls the
//! handler. Output is queued, never written: writing is the flush (`flush.rs`).
//! Tests: all of `tests/net/`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::IpAddr;

use slab::Slab;

use super::conn::{Conn, Parting, Reply, Stage, State};
use super::ending::Endings;
use super::flush::note_output;
use super::outbox::{Order, Outbox};
use super::pending::{Content, Pending, Pool};
use super::tls::TlsIdentity;
use super::topic::Topics;
use super::{Adjustment, CloseReason, ConnId, Limits, Payload};
use crate::base::clock::{Millis, Now};
use crate::base::counters::Counters;
use crate::base::deadline::{Tick, Wheel};
use crate::http::{Part, Persistence, Response};
use crate::ws::{self, Deflater, Opcode};

/// Connections, topics, deadlines and output.
pub(super) struct Io {
    pub(super) limits: Limits,
    pub(super) conns: Slab<Conn>,
    pub(super) topics: Topics,
    pub(super) pool: Pool,
    pub(super) deflater: Deflater,
    pub(super) counters: Counters,
    pub(super) endings: Endings,
    pub(super) now: Now,
    pub(super) tick: Tick,
    /// Connections with a deadline, by slot. Whether an entry still holds is for the connection to say.
    pub(super) wheel: Wheel<u32>,
    /// The handler's own deadlines.
    pub(super) wakes: BinaryHeap<Reverse<(Millis, u64)>>,
    /// Connections with output to flush, since the last flush.
    pub(super) dirty: VecDeque<usize>,
    /// The same that the slices of earlier turns did not reach.
    pub(super) unreached: VecDeque<usize>,
    /// Connections to read again without a new event.
    pub(super) held_back: Vec<usize>,
    /// Connections that left the open state and of which the handler does not know yet.
    pub(super) closed: VecDeque<(ConnId, CloseReason)>,
    /// Bodies that will not come to their end, and of which the handler does not know yet.
    pub(super) lost_bodies: Vec<ConnId>,
    /// The same of answers that followed and have ended.
    pub(super) answered: Vec<ConnId>,
    /// Bytes that are still to follow of the answers whose bodies follow. Few connections are among them.
    pub(super) tails: HashMap<ConnId, u64>,
    /// Connections that have room for the next piece of an answer.
    pub(super) hungry: VecDeque<ConnId>,
    /// Connections that end with this turn.
    pub(super) partings: Vec<(usize, Parting)>,
    /// Connections to free at the end of the turn.
    pub(super) done: Vec<usize>,
    /// Connections that may be slow consumers: judged behind the flush.
    pub(super) suspects: Vec<usize>,
    /// Connections of each address that is limited.
    pub(super) addresses: HashMap<IpAddr, u32>,
    /// What the handler wants to hold from the end of this turn on.
    pub(super) adjustment: Option<Box<Adjustment>>,
    /// What new connections speak TLS with.
    pub(super) tls: Option<TlsIdentity>,
    /// Reads of handshakes that this turn still takes up.
    pub(super) tls_handshakes_left: usize,
    /// The handler asked for a drain.
    pub(super) stop_ordered: bool,
    pub(super) scratch: Vec<u8>,
}

impl Io {
    pub(super) fn new(limits: Limits, now: Now) -> Io {
        Io {
            limits,
            conns: Slab::new(),
            topics: Topics::default(),
            pool: Pool::default(),
            deflater: Deflater::new(),
            counters: Counters::default(),
            endings: Endings::default(),
            now,
            tick: Tick::at(now.mono),
            wheel: Wheel::default(),
            wakes: BinaryHeap::new(),
            dirty: VecDeque::new(),
            unreached: VecDeque::new(),
            held_back: Vec::new(),
            closed: VecDeque::new(),
            lost_bodies: Vec::new(),
            answered: Vec::new(),
            tails: HashMap::new(),
            hungry: VecDeque::new(),
            partings: Vec::new(),
            done: Vec::new(),
            suspects: Vec::new(),
            addresses: HashMap::new(),
            adjustment: None,
            tls: None,
            tls_handshakes_left: 0,
            stop_ordered: false,
            scratch: Vec::new(),
        }
    }

    /// The time of a new turn.
    pub(super) fn set_now(&mut self, now: Now) {
        self.now = now;
        self.tick = Tick::at(now.mono);
    }

    /// The slot of a connection, if it is still the same one and can still be sent to.
    fn open_slot(&self, id: ConnId) -> Option<usize> {
        let slot = id.slot as usize;
        let conn = self.conns.get(slot)?;
        (conn.generation == id.generation && conn.is_open()).then_some(slot)
    }

    /// Carries out every order of the outbox, in order, and empties it.
    pub(super) fn carry_out(&mut self, out: &mut Outbox) {
        let Outbox { orders, bytes, .. } = out;
        for order in &mut *orders {
            match order {
                Order::Send { conn, payload } => {
                    let bytes = bytes.get(payload.range()).unwrap_or_default();
                    self.queue_message(*conn, *payload, bytes);
                }
                Order::Publish { topic, payload } => {
                    let bytes = bytes.get(payload.range()).unwrap_or_default();
                    let receivers =
                        self.topics.publish(&mut self.pool, &mut self.deflater, *topic, *payload, bytes);
                    self.count_queued(*payload, receivers);
                }
                Order::Subscribe { conn, topic } => {
                    if let Some(slot) = self.open_slot(*conn) {
                        self.topics.subscribe(&mut self.conns, slot, *topic);
                    }
                }
                Order::Unsubscribe { conn, topic } => {
                    if let Some(slot) = self.open_slot(*conn) {
                        self.topics.unsubscribe(&mut self.conns, &mut self.pool, slot, *topic);
                        self.mark_dirty(slot);
                    }
                }
                Order::Close { conn, code, reason } => {
                    if let Some(slot) = self.open_slot(*conn) {
                        self.close(slot, *code, reason, CloseReason::Handler(*code));
                    }
                }
                Order::Respond { conn, response } => self.respond(*conn, response),
                Order::Piece { conn, piece } => self.take_piece(*conn, bytes, piece.clone()),
                Order::Abort { conn } => self.abort(*conn),
                Order::WakeAt { moment, token } => self.wakes.push(Reverse((*moment, *token))),
                Order::Mark { conn, mark } => {
                    if let Some(slot) = self.open_slot(*conn) {
                        self.with_pending(slot, |pending, _| pending.mark(*mark));
                    }
                }
                Order::Stop => self.stop_ordered = true,
                Order::Adjust(adjustment) => self.adjustment = adjustment.take(),
            }
        }
        orders.clear();
        out.bytes.clear();
        // One answer of many megabytes must not keep its room for ever.
        out.bytes.shrink_to(1024 * 1024);
    }

    /// Borrows the output queue of a connection, making it where there is none, and sees that it is flushed.
    pub(super) fn with_pending(&mut self, slot: usize, queue: impl FnOnce(&mut Pending, &mut Pool)) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        let pending = conn.pending.get_or_insert_with(|| self.pool.queue());
        queue(pending, &mut self.pool);
        self.mark_dirty(slot);
    }

    /// Sees that the output of a connection is flushed, or judged where the kernel takes nothing.
    pub(super) fn mark_dirty(&mut self, slot: usize) {
        let soft = self.limits.output_soft_bytes_max;
        if let Some(conn) = self.conns.get_mut(slot) {
            note_output(slot, conn, &mut self.dirty, &mut self.suspects, soft);
        }
    }

    fn count_queued(&mut self, payload: Payload, receivers: usize) {
        if let Some(total) = self.counters.messages_queued_total.get_mut(usize::from(payload.kind)) {
            *total += receivers as u64;
        }
    }

    /// Queues a message. This is done for every delivery but those of topics, so the connection is looked up once.
    fn queue_message(&mut self, id: ConnId, payload: Payload, bytes: &[u8]) {
        let slot = id.slot as usize;
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.generation != id.generation || !conn.is_open() {
            return;
        }
        let pending = conn.pending.get_or_insert_with(|| self.pool.queue());
        if conn.window_bits == 0 || bytes.len() < ws::DEFLATE_BYTES_MIN {
            pending.append(&mut self.pool, Content::Frames, |out| {
                ws::encode_frame(out, payload.opcode, bytes);
            });
        } else {
            self.scratch.clear();
            self.deflater.compress(conn.window_bits, bytes, &mut self.scratch);
            pending.append(&mut self.pool, Content::Frames, |out| {
                ws::encode_compressed(out, payload.opcode, &self.scratch);
            });
        }
        note_output(slot, conn, &mut self.dirty, &mut self.suspects, self.limits.output_soft_bytes_max);
        self.count_queued(payload, 1);
    }

    /// Queues one uncompressed frame.
    pub(super) fn queue_frame(&mut self, slot: usize, opcode: Opcode, payload: &[u8]) {
        self.with_pending(slot, |pending, pool| {
            pending.append(pool, Content::Frames, |out| ws::encode_frame(out, opcode, payload));
        });
    }

    /// Answers a ping. While the kernel takes nothing, only the newest pong is kept.
    pub(super) fn queue_pong(&mut self, slot: usize, payload: &[u8]) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        match &mut conn.pending {
            Some(pending) if conn.blocked => pending.keep_pong(payload),
            _ => self.queue_frame(slot, Opcode::Pong, payload),
        }
    }

    /// Queues bytes that are not frames.
    pub(super) fn queue_http(&mut self, slot: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.with_pending(slot, |pending, pool| pending.append(pool, Content::Opaque, write));
    }

    /// Sets the deadline of the connection's state.
    pub(super) fn set_deadline(&mut self, slot: usize, deadline: Tick) {
        if let Some(conn) = self.conns.get_mut(slot) {
            conn.deadline = deadline.into();
            self.look_again_at(slot, deadline);
        }
    }

    /// Sees that the wheel brings the connection up at that tick, or earlier.
    pub(super) fn look_again_at(&mut self, slot: usize, tick: Tick) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.wheel.get().is_none_or(|due| tick < due) {
            conn.wheel = tick.into();
            self.wheel.insert(tick, slot as u32);
        }
    }

    fn respond(&mut self, id: ConnId, response: &Response) {
        let slot = id.slot as usize;
        let conn = self.conns.get_mut(slot).filter(|conn| conn.generation == id.generation);
        let conn = conn.filter(|conn| conn.state == State::Handshaking);
        let reply = conn.and_then(|conn| {
            let reply = conn.reply.take_if(|reply| reply.stage != Stage::Answered)?;
            if let Some(request) = &mut conn.request {
                request.clear();
            }
            Some(reply)
        });
        let follows = reply.map_or(0, |reply| response.follows(reply.part()));
        if follows == 0 && response.follows_bytes > 0 {
            // Nobody is there any more, or only the head was wanted.
            self.answered.push(id);
        }
        if let Some(reply) = reply {
            self.send_response(slot, response, reply);
        }
    }

    /// Queues a response. Behind every 4xx the connection is closed: who asked wrongly once may have been
    /// misunderstood about where the next request begins.
    pub(super) fn send_response(&mut self, slot: usize, response: &Response, reply: Reply) {
        let persistence = match response.status {
            400..=499 => Persistence::Close,
            _ => reply.persistence,
        };
        let date = httpdate::fmt_http_date(
            std::time::UNIX_EPOCH + std::time::Duration::from_millis(self.now.unix.0),
        );
        self.queue_http(slot, |out| response.encode(out, reply.part(), persistence, &date));
        match response.follows(reply.part()) {
            0 => self.end_response(slot, persistence),
            follows => self.begin_tail(slot, Reply { persistence, ..reply }, follows),
        }
    }

    /// All of a response is queued: the next request may come, or the connection ends.
    pub(super) fn end_response(&mut self, slot: usize, persistence: Persistence) {
        match persistence {
            Persistence::KeepAlive => {
                self.set_deadline(slot, self.tick.plus_ms(self.limits.head_timeout_ms));
                self.hold_back(slot);
            }
            Persistence::Close => self.linger(slot),
        }
    }

    /// Answers bytes that are no request, and closes.
    pub(super) fn refuse(&mut self, slot: usize, response: &Response) {
        self.give_up_exchange(slot);
        let reply = Reply { persistence: Persistence::Close, stage: Stage::Whole(Part::Whole) };
        self.send_response(slot, response, reply);
    }

    /// Sees that the connection is read again in the next turn without an event.
    pub(super) fn hold_back(&mut self, slot: usize) {
        if let Some(conn) = self.conns.get_mut(slot)
            && !conn.held_back
        {
            conn.held_back = true;
            self.held_back.push(slot);
        }
    }

    /// Frees what is done. Here and nowhere else a slot becomes free.
    pub(super) fn reap(&mut self) -> usize {
        let freed = self.done.len();
        let mut done = std::mem::take(&mut self.done);
        for slot in done.drain(..) {
            let Some(mut conn) = self.conns.try_remove(slot) else { continue };
            self.endings.tell(slot, &conn, self.now.mono, self.tick);
            if let Some(pending) = conn.pending.take() {
                self.counters.messages_lost_total += pending.messages();
                self.pool.give_queue(pending);
            }
            if let Some(address) = conn.counted.take() {
                self.count_less(*address);
            }
        }
        self.done = done;
        self.counters.freed_total += freed as u64;
        self.counters.connections = self.conns.len();
        self.counters.queued_bytes = self.pool.queued_bytes;
        freed
    }
}
