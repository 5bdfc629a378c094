//! SIGHUP: the settings are read again, and all of them are judged before any of them holds.
//!
//! What is wrong anywhere (a key that cannot be read among it) leaves everything as it is, with the reasons in the
//! log. What takes a restart is told, and stays as it is. Secrets and keys in files are read anew even if no setting
//! has changed: that is how they are exchanged. The app and the loop apply what comes out
//! (`app/reload.rs`). Tests: `tests/app/reload.rs`.

use std::path::Path;

use clap::ArgMatches;

use super::logger::{Levels, filter};
use super::{Command, Given, parsed};
use crate::app::{Reload, Reloaded};
use crate::config::{Config, ConfigError, Effect, LayersError, changes, locate};

/// What is needed to read the settings again.
pub(super) struct Rereader {
    /// The command line, with what holds now; what waits for a restart among it, so that it is told each time.
    given: Given,
    running: Config,
    levels: Levels,
}

impl Rereader {
    pub(super) fn new(given: Given, running: Config, levels: Levels) -> Rereader {
        Rereader { given, running, levels }
    }

    /// The file of the settings, if there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.given.file.as_deref()
    }

    fn read(&mut self) -> Result<Reloaded, ConfigError> {
        let words = |error: LayersError| ConfigError(error.to_string());
        let layers = &self.given.layers;
        let above = layers.above().map_err(words)?;
        let named = parsed(&above).map_err(|failure| ConfigError(failure.words))?.config_file;
        let matches = match locate(named.as_deref()) {
            Some(file) => layers.over(&file).map_err(words)?.0,
            None => above,
        };
        let cli = parsed(&matches).map_err(|failure| ConfigError(failure.words))?;
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
        let config = Config { listen: running.listen.clone(), store: running.store, ..config };
        let reloaded = Reloaded {
            settings: config.settings()?,
            retention: config.retention()?,
            adjustment: config.adjustment(),
        };
        // Nothing is refused from here on.
        for change in changes(settings_of(&self.given.matches), settings_of(&matches)) {
            let (key, before, now) = (&change.key, &change.before, &change.now);
            match change.effect {
                Effect::Live => log::info!("reload: {key} is {now:?}, was {before:?}"),
                Effect::Restart => {
                    log::warn!("reload: {key} stays {before:?} until a restart, then it is {now:?}");
                }
            }
        }
        self.levels.set(levels);
        Ok(reloaded)
    }
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
