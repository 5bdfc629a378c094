//! The index of the store on disk: it follows what is stored, and lets go of what is not.

use std::collections::BTreeSet;

use karez::base::clock::UnixMillis;
use karez::base::words;
use karez::chat::output::{Entry, GroupRole, Recall, Scope, Store};
use karez::store::{Durability, Options, Retention, Sqlite, Storage, Tidy};
use rusqlite::Connection;

use crate::common::{append, id, in_group, said};
use crate::folder::Scratch;
use crate::search::{find, people, query, say, say_as, search, texts, tidy};

/// How many entries are indexed under a term, as somebody else sees it.
fn indexed(look: &Connection, term: &str) -> i64 {
    let sql = "SELECT count(*) FROM entry_index WHERE entry_index MATCH ?";
    look.query_row(sql, [format!("\"{term}\"")], |row| row.get(0)).unwrap()
}

fn is_sound(look: &Connection) {
    look.execute_batch("INSERT INTO entry_index (entry_index) VALUES ('integrity-check')").unwrap();
    let whole: String = look.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

#[test]
fn entries_are_indexed_a_few_at_a_time() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    for number in 1..=450 {
        say(&mut store, &in_group(7), &format!("tea {number}"));
    }
    store.commit().unwrap();
    for (left, count) in [(Tidy::NotYet, 200), (Tidy::NotYet, 400), (Tidy::Done, 450)] {
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(left));
        assert_eq!(indexed(&scratch.look(), "tea"), count);
    }
    store.close().unwrap();
    drop(store);
    is_sound(&scratch.look());
}

#[test]
fn long_texts_are_indexed_one_at_a_time() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    for _ in 0..3 {
        say(&mut store, &in_group(7), &"tea ".repeat(10_000));
    }
    store.commit().unwrap();
    for count in [1, 2, 3] {
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::NotYet));
        assert_eq!(indexed(&scratch.look(), "tea"), count);
    }
    assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::Done));
    assert_eq!(find(&store, 1, "tea").len(), 3);
}

#[test]
fn what_was_stored_before_there_was_an_index_is_indexed() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "tea");
    store.commit().unwrap();
    drop(store);
    assert_eq!(indexed(&scratch.look(), "tea"), 0, "nobody has tidied up");
    let mut store = scratch.open();
    assert_eq!(find(&store, 1, "tea"), ["tea"]);
    tidy(&mut store);
    assert_eq!(indexed(&scratch.look(), "tea"), 1);
    assert_eq!(find(&store, 1, "tea"), ["tea"]);
}

#[test]
fn a_deleted_group_leaves_the_index() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    for number in 0..300 {
        say(&mut store, &in_group(8), "tea elsewhere");
        say(&mut store, &in_group(7), if number == 0 { "" } else { "tea here" });
    }
    store.commit().unwrap();
    tidy(&mut store);
    store.begin().unwrap();
    // Some are not in the index yet.
    say(&mut store, &in_group(8), "tea elsewhere");
    store.write(Store::NoGroup { gid: &id(8) }).unwrap();
    store.commit().unwrap();
    tidy(&mut store);
    let look = scratch.look();
    assert_eq!((indexed(&look, "tea"), indexed(&look, "elsewhere")), (299, 0));
    drop(look);
    assert_eq!(find(&store, 2, "tea").len(), 299);
    drop(store);
    is_sound(&scratch.look());
}

#[test]
fn numbers_that_are_given_again_are_indexed_again() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "old tea");
    say(&mut store, &in_group(8), "gone");
    say(&mut store, &in_group(8), "gone");
    store.commit().unwrap();
    tidy(&mut store);
    store.begin().unwrap();
    store.write(Store::NoGroup { gid: &id(8) }).unwrap();
    store.commit().unwrap();
    tidy(&mut store);
    store.begin().unwrap();
    say_as(&mut store, &in_group(7), 2, "new tea");
    say_as(&mut store, &in_group(7), 3, "newest tea");
    store.commit().unwrap();
    let expected = ["newest tea", "new tea", "old tea"];
    assert_eq!(find(&store, 1, "tea"), expected);
    tidy(&mut store);
    assert_eq!(find(&store, 1, "tea"), expected);
    assert_eq!(indexed(&scratch.look(), "tea"), 3);
    assert_eq!(indexed(&scratch.look(), "gone"), 0);
}

#[test]
fn what_the_index_proposes_wrongly_is_not_found() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "天气 气好");
    say(&mut store, &in_group(7), "天气好");
    let long = "x".repeat(70);
    say(&mut store, &in_group(7), &format!("{long}y"));
    say(&mut store, &in_group(7), &format!("{long}z"));
    store.commit().unwrap();
    tidy(&mut store);
    assert_eq!(find(&store, 1, "天气好"), ["天气好"]);
    assert_eq!(find(&store, 1, &format!("{long}y")), [format!("{long}y")]);
}

#[test]
fn a_rare_word_is_found_in_few_steps() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "needle in the hay");
    for _ in 0..5_000 {
        say(&mut store, &in_group(7), "more hay");
    }
    store.commit().unwrap();
    tidy(&mut store);
    let record = search(&store, &query("hay needle", Scope::All(id(1))));
    assert_eq!(texts(&record), ["needle in the hay"]);
    assert!(record.steps < 5_000, "{}", record.steps);
}

#[test]
fn others_conversations_cost_little() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    store.write(Store::Member { gid: &id(8), uid: &id(3), role: GroupRole::Member }).unwrap();
    say(&mut store, &in_group(7), "tea here");
    for _ in 0..5_000 {
        say(&mut store, &in_group(8), "tea elsewhere");
    }
    store.commit().unwrap();
    tidy(&mut store);
    let record = search(&store, &query("tea", Scope::All(id(1))));
    assert_eq!(texts(&record), ["tea here"]);
    assert!(record.steps < 15_000, "{}", record.steps);
    let record = search(&store, &query("tea", Scope::One(in_group(7))));
    assert_eq!(texts(&record), ["tea here"]);
    assert!(record.steps < 5_000, "{}", record.steps);
}

/// What the core does: the text goes, and the next entry says so.
fn recall(store: &mut dyn Storage, seq: u64, next: u64) {
    store.write(Store::Erase { conversation: &in_group(7), seq }).unwrap();
    let (recall, time) = (Recall::Of(seq), UnixMillis(seq));
    append(store, Entry { recall, time, ..said(&in_group(7), next, "") }).unwrap();
}

/// Which of these bytes are in the file, when all of the WAL is moved into it.
fn remains<'a>(scratch: &Scratch, store: &mut Sqlite, terms: &[&'a str]) -> Vec<&'a str> {
    // Without a call of `tidy_up`, which would merge segments.
    store.close().unwrap();
    let bytes = std::fs::read(scratch.file()).unwrap();
    let is_there = |term: &&&str| bytes.windows(term.len()).any(|window| window == term.as_bytes());
    terms.iter().filter(is_there).copied().collect()
}

#[test]
fn a_recalled_text_leaves_the_index_at_once() {
    const SECRETS: [&str; 3] = ["secret", "密", "谋"];
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let mut seq = 0;
    store.begin().unwrap();
    people(&mut store);
    store.commit().unwrap();
    // Several segments, and some of the secrets alone on their side of the alphabet.
    for round in 0..6 {
        store.begin().unwrap();
        for number in 0..150 {
            let secret = number % 50 == 7;
            let text =
                if secret { format!("{number:03}secret{round} 密{number}谋 tea") } else { "tea".into() };
            seq = say(&mut store, &in_group(7), &text);
        }
        store.commit().unwrap();
        tidy(&mut store);
    }
    assert_eq!(find(&store, 1, "tea").len(), 900);
    let secrets: Vec<u64> = (1..=seq).filter(|seq| (seq - 1) % 150 % 50 == 7).collect();
    assert_eq!(secrets.len(), 18);
    assert_eq!(remains(&scratch, &mut store, &SECRETS), SECRETS);
    store.begin().unwrap();
    for secret in &secrets {
        seq += 1;
        recall(&mut store, *secret, seq);
    }
    assert_eq!(find(&store, 1, "密"), [""; 0], "in the open transaction too");
    store.commit().unwrap();
    let look = scratch.look();
    assert_eq!((indexed(&look, "tea"), indexed(&look, "密")), (882, 0));
    drop(look);
    assert_eq!(remains(&scratch, &mut store, &SECRETS), [""; 0]);
    drop(store);
    is_sound(&scratch.look());
}

#[test]
fn a_recall_that_is_rolled_back_leaves_the_index_as_it_was() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "tea 天气");
    store.commit().unwrap();
    tidy(&mut store);
    store.begin().unwrap();
    recall(&mut store, 1, 2);
    store.rollback();
    assert_eq!(find(&store, 1, "天气"), ["tea 天气"]);
    assert_eq!(indexed(&scratch.look(), "天气"), 1);
    store.begin().unwrap();
    recall(&mut store, 1, 2);
    store.commit().unwrap();
    assert_eq!(find(&store, 1, "天气"), [""; 0]);
    tidy(&mut store);
    drop(store);
    is_sound(&scratch.look());
}

#[test]
fn what_is_recalled_before_it_is_indexed_is_never_indexed() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "tea 天气");
    recall(&mut store, 1, 2);
    say(&mut store, &in_group(7), "tea");
    store.commit().unwrap();
    tidy(&mut store);
    assert_eq!(find(&store, 1, "tea"), ["tea"]);
    let look = scratch.look();
    assert_eq!((indexed(&look, "tea"), indexed(&look, "天气")), (1, 0));
}

#[test]
fn commits_wait_for_the_disk_again_after_the_index_did_not() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.begin().unwrap();
    people(&mut store);
    say(&mut store, &in_group(7), "tea");
    store.commit().unwrap();
    tidy(&mut store);
    assert_eq!(indexed(&scratch.look(), "tea"), 1);
    assert_eq!(store.durability(), Ok(Durability::Full));
}

#[test]
fn what_is_no_longer_kept_leaves_the_index() {
    let scratch = Scratch::new();
    let retention = Retention { entries_per_conversation_max: Some(3), ..Retention::default() };
    let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    store.begin().unwrap();
    people(&mut store);
    for number in 1..=9 {
        say(&mut store, &in_group(7), &format!("tea {number}"));
    }
    store.commit().unwrap();
    tidy(&mut store);
    store.begin().unwrap();
    say(&mut store, &in_group(7), "tea 10");
    store.commit().unwrap();
    tidy(&mut store);
    assert_eq!(find(&store, 1, "tea"), ["tea 10", "tea 9", "tea 8"]);
    let look = scratch.look();
    assert_eq!(["tea", "7", "8"].map(|term| indexed(&look, term)), [3, 0, 1]);
    drop((look, store));
    is_sound(&scratch.look());
}

#[test]
fn what_is_given_up_step_by_step_leaves_few_segments() {
    let scratch = Scratch::new();
    let retention = Retention { days_max: Some(1), ..Retention::default() };
    let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
    store.begin().unwrap();
    people(&mut store);
    for number in 0..10_000 {
        say(&mut store, &in_group(7), &format!("tea {number}"));
    }
    store.commit().unwrap();
    tidy(&mut store);
    while store.tidy_up(UnixMillis(u64::MAX >> 1)).unwrap() == Tidy::NotYet {}
    let sql = "SELECT count(DISTINCT id >> 37) FROM entry_index_data WHERE id > 10";
    let segments: i64 = scratch.look().query_row(sql, (), |row| row.get(0)).unwrap();
    assert!(segments < 12, "{segments}");
}

#[test]
fn a_long_text_that_is_recalled_leaves_the_index_step_by_step() {
    for is_restarted in [false, true] {
        let scratch = Scratch::new();
        let mut store = scratch.open();
        store.begin().unwrap();
        people(&mut store);
        let words: String = (0..5_000).map(|number| format!("secret{number} ")).collect();
        say(&mut store, &in_group(7), &format!("{words} 天气"));
        say(&mut store, &in_group(7), "天气 tea");
        store.commit().unwrap();
        tidy(&mut store);
        store.begin().unwrap();
        recall(&mut store, 1, 3);
        store.commit().unwrap();
        assert_eq!(find(&store, 1, "天气"), ["天气 tea"], "it is found no more at once");
        let held_yet = || held(&scratch.look()).iter().filter(|(row, _)| row >> 14 == 1).count();
        assert!((3_000..4_950).contains(&held_yet()), "{}", held_yet());
        if is_restarted {
            drop(store);
            store = scratch.open();
            assert_eq!(held_yet(), 0);
        }
        let steps = (1..).find(|_| store.tidy_up(UnixMillis(0)).unwrap() == Tidy::Done).unwrap();
        assert!(steps < 80, "within ten seconds: {steps}");
        assert!(held(&scratch.look()) == to_be_held(&scratch.look()));
        assert_eq!(remains(&scratch, &mut store, &["secret"]), [""; 0]);
        drop(store);
        is_sound(&scratch.look());
    }
}

/// Every row of the index with each of its terms, as FTS5 has them.
fn held(look: &Connection) -> BTreeSet<(i64, String)> {
    look.execute_batch("CREATE VIRTUAL TABLE temp.held USING fts5vocab('main', 'entry_index', 'instance')")
        .unwrap();
    let mut held = look.prepare("SELECT doc, term FROM temp.held").unwrap();
    let rows = held.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The same as it should be.
fn to_be_held(look: &Connection) -> BTreeSet<(i64, String)> {
    let sql = "SELECT entry, conversation, content FROM entry
               WHERE content <> '' AND entry <= (SELECT value FROM meta WHERE name = 'indexed_until')";
    let mut entries = look.prepare(sql).unwrap();
    let rows = entries.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let terms = rows.map(Result::unwrap).flat_map(|(entry, conversation, text): (i64, i64, String)| {
        let terms = words::terms_of(&text) + &format!("§{conversation}");
        let row = (entry << 14) | conversation;
        terms.split_whitespace().map(|term| (row, term.to_owned())).collect::<Vec<_>>()
    });
    terms.collect()
}

/// Figures that look random and are the same each time.
struct Figures(u64);

impl Figures {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn text(&mut self) -> String {
        let words = if self.below(20) == 0 { 900 } else { 1 + self.below(12) };
        let word = |figures: &mut Figures| match figures.below(5) {
            0 => format!("tea{}", figures.below(2_000)),
            1 => "Tea".to_owned(),
            2 => "Ｔｅａ ﬁ İ ς".to_owned(),
            3 => "天气".to_owned(),
            _ => (0..3).filter_map(|_| char::from_u32(0x4e00 + figures.below(300) as u32)).collect(),
        };
        (0..words).map(|_| word(self) + " ").collect()
    }
}

/// The number of an entry of group 7 that can still be recalled, and the next number.
fn to_recall(look: &Connection, figures: &mut Figures) -> Option<(u64, u64)> {
    let sql = "SELECT seq, (SELECT max(seq) FROM entry e WHERE e.conversation = entry.conversation) + 1
               FROM entry JOIN conversation USING (conversation) WHERE gid = 7 AND content <> ''";
    let mut entries = look.prepare(sql).unwrap();
    let rows = entries.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(u64, u64)> = rows.map(Result::unwrap).collect();
    (!rows.is_empty()).then(|| rows[usize::try_from(figures.below(rows.len() as u64)).unwrap()])
}

#[test]
fn whatever_is_said_recalled_and_given_up_the_index_holds_what_is_there() {
    for seed in 0..2 {
        let mut figures = Figures(seed);
        let scratch = Scratch::new();
        let retention = Retention { entries_per_conversation_max: Some(60), ..Retention::default() };
        let mut store = Sqlite::open(&Options { retention, ..scratch.options() }).unwrap();
        store.begin().unwrap();
        people(&mut store);
        store.commit().unwrap();
        for round in 0..50 {
            store.begin().unwrap();
            for _ in 0..figures.below(30) {
                let text = figures.text();
                let conversation = if figures.below(2) == 0 { in_group(7) } else { in_group(8) };
                say(&mut store, &conversation, &text);
            }
            if round % 16 == 15 {
                store.write(Store::NoGroup { gid: &id(8) }).unwrap();
                store.write(Store::Group { gid: &id(8) }).unwrap();
            }
            store.commit().unwrap();
            for _ in 0..figures.below(3) {
                let Some((seq, next)) = to_recall(&scratch.look(), &mut figures) else { break };
                store.begin().unwrap();
                recall(&mut store, seq, next);
                if figures.below(4) == 0 { store.rollback() } else { store.commit().unwrap() }
            }
            for _ in 0..figures.below(3) {
                let _ = store.tidy_up(UnixMillis(0)).unwrap();
            }
            let look = scratch.look();
            let wiped: bool =
                look.query_row("SELECT count(*) = 0 FROM wiping", (), |row| row.get(0)).unwrap();
            if !wiped {
                continue;
            }
            assert!(held(&look) == to_be_held(&look), "seed {seed}, round {round}");
            is_sound(&look);
        }
    }
}
