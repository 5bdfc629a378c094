//! Entries that are recalled: their place stays, their text goes, from the files of the store on disk too.

use std::collections::BTreeSet;
use std::fs;

use karez::base::clock::UnixMillis;
use karez::chat::ids::Conversation;
use karez::chat::input::Bounds;
use karez::chat::output::{Entry, EntryRecord, PageQuery, Query, Recall, Record, Store};
use karez::store::{Durability, Options, Sqlite, Storage, StoreError, Tidy};

use crate::common::{append, ground, id, in_group, on_every_store, said};
use crate::folder::Scratch;

/// Calls of `tidy_up` that the daemon makes in ten seconds.
const CALLS_IN_TEN_SECONDS: u32 = 100;

fn say(store: &mut dyn Storage, conversation: &Conversation, seq: u64, content: &str, data: Option<&str>) {
    let (kind, reply, mentions) = (Some("image"), Some(1), &[id(1)]);
    append(store, Entry { kind, data, reply, mentions, ..said(conversation, seq, content) }).unwrap();
}

/// What the core does: the text goes, and the next entry says so.
fn recall(store: &mut dyn Storage, conversation: &Conversation, seq: u64, next: u64) {
    store.write(Store::Erase { conversation, seq }).unwrap();
    append(store, Entry { recall: Recall::Of(seq), ..said(conversation, next, "") }).unwrap();
}

fn entries(store: &dyn Storage, conversation: Conversation) -> Vec<EntryRecord> {
    let (entries_max, bytes_max) = (100, usize::MAX);
    let query = PageQuery { conversation, bounds: Bounds::Newest, entries_max, bytes_max };
    match store.read(&Query::Page(query)).unwrap() {
        Record::Page(_, page) => page.entries,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recalled_entry_keeps_its_place_and_loses_its_text() {
    on_every_store(ground, |store| {
        for conversation in [in_group(7), Conversation::direct(&id(1), &id(2))] {
            store.begin().unwrap();
            for seq in 1..=3 {
                say(store, &conversation, seq, "a secret", Some("{}"));
            }
            store.commit().unwrap();
            store.begin().unwrap();
            recall(store, &conversation, 2, 4);
            let read = entries(store, conversation.clone());
            store.commit().unwrap();
            assert_eq!(read, entries(store, conversation.clone()), "in the open transaction too");
            let read: Vec<_> = read.iter().map(|record| record.entry(&conversation)).collect();
            let recalled = Entry { recall: Recall::Recalled, ..said(&conversation, 2, "") };
            assert_eq!(read[1], recalled);
            assert_eq!(read[3], Entry { recall: Recall::Of(2), ..said(&conversation, 4, "") });
            assert_eq!([read[0].content, read[2].content], ["a secret"; 2]);
        }
    });
}

#[test]
fn a_rollback_puts_the_text_back() {
    on_every_store(ground, |store| {
        store.begin().unwrap();
        say(store, &in_group(7), 1, "kept", Some("{}"));
        store.commit().unwrap();
        let before = entries(store, in_group(7));
        store.begin().unwrap();
        recall(store, &in_group(7), 1, 2);
        store.write(Store::Erase { conversation: &in_group(7), seq: 1 }).unwrap();
        store.rollback();
        assert_eq!(entries(store, in_group(7)), before);
    });
}

#[test]
fn what_is_not_there_is_not_erased() {
    on_every_store(ground, |store| {
        store.begin().unwrap();
        say(store, &in_group(7), 1, "one", None);
        store.commit().unwrap();
        let nobody = Conversation::direct(&id(1), &id(2));
        for (conversation, seq) in [(in_group(7), 2), (Conversation::Group(id(8)), 1), (nobody, 1)] {
            store.begin().unwrap();
            let refused = store.write(Store::Erase { conversation: &conversation, seq });
            assert_eq!(refused, Err(StoreError::NoSuchEntry { conversation, seq }));
            store.rollback();
        }
    });
}

// ---- the files ----

/// Texts for which the files are searched: each is unlike the others, even in its parts.
struct Texts(Vec<String>);

impl Texts {
    fn word(number: usize) -> String {
        format!("<{number:06}>")
    }

    /// A text of about so many bytes that says nothing but its number.
    fn add(&mut self, bytes: usize) -> String {
        let word = Texts::word(self.0.len());
        let text = word.repeat((bytes / word.len()).max(1));
        self.0.push(word);
        text
    }
}

/// The numbers of the texts of which anything is in the files.
fn found(scratch: &Scratch) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for name in ["karez.db", "karez.db-wal"] {
        let bytes = fs::read(scratch.options().folder.join(name)).unwrap_or_default();
        for at in memchr::memchr_iter(b'<', &bytes) {
            if let Some([digits @ .., b'>']) = bytes.get(at + 1..at + 8)
                && let Ok(digits) = std::str::from_utf8(digits)
                && let Ok(number) = digits.parse::<usize>()
            {
                found.insert(number);
            }
        }
    }
    found
}

/// Short texts, such as fill a page, and such as run over several; the numbers of the entries are those of the texts.
fn store_with_texts(scratch: &Scratch, durability: Durability) -> (Sqlite, Texts) {
    let mut store = Sqlite::open(&Options { durability, ..scratch.options() }).unwrap();
    ground(&mut store);
    let mut texts = Texts(vec!["there is no entry 0".to_owned()]);
    for round in 0..12 {
        store.begin().unwrap();
        for bytes in [8, 100, 1_500, 4_000, 5_000, 60_000] {
            let seq = texts.0.len() as u64;
            let text = texts.add(bytes);
            if (seq + round).is_multiple_of(2) {
                say(&mut store, &in_group(7), seq, &text, None);
            } else {
                let data = format!("{{\"a\":\"{text}\"}}");
                say(&mut store, &in_group(7), seq, "see data", Some(&data));
            }
        }
        store.commit().unwrap();
        store.tidy_up(UnixMillis(0)).unwrap();
    }
    (store, texts)
}

fn all(texts: &Texts) -> BTreeSet<usize> {
    (1..texts.0.len()).collect()
}

/// Calls `tidy_up` as the daemon does, and returns how often.
fn tidy_up(store: &mut Sqlite) -> u32 {
    for call in 1..=CALLS_IN_TEN_SECONDS {
        if store.tidy_up(UnixMillis(0)).unwrap() == Tidy::Done {
            return call;
        }
    }
    panic!("it is never done");
}

/// Recalls every third entry, some in a turn of their own, some together.
fn recall_some(store: &mut Sqlite, texts: &Texts) -> BTreeSet<usize> {
    let recalled: BTreeSet<usize> = (1..texts.0.len()).filter(|number| number % 3 == 1).collect();
    let mut next = texts.0.len() as u64;
    for chunk in recalled.iter().collect::<Vec<_>>().chunks(2) {
        store.begin().unwrap();
        for number in chunk {
            recall(store, &in_group(7), **number as u64, next);
            next += 1;
        }
        store.commit().unwrap();
    }
    recalled
}

#[test]
fn a_recalled_text_leaves_the_files_within_ten_seconds() {
    for durability in [Durability::Full, Durability::Relaxed] {
        let scratch = Scratch::new();
        let (mut store, texts) = store_with_texts(&scratch, durability);
        assert_eq!(found(&scratch), all(&texts));
        let recalled = recall_some(&mut store, &texts);
        assert!(found(&scratch).is_superset(&recalled), "the test looks where it was");
        tidy_up(&mut store);
        assert_eq!(found(&scratch), &all(&texts) - &recalled, "{durability:?}");
        drop(store);
        assert_eq!(found(&scratch), &all(&texts) - &recalled, "{durability:?}");
    }
}

#[test]
fn a_recalled_text_is_gone_after_a_clean_stop() {
    let scratch = Scratch::new();
    let (mut store, texts) = store_with_texts(&scratch, Durability::Full);
    let recalled = recall_some(&mut store, &texts);
    store.close().unwrap();
    assert_eq!(found(&scratch), &all(&texts) - &recalled);
}

#[test]
fn what_a_killed_daemon_left_in_its_wal_goes_when_the_next_one_starts() {
    let (killed, next) = (Scratch::new(), Scratch::new());
    let (mut store, texts) = store_with_texts(&killed, Durability::Full);
    let recalled = recall_some(&mut store, &texts);
    // The files as they are at this moment, which is what a kill leaves.
    fs::create_dir_all(next.options().folder).unwrap();
    for name in ["karez.db", "karez.db-wal"] {
        let file = |scratch: &Scratch| scratch.options().folder.join(name);
        fs::copy(file(&killed), file(&next)).unwrap();
    }
    assert!(found(&next).is_superset(&recalled));
    let store = next.open();
    assert_eq!(found(&next), &all(&texts) - &recalled);
    assert_eq!(entries(&store, in_group(7)).last().map(|entry| entry.recall), Some(Recall::Of(70)));
}

#[test]
fn many_recalls_empty_the_wal_once() {
    let scratch = Scratch::new();
    let (mut store, texts) = store_with_texts(&scratch, Durability::Full);
    let wal = scratch.options().folder.join("karez.db-wal");
    let is_empty = || fs::metadata(&wal).unwrap().len() == 0;
    let mut next = texts.0.len() as u64;
    for call in 1..=20 {
        store.begin().unwrap();
        recall(&mut store, &in_group(7), call, next);
        store.commit().unwrap();
        next += 1;
        assert!(!is_empty(), "call {call}");
        let expected = if call < 20 { Tidy::NotYet } else { Tidy::Done };
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(expected), "call {call}");
    }
    assert!(is_empty());
    store.begin().unwrap();
    say(&mut store, &in_group(7), next, "x", None);
    store.commit().unwrap();
    assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::Done), "where nothing was recalled there is no hurry");
    assert!(!is_empty());
}

#[test]
fn while_somebody_reads_the_file_it_is_tried_again() {
    let scratch = Scratch::new();
    let (mut store, texts) = store_with_texts(&scratch, Durability::Full);
    let reader = scratch.look();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entry;").unwrap();
    let recalled = recall_some(&mut store, &texts);
    for _ in 0..CALLS_IN_TEN_SECONDS {
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::NotYet));
    }
    assert!(found(&scratch).is_superset(&recalled));
    reader.execute_batch("COMMIT").unwrap();
    tidy_up(&mut store);
    assert_eq!(found(&scratch), &all(&texts) - &recalled);
}
