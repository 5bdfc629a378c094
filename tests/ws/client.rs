use karez::ws::{ClientError, ClientHandshake, Connected, Policy, accept};

/// The key of RFC 6455, 1.3.
const KEY: [u8; 16] = *b"the sample nonce";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn client(deflate: bool) -> ClientHandshake<'static> {
    ClientHandshake::new("server.example.com", "/chat", KEY, Some("karez.v1"), deflate)
}

fn verify(deflate: bool, lines: &[&str]) -> Result<Option<Connected>, ClientError> {
    let lines = lines.join("\r\n");
    client(deflate).verify(format!("HTTP/1.1 101 Whatever\r\n{lines}\r\n\r\n\x01").as_bytes())
}

/// The lines that every answer has, and more.
fn fine(deflate: bool, more: &[&str]) -> Result<Connected, ClientError> {
    let lines = [&["Upgrade: WebSocket", "Connection: upgrade", ACCEPT], more].concat();
    verify(deflate, &lines).map(Option::unwrap)
}

#[test]
fn the_request() {
    let mut out = Vec::new();
    client(true).encode(&mut out);
    assert_eq!(
        str::from_utf8(&out).unwrap(),
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: karez.v1\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
         client_no_context_takeover\r\n\r\n"
    );
    out.clear();
    ClientHandshake::new("a", "/", KEY, None, false).encode(&mut out);
    assert!(!str::from_utf8(&out).unwrap().contains("Protocol"));
    assert!(!str::from_utf8(&out).unwrap().contains("Extensions"));
}

#[test]
fn our_server_and_our_client_agree() {
    for deflate in [false, true] {
        let mut request = Vec::new();
        client(deflate).encode(&mut request);
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(&request).unwrap();
        let policy = Policy { subprotocols: &["karez.v1"], deflate: true, origins: &[], loopback: false };
        let accepted = accept("GET", 1, parsed.headers, &policy).unwrap();
        let mut answer = Vec::new();
        accepted.encode(&mut answer);
        let head_bytes = answer.len();
        answer.extend_from_slice(&[0x89, 0]);
        for cut in 0..head_bytes {
            assert_eq!(client(deflate).verify(&answer[..cut]), Ok(None), "cut at {cut}");
        }
        let connected = client(deflate).verify(&answer).unwrap().unwrap();
        assert_eq!((connected.head_bytes, connected.subprotocol), (head_bytes, true));
        assert_eq!(connected.deflate.map(|it| it.server_window_bits), deflate.then_some(15));
    }
}

#[test]
fn answers_that_are_taken() {
    let connected = fine(true, &[]).unwrap();
    assert_eq!((connected.subprotocol, connected.deflate), (false, None));
    let deflate =
        "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; server_max_window_bits=9";
    assert_eq!(fine(true, &[deflate]).unwrap().deflate.unwrap().server_window_bits, 9);
}

#[test]
fn answers_that_are_refused() {
    let status = |line: &str| client(true).verify(format!("{line}\r\n\r\n").as_bytes());
    assert_eq!(status("HTTP/1.1 403 Forbidden"), Err(ClientError::Status(403)));
    assert_eq!(status("HTTP/1.1 200 OK"), Err(ClientError::Status(200)));
    assert_eq!(status("HTTP/1.0 101 Old"), Err(ClientError::Malformed));
    assert_eq!(status("SSH-2.0-OpenSSH"), Err(ClientError::Malformed));

    let (upgrade, connection) = ("Upgrade: websocket", "Connection: Upgrade");
    assert_eq!(verify(true, &[connection, ACCEPT]), Err(ClientError::NotUpgraded));
    assert_eq!(verify(true, &[upgrade, ACCEPT]), Err(ClientError::NotUpgraded));
    assert_eq!(verify(true, &[upgrade, connection]), Err(ClientError::Accept));
    let wrong = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=";
    assert_eq!(verify(true, &[upgrade, connection, wrong]), Err(ClientError::Accept));
    assert_eq!(fine(true, &[ACCEPT]), Err(ClientError::Accept));
    assert_eq!(fine(true, &["Sec-WebSocket-Protocol: mqtt"]), Err(ClientError::Subprotocol));
    for answer in [
        "permessage-deflate",
        "permessage-deflate; client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; unknown",
        "permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover",
        "permessage-bzip2",
        "",
    ] {
        let line = format!("Sec-WebSocket-Extensions: {answer}");
        assert_eq!(fine(true, &[&line]), Err(ClientError::Extension), "{answer}");
    }
    let line = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover";
    assert_eq!(fine(false, &[line]), Err(ClientError::Extension), "it was not offered");
}
