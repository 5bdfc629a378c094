//! A socket of either family, as one type.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::SockRef;

/// A non-blocking stream.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    pub(super) fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(slices),
            Stream::Unix(stream) => stream.write_vectored(slices),
        }
    }

    /// Sends FIN: the peer reads what was written, and then the end.
    pub(super) fn finish(&self) {
        // An error means that the connection is gone already, which the next read finds out as well.
        let _ = match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Makes the kernel forget what it has not sent when the socket is dropped, and send a reset: a peer that
    /// does not read must not occupy the kernel's memory for minutes after it has left ours.
    pub(super) fn discard_unsent(&self) {
        // Where the option is refused the kernel gives up later by itself.
        if let Stream::Tcp(stream) = self {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Asks the kernel for a send buffer of this size. Where it refuses, the old one is as good, and only slower.
    pub(super) fn set_send_buffer(&self, bytes: usize) {
        let _ = match self {
            Stream::Tcp(stream) => SockRef::from(stream).set_send_buffer_size(bytes),
            Stream::Unix(stream) => SockRef::from(stream).set_send_buffer_size(bytes),
        };
    }

    /// Asks for readiness of both kinds, once and for the life of the connection.
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Stream::Tcp(stream) => stream.register(registry, token, both),
            Stream::Unix(stream) => stream.register(registry, token, both),
        }
    }
}
