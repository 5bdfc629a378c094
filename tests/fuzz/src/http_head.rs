//! HTTP requests: heads, bodies of either framing, and what is pipelined behind them.

use karez::http::{Limits, Part, Persistence, RequestBuffer, RequestError, Response};

use super::cuts::ways;

/// Small, so that small inputs reach them.
const LIMITS: Limits =
    Limits { line_bytes_max: 200, head_bytes_max: 400, headers_max: 12, body_bytes_max: 100 };

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    method: String,
    target: String,
    minor_version: u8,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    is_upgrade: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Transcript {
    requests: Vec<Seen>,
    refusal: Option<RequestError>,
}

/// Receives as a connection that answers nothing and keeps alive; it ends with an upgrade.
fn receive(limits: &Limits, data: &[u8], sizes: &[usize]) -> Transcript {
    let mut buffer = RequestBuffer::new();
    let mut transcript = Transcript { requests: Vec::new(), refusal: None };
    let mut behind = data;
    for &size in sizes {
        let (piece, rest) = behind.split_at(size);
        behind = rest;
        let mut piece = piece;
        while !piece.is_empty() {
            match buffer.receive(limits, piece) {
                Ok(taken) => {
                    assert!(taken > 0, "no step forward");
                    piece = &piece[taken..];
                }
                Err(error) => {
                    assert_eq!(buffer.receive(limits, b"x"), Err(error), "a refusal is final");
                    transcript.refusal = Some(error);
                    return transcript;
                }
            }
            if buffer.is_complete() {
                let seen = seen(&buffer);
                let is_upgrade = seen.is_upgrade;
                transcript.requests.push(seen);
                if is_upgrade {
                    return transcript;
                }
                buffer.clear();
            }
        }
    }
    transcript
}

fn seen(buffer: &RequestBuffer) -> Seen {
    let read = buffer.with(|request| {
        assert!(request.path().starts_with('/') || request.path() == "*", "{:?}", request.target);
        assert!(!request.path().contains('?'));
        assert!(request.keep_alive() || request.persistence() == Persistence::Close);
        Seen {
            method: request.method.to_owned(),
            target: request.target.to_owned(),
            minor_version: request.minor_version,
            headers: request.headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect(),
            body: request.body.to_vec(),
            is_upgrade: request.is_websocket_upgrade(),
        }
    });
    read.expect("a complete request is lent")
}

/// Any bytes, in any pieces.
pub fn check(data: &[u8]) {
    let ways = ways(data);
    let whole = receive(&LIMITS, data, &ways[0]);
    for sizes in &ways[1..] {
        assert_eq!(receive(&LIMITS, data, sizes), whole, "in pieces of {sizes:?}");
    }
    whole.requests.iter().for_each(check_request);
    if let Some(error) = whole.refusal {
        check_refusal(error);
    }
}

impl Seen {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }

    /// The request in the plainest form there is; a chunked body in one chunk.
    fn encode(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.{}\r\n", self.method, self.target, self.minor_version).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        if self.is_upgrade || self.values("transfer-encoding").next().is_none() {
            bytes.extend_from_slice(&self.body);
        } else if self.body.is_empty() {
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            let head = format!("{:x}\r\n", self.body.len());
            bytes.extend_from_slice(&[head.as_bytes(), &self.body, b"\r\n0\r\n\r\n"].concat());
        }
        bytes
    }
}

/// What a handler, and a proxy in front of us, may rely on.
fn check_request(seen: &Seen) {
    assert!(seen.headers.len() <= LIMITS.headers_max);
    assert!(seen.body.len() <= LIMITS.body_bytes_max);
    let hosts = seen.values("host").count();
    assert!(hosts == 1 || (hosts == 0 && seen.minor_version == 0), "{hosts} hosts");
    for (name, value) in &seen.headers {
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':'), "{name:?}");
        assert!(value.iter().all(|b| !b.is_ascii_control() || *b == b'\t'), "{value:?}");
        assert_eq!(value.trim_ascii(), &value[..]);
    }
    if !seen.is_upgrade {
        let lengths: Vec<_> = seen.values("content-length").collect();
        let codings: Vec<_> = seen.values("transfer-encoding").collect();
        assert!(lengths.len() + codings.len() <= 1, "two framings");
        assert!(codings.iter().all(|coding| coding == b"chunked"));
        let declared = lengths.first().map(|digits| std::str::from_utf8(digits).unwrap().parse::<usize>());
        assert!(codings.len() == 1 || seen.body.len() == declared.map_or(0, Result::unwrap));
    }
    // Written plainly it is one request, the same one, and nothing is left over: nobody can read it otherwise.
    // A space may be new behind each colon.
    let roomy = Limits { line_bytes_max: LIMITS.line_bytes_max + 1, head_bytes_max: 500, ..LIMITS };
    let bytes = seen.encode();
    let again = receive(&roomy, &bytes, &[bytes.len()]);
    assert_eq!(again.requests, std::slice::from_ref(seen));
    assert_eq!(again.refusal, None);
}

fn check_refusal(error: RequestError) {
    assert!([400, 413, 414, 417, 431, 505].contains(&error.status()));
    let mut bytes = Vec::new();
    Response::refusal(&error).encode(&mut bytes, Part::Whole, Persistence::Close, "today");
    let text = String::from_utf8(bytes).expect("a refusal is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("\r\nconnection: close"));
    assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())));
}
