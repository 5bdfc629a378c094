//! A client that speaks TLS, by rustls in its buffered form: another way through the library than the server's.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use karez::net::{Config, TlsIdentity};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion, version};

use crate::world::*;

pub const ONE: (&str, &str) =
    (include_str!("../data/tls/one.cert.pem"), include_str!("../data/tls/one.key.pem"));
pub const TWO: (&str, &str) =
    (include_str!("../data/tls/two.cert.pem"), include_str!("../data/tls/two.key.pem"));

pub fn identity((certificate, key): (&str, &str)) -> TlsIdentity {
    TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
}

/// A configuration with TLS.
pub fn secure() -> Config {
    Config { tls: Some(identity(ONE)), ..config() }
}

/// A client that trusts one certificate and speaks one version. The key exchange is the one whose first flight is
/// the shortest.
pub fn trusting(certificate: &str, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let mut config = builder
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

pub fn client_config() -> Arc<ClientConfig> {
    trusting(ONE.0, &version::TLS13)
}

pub struct Secure {
    pub stream: TcpStream,
    pub session: ClientConnection,
    /// What has been received and not been looked at.
    pub bytes: Vec<u8>,
    /// The stream has ended; `closed` if close_notify came first.
    pub ended: bool,
    pub closed: bool,
    pub error: Option<rustls::Error>,
}

impl Secure {
    /// A client whose TCP connection stands; it has sent nothing.
    pub fn dial(world: &mut World, config: &Arc<ClientConfig>) -> Secure {
        let name = ServerName::try_from("server.example").unwrap();
        let session = ClientConnection::new(Arc::clone(config), name).unwrap();
        let stream = world.dial().stream;
        Secure { stream, session, bytes: Vec::new(), ended: false, closed: false, error: None }
    }

    /// What the client has to send at this moment.
    pub fn flight(&mut self) -> Vec<u8> {
        let mut flight = Vec::new();
        while self.session.wants_write() {
            self.session.write_tls(&mut flight).unwrap();
        }
        flight
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.session.writer().write_all(bytes).unwrap();
        self.pump();
    }

    /// Sends and receives what there is.
    pub fn pump(&mut self) {
        loop {
            let flight = self.flight();
            if !flight.is_empty() {
                // A server that has closed is found out by the read.
                let _ = self.stream.write_all(&flight);
            }
            let mut buffer = [0; 16384];
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.take_records(&buffer[..count]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.ended = true,
                Err(error) => panic!("{error}"),
            }
            return;
        }
    }

    pub fn take_records(&mut self, mut records: &[u8]) {
        while !records.is_empty() && self.error.is_none() {
            self.session.read_tls(&mut records).unwrap();
            match self.session.process_new_packets() {
                Ok(state) => self.closed |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // The end of what is there is an error to `read_to_end`, after it has read all.
            let _ = self.session.reader().read_to_end(&mut self.bytes);
        }
    }

    /// What has been received since the last call, all of it.
    pub fn take(&mut self) -> Vec<u8> {
        self.pump();
        std::mem::take(&mut self.bytes)
    }

    pub fn take_text(&mut self) -> String {
        String::from_utf8(self.take()).unwrap()
    }
}

impl World {
    /// A client whose TLS handshake is done.
    pub fn secure(&mut self, config: &Arc<ClientConfig>) -> Secure {
        let mut client = Secure::dial(self, config);
        client.pump();
        self.settle();
        client.pump();
        self.settle();
        client.pump();
        client
    }

    /// A client whose opening handshake is done.
    pub fn open_secure(&mut self) -> Secure {
        let mut client = self.secure(&client_config());
        client.send(upgrade("").as_bytes());
        self.settle();
        let answer = client.take();
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{:?}", String::from_utf8_lossy(&answer));
        client
    }
}
