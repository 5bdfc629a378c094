//! A response as a value, and its bytes (RFC 9112, 4 and 6.3).
//!
//! The handler says what it answers; what the message needs around it (`Content-Length`, `Connection`, `Date`, no
//! body where none may be) is written here and nowhere else, and headers of these names from a handler are left
//! out. Nothing here can be made to write a second header or a second response: bytes that may not stand in a
//! value become spaces, a header whose name is no token is left out. Tests: `tests/http/responses.rs`.

use std::borrow::Cow;

use super::head::is_token;
use super::{Request, RequestError};

/// What a client that sent `Expect: 100-continue` waits for. See [`super::RequestBuffer::wants_continue`].
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Headers that [`Response::encode`] writes by itself.
const OWN_HEADERS: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

/// Whether the connection stays open behind a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It stays open, and says so: an HTTP/1.0 client needs to hear it.
    KeepAlive,
    /// The server closes it.
    Close,
}

/// How much of a response is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Head and body.
    Whole,
    /// The head as if the body followed: the answer to HEAD.
    HeadOnly,
}

impl Part {
    /// The part that answers `request`.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Part {
        if request.is_head() { Part::HeadOnly } else { Part::Whole }
    }
}

/// An answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 100 to 999; anything else is sent as 500.
    pub status: u16,
    /// Names and values in the order of sending.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// Sent as it is, unless the status or HEAD forbids it.
    pub body: Cow<'static, [u8]>,
    /// So many bytes of body follow behind `body`, in pieces: the length that is told counts them.
    pub follows_bytes: u64,
}

impl Response {
    /// Without headers and body.
    #[must_use]
    pub fn new(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Cow::Borrowed(&[]), follows_bytes: 0 }
    }

    /// Plain text.
    #[must_use]
    pub fn text(status: u16, text: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status).header("content-type", "text/plain; charset=utf-8").body(bytes_of(text))
    }

    /// A page.
    #[must_use]
    pub fn html(status: u16, page: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status).header("content-type", "text/html; charset=utf-8").body(bytes_of(page))
    }

    /// JSON that is rendered already.
    #[must_use]
    pub fn json(status: u16, json: impl Into<Cow<'static, [u8]>>) -> Response {
        Response::new(status).header("content-type", "application/json").body(json)
    }

    /// The answer to a request that was refused. Send it with [`Persistence::Close`].
    #[must_use]
    pub fn refusal(error: &RequestError) -> Response {
        Response::text(error.status(), format!("{error}\n"))
    }

    /// With one more header.
    #[must_use]
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Response {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Cow<'static, [u8]>>) -> Response {
        self.body = body.into();
        self
    }

    /// With so many bytes that follow in pieces.
    #[must_use]
    pub fn followed_by(self, follows_bytes: u64) -> Response {
        Response { follows_bytes, ..self }
    }

    /// Whether a status has a body (RFC 9112, 6.3).
    fn is_bodyless(status: u16) -> bool {
        status < 200 || status == 204 || status == 304
    }

    /// How many bytes follow what [`Response::encode`] writes.
    #[must_use]
    pub fn follows(&self, part: Part) -> u64 {
        if part == Part::Whole && !Response::is_bodyless(self.status) { self.follows_bytes } else { 0 }
    }

    /// Appends the response's bytes to `out`. `date` is the value of the `Date` header (RFC 9110, 6.6.1), in the
    /// form `Sun, 06 Nov 1994 08:49:37 GMT`; the caller has the clock.
    pub fn encode(&self, out: &mut Vec<u8>, part: Part, persistence: Persistence, date: &str) {
        let status = if (100..=999).contains(&self.status) { self.status } else { 500 };
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(status.to_string().as_bytes());
        out.push(b' ');
        out.extend_from_slice(reason(status).as_bytes());
        out.extend_from_slice(b"\r\n");
        encode_header(out, "date", date);
        for (name, value) in &self.headers {
            if !OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                encode_header(out, name, value);
            }
        }
        // RFC 9110, 15.2: an interim response says nothing about the connection; the final one follows.
        let is_interim = status < 200;
        if !is_interim {
            let connection = match persistence {
                Persistence::KeepAlive => "keep-alive",
                Persistence::Close => "close",
            };
            encode_header(out, "connection", connection);
        }
        // RFC 9112, 6.3: these end with their head, and RFC 9110, 8.6 forbids the length in the first two.
        let is_bodyless = Response::is_bodyless(status);
        if !is_bodyless {
            let length = self.follows_bytes.saturating_add(self.body.len() as u64);
            encode_header(out, "content-length", &length.to_string());
        }
        out.extend_from_slice(b"\r\n");
        if !is_bodyless && part == Part::Whole {
            out.extend_from_slice(&self.body);
        }
    }
}

fn bytes_of(text: impl Into<Cow<'static, str>>) -> Cow<'static, [u8]> {
    match text.into() {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Appends one header line. A value that quotes a client (a redirect, a log id) could otherwise end its line and
/// begin a header or a whole response of the client's making.
fn encode_header(out: &mut Vec<u8>, name: &str, value: &str) {
    if name.is_empty() || !name.bytes().all(is_token) {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend(value.bytes().map(|byte| if byte.is_ascii_control() && byte != b'\t' { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}

/// The reason phrase: for people who read the bytes, empty for what Karez never sends.
fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "",
    }
}
