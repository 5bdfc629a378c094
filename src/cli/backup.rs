//! `karez backup` and `karez restore`: the store as one file, made while a daemon serves from it, and the way back.
//!
//! What is copied and why that is safe is in `store/backup.rs`; what becomes of a store that is put back, in
//! `store/restore.rs`. Here is what the operator says and hears. Tests: `tests/app/backup.rs`.

use std::path::PathBuf;

use clap::Args;

use super::key::Place;
use super::{Failure, RUNTIME, STORE_UNUSABLE, say};
use crate::auth::random_name;
use crate::base::units::Size;
use crate::store::{self, BackupError, Existing, RestoredKeys};

/// A copy that is to be made.
#[derive(Clone, Debug, Args)]
pub(super) struct Backup {
    /// The file. It gets this name when it is whole and checked.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Puts it in the place of a file of this name.
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    place: Place,
}

/// A copy that is to be put back.
#[derive(Clone, Debug, Args)]
pub(super) struct Restore {
    /// What `karez backup` has made.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    place: Place,
}

pub(super) fn back_up(backup: &Backup) -> Result<(), Failure> {
    let existing = if backup.overwrite { Existing::IsReplaced } else { Existing::Stays };
    let made = store::back_up(&place(&backup.place), &backup.file, existing).map_err(failure)?;
    let keys = if made.has_keys { ", with the API keys" } else { "" };
    let files = match made.files {
        0 => String::new(),
        files => format!(", with {files} files of users"),
    };
    say(&format!("{}: {}, checked{keys}{files}", backup.file.display(), Size(made.bytes)));
    Ok(())
}

pub(super) fn restore(restore: &Restore) -> Result<(), Failure> {
    let epoch = random_name().map_err(|error| Failure { code: RUNTIME, words: error.to_string() })?;
    let place = place(&restore.place);
    let restored = store::restore(&restore.file, &place, &epoch).map_err(failure)?;
    say(&format!("{}: restored from {}", place.file().display(), restore.file.display()));
    if let Some(before) = restored.before {
        say(&format!("what was there is in {}; delete it when it is not needed any more", before.display()));
    }
    if let Some(before) = restored.files_before {
        say(&format!("its files are in {}; they belong to it", before.display()));
    }
    if restored.files > 0 {
        say(&format!("{} files of users are back", restored.files));
    }
    match restored.keys {
        RestoredKeys::None => {}
        RestoredKeys::PutBack => say(&format!("{}: the API keys are back", place.keys.display())),
        RestoredKeys::Kept => {
            say(&format!("{}: the API keys were left as they are", place.keys.display()));
        }
    }
    Ok(())
}

fn place(place: &Place) -> store::Place {
    store::Place { folder: place.data.clone(), keys: place.file() }
}

fn failure(error: BackupError) -> Failure {
    let code = match &error {
        BackupError::Store(_) | BackupError::NoStore(_) | BackupError::NotABackup(_) => STORE_UNUSABLE,
        BackupError::Exists(_)
        | BackupError::Itself(_)
        | BackupError::File(..)
        | BackupError::KeysTooLarge(_) => RUNTIME,
    };
    Failure { code, words: error.to_string() }
}
