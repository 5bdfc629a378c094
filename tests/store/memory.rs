//! What is particular to the memory store.

use karez::chat::output::{Entry, Store};
use karez::store::{Memory, Storage, StoreError};

use crate::common::{append, id, said, talk};

fn say(store: &mut Memory, seq: u64) {
    append(store, Entry { name: "me", ..said(&talk(1, 1), seq, "hi") }).unwrap();
}

fn kept(store: &Memory) -> Vec<u64> {
    store.entries(&talk(1, 1)).map(|entry| entry.seq).collect()
}

fn store_of(entries_max: usize) -> Memory {
    let mut store = Memory::new(entries_max);
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "me", guest: false }).unwrap();
    store.commit().unwrap();
    store
}

#[test]
fn the_oldest_entries_go_first() {
    let mut store = store_of(3);
    for seq in 1..=5 {
        store.begin().unwrap();
        say(&mut store, seq);
        store.commit().unwrap();
    }
    assert_eq!(kept(&store), [3, 4, 5]);
    store.begin().unwrap();
    say(&mut store, 6);
    store.commit().unwrap();
    assert_eq!(kept(&store), [4, 5, 6], "numbers go on where entries were dropped");
}

#[test]
fn a_rollback_has_dropped_nothing() {
    let mut store = store_of(2);
    store.begin().unwrap();
    say(&mut store, 1);
    say(&mut store, 2);
    store.commit().unwrap();
    store.begin().unwrap();
    for seq in 3..=6 {
        say(&mut store, seq);
    }
    store.rollback();
    assert_eq!(kept(&store), [1, 2]);
}

#[test]
fn a_commit_that_was_told_to_fail_fails_once() {
    let mut store = store_of(10);
    store.fail_next_commit();
    store.begin().unwrap();
    say(&mut store, 1);
    assert!(matches!(store.commit(), Err(StoreError::Medium(_))));
    assert!(kept(&store).is_empty());
    store.begin().unwrap();
    say(&mut store, 1);
    store.commit().unwrap();
    assert_eq!(kept(&store), [1]);
}

#[test]
fn an_error_says_what_is_wrong() {
    let error = StoreError::SeqGap { conversation: talk(1, 1), next: 2, given: 5 };
    assert_eq!(error.to_string(), "entry 5 of Direct(Number(1), Number(1)), where 2 is next");
}
