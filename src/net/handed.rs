//! Listening sockets that were open before the process began (socket activation).
//!
//! A service manager may listen itself and hand its sockets over when it starts the daemon: from descriptor 3 on,
//! `LISTEN_FDS` of them, meant for the process that `LISTEN_PID` names (sd_listen_fds(3)). Then the daemon needs no
//! right to a port under 1024, and nobody who connects during a restart is refused: he waits.
//!
//! Tests: `tests/app/handed.rs`.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use super::Listen;

/// Sockets that listen already.
#[derive(Debug, Default)]
pub struct Handed {
    pub(super) tcp: Vec<TcpListener>,
    pub(super) unix: Vec<UnixListener>,
}

impl Handed {
    /// Takes what was handed over to this process; usually nothing. What is taken is not there a second time.
    ///
    /// # Errors
    ///
    /// One of them is no stream socket.
    pub fn take() -> io::Result<Handed> {
        let mut given = ListenFd::from_env();
        let mut handed = Handed::default();
        for index in 0..given.len() {
            if let Ok(Some(socket)) = given.take_unix_listener(index) {
                handed.unix.push(socket);
            } else if let Some(socket) = given.take_tcp_listener(index)? {
                handed.tcp.push(socket);
            }
        }
        Ok(handed)
    }

    /// Where they listen.
    ///
    /// # Errors
    ///
    /// The kernel does not know.
    pub fn addresses(&self) -> io::Result<Vec<Listen>> {
        let tcp = self.tcp.iter().map(|socket| socket.local_addr().map(Listen::Tcp));
        let unix = self.unix.iter().map(|socket| {
            let address = socket.local_addr()?;
            Ok(Listen::Unix(address.as_pathname().unwrap_or("(without a path)".as_ref()).to_owned()))
        });
        tcp.chain(unix).collect()
    }
}
