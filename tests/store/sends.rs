//! What was sent under which `id`: every store knows it for a day.

use karez::base::clock::UnixMillis;
use karez::base::digest::Digest;
use karez::base::limits::{SENDS_FORGOTTEN_AT_ONCE, SENDS_KEPT_MS};
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Entry, Query, Record, Sent, SentAs, Store};
use karez::store::{Memory, Storage, StoreError, Tidy};

use crate::common::{eve, ground, id, in_group, on_every_store, said};
use crate::folder::Scratch;

const TIME: UnixMillis = UnixMillis(1_700_000_000_000);

/// User 1, eve, and group 7.
fn with_eve(store: &mut dyn Storage) {
    ground(store);
    store.begin().unwrap();
    store.write(Store::User { uid: &eve(), name: "eve", guest: false }).unwrap();
    store.commit().unwrap();
}

fn digest(content: &str) -> Digest {
    Digest::of([content.as_bytes()])
}

/// An entry whose content is its number.
fn send(
    store: &mut dyn Storage,
    (uid, under): (&Id, &str),
    conversation: &Conversation,
    seq: u64,
) -> Result<(), StoreError> {
    let content = seq.to_string();
    let time = UnixMillis(TIME.0 + seq);
    let entry = Entry { uid, name: "name", time, ..said(conversation, seq, &content) };
    let sent_as = Some(SentAs { id: under, digest: digest(&content) });
    store.write(Store::Append { entry: &entry, sent_as })
}

fn sent(store: &dyn Storage, uid: &Id, under: &str) -> Option<Sent> {
    let query = Query::Sent { uid: uid.clone(), id: under.into() };
    match store.read(&query).unwrap() {
        Record::Sent { uid: of, id, sent } => {
            assert_eq!((&of, &*id), (uid, under));
            sent
        }
        other => panic!("{other:?}"),
    }
}

fn expected(conversation: &Conversation, seq: u64) -> Option<Sent> {
    let time = UnixMillis(TIME.0 + seq);
    Some(Sent { conversation: conversation.clone(), seq, time, digest: digest(&seq.to_string()) })
}

#[test]
fn what_was_sent_is_found_under_its_id() {
    on_every_store(with_eve, |store| {
        let talk = Conversation::direct(&eve(), &id(1));
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 1).unwrap();
        send(store, (&id(1), "b"), &in_group(7), 2).unwrap();
        send(store, (&eve(), "a"), &talk, 1).unwrap();
        assert_eq!(sent(store, &id(1), "b"), expected(&in_group(7), 2), "in the open transaction too");
        store.commit().unwrap();
        assert_eq!(sent(store, &id(1), "a"), expected(&in_group(7), 1));
        assert_eq!(sent(store, &id(1), "b"), expected(&in_group(7), 2));
        assert_eq!(sent(store, &eve(), "a"), expected(&talk, 1));
        assert_eq!(sent(store, &eve(), "b"), None);
        assert_eq!(sent(store, &id(1), "A"), None);
    });
}

#[test]
fn an_id_is_used_once() {
    on_every_store(with_eve, |store| {
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 1).unwrap();
        store.commit().unwrap();
        store.begin().unwrap();
        let refused = send(store, (&id(1), "a"), &in_group(7), 2).unwrap_err();
        assert_eq!(refused, StoreError::SentBefore { uid: id(1), id: "a".into() });
        store.rollback();
        assert_eq!(sent(store, &id(1), "a"), expected(&in_group(7), 1));
        store.begin().unwrap();
        send(store, (&eve(), "a"), &in_group(7), 2).expect("of another user");
        store.commit().unwrap();
    });
}

#[test]
fn a_rollback_takes_the_id_back() {
    on_every_store(with_eve, |store| {
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 1).unwrap();
        store.rollback();
        assert_eq!(sent(store, &id(1), "a"), None);
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 1).unwrap();
        store.commit().unwrap();
        assert_eq!(sent(store, &id(1), "a"), expected(&in_group(7), 1));
    });
}

#[test]
fn a_send_is_known_for_a_day() {
    on_every_store(with_eve, |store| {
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 1).unwrap();
        send(store, (&id(1), "b"), &in_group(7), 2).unwrap();
        store.commit().unwrap();
        let day_after_first = UnixMillis(TIME.0 + 1 + SENDS_KEPT_MS.default);
        assert_eq!(store.tidy_up(day_after_first), Ok(Tidy::Done));
        assert!(sent(store, &id(1), "a").is_some());
        assert_eq!(store.tidy_up(UnixMillis(day_after_first.0 + 1)), Ok(Tidy::Done));
        assert_eq!(sent(store, &id(1), "a"), None);
        assert!(sent(store, &id(1), "b").is_some());
        store.begin().unwrap();
        send(store, (&id(1), "a"), &in_group(7), 3).expect("it is free again");
        store.commit().unwrap();
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::Done), "a date that was set back forgets nothing");
        assert!(sent(store, &id(1), "b").is_some());
    });
}

#[test]
fn forgetting_goes_in_small_steps() {
    on_every_store(with_eve, |store| {
        let at_once = SENDS_FORGOTTEN_AT_ONCE.default;
        store.begin().unwrap();
        for seq in 1..=at_once + 1 {
            send(store, (&id(1), &seq.to_string()), &in_group(7), seq).unwrap();
        }
        store.commit().unwrap();
        let later = UnixMillis(u64::MAX >> 1);
        assert_eq!(store.tidy_up(later), Ok(Tidy::NotYet));
        assert_eq!(sent(store, &id(1), &at_once.to_string()), None, "the oldest first");
        assert!(sent(store, &id(1), &(at_once + 1).to_string()).is_some());
        store.tidy_up(later).unwrap();
        assert_eq!(sent(store, &id(1), &(at_once + 1).to_string()), None);
    });
}

#[test]
fn in_memory_there_is_room_for_so_many() {
    let mut store = Memory::new(10).with_sends_max(2);
    with_eve(&mut store);
    store.begin().unwrap();
    for seq in 1..=4 {
        send(&mut store, (&id(1), &seq.to_string()), &in_group(7), seq).unwrap();
    }
    store.commit().unwrap();
    assert_eq!(store.tidy_up(TIME), Ok(Tidy::Done));
    let known = [1, 2, 3, 4].map(|seq: u64| sent(&store, &id(1), &seq.to_string()).is_some());
    assert_eq!(known, [false, false, true, true]);
}

#[test]
fn a_restart_forgets_no_send() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    with_eve(&mut store);
    store.begin().unwrap();
    send(&mut store, (&id(1), "坎儿井"), &in_group(7), 1).unwrap();
    store.commit().unwrap();
    drop(store);
    assert_eq!(sent(&scratch.open(), &id(1), "坎儿井"), expected(&in_group(7), 1));
}
