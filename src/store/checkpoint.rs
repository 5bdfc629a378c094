//! When the WAL is moved into the file of the SQLite store.
//!
//! To move it costs waits for the disk that no commit asked for: one for the WAL, one for the file, and the next
//! commit waits twice, because it begins the WAL anew. On a slow disk all who wait for an `ack` would notice. So
//! a durable store moves it when nobody speaks; when somebody always does, so seldom that these waits are half a
//! percent of the time; and whatever they cost when the WAL has reached its largest size, for it takes room, and
//! a start after a crash reads all of it. A page that was written often is moved once, so to wait saves work too.
//!
//! How long the disk lets one wait is taken from the commits themselves: a checkpoint's own time also holds what
//! it copies, which is not less when it is done less often, only more at a time.
//!
//! A relaxed store knows only the moves to be on the disk. They are its loss window, so they come once a second.
//!
//! Not in the tutorial, which keeps nothing. Tested in `tests/store/checkpoints.rs`; what it is worth is measured by
//! `scripts/bench.sh durable`.

use std::time::{Duration, Instant};

use super::open::{Durability, Options};
use super::{Sqlite, StoreError, Tidy};

/// Pages in the WAL from which on it is worth moving them, some 4 MB.
const PAGES_TO_MOVE: u64 = 1_000;
/// What SQLite has a page of.
const PAGE_BYTES: u64 = 4_096;
/// Calls of [`tidy_up`](super::Storage::tidy_up) after which a relaxed store moves whatever there is. That is the
/// window of what a power cut may lose, for only what was moved is sure to be on the disk.
const RELAXED_CALLS_MAX: u32 = 10;
/// Waits for the disk that a checkpoint adds.
const WAITS: u32 = 3;
/// The time between two checkpoints is at least so many times that of their waits: 0.5 %.
const TIMES_THE_WAITS: u32 = 200;

/// What is known of the commits since the last checkpoint.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    durability: Durability,
    wal_pages_max: u64,
    moved_at: Instant,
    /// Rows changed up to the last commit.
    changes: u64,
    commits: u32,
    /// The time that these took, together.
    commits_took: Duration,
    /// How many of them the last look has seen.
    commits_seen: u32,
    /// Looks since then.
    looks: u32,
}

/// What is to become of the WAL now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Move,
    /// Look again, though nothing may have been committed.
    Later,
    /// Nothing needs to be done before the next commit.
    Leave,
}

impl Checkpoints {
    pub(super) fn new(options: &Options) -> Checkpoints {
        Checkpoints {
            durability: options.durability,
            wal_pages_max: options.wal_bytes_max / PAGE_BYTES,
            moved_at: Instant::now(),
            changes: 0,
            commits: 0,
            commits_took: Duration::ZERO,
            commits_seen: 0,
            looks: 0,
        }
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// The same, when so many rows have been changed since the start.
    pub(super) fn with_changes(self, changes: u64) -> Checkpoints {
        Checkpoints { changes, ..self }
    }

    /// Takes note of a commit, and of how many rows have been changed since the start. One that changed none has
    /// waited for nothing.
    pub(super) fn committed(&mut self, changes: u64, took: Duration) {
        if std::mem::replace(&mut self.changes, changes) == changes {
            return;
        }
        self.commits = self.commits.saturating_add(1);
        self.commits_took = self.commits_took.saturating_add(took);
    }

    fn look(&mut self, pages: u64, now: Instant) -> Verdict {
        self.looks += 1;
        let is_quiet = std::mem::replace(&mut self.commits_seen, self.commits) == self.commits;
        if pages >= self.wal_pages_max {
            return Verdict::Move;
        }
        match self.durability {
            Durability::Relaxed if self.looks >= RELAXED_CALLS_MAX => Verdict::Move,
            Durability::Relaxed => Verdict::Later,
            Durability::Full if pages < PAGES_TO_MOVE => Verdict::Leave,
            Durability::Full if is_quiet || now - self.moved_at >= self.pause() => Verdict::Move,
            Durability::Full => Verdict::Later,
        }
    }

    /// What must lie between two checkpoints while somebody always speaks.
    fn pause(&self) -> Duration {
        let wait = self.commits_took / self.commits.max(1);
        wait.saturating_mul(WAITS * TIMES_THE_WAITS)
    }

    /// Takes note that all was moved.
    pub(super) fn moved(&mut self, now: Instant) {
        (self.moved_at, self.commits_took) = (now, Duration::ZERO);
        (self.commits, self.commits_seen, self.looks) = (0, 0, 0);
    }
}

impl Sqlite {
    /// Moves the WAL into the file, if it is time.
    pub(super) fn move_wal(&mut self) -> Result<Tidy, StoreError> {
        let (pages, moved) = self.checkpoint("PRAGMA wal_checkpoint(NOOP)")?;
        let verdict = self.checkpoints.look(pages.saturating_sub(moved), Instant::now());
        if verdict == Verdict::Move {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
            self.checkpoints.moved(Instant::now());
        }
        Ok(if verdict == Verdict::Later { Tidy::NotYet } else { Tidy::Done })
    }

    /// How many pages lie in the WAL and how many of them have been moved into the file.
    pub(super) fn checkpoint(&self, sql: &str) -> Result<(u64, u64), StoreError> {
        // -1 stands for a WAL that is not there.
        let count = |column: i64| u64::try_from(column).unwrap_or(0);
        let pages = self.row(sql, (), |row| Ok((count(row.get(1)?), count(row.get(2)?))))?;
        Ok(pages.unwrap_or_default())
    }
}
