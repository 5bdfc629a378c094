//! The `ws` floor by itself: one file per behaviour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod client;
mod close;
mod codec;
mod deflate;
mod every_cut;
mod extension;
mod fragments;
mod frames;
mod handshake;
mod masking;
mod origin;
mod peer;
mod utf8;
