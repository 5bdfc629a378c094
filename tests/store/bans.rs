//! Who is kept out: with the user, in every store.

use karez::base::clock::UnixMillis;
use karez::chat::act::Term;
use karez::chat::output::{Query, Record, Store};
use karez::store::{Storage, StoreError};

use crate::common::{eve, ground, id, on_every_store};
use crate::folder::Scratch;

fn ban(store: &mut dyn Storage, term: Option<Term>) -> Result<(), StoreError> {
    store.write(Store::Ban { uid: &id(1), term })
}

fn banned(store: &dyn Storage) -> Option<Term> {
    match store.read(&Query::User(id(1))).unwrap() {
        Record::User(_, Some(user)) => user.ban,
        other => panic!("{other:?}"),
    }
}

const TERMS: [Term; 3] =
    [Term::UntilLifted, Term::Until(UnixMillis(1_700_000_000_000)), Term::Until(UnixMillis(0))];

#[test]
fn a_ban_is_kept_changed_and_lifted() {
    on_every_store(ground, |store| {
        assert_eq!(banned(store), None);
        store.begin().unwrap();
        for term in TERMS {
            ban(store, Some(term)).unwrap();
            assert_eq!(banned(store), Some(term));
        }
        ban(store, None).unwrap();
        assert_eq!(banned(store), None);
        store.commit().unwrap();
    });
}

#[test]
fn a_rollback_takes_it_back() {
    on_every_store(ground, |store| {
        store.begin().unwrap();
        ban(store, Some(Term::UntilLifted)).unwrap();
        store.rollback();
        assert_eq!(banned(store), None);
    });
}

#[test]
fn a_new_name_leaves_it() {
    on_every_store(ground, |store| {
        store.begin().unwrap();
        ban(store, Some(Term::UntilLifted)).unwrap();
        store.write(Store::User { uid: &id(1), name: "new", guest: false }).unwrap();
        store.commit().unwrap();
        assert_eq!(banned(store), Some(Term::UntilLifted));
    });
}

#[test]
fn bans_and_blocks_leave_one_another_alone() {
    on_every_store(ground, |store| {
        let blocks = |store: &dyn Storage| match store.read(&Query::User(id(1))).unwrap() {
            Record::User(_, Some(user)) => user.blocks,
            other => panic!("{other:?}"),
        };
        store.begin().unwrap();
        store.write(Store::Block { uid: &id(1), other: &id(2), on: true }).unwrap();
        ban(store, Some(Term::UntilLifted)).unwrap();
        ban(store, None).unwrap();
        assert_eq!(blocks(store), [id(2)]);
        ban(store, Some(Term::UntilLifted)).unwrap();
        store.write(Store::Block { uid: &id(1), other: &id(2), on: false }).unwrap();
        assert!(blocks(store).is_empty());
        assert_eq!(banned(store), Some(Term::UntilLifted));
        store.commit().unwrap();
    });
}

#[test]
fn who_is_not_stored_is_not_banned() {
    on_every_store(ground, |store| {
        store.begin().unwrap();
        let refused = store.write(Store::Ban { uid: &eve(), term: None });
        assert_eq!(refused, Err(StoreError::NoSuchUser(eve())));
        store.rollback();
    });
}

#[test]
fn a_restart_lets_nobody_in() {
    let scratch = Scratch::new();
    for term in TERMS {
        let mut store = scratch.open();
        ground(&mut store);
        store.begin().unwrap();
        ban(&mut store, Some(term)).unwrap();
        store.commit().unwrap();
        drop(store);
        assert_eq!(banned(&scratch.open()), Some(term));
    }
}
