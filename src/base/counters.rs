//! What the loop counts: plain integers, read by whoever wants to show them.

/// Totals since the start of the process, and a few levels of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Turns of the loop.
    pub turns_total: u64,
    /// Connections accepted.
    pub accepted_total: u64,
    /// Connections refused at accept: too many in all, or too many of one address.
    pub refused_total: u64,
    /// Opening handshakes that succeeded.
    pub opened_total: u64,
    /// Connections that were freed.
    pub freed_total: u64,
    /// Data messages received.
    pub messages_received_total: u64,
    /// Bytes read from sockets.
    pub received_bytes_total: u64,
    /// Bytes that the kernel took.
    pub sent_bytes_total: u64,
    /// System calls that wrote to a connection.
    pub writes_total: u64,
    /// Connections ended because they did not read.
    pub slow_consumers_total: u64,
    /// Bytes of output in memory at this moment, a shared chunk counted once, and of the entries of the queues.
    pub queued_bytes: usize,
}
