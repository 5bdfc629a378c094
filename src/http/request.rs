//! A whole request, lent to the handler from the connection's buffer.
//!
//! Nothing is copied: method, target, headers and body are slices. Knows no routes. Percent signs in the path
//! are left alone; decoding them before routing is how `..%2f` gets past a check.
//! Tests: `tests/http/requests.rs`.

use httparse::Header;

use super::Persistence;
use super::head::values;

/// One request. [`super::RequestBuffer::with`] lends it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// As sent: methods are case-sensitive.
    pub method: &'a str,
    /// As sent: usually a path with an optional query, but see [`Request::path`].
    pub target: &'a str,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor_version: u8,
    /// In the order sent. Values have no white space around them and may have bytes that are no UTF-8.
    pub headers: &'a [Header<'a>],
    /// Without chunk framing.
    pub body: &'a [u8],
}

/// The parts of a target (RFC 9112, 3.2).
pub(super) struct Target<'a> {
    /// Only in the absolute form, `http://authority/path`.
    pub(super) authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Cuts `head` into slices; `storage` has at least as many places as there are header lines. None when it is
    /// no whole head.
    pub(super) fn parse(head: &'a [u8], storage: &'a mut [Header<'a>]) -> Option<Request<'a>> {
        let mut parsed = httparse::Request::new(storage);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(length)) if length == head.len() => Some(Request {
                method: parsed.method?,
                target: parsed.path?,
                minor_version: parsed.version?,
                headers: parsed.headers,
                body: &[],
            }),
            _ => None,
        }
    }

    /// The target's path, never with an authority or a query; `*` for the server as a whole.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.target_form().map_or("", |target| target.path)
    }

    /// What follows the first `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.target_form().and_then(|target| target.query)
    }

    /// The value of the first header of that name, in any case of letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }

    /// Like [`Request::header`]; None also for a value that is no UTF-8.
    #[must_use]
    pub fn header_text(&self, name: &str) -> Option<&'a str> {
        self.header(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether the answer has no body though it tells the body's length.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether `Upgrade` names WebSocket. Such a request has no body, whatever its headers say.
    #[must_use]
    pub fn is_websocket_upgrade(&self) -> bool {
        self.has_token("upgrade", "websocket")
    }

    /// Whether the client can send another request behind this one (RFC 9112, 9.3). Never after an upgrade that
    /// was not accepted: a body that it may have declared was not read, and must not be taken for a request.
    #[must_use]
    pub fn persistence(&self) -> Persistence {
        let wanted = match self.minor_version {
            0 => self.has_token("connection", "keep-alive"),
            _ => true,
        };
        if wanted && !self.has_token("connection", "close") && !self.is_websocket_upgrade() {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        }
    }

    /// [`Request::persistence`] as a question.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.persistence() == Persistence::KeepAlive
    }

    /// Whether a header that is a comma-separated list, possibly over several lines, has `token` in it.
    fn has_token(&self, name: &'static str, token: &str) -> bool {
        values(self.headers, name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|element| element.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The target's parts; None for a form that a server of its own does not have to understand: the authority
    /// form of CONNECT, a fragment, another scheme than http.
    pub(super) fn target_form(&self) -> Option<Target<'a>> {
        if self.target == "*" {
            let target = Target { authority: None, path: "*", query: None };
            return (self.method == "OPTIONS").then_some(target);
        }
        if self.target.contains('#') {
            return None;
        }
        let (authority, local) = if self.target.starts_with('/') {
            (None, self.target)
        } else {
            let (scheme, rest) = self.target.split_once("://")?;
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                return None;
            }
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, local) = rest.split_at(end);
            (Some(authority), local)
        };
        let (path, query) = match local.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (local, None),
        };
        Some(Target { authority, path: if path.is_empty() { "/" } else { path }, query })
    }
}
