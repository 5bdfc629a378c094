//! What was said, as the store in memory holds it: a log for each conversation.
//!
//! An entry is 64 bytes and one box, in which the author's name and the text lie one behind the other. What most
//! entries do not have (kind, data, mentions and so on) is behind a pointer of its own. An [`EntryRecord`], with a box
//! for each of its parts, is made of an entry where one is read. So to store a message is one allocation, and one more
//! to free when it goes.
//!
//! Invariants: the entries of a log follow one another without a gap, and the last has the log's last number, so an
//! entry need not know its own. A log is never removed, for its last number must be remembered; so the number of a
//! log in [`Logs`], unlike its conversation, is a name that is looked up in no time and always holds.
//!
//! The tutorial keeps nothing. Tested by the suite in `tests/store/`.

use std::collections::{BTreeMap, VecDeque};

use super::few::growth;
use crate::base::clock::UnixMillis;
use crate::base::keyed::{Keyed, KeyedSlab};
use crate::chat::act::Act;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Entry, EntryRecord, Recall};

/// An entry.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its number over all conversations.
    pub(super) number: u64,
    pub(super) time: UnixMillis,
    uid: Id,
    /// The author's name, and what was said.
    text: Box<str>,
    name_bytes: u32,
    more: Option<Box<More>>,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Kept>() <= 64);

/// What most entries do not have.
#[derive(Clone, Debug, PartialEq, Eq)]
struct More {
    kind: Option<Box<str>>,
    data: Option<Box<str>>,
    reply: Option<u64>,
    mentions: Vec<Id>,
    act: Option<Act<'static>>,
    recall: Recall,
}

/// Of an entry that has nothing of it.
const NO_MORE: More =
    More { kind: None, data: None, reply: None, mentions: Vec::new(), act: None, recall: Recall::None };

impl More {
    /// What an entry has of it, if it has any. That is asked first, for most have not.
    fn of(entry: &Entry<'_>) -> Option<More> {
        let Entry { kind, data, reply, mentions, act, recall, .. } = *entry;
        let has_some = kind.is_some()
            || data.is_some()
            || reply.is_some()
            || !mentions.is_empty()
            || act.is_some()
            || recall != Recall::None;
        has_some.then(|| More {
            kind: kind.map(Into::into),
            data: data.map(Into::into),
            reply,
            mentions: mentions.into(),
            act: act.cloned().map(Act::into_owned),
            recall,
        })
    }
}

impl Kept {
    pub(super) fn new(number: u64, entry: &Entry<'_>) -> Kept {
        let mut text = String::with_capacity(entry.name.len() + entry.content.len());
        text.push_str(entry.name);
        text.push_str(entry.content);
        Kept {
            number,
            time: entry.time,
            uid: entry.uid.clone(),
            text: text.into_boxed_str(),
            // A name is far shorter.
            name_bytes: u32::try_from(entry.name.len()).unwrap_or(u32::MAX),
            more: More::of(entry).map(Box::new),
        }
    }

    fn name_and_content(&self) -> (&str, &str) {
        self.text.split_at_checked(self.name_bytes as usize).unwrap_or((&self.text, ""))
    }

    pub(super) fn content(&self) -> &str {
        self.name_and_content().1
    }

    fn record(&self, seq: u64) -> EntryRecord {
        let (name, content) = self.name_and_content();
        let More { kind, data, reply, mentions, act, recall } = match &self.more {
            Some(more) => (**more).clone(),
            None => NO_MORE,
        };
        EntryRecord {
            seq,
            uid: self.uid.clone(),
            name: name.into(),
            content: content.into(),
            kind,
            data,
            reply,
            mentions: mentions.into_boxed_slice(),
            act,
            recall,
            time: self.time,
        }
    }

    /// The entry without what was said in it.
    fn erased(&self) -> Kept {
        let act = self.more.as_ref().and_then(|more| more.act.clone());
        Kept {
            number: self.number,
            time: self.time,
            uid: self.uid.clone(),
            text: self.name_and_content().0.into(),
            name_bytes: self.name_bytes,
            more: Some(Box::new(More { act, recall: Recall::Recalled, ..NO_MORE })),
        }
    }

    /// The entry of an author who is deleted, and whether it was a message: then the text goes with the name.
    fn nameless(&self) -> (Kept, bool) {
        let more = self.more.as_deref();
        let kept = more.filter(|more| more.act.is_some() || more.recall != Recall::None);
        let is_message = kept.is_none();
        let more = kept.cloned().unwrap_or(More { recall: Recall::Recalled, ..NO_MORE });
        let name = self.uid.to_string();
        let kept = Kept {
            number: self.number,
            time: self.time,
            uid: self.uid.clone(),
            name_bytes: u32::try_from(name.len()).unwrap_or(u32::MAX),
            text: name.into_boxed_str(),
            more: Some(Box::new(more)),
        };
        (kept, is_message)
    }
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) conversation: Conversation,
    /// The number of the last entry; 0 when nobody has spoken.
    pub(super) last: u64,
    /// The same over all conversations.
    pub(super) newest: u64,
    /// What the two of a private conversation have read, the smaller uid first.
    pub(super) read: [u64; 2],
    entries: VecDeque<Kept>,
}

impl Keyed for Log {
    type Key = Conversation;

    fn key(&self) -> &Conversation {
        &self.conversation
    }
}

impl Log {
    fn new(conversation: Conversation) -> Log {
        Log { conversation, last: 0, newest: 0, read: [0; 2], entries: VecDeque::new() }
    }

    /// How many entries are kept.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of the entry before the first that is kept.
    fn base(&self) -> u64 {
        self.last - self.entries.len() as u64
    }

    /// Where an entry is, or would be.
    pub(super) fn place(&self, seq: u64) -> usize {
        usize::try_from(seq.saturating_sub(self.base() + 1)).unwrap_or(usize::MAX)
    }

    /// Where an entry is that is kept.
    pub(super) fn place_of(&self, seq: u64) -> Option<usize> {
        (seq > self.base() && seq <= self.last).then(|| self.place(seq))
    }

    pub(super) fn at(&self, place: usize) -> Option<&Kept> {
        self.entries.get(place)
    }

    pub(super) fn record(&self, place: usize) -> Option<EntryRecord> {
        Some(self.entries.get(place)?.record(self.base() + 1 + place as u64))
    }

    /// What is kept, by rising `seq`.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = EntryRecord> {
        (0..self.len()).filter_map(|place| self.record(place))
    }

    /// How many entries were stored before the one with this number over all conversations.
    pub(super) fn count_before(&self, number: u64) -> usize {
        self.entries.partition_point(|entry| entry.number < number)
    }

    pub(super) fn push(&mut self, entry: Kept) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(growth(self.entries.len()));
        }
        self.last += 1;
        self.entries.push_back(entry);
    }

    /// Takes the last entry back.
    pub(super) fn pop(&mut self, newest_before: u64) {
        if self.entries.pop_back().is_some() {
            self.last -= 1;
        }
        self.newest = newest_before;
    }

    /// Gives the oldest up, and tells the number of the last that went.
    pub(super) fn drop_first(&mut self, count: usize) -> Option<u64> {
        let count = count.min(self.len());
        // One at a time: that is what a commit drops of a conversation that is full.
        (0..count).for_each(|_| drop(self.entries.pop_front()));
        (count > 0).then(|| self.base())
    }

    /// How many of the first `seen` entries go if all goes up to the last of them that is older than this.
    pub(super) fn count_old(&self, seen: usize, until: UnixMillis) -> usize {
        let mut seen = self.entries.range(..seen.min(self.len()));
        seen.rposition(|entry| entry.time < until).map_or(0, |place| place + 1)
    }

    /// Takes all entries out. The last number stays.
    pub(super) fn take_all(&mut self) -> VecDeque<Kept> {
        std::mem::take(&mut self.entries)
    }

    pub(super) fn put_all_back(&mut self, entries: VecDeque<Kept>) {
        self.entries = entries;
    }

    /// Takes the text out of an entry, and returns the entry as it was.
    pub(super) fn erase(&mut self, seq: u64) -> Option<Kept> {
        let place = self.place_of(seq)?;
        let entry = self.entries.get_mut(place)?;
        let erased = entry.erased();
        Some(std::mem::replace(entry, erased))
    }

    /// Takes text and name out of every entry of an author, and returns them as they were, each with its number and
    /// whether it had a text to lose.
    pub(super) fn erase_author(&mut self, uid: &Id) -> Vec<(u64, Kept, bool)> {
        let first = self.base() + 1;
        let mut taken = Vec::new();
        for (seq, entry) in (first..).zip(&mut self.entries) {
            if entry.uid == *uid {
                let (nameless, was_message) = entry.nameless();
                taken.push((seq, std::mem::replace(entry, nameless), was_message));
            }
        }
        taken
    }

    /// Puts an entry back as it was.
    pub(super) fn put_back(&mut self, seq: u64, before: Kept) {
        if let Some(place) = self.place_of(seq)
            && let Some(entry) = self.entries.get_mut(place)
        {
            *entry = before;
        }
    }
}

/// All conversations.
#[derive(Debug, Default)]
pub(super) struct Logs {
    logs: KeyedSlab<Log>,
    /// The private ones of each who has some, in the order in which they began.
    talks: BTreeMap<Id, Vec<u32>>,
}

impl Logs {
    pub(super) fn number(&self, conversation: &Conversation) -> Option<u32> {
        self.logs.number(conversation)
    }

    pub(super) fn find(&self, conversation: &Conversation) -> Option<&Log> {
        self.logs.find(conversation)
    }

    pub(super) fn get(&self, number: u32) -> Option<&Log> {
        self.logs.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Log> {
        self.logs.get_mut(number)
    }

    /// The number of a conversation, given now if it has none.
    pub(super) fn intern(&mut self, conversation: &Conversation) -> u32 {
        if let Some(number) = self.logs.number(conversation) {
            return number;
        }
        let number = self.logs.insert(Log::new(conversation.clone()));
        if let Conversation::Direct(low, high) = conversation {
            self.talks.entry(low.clone()).or_default().push(number);
            if low != high {
                self.talks.entry(high.clone()).or_default().push(number);
            }
        }
        number
    }

    /// How many there are. Their numbers are those below.
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// The private conversations of a user in which something was said.
    pub(super) fn talks_of(&self, uid: &Id) -> impl Iterator<Item = &Log> {
        let numbers = self.talks.get(uid).into_iter().flatten();
        numbers.filter_map(|number| self.logs.get(*number)).filter(|log| log.last > 0)
    }
}
