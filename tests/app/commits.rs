//! Turns whose commit fails: it is as if they had never been, and whoever asked for something is told.

use std::time::Duration;

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Query, Record, Store};
use karez::store::{FileBytes, Identity, KeptAnswer, Memory, Storage, StoreError};
use karez::ws::Opcode;

use crate::client::*;
use crate::world::*;

fn internal(id: &str) -> String {
    format!(
        r#"{{"type":"error","code":"internal","message":"the daemon failed and nothing was stored; try again","id":"{id}","retry":1000}}"#
    )
}

fn group(content: &str) -> String {
    format!(r#"{{"type":"group","gid":123,"content":"{content}","id":"{content}"}}"#)
}

/// The contents of the entries that are kept, by rising `seq`, which has no gap.
fn kept(world: &mut World, conversation: &Conversation) -> Vec<String> {
    let store = world.server.handler_mut().store_mut();
    let entries: Vec<_> = store.entries(conversation).collect();
    assert!(entries.iter().zip(1..).all(|(entry, seq)| entry.seq == seq), "{entries:?}");
    entries.iter().map(|entry| entry.content.to_string()).collect()
}

fn of_group() -> Conversation {
    Conversation::Group(Id::from_text("123").unwrap())
}

/// The contents of the entries among the messages, with their numbers.
fn entries(messages: &[String]) -> Vec<(u64, String)> {
    let is_entry = |text: &&String| text.starts_with(r#"{"type":"groupPm""#);
    let number_and_words = |text: &String| {
        (field(text, "seq").as_u64().unwrap(), field(text, "content").as_str().unwrap().to_owned())
    };
    messages.iter().filter(is_entry).map(number_and_words).collect()
}

#[test]
fn nothing_of_a_failed_turn_leaves_and_the_numbers_go_on_without_a_gap() {
    let mut world = World::new();
    let [mut ann, mut bob, mut eve] = world.guests();
    for member in [&mut ann, &mut bob] {
        member.say(&group("before"));
        world.settle();
    }
    world.hears(&mut ann);
    world.hears(&mut bob);

    world.fail_next_commit();
    ann.say(&group("lost"));
    bob.send(&[text(&group("too")), text(r#"{"type":"pm","uid":1003,"content":"psst","id":"p"}"#)].concat());
    eve.say(r#"{"type":"join","gid":123,"id":"j"}"#);
    world.turn();
    assert_eq!(world.hears(&mut ann), [internal("lost").replace("1000", "_")]);
    assert_eq!(world.texts_of(&mut bob), [internal("too"), internal("p")], "each, in order");
    assert_eq!(world.texts_of(&mut eve), [internal("j")]);
    assert_eq!(kept(&mut world, &of_group()), ["before", "before"]);

    ann.say(&group("again"));
    let heard = world.texts_of(&mut ann);
    assert_eq!(entries(&heard), [(3, "again".to_owned())]);
    let ack = heard.iter().find(|text| text.starts_with(r#"{"type":"ack""#)).unwrap();
    assert_eq!(field(ack, "seq"), 3);
    assert_eq!(entries(&world.texts_of(&mut bob)), [(3, "again".to_owned())]);
    assert_eq!(world.heard(&mut eve), [], "her joining was undone");
    assert_eq!(kept(&mut world, &of_group()), ["before", "before", "again"]);

    eve.say(r#"{"type":"join","gid":123,"id":"j"}"#);
    let joined = r#"{"type":"joined","gid":123,"uid":1003,"name":"Guest 1003","members":3}"#;
    assert!(world.hears(&mut eve).contains(&joined.to_owned()));
    assert_eq!(world.hears(&mut ann), [joined]);
    bob.say(r#"{"type":"pm","uid":1003,"content":"psst","id":"p"}"#);
    assert_eq!(field(&world.texts_of(&mut eve)[0], "seq"), 1);
}

#[test]
fn a_request_without_an_id_is_told_too() {
    let mut world = World::new();
    let [mut ann] = world.guests();
    world.fail_next_commit();
    ann.say(r#"{"type":"group","gid":123,"content":"lost"}"#);
    assert_eq!(world.texts_of(&mut ann), [internal("").replace(r#","id":"""#, "")]);
}

#[test]
fn leaving_is_undone() {
    let mut world = World::new();
    let [mut ann, mut bob] = world.guests();
    for member in [&mut ann, &mut bob] {
        member.say(&group("here"));
        world.settle();
    }
    world.hears(&mut ann);
    world.hears(&mut bob);
    world.fail_next_commit();
    ann.say(r#"{"type":"leave","gid":123,"id":"l"}"#);
    assert_eq!(world.texts_of(&mut ann), [internal("l")]);
    assert_eq!(world.heard(&mut bob), []);
    bob.say(&group("who is here?"));
    assert_eq!(entries(&world.texts_of(&mut ann)), [(3, "who is here?".to_owned())]);
    ann.say(r#"{"type":"leave","gid":123,"id":"l"}"#);
    assert_eq!(
        world.hears(&mut bob).last().unwrap(),
        r#"{"type":"left","gid":123,"uid":1001,"name":"Guest 1001","members":1}"#
    );
}

#[test]
fn a_login_is_undone_and_can_be_repeated() {
    let mut world = World::new();
    let mut ann = world.open();
    world.fail_next_commit();
    // Alone, a guest's login stores nothing; with the message behind it, the turn has something to commit.
    ann.send(&[text(r#"{"type":"login","id":"l"}"#), text(&group("hi"))].concat());
    world.turn();
    assert_eq!(world.texts_of(&mut ann), [internal("l"), internal("hi")]);
    assert_eq!(kept(&mut world, &of_group()), [""; 0]);
    ann.say(&group("hi"));
    assert_eq!(
        world.hears(&mut ann),
        [r#"{"type":"error","code":"login_required","message":"log in first","id":"hi"}"#]
    );
    ann.say(LOGIN);
    let login = world.texts_of(&mut ann).remove(0);
    assert!(login.starts_with(r#"{"type":"login","uid":1"#), "{login}");
    ann.say(&group("hi"));
    assert_eq!(entries(&world.texts_of(&mut ann)), [(1, "hi".to_owned())]);

    let mut second = world.open();
    let again = format!(r#"{{"type":"login","id":"l","token":{}}}"#, field(&login, "token"));
    world.fail_next_commit();
    second.send(&[text(&again), text(&group("hi"))].concat());
    world.turn();
    assert_eq!(world.texts_of(&mut second), [internal("l"), internal("hi")]);
    assert_eq!(world.heard(&mut ann), []);
    second.say(&again);
    assert_eq!(field(&world.texts_of(&mut second)[0], "uid"), field(&login, "uid"));
}

#[test]
fn no_number_of_a_guest_is_given_twice() {
    let mut world = World::new();
    let mut ann = world.open();
    world.fail_next_commit();
    ann.send(&[text(LOGIN), text(&group("hi"))].concat());
    world.turn();
    world.hears(&mut ann);
    let mut bob = world.open();
    ann.say(LOGIN);
    bob.say(LOGIN);
    let (ann, bob) = (world.texts_of(&mut ann).remove(0), world.texts_of(&mut bob).remove(0));
    assert_ne!(field(&ann, "uid"), field(&bob, "uid"));
}

#[test]
fn what_needs_no_store_goes_on_in_a_failed_turn() {
    let mut world = World::new();
    let [mut ann, mut pinger, mut leaver] = world.guests();
    let mut browser = world.dial();
    let mut newcomer = world.dial();
    world.fail_next_commit();
    ann.say(&group("lost"));
    pinger.send(&frame(Opcode::Ping, b"alive?"));
    leaver.send(&close(1000));
    browser.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    newcomer.send(upgrade("/", "").as_bytes());
    world.settle();
    assert_eq!(world.texts_of(&mut ann), [internal("lost")]);
    assert_eq!(world.heard(&mut pinger), [Heard::Other(Opcode::Pong, b"alive?".to_vec())]);
    assert_eq!(world.heard(&mut leaver), [Heard::Close(1000, String::new())]);
    while browser.pull() {}
    assert!(browser.bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
    while newcomer.pull() {}
    newcomer.expect_bytes(SWITCHED.as_bytes());
}

#[test]
fn what_is_refused_without_the_store_is_refused_in_a_failed_turn_too() {
    let mut world = World::new();
    let [mut ann, mut bob, mut eve] = world.guests();
    let mut forger = world.open();
    world.fail_next_commit();
    ann.send(&[text(&group("lost")), frame(Opcode::Binary, b"x"), text(&group("unheard"))].concat());
    bob.say(r#"{"type":"nonsense","id":"n"}"#);
    eve.say(&group("lost"));
    forger.say(r#"{"type":"login","token":"forged"}"#);
    world.turn();
    assert_eq!(
        world.heard(&mut ann),
        [Heard::Text(internal("lost")), Heard::Close(1003, "text messages only".to_owned())]
    );
    let heard = world.hears(&mut bob);
    assert!(heard.len() == 1 && heard[0].contains("unknown_type"), "{heard:?}");
    assert_eq!(world.texts_of(&mut eve), [internal("lost")]);
    let heard = world.heard(&mut forger);
    let [Heard::Text(error), Heard::Text(bye), Heard::Close(4001, _)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!((field(error, "code"), field(bye, "code")), ("unauthorized".into(), "unauthorized".into()));
}

#[test]
fn who_does_not_log_in_is_closed_though_the_turn_of_the_deadline_fails() {
    let mut world = World::with(&[], |_, settings| settings.login_timeout_ms = 300);
    let [mut ann] = world.guests();
    let mut idle = world.open();
    let mut late = world.open();
    std::thread::sleep(Duration::from_millis(310));
    world.fail_next_commit();
    ann.say(&group("lost"));
    late.say(r#"{"type":"login","id":"l"}"#);
    // The messages are read and the deadlines passed in this one turn.
    world.turn();
    assert_eq!(world.texts_of(&mut ann), [internal("lost")]);
    let heard = world.heard(&mut idle);
    assert!(matches!(&heard[..], [Heard::Text(_), Heard::Close(4102, _)]), "{heard:?}");
    // Whose login was undone may try again, but not for ever.
    assert_eq!(world.texts_of(&mut late), [internal("l")]);
    std::thread::sleep(Duration::from_millis(310));
    let heard = world.heard(&mut late);
    assert!(matches!(&heard[..], [Heard::Text(_), Heard::Close(4102, _)]), "{heard:?}");
}

#[test]
fn a_session_that_ends_in_a_failed_turn_is_gone() {
    let mut world = World::with(&[], |_, settings| settings.chat.presence_grace_ms = 0);
    let [mut ann, mut bob] = world.guests();
    for member in [&mut ann, &mut bob] {
        member.say(&group("here"));
        world.settle();
    }
    ann.say(r#"{"type":"presence","uids":[1002]}"#);
    world.hears(&mut ann);
    world.fail_next_commit();
    ann.say(&group("lost"));
    bob.say(&group("lost"));
    drop(bob);
    let heard = world.texts_of(&mut ann);
    assert_eq!(heard[0], internal("lost"));
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].contains(r#""uid":1002,"online":false"#), "{heard:?}");
    ann.say(&group("alone"));
    assert_eq!(entries(&world.texts_of(&mut ann)), [(3, "alone".to_owned())]);
}

#[test]
fn a_failure_lasts_as_long_as_the_store_fails_and_no_longer() {
    let mut world = World::new();
    let [mut ann] = world.guests();
    for round in 0..5 {
        world.fail_next_commit();
        ann.say(&group(&format!("lost{round}")));
        assert_eq!(world.texts_of(&mut ann), [internal(&format!("lost{round}"))]);
    }
    ann.say(&group("at last"));
    assert_eq!(entries(&world.texts_of(&mut ann)), [(1, "at last".to_owned())]);
}

/// A store that cannot be read while it is told so, and otherwise is the one in memory.
struct Unreadable {
    memory: Memory,
    fails: bool,
}

impl FileBytes for Unreadable {}

impl Storage for Unreadable {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        self.memory.identity(fresh)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.memory.begin()
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        self.memory.write(order)
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        if self.fails { Err(StoreError::Medium("told to fail".to_owned())) } else { self.memory.read(query) }
    }

    fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        self.memory.keep_answer(key, answer)
    }

    fn kept_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        self.memory.kept_answer(key, now)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.memory.commit()
    }

    fn rollback(&mut self) {
        self.memory.rollback();
    }
}

#[test]
fn who_waits_for_a_store_that_cannot_be_read_is_told_and_served_when_it_can() {
    let (config, settings) = told(&[]);
    let mut world = World::on(Unreadable { memory: Memory::new(100), fails: false }, config, settings);
    let [mut ann, mut bob] = world.guests();
    world.server.handler_mut().store_mut().fails = true;
    ann.send(&[text(&group("first")), text(&group("second"))].concat());
    bob.say(r#"{"type":"ping","id":"p"}"#);
    world.turn();
    assert_eq!(world.texts_of(&mut ann), [internal("first"), internal("second")]);
    assert_eq!(world.texts_of(&mut bob), [internal("p")], "the turn failed for all who are in it");
    world.server.handler_mut().store_mut().fails = false;
    ann.say(&group("third"));
    assert_eq!(entries(&world.texts_of(&mut ann)), [(1, "third".to_owned())]);
}
