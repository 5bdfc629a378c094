//! Stories about the chat core: one file per behaviour.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "../sim/net.rs"]
#[allow(dead_code)]
mod net;
mod story;

mod broadcast;
mod expiry;
mod group;
mod limits;
mod login;
mod members;
mod parking;
mod pm;
mod presence;
mod rate;
mod rollback;
mod typing;
