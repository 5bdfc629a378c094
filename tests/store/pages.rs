//! Pages of a conversation: the same from every store.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::input::Bounds;
use karez::chat::output::{Entry, EntryRecord, GroupRole, PageQuery, Query, Recall, Record, Store};
use karez::store::{Memory, Storage};

use crate::folder::{Scratch, id};

/// Runs a test on every store, with ten entries in group 7.
fn on_every_store(test: fn(&mut dyn Storage)) {
    let scratch = Scratch::new();
    let stores: [&mut dyn Storage; 2] = [&mut Memory::new(1_000), &mut scratch.open()];
    for store in stores {
        prepare(store);
        test(store);
    }
}

fn prepare(store: &mut dyn Storage) {
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
    store.write(Store::Group { gid: &id(7) }).unwrap();
    for seq in 1..=10 {
        say(store, &in_group(), seq, "x");
    }
    store.commit().unwrap();
}

fn in_group() -> Conversation {
    Conversation::Group(id(7))
}

fn say(store: &mut dyn Storage, conversation: &Conversation, seq: u64, content: &str) {
    let entry = Entry {
        conversation,
        seq,
        uid: &id(1),
        name: "one",
        content,
        kind: None,
        data: None,
        reply: None,
        mentions: &[],
        act: None,
        recall: Recall::None,
        time: UnixMillis(seq),
    };
    store.write(Store::Append { entry, sent_as: None }).unwrap();
}

fn entries_of(
    store: &dyn Storage,
    conversation: Conversation,
    bounds: Bounds,
    entries_max: usize,
    bytes_max: usize,
) -> (Vec<EntryRecord>, bool) {
    let query = PageQuery { conversation, bounds, entries_max, bytes_max };
    match store.read(&Query::Page(query.clone())).unwrap() {
        Record::Page(of, page) => {
            assert_eq!(of, query);
            (page.entries, page.more)
        }
        other => panic!("{other:?}"),
    }
}

/// The numbers on a page of the group, and whether there are more.
fn page(store: &dyn Storage, bounds: Bounds, entries_max: usize) -> (Vec<u64>, bool) {
    let (entries, more) = entries_of(store, in_group(), bounds, entries_max, usize::MAX);
    (entries.iter().map(|entry| entry.seq).collect(), more)
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn bounds_are_exclusive_and_pages_rise() {
    on_every_store(|store| {
        assert_eq!(page(store, Bounds::Newest, 3), (numbers(8..=10), true));
        assert_eq!(page(store, Bounds::Newest, 10), (numbers(1..=10), false));
        assert_eq!(page(store, Bounds::Newest, 11), (numbers(1..=10), false));
        assert_eq!(page(store, Bounds::Before(8), 3), (numbers(5..=7), true));
        assert_eq!(page(store, Bounds::Before(4), 3), (numbers(1..=3), false));
        assert_eq!(page(store, Bounds::Before(2), 3), (vec![1], false));
        assert_eq!(page(store, Bounds::Before(1), 3), (vec![], false));
        assert_eq!(page(store, Bounds::Before(99), 2), (numbers(9..=10), true));
        assert_eq!(page(store, Bounds::After(0), 3), (numbers(1..=3), true));
        assert_eq!(page(store, Bounds::After(7), 3), (numbers(8..=10), false));
        assert_eq!(page(store, Bounds::After(6), 3), (numbers(7..=9), true));
        assert_eq!(page(store, Bounds::After(10), 3), (vec![], false));
        assert_eq!(page(store, Bounds::After(99), 3), (vec![], false));
        let largest = karez::chat::ids::ID_NUMBER_MAX;
        assert_eq!(page(store, Bounds::After(largest), 3), (vec![], false));
        assert_eq!(page(store, Bounds::Before(largest), 1), (vec![10], true));
    });
}

#[test]
fn every_page_tells_the_newest_number() {
    on_every_store(|store| {
        for bounds in [Bounds::Newest, Bounds::Before(3), Bounds::After(0), Bounds::After(99)] {
            let query = PageQuery { conversation: in_group(), bounds, entries_max: 2, bytes_max: 1 };
            let Record::Page(_, page) = store.read(&Query::Page(query)).unwrap() else { panic!() };
            assert_eq!(page.last, 10, "{bounds:?}");
        }
    });
}

#[test]
fn where_nobody_has_spoken_pages_are_empty() {
    on_every_store(|store| {
        let nobody = Conversation::direct(&id(1), &id(2));
        assert_eq!(entries_of(store, nobody, Bounds::Newest, 9, 9), (vec![], false));
        assert_eq!(entries_of(store, Conversation::Group(id(8)), Bounds::After(0), 9, 9), (vec![], false));
    });
}

#[test]
fn an_entry_is_as_it_was_written() {
    on_every_store(|store| {
        let talk = Conversation::direct(&id(1), &id(2));
        let mentions = [id(5), Id::from_text("大厅").unwrap(), Id::from_text("007").unwrap()];
        let entry = Entry {
            conversation: &talk,
            seq: 1,
            uid: &id(1),
            name: "one",
            content: "line\nline\0",
            kind: Some("image"),
            data: Some(r#"{ "a" : 1 }"#),
            reply: Some(3),
            mentions: &mentions,
            act: None,
            recall: Recall::None,
            time: UnixMillis(1_700_000_000_123),
        };
        store.begin().unwrap();
        store.write(Store::Append { entry: entry.clone(), sent_as: None }).unwrap();
        let (entries, _) = entries_of(store, talk.clone(), Bounds::Newest, 1, 0);
        assert_eq!(entries[0].entry(&talk), entry, "in the open transaction too");
        store.commit().unwrap();
    });
}

#[test]
fn what_admins_did_is_read_as_it_was_written() {
    on_every_store(|store| {
        let uid = || id(2);
        let acts = [
            Act::GroupUpdate { name: Some("茶馆".into()), open: None },
            Act::GroupUpdate { name: None, open: Some(false) },
            Act::Role { uid: uid(), role: GroupRole::Admin },
            Act::Kick { uid: uid() },
            Act::Ban { uid: uid(), seconds: Some(60) },
            Act::Ban { uid: uid(), seconds: None },
            Act::Mute { uid: uid(), seconds: Some(0) },
            Act::Add { uid: Id::from_text("eve").unwrap() },
            Act::GroupDelete,
        ];
        store.begin().unwrap();
        for (seq, act) in (11..).zip(&acts) {
            let entry = Entry {
                conversation: &in_group(),
                seq,
                uid: &id(1),
                name: "one",
                content: "",
                kind: Some("system"),
                data: None,
                reply: None,
                mentions: &[],
                act: Some(act),
                recall: Recall::None,
                time: UnixMillis(seq),
            };
            store.write(Store::Append { entry, sent_as: None }).unwrap();
        }
        store.commit().unwrap();
        let (entries, _) = entries_of(store, in_group(), Bounds::After(10), 100, usize::MAX);
        let read: Vec<_> = entries.into_iter().map(|entry| entry.act.unwrap()).collect();
        assert_eq!(read, acts);
    });
}

#[test]
fn what_was_said_in_a_deleted_group_is_not_read_in_the_next() {
    on_every_store(|store| {
        store.begin().unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        assert_eq!(page(store, Bounds::Newest, 100), (vec![], false));
        store.write(Store::Group { gid: &id(7) }).unwrap();
        say(store, &in_group(), 11, "anew");
        store.commit().unwrap();
        assert_eq!(page(store, Bounds::After(0), 100), (vec![11], false));
    });
}

#[test]
fn a_page_is_cut_by_its_bytes_from_the_end_that_was_asked_for() {
    on_every_store(|store| {
        let one = entries_of(store, in_group(), Bounds::Newest, 1, 0).0[0].bytes();
        let cut = |bounds, bytes_max| {
            let (entries, more) = entries_of(store, in_group(), bounds, 100, bytes_max);
            (entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), more)
        };
        assert_eq!(cut(Bounds::Newest, 3 * one), (numbers(8..=10), true));
        assert_eq!(cut(Bounds::Newest, 3 * one - 1), (numbers(9..=10), true));
        assert_eq!(cut(Bounds::After(2), 3 * one), (numbers(3..=5), true));
        assert_eq!(cut(Bounds::Before(4), 3 * one), (numbers(1..=3), false));
        assert_eq!(cut(Bounds::After(0), 0), (vec![1], true), "one comes in any case");
        assert_eq!(cut(Bounds::After(9), 0), (vec![10], false));
    });
}

#[test]
fn what_memory_has_dropped_is_not_there() {
    let mut store = Memory::new(4);
    prepare(&mut store);
    assert_eq!(page(&store, Bounds::Newest, 100), (numbers(7..=10), false));
    assert_eq!(page(&store, Bounds::After(2), 2), (numbers(7..=8), true));
    assert_eq!(page(&store, Bounds::Before(9), 100), (numbers(7..=8), false));
    assert_eq!(page(&store, Bounds::Before(7), 100), (vec![], false));
    assert_eq!(page(&store, Bounds::Before(3), 100), (vec![], false));
}
