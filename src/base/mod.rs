//! What every floor above may use: time as a value, deadlines, limits.

pub mod clock;
pub mod limits;
