//! Private entries that wait for their receiver: every store keeps them in order, and strikes them by conversation.

use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Entry, EntryRecord, Query, Record, Store, WaitingQuery};
use karez::store::{Memory, Storage};
use rusqlite::Connection;

use crate::common::{append, eve, id, on_every_store, said};
use crate::folder::Scratch;

/// The users 1 to 3, in a transaction that stays open.
fn users(store: &mut dyn Storage) {
    store.begin().unwrap();
    for uid in 1..=3 {
        store.write(Store::User { uid: &id(uid), name: "one", guest: false }).unwrap();
    }
}

fn talk(uid: u64) -> Conversation {
    Conversation::direct(&id(uid), &eve())
}

fn say(store: &mut dyn Storage, uid: u64, seq: u64) {
    append(store, Entry { uid: &id(uid), name: "name", ..said(&talk(uid), seq, "content") }).unwrap();
}

/// Says something to eve that waits for her.
fn wait(store: &mut dyn Storage, uid: u64, seq: u64) {
    say(store, uid, seq);
    let order = Store::Wait { uid: &eve(), conversation: &talk(uid), seq };
    store.write(order.clone()).unwrap();
    store.write(order).unwrap();
}

fn strike(store: &mut dyn Storage, uid: u64, until: u64) {
    store.write(Store::NoWait { uid: &eve(), conversation: &talk(uid), until }).unwrap();
}

/// The author and number of each entry on the page, the store's number of the last, and whether it was cut.
fn page(
    store: &dyn Storage,
    after: u64,
    entries_max: usize,
    bytes_max: usize,
) -> (Vec<(u64, u64)>, u64, bool) {
    let query = WaitingQuery { uid: eve(), after, entries_max, bytes_max };
    let Record::Waiting(of, page) = store.read(&Query::Waiting(query.clone())).unwrap() else { panic!() };
    assert_eq!(of, query);
    let last = page.entries.last().map_or(0, |last| last.number);
    assert!(page.entries.is_sorted_by(|one, other| one.number < other.number));
    let place = |conversation: &Conversation, record: &EntryRecord| match &record.uid {
        Id::Number(author) => {
            assert_eq!(*conversation, talk(*author));
            (*author, record.seq)
        }
        Id::Text(author) => panic!("{author}"),
    };
    let places = page.entries.iter().map(|waiting| place(&waiting.conversation, &waiting.record));
    (places.collect(), last, page.more)
}

fn all(store: &dyn Storage) -> Vec<(u64, u64)> {
    page(store, 0, 100, usize::MAX).0
}

fn waits(store: &dyn Storage, uid: &Id) -> Option<bool> {
    let Record::User(_, user) = store.read(&Query::User(uid.clone())).unwrap() else { panic!() };
    user.map(|user| user.waits)
}

#[test]
fn the_oldest_come_first_whatever_their_conversations() {
    on_every_store(users, |store| {
        for (uid, seq) in [(3, 1), (1, 1), (2, 1), (1, 2), (3, 2)] {
            wait(store, uid, seq);
        }
        say(store, 2, 2);
        assert_eq!(all(store), [(3, 1), (1, 1), (2, 1), (1, 2), (3, 2)]);
        let bytes_of_one = 256 + "name".len() + "content".len();
        let (first, last, more) = page(store, 0, 2, usize::MAX);
        assert_eq!((first, more), (vec![(3, 1), (1, 1)], true));
        let (second, last, more) = page(store, last, 100, 2 * bytes_of_one);
        assert_eq!((second, more), (vec![(2, 1), (1, 2)], true));
        assert_eq!(page(store, last, 100, 1), (vec![(3, 2)], page(store, 0, 100, usize::MAX).1, false));
    });
}

#[test]
fn what_was_said_earlier_comes_earlier_though_it_is_found_later_that_it_waits() {
    on_every_store(users, |store| {
        say(store, 1, 1);
        wait(store, 2, 1);
        wait(store, 1, 2);
        store.write(Store::Wait { uid: &eve(), conversation: &talk(1), seq: 1 }).unwrap();
        assert_eq!(all(store), [(1, 1), (2, 1), (1, 2)]);
        store.commit().unwrap();
        store.begin().unwrap();
        assert_eq!(all(store), [(1, 1), (2, 1), (1, 2)]);
    });
}

#[test]
fn they_are_struck_by_conversation_up_to_a_number() {
    on_every_store(users, |store| {
        for (uid, seq) in [(1, 1), (2, 1), (1, 2), (1, 3)] {
            wait(store, uid, seq);
        }
        strike(store, 1, 2);
        assert_eq!(all(store), [(2, 1), (1, 3)]);
        strike(store, 1, 1);
        strike(store, 3, 9);
        assert_eq!(all(store), [(2, 1), (1, 3)]);
        strike(store, 1, u64::from(u32::MAX));
        strike(store, 2, 1);
        assert_eq!(all(store), []);
    });
}

#[test]
fn a_user_says_whether_something_waits() {
    on_every_store(users, |store| {
        store.write(Store::User { uid: &eve(), name: "eve", guest: false }).unwrap();
        assert_eq!(waits(store, &eve()), Some(false));
        wait(store, 1, 1);
        assert_eq!((waits(store, &eve()), waits(store, &id(1))), (Some(true), Some(false)));
        strike(store, 1, 1);
        assert_eq!(waits(store, &eve()), Some(false));
    });
}

#[test]
fn a_rollback_undoes_both() {
    on_every_store(users, |store| {
        wait(store, 1, 1);
        wait(store, 2, 1);
        store.commit().unwrap();
        store.begin().unwrap();
        wait(store, 1, 2);
        strike(store, 1, 2);
        strike(store, 2, 1);
        assert_eq!(all(store), []);
        store.rollback();
        store.begin().unwrap();
        assert_eq!(all(store), [(1, 1), (2, 1)]);
    });
}

#[test]
fn what_the_memory_store_gives_up_no_longer_waits() {
    let mut store = Memory::new(2);
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
    for seq in 1..=3 {
        wait(&mut store, 1, seq);
    }
    store.commit().unwrap();
    assert_eq!(all(&store), [(1, 2), (1, 3)]);
    strike(store.begin().map(|()| &mut store).unwrap(), 1, 3);
    assert_eq!(page(&store, 0, 1, 1), (vec![], 0, false));
}

#[test]
fn what_is_deleted_from_the_file_no_longer_waits() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
    wait(&mut store, 1, 1);
    wait(&mut store, 1, 2);
    store.commit().unwrap();
    let file = store.file().to_owned();
    drop(store);
    let connection = Connection::open(file).unwrap();
    connection.execute("DELETE FROM entry WHERE seq = 1", ()).unwrap();
    let left: i64 = connection.query_row("SELECT count(*) FROM waiting", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
    drop(connection);
    assert_eq!(all(&scratch.open()), [(1, 2)]);
}
