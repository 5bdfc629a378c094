//! Uploaded files, as both stores keep them: what is known of a file, and its bytes.
//!
//! In the store on disk the bytes lie in the folder `files` beside the database, each file under its id, which is made
//! of letters and digits and is no name that a person gave. What is known of it is a row. A row is written in the
//! transaction in which the core accepts the file, and before that transaction is committed the bytes are on the disk,
//! and so is their name in the folder: so a file that was acknowledged is whole. Bytes without a row are of an upload
//! that broke off; the start takes them away.
//!
//! A row goes with its entry, by a trigger, whoever takes that out: a recall, retention, the end of a group, the
//! deletion of a person. Which bytes are to go then stands in `file_gone`, and [`tidy_up`](super::Storage::tidy_up)
//! takes them off the disk some at a time.
//!
//! In memory a file is gone when its entry is, which is looked up when somebody asks.
//! Tested in `tests/store/files.rs`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Row, params};

use super::memory::{Memory, Undo};
use super::open::Durability;
use super::rows::Key;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::limits;
use crate::chat::ids::{Conversation, FileId, Id, TicketId};
use crate::chat::output::{FileRecord, Recall};

/// The bytes of uploaded files, as the floor above gives and takes them. A store that has none refuses.
pub trait FileBytes {
    /// Appends bytes to a file that is being uploaded; the first ones make it. Nothing of it lasts before
    /// [`Store::File`](crate::chat::output::Store::File) is committed.
    ///
    /// # Errors
    /// There is no room, or the medium fails. What has come so far is to be dropped.
    fn put_bytes(&mut self, _file: &FileId, _bytes: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Medium("this store keeps no files".to_owned()))
    }

    /// Gives up a file that is being uploaded.
    fn drop_bytes(&mut self, _file: &FileId) {}

    /// Appends to `into` what a file holds from a place on, so many bytes at most.
    ///
    /// # Errors
    /// The file is not there any more, or the medium fails.
    fn read_bytes(
        &self,
        file: &FileId,
        _from: u64,
        _bytes_max: usize,
        _into: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        Err(StoreError::NoSuchFile(file.clone()))
    }

    /// How many bytes all files together have that are kept, or are still to be taken off the disk.
    fn files_bytes(&self) -> u64 {
        0
    }
}

/// Where the bytes lie, and what of it is not certain yet.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Bytes of all files that are kept or still to go.
    bytes: u64,
    /// Files whose rows the open transaction has written.
    unsynced: Vec<(FileId, u64)>,
}

/// The folder of the files of a store.
pub(super) fn folder_of(store: &Path) -> PathBuf {
    store.join("files")
}

impl Folder {
    pub(super) fn new(store: &Path) -> Folder {
        Folder { path: folder_of(store), bytes: 0, unsynced: Vec::new() }
    }

    fn file(&self, file: &FileId) -> PathBuf {
        self.path.join(file.as_str())
    }

    fn append(&self, file: &FileId, bytes: &[u8]) -> io::Result<()> {
        let open = || OpenOptions::new().append(true).create(true).mode(0o600).open(self.file(file));
        let mut file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
                // The name of the folder must survive a power cut as well as what is in it.
                self.path.parent().map_or(Ok(()), |store| File::open(store)?.sync_all())?;
                open()?
            }
            file => file?,
        };
        file.write_all(bytes)
    }

    fn read(&self, file: &FileId, from: u64, bytes_max: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let mut file = File::open(self.file(file))?;
        file.seek(SeekFrom::Start(from))?;
        file.take(bytes_max as u64).read_to_end(into).map(drop)
    }

    fn remove(&self, file: &FileId) -> io::Result<()> {
        match fs::remove_file(self.file(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Puts what the open transaction has written rows of on the disk.
    fn sync(&self) -> io::Result<()> {
        for (file, _) in &self.unsynced {
            File::open(self.file(file))?.sync_all()?;
        }
        if self.unsynced.is_empty() { Ok(()) } else { File::open(&self.path)?.sync_all() }
    }
}

fn judge(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Medium(error.to_string()),
    }
}

impl FileBytes for Sqlite {
    fn put_bytes(&mut self, file: &FileId, bytes: &[u8]) -> Result<(), StoreError> {
        self.confirmed()?;
        self.folder.append(file, bytes).map_err(|error| judge(&error))
    }

    fn drop_bytes(&mut self, file: &FileId) {
        if let Err(error) = self.folder.remove(file) {
            log::error!("an upload that was given up could not be removed: {error}");
        }
    }

    fn read_bytes(
        &self,
        file: &FileId,
        from: u64,
        bytes_max: usize,
        into: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        self.folder.read(file, from, bytes_max, into).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoSuchFile(file.clone()),
            _ => judge(&error),
        })
    }

    fn files_bytes(&self) -> u64 {
        self.folder.bytes
    }
}

impl Sqlite {
    /// Takes away what uploads have left that broke off, and counts the rest. Once, when the store is opened.
    pub(super) fn sweep_files(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT (SELECT coalesce(sum(bytes), 0) FROM file)
                        + (SELECT coalesce(sum(bytes), 0) FROM file_gone)";
        self.folder.bytes = self.row(sql, (), |row| row.get(0))?.unwrap_or(0);
        let names = match fs::read_dir(&self.folder.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            names => names.map_err(|error| judge(&error))?,
        };
        let mut swept = 0_usize;
        for name in names {
            let name = name.map_err(|error| judge(&error))?.file_name();
            // What has no name of ours was put there by somebody else, and stays.
            let Some(file) = name.to_str().and_then(FileId::from_text) else { continue };
            let sql = "SELECT 1 FROM file WHERE file = ?1 UNION ALL SELECT 1 FROM file_gone WHERE file = ?1";
            if !self.is_there(sql, [file.as_str()])? {
                self.drop_bytes(&file);
                swept += 1;
            }
        }
        if swept > 0 {
            log::info!("{swept} uploads had broken off, and are removed");
        }
        Ok(())
    }

    pub(super) fn write_file(&mut self, file: &FileRecord) -> Result<(), StoreError> {
        let (gid, low, high, ticket) = match &file.conversation {
            Conversation::Group(gid) => (Some(Key(gid)), None, None, None),
            Conversation::Direct(low, high) => (None, Some(Key(low)), Some(Key(high)), None),
            Conversation::Ticket(ticket) => (None, None, None, Some(ticket.0)),
        };
        let sql = "INSERT INTO file (file, uid, gid, low, high, ticket, name, type, bytes, time)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (id, uid) = (file.id.as_str(), Key(&file.uid));
        let (name, media_type) = (&file.name, &file.media_type);
        let params = params![id, uid, gid, low, high, ticket, name, media_type, file.bytes, file.time.0];
        self.run(sql, params)?;
        self.folder.unsynced.push((file.id.clone(), file.bytes));
        self.folder.bytes += file.bytes;
        Ok(())
    }

    pub(super) fn bind_file(
        &self,
        file: &FileId,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<(), StoreError> {
        let row = self.conversation(conversation)?;
        let sql = "UPDATE file SET conversation = ?2, seq = ?3
                   WHERE file = ?1 AND seq IS NULL
                   AND EXISTS (SELECT 1 FROM entry WHERE conversation = ?2 AND seq = ?3)";
        match self.run(sql, params![file.as_str(), row, seq])? {
            0 => Err(StoreError::NoSuchFile(file.clone())),
            _ => Ok(()),
        }
    }

    pub(super) fn file_record(&self, file: &FileId) -> Result<Option<FileRecord>, StoreError> {
        let sql = "SELECT uid, gid, low, high, seq, name, type, bytes, time, ticket FROM file WHERE file = ?";
        self.row(sql, [file.as_str()], |row| record_of(file, row))
    }

    /// All files of a group that is no more.
    pub(super) fn drop_files_of_group(&self, gid: &Id) -> Result<(), StoreError> {
        self.run("DELETE FROM file WHERE gid = ?", [Key(gid)]).map(drop)
    }

    /// All files of a person who is deleted; tells how many.
    pub(super) fn drop_files_of(&self, uid: &Id) -> Result<u64, StoreError> {
        Ok(self.run("DELETE FROM file WHERE uid = ?", [Key(uid)])? as u64)
    }

    /// Puts the bytes of new files on the disk, before what says that they are there.
    pub(super) fn sync_files(&mut self) -> Result<(), StoreError> {
        let done = match self.checkpoints.durability() {
            Durability::Full => self.folder.sync(),
            Durability::Relaxed => Ok(()),
        };
        done.map_err(|error| judge(&error))
    }

    /// The transaction is over: what it has written rows of is kept, or goes.
    pub(super) fn settle_files(&mut self, is_committed: bool) {
        for (file, bytes) in std::mem::take(&mut self.folder.unsynced) {
            if !is_committed {
                self.folder.bytes -= bytes;
                self.drop_bytes(&file);
            }
        }
    }

    /// Takes some bytes off the disk that nobody may have any more, and gives up files that belong to no entry. Not
    /// inside a transaction.
    pub(super) fn drop_files(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let at_once = limits::FILES_REMOVED_AT_ONCE.count();
        let until = now.0.saturating_sub(limits::FILE_UNBOUND_MS.default);
        let sql = "SELECT file FROM file WHERE seq IS NULL AND time < ? ORDER BY time LIMIT ?";
        let unbound: Vec<String> = self.rows(sql, params![until, at_once], |row| row.get(0))?;
        let sql = "SELECT file, bytes FROM file_gone LIMIT ?";
        let gone: Vec<(String, u64)> = self.rows(sql, [at_once], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if unbound.is_empty() && gone.is_empty() {
            return Ok(Tidy::Done);
        }
        for (file, _) in &gone {
            if let Some(file) = FileId::from_text(file) {
                self.folder.remove(&file).map_err(|error| judge(&error))?;
            }
        }
        self.in_own_lazy_transaction(|store| {
            for file in &unbound {
                store.run("DELETE FROM file WHERE file = ?", [file])?;
            }
            for (file, _) in &gone {
                store.run("DELETE FROM file_gone WHERE file = ?", [file])?;
            }
            Ok(())
        })?;
        self.folder.bytes -= gone.iter().map(|(_, bytes)| bytes).sum::<u64>();
        Ok(Tidy::NotYet)
    }
}

fn record_of(file: &FileId, row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    let (gid, low, high): (Option<Id>, Option<Id>, Option<Id>) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let conversation = match (gid, low, high) {
        (None, Some(low), Some(high)) => Conversation::Direct(low, high),
        (Some(gid), ..) => Conversation::Group(gid),
        _ => Conversation::Ticket(TicketId(row.get(9)?)),
    };
    Ok(FileRecord {
        id: file.clone(),
        uid: row.get(0)?,
        conversation,
        seq: row.get(4)?,
        name: row.get(5)?,
        media_type: row.get(6)?,
        bytes: row.get(7)?,
        time: UnixMillis(row.get(8)?),
    })
}

/// The files of the store in memory.
#[derive(Debug, Default)]
pub(super) struct Files {
    records: BTreeMap<FileId, FileRecord>,
    /// Of files that are being uploaded too.
    bytes: BTreeMap<FileId, Vec<u8>>,
}

/// A step back.
#[derive(Debug)]
pub(super) enum Step {
    Came(FileId),
    Bound(FileId),
    Went(Vec<FileRecord>),
}

impl FileBytes for Memory {
    fn put_bytes(&mut self, file: &FileId, bytes: &[u8]) -> Result<(), StoreError> {
        self.files.bytes.entry(file.clone()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn drop_bytes(&mut self, file: &FileId) {
        self.files.bytes.remove(file);
    }

    fn read_bytes(
        &self,
        file: &FileId,
        from: u64,
        bytes_max: usize,
        into: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let kept = self.files.bytes.get(file).filter(|_| self.file_record(file).is_some());
        let bytes = kept.ok_or_else(|| StoreError::NoSuchFile(file.clone()))?;
        let rest = bytes.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
        into.extend_from_slice(rest.get(..bytes_max).unwrap_or(rest));
        Ok(())
    }

    fn files_bytes(&self) -> u64 {
        self.files.records.values().map(|file| file.bytes).sum()
    }
}

impl Memory {
    pub(super) fn write_file(&mut self, file: &FileRecord) -> Undo {
        self.files.records.insert(file.id.clone(), file.clone());
        Undo::File(Box::new(Step::Came(file.id.clone())))
    }

    pub(super) fn bind_file(
        &mut self,
        file: &FileId,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<Undo, StoreError> {
        let has_entry = self.entry(conversation, seq).is_some();
        match self.files.records.get_mut(file).filter(|file| file.seq.is_none() && has_entry) {
            Some(known) => {
                known.seq = Some(seq);
                Ok(Undo::File(Box::new(Step::Bound(file.clone()))))
            }
            None => Err(StoreError::NoSuchFile(file.clone())),
        }
    }

    pub(super) fn file_record(&self, file: &FileId) -> Option<FileRecord> {
        self.files.records.get(file).filter(|file| self.stands(file)).cloned()
    }

    /// Whether the entry of a file is there, and says what it said.
    fn stands(&self, file: &FileRecord) -> bool {
        let Some(seq) = file.seq else { return true };
        self.entry(&file.conversation, seq).is_some_and(|entry| entry.recall == Recall::None)
    }

    /// All files of a person who is deleted; tells how many anybody could still have.
    pub(super) fn drop_files_of(&mut self, uid: &Id) -> (u64, Undo) {
        let theirs = self.files.records.values().filter(|file| file.uid == *uid);
        let stood = theirs.clone().filter(|file| self.stands(file)).count() as u64;
        let theirs: Vec<FileId> = theirs.map(|file| file.id.clone()).collect();
        let theirs = theirs.iter().filter_map(|file| self.files.records.remove(file)).collect();
        (stood, Undo::File(Box::new(Step::Went(theirs))))
    }

    pub(super) fn step_back_file(&mut self, step: Step) {
        match step {
            Step::Came(file) => {
                self.files.records.remove(&file);
                self.files.bytes.remove(&file);
            }
            Step::Bound(file) => {
                if let Some(file) = self.files.records.get_mut(&file) {
                    file.seq = None;
                }
            }
            Step::Went(files) => {
                self.files.records.extend(files.into_iter().map(|file| (file.id.clone(), file)));
            }
        }
    }

    /// The transaction is committed: what went in it is not needed any more.
    pub(super) fn settle_file(&mut self, step: &Step) {
        if let Step::Went(files) = step {
            for file in files {
                self.files.bytes.remove(&file.id);
            }
        }
    }

    /// Gives up files that nobody may have any more.
    pub(super) fn drop_files(&mut self, now: UnixMillis) -> Tidy {
        let until = UnixMillis(now.0.saturating_sub(limits::FILE_UNBOUND_MS.default));
        let is_gone = |file: &&FileRecord| !self.stands(file) || (file.seq.is_none() && file.time < until);
        let gone = self.files.records.values().filter(is_gone).map(|file| file.id.clone());
        let gone: Vec<FileId> = gone.take(limits::FILES_REMOVED_AT_ONCE.count()).collect();
        for file in &gone {
            self.files.records.remove(file);
            self.files.bytes.remove(file);
        }
        if gone.is_empty() { Tidy::Done } else { Tidy::NotYet }
    }
}
