//! SIGHUP: the settings are read again, and all of them are judged before any of them holds.
//!
//! What is wrong anywhere (a key that cannot be read among it) leaves everything as it is, with the reasons in the
//! log. What takes a restart is told, and stays as it is. Secrets and keys in files are read anew even if no setting
//! has changed: that is how they are exchanged. The app and the loop apply what comes out
//! (`app/reload.rs`). Tests: `tests/app/reload.rs`.

use std::path::Path;

use clap::{ArgMatches, FromArgMatches};

use super::logger::{Levels, filter};
use super::{Cli, Command, Given};
use crate::app::{Reload, Reloaded};
use crate::config::{Change, Config, ConfigError, Effect, LayersError, changes, locate};
use crate::net::TlsIdentity;

/// What is needed to read the settings again.
pub(super) struct Rereader {
    /// The command line, with what the daemon was started with.
    given: Given,
    /// What was read last.
    latest: ArgMatches,
    running: Config,
    /// What connections that come speak TLS with.
    tls: Option<TlsIdentity>,
    levels: Levels,
}

impl Rereader {
    pub(super) fn new(given: Given, running: Config, tls: Option<TlsIdentity>, levels: Levels) -> Rereader {
        Rereader { latest: given.matches.clone(), given, running, tls, levels }
    }

    /// The file of the settings, if there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.given.file.as_deref()
    }

    fn read(&mut self) -> Result<Reloaded, ConfigError> {
        let words = |error: LayersError| ConfigError(error.to_string());
        let layers = &self.given.layers;
        let above = layers.above().map_err(words)?;
        let named = parsed(&above)?.config_file;
        let matches = match locate(named.as_deref()) {
            Some(file) => layers.over(&file).map_err(words)?.0,
            None => above,
        };
        let cli = parsed(&matches)?;
        let config = match cli.command {
            Some(Command::Serve(config)) => *config,
            _ => cli.config,
        };
        // As a start would judge it, so that the next start has no surprise ...
        config.settings()?;
        config.retention()?;
        let levels = filter(&config.log)?;
        // ... and as it holds here: these are what they were.
        let running = &self.running;
        let config = Config {
            listen: running.listen.clone(),
            observe: running.observe.clone(),
            store: running.store,
            ..config
        };
        let reloaded = Reloaded {
            settings: config.settings()?,
            retention: config.retention()?,
            adjustment: config.adjustment(self.tls.as_ref())?,
        };
        // Nothing is refused from here on.
        self.tls.clone_from(&reloaded.adjustment.tls);
        self.tell(&matches);
        self.levels.set(levels);
        self.latest = matches;
        Ok(reloaded)
    }

    /// Tells what holds now, and each time anew what still waits for a restart.
    fn tell(&self, matches: &ArgMatches) {
        let now = settings_of(matches);
        for Change { key, before, now, effect } in changes(settings_of(&self.latest), now) {
            if effect == Effect::Live {
                log::info!("reload: {key} is {now:?}, was {before:?}");
            }
        }
        for Change { key, before, now, effect } in changes(settings_of(&self.given.matches), now) {
            if effect == Effect::Restart {
                log::warn!("reload: {key} stays {before:?} until a restart, then it is {now:?}");
            }
        }
    }
}

/// The command line as values. A daemon that runs does not end over it.
fn parsed(matches: &ArgMatches) -> Result<Cli, ConfigError> {
    Cli::from_arg_matches(matches).map_err(|error| ConfigError(error.to_string()))
}

/// The matches that hold the settings: those of `serve` where it is named.
fn settings_of(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, under)| under)
}

impl Reload for Rereader {
    fn reload(&mut self) -> Result<Reloaded, String> {
        self.read().map_err(|error| error.to_string())
    }
}
