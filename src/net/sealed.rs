//! The output of a connection that speaks TLS: sealed just before it is written.
//!
//! What is queued stays plain, shared with the other members of a topic, until it is its turn. Then up to 64 KiB of
//! it become records, which belong to the connection alone, and the queue goes on behind them only when the kernel
//! has taken them all. So of a slow consumer there is never more ciphertext than that; it counts as output like the
//! rest, and as *begun*: whatever is cut, the records are not, or the peer could open nothing that follows.
//!
//! A mark is reached when the record with its bytes is in the hands of the kernel.
//! Tests: `tests/net/tls.rs`.

use std::io;

use super::pending::{Pending, Pool, Written};
use super::stream::Stream;
use super::tls::{SEALED_BYTES_MAX, Tls};

/// Records, and up to where the kernel has taken them.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    bytes: Vec<u8>,
    at: usize,
}

impl Sealed {
    /// Bytes that are not written.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Gives the buffer back, with whatever is still in it.
    pub(super) fn give(&mut self, pool: &mut Pool) {
        pool.queued_bytes -= self.len();
        self.at = 0;
        pool.give_buffer(std::mem::take(&mut self.bytes));
    }

    /// Lets records be appended, and counts them.
    fn grow<R>(&mut self, pool: &mut Pool, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        if self.bytes.capacity() == 0 {
            self.bytes = pool.buffer();
        }
        let before = self.bytes.len();
        let result = write(&mut self.bytes);
        pool.queued_bytes += self.bytes.len() - before;
        result
    }
}

impl Pending {
    /// Appends what TLS itself has to say. It goes before everything that is not sealed yet.
    pub(super) fn append_sealed(&mut self, pool: &mut Pool, records: &[u8]) {
        self.sealed.grow(pool, |bytes| bytes.extend_from_slice(records));
    }

    /// Seals and writes once: everything, or what one call takes. Marks that were reached are appended to `reached`.
    ///
    /// # Errors
    ///
    /// The stream is broken, or the session; the connection is lost.
    pub(super) fn write_sealed(
        &mut self,
        stream: &mut Stream,
        tls: &mut Tls,
        pool: &mut Pool,
        reached: &mut Vec<u64>,
    ) -> io::Result<(Written, usize)> {
        if self.sealed.len() == 0 {
            self.seal(tls, pool)?;
        }
        let taken = match stream.write(self.sealed.bytes.get(self.sealed.at..).unwrap_or_default()) {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            // A signal came before anything was written: nothing is lost, the next turn writes again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok((Written::Partly, 0)),
            Err(error) => return Err(error),
        };
        self.sealed.at += taken;
        pool.queued_bytes -= taken;
        if self.sealed.len() > 0 {
            return Ok((Written::Blocked, taken));
        }
        self.sealed.give(pool);
        self.reach_marks(reached);
        self.queue_kept_pong(pool);
        Ok((if self.is_drained() && !tls.owes_farewell() { Written::All } else { Written::Partly }, taken))
    }

    fn seal(&mut self, tls: &mut Tls, pool: &mut Pool) -> io::Result<()> {
        let mut plain = std::mem::take(&mut pool.gather);
        self.gather(&mut plain, SEALED_BYTES_MAX);
        let mut result = Ok(());
        if !plain.is_empty() {
            self.advance(pool, plain.len());
            result = self.sealed.grow(pool, |bytes| tls.seal(&plain, bytes));
        }
        pool.gather = plain;
        if result.is_ok() && self.is_drained() && tls.owes_farewell() {
            self.sealed.grow(pool, |bytes| tls.farewell(bytes));
        }
        result
    }
}
