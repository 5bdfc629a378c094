//! The head of a request: request line and header lines (RFC 9112, 3 and 5).
//!
//! Two steps. `HeadScan` is a state machine that looks at each byte once, as it comes: it finds the end of
//! the head and refuses a bad byte or a limit at that very byte, so that a peer that drips its head costs no
//! more than one that sends it whole, and nobody waits ten seconds to hear that a NUL is not allowed. When the
//! head is whole, `Head::parse` judges what the headers say together: `Host`, the framing of the body, `Expect`.
//! The slices in between are cut by `httparse`.
//!
//! Stricter than the RFC demands: a lone LF is no line end, `Transfer-Encoding` must be `chunked` byte for byte,
//! `Host` may not be empty. A refusal can not desynchronise two servers, a lenient reading can.
//! Tests: `tests/http/refusals.rs`, `tests/http/cuts.rs`.

use httparse::Header;

use super::{Limits, RequestError};

/// Empty lines that are skipped before a request line. RFC 9112, 2.2 asks for at least one: some clients send
/// a CR LF behind a body.
const EMPTY_LINES_MAX: u8 = 2;

/// Where in a head the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the request line: nothing of the request has come.
    Before,
    BeforeLf,
    Method,
    TargetStart,
    Target,
    /// Within `HTTP/1.1`; the number of its bytes that have come.
    Version(usize),
    RequestLineLf,
    LineStart,
    Name,
    Value,
    HeaderLf,
    EndLf,
    Done,
}

/// The state of a head, or of a chunked body's trailers, of which some bytes have come.
#[derive(Clone, Debug)]
pub(super) struct HeadScan {
    place: Place,
    empty_lines: u8,
    line_bytes: usize,
    head_bytes: usize,
    headers: usize,
}

impl HeadScan {
    /// Begins before a request line.
    pub(super) fn request() -> HeadScan {
        HeadScan { place: Place::Before, empty_lines: 0, line_bytes: 0, head_bytes: 0, headers: 0 }
    }

    /// Begins where header lines may begin: trailers (RFC 9112, 7.1.2) have the syntax of headers.
    pub(super) fn trailers() -> HeadScan {
        HeadScan { place: Place::LineStart, ..HeadScan::request() }
    }

    /// Whether the empty line that ends the head has come.
    pub(super) fn is_done(&self) -> bool {
        self.place == Place::Done
    }

    /// Whether not even the first byte of a request line has come; empty lines do not count.
    pub(super) fn is_before(&self) -> bool {
        matches!(self.place, Place::Before | Place::BeforeLf)
    }

    /// Number of header lines so far.
    pub(super) fn headers(&self) -> usize {
        self.headers
    }

    /// Reads up to the end of the head and returns how many bytes that took. Bytes before the request line
    /// are taken too, and are to be dropped: [`HeadScan::is_before`] is still true after them.
    pub(super) fn receive(&mut self, limits: &Limits, bytes: &[u8]) -> Result<usize, RequestError> {
        let mut taken = 0;
        for &byte in bytes {
            if self.is_done() {
                break;
            }
            self.place = self.step(limits, byte)?;
            self.count(limits)?;
            taken += 1;
        }
        Ok(taken)
    }

    /// The place after `byte`.
    fn step(&mut self, limits: &Limits, byte: u8) -> Result<Place, RequestError> {
        use RequestError as E;
        match (self.place, byte) {
            (Place::Before, b'\r') if self.empty_lines == EMPTY_LINES_MAX => Err(E::EmptyLines),
            (Place::Before, b'\r') => Ok(Place::BeforeLf),
            (Place::BeforeLf, b'\n') => {
                self.empty_lines += 1;
                Ok(Place::Before)
            }
            (Place::Before | Place::Method, byte) if is_token(byte) => Ok(Place::Method),
            (Place::Method, b' ') => Ok(Place::TargetStart),
            (Place::Target, b' ') => Ok(Place::Version(0)),
            (Place::TargetStart | Place::Target, b'!'..=b'~') => Ok(Place::Target),
            (Place::Version(8), b'\r') => Ok(Place::RequestLineLf),
            (Place::Version(at), byte) => version_byte(at, byte),
            (Place::RequestLineLf | Place::HeaderLf, b'\n') => Ok(Place::LineStart),
            (Place::LineStart, b'\r') => Ok(Place::EndLf),
            (Place::LineStart, b' ' | b'\t') => Err(E::ObsoleteFold),
            (Place::LineStart, byte) if is_token(byte) => {
                self.headers += 1;
                if self.headers > limits.headers_max { Err(E::HeadTooLarge) } else { Ok(Place::Name) }
            }
            (Place::Name, b':') => Ok(Place::Value),
            (Place::Name, byte) if is_token(byte) => Ok(Place::Name),
            (Place::Value, b'\r') => Ok(Place::HeaderLf),
            // RFC 9110, 5.5: visible characters, space, tab, and the upper half that says nothing.
            (Place::Value, b'\t' | b' '..=b'~' | 0x80..) => Ok(Place::Value),
            (Place::EndLf, b'\n') => Ok(Place::Done),
            (place, byte) => Err(place.refusal(byte)),
        }
    }

    /// Counts one more byte of the line and of the head.
    fn count(&mut self, limits: &Limits) -> Result<(), RequestError> {
        match self.place {
            Place::Before | Place::BeforeLf => return Ok(()),
            Place::LineStart => self.line_bytes = 0,
            Place::RequestLineLf | Place::HeaderLf | Place::EndLf | Place::Done => {}
            Place::Method
            | Place::TargetStart
            | Place::Target
            | Place::Version(_)
            | Place::Name
            | Place::Value => {
                self.line_bytes += 1;
            }
        }
        self.head_bytes += 1;
        if self.line_bytes <= limits.line_bytes_max && self.head_bytes <= limits.head_bytes_max {
            return Ok(());
        }
        match self.place {
            Place::Method | Place::TargetStart | Place::Target | Place::Version(_) | Place::RequestLineLf => {
                Err(RequestError::TargetTooLong)
            }
            _ => Err(RequestError::HeadTooLarge),
        }
    }
}

impl Place {
    /// Why `byte` can not stand here.
    fn refusal(self, byte: u8) -> RequestError {
        match (self, byte) {
            (Place::BeforeLf | Place::RequestLineLf | Place::HeaderLf | Place::EndLf, _) => {
                RequestError::LineEnd
            }
            (_, b'\n') => RequestError::LineEnd,
            (Place::LineStart | Place::Name, _) => RequestError::HeaderName,
            (Place::Value, _) => RequestError::HeaderValue,
            _ => RequestError::RequestLine,
        }
    }
}

/// Reads byte number `at` of `HTTP/1.1`. Another version is told from a broken request line: the one is 505,
/// the other 400.
fn version_byte(at: usize, byte: u8) -> Result<Place, RequestError> {
    match (at, byte) {
        (0..=4, byte) if b"HTTP/".get(at) == Some(&byte) => Ok(Place::Version(at + 1)),
        (5, b'1') | (6, b'.') | (7, b'0' | b'1') => Ok(Place::Version(at + 1)),
        (5 | 7, b'0'..=b'9') => Err(RequestError::Version),
        (_, b'\n') => Err(RequestError::LineEnd),
        _ => Err(RequestError::RequestLine),
    }
}

/// A byte of a token (RFC 9110, 5.6.2): methods and header names are made of them.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// How the body behind a head is framed (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// So many bytes, possibly none.
    Known(usize),
    /// Chunks, up to the empty one.
    Chunked,
}

/// What a whole head says to the one who reads the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) body: BodyLength,
    /// The client holds the body back until it is told to go on (RFC 9110, 10.1.1).
    pub(super) expects_continue: bool,
}

impl Head {
    /// Judges the whole head in `bytes`, which a `HeadScan` has passed; it has `headers` header lines.
    pub(super) fn parse(bytes: &[u8], headers: usize) -> Result<Head, RequestError> {
        let mut storage = vec![httparse::EMPTY_HEADER; headers];
        let request = super::Request::parse(bytes, &mut storage).ok_or(RequestError::RequestLine)?;
        check_host(&request)?;
        if request.is_websocket_upgrade() {
            // What follows is frames, or nothing once the handshake is refused, as it must be when a length or a
            // coding is there. Such a request never keeps the connection open, see `Request::persistence`.
            return Ok(Head { body: BodyLength::Known(0), expects_continue: false });
        }
        let expects_continue = expects_continue(&request)?;
        Ok(Head { body: body_length(&request)?, expects_continue })
    }
}

/// The body's length, or the refusal of everything that could be read in two ways. Whether it is too long is judged
/// where it is known what the body is for.
fn body_length(request: &super::Request<'_>) -> Result<BodyLength, RequestError> {
    let mut lengths = values(request.headers, "content-length");
    let mut codings = values(request.headers, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(BodyLength::Known(0)),
        (Some(_), Some(_)) => Err(RequestError::LengthAndCoding),
        (Some(_), None) if lengths.next().is_some() => Err(RequestError::LengthTwice),
        (Some(digits), None) => parse_length(digits).map(BodyLength::Known),
        (None, Some(coding)) => {
            // An HTTP/1.0 proxy would not know the coding and frame the body otherwise (RFC 9112, 6.1).
            if coding != b"chunked" || codings.next().is_some() || request.minor_version == 0 {
                return Err(RequestError::TransferCoding);
            }
            Ok(BodyLength::Chunked)
        }
    }
}

/// Digits only: Rust's own parser takes a plus sign, and `+5` is read otherwise elsewhere (CVE-2021-32715).
/// A number that is too great for any body is `usize::MAX`, which is over every limit.
fn parse_length(digits: &[u8]) -> Result<usize, RequestError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(RequestError::LengthValue);
    }
    Ok(digits
        .iter()
        .fold(0, |length: usize, digit| length.saturating_mul(10).saturating_add(usize::from(digit - b'0'))))
}

/// RFC 9110, 10.1.1: the one expectation there is; HTTP/1.0 could not express it and is not held to it.
fn expects_continue(request: &super::Request<'_>) -> Result<bool, RequestError> {
    let mut expected = false;
    for value in values(request.headers, "expect") {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(RequestError::Expectation);
        }
        expected = request.minor_version >= 1;
    }
    Ok(expected)
}

/// RFC 9112, 3.2: one `Host`, a valid one, and the same as in a target of absolute form. The RFC lets such a
/// target override `Host`; a client that sends two different ones is refused instead.
fn check_host(request: &super::Request<'_>) -> Result<(), RequestError> {
    let mut hosts = values(request.headers, "host");
    let host = hosts.next();
    if hosts.next().is_some() || (host.is_none() && request.minor_version >= 1) {
        return Err(RequestError::HostCount);
    }
    if host.is_some_and(|host| !is_authority(host)) {
        return Err(RequestError::HostValue);
    }
    let target = request.target_form().ok_or(RequestError::Target)?;
    match (target.authority, host) {
        (None, _) => Ok(()),
        (Some(authority), _) if !is_authority(authority.as_bytes()) => Err(RequestError::Target),
        (Some(authority), Some(host)) if !authority.as_bytes().eq_ignore_ascii_case(host) => {
            Err(RequestError::Target)
        }
        (Some(_), _) => Ok(()),
    }
}

/// `name`, `name:port`, `[address]` or `[address]:port`. Names are DNS names: percent signs, commas and user
/// names, all of which some grammar allows, are how one host is made to look like another.
fn is_authority(value: &[u8]) -> bool {
    let is_name_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let is_address_byte = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    let (host_is_good, rest) = match value.strip_prefix(b"[") {
        Some(bracketed) => {
            let end = bracketed.iter().position(|&byte| byte == b']').unwrap_or(0);
            let (address, rest) = bracketed.split_at(end);
            (
                address.contains(&b':') && address.iter().all(is_address_byte),
                rest.strip_prefix(b"]").unwrap_or(rest),
            )
        }
        None => {
            let end = value.iter().position(|&byte| byte == b':').unwrap_or(value.len());
            let (name, rest) = value.split_at(end);
            (!name.is_empty() && name.iter().all(is_name_byte), rest)
        }
    };
    host_is_good && (rest.is_empty() || rest.strip_prefix(b":").is_some_and(is_port))
}

/// An empty port is one too (RFC 3986, 3.2.3).
fn is_port(digits: &[u8]) -> bool {
    digits.is_empty() || parse_length(digits).is_ok_and(|port| port <= usize::from(u16::MAX))
}

/// The values of all header lines of that name.
pub(super) fn values<'a>(headers: &'a [Header<'a>], name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}
