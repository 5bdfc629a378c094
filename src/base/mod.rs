//! What every floor above may use: time as a value, deadlines, limits, counters, digests, units, words.

pub mod clock;
pub mod counters;
pub mod deadline;
pub mod digest;
pub mod limits;
pub mod units;
pub mod words;
