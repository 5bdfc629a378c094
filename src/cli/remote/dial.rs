//! Where a daemon is, and the way there: TCP, TLS on it, or a socket in the file system.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Failure, Remote};
use crate::cli::{CONFIG, UNAVAILABLE};

/// To be connected takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// So long an answer may take, and a daemon that has nothing to say be silent.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Place {
    /// By an address, perhaps with TLS.
    Net {
        /// The name or address.
        host: String,
        port: u16,
        tls: bool,
    },
    /// By a socket in the file system.
    Unix(PathBuf),
}

/// A connection.
pub(in crate::cli) trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

impl Place {
    /// Reads what `--url` says.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(in crate::cli) fn parse(text: &str) -> Result<Place, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Place::Unix(path.into()));
        }
        let (tls, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err("must begin with http://, https:// or unix:".to_owned()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let is_sound = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"/?#@\\".contains(c))
        };
        // The colons of an IPv6 address are inside its brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| "the port must be a number up to 65535".to_owned())?,
            None if tls => 443,
            None => 80,
        };
        if !is_sound(host) {
            return Err("must be scheme, host and port: http://127.0.0.1:8282".to_owned());
        }
        Ok(Place::Net { host: host.to_owned(), port, tls })
    }

    /// For the `Host` field.
    pub(in crate::cli) fn host(&self) -> String {
        match self {
            Place::Net { host, port, .. } => format!("{host}:{port}"),
            Place::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Net { host, port, tls } => {
                write!(f, "{}://{host}:{port}", if *tls { "https" } else { "http" })
            }
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Remote {
    /// Nobody answers.
    pub(in crate::cli) fn absent(&self, error: &io::Error) -> Failure {
        let words =
            format!("nobody answers at {}: {error}; is a daemon there? Another place: --url", self.url);
        Failure { code: UNAVAILABLE, words }
    }

    /// Connects.
    pub(in crate::cli) fn dial(&self) -> Result<Box<dyn Stream>, Failure> {
        let (host, port, tls) = match &self.url {
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(|error| self.absent(&error))?;
                stream.set_read_timeout(Some(ANSWER_TIMEOUT)).map_err(|error| self.absent(&error))?;
                return Ok(Box::new(stream));
            }
            Place::Net { host, port, tls } => (host.trim_matches(['[', ']']), *port, *tls),
        };
        let stream = connect(host, port).map_err(|error| self.absent(&error))?;
        if !tls {
            return Ok(Box::new(stream));
        }
        let config = |words: String| Failure { code: CONFIG, words };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| config(format!("--url: no certificate can be for {host:?}")))?;
        let session = ClientConnection::new(Arc::new(self.tls()?), name)
            .map_err(|error| config(format!("TLS: {error}")))?;
        Ok(Box::new(StreamOwned::new(session, stream)))
    }

    fn tls(&self) -> Result<ClientConfig, Failure> {
        let failure = |words: String| Failure {
            code: CONFIG,
            words: format!("--ca-file {}: {words}", self.ca_file.display()),
        };
        let pem = std::fs::read(&self.ca_file).map_err(|error| failure(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        // Of a bundle what cannot be used is left out, as everybody does.
        let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        if added == 0 {
            return Err(failure("there is no certificate in it".to_owned()));
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder =
            builder.with_safe_default_protocol_versions().map_err(|error| failure(error.to_string()))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
