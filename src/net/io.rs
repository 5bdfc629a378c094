//! What the loop holds besides the handler, and how an order is carried out.
//!
//! Everything here is about connections and bytes and is told by number whom it concerns; nothing calls the
//! handler. Output is queued, never written: writing is the flush (`flush.rs`).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::IpAddr;

use slab::Slab;

use super::conn::{Conn, Parting, Reply, State};
use super::flush::queued;
use super::outbox::{Order, Outbox};
use super::pending::{Content, Pool};
use super::topic::Topics;
use super::{CloseReason, ConnId, LastWords, Limits, Payload};
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
    pub(super) now: Now,
    pub(super) tick: Tick,
    /// Connections with a deadline, by slot and generation.
    pub(super) wheel: Wheel<ConnId>,
    /// The handler's own deadlines.
    pub(super) wakes: BinaryHeap<Reverse<(Millis, u64)>>,
    /// Connections with output to flush.
    pub(super) dirty: VecDeque<usize>,
    /// Connections to read again without a new event.
    pub(super) held_back: Vec<usize>,
    /// Connections that left the open state and of which the handler does not know yet.
    pub(super) closed: VecDeque<(ConnId, CloseReason)>,
    /// Connections that end with this turn.
    pub(super) partings: Vec<(usize, Parting)>,
    /// Connections to free at the end of the turn.
    pub(super) done: Vec<usize>,
    /// Connections whose queued output is over the soft limit or more.
    pub(super) over: Vec<usize>,
    /// Connections of each address that is limited.
    pub(super) addresses: HashMap<IpAddr, u32>,
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
            now,
            tick: Tick::at(now.mono),
            wheel: Wheel::default(),
            wakes: BinaryHeap::new(),
            dirty: VecDeque::new(),
            held_back: Vec::new(),
            closed: VecDeque::new(),
            partings: Vec::new(),
            done: Vec::new(),
            over: Vec::new(),
            addresses: HashMap::new(),
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
        if out.orders.is_empty() {
            out.bytes.clear();
            return;
        }
        let mut orders = std::mem::take(&mut out.orders);
        for order in orders.drain(..) {
            match order {
                Order::Send { conn, payload } => {
                    if let Some(slot) = self.open_slot(conn) {
                        let bytes = out.bytes.get(payload.range()).unwrap_or_default();
                        self.queue_message(slot, payload, bytes);
                    }
                }
                Order::Publish { topic, payload } => {
                    let bytes = out.bytes.get(payload.range()).unwrap_or_default();
                    self.topics.publish(&mut self.pool, &mut self.deflater, topic, payload, bytes);
                }
                Order::Subscribe { conn, topic } => {
                    if let Some(slot) = self.open_slot(conn) {
                        self.topics.subscribe(&mut self.conns, slot, topic);
                    }
                }
                Order::Unsubscribe { conn, topic } => {
                    if let Some(slot) = self.open_slot(conn) {
                        self.topics.unsubscribe(&mut self.conns, &mut self.pool, slot, topic);
                        self.mark_dirty(slot);
                    }
                }
                Order::Close { conn, code, reason } => {
                    if let Some(slot) = self.open_slot(conn) {
                        self.close(slot, code, &reason, CloseReason::Handler(code));
                    }
                }
                Order::Respond { conn, response } => self.respond(conn, &response),
                Order::WakeAt { moment, token } => self.wakes.push(Reverse((moment, token))),
                Order::Mark { conn, mark } => {
                    if let Some(slot) = self.open_slot(conn) {
                        self.with_pending(slot, |pending, _| pending.mark(mark));
                    }
                }
                Order::Stop => self.stop_ordered = true,
            }
        }
        out.orders = orders;
        out.bytes.clear();
        // One answer of many megabytes must not keep its room for ever.
        out.bytes.shrink_to(1024 * 1024);
    }

    /// Borrows the output queue of a connection, making it where there is none, and sees that it is flushed.
    fn with_pending(&mut self, slot: usize, queue: impl FnOnce(&mut super::pending::Pending, &mut Pool)) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        let pending = conn.pending.get_or_insert_with(|| self.pool.queue());
        queue(pending, &mut self.pool);
        self.mark_dirty(slot);
    }

    /// Sees that the output of a connection is flushed, or judged where the kernel takes nothing.
    pub(super) fn mark_dirty(&mut self, slot: usize) {
        let soft = self.limits.output_soft_bytes_max;
        if let Some(conn) = self.conns.get_mut(slot) {
            queued(slot, conn, &mut self.dirty, &mut self.over, soft);
        }
    }

    fn queue_message(&mut self, slot: usize, payload: Payload, bytes: &[u8]) {
        let window_bits = self.conns.get(slot).map_or(0, |conn| conn.window_bits);
        if window_bits == 0 || bytes.len() < ws::DEFLATE_BYTES_MIN {
            self.queue_frame(slot, payload.opcode, bytes);
            return;
        }
        let mut compressed = std::mem::take(&mut self.scratch);
        compressed.clear();
        self.deflater.compress(window_bits, bytes, &mut compressed);
        self.with_pending(slot, |pending, pool| {
            pending.append(pool, Content::Frames, |out| {
                ws::encode_compressed(out, payload.opcode, &compressed);
            });
        });
        self.scratch = compressed;
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
        self.with_pending(slot, |pending, pool| pending.append(pool, Content::Http, write));
    }

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

    /// Nothing more is wanted from the peer: flush, FIN, and wait for its end until the deadline.
    pub(super) fn linger(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.state == State::Done {
            return;
        }
        conn.decoder = ws::Decoder::new();
        conn.request = None;
        conn.kept = Vec::new();
        conn.reply = None;
        // The time for closing runs once: traffic, or a late Close frame, must not extend it.
        let runs_already = matches!(conn.state, State::Closing | State::Lingering);
        conn.state = State::Lingering;
        if !runs_already {
            self.set_deadline(slot, self.tick.plus_ms(self.limits.close_timeout_ms));
        }
        self.finish_if_flushed(slot);
    }

    /// Sends FIN once everything is written.
    pub(super) fn finish_if_flushed(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.state == State::Lingering && conn.pending.is_none() && !conn.finished {
            conn.finished = true;
            conn.stream.finish();
        }
    }

    /// The stream is gone: nothing can be said any more.
    pub(super) fn lose(&mut self, slot: usize, why: CloseReason) {
        if self.conns.get(slot).is_none_or(|conn| conn.state == State::Done) {
            return;
        }
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
            self.closed.push_back((conn.id(slot), why));
        }
        conn.state = next;
        if next == State::Closing {
            self.set_deadline(slot, self.tick.plus_ms(self.limits.close_timeout_ms));
        }
    }

    /// Sets the deadline of the connection's state.
    pub(super) fn set_deadline(&mut self, slot: usize, deadline: Tick) {
        if let Some(conn) = self.conns.get_mut(slot) {
            conn.deadline = Some(deadline);
            self.look_again_at(slot, deadline);
        }
    }

    /// Sees that the wheel brings the connection up at that tick, or earlier.
    pub(super) fn look_again_at(&mut self, slot: usize, tick: Tick) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.wheel.is_none_or(|due| tick < due) {
            conn.wheel = Some(tick);
            self.wheel.insert(tick, conn.id(slot));
        }
    }

    fn respond(&mut self, id: ConnId, response: &Response) {
        let slot = id.slot as usize;
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if conn.generation != id.generation || conn.state != State::Handshaking {
            return;
        }
        let Some(reply) = conn.reply.take() else { return };
        if let Some(request) = &mut conn.request {
            request.clear();
        }
        self.send_response(slot, response, reply);
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
        self.queue_http(slot, |out| response.encode(out, reply.part, persistence, &date));
        match persistence {
            Persistence::KeepAlive => {
                self.set_deadline(slot, self.tick.plus_ms(self.limits.head_timeout_ms));
                self.hold_back(slot);
            }
            Persistence::Close => self.linger(slot),
        }
    }

    /// Refuses what is no request: there may be nothing that could be answered otherwise.
    pub(super) fn refuse(&mut self, slot: usize, response: &Response) {
        self.send_response(slot, response, Reply { part: Part::Whole, persistence: Persistence::Close });
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
        for slot in self.done.drain(..) {
            let Some(mut conn) = self.conns.try_remove(slot) else { continue };
            if let Some(pending) = conn.pending.take() {
                self.pool.give_queue(pending);
            }
            if let Some(address) = conn.counted.take()
                && let Some(count) = self.addresses.get_mut(&*address)
            {
                *count -= 1;
                if *count == 0 {
                    self.addresses.remove(&*address);
                }
            }
        }
        self.counters.freed_total += freed as u64;
        self.counters.queued_bytes = self.pool.queued_bytes;
        freed
    }
}
