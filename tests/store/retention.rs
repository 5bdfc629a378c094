//! How long what was said is kept, and what is never forgotten of it.

use karez::base::clock::UnixMillis;
use karez::base::limits::ENTRIES_REMOVED_AT_ONCE;
use karez::chat::ids::Conversation;
use karez::chat::input::Bounds;
use karez::chat::output::{DeskQuery, DeskRecord, Entry, PageQuery, Query, Record, Store};
use karez::store::{Memory, Options, Retention, Sqlite, Storage, Tidy};

use crate::common::{append, ground, id, in_group, said, talk};
use crate::folder::Scratch;

const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// A hundred days after the beginning of time.
const NOW: UnixMillis = UnixMillis(100 * DAY_MS);
const NOTHING: [u64; 0] = [];

/// Runs a test on every store, told to keep so much.
fn on_every_store_that_keeps(retention: Retention, test: fn(&mut dyn Storage)) {
    let scratch = Scratch::new();
    let mut in_file = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    let mut in_memory = Memory::new(100_000).with_retention(retention);
    for store in [&mut in_memory as &mut dyn Storage, &mut in_file] {
        prepare(store);
        test(store);
    }
}

/// User 1, groups 7 and 8.
fn prepare(store: &mut dyn Storage) {
    ground(store);
    store.begin().unwrap();
    store.write(Store::Group { gid: &id(8) }).unwrap();
    store.commit().unwrap();
}

fn say(store: &mut dyn Storage, conversation: &Conversation, seq: u64, time: u64, content: &str) {
    append(store, Entry { time: UnixMillis(time), ..said(conversation, seq, content) }).unwrap();
}

/// Says something on each of these days, in one turn, numbered from `from`.
fn say_on(store: &mut dyn Storage, conversation: &Conversation, from: u64, days: &[u64]) {
    store.begin().unwrap();
    for (seq, day) in (from..).zip(days) {
        say(store, conversation, seq, day * DAY_MS, "hi");
    }
    store.commit().unwrap();
}

/// The numbers of what history shows.
fn kept(store: &dyn Storage, conversation: &Conversation) -> Vec<u64> {
    let query = PageQuery {
        conversation: conversation.clone(),
        bounds: Bounds::After(0),
        entries_max: 100_000,
        bytes_max: usize::MAX,
    };
    match store.read(&Query::Page(query)).unwrap() {
        Record::Page(_, page) => page.entries.iter().map(|entry| entry.seq).collect(),
        other => panic!("{other:?}"),
    }
}

fn last(store: &dyn Storage, conversation: &Conversation) -> u64 {
    let query = match conversation {
        Conversation::Group(gid) => Query::Group(gid.clone()),
        Conversation::Direct(low, high) => Query::Direct(low.clone(), high.clone()),
        Conversation::Ticket(ticket) => Query::Desk(DeskQuery::Ticket(*ticket)),
    };
    match store.read(&query).unwrap() {
        Record::Group(_, Some(group)) => group.seq,
        Record::Direct(_, _, seq) => seq,
        Record::Desk(DeskRecord::Ticket(_, Some(ticket))) => ticket.seq,
        other => panic!("{other:?}"),
    }
}

/// How many steps it takes until everything is in order.
fn tidy(store: &mut dyn Storage, now: UnixMillis) -> usize {
    let steps = (1..).find(|_| store.tidy_up(now).unwrap() == Tidy::Done).unwrap();
    assert!(steps < 1_000);
    steps
}

fn days(days_max: u64) -> Retention {
    Retention { days_max: Some(days_max), ..Retention::default() }
}

fn per_conversation(max: u64) -> Retention {
    Retention { entries_per_conversation_max: Some(max), ..Retention::default() }
}

#[test]
fn without_limits_everything_is_kept() {
    on_every_store_that_keeps(Retention::default(), |store| {
        say_on(store, &in_group(7), 1, &[1; 1_500]);
        tidy(store, UnixMillis(u64::MAX >> 1));
        assert_eq!(kept(store, &in_group(7)).len(), 1_500);
    });
}

#[test]
fn what_is_kept_may_change_while_the_store_is_open() {
    on_every_store_that_keeps(days(30), |store| {
        say_on(store, &in_group(7), 1, &[60, 80, 95, 95]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [2, 3, 4]);
        store.set_retention(Retention {
            days_max: Some(10),
            entries_per_conversation_max: Some(3),
            bytes_max: None,
        });
        // At once, though what is too old was looked for a moment ago.
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [3, 4]);
        say_on(store, &in_group(7), 5, &[99, 99]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [4, 5, 6]);
        store.set_retention(Retention::default());
        say_on(store, &in_group(7), 7, &[1, 99]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [4, 5, 6, 7, 8]);
    });
}

#[test]
fn what_is_too_old_goes() {
    on_every_store_that_keeps(days(30), |store| {
        say_on(store, &in_group(7), 1, &[1, 2, 69]);
        say_on(store, &talk(1, 2), 1, &[3, 69]);
        say_on(store, &in_group(7), 4, &[70, 99]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [4, 5], "30 days are not too many");
        assert_eq!(kept(store, &talk(1, 2)), NOTHING);
        assert_eq!((last(store, &in_group(7)), last(store, &talk(1, 2))), (5, 2));
        say_on(store, &talk(1, 2), 3, &[100]);
        assert_eq!(kept(store, &talk(1, 2)), [3], "numbers go on where they were");
        tidy(store, UnixMillis(NOW.0 + DAY_MS));
        assert_eq!(kept(store, &in_group(7)), [5], "time passes");
    });
}

#[test]
fn nobody_looks_again_at_once() {
    on_every_store_that_keeps(days(30), |store| {
        tidy(store, NOW);
        say_on(store, &in_group(7), 1, &[1]);
        tidy(store, UnixMillis(NOW.0 + 59_999));
        assert_eq!(kept(store, &in_group(7)), [1], "nothing was too old a minute ago");
        tidy(store, UnixMillis(NOW.0 + 60_000));
        assert_eq!(kept(store, &in_group(7)), NOTHING);
    });
}

#[test]
fn what_was_stored_before_something_too_old_is_too_old() {
    on_every_store_that_keeps(days(30), |store| {
        // The clock was wrong when the second was said, and put right before the third.
        say_on(store, &in_group(7), 1, &[1, 5_000, 2, 99]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [4]);
    });
}

#[test]
fn of_a_conversation_so_many_are_kept() {
    on_every_store_that_keeps(per_conversation(3), |store| {
        say_on(store, &in_group(7), 1, &[1; 5]);
        say_on(store, &in_group(8), 1, &[1; 2]);
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), [3, 4, 5]);
        say_on(store, &talk(1, 2), 1, &[1; 4]);
        say_on(store, &in_group(8), 3, &[1; 3]);
        tidy(store, NOW);
        assert_eq!(kept(store, &talk(1, 2)), [2, 3, 4]);
        assert_eq!(kept(store, &in_group(8)), [3, 4, 5]);
        assert_eq!(kept(store, &in_group(7)), [3, 4, 5]);
    });
}

#[test]
fn after_a_start_all_conversations_are_looked_at_once() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    prepare(&mut store);
    say_on(&mut store, &in_group(7), 1, &[1; 5]);
    say_on(&mut store, &talk(1, 2), 1, &[1; 5]);
    drop(store);
    let mut store = Sqlite::open(&Options { retention: per_conversation(2), ..scratch.options() }).unwrap();
    tidy(&mut store, NOW);
    assert_eq!((kept(&store, &in_group(7)), kept(&store, &talk(1, 2))), (vec![4, 5], vec![4, 5]));
    assert_eq!(store.tidy_up(NOW), Ok(Tidy::Done), "and then no more");
    say_on(&mut store, &in_group(7), 6, &[1]);
    tidy(&mut store, NOW);
    assert_eq!(kept(&store, &in_group(7)), [5, 6]);
}

#[test]
fn what_is_said_while_all_conversations_are_looked_at_is_looked_at_too() {
    let scratch = Scratch::new();
    let mut store = Sqlite::open(&Options { retention: per_conversation(3), ..scratch.options() }).unwrap();
    prepare(&mut store);
    store.begin().unwrap();
    for peer in 2..=ENTRIES_REMOVED_AT_ONCE.default {
        say(&mut store, &Conversation::direct(&id(1), &id(peer)), 1, 1, "hi");
    }
    store.commit().unwrap();
    assert_eq!(store.tidy_up(NOW), Ok(Tidy::NotYet), "not at all of them at once");
    say_on(&mut store, &in_group(7), 1, &[1; 5]);
    tidy(&mut store, NOW);
    assert_eq!(kept(&store, &in_group(7)), [3, 4, 5]);
}

#[test]
fn it_goes_in_small_steps() {
    on_every_store_that_keeps(days(30), |store| {
        let at_once = ENTRIES_REMOVED_AT_ONCE.default;
        say_on(store, &in_group(7), 1, &vec![1; ENTRIES_REMOVED_AT_ONCE.count() + 1]);
        assert_eq!(store.tidy_up(NOW), Ok(Tidy::NotYet));
        assert_eq!(kept(store, &in_group(7)), [at_once + 1], "the oldest first");
        tidy(store, NOW);
        assert_eq!(kept(store, &in_group(7)), NOTHING);
        assert_eq!(last(store, &in_group(7)), at_once + 1);
    });
}

#[test]
fn long_entries_go_in_smaller_steps() {
    let scratch = Scratch::new();
    let mut store = Sqlite::open(&Options { retention: days(30), ..scratch.options() }).unwrap();
    prepare(&mut store);
    store.begin().unwrap();
    for seq in 1..=40 {
        say(&mut store, &in_group(7), seq, 1, &"x".repeat(60_000));
    }
    store.commit().unwrap();
    assert_eq!(store.tidy_up(NOW), Ok(Tidy::NotYet));
    let left = kept(&store, &in_group(7)).len();
    assert_eq!(left, 38, "96 KiB at once");
    tidy(&mut store, NOW);
    assert_eq!(kept(&store, &in_group(7)), NOTHING);
}

/// Bytes of the file that are in use.
fn bytes_in_use(scratch: &Scratch) -> u64 {
    let number = |name: &str| -> u64 {
        scratch.look().query_row(&format!("PRAGMA {name}"), (), |row| row.get(0)).unwrap()
    };
    (number("page_count") - number("freelist_count")) * number("page_size")
}

#[test]
fn a_store_that_is_too_large_gives_up_the_oldest_of_all() {
    let scratch = Scratch::new();
    let bytes_max = 1024 * 1024;
    let retention = Retention { bytes_max: Some(bytes_max), ..Retention::default() };
    let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    prepare(&mut store);
    // Everybody writes in turn; the time that they bear says nothing.
    for seq in 1..=300 {
        store.begin().unwrap();
        for conversation in [in_group(7), in_group(8), talk(1, 2)] {
            say(&mut store, &conversation, seq, 1_000 - seq, &"x".repeat(3_000));
        }
        store.commit().unwrap();
    }
    tidy(&mut store, NOW);
    let left = [in_group(7), in_group(8), talk(1, 2)].map(|of| kept(&store, &of));
    for numbers in &left {
        assert_eq!(numbers.last(), Some(&300));
        assert!((50..100).contains(&numbers.len()), "{}", numbers.len());
        assert!(numbers.len().abs_diff(left[0].len()) <= 1, "the oldest of all, not of one");
    }
    drop(store);
    assert!(bytes_in_use(&scratch) <= bytes_max, "{}", bytes_in_use(&scratch));
}

#[test]
fn what_the_index_takes_costs_no_entries() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    prepare(&mut store);
    store.begin().unwrap();
    for seq in 1..=3_000 {
        // Hardly a term comes twice, so there is more of the index than of the texts.
        let han = |at: u64| char::from_u32(0x4e00 + ((seq * 40 + at) * 7_919 % 20_000) as u32).unwrap();
        say(&mut store, &in_group(7), seq, 1, &(0..40).map(han).collect::<String>());
    }
    store.commit().unwrap();
    tidy(&mut store, NOW);
    store.close().unwrap();
    drop(store);
    let bytes_max = bytes_in_use(&scratch) - 100_000;
    let retention = Retention { bytes_max: Some(bytes_max), ..Retention::default() };
    let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    tidy(&mut store, NOW);
    let left = kept(&store, &in_group(7)).len();
    assert!(left > 2_500, "{left} are left");
    drop(store);
    assert!(bytes_in_use(&scratch) <= bytes_max, "{}", bytes_in_use(&scratch));
}

#[test]
fn a_store_that_can_give_up_nothing_more_is_left_alone() {
    let scratch = Scratch::new();
    let retention = Retention { bytes_max: Some(4_096), ..Retention::default() };
    let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    prepare(&mut store);
    say_on(&mut store, &in_group(7), 1, &[1; 50]);
    tidy(&mut store, NOW);
    assert_eq!(kept(&store, &in_group(7)), NOTHING);
    assert_eq!(store.tidy_up(NOW), Ok(Tidy::Done));
}

#[test]
fn no_number_of_an_entry_is_used_again() {
    let scratch = Scratch::new();
    let newest = || -> Option<i64> {
        scratch.look().query_row("SELECT max(entry) FROM entry", (), |row| row.get(0)).unwrap()
    };
    let open = || Sqlite::open(&Options { retention: days(30), ..scratch.options() }).unwrap();
    let mut store = open();
    prepare(&mut store);
    say_on(&mut store, &in_group(7), 1, &[1; 5]);
    drop(store);
    assert_eq!(newest(), Some(5));
    let mut store = open();
    tidy(&mut store, NOW);
    drop(store);
    assert_eq!(newest(), None);
    let mut store = open();
    say_on(&mut store, &in_group(8), 1, &[1, 99]);
    drop(store);
    assert_eq!(newest(), Some(7));
    let mut store = open();
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(8) }).unwrap();
    store.commit().unwrap();
    tidy(&mut store, NOW);
    say_on(&mut store, &in_group(7), 6, &[99]);
    drop(store);
    assert_eq!(newest(), Some(8), "what goes with its group was once there too");
}

#[test]
fn what_is_looked_for_is_found_by_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let file = scratch.look();
    let of = "conversation = ?1 AND seq <= (SELECT max(seq) FROM entry WHERE conversation = ?1) - ?2";
    for sql in [
        "SELECT entry, octet_length(content) FROM entry ORDER BY entry LIMIT ?1".to_owned(),
        format!("SELECT entry, octet_length(content) FROM entry WHERE {of} ORDER BY seq LIMIT ?3"),
        "SELECT entry, conversation FROM entry WHERE entry > ?1 ORDER BY entry LIMIT ?2".to_owned(),
        "DELETE FROM entry WHERE entry = ?1".to_owned(),
        "UPDATE conversation SET base = ?2 WHERE conversation = ?1 AND base < ?2".to_owned(),
    ] {
        let mut plan = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = vec![rusqlite::types::Value::Null; plan.parameter_count()];
        let rows = plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3));
        let steps: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{sql}: {steps:?}");
        let scans = steps.iter().filter(|step| step.starts_with("SCAN")).count();
        assert!(scans == 0 || sql.contains("FROM entry ORDER BY entry"), "{sql}: {steps:?}");
    }
}
