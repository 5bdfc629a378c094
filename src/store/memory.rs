//! The store that forgets at the end of the process.
//!
//! Everything is in maps. A transaction writes into them at once and keeps the steps back, so that reading
//! inside it needs nothing special; a rollback takes the steps in reverse order. Of each conversation the
//! latest entries are kept, and the older ones are dropped at a commit, never before: until then a rollback
//! may need them. Numbers go on where entries were dropped.
//!
//! For tests it can be told to fail its next commit. Tested in `tests/store/`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Identity, Storage, StoreError};
use crate::base::clock::UnixMillis;
use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Entry, GroupRecord, GroupRole, MemberRecord, Query, Record, Store, UserRecord};

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number in its conversation.
    pub seq: u64,
    /// The author.
    pub uid: Id,
    /// The author's display name at that time.
    pub name: Box<str>,
    /// The text.
    pub content: Box<str>,
    /// `None` is `"text"`.
    pub kind: Option<Box<str>>,
    /// A JSON object.
    pub data: Option<Box<str>>,
    /// The entry that this one answers.
    pub reply: Option<u64>,
    /// Users who are mentioned.
    pub mentions: Box<[Id]>,
    /// When it was accepted.
    pub time: UnixMillis,
}

#[derive(Clone, Debug)]
struct User {
    name: Box<str>,
    guest: bool,
    groups: BTreeSet<Id>,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    role: GroupRole,
    joined: u64,
}

#[derive(Debug, Default)]
struct Group {
    seats: BTreeMap<Id, Seat>,
    /// What the next to join gets.
    next_joined: u64,
}

#[derive(Debug, Default)]
struct Log {
    last: u64,
    entries: VecDeque<StoredEntry>,
}

/// A step back. Each holds what was there before.
#[derive(Debug)]
enum Undo {
    User(Id, Option<(Box<str>, bool)>),
    Group(Id),
    Seat(Id, Id, Option<Seat>),
    Append(Conversation),
    Guests(u64),
}

/// The store in memory.
#[derive(Debug)]
pub struct Memory {
    users: BTreeMap<Id, User>,
    groups: BTreeMap<Id, Group>,
    logs: BTreeMap<Conversation, Log>,
    guests_until: u64,
    identity: Option<Identity>,
    entries_per_conversation_max: usize,
    /// The steps back of the open transaction.
    open: Option<Vec<Undo>>,
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
            guests_until: 0,
            identity: None,
            entries_per_conversation_max,
            open: None,
            fail_next_commit: false,
        }
    }

    /// For tests: the next commit fails as a full disk would have it fail.
    pub fn fail_next_commit(&mut self) {
        self.fail_next_commit = true;
    }

    /// The entries of a conversation that are kept, by rising `seq`.
    pub fn entries(&self, conversation: &Conversation) -> impl Iterator<Item = &StoredEntry> {
        self.logs.get(conversation).into_iter().flat_map(|log| &log.entries)
    }

    fn last(&self, conversation: &Conversation) -> u64 {
        self.logs.get(conversation).map_or(0, |log| log.last)
    }

    fn write_user(&mut self, uid: &Id, name: &str, guest: bool) -> Undo {
        let before = match self.users.get_mut(uid) {
            Some(user) => {
                let before = (std::mem::replace(&mut user.name, name.into()), user.guest);
                user.guest = guest;
                Some(before)
            }
            None => {
                self.users.insert(uid.clone(), User { name: name.into(), guest, groups: BTreeSet::new() });
                None
            }
        };
        Undo::User(uid.clone(), before)
    }

    fn write_member(&mut self, gid: &Id, uid: &Id, role: GroupRole) -> Result<Undo, StoreError> {
        let group = self.groups.get_mut(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))?;
        let user = self.users.get_mut(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let before = group.seats.get(uid).copied();
        let joined = before.map_or(group.next_joined, |seat| seat.joined);
        if before.is_none() {
            group.next_joined += 1;
        }
        group.seats.insert(uid.clone(), Seat { role, joined });
        user.groups.insert(gid.clone());
        Ok(Undo::Seat(gid.clone(), uid.clone(), before))
    }

    fn strike_member(&mut self, gid: &Id, uid: &Id) -> Result<Undo, StoreError> {
        let group = self.groups.get_mut(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))?;
        let user = self.users.get_mut(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        user.groups.remove(gid);
        Ok(Undo::Seat(gid.clone(), uid.clone(), group.seats.remove(uid)))
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
        log.entries.push_back(StoredEntry {
            seq: entry.seq,
            uid: entry.uid.clone(),
            name: entry.name.into(),
            content: entry.content.into(),
            kind: entry.kind.map(Into::into),
            data: entry.data.map(Into::into),
            reply: entry.reply,
            mentions: entry.mentions.into(),
            time: entry.time,
        });
        Ok(Undo::Append(conversation))
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
            Undo::Seat(gid, uid, before) => {
                let (Some(group), Some(user)) = (self.groups.get_mut(&gid), self.users.get_mut(&uid)) else {
                    return;
                };
                if let Some(seat) = before {
                    user.groups.insert(gid);
                    group.seats.insert(uid, seat);
                } else {
                    user.groups.remove(&gid);
                    group.seats.remove(&uid);
                }
            }
            Undo::Guests(before) => self.guests_until = before,
            Undo::Append(conversation) => {
                if let Some(log) = self.logs.get_mut(&conversation) {
                    log.last -= 1;
                    log.entries.pop_back();
                }
            }
        }
    }

    fn is_named(&self, uid: &Id) -> bool {
        self.users.contains_key(uid)
            || self.logs.iter().any(|(conversation, log)| match conversation {
                Conversation::Direct(low, high) => log.last > 0 && (low == uid || high == uid),
                Conversation::Group(_) => false,
            })
    }

    fn group_record(&self, gid: &Id) -> Option<GroupRecord> {
        let group = self.groups.get(gid)?;
        let member = |(uid, seat): (&Id, &Seat)| MemberRecord {
            uid: uid.clone(),
            name: self.users.get(uid).map(|user| user.name.clone()).unwrap_or_default(),
            role: seat.role,
            joined: seat.joined,
        };
        Some(GroupRecord {
            seq: self.last(&Conversation::Group(gid.clone())),
            members: group.seats.iter().map(member).collect(),
        })
    }
}

impl Storage for Memory {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        Ok(self.identity.get_or_insert(fresh).clone())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.open.is_some() {
            return Err(StoreError::TransactionOpen);
        }
        self.open = Some(Vec::new());
        Ok(())
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        if self.open.is_none() {
            return Err(StoreError::NoTransaction);
        }
        let step = match order {
            Store::User { uid, name, guest } => self.write_user(uid, name, guest),
            Store::Group { gid } => {
                if self.groups.contains_key(gid) {
                    return Ok(());
                }
                self.groups.insert(gid.clone(), Group::default());
                Undo::Group(gid.clone())
            }
            Store::Member { gid, uid, role } => self.write_member(gid, uid, role)?,
            Store::NoMember { gid, uid } => self.strike_member(gid, uid)?,
            Store::Guests { until } => Undo::Guests(std::mem::replace(&mut self.guests_until, until)),
            Store::Append(entry) => self.append(&entry)?,
        };
        if let Some(steps) = &mut self.open {
            steps.push(step);
        }
        Ok(())
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        Ok(match query {
            Query::User(uid) => {
                let record = self.users.get(uid).map(|user| UserRecord {
                    name: user.name.clone(),
                    guest: user.guest,
                    groups: user.groups.iter().cloned().collect(),
                });
                Record::User(uid.clone(), record)
            }
            Query::Group(gid) => Record::Group(gid.clone(), self.group_record(gid)),
            Query::Direct(low, high) => {
                let last = self.last(&Conversation::direct(low, high));
                Record::Direct(low.clone(), high.clone(), last)
            }
            Query::Named(uid) => Record::Named(uid.clone(), self.is_named(uid)),
            Query::Guests => Record::Guests(self.guests_until),
        })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.open.is_none() {
            return Err(StoreError::NoTransaction);
        }
        if std::mem::take(&mut self.fail_next_commit) {
            self.rollback();
            return Err(StoreError::Medium("told to fail".to_owned()));
        }
        for step in self.open.take().unwrap_or_default() {
            if let Undo::Append(conversation) = step
                && let Some(log) = self.logs.get_mut(&conversation)
            {
                let surplus = log.entries.len().saturating_sub(self.entries_per_conversation_max);
                log.entries.drain(..surplus);
            }
        }
        Ok(())
    }

    fn rollback(&mut self) {
        for step in self.open.take().unwrap_or_default().into_iter().rev() {
            self.step_back(step);
        }
    }
}
