//! The longest duration of late: what a person who looks on wants to know, where the longest ever says too little.
//!
//! Time goes by in windows of ten seconds. The longest of the window that runs and of the one before it are kept, so
//! what is told is of the last ten to twenty seconds. Counting one is two comparisons. Nothing here reads a clock.
//!
//! Not in the tutorial. Tests: below.

use super::clock::Millis;

/// How long a window is.
const WINDOW_MS: u64 = 10_000;

/// The longest of the durations of late, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// The number of the window that runs.
    window: u64,
    running_us: u64,
    before_us: u64,
}

impl Recent {
    /// Counts a duration that ended at this moment.
    pub fn observe(&mut self, now: Millis, us: u64) {
        let window = now.0 / WINDOW_MS;
        if window != self.window {
            self.before_us = if window == self.window + 1 { self.running_us } else { 0 };
            (self.window, self.running_us) = (window, 0);
        }
        self.running_us = self.running_us.max(us);
    }

    /// The longest of the last ten seconds, or of up to twenty; 0 when there was none.
    #[must_use]
    pub fn longest_us(&self, now: Millis) -> u64 {
        match (now.0 / WINDOW_MS).saturating_sub(self.window) {
            0 => self.running_us.max(self.before_us),
            1 => self.running_us,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_told_for_ten_seconds_at_least_and_for_twenty_at_most() {
        let mut recent = Recent::default();
        recent.observe(Millis(9_999), 70);
        recent.observe(Millis(9_999), 7);
        assert_eq!(recent.longest_us(Millis(9_999)), 70);
        assert_eq!(recent.longest_us(Millis(19_999)), 70);
        assert_eq!(recent.longest_us(Millis(20_000)), 0);
        recent.observe(Millis(10_000), 5);
        assert_eq!(recent.longest_us(Millis(19_999)), 70);
        recent.observe(Millis(20_000), 1);
        assert_eq!(recent.longest_us(Millis(20_000)), 5);
        recent.observe(Millis(50_000), 1);
        assert_eq!(recent.longest_us(Millis(50_000)), 1);
    }
}
