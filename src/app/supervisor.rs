//! What systemd is told (sd_notify(3)): that the daemon is ready, how it is, that its loop turns, that it ends.
//!
//! A message is one datagram to the socket that `NOTIFY_SOCKET` names. The socket never blocks: what cannot be sent is
//! dropped, and the next beat says it anew. The watchdog is fed from inside a turn and from nowhere else, at half of
//! the time that systemd allows, so a loop that hangs is noticed.
//!
//! Few lines of our own and no crate, because the ones there are open a socket for each message, and block.
//! Not in the tutorial. Tests: `tests/app/supervisor.rs`, with a socket of the test's own.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::UnixDatagram;

use crate::base::clock::Millis;

/// The status line is told anew so often at most.
const STATUS_EVERY_MS: u64 = 5_000;

/// Whoever started the daemon and wants to hear from it; nobody, mostly.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    beat_ms: u64,
    has_watchdog: bool,
    status: String,
    status_at: Option<Millis>,
}

impl Supervisor {
    /// As the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    #[must_use]
    pub fn from_environment() -> Supervisor {
        let Some(name) = env::var_os("NOTIFY_SOCKET") else { return Supervisor::default() };
        let socket =
            connect(&name).inspect_err(|error| log::warn!("NOTIFY_SOCKET {}: {error}", name.display())).ok();
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog_us = number("WATCHDOG_USEC").filter(|us| *us > 0 && is_ours);
        let half_ms = watchdog_us.map(|us| (us / 2_000).max(1));
        Supervisor {
            socket,
            beat_ms: half_ms.map_or(STATUS_EVERY_MS, |ms| ms.min(STATUS_EVERY_MS)),
            has_watchdog: half_ms.is_some(),
            ..Supervisor::default()
        }
    }

    /// After how many milliseconds it wants to hear again; `None` when there is nobody.
    pub(super) fn beat_ms(&self) -> Option<u64> {
        self.socket.is_some().then_some(self.beat_ms)
    }

    /// Everybody can come.
    pub(super) fn ready(&self) {
        self.tell("READY=1\n");
    }

    /// Settings are read again; that it is ready follows.
    pub(super) fn reloading(&self) {
        self.tell("RELOADING=1\n");
    }

    /// It ends, because it was told to.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=going down\n");
    }

    /// The loop turns; and how it is, if that has changed.
    pub(super) fn beat(&mut self, now: Millis, status: String) {
        let mut words = String::new();
        if self.has_watchdog {
            words.push_str("WATCHDOG=1\n");
        }
        let is_time = self.status_at.is_none_or(|at| now.ms_since(at) >= STATUS_EVERY_MS);
        if is_time && status != self.status {
            words.push_str(&format!("STATUS={status}\n"));
            (self.status, self.status_at) = (status, Some(now));
        }
        self.tell(&words);
    }

    fn tell(&self, words: &str) {
        if let Some(socket) = self.socket.as_ref().filter(|_| !words.is_empty()) {
            // Who does not listen is not waited for.
            let _ = socket.send(words.as_bytes());
        }
    }
}

/// A path, or a name in the abstract namespace of Linux, which begins with `@`.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        socket.connect_addr(&address)?;
        return Ok(socket);
    }
    socket.connect(name)?;
    Ok(socket)
}
