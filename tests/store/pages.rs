//! Pages of a conversation: the same from every store.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::input::Bounds;
use karez::chat::output::{Entry, EntryRecord, GroupRole, PageQuery, Query, Record, Store};
use karez::store::{Memory, Storage};

use crate::common::{append, ground, id, in_group, on_every_store, said};

/// User 1, and ten entries in group 7.
fn ten_entries(store: &mut dyn Storage) {
    ground(store);
    store.begin().unwrap();
    for seq in 1..=10 {
        append(store, said(&in_group(7), seq, "x")).unwrap();
    }
    store.commit().unwrap();
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
    let (entries, more) = entries_of(store, in_group(7), bounds, entries_max, usize::MAX);
    (entries.iter().map(|entry| entry.seq).collect(), more)
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn bounds_are_exclusive_and_pages_rise() {
    on_every_store(ten_entries, |store| {
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
    on_every_store(ten_entries, |store| {
        for bounds in [Bounds::Newest, Bounds::Before(3), Bounds::After(0), Bounds::After(99)] {
            let query = PageQuery { conversation: in_group(7), bounds, entries_max: 2, bytes_max: 1 };
            let Record::Page(_, page) = store.read(&Query::Page(query)).unwrap() else { panic!() };
            assert_eq!(page.last, 10, "{bounds:?}");
        }
    });
}

#[test]
fn where_nobody_has_spoken_pages_are_empty() {
    on_every_store(ten_entries, |store| {
        let nobody = Conversation::direct(&id(1), &id(2));
        assert_eq!(entries_of(store, nobody, Bounds::Newest, 9, 9), (vec![], false));
        assert_eq!(entries_of(store, Conversation::Group(id(8)), Bounds::After(0), 9, 9), (vec![], false));
    });
}

#[test]
fn an_entry_is_as_it_was_written() {
    on_every_store(ten_entries, |store| {
        let talk = Conversation::direct(&id(1), &id(2));
        let mentions = [id(5), Id::from_text("大厅").unwrap(), Id::from_text("007").unwrap()];
        let entry = Entry {
            kind: Some("image"),
            data: Some(r#"{ "a" : 1 }"#),
            reply: Some(3),
            mentions: &mentions,
            time: UnixMillis(1_700_000_000_123),
            ..said(&talk, 1, "line\nline\0")
        };
        store.begin().unwrap();
        append(store, entry.clone()).unwrap();
        let (entries, _) = entries_of(store, talk.clone(), Bounds::Newest, 1, 0);
        assert_eq!(entries[0].entry(&talk), entry, "in the open transaction too");
        store.commit().unwrap();
    });
}

#[test]
fn what_admins_did_is_read_as_it_was_written() {
    on_every_store(ten_entries, |store| {
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
            let (kind, act) = (Some("system"), Some(act));
            append(store, Entry { kind, act, ..said(&in_group(7), seq, "") }).unwrap();
        }
        store.commit().unwrap();
        let (entries, _) = entries_of(store, in_group(7), Bounds::After(10), 100, usize::MAX);
        let read: Vec<_> = entries.into_iter().map(|entry| entry.act.unwrap()).collect();
        assert_eq!(read, acts);
    });
}

#[test]
fn what_was_said_in_a_deleted_group_is_not_read_in_the_next() {
    on_every_store(ten_entries, |store| {
        store.begin().unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        assert_eq!(page(store, Bounds::Newest, 100), (vec![], false));
        store.write(Store::Group { gid: &id(7) }).unwrap();
        append(store, said(&in_group(7), 11, "anew")).unwrap();
        store.commit().unwrap();
        assert_eq!(page(store, Bounds::After(0), 100), (vec![11], false));
    });
}

#[test]
fn a_page_is_cut_by_its_bytes_from_the_end_that_was_asked_for() {
    on_every_store(ten_entries, |store| {
        let one = entries_of(store, in_group(7), Bounds::Newest, 1, 0).0[0].bytes();
        let cut = |bounds, bytes_max| {
            let (entries, more) = entries_of(store, in_group(7), bounds, 100, bytes_max);
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
    ten_entries(&mut store);
    assert_eq!(page(&store, Bounds::Newest, 100), (numbers(7..=10), false));
    assert_eq!(page(&store, Bounds::After(2), 2), (numbers(7..=8), true));
    assert_eq!(page(&store, Bounds::Before(9), 100), (numbers(7..=8), false));
    assert_eq!(page(&store, Bounds::Before(7), 100), (vec![], false));
    assert_eq!(page(&store, Bounds::Before(3), 100), (vec![], false));
}
