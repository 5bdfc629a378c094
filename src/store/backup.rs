//! A copy of the store, made while a daemon serves from it, as one file.
//!
//! Whoever copies is another process than the daemon. It opens the file for reading and nothing else: it takes no part
//! in the lock of the folder, writes no page, moves no WAL, not even when it is the last to close. So the two faults that
//! SQLite has known where two processes write or move the same WAL cannot be met. The copy is made in one read
//! transaction, which sees what was committed when it began, and so all that was acknowledged before; the daemon
//! commits meanwhile. It cannot empty its WAL before the reader has ended, and tries again later.
//!
//! The copy is a SQLite file of its own, without a WAL. The file of API keys, which is beside the store, lies in it as
//! a table, `backup_file`, and so do the files of users (`backup_files.rs`). It is checked as a whole and on the disk before it gets its name, so what has the name is
//! good. It holds what people wrote in private, and is for its owner only (0600).
//!
//! The way back is in `restore.rs`. Not in the tutorial, which keeps nothing. Tests: `tests/store/backup.rs`, and
//! with a daemon under load `tests/app/backup.rs`.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::backup_files;
use super::open::{OpenError, Options, inspect, judge};
use crate::base::limits;

/// Pages that are copied before what was copied is put on the disk: 4 MiB. A daemon that waits for the same disk then
/// waits for so much at most, and not for all of the copy.
const PAGES_AT_ONCE: i32 = 1_024;

/// What belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder of the store.
    pub folder: PathBuf,
    /// The file of API keys. It may be elsewhere, and need not be there.
    pub keys: PathBuf,
}

impl Place {
    /// The file of the store.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        Options::new(&self.folder).file()
    }
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is copied.
    Stays,
    /// The copy takes its place, when it is whole.
    IsReplaced,
}

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether the keys of the API are in it.
    pub has_keys: bool,
    /// How many files of users are in it.
    pub files: u64,
}

/// Why there is no copy, or none was put back. Whatever was there is as it was.
#[derive(Debug)]
pub enum BackupError {
    /// The store, or the copy, is not good, or not ours, or in use.
    Store(OpenError),
    /// There is no store.
    NoStore(PathBuf),
    /// A file of this name is there.
    Exists(PathBuf),
    /// The name of the copy is that of a file that is to be copied.
    Itself(PathBuf),
    /// Beside what is to be put back lies a WAL: it is a store, and perhaps a daemon serves from it.
    NotABackup(PathBuf),
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// The file of keys is larger than such files are.
    KeysTooLarge(PathBuf),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Store(error) => error.fmt(f),
            BackupError::NoStore(file) => {
                write!(f, "{} is not there. Name the folder of the store: --data FOLDER", file.display())
            }
            BackupError::Exists(file) => write!(
                f,
                "{} is there already, and was left as it is. Choose another name, or say --overwrite.",
                file.display()
            ),
            BackupError::Itself(file) => {
                write!(f, "{} is what is to be copied. Choose another name.", file.display())
            }
            BackupError::NotABackup(file) => write!(
                f,
                "{} is a store with a WAL beside it, and not what `karez backup` makes. Copy it with that.",
                file.display()
            ),
            BackupError::File(path, error) => write!(f, "{}: {error}", path.display()),
            BackupError::KeysTooLarge(path) => write!(
                f,
                "{} has more than {} bytes; is it a file of API keys?",
                path.display(),
                limits::KEYS_FILE_BYTES_MAX.default
            ),
        }
    }
}

impl std::error::Error for BackupError {}

impl BackupError {
    /// The same, told of another file than the one in which it was noticed.
    pub(super) fn about(self, noticed: &Path, file: &Path) -> BackupError {
        let swap = |path: PathBuf| if path == noticed { file.to_owned() } else { path };
        match self {
            BackupError::Store(OpenError::Foreign(path)) => {
                BackupError::Store(OpenError::Foreign(swap(path)))
            }
            BackupError::Store(OpenError::Newer { file, found, known }) => {
                BackupError::Store(OpenError::Newer { file: swap(file), found, known })
            }
            BackupError::Store(OpenError::Damaged(path, words)) => {
                BackupError::Store(OpenError::Damaged(swap(path), words))
            }
            other => other,
        }
    }
}

/// What went wrong with a file, for [`Result::map_err`].
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File(path.clone(), error)
}

/// Copies what is in a place into one file.
///
/// # Errors
/// [`BackupError`]; there is no new file then.
pub fn back_up(place: &Place, to: &Path, existing: Existing) -> Result<BackedUp, BackupError> {
    let store = place.file();
    if !store.exists() {
        return Err(BackupError::NoStore(store));
    }
    refuse_name(place, to, existing)?;
    let source = open_to_read(&store)?;
    let keys = read_keys(&place.keys)?;
    let part = Part::create(to)?;
    copy_pages(&source, &store, &part)?;
    drop(source);
    let words = |error: rusqlite::Error| blame(&part.path, &store, &error);
    let copy = open_alone(&part.path).map_err(|error| error.about(&part.path, &store))?;
    copy.execute_batch("DROP TABLE IF EXISTS backup_file").map_err(words)?;
    if let Some(keys) = &keys {
        let sql = "CREATE TABLE backup_file (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT";
        copy.execute_batch(sql).map_err(words)?;
        copy.execute("INSERT INTO backup_file VALUES ('api-keys', ?)", [keys]).map_err(words)?;
    }
    let files = backup_files::take_in(&copy, &part.path, &place.folder, &store)?;
    // What is wrong with a copy is wrong with the store: it was copied page by page.
    check(&copy, &store)?;
    copy.close().map_err(|(_, error)| words(error))?;
    let bytes = part.file.metadata().map_err(failed(&part.path))?.len();
    part.put(to, existing)?;
    Ok(BackedUp { bytes, has_keys: keys.is_some(), files })
}

/// Refuses a name at which something is that must stay.
fn refuse_name(place: &Place, to: &Path, existing: Existing) -> Result<(), BackupError> {
    let Ok(there) = fs::metadata(to) else {
        // A link that leads nowhere is there too.
        let is_there = fs::symlink_metadata(to).is_ok();
        return if is_there { Err(BackupError::Exists(to.to_owned())) } else { Ok(()) };
    };
    let is_same = |other: &Path| {
        fs::metadata(other).is_ok_and(|other| (other.dev(), other.ino()) == (there.dev(), there.ino()))
    };
    if is_same(&place.file()) || is_same(&place.keys) || is_same(&place.folder.join("karez.lock")) {
        return Err(BackupError::Itself(to.to_owned()));
    }
    if existing == Existing::Stays || !there.is_file() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    Ok(())
}

/// The store of a daemon that may be running.
fn open_to_read(file: &Path) -> Result<Connection, BackupError> {
    let words = |error: rusqlite::Error| BackupError::Store(judge(file, &error));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(file, flags).map_err(words)?;
    source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(words)?;
    // A daemon may just be starting, and holds the file for a moment.
    source.busy_timeout(Duration::from_secs(10)).map_err(words)?;
    restrain(&source).map_err(words)?;
    Ok(source)
}

/// A file that nobody else has open, with all that is in it in itself.
pub(super) fn open_alone(file: &Path) -> Result<Connection, BackupError> {
    let words = |error: rusqlite::Error| BackupError::Store(judge(file, &error));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let alone = Connection::open_with_flags(file, flags).map_err(words)?;
    restrain(&alone).map_err(words)?;
    inspect(&alone, file).map_err(BackupError::Store)?;
    let set = |name: &str, value: &dyn rusqlite::ToSql| {
        alone.pragma_update_and_check(None, name, value, |row| row.get::<_, rusqlite::types::Value>(0))
    };
    set("journal_mode", &"delete").map_err(words)?;
    // If anything fails the file is given up: no journal is needed, and no wait before the last.
    set("journal_mode", &"off").map_err(words)?;
    alone.pragma_update(None, "synchronous", 0).map_err(words)?;
    set("secure_delete", &true).map_err(words)?;
    Ok(alone)
}

/// What somebody else may have written calls no functions, and fills no other disk.
fn restrain(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "memory")
}

/// Where there is no room is where the copy is made; all else is told of the file that is copied.
pub(super) fn blame(part: &Path, copied: &Path, error: &rusqlite::Error) -> BackupError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => BackupError::File(part.to_owned(), io::ErrorKind::StorageFull.into()),
        _ => BackupError::Store(judge(copied, error)),
    }
}

fn copy_pages(source: &Connection, store: &Path, part: &Part) -> Result<(), BackupError> {
    let words = |error: rusqlite::Error| blame(&part.path, store, &error);
    // One transaction around all steps: a commit of the daemon does not have them begin anew.
    source.execute_batch("BEGIN").map_err(words)?;
    if inspect(source, store).map_err(BackupError::Store)? == 0 {
        return Err(BackupError::NoStore(store.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(&part.path, flags).map_err(words)?;
    copy.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(())).map_err(words)?;
    copy.pragma_update(None, "synchronous", 0).map_err(words)?;
    let backup = Backup::new(source, &mut copy).map_err(words)?;
    loop {
        match backup.step(PAGES_AT_ONCE).map_err(words)? {
            StepResult::More => part.file.sync_data().map_err(failed(&part.path))?,
            StepResult::Done => break,
            // Nobody else has either of them like this; it would be tried for ever.
            _ => return Err(BackupError::Store(OpenError::InUse(store.to_owned()))),
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| words(error))?;
    source.execute_batch("COMMIT").map_err(words)
}

/// Whether all of a file holds together. `file` is whose fault it is if not.
pub(super) fn check(connection: &Connection, file: &Path) -> Result<(), BackupError> {
    let found = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get::<_, String>(0));
    let found = found.map_err(|error| BackupError::Store(judge(file, &error)))?;
    match found.as_str() {
        "ok" => Ok(()),
        words => Err(BackupError::Store(OpenError::Damaged(file.to_owned(), words.to_owned()))),
    }
}

/// The file of keys, if there is one.
fn read_keys(path: &Path) -> Result<Option<Vec<u8>>, BackupError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path)(error)),
    };
    let mut bytes = Vec::new();
    let bytes_max = limits::KEYS_FILE_BYTES_MAX.default;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    if bytes.len() as u64 > bytes_max {
        return Err(BackupError::KeysTooLarge(path.to_owned()));
    }
    Ok(Some(bytes))
}

/// A file that is being made, under another name. It goes with the value unless it was put in its place.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Part {
    /// Beside where it will be.
    pub(super) fn create(to: &Path) -> Result<Part, BackupError> {
        let mut name = to.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(name);
        let file = create_new(&path).map_err(failed(&path))?;
        Ok(Part { path, file })
    }

    /// Gives it its name, when it is on the disk.
    pub(super) fn put(self, to: &Path, existing: Existing) -> Result<(), BackupError> {
        self.file.sync_all().map_err(failed(&self.path))?;
        if existing == Existing::Stays {
            // Whoever else makes a file of this name, now or a moment ago, keeps it.
            create_new(to).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
                _ => failed(to)(error),
            })?;
        }
        fs::rename(&self.path, to).map_err(failed(to))?;
        sync_folder_of(to).map_err(failed(to))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Not there any more when all went well.
        let _ = fs::remove_file(&self.path);
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// A name survives a power cut when its folder is on the disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())
}
