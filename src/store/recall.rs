//! Entries that are recalled: their text goes, their place stays.
//!
//! In a file, what is overwritten is not gone. The row loses its text at once, and `secure_delete` has SQLite
//! overwrite what the row gives up, in the page and in the pages that a long text runs over to. But the WAL holds
//! the pages as they were before, until it is emptied. That costs two waits for the disk, so it is done once for
//! all that was recalled in some seconds, by [`tidy_up`](super::Storage::tidy_up). A daemon that was killed leaves
//! its WAL to the next one, which cannot know what it holds and empties it when it opens the store.
//!
//! The index (`index.rs`) loses the terms of a long text not at once but in steps, within the same ten seconds.
//!
//! Tested in `tests/store/recall.rs`, which looks for the bytes in the files.

use std::path::Path;
use std::time::Instant;

use rusqlite::params;

use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::chat::ids::Conversation;
use crate::chat::output::Recall;

/// Calls of [`tidy_up`](super::Storage::tidy_up) for which what was erased may stay in the WAL: two seconds, more if
/// the turns are long.
const STALE_CALLS_MAX: u32 = 20;

/// The column `recalls`.
pub(super) fn of_which(recall: Recall) -> Option<u64> {
    match recall {
        Recall::Of(seq) => Some(seq),
        Recall::None | Recall::Recalled => None,
    }
}

/// Whether the WAL may hold what was erased, and for how many calls of `tidy_up` it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StaleWal {
    No,
    Since(u32),
}

impl StaleWal {
    /// What a process that was killed has left beside this file.
    pub(super) fn found(file: &Path) -> StaleWal {
        let wal = file.with_extension("db-wal");
        let is_left = std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0);
        if is_left { StaleWal::Since(0) } else { StaleWal::No }
    }
}

impl Sqlite {
    /// Takes the text out of an entry. Nowhere else does a row lose its text and stay.
    pub(super) fn erase(&mut self, conversation: &Conversation, seq: u64) -> Result<(), StoreError> {
        let sql = "UPDATE entry SET content = '', kind = NULL, data = NULL, reply = NULL, mentions = NULL,
                                    recalled = 1
                   WHERE conversation = ? AND seq = ?";
        let row = self.conversation(conversation)?;
        self.wipe(row, seq)?;
        if self.run(sql, params![row, seq])? == 0 {
            return Err(StoreError::NoSuchEntry { conversation: conversation.clone(), seq });
        }
        self.soil_wal();
        Ok(())
    }

    /// The WAL holds what was erased.
    pub(super) fn soil_wal(&mut self) {
        if self.stale_wal == StaleWal::No {
            self.stale_wal = StaleWal::Since(0);
        }
    }

    /// Empties the WAL, once it has held for long enough what was erased. Not inside a transaction.
    pub(super) fn empty_stale_wal(&mut self) -> Result<Tidy, StoreError> {
        match self.stale_wal {
            StaleWal::No => Ok(Tidy::Done),
            StaleWal::Since(calls) if calls + 1 < STALE_CALLS_MAX => {
                self.stale_wal = StaleWal::Since(calls + 1);
                Ok(Tidy::NotYet)
            }
            StaleWal::Since(_) => self.empty_wal(),
        }
    }

    /// Moves all that is in the WAL and cuts it to nothing. What does not go now is tried again after a while.
    pub(super) fn empty_wal(&mut self) -> Result<Tidy, StoreError> {
        self.stale_wal = StaleWal::Since(0);
        match self.row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0)) {
            Ok(Some(false)) => {
                self.stale_wal = StaleWal::No;
                self.checkpoints.moved(Instant::now());
                return Ok(Tidy::Done);
            }
            // Somebody outside reads the file, for a backup perhaps.
            Ok(_) => log::debug!("the WAL holds what was recalled: it is being read"),
            Err(error @ StoreError::Unconfirmed(_)) => return Err(error),
            Err(error) => log::error!("the WAL holds what was recalled, and cannot be emptied: {error}"),
        }
        Ok(Tidy::NotYet)
    }
}
