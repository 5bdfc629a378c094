//! What every store does. A new store adds one line of `passes_the_suite!`.

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Entry, GroupRole, Query, Record, Store};
use karez::store::{Identity, Memory, Storage, StoreError};

use crate::common::{id, said};
use crate::folder::Scratch;
use crate::governing::*;
use crate::reading::*;

macro_rules! passes_the_suite {
    ($name:ident, $scratch:ident, $new:expr) => {
        mod $name {
            use super::*;

            passes_the_suite!(@ $scratch, $new;
                nothing_is_stored_at_first
                users_are_stored_and_renamed
                members_keep_their_order_of_joining
                a_member_who_returns_is_the_newest
                numbers_go_up_by_one
                a_number_out_of_order_is_refused
                nothing_hangs_in_the_air
                a_read_sees_the_open_transaction
                a_rollback_undoes_everything
                a_rollback_puts_back_what_was_changed
                a_rollback_restores_a_member_who_left
                a_transaction_is_opened_once_and_only_an_open_one_is_written
                the_two_names_of_a_private_conversation_are_one
                texts_and_numbers_are_different_ids_and_sorted
                the_bound_of_guests_is_kept_and_rolled_back
                a_uid_is_named_by_a_user_or_a_talk
                an_identity_is_given_once
                what_it_is_told_at_any_time_does_no_harm
                a_group_is_renamed_and_closed
                sanctions_are_kept_and_lifted
                blocks_are_kept_and_lifted
                who_is_banned_or_blocked_is_named
                who_is_named_no_more_is_free
                acts_are_kept_with_their_entries
                a_deleted_group_leaves_only_its_number
                a_group_that_is_made_anew_goes_on_with_its_numbers
                what_is_not_there_is_not_governed
                groups_are_listed_in_pages
                cursors_are_moved_and_rolled_back
                whoever_comes_in_has_read_what_was_said_before
                who_has_no_cursor_moves_none
                what_others_said_after_the_cursor_is_unread
                what_is_recalled_is_not_unread
                conversations_are_listed_by_their_newest_entry
                a_page_of_conversations_is_bounded
                a_list_goes_on_where_it_was_left
                who_talks_to_text_ids_finds_them
            );
        }
    };
    (@ $scratch:ident, $new:expr; $($case:ident)*) => {
        $(#[test] fn $case() {
            let $scratch = Scratch::new();
            super::$case(&mut $new);
        })*
    };
}

passes_the_suite!(memory_store, _scratch, Memory::new(1_000));
passes_the_suite!(sqlite_store, scratch, scratch.open());

fn user(store: &mut impl Storage, uid: u64) {
    let name = format!("user {uid}");
    store.write(Store::User { uid: &id(uid), name: &name, guest: uid > 1_000 }).unwrap();
}

fn group(store: &mut impl Storage, gid: u64) {
    store.write(Store::Group { gid: &id(gid) }).unwrap();
}

fn member(store: &mut impl Storage, gid: u64, uid: u64, role: GroupRole) {
    store.write(Store::Member { gid: &id(gid), uid: &id(uid), role }).unwrap();
}

fn strike(store: &mut impl Storage, gid: u64, uid: u64) {
    store.write(Store::NoMember { gid: &id(gid), uid: &id(uid) }).unwrap();
}

fn append(
    store: &mut impl Storage,
    conversation: &Conversation,
    seq: u64,
    uid: u64,
) -> Result<(), StoreError> {
    let entry = Entry {
        uid: &id(uid),
        name: "name",
        kind: Some("kind"),
        data: Some("{}"),
        mentions: &[id(1), id(2)],
        time: UnixMillis(7),
        ..said(conversation, seq, "content")
    };
    store.write(Store::Append { entry: &entry, sent_as: None })
}

/// Name, whether a guest, and the groups.
fn read_user(store: &impl Storage, uid: u64) -> Option<(String, bool, Vec<Id>)> {
    match store.read(&Query::User(id(uid))).unwrap() {
        Record::User(of, record) => {
            assert_eq!(of, id(uid));
            record.map(|user| (user.name.into_string(), user.guest, user.groups))
        }
        other => panic!("{other:?}"),
    }
}

/// The last number, and the members in the order of joining.
fn read_group(store: &impl Storage, gid: u64) -> Option<(u64, Vec<(Id, GroupRole)>)> {
    match store.read(&Query::Group(id(gid))).unwrap() {
        Record::Group(of, record) => {
            assert_eq!(of, id(gid));
            record.map(|mut group| {
                assert!(group.members.is_sorted_by(|a, b| a.uid < b.uid), "a record is ordered by uid");
                group.members.sort_by_key(|member| member.joined);
                (group.seq, group.members.into_iter().map(|member| (member.uid, member.role)).collect())
            })
        }
        other => panic!("{other:?}"),
    }
}

fn read_direct(store: &impl Storage, low: u64, high: u64) -> u64 {
    match store.read(&Query::Direct(id(low), id(high))).unwrap() {
        Record::Direct(_, _, seq) => seq,
        other => panic!("{other:?}"),
    }
}

fn nothing_is_stored_at_first(store: &mut impl Storage) {
    assert_eq!(read_user(store, 1), None);
    assert_eq!(read_group(store, 1), None);
    assert_eq!(read_direct(store, 1, 2), 0);
}

fn users_are_stored_and_renamed(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 5);
    user(store, 1_001);
    store.commit().unwrap();
    assert_eq!(read_user(store, 5), Some(("user 5".to_owned(), false, vec![])));
    assert_eq!(read_user(store, 1_001), Some(("user 1001".to_owned(), true, vec![])));
    store.begin().unwrap();
    group(store, 7);
    member(store, 7, 5, GroupRole::Owner);
    store.write(Store::User { uid: &id(5), name: "new", guest: false }).unwrap();
    store.commit().unwrap();
    assert_eq!(read_user(store, 5), Some(("new".to_owned(), false, vec![id(7)])));
    let Record::Group(_, Some(record)) = store.read(&Query::Group(id(7))).unwrap() else {
        panic!("no group")
    };
    assert_eq!(&*record.members[0].name, "new", "members have the names of the users");
}

fn members_keep_their_order_of_joining(store: &mut impl Storage) {
    store.begin().unwrap();
    group(store, 7);
    for uid in [3, 1, 2] {
        user(store, uid);
        member(store, 7, uid, GroupRole::Member);
    }
    store.commit().unwrap();
    store.begin().unwrap();
    member(store, 7, 1, GroupRole::Owner);
    store.commit().unwrap();
    let members = vec![(id(3), GroupRole::Member), (id(1), GroupRole::Owner), (id(2), GroupRole::Member)];
    assert_eq!(read_group(store, 7), Some((0, members)));
}

fn a_member_who_returns_is_the_newest(store: &mut impl Storage) {
    store.begin().unwrap();
    group(store, 7);
    for uid in [1, 2] {
        user(store, uid);
        member(store, 7, uid, GroupRole::Member);
    }
    store.commit().unwrap();
    store.begin().unwrap();
    strike(store, 7, 1);
    member(store, 7, 1, GroupRole::Member);
    store.commit().unwrap();
    let members = vec![(id(2), GroupRole::Member), (id(1), GroupRole::Member)];
    assert_eq!(read_group(store, 7), Some((0, members)));
    assert_eq!(read_user(store, 1).unwrap().2, [id(7)]);
}

fn numbers_go_up_by_one(store: &mut impl Storage) {
    let (in_group, direct) = (Conversation::Group(id(7)), Conversation::direct(&id(1), &id(2)));
    store.begin().unwrap();
    user(store, 1);
    group(store, 7);
    for seq in 1..=3 {
        append(store, &in_group, seq, 1).unwrap();
    }
    append(store, &direct, 1, 1).unwrap();
    store.commit().unwrap();
    assert_eq!(read_group(store, 7), Some((3, vec![])));
    assert_eq!(read_direct(store, 1, 2), 1);
    store.begin().unwrap();
    append(store, &in_group, 4, 1).unwrap();
    store.commit().unwrap();
    assert_eq!(read_group(store, 7), Some((4, vec![])));
}

fn a_number_out_of_order_is_refused(store: &mut impl Storage) {
    let conversation = Conversation::direct(&id(1), &id(2));
    store.begin().unwrap();
    user(store, 1);
    append(store, &conversation, 1, 1).unwrap();
    store.commit().unwrap();
    for given in [0, 1, 3] {
        store.begin().unwrap();
        let refused = append(store, &conversation, given, 1).unwrap_err();
        assert_eq!(refused, StoreError::SeqGap { conversation: conversation.clone(), next: 2, given });
        store.rollback();
    }
    store.begin().unwrap();
    append(store, &conversation, 2, 1).unwrap();
    store.commit().unwrap();
}

fn nothing_hangs_in_the_air(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 1);
    group(store, 7);
    let (one, nine) = (id(1), id(9));
    let role = GroupRole::Member;
    let refused = store.write(Store::Member { gid: &nine, uid: &one, role });
    assert_eq!(refused, Err(StoreError::NoSuchGroup(id(9))));
    let refused = store.write(Store::Member { gid: &id(7), uid: &nine, role });
    assert_eq!(refused, Err(StoreError::NoSuchUser(id(9))));
    let refused = append(store, &Conversation::Group(id(9)), 1, 1);
    assert_eq!(refused, Err(StoreError::NoSuchGroup(id(9))));
    let refused = append(store, &Conversation::Group(id(7)), 1, 9);
    assert_eq!(refused, Err(StoreError::NoSuchUser(id(9))));
    append(store, &Conversation::direct(&one, &nine), 1, 1).expect("the receiver need not be stored");
    store.rollback();
}

fn a_read_sees_the_open_transaction(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 1);
    group(store, 7);
    member(store, 7, 1, GroupRole::Owner);
    append(store, &Conversation::Group(id(7)), 1, 1).unwrap();
    assert_eq!(read_user(store, 1), Some(("user 1".to_owned(), false, vec![id(7)])));
    assert_eq!(read_group(store, 7), Some((1, vec![(id(1), GroupRole::Owner)])));
    store.rollback();
}

fn a_rollback_undoes_everything(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 1);
    group(store, 7);
    member(store, 7, 1, GroupRole::Owner);
    append(store, &Conversation::Group(id(7)), 1, 1).unwrap();
    append(store, &Conversation::direct(&id(1), &id(2)), 1, 1).unwrap();
    store.rollback();
    nothing_is_stored_at_first(store);
    assert_eq!(read_group(store, 7), None);
    store.begin().unwrap();
    user(store, 1);
    append(store, &Conversation::direct(&id(1), &id(2)), 1, 1).expect("the number is free again");
    store.commit().unwrap();
}

fn a_rollback_puts_back_what_was_changed(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 1);
    group(store, 7);
    member(store, 7, 1, GroupRole::Owner);
    append(store, &Conversation::Group(id(7)), 1, 1).unwrap();
    store.commit().unwrap();
    let before = (read_user(store, 1), read_group(store, 7));
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "new", guest: true }).unwrap();
    group(store, 7);
    member(store, 7, 1, GroupRole::Member);
    append(store, &Conversation::Group(id(7)), 2, 1).unwrap();
    assert_ne!((read_user(store, 1), read_group(store, 7)), before);
    store.rollback();
    assert_eq!((read_user(store, 1), read_group(store, 7)), before);
}

fn a_rollback_restores_a_member_who_left(store: &mut impl Storage) {
    store.begin().unwrap();
    group(store, 7);
    for uid in [1, 2] {
        user(store, uid);
        member(store, 7, uid, GroupRole::Member);
    }
    store.commit().unwrap();
    let before = read_group(store, 7);
    store.begin().unwrap();
    strike(store, 7, 1);
    assert_eq!(read_user(store, 1).unwrap().2, []);
    member(store, 7, 1, GroupRole::Owner);
    strike(store, 7, 2);
    store.rollback();
    assert_eq!(read_group(store, 7), before, "with the place in the order of joining");
    assert_eq!(read_user(store, 1).unwrap().2, [id(7)]);
    assert_eq!(read_user(store, 2).unwrap().2, [id(7)]);
}

fn a_transaction_is_opened_once_and_only_an_open_one_is_written(store: &mut impl Storage) {
    assert_eq!(store.write(Store::Group { gid: &id(7) }), Err(StoreError::NoTransaction));
    assert_eq!(store.commit(), Err(StoreError::NoTransaction));
    store.rollback();
    store.begin().unwrap();
    assert_eq!(store.begin(), Err(StoreError::TransactionOpen));
    store.commit().unwrap();
    assert_eq!(store.commit(), Err(StoreError::NoTransaction));
}

fn the_two_names_of_a_private_conversation_are_one(store: &mut impl Storage) {
    store.begin().unwrap();
    user(store, 1);
    user(store, 2);
    append(store, &Conversation::direct(&id(1), &id(2)), 1, 1).unwrap();
    append(store, &Conversation::direct(&id(2), &id(1)), 2, 2).unwrap();
    store.commit().unwrap();
    assert_eq!(read_direct(store, 1, 2), 2);
}

fn texts_and_numbers_are_different_ids_and_sorted(store: &mut impl Storage) {
    let texts = ["eve", "大厅", "1e3", "007", "-5"].map(|text| Id::from_text(text).unwrap());
    store.begin().unwrap();
    user(store, 5);
    for uid in &texts {
        store.write(Store::User { uid, name: "text", guest: false }).unwrap();
        store.write(Store::Group { gid: uid }).unwrap();
        store.write(Store::Member { gid: uid, uid: &id(5), role: GroupRole::Owner }).unwrap();
    }
    group(store, 7);
    member(store, 7, 5, GroupRole::Owner);
    for uid in &texts {
        store.write(Store::Member { gid: &id(7), uid, role: GroupRole::Member }).unwrap();
    }
    store.commit().unwrap();
    let mut expected: Vec<Id> = texts.into_iter().chain([id(7)]).collect();
    expected.sort();
    assert_eq!(read_user(store, 5).unwrap().2, expected);
    assert_eq!(read_user(store, 1_000), None, "1e3 is a text");
    assert_eq!(read_group(store, 7).unwrap().1.len(), 6);
}

fn read_guests(store: &impl Storage) -> u64 {
    match store.read(&Query::Guests).unwrap() {
        Record::Guests(until) => until,
        other => panic!("{other:?}"),
    }
}

fn the_bound_of_guests_is_kept_and_rolled_back(store: &mut impl Storage) {
    assert_eq!(read_guests(store), 0);
    store.begin().unwrap();
    store.write(Store::Guests { until: 1_101 }).unwrap();
    store.commit().unwrap();
    store.begin().unwrap();
    store.write(Store::Guests { until: 1_201 }).unwrap();
    assert_eq!(read_guests(store), 1_201);
    store.rollback();
    assert_eq!(read_guests(store), 1_101);
}

fn a_uid_is_named_by_a_user_or_a_talk(store: &mut impl Storage) {
    let named = |store: &_, uid: u64| match Storage::read(store, &Query::Named(id(uid))).unwrap() {
        Record::Named(of, named) => {
            assert_eq!(of, id(uid));
            named
        }
        other => panic!("{other:?}"),
    };
    store.begin().unwrap();
    user(store, 5);
    group(store, 9);
    append(store, &Conversation::direct(&id(5), &id(8)), 1, 5).unwrap();
    append(store, &Conversation::direct(&id(3), &id(5)), 1, 5).unwrap();
    store.commit().unwrap();
    assert_eq!([3, 4, 5, 8, 9].map(|uid| named(store, uid)), [true, false, true, true, false]);
    store.begin().unwrap();
    append(store, &Conversation::direct(&id(4), &id(5)), 1, 5).unwrap();
    store.rollback();
    assert!(!named(store, 4));
}

fn an_identity_is_given_once(store: &mut impl Storage) {
    let identity = |epoch: &str, byte: u8| Identity { epoch: epoch.into(), guest_secret: [byte; 32] };
    assert_eq!(store.identity(identity("one", 1)).unwrap(), identity("one", 1));
    assert_eq!(store.identity(identity("two", 2)).unwrap(), identity("one", 1));
}

fn what_it_is_told_at_any_time_does_no_harm(store: &mut impl Storage) {
    store.tidy_up(UnixMillis(7)).unwrap();
    store.rollback();
    store.begin().unwrap();
    user(store, 5);
    store.commit().unwrap();
    store.tidy_up(UnixMillis(7)).unwrap();
    store.close().unwrap();
    assert!(read_user(store, 5).is_some());
}
