//! What a [`Server`](super::Server) is told at the start: where to listen, and its limits.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{TlsIdentity, TrustedProxy};
use crate::base::limits as table;
use crate::http;

/// Where to accept connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An IPv4 or IPv6 address with a port; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A text that names no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenError(String);

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(f, "{text:?} is no address: use 127.0.0.1:8282, [::1]:8282, :8282 or unix:/path/of/socket")
    }
}

impl std::error::Error for ListenError {}

impl FromStr for Listen {
    type Err = ListenError;

    /// `127.0.0.1:8282`, `[::1]:8282`, `localhost:8282`, `:8282` (every IPv4 address) or `unix:/run/karez.sock`.
    fn from_str(text: &str) -> Result<Listen, ListenError> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Listen::Unix(path.into()));
        }
        let spelled = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None if text.starts_with(':') => format!("0.0.0.0{text}"),
            None => text.to_owned(),
        };
        spelled.parse().map(Listen::Tcp).map_err(|_| ListenError(text.to_owned()))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What a server is told at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to accept connections.
    pub listen: Vec<Listen>,
    /// Where to accept requests that are none of a user: [`Entrance::Side`](super::Entrance::Side). Nothing is
    /// upgraded there.
    pub side: Vec<Listen>,
    /// The paths that may be upgraded to WebSocket; any path when empty.
    pub websocket_paths: &'static [&'static str],
    /// The subprotocols that are selected when offered, the best first.
    pub subprotocols: &'static [&'static str],
    /// Origins that may connect besides the server's own, as `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// What clients may do about compression.
    pub deflate: Deflate,
    /// What TCP connections speak TLS with; plain where there is none. Unix sockets are always plain.
    pub tls: Option<TlsIdentity>,
    /// Whose word on where a connection comes from is believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Whether the connections of trusted proxies begin with a header of the PROXY protocol.
    pub proxy_protocol: ProxyProtocol,
    /// Whether SIGTERM and SIGINT drain the server, and SIGHUP is told to the handler. A process has one such server
    /// at most.
    pub signals: Signals,
    /// The limits.
    pub limits: Limits,
}

/// What a server may be told again while it runs. Connections that are open keep what was agreed on with them.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// As [`Config::origins`].
    pub origins: Vec<String>,
    /// As [`Config::deflate`].
    pub deflate: Deflate,
    /// As [`Config::tls`].
    pub tls: Option<TlsIdentity>,
    /// As [`Config::trusted_proxies`].
    pub trusted_proxies: Vec<TrustedProxy>,
    /// As [`Config::proxy_protocol`].
    pub proxy_protocol: ProxyProtocol,
    /// As [`Config::limits`]. The send buffer is that of new listeners only.
    pub limits: Limits,
}

impl From<Config> for Adjustment {
    /// What of it may be told again.
    fn from(config: Config) -> Adjustment {
        let Config { origins, deflate, tls, trusted_proxies, proxy_protocol, limits, .. } = config;
        Adjustment { origins, deflate, tls, trusted_proxies, proxy_protocol, limits }
    }
}

/// Whether permessage-deflate is agreed to when a client offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deflate {
    /// Agreed to.
    Offered,
    /// Declined.
    Declined,
}

/// Whether the connections of trusted proxies begin with a header of the PROXY protocol, version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// Always: a connection of theirs without it is closed.
    Expected,
    /// Never.
    Unused,
}

/// Who listens to SIGTERM, SIGINT and SIGHUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// The server: it drains, and a second signal ends it at once.
    Handled,
    /// Somebody else.
    Ignored,
}

impl Config {
    /// Everything at its default, listening at one address.
    #[must_use]
    pub fn new(listen: Listen) -> Config {
        Config {
            listen: vec![listen],
            side: Vec::new(),
            websocket_paths: &[],
            subprotocols: &[],
            origins: Vec::new(),
            deflate: Deflate::Offered,
            tls: None,
            trusted_proxies: Vec::new(),
            proxy_protocol: ProxyProtocol::Unused,
            signals: Signals::Handled,
            limits: Limits::default(),
        }
    }
}

/// The limits of the loop. Defaults and bounds are in [`base::limits`](crate::base::limits).
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message that is received, in bytes, after inflating.
    pub message_bytes_max: usize,
    /// The limits of HTTP requests.
    pub http: http::Limits,
    /// Connections in all. The descriptor limit of the process may allow fewer.
    pub connections_max: usize,
    /// Connections from one address.
    pub connections_per_address_max: u32,
    /// Whom [`Limits::connections_per_address_max`] passes over.
    pub address_exemption: AddressExemption,
    /// From accept, or from the last response, to a whole request head.
    pub head_timeout_ms: u64,
    /// From a whole head to a whole body.
    pub body_timeout_ms: u64,
    /// What must come in a second of a body that is handed over in pieces, looked at each
    /// [`Limits::body_timeout_ms`].
    pub upload_bytes_per_second_min: u64,
    /// How long a peer may take over one piece of an answer whose body follows.
    pub download_piece_timeout_ms: u64,
    /// Pieces of all answers together that are asked for in a turn.
    pub download_pieces_per_turn: usize,
    /// Silence after which a ping is sent.
    pub ping_after_ms: u64,
    /// Further silence after which the connection is closed.
    pub ping_timeout_ms: u64,
    /// From our Close frame to the end of the connection, whatever comes meanwhile.
    pub close_timeout_ms: u64,
    /// From the signal to the drain: so long all goes on, and who asks is told that the end is near.
    pub drain_delay_ms: u64,
    /// From the beginning of a drain to its end.
    pub drain_timeout_ms: u64,
    /// Control and empty frames a connection may send in a second, sustained over five seconds.
    pub control_frames_per_second: u32,
    /// The kernel's send buffer of a connection. It doubles the figure for its own book-keeping.
    pub socket_send_buffer_bytes: usize,
    /// Output that the kernel refused: over this for [`Limits::output_soft_timeout_ms`] is a slow consumer.
    pub output_soft_bytes_max: usize,
    /// How long the soft limit may be passed.
    pub output_soft_timeout_ms: u64,
    /// Output that the kernel refused: over this, and over one message, for
    /// [`Limits::output_hard_timeout_ms`] is a slow consumer; over four times as much, at once.
    pub output_hard_bytes_max: usize,
    /// How long the hard limit may be passed.
    pub output_hard_timeout_ms: u64,
    /// Output in memory for all connections together, a shared chunk counted once.
    pub output_total_bytes_max: usize,
    /// A connection is not read while its own output (answers, not topics) is above this.
    pub own_output_bytes_max: usize,
    /// Bytes read from a connection in a turn, and as many again that its messages may grow by inflating.
    pub read_bytes_per_turn: usize,
    /// Reads of TLS handshakes in a turn; a handshake needs two or three.
    pub tls_handshakes_per_turn: usize,
    /// A header of the PROXY protocol.
    pub proxy_header_bytes_max: usize,
    /// Connections accepted in a turn.
    pub accepts_per_turn: usize,
    /// Connections flushed in a turn.
    pub flushes_per_turn: usize,
}

/// How many seconds' worth of control frames may come at once.
pub(super) const CONTROL_BURST_SECONDS: u32 = 5;

/// Whom the limit of connections per address passes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressExemption {
    /// Loopback addresses and Unix sockets: they stand for proxies and for the machine's own programs.
    Loopback,
    /// Unix sockets only, which have no address.
    Nobody,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            http: http::Limits::default(),
            address_exemption: AddressExemption::Loopback,
            message_bytes_max: table::MESSAGE_BYTES_MAX.count(),
            connections_max: table::CONNECTIONS_MAX.count(),
            connections_per_address_max: table::CONNECTIONS_PER_ADDRESS_MAX.small(),
            head_timeout_ms: table::HEAD_TIMEOUT_MS.default,
            body_timeout_ms: table::BODY_TIMEOUT_MS.default,
            upload_bytes_per_second_min: table::UPLOAD_BYTES_PER_SECOND_MIN.default,
            download_piece_timeout_ms: table::DOWNLOAD_PIECE_TIMEOUT_MS.default,
            download_pieces_per_turn: table::DOWNLOAD_PIECES_PER_TURN.count(),
            ping_after_ms: table::PING_AFTER_MS.default,
            ping_timeout_ms: table::PING_TIMEOUT_MS.default,
            close_timeout_ms: table::CLOSE_TIMEOUT_MS.default,
            drain_delay_ms: table::DRAIN_DELAY_MS.default,
            drain_timeout_ms: table::DRAIN_TIMEOUT_MS.default,
            control_frames_per_second: table::CONTROL_FRAMES_PER_SECOND.small(),
            socket_send_buffer_bytes: table::SOCKET_SEND_BUFFER_BYTES.count(),
            output_soft_bytes_max: table::OUTPUT_SOFT_BYTES_MAX.count(),
            output_soft_timeout_ms: table::OUTPUT_SOFT_TIMEOUT_MS.default,
            output_hard_bytes_max: table::OUTPUT_HARD_BYTES_MAX.count(),
            output_hard_timeout_ms: table::OUTPUT_HARD_TIMEOUT_MS.default,
            output_total_bytes_max: table::OUTPUT_TOTAL_BYTES_MAX.count(),
            own_output_bytes_max: table::OWN_OUTPUT_BYTES_MAX.count(),
            read_bytes_per_turn: table::READ_BYTES_PER_TURN.count(),
            tls_handshakes_per_turn: table::TLS_HANDSHAKES_PER_TURN.count(),
            proxy_header_bytes_max: table::PROXY_HEADER_BYTES_MAX.count(),
            accepts_per_turn: table::ACCEPTS_PER_TURN.count(),
            flushes_per_turn: table::FLUSHES_PER_TURN.count(),
        }
    }
}
