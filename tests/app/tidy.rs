//! What the store does between the turns: when it is given time for it, and what it keeps.

use std::cell::Cell;
use std::rc::Rc;

use karez::base::clock::UnixMillis;
use karez::chat::output::{Query, Record, Store};
use karez::store::{FileBytes, Identity, KeptAnswer, Memory, Storage, StoreError, Tidy};

use crate::client::*;
use crate::process::*;
use crate::world::*;

/// Counts how often it may tidy up.
struct Counting {
    store: Memory,
    calls: Rc<Cell<u32>>,
}

impl FileBytes for Counting {}

impl Storage for Counting {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        self.store.identity(fresh)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.store.begin()
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        self.store.write(order)
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        self.store.read(query)
    }

    fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        self.store.keep_answer(key, answer)
    }

    fn kept_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        self.store.kept_answer(key, now)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.store.commit()
    }

    fn rollback(&mut self) {
        self.store.rollback();
    }

    fn tidy_up(&mut self, _now: UnixMillis) -> Result<Tidy, StoreError> {
        self.calls.set(self.calls.get() + 1);
        Ok(Tidy::Done)
    }
}

/// A daemon, and how often its store was called.
fn world(tidy_every_ms: u64) -> (World<Counting>, Rc<Cell<u32>>) {
    let (config, mut settings) = told(&[]);
    settings.tidy_every_ms = tidy_every_ms;
    let calls = Rc::new(Cell::new(0));
    let store = Counting { store: Memory::new(100), calls: calls.clone() };
    (World::on(store, config, settings), calls)
}

#[test]
fn an_idle_daemon_tidies_up_now_and_then() {
    let (mut world, calls) = world(300);
    world.turn();
    while calls.get() < 3 {
        world.server.turn(None).expect("it wakes by itself");
    }
    assert!(world.server.counters().turns_total < 20, "and otherwise it sleeps");
}

#[test]
fn after_a_commit_it_is_soon_and_once() {
    let (mut world, calls) = world(3_600_000);
    let (mut ann, _) = world.guest();
    world.turn_until("the first time", |_| calls.get() == 1);
    ann.say(r#"{"type":"group","gid":7,"content":"hi"}"#);
    world.turn_until("the second time", |_| calls.get() == 2);
    world.settle();
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_daemon_keeps_what_it_is_told_to_keep() {
    let folder = DataFolder::new("retention");
    let daemon = folder.karez(&[
        "--retention-entries-per-conversation-max",
        "2",
        "--messages-per-second",
        "100000",
        "--messages-burst",
        "1000000",
    ]);
    let mut ann = Client::open(daemon.address("page"));
    ann.say(LOGIN);
    for number in 1..=5 {
        ann.say(&format!(r#"{{"type":"group","gid":7,"content":"{number}"}}"#));
    }
    // It may take some tenths of a second. Every answer shows a row of numbers that ends with the last.
    loop {
        ann.say(r#"{"type":"history","gid":7}"#);
        let page = loop {
            let Heard::Text(text) = ann.hear() else { panic!("no text") };
            if text.starts_with(r#"{"type":"history""#) {
                break text;
            }
        };
        let messages = field(&page, "messages").as_array().unwrap().clone();
        let numbers: Vec<u64> = messages.iter().map(|of| of["seq"].as_u64().unwrap()).collect();
        let first = numbers[0];
        assert_eq!(numbers, (first..=5).collect::<Vec<_>>());
        if numbers == [4, 5] {
            break;
        }
    }
    ann.say(r#"{"type":"group","gid":7,"content":"6","id":"six"}"#);
    let heard = [ann.hear_text(), ann.hear_text()].concat();
    assert!(heard.contains(r#""seq":6"#), "{heard}");
}
