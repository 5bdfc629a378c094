//! Opening the file of the SQLite store: is it ours, does it hold together, is it as new as we are.
//!
//! A folder holds the file `karez.db`, beside it SQLite's own `-wal` and `-shm` while a daemon runs, and
//! `karez.lock`, whose lock a daemon holds for life. What is not a store of ours, or of a later version, or
//! damaged, is refused with words that say what to do, and left as it is: nothing is deleted, repaired or
//! brought up to date before all of that is known.
//!
//! Files are for their owner only (0600, a folder that is made 0700): they hold what people wrote in private,
//! and the secret of the guests' tokens.
//!
//! The schema is a row of numbered scripts, each carried out in one transaction that also sets the number
//! (`user_version`). Tested in `tests/store/opening.rs`.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::retention::Retention;
use crate::base::limits;

/// `KARZ`, in the header of the file: whose it is.
const APPLICATION_ID: i32 = 0x4b41_525a;
/// Scripts by number; the first takes an empty file to 1.
const SCHEMA: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_sends.sql"),
    include_str!("schema/0003_administration.sql"),
    include_str!("schema/0004_order.sql"),
    include_str!("schema/0005_recall.sql"),
    include_str!("schema/0006_cursors.sql"),
    include_str!("schema/0007_seen.sql"),
    include_str!("schema/0008_search.sql"),
    include_str!("schema/0009_waiting.sql"),
    include_str!("schema/0010_wiping.sql"),
    include_str!("schema/0011_api.sql"),
    include_str!("schema/0012_pushes.sql"),
    include_str!("schema/0013_forgotten.sql"),
    include_str!("schema/0014_groups.sql"),
    include_str!("schema/0015_files.sql"),
    include_str!("schema/0016_desk.sql"),
    include_str!("schema/0017_forgotten_counts.sql"),
];
/// Before this one a WAL that was begun anew could damage the file.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// What SQLite may keep of the file in memory, in KiB.
const CACHE_KIB: i32 = 8 * 1024;

/// How much of its room the WAL keeps when it begins anew.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// For the disk to confirm. What is acknowledged survives a power cut.
    #[default]
    Full,
    /// For the system to have taken it. What is acknowledged survives the end of the process however it ends;
    /// a power cut or a crash of the system may lose the last second or so: what has come since the tenth last
    /// [`tidy_up`](super::Storage::tidy_up).
    Relaxed,
}

impl Durability {
    /// SQLite's figure for it.
    pub(super) const fn synchronous(self) -> i32 {
        match self {
            Durability::Full => 2,
            Durability::Relaxed => 1,
        }
    }
}

/// Where and how a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The folder. It is made if it is not there.
    pub folder: PathBuf,
    /// What a commit waits for.
    pub durability: Durability,
    /// How large the file may grow, in pages of 4 KiB; `None` is as large as the disk allows.
    pub pages_max: Option<u32>,
    /// What of it is kept.
    pub retention: Retention,
    /// How large the WAL may grow before it is moved into the file whatever that costs; a turn may be over it.
    pub wal_bytes_max: u64,
}

impl Options {
    /// A durable store in a folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Options {
        Options {
            folder: folder.into(),
            durability: Durability::Full,
            pages_max: None,
            retention: Retention::default(),
            wal_bytes_max: limits::WAL_BYTES_MAX.default,
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("karez.db")
    }
}

/// Why a store is not served from. Nothing has been changed.
#[derive(Debug)]
pub enum OpenError {
    /// Another process serves from it.
    InUse(PathBuf),
    /// A folder or file cannot be made, or not be opened for writing.
    NoAccess(PathBuf, io::Error),
    /// A file that is not a store of Karez.
    Foreign(PathBuf),
    /// A store of a later version.
    Newer {
        /// The file.
        file: PathBuf,
        /// The schema that it has.
        found: i32,
        /// The latest schema that is known here.
        known: i32,
    },
    /// A store that does not hold together, in SQLite's words.
    Damaged(PathBuf, String),
    /// The medium failed, in SQLite's words.
    Medium(PathBuf, String),
    /// A SQLite that is too old was built in.
    OldSqlite(&'static str),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::InUse(path) => write!(
                f,
                "{} is in use by another process, perhaps another karez. End it, or choose another folder.",
                path.display()
            ),
            OpenError::NoAccess(path, error) => write!(
                f,
                "{} cannot be made or written: {error}. Let this user write there, or choose another folder.",
                path.display()
            ),
            OpenError::Foreign(file) => write!(
                f,
                "{} is not a store of karez. It was left as it is; choose another folder.",
                file.display()
            ),
            OpenError::Newer { file, found, known } => write!(
                f,
                "{} has schema {found}, and this karez knows schemas up to {known}. It was left as it is; run \
                 the version that wrote it, or put back a copy from before that one.",
                file.display()
            ),
            OpenError::Damaged(file, words) => write!(
                f,
                "{} is damaged: {words}. It was left as it is; put back a copy, or save what can be read with \
                 `sqlite3 {} .recover`.",
                file.display(),
                file.display()
            ),
            OpenError::Medium(file, words) => {
                write!(
                    f,
                    "{} cannot be opened: {words}. Look at the disk: is it full, is it well?",
                    file.display()
                )
            }
            OpenError::OldSqlite(version) => write!(f, "SQLite {version} is built in, and 3.51.3 is needed"),
        }
    }
}

impl std::error::Error for OpenError {}

/// What an open store consists of.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Its lock lasts as long as it is open.
    pub(super) lock: File,
}

pub(super) fn open(options: &Options) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let file = options.file();
    let lock = make_files(&options.folder, &file)?;
    let words = |error: rusqlite::Error| judge(&file, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).map_err(words)?;
    // Until it is known to be ours, not even what lies in its WAL may be moved into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(words)?;
    // Nobody else should hold the file. Whoever does makes a turn fail, and does not make the loop wait.
    connection.busy_timeout(Duration::ZERO).map_err(words)?;
    let version = inspect(&connection, &file)?;
    configure(&connection, options).map_err(words)?;
    migrate(&connection, version).map_err(words)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(words)?;
    Ok(Opened { connection, lock })
}

/// The folder, and its lock, which lasts as long as the file is open.
pub(super) fn lock_folder(folder: &Path) -> Result<File, OpenError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(no_access(folder))?;
    let path = folder.join("karez.lock");
    let lock =
        owner_only(OpenOptions::new().create(true).truncate(false), &path).map_err(no_access(&path))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(Errno::WOULDBLOCK) => Err(OpenError::InUse(Options::new(folder).file())),
        Err(error) => Err(OpenError::NoAccess(path, error.into())),
    }
}

/// The lock, and a file for SQLite to open; what is there already stays as it is.
fn make_files(folder: &Path, file: &Path) -> Result<File, OpenError> {
    let lock = lock_folder(folder)?;
    match owner_only(OpenOptions::new().create_new(true), file) {
        // The name must survive a power cut as well as what is written under it.
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(no_access(folder))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(file).map_err(no_access(file))?;
        }
        Err(error) => return Err(OpenError::NoAccess(file.to_owned(), error)),
    }
    Ok(lock)
}

fn no_access(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |error| OpenError::NoAccess(path, error)
}

fn owner_only(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.write(true).mode(0o600).open(path)
}

/// The schema of a file that is ours; 0 is an empty one.
pub(super) fn inspect(connection: &Connection, file: &Path) -> Result<i32, OpenError> {
    let words = |error: rusqlite::Error| judge(file, &error);
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i32>(0)).map_err(words);
    let (owner, found) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let known = i32::try_from(SCHEMA.len()).unwrap_or(i32::MAX);
    match (owner, found, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION_ID, ..=0, _) => Err(OpenError::Damaged(file.to_owned(), "it has no schema".to_owned())),
        (APPLICATION_ID, _, _) if found > known => {
            Err(OpenError::Newer { file: file.to_owned(), found, known })
        }
        (APPLICATION_ID, _, _) => {
            number("SELECT count(*) FROM meta")?;
            Ok(found)
        }
        _ => Err(OpenError::Foreign(file.to_owned())),
    }
}

fn configure(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let set = |name: &str, value: &dyn rusqlite::ToSql| {
        connection.pragma_update_and_check(None, name, value, |row| row.get::<_, rusqlite::types::Value>(0))
    };
    set("journal_mode", &"wal")?;
    connection.pragma_update(None, "synchronous", options.durability.synchronous())?;
    // SQLite would move the WAL inside a COMMIT, which then waits, and it hides a failed fsync there.
    set("wal_autocheckpoint", &0)?;
    // After a burst the WAL gives its room back.
    set("journal_size_limit", &WAL_BYTES_KEPT)?;
    // What is deleted is overwritten: somebody meant it.
    set("secure_delete", &true)?;
    if let Some(pages) = options.pages_max {
        set("max_page_count", &pages)?;
    }
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // A full disk must not be met while something is sorted.
    connection.pragma_update(None, "temp_store", "memory")?;
    // The file may have been written by somebody else: nothing in its schema may call functions.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &Connection, version: i32) -> rusqlite::Result<()> {
    for (number, script) in (1..).zip(SCHEMA).skip_while(|(number, _)| *number <= version) {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(super) fn judge(file: &Path, error: &rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(file),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse(file),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NoAccess(file, io::Error::from(io::ErrorKind::PermissionDenied))
        }
        // No such table, where there should be one.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => OpenError::Damaged(file, error.to_string()),
        _ => OpenError::Medium(file, error.to_string()),
    }
}
