//! One connection: its state, and nothing that it can do without.
//!
//! A server for small hosts is judged by what ten thousand idle connections cost. So this struct is what an
//! idle one needs, and everything else hangs on a pointer that is there only while it is in use: the request
//! that is being received, a message that is not whole yet, output that is not written yet.
//!
//! The states, and what leads from one to the next:
//!
//! | from | to | by |
//! |---|---|---|
//! | – | `Handshaking` | accept |
//! | `Handshaking` | `Open` | an upgrade that is accepted (`receive.rs`) |
//! | `Handshaking` | `Lingering` | a response that is the last one, a refusal, a drain |
//! | `Open` | `Parting` | the peer's Close frame, or a violation (`receive.rs`) |
//! | `Open` | `Closing` | the handler, a slow consumer, a drain |
//! | `Parting` | `Lingering` | the end of the same turn (`closing.rs`) |
//! | `Closing` | `Lingering` | the peer's Close frame |
//! | any | `Done` | the end of the stream, an error, a deadline |
//! | `Done` | freed | the end of the same turn (`Io::reap`) |
//!
//! What wakes a connection that is not at rest:
//!
//! | flag | set by | cleared by | who comes back to it |
//! |---|---|---|---|
//! | `readable` | a readable event | a read that found the end | the reading step, while it may be read |
//! | `ending` | an event that says closed or error | never | keeps reading going to the 0 |
//! | `held_back` | a spent budget; output that has drained; a response | the next reading step | the next turn, which does not wait |
//! | `blocked` | a write that the kernel cut short | a writable event | the flush |
//! | `dirty` | output that is queued | the flush | the flush |
//!
//! `kept` holds bytes that were read before the connection might be read no further; they go first when it may.
//!
//! The tutorial's `$clients` holds bare sockets. Tests: all of `tests/net/`.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::front::Front;
use super::pending::Pending;
use super::stream::Stream;
use super::topic::Seat;
use super::{CloseReason, ConnId, Entrance};
use crate::base::deadline::{Tick, TickOrNone};
use crate::http::{Part, Persistence, RequestBuffer};
use crate::ws;

/// Where a connection is in its life. It only ever goes down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// HTTP: until an upgrade is accepted.
    Handshaking,
    /// Frames go both ways.
    Open,
    /// The peer has closed, or broken the protocol, in this turn. Nothing more is read, but what the handler
    /// has to say in this turn still goes out in front of our Close frame: who sends a request and a Close
    /// frame in one segment gets the answer.
    Parting,
    /// Our Close frame is sent or queued; the peer's has not come (RFC 6455 section 7.1.2).
    Closing,
    /// Nothing more is wanted from the peer. Output is flushed, then FIN, then what still comes is read and
    /// dropped: closing at once would make the kernel send a reset, which can overtake our last words.
    Lingering,
    /// Freed at the end of this turn.
    Done,
}

/// How a connection that is parting ends at the end of the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// The peer's Close frame is answered with its code, if it had one (RFC 6455 section 5.5.1).
    Answer(Option<u16>),
    /// The connection is failed, with this code and reason (RFC 6455 section 7.1.7).
    Fail(u16, String),
}

/// How the response to the request under way must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) persistence: Persistence,
    pub(super) stage: Stage,
}

impl Reply {
    /// How much of the response is sent.
    pub(super) fn part(self) -> Part {
        match self.stage {
            Stage::Whole(part) => part,
            Stage::Coming | Stage::Answered => Part::Whole,
        }
    }
}

/// How far a request under way has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its body comes, and is handed over in pieces. Whoever is answered meanwhile has not been heard to the end.
    Coming,
    /// It is whole, and waits for its response, or for this part of it.
    Whole(Part),
    /// The body of its response follows; how much of it is left stands in [`Io::tails`](super::io::Io).
    Answered,
}

/// Bytes that were received but may not be looked at yet; some, where they are kept.
#[derive(Debug, Default)]
pub(super) struct Kept(pub(super) Vec<u8>);

/// A connection in the slab.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) stream: Stream,
    pub(super) generation: u32,
    pub(super) state: State,
    /// The kernel said readable, and no read has found the end of it since.
    pub(super) readable: bool,
    /// The kernel said that the peer has finished, or an error: read on until the end shows.
    pub(super) ending: bool,
    /// The kernel refused output; a writable event will come.
    pub(super) blocked: bool,
    /// Stands in the queue of connections to flush.
    pub(super) dirty: bool,
    /// Stands in the queue of connections to read without a new event.
    pub(super) held_back: bool,
    /// A ping is out, and nothing has come since.
    pub(super) pinged: bool,
    /// FIN is sent.
    pub(super) finished: bool,
    /// The listener is on a loopback address, or a Unix socket.
    pub(super) local: bool,
    /// The listener's connections begin with TLS, where the server has it.
    pub(super) speaks_tls: bool,
    /// The peer is a trusted proxy: requests say whose they are.
    pub(super) proxied: bool,
    /// The peer is on this machine.
    pub(super) near: bool,
    /// Which kind of listener accepted it.
    pub(super) entrance: Entrance,
    /// Why it left the open state; `None` before, and for one that was never in it.
    pub(super) ended: Option<CloseReason>,
    /// The window that our compressed messages to it may use (RFC 7692), 9 to 15 bits; 0 without compression.
    pub(super) window_bits: u8,
    /// A request waits for its response.
    pub(super) reply: Option<Reply>,
    /// When it was accepted.
    pub(super) since: Tick,
    /// Bytes read from it.
    pub(super) received_bytes: u64,
    /// Bytes of it that the kernel took.
    pub(super) sent_bytes: u64,
    /// When the peer last gave a sign of life: bytes came, or it took some that the kernel had refused.
    pub(super) alive_at: Tick,
    /// The deadline of the state: head, body, or end of closing. None while open.
    pub(super) deadline: TickOrNone,
    /// The tick under which the wheel holds this connection; entries under other ticks are stale.
    pub(super) wheel: TickOrNone,
    pub(super) control_frames: ControlFrames,
    pub(super) decoder: ws::Decoder,
    /// What stands between the socket and HTTP.
    pub(super) front: Option<Box<Front>>,
    pub(super) request: Option<Box<RequestBuffer>>,
    pub(super) pending: Option<Box<Pending>>,
    /// Bytes that were received but may not be looked at yet.
    pub(super) kept: Option<Box<Kept>>,
    /// Everyone is in the topic of all, and most are in that of one group besides: as many need no box.
    pub(super) seats: SmallVec<[Seat; 2]>,
    /// Set where the connection counts against the limit of its address.
    pub(super) counted: Option<Box<IpAddr>>,
}

/// What an idle connection costs in the slab, on a 64-bit machine. Ten thousand of them are 1.6 MB.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Conn>() <= 160);

impl Conn {
    /// Whether the body of a response follows.
    pub(super) fn has_tail(&self) -> bool {
        self.reply.is_some_and(|reply| reply.stage == Stage::Answered)
    }

    pub(super) fn new(stream: Stream, generation: u32, now: Tick) -> Conn {
        Conn {
            stream,
            generation,
            state: State::Handshaking,
            readable: false,
            ending: false,
            blocked: false,
            dirty: false,
            held_back: false,
            pinged: false,
            finished: false,
            local: false,
            speaks_tls: false,
            proxied: false,
            near: false,
            entrance: Entrance::Main,
            ended: None,
            window_bits: 0,
            reply: None,
            since: now,
            received_bytes: 0,
            sent_bytes: 0,
            alive_at: now,
            deadline: TickOrNone::NONE,
            wheel: TickOrNone::NONE,
            control_frames: ControlFrames::default(),
            decoder: ws::Decoder::new(),
            front: None,
            request: None,
            pending: None,
            kept: None,
            seats: SmallVec::new(),
            counted: None,
        }
    }

    /// Keeps bytes that may not be looked at yet, behind those that are kept already.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.kept.get_or_insert_default().0.extend_from_slice(bytes);
    }

    pub(super) fn id(&self, slot: usize) -> ConnId {
        ConnId { slot: slot as u32, generation: self.generation }
    }

    /// Whether it can still be sent to.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Parting)
    }

    /// Whether its last word is said: it only waits for the peer, or for the kernel.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing | State::Lingering)
    }

    /// Whether its bytes may be looked at: nobody is answered out of order, and who does not take answers
    /// cannot ask for more of them.
    pub(super) fn may_be_read(&self, own_output_bytes_max: usize) -> bool {
        let own = self.pending.as_ref().map_or(0, |pending| pending.own_bytes());
        !matches!(self.state, State::Parting | State::Done)
            && self.reply.is_none_or(|reply| reply.stage == Stage::Coming)
            && own <= own_output_bytes_max
    }
}

/// The allowance of control and empty frames: cheap to send, and each costs us an answer or a turn of the
/// decoder, so a flood of them is refused where a flood of messages would meet the limits of the handler.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ControlFrames {
    counted_at: Tick,
    count: u32,
}

impl ControlFrames {
    /// Counts one. Says whether it is over the allowance: `per_second`, sustained for `burst_seconds`.
    pub(super) fn is_over(&mut self, now: Tick, per_second: u32, burst_seconds: u32) -> bool {
        let passed_ms = now.ms_since(self.counted_at);
        let forgiven = u64::from(per_second).saturating_mul(passed_ms) / 1000;
        self.count = self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX)).saturating_add(1);
        self.counted_at = now;
        self.count > per_second.saturating_mul(burst_seconds)
    }
}
