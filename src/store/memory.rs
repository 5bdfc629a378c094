//! The store that forgets at the end of the process.
//!
//! Everything is in maps. A transaction writes into them at once and keeps the steps back, so that reading
//! inside it needs nothing special; a rollback takes the steps in reverse order. Of each conversation the
//! latest entries are kept, and the older ones are dropped at a commit, never before: until then a rollback
//! may need them. Numbers go on where entries were dropped.
//!
//! For tests it can be told to fail its next commit. Tested in `tests/store/`.

use std::collections::{BTreeMap, VecDeque};

use super::answers::{Answers, KeptAnswer};
use super::few::Few;
use super::guests::SeenGuests;
use super::pushes::{self, Pushes};
use super::recall;
use super::retention::{Progress, Retention};
use super::search::Numbered;
use super::sends::{SendKey, Sends};
use super::waiting::{self, Waiting};
use super::{Identity, Storage, StoreError, Tidy};
use crate::base::clock::{UnixDay, UnixMillis};
use crate::base::limits;
use crate::chat::act::{Act, Sanction, Term};
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Entry, EntryRecord, GroupRole, Query, Record, Sent, Store};

#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) name: Box<str>,
    pub(super) guest: bool,
    pub(super) groups: Few<Id>,
    pub(super) blocks: Few<Id>,
    pub(super) seen: UnixDay,
    pub(super) ban: Option<Term>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) role: GroupRole,
    pub(super) joined: u64,
    /// The last entry that was read.
    pub(super) read: u64,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: Box<str>,
    pub(super) open: bool,
    pub(super) sanctions: BTreeMap<(Id, Sanction), Term>,
    pub(super) seats: BTreeMap<Id, Seat>,
    /// What the next to join gets.
    pub(super) next_joined: u64,
}

impl Group {
    fn new() -> Group {
        Group {
            name: Box::default(),
            open: true,
            sanctions: BTreeMap::new(),
            seats: BTreeMap::new(),
            next_joined: 0,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) last: u64,
    /// The number of the last entry over all conversations.
    pub(super) newest: u64,
    /// What the two of a private conversation have read, the smaller uid first.
    pub(super) read: [u64; 2],
    pub(super) entries: VecDeque<Numbered>,
}

/// Steps for which there is room between two turns.
const STEPS_KEPT_MAX: usize = 8_192;

/// A step back. Each holds what was there before; a turn has thousands, so what is large lies in a box.
#[derive(Debug)]
pub(super) enum Undo {
    User(Id, Option<(Box<str>, bool)>),
    Group(Id),
    GroupUpdate(Id, Box<str>, bool),
    NoGroup(Id, Box<(Group, VecDeque<Numbered>)>),
    Seat(Id, Id, Option<Seat>),
    Sanction(Id, Id, Sanction, Option<Term>),
    Block(Id, Id, bool),
    Erase(Conversation, Box<EntryRecord>),
    /// With the number before.
    Append(Conversation, u64),
    /// With what was read before.
    Read(Id, Conversation, u64),
    Send(SendKey, UnixMillis),
    Waiting(waiting::Step),
    Pushes(pushes::Step),
    Guests(u64),
    Ban(Id, Option<Term>),
    /// With what was kept before.
    Answer(Box<str>, Option<Box<KeptAnswer>>),
    Seen(Id, UnixDay),
    NoUser(Id, Box<(User, Vec<(SendKey, Sent)>)>),
}

/// The store in memory.
#[derive(Debug)]
pub struct Memory {
    pub(super) users: BTreeMap<Id, User>,
    pub(super) groups: BTreeMap<Id, Group>,
    pub(super) logs: BTreeMap<Conversation, Log>,
    /// How many entries there have ever been, over all conversations.
    entries_ever: u64,
    pub(super) sends: Sends,
    pub(super) answers: Answers,
    pub(super) seen: SeenGuests,
    pub(super) waiting: Waiting,
    pub(super) pushes: Pushes,
    guests_until: u64,
    identity: Option<Identity>,
    pub(super) entries_per_conversation_max: usize,
    sends_max: usize,
    pub(super) retention: Retention,
    pub(super) progress: Progress,
    open: bool,
    /// The steps back of the open transaction. The list is kept for its room.
    steps: Vec<Undo>,
    fail_next_commit: bool,
}

impl Memory {
    /// An empty store that keeps so many entries of each conversation.
    #[must_use]
    pub fn new(entries_per_conversation_max: usize) -> Memory {
        Memory {
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            logs: BTreeMap::new(),
            entries_ever: 0,
            sends: Sends::default(),
            answers: Answers::default(),
            seen: SeenGuests::default(),
            waiting: Waiting::default(),
            pushes: Pushes::default(),
            guests_until: 0,
            identity: None,
            entries_per_conversation_max,
            sends_max: limits::SENDS_IN_MEMORY_MAX.count(),
            retention: Retention::default(),
            progress: Progress::default(),
            open: false,
            steps: Vec::new(),
            fail_next_commit: false,
        }
    }

    /// The same store, which knows so many `id`s of sends.
    #[must_use]
    pub fn with_sends_max(self, sends_max: usize) -> Memory {
        Memory { sends_max, ..self }
    }

    /// For tests: the next commit fails as a full disk would have it fail.
    pub fn fail_next_commit(&mut self) {
        self.fail_next_commit = true;
    }

    /// The entries of a conversation that are kept, by rising `seq`.
    pub fn entries(&self, conversation: &Conversation) -> impl Iterator<Item = &EntryRecord> {
        self.logs.get(conversation).into_iter().flat_map(|log| &log.entries).map(|numbered| &numbered.entry)
    }

    pub(super) fn last(&self, conversation: &Conversation) -> u64 {
        self.logs.get(conversation).map_or(0, |log| log.last)
    }

    fn append(&mut self, entry: &Entry<'_>) -> Result<Undo, StoreError> {
        if !self.users.contains_key(entry.uid) {
            return Err(StoreError::NoSuchUser(entry.uid.clone()));
        }
        if let Conversation::Group(gid) = entry.conversation
            && !self.groups.contains_key(gid)
        {
            return Err(StoreError::NoSuchGroup(gid.clone()));
        }
        let conversation = entry.conversation.clone();
        let next = self.last(&conversation) + 1;
        if entry.seq != next {
            return Err(StoreError::SeqGap { conversation, next, given: entry.seq });
        }
        let log = self.logs.entry(conversation.clone()).or_default();
        log.last = next;
        self.entries_ever += 1;
        let before = std::mem::replace(&mut log.newest, self.entries_ever);
        let entry = EntryRecord {
            seq: entry.seq,
            uid: entry.uid.clone(),
            name: entry.name.into(),
            content: entry.content.into(),
            kind: entry.kind.map(Into::into),
            data: entry.data.map(Into::into),
            reply: entry.reply,
            mentions: entry.mentions.into(),
            act: entry.act.cloned().map(Act::into_owned),
            recall: entry.recall,
            time: entry.time,
        };
        log.entries.push_back(Numbered { number: self.entries_ever, entry });
        Ok(Undo::Append(conversation, before))
    }

    fn erase(&mut self, conversation: &Conversation, seq: u64) -> Result<Undo, StoreError> {
        let log = self.logs.get_mut(conversation);
        let before = log.and_then(|log| recall::erase(&mut log.entries, seq));
        let conversation = conversation.clone();
        match before {
            Some(before) => Ok(Undo::Erase(conversation, Box::new(before))),
            None => Err(StoreError::NoSuchEntry { conversation, seq }),
        }
    }

    fn carry_out(&mut self, order: Store<'_>, steps: &mut Vec<Undo>) -> Result<(), StoreError> {
        let step = match order {
            Store::User { uid, name, guest } => self.write_user(uid, name, guest),
            Store::Group { gid } => {
                if self.groups.contains_key(gid) {
                    return Ok(());
                }
                self.groups.insert(gid.clone(), Group::new());
                Undo::Group(gid.clone())
            }
            Store::Member { gid, uid, role } => self.write_member(gid, uid, role)?,
            Store::NoMember { gid, uid } => self.strike_member(gid, uid)?,
            Store::GroupUpdate { gid, name, open } => self.update_group(gid, name, open)?,
            Store::NoGroup { gid } => self.delete_group(gid)?,
            Store::Sanction { gid, uid, sanction, term } => self.write_sanction(gid, uid, sanction, term)?,
            Store::Block { uid, other, on } => self.write_block(uid, other, on)?,
            Store::Ban { uid, term } => Undo::Ban(uid.clone(), self.write_ban(uid, term)?),
            Store::Seen { uid, day } => Undo::Seen(uid.clone(), self.see(uid, day)?),
            Store::NoUser { uid } => {
                let (user, sends) = self.forget(uid)?;
                steps.push(self.strike_pushes(uid, u64::MAX));
                Undo::NoUser(uid.clone(), Box::new((user, sends)))
            }
            Store::Guests { until } => Undo::Guests(std::mem::replace(&mut self.guests_until, until)),
            Store::Read { uid, conversation, seq } => self.write_read(uid, conversation, seq)?,
            Store::Wait { uid, conversation, seq } => self.write_waiting(uid, conversation, seq),
            Store::NoWait { uid, conversation, until } => self.strike_waiting(uid, conversation, until),
            Store::Push { number, push, receivers } => {
                self.keep_push(number, push, receivers, steps);
                return Ok(());
            }
            Store::NoPush { uid, until } => self.strike_pushes(uid, until),
            Store::Append { entry, sent_as } => {
                steps.push(self.append(&entry)?);
                let Some(sent_as) = sent_as else { return Ok(()) };
                let key = self.sends.keep(&entry, sent_as)?;
                Undo::Send(key, entry.time)
            }
            Store::Erase { conversation, seq } => self.erase(conversation, seq)?,
        };
        steps.push(step);
        Ok(())
    }

    fn step_back(&mut self, step: Undo) {
        match step {
            Undo::User(uid, None) => {
                self.users.remove(&uid);
            }
            Undo::User(uid, Some((name, guest))) => {
                if let Some(user) = self.users.get_mut(&uid) {
                    (user.name, user.guest) = (name, guest);
                }
            }
            Undo::Group(gid) => {
                self.groups.remove(&gid);
            }
            Undo::Seat(gid, uid, before) => self.put_back_seat(gid, uid, before),
            Undo::GroupUpdate(gid, name, open) => {
                if let Some(group) = self.groups.get_mut(&gid) {
                    (group.name, group.open) = (name, open);
                }
            }
            Undo::NoGroup(gid, before) => self.put_group_back(gid, *before),
            // What was lifted is put back, what was not there is lifted.
            Undo::Sanction(gid, uid, sanction, before) => {
                let _ = self.write_sanction(&gid, &uid, sanction, before);
            }
            Undo::Block(uid, other, before) => {
                let _ = self.write_block(&uid, &other, before);
            }
            Undo::Ban(uid, before) => {
                let _ = self.write_ban(&uid, before);
            }
            Undo::Answer(key, before) => self.answers.restore(&key, before.map(|before| *before)),
            Undo::Seen(uid, before) => self.unsee(&uid, before),
            Undo::NoUser(uid, before) => self.remember(uid, before.0, before.1),
            Undo::Guests(before) => self.guests_until = before,
            Undo::Send(key, time) => self.sends.remove(&key, time),
            Undo::Erase(conversation, before) => {
                if let Some(log) = self.logs.get_mut(&conversation) {
                    recall::put_back(&mut log.entries, *before);
                }
            }
            Undo::Read(uid, conversation, before) => self.put_cursor(&uid, &conversation, before),
            Undo::Waiting(step) => self.waiting.step_back(step),
            Undo::Pushes(step) => self.pushes.step_back(step),
            Undo::Append(conversation, before) => {
                self.entries_ever -= 1;
                if let Some(log) = self.logs.get_mut(&conversation) {
                    (log.last, log.newest) = (log.last - 1, before);
                    log.entries.pop_back();
                }
            }
        }
    }
}

impl Storage for Memory {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        Ok(self.identity.get_or_insert(fresh).clone())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.open {
            return Err(StoreError::TransactionOpen);
        }
        self.open = true;
        Ok(())
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        let mut steps = std::mem::take(&mut self.steps);
        let done = self.carry_out(order, &mut steps);
        self.steps = steps;
        done
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        Ok(match query {
            Query::User(uid) => Record::User(uid.clone(), self.user_record(uid)),
            Query::Group(gid) => Record::Group(gid.clone(), self.group_record(gid)),
            Query::Groups(page) => Record::Groups(page.clone(), self.groups_page(page)),
            Query::Direct(low, high) => {
                let last = self.last(&Conversation::direct(low, high));
                Record::Direct(low.clone(), high.clone(), last)
            }
            Query::Named(uid) => Record::Named(uid.clone(), self.is_named(uid)),
            Query::Guests => Record::Guests(self.guests_until),
            Query::Forgettable { seen_before } => {
                Record::Forgettable { seen_before: *seen_before, uid: self.seen.first(*seen_before) }
            }
            Query::Page(query) => Record::Page(query.clone(), self.page(query)),
            Query::Cursor(query) => Record::Cursor(query.clone(), self.cursor(query)),
            Query::Conversations(query) => Record::Conversations(query.clone(), self.conversations(query)?),
            Query::Search(query) => Record::Search(query.clone(), self.search(query)),
            Query::Waiting(query) => Record::Waiting(query.clone(), self.waiting_page(query)),
            Query::LastPush => Record::LastPush(self.pushes.last()),
            Query::Pushes(query) => Record::Pushes(query.clone(), self.pushes_page(query)),
            Query::Sent { uid, id } => {
                let sent = self.sends.find(uid, id);
                Record::Sent { uid: uid.clone(), id: id.clone(), sent }
            }
        })
    }

    fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        let before = self.put_answer(key, answer);
        self.steps.push(Undo::Answer(key.into(), before.map(Box::new)));
        Ok(())
    }

    fn kept_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        Ok(self.find_answer(key, now))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.open {
            return Err(StoreError::NoTransaction);
        }
        if std::mem::take(&mut self.fail_next_commit) {
            self.rollback();
            return Err(StoreError::Medium("told to fail".to_owned()));
        }
        self.open = false;
        let mut steps = std::mem::take(&mut self.steps);
        for step in steps.drain(..) {
            if let Undo::Append(conversation, _) = step {
                self.drop_surplus(&conversation);
            }
        }
        steps.shrink_to(STEPS_KEPT_MAX);
        self.steps = steps;
        Ok(())
    }

    fn rollback(&mut self) {
        self.open = false;
        for step in std::mem::take(&mut self.steps).into_iter().rev() {
            self.step_back(step);
        }
    }

    fn set_retention(&mut self, retention: Retention) {
        self.keep(retention);
    }

    fn tidy_up(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let sends = self.sends.forget_some(now, self.sends_max);
        let answers = self.answers.forget_some(now, limits::ANSWERS_IN_MEMORY_MAX.count());
        Ok(sends.and(answers).and(self.drop_pushes(now)).and(self.drop_old(now)))
    }
}
