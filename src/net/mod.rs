//! The event loop: many sockets, one thread, no waiting but in one place.
//!
//! [`Server`] owns the poll, the slab of connections and the deadlines, and drives a [`Handler`], which mirrors
//! the class of the tutorial: `on_connect`, `on_message`, `on_close`, and defaults for everything else. It
//! knows frames and requests, by [`ws`](crate::ws) and [`http`](crate::http), and nothing of chat.
//!
//! One turn of the loop is [`Server::turn`]; read it first. Its steps live in a file each:
//!
//! | step | file |
//! |---|---|
//! | wait, and the order of the steps | `server.rs` |
//! | read: bytes to requests, frames, messages | `receive.rs`, `request.rs` |
//! | what stands in front of HTTP: a proxy's header, TLS | `front.rs`, `proxy.rs`, `tls.rs`, `peer.rs` |
//! | deadlines: head, heartbeat, closing, slow consumers | `deadlines.rs` |
//! | accept | `listener.rs`, `handed.rs`, `accept.rs` |
//! | carry out what the handler ordered | `outbox.rs`, `io.rs`, `topic.rs` |
//! | flush: one write per connection and turn | `pending.rs`, `sealed.rs`, `flush.rs`, `slow.rs` |
//! | answers that are longer than a queue may be | `tail.rs` |
//! | the ways out, and the freeing | `closing.rs`, `drain.rs`; `Io::reap` in `io.rs`; a line of log in `ending.rs` |
//!
//! A connection with TLS takes the same turn. Its bytes are opened as soon as they are read, all of them, and then
//! are bytes like others: requests, frames, budgets and what is kept do not know the difference. Its output waits
//! plain, shared with others, and is sealed in the flush, in front of the write. `tls.rs` tells both ways.
//!
//! Invariants, as absences: no handler touches a socket; no connection is freed but at the end of a turn; no
//! slot and generation is used twice; no data is written outside the flush; no `on_connect` without exactly one
//! `on_close`; no blocking call but the wait.
//!
//! The tutorial's `service()` is [`Server::bind`], its `run()` is [`Server::run`]. It leaves out partial frames,
//! partial writes, deadlines and every limit.
//! Tests: `tests/net/`.

mod accept;
mod closing;
mod config;
mod conn;
mod deadlines;
mod drain;
mod ending;
mod flush;
mod front;
mod handed;
mod io;
mod listener;
mod outbox;
mod peer;
mod pending;
mod proxy;
mod receive;
mod request;
mod sealed;
mod server;
mod signal;
mod slow;
mod stream;
mod tail;
mod tls;
mod topic;

use std::fmt;
use std::net::IpAddr;

pub use config::{
    AddressExemption, Adjustment, Config, Deflate, Limits, Listen, ListenError, ProxyProtocol, Signals,
};
pub use handed::Handed;
pub use outbox::{Outbox, Payload};
pub use peer::{TrustedProxy, TrustedProxyError};
pub use server::{BindError, Server, Turn};
pub use tls::{TlsError, TlsIdentity};

use crate::http::{Request, Response};

/// One connection: a slot of the slab and the generation of its tenant, so that it is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    slot: u32,
    generation: u32,
}

impl ConnId {
    /// One number for both parts, for floors that number connections in their own way.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    /// The inverse of [`ConnId::to_u64`].
    #[must_use]
    pub fn from_u64(number: u64) -> ConnId {
        ConnId { slot: number as u32, generation: (number >> 32) as u32 }
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// A fan-out list, named by a small number that the handler chooses. Numbers are indices: keep them dense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u32);

/// A whole message, fragments put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Valid UTF-8.
    Text(&'a str),
    /// Any bytes.
    Binary(&'a [u8]),
}

/// Which kind of listener a connection came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// One of [`Config::listen`].
    Main,
    /// One of [`Config::side`]: requests only, none of them an upgrade.
    Side,
}

/// What becomes of the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// It is collected, and comes with the request.
    Whole,
    /// It is handed over in pieces as it comes, up to so many bytes in all. There is no [`Handler::on_request`] then.
    Pieces {
        /// A head that tells of more is refused.
        bytes_max: usize,
    },
}

/// What has come of a body that is handed over in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// The next bytes.
    Piece(&'a [u8]),
    /// That was all. The request must be answered now, or in a later turn.
    End,
    /// The rest will not come, and nobody is there to be answered. Not told of a request that is answered already.
    Lost,
}

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The connection, to which the answer goes.
    pub conn: ConnId,
    /// Where it came in.
    pub entrance: Entrance,
    /// The peer is on this machine: its address is a loopback address, or it has none (a Unix socket). A proxy on this
    /// machine is near too, for whomever it asks.
    pub is_near: bool,
}

/// Why a connection left the open state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer sent a Close frame with this code; 1005 where it had none.
    Peer(u16),
    /// The peer broke the protocol and was sent a Close frame with this code.
    Failed(u16),
    /// The handler closed it with this code.
    Handler(u16),
    /// The stream ended, or broke, without a Close frame.
    Lost,
    /// Nothing was received for the length of the heartbeat, and no answer to a ping.
    Silent,
    /// It did not read what it was sent.
    SlowConsumer,
    /// The daemon is going down.
    Drain,
}

/// Why the loop asks for the last words to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It does not read what it is sent.
    SlowConsumer,
    /// The daemon is going down.
    Drain,
}

/// What is sent before the loop itself ends a connection: a message, if any, and the Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// A text message; empty for none.
    pub text: String,
    /// The close code.
    pub code: u16,
    /// The reason, at most 123 bytes.
    pub reason: &'static str,
}

/// What a server does with its connections. Every method is called by the loop, on its one thread; what it
/// wants done it orders from the [`Outbox`], and the loop carries that out when the method has returned.
pub trait Handler {
    /// Where a connection comes from. Told just before [`Handler::on_connect`] and each [`Handler::on_request`], of those whom the limit of
    /// connections per address counts: an address that stands for many ([`AddressExemption`]) says nothing.
    fn on_address(&mut self, conn: ConnId, address: IpAddr) {
        let _ = (conn, address);
    }

    /// The opening handshake is done: messages may be sent. Called once per connection.
    fn on_connect(&mut self, out: &mut Outbox, conn: ConnId);

    /// A whole message. Not called any more once [`Outbox::close`] was ordered for the connection.
    fn on_message(&mut self, out: &mut Outbox, conn: ConnId, message: Message<'_>);

    /// The connection is no longer open: nothing can be sent to it, and it is in no topic. Called exactly once
    /// for each [`Handler::on_connect`].
    fn on_close(&mut self, out: &mut Outbox, conn: ConnId, reason: CloseReason);

    /// An HTTP request that is not an upgrade. It must be answered by [`Outbox::respond`], now or in a later
    /// turn; the requests behind it wait.
    fn on_request(&mut self, out: &mut Outbox, asker: Asker, request: &Request<'_>) {
        let _ = request;
        out.respond(asker.conn, Response::text(404, "nothing here\n"));
    }

    /// The head of a request with a body has come, and none of the body. Whoever answers it here is not bothered with
    /// the body.
    fn on_head(&mut self, out: &mut Outbox, asker: Asker, head: &Request<'_>) -> BodyPlan {
        let _ = (out, asker, head);
        BodyPlan::Whole
    }

    /// Something of a body has come that is handed over in pieces. To answer by [`Outbox::respond`] before the end is
    /// to refuse the rest.
    fn on_body(&mut self, out: &mut Outbox, conn: ConnId, body: Body<'_>) {
        let _ = (out, conn, body);
    }

    /// There is room for the next piece of an answer whose body follows ([`Response::followed_by`]): give it by
    /// [`Outbox::piece`], now or in a later turn, or by [`Outbox::abort`] give the answer up.
    fn on_room(&mut self, out: &mut Outbox, conn: ConnId) {
        out.abort(conn);
    }

    /// An answer has ended whose body followed: all of it is in the hands of the kernel, or the peer is gone.
    fn on_answered(&mut self, out: &mut Outbox, conn: ConnId) {
        let _ = (out, conn);
    }

    /// A moment set by [`Outbox::wake_at`] has come.
    fn on_deadline(&mut self, out: &mut Outbox, token: u64) {
        let _ = (out, token);
    }

    /// Everything that this turn brought has been told. What is ordered now still leaves with this turn: the
    /// place for a commit.
    fn on_turn_end(&mut self, out: &mut Outbox) {
        let _ = out;
    }

    /// Everything ordered for the connection before this [`Outbox::mark`] is in the hands of the kernel. Told in
    /// the turn after, which comes at once, so that [`Handler::on_turn_end`] follows; before
    /// [`Handler::on_close`], if the connection has gone meanwhile.
    fn on_flushed(&mut self, out: &mut Outbox, conn: ConnId, mark: u64) {
        let _ = (out, conn, mark);
    }

    /// The operator wants the settings read again (SIGHUP). Called between the deadlines and the end of a turn.
    fn on_reload(&mut self, out: &mut Outbox) {
        let _ = out;
    }

    /// The server was told to end. All goes on for the [delay](Limits::drain_delay_ms) of the drain; then everybody
    /// is told, and nobody is let in any more.
    fn on_drain(&mut self, out: &mut Outbox) {
        let _ = out;
    }

    /// The loop is about to end the connection. [`Handler::on_close`] follows.
    fn last_words(&mut self, conn: ConnId, ending: Ending) -> LastWords {
        let _ = conn;
        let (code, reason) = match ending {
            Ending::SlowConsumer => (1008, "too slow"),
            Ending::Drain => (1001, "going away"),
        };
        LastWords { text: String::new(), code, reason }
    }
}
