//! Karez (坎儿井): a single-threaded instant-messaging daemon on mio.
//!
//! The floors, lowest first; a file names only lower floors:
//!
//! - [`base`]: time, deadlines and limits.
//! - [`ws`] and [`http`]: RFC 6455 with RFC 7692, and HTTP/1.1, as bytes in and events out.
//! - [`net`]: the event loop. [`chat`]: the product as a pure state machine.
//! - [`wire`], [`auth`], [`store`]: JSON shapes, tokens, what is kept.
//! - `app`: puts the floors together.
//! - `config`, `cli` and `main`: parse, build, run.

pub mod app;
pub mod auth;
pub mod base;
pub mod chat;
pub mod cli;
pub mod config;
pub mod http;
pub mod manual;
pub mod net;
pub mod store;
pub mod wire;
pub mod ws;
