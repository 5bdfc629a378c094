//! What a request says, and how one buffer serves one connection's requests in order.

use karez::http::{Limits, Part, Persistence, Request, RequestBuffer};

use crate::{read, read_one};

fn complete(bytes: &[u8]) -> RequestBuffer {
    let mut buffer = RequestBuffer::new();
    assert_eq!(buffer.receive(&Limits::default(), bytes), Ok(bytes.len()));
    assert!(buffer.is_complete());
    buffer
}

fn ask<R>(bytes: &[u8], question: impl FnOnce(&Request<'_>) -> R) -> R {
    complete(bytes).with(question).unwrap()
}

#[test]
fn a_request_without_a_body() {
    let seen = read_one(b"GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Padded: \t b c \t\r\n\r\n");
    assert_eq!((seen.method.as_str(), seen.target.as_str(), seen.minor_version), ("GET", "/a/b?c=d", 1));
    let headers = [("Host", "a"), ("X-Empty", ""), ("X-Padded", "b c")];
    assert_eq!(seen.headers, headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    assert_eq!(seen.body, b"");
}

#[test]
fn a_body_of_known_length() {
    let seen = read_one(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe\0lo");
    assert_eq!(seen.body, b"he\0lo");
}

#[test]
fn paths_and_queries() {
    for (target, path, query) in [
        ("/", "/", None),
        ("/a?b", "/a", Some("b")),
        ("/a?", "/a", Some("")),
        ("/a?b?c", "/a", Some("b?c")),
        ("/%2e%2e/?%3f", "/%2e%2e/", Some("%3f")),
        ("http://a/b?c", "/b", Some("c")),
        ("HTTP://A?c", "/", Some("c")),
        ("https://a", "/", None),
    ] {
        let bytes = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let seen = ask(bytes.as_bytes(), |r| (r.path().to_owned(), r.query().map(str::to_owned)));
        assert_eq!(seen, (path.to_owned(), query.map(str::to_owned)), "{target}");
    }
    assert_eq!(ask(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", |r| r.path().to_owned()), "*");
}

#[test]
fn headers_are_found_in_any_case_and_the_first_wins() {
    ask(b"GET / HTTP/1.1\r\nHost: a\r\nx-A: 1\r\nX-a: 2\r\nX-Latin: \xe9\r\n\r\n", |request| {
        assert_eq!(request.header("X-A"), Some(&b"1"[..]));
        assert_eq!(request.header_text("x-a"), Some("1"));
        assert_eq!(request.header("x"), None);
        assert_eq!(request.header("x-latin"), Some(&b"\xe9"[..]));
        assert_eq!(request.header_text("x-latin"), None);
    });
}

#[test]
fn persistence() {
    use Persistence::{Close, KeepAlive};
    for (version, connection, expected) in [
        ("1.1", "", KeepAlive),
        ("1.1", "Connection: close\r\n", Close),
        ("1.1", "Connection: x, CLOSE\r\n", Close),
        ("1.1", "Connection: x\r\nConnection: close\r\n", Close),
        ("1.1", "Connection: closed\r\n", KeepAlive),
        ("1.0", "", Close),
        ("1.0", "Connection: Keep-Alive\r\n", KeepAlive),
        ("1.0", "Connection: keep-alive, close\r\n", Close),
        ("1.1", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", Close),
        ("1.1", "Upgrade: h2c, websocket\r\n", Close),
        ("1.1", "Connection: upgrade\r\nUpgrade: h2c\r\n", KeepAlive),
    ] {
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n");
        let seen = ask(bytes.as_bytes(), |request| {
            assert_eq!(request.keep_alive(), request.persistence() == KeepAlive);
            request.persistence()
        });
        assert_eq!(seen, expected, "{version} {connection}");
    }
}

#[test]
fn head_is_a_method_of_its_own() {
    assert_eq!(
        ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", |r| (r.is_head(), Part::of(r))),
        (true, Part::HeadOnly)
    );
    assert_eq!(
        ask(b"head / HTTP/1.1\r\nHost: a\r\n\r\n", |r| (r.is_head(), Part::of(r))),
        (false, Part::Whole)
    );
}

#[test]
fn pipelined_requests_are_taken_one_by_one() {
    let first = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none";
    let second = b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let third = b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n";
    let bytes = [&first[..], second, third, b"GET /4"].concat();
    let mut buffer = RequestBuffer::new();
    assert_eq!(buffer.receive(&Limits::default(), &bytes), Ok(first.len()));
    assert_eq!(buffer.receive(&Limits::default(), second), Ok(0), "a complete request takes nothing more");
    let transcript = read(&Limits::default(), [&bytes[..]]);
    let seen: Vec<_> = transcript.requests.iter().map(|r| (r.target.as_str(), r.body.as_slice())).collect();
    assert_eq!(seen, [("/1", &b"one"[..]), ("/2", b""), ("/3", b"three")]);
    assert!(transcript.is_open);
}

#[test]
fn an_upgrade_ends_with_its_head() {
    let head = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo, WebSocket\r\n\r\n";
    let frame = b"\x81\x80\0\0\0\0";
    let bytes = [head.as_bytes(), frame].concat();
    let mut buffer = RequestBuffer::new();
    assert_eq!(buffer.receive(&Limits::default(), &bytes), Ok(head.len()));
    assert!(buffer.is_complete());
    // A body that is declared is not waited for, nor judged here: the opening handshake refuses it.
    for declared in ["Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: x\r\n"] {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n{declared}\r\n");
        let buffer = complete(head.as_bytes());
        assert_eq!(
            buffer.with(|r| (r.body.len(), r.is_websocket_upgrade(), r.keep_alive())),
            Some((0, true, false))
        );
    }
}

#[test]
fn the_stages_of_a_request() {
    let limits = Limits::default();
    let mut buffer = RequestBuffer::new();
    assert!(buffer.is_empty() && !buffer.head_done() && !buffer.is_complete());
    // An empty line is not yet a request: an idle connection may send one.
    buffer.receive(&limits, b"\r\n").unwrap();
    assert!(buffer.is_empty());
    buffer.receive(&limits, b"P").unwrap();
    assert!(!buffer.is_empty() && !buffer.head_done());
    buffer.receive(&limits, b"OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").unwrap();
    assert!(buffer.head_done() && !buffer.is_complete() && !buffer.is_empty());
    assert_eq!(buffer.with(|_| ()), None);
    buffer.receive(&limits, b"hi").unwrap();
    assert!(buffer.head_done() && buffer.is_complete());
    buffer.clear();
    assert!(buffer.is_empty() && !buffer.head_done() && !buffer.is_complete());
    assert_eq!(buffer.with(|_| ()), None);
}

#[test]
fn continue_is_due_once_and_only_while_the_client_waits() {
    let limits = Limits::default();
    let head = |lines: &str| {
        format!("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{lines}\r\n").into_bytes()
    };
    let due = |bytes: &[u8]| {
        let mut buffer = RequestBuffer::new();
        buffer.receive(&limits, bytes).unwrap();
        (buffer.wants_continue(), buffer.wants_continue())
    };
    assert_eq!(due(&head("Content-Length: 2\r\n")), (true, false));
    assert_eq!(due(&head("Transfer-Encoding: chunked\r\n")), (true, false));
    assert_eq!(due(&head("Content-Length: 0\r\n")), (false, false), "nothing is held back");
    assert_eq!(due(&head("")), (false, false));
    assert_eq!(due(&[&head("Content-Length: 2\r\n")[..], b"h"].concat()), (false, false), "it did not wait");
    assert_eq!(due(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"), (false, false));
    let old = b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(due(old), (false, false), "HTTP/1.0 knows no interim response");
}

/// A server that looked again at all that has come with each byte would need hours for this.
#[test]
fn a_dripping_head_costs_no_more_than_a_whole_one() {
    let limits = Limits { line_bytes_max: 4 << 20, head_bytes_max: 8 << 20, ..Limits::default() };
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(2 << 20));
    let transcript = read(&limits, head.as_bytes().chunks(1));
    assert_eq!(transcript.requests.len(), 1);
}
