//! The store in a file, by SQLite.
//!
//! One connection, one transaction per turn, a WAL. With [`Durability::Full`] a commit waits for the disk, and
//! since the commit is shared by everything that the turn brought, that costs a busy daemon little.
//!
//! Each order is one statement that proves what it presumes: an entry is inserted only where its author is
//! stored, its conversation is there and its number is the next; when no row was touched, a second look says
//! why. So there is nothing beside the file that a rollback would have to put back.
//!
//! When an fsync has failed, what the disk holds is unknown: the system may have dropped the pages and call the
//! next fsync a success. Nothing is written any more then, the WAL stays as it is, and reading goes on. The
//! WAL is moved into the file only in [`tidy_up`](Storage::tidy_up) (`checkpoint.rs`), never inside a commit, where
//! SQLite would hide such a failure. Every statement is finished when a call returns, so that nothing holds the WAL.
//!
//! Opening is in `open.rs`, how an entry is added in `entries.rs`, what is kept of groups in `groups.rs`, the tables in `schema/`. Tested in `tests/store/`, and from outside, with a daemon
//! that is killed, in `tests/crash/`.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, ffi, params};

use super::answers::KeptAnswer;
use super::checkpoint::Checkpoints;
use super::files::Folder;
use super::forgotten::Hidden;
use super::open::{self, Durability, OpenError, Options};
use super::recall::StaleWal;
use super::retention::{Progress, Retention};
use super::rows::Key;
use super::{Identity, Storage, StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Query, Record, Store};

/// The store in a file.
pub struct Sqlite {
    pub(super) connection: Connection,
    /// Whether a transaction is open; SQLite may have given it up by itself after an error.
    open: bool,
    /// The words of the fsync that failed. In a cell because a read may meet it too.
    unconfirmed: RefCell<Option<String>>,
    pub(super) checkpoints: Checkpoints,
    /// Whether the WAL still holds what was erased.
    pub(super) stale_wal: StaleWal,
    pub(super) retention: Retention,
    pub(super) hidden: Hidden,
    pub(super) progress: Progress,
    pub(super) folder: Folder,
    file: Box<Path>,
    /// Held until the connection is closed: fields are dropped in order.
    _lock: File,
}

impl Sqlite {
    /// Opens the store in a folder, and makes it if there is none.
    ///
    /// # Errors
    /// [`OpenError`], with words for the operator.
    pub fn open(options: &Options) -> Result<Sqlite, OpenError> {
        let stale_wal = StaleWal::found(&options.file());
        let open::Opened { connection, lock } = open::open(options)?;
        let mut store = Sqlite {
            connection,
            open: false,
            unconfirmed: RefCell::new(None),
            checkpoints: Checkpoints::new(options),
            stale_wal,
            retention: options.retention,
            hidden: Hidden::default(),
            progress: Progress::default(),
            folder: Folder::new(&options.folder),
            file: options.file().into(),
            _lock: lock,
        };
        let loaded = store.load_hidden().and_then(|()| store.sweep_files());
        loaded.map_err(|error| OpenError::Medium(options.file(), error.to_string()))?;
        store.wipe_all();
        if store.stale_wal != StaleWal::No
            && let Err(error) = store.empty_wal()
        {
            log::error!("what the last daemon left could not be moved: {error}");
        }
        Ok(store)
    }

    /// Where it is.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What commits wait for, as SQLite says it.
    ///
    /// # Errors
    /// When the medium fails.
    pub fn durability(&self) -> Result<Durability, StoreError> {
        let level = self.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
        match level {
            Ok(2) => Ok(Durability::Full),
            Ok(_) => Ok(Durability::Relaxed),
            Err(error) => Err(self.judge(&error)),
        }
    }

    /// What an error means for us.
    pub(super) fn judge(&self, error: &rusqlite::Error) -> StoreError {
        let Some(code) = error.sqlite_error() else { return StoreError::Medium(error.to_string()) };
        match (code.code, code.extended_code) {
            (ErrorCode::DiskFull, _) => StoreError::Full,
            (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
                let words = error.to_string();
                *self.unconfirmed.borrow_mut() = Some(words.clone());
                StoreError::Unconfirmed(words)
            }
            _ => StoreError::Medium(error.to_string()),
        }
    }

    pub(super) fn confirmed(&self) -> Result<(), StoreError> {
        match &*self.unconfirmed.borrow() {
            Some(words) => Err(StoreError::Unconfirmed(words.clone())),
            None => Ok(()),
        }
    }

    /// Carries out a statement and returns how many rows it touched.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        done.map_err(|error| self.judge(&error))
    }

    /// The first row, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let row = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read).optional());
        row.map_err(|error| self.judge(&error))
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect());
        rows.map_err(|error| self.judge(&error))
    }

    /// Reads row by row, for as long as `take` wants more.
    pub(super) fn each_row(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| {
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                if !take(row)? {
                    break;
                }
            }
            Ok(())
        });
        done.map_err(|error| self.judge(&error))
    }

    /// Writes something that belongs to no turn.
    pub(super) fn in_own_transaction<T>(
        &mut self,
        write: impl FnOnce(&Sqlite) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.begin()?;
        let written = write(self).inspect_err(|_| self.rollback())?;
        self.commit().map(|()| written)
    }

    /// The same, without waiting for the disk: what a power cut takes is written again.
    pub(super) fn in_own_lazy_transaction<T>(
        &mut self,
        write: impl FnOnce(&Sqlite) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.wait_for(Durability::Relaxed)?;
        let counted = self.checkpoints.clone();
        let written = self.in_own_transaction(write);
        // A commit that waits for no disk tells nothing of the disk.
        self.checkpoints = counted.with_changes(self.connection.total_changes());
        self.wait_for(self.checkpoints.durability())?;
        written
    }

    fn write_what_can_wait(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let left = self
            .wipe_some()?
            .and(self.erase_some()?)
            .and(self.erase_hidden()?)
            .and(self.drop_files(now)?)
            .and(self.forget_sends(now)?)
            .and(self.forget_answers(now)?)
            .and(self.drop_pushes(now)?)
            .and(self.drop_surplus(now)?)
            .and(self.drop_tickets(now)?);
        Ok(left.and(self.index_some()?))
    }

    fn wait_for(&self, durability: Durability) -> Result<(), StoreError> {
        let set = self.connection.pragma_update(None, "synchronous", durability.synchronous());
        set.map_err(|error| self.judge(&error))
    }

    pub(super) fn is_there(&self, sql: &str, params: impl Params) -> Result<bool, StoreError> {
        Ok(self.row(sql, params, |_| Ok(()))?.is_some())
    }

    pub(super) fn demand_user(&self, uid: &Id) -> Result<(), StoreError> {
        let stored = self.is_there("SELECT 1 FROM user WHERE uid = ?", [Key(uid)])?;
        if stored { Ok(()) } else { Err(StoreError::NoSuchUser(uid.clone())) }
    }

    pub(super) fn demand_group(&self, gid: &Id) -> Result<(), StoreError> {
        let stored = self.is_there("SELECT 1 FROM conversation WHERE gid = ? AND deleted = 0", [Key(gid)])?;
        if stored { Ok(()) } else { Err(StoreError::NoSuchGroup(gid.clone())) }
    }

    pub(super) fn meta<T: FromSql>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0))
    }
}

impl Storage for Sqlite {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        let (epoch, guest_secret) = match (self.meta("epoch")?, self.meta("guest_secret")?) {
            (Some(epoch), Some(secret)) => (epoch, secret),
            _ => {
                self.begin()?;
                self.confirmed()?;
                let sql = "INSERT OR REPLACE INTO meta VALUES ('epoch', ?), ('guest_secret', ?)";
                let done = self.run(sql, params![fresh.epoch, fresh.guest_secret]);
                done.and_then(|_| self.commit()).inspect_err(|_| self.rollback())?;
                (fresh.epoch, fresh.guest_secret)
            }
        };
        Ok(Identity { epoch, guest_secret })
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.open {
            return Err(StoreError::TransactionOpen);
        }
        // A transaction that only reads needs nothing of the disk that a failed fsync has spoilt.
        let writes = self.unconfirmed.borrow().is_none();
        self.run(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" }, ())?;
        self.open = true;
        Ok(())
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        self.confirmed()?;
        match order {
            Store::User { uid, name, guest } => self.write_user(uid, name, guest),
            Store::Group { gid } => self.write_group(gid),
            Store::GroupUpdate { gid, name, open } => self.update_group(gid, name, open),
            Store::NoGroup { gid } => self.delete_group(gid),
            Store::Sanction { gid, uid, sanction, term } => self.write_sanction(gid, uid, sanction, term),
            Store::Block { uid, other, on } => self.write_block(uid, other, on),
            Store::Ban { uid, term } => self.write_ban(uid, term),
            Store::Member { gid, uid, role } => self.write_member(gid, uid, role),
            Store::NoMember { gid, uid } => self.strike_member(gid, uid),
            Store::Seen { uid, day } => self.see(uid, day),
            Store::NoUser { uid } => self.forget(uid),
            Store::Forget { uid, groups } => self.forget_person(uid, groups),
            Store::Guests { until } => {
                let sql = "INSERT OR REPLACE INTO meta VALUES ('guests_until', ?)";
                self.run(sql, [until]).map(drop)
            }
            Store::Read { uid, conversation, seq } => self.write_read(uid, conversation, seq),
            Store::Append { entry, sent_as } => self.append(entry, sent_as),
            Store::Erase { conversation, seq } => self.erase(conversation, seq),
            Store::Wait { uid, conversation, seq } => self.write_waiting(uid, conversation, seq),
            Store::NoWait { uid, conversation, until } => self.strike_waiting(uid, conversation, until),
            Store::Push { number, push, receivers } => self.keep_push(number, push, receivers),
            Store::NoPush { uid, until } => self.strike_pushes(uid, until),
            Store::File { file } => self.write_file(file),
            Store::Bind { file, conversation, seq } => self.bind_file(file, conversation, seq),
            Store::Desk(order) => self.write_desk(order),
        }
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        Ok(match query {
            Query::User(uid) => Record::User(uid.clone(), self.user(uid)?),
            Query::Group(gid) => Record::Group(gid.clone(), self.group(gid)?),
            Query::Groups(page) => Record::Groups(page.clone(), self.groups_page(page)?),
            Query::Direct(low, high) => {
                let last = self.last(self.conversation(&Conversation::direct(low, high))?)?;
                Record::Direct(low.clone(), high.clone(), last)
            }
            Query::Named(uid) => Record::Named(uid.clone(), self.is_named(uid)?),
            Query::Forgotten(uid) => Record::Forgotten(uid.clone(), self.forgotten(uid)?),
            Query::Guests => Record::Guests(self.meta("guests_until")?.unwrap_or(0)),
            Query::Forgettable { seen_before } => {
                Record::Forgettable { seen_before: *seen_before, uid: self.forgettable(*seen_before)? }
            }
            Query::Page(query) => Record::Page(query.clone(), self.page(query)?),
            Query::Cursor(query) => Record::Cursor(query.clone(), self.cursor(query)?),
            Query::Conversations(query) => Record::Conversations(query.clone(), self.conversations(query)?),
            Query::Search(query) => Record::Search(query.clone(), self.search(query)?),
            Query::Waiting(query) => Record::Waiting(query.clone(), self.waiting_page(query)?),
            Query::LastPush => Record::LastPush(self.last_push()?),
            Query::Pushes(query) => Record::Pushes(query.clone(), self.pushes_page(query)?),
            Query::File(file) => Record::File(file.clone(), self.file_record(file)?),
            Query::Desk(query) => Record::Desk(self.read_desk(query)?),
            Query::Sent { uid, id } => {
                Record::Sent { uid: uid.clone(), id: id.clone(), sent: self.sent(uid, id)? }
            }
        })
    }

    fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        self.confirmed()?;
        self.put_answer(key, answer)
    }

    fn kept_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        self.find_answer(key, now)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        let began = Instant::now();
        let done = self.sync_files().and_then(|()| self.run("COMMIT", ()));
        self.checkpoints.committed(self.connection.total_changes(), began.elapsed());
        if done.is_err() {
            self.rollback();
        }
        self.settle_hidden(true);
        self.settle_files(true);
        self.open = false;
        done.map(drop)
    }

    fn rollback(&mut self) {
        self.open = false;
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK", ())
        {
            log::error!("the store could not take back a turn: {error}");
        }
        self.settle_hidden(false);
        self.settle_files(false);
    }

    fn tidy_up(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        if self.confirmed().is_err() {
            return Ok(Tidy::Done);
        }
        let left = match self.write_what_can_wait(now) {
            // The WAL is moved all the same: that makes room, and it would grow for as long as the failure lasts.
            Err(error) if self.confirmed().is_ok() => {
                log::error!("the store could not tidy up: {error}");
                Tidy::Done
            }
            done => done?,
        };
        Ok(left.and(self.empty_stale_wal()?).and(self.move_wal()?))
    }

    fn set_retention(&mut self, retention: Retention) {
        self.keep(retention);
    }

    fn probe(&mut self) -> Result<(), StoreError> {
        self.write_and_erase()
    }

    fn size_bytes(&self) -> u64 {
        self.file_bytes()
    }

    fn last_entry(&self) -> Result<u64, StoreError> {
        self.newest_entry()
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.rollback();
        self.confirmed()?;
        self.wipe_all();
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").map(drop)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if self.unconfirmed.borrow().is_some() {
            // Or the WAL would be moved and deleted, and it may be all there is.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}
