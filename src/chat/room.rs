//! Groups as the core holds them: members, `seq`, topic.
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
//! A group whose last member left stays, without an owner and with its entries; whoever joins next is its
//! owner. The tutorial's `gid` is a field of a message that goes to everyone.
//! What is done in groups is in `group.rs`; tested in `tests/chat/group.rs` and `members.rs`.

use super::Chat;
use super::ids::{Conversation, Id, Topic};
use super::output::{GroupRecord, GroupRole, Output, Query, Sink, Store};
use super::table::{Row, Slot, Table};
use super::turn::Undo;
use super::user::{User, UserSlot};

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

    fn index(self) -> usize {
        self.0 as usize
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
    /// By uid.
    pub(super) members: Vec<Member>,
    /// The rank of the next to join.
    ranks: u32,
    /// How many loaded users are members.
    pub(super) listed: u32,
    pub(super) loaded: bool,
    pub(super) stored: bool,
}

impl Group {
    pub(super) fn gid(&self) -> &Id {
        match &self.conversation {
            Conversation::Group(gid) | Conversation::Direct(gid, _) => gid,
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

    fn longest_standing(&mut self) -> Option<&mut Member> {
        self.members.iter_mut().min_by_key(|member| member.rank)
    }
}

impl Row for Group {
    type Slot = GroupSlot;

    fn new(gid: Id) -> Group {
        Group {
            conversation: Conversation::Group(gid),
            seq: 0,
            members: Vec::new(),
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
                row.name = stored.name;
            }
            let rank = self.groups[slot].next_rank();
            members.push(Member { user, rank, role: stored.role });
        }
        let users = &self.users;
        members.sort_by(|a, b| users[a.user].uid.cmp(&users[b.user].uid));
        let group = &mut self.groups[slot];
        group.stored = true;
        group.seq = record.seq;
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

    /// A group that has members has an owner: the longest-standing one follows.
    pub(super) fn ensure_owner(&mut self, slot: GroupSlot, out: &mut impl Sink) {
        let group = &mut self.groups[slot];
        if group.members.iter().any(|member| member.role == GroupRole::Owner) {
            return;
        }
        let Some(heir) = group.longest_standing() else { return };
        heir.role = GroupRole::Owner;
        let user = heir.user;
        self.turn.undo(Undo::Promoted(slot, user));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::Member { gid, uid, role: GroupRole::Owner }));
    }

    /// A promotion is undone.
    pub(super) fn demote(&mut self, slot: GroupSlot, user: UserSlot) {
        let group = &mut self.groups[slot];
        if let Ok(at) = group.position(&self.users, &self.users[user].uid) {
            group.members[at].role = GroupRole::Member;
        }
    }
}
