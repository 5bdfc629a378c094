//! Time as a value.
//!
//! Nothing below `net` reads a clock: the time of a turn is read once by the loop and handed down as a
//! [`Now`], so that whatever is built on it can be tested and simulated at any speed. Two clocks are needed:
//! deadlines must not jump when an operator sets the date, and people must read the date.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the process read its first clock. Never goes back. The unit of every deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// This moment, `ms` milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is not earlier.
    #[must_use]
    pub fn ms_since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Unix time in milliseconds, UTC. What the wire calls `time`. May jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The day in which the moment lies.
    #[must_use]
    pub fn day(self) -> UnixDay {
        UnixDay(u32::try_from(self.0 / (24 * 3_600 * 1_000)).unwrap_or(u32::MAX))
    }
}

/// Days since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixDay(pub u32);

impl UnixDay {
    /// So many days before this one.
    #[must_use]
    pub fn minus(self, days: u64) -> UnixDay {
        UnixDay(self.0.saturating_sub(u32::try_from(days).unwrap_or(u32::MAX)))
    }
}

/// The time of one turn, read once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and rates.
    pub mono: Millis,
    /// For what people read.
    pub unix: UnixMillis,
}

/// The only reader of the machine's clocks.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts at [`Millis`] 0.
    #[must_use]
    pub fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// Microseconds since the start, for measuring how long something takes. The unit of no deadline.
    #[must_use]
    pub fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Reads both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A machine whose date is before 1970 gets 0: a wrong date must not end a daemon.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Now { mono: Millis(mono), unix: UnixMillis(u64::try_from(unix).unwrap_or(u64::MAX)) }
    }
}
