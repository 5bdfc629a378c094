//! Whether the SQLite store can store, and how large it is: what health checks and metrics ask.
//!
//! A disk that was full is written to again only when somebody says something. Until then nobody would know that there
//! is room again, so a health check may have it tried. The trial needs pages that nobody has used, as a message may,
//! and waits for the disk, as a message does; it is taken away at once.
//!
//! Not in the tutorial. Tested in `tests/store/probe.rs` and `tests/app/health.rs`.

use std::fs;

use super::{Sqlite, StoreError};

/// More than there is room for in the pages that hold such things anyway.
const PROBE_BYTES: u32 = 16 * 1024;

impl Sqlite {
    pub(super) fn write_and_erase(&mut self) -> Result<(), StoreError> {
        self.confirmed()?;
        let sql = "INSERT OR REPLACE INTO meta VALUES ('probe', zeroblob(?))";
        self.in_own_transaction(|store| store.run(sql, [PROBE_BYTES]))?;
        self.in_own_transaction(|store| store.run("DELETE FROM meta WHERE name = 'probe'", ()))?;
        Ok(())
    }

    /// By its key, however many there are.
    pub(super) fn newest_entry(&self) -> Result<u64, StoreError> {
        let newest = self.row("SELECT max(entry) FROM entry", (), |row| row.get::<_, Option<u64>>(0))?;
        Ok(newest.flatten().unwrap_or(0))
    }

    pub(super) fn file_bytes(&self) -> u64 {
        let mut wal = self.file().as_os_str().to_owned();
        wal.push("-wal");
        let bytes = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
        bytes(self.file()) + bytes(wal.as_ref())
    }
}
