//! TLS (RFC 8446, RFC 5246) by rustls, as bytes in and bytes out: no socket, and no buffer but a record's beginning.
//!
//! A [`Tls`] stands between the socket and the protocols of a connection. rustls is used in its unbuffered form, in
//! which buffers are the caller's, so that TLS takes the same way through a turn as everything else:
//!
//! - **Read.** Ciphertext is read into the loop's one buffer and opened there. What comes out is handed on at once,
//!   all of it, so nothing ever lies in rustls that nobody comes back to; what may not be looked at yet is kept by
//!   the connection, as it is without TLS. Only the beginning of a record that is not whole is held here, and put
//!   in front of what comes next.
//! - **Answer.** What TLS itself has to say (its side of the handshake, tickets, an alert) is queued as it is.
//! - **Flush.** What is queued is sealed just before it is written, up to [`SEALED_BYTES_MAX`] at a time, and not
//!   before the kernel has taken what was sealed before (`sealed.rs`). So ciphertext that waits is bounded, is
//!   counted as output, and is never cut.
//! - **End.** Behind the last words comes close_notify, then FIN.
//!
//! An idle connection holds keys and nothing else. The handshake is part of the head: one deadline for both. A
//! handshake that fails costs its own connection, and a line at debug.
//!
//! Knows no socket, no connection, no deadline. Invariants: no plaintext stays here; `held` is never longer than one
//! record. The tutorial has no TLS. Tests: `tests/net/tls.rs`, `tests/net/tls_cuts.rs`; over the whole daemon
//! `tests/app/tls.rs`.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{ServerConfig, version};

/// The longest record (RFC 5246 section 6.2.3, with its header). A peer that makes us hold more is not served.
const RECORD_BYTES_MAX: usize = 5 + 16_384 + 2_048;
/// Plaintext that is sealed at once: four records.
pub(super) const SEALED_BYTES_MAX: usize = 64 * 1024;
/// What a record adds to its content at most, with the ciphers that we offer.
const RECORD_OVERHEAD_BYTES: usize = 64;
/// Plaintext of one record.
const FRAGMENT_BYTES: usize = 16 * 1024;
/// Room for an alert.
const ALERT_BYTES: usize = 256;

/// A certificate with its key: what a server needs to speak TLS. Cheap to clone.
#[derive(Clone)]
pub struct TlsIdentity {
    config: Arc<ServerConfig>,
}

/// Why a certificate and a key cannot be used. Never holds a part of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsError {
    /// Nothing in the file of the certificate is one.
    NoCertificate,
    /// Nothing in the file of the key is one.
    NoKey,
    /// The key is of a kind, or a size, that is not supported.
    Key(String),
    /// The certificate cannot be read, or is not that of the key.
    Certificate(String),
    /// The system gives no random numbers.
    Random,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::NoCertificate => {
                f.write_str("there is no certificate in it: it must be PEM, the server's own first")
            }
            TlsError::NoKey => f.write_str(
                "there is no private key in it: it must be PEM, PKCS #8, PKCS #1 or SEC1, without a passphrase",
            ),
            TlsError::Key(why) => write!(f, "the key cannot be used: {why}"),
            TlsError::Certificate(why) => write!(f, "the certificate cannot be used: {why}"),
            TlsError::Random => f.write_str("the system gives no random numbers"),
        }
    }
}

impl std::error::Error for TlsError {}

impl TlsIdentity {
    /// A certificate chain, the server's own first, and its private key, both in PEM.
    ///
    /// # Errors
    ///
    /// One of them is missing or cannot be used, or they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<TlsIdentity, TlsError> {
        let tickets = aws_lc_rs::Ticketer::new().map_err(|_| TlsError::Random)?;
        TlsIdentity::with_tickets(certificates, key, tickets)
    }

    /// The same service with another certificate: whoever has been here before comes back as cheaply.
    ///
    /// # Errors
    ///
    /// As [`TlsIdentity::from_pem`].
    pub fn renewed(&self, certificates: &[u8], key: &[u8]) -> Result<TlsIdentity, TlsError> {
        TlsIdentity::with_tickets(certificates, key, Arc::clone(&self.config.ticketer))
    }

    fn with_tickets(
        certificates: &[u8],
        key: &[u8],
        tickets: Arc<dyn ProducesTickets>,
    ) -> Result<TlsIdentity, TlsError> {
        // What the parser says is not passed on: it quotes lines of the file.
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate)?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        provider
            .key_provider
            .load_private_key(key.clone_key())
            .map_err(|error| TlsError::Key(error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| TlsError::Certificate(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // What a client needs to come back without a signature of ours is in its own ticket; nothing is kept here.
        config.ticketer = tickets;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(TlsIdentity { config: Arc::new(config) })
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

/// Whether the peer will send more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    /// close_notify has come.
    Ended,
}

/// Why a session has failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// What rustls says.
    Tls(rustls::Error),
    /// A message of the handshake is longer than any that makes sense.
    TooLong,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) => error.fmt(f),
            Failure::TooLong => f.write_str("a message of the handshake is too long"),
        }
    }
}

/// The TLS of one connection.
pub(super) struct Tls {
    session: UnbufferedServerConnection,
    /// The beginning of a record, or of a message of the handshake in several. rustls remembers what it has seen of
    /// it, and wants it in front of whatever it is asked to look at.
    held: Vec<u8>,
    /// Nothing follows what is queued: it ends with close_notify.
    leaving: bool,
    /// Nothing can be sealed any more: close_notify is, or the session has failed.
    mute: bool,
}

impl Tls {
    /// # Errors
    ///
    /// rustls does not accept the configuration, which it did when the identity was made.
    pub(super) fn new(identity: &TlsIdentity) -> Result<Tls, rustls::Error> {
        let session = UnbufferedServerConnection::new(Arc::clone(&identity.config))?;
        Ok(Tls { session, held: Vec::new(), leaving: false, mute: false })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// What must stand in front of the bytes that are read next.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// Opens records: `bytes` begin with what is held. Appends what the peer says to `plain`, and what TLS answers
    /// to `answer`, also if it is an error.
    ///
    /// # Errors
    ///
    /// The bytes make no sense, or cannot be trusted. The session has failed; only its alert is left to be sent.
    pub(super) fn receive(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<Flow, Failure> {
        let mut at = 0;
        let result = self.open(bytes, &mut at, plain, answer);
        let rest = bytes.get(at..).unwrap_or_default();
        let result = match result {
            // A message of the handshake may be cut into many records, and is opened as a whole.
            Ok(Flow::GoesOn) if rest.len() > RECORD_BYTES_MAX => Err(Failure::TooLong),
            result => result.map_err(Failure::Tls),
        };
        self.held = match result {
            Ok(Flow::GoesOn) => rest.to_vec(),
            _ => Vec::new(),
        };
        if result.is_err() {
            self.mute = true;
            // The alert that says why. Asked once: behind what it has to say a session that has failed would look at
            // the same bytes again, and must not.
            let status = self.session.process_tls_records(bytes.get_mut(at..).unwrap_or_default());
            if let Ok(ConnectionState::EncodeTlsData(mut alert)) = status.state {
                append(answer, ALERT_BYTES, |room| alert.encode(room));
            }
        }
        result
    }

    fn open(
        &mut self,
        bytes: &mut [u8],
        at: &mut usize,
        plain: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<Flow, rustls::Error> {
        loop {
            let UnbufferedStatus { discard, state } =
                self.session.process_tls_records(bytes.get_mut(*at..).unwrap_or_default());
            let state = match state {
                Ok(state) => state,
                Err(error) => {
                    *at += discard;
                    return Err(error);
                }
            };
            let flow = match state {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        plain.extend_from_slice(record?.payload);
                    }
                    None
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    append(answer, ALERT_BYTES, |room| data.encode(room));
                    None
                }
                ConnectionState::TransmitTlsData(data) => {
                    // It is queued, in order, in front of whatever is sealed later.
                    data.done();
                    None
                }
                ConnectionState::PeerClosed | ConnectionState::Closed => Some(Flow::Ended),
                // Early data is not agreed to.
                _ => Some(Flow::GoesOn),
            };
            *at += discard;
            if let Some(flow) = flow {
                return Ok(flow);
            }
        }
    }

    /// Seals what is to be said, behind what is in `out` already.
    ///
    /// # Errors
    ///
    /// There is no session, or none any more, in which it could be said.
    pub(super) fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        if self.mute {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let room = plain.len() + (plain.len() / FRAGMENT_BYTES + 2) * RECORD_OVERHEAD_BYTES;
        match self.session.process_tls_records(&mut self.held).state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                if append(out, room, |room| traffic.encrypt(plain, room)) {
                    return Ok(());
                }
                Err(io::ErrorKind::NotConnected.into())
            }
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Nothing will follow what is queued by now.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Whether close_notify is still to be sealed.
    pub(super) fn owes_farewell(&self) -> bool {
        self.leaving && !self.mute && !self.is_handshaking()
    }

    /// Seals close_notify (RFC 8446 section 6.1): without it the peer cannot tell an end from a cut.
    pub(super) fn farewell(&mut self, out: &mut Vec<u8>) {
        self.mute = true;
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) =
            self.session.process_tls_records(&mut self.held).state
        {
            append(out, ALERT_BYTES, |room| traffic.queue_close_notify(room));
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("handshaking", &self.is_handshaking()).finish_non_exhaustive()
    }
}

/// How much more room rustls wants than it was given; `None` if it is not about room.
trait Wanting {
    fn room_wanted(&self) -> Option<usize>;
}

impl Wanting for EncodeError {
    fn room_wanted(&self) -> Option<usize> {
        match self {
            EncodeError::InsufficientSize(size) => Some(size.required_size),
            EncodeError::AlreadyEncoded => None,
        }
    }
}

impl Wanting for EncryptError {
    fn room_wanted(&self) -> Option<usize> {
        match self {
            EncryptError::InsufficientSize(size) => Some(size.required_size),
            EncryptError::EncryptExhausted => None,
        }
    }
}

/// Lets rustls write behind what is in `out`, which grows by what it wrote. Says whether it did.
fn append<E: Wanting>(
    out: &mut Vec<u8>,
    mut room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> bool {
    let begin = out.len();
    loop {
        out.resize(begin + room, 0);
        match write(out.get_mut(begin..).unwrap_or_default()) {
            Ok(written) => {
                out.truncate(begin + written);
                return true;
            }
            Err(error) => match error.room_wanted().filter(|wanted| *wanted > room) {
                Some(wanted) => room = wanted,
                None => {
                    out.truncate(begin);
                    return false;
                }
            },
        }
    }
}
