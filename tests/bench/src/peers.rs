//! Who is compared, and what each is asked to be.
//!
//! A peer is named on the command line, `--server NAME=COMMAND`; those of `tests/bench/peers` are named by
//! `scripts/bench.sh`. In a command `{}` stands for the address to listen on, `{port}` for its port and `{mode}` for
//! one of the modes below. It is cut at spaces, and no shell looks at it. Whoever can not be started in a mode is
//! left out there, and the run says so.

use crate::Bench;

/// Our own.
pub const KAREZ: &str = "karez";
/// The mark: the least that is possible.
pub const LIMIT: &str = "limit-batch";
/// The peer that the figures to reach name.
pub const RIVAL: &str = "Bun";

/// What a server is to do with messages.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// Each goes back to whom it came from.
    Echo,
    /// Each goes to everybody, whoever it came from too.
    Room,
    /// The same, compressed for those who offer permessage-deflate, from 128 bytes on.
    Deflate,
    /// They are JSON: `login`, `join`, `group` and `pm` of the chat, answered by `login`, `ack`, `groupPm` with a
    /// `seq` without gaps, and `pm` to both.
    Chat,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Echo => "echo",
            Mode::Room => "room",
            Mode::Deflate => "deflate",
            Mode::Chat => "chat",
        }
    }
}

/// A server of others.
pub struct Peer {
    name: String,
    command: String,
}

impl Peer {
    /// From `NAME=COMMAND`.
    pub fn parse(argument: &str) -> Option<Peer> {
        let (name, command) = argument.split_once('=')?;
        let (name, command) = (name.to_owned(), command.to_owned());
        (!name.is_empty() && command.contains('{')).then_some(Peer { name, command })
    }

    pub fn entrant(&self, mode: Mode) -> Entrant {
        let command = self.command.replace("{mode}", mode.name());
        let own = Entrant::new(&self.name, command.split_whitespace().map(str::to_owned).collect());
        Entrant { is_peer: true, ..own }
    }
}

/// A server that takes part in a comparison.
#[derive(Clone)]
pub struct Entrant {
    pub name: String,
    pub command: Vec<String>,
    /// A server of others, which may fail.
    pub is_peer: bool,
    /// Whether its clients offer permessage-deflate.
    pub offers_deflate: bool,
}

impl Entrant {
    pub fn new(name: &str, command: Vec<String>) -> Entrant {
        Entrant { name: name.to_owned(), command, is_peer: false, offers_deflate: false }
    }

    pub fn named(self, name: String) -> Entrant {
        Entrant { name, ..self }
    }

    pub fn with_deflate(self) -> Entrant {
        Entrant { offers_deflate: true, ..self }
    }
}

/// Everybody who is compared in a mode: our own, the mark, and the peers.
pub fn entrants(bench: &Bench, mode: Mode) -> Vec<Entrant> {
    let own = match mode {
        Mode::Echo => bench.example("echo"),
        Mode::Room | Mode::Deflate => bench.example("broadcast"),
        Mode::Chat => bench.daemon(),
    };
    let mut all = vec![Entrant::new(KAREZ, own)];
    if mode != Mode::Deflate {
        all.push(Entrant::new(LIMIT, bench.limit_batch(mode.name())));
    }
    all.extend(bench.peers.iter().map(|peer| peer.entrant(mode)));
    all
}
