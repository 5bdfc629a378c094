//! The layers of which the settings are made: flag over environment over file over default.
//!
//! The command line is read twice by clap. The first time it tells which file is meant; what the file says then becomes
//! the *default* of its argument, wherever a command has that argument, and the second reading gives the values in
//! force. So the order of the layers is clap's own, and no code here compares two of them.
//!
//! It does not know which commands there are. The tutorial has one layer: the code. Tests: `tests/config/layers.rs`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use super::file::{FileError, Values, read_text};
use super::setting::{Setting, settings};

/// Where a file is looked for that nobody names: beside the folder of the store, then where a package puts it.
pub const PLACES: [&str; 2] = ["karez.toml", "/etc/karez/karez.toml"];

/// A file of settings larger than this is none, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The file to read: the named one, or the first that is there. An empty name is none.
#[must_use]
pub fn locate(named: Option<&OsStr>) -> Option<PathBuf> {
    match named {
        Some(name) if name.is_empty() => None,
        Some(name) => Some(PathBuf::from(name)),
        None => PLACES.iter().map(PathBuf::from).find(|place| place.is_file()),
    }
}

/// Why there are no settings.
#[derive(Debug)]
pub enum LayersError {
    /// The command line is wrong, or asks for help: clap has the words and the exit code.
    Usage(clap::Error),
    /// The environment is: one line for each mistake.
    Environment(Vec<String>),
    /// The file is.
    File(FileError),
}

impl fmt::Display for LayersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayersError::Usage(error) => error.fmt(f),
            LayersError::Environment(mistakes) => f.write_str(&mistakes.join("\n")),
            LayersError::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LayersError {}

/// A command line, with what is under it.
#[derive(Clone, Debug)]
pub struct Layers {
    command: Command,
    arguments: Vec<OsString>,
    settings: Vec<Setting>,
}

impl Layers {
    /// The arguments of a command, the name of the program first.
    #[must_use]
    pub fn new(command: Command, arguments: Vec<OsString>) -> Layers {
        Layers { command, arguments, settings: settings() }
    }

    /// What flags and environment say alone.
    ///
    /// # Errors
    ///
    /// [`LayersError::Usage`] or [`LayersError::Environment`].
    pub fn above(&self) -> Result<ArgMatches, LayersError> {
        self.read(self.command.clone())
    }

    /// What they say above a file.
    ///
    /// # Errors
    ///
    /// The file has mistakes, or cannot be read.
    pub fn over(&self, path: &Path) -> Result<(ArgMatches, Values), LayersError> {
        let values = self.file(path).map_err(LayersError::File)?;
        let matches = self.read(self.with_defaults(self.command.clone(), &values))?;
        Ok((matches, values))
    }

    fn read(&self, command: Command) -> Result<ArgMatches, LayersError> {
        command.try_get_matches_from(&self.arguments).map_err(|error| {
            // clap does not tell a flag from a variable. Who is asked for help is not asked for settings.
            let is_of_value = matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
            let mistakes = if is_of_value { self.environment() } else { Vec::new() };
            if mistakes.is_empty() { LayersError::Usage(error) } else { LayersError::Environment(mistakes) }
        })
    }

    /// What is wrong in the environment.
    fn environment(&self) -> Vec<String> {
        let wrong = |setting: &Setting| {
            let variable = setting.variable();
            let value = std::env::var_os(&variable)?;
            let value = value.to_string_lossy();
            let parts = value.split(if setting.is_list() { ',' } else { '\0' });
            let words = parts.map(|part| setting.check(part)).find_map(Result::err)?;
            Some(format!("{variable}: {value:?}: {words}"))
        };
        self.settings.iter().filter_map(wrong).collect()
    }

    fn file(&self, path: &Path) -> Result<Values, FileError> {
        let unreadable = |error| FileError::Unreadable(path.to_owned(), error);
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > FILE_BYTES_MAX {
            let error =
                std::io::Error::other(format!("{bytes} bytes, and at most {FILE_BYTES_MAX} are read"));
            return Err(unreadable(error));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        read_text(&text, &self.settings).map_err(|mistakes| FileError::Mistaken(path.to_owned(), mistakes))
    }

    /// The command with the values of a file as defaults of its arguments, and of those of its subcommands.
    fn with_defaults(&self, command: Command, values: &Values) -> Command {
        let under = command.mut_args(|arg| {
            let setting = self.settings.iter().find(|setting| setting.is(&arg));
            match setting.and_then(|setting| values.get(&setting.key())) {
                Some(texts) => arg.default_values(texts.to_vec()),
                None => arg,
            }
        });
        under.mut_subcommands(|sub| self.with_defaults(sub, values))
    }
}
