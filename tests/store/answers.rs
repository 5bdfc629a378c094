//! What calls were answered that bore a key: every store knows it for a day.

use karez::base::clock::UnixMillis;
use karez::base::digest::Digest;
use karez::base::limits::{ANSWERS_FORGOTTEN_AT_ONCE, ANSWERS_IN_MEMORY_MAX, ANSWERS_KEPT_MS};
use karez::store::{KeptAnswer, Memory, Storage, StoreError, Tidy};

use crate::common::on_every_store;
use crate::folder::Scratch;

const TIME: UnixMillis = UnixMillis(1_700_000_000_000);

fn answer(number: u64) -> KeptAnswer {
    let body = format!("{{\"seq\":{number}}}");
    let digest = Digest::of([body.as_bytes()]);
    KeptAnswer { digest, status: 201, body: body.into_bytes(), time: UnixMillis(TIME.0 + number) }
}

fn keep(store: &mut dyn Storage, key: &str, number: u64) {
    store.begin().unwrap();
    store.keep_answer(key, &answer(number)).unwrap();
    store.commit().unwrap();
}

fn kept(store: &dyn Storage, key: &str) -> Option<KeptAnswer> {
    store.kept_answer(key, TIME).unwrap()
}

#[test]
fn an_answer_is_found_under_its_key() {
    on_every_store(
        |_| {},
        |store| {
            store.begin().unwrap();
            store.keep_answer("a", &answer(1)).unwrap();
            assert_eq!(kept(store, "a"), Some(answer(1)), "in the open transaction too");
            store.commit().unwrap();
            assert_eq!(kept(store, "a"), Some(answer(1)));
            assert_eq!(kept(store, "A"), None);
            keep(store, "a", 2);
            assert_eq!(kept(store, "a"), Some(answer(2)));
            assert_eq!(store.keep_answer("b", &answer(3)), Err(StoreError::NoTransaction));
        },
    );
}

#[test]
fn a_rollback_takes_it_back() {
    on_every_store(
        |store| keep(store, "a", 1),
        |store| {
            store.begin().unwrap();
            store.keep_answer("a", &answer(2)).unwrap();
            store.keep_answer("b", &answer(3)).unwrap();
            store.rollback();
            assert_eq!(kept(store, "a"), Some(answer(1)));
            assert_eq!(kept(store, "b"), None);
        },
    );
}

#[test]
fn an_answer_is_known_for_a_day() {
    on_every_store(
        |_| {},
        |store| {
            keep(store, "a", 1);
            keep(store, "b", 2);
            let day_after_first = UnixMillis(TIME.0 + 1 + ANSWERS_KEPT_MS.default);
            assert_eq!(store.tidy_up(day_after_first), Ok(Tidy::Done));
            assert!(kept(store, "a").is_some());
            let later = UnixMillis(day_after_first.0 + 1);
            assert_eq!(store.kept_answer("a", later), Ok(None), "whether it was tidied up or not");
            assert_eq!(store.tidy_up(later), Ok(Tidy::Done));
            assert_eq!(kept(store, "a"), None);
            assert!(kept(store, "b").is_some());
        },
    );
}

#[test]
fn forgetting_goes_in_small_steps() {
    on_every_store(
        |_| {},
        |store| {
            let at_once = ANSWERS_FORGOTTEN_AT_ONCE.default;
            store.begin().unwrap();
            for number in 1..=at_once + 1 {
                store.keep_answer(&number.to_string(), &answer(number)).unwrap();
            }
            store.commit().unwrap();
            let later = UnixMillis(u64::MAX >> 1);
            assert_eq!(store.tidy_up(later), Ok(Tidy::NotYet));
            assert!(kept(store, &(at_once + 1).to_string()).is_some(), "the oldest first");
            store.tidy_up(later).unwrap();
            assert_eq!(kept(store, &(at_once + 1).to_string()), None);
        },
    );
}

#[test]
fn in_memory_there_is_room_for_so_many() {
    let mut store = Memory::new(10);
    store.begin().unwrap();
    for number in 1..=ANSWERS_IN_MEMORY_MAX.default + 2 {
        store.keep_answer(&number.to_string(), &answer(number)).unwrap();
    }
    store.commit().unwrap();
    assert_eq!(store.tidy_up(TIME), Ok(Tidy::Done));
    let known = [1, 2, 3].map(|number: u64| kept(&store, &number.to_string()).is_some());
    assert_eq!(known, [false, false, true]);
}

#[test]
fn a_restart_forgets_no_answer() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    keep(&mut store, "坎儿井", 1);
    drop(store);
    assert_eq!(kept(&scratch.open(), "坎儿井"), Some(answer(1)));
}
