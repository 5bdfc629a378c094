//! What the tests start from: every store, a user and a group in it, and something to say there.

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Entry, Recall, Store};
use karez::store::{Memory, Storage, StoreError};

use crate::folder::Scratch;

pub fn id(number: u64) -> Id {
    Id::from_number(number).unwrap()
}

pub fn eve() -> Id {
    Id::from_text("eve").unwrap()
}

pub fn in_group(gid: u64) -> Conversation {
    Conversation::Group(id(gid))
}

pub fn talk(one: u64, other: u64) -> Conversation {
    Conversation::direct(&id(one), &id(other))
}

/// Runs a test on every store, each with what `prepare` puts into it.
pub fn on_every_store(prepare: fn(&mut dyn Storage), test: fn(&mut dyn Storage)) {
    let scratch = Scratch::new();
    let stores: [&mut dyn Storage; 2] = [&mut Memory::new(1_000), &mut scratch.open()];
    for store in stores {
        prepare(store);
        test(store);
    }
}

/// User 1 and group 7.
pub fn ground(store: &mut dyn Storage) {
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
    store.write(Store::Group { gid: &id(7) }).unwrap();
    store.commit().unwrap();
}

/// An entry of user 1 with nothing in it but a text. Its time is its number.
pub fn said<'a>(conversation: &'a Conversation, seq: u64, content: &'a str) -> Entry<'a> {
    static ONE: Id = Id::Number(1);
    Entry {
        conversation,
        seq,
        uid: &ONE,
        name: "one",
        content,
        kind: None,
        data: None,
        reply: None,
        mentions: &[],
        act: None,
        recall: Recall::None,
        time: UnixMillis(seq),
    }
}

/// Stores an entry that bore no `id`.
pub fn append(store: &mut dyn Storage, entry: Entry<'_>) -> Result<(), StoreError> {
    store.write(Store::Append { entry: &entry, sent_as: None })
}

/// An entry of user 1 in group 7, with all that an entry of a user can have.
pub fn say(store: &mut dyn Storage, seq: u64, content: &str) -> Result<(), StoreError> {
    let conversation = in_group(7);
    let entry = Entry {
        kind: Some("image"),
        data: Some("{\"a\":1}"),
        reply: Some(3),
        mentions: &[id(2), eve()],
        time: UnixMillis(1_700_000_000_123),
        ..said(&conversation, seq, content)
    };
    append(store, entry)
}

/// User 1, group 7, and so many entries, each in a turn of its own.
pub fn fill(store: &mut dyn Storage, entries: u64) {
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: true }).unwrap();
    store.write(Store::Group { gid: &id(7) }).unwrap();
    store.commit().unwrap();
    for seq in 1..=entries {
        store.begin().unwrap();
        say(store, seq, &format!("entry {seq}")).unwrap();
        store.commit().unwrap();
    }
}
