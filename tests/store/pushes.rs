//! Pushes that wait for their receivers: every store keeps them in order, once each, for as long as they may wait.

use karez::base::clock::{UnixDay, UnixMillis};
use karez::base::limits::{LARGE_PUSHES_MAX, PUSHES_PER_USER_MAX, PUSHES_REMOVED_AT_ONCE};
use karez::chat::ids::Id;
use karez::chat::output::{PushRecord, PushesQuery, Query, Record, Store};
use karez::store::{Memory, Options, Retention, Sqlite, Storage, Tidy};
use rusqlite::Connection;

use crate::common::{eve, id, on_every_store};
use crate::folder::Scratch;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// A transaction that stays open.
fn begun(store: &mut dyn Storage) {
    store.begin().unwrap();
}

/// A push with all that one can have. It waits from its time, which is its number, until `expires`.
fn record(number: u64, expires: u64) -> PushRecord {
    PushRecord {
        id: format!("p{number}").into(),
        title: Some("title".into()),
        content: "content".into(),
        data: Some("{}".into()),
        url: Some("/".into()),
        time: UnixMillis(number),
        expires: UnixMillis(expires),
    }
}

fn keep(store: &mut dyn Storage, number: u64, expires: u64, receivers: &[&Id]) {
    store.write(Store::Push { number, push: &record(number, expires), receivers }).unwrap();
}

fn keep_for(store: &mut dyn Storage, number: u64, uid: u64) {
    keep(store, number, DAY_MS, &[&id(uid)]);
}

/// For users 1, 2, 3 and so on, and for eve.
fn keep_for_many(store: &mut dyn Storage, number: u64, count: u64) {
    let uids: Vec<Id> = (1..count).map(id).chain([eve()]).collect();
    keep(store, number, DAY_MS, &uids.iter().collect::<Vec<_>>());
}

fn strike(store: &mut dyn Storage, uid: &Id, until: u64) {
    store.write(Store::NoPush { uid, until }).unwrap();
}

fn page(store: &dyn Storage, uid: &Id, after: u64, pushes_max: usize, bytes_max: usize) -> (Vec<u64>, bool) {
    let query = PushesQuery { uid: uid.clone(), after, pushes_max, bytes_max };
    let Record::Pushes(of, page) = store.read(&Query::Pushes(query.clone())).unwrap() else { panic!() };
    assert_eq!(of, query);
    for (number, push) in &page.pushes {
        assert_eq!(*push, record(*number, push.expires.0));
    }
    (page.pushes.into_iter().map(|(number, _)| number).collect(), page.more)
}

fn all(store: &dyn Storage, uid: &Id) -> Vec<u64> {
    page(store, uid, 0, 10_000, usize::MAX).0
}

fn last(store: &dyn Storage) -> u64 {
    let Record::LastPush(last) = store.read(&Query::LastPush).unwrap() else { panic!() };
    last
}

fn is_named(store: &dyn Storage, uid: &Id) -> bool {
    let Record::Named(_, named) = store.read(&Query::Named(uid.clone())).unwrap() else { panic!() };
    named
}

#[test]
fn the_oldest_come_first_and_a_page_is_bounded() {
    on_every_store(begun, |store| {
        assert_eq!((last(store), all(store, &eve())), (0, vec![]));
        keep(store, 1, DAY_MS, &[&eve(), &id(1)]);
        keep(store, 2, DAY_MS, &[&id(1)]);
        keep(store, 4, DAY_MS, &[&eve()]);
        keep(store, 3, DAY_MS, &[&eve()]);
        assert_eq!(
            (all(store, &eve()), all(store, &id(1)), all(store, &id(2))),
            (vec![1, 3, 4], vec![1, 2], vec![])
        );
        assert_eq!(page(store, &eve(), 0, 2, usize::MAX), (vec![1, 3], true));
        assert_eq!(page(store, &eve(), 3, 2, usize::MAX), (vec![4], false));
        let bytes = record(1, 0).bytes();
        assert_eq!(page(store, &eve(), 0, 9, 2 * bytes), (vec![1, 3], true));
        assert_eq!(page(store, &eve(), 0, 9, 1), (vec![1], true), "one comes in any case");
        assert_eq!(last(store), 4);
    });
}

#[test]
fn they_are_struck_up_to_a_number_for_one_receiver() {
    on_every_store(begun, |store| {
        for number in 1..=3 {
            keep(store, number, DAY_MS, &[&eve(), &id(1)]);
        }
        strike(store, &eve(), 2);
        strike(store, &id(9), 9);
        assert_eq!((all(store, &eve()), all(store, &id(1))), (vec![3], vec![1, 2, 3]));
        strike(store, &eve(), 9);
        assert!(all(store, &eve()).is_empty());
    });
}

#[test]
fn further_receivers_may_be_found_later() {
    on_every_store(begun, |store| {
        keep_for_many(store, 1, 300);
        keep_for(store, 1, 777);
        keep_for(store, 1, 777);
        assert_eq!(
            (all(store, &id(777)), all(store, &id(1)), all(store, &id(778))),
            (vec![1], vec![1], vec![])
        );
    });
}

#[test]
fn many_receivers_are_found_and_struck_one_by_one() {
    on_every_store(begun, |store| {
        keep_for_many(store, 1, 1_000);
        keep_for(store, 2, 5);
        keep_for_many(store, 3, 300);
        assert_eq!(all(store, &id(5)), [1, 2, 3]);
        assert_eq!(
            (all(store, &id(299)), all(store, &id(300)), all(store, &id(1_000))),
            (vec![1, 3], vec![1], vec![])
        );
        strike(store, &id(5), 2);
        assert_eq!((all(store, &id(5)), all(store, &id(261))), (vec![3], vec![1, 3]), "on the same shelf");
        strike(store, &eve(), 3);
        assert!(all(store, &eve()).is_empty());
        assert!(is_named(store, &id(261)) && !is_named(store, &eve()) && !is_named(store, &id(1_000)));
    });
}

#[test]
fn a_user_says_whether_one_waits_and_who_is_addressed_is_named() {
    on_every_store(begun, |store| {
        let waits = |store: &dyn Storage| {
            let Record::User(_, user) = store.read(&Query::User(id(1))).unwrap() else { panic!() };
            user.unwrap().pushes_wait
        };
        store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
        assert!(!waits(store) && !is_named(store, &id(2)));
        keep_for(store, 1, 1);
        keep_for(store, 2, 2);
        assert!(waits(store) && is_named(store, &id(2)));
        strike(store, &id(1), 1);
        assert!(!waits(store));
        keep_for_many(store, 3, 300);
        assert!(waits(store) && is_named(store, &id(250)));
    });
}

#[test]
fn a_rollback_undoes_both() {
    on_every_store(begun, |store| {
        keep(store, 1, DAY_MS, &[&eve(), &id(1)]);
        keep_for_many(store, 2, 300);
        store.commit().unwrap();
        store.begin().unwrap();
        keep(store, 3, DAY_MS, &[&eve()]);
        keep_for(store, 1, 2);
        strike(store, &eve(), 3);
        strike(store, &id(1), 1);
        assert_eq!((all(store, &eve()), all(store, &id(1))), (vec![], vec![2]));
        store.rollback();
        store.begin().unwrap();
        assert_eq!(
            (all(store, &eve()), all(store, &id(1)), all(store, &id(2))),
            (vec![1, 2], vec![1, 2], vec![2])
        );
        assert_eq!(last(store), 2);
    });
}

#[test]
fn of_a_user_the_newest_are_kept() {
    on_every_store(begun, |store| {
        let max = PUSHES_PER_USER_MAX.default;
        for number in 1..=max + 3 {
            keep_for(store, number, 1);
        }
        keep_for(store, max + 4, 2);
        assert_eq!(all(store, &id(1)), (4..=max + 3).collect::<Vec<_>>());
        keep_for_many(store, max + 5, 300);
        assert_eq!(all(store, &id(1)), (5..=max + 3).chain([max + 5]).collect::<Vec<_>>());
        assert_eq!(all(store, &id(2)), [max + 4, max + 5]);
    });
}

/// Tidies up to the end, and tells in how many steps.
fn tidy(store: &mut dyn Storage, now: u64) -> usize {
    (1..).find(|_| store.tidy_up(UnixMillis(now)).unwrap() == Tidy::Done).unwrap()
}

#[test]
fn what_has_expired_is_taken_out() {
    on_every_store(begun, |store| {
        keep(store, 1, 1_000, &[&eve(), &id(1)]);
        keep(store, 2, 500, &[&eve()]);
        keep_for_many(store, 3, 300);
        store.commit().unwrap();
        tidy(store, 499);
        assert_eq!(all(store, &eve()), [1, 2, 3]);
        tidy(store, 500);
        assert_eq!(all(store, &eve()), [1, 3]);
        tidy(store, 1_000);
        assert_eq!((all(store, &eve()), all(store, &id(1))), (vec![3], vec![3]));
        tidy(store, DAY_MS);
        assert_eq!((all(store, &eve()), all(store, &id(1)), last(store)), (vec![], vec![], 0));
    });
}

#[test]
fn removing_goes_in_small_steps() {
    on_every_store(begun, |store| {
        let at_once = PUSHES_REMOVED_AT_ONCE.default;
        for number in 1..=2 * at_once + 1 {
            keep_for(store, number, number);
        }
        store.commit().unwrap();
        let left = |store: &dyn Storage| {
            (1..=2 * at_once + 1).filter(|uid| !all(store, &id(*uid)).is_empty()).count()
        };
        assert_eq!(store.tidy_up(UnixMillis(DAY_MS)).unwrap(), Tidy::NotYet);
        assert_eq!(left(store) as u64, at_once + 1);
        assert_eq!(store.tidy_up(UnixMillis(DAY_MS)).unwrap(), Tidy::NotYet);
        tidy(store, DAY_MS);
        assert_eq!(left(store), 0);
    });
}

#[test]
fn what_is_older_than_what_is_kept_goes_though_it_might_wait_longer() {
    let retention = Retention { days_max: Some(2), ..Retention::default() };
    let scratch = Scratch::new();
    let mut in_file = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    let mut in_memory = Memory::new(100).with_retention(retention);
    for store in [&mut in_memory as &mut dyn Storage, &mut in_file] {
        store.begin().unwrap();
        keep(store, 1, 9 * DAY_MS, &[&eve()]);
        keep(store, 1_000, 9 * DAY_MS, &[&eve()]);
        store.commit().unwrap();
        tidy(store, 2 * DAY_MS + 2);
        assert_eq!(all(store, &eve()), [1_000]);
    }
}

#[test]
fn with_a_guest_who_is_forgotten_goes_what_waited_for_him() {
    on_every_store(begun, |store| {
        store.write(Store::User { uid: &id(9), name: "guest", guest: true }).unwrap();
        store.write(Store::Seen { uid: &id(9), day: UnixDay(1) }).unwrap();
        keep(store, 1, DAY_MS, &[&eve(), &id(9)]);
        keep_for_many(store, 2, 300);
        store.commit().unwrap();
        store.begin().unwrap();
        store.write(Store::NoUser { uid: &id(9) }).unwrap();
        assert_eq!((all(store, &id(9)), all(store, &eve())), (vec![], vec![1, 2]));
        store.rollback();
        assert_eq!(all(store, &id(9)), [1, 2]);
    });
}

#[test]
fn what_has_reached_everybody_is_not_kept() {
    on_every_store(begun, |store| {
        keep(store, 1, DAY_MS, &[&eve()]);
        keep_for_many(store, 2, 300);
        for uid in (1..300).map(id).chain([eve()]) {
            strike(store, &uid, 2);
        }
        store.commit().unwrap();
        tidy(store, 5);
        assert_eq!(last(store), 0);
    });
}

fn count(scratch: &Scratch, sql: &str) -> i64 {
    let connection = Connection::open(scratch.options().file()).unwrap();
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

#[test]
fn ten_thousand_receivers_are_a_few_hundred_rows() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    keep_for_many(&mut store, 1, 10_000);
    store.commit().unwrap();
    assert_eq!(all(&store, &id(9_999)), [1]);
    drop(store);
    assert_eq!(count(&scratch, "SELECT count(*) FROM push_waiting"), 256);
}

#[test]
fn of_large_pushes_so_many_are_kept() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    keep_for(&mut store, 1, 1);
    // All on one shelf, so that it does not take long.
    let uids: Vec<Id> = (0..257).map(|of| id(1 + 256 * of)).collect();
    let receivers: Vec<&Id> = uids.iter().collect();
    let max = LARGE_PUSHES_MAX.default;
    for number in 2..=max + 3 {
        keep(&mut store, number, DAY_MS, &receivers);
    }
    store.commit().unwrap();
    drop(store);
    assert_eq!(count(&scratch, "SELECT count(*) FROM push WHERE large = 1"), max.cast_signed());
    assert_eq!(count(&scratch, "SELECT min(push) FROM push WHERE large = 1"), 4);
    assert_eq!(count(&scratch, "SELECT count(*) FROM push WHERE large = 0"), 1);
    let first = 1 + max + 3 - PUSHES_PER_USER_MAX.default;
    assert_eq!(all(&scratch.open(), &id(257)), (first..=max + 3).collect::<Vec<_>>());
}

#[test]
fn every_question_is_answered_by_an_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let connection = Connection::open(scratch.options().file()).unwrap();
    for sql in [
        "SELECT push FROM push_waiting WHERE shelf = 1 ORDER BY push DESC LIMIT 1 OFFSET 100",
        "SELECT push, receivers FROM push_waiting WHERE shelf = -1 AND push <= 9",
        "DELETE FROM push_waiting WHERE push = 1",
        "DELETE FROM push WHERE push = 1 AND NOT EXISTS (SELECT 1 FROM push_waiting WHERE push = 1)",
        "SELECT push FROM push WHERE large = 1 ORDER BY push DESC LIMIT 1 OFFSET 1000",
        "SELECT push FROM push WHERE expires <= 5 ORDER BY expires LIMIT 10",
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.query_map((), |row| row.get::<_, String>(3)).unwrap();
        for step in steps.map(Result::unwrap) {
            let is_by_index = step.contains("SEARCH") || step.contains("USING COVERING INDEX large_push");
            assert!(is_by_index || step.contains("SUBQUERY"), "{sql}: {step}");
        }
    }
}
