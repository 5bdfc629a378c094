//! How far everybody has read, and what is unread; part of the suite.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{
    ConversationRecord, ConversationsQuery, ConversationsRecord, Cursor, CursorQuery, Entry, GroupRole,
    ListPlace, Query, Recall, Record, Store,
};
use karez::store::{Storage, StoreError};

use crate::common::{append, id, in_group, said, talk};

/// Users 1 and 2, each with a name, and group 7, whose owner is 1.
fn begun(store: &mut impl Storage) {
    store.begin().unwrap();
    for (uid, name) in [(1, "Ann"), (2, "Bob")] {
        store.write(Store::User { uid: &id(uid), name, guest: false }).unwrap();
    }
    group(store, 7);
    member(store, 7, 1);
    store.commit().unwrap();
}

fn group(store: &mut impl Storage, gid: u64) {
    store.write(Store::Group { gid: &id(gid) }).unwrap();
}

fn member(store: &mut impl Storage, gid: u64, uid: u64) {
    let role = GroupRole::Member;
    store.write(Store::Member { gid: &id(gid), uid: &id(uid), role }).unwrap();
}

/// The times are against the order: they do not count.
fn entry<'a>(conversation: &'a Conversation, seq: u64, uid: &'a Id) -> Entry<'a> {
    Entry { uid, name: "then", time: UnixMillis(1_000 - seq), ..said(conversation, seq, "hi") }
}

fn write(store: &mut impl Storage, conversation: &Conversation, seq: u64, uid: u64, kind: Option<&str>) {
    let act = kind.filter(|kind| *kind == "system").map(|_| &Act::GroupDelete);
    let uid = id(uid);
    append(store, Entry { kind, act, ..entry(conversation, seq, &uid) }).unwrap();
}

fn say(store: &mut impl Storage, conversation: &Conversation, seq: u64, uid: u64) {
    write(store, conversation, seq, uid, None);
}

fn read(store: &mut impl Storage, uid: u64, conversation: &Conversation, seq: u64) -> Result<(), StoreError> {
    store.write(Store::Read { uid: &id(uid), conversation, seq })
}

/// What was read and what there is to read.
fn cursor(store: &impl Storage, uid: u64, conversation: &Conversation) -> Option<(u64, u64)> {
    let query = CursorQuery { uid: id(uid), conversation: conversation.clone() };
    match store.read(&Query::Cursor(query.clone())).unwrap() {
        Record::Cursor(of, cursor) => {
            assert_eq!(of, query);
            cursor.map(|Cursor { read, seq }| (read, seq))
        }
        other => panic!("{other:?}"),
    }
}

fn query(uid: u64) -> ConversationsQuery {
    ConversationsQuery {
        uid: id(uid),
        after: None,
        list_max: 100,
        unread_counted_max: 1_000,
        entries_max: 1_000_000,
        bytes_max: usize::MAX,
    }
}

fn page(store: &impl Storage, query: ConversationsQuery) -> ConversationsRecord {
    match store.read(&Query::Conversations(query.clone())).unwrap() {
        Record::Conversations(of, page) => {
            assert_eq!(of, query);
            page
        }
        other => panic!("{other:?}"),
    }
}

/// Short words for the list of a user: which one, what was read of what there is, how many are unread.
fn list(store: &impl Storage, uid: u64) -> Vec<String> {
    page(store, query(uid)).list.iter().map(line).collect()
}

fn line(of: &ConversationRecord) -> String {
    let place = match &of.conversation {
        Conversation::Group(gid) => format!("group {gid}"),
        Conversation::Direct(low, high) => format!("talk {low}-{high}"),
        Conversation::Ticket(ticket) => format!("ticket {}", ticket.0),
    };
    let last = of.last.as_ref().map_or(0, |last| last.seq);
    format!("{place} {:?} {}/{} last {last}, {} unread", of.name, of.read, of.seq, of.unread)
}

pub fn cursors_are_moved_and_rolled_back(store: &mut impl Storage) {
    begun(store);
    let (here, private) = (in_group(7), talk(1, 2));
    assert_eq!(cursor(store, 1, &here), Some((0, 0)));
    assert_eq!(cursor(store, 1, &private), None, "nobody has spoken");
    store.begin().unwrap();
    for seq in 1..=3 {
        say(store, &here, seq, 1);
        say(store, &private, seq, 1);
    }
    read(store, 1, &here, 2).unwrap();
    read(store, 2, &private, 3).unwrap();
    store.commit().unwrap();
    assert_eq!(cursor(store, 1, &here), Some((2, 3)));
    assert_eq!(cursor(store, 1, &private), Some((0, 3)));
    assert_eq!(cursor(store, 2, &private), Some((3, 3)));
    store.begin().unwrap();
    read(store, 1, &here, 3).unwrap();
    read(store, 1, &private, 1).unwrap();
    read(store, 2, &private, 1).unwrap();
    assert_eq!(cursor(store, 1, &private), Some((1, 3)), "in the open transaction too");
    store.rollback();
    assert_eq!(cursor(store, 1, &here), Some((2, 3)));
    assert_eq!(cursor(store, 1, &private), Some((0, 3)));
    assert_eq!(cursor(store, 2, &private), Some((3, 3)));
}

pub fn whoever_comes_in_has_read_what_was_said_before(store: &mut impl Storage) {
    begun(store);
    let here = in_group(7);
    store.begin().unwrap();
    (1..=3).for_each(|seq| say(store, &here, seq, 1));
    member(store, 7, 2);
    say(store, &here, 4, 1);
    store.write(Store::Member { gid: &id(7), uid: &id(2), role: GroupRole::Admin }).unwrap();
    store.commit().unwrap();
    assert_eq!(cursor(store, 2, &here), Some((3, 4)), "another standing changes nothing");
    store.begin().unwrap();
    store.write(Store::NoMember { gid: &id(7), uid: &id(2) }).unwrap();
    assert_eq!(cursor(store, 2, &here), None);
    store.rollback();
    assert_eq!(cursor(store, 2, &here), Some((3, 4)));
    store.begin().unwrap();
    store.write(Store::NoMember { gid: &id(7), uid: &id(2) }).unwrap();
    member(store, 7, 2);
    store.commit().unwrap();
    assert_eq!(cursor(store, 2, &here), Some((4, 4)), "whoever comes back begins anew");
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(7) }).unwrap();
    assert_eq!(cursor(store, 2, &here), None);
    group(store, 7);
    member(store, 7, 2);
    store.commit().unwrap();
    assert_eq!(cursor(store, 2, &here), Some((4, 4)), "the numbers go on");
}

pub fn who_has_no_cursor_moves_none(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    say(store, &in_group(7), 1, 1);
    read(store, 2, &in_group(7), 1).unwrap();
    read(store, 2, &talk(1, 2), 1).unwrap();
    assert_eq!(cursor(store, 2, &in_group(7)), None);
    assert_eq!(cursor(store, 2, &talk(1, 2)), None);
    member(store, 7, 2);
    say(store, &talk(1, 2), 1, 1);
    assert_eq!(cursor(store, 2, &in_group(7)), Some((1, 1)));
    assert_eq!(cursor(store, 2, &talk(1, 2)), Some((0, 1)));
    store.rollback();
    store.begin().unwrap();
    assert_eq!(read(store, 1, &in_group(8), 1), Err(StoreError::NoSuchGroup(id(8))));
    store.rollback();
    store.begin().unwrap();
    assert_eq!(read(store, 3, &in_group(7), 1), Err(StoreError::NoSuchUser(id(3))));
    store.rollback();
}

pub fn what_others_said_after_the_cursor_is_unread(store: &mut impl Storage) {
    begun(store);
    let here = in_group(7);
    store.begin().unwrap();
    member(store, 7, 2);
    for seq in 1..=6 {
        let kind = [None, Some("image"), Some("system")][seq as usize % 3];
        write(store, &here, seq, 1 + seq % 2, kind);
    }
    store.commit().unwrap();
    // Of 2 are 1, 3 and 5, of 1 are 2, 4 and 6; 2 and 5 tell of acts.
    assert_eq!(list(store, 1), [r#"group 7 "" 0/6 last 6, 2 unread"#]);
    assert_eq!(list(store, 2), [r#"group 7 "" 0/6 last 6, 2 unread"#]);
    store.begin().unwrap();
    read(store, 2, &here, 4).unwrap();
    store.commit().unwrap();
    assert_eq!(list(store, 2), [r#"group 7 "" 4/6 last 6, 1 unread"#]);
    let bounded = |most| page(store, ConversationsQuery { unread_counted_max: most, ..query(1) });
    assert_eq!(bounded(3).list[0].unread, 0, "of 4, 5 and 6");
    assert_eq!(bounded(4).list[0].unread, 1);
}

pub fn what_is_recalled_is_not_unread(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    (1..=3).for_each(|seq| say(store, &talk(1, 2), seq, 2));
    store.write(Store::Erase { conversation: &talk(1, 2), seq: 2 }).unwrap();
    let (two, bob) = (talk(1, 2), id(2));
    let recalling = Entry { recall: Recall::Of(2), ..entry(&two, 4, &bob) };
    store.write(Store::Append { entry: &recalling, sent_as: None }).unwrap();
    store.commit().unwrap();
    assert_eq!(list(store, 1)[0], r#"talk 1-2 "Bob" 0/4 last 4, 2 unread"#);
}

pub fn conversations_are_listed_by_their_newest_entry(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    store.write(Store::GroupUpdate { gid: &id(7), name: "茶馆", open: false }).unwrap();
    for gid in [6, 8, 9] {
        group(store, gid);
    }
    [6, 8].into_iter().for_each(|gid| member(store, gid, 1));
    say(store, &talk(1, 2), 1, 2);
    say(store, &in_group(9), 1, 2);
    say(store, &in_group(7), 1, 2);
    say(store, &talk(1, 1), 1, 1);
    say(store, &talk(1, 3), 1, 1);
    say(store, &talk(2, 3), 1, 2);
    say(store, &talk(1, 2), 2, 1);
    store.commit().unwrap();
    let expected = [
        r#"talk 1-2 "Bob" 0/2 last 2, 1 unread"#,
        r#"talk 1-3 "" 0/1 last 1, 0 unread"#,
        r#"talk 1-1 "Ann" 0/1 last 1, 0 unread"#,
        r#"group 7 "茶馆" 0/1 last 1, 1 unread"#,
        r#"group 6 "" 0/0 last 0, 0 unread"#,
        r#"group 8 "" 0/0 last 0, 0 unread"#,
    ];
    assert_eq!(list(store, 1), expected);
    assert_eq!(
        list(store, 3),
        [r#"talk 2-3 "Bob" 0/1 last 1, 1 unread"#, r#"talk 1-3 "Ann" 0/1 last 1, 1 unread"#]
    );
    assert_eq!(list(store, 4), [""; 0]);
    // Page by page, of any size, the list is the same.
    for list_max in 1..=7 {
        let (mut lines, mut after) = (Vec::new(), None);
        for turn in 0.. {
            assert!(turn < 7, "the list has no end");
            let page = page(store, ConversationsQuery { list_max, after: after.take(), ..query(1) });
            lines.extend(page.list.iter().map(line));
            assert!(page.list.len() == list_max || page.next.is_none());
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(lines, expected, "pages of {list_max}");
    }
    store.begin().unwrap();
    say(store, &in_group(8), 1, 1);
    assert!(list(store, 1)[0].starts_with("group 8 "), "in the open transaction too");
    store.rollback();
    assert_eq!(list(store, 1), expected);
}

pub fn a_page_of_conversations_is_bounded(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    for peer in 11..=14 {
        (1..=3).for_each(|seq| say(store, &talk(1, peer), seq, 2));
    }
    store.commit().unwrap();
    let cut = |change: &dyn Fn(&mut ConversationsQuery)| {
        let mut query = query(1);
        change(&mut query);
        let page = page(store, query);
        (page.list.len(), page.next.is_some())
    };
    let bytes = page(store, query(1)).list[0].last.as_ref().unwrap().bytes();
    assert_eq!(cut(&|_| {}), (5, false), "with the group in which nobody has spoken");
    assert_eq!(cut(&|query| query.entries_max = 9), (3, true));
    assert_eq!(cut(&|query| query.entries_max = 8), (2, true));
    assert_eq!(cut(&|query| query.entries_max = 0), (1, true), "one comes in any case");
    assert_eq!(cut(&|query| (query.entries_max, query.unread_counted_max) = (8, 2)), (5, false));
    assert_eq!(cut(&|query| query.bytes_max = 3 * bytes), (3, true));
    assert_eq!(cut(&|query| query.bytes_max = 3 * bytes - 1), (2, true));
    assert_eq!(cut(&|query| query.bytes_max = 0), (1, true));
}

pub fn a_list_goes_on_where_it_was_left(store: &mut impl Storage) {
    begun(store);
    store.begin().unwrap();
    [5, 6].into_iter().for_each(|gid| {
        group(store, gid);
        member(store, gid, 1);
    });
    say(store, &talk(1, 2), 1, 2);
    say(store, &talk(1, 3), 1, 2);
    store.commit().unwrap();
    let first = page(store, ConversationsQuery { list_max: 1, ..query(1) });
    let Some(ListPlace::Entry(_)) = first.next else { panic!("{first:?}") };
    store.begin().unwrap();
    say(store, &talk(1, 4), 1, 2);
    store.commit().unwrap();
    let rest = page(store, ConversationsQuery { after: first.next, list_max: 2, ..query(1) });
    let lines: Vec<_> = rest.list.iter().map(|of| of.conversation.clone()).collect();
    assert_eq!(lines, [talk(1, 2), in_group(5)], "what has come since is before it");
    assert_eq!(rest.next, Some(ListPlace::Silent(id(5))));
    let end = page(store, ConversationsQuery { after: rest.next, ..query(1) });
    let lines: Vec<_> = end.list.iter().map(|of| of.conversation.clone()).collect();
    assert_eq!((lines, end.next), (vec![in_group(6), in_group(7)], None));
}

pub fn who_talks_to_text_ids_finds_them(store: &mut impl Storage) {
    begun(store);
    let (eve, zed) = (Id::from_text("eve").unwrap(), Id::from_text("zed").unwrap());
    store.begin().unwrap();
    store.write(Store::User { uid: &eve, name: "Eve", guest: false }).unwrap();
    say(store, &Conversation::direct(&id(1), &eve), 1, 1);
    say(store, &Conversation::direct(&zed, &eve), 1, 2);
    store.commit().unwrap();
    let names = |uid: &Id| {
        let page = page(store, ConversationsQuery { uid: uid.clone(), ..query(1) });
        let peer = |of: &ConversationRecord| (of.conversation.peer_of(uid).cloned(), of.name.to_string());
        page.list.iter().map(peer).collect::<Vec<_>>()
    };
    assert_eq!(names(&eve), [(Some(zed.clone()), String::new()), (Some(id(1)), "Ann".to_owned())]);
    assert_eq!(names(&zed), [(Some(eve), "Eve".to_owned())]);
}
