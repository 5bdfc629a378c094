//! The log: lines of `env_logger` on standard error, under levels that can be changed while it is used.
//!
//! `log` keeps its logger for the life of the process, and `env_logger` its levels; so the levels are ours. The
//! lock is never contended, for there is one thread; `log` asks for it because others have several.
//! Tests: `tests/app/binary.rs`, `tests/app/reload.rs`.

use std::sync::{Arc, PoisonError, RwLock};

use env_filter::Filter;
use log::{Log, Metadata, Record};

use super::log_format;
use crate::config::{ConfigError, LogFormat};

/// What is logged, to be changed from outside.
#[derive(Clone)]
pub(super) struct Levels(Arc<RwLock<Filter>>);

impl Levels {
    /// From now on these are logged.
    pub(super) fn set(&self, filter: Filter) {
        log::set_max_level(filter.filter());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = filter;
    }
}

struct Logger {
    levels: Levels,
    lines: env_logger::Logger,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.0.read().unwrap_or_else(PoisonError::into_inner).enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.levels.0.read().unwrap_or_else(PoisonError::into_inner).matches(record) {
            self.lines.log(record);
        }
    }

    fn flush(&self) {
        self.lines.flush();
    }
}

/// Begins to log, once for the life of the process.
///
/// # Errors
///
/// Levels that cannot be read.
pub(super) fn start(levels: &str, format: LogFormat) -> Result<Levels, ConfigError> {
    let levels = Levels(Arc::new(RwLock::new(filter(levels)?)));
    // Whatever comes to these lines has passed ours.
    let mut lines = env_logger::Builder::new();
    lines.filter_level(log::LevelFilter::Trace);
    log_format::apply(&mut lines, format);
    let max = levels.0.read().unwrap_or_else(PoisonError::into_inner).filter();
    log::set_boxed_logger(Box::new(Logger { levels: levels.clone(), lines: lines.build() }))
        .map_err(|error| ConfigError(format!("--log: {error}")))?;
    log::set_max_level(max);
    Ok(levels)
}

/// Reads levels: `info`, or `warn,karez::net=debug`.
///
/// # Errors
///
/// Something in them is no level.
pub(super) fn filter(levels: &str) -> Result<Filter, ConfigError> {
    let words = |error: &dyn std::fmt::Display| {
        ConfigError(format!(
            "--log {levels:?}: {error}; use error, warn, info, debug, trace or karez::net=debug"
        ))
    };
    let mut builder = env_filter::Builder::new();
    builder.try_parse(levels).map_err(|error| words(&error))?;
    // To the filter a word alone may also be a module: a level with a typing mistake would silence the log.
    let mut alone = levels.split(',').filter(|one| !one.contains('='));
    if let Some(one) = alone.find(|one| one.trim().parse::<log::LevelFilter>().is_err()) {
        return Err(words(&format_args!("{one:?} is no level")));
    }
    Ok(builder.build())
}
