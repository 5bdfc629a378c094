//! The orders of a handler: what it wants sent, opened, closed, without a socket in its hands.
//!
//! A handler method writes orders here; the loop carries them out, in order, as soon as the method has returned
//! (`io.rs`). So no call ever goes from the loop into a handler and back into the loop, and a handler can be
//! tested with nothing but an outbox. Payloads lie end to end in one buffer that is reused every time; an order
//! holds a range of it, so one payload can go to many receivers and is written once.
//!
//! The tutorial's `send()` writes to the socket at once, one call a receiver, and loses what the kernel does not
//! take.
//! Tests: all of `tests/net/`.

use std::ops::Range;

use super::{Adjustment, ConnId, Message, TopicId};
use crate::base::clock::{Millis, Now};
use crate::base::counters::Counters;
use crate::http::Response;
use crate::ws::Opcode;

/// A message waiting in the outbox to be sent, to as many receivers as wanted, until the method returns.
#[derive(Clone, Copy, Debug)]
pub struct Payload {
    pub(super) opcode: Opcode,
    pub(super) kind: u8,
    start: usize,
    end: usize,
}

impl Payload {
    /// The same message, counted as one of that kind: a number under [`KINDS`](crate::base::counters::KINDS).
    #[must_use]
    pub fn of_kind(self, kind: u8) -> Payload {
        Payload { kind, ..self }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

#[derive(Debug)]
pub(super) enum Order {
    Send { conn: ConnId, payload: Payload },
    Publish { topic: TopicId, payload: Payload },
    Subscribe { conn: ConnId, topic: TopicId },
    Unsubscribe { conn: ConnId, topic: TopicId },
    Close { conn: ConnId, code: u16, reason: String },
    Respond { conn: ConnId, response: Box<Response> },
    Piece { conn: ConnId, piece: Range<usize> },
    Abort { conn: ConnId },
    WakeAt { moment: Millis, token: u64 },
    Mark { conn: ConnId, mark: u64 },
    Stop,
    Adjust(Option<Box<Adjustment>>),
}

impl Order {
    /// The same order when its payload lies `base` bytes further on.
    fn shifted(self, base: usize) -> Order {
        let shift =
            |payload: Payload| Payload { start: payload.start + base, end: payload.end + base, ..payload };
        match self {
            Order::Send { conn, payload } => Order::Send { conn, payload: shift(payload) },
            Order::Publish { topic, payload } => Order::Publish { topic, payload: shift(payload) },
            Order::Piece { conn, piece } => {
                Order::Piece { conn, piece: piece.start + base..piece.end + base }
            }
            other => other,
        }
    }
}

/// The orders of one call of a handler.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) now: Now,
    pub(super) counters: Counters,
    pub(super) orders: Vec<Order>,
    pub(super) bytes: Vec<u8>,
}

impl Outbox {
    /// An outbox at a moment, as a handler's own tests need one.
    #[must_use]
    pub fn at(now: Now) -> Outbox {
        Outbox { now, ..Outbox::default() }
    }

    /// The time of this turn.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// What the loop had counted when this turn began.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many messages are ordered to be sent, each topic counted once.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.orders.iter().filter(|order| matches!(order, Order::Send { .. } | Order::Publish { .. })).count()
    }

    /// Puts a text message together; `write` appends its UTF-8. Nothing is sent yet.
    pub fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Payload {
        self.payload(Opcode::Text, write)
    }

    /// Copies a message. Nothing is sent yet.
    pub fn message(&mut self, message: Message<'_>) -> Payload {
        match message {
            Message::Text(text) => self.payload(Opcode::Text, |out| out.extend_from_slice(text.as_bytes())),
            Message::Binary(bytes) => self.payload(Opcode::Binary, |out| out.extend_from_slice(bytes)),
        }
    }

    fn payload(&mut self, opcode: Opcode, write: impl FnOnce(&mut Vec<u8>)) -> Payload {
        let start = self.bytes.len();
        write(&mut self.bytes);
        Payload { opcode, kind: 0, start, end: self.bytes.len() }
    }

    /// Sends to one connection. One that is not open any more is passed over, here and below.
    pub fn send(&mut self, conn: ConnId, payload: Payload) {
        self.orders.push(Order::Send { conn, payload });
    }

    /// Sends to every connection that is in the topic now.
    pub fn publish(&mut self, topic: TopicId, payload: Payload) {
        self.orders.push(Order::Publish { topic, payload });
    }

    /// Puts the connection into the topic: it gets what is published from now on. Once, however often asked.
    pub fn subscribe(&mut self, conn: ConnId, topic: TopicId) {
        self.orders.push(Order::Subscribe { conn, topic });
    }

    /// Takes the connection out of the topic; what was published before still reaches it.
    pub fn unsubscribe(&mut self, conn: ConnId, topic: TopicId) {
        self.orders.push(Order::Unsubscribe { conn, topic });
    }

    /// Starts the closing handshake behind everything sent so far. A reason over 123 bytes is cut.
    pub fn close(&mut self, conn: ConnId, code: u16, reason: &str) {
        self.orders.push(Order::Close { conn, code, reason: reason.to_owned() });
    }

    /// Answers the HTTP request of the connection.
    pub fn respond(&mut self, conn: ConnId, response: Response) {
        self.orders.push(Order::Respond { conn, response: Box::new(response) });
    }

    /// Gives the next bytes of an answer whose body follows; `write` appends them. What is more than was promised is
    /// left out.
    pub fn piece(&mut self, conn: ConnId, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.orders.push(Order::Piece { conn, piece: start..self.bytes.len() });
    }

    /// Gives up an answer whose body follows: the peer sees the connection break, and so that the answer is not whole.
    pub fn abort(&mut self, conn: ConnId) {
        self.orders.push(Order::Abort { conn });
    }

    /// Asks for [`Handler::on_deadline`](super::Handler::on_deadline) at that moment, or a little later. It
    /// cannot be taken back: a handler knows itself which deadlines still hold.
    pub fn wake_at(&mut self, moment: Millis, token: u64) {
        self.orders.push(Order::WakeAt { moment, token });
    }

    /// Asks for [`Handler::on_flushed`](super::Handler::on_flushed) once everything sent to the connection so
    /// far is in the hands of the kernel. A connection that closes first gives its marks up.
    pub fn mark(&mut self, conn: ConnId, mark: u64) {
        self.orders.push(Order::Mark { conn, mark });
    }

    /// Appends the orders of another outbox, and empties that one. So orders can be held until it is certain
    /// that they may be given, and dropped by [`Outbox::clear`] if not.
    pub fn append(&mut self, held: &mut Outbox) {
        if self.orders.is_empty() && self.bytes.is_empty() {
            std::mem::swap(&mut self.orders, &mut held.orders);
            std::mem::swap(&mut self.bytes, &mut held.bytes);
            return;
        }
        let base = self.bytes.len();
        self.bytes.append(&mut held.bytes);
        self.orders.extend(held.orders.drain(..).map(|order| order.shifted(base)));
    }

    /// Drops every order.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.bytes.clear();
    }

    /// Sets the moment, for an outbox that is not the loop's.
    pub fn set_now(&mut self, now: Now) {
        self.now = now;
    }

    /// Drains the server, as SIGTERM does: every connection gets its last words, then [`Server::run`]
    /// returns.
    ///
    /// [`Server::run`]: super::Server::run
    pub fn stop(&mut self) {
        self.orders.push(Order::Stop);
    }

    /// Tells the server what holds from the end of this turn on.
    pub fn adjust(&mut self, adjustment: Adjustment) {
        self.orders.push(Order::Adjust(Some(Box::new(adjustment))));
    }
}
