//! JSON in and out: what is read, what is refused, the exact bytes that are written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod api;
mod common;
mod conversations;
mod desk;
mod events;
mod hostile;
mod ids;
mod manual;
mod openapi;
mod push;
mod refusals;
mod requests;
mod search;
