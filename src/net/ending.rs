//! The line of log that each connection gets when it is freed: why it ended, what went both ways, how long it was.
//!
//! Where the daemon ended it because of what the peer did (broke the protocol, did not read, was closed by the
//! handler) the line is worth an operator's eye and has the level `info`; the ordinary ends have `debug`. Writing a
//! line costs a system call, and peers can make us write: over [`TOLD_PER_SECOND_MAX`] lines in a second the rest are
//! only counted, and how many they were is said in the line after.
//!
//! Nothing that a peer has sent is in a line. The tutorial prints what it likes. Tests: `tests/app/logs.rs`.

use std::fmt;

use super::CloseReason;
use super::conn::Conn;
use crate::base::clock::Millis;
use crate::base::deadline::Tick;

/// Lines of level `info` in a second.
const TOLD_PER_SECOND_MAX: u32 = 20;

/// What was told of connections that ended.
#[derive(Debug, Default)]
pub(super) struct Endings {
    /// The second that is counted.
    second: u64,
    told: u32,
    untold: u64,
}

impl Endings {
    /// Writes the line of a connection that is freed now.
    pub(super) fn tell(&mut self, slot: usize, conn: &Conn, now: Millis, tick: Tick) {
        let line = Line { slot, conn, tick };
        let matters = matches!(
            conn.ended,
            Some(CloseReason::Failed(_) | CloseReason::SlowConsumer | CloseReason::Handler(_))
        );
        if !matters || !log::log_enabled!(log::Level::Info) {
            log::debug!("{line}");
            return;
        }
        let second = now.0 / 1_000;
        if second != self.second {
            (self.second, self.told) = (second, 0);
        }
        if self.told >= TOLD_PER_SECOND_MAX {
            self.untold += 1;
            log::debug!("{line}");
            return;
        }
        self.told += 1;
        match std::mem::take(&mut self.untold) {
            0 => log::info!("{line}"),
            untold => log::info!("{line}; {untold} more like it were not told"),
        }
    }
}

struct Line<'a> {
    slot: usize,
    conn: &'a Conn,
    tick: Tick,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conn = self.conn;
        write!(f, "connection {} ", conn.id(self.slot))?;
        if let Some(address) = &conn.counted {
            write!(f, "from {address} ")?;
        }
        match conn.ended {
            None => f.write_str("of HTTP ended")?,
            Some(CloseReason::Peer(code)) => write!(f, "closed by the peer ({code})")?,
            Some(CloseReason::Failed(code)) => write!(f, "failed: the peer broke the protocol ({code})")?,
            Some(CloseReason::Handler(code)) => write!(f, "closed by us ({code})")?,
            Some(CloseReason::Lost) => f.write_str("lost")?,
            Some(CloseReason::Silent) => f.write_str("lost: nothing was heard of it")?,
            Some(CloseReason::SlowConsumer) => f.write_str("closed by us: it did not read")?,
            Some(CloseReason::Drain) => f.write_str("closed by us: going down")?,
        }
        let seconds = self.tick.ms_since(conn.since) / 1_000;
        write!(f, "; {} bytes in, {} bytes out, {seconds} s", conn.received_bytes, conn.sent_bytes)
    }
}
