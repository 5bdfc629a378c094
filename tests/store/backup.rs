//! Copies of a store that is open, and how they are put back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use karez::base::limits::{GUEST_UID_FIRST, GUESTS_SKIPPED_BY_RESTORE, KEYS_FILE_BYTES_MAX};
use karez::chat::output::{Query, Record, Store};
use karez::store::{
    BackupError, Existing, FileBytes, Identity, OpenError, Place, RestoredKeys, Storage, back_up, restore,
};
use rusqlite::Connection;

use crate::common::{fill, ground, id, say};
use crate::folder::Scratch;

const KEYS: &str = "site publish,read 00\n";

impl Scratch {
    fn place(&self) -> Place {
        Place { folder: self.options().folder, keys: self.options().folder.join("api-keys") }
    }

    fn copy(&self) -> PathBuf {
        self.0.join("copy")
    }

    fn back_up(&self) -> Result<PathBuf, BackupError> {
        back_up(&self.place(), &self.copy(), Existing::Stays).map(|_| self.copy())
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// How many entries a file has, as somebody else sees it.
fn count(file: &Path) -> u64 {
    let look = Connection::open(file).unwrap();
    look.query_row("SELECT count(*) FROM entry", (), |row| row.get(0)).unwrap()
}

fn last(store: &dyn Storage) -> u64 {
    match store.read(&Query::Group(id(7))).unwrap() {
        Record::Group(_, Some(group)) => group.seq,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_has_what_was_committed_and_is_one_file_for_its_owner() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 300);
    store.begin().unwrap();
    say(&mut store, 301, "not committed").unwrap();
    let copy = scratch.back_up().unwrap();
    store.commit().unwrap();
    assert_eq!(scratch.names(&scratch.0), ["copy", "data"]);
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(count(&copy), 300);
    assert_eq!(last(&store), 301, "the store goes on");
    drop(store);
    assert_eq!(scratch.names(&scratch.options().folder), ["karez.db", "karez.lock"]);
}

#[test]
fn a_store_that_nobody_serves_from_is_copied_and_left_as_it_is() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 20);
    // As if the daemon had been killed: all of it is in the WAL.
    let killed = Scratch::new();
    fs::create_dir(killed.options().folder).unwrap();
    let wal = |scratch: &Scratch| scratch.options().folder.join("karez.db-wal");
    fs::copy(scratch.file(), killed.file()).unwrap();
    fs::copy(wal(&scratch), wal(&killed)).unwrap();
    let before = (fs::read(killed.file()).unwrap(), fs::read(wal(&killed)).unwrap());
    assert_eq!(count(&killed.back_up().unwrap()), 20);
    assert!(before == (fs::read(killed.file()).unwrap(), fs::read(wal(&killed)).unwrap()));
}

#[test]
fn a_file_that_is_there_is_replaced_only_if_that_is_said() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    fs::write(scratch.copy(), "a diary").unwrap();
    let error = scratch.back_up().unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error:?}");
    assert_eq!(fs::read(scratch.copy()).unwrap(), b"a diary");
    back_up(&scratch.place(), &scratch.copy(), Existing::IsReplaced).unwrap();
    assert_eq!(count(&scratch.copy()), 1);
    assert_eq!(scratch.names(&scratch.0), ["copy", "data"]);
}

#[test]
fn nothing_that_is_to_be_copied_is_overwritten() {
    let scratch = Scratch::new();
    fill(&mut scratch.open(), 1);
    let place = scratch.place();
    fs::write(&place.keys, KEYS).unwrap();
    let link = scratch.0.join("link");
    std::os::unix::fs::symlink(scratch.file(), &link).unwrap();
    for to in [scratch.file(), place.keys.clone(), place.folder.join("karez.lock"), link] {
        let error = back_up(&place, &to, Existing::IsReplaced).unwrap_err();
        assert!(matches!(error, BackupError::Itself(_)), "{error:?}");
    }
    assert_eq!((count(&scratch.file()), fs::read_to_string(&place.keys).unwrap()), (1, KEYS.to_owned()));
}

#[test]
fn a_damaged_store_gets_no_copy() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 500);
    store.close().unwrap();
    drop(store);
    damage(&scratch.file());
    let error = scratch.back_up().unwrap_err();
    assert!(
        matches!(&error, BackupError::Store(OpenError::Damaged(file, _)) if *file == scratch.file()),
        "{error:?}"
    );
    assert_eq!(scratch.names(&scratch.0), ["data"]);
}

/// Spoils an index in the middle of the file, which no start would notice.
fn damage(file: &Path) {
    let look = Connection::open(file).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'member_of_user'";
    let page: usize = look.query_row(sql, (), |row| row.get(0)).unwrap();
    drop(look);
    let mut bytes = fs::read(file).unwrap();
    bytes[(page - 1) * 4_096 + 3] ^= 0x01;
    fs::write(file, bytes).unwrap();
}

#[test]
fn what_is_no_store_gets_no_copy() {
    let scratch = Scratch::new();
    assert!(matches!(scratch.back_up(), Err(BackupError::NoStore(_))));
    fs::create_dir(scratch.options().folder).unwrap();
    fs::write(scratch.file(), "Dear diary, ".repeat(1_000)).unwrap();
    assert!(matches!(scratch.back_up(), Err(BackupError::Store(OpenError::Foreign(_)))));
    fs::write(scratch.file(), "").unwrap();
    assert!(matches!(scratch.back_up(), Err(BackupError::NoStore(_))));
    assert_eq!(scratch.names(&scratch.0), ["data"]);
}

#[test]
fn a_file_that_is_no_file_of_keys_is_not_copied() {
    let scratch = Scratch::new();
    fill(&mut scratch.open(), 1);
    let bytes_max = usize::try_from(KEYS_FILE_BYTES_MAX.default).unwrap();
    fs::write(scratch.place().keys, vec![b'#'; bytes_max]).unwrap();
    scratch.back_up().unwrap();
    fs::write(scratch.place().keys, vec![b'#'; bytes_max + 1]).unwrap();
    let error = back_up(&scratch.place(), &scratch.0.join("other"), Existing::Stays).unwrap_err();
    assert!(matches!(error, BackupError::KeysTooLarge(_)), "{error:?}");
}

#[test]
fn a_copy_becomes_the_store_and_the_old_one_stays_under_another_name() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 3);
    let copy = scratch.back_up().unwrap();
    say(begun(&mut store), 4, "later").unwrap();
    store.commit().unwrap();
    drop(store);
    for number in 1..=2 {
        let restored = restore(&copy, &scratch.place(), "fresh").unwrap();
        let before = scratch.options().folder.join(format!("karez.db.old-{number}"));
        assert_eq!(restored.before.as_ref(), Some(&before));
        assert_eq!(count(&before), if number == 1 { 4 } else { 3 });
        assert_eq!(count(&scratch.file()), 3);
    }
    assert_eq!(count(&copy), 3, "and the copy is still a copy");
    let names = ["karez.db", "karez.db.old-1", "karez.db.old-2", "karez.lock"];
    assert_eq!(scratch.names(&scratch.options().folder), names);
    assert_eq!(fs::metadata(scratch.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(last(&scratch.open()), 3);
}

fn begun<S: Storage + ?Sized>(store: &mut S) -> &mut S {
    store.begin().unwrap();
    store
}

#[test]
fn where_there_was_none_a_copy_becomes_the_store() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    fill(&mut scratch.open(), 3);
    let restored = restore(&scratch.back_up().unwrap(), &other.place(), "fresh").unwrap();
    assert_eq!((restored.before, restored.keys), (None, RestoredKeys::None));
    assert_eq!(fs::metadata(other.options().folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(last(&other.open()), 3);
}

#[test]
fn a_restored_store_has_another_epoch_and_passes_by_many_guests() {
    let identity = |epoch: &str| Identity { epoch: epoch.into(), guest_secret: [7; 32] };
    for until in [None, Some(1_301)] {
        let scratch = Scratch::new();
        let mut store = scratch.open();
        assert_eq!(&*store.identity(identity("old")).unwrap().epoch, "old");
        if let Some(until) = until {
            begun(&mut store).write(Store::Guests { until }).unwrap();
            store.commit().unwrap();
        }
        drop(store);
        restore(&scratch.back_up().unwrap(), &scratch.place(), "new").unwrap();
        let mut store = scratch.open();
        let now = store.identity(Identity { epoch: "other".into(), guest_secret: [0; 32] }).unwrap();
        assert_eq!(now, identity("new"), "with the secret of the guests' tokens");
        let passed = until.unwrap_or(GUEST_UID_FIRST.default) + GUESTS_SKIPPED_BY_RESTORE.default;
        assert!(matches!(store.read(&Query::Guests), Ok(Record::Guests(until)) if until == passed));
    }
}

#[test]
fn keys_come_back_only_where_there_are_none() {
    let scratch = Scratch::new();
    fill(&mut scratch.open(), 1);
    fs::write(scratch.place().keys, KEYS).unwrap();
    let copy = scratch.back_up().unwrap();
    fs::write(scratch.place().keys, "# revoked\n").unwrap();
    assert_eq!(restore(&copy, &scratch.place(), "fresh").unwrap().keys, RestoredKeys::Kept);
    assert_eq!(fs::read_to_string(scratch.place().keys).unwrap(), "# revoked\n");
    fs::remove_file(scratch.place().keys).unwrap();
    assert_eq!(restore(&copy, &scratch.place(), "fresh").unwrap().keys, RestoredKeys::PutBack);
    assert_eq!(fs::read_to_string(scratch.place().keys).unwrap(), KEYS);
    assert_eq!(fs::metadata(scratch.place().keys).unwrap().permissions().mode() & 0o777, 0o600);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'backup_file'";
    let tables: u64 = scratch.look().query_row(tables, (), |row| row.get(0)).unwrap();
    assert_eq!(tables, 0, "and are not in the store");
}

#[test]
fn what_is_not_good_is_not_put_back() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    ground(&mut store);
    drop(store);
    let good = Scratch::new();
    fill(&mut good.open(), 500);
    let good = good.back_up().unwrap_or_else(|error| panic!("{error}"));
    let bad = scratch.0.join("bad");
    type Spoil = fn(&Path);
    let cases: [(Spoil, &str); 5] = [
        (|bad| fs::write(bad, "Dear diary, ".repeat(1_000)).unwrap(), "is not a store of karez"),
        (|bad| fs::write(bad, "").unwrap(), "is not a store of karez"),
        (|bad| fs::write(bad, &fs::read(bad).unwrap()[..9_000]).unwrap(), "is damaged"),
        (damage, "is damaged"),
        (
            |bad| Connection::open(bad).unwrap().pragma_update(None, "user_version", 99).unwrap(),
            "has schema 99, and this karez knows schemas up to",
        ),
    ];
    let before = fs::read(scratch.file()).unwrap();
    for (spoil, words) in cases {
        fs::copy(&good, &bad).unwrap();
        spoil(&bad);
        let error = restore(&bad, &scratch.place(), "fresh").unwrap_err().to_string();
        assert!(error.starts_with(bad.to_str().unwrap()) && error.contains(words), "{words}: {error}");
        assert!(fs::read(scratch.file()).unwrap() == before, "{words}: the store was changed");
        assert_eq!(scratch.names(&scratch.options().folder), ["karez.db", "karez.lock"], "{words}");
    }
}

#[test]
fn a_store_with_its_wal_is_no_copy() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let mut store = scratch.open();
    fill(&mut store, 1);
    let error = restore(&scratch.file(), &other.place(), "fresh").unwrap_err();
    assert!(matches!(error, BackupError::NotABackup(_)), "{error:?}");
    assert!(!other.options().folder.exists());
}

#[test]
fn nothing_is_put_back_under_a_daemon() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    let copy = scratch.back_up().unwrap();
    let error = restore(&copy, &scratch.place(), "fresh").unwrap_err();
    assert!(matches!(error, BackupError::Store(OpenError::InUse(_))), "{error:?}");
    fill_more(&mut store);
    drop(store);
    assert_eq!(count(&scratch.file()), 2);
}

fn fill_more(store: &mut dyn Storage) {
    store.begin().unwrap();
    say(store, 2, "two").unwrap();
    store.commit().unwrap();
}

#[test]
fn the_wal_of_the_old_store_is_not_read_into_the_new_one() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    let copy = scratch.back_up().unwrap();
    fill_more(&mut store);
    // As if the daemon had been killed.
    let wal = |folder: &Path| folder.join("karez.db-wal");
    for is_damaged in [false, true] {
        let killed = Scratch::new();
        let folder = killed.options().folder;
        fs::create_dir(&folder).unwrap();
        fs::copy(scratch.file(), killed.file()).unwrap();
        fs::copy(wal(&scratch.options().folder), wal(&folder)).unwrap();
        if is_damaged {
            let mut bytes = fs::read(wal(&folder)).unwrap();
            bytes.truncate(4_096);
            bytes[..32].fill(0);
            fs::write(wal(&folder), bytes).unwrap();
            fs::write(killed.file(), "no database").unwrap();
        }
        let before = restore(&copy, &killed.place(), "fresh").unwrap().before.unwrap();
        assert_eq!(last(&killed.open()), 1);
        if is_damaged {
            assert_eq!(fs::read(&before).unwrap(), b"no database");
            let names = ["karez.db", "karez.db.old-1", "karez.db.old-1-wal", "karez.lock"];
            assert_eq!(killed.names(&folder), names);
        } else {
            assert_eq!(count(&before), 2, "nothing is lost of it");
        }
    }
}

#[test]
fn files_of_users_are_in_the_copy_and_come_back() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    ground(&mut store);
    let kept = crate::files::upload(&mut store, 1, crate::common::in_group(7), b"kept");
    let lost = crate::files::upload(&mut store, 2, crate::common::in_group(7), b"lost");
    // As if it had been recalled while the copy was made.
    store.drop_bytes(&lost.id);
    let copy = scratch.copy();
    assert_eq!(back_up(&scratch.place(), &copy, Existing::Stays).unwrap().files, 1);
    let late = crate::files::upload(&mut store, 3, crate::common::in_group(7), b"later");
    drop(store);

    let restored = restore(&copy, &scratch.place(), "new").unwrap();
    let folder = scratch.options().folder;
    assert_eq!((restored.files, restored.files_before), (1, Some(folder.join("files.old-1"))));
    assert_eq!(scratch.names(&folder.join("files.old-1")), [kept.id.as_str(), late.id.as_str()]);
    let store = scratch.open();
    assert_eq!(scratch.names(&folder.join("files")), [kept.id.as_str()]);
    assert_eq!(crate::files::bytes_of(&store, &kept.id).unwrap(), b"kept");
    assert_eq!(crate::files::known(&store, &kept.id), Some(kept));
    assert_eq!(crate::files::known(&store, &lost.id), None);
    assert_eq!(store.files_bytes(), 4);
    drop(store);
    let names = ["files", "files.old-1", "karez.db", "karez.db.old-1", "karez.lock"];
    assert_eq!(scratch.names(&folder), names);
    let look = Connection::open(scratch.file()).unwrap();
    let left = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'backup%'";
    assert_eq!(look.query_row(left, (), |row| row.get::<_, u64>(0)), Ok(0));
    let free = look.pragma_query_value(None, "freelist_count", |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(free, 0, "what the copy held is no empty room of the store");
}

#[test]
fn a_name_in_a_copy_leads_nowhere() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    ground(&mut store);
    drop(store);
    let copy = scratch.back_up().unwrap();
    let forged = Connection::open(&copy).unwrap();
    forged.execute("INSERT INTO backup_upload VALUES ('../../karez-was-here', x'00')", ()).unwrap();
    drop(forged);
    assert_eq!(restore(&copy, &scratch.place(), "new").unwrap().files, 0);
    assert_eq!(scratch.names(&scratch.0), ["copy", "data"]);
    assert_eq!(scratch.names(&scratch.options().folder), ["karez.db", "karez.db.old-1", "karez.lock"]);
}
