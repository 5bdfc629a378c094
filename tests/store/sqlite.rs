//! What is particular to the store on disk: it is still there afterwards, and fits where it lies.

use karez::chat::output::{GroupRole, Query, Store};
use karez::store::{Durability, Identity, Options, Sqlite, Storage, StoreError};

use crate::common::{fill, id, say};
use crate::folder::Scratch;

#[test]
fn everything_is_there_after_a_restart() {
    let scratch = Scratch::new();
    let queries = [
        Query::User(id(1)),
        Query::Group(id(7)),
        Query::Direct(id(1), id(2)),
        Query::Named(id(1)),
        Query::Guests,
    ];
    let identity = |byte| Identity { epoch: format!("epoch {byte}").into(), guest_secret: [byte; 32] };
    let mut store = scratch.open();
    store.identity(identity(1)).unwrap();
    fill(&mut store, 3);
    store.begin().unwrap();
    store.write(Store::Member { gid: &id(7), uid: &id(1), role: GroupRole::Owner }).unwrap();
    store.write(Store::Guests { until: 1_101 }).unwrap();
    store.commit().unwrap();
    let before = queries.clone().map(|query| store.read(&query).unwrap());
    drop(store);

    let mut store = scratch.open();
    assert_eq!(queries.map(|query| store.read(&query).unwrap()), before);
    assert_eq!(store.identity(identity(2)).unwrap(), identity(1));
    drop(store);
    type Row = (i64, String, String, String, String, i64, String, i64);
    let row: Row = scratch
        .look()
        .query_row(
            "SELECT seq, name, content, kind, data, reply, mentions, time FROM entry WHERE seq = 2",
            (),
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                ))
            },
        )
        .unwrap();
    let text = str::to_owned;
    let expected = (
        2,
        text("one"),
        text("entry 2"),
        text("image"),
        text("{\"a\":1}"),
        3,
        text("2\neve"),
        1_700_000_000_123,
    );
    assert_eq!(row, expected);
}

#[test]
fn what_was_not_committed_is_not_there_after_a_restart() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    store.begin().unwrap();
    say(&mut store, 2, "lost").unwrap();
    drop(store);
    let entries: i64 = scratch.look().query_row("SELECT count(*) FROM entry", (), |row| row.get(0)).unwrap();
    assert_eq!(entries, 1);
}

#[test]
fn durability_is_what_was_asked_for() {
    for durability in [Durability::Full, Durability::Relaxed] {
        let scratch = Scratch::new();
        let store = Sqlite::open(&Options { durability, ..scratch.options() }).unwrap();
        assert_eq!(store.durability(), Ok(durability));
    }
    assert_eq!(Options::new("x").durability, Durability::Full);
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[test]
fn a_closed_store_is_one_file() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 10);
    store.begin().unwrap();
    store.close().unwrap();
    drop(store);
    let mut names: Vec<_> = std::fs::read_dir(scratch.options().folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["karez.db", "karez.lock"]);
}

#[test]
fn a_full_store_says_so_and_goes_on_when_there_is_room() {
    let scratch = Scratch::new();
    let mut store = Sqlite::open(&Options { pages_max: Some(160), ..scratch.options() }).unwrap();
    fill(&mut store, 0);
    let mut seq = 0;
    let turn = |store: &mut Sqlite, seq| {
        store.begin()?;
        say(store, seq, &"x".repeat(3_000)).and_then(|()| store.commit()).inspect_err(|_| store.rollback())
    };
    let failed = loop {
        match turn(&mut store, seq + 1) {
            Ok(()) => seq += 1,
            Err(error) => break error,
        }
        assert!(seq < 1_000, "it is never full");
    };
    assert_eq!(failed, StoreError::Full);
    let read = |store: &Sqlite| match store.read(&Query::Group(id(7))).unwrap() {
        karez::chat::output::Record::Group(_, Some(group)) => group.seq,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&store), seq, "reading goes on");
    assert_eq!(turn(&mut store, seq + 1), Err(StoreError::Full));
    store.limit_pages(200).unwrap();
    assert_eq!(turn(&mut store, seq + 1), Ok(()));
    assert_eq!(read(&store), seq + 1);
}
