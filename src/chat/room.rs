//! Groups as the core holds them: members, `seq`, topic, name, sanctions.
//!
//! A row of the group table is *loaded* when the core knows members and `seq`; a group that the store does
//! not have is loaded as one without members that is not `stored`. A row that is not loaded still has a
//! slot, because a user who logs in must be subscribed to the topics of groups in which nobody speaks.
//! The slot gives the topic, so a topic lives as long as the row, and a row is only given up, at a commit,
//! when no user with a session is a member: then nobody is subscribed.
//!
//! Membership is kept on both sides, in [`Group::members`] by uid and in the user's set of groups, and
//! changed nowhere but in `seat` and `unseat`. The user's side says quickly whether somebody is a member.
//!
//! An open group whose last member left stays, without an owner and with its entries; whoever joins next is its
//! owner. A closed one is dissolved, for nobody could come in any more. What is left of a group that was
//! dissolved is its number: a row that is not `stored` and whose `seq` is not 0.
//!
//! The tutorial's `gid` is a field of a message that goes to everyone. What is done in groups is in `group.rs`
//! and `govern.rs`; tested in `tests/chat/group.rs`, `members.rs` and `govern.rs`.

use std::collections::BTreeMap;

use super::Chat;
use super::act::{Sanction, Term};
use super::ids::{Conversation, Id, Topic};
use super::output::{GroupRecord, GroupRole, Output, Query, Sink, Store};
use super::table::{Row, Slot, Table};
use super::turn::Undo;
use super::user::{User, UserSlot};
use crate::base::clock::UnixMillis;

/// The number of a group in the group table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupSlot(u32);

impl GroupSlot {
    /// Where members hear what is said. Topic 0 is everyone.
    pub(super) fn topic(self) -> Topic {
        Topic(self.0 + 1)
    }
}

impl Slot for GroupSlot {
    fn from_index(index: u32) -> GroupSlot {
        GroupSlot(index)
    }

    fn index(self) -> u32 {
        self.0
    }
}

/// A member of a loaded group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) user: UserSlot,
    /// Smaller is longer-standing. Of this group only.
    pub(super) rank: u32,
    pub(super) role: GroupRole,
}

/// A group.
pub(super) struct Group {
    /// Always `Conversation::Group`.
    pub(super) conversation: Conversation,
    /// The last that was given.
    pub(super) seq: u64,
    /// Empty if it has none.
    pub(super) name: Box<str>,
    /// Whether whoever likes may come in.
    pub(super) open: bool,
    /// By uid.
    pub(super) members: Vec<Member>,
    /// Ended ones too, until they are in the way.
    pub(super) sanctions: BTreeMap<(Id, Sanction), Term>,
    /// The rank of the next to join.
    ranks: u32,
    /// How many loaded users are members.
    pub(super) listed: u32,
    pub(super) loaded: bool,
    pub(super) stored: bool,
}

/// The gid of no group.
static NOWHERE: Id = Id::Number(0);

impl Group {
    pub(super) fn gid(&self) -> &Id {
        match &self.conversation {
            Conversation::Group(gid) | Conversation::Direct(gid, _) => gid,
            // A group is made with its gid and with nothing else.
            Conversation::Ticket(_) => &NOWHERE,
        }
    }

    /// Where the uid stands among the members, or would stand.
    pub(super) fn position(&self, users: &Table<User>, uid: &Id) -> Result<usize, usize> {
        self.members.binary_search_by(|member| users[member.user].uid.cmp(uid))
    }

    /// The rank of somebody who joins now.
    pub(super) fn next_rank(&mut self) -> u32 {
        self.ranks = self.ranks.saturating_add(1);
        self.ranks
    }

    /// The standing of a member.
    pub(super) fn role_of(&self, users: &Table<User>, uid: &Id) -> Option<GroupRole> {
        self.position(users, uid).ok().map(|at| self.members[at].role)
    }

    pub(super) fn owner(&self) -> Option<UserSlot> {
        self.members.iter().find(|member| member.role == GroupRole::Owner).map(|member| member.user)
    }

    /// Who follows an owner: the longest-standing admin, or else member.
    fn heir(&self) -> Option<UserSlot> {
        let first = |member: &&Member| (member.role != GroupRole::Admin, member.rank);
        self.members.iter().min_by_key(first).map(|member| member.user)
    }

    /// The term of a sanction that is in force.
    pub(super) fn suffers(&self, sanction: Sanction, uid: &Id, now: UnixMillis) -> Option<Term> {
        if self.sanctions.is_empty() {
            return None;
        }
        self.sanctions.get(&(uid.clone(), sanction)).copied().filter(|term| term.is_in_force(now))
    }

    /// Sets or lifts a sanction, and returns the term before.
    pub(super) fn set_term(&mut self, sanction: Sanction, uid: &Id, term: Option<Term>) -> Option<Term> {
        let key = (uid.clone(), sanction);
        match term {
            Some(term) => self.sanctions.insert(key, term),
            None => self.sanctions.remove(&key),
        }
    }
}

impl Row for Group {
    type Slot = GroupSlot;

    fn new(gid: Id) -> Group {
        Group {
            conversation: Conversation::Group(gid),
            seq: 0,
            name: Box::default(),
            open: true,
            members: Vec::new(),
            sanctions: BTreeMap::new(),
            ranks: 0,
            listed: 0,
            loaded: false,
            stored: false,
        }
    }

    fn id(&self) -> &Id {
        self.gid()
    }
}

impl Chat {
    /// What must be asked before a request that names the group can be served.
    pub(super) fn needs_group(&self, gid: &Id) -> Option<Query> {
        let loaded = self.groups.find(gid).is_some_and(|group| group.loaded);
        (!loaded).then(|| Query::Group(gid.clone()))
    }

    /// Takes what the store knows of a group. A loaded row knows it already, and later things besides.
    pub(super) fn load_group(&mut self, gid: &Id, record: Option<GroupRecord>) {
        let slot = self.groups.intern(gid);
        if self.groups[slot].listed == 0 {
            self.groups.loosen(slot);
        }
        if self.groups[slot].loaded {
            return;
        }
        self.groups[slot].loaded = true;
        let Some(mut record) = record else { return };
        record.members.sort_by_key(|member| member.joined);
        let mut members = Vec::with_capacity(record.members.len());
        for stored in record.members {
            let user = self.users.intern(&stored.uid);
            let row = &mut self.users[user];
            row.seats += 1;
            if !row.loaded {
                row.name = stored.name.into();
            }
            let rank = self.groups[slot].next_rank();
            members.push(Member { user, rank, role: stored.role });
        }
        let users = &self.users;
        members.sort_by(|a, b| users[a.user].uid.cmp(&users[b.user].uid));
        let group = &mut self.groups[slot];
        group.stored = !record.deleted;
        group.seq = record.seq;
        group.name = record.name;
        group.open = record.open;
        group.sanctions =
            record.sanctions.into_iter().map(|(uid, sanction, term)| ((uid, sanction), term)).collect();
        group.members = members;
    }

    /// Lets go of the members of a group that is given up.
    pub(super) fn unload_group(&mut self, slot: GroupSlot) {
        let group = &mut self.groups[slot];
        group.loaded = false;
        for member in std::mem::take(&mut group.members) {
            self.users[member.user].seats -= 1;
            self.users.loosen(member.user);
        }
    }

    /// Writes a member into both sides.
    pub(super) fn seat(&mut self, slot: GroupSlot, member: Member) {
        let Err(at) = self.groups[slot].position(&self.users, &self.users[member.user].uid) else { return };
        self.groups[slot].members.insert(at, member);
        let user = &mut self.users[member.user];
        user.seats += 1;
        if user.loaded {
            user.groups.insert(slot);
            self.groups[slot].listed += 1;
        }
    }

    /// Strikes a member from both sides.
    pub(super) fn unseat(&mut self, slot: GroupSlot, user: UserSlot) -> Option<Member> {
        let at = self.groups[slot].position(&self.users, &self.users[user].uid).ok()?;
        let member = self.groups[slot].members.remove(at);
        let row = &mut self.users[user];
        row.seats -= 1;
        if row.groups.remove(slot) {
            self.groups[slot].listed -= 1;
        }
        if self.groups[slot].listed == 0 {
            self.groups.loosen(slot);
        }
        self.users.loosen(user);
        Some(member)
    }

    /// Ends a membership, and sees to whoever is left: a group that has members has an owner, and a closed one
    /// has members. Whether there was a membership; the sessions are still subscribed.
    pub(super) fn strike(&mut self, slot: GroupSlot, user: UserSlot, out: &mut impl Sink) -> bool {
        let Some(member) = self.unseat(slot, user) else { return false };
        self.turn.undo(Undo::Left(slot, member));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::NoMember { gid, uid }));
        match self.groups[slot].heir() {
            Some(heir) if self.groups[slot].owner().is_none() => {
                self.set_role(slot, heir, GroupRole::Owner, out);
            }
            None if !self.groups[slot].open => self.dissolve(slot, out),
            _ => {}
        }
        true
    }

    /// Gives a member another standing.
    pub(super) fn set_role(&mut self, slot: GroupSlot, user: UserSlot, role: GroupRole, out: &mut impl Sink) {
        let Some(before) = self.put_role(slot, user, role) else { return };
        self.turn.undo(Undo::RoleGiven(slot, user, before));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::Member { gid, uid, role }));
    }

    /// Writes a standing, and returns the one before.
    pub(super) fn put_role(&mut self, slot: GroupSlot, user: UserSlot, role: GroupRole) -> Option<GroupRole> {
        let group = &mut self.groups[slot];
        let at = group.position(&self.users, &self.users[user].uid).ok()?;
        Some(std::mem::replace(&mut group.members[at].role, role))
    }

    /// Ends a group that has no members any more.
    pub(super) fn dissolve(&mut self, slot: GroupSlot, out: &mut impl Sink) {
        let group = &mut self.groups[slot];
        group.stored = false;
        let step = Undo::Dissolved {
            slot,
            name: std::mem::take(&mut group.name),
            open: std::mem::replace(&mut group.open, true),
            sanctions: std::mem::take(&mut group.sanctions),
        };
        self.turn.undo(step);
        out.put(Output::Store(Store::NoGroup { gid: self.groups[slot].gid() }));
    }
}
