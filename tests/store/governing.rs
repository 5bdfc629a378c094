//! What every store keeps of groups that are governed; part of the suite.

use karez::base::clock::UnixMillis;
use karez::chat::act::{Act, Sanction, Term};
use karez::chat::ids::Id;
use karez::chat::input::Listing;
use karez::chat::output::{
    Entry, GroupRecord, GroupRole, GroupSummary, GroupsPage, Query, Record, Store, UserRecord,
};
use karez::store::{Storage, StoreError};

use crate::common::{append, id, in_group, said};

/// User 1 owns group 7, and has said something there; user 2 is a member.
fn begun(store: &mut impl Storage) {
    store.begin().unwrap();
    for uid in [1, 2] {
        store.write(Store::User { uid: &id(uid), name: "name", guest: false }).unwrap();
    }
    store.write(Store::Group { gid: &id(7) }).unwrap();
    store.write(Store::Member { gid: &id(7), uid: &id(1), role: GroupRole::Owner }).unwrap();
    store.write(Store::Member { gid: &id(7), uid: &id(2), role: GroupRole::Admin }).unwrap();
    say(store, 1, None).unwrap();
    store.commit().unwrap();
}

fn say(store: &mut impl Storage, seq: u64, act: Option<&Act<'_>>) -> Result<(), StoreError> {
    let (name, kind, time) = ("name", act.map(|_| "system"), UnixMillis(1));
    append(store, Entry { name, kind, act, time, ..said(&in_group(7), seq, "") })
}

fn group(store: &impl Storage) -> Option<GroupRecord> {
    match store.read(&Query::Group(id(7))).unwrap() {
        Record::Group(_, record) => record,
        other => panic!("{other:?}"),
    }
}

fn user(store: &impl Storage, uid: u64) -> UserRecord {
    match store.read(&Query::User(id(uid))).unwrap() {
        Record::User(_, Some(record)) => record,
        other => panic!("{other:?}"),
    }
}

fn page(store: &impl Storage, uid: u64, listing: Listing, after: Option<Id>) -> Vec<GroupSummary> {
    let page = GroupsPage { uid: id(uid), listing, after, limit: 2 };
    match store.read(&Query::Groups(page.clone())).unwrap() {
        Record::Groups(of, groups) => {
            assert_eq!(of, page);
            groups
        }
        other => panic!("{other:?}"),
    }
}

fn sanction(
    store: &mut impl Storage,
    uid: u64,
    sanction: Sanction,
    term: Option<Term>,
) -> Result<(), StoreError> {
    store.write(Store::Sanction { gid: &id(7), uid: &id(uid), sanction, term })
}

pub fn a_group_is_renamed_and_closed(store: &mut impl Storage) {
    begun(store);
    let fresh = group(store).unwrap();
    assert_eq!((&*fresh.name, fresh.open, fresh.deleted), ("", true, false));
    store.begin().unwrap();
    store.write(Store::GroupUpdate { gid: &id(7), name: "茶馆", open: false }).unwrap();
    store.write(Store::Group { gid: &id(7) }).expect("to make what is there changes nothing");
    store.commit().unwrap();
    let closed = group(store).unwrap();
    assert_eq!((&*closed.name, closed.open, closed.members.len()), ("茶馆", false, 2));
    store.begin().unwrap();
    store.write(Store::GroupUpdate { gid: &id(7), name: "", open: true }).unwrap();
    store.rollback();
    assert_eq!(group(store), Some(closed));
}

pub fn sanctions_are_kept_and_lifted(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    // Neither of them need be stored.
    sanction(store, 50, Sanction::Ban, Some(Term::UntilLifted)).unwrap();
    sanction(store, 50, Sanction::Mute, Some(Term::Until(UnixMillis(5)))).unwrap();
    sanction(store, 2, Sanction::Mute, Some(Term::Until(UnixMillis(6)))).unwrap();
    sanction(store, 2, Sanction::Mute, Some(Term::Until(UnixMillis(u64::MAX)))).unwrap();
    store.commit().unwrap();
    let mut before = group(store).unwrap().sanctions;
    before[0].2 = Term::UntilLifted;
    let kept = [
        (id(2), Sanction::Mute, Term::UntilLifted),
        (id(50), Sanction::Ban, Term::UntilLifted),
        (id(50), Sanction::Mute, Term::Until(UnixMillis(5))),
    ];
    assert_eq!(before, kept, "the first ends after the end of time");
    for undone in [true, false] {
        store.begin().unwrap();
        sanction(store, 50, Sanction::Ban, None).unwrap();
        sanction(store, 50, Sanction::Mute, Some(Term::UntilLifted)).unwrap();
        sanction(store, 51, Sanction::Ban, None).expect("what is not there is lifted already");
        if undone {
            store.rollback();
            assert_eq!(group(store).unwrap().sanctions[1..], kept[1..]);
        } else {
            store.commit().unwrap();
            let left = [(id(50), Sanction::Mute, Term::UntilLifted)];
            assert_eq!(group(store).unwrap().sanctions[1..], left);
        }
    }
}

pub fn blocks_are_kept_and_lifted(store: &mut impl Storage) {
    begun(store);
    let eve = Id::from_text("eve").unwrap();
    store.begin().unwrap();
    for other in [&eve, &id(50), &id(2), &id(2)] {
        store.write(Store::Block { uid: &id(1), other, on: true }).unwrap();
    }
    store.commit().unwrap();
    assert_eq!(user(store, 1).blocks, [id(2), id(50), eve.clone()]);
    assert!(user(store, 2).blocks.is_empty());
    for undone in [true, false] {
        store.begin().unwrap();
        store.write(Store::Block { uid: &id(1), other: &id(2), on: false }).unwrap();
        store.write(Store::Block { uid: &id(2), other: &id(1), on: true }).unwrap();
        store.write(Store::Block { uid: &id(2), other: &id(1), on: true }).unwrap();
        if undone {
            store.rollback();
            assert!(user(store, 2).blocks.is_empty());
            assert_eq!(user(store, 1).blocks.len(), 3);
        } else {
            store.commit().unwrap();
            assert_eq!(user(store, 2).blocks, [id(1)]);
            assert_eq!(user(store, 1).blocks, [id(50), eve.clone()]);
        }
    }
}

pub fn who_is_banned_or_blocked_is_named(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    sanction(store, 50, Sanction::Ban, Some(Term::UntilLifted)).unwrap();
    store.write(Store::Block { uid: &id(1), other: &id(51), on: true }).unwrap();
    store.commit().unwrap();
    let named = |uid| store.read(&Query::Named(id(uid))).unwrap();
    for uid in [50, 51] {
        assert_eq!(named(uid), Record::Named(id(uid), true));
    }
    assert_eq!(named(52), Record::Named(id(52), false));
}

pub fn who_is_named_no_more_is_free(store: &mut impl Storage) {
    begun(store);
    let named = |store: &dyn Storage| {
        [50, 51, 52].map(|uid| store.read(&Query::Named(id(uid))).unwrap() == Record::Named(id(uid), true))
    };
    let block = |store: &mut dyn Storage, uid, other, on| {
        store.write(Store::Block { uid: &id(uid), other: &id(other), on }).unwrap();
    };
    store.begin().unwrap();
    // One is named twice over, and each of these is said twice.
    for _ in 0..2 {
        sanction(store, 50, Sanction::Ban, Some(Term::UntilLifted)).unwrap();
        sanction(store, 52, Sanction::Mute, Some(Term::UntilLifted)).unwrap();
        block(store, 1, 50, true);
        block(store, 2, 51, true);
    }
    store.commit().unwrap();
    assert_eq!(named(store), [true; 3]);
    for is_undone in [true, false] {
        store.begin().unwrap();
        sanction(store, 50, Sanction::Ban, None).unwrap();
        block(store, 2, 51, false);
        assert_eq!(named(store), [true, false, true]);
        block(store, 1, 50, false);
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        assert_eq!(named(store), [false; 3]);
        if is_undone {
            store.rollback();
            assert_eq!(named(store), [true; 3]);
        } else {
            store.commit().unwrap();
            assert_eq!(named(store), [false; 3]);
        }
    }
}

pub fn acts_are_kept_with_their_entries(store: &mut impl Storage) {
    begun(store);
    let uid = id(2);
    let acts = [
        Act::GroupUpdate { name: Some("tea".into()), open: Some(false) },
        Act::GroupUpdate { name: None, open: None },
        Act::Role { uid: uid.clone(), role: GroupRole::Admin },
        Act::Kick { uid: uid.clone() },
        Act::Ban { uid: uid.clone(), seconds: Some(u64::MAX) },
        Act::Mute { uid: Id::from_text("eve").unwrap(), seconds: None },
        Act::Add { uid },
        Act::GroupDelete,
    ];
    store.begin().unwrap();
    for (seq, act) in (2..).zip(&acts) {
        say(store, seq, Some(act)).unwrap();
    }
    store.commit().unwrap();
    assert_eq!(group(store).unwrap().seq, 9);
}

pub fn a_deleted_group_leaves_only_its_number(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    store.write(Store::GroupUpdate { gid: &id(7), name: "tea", open: false }).unwrap();
    sanction(store, 50, Sanction::Ban, Some(Term::UntilLifted)).unwrap();
    say(store, 2, None).unwrap();
    store.commit().unwrap();
    let before = (group(store), user(store, 1), user(store, 2));
    for undone in [true, false] {
        store.begin().unwrap();
        say(store, 3, Some(&Act::GroupDelete)).unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        let gone = group(store).unwrap();
        let left = (gone.deleted, gone.seq, &*gone.name, gone.open);
        assert_eq!(left, (true, 3, "", true));
        assert!(gone.members.is_empty() && gone.sanctions.is_empty());
        if undone {
            store.rollback();
            assert_eq!((group(store), user(store, 1), user(store, 2)), before);
            assert_eq!(page(store, 1, Listing::Own, None).len(), 1);
        } else {
            store.commit().unwrap();
        }
    }
    assert!(user(store, 1).groups.is_empty() && user(store, 2).groups.is_empty());
    assert!(page(store, 1, Listing::Own, None).is_empty() && page(store, 1, Listing::Open, None).is_empty());
    store.begin().unwrap();
    let refused = say(store, 4, None);
    assert_eq!(refused, Err(StoreError::NoSuchGroup(id(7))));
    store.rollback();
}

pub fn a_group_that_is_made_anew_goes_on_with_its_numbers(store: &mut impl Storage) {
    begun(store);
    for last in [1, 2, 3] {
        store.begin().unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        store.write(Store::Group { gid: &id(7) }).unwrap();
        let anew = group(store).unwrap();
        assert_eq!((anew.deleted, anew.seq, anew.open, anew.members.len()), (false, last, true, 0));
        assert!(matches!(say(store, last, None), Err(StoreError::SeqGap { .. })));
        store.rollback();
        store.begin().unwrap();
        store.write(Store::NoGroup { gid: &id(7) }).unwrap();
        store.write(Store::Group { gid: &id(7) }).unwrap();
        say(store, last + 1, None).unwrap();
        store.write(Store::Member { gid: &id(7), uid: &id(2), role: GroupRole::Owner }).unwrap();
        store.commit().unwrap();
        store.tidy_up(UnixMillis(0)).unwrap();
        assert_eq!(group(store).unwrap().seq, last + 1);
        assert_eq!(user(store, 2).groups, [id(7)]);
    }
}

pub fn what_is_not_there_is_not_governed(store: &mut impl Storage) {
    begun(store);
    let (gid, uid) = (id(9), id(9));
    let sanction = Sanction::Ban;
    for order in [
        Store::GroupUpdate { gid: &gid, name: "", open: true },
        Store::NoGroup { gid: &gid },
        Store::Sanction { gid: &gid, uid: &uid, sanction, term: Some(Term::UntilLifted) },
        Store::Sanction { gid: &gid, uid: &uid, sanction, term: None },
    ] {
        store.begin().unwrap();
        assert_eq!(store.write(order), Err(StoreError::NoSuchGroup(id(9))));
        store.rollback();
    }
    for on in [true, false] {
        store.begin().unwrap();
        let refused = store.write(Store::Block { uid: &uid, other: &id(1), on });
        assert_eq!(refused, Err(StoreError::NoSuchUser(id(9))));
        store.rollback();
    }
}

pub fn groups_are_listed_in_pages(store: &mut impl Storage) {
    begun(store);
    let tea = Id::from_text("tea").unwrap();
    store.begin().unwrap();
    for gid in [&id(3), &tea, &id(12)] {
        store.write(Store::Group { gid }).unwrap();
        store.write(Store::Member { gid, uid: &id(2), role: GroupRole::Owner }).unwrap();
    }
    store.write(Store::GroupUpdate { gid: &id(3), name: "three", open: false }).unwrap();
    store.write(Store::Member { gid: &id(7), uid: &id(2), role: GroupRole::Member }).unwrap();
    store.commit().unwrap();
    let line = |gid: Id, name: &str, role: Option<GroupRole>, open, members| GroupSummary {
        gid,
        name: name.into(),
        role,
        open,
        members,
    };
    let own = page(store, 2, Listing::Own, None);
    assert_eq!(own.len(), 3, "one more than a page holds");
    assert_eq!(own[0], line(id(3), "three", Some(GroupRole::Owner), false, 1));
    assert_eq!(own[1], line(id(7), "", Some(GroupRole::Member), true, 2), "another role is no other member");
    let rest = page(store, 2, Listing::Own, Some(id(7)));
    assert_eq!(rest.iter().map(|group| &group.gid).collect::<Vec<_>>(), [&id(12), &tea]);
    let open = page(store, 1, Listing::Open, None);
    assert_eq!(open[0], line(id(7), "", Some(GroupRole::Owner), true, 2));
    assert_eq!(open[1], line(id(12), "", None, true, 1));
    store.begin().unwrap();
    store.write(Store::NoMember { gid: &id(7), uid: &id(2) }).unwrap();
    assert_eq!(page(store, 1, Listing::Open, None)[0].members, 1, "as the open transaction sees it");
    store.rollback();
    assert_eq!(page(store, 1, Listing::Open, None)[0].members, 2);
    assert!(page(store, 99, Listing::Own, None).is_empty());
    let all = page(store, 2, Listing::All, None);
    assert_eq!(all[0], line(id(3), "three", None, false, 1), "closed ones too, and nobody's role");
    assert_eq!(all.len(), 3);
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(12) }).unwrap();
    store.commit().unwrap();
    let rest = page(store, 1, Listing::All, Some(id(3)));
    assert_eq!(rest.iter().map(|group| &group.gid).collect::<Vec<_>>(), [&id(7), &tea], "no deleted one");
}
