//! A distribution of durations: how many were how long, in fixed buckets of plain integers.
//!
//! Counting one is a comparison or two and three additions, for most durations are short and the short buckets are
//! looked at first. The bounds are the same for all, so whoever compares two distributions compares like with like.
//! Nothing here reads a clock.
//!
//! Not in the tutorial. Tests: below.

/// The upper bounds of the buckets, in microseconds, each included. What is longer than the last has a bucket too.
pub const BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Durations that were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many were in each bucket of [`BOUNDS_US`], and how many were longer than all of them.
    pub counts: [u64; BOUNDS_US.len() + 1],
    /// All durations together, in microseconds.
    pub sum_us: u64,
}

impl Histogram {
    /// Counts a duration of so many microseconds.
    pub fn observe(&mut self, us: u64) {
        let bucket = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_what_is_longer_than_all_is_counted_too() {
        let mut histogram = Histogram::default();
        for us in [0, 50, 51, 5_000_000, 5_000_001] {
            histogram.observe(us);
        }
        assert_eq!(histogram.counts[..2], [2, 1]);
        assert_eq!(histogram.counts[BOUNDS_US.len() - 1..], [1, 1]);
        assert_eq!((histogram.count(), histogram.sum_us), (5, 10_000_102));
    }
}
