//! One setting, as its argument of the command line tells it: names, help, default, and what is allowed.
//!
//! Whatever is written about settings (the commented file, the manual's table, the words about a mistake) is
//! made from this, and a value in a file is judged by the very parser that judges the flag. It knows clap and
//! no single setting. Tests: `tests/config/`.

use std::error::Error;

use clap::builder::{Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command};

use super::Config;
use crate::base::limits::{Limit, TABLE};

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    arg: Arg,
    long: String,
}

/// Every setting, in the order of the help.
#[must_use]
pub fn settings() -> Vec<Setting> {
    let command = every();
    let named = |arg: &Arg| Some(Setting { arg: arg.clone(), long: arg.get_long()?.to_owned() });
    command.get_arguments().filter_map(named).collect()
}

/// The settings as a command of their own, which looks at nothing but its arguments.
fn every() -> Command {
    let command =
        Command::new("karez").no_binary_name(true).disable_help_flag(true).disable_version_flag(true);
    Config::augment_args(command)
}

impl Setting {
    /// The name on the command line, without dashes: `message-bytes-max`.
    #[must_use]
    pub fn long(&self) -> &str {
        &self.long
    }

    /// The name in a file: `message_bytes_max`.
    #[must_use]
    pub fn key(&self) -> String {
        self.long.replace('-', "_")
    }

    /// The name in the environment: `KAREZ_MESSAGE_BYTES_MAX`. Empty if it has none.
    #[must_use]
    pub fn variable(&self) -> String {
        self.arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What it is.
    #[must_use]
    pub fn help(&self) -> String {
        let help = self.arg.get_long_help().or(self.arg.get_help());
        let help = help.map(StyledStr::to_string).unwrap_or_default();
        // clap takes the last period away, which belongs to a sentence and not to a list of flags.
        if help.is_empty() || help.ends_with('.') { help } else { help + "." }
    }

    /// What stands for the value in the help: `BYTES`.
    #[must_use]
    pub fn value_name(&self) -> String {
        self.arg
            .get_value_names()
            .and_then(|names| names.first())
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// What it is where nobody says anything; empty if it is then not set.
    #[must_use]
    pub fn defaults(&self) -> Vec<String> {
        self.arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// The words that are allowed, with what they mean; empty if it is not one of a few words.
    #[must_use]
    pub fn words(&self) -> Vec<(String, String)> {
        let values = self.arg.get_possible_values();
        let shown = values.iter().filter(|value| !value.is_hide_set());
        let help = |help: Option<&StyledStr>| help.map(StyledStr::to_string).unwrap_or_default();
        shown.map(|value| (value.get_name().to_owned(), help(value.get_help()))).collect()
    }

    /// Whether it is yes or no, which TOML writes as `true` or `false`.
    #[must_use]
    pub fn is_question(&self) -> bool {
        self.words().iter().map(|(word, _)| word.as_str()).eq(["yes", "no"])
    }

    /// Whether it may be given several times.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.arg.get_action(), clap::ArgAction::Append)
    }

    /// The limit in the table that bounds it.
    #[must_use]
    pub fn limit(&self) -> Option<&'static Limit> {
        let key = self.key();
        TABLE.iter().find(|limit| limit.name.strip_suffix("_ms").unwrap_or(limit.name) == key)
    }

    /// The name by which clap knows it.
    pub(super) fn id(&self) -> &str {
        self.arg.get_id().as_str()
    }

    /// Whether an argument of any command is this setting.
    pub(super) fn is(&self, arg: &Arg) -> bool {
        arg.get_env().is_some() && arg.get_env() == self.arg.get_env()
    }

    /// Whether the value is one, by the argument's own parser.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what is allowed, in words.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let command = every().mut_args(|arg| arg.env(Resettable::Reset));
        let Err(error) = command.try_get_matches_from([format!("--{}={value}", self.long)]) else {
            return Ok(());
        };
        match error.kind() {
            ErrorKind::ValueValidation => {
                Err(error.source().map_or_else(|| "not allowed".to_owned(), ToString::to_string))
            }
            ErrorKind::InvalidValue => {
                let mut words = match (value, error.get(ContextKind::ValidValue)) {
                    ("", _) => "a value is needed".to_owned(),
                    (_, Some(ContextValue::Strings(_))) => format!("must be {}", self.allowed_words()),
                    _ => "not allowed".to_owned(),
                };
                if let Some(ContextValue::String(near)) = error.get(ContextKind::SuggestedValue) {
                    words.push_str(&format!("; did you mean {near:?}?"));
                }
                Err(words)
            }
            ErrorKind::InvalidUtf8 => Err("must be UTF-8".to_owned()),
            // That others are missing, or contradict it, shows when all are there.
            _ => Ok(()),
        }
    }

    fn allowed_words(&self) -> String {
        if self.is_question() {
            return "true or false".to_owned();
        }
        let words: Vec<_> = self.words().iter().map(|(word, _)| format!("{word:?}")).collect();
        words.join(" or ")
    }
}

/// The key that somebody may have meant, if one is near.
pub(super) fn nearest(key: &str) -> Option<String> {
    let long = key.replace('_', "-").to_lowercase();
    if let Some(same) = settings().iter().find(|setting| setting.long == long) {
        return Some(same.key());
    }
    let command = every().mut_args(|arg| arg.env(Resettable::Reset));
    let error = command.try_get_matches_from([format!("--{long}=1")]).err()?;
    match error.get(ContextKind::SuggestedArg)? {
        ContextValue::String(near) => Some(near.trim_start_matches('-').replace('-', "_")),
        _ => None,
    }
}
