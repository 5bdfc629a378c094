//! A copy of a store is put back in the place of the store.
//!
//! No daemon serves meanwhile: the lock of the folder is held. The copy is copied once more, beside the store, and that
//! one is checked as a whole; only then it takes the name of the store, in one step. Whatever ends this before
//! leaves the old store, whatever comes after it finds the new one. The old one is kept under another name.
//!
//! Time has gone on since the copy was made, for those who were connected. So the restored store is a little ahead of
//! the copy:
//!
//! - It has another epoch. Numbers (`seq`) that were given since are given again, for other messages, and a
//!   client that remembers the old ones must know that they mean nothing.
//! - It passes by the next million guests' uids. Some were given since, and their tokens hold: nobody else may get them.
//!
//! A file of API keys that is there stays: a key that was revoked since does not hold again. Tests:
//! `tests/store/backup.rs`, and with the real daemon `tests/app/backup.rs`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::backup::{BackupError, Existing, Part, Place, blame, check, failed, open_alone, sync_folder_of};
use super::backup_files::{self, Uploads};
use super::open::{OpenError, inspect, lock_folder};
use crate::base::limits;

/// A copy that was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the store is that was there before, if there was one.
    pub before: Option<PathBuf>,
    /// What became of the keys.
    pub keys: RestoredKeys,
    /// How many files of users are back.
    pub files: u64,
    /// Where the files are that were there before, if there were any.
    pub files_before: Option<PathBuf>,
}

/// What became of the file of API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoredKeys {
    /// The copy has none.
    None,
    /// There was no file; now it is there.
    PutBack,
    /// There was one, and it stayed.
    Kept,
}

/// Puts a copy back. `fresh_epoch` names the store from now on.
///
/// # Errors
/// [`BackupError`]; the store is as it was then.
pub fn restore(from: &Path, place: &Place, fresh_epoch: &str) -> Result<Restored, BackupError> {
    let store = place.file();
    let bytes = File::open(from).and_then(|file| Ok((file.metadata()?.is_file(), file)));
    let (is_file, mut bytes) = bytes.map_err(failed(from))?;
    if !is_file {
        return Err(BackupError::Store(OpenError::Foreign(from.to_owned())));
    }
    if fs::metadata(with_end(from, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        return Err(BackupError::NotABackup(from.to_owned()));
    }
    let lock = lock_folder(&place.folder).map_err(BackupError::Store)?;
    let owner = fs::metadata(&place.folder).map_err(failed(&place.folder))?;
    let give = |file: &File, path: &Path| give_to(file, &owner).map_err(failed(path));
    give(&lock, &place.folder)?;

    let mut part = Part::create(&store)?;
    give(&part.file, &part.path)?;
    io::copy(&mut bytes, &mut part.file).map_err(failed(&part.path))?;
    let (keys, uploads) = judge_copy(&part, from, fresh_epoch, &place.folder, &give)?;
    part.file.sync_all().map_err(failed(&part.path))?;

    let keys = match keys {
        None => RestoredKeys::None,
        Some(_) if place.keys.exists() => RestoredKeys::Kept,
        Some(keys) => {
            let mut part = Part::create(&place.keys)?;
            give(&part.file, &part.path)?;
            part.file.write_all(&keys).map_err(failed(&part.path))?;
            part.put(&place.keys, Existing::Stays)?;
            RestoredKeys::PutBack
        }
    };
    let before = set_aside(&store)?;
    let files = uploads.count;
    let files_before = uploads.put(&place.folder)?;
    part.put(&store, Existing::IsReplaced)?;
    drop(lock);
    Ok(Restored { before, keys, files, files_before })
}

/// Checks the copy, makes a store of it and takes out the keys and the files of users. What is wrong is wrong with the
/// file `from`.
fn judge_copy(
    part: &Part,
    from: &Path,
    fresh_epoch: &str,
    folder: &Path,
    give: &dyn Fn(&File, &Path) -> Result<(), BackupError>,
) -> Result<(Option<Vec<u8>>, Uploads), BackupError> {
    let words = |error: rusqlite::Error| blame(&part.path, from, &error);
    let copy = open_alone(&part.path).map_err(|error| error.about(&part.path, from))?;
    check(&copy, from)?;
    // An empty file may become a store, but is none.
    if inspect(&copy, from).map_err(BackupError::Store)? == 0 {
        return Err(BackupError::Store(OpenError::Foreign(from.to_owned())));
    }
    let keys = take_keys(&copy).map_err(words)?;
    let uploads = Uploads::take_out(&copy, folder, &words, give)?;
    backup_files::clear(&copy).map_err(words)?;
    let sql = "INSERT OR REPLACE INTO meta VALUES ('epoch', ?)";
    copy.execute(sql, [fresh_epoch]).map_err(words)?;
    let sql =
        "INSERT INTO meta VALUES ('guests_until', ? + ?) ON CONFLICT (name) DO UPDATE SET value = value + ?2";
    let skipped = limits::GUESTS_SKIPPED_BY_RESTORE.default;
    copy.execute(sql, params![limits::GUEST_UID_FIRST.default, skipped]).map_err(words)?;
    copy.close().map_err(|(_, error)| words(error))?;
    Ok((keys, uploads))
}

fn take_keys(copy: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'backup_file'";
    if copy.query_row(sql, (), |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT content FROM backup_file WHERE name = 'api-keys'";
    let keys = copy.query_row(sql, (), |row| row.get(0)).optional()?;
    copy.execute_batch("DROP TABLE backup_file")?;
    Ok(keys)
}

/// Gives the store a second name and takes away the files of SQLite beside it, so that the new one can take the first
/// name at once and finds no WAL that is not its own.
fn set_aside(store: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !store.exists() {
        return Ok(None);
    }
    move_wal(store);
    let aside = (1..u32::MAX)
        .map(|number| with_end(store, &format!(".old-{number}")))
        .find(|path| fs::symlink_metadata(path).is_err())
        .ok_or_else(|| BackupError::Exists(store.to_owned()))?;
    fs::hard_link(store, &aside).map_err(failed(&aside))?;
    // It is there only if the store is so damaged that it could not be moved; then it goes along.
    let wal = with_end(store, "-wal");
    if wal.exists() {
        let aside_wal = with_end(&aside, "-wal");
        fs::hard_link(&wal, &aside_wal).map_err(failed(&aside_wal))?;
        sync_folder_of(store).map_err(failed(store))?;
        fs::remove_file(&wal).map_err(failed(&wal))?;
    }
    match fs::remove_file(with_end(store, "-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(store)(error)),
        _ => {}
    }
    sync_folder_of(store).map_err(failed(store))?;
    Ok(Some(aside))
}

/// Moves what a daemon that was killed has left in the WAL into the file, if that is ours and well.
fn move_wal(store: &Path) {
    if !with_end(store, "-wal").exists() {
        return;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let moved = Connection::open_with_flags(store, flags).map(|connection| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        if inspect(&connection, store).is_ok() {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        }
        rusqlite::Result::Ok(())
    });
    if let Err(error) | Ok(Err(error)) = moved {
        log::warn!("the WAL of the old store stays beside it: {error}");
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// What root puts back must be readable for the daemon, whose folder it is.
fn give_to(file: &File, owner: &fs::Metadata) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        fchown(file, Some(owner.uid()), Some(owner.gid()))
    } else {
        Ok(())
    }
}
