//! The header of the PROXY protocol, version 2: a proxy says in front of everything else whose connection it passes
//! on (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, section 2.2).
//!
//! ```text
//! 12 bytes   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   chosen so that no other protocol begins like it
//!  1 byte    version 2 in the upper half; command in the lower: 0 LOCAL, 1 PROXY
//!  1 byte    family in the upper half (1 IPv4, 2 IPv6, 3 Unix), kind in the lower (1 stream, 2 datagram)
//!  2 bytes   how many bytes follow
//!            source and destination, address and port; then fields (TLV), which are not looked at
//! ```
//!
//! Bytes in, address out, at every cut; a header over its limit is refused by its length, before the rest of it comes.
//! Version 1, a line of text, is not read: its length is not known before its end.
//! Does not know who may send one: that is `front.rs`. Tests: below, and `tests/net/proxies.rs`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const FIXED_BYTES: usize = 16;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The proxy's own, for instance to see whether we are well; or one without an address.
    Proxy,
    /// That of somebody behind the proxy.
    Client(IpAddr),
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Signature,
    Version(u8),
    Command(u8),
    /// No family of a stream.
    Family(u8),
    /// Too short for its addresses; holds its length.
    Short(usize),
    /// Over the limit; holds its length.
    Long(usize),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderError::Signature => f.write_str("it does not begin with a header of version 2"),
            HeaderError::Version(version) => write!(f, "version {version}"),
            HeaderError::Command(command) => write!(f, "unknown command {command}"),
            HeaderError::Family(family) => write!(f, "unknown family 0x{family:02x}"),
            HeaderError::Short(bytes) => write!(f, "{bytes} bytes do not hold its addresses"),
            HeaderError::Long(bytes) => write!(f, "{bytes} bytes are too long"),
        }
    }
}

/// Collects a header.
#[derive(Debug, Default)]
pub(super) struct HeaderBuffer {
    bytes: Vec<u8>,
}

impl HeaderBuffer {
    /// Takes what belongs to the header, and tells how much that was; and the source, once it is whole.
    ///
    /// # Errors
    ///
    /// It is no header, or one that is not accepted. The connection is of no use.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        bytes_max: usize,
    ) -> Result<(usize, Option<Source>), HeaderError> {
        let mut taken = 0;
        loop {
            let wanted = wanted_bytes(&self.bytes, bytes_max)?;
            if wanted == self.bytes.len() {
                return Ok((taken, Some(source(&self.bytes)?)));
            }
            let rest = bytes.get(taken..).unwrap_or_default();
            let step = rest.get(..wanted - self.bytes.len()).unwrap_or(rest);
            if step.is_empty() {
                return Ok((taken, None));
            }
            self.bytes.extend_from_slice(step);
            taken += step.len();
        }
    }
}

/// Up to where the header goes, as far as its beginning tells.
fn wanted_bytes(begin: &[u8], bytes_max: usize) -> Result<usize, HeaderError> {
    if begin.iter().zip(&SIGNATURE).any(|(byte, wanted)| byte != wanted) {
        return Err(HeaderError::Signature);
    }
    let &[.., high, low] = begin.get(..FIXED_BYTES).unwrap_or_default() else { return Ok(FIXED_BYTES) };
    let whole = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if whole > bytes_max { Err(HeaderError::Long(whole)) } else { Ok(whole) }
}

/// What a whole header says.
fn source(header: &[u8]) -> Result<Source, HeaderError> {
    let (fixed, rest) = header.split_at_checked(FIXED_BYTES).ok_or(HeaderError::Signature)?;
    let &[.., command, family, _, _] = fixed else { return Err(HeaderError::Signature) };
    if command >> 4 != 2 {
        return Err(HeaderError::Version(command >> 4));
    }
    match command & 0x0f {
        // The family does not count then.
        0 => return Ok(Source::Proxy),
        1 => {}
        other => return Err(HeaderError::Command(other)),
    }
    let short = HeaderError::Short(rest.len());
    // Source and destination, of which the first counts, and two ports.
    match family {
        0x00 => Ok(Source::Proxy),
        0x11 if rest.len() < 12 => Err(short),
        0x11 => {
            let octets: [u8; 4] = rest.first_chunk().copied().ok_or(short)?;
            Ok(Source::Client(Ipv4Addr::from(octets).into()))
        }
        0x21 if rest.len() < 36 => Err(short),
        0x21 => {
            let octets: [u8; 16] = rest.first_chunk().copied().ok_or(short)?;
            Ok(Source::Client(IpAddr::from(Ipv6Addr::from(octets)).to_canonical()))
        }
        0x31 if rest.len() < 216 => Err(short),
        0x31 => Ok(Source::Proxy),
        other => Err(HeaderError::Family(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 2048;
    const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
    const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([command, family]);
        header.extend((rest.len() as u16).to_be_bytes());
        header.extend(rest);
        header
    }

    fn v4(tail: &[u8]) -> Vec<u8> {
        [&[192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0x20, 0x5a], tail].concat()
    }

    fn v6() -> Vec<u8> {
        [&V6.octets()[..], &[0; 16], &[0x30, 0x39, 0x20, 0x5a]].concat()
    }

    fn read(bytes: &[u8]) -> Result<(usize, Option<Source>), HeaderError> {
        HeaderBuffer::default().receive(bytes, MAX)
    }

    #[test]
    fn what_a_proxy_says_is_read_at_every_cut() {
        let (client_v4, client_v6) = (Source::Client(V4.into()), Source::Client(V6.into()));
        let cases = [
            (header(0x21, 0x11, &v4(&[])), client_v4),
            // With fields: type, two bytes of length, content.
            (header(0x21, 0x11, &v4(&[0x02, 0, 3, b'a', b'.', b'b', 0x04, 0, 0])), client_v4),
            (header(0x21, 0x21, &v6()), client_v6),
            (header(0x20, 0x00, &[]), Source::Proxy),
            (header(0x20, 0x11, &v4(&[])), Source::Proxy),
            (header(0x21, 0x00, &[1, 2, 3]), Source::Proxy),
            (header(0x21, 0x31, &[0; 216]), Source::Proxy),
        ];
        for (header, source) in cases {
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(read(&bytes), Ok((header.len(), Some(source))));
            for cut in 0..header.len() {
                let mut buffer = HeaderBuffer::default();
                assert_eq!(buffer.receive(&bytes[..cut], MAX), Ok((cut, None)));
                assert_eq!(buffer.receive(&bytes[cut..], MAX), Ok((header.len() - cut, Some(source))));
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused_as_soon_as_it_shows() {
        assert_eq!(read(b"\r\n\r\nG"), Err(HeaderError::Signature));
        assert_eq!(read(b"PROXY TCP4 192.0.2.7"), Err(HeaderError::Signature));
        assert_eq!(read(&header(0x11, 0x11, &v4(&[]))), Err(HeaderError::Version(1)));
        assert_eq!(read(&header(0x22, 0x11, &v4(&[]))), Err(HeaderError::Command(2)));
        assert_eq!(read(&header(0x21, 0x12, &v4(&[]))), Err(HeaderError::Family(0x12)));
        assert_eq!(read(&header(0x21, 0x11, &[0; 11])), Err(HeaderError::Short(11)));
        assert_eq!(read(&header(0x21, 0x21, &[0; 35])), Err(HeaderError::Short(35)));
        assert_eq!(read(&header(0x21, 0x31, &[0; 215])), Err(HeaderError::Short(215)));
        let long = header(0x21, 0x11, &vec![0; MAX]);
        assert_eq!(read(&long[..FIXED_BYTES]), Err(HeaderError::Long(MAX + 16)), "by its length alone");
        assert!(read(&header(0x21, 0x11, &vec![0; MAX - 16])).is_ok());
    }
}
