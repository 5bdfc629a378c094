use karez::ws::{Accepted, Policy, Refusal, accept, is_upgrade};

const HOST: &str = "Host: chat.example";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const BASE: [&str; 5] = [HOST, UPGRADE, CONNECTION, VERSION, KEY];

const POLICY: Policy<'static> =
    Policy { subprotocols: &["karez.v2", "karez.v1"], deflate: true, origins: &[], loopback: false };

fn judge_head(head: &str, policy: &Policy<'_>) -> Result<Accepted, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    assert!(request.parse(head.as_bytes()).unwrap().is_complete());
    accept(request.method.unwrap(), request.version.unwrap(), request.headers, policy)
}

fn judge(lines: &[&str]) -> Result<Accepted, Refusal> {
    judge_head(&format!("GET / HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n")), &POLICY)
}

/// The base request with one of its lines replaced by others.
fn with(replaced: &str, by: &[&str]) -> Result<Accepted, Refusal> {
    let lines: Vec<&str> =
        BASE.iter().flat_map(|line| if *line == replaced { by.to_vec() } else { vec![*line] }).collect();
    assert_ne!(lines, BASE, "nothing was replaced");
    judge(&lines)
}

/// The base request and more lines.
fn and(more: &[&str]) -> Result<Accepted, Refusal> {
    judge(&[&BASE, more].concat())
}

fn answer(accepted: &Accepted) -> String {
    let mut out = b"before".to_vec();
    accepted.encode(&mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[test]
fn the_shortest_answer() {
    assert_eq!(
        answer(&judge(&BASE).unwrap()),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[test]
fn the_longest_answer() {
    let accepted = and(&[
        "Sec-WebSocket-Protocol: mqtt, karez.v1",
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; client_max_window_bits",
    ])
    .unwrap();
    assert_eq!(accepted.subprotocol, Some("karez.v1"));
    assert_eq!(accepted.deflate.unwrap().server_window_bits, 10);
    assert_eq!(
        answer(&accepted),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         Sec-WebSocket-Protocol: karez.v1\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
         client_no_context_takeover; server_max_window_bits=10\r\n\r\n"
    );
}

#[test]
fn a_window_is_answered_only_when_it_was_spoken_of() {
    let accepted = and(&["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9"]).unwrap();
    let expected = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                    client_no_context_takeover\r\n\r\n";
    assert!(answer(&accepted).ends_with(expected), "{}", answer(&accepted));
    let accepted = and(&["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15"]).unwrap();
    assert!(answer(&accepted).ends_with("; server_max_window_bits=15\r\n\r\n"));
}

#[test]
fn compression_is_taken_only_when_it_is_enabled() {
    let head = format!(
        "GET / HTTP/1.1\r\n{}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        BASE.join("\r\n")
    );
    assert!(judge_head(&head, &POLICY).unwrap().deflate.is_some());
    assert_eq!(judge_head(&head, &Policy { deflate: false, ..POLICY }).unwrap().deflate, None);
}

#[test]
fn a_bad_offer_costs_the_compression_not_the_connection() {
    let accepted = and(&["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8"]).unwrap();
    assert_eq!(accepted.deflate, None);
    assert!(!answer(&accepted).contains("Extensions"));
}

#[test]
fn the_server_prefers_among_the_subprotocols() {
    let chosen = |lines: &[&str]| and(lines).unwrap().subprotocol;
    assert_eq!(chosen(&["Sec-WebSocket-Protocol: karez.v1, karez.v2"]), Some("karez.v2"));
    assert_eq!(chosen(&["Sec-WebSocket-Protocol: foo", "sec-websocket-protocol:karez.v1"]), Some("karez.v1"));
    assert_eq!(chosen(&["Sec-WebSocket-Protocol: foo"]), None);
    assert_eq!(chosen(&["Sec-WebSocket-Protocol: KAREZ.V1"]), None, "a subprotocol's case counts");
    assert_eq!(chosen(&[]), None);
}

#[test]
fn methods_and_versions() {
    let lines = BASE.join("\r\n");
    let judged = |line: &str| judge_head(&format!("{line}\r\n{lines}\r\n\r\n"), &POLICY).map(|_| ());
    assert_eq!(judged("GET /ws?x=1 HTTP/1.1"), Ok(()));
    for method in ["POST", "HEAD", "get", "OPTIONS", "CONNECT"] {
        assert_eq!(judged(&format!("{method} / HTTP/1.1")), Err(Refusal::Method));
    }
    assert_eq!(judged("GET / HTTP/1.0"), Err(Refusal::HttpVersion));
}

#[test]
fn hosts() {
    for host in ["a", "a.example:8282", "127.0.0.1:8282", "[::1]", "[::1]:8282", "a:", "A.B.:65535"] {
        assert!(with(HOST, &[&format!("host:{host}")]).is_ok(), "{host}");
    }
    for host in [
        "", " ", ":80", "a b", "a:x", "a:+80", "a:65536", "a/b", "u@a", "::1", "[::1", "[::1]x", "[a]", "a,b",
    ] {
        let judged = with(HOST, &[&format!("Host: {host}")]);
        if host == "a,b" {
            assert!(judged.is_ok(), "a comma is a lawful part of a name (RFC 3986, 3.2.2)");
        } else {
            assert_eq!(judged, Err(Refusal::Host), "{host}");
        }
    }
    assert_eq!(with(HOST, &[]), Err(Refusal::Host));
    assert_eq!(with(HOST, &[HOST, HOST]), Err(Refusal::Host));
}

#[test]
fn a_body_is_refused() {
    for line in
        ["Content-Length: 0", "Content-Length: 5", "transfer-encoding: chunked", "Transfer-Encoding: x"]
    {
        assert_eq!(and(&[line]), Err(Refusal::Body), "{line}");
    }
}

#[test]
fn upgrade_and_connection_are_lists_in_any_case_over_any_lines() {
    for lines in [
        vec!["UPGRADE: WebSocket"],
        vec!["Upgrade: h2c, websocket"],
        vec!["Upgrade: h2c", "Upgrade: websocket"],
        vec!["Upgrade:\t websocket ,foo"],
    ] {
        assert!(with(UPGRADE, &lines).is_ok(), "{lines:?}");
    }
    for lines in [
        vec![],
        vec!["Upgrade: h2c"],
        vec!["Upgrade: websockets"],
        vec!["Upgrade: web socket"],
        vec!["Upgrade:"],
    ] {
        assert_eq!(with(UPGRADE, &lines), Err(Refusal::Upgrade), "{lines:?}");
    }
    for lines in [
        vec!["connection: keep-alive, UPGRADE"],
        vec!["Connection: keep-alive", "Connection: upgrade"],
        vec!["Connection: Upgrade,keep-alive"],
    ] {
        assert!(with(CONNECTION, &lines).is_ok(), "{lines:?}");
    }
    for lines in
        [vec![], vec!["Connection: keep-alive"], vec!["Connection: close"], vec!["Connection: Upgraded"]]
    {
        assert_eq!(with(CONNECTION, &lines), Err(Refusal::Connection), "{lines:?}");
    }
}

#[test]
fn only_version_13() {
    for version in ["8", "12", "14", "0", "013", "13, 8", "+13", "x", ""] {
        let line = format!("Sec-WebSocket-Version: {version}");
        assert_eq!(with(VERSION, &[&line]), Err(Refusal::Version), "{version}");
    }
    assert_eq!(with(VERSION, &[]), Err(Refusal::VersionCount));
    assert_eq!(with(VERSION, &[VERSION, VERSION]), Err(Refusal::VersionCount));
}

#[test]
fn a_key_is_16_bytes_in_canonical_base64() {
    for key in [
        "",
        "x",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25jZQ== x",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZSE=",
        "dGhlIHNhbXBsZSBub25jZSEh",
        "dGhlIHNhbXBsZSBub25j_Q==",
        "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
    ] {
        assert_eq!(with(KEY, &[&format!("Sec-WebSocket-Key: {key}")]), Err(Refusal::Key), "{key}");
    }
    assert!(with(KEY, &["sec-websocket-key:AAAAAAAAAAAAAAAAAAAAAA==\t "]).is_ok());
    assert_eq!(with(KEY, &[]), Err(Refusal::Key));
    assert_eq!(with(KEY, &[KEY, KEY]), Err(Refusal::Key));
}

#[test]
fn origins() {
    assert!(and(&["Origin: http://chat.example"]).is_ok());
    assert_eq!(and(&["Origin: http://evil.example"]), Err(Refusal::Origin));
    assert_eq!(and(&["Origin: null"]), Err(Refusal::Origin));
    let twice = ["Origin: http://chat.example", "Origin: http://chat.example"];
    assert_eq!(and(&twice), Err(Refusal::OriginCount));
}

#[test]
fn foreign_bytes_in_headers_are_harmless() {
    let headers = [
        httparse::Header { name: "Host", value: b"chat.example" },
        httparse::Header { name: "Upgrade", value: b"\xff, websocket" },
        httparse::Header { name: "X", value: b"\xff\xfe" },
    ];
    assert!(!is_upgrade(&headers));
    assert_eq!(accept("GET", 1, &headers, &POLICY), Err(Refusal::Upgrade));
    let headers = [httparse::Header { name: "Host", value: b"\xff" }];
    assert_eq!(accept("GET", 1, &headers, &POLICY), Err(Refusal::Host));
}

#[test]
fn every_refusal_has_its_status_and_words() {
    let statuses = [
        (Refusal::Method, 405),
        (Refusal::HttpVersion, 400),
        (Refusal::Host, 400),
        (Refusal::Body, 400),
        (Refusal::Upgrade, 400),
        (Refusal::Connection, 400),
        (Refusal::VersionCount, 400),
        (Refusal::Version, 426),
        (Refusal::Key, 400),
        (Refusal::OriginCount, 400),
        (Refusal::Origin, 403),
    ];
    for (refusal, status) in statuses {
        assert_eq!(refusal.status(), status, "{refusal}");
        assert!(!refusal.to_string().is_empty());
    }
}

#[test]
fn an_upgrade_is_told_from_a_plain_request() {
    let header = |value: &'static [u8]| [httparse::Header { name: "uPGRADE", value }];
    assert!(is_upgrade(&header(b"WebSocket")));
    assert!(is_upgrade(&header(b"foo,websocket")));
    assert!(!is_upgrade(&header(b"h2c")));
    assert!(!is_upgrade(&[]));
}
