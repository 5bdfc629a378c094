//! When the WAL is moved into the file, seen in the sizes of files and in what the file holds.

use std::time::{Duration, Instant};

use karez::base::clock::UnixMillis;
use karez::store::{Durability, Options, Sqlite, Storage, Tidy};

use crate::common::{fill, say};
use crate::folder::{Scratch, size_of};

/// Says so much in one turn that the WAL is worth moving: 5 MB from entry `first` on.
fn say_much(store: &mut Sqlite, first: u64) {
    store.begin().unwrap();
    for seq in first..first + 100 {
        say(store, seq, &format!("{seq} {}", "x".repeat(50_000))).unwrap();
    }
    store.commit().unwrap();
}

/// Whether this lies in the file itself.
fn is_in_file(scratch: &Scratch, words: &str) -> bool {
    let bytes = std::fs::read(scratch.file()).unwrap();
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn the_wal_does_not_grow_for_ever() {
    let scratch = Scratch::new();
    // Relaxed, because 3,000 times the disk would take long.
    let mut store = Sqlite::open(&Options { durability: Durability::Relaxed, ..scratch.options() }).unwrap();
    fill(&mut store, 0);
    let wal = scratch.options().folder.join("karez.db-wal");
    let mut largest = 0;
    for turn in 0..3_000 {
        store.begin().unwrap();
        say(&mut store, turn + 1, &"x".repeat(2_000)).unwrap();
        store.commit().unwrap();
        if turn % 50 == 0 {
            store.tidy_up(UnixMillis(0)).unwrap();
        }
        largest = largest.max(size_of(&wal).unwrap());
    }
    // Each turn writes some pages. All are moved at each tenth call, here 500 turns, and the next turn begins anew.
    assert!((4_000_000..16_000_000).contains(&largest), "{largest}");
}

#[test]
fn relaxed_moves_within_ten_calls_whatever_there_is() {
    let scratch = Scratch::new();
    let mut store = Sqlite::open(&Options { durability: Durability::Relaxed, ..scratch.options() }).unwrap();
    let moved = || is_in_file(&scratch, "entry 40");
    fill(&mut store, 40);
    for _ in 0..9 {
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::NotYet));
        assert!(!moved());
    }
    assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::Done));
    assert!(moved());
    let mut store = Scratch::new().open();
    fill(&mut store, 1);
    assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::Done), "a durable one has no need to hurry");
}

#[test]
fn a_durable_store_moves_when_nobody_speaks() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 0);
    say_much(&mut store, 1);
    assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::NotYet), "somebody has just spoken");
    assert!(!is_in_file(&scratch, "100 xxx"));
    // Who only reads is not in the way.
    store.begin().unwrap();
    store.commit().unwrap();
    assert!(
        (0..1_000).any(|_| store.tidy_up(UnixMillis(0)) == Ok(Tidy::Done)),
        "the index comes first, and comes to an end"
    );
    assert!(is_in_file(&scratch, "100 xxx"));
}

#[test]
fn a_durable_store_in_which_somebody_always_speaks_moves_seldom_and_does_move() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let began = Instant::now();
    fill(&mut store, 0);
    say_much(&mut store, 1);
    let mut seq = 100;
    let mut looks = 0;
    while !is_in_file(&scratch, "100 xxx") {
        assert!(began.elapsed() < Duration::from_secs(60), "it never moves");
        seq += 1;
        store.begin().unwrap();
        say(&mut store, seq, "still here").unwrap();
        store.commit().unwrap();
        store.tidy_up(UnixMillis(0)).unwrap();
        looks += 1;
    }
    assert!(looks > 10, "moved at look {looks}, and a commit before each");
}

#[test]
fn the_largest_wal_is_moved_whoever_speaks() {
    let scratch = Scratch::new();
    let mut store = Sqlite::open(&Options { wal_bytes_max: 12_000_000, ..scratch.options() }).unwrap();
    fill(&mut store, 0);
    for (turn, is_moved) in [(0, false), (1, false), (2, true)] {
        say_much(&mut store, turn * 100 + 1);
        store.tidy_up(UnixMillis(0)).unwrap();
        assert_eq!(is_in_file(&scratch, "100 xxx"), is_moved, "turn {turn}");
    }
}

#[test]
fn the_wal_is_moved_though_there_is_no_room_for_the_index() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    fill(&mut store, 0);
    store.begin().unwrap();
    for seq in 1..=100 {
        let words: String = (0..8_000).map(|number| format!("{seq}x{number} ")).collect();
        say(&mut store, seq, &words).unwrap();
    }
    store.commit().unwrap();
    store.limit_pages(1).unwrap();
    for _ in 0..2 {
        let _ = store.tidy_up(UnixMillis(0));
    }
    assert!(is_in_file(&scratch, " 100x7999 "));
}
