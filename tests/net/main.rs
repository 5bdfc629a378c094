//! The event loop, driven turn by turn in the test's own thread, with real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod accepting;
mod adjusting;
mod backpressure;
mod closing;
mod compression;
mod deadlines;
mod downloads;
mod drain;
mod opening;
mod proxies;
mod receiving;
mod requests;
mod secure;
mod tls;
mod tls_cuts;
mod topics;
mod turns;
mod uploads;
mod world;
