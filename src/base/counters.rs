//! What the loop counts: plain integers, read by whoever wants to show them.
//!
//! There is one thread, so nothing here is atomic and counting costs an addition. Whoever shows them (`app/metrics.rs`)
//! gives them names; nothing here comes from a client, so there is a fixed number of them.

use super::histogram::Histogram;
use super::recent::Recent;

/// Kinds of messages that whoever sends them may tell apart: kind 0 is whatever has none.
pub const KINDS: usize = 16;

/// Totals since the start of the process, and a few levels of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Turns of the loop.
    pub turns_total: u64,
    /// Connections accepted.
    pub accepted_total: u64,
    /// Connections refused at accept: too many in all, or too many of one address.
    pub refused_total: u64,
    /// How often accepting had to pause, for want of descriptors or because of the limit of connections.
    pub accept_pauses_total: u64,
    /// Opening handshakes that succeeded.
    pub opened_total: u64,
    /// Connections that left the open state, by reason.
    pub closed: Closed,
    /// Connections that were freed.
    pub freed_total: u64,
    /// HTTP requests that were no upgrade.
    pub requests_total: u64,
    /// Data messages received.
    pub messages_received_total: u64,
    /// Messages queued for a receiver, by kind; one that goes to a hundred receivers counts a hundred times.
    pub messages_queued_total: [u64; KINDS],
    /// Messages dropped because their receiver did not read.
    pub messages_cut_total: u64,
    /// Messages dropped because their receiver was gone before the kernel took them.
    pub messages_lost_total: u64,
    /// Bytes read from sockets.
    pub received_bytes_total: u64,
    /// Bytes that the kernel took.
    pub sent_bytes_total: u64,
    /// System calls that wrote to a connection.
    pub writes_total: u64,
    /// Connections ended because they did not read.
    pub slow_consumers_total: u64,
    /// Deadlines of connections that were looked at more than half a second late.
    pub deadlines_late_total: u64,
    /// How long turns took, without the wait.
    pub turns: Histogram,
    /// The longest turn so far, without the wait, in microseconds.
    pub longest_turn_us: u64,
    /// The longest of the turns of late.
    pub recent_turns: Recent,
    /// Connections that there may be at once, after the descriptor limit of the process.
    pub connections_max: usize,
    /// Connections at this moment, in any state.
    pub connections: usize,
    /// Those of them whose last word is said: our Close frame, or a response behind which the connection is closed.
    pub closing: usize,
    /// Bytes of output in memory at this moment, a shared chunk counted once, and of the entries of the queues.
    pub queued_bytes: usize,
}

/// Connections that left the open state, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The peer sent a Close frame.
    pub peer: u64,
    /// The peer broke the protocol.
    pub failed: u64,
    /// The handler closed it.
    pub handler: u64,
    /// The stream ended, or broke, without a Close frame.
    pub lost: u64,
    /// Nothing was heard for the length of the heartbeat.
    pub silent: u64,
    /// It did not read what it was sent.
    pub slow_consumer: u64,
    /// The daemon is going down.
    pub drain: u64,
}

impl Closed {
    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Closed { peer, failed, handler, lost, silent, slow_consumer, drain } = *self;
        peer + failed + handler + lost + silent + slow_consumer + drain
    }
}

impl Counters {
    /// Connections whose opening handshake is done and that nobody has closed.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.opened_total - self.closed.total()
    }

    /// Connections that speak HTTP: before their opening handshake, or for good.
    #[must_use]
    pub fn handshaking(&self) -> u64 {
        (self.connections as u64).saturating_sub(self.open()).saturating_sub(self.closing as u64)
    }
}
