//! The same bytes give the same requests and the same refusal, however the network cuts them.

use karez::http::Limits;

use crate::{Transcript, read};

/// Connections, each with something that a cut could spoil.
const CONNECTIONS: [&[u8]; 24] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhel",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\nGET /2",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n29\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n01234567890123456789012345678901\r\n9\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 41\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: a\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET /0123456789012345678901234567890123456789012345678901234567890123456789 HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n",
    b"GET / HTTP/1.1\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nA: 0123456789012345678901234567890123456789\r\nA: 0123456789012345678901234567890123456789\r\nA: 0123456789012345678901234567890123456789\r\nA: 0123456789\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
];

/// Small, so that connections of a few bytes reach every limit.
const LIMITS: Limits = Limits { line_bytes_max: 60, head_bytes_max: 150, headers_max: 8, body_bytes_max: 40 };

/// What a connection shows, whole.
fn whole(bytes: &[u8]) -> Transcript {
    read(&LIMITS, [bytes])
}

#[test]
fn every_cut_in_two() {
    for bytes in CONNECTIONS {
        let expected = whole(bytes);
        for cut in 0..=bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(read(&LIMITS, [left, right]), expected, "cut at {cut}: {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn byte_by_byte() {
    for bytes in CONNECTIONS {
        assert_eq!(read(&LIMITS, bytes.chunks(1)), whole(bytes), "{}", bytes.escape_ascii());
    }
}

#[test]
fn every_cut_in_three() {
    for bytes in CONNECTIONS {
        let expected = whole(bytes);
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(
                    read(&LIMITS, pieces),
                    expected,
                    "cut at {first} and {second}: {}",
                    bytes.escape_ascii()
                );
            }
        }
    }
}

/// The connections above are only worth cutting while they reach what they are meant to reach.
#[test]
fn the_connections_reach_many_ends() {
    let ends: std::collections::HashSet<_> = CONNECTIONS.iter().map(|bytes| whole(bytes).refusal).collect();
    assert!(ends.len() >= 14, "{ends:?}");
    let requests: usize = CONNECTIONS.iter().map(|bytes| whole(bytes).requests.len()).sum();
    assert_eq!(requests, 7);
}
