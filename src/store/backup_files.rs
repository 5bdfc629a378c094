//! Uploaded files in a copy of the store, and out of it.
//!
//! A copy is one file, so the bytes of the files that users have sent lie in it as a table, `backup_upload`. The copy is
//! of one moment, and the daemon goes on meanwhile: a file that was recalled since is gone from the disk, and then the
//! copy does not know of it either.
//!
//! On the way back they are written into a folder beside the store, which takes the place of the old one just before the
//! store does; the old one is kept with the old store. Tests: `tests/store/backup.rs`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::backup::{BackupError, blame, failed, sync_folder_of};
use super::files::folder_of;
use crate::chat::ids::FileId;

/// Copies the bytes of all files of which the copy knows into it. Returns how many there are.
pub(super) fn take_in(
    copy: &Connection,
    part: &Path,
    folder: &Path,
    store: &Path,
) -> Result<u64, BackupError> {
    let words = |error: rusqlite::Error| blame(part, store, &error);
    copy.execute_batch("DROP TABLE IF EXISTS backup_upload").map_err(words)?;
    if !has_table(copy, "file").map_err(words)? {
        // A store of an older version: it has none.
        return Ok(0);
    }
    let sql = "CREATE TABLE backup_upload (file TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT";
    copy.execute_batch(sql).map_err(words)?;
    let mut known = copy.prepare("SELECT file, bytes FROM file").map_err(words)?;
    let known: rusqlite::Result<Vec<(String, u64)>> =
        known.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).and_then(Iterator::collect);
    let mut count = 0;
    for (name, bytes) in known.map_err(words)? {
        let Some(file) = FileId::from_text(&name) else { continue };
        let path = folder_of(folder).join(file.as_str());
        match fs::read(&path) {
            Ok(content) if content.len() as u64 == bytes => {
                copy.execute("INSERT INTO backup_upload VALUES (?, ?)", params![name, content])
                    .map_err(words)?;
                count += 1;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path)(error)),
            // It was recalled since the moment of the copy.
            _ => drop(copy.execute("DELETE FROM file WHERE file = ?", [name]).map_err(words)?),
        }
    }
    copy.execute_batch("DELETE FROM file_gone").map_err(words)?;
    Ok(count)
}

/// Files on their way back. They go with the value unless they were put in their place.
#[derive(Debug)]
pub(super) struct Uploads {
    folder: PathBuf,
    pub(super) count: u64,
}

impl Drop for Uploads {
    fn drop(&mut self) {
        // Not there any more when all went well.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Uploads {
    /// Takes them out of a copy, into a folder in that of the store. `give` gives what is made to whose the store is.
    pub(super) fn take_out(
        copy: &Connection,
        store: &Path,
        blamed: &dyn Fn(rusqlite::Error) -> BackupError,
        give: &dyn Fn(&File, &Path) -> Result<(), BackupError>,
    ) -> Result<Uploads, BackupError> {
        let mut name = folder_of(store).into_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let mut uploads = Uploads { folder: PathBuf::from(name), count: 0 };
        let made = fs::DirBuilder::new().mode(0o700).create(&uploads.folder);
        made.and_then(|()| File::open(&uploads.folder))
            .map_err(failed(&uploads.folder))
            .and_then(|folder| give(&folder, &uploads.folder))?;
        if !has_table(copy, "backup_upload").map_err(blamed)? {
            return Ok(uploads);
        }
        let mut rows = copy.prepare("SELECT file, content FROM backup_upload").map_err(blamed)?;
        let mut rows = rows.query(()).map_err(blamed)?;
        while let Some(row) = rows.next().map_err(blamed)? {
            let name: String = row.get(0).map_err(blamed)?;
            let content = row.get_ref(1).and_then(|content| Ok(content.as_blob()?)).map_err(blamed)?;
            // A name that is none of ours could lead anywhere.
            let Some(file) = FileId::from_text(&name) else { continue };
            let path = uploads.folder.join(file.as_str());
            let mut options = fs::OpenOptions::new();
            let mut file =
                options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed(&path))?;
            file.write_all(content).and_then(|()| file.sync_all()).map_err(failed(&path))?;
            give(&file, &path)?;
            uploads.count += 1;
        }
        File::open(&uploads.folder).and_then(|folder| folder.sync_all()).map_err(failed(&uploads.folder))?;
        Ok(uploads)
    }

    /// Puts them in their place, just before the store comes to its own: whatever ends this in between, nothing is lost.
    /// Those that were there get another name, which is returned.
    pub(super) fn put(self, store: &Path) -> Result<Option<PathBuf>, BackupError> {
        let place = folder_of(store);
        let mut before = None;
        if place.exists() {
            let aside = (1..u32::MAX)
                .map(|number| place.with_extension(format!("old-{number}")))
                .find(|path| fs::symlink_metadata(path).is_err())
                .ok_or_else(|| BackupError::Exists(place.clone()))?;
            fs::rename(&place, &aside).map_err(failed(&aside))?;
            before = Some(aside);
        }
        if self.count > 0 {
            fs::rename(&self.folder, &place).map_err(failed(&place))?;
        }
        sync_folder_of(&place).map_err(failed(&place))?;
        Ok(before)
    }
}

/// Makes a store of a copy: what only a copy has goes, and the room that it took.
pub(super) fn clear(copy: &Connection) -> rusqlite::Result<()> {
    if has_table(copy, "backup_upload")? {
        // Beside the file and not in memory: it may be large.
        copy.execute_batch("DROP TABLE backup_upload; PRAGMA temp_store = file; VACUUM")?;
    }
    Ok(())
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
    Ok(connection.query_row(sql, [name], |_| Ok(())).optional()?.is_some())
}
