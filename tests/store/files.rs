//! Uploaded files: on every store they go with their entries, and on the disk their bytes do.

use karez::base::clock::UnixMillis;
use karez::base::limits;
use karez::chat::ids::{Conversation, FileId, TicketId};
use karez::chat::output::{FileRecord, Query, Record, Store};
use karez::store::{FileBytes, Retention, Sqlite, Storage, StoreError, Tidy};

use crate::common::{append, ground, id, in_group, on_every_store, said, talk};
use crate::folder::Scratch;

fn file_id(number: usize) -> FileId {
    FileId::from_text(&format!("file-{number:012}")).unwrap()
}

fn record(number: usize, conversation: Conversation, bytes: &[u8]) -> FileRecord {
    FileRecord {
        id: file_id(number),
        uid: id(1),
        conversation,
        seq: None,
        name: "坎.png".into(),
        media_type: "image/png".into(),
        bytes: bytes.len() as u64,
        time: UnixMillis(1_000),
    }
}

/// Uploads a file in a turn of its own.
pub fn upload(
    store: &mut (impl Storage + ?Sized),
    number: usize,
    conversation: Conversation,
    bytes: &[u8],
) -> FileRecord {
    let file = record(number, conversation, bytes);
    for piece in bytes.chunks(3) {
        store.put_bytes(&file.id, piece).unwrap();
    }
    store.begin().unwrap();
    store.write(Store::File { file: &file }).unwrap();
    store.commit().unwrap();
    file
}

/// Says something with the file.
pub fn send(store: &mut (impl Storage + ?Sized), file: &FileRecord, seq: u64) {
    store.begin().unwrap();
    let conversation = &file.conversation;
    let entry = said(conversation, seq, "look");
    store.write(Store::Append { entry: &entry, sent_as: None }).unwrap();
    store.write(Store::Bind { file: &file.id, conversation, seq }).unwrap();
    store.commit().unwrap();
}

pub fn known(store: &(impl Storage + ?Sized), file: &FileId) -> Option<FileRecord> {
    match store.read(&Query::File(file.clone())).unwrap() {
        Record::File(of, record) if of == *file => record,
        other => panic!("{other:?}"),
    }
}

pub fn bytes_of(store: &(impl Storage + ?Sized), file: &FileId) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.read_bytes(file, 0, usize::MAX, &mut bytes).map(|()| bytes)
}

fn tidy(store: &mut (impl Storage + ?Sized), now: u64) -> u32 {
    let mut calls = 1;
    while store.tidy_up(UnixMillis(now)).unwrap() == Tidy::NotYet {
        calls += 1;
        assert!(calls < 100, "within ten seconds");
    }
    calls
}

fn names(scratch: &Scratch) -> Vec<String> {
    let Ok(names) = std::fs::read_dir(scratch.options().folder.join("files")) else { return Vec::new() };
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_kept_with_what_is_known_of_it() {
    on_every_store(ground, |store| {
        let places = [in_group(7), talk(1, 2), talk(1, 1), Conversation::Ticket(TicketId(5))];
        for (number, conversation) in (1..).zip(places) {
            let file = upload(store, number, conversation, b"some bytes");
            assert_eq!(known(store, &file.id), Some(file.clone()));
            assert_eq!(bytes_of(store, &file.id).unwrap(), b"some bytes");
        }
        let mut part = vec![b'>'];
        store.read_bytes(&file_id(1), 5, 3, &mut part).unwrap();
        store.read_bytes(&file_id(1), 10, 3, &mut part).unwrap();
        store.read_bytes(&file_id(1), 99, 3, &mut part).unwrap();
        assert_eq!(part, b">byt");
        assert_eq!(store.files_bytes(), 40);
        assert_eq!(known(store, &file_id(9)), None);
        assert_eq!(bytes_of(store, &file_id(9)), Err(StoreError::NoSuchFile(file_id(9))));
    });
}

#[test]
fn a_file_belongs_to_one_entry_that_is_there() {
    on_every_store(ground, |store| {
        let file = upload(store, 1, in_group(7), b"x");
        let bind = |store: &mut dyn Storage, file: &FileId, seq| {
            store.write(Store::Bind { file, conversation: &in_group(7), seq })
        };
        let none = |file: usize| Err(StoreError::NoSuchFile(file_id(file)));
        store.begin().unwrap();
        assert_eq!(bind(store, &file.id, 1), none(1), "there is no entry yet");
        store.rollback();
        send(store, &file, 1);
        assert_eq!(known(store, &file.id).unwrap().seq, Some(1));
        store.begin().unwrap();
        append(store, said(&in_group(7), 2, "more")).unwrap();
        assert_eq!(bind(store, &file.id, 2), none(1), "it belongs to the first");
        store.rollback();
        store.begin().unwrap();
        assert_eq!(bind(store, &file_id(9), 1), none(9));
        store.rollback();
    });
}

#[test]
fn a_rollback_takes_everything_back() {
    on_every_store(ground, |store| {
        let file = upload(store, 1, in_group(7), b"kept");
        let other = record(2, in_group(7), b"gone");
        store.put_bytes(&other.id, b"gone").unwrap();
        store.begin().unwrap();
        store.write(Store::File { file: &other }).unwrap();
        append(store, said(&in_group(7), 1, "look")).unwrap();
        store.write(Store::Bind { file: &file.id, conversation: &in_group(7), seq: 1 }).unwrap();
        assert_eq!(known(store, &file.id).unwrap().seq, Some(1), "in the open transaction");
        store.rollback();
        assert_eq!(known(store, &file.id), Some(file.clone()));
        assert_eq!((known(store, &other.id), store.files_bytes()), (None, 4));
        assert!(bytes_of(store, &other.id).is_err());
        send(store, &file, 1);
        // A person who is not deleted after all.
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1), groups: 0 }).unwrap();
        assert_eq!(known(store, &file.id), None);
        store.rollback();
        assert_eq!(bytes_of(store, &file.id).unwrap(), b"kept");
        assert_eq!(known(store, &file.id).unwrap().seq, Some(1));
    });
}

#[test]
fn a_file_goes_with_what_its_entry_says() {
    on_every_store(ground, |store| {
        let recalled = upload(store, 1, in_group(7), b"recalled");
        let other = upload(store, 2, in_group(7), b"other");
        let of_two = upload(store, 3, talk(1, 2), b"of two");
        send(store, &recalled, 1);
        send(store, &other, 2);
        send(store, &of_two, 1);
        store.begin().unwrap();
        store.write(Store::Erase { conversation: &in_group(7), seq: 1 }).unwrap();
        store.commit().unwrap();
        assert_eq!(known(store, &recalled.id), None, "at once");
        tidy(store, 2_000);
        assert!(bytes_of(store, &recalled.id).is_err());
        assert_eq!(store.files_bytes(), 11);
        store.begin().unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        store.commit().unwrap();
        assert_eq!(known(store, &other.id), None);
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1), groups: 0 }).unwrap();
        store.commit().unwrap();
        assert_eq!(known(store, &of_two.id), None);
        tidy(store, 2_000);
        assert_eq!(store.files_bytes(), 0);
        assert!([1, 2, 3].iter().all(|number| bytes_of(store, &file_id(*number)).is_err()));
    });
}

#[test]
fn a_file_goes_with_an_entry_that_is_not_kept() {
    on_every_store(ground, |store| {
        for number in 1..=3 {
            let file = upload(store, number, in_group(7), b"x");
            send(store, &file, number as u64);
        }
        store.set_retention(Retention { entries_per_conversation_max: Some(1), ..Retention::default() });
        store.begin().unwrap();
        append(store, said(&in_group(7), 4, "newest")).unwrap();
        store.commit().unwrap();
        tidy(store, 2_000);
        assert_eq!((1..=3).filter(|number| known(store, &file_id(*number)).is_some()).count(), 0);
        assert_eq!(store.files_bytes(), 0);
    });
}

#[test]
fn a_file_that_belongs_to_no_entry_goes() {
    on_every_store(ground, |store| {
        let unsent = upload(store, 1, in_group(7), b"unsent");
        let sent = upload(store, 2, in_group(7), b"sent");
        send(store, &sent, 1);
        let end = 1_000 + limits::FILE_UNBOUND_MS.default;
        tidy(store, end);
        assert!(known(store, &unsent.id).is_some(), "its time is not over");
        tidy(store, end + 1);
        assert_eq!((known(store, &unsent.id), store.files_bytes()), (None, 4));
        assert_eq!(bytes_of(store, &sent.id).unwrap(), b"sent");
    });
}

#[test]
fn removing_goes_in_small_steps() {
    let at_once = limits::FILES_REMOVED_AT_ONCE.count();
    let scratch = Scratch::new();
    let mut store = scratch.open();
    ground(&mut store);
    for number in 0..=2 * at_once {
        let file = upload(&mut store, number, in_group(7), b"x");
        send(&mut store, &file, number as u64 + 1);
    }
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(7) }).unwrap();
    store.commit().unwrap();
    for left in [at_once + 1, 1, 0] {
        assert_eq!(store.tidy_up(UnixMillis(2_000)).unwrap(), Tidy::NotYet);
        assert_eq!(names(&scratch).len(), left);
    }
    tidy(&mut store, 2_000);
    assert_eq!(store.files_bytes(), 0);
}

#[test]
fn the_next_start_finds_what_was_acknowledged_and_sweeps_the_rest() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    ground(&mut store);
    let file = upload(&mut store, 1, in_group(7), b"whole");
    let gone = upload(&mut store, 2, in_group(7), b"gone");
    send(&mut store, &gone, 1);
    store.begin().unwrap();
    store.write(Store::Erase { conversation: &in_group(7), seq: 1 }).unwrap();
    store.commit().unwrap();
    store.put_bytes(&file_id(3), b"broken off").unwrap();
    let folder = scratch.options().folder.join("files");
    std::fs::write(folder.join("README"), "not ours").unwrap();
    drop(store);
    let mut store = scratch.open();
    assert_eq!(names(&scratch), ["README", file_id(1).as_str(), file_id(2).as_str()]);
    assert_eq!(store.files_bytes(), 9, "what is still to go takes room");
    tidy(&mut store, 2_000);
    assert_eq!(names(&scratch), ["README", file_id(1).as_str()]);
    assert_eq!(bytes_of(&store, &file.id).unwrap(), b"whole");
    let mode = |path: &std::path::Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
    };
    assert_eq!((mode(&folder), mode(&folder.join(file_id(1).as_str()))), (0o700, 0o600));
}

#[test]
fn a_file_whose_bytes_cannot_be_made_certain_is_not_stored() {
    let scratch = Scratch::new();
    let mut store: Sqlite = scratch.open();
    ground(&mut store);
    let file = record(1, in_group(7), b"x");
    // Its bytes never came: there is nothing to put on the disk.
    store.begin().unwrap();
    store.write(Store::File { file: &file }).unwrap();
    assert!(matches!(store.commit(), Err(StoreError::Medium(_))));
    assert_eq!((known(&store, &file.id), store.files_bytes()), (None, 0));
    upload(&mut store, 2, in_group(7), b"x");
}

#[test]
fn names_of_files_are_no_paths() {
    for text in [
        "",
        "short",
        "../../../../etc/passwd",
        "aaaaaaaaaaaaaaa/",
        "aaaaaaaaaaaaaaa.",
        "aaaaaaaaaaaaaaä",
        "aaaaaaaaaaaaaaa\0",
        &"a".repeat(65),
    ] {
        assert_eq!(FileId::from_text(text), None, "{text:?}");
    }
    assert_eq!(FileId::from_text("AZaz09-_AZaz09-_").unwrap().as_str(), "AZaz09-_AZaz09-_");
}
