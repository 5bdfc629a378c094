//! The chunked coding: vectors, limits, refusals.

use karez::http::body::{EXTENSION_BYTES_MAX, SIZE_LINE_BYTES_MAX};
use karez::http::{Limits, RequestError};

use crate::{Transcript, read};

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn read_body(limits: &Limits, body: &str) -> Transcript {
    read(limits, [format!("{HEAD}{body}").as_bytes()])
}

#[track_caller]
fn decoded(body: &str, expected: &str) {
    let transcript = read_body(&Limits::default(), body);
    assert_eq!(transcript.refusal, None, "{body:?}");
    assert_eq!(transcript.requests.len(), 1, "{body:?}");
    assert_eq!(String::from_utf8_lossy(&transcript.requests[0].body), expected, "{body:?}");
    assert!(!transcript.is_open, "{body:?}");
}

#[track_caller]
fn refused(body: &str, error: RequestError, status: u16) {
    let transcript = read_body(&Limits::default(), body);
    assert_eq!(transcript.refusal, Some(error), "{body:?}");
    assert_eq!(error.status(), status, "{body:?}");
}

#[test]
fn bodies() {
    decoded("0\r\n\r\n", "");
    decoded("5\r\nhello\r\n0\r\n\r\n", "hello");
    decoded("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world");
    decoded("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789");
    decoded("0005\r\nhello\r\n000\r\n\r\n", "hello");
    decoded("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n");
}

#[test]
fn extensions_and_trailers_are_dropped() {
    decoded("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n", "hello");
    decoded("5\r\nhello\r\n0\r\nDigest: x\r\nContent-Length: 7\r\n\r\n", "hello");
}

#[test]
fn what_follows_is_the_next_request() {
    let transcript =
        read_body(&Limits::default(), "1\r\na\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(transcript.requests.len(), 2);
    assert_eq!(transcript.requests[1].target, "/next");
}

#[test]
fn broken_chunks() {
    for body in [
        "\r\n",
        ";a\r\n",
        "g\r\n",
        "0x5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-1\r\n",
        " 5\r\n",
        "5 \r\nhello\r\n",
        "5\t;a\r\nhello\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello",
        "5;a\nhello\r\n",
        "5;a\rb\r\nhello",
        "5;\0\r\nhello",
        "5\r\nhelloX",
        "5\r\nhello\n",
        "5\r\nhello\rX",
        "5\r\nhello!\r\n",
    ] {
        refused(body, RequestError::Chunk, 400);
    }
}

#[test]
fn broken_trailers() {
    refused("0\r\n X: a\r\n\r\n", RequestError::ObsoleteFold, 400);
    refused("0\r\nX : a\r\n\r\n", RequestError::HeaderName, 400);
    refused("0\r\nX: \0\r\n\r\n", RequestError::HeaderValue, 400);
    refused("0\r\n\n", RequestError::LineEnd, 400);
    refused("0\r\nX: a\n\r\n", RequestError::LineEnd, 400);
}

#[test]
fn bodies_over_the_limit() {
    let limits = Limits { body_bytes_max: 10, ..Limits::default() };
    assert_eq!(read_body(&limits, "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n").refusal, None);
    for body in ["b", "5\r\nhello\r\n6", "5\r\nhello\r\n5\r\nworld\r\n1"] {
        assert_eq!(read_body(&limits, body).refusal, Some(RequestError::BodyTooLarge), "{body:?}");
    }
    for size in ["ffffffffffffffff", "10000000000000000", "80000000", "fffffffffffffffffffff"] {
        refused(&format!("{size}\r\n"), RequestError::BodyTooLarge, 413);
        refused(&format!("1\r\na\r\n{size}\r\n"), RequestError::BodyTooLarge, 413);
    }
}

#[test]
fn size_lines_are_bounded() {
    let line = |length: usize| format!("{}1\r\na\r\n0\r\n\r\n", "0".repeat(length - 1));
    decoded(&line(SIZE_LINE_BYTES_MAX), "a");
    refused(&line(SIZE_LINE_BYTES_MAX + 1), RequestError::Chunk, 400);
    let extended = |length: usize| format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(length - 2));
    decoded(&extended(SIZE_LINE_BYTES_MAX), "a");
    refused(&extended(SIZE_LINE_BYTES_MAX + 1), RequestError::Chunk, 400);
}

#[test]
fn extensions_of_all_chunks_together_are_bounded() {
    let chunk = format!("1;{}\r\na\r\n", "x".repeat(127));
    let most = EXTENSION_BYTES_MAX / 128;
    decoded(&format!("{}0\r\n\r\n", chunk.repeat(most)), &"a".repeat(most));
    refused(&format!("{}0;\r\n\r\n", chunk.repeat(most)), RequestError::Chunk, 400);
}

#[test]
fn trailers_are_bounded() {
    let limits = Limits { line_bytes_max: 20, head_bytes_max: 100, headers_max: 3, ..Limits::default() };
    let refusal = |trailers: &str| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let limits = Limits { line_bytes_max: 26, ..limits };
        read(&limits, [format!("{head}0\r\n{trailers}\r\n").as_bytes()]).refusal
    };
    assert_eq!(refusal(&"X: a\r\n".repeat(3)), None);
    assert_eq!(refusal(&"X: a\r\n".repeat(4)), Some(RequestError::HeadTooLarge));
    assert_eq!(refusal(&format!("X: {}\r\n", "a".repeat(24))), Some(RequestError::HeadTooLarge));
    assert_eq!(RequestError::HeadTooLarge.status(), 431);
}
