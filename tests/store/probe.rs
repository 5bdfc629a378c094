//! Whether anything can be stored, tried without anybody who has something to say.

use karez::base::clock::UnixMillis;
use karez::store::{Memory, Storage, StoreError};

use crate::common::*;
use crate::folder::*;

#[test]
fn a_store_with_room_says_so_and_keeps_nothing_of_the_trial() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let before = store.size_bytes();
    assert!(before > 0);
    assert_eq!(store.probe(), Ok(()));
    assert_eq!(store.probe(), Ok(()), "as often as one likes");
    assert!(store.size_bytes() > before, "it was written to the disk");
    store.close().unwrap();
    drop(store);
    let left: u32 = scratch
        .look()
        .query_row("SELECT count(*) FROM meta WHERE name = 'probe'", (), |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(Memory::new(10).probe(), Ok(()));
    assert_eq!(Memory::new(10).size_bytes(), 0);
}

#[test]
fn a_full_store_says_so_until_there_is_room() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    // As many pages as there are, and none more.
    store.limit_pages(1).unwrap();
    assert_eq!(store.probe(), Err(StoreError::Full));
    assert_eq!(store.begin().and_then(|()| store.commit()), Ok(()), "no transaction is left open");
    store.tidy_up(UnixMillis(0)).unwrap();
    store.limit_pages(10_000).unwrap();
    assert_eq!(store.probe(), Ok(()));
}

#[test]
fn the_newest_entry_is_known_by_its_number() {
    on_every_store(ground, |store| {
        assert_eq!(store.last_entry(), Ok(0));
        let conversation = in_group(7);
        store.begin().unwrap();
        for seq in 1..=3 {
            append(store, said(&conversation, seq, "x")).unwrap();
        }
        store.commit().unwrap();
        assert_eq!(store.last_entry(), Ok(3));
    });
}
