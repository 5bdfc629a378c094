//! SIGTERM, SIGINT and SIGHUP, as one more thing that becomes ready.
//! Tests: `tests/app/binary.rs`, `tests/app/reload.rs`.

use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;

/// The signals that ask something of the process.
pub(super) struct Asking {
    signals: Signals,
}

/// What was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// How often to end.
    pub(super) ends: usize,
    /// To read the settings again; twice is as good as once.
    pub(super) reload: bool,
}

impl Asking {
    pub(super) fn listen(registry: &Registry, token: Token) -> io::Result<Asking> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        signals.register(registry, token, Interest::READABLE)?;
        Ok(Asking { signals })
    }

    /// What has come since the last call.
    pub(super) fn asked(&mut self) -> Asked {
        self.signals.pending().fold(Asked::default(), |asked, signal| match signal {
            SIGHUP => Asked { reload: true, ..asked },
            _ => Asked { ends: asked.ends + 1, ..asked },
        })
    }
}
