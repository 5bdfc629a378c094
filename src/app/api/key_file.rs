//! Where API keys are kept: a small text file beside the store.
//!
//! Beside it and not in it, because the daemon has the store to itself, and an operator wants to make and revoke keys
//! while it runs, with `--store memory` too, and to see with `cat` which there are. The file is for its owner only
//! (0600), and written anew as a whole: a new file is put in the place of the old one, so that whoever reads it finds
//! one or the other. Of two who change it at the same time the second waits for the first, by a lock on `NAME.lock`.
//!
//! The daemon looks at most once a second, when a call comes, whether the file is another one; so a key is revoked a
//! second after `karez key revoke`, without a signal. A file that cannot be read, or is damaged, changes nothing: the
//! keys that held go on, and the log says why. A file that is not there is one without keys.
//!
//! Tested in `tests/app/api_keys.rs`.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::auth::{ApiKeys, KeysError};
use crate::base::clock::Millis;

/// A file of a hundred keys has a seventh of this.
const FILE_BYTES_MAX: u64 = 128 * 1024;
/// So often the file is looked at, at most.
const LOOK_EVERY_MS: u64 = 1_000;

/// Why the file of keys does not serve.
#[derive(Debug)]
pub enum KeyFileError {
    /// It cannot be read or written.
    Access(io::Error),
    /// What is in it, or was to be.
    Keys(KeysError),
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFileError::Access(error) => error.fmt(f),
            KeyFileError::Keys(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyFileError {}

impl From<io::Error> for KeyFileError {
    fn from(error: io::Error) -> KeyFileError {
        KeyFileError::Access(error)
    }
}

impl From<KeysError> for KeyFileError {
    fn from(error: KeysError) -> KeyFileError {
        KeyFileError::Keys(error)
    }
}

/// Reads the keys.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn read_keys(path: &Path) -> Result<ApiKeys, KeyFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ApiKeys::default()),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(ApiKeys::parse(&text)?)
}

/// Changes the keys: reads them, has them changed, and puts a new file in the place of the old one. Where the change
/// fails the file stays as it is.
///
/// # Errors
///
/// [`KeyFileError`], that of `change` included.
pub fn change_keys(
    path: &Path,
    change: impl FnOnce(&mut ApiKeys) -> Result<(), KeysError>,
) -> Result<(), KeyFileError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let for_owner =
        |options: &mut OpenOptions, path: &Path| options.write(true).create(true).mode(0o600).open(path);
    let lock = for_owner(OpenOptions::new().truncate(false), &beside(".lock"))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
    let mut keys = read_keys(path)?;
    change(&mut keys)?;
    let fresh = beside(".new");
    let mut file = for_owner(OpenOptions::new().truncate(true), &fresh)?;
    file.write_all(keys.render().as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(())
}

/// By what a file is seen to be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    seconds: i64,
    nanoseconds: i64,
}

/// The keys of a file, as it was when it was last looked at.
#[derive(Debug)]
pub(in crate::app) struct Keyring {
    path: Option<PathBuf>,
    keys: ApiKeys,
    stamp: Option<Stamp>,
    looked_at: Option<Millis>,
}

impl Keyring {
    /// The keys of this file; without one there are none.
    pub(in crate::app) fn new(path: Option<PathBuf>) -> Keyring {
        Keyring { path, keys: ApiKeys::default(), stamp: None, looked_at: None }
    }

    /// The keys that hold now.
    pub(in crate::app) fn keys(&mut self, now: Millis) -> &ApiKeys {
        if self.looked_at.is_none_or(|at| now.ms_since(at) >= LOOK_EVERY_MS) {
            self.looked_at = Some(now);
            self.look();
        }
        &self.keys
    }

    fn look(&mut self) {
        let Some(path) = &self.path else { return };
        let stamp = fs::metadata(path).ok().map(|data| Stamp {
            inode: data.ino(),
            bytes: data.len(),
            seconds: data.mtime(),
            nanoseconds: data.mtime_nsec(),
        });
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        match read_keys(path) {
            Ok(keys) => self.keys = keys,
            Err(error) => log::error!("{}: {error}; the keys of before go on", path.display()),
        }
    }
}
