//! Groups in the file: their acts in columns, what is erased, and files from before.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::output::{ConversationsQuery, Entry, GroupRole, ListPlace, Query, Record, Store};
use karez::store::{Storage, Tidy};

use crate::common::{append, fill, id, in_group, said, say};
use crate::folder::Scratch;

const FIRST: &str = include_str!("../../src/store/schema/0001_first.sql");

#[test]
fn an_act_is_in_columns_that_anybody_can_read() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    let acts = [
        Act::GroupUpdate { name: Some("tea".into()), open: Some(false) },
        Act::Role { uid: id(2), role: GroupRole::Admin },
        Act::Ban { uid: id(2), seconds: Some(60) },
        Act::GroupDelete,
    ];
    store.begin().unwrap();
    for (seq, act) in (2..).zip(&acts) {
        let (kind, act, time) = (Some("system"), Some(act), UnixMillis(1));
        append(&mut store, Entry { kind, act, time, ..said(&in_group(7), seq, "") }).unwrap();
    }
    store.commit().unwrap();
    drop(store);
    let look = scratch.look();
    let sql = "SELECT concat_ws(' ', kind, act, act_uid, act_role, act_seconds, act_name, act_open)
               FROM entry ORDER BY seq";
    let mut statement = look.prepare(sql).unwrap();
    let rows: Vec<String> =
        statement.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let expected = [
        "image",
        "system group_update tea 0",
        "system role 2 admin",
        "system ban 2 60",
        "system group_delete",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn what_was_said_in_a_deleted_group_is_erased_in_steps() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 1);
    store.begin().unwrap();
    for seq in 2..=2_500 {
        say(&mut store, seq, "secret of a deleted group").unwrap();
    }
    store.commit().unwrap();
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(7) }).unwrap();
    store.write(Store::Group { gid: &id(7) }).unwrap();
    say(&mut store, 2_501, "anew").unwrap();
    store.commit().unwrap();
    let mut calls = 1;
    while store.tidy_up(UnixMillis(0)).unwrap() == Tidy::NotYet {
        calls += 1;
    }
    assert_eq!(calls, 7, "five steps, one that finds nothing left, and a last look");
    store.close().unwrap();
    drop(store);
    let rows = scratch.look().query_row("SELECT count(*), max(content) FROM entry", (), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    assert_eq!(rows.unwrap(), (1, "anew".to_owned()));
    let bytes = std::fs::read(scratch.file()).unwrap();
    let secret = b"secret of a deleted group";
    assert!(!bytes.windows(secret.len()).any(|window| window == secret), "not in the file either");
}

#[test]
fn a_file_from_before_is_brought_up_to_date() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.options().folder).unwrap();
    let before = scratch.look();
    before.execute_batch(FIRST).unwrap();
    before
        .execute_batch(
            "INSERT INTO user (uid, name, guest) VALUES (1, 'one', 0), ('eve', 'Eve', 1);
             INSERT INTO conversation (gid) VALUES (7), (8);
             INSERT INTO conversation (low, high) VALUES (1, 'eve');
             INSERT INTO member VALUES (5, 1, 1, 'owner'), (9, 1, 2, 'member');
             INSERT INTO entry VALUES (1, 1, 1, 'one', 'hi', NULL, NULL, NULL, NULL, 1),
                                      (3, 1, 1, 'one', 'hi', NULL, NULL, NULL, NULL, 2),
                                      (3, 2, 'eve', 'Eve', 'hi', NULL, NULL, NULL, NULL, 3);
             PRAGMA application_id = 1262572122; PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(before);
    let store = scratch.open();
    let Record::Group(_, Some(group)) = store.read(&Query::Group(id(7))).unwrap() else { panic!("no group") };
    let members: Vec<_> = group.members.iter().map(|of| (&*of.name, of.role, of.joined)).collect();
    assert_eq!(members, [("one", GroupRole::Owner, 5), ("Eve", GroupRole::Member, 9)]);
    assert_eq!((group.seq, group.open, group.deleted), (1, true, false));
    let query = ConversationsQuery {
        uid: id(1),
        after: None,
        list_max: 9,
        unread_counted_max: 9,
        entries_max: 9,
        bytes_max: 0,
    };
    let Record::Conversations(_, page) = store.read(&Query::Conversations(query)).unwrap() else { panic!() };
    let first = &page.list[0];
    assert_eq!((&*first.name, first.seq, first.read, first.unread), ("Eve", 2, 2, 0), "it is all read");
    assert!(matches!(page.next, Some(ListPlace::Entry(3))), "by the entry's number: {page:?}");
    drop(store);
    let counts = scratch.look().query_row(
        "SELECT group_concat(members, ' ') FROM (SELECT members FROM conversation ORDER BY conversation)",
        (),
        |row| row.get::<_, String>(0),
    );
    assert_eq!(counts.unwrap(), "2 0 0");
    let days: u64 = scratch.look().query_row("SELECT sum(seen) FROM user", (), |row| row.get(0)).unwrap();
    assert!((20_000..40_000).contains(&days), "the one guest counts as seen today: {days}");
}
