//! `karez key`: makes, lists and revokes the keys of the HTTP API.
//!
//! It writes the file that the daemon reads, and works whether one runs or not: a daemon that runs takes notice within
//! a second. A key is shown once, on standard output, and is nowhere kept.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CONFIG, Failure, RUNTIME, print, say};
use crate::app::key_file::{KeyFileError, change_keys, read_keys};
use crate::auth::{ApiKey, KnownKey, Scope};
use crate::config::KEYS_FILE;

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Makes a key and prints it. It is shown this once.
    Create(Create),
    /// Lists the keys: name and scopes.
    List(Place),
    /// Ends a key.
    Revoke(Revoke),
}

/// Where the keys are.
#[derive(Clone, Debug, Args)]
pub(super) struct Place {
    /// The folder of the store.
    #[arg(long, env = "KAREZ_DATA", value_name = "FOLDER", default_value = "karez-data")]
    pub(super) data: PathBuf,

    /// The file with the digests of the keys. Default: `api-keys` in the folder of --data.
    #[arg(long, env = "KAREZ_API_KEYS_FILE", value_name = "PATH")]
    api_keys_file: Option<PathBuf>,
}

impl Place {
    pub(super) fn file(&self) -> PathBuf {
        self.api_keys_file.clone().unwrap_or_else(|| self.data.join(KEYS_FILE))
    }
}

/// A key that is to be.
#[derive(Clone, Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    place: Place,

    /// How it is called in lists, and revoked.
    #[arg(long)]
    name: String,

    /// What it is for: publish (speak), read (look), manage (groups, members, bans, tokens).
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true, value_parser = scope)]
    scope: Vec<Scope>,
}

/// A key that was.
#[derive(Clone, Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    place: Place,

    /// How it is called.
    #[arg(long)]
    name: String,
}

fn scope(text: &str) -> Result<Scope, &'static str> {
    Scope::from_word(text).ok_or("must be publish, read or manage")
}

pub(super) fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Create(create) => self::create(&create),
        KeyCommand::List(place) => list(&place),
        KeyCommand::Revoke(revoke) => {
            let file = revoke.place.file();
            let done = change_keys(&file, |keys| keys.remove(&revoke.name));
            done.map_err(|error| failure(&file, &error))?;
            say(&format!("revoked; a daemon that runs takes notice within a second ({})", file.display()));
            Ok(())
        }
    }
}

fn create(create: &Create) -> Result<(), Failure> {
    let file = create.place.file();
    let key = ApiKey::random().map_err(|error| Failure { code: RUNTIME, words: error.to_string() })?;
    let known = KnownKey::new(&key, &create.name, &create.scope)
        .map_err(|error| Failure { code: CONFIG, words: error.to_string() })?;
    change_keys(&file, |keys| keys.add(known)).map_err(|error| failure(&file, &error))?;
    print(key.reveal())?;
    say(&format!("keep it: it is shown this once, and only its digest is in {}", file.display()));
    Ok(())
}

fn list(place: &Place) -> Result<(), Failure> {
    let file = place.file();
    let keys = read_keys(&file).map_err(|error| failure(&file, &error))?;
    for key in keys.iter() {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        print(&format!("{} {}", key.name, scopes.join(",")))?;
    }
    if keys.is_empty() {
        say(&format!("there are no keys in {}", file.display()));
    }
    Ok(())
}

fn failure(file: &std::path::Path, error: &KeyFileError) -> Failure {
    let code = if matches!(error, KeyFileError::Keys(_)) { CONFIG } else { RUNTIME };
    Failure { code, words: format!("{}: {error}", file.display()) }
}
