//! When guests were last here, and what is left of one who is forgotten.

use karez::base::clock::{UnixDay, UnixMillis};
use karez::base::digest::Digest;
use karez::chat::act::{Sanction, Term};
use karez::chat::ids::Id;
use karez::chat::output::{Entry, GroupRole, Query, Record, SentAs, Store};
use karez::store::{Storage, StoreError};

use crate::common::{id, in_group, on_every_store, said};
use crate::folder::Scratch;

/// Guests 1001 to 1003 and user 5, who were here on no day that is known.
fn guests(store: &mut dyn Storage) {
    store.begin().unwrap();
    for uid in [1_001, 1_002, 1_003, 5] {
        store.write(Store::User { uid: &id(uid), name: "name", guest: uid > 1_000 }).unwrap();
    }
    store.commit().unwrap();
}

fn see(store: &mut dyn Storage, uid: u64, day: u32) {
    store.write(Store::Seen { uid: &id(uid), day: UnixDay(day) }).unwrap();
}

/// The guest who was here longest ago, before this day.
fn longest_ago(store: &dyn Storage, day: u32) -> Option<Id> {
    let seen_before = UnixDay(day);
    match store.read(&Query::Forgettable { seen_before }).unwrap() {
        Record::Forgettable { seen_before: of, uid } => {
            assert_eq!(of, seen_before);
            uid
        }
        other => panic!("{other:?}"),
    }
}

fn user(store: &dyn Storage, uid: u64) -> Record {
    store.read(&Query::User(id(uid))).unwrap()
}

#[test]
fn whoever_was_here_longest_ago_is_found() {
    on_every_store(guests, |store| {
        assert_eq!(longest_ago(store, u32::MAX), None);
        store.begin().unwrap();
        see(store, 1_003, 7);
        see(store, 1_002, 7);
        see(store, 1_001, 9);
        see(store, 5, 1);
        assert_eq!(longest_ago(store, 8), Some(id(1_002)), "in the open transaction too");
        store.commit().unwrap();
        assert_eq!(longest_ago(store, 7), None);
        assert_eq!(longest_ago(store, 8), Some(id(1_002)), "the smaller uid first, and no user of the site");
    });
}

#[test]
fn the_latest_day_counts_and_a_rollback_takes_it_back() {
    on_every_store(guests, |store| {
        store.begin().unwrap();
        see(store, 1_001, 7);
        see(store, 1_001, 6);
        store.commit().unwrap();
        assert_eq!(longest_ago(store, 7), None, "an earlier day changes nothing");
        store.begin().unwrap();
        see(store, 1_001, 9);
        store.write(Store::User { uid: &id(1_001), name: "new", guest: true }).unwrap();
        assert_eq!(longest_ago(store, 9), None);
        store.rollback();
        assert_eq!(longest_ago(store, 8), Some(id(1_001)));
        store.begin().unwrap();
        let refused = store.write(Store::Seen { uid: &id(9), day: UnixDay(1) });
        assert_eq!(refused, Err(StoreError::NoSuchUser(id(9))));
        store.rollback();
    });
}

/// Guest 1001 blocks and is blocked, is muted, and has spoken.
fn live(store: &mut dyn Storage) {
    let (own, other, gid) = (id(1_001), id(5), id(7));
    store.begin().unwrap();
    see(store, 1_001, 7);
    store.write(Store::Group { gid: &gid }).unwrap();
    store.write(Store::Member { gid: &gid, uid: &own, role: GroupRole::Owner }).unwrap();
    store.write(Store::Block { uid: &own, other: &other, on: true }).unwrap();
    store.write(Store::Block { uid: &other, other: &own, on: true }).unwrap();
    let (sanction, term) = (Sanction::Mute, Some(Term::UntilLifted));
    store.write(Store::Sanction { gid: &gid, uid: &own, sanction, term }).unwrap();
    let conversation = in_group(7);
    let entry = Entry { uid: &own, name: "name", time: UnixMillis(7), ..said(&conversation, 1, "hi") };
    let sent_as = Some(SentAs { id: "a", digest: Digest::of([b"hi".as_slice()]) });
    store.write(Store::Append { entry: &entry, sent_as }).unwrap();
    store.commit().unwrap();
}

/// What of guest 1001 can be read.
fn traces(store: &dyn Storage) -> Vec<Record> {
    let sent = Query::Sent { uid: id(1_001), id: "a".into() };
    let queries = [Query::User(id(1_001)), sent, Query::Group(id(7)), Query::User(id(5))];
    queries.iter().map(|query| store.read(query).unwrap()).collect()
}

#[test]
fn of_a_forgotten_guest_what_is_his_goes_and_what_he_said_stays() {
    on_every_store(guests, |store| {
        live(store);
        store.begin().unwrap();
        store.write(Store::NoMember { gid: &id(7), uid: &id(1_001) }).unwrap();
        store.write(Store::NoUser { uid: &id(1_001) }).unwrap();
        store.commit().unwrap();
        assert_eq!(user(store, 1_001), Record::User(id(1_001), None));
        assert_eq!(longest_ago(store, u32::MAX), None);
        let [_, Record::Sent { sent, .. }, Record::Group(_, Some(group)), Record::User(_, Some(other))] =
            &traces(store)[..]
        else {
            panic!("{:?}", traces(store))
        };
        assert_eq!(*sent, None);
        assert_eq!((group.seq, group.members.len(), group.sanctions.len()), (1, 0, 1));
        assert_eq!(other.blocks, [id(1_001)], "what others think of him is theirs");
        // He comes back, as somebody of whom nothing is known.
        store.begin().unwrap();
        store.write(Store::User { uid: &id(1_001), name: "new", guest: true }).unwrap();
        see(store, 1_001, 9);
        store.commit().unwrap();
        let Record::User(_, Some(new)) = user(store, 1_001) else { panic!("nobody") };
        assert_eq!((new.groups.len(), new.blocks.len()), (0, 0));
        assert_eq!(longest_ago(store, 10), Some(id(1_001)));
    });
}

#[test]
fn a_rollback_remembers_him() {
    on_every_store(guests, |store| {
        live(store);
        let before = (traces(store), longest_ago(store, 8));
        store.begin().unwrap();
        store.write(Store::NoMember { gid: &id(7), uid: &id(1_001) }).unwrap();
        store.write(Store::NoUser { uid: &id(1_001) }).unwrap();
        store.rollback();
        assert_eq!((traces(store), longest_ago(store, 8)), before);
    });
}

#[test]
fn a_member_is_not_forgotten() {
    on_every_store(guests, |store| {
        live(store);
        store.begin().unwrap();
        let refused = store.write(Store::NoUser { uid: &id(1_001) });
        assert_eq!(refused, Err(StoreError::StillMember(id(1_001))));
        store.rollback();
        store.begin().unwrap();
        let refused = store.write(Store::NoUser { uid: &id(9) });
        assert_eq!(refused, Err(StoreError::NoSuchUser(id(9))));
        store.rollback();
    });
}

#[test]
fn the_next_to_be_forgotten_is_found_by_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let sql = "EXPLAIN QUERY PLAN SELECT uid FROM user
               WHERE guest = 1 AND seen > 0 AND seen < 9 ORDER BY seen, uid LIMIT 1";
    let plan: String = scratch.look().query_row(sql, (), |row| row.get(3)).unwrap();
    assert_eq!(plan, "SEARCH user USING COVERING INDEX guest_by_day (seen>? AND seen<?)");
}
