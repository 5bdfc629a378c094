//! Who may do what in groups, and what becomes of it; whom one lists and blocks.

use std::collections::BTreeMap;

use karez::base::clock::Now;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Listing, Role, Target};
use karez::chat::output::{GroupRole, GroupSummary, Recall, Refusal};

use super::requests::{acked, no_system};
use super::{Answer, Group, Model};
use crate::net::{Said, Told};

/// Until when, in Unix milliseconds; `None` is for ever.
type Terms = BTreeMap<Id, Option<u64>>;

fn holds(terms: &Terms, uid: &Id, now: Now) -> bool {
    terms.get(uid).is_some_and(|until| until.is_none_or(|until| now.unix.0 < until))
}

impl Model {
    pub(super) fn group(&self, gid: &Id) -> Option<&Group> {
        self.state.groups.get(gid).filter(|group| group.exists)
    }

    pub(super) fn group_mut(&mut self, gid: &Id) -> &mut Group {
        self.state.groups.get_mut(gid).unwrap()
    }

    pub(super) fn role_in(&self, uid: &Id, gid: &Id) -> Option<GroupRole> {
        self.group(gid)?.members.iter().find(|(member, _)| member == uid).map(|(_, role)| *role)
    }

    fn oversees(&self, session: SessionId) -> bool {
        self.state.sessions[&session].role == Role::Admin
    }

    /// Those who are neither members nor overseers see an open group and nothing of a closed one.
    pub(super) fn must_be_inside(&self, session: SessionId, uid: &Id, gid: &Id) -> Result<(), Refusal> {
        let Some(group) = self.group(gid) else { return Err(Refusal::NotFound) };
        if self.oversees(session) || self.is_member(uid, gid) {
            return Ok(());
        }
        Err(if group.closed { Refusal::NotFound } else { Refusal::Forbidden })
    }

    pub(super) fn must_not_be_kept_out(
        &self,
        now: Now,
        session: SessionId,
        uid: &Id,
        gid: &Id,
    ) -> Result<(), Refusal> {
        match self.group(gid) {
            None => Ok(()),
            Some(_) if self.oversees(session) || self.is_member(uid, gid) => Ok(()),
            Some(group) if group.closed => Err(Refusal::NotFound),
            Some(group) if holds(&group.banned, uid, now) => Err(Refusal::Forbidden),
            Some(_) => Ok(()),
        }
    }

    /// Whether a ban keeps this one out, member or not.
    pub(super) fn is_kept_out(&self, now: Now, uid: &Id, gid: &Id) -> bool {
        self.group(gid).is_some_and(|group| holds(&group.banned, uid, now))
    }

    pub(super) fn must_not_be_muted(
        &self,
        now: Now,
        session: SessionId,
        uid: &Id,
        gid: &Id,
    ) -> Result<(), Refusal> {
        let muted = self.group(gid).map(|group| &group.muted);
        match muted.filter(|muted| !self.oversees(session) && holds(muted, uid, now)) {
            Some(muted) => Err(Refusal::Muted { retry_ms: muted[uid].map(|until| until - now.unix.0) }),
            None => Ok(()),
        }
    }

    pub(super) fn must_govern(
        &self,
        session: SessionId,
        uid: &Id,
        gid: &Id,
        owners_only: bool,
    ) -> Result<(), Refusal> {
        self.must_be_inside(session, uid, gid)?;
        match self.role_in(uid, gid) {
            _ if self.oversees(session) => Ok(()),
            Some(GroupRole::Owner) => Ok(()),
            Some(GroupRole::Admin) if !owners_only => Ok(()),
            _ => Err(Refusal::Forbidden),
        }
    }

    pub(super) fn act(&mut self, now: Now, session: SessionId, uid: &Id, gid: &Id, act: &Act<'_>) -> Answer {
        no_system("gid", gid)?;
        if let Some(target) = act.target() {
            no_system("uid", target)?;
        }
        if let Act::GroupUpdate { name, open } = act {
            match name {
                Some(name) => self.name(name.trim())?,
                None if open.is_none() => return Err(Refusal::BadRequest("name", "or open must be there")),
                None => {}
            }
        }
        let on_owner = act.target().and_then(|uid| self.role_in(uid, gid)) == Some(GroupRole::Owner);
        let owners_only =
            on_owner || matches!(act, Act::GroupDelete | Act::Role { role: GroupRole::Owner, .. });
        self.must_govern(session, uid, gid, owners_only)?;
        if act.target() == Some(uid) && !matches!(act, Act::Role { .. }) {
            return Err(Refusal::BadRequest("uid", "is yourself"));
        }
        match act {
            Act::GroupUpdate { name, open } => self.update(now, uid, gid, name.as_deref(), *open),
            Act::Role { uid: target, role } => self.role(now, uid, gid, (target, *role)),
            Act::Kick { uid: target } => {
                self.role_in(target, gid).ok_or(Refusal::NotFound)?;
                let answer = self.acted(now, uid, gid, act);
                self.put_out(target, gid);
                answer
            }
            Act::Ban { uid: target, seconds } | Act::Mute { uid: target, seconds } => {
                self.sanction(now, uid, gid, act, (target, *seconds))
            }
            Act::Add { uid: target } => self.add(now, uid, gid, target),
            Act::GroupDelete => {
                let answer = self.acted(now, uid, gid, act);
                self.dissolve(gid);
                answer
            }
        }
    }

    /// Everybody who is inside at this moment hears of it.
    pub(super) fn acted(&mut self, now: Now, uid: &Id, gid: &Id, act: &Act<'_>) -> Answer {
        self.remember(now, uid);
        let group = self.group_mut(gid);
        group.seq += 1;
        let (seq, members) = (group.seq, group.members.clone());
        let said = Said {
            conversation: Conversation::Group(gid.clone()),
            seq,
            uid: uid.clone(),
            name: self.state.users[uid].name.clone(),
            content: String::new(),
            kind: Some("system".to_owned()),
            data: None,
            reply: None,
            mentions: Vec::new(),
            act: Some(act.clone().into_owned()),
            recall: Recall::None,
            time: now.unix,
        };
        self.keep(&said);
        let told = Told::Entry(said);
        for (member, _) in members {
            self.tell_user(&member, &told);
        }
        Ok(Some(Some(acked(Target::Group(gid.clone()), seq, now))))
    }

    pub(super) fn update(
        &mut self,
        now: Now,
        uid: &Id,
        gid: &Id,
        name: Option<&str>,
        open: Option<bool>,
    ) -> Answer {
        let group = self.group_mut(gid);
        let name = name.map(|name| name.trim().to_owned()).filter(|name| *name != group.name);
        let open = open.filter(|open| *open == group.closed);
        if name.is_none() && open.is_none() {
            return Ok(Some(None));
        }
        if let Some(name) = &name {
            group.name.clone_from(name);
        }
        if let Some(open) = open {
            group.closed = !open;
        }
        self.acted(now, uid, gid, &Act::GroupUpdate { name: name.map(Into::into), open })
    }

    pub(super) fn role(&mut self, now: Now, uid: &Id, gid: &Id, (target, role): (&Id, GroupRole)) -> Answer {
        let before = self.role_in(target, gid).ok_or(Refusal::NotFound)?;
        if before == role {
            return Ok(Some(None));
        }
        if before == GroupRole::Owner {
            return Err(Refusal::Conflict("a group has an owner; make somebody else the owner"));
        }
        for member in &mut self.group_mut(gid).members {
            if member.0 == *target {
                member.1 = role;
            } else if role == GroupRole::Owner && member.1 == GroupRole::Owner {
                member.1 = GroupRole::Admin;
            }
        }
        self.acted(now, uid, gid, &Act::Role { uid: target.clone(), role })
    }

    fn sanction(
        &mut self,
        now: Now,
        uid: &Id,
        gid: &Id,
        act: &Act<'_>,
        (target, seconds): (&Id, Option<u64>),
    ) -> Answer {
        let bans = matches!(act, Act::Ban { .. });
        let most = self.limits.sanctions_per_group_max;
        let group = self.group_mut(gid);
        let held = holds(if bans { &group.banned } else { &group.muted }, target, now);
        if seconds == Some(0) && !held {
            return Ok(Some(None));
        }
        if !held && group.banned.len() + group.muted.len() >= most {
            for terms in [&mut group.banned, &mut group.muted] {
                terms.retain(|_, until| until.is_none_or(|until| now.unix.0 < until));
            }
            if group.banned.len() + group.muted.len() >= most {
                return Err(Refusal::Conflict("the group has banned and muted as many as it may"));
            }
        }
        let terms = if bans { &mut group.banned } else { &mut group.muted };
        if seconds == Some(0) {
            terms.remove(target);
        } else {
            terms.insert(target.clone(), seconds.map(|seconds| now.unix.0 + seconds * 1_000));
        }
        self.name_number(target);
        let answer = self.acted(now, uid, gid, act);
        if bans && seconds != Some(0) && self.is_member(target, gid) {
            self.put_out(target, gid);
        }
        answer
    }

    /// Whether somebody can be made a member by others. Who is one can stay one.
    pub(super) fn may_be_brought_in(&self, now: Now, target: &Id, gid: &Id) -> Result<(), Refusal> {
        if self.is_member(target, gid) {
            return Ok(());
        }
        if self.group(gid).is_some_and(|group| holds(&group.banned, target, now)) {
            return Err(Refusal::Conflict("this user is banned"));
        }
        if self.groups_of(target) >= self.limits.groups_per_user_max {
            return Err(Refusal::Conflict("this user is in as many groups as a user may be in"));
        }
        if self.group(gid).is_some_and(|group| group.members.len() >= self.limits.group_members_max) {
            return Err(Refusal::Conflict("the group has as many members as a group may have"));
        }
        Ok(())
    }

    /// Somebody is known from now on who may never have been here.
    pub(super) fn acquaint(&mut self, now: Now, uid: &Id) {
        self.name_number(uid);
        let is_guest = self.is_guest(uid);
        let user = self.state.users.entry(uid.clone()).or_default();
        if !user.stored {
            user.guest = is_guest;
            if user.name.is_empty() {
                user.name = if is_guest { format!("Guest {uid}") } else { uid.to_string() };
            }
        }
        self.remember(now, uid);
    }

    pub(super) fn add(&mut self, now: Now, uid: &Id, gid: &Id, target: &Id) -> Answer {
        self.may_be_brought_in(now, target, gid)?;
        if self.is_member(target, gid) {
            return Ok(Some(None));
        }
        self.acquaint(now, target);
        let members = &mut self.group_mut(gid).members;
        let role = if members.is_empty() { GroupRole::Owner } else { GroupRole::Member };
        members.push((target.clone(), role));
        self.begin_cursor(target, gid);
        self.acted(now, uid, gid, &Act::Add { uid: target.clone() })
    }

    /// Takes a member out, and sees to those who are left.
    pub(super) fn put_out(&mut self, uid: &Id, gid: &Id) {
        let group = self.group_mut(gid);
        group.members.retain(|(member, _)| member != uid);
        if group.members.is_empty() {
            if group.closed {
                self.dissolve(gid);
            }
            return;
        }
        if !group.members.iter().any(|(_, role)| *role == GroupRole::Owner) {
            let heir = group.members.iter().position(|(_, role)| *role == GroupRole::Admin).unwrap_or(0);
            group.members[heir].1 = GroupRole::Owner;
        }
    }

    pub(super) fn dissolve(&mut self, gid: &Id) {
        self.state.entries.remove(&Conversation::Group(gid.clone()));
        let seq = self.group_mut(gid).seq;
        *self.group_mut(gid) = Group { seq, ..Group::default() };
    }

    pub(super) fn list_groups(
        &mut self,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        listing: Listing,
        cursor: Option<&Id>,
    ) -> Answer {
        let mut groups = Vec::new();
        for (gid, group) in self.state.groups.iter().filter(|(_, group)| group.exists) {
            let role = self.role_in(uid, gid);
            let is_listed = match listing {
                Listing::Own => role.is_some(),
                Listing::Open => !group.closed,
                Listing::All => unreachable!("no client asks for all"),
            };
            if is_listed && cursor.is_none_or(|cursor| gid > cursor) {
                let (name, members) = (group.name.clone().into(), group.members.len() as u64);
                groups.push(GroupSummary { gid: gid.clone(), name, role, open: !group.closed, members });
            }
        }
        let limit = self.limits.groups_page_max;
        let next = (groups.len() > limit).then(|| groups[limit - 1].gid.clone());
        groups.truncate(limit);
        self.tell(session, Told::Groups { id, groups, next });
        Ok(None)
    }

    pub(super) fn profile(&mut self, uid: &Id, name: &str) -> Answer {
        let name = name.trim();
        self.name(name)?;
        if name.is_empty() {
            return Err(Refusal::BadRequest("name", "is empty"));
        }
        self.state.users.get_mut(uid).unwrap().name = name.to_owned();
        Ok(Some(None))
    }

    pub(super) fn block(&mut self, now: Now, uid: &Id, other: &Id, on: bool) -> Answer {
        no_system("uid", other)?;
        if uid == other {
            return Err(Refusal::BadRequest("uid", "is yourself"));
        }
        let blocks = &self.state.users[uid].blocks;
        if blocks.contains(other) == on {
            return Ok(Some(None));
        }
        if on && blocks.len() >= self.limits.blocks_per_user_max {
            return Err(Refusal::Conflict("you block as many users as a user may block"));
        }
        self.remember(now, uid);
        self.name_number(other);
        let blocks = &mut self.state.users.get_mut(uid).unwrap().blocks;
        if on {
            blocks.insert(other.clone());
        } else {
            blocks.remove(other);
        }
        let told = Told::Presence { id: None, users: vec![(uid.clone(), !on, None)] };
        for session in self.sessions_of(other) {
            if self.state.sessions[&session].watching.contains(uid) {
                self.tell(session, told.clone());
            }
        }
        Ok(Some(None))
    }

    pub(super) fn blocks(&self, uid: &Id, other: &Id) -> bool {
        self.state.users.get(uid).is_some_and(|user| user.blocks.contains(other))
    }
}
