//! The chat core.

pub mod ids;
pub mod input;
pub mod output;
