//! SIGTERM and SIGINT, as one more thing that becomes ready.
//! Tests: `tests/app/binary.rs`.

use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;

/// The signals that ask the process to end.
pub(super) struct Termination {
    signals: Signals,
}

impl Termination {
    pub(super) fn listen(registry: &Registry, token: Token) -> io::Result<Termination> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        signals.register(registry, token, Interest::READABLE)?;
        Ok(Termination { signals })
    }

    /// How many have come since the last call.
    pub(super) fn count(&mut self) -> usize {
        self.signals.pending().count()
    }
}
