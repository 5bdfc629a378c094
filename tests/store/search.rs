//! Searching: every store finds the same, whatever its index has come to.

use karez::base::clock::UnixMillis;
use karez::base::words::Words;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{
    DeskQuery, DeskRecord, Entry, GroupRole, Query, Record, Scope, SearchQuery, SearchRecord, Store,
};
use karez::store::{Memory, Storage, Tidy};

use crate::common::{append, id, in_group, said, talk};
use crate::folder::Scratch;

/// Runs a test on every store, and on the one with an index with all, some and none of the entries in it.
fn on_every_index(prepare: impl Fn(&mut dyn Storage), test: impl Fn(&dyn Storage)) {
    let mut memory = Memory::new(100_000);
    prepare(&mut memory);
    test(&memory);
    let scratch = Scratch::new();
    let mut store = scratch.open();
    prepare(&mut store);
    test(&store);
    let _ = store.tidy_up(UnixMillis(0)).unwrap();
    test(&store);
    tidy(&mut store);
    test(&store);
}

pub fn tidy(store: &mut dyn Storage) {
    while store.tidy_up(UnixMillis(0)).unwrap() == Tidy::NotYet {}
}

/// User 1 is in group 7, user 2 in groups 7 and 8, user 3 in none.
pub fn people(store: &mut dyn Storage) {
    for uid in 1..=3 {
        store.write(Store::User { uid: &id(uid), name: "name", guest: false }).unwrap();
    }
    for (gid, uid) in [(7, 1), (7, 2), (8, 2)] {
        store.write(Store::Group { gid: &id(gid) }).unwrap();
        store.write(Store::Member { gid: &id(gid), uid: &id(uid), role: GroupRole::Member }).unwrap();
    }
}

/// An entry of user 1, with the next number.
pub fn say(store: &mut dyn Storage, conversation: &Conversation, content: &str) -> u64 {
    let seq = 1 + match conversation {
        Conversation::Group(gid) => match store.read(&Query::Group(gid.clone())).unwrap() {
            Record::Group(_, group) => group.map_or(0, |group| group.seq),
            other => panic!("{other:?}"),
        },
        Conversation::Ticket(ticket) => match store.read(&Query::Desk(DeskQuery::Ticket(*ticket))).unwrap() {
            Record::Desk(DeskRecord::Ticket(_, ticket)) => ticket.map_or(0, |ticket| ticket.seq),
            other => panic!("{other:?}"),
        },
        Conversation::Direct(low, high) => {
            match store.read(&Query::Direct(low.clone(), high.clone())).unwrap() {
                Record::Direct(_, _, seq) => seq,
                other => panic!("{other:?}"),
            }
        }
    };
    say_as(store, conversation, seq, content);
    seq
}

/// An entry of user 1; one without a text says what an admin did.
pub fn say_as(store: &mut dyn Storage, conversation: &Conversation, seq: u64, content: &str) {
    let act = content.is_empty().then(|| Act::Kick { uid: id(9) });
    append(store, Entry { act: act.as_ref(), ..said(conversation, seq, content) }).unwrap();
}

pub fn query(words: &str, scope: Scope) -> SearchQuery {
    SearchQuery {
        words: Words::of(words),
        scope,
        before: None,
        entries_max: 10_000,
        bytes_max: usize::MAX,
        steps_max: usize::MAX,
    }
}

pub fn search(store: &dyn Storage, query: &SearchQuery) -> SearchRecord {
    match store.read(&Query::Search(query.clone())).unwrap() {
        Record::Search(of, record) => {
            assert_eq!(of, *query);
            record
        }
        other => panic!("{other:?}"),
    }
}

/// What a user finds, the newest first.
pub fn find(store: &dyn Storage, uid: u64, words: &str) -> Vec<String> {
    texts(&search(store, &query(words, Scope::All(id(uid)))))
}

pub fn texts(record: &SearchRecord) -> Vec<String> {
    record.found.iter().map(|found| found.entry.content.to_string()).collect()
}

fn some_words(store: &mut dyn Storage) {
    store.begin().unwrap();
    people(store);
    say(store, &in_group(7), "Tea is ready");
    say(store, &in_group(8), "tea elsewhere, 天气");
    say(store, &talk(1, 3), "今天天气很好");
    say(store, &in_group(7), "");
    say(store, &talk(1, 1), "tea: note to myself");
    say(store, &talk(2, 3), "the teapot");
    say(store, &in_group(7), "天很气");
    store.commit().unwrap();
}

#[test]
fn a_user_finds_what_is_in_the_own_conversations() {
    on_every_index(some_words, |store| {
        assert_eq!(find(store, 1, "TEA"), ["tea: note to myself", "Tea is ready"]);
        assert_eq!(find(store, 2, "tea"), ["tea elsewhere, 天气", "Tea is ready"]);
        assert_eq!(find(store, 3, "tea"), [""; 0]);
        assert_eq!(find(store, 1, "天气"), ["今天天气很好"]);
        assert_eq!(find(store, 3, "天气"), ["今天天气很好"]);
        assert_eq!(find(store, 2, "天气 tea"), ["tea elsewhere, 天气"]);
        assert_eq!(find(store, 1, "气"), ["天很气", "今天天气很好"]);
        assert_eq!(find(store, 9, "tea"), [""; 0], "somebody who was never stored");
    });
}

#[test]
fn one_conversation_can_be_searched() {
    on_every_index(some_words, |store| {
        let find = |words, conversation| texts(&search(store, &query(words, Scope::One(conversation))));
        assert_eq!(find("tea", in_group(7)), ["Tea is ready"]);
        assert_eq!(find("tea", in_group(8)), ["tea elsewhere, 天气"]);
        assert_eq!(find("天气", talk(3, 1)), ["今天天气很好"]);
        assert_eq!(find("tea", in_group(9)), [""; 0], "there is none");
        assert_eq!(find("tea", talk(7, 8)), [""; 0]);
    });
}

#[test]
fn an_entry_is_found_with_its_conversation() {
    on_every_index(some_words, |store| {
        let record = search(store, &query("tea", Scope::All(id(1))));
        let places: Vec<_> =
            record.found.iter().map(|found| (found.conversation.clone(), found.entry.seq)).collect();
        assert_eq!(places, [(talk(1, 1), 1), (in_group(7), 1)]);
        assert_eq!(record.next, None);
        assert!(record.steps > 0);
    });
}

#[test]
fn who_leaves_finds_no_more_and_a_deleted_group_is_not_found() {
    let prepare = |store: &mut dyn Storage| {
        some_words(store);
        store.begin().unwrap();
        store.write(Store::NoMember { gid: &id(7), uid: &id(1) }).unwrap();
        store.write(Store::NoGroup { gid: &id(8) }).unwrap();
        store.write(Store::Group { gid: &id(8) }).unwrap();
        store.write(Store::Member { gid: &id(8), uid: &id(2), role: GroupRole::Owner }).unwrap();
        store.commit().unwrap();
    };
    on_every_index(prepare, |store| {
        assert_eq!(find(store, 1, "tea"), ["tea: note to myself"]);
        assert_eq!(find(store, 2, "tea"), ["Tea is ready"]);
        let record = search(store, &query("tea", Scope::One(in_group(8))));
        assert_eq!(texts(&record), [""; 0]);
    });
}

#[test]
fn the_open_transaction_is_searched_too() {
    let scratch = Scratch::new();
    for store in [&mut Memory::new(9) as &mut dyn Storage, &mut scratch.open()] {
        some_words(store);
        store.begin().unwrap();
        say(store, &in_group(7), "more tea");
        assert_eq!(find(store, 2, "more"), ["more tea"]);
        store.rollback();
        assert_eq!(find(store, 2, "more"), [""; 0]);
        store.begin().unwrap();
        say(store, &in_group(7), "other tea");
        store.commit().unwrap();
        assert_eq!(find(store, 2, "other"), ["other tea"]);
    }
}

/// Words of which some are everywhere, some are rare, and some are only with others.
fn many(store: &mut dyn Storage) {
    store.begin().unwrap();
    people(store);
    for number in 1..=3_000_u32 {
        let mut text = format!("n{number}");
        for (every, word) in [(2, "even"), (3, "天气好"), (700, "rare"), (5, "tea")] {
            if number % every == 0 {
                text = format!("{text} {word}");
            }
        }
        let conversation = match number % 4 {
            0 => in_group(7),
            1 => talk(1, 3),
            2 => in_group(8),
            _ => talk(2, 3),
        };
        say(store, &conversation, if number % 100 == 0 { "" } else { &text });
    }
    store.commit().unwrap();
}

fn expected(uid: u32, divisors: &[u32]) -> Vec<String> {
    let is_own = |number: &u32| match number % 4 {
        0 => uid != 3,
        1 => uid != 2,
        2 => uid == 2,
        _ => uid != 1,
    };
    let hits =
        (1..=3_000).rev().filter(|number| number % 100 != 0 && divisors.iter().all(|by| number % by == 0));
    hits.filter(is_own).map(|number| format!("n{number}")).collect()
}

const QUERIES: &[(&str, &[u32])] = &[
    ("even", &[2]),
    ("tea", &[5]),
    ("天气", &[3]),
    ("气好 EVEN", &[6]),
    ("even tea 天", &[30]),
    ("rare", &[700]),
    ("rare tea", &[3_500]),
    ("天好", &[3_001]),
    ("nowhere even", &[3_001]),
];

fn numbers(record: &SearchRecord) -> Vec<String> {
    texts(record).iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn among_many_all_are_found_and_nothing_else() {
    on_every_index(many, |store| {
        for uid in 1..=3 {
            for (words, divisors) in QUERIES {
                let record = search(store, &query(words, Scope::All(id(uid.into()))));
                assert_eq!(numbers(&record), expected(uid, divisors), "{uid} {words}");
            }
        }
    });
}

#[test]
fn pages_and_steps_cut_the_same_into_pieces() {
    on_every_index(many, |store| {
        for (entries_max, steps_max) in [(7, usize::MAX), (1_000, 20_000), (5, 20_000), (1, usize::MAX)] {
            for (words, divisors) in QUERIES {
                let mut query = SearchQuery { entries_max, steps_max, ..query(words, Scope::All(id(1))) };
                let mut all = Vec::new();
                loop {
                    let record = search(store, &query);
                    all.extend(numbers(&record));
                    assert!(record.found.len() <= entries_max);
                    assert!(record.steps < steps_max.saturating_add(15_000), "{}", record.steps);
                    let Some(next) = record.next else { break };
                    assert!(query.before.is_none_or(|before| next < before), "it gets on");
                    query.before = Some(next);
                }
                assert_eq!(all, expected(1, divisors), "{words}");
            }
        }
    });
}

#[test]
fn a_page_is_cut_by_its_bytes_but_has_one_entry() {
    on_every_index(some_words, |store| {
        let mut query = SearchQuery { bytes_max: 0, ..query("tea", Scope::All(id(1))) };
        let record = search(store, &query);
        assert_eq!(texts(&record), ["tea: note to myself"]);
        query.before = record.next;
        let record = search(store, &query);
        assert_eq!((texts(&record), record.next), (vec!["Tea is ready".to_owned()], None));
        query.bytes_max = record.found[0].entry.bytes() - 1;
        assert_eq!(texts(&search(store, &query)), ["Tea is ready"]);
    });
}

#[test]
fn a_user_with_very_many_conversations_finds_all_the_same() {
    let prepare = |store: &mut dyn Storage| {
        store.begin().unwrap();
        people(store);
        for uid in 1_000..6_000 {
            say(store, &talk(1, uid), if uid % 1_000 == 0 { "tea" } else { "coffee" });
        }
        say(store, &talk(2, 3), "tea of others");
        say(store, &in_group(7), "tea in the group");
        store.commit().unwrap();
    };
    on_every_index(prepare, |store| {
        assert_eq!(find(store, 1, "tea"), ["tea in the group", "tea", "tea", "tea", "tea", "tea"]);
    });
}

#[test]
fn ids_of_text_are_found_by_their_names() {
    let eve = Id::from_text("夏娃").unwrap();
    let prepare = |store: &mut dyn Storage| {
        store.begin().unwrap();
        people(store);
        store.write(Store::User { uid: &eve, name: "eve", guest: false }).unwrap();
        store.write(Store::Group { gid: &eve }).unwrap();
        store.write(Store::Member { gid: &eve, uid: &eve, role: GroupRole::Owner }).unwrap();
        say(store, &Conversation::Group(eve.clone()), "apple");
        say(store, &Conversation::direct(&eve, &id(1)), "apple for you");
        store.commit().unwrap();
    };
    on_every_index(prepare, |store| {
        let record = search(store, &query("apple", Scope::All(eve.clone())));
        assert_eq!(record.found.len(), 2);
        assert_eq!(record.found[0].conversation, Conversation::direct(&id(1), &eve));
        assert_eq!(find(store, 1, "apple"), ["apple for you"]);
    });
}
