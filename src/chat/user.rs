//! Users as the core holds them, display names, and the numbers of guests.
//!
//! A row of the user table is *bare* or *loaded*. A bare row is an id and at most a name: a member of a
//! loaded group who is not there, somebody who is watched. A loaded row knows what the store knows, above
//! all of which groups the user is a member. Every user with a session is loaded; a user whose last session
//! has ended becomes bare at the next commit and is asked for again at the next login.
//!
//! The tutorial counts up one number, `$maxid`, for connections and users alike.
//! Tested in `tests/chat/login.rs`.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::Chat;
use super::act::Term;
use super::ids::{Id, SessionId};
use super::limits::Limits;
use super::output::{Output, Query, Refusal, Sink, Store, UserRecord};
use super::quota::Bucket;
use super::reply::{Outcome, Reply};
use super::room::GroupSlot;
use super::table::{Row, Set, Slot, Table};
use super::turn::Undo;
use crate::base::clock::{UnixDay, UnixMillis};

/// The id that is never a client and never a group.
const RESERVED: &str = "system";

/// The uid in whose name the daemon itself speaks.
pub(super) fn system() -> Id {
    Id::Text(RESERVED.into())
}

/// Whether an id is reserved.
pub(super) fn is_reserved(id: &Id) -> bool {
    matches!(id, Id::Text(text) if &**text == RESERVED)
}

/// The number of a user in the user table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UserSlot(u32);

impl Slot for UserSlot {
    fn from_index(index: u32) -> UserSlot {
        UserSlot(index)
    }

    fn index(self) -> u32 {
        self.0
    }
}

/// What few users have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Whose private messages the user refuses.
    blocked: BTreeSet<Id>,
    /// How long the user is kept out.
    ban: Option<Term>,
}

/// A user.
pub(super) struct User {
    pub(super) uid: Id,
    /// Empty as long as nobody has told it. Up to 23 bytes need no box.
    pub(super) name: SmolStr,
    /// Of which the user is a member; right only in a loaded row.
    pub(super) groups: Set<GroupSlot>,
    /// Most users have nothing of it.
    pub(super) rare: Option<Box<Rare>>,
    /// The devices.
    pub(super) sessions: Set<SessionId>,
    /// When the last session ended, if one has.
    last: UnixMillis,
    has_left: bool,
    /// The last day of a guest's that the store is known to have.
    pub(super) seen: UnixDay,
    pub(super) bucket: Bucket,
    /// In how many loaded groups the user is listed.
    pub(super) seats: u32,
    pub(super) guest: bool,
    pub(super) loaded: bool,
    /// Whether the store has this user; right only in a loaded row.
    pub(super) stored: bool,
    /// Whether an entry may be waiting in the store: if not, that is certain. Right only in a loaded row.
    pub(super) waits: bool,
    /// The same of a push.
    pub(super) pushes_wait: bool,
    /// Whether those who watch have been told that the user is online.
    pub(super) shown: bool,
    /// Whether the store was asked whose messages are refused.
    pub(super) knows_blocked: bool,
}

/// What a user costs, besides the name and, for who has several devices or groups, their list. Everyone who is logged
/// in has this, and everyone who is a member of a group that is held.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(Table::<User>::ROW_BYTES <= 120);

impl Row for User {
    type Slot = UserSlot;

    fn new(uid: Id) -> User {
        User {
            uid,
            name: SmolStr::default(),
            groups: Set::default(),
            rare: None,
            sessions: Set::default(),
            last: UnixMillis::default(),
            has_left: false,
            seen: UnixDay::default(),
            bucket: Bucket::default(),
            seats: 0,
            guest: false,
            loaded: false,
            stored: false,
            waits: false,
            pushes_wait: false,
            shown: false,
            knows_blocked: false,
        }
    }

    fn id(&self) -> &Id {
        &self.uid
    }
}

impl User {
    /// When the last session ended.
    pub(super) fn last(&self) -> Option<UnixMillis> {
        self.has_left.then_some(self.last)
    }

    /// The last session has ended.
    pub(super) fn leave(&mut self, now: UnixMillis) {
        (self.last, self.has_left) = (now, true);
    }

    /// Whether the user is known to refuse this one's private messages.
    pub(super) fn blocks(&self, other: &Id) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.blocked.contains(other))
    }

    /// Writes whether the user refuses this one's private messages.
    pub(super) fn set_block(&mut self, other: &Id, on: bool) {
        self.change_rare(
            |rare| if on { rare.blocked.insert(other.clone()) } else { rare.blocked.remove(other) },
        );
    }

    /// Whose private messages the user refuses.
    pub(super) fn blocked_count(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.blocked.len())
    }

    /// How long the user is kept out; right only in a loaded row. Ended bans too.
    pub(super) fn ban(&self) -> Option<Term> {
        self.rare.as_ref()?.ban
    }

    /// Writes how long the user is kept out, and returns what was.
    pub(super) fn set_ban(&mut self, term: Option<Term>) -> Option<Term> {
        self.change_rare(|rare| std::mem::replace(&mut rare.ban, term))
    }

    fn change_rare<T>(&mut self, change: impl FnOnce(&mut Rare) -> T) -> T {
        let changed = change(self.rare.get_or_insert_default());
        self.rare.take_if(|rare| rare.blocked.is_empty() && rare.ban.is_none());
        changed
    }
}

impl Chat {
    /// Takes what the store knows of a user. A loaded row knows it already, and later things besides.
    pub(super) fn load_user(&mut self, uid: &Id, record: Option<UserRecord>) {
        let slot = self.users.intern(uid);
        self.turn.left_alone(slot);
        let user = &mut self.users[slot];
        if user.loaded {
            return;
        }
        user.loaded = true;
        user.stored = record.is_some();
        // Of whom the store does not know it may keep entries all the same.
        user.waits = record.as_ref().is_none_or(|record| record.waits);
        user.pushes_wait = record.as_ref().is_none_or(|record| record.pushes_wait);
        user.knows_blocked = true;
        let Some(record) = record else {
            user.rare = None;
            return;
        };
        user.change_rare(|rare| {
            *rare = Rare { blocked: record.blocks.into_iter().collect(), ban: record.ban }
        });
        user.name = record.name.into();
        user.guest = record.guest;
        for gid in &record.groups {
            let group = self.groups.intern(gid);
            self.groups[group].listed += 1;
            self.users[slot].groups.insert(group);
        }
    }

    /// Makes a user without a session bare again, so that the groups are no longer held for it.
    pub(super) fn unload_user(&mut self, slot: UserSlot) {
        let user = &mut self.users[slot];
        if !user.sessions.is_empty() || !user.loaded {
            return;
        }
        user.loaded = false;
        user.stored = false;
        let groups = std::mem::take(&mut user.groups);
        for &group in groups.as_slice() {
            self.groups[group].listed -= 1;
            if self.groups[group].listed == 0 {
                self.groups.loosen(group);
            }
        }
        self.users.loosen(slot);
    }

    /// Whether nothing needs the row.
    pub(super) fn is_idle_user(&self, slot: UserSlot) -> bool {
        let user = &self.users[slot];
        user.sessions.is_empty() && user.seats == 0 && !self.presence.concerns(slot)
    }

    /// Has the user stored, if it is not: guests are worth it from the first join or message on.
    pub(super) fn remember(&mut self, slot: UserSlot, out: &mut impl Sink) {
        let user = &mut self.users[slot];
        if user.stored {
            return;
        }
        user.stored = true;
        self.turn.undo(Undo::Remembered(slot));
        out.put(Output::Store(Store::User { uid: &user.uid, name: &user.name, guest: user.guest }));
        self.see(slot, out);
    }

    /// Has a user stored who may never have been here.
    pub(super) fn acquaint(&mut self, slot: UserSlot, out: &mut impl Sink) {
        let uid = self.users[slot].uid.clone();
        self.guests.name(&uid);
        if !self.users[slot].stored {
            self.users[slot].guest |= self.guests.gave(&uid);
            self.name_at_login(slot, None, out);
            self.remember(slot, out);
        }
    }

    /// Gives oneself another display name. That it is one was checked before.
    pub(super) fn call_oneself(&mut self, slot: UserSlot, name: &str, out: &mut impl Sink) -> Outcome {
        self.rename(slot, name.trim(), out);
        Ok(Reply::Ack(None))
    }

    /// Gives the user a display name, in the store too if the user is stored.
    pub(super) fn rename(&mut self, slot: UserSlot, name: &str, out: &mut impl Sink) {
        let user = &mut self.users[slot];
        if *user.name == *name {
            return;
        }
        let before = std::mem::replace(&mut user.name, name.into());
        self.turn.undo(Undo::Named(slot, before));
        if user.stored {
            out.put(Output::Store(Store::User { uid: &user.uid, name: &user.name, guest: user.guest }));
        }
        self.rename_at_desk(slot, out);
    }
}

/// A display name without the space around it. An empty one is as good as none.
///
/// # Errors
/// When it is too long or has control characters, which would let a name forge lines of a log or terminal.
pub(super) fn trimmed<'a>(name: Option<&'a str>, limits: &Limits) -> Result<Option<&'a str>, Refusal> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    if name.len() > limits.name_bytes_max || name.chars().count() > limits.name_chars_max {
        return Err(Refusal::BadRequest("name", "is too long"));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::BadRequest("name", "has control characters"));
    }
    Ok(Some(name))
}

/// The numbers of guests: upwards, past every number that a token or a private message has ever named.
///
/// A guest has a uid, and a token for it, before anything of the guest is stored. So that the number is never
/// given to somebody else after a restart, it is reserved: the store knows a bound below which numbers may
/// have been given, and every daemon on it begins there. The bound is raised by many at once, and before
/// the first of them leaves.
pub(super) struct Guests {
    first: u64,
    next: u64,
    /// The bound that the store has; `None` until it was asked.
    until: Option<u64>,
    /// By how much the bound is raised.
    block: u64,
    /// Numbers from `first` on that were named before the counter came there.
    named: BTreeSet<u64>,
    /// The number of which the store has said that nothing names it.
    free: Option<u64>,
}

impl Guests {
    pub(super) fn new(first: u64, block: u64) -> Guests {
        Guests { first, next: first, until: None, block, named: BTreeSet::new(), free: None }
    }

    /// Nobody who comes later may get this uid: a guest would inherit somebody's messages.
    pub(super) fn name(&mut self, uid: &Id) {
        if let Id::Number(number) = uid
            && *number >= self.next
        {
            self.named.insert(*number);
        }
    }

    /// Whether a guest got this uid from this counter.
    pub(super) fn gave(&self, uid: &Id) -> bool {
        matches!(uid, Id::Number(number)
            if (self.first..self.next).contains(number) && !self.named.contains(number))
    }

    /// What must be known before it can be said whether a uid is a guest's.
    pub(super) fn needs_until(&self) -> Option<Query> {
        self.until.is_none().then_some(Query::Guests)
    }

    /// What must be known before the next guest gets a uid: whether anything in the store names it.
    pub(super) fn needs_number(&mut self) -> Option<Query> {
        if self.until.is_none() {
            return Some(Query::Guests);
        }
        while self.named.contains(&self.next) {
            self.next += 1;
        }
        if self.free == Some(self.next) {
            return None;
        }
        Id::from_number(self.next).map(Query::Named)
    }

    /// Takes the store's bound: where an earlier daemon stopped, this one goes on.
    pub(super) fn load_until(&mut self, until: u64) {
        if self.until.is_none() {
            self.until = Some(until);
            self.next = self.next.max(until);
        }
    }

    /// Takes what the store knows of a number.
    pub(super) fn load_named(&mut self, uid: &Id, named: bool) {
        match uid {
            _ if named => self.name(uid),
            Id::Number(number) => self.free = Some(*number),
            Id::Text(_) => {}
        }
    }

    /// The next uid, which [`Guests::needs_number`] has found to be free. `None` when there are no numbers
    /// left.
    pub(super) fn take(&mut self) -> Option<Id> {
        let uid = Id::from_number(self.next)?;
        self.next += 1;
        Some(uid)
    }

    /// Raises the bound when the number that was taken is not below it, and returns the bound before.
    pub(super) fn reserve(&mut self) -> Option<u64> {
        let before = self.until();
        if self.next <= before {
            return None;
        }
        self.until = Some((self.next - 1).saturating_add(self.block.max(1)));
        Some(before)
    }

    /// The reservation was not stored.
    pub(super) fn unreserve(&mut self, before: u64) {
        self.until = Some(before);
    }

    /// The first number that is not reserved.
    pub(super) fn until(&self) -> u64 {
        self.until.unwrap_or(0)
    }
}
