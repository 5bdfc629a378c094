//! What every floor above may use: time as a value, deadlines, limits, counters.

pub mod clock;
pub mod counters;
pub mod deadline;
pub mod limits;
