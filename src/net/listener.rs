//! Listening sockets, and the options that accepted connections inherit from them.
//! The tutorial's `service()`. Tests: `tests/net/accepting.rs`.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::stream::Stream;
use super::{Entrance, Handed, Listen};

/// Connections that the kernel completes while nobody accepts.
const BACKLOG: i32 = 4096;

/// A bound and listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Kind,
    pub(super) address: Listen,
    pub(super) entrance: Entrance,
    /// The kernel said that somebody waits, and no accept has found the end of it since.
    pub(super) ready: bool,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    /// With the path that is to be removed: one that was handed over is somebody else's.
    Unix(UnixListener, Option<PathBuf>),
}

impl Listener {
    /// Binds and listens.
    ///
    /// # Errors
    ///
    /// What the kernel says: the port is in use, the address is not ours, the path cannot be made.
    pub(super) fn bind(listen: &Listen, send_buffer_bytes: usize) -> io::Result<Listener> {
        match listen {
            Listen::Tcp(address) => bind_tcp(*address, send_buffer_bytes),
            Listen::Unix(path) => bind_unix(path),
        }
    }

    /// Takes over sockets that listen already.
    ///
    /// # Errors
    ///
    /// One of them cannot be set up as ours are.
    pub(super) fn adopt(handed: Handed, send_buffer_bytes: usize) -> io::Result<Vec<Listener>> {
        let mut listeners = Vec::new();
        for (address, kind) in handed.addresses()?.into_iter().zip(handed.into_kinds(send_buffer_bytes)) {
            listeners.push(Listener { socket: kind?, address, entrance: Entrance::Main, ready: false });
        }
        Ok(listeners)
    }

    /// The same, for whoever looks after the daemon.
    pub(super) fn on_the_side(mut self) -> Listener {
        self.entrance = Entrance::Side;
        self
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.socket {
            Kind::Tcp(socket) => socket.register(registry, token, Interest::READABLE),
            Kind::Unix(socket, _) => socket.register(registry, token, Interest::READABLE),
        }
    }

    /// Accepts one connection, with the address of its peer where it has one.
    pub(super) fn accept(&self) -> io::Result<(Stream, Option<IpAddr>)> {
        match &self.socket {
            Kind::Tcp(socket) => {
                socket.accept().map(|(stream, peer)| (Stream::Tcp(stream), Some(peer.ip().to_canonical())))
            }
            Kind::Unix(socket, _) => socket.accept().map(|(stream, _)| (Stream::Unix(stream), None)),
        }
    }

    /// Whether its connections begin with TLS where the server has it. A Unix socket is for proxies and programs of
    /// this machine, who gain nothing by it; a side entrance is for whoever looks after the daemon, in a network of
    /// his own.
    pub(super) fn speaks_tls(&self) -> bool {
        self.entrance == Entrance::Main && matches!(self.socket, Kind::Tcp(_))
    }

    /// Whether only this machine can reach it.
    pub(super) fn is_local(&self) -> bool {
        match &self.address {
            Listen::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Listen::Unix(_) => true,
        }
    }
}

impl Handed {
    /// The sockets, in the order of their addresses, with our options.
    fn into_kinds(self, send_buffer_bytes: usize) -> impl Iterator<Item = io::Result<Kind>> {
        let tcp = self.tcp.into_iter().map(move |socket| {
            socket.set_nonblocking(true)?;
            let options = SockRef::from(&socket);
            options.set_tcp_nodelay(true)?;
            options.set_send_buffer_size(send_buffer_bytes)?;
            Ok(Kind::Tcp(TcpListener::from_std(socket)))
        });
        let unix = self.unix.into_iter().map(|socket| {
            socket.set_nonblocking(true)?;
            Ok(Kind::Unix(UnixListener::from_std(socket), None))
        });
        tcp.chain(unix)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Kind::Unix(_, Some(path)) = &self.socket {
            // If somebody has removed it already, that is what we want.
            let _ = fs::remove_file(path);
        }
    }
}

/// On Linux an accepted socket has the options of its listener, so they are set once here and not with two
/// system calls for every connection. The send buffer is capped because the kernel otherwise takes 3 to 4 MB of
/// output for a peer that does not read, before our own limits see any of it.
fn bind_tcp(address: SocketAddr, send_buffer_bytes: usize) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // [::] is IPv6 and nothing else, on every system; who wants both names both.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(send_buffer_bytes)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket: std::net::TcpListener = socket.into();
    let address = Listen::Tcp(socket.local_addr()?);
    Ok(Listener {
        socket: Kind::Tcp(TcpListener::from_std(socket)),
        address,
        entrance: Entrance::Main,
        ready: false,
    })
}

fn bind_unix(path: &Path) -> io::Result<Listener> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        // Nobody listens: what a process left that was killed.
        fs::remove_file(path)?;
    }
    let socket = UnixListener::bind(path)?;
    let address = Listen::Unix(path.to_owned());
    Ok(Listener {
        socket: Kind::Unix(socket, Some(path.to_owned())),
        address,
        entrance: Entrance::Main,
        ready: false,
    })
}

/// Raises the number of descriptors that the process may have to what the system allows it, and returns it.
pub(super) fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX))
}
