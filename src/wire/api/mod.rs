//! The shapes of the HTTP API under `/v1`: a method, a path and a JSON body in, a call of the core out; its answer in,
//! a status and a JSON body out.
//!
//! [`Route::find`] reads method and path, [`parse`] the query and the body, [`render`] writes an answer, [`Problem`] a
//! refusal (RFC 9457). The chapter on the API in the manual says what each call means.
//!
//! Knows: paths, names of members, types of values, statuses. Does not know: headers, keys, who may do what, how often,
//! sockets. A member that a call does not use may hold anything, as on the WebSocket; the same readers read both.
//!
//! Invariants: what comes in is a call or a [`Problem`]; what goes out is one JSON object, or nothing for 204.
//! The tutorial has no API. Tests: `tests/wire/api.rs`.

mod answer;
mod body;
mod desk;
mod desk_answer;
mod problem;
mod push;
mod route;
mod transcript;
mod upload;

pub use answer::{Kind, Reply, Stats, render, render_batch, render_key, render_stats, render_token};
pub use body::{BatchCall, Request, TokenOrder, parse};
pub use problem::Problem;
pub use push::parse_text;
pub use route::Route;
pub use transcript::render_as_text;
pub use upload::{Upload, parse_upload};
