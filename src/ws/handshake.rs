//! The opening handshake (RFC 6455, 4), both roles.
//!
//! A request of HTTP/1.1 asks to go over to WebSocket; the server proves by a digest of the client's key that it
//! understood, and from the next byte on there are frames. Here the head is judged when it is whole and parsed;
//! reading it with its limits is floor `http`'s or `net`'s work, and so is the answer to a [`Refusal`].
//! Invariant: whatever is [`Accepted`] obeys 4.2.1 wholly, so no header is guessed at or taken from two places.
//! The tutorial: `handshaking()`. It takes the key from anybody and looks at nothing else; and its answer carries
//! headers of a draft that no client reads. Tests: `tests/ws/handshake.rs`, `tests/ws/client.rs`.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::extension::{self, DeflateParams, trim};
use super::origin::{self, Authority};

/// 1.3: no server has this by accident.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The only version there is (4.1).
const VERSION: &str = "13";
/// The length of the client's key, in bytes.
const KEY_BYTES: usize = 16;
/// Header lines in the answer that a client of ours reads.
const ANSWER_HEADERS_MAX: usize = 64;

/// What a server agrees to.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Subprotocols that are spoken, the preferred first.
    pub subprotocols: &'a [&'static str],
    /// Whether compression is taken when it is offered.
    pub deflate: bool,
    /// Origins that are let in besides the server's own, as `scheme://host[:port]`.
    pub origins: &'a [String],
    /// The listener is on loopback: any origin of the same machine is let in.
    pub loopback: bool,
}

/// A handshake that is fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The answer to the client's key, in base64.
    key: String,
    /// What was chosen of the client's offers.
    pub subprotocol: Option<&'static str>,
    /// What was agreed on compression.
    pub deflate: Option<DeflateParams>,
}

/// Why a request does not become a WebSocket. Answer with [`Refusal::status`] and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not GET.
    Method,
    /// Below HTTP/1.1.
    HttpVersion,
    /// No `Host`, two of them, or one that is no host.
    Host,
    /// `Content-Length` or `Transfer-Encoding`: who reads the body as frames can be made to read anything.
    Body,
    /// `Upgrade` does not name websocket.
    Upgrade,
    /// `Connection` does not name Upgrade.
    Connection,
    /// `Sec-WebSocket-Version` is missing or there are two.
    VersionCount,
    /// Another version than 13. The answer must carry `Sec-WebSocket-Version: 13`.
    Version,
    /// `Sec-WebSocket-Key` is missing, doubled, or not 16 bytes in base64.
    Key,
    /// Two `Origin`s.
    OriginCount,
    /// The page is not let in.
    Origin,
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Refusal::Method => 405,
            Refusal::Version => 426,
            Refusal::Origin => 403,
            Refusal::HttpVersion
            | Refusal::Host
            | Refusal::Body
            | Refusal::Upgrade
            | Refusal::Connection
            | Refusal::VersionCount
            | Refusal::Key
            | Refusal::OriginCount => 400,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Method => "a WebSocket is opened by GET",
            Refusal::HttpVersion => "a WebSocket is opened by HTTP/1.1",
            Refusal::Host => "exactly one valid Host is needed",
            Refusal::Body => "a request for a WebSocket has no body",
            Refusal::Upgrade => "Upgrade must name websocket",
            Refusal::Connection => "Connection must name Upgrade",
            Refusal::VersionCount => "exactly one Sec-WebSocket-Version is needed",
            Refusal::Version => "only Sec-WebSocket-Version 13 is spoken",
            Refusal::Key => "exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed",
            Refusal::OriginCount => "at most one Origin is allowed",
            Refusal::Origin => "this Origin is not let in",
        })
    }
}

impl Error for Refusal {}

/// Whether a request asks for a WebSocket, well or badly: [`accept`] tells.
#[must_use]
pub fn is_upgrade(headers: &[httparse::Header<'_>]) -> bool {
    has_token(headers, "Upgrade", "websocket")
}

/// Judges a request. `minor_version` is that of HTTP/1.
///
/// The example of RFC 6455, 1.3:
///
/// ```
/// use karez::ws::{Policy, accept};
/// let mut headers = [httparse::EMPTY_HEADER; 16];
/// let mut request = httparse::Request::new(&mut headers);
/// request.parse(b"GET /chat HTTP/1.1\r\n\
///     Host: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://server.example.com\r\n\
///     Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n").unwrap();
///
/// let policy = Policy { subprotocols: &["chat"], deflate: true, origins: &[], loopback: false };
/// let accepted = accept("GET", 1, request.headers, &policy).unwrap();
/// let mut answer = Vec::new();
/// accepted.encode(&mut answer);
/// assert_eq!(str::from_utf8(&answer).unwrap(), "HTTP/1.1 101 Switching Protocols\r\n\
///     Upgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n");
/// ```
///
/// # Errors
///
/// The first thing that is wrong with it, in the order of [`Refusal`]'s variants.
pub fn accept(
    method: &str,
    minor_version: u8,
    headers: &[httparse::Header<'_>],
    policy: &Policy<'_>,
) -> Result<Accepted, Refusal> {
    if method != "GET" {
        return Err(Refusal::Method);
    }
    if minor_version < 1 {
        return Err(Refusal::HttpVersion);
    }
    let host = one(headers, "Host", Refusal::Host)?.and_then(Authority::parse).ok_or(Refusal::Host)?;
    if headers.iter().any(|it| is_named(it, "Content-Length") || is_named(it, "Transfer-Encoding")) {
        return Err(Refusal::Body);
    }
    if !is_upgrade(headers) {
        return Err(Refusal::Upgrade);
    }
    if !has_token(headers, "Connection", "Upgrade") {
        return Err(Refusal::Connection);
    }
    let version = one(headers, "Sec-WebSocket-Version", Refusal::VersionCount)?;
    if version.ok_or(Refusal::VersionCount)? != VERSION {
        return Err(Refusal::Version);
    }
    let key = one(headers, "Sec-WebSocket-Key", Refusal::Key)?.filter(|key| is_key(key));
    let key = answer_to(key.ok_or(Refusal::Key)?);
    if let Some(origin) = one(headers, "Origin", Refusal::OriginCount)?
        && !origin::is_allowed(origin, &host, policy.origins, policy.loopback)
    {
        return Err(Refusal::Origin);
    }

    let offers = |name| values(headers, name).filter_map(Result::ok);
    let offered = |subprotocol: &&&str| {
        offers("Sec-WebSocket-Protocol").flat_map(tokens).any(|offer| offer == **subprotocol)
    };
    let subprotocol = policy.subprotocols.iter().find(offered).copied();
    let deflate = policy.deflate.then(|| DeflateParams::choose(offers("Sec-WebSocket-Extensions"))).flatten();
    Ok(Accepted { key, subprotocol, deflate })
}

impl Accepted {
    /// Appends the whole head of the answer, up to the empty line. What follows it are frames.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        );
        line(out, "Sec-WebSocket-Accept", self.key.as_bytes());
        if let Some(subprotocol) = self.subprotocol {
            line(out, "Sec-WebSocket-Protocol", subprotocol.as_bytes());
        }
        if let Some(deflate) = self.deflate {
            let mut value = Vec::new();
            deflate.encode(&mut value);
            line(out, "Sec-WebSocket-Extensions", &value);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// A client's opening handshake: what it asks for, and the check of what it gets.
#[derive(Clone, Debug)]
pub struct ClientHandshake<'a> {
    host: &'a str,
    path: &'a str,
    key: String,
    subprotocol: Option<&'a str>,
    deflate: bool,
}

/// What a server has agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The length of the answer's head, in bytes; frames follow it.
    pub head_bytes: usize,
    /// Whether the subprotocol that was offered is spoken.
    pub subprotocol: bool,
    /// What was agreed on compression.
    pub deflate: Option<DeflateParams>,
}

/// Why a server's answer is not taken (4.1). Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// Not HTTP/1.1, or more than 64 header lines.
    Malformed,
    /// Another status than 101: no WebSocket here.
    Status(u16),
    /// `Upgrade` or `Connection` is missing or names something else.
    NotUpgraded,
    /// `Sec-WebSocket-Accept` is missing or does not belong to our key.
    Accept,
    /// A subprotocol that was not offered.
    Subprotocol,
    /// An extension that was not offered, or in terms that were not.
    Extension,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientError::Malformed => "the answer is not HTTP/1.1",
            ClientError::Status(status) => return write!(f, "the server answered {status}, not 101"),
            ClientError::NotUpgraded => "the answer does not go over to websocket",
            ClientError::Accept => "Sec-WebSocket-Accept does not belong to the key",
            ClientError::Subprotocol => "a subprotocol that was not offered",
            ClientError::Extension => "an extension that was not offered",
        })
    }
}

impl Error for ClientError {}

impl<'a> ClientHandshake<'a> {
    /// For `host` (with its port, where it is not the default) and `path`. The `key` must be drawn anew for every
    /// connection. All of these come from our own side: none may have a line break in it.
    #[must_use]
    pub fn new(
        host: &'a str,
        path: &'a str,
        key: [u8; KEY_BYTES],
        subprotocol: Option<&'a str>,
        deflate: bool,
    ) -> ClientHandshake<'a> {
        ClientHandshake { host, path, key: BASE64.encode(key), subprotocol, deflate }
    }

    /// Appends the request.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("GET {} HTTP/1.1\r\n", self.path).as_bytes());
        line(out, "Host", self.host.as_bytes());
        out.extend_from_slice(b"Upgrade: websocket\r\nConnection: Upgrade\r\n");
        line(out, "Sec-WebSocket-Key", self.key.as_bytes());
        line(out, "Sec-WebSocket-Version", VERSION.as_bytes());
        if let Some(subprotocol) = self.subprotocol {
            line(out, "Sec-WebSocket-Protocol", subprotocol.as_bytes());
        }
        if self.deflate {
            line(out, "Sec-WebSocket-Extensions", extension::OFFER.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Checks the answer at the start of `bytes`. `None`: its head is not whole yet. Limiting the length of the head
    /// is the caller's.
    ///
    /// # Errors
    ///
    /// The server does not speak WebSocket, or not with us.
    pub fn verify(&self, bytes: &[u8]) -> Result<Option<Connected>, ClientError> {
        let mut headers = [httparse::EMPTY_HEADER; ANSWER_HEADERS_MAX];
        let mut answer = httparse::Response::new(&mut headers);
        let head_bytes = match answer.parse(bytes) {
            Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(ClientError::Malformed),
        };
        match answer.code {
            Some(101) if answer.version == Some(1) => {}
            Some(status) if status != 101 => return Err(ClientError::Status(status)),
            _ => return Err(ClientError::Malformed),
        }
        let headers = &*answer.headers;
        if !is_upgrade(headers) || !has_token(headers, "Connection", "Upgrade") {
            return Err(ClientError::NotUpgraded);
        }
        let accept = one(headers, "Sec-WebSocket-Accept", ClientError::Accept)?;
        if accept != Some(answer_to(&self.key).as_str()) {
            return Err(ClientError::Accept);
        }
        let subprotocol = one(headers, "Sec-WebSocket-Protocol", ClientError::Subprotocol)?;
        if subprotocol.is_some() && subprotocol != self.subprotocol {
            return Err(ClientError::Subprotocol);
        }
        let deflate = match one(headers, "Sec-WebSocket-Extensions", ClientError::Extension)? {
            None => None,
            Some(answer) if self.deflate => {
                Some(DeflateParams::verify(answer).ok_or(ClientError::Extension)?)
            }
            Some(_) => return Err(ClientError::Extension),
        };
        Ok(Some(Connected { head_bytes, subprotocol: subprotocol.is_some(), deflate }))
    }
}

/// What a server answers to a client's key (4.2.2).
fn answer_to(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    BASE64.encode(digest)
}

/// Whether a key is 16 bytes in base64 (4.2.1). Canonical only: padded, and no stray bits in the last character.
fn is_key(key: &str) -> bool {
    BASE64.decode(key).is_ok_and(|key| key.len() == KEY_BYTES)
}

fn is_named(header: &httparse::Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

/// The values of all header lines of that name; an error for one that is not ASCII or UTF-8.
fn values<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = Result<&'a str, std::str::Utf8Error>> {
    headers
        .iter()
        .filter(move |header| is_named(header, name))
        .map(|header| std::str::from_utf8(header.value).map(trim))
}

/// The value of a header that may be there once; `error` for two of them or one that is no text.
fn one<'a, E>(headers: &'a [httparse::Header<'a>], name: &'a str, error: E) -> Result<Option<&'a str>, E> {
    let mut values = values(headers, name);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(error),
    }
}

/// The tokens of a list.
fn tokens(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(trim)
}

/// Whether a list that may go over several lines has a token, in whatever case.
fn has_token(headers: &[httparse::Header<'_>], name: &str, token: &str) -> bool {
    values(headers, name).filter_map(Result::ok).flat_map(tokens).any(|it| it.eq_ignore_ascii_case(token))
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(piece);
    }
}
