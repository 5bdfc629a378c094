//! The store that forgets at the end of the process.
//!
//! Everything is in tables, as the SQLite store has them: users have numbers, by which members and days name them, and
//! conversations have numbers, by which ids of sends and waiting entries name them. What was said is in `log.rs`.
//!
//! A transaction writes into the tables at once and keeps the steps back, so that reading inside it needs nothing
//! special; a rollback takes the steps in reverse order. Of each conversation the latest entries are kept, and the
//! older ones are dropped at a commit, never before: until then a rollback may need them. Numbers go on where entries
//! were dropped.
//!
//! For tests it can be told to fail its next commit. Tested in `tests/store/`.

use std::collections::{BTreeMap, VecDeque};

use smol_str::SmolStr;

use super::answers::{Answers, KeptAnswer};
use super::cursors::Reader;
use super::few::Few;
use super::files::{self, Files};
use super::groups::{Group, Seat};
use super::guests::{Named, SeenGuests};
use super::log::{Kept, Log, Logs};
use super::memory_tickets::{self, DeskTables};
use super::pushes::{self, Pushes};
use super::retention::{Progress, Retention};
use super::sends::{Sends, TakenSends};
use super::waiting::{self, Waiting};
use super::{Identity, Storage, StoreError, Tidy};
use crate::base::clock::{UnixDay, UnixMillis};
use crate::base::keyed::{Keyed, KeyedSlab};
use crate::base::limits;
use crate::chat::act::{Sanction, Term};
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Entry, EntryRecord, ForgetReport, Query, Record, Store};

#[derive(Debug)]
pub(super) struct User {
    pub(super) uid: Id,
    /// Up to 23 bytes need no box.
    pub(super) name: SmolStr,
    pub(super) groups: Few<Id>,
    rare: Option<Box<Rare>>,
    /// The day on which a guest was last here.
    pub(super) seen: UnixDay,
    pub(super) guest: bool,
}

/// What a user costs. Ten thousand are 800 KB.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<User>() <= 80);

impl Keyed for User {
    type Key = Id;

    fn key(&self) -> &Id {
        &self.uid
    }
}

/// What few users have.
#[derive(Debug, Default)]
struct Rare {
    blocks: Few<Id>,
    ban: Option<Term>,
}

impl User {
    pub(super) fn new(uid: Id, name: &str, guest: bool) -> User {
        let (groups, rare, seen) = (Few::default(), None, UnixDay::default());
        User { uid, name: name.into(), groups, rare, seen, guest }
    }

    /// In order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Id> {
        self.rare.iter().flat_map(|rare| rare.blocks.iter())
    }

    pub(super) fn ban(&self) -> Option<Term> {
        self.rare.as_ref()?.ban
    }

    /// Whether that is a change.
    pub(super) fn set_block(&mut self, other: &Id, on: bool) -> bool {
        self.change_rare(
            |rare| if on { rare.blocks.insert(other.clone()) } else { rare.blocks.remove(other) },
        )
    }

    /// Returns what there was.
    pub(super) fn set_ban(&mut self, term: Option<Term>) -> Option<Term> {
        self.change_rare(|rare| std::mem::replace(&mut rare.ban, term))
    }

    fn change_rare<T>(&mut self, change: impl FnOnce(&mut Rare) -> T) -> T {
        let changed = change(self.rare.get_or_insert_default());
        self.rare.take_if(|rare| rare.blocks.is_empty() && rare.ban.is_none());
        changed
    }
}

/// Steps for which there is room between two turns.
const STEPS_KEPT_MAX: usize = 8_192;

/// A step back. Each holds what was there before; a turn has thousands, so what is large lies in a box.
#[derive(Debug)]
pub(super) enum Undo {
    User(Id, Option<(SmolStr, bool)>),
    Group(Id),
    GroupUpdate(Id, Box<str>, bool),
    NoGroup(Id, Box<(Group, VecDeque<Kept>)>),
    /// With the number of the user.
    Seat(Id, u32, Option<Box<Seat>>),
    Sanction(Box<(Id, Id, Sanction, Option<Term>)>),
    Block(Id, Id, bool),
    /// With the number of the log, and that of the entry.
    Erase(u32, u64, Box<Kept>),
    /// With the number of the log, and the number before.
    Append(u32, u64),
    /// With what was read before.
    Read(Reader, u64),
    Send,
    Waiting(waiting::Step),
    Pushes(pushes::Step),
    Guests(u64),
    Ban(Id, Option<Term>),
    /// With what was kept before.
    Answer(Box<str>, Option<Box<KeptAnswer>>),
    Seen(Id, UnixDay),
    NoUser(Box<(User, TakenSends)>),
    File(Box<files::Step>),
    /// With what had gone before.
    Forgotten(Id, Option<Box<ForgetReport>>),
    Desk(Box<memory_tickets::Step>),
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Undo>() <= 48);

/// The store in memory.
#[derive(Debug)]
pub struct Memory {
    pub(super) users: KeyedSlab<User>,
    pub(super) groups: BTreeMap<Id, Group>,
    pub(super) logs: Logs,
    pub(super) named: Named,
    /// How many entries there have ever been, over all conversations.
    entries_ever: u64,
    pub(super) sends: Sends,
    pub(super) answers: Answers,
    pub(super) seen: SeenGuests,
    pub(super) waiting: Waiting,
    pub(super) pushes: Pushes,
    pub(super) desk: DeskTables,
    pub(super) forgotten: BTreeMap<Id, ForgetReport>,
    pub(super) files: Files,
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
            users: KeyedSlab::default(),
            groups: BTreeMap::new(),
            logs: Logs::default(),
            named: Named::default(),
            entries_ever: 0,
            sends: Sends::default(),
            answers: Answers::default(),
            seen: SeenGuests::default(),
            waiting: Waiting::default(),
            pushes: Pushes::default(),
            desk: DeskTables::default(),
            forgotten: BTreeMap::new(),
            files: Files::default(),
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
    pub fn entries(&self, conversation: &Conversation) -> impl DoubleEndedIterator<Item = EntryRecord> {
        self.logs.find(conversation).into_iter().flat_map(Log::records)
    }

    /// An entry that is kept.
    #[must_use]
    pub fn entry(&self, conversation: &Conversation, seq: u64) -> Option<EntryRecord> {
        let log = self.logs.find(conversation)?;
        log.record(log.place_of(seq)?)
    }

    pub(super) fn last(&self, conversation: &Conversation) -> u64 {
        self.logs.find(conversation).map_or(0, |log| log.last)
    }

    pub(super) fn seat(&self, gid: &Id, uid: &Id) -> Option<&Seat> {
        self.groups.get(gid)?.seat(self.users.number(uid)?)
    }

    /// Tells the number of the log besides.
    fn append(&mut self, entry: &Entry<'_>) -> Result<(u32, Undo), StoreError> {
        if self.users.number(entry.uid).is_none() {
            return Err(StoreError::NoSuchUser(entry.uid.clone()));
        }
        if let Conversation::Group(gid) = entry.conversation
            && !self.groups.contains_key(gid)
        {
            return Err(StoreError::NoSuchGroup(gid.clone()));
        }
        if let Conversation::Ticket(ticket) = entry.conversation
            && !self.desk.has(*ticket)
        {
            return Err(StoreError::NoSuchTicket(*ticket));
        }
        let number = self.logs.intern(entry.conversation);
        let next = self.logs.get(number).map_or(0, |log| log.last) + 1;
        if entry.seq != next {
            return Err(StoreError::SeqGap {
                conversation: entry.conversation.clone(),
                next,
                given: entry.seq,
            });
        }
        self.entries_ever += 1;
        let mut before = 0;
        if let Some(log) = self.logs.get_mut(number) {
            log.push(Kept::new(self.entries_ever, entry));
            before = std::mem::replace(&mut log.newest, self.entries_ever);
        }
        Ok((number, Undo::Append(number, before)))
    }

    fn erase(&mut self, conversation: &Conversation, seq: u64) -> Result<Undo, StoreError> {
        let number = self.logs.number(conversation);
        let log = number.and_then(|number| Some((number, self.logs.get_mut(number)?)));
        match log.and_then(|(number, log)| Some((number, log.erase(seq)?))) {
            Some((number, before)) => Ok(Undo::Erase(number, seq, Box::new(before))),
            None => Err(StoreError::NoSuchEntry { conversation: conversation.clone(), seq }),
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
                Undo::NoUser(Box::new((user, sends)))
            }
            Store::Forget { uid, groups } => return self.forget_person(uid, groups, steps),
            Store::Guests { until } => Undo::Guests(std::mem::replace(&mut self.guests_until, until)),
            Store::Read { uid, conversation, seq } => match self.write_read(uid, conversation, seq)? {
                Some(step) => step,
                None => return Ok(()),
            },
            Store::Wait { uid, conversation, seq } => self.write_waiting(uid, conversation, seq),
            Store::NoWait { uid, conversation, until } => self.strike_waiting(uid, conversation, until),
            Store::Push { number, push, receivers } => {
                self.keep_push(number, push, receivers, steps);
                return Ok(());
            }
            Store::NoPush { uid, until } => self.strike_pushes(uid, until),
            Store::Append { entry, sent_as } => {
                let (log, step) = self.append(entry)?;
                steps.push(step);
                let Some(sent_as) = sent_as else { return Ok(()) };
                self.sends.keep(log, entry, sent_as)?;
                Undo::Send
            }
            Store::Erase { conversation, seq } => self.erase(conversation, seq)?,
            Store::File { file } => self.write_file(file),
            Store::Bind { file, conversation, seq } => self.bind_file(file, conversation, seq)?,
            Store::Desk(order) => self.write_desk(order)?,
        };
        steps.push(step);
        Ok(())
    }

    fn step_back(&mut self, step: Undo) {
        match step {
            Undo::User(uid, None) => {
                if let Some(number) = self.users.number(&uid) {
                    self.users.remove(number);
                }
            }
            Undo::User(uid, Some((name, guest))) => {
                if let Some(user) = self.users.find_mut(&uid) {
                    (user.name, user.guest) = (name, guest);
                }
            }
            Undo::Group(gid) => {
                self.groups.remove(&gid);
            }
            Undo::Seat(gid, number, before) => self.put_seat_back(gid, number, before),
            Undo::GroupUpdate(gid, name, open) => {
                if let Some(group) = self.groups.get_mut(&gid) {
                    (group.name, group.open) = (name, open);
                }
            }
            Undo::NoGroup(gid, before) => self.put_group_back(gid, *before),
            // What was lifted is put back, what was not there is lifted.
            Undo::Sanction(step) => {
                let (gid, uid, sanction, before) = *step;
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
            Undo::NoUser(before) => self.remember(before.0, before.1),
            Undo::Forgotten(uid, before) => self.put_report(&uid, before.map(|before| *before)),
            Undo::File(step) => self.step_back_file(*step),
            Undo::Guests(before) => self.guests_until = before,
            Undo::Send => self.sends.take_back(),
            Undo::Erase(number, seq, before) => {
                if let Some(log) = self.logs.get_mut(number) {
                    log.put_back(seq, *before);
                }
            }
            Undo::Read(reader, before) => self.put_cursor(&reader, before),
            Undo::Waiting(step) => self.waiting.step_back(step),
            Undo::Pushes(step) => self.pushes.step_back(step),
            Undo::Desk(step) => self.step_back_at_desk(*step),
            Undo::Append(number, before) => {
                self.entries_ever -= 1;
                if let Some(log) = self.logs.get_mut(number) {
                    log.pop(before);
                }
            }
        }
    }
}

impl Storage for Memory {
    fn last_entry(&self) -> Result<u64, StoreError> {
        Ok(self.entries_ever)
    }

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
            Query::Forgotten(uid) => Record::Forgotten(uid.clone(), self.forgotten.get(uid).copied()),
            Query::Guests => Record::Guests(self.guests_until),
            Query::Forgettable { seen_before } => {
                Record::Forgettable { seen_before: *seen_before, uid: self.forgettable(*seen_before) }
            }
            Query::Page(query) => Record::Page(query.clone(), self.page(query)),
            Query::Cursor(query) => Record::Cursor(query.clone(), self.cursor(query)),
            Query::Conversations(query) => Record::Conversations(query.clone(), self.conversations(query)?),
            Query::Search(query) => Record::Search(query.clone(), self.search(query)),
            Query::Waiting(query) => Record::Waiting(query.clone(), self.waiting_page(query)),
            Query::LastPush => Record::LastPush(self.pushes.last()),
            Query::Pushes(query) => Record::Pushes(query.clone(), self.pushes_page(query)),
            Query::File(file) => Record::File(file.clone(), self.file_record(file)),
            Query::Desk(query) => Record::Desk(self.read_desk(query)),
            Query::Sent { uid, id } => {
                let sent = self.sent(uid, id);
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
            match step {
                Undo::Append(number, _) => self.drop_surplus(number),
                Undo::File(step) => self.settle_file(&step),
                _ => {}
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
        Ok(sends.and(answers).and(self.drop_files(now)).and(self.drop_pushes(now)).and(self.drop_old(now)))
    }
}
