//! Tokens: which hold, for whom, and that no other does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod api_key;
mod guest;
mod jwt;
