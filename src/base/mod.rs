//! What every floor above may use: time as a value, deadlines, limits, counters, durations, digests, units, words, a
//! hash map, rows that are found by a key of theirs.

pub mod clock;
pub mod counters;
pub mod deadline;
pub mod digest;
pub mod histogram;
pub mod keyed;
pub mod limits;
pub mod map;
pub mod recent;
pub mod units;
pub mod words;
