//! HTTP/1.1 (RFC 9110 and RFC 9112) as bytes in, requests out; and responses as values that become bytes.
//!
//! Knows no socket, no clock, no route and no WebSocket beyond one header: a request that names `websocket`
//! in `Upgrade` ends where its head ends, because what follows is frames.
//!
//! - [`buffer`]: collects one request from bytes that come in any pieces.
//! - `head`: reads a head byte by byte and refuses the first bad one; says how long the body is.
//! - [`body`]: the chunked coding.
//! - [`request`] and [`response`]: what a handler reads, and what it answers.
//! - [`error`]: why a request is refused, and with which status.
//!
//! Invariants: each byte is looked at a bounded number of times, however the bytes are cut; the same bytes
//! give the same requests and the same error in any cut; memory is bounded by [`Limits`], never by a number
//! that the peer declared. Where two readings of a request are possible, it is refused: a server behind a
//! proxy must never disagree with it on where a request ends (request smuggling).
//!
//! The tutorial reads its handshake with one `recv` and one regular expression and has no other HTTP.
//! Tests: `tests/http`.

use crate::base::limits as table;

pub mod body;
pub mod buffer;
pub mod error;
mod head;
pub mod request;
pub mod response;

pub use buffer::RequestBuffer;
pub use error::RequestError;
pub use request::Request;
pub use response::{CONTINUE, Part, Persistence, Response};

/// How much of everything one request may have. A request over a limit is refused as soon as that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line (414) and of each header line (431), without their CR LF.
    pub line_bytes_max: usize,
    /// Bytes of the head with every line end (431), and of a chunked body's trailers.
    pub head_bytes_max: usize,
    /// Number of header lines (431).
    pub headers_max: usize,
    /// Bytes of the body without chunk framing (413).
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            line_bytes_max: table::HTTP_LINE_BYTES_MAX.count(),
            head_bytes_max: table::HTTP_HEAD_BYTES_MAX.count(),
            headers_max: table::HTTP_HEADERS_MAX.count(),
            body_bytes_max: table::HTTP_BODY_BYTES_MAX.count(),
        }
    }
}
