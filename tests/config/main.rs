//! Settings: their definitions, the file, what is written about them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod every;
mod file;
mod live;
mod sample;
mod units;
