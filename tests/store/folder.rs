//! A folder of its own for each test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use karez::store::{Options, Sqlite};
use rusqlite::Connection;

/// A folder that goes with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("karez-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// In a folder that is not there yet.
    pub fn options(&self) -> Options {
        Options::new(self.0.join("data"))
    }

    pub fn file(&self) -> PathBuf {
        self.options().file()
    }

    pub fn open(&self) -> Sqlite {
        Sqlite::open(&self.options()).unwrap()
    }

    /// What somebody else sees in the file. Nobody may have the store open.
    pub fn look(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn size_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|of| of.len())
}
