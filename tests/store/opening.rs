//! What is opened, and what is refused and left as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use karez::chat::output::{Query, Record};
use karez::store::{OpenError, Options, Sqlite, Storage};
use rusqlite::Connection;

use crate::common::{fill, id};
use crate::folder::Scratch;

/// Refused, and not a byte is different afterwards.
#[track_caller]
fn refused(scratch: &Scratch) -> OpenError {
    let before = fs::read(scratch.file()).unwrap();
    let error = Sqlite::open(&scratch.options()).unwrap_err();
    assert!(fs::read(scratch.file()).unwrap() == before, "the file was changed");
    error
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn files_are_for_their_owner_only() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    assert_eq!(mode(scratch.options().folder), 0o700);
    for entry in fs::read_dir(scratch.options().folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(scratch.options().folder.join("karez.db-wal").exists());
}

#[test]
fn a_folder_that_is_there_keeps_its_mode() {
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o755)).unwrap();
    Sqlite::open(&Options::new(&scratch.0)).unwrap();
    assert_eq!(mode(&scratch.0), 0o755);
}

#[test]
fn a_second_daemon_is_refused_for_as_long_as_the_first_lives() {
    let scratch = Scratch::new();
    let mut first = scratch.open();
    for _ in 0..2 {
        let second = Sqlite::open(&scratch.options());
        assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
    }
    fill(&mut first, 1);
    drop(first);
    scratch.open();
}

#[test]
fn a_file_that_is_no_database_is_foreign() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.options().folder).unwrap();
    fs::write(scratch.file(), "Dear diary, ".repeat(1_000)).unwrap();
    let error = refused(&scratch);
    assert!(matches!(error, OpenError::Foreign(_)), "{error:?}");
    assert!(error.to_string().contains("is not a store of karez. It was left as it is"), "{error}");
}

#[test]
fn a_database_of_somebody_else_is_foreign() {
    for (id, journal) in [(0, "delete"), (0, "wal"), (7, "delete")] {
        let scratch = Scratch::new();
        fs::create_dir(scratch.options().folder).unwrap();
        let other = scratch.look();
        other.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(())).unwrap();
        other.pragma_update(None, "application_id", id).unwrap();
        other.execute_batch("CREATE TABLE photo (name TEXT); INSERT INTO photo VALUES ('cat');").unwrap();
        drop(other);
        let error = refused(&scratch);
        assert!(matches!(error, OpenError::Foreign(_)), "{error:?}");
    }
}

#[test]
fn what_lies_in_the_wal_of_somebody_else_stays_there() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.options().folder).unwrap();
    let other = scratch.look();
    other.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    other.execute_batch("CREATE TABLE photo (name TEXT); INSERT INTO photo VALUES ('cat');").unwrap();
    // As if that program had been killed: its files, without it.
    let wal = |folder: &Path| folder.join("karez.db-wal");
    let copy = Scratch::new();
    fs::create_dir(copy.options().folder).unwrap();
    fs::copy(scratch.file(), copy.file()).unwrap();
    fs::copy(wal(&scratch.options().folder), wal(&copy.options().folder)).unwrap();
    let before = fs::read(wal(&copy.options().folder)).unwrap();
    assert!(matches!(refused(&copy), OpenError::Foreign(_)));
    assert!(fs::read(wal(&copy.options().folder)).unwrap() == before);
}

#[test]
fn a_later_schema_is_refused_with_the_way_back() {
    let scratch = Scratch::new();
    drop(scratch.open());
    scratch.look().pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&scratch);
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("run the version that wrote it"), "{error}");
}

#[test]
fn a_damaged_store_is_refused() {
    let filled = || {
        let scratch = Scratch::new();
        let mut store = scratch.open();
        fill(&mut store, 200);
        store.close().unwrap();
        scratch
    };
    // Cut off in the middle.
    let scratch = filled();
    let bytes = fs::read(scratch.file()).unwrap();
    fs::write(scratch.file(), &bytes[..bytes.len() / 2]).unwrap();
    let error = refused(&scratch);
    assert!(matches!(error, OpenError::Damaged(..)), "{error:?}");
    assert!(error.to_string().contains("was left as it is; put back a copy"), "{error}");
    // The page with the list of tables overwritten.
    let scratch = filled();
    let mut bytes = fs::read(scratch.file()).unwrap();
    bytes[100..4_096].fill(0xaa);
    fs::write(scratch.file(), bytes).unwrap();
    assert!(matches!(refused(&scratch), OpenError::Damaged(..)));
    // A table is missing.
    let scratch = filled();
    scratch.look().execute_batch("DROP TABLE meta").unwrap();
    assert!(matches!(refused(&scratch), OpenError::Damaged(..)));
}

#[test]
fn an_empty_file_becomes_a_store() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.options().folder).unwrap();
    fs::write(scratch.file(), "").unwrap();
    fill(&mut scratch.open(), 1);
    let header: Connection = scratch.look();
    let number = |name| header.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let scripts =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/schema")).unwrap().count();
    assert_eq!(number("application_id"), 0x4b41_525a);
    assert_eq!(usize::try_from(number("user_version")).unwrap(), scripts);
}

#[test]
fn a_store_of_the_first_schema_is_brought_up_to_date() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.options().folder).unwrap();
    let old = scratch.look();
    old.execute_batch(include_str!("../../src/store/schema/0001_first.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO user VALUES (1, 5, 'five', 0);
         PRAGMA application_id = 1262572122; PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let mut store = scratch.open();
    let user = store.read(&Query::User(id(5))).unwrap();
    assert!(matches!(user, Record::User(_, Some(of)) if &*of.name == "five"));
    fill(&mut store, 1);
}

#[test]
fn old_entries_are_numbered_as_they_stand_in_their_conversation_whatever_the_clock_said() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.options().folder).unwrap();
    let old = scratch.look();
    for script in [
        include_str!("../../src/store/schema/0001_first.sql"),
        include_str!("../../src/store/schema/0002_sends.sql"),
        include_str!("../../src/store/schema/0003_administration.sql"),
    ] {
        old.execute_batch(script).unwrap();
    }
    old.execute_batch(
        "INSERT INTO conversation (conversation, gid) VALUES (1, 7), (2, 8);
         INSERT INTO entry (conversation, seq, uid, name, content, time) VALUES
             (1, 1, 5, 'five', 'a', 100), (1, 2, 5, 'five', 'c', 500), (1, 3, 5, 'five', 'd', 50),
             (1, 4, 5, 'five', 'f', 600), (2, 1, 5, 'five', 'b', 300), (2, 2, 5, 'five', 'e', 550);
         PRAGMA application_id = 1262572122; PRAGMA user_version = 3;",
    )
    .unwrap();
    drop(old);
    drop(scratch.open());
    let look = scratch.look();
    let mut entries = look.prepare("SELECT content FROM entry ORDER BY entry").unwrap();
    let contents: Vec<String> =
        entries.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(contents, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn where_nothing_can_be_written_it_says_so() {
    let scratch = Scratch::new();
    // A folder cannot be made below a file.
    fs::write(scratch.0.join("data"), "").unwrap();
    let error = Sqlite::open(&Options::new(scratch.0.join("data/deeper"))).unwrap_err();
    assert!(matches!(error, OpenError::NoAccess(..)), "{error:?}");
    assert!(error.to_string().contains("Let this user write there"), "{error}");
    // A folder stands where the file should be.
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.file()).unwrap();
    let error = Sqlite::open(&scratch.options()).unwrap_err();
    assert!(matches!(error, OpenError::NoAccess(..)), "{error:?}");
}
