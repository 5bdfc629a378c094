//! A folder of its own for each test, and a few words to write into a store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id};
use karez::chat::output::{Entry, Recall, Store};
use karez::store::{Options, Sqlite, Storage, StoreError};
use rusqlite::Connection;

/// A folder that goes with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("karez-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// In a folder that is not there yet.
    pub fn options(&self) -> Options {
        Options::new(self.0.join("data"))
    }

    pub fn file(&self) -> PathBuf {
        self.options().file()
    }

    pub fn open(&self) -> Sqlite {
        Sqlite::open(&self.options()).unwrap()
    }

    /// What somebody else sees in the file. Nobody may have the store open.
    pub fn look(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn id(number: u64) -> Id {
    Id::from_number(number).unwrap()
}

/// An entry of user 1 in group 7.
pub fn say(store: &mut impl Storage, seq: u64, content: &str) -> Result<(), StoreError> {
    let entry = Entry {
        conversation: &Conversation::Group(id(7)),
        seq,
        uid: &id(1),
        name: "one",
        content,
        kind: Some("image"),
        data: Some("{\"a\":1}"),
        reply: Some(3),
        mentions: &[id(2), Id::from_text("eve").unwrap()],
        act: None,
        recall: Recall::None,
        time: UnixMillis(1_700_000_000_123),
    };
    store.write(Store::Append { entry, sent_as: None })
}

/// User 1, group 7, and so many entries, each in a turn of its own.
pub fn fill(store: &mut impl Storage, entries: u64) {
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

pub fn size_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|of| of.len())
}
