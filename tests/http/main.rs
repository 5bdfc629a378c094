//! The `http` floor from outside: bytes in, requests or a refusal out; responses as exact bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod chunked;
mod cuts;
mod pieces;
mod refusals;
mod requests;
mod responses;

use karez::http::{Limits, RequestBuffer, RequestError};

/// A request, owned, so that it can be compared with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub minor_version: u8,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// What a connection gave that received some pieces of bytes: its requests in order, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    pub requests: Vec<Seen>,
    pub refusal: Option<RequestError>,
    /// Whether the last request is not whole.
    pub is_open: bool,
}

/// The request that is complete.
pub fn seen(buffer: &RequestBuffer) -> Seen {
    buffer
        .with(|request| Seen {
            method: request.method.to_owned(),
            target: request.target.to_owned(),
            minor_version: request.minor_version,
            headers: request.headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect(),
            body: request.body.to_vec(),
        })
        .expect("a complete request")
}

/// Reads like a connection that keeps alive: what a request leaves behind goes to the next one.
pub fn read<'a>(limits: &Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Transcript {
    let mut buffer = RequestBuffer::new();
    let mut requests = Vec::new();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            match buffer.receive(limits, rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) => return Transcript { requests, refusal: Some(error), is_open: false },
            }
            if buffer.is_complete() {
                requests.push(seen(&buffer));
                buffer.clear();
            }
        }
    }
    Transcript { requests, refusal: None, is_open: !buffer.is_empty() }
}

/// Reads bytes that must be one request exactly.
pub fn read_one(bytes: &[u8]) -> Seen {
    let mut transcript = read(&Limits::default(), [bytes]);
    assert_eq!((transcript.requests.len(), transcript.refusal, transcript.is_open), (1, None, false));
    transcript.requests.remove(0)
}
