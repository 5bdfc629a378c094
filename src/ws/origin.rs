//! Which page may connect (RFC 6455, 10.2; RFC 6454).
//!
//! A browser lets any page open a WebSocket to any server, with the user's cookies and from inside the user's
//! network; it only tells the server which page it was, in `Origin`. So the server must look. Programs that are not
//! browsers send none and are let in: they could send what they like.
//! Does not know the connection's own scheme, since TLS may end before us: a `Host` without port is read with the
//! default port of the origin's scheme. The tutorial does not look. Tests: `tests/ws/origin.rs`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A host and its port, from `Host` or from an origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority<'a> {
    host: Host<'a>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Host<'a> {
    Name(&'a str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl<'a> Authority<'a> {
    /// Reads `host` or `host:port`. `None`: it is neither.
    pub(super) fn parse(text: &'a str) -> Option<Authority<'a>> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            (Host::V6(address.parse().ok()?), port)
        } else {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (Host::parse_name(name)?, port)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return None,
            Some("") => None,
            // Digits only: Rust's parser would take a plus sign.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
        };
        Some(Authority { host, port })
    }

    fn is_loopback(&self) -> bool {
        match self.host {
            Host::Name(name) => name.eq_ignore_ascii_case("localhost"),
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }

    /// Whether both mean the same, a missing port being `default`.
    fn is_same(&self, other: &Authority<'_>, default: Option<u16>) -> bool {
        let same_host = match (self.host, other.host) {
            (Host::Name(one), Host::Name(other)) => one.eq_ignore_ascii_case(other),
            (Host::V4(one), Host::V4(other)) => one == other,
            (Host::V6(one), Host::V6(other)) => one == other,
            _ => false,
        };
        same_host && self.port.or(default) == other.port.or(default)
    }
}

impl<'a> Host<'a> {
    fn parse_name(name: &'a str) -> Option<Host<'a>> {
        // RFC 3986's reg-name, less the percent sign: nothing that could end a URL's host.
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b);
        if name.is_empty() || !name.bytes().all(fits) {
            return None;
        }
        Some(name.parse().map_or(Host::Name(name), Host::V4))
    }
}

/// A page's origin: `scheme://host[:port]` and nothing behind it. `null` is none.
#[derive(Clone, Copy, Debug)]
struct Origin<'a> {
    scheme: &'a str,
    authority: Authority<'a>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Origin<'a>> {
        let (scheme, authority) = text.split_once("://")?;
        Some(Origin { scheme, authority: Authority::parse(authority)? })
    }

    /// 80 or 443; `None` for the schemes of apps and browser extensions.
    fn default_port(&self) -> Option<u16> {
        if self.scheme.eq_ignore_ascii_case("http") {
            Some(80)
        } else if self.scheme.eq_ignore_ascii_case("https") {
            Some(443)
        } else {
            None
        }
    }

    fn is_web(&self) -> bool {
        self.default_port().is_some()
    }

    fn is_same(&self, other: &Origin<'_>) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.authority.is_same(&other.authority, self.default_port())
    }
}

/// Whether a page of `origin` may connect: it came from this very server, or it is in `listed`, or it comes from the
/// same machine as its user and the `loopback` listener can only be reached from there.
pub(super) fn is_allowed(origin: &str, host: &Authority<'_>, listed: &[String], loopback: bool) -> bool {
    let Some(origin) = Origin::parse(origin) else { return false };
    let same = origin.is_web() && origin.authority.is_same(host, origin.default_port());
    let neighbour = loopback && origin.is_web() && origin.authority.is_loopback();
    same || neighbour
        || listed.iter().filter_map(|listed| Origin::parse(listed)).any(|it| it.is_same(&origin))
}
