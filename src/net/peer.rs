//! Who is at the other end: the address of the socket, or what a trusted proxy says of it.
//!
//! Behind a proxy every connection has the proxy's address, and what is counted for each address would be counted
//! for all clients together. A proxy says whom it speaks for: in a header of the PROXY protocol (`proxy.rs`), or in
//! `X-Forwarded-For`, to which each proxy on the way appends the address from which it got the request. Whoever
//! likes can send either, so both are believed of [`TrustedProxy`]s only, and the list is read from its end: the
//! first address that is no trusted proxy's is the client's. What stands before it the client may have invented.
//!
//! Tests: below, and `tests/net/proxies.rs`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use httparse::Header;
use ipnet::IpNet;

use super::config::AddressExemption;
use super::io::Io;

/// Whose word on where a connection comes from is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// Whoever has an address of this network.
    Network(IpNet),
    /// Whoever connects to a Unix socket.
    Unix,
}

/// A text that names no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxyError(String);

impl fmt::Display for TrustedProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no network: use 10.0.0.0/8, fd00::/8, 127.0.0.1 or unix", self.0)
    }
}

impl std::error::Error for TrustedProxyError {}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    /// `10.0.0.0/8`, `fd00::/8`, a single address, or `unix`.
    fn from_str(text: &str) -> Result<TrustedProxy, TrustedProxyError> {
        if text == "unix" {
            return Ok(TrustedProxy::Unix);
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(TrustedProxy::Network).map_err(|_| TrustedProxyError(text.to_owned()))
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrustedProxy::Network(network) => network.fmt(f),
            TrustedProxy::Unix => f.write_str("unix"),
        }
    }
}

/// Whether a peer is a trusted proxy; without an address it has come by a Unix socket.
pub(super) fn is_trusted(proxies: &[TrustedProxy], peer: Option<IpAddr>) -> bool {
    proxies.iter().any(|proxy| match (proxy, peer) {
        (TrustedProxy::Network(network), Some(address)) => network.contains(&address),
        (TrustedProxy::Unix, None) => true,
        _ => false,
    })
}

/// A list of which the part that counts cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForwardedForError;

/// The client of a request that came from a trusted proxy. `None`: the proxies name nobody but themselves.
pub(super) fn forwarded_for(
    headers: &[Header<'_>],
    proxies: &[TrustedProxy],
) -> Result<Option<IpAddr>, ForwardedForError> {
    let named = headers.iter().rev().filter(|header| header.name.eq_ignore_ascii_case("x-forwarded-for"));
    for header in named {
        for entry in header.value.rsplit(|byte| *byte == b',') {
            let entry = std::str::from_utf8(entry).map_err(|_| ForwardedForError)?;
            let address = address(entry.trim_matches([' ', '\t'])).ok_or(ForwardedForError)?;
            if !is_trusted(proxies, Some(address)) {
                return Ok(Some(address));
            }
        }
    }
    Ok(None)
}

/// An address, with a port where a proxy adds one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let address: IpAddr = text.parse().ok().or_else(bare).or_else(with_port)?;
    Some(address.to_canonical())
}

impl Io {
    /// The address for which a connection from there counts, if it does.
    pub(super) fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        address.filter(|address| {
            self.limits.address_exemption == AddressExemption::Nobody || !address.is_loopback()
        })
    }

    /// Whether an address has all the connections that it may have.
    pub(super) fn is_crowded(&self, address: IpAddr) -> bool {
        let count = self.addresses.get(&address).copied().unwrap_or(0);
        count >= self.limits.connections_per_address_max
    }

    /// Counts a connection for an address, and no longer for the one before.
    pub(super) fn count_for(&mut self, slot: usize, address: Option<IpAddr>) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        let before = std::mem::replace(&mut conn.counted, address.map(Box::new));
        if let Some(address) = address {
            *self.addresses.entry(address).or_insert(0) += 1;
        }
        if let Some(address) = before {
            self.count_less(*address);
        }
    }

    /// A connection of an address has gone.
    pub(super) fn count_less(&mut self, address: IpAddr) {
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(values: &[&str]) -> Result<Option<String>, ForwardedForError> {
        let proxies = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"];
        let proxies: Vec<TrustedProxy> = proxies.iter().filter_map(|text| text.parse().ok()).collect();
        assert_eq!(proxies.len(), 3);
        let headers: Vec<Header<'_>> = values
            .iter()
            .map(|value| Header { name: "X-Forwarded-For", value: value.as_bytes() })
            .chain([Header { name: "Forwarded", value: b"for=203.0.113.9" }])
            .collect();
        Ok(forwarded_for(&headers, &proxies)?.map(|address| address.to_string()))
    }

    #[test]
    fn the_client_is_the_last_who_is_no_trusted_proxy() {
        let cases: [(&[&str], Option<&str>); 9] = [
            (&[], None),
            (&["203.0.113.7"], Some("203.0.113.7")),
            (&["198.51.100.1, 203.0.113.7"], Some("203.0.113.7")),
            (&["198.51.100.1,203.0.113.7 ,\t10.1.2.3"], Some("203.0.113.7")),
            // Headers of the same name are one list.
            (&["203.0.113.7", "10.1.2.3, fd00::1", "192.0.2.1"], Some("203.0.113.7")),
            (&["10.1.2.3, 192.0.2.1"], None),
            (&["2001:db8::7", "[fd00::1]:4711"], Some("2001:db8::7")),
            (&["203.0.113.7:4711, ::ffff:10.1.2.3, [fd00::1]"], Some("203.0.113.7")),
            // What comes before is the client's, and may be anything.
            (&["nonsense,, unknown, 203.0.113.7, 10.0.0.1"], Some("203.0.113.7")),
        ];
        for (values, wanted) in cases {
            assert_eq!(client(values), Ok(wanted.map(str::to_owned)), "{values:?}");
        }
    }

    #[test]
    fn a_list_whose_end_is_no_address_is_refused() {
        for values in
            [&["unknown"][..], &[""], &["203.0.113.7,"], &["203.0.113.7, 10.0.0.256"], &["203.0.113.7", "x"]]
        {
            assert_eq!(client(values), Err(ForwardedForError), "{values:?}");
        }
    }

    #[test]
    fn a_proxy_is_a_network_an_address_or_unix() {
        for (text, written) in [("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128"), ("unix", "unix")] {
            let proxy = text.parse::<TrustedProxy>();
            assert_eq!(proxy.map(|proxy| proxy.to_string()), Ok(written.to_owned()));
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0.0/8 ", "UNIX"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text:?}");
        }
    }
}
