//! Every refusal, with its status, and the requests nearest to it that are not refused.

use karez::http::{Limits, RequestBuffer, RequestError};

use crate::read;

const HEAD: &str = "GET / HTTP/1.1\r\nHost: a\r\n";

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, error: RequestError, status: u16) {
    let bytes = bytes.as_ref();
    let transcript = read(&Limits::default(), [bytes]);
    let shown = String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned();
    assert_eq!(transcript.refusal, Some(error), "{shown:?}");
    assert_eq!(transcript.requests, [], "{shown:?}");
    assert_eq!(error.status(), status, "{shown:?}");
}

#[track_caller]
fn accepted(bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let transcript = read(&Limits::default(), [bytes]);
    let shown = String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((transcript.requests.len(), transcript.refusal), (1, None), "{shown:?}");
}

/// A request with these header lines behind `Host`.
fn with_lines(lines: &str) -> String {
    format!("{HEAD}{lines}\r\n")
}

#[test]
fn bare_line_ends() {
    for bytes in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\n: b\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\nHTTP/1.1\r\n",
        "GET / HTTP/1.1\r\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        refused(bytes, RequestError::LineEnd, 400);
    }
}

#[test]
fn empty_lines_before_the_request_line() {
    accepted("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    refused("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestError::EmptyLines, 400);
}

#[test]
fn request_lines() {
    for bytes in [
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET /  HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "GET /\r\n",
        "GET\r\n",
        "GET / http/1.1\r\n",
        "GET / HTTP/1\r\n",
        "GET / HTTP/1.11\r\n",
        "GET / HTTP/11\r\n",
        "GET / HTTPS/1.1\r\n",
        "GET /a b HTTP/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
        "GET /\u{e9} HTTP/1.1\r\n",
        "GET /\u{7f} HTTP/1.1\r\n",
        "GET /\0 HTTP/1.1\r\n",
        "\0",
        // The first byte of a TLS client that took the port for one of TLS.
        "\x16\x03\x01",
    ] {
        refused(bytes, RequestError::RequestLine, 400);
    }
}

#[test]
fn versions() {
    for bytes in
        ["GET / HTTP/2.0\r\n", "GET / HTTP/0.9\r\n", "GET / HTTP/1.2\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        refused(bytes, RequestError::Version, 505);
    }
    accepted("GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn targets() {
    for target in
        ["example.org:443", "a", "*", "/a#b", "ftp://a/", "http://b/", "http:///x", "http://u@a/", "//", "?"]
    {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        if target == "//" {
            accepted(request);
        } else {
            refused(request, RequestError::Target, 400);
        }
    }
    refused("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", RequestError::Target, 400);
    accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted("GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n");
}

#[test]
fn obsolete_line_folding() {
    refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", RequestError::ObsoleteFold, 400);
    refused(with_lines("X: a\r\n b\r\n"), RequestError::ObsoleteFold, 400);
    refused(with_lines("X: a\r\n\tb\r\n"), RequestError::ObsoleteFold, 400);
    refused(with_lines(" \r\n"), RequestError::ObsoleteFold, 400);
}

#[test]
fn header_names() {
    for line in [
        "X : a\r\n",
        "X\t: a\r\n",
        ": a\r\n",
        "X\r\n",
        "X Y: a\r\n",
        "X(: a\r\n",
        "X\0: a\r\n",
        "\u{e9}: a\r\n",
    ] {
        refused(with_lines(line), RequestError::HeaderName, 400);
    }
    accepted(with_lines("!#$%&'*+-.^_`|~09azAZ: a\r\n"));
}

#[test]
fn header_values() {
    for line in ["X: a\0b\r\n", "X: \x01\r\n", "X: \x7f\r\n", "X: \x0b\r\n"] {
        refused(with_lines(line), RequestError::HeaderValue, 400);
    }
    accepted(with_lines("X: \t a\tb c \t\r\nY:\r\nZ: \u{574e}\r\n"));
}

#[test]
fn hosts() {
    refused("GET / HTTP/1.1\r\n\r\n", RequestError::HostCount, 400);
    refused("GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", RequestError::HostCount, 400);
    refused(with_lines("Host: a\r\n"), RequestError::HostCount, 400);
    refused(with_lines("hOST: b\r\n"), RequestError::HostCount, 400);
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", RequestError::HostCount, 400);
    for host in [
        "",
        "a b",
        "a, b",
        "a,b",
        "a/b",
        "u@a",
        "a:b",
        "a:1:2",
        "a:65536",
        "a:-1",
        "a:+1",
        ":80",
        "[::1",
        "[]",
        "[a]",
        "::1",
        "[::1]x",
        "[::1]:x",
        "a?b",
        "a#b",
        "a%00",
        "\u{574e}",
        "a\\b",
        "[:g]",
        "a:99999999999999999999999",
    ] {
        refused(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), RequestError::HostValue, 400);
    }
    for host in
        ["a", "a:80", "a:", "a:65535", "127.0.0.1:8282", "[::1]", "[::1]:8282", "x-1.example_a.org", " a "]
    {
        accepted(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
}

#[test]
fn lengths() {
    for value in ["+5", "-5", "5 5", "5, 5", "5,5", "0x5", "5.0", "", "five", "\u{ff15}", "5;"] {
        refused(with_lines(&format!("Content-Length: {value}\r\n")), RequestError::LengthValue, 400);
    }
    refused(with_lines("Content-Length: 5\r\nContent-Length: 5\r\n"), RequestError::LengthTwice, 400);
    refused(with_lines("Content-Length: 5\r\ncontent-length: 6\r\n"), RequestError::LengthTwice, 400);
    accepted(with_lines("Content-Length: 0\r\n"));
    accepted(with_lines("Content-Length: 005\r\n") + "hello");
}

#[test]
fn transfer_codings() {
    for value in [
        "gzip",
        "identity",
        "chunked, chunked",
        "gzip, chunked",
        "Chunked",
        "xchunked",
        "chunked;q=1",
        "",
        "\"chunked\"",
    ] {
        refused(with_lines(&format!("Transfer-Encoding: {value}\r\n")), RequestError::TransferCoding, 400);
    }
    let twice = with_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    refused(twice, RequestError::TransferCoding, 400);
    refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", RequestError::TransferCoding, 400);
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: +5\r\n",
    ] {
        refused(with_lines(lines), RequestError::LengthAndCoding, 400);
    }
    accepted(with_lines("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n");
}

#[test]
fn expectations() {
    refused(with_lines("Expect: 200-ok\r\n"), RequestError::Expectation, 417);
    refused(with_lines("Expect: 100-continue\r\nExpect: more\r\n"), RequestError::Expectation, 417);
    accepted(with_lines("Expect: 100-Continue\r\n"));
}

#[test]
fn bodies_over_the_limit_before_they_come() {
    let most = Limits::default().body_bytes_max;
    for length in [
        (most + 1).to_string(),
        "9".repeat(19),
        "9".repeat(20),
        "18446744073709551616".into(),
        "9".repeat(400),
    ] {
        refused(with_lines(&format!("Content-Length: {length}\r\n")), RequestError::BodyTooLarge, 413);
    }
    let whole = with_lines(&format!("Content-Length: {most}\r\n")) + &"x".repeat(most);
    accepted(whole);
}

#[test]
fn long_request_lines() {
    let line = |length: usize| {
        let frame = "GET / HTTP/1.1".len();
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - frame))
    };
    accepted(line(8192));
    refused(line(8193), RequestError::TargetTooLong, 414);
    refused("x".repeat(8193), RequestError::TargetTooLong, 414);
    let small_head = Limits { line_bytes_max: 100, head_bytes_max: 20, ..Limits::default() };
    let long = "GET /0123456789012345";
    assert_eq!(read(&small_head, [long.as_bytes()]).refusal, Some(RequestError::TargetTooLong));
}

#[test]
fn long_header_lines() {
    let line = |length: usize| format!("X: {}\r\n", "x".repeat(length - 3));
    accepted(with_lines(&line(8192)));
    refused(with_lines(&line(8193)), RequestError::HeadTooLarge, 431);
    refused(format!("{HEAD}{}", "x".repeat(8193)), RequestError::HeadTooLarge, 431);
}

#[test]
fn long_heads() {
    let head = |length: usize| {
        let first = format!("X: {}\r\n", "x".repeat(8000));
        let second = length - with_lines(&first).len() - "Y: \r\n".len();
        with_lines(&format!("{first}Y: {}\r\n", "y".repeat(second)))
    };
    assert_eq!(head(16_000).len(), 16_000);
    let limits = Limits { line_bytes_max: 10_000, ..Limits::default() };
    assert_eq!(read(&limits, [head(16_384).as_bytes()]).refusal, None);
    assert_eq!(read(&limits, [head(16_385).as_bytes()]).refusal, Some(RequestError::HeadTooLarge));
}

#[test]
fn many_headers() {
    let headers = |count: usize| with_lines(&"X: a\r\n".repeat(count - 1));
    accepted(headers(64));
    refused(headers(65), RequestError::HeadTooLarge, 431);
}

#[test]
fn a_refusal_is_final() {
    let limits = Limits::default();
    let mut buffer = RequestBuffer::new();
    assert_eq!(buffer.receive(&limits, b"\0"), Err(RequestError::RequestLine));
    assert_eq!(buffer.receive(&limits, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Err(RequestError::RequestLine));
    assert!(!buffer.is_complete() && !buffer.head_done() && !buffer.is_empty());
    assert_eq!(buffer.with(|_| ()), None);
}

/// Ten seconds of waiting for the rest of a head that is wrong already would be ten seconds of a held connection.
#[test]
fn a_bad_byte_is_refused_at_that_byte() {
    for (good, bad) in [
        ("GET / HTTP/", "2"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX", " "),
        ("GET / HTTP/1.1\r\nHost: a\r\n", " "),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", "\0"),
        ("GET / HTTP/1.1\r", "X"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5", " "),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000", "1"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r", "\n"),
    ] {
        let limits = Limits::default();
        let mut buffer = RequestBuffer::new();
        assert_eq!(buffer.receive(&limits, good.as_bytes()), Ok(good.len()), "{good:?}");
        assert!(buffer.receive(&limits, bad.as_bytes()).is_err(), "{good:?} then {bad:?}");
    }
}
