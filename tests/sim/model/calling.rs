//! What each call of the back end must do, and what it is answered.

use karez::base::clock::Now;
use karez::chat::act::{Act, Term};
use karez::chat::call::{Call, Put};
use karez::chat::ids::{CallId, Conversation, Id};
use karez::chat::input::{Draft, Target};
use karez::chat::output::{Farewell, GroupRole, Refusal};

use super::requests::no_system;
use super::{Group, Model};
use crate::net::Answered;

fn system() -> Id {
    Id::from_text("system").unwrap()
}

impl Model {
    pub fn call(&mut self, now: Now, call: CallId, request: &Call<'_>) {
        let answered = self.called(now, request).unwrap_or_else(Answered::Refused);
        self.answers.push((call, answered));
    }

    fn called(&mut self, now: Now, request: &Call<'_>) -> Result<Answered, Refusal> {
        match request {
            Call::Push(_) => unreachable!("pushes have a way of their own"),
            Call::Say { from, target, draft } => self.say(now, from.as_ref(), target, draft),
            Call::Desk(_) => unreachable!("tickets have a simulation of their own"),
            Call::History { .. } | Call::Upload { .. } | Call::KeepFile { .. } | Call::File { .. } => {
                unreachable!("left to the tests of the core")
            }
            Call::Group { gid } => {
                no_system("gid", gid)?;
                self.group(gid).ok_or(Refusal::NotFound)?;
                Ok(self.group_view(Put::Kept, gid))
            }
            Call::PutGroup { gid, name, open, owner } => {
                self.put_group(now, gid, name.as_deref(), *open, owner.as_ref())
            }
            Call::DeleteGroup { gid } => {
                no_system("gid", gid)?;
                self.group(gid).ok_or(Refusal::NotFound)?;
                self.acquaint(now, &system());
                self.acted(now, &system(), gid, &Act::GroupDelete)?;
                self.dissolve(gid);
                Ok(Answered::Removed)
            }
            Call::Members { gid, after, limit } => self.members_page(gid, after.as_ref(), *limit),
            Call::PutMember { gid, uid, role } => self.put_member(now, gid, uid, *role),
            Call::DeleteMember { gid, uid } => {
                no_system("gid", gid)?;
                no_system("uid", uid)?;
                self.role_in(uid, gid).ok_or(Refusal::NotFound)?;
                self.acquaint(now, &system());
                self.acted(now, &system(), gid, &Act::Kick { uid: uid.clone() })?;
                self.put_out(uid, gid);
                Ok(Answered::Removed)
            }
            Call::User { uid } => {
                self.must_be_there(uid)?;
                Ok(self.user_view(now, uid))
            }
            Call::Forget { uid } => {
                no_system("uid", uid)?;
                Ok(Answered::Forgotten(self.erase_person(uid)))
            }
            Call::UsersOnline { after, limit } => Ok(self.online_page(after.as_ref(), *limit)),
            Call::Groups { after, limit } => Ok(self.groups_page(after.as_ref(), *limit)),
            Call::Disconnect { uid } => {
                self.must_be_there(uid)?;
                Ok(Answered::Disconnected { sessions: self.send_away(uid, Farewell::Kicked) })
            }
            Call::Ban { uid, seconds } => {
                no_system("uid", uid)?;
                self.acquaint(now, uid);
                let until = seconds.map(|seconds| now.unix.0 + seconds * 1_000);
                let ban = (*seconds != Some(0)).then_some(until);
                self.state.users.get_mut(uid).unwrap().ban = ban;
                if ban.is_some() {
                    self.send_away(uid, Farewell::Banned);
                }
                Ok(self.user_view(now, uid))
            }
            Call::Unban { uid } => {
                self.must_be_there(uid)?;
                if !self.is_banned(now, uid) {
                    return Err(Refusal::NotFound);
                }
                self.state.users.get_mut(uid).unwrap().ban = None;
                Ok(Answered::Removed)
            }
        }
    }

    fn members_page(&self, gid: &Id, after: Option<&Id>, limit: Option<u32>) -> Result<Answered, Refusal> {
        no_system("gid", gid)?;
        let mut members = self.group(gid).ok_or(Refusal::NotFound)?.members.clone();
        members.sort();
        members.retain(|(uid, _)| after.is_none_or(|after| uid > after));
        let limit = limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.members_page_max);
        let more = members.len() > limit;
        members.truncate(limit);
        let line = |(uid, role): (Id, GroupRole)| {
            let online = !self.sessions_of(&uid).is_empty();
            (uid, role, online)
        };
        Ok(Answered::Members { members: members.into_iter().map(line).collect(), more })
    }

    fn online_page(&self, after: Option<&Id>, limit: Option<u32>) -> Answered {
        let online = self.state.users.keys().filter(|uid| !self.sessions_of(uid).is_empty());
        let line = |uid: &Id| (uid.clone(), self.sessions_of(uid).len(), self.groups_of(uid));
        let mut users: Vec<_> = online.map(line).collect();
        users.sort();
        users.retain(|(uid, ..)| after.is_none_or(|after| uid > after));
        let limit = limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.members_page_max);
        let more = users.len() > limit;
        users.truncate(limit);
        Answered::Users { users, more }
    }

    fn groups_page(&self, after: Option<&Id>, limit: Option<u32>) -> Answered {
        let line = |(gid, group): (&Id, &Group)| {
            (gid.clone(), group.name.clone(), !group.closed, group.members.len() as u64)
        };
        let mut groups: Vec<_> =
            self.state.groups.iter().filter(|(_, group)| group.exists).map(line).collect();
        groups.sort();
        groups.retain(|(gid, ..)| after.is_none_or(|after| gid > after));
        let limit = limit.map_or(self.limits.groups_page_max, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.groups_page_max);
        let more = groups.len() > limit;
        groups.truncate(limit);
        Answered::Groups { groups, more }
    }

    /// Whether the user is kept out.
    pub(super) fn is_banned(&self, now: Now, uid: &Id) -> bool {
        let ban = self.state.users.get(uid).and_then(|user| user.ban);
        ban.is_some_and(|until| until.is_none_or(|until| now.unix.0 < until))
    }

    fn must_be_there(&self, uid: &Id) -> Result<(), Refusal> {
        no_system("uid", uid)?;
        let is_stored = self.state.users.get(uid).is_some_and(|user| user.stored);
        if is_stored || !self.sessions_of(uid).is_empty() { Ok(()) } else { Err(Refusal::NotFound) }
    }

    pub(super) fn send_away(&mut self, uid: &Id, why: Farewell) -> usize {
        let mut sessions = self.sessions_of(uid);
        sessions.retain(|session| !self.state.sessions[session].ending);
        for session in &sessions {
            self.state.sessions.get_mut(session).unwrap().ending = true;
            self.tell(*session, crate::net::Told::Bye(why));
        }
        sessions.len()
    }

    fn user_view(&self, now: Now, uid: &Id) -> Answered {
        let user = &self.state.users[uid];
        let term = |until: Option<u64>| match until {
            None => Term::UntilLifted,
            Some(until) => Term::Until(karez::base::clock::UnixMillis(until)),
        };
        Answered::User {
            uid: uid.clone(),
            guest: user.guest,
            sessions: self.sessions_of(uid).len(),
            groups: self.groups_of(uid),
            ban: user.ban.filter(|_| self.is_banned(now, uid)).map(term),
        }
    }

    fn group_view(&self, put: Put, gid: &Id) -> Answered {
        let group = &self.state.groups[gid];
        let owner = group.members.iter().find(|(_, role)| *role == GroupRole::Owner);
        let online = group.members.iter().filter(|(uid, _)| !self.sessions_of(uid).is_empty()).count();
        Answered::Group {
            put,
            name: group.name.clone(),
            open: !group.closed,
            owner: owner.map(|(uid, _)| uid.clone()),
            members: group.members.len(),
            online,
            seq: group.seq,
        }
    }

    fn say(
        &mut self,
        now: Now,
        from: Option<&Id>,
        target: &Target,
        draft: &Draft<'_>,
    ) -> Result<Answered, Refusal> {
        from.map_or(Ok(()), |from| no_system("from", from))?;
        let author = from.cloned().unwrap_or_else(system);
        let (conversation, hearers): (Conversation, Vec<Id>) = match target {
            Target::Group(gid) => {
                no_system("gid", gid)?;
                self.draft(draft)?;
                let members = &self.group(gid).ok_or(Refusal::NotFound)?.members;
                (Conversation::Group(gid.clone()), members.iter().map(|(uid, _)| uid.clone()).collect())
            }
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
            Target::User(peer) => {
                no_system("uid", peer)?;
                self.draft(draft)?;
                let mut hearers = vec![author.clone(), peer.clone()];
                hearers.dedup();
                (Conversation::direct(&author, peer), hearers)
            }
        };
        self.reply(draft, &conversation)?;
        self.acquaint(now, &author);
        let seq = self.last_seq(&conversation) + 1;
        match target {
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
            Target::Group(gid) => self.group_mut(gid).seq = seq,
            Target::User(peer) => {
                self.name_number(peer);
                self.state.directs.insert(conversation.clone(), seq);
            }
        }
        let told = self.said(now, &author, draft, conversation, seq);
        let (mut online, mut stored) = (0, 0);
        for uid in hearers {
            self.tell_user(&uid, &told);
            if uid != author {
                let count = if self.sessions_of(&uid).is_empty() { &mut stored } else { &mut online };
                *count += 1;
            }
        }
        Ok(Answered::Said { seq, online, stored })
    }

    fn put_group(
        &mut self,
        now: Now,
        gid: &Id,
        name: Option<&str>,
        open: Option<bool>,
        owner: Option<&Id>,
    ) -> Result<Answered, Refusal> {
        no_system("gid", gid)?;
        owner.map_or(Ok(()), |owner| no_system("owner", owner))?;
        self.name(name.unwrap_or_default().trim())?;
        let put = if self.group(gid).is_some() { Put::Kept } else { Put::Made };
        let is_empty = self.group(gid).is_none_or(|group| group.members.is_empty());
        if open == Some(false) && is_empty && owner.is_none() {
            return Err(Refusal::Conflict("a closed group needs an owner"));
        }
        if let Some(owner) = owner {
            self.may_be_brought_in(now, owner, gid)?;
        }
        self.acquaint(now, &system());
        if put == Put::Made {
            let group: &mut Group = self.state.groups.entry(gid.clone()).or_default();
            group.exists = true;
            group.name = name.unwrap_or_default().trim().to_owned();
            group.closed = open == Some(false);
        }
        if let Some(owner) = owner {
            self.add(now, &system(), gid, owner)?;
            self.role(now, &system(), gid, (owner, GroupRole::Owner))?;
        }
        if put == Put::Kept {
            self.update(now, &system(), gid, name, open)?;
        }
        Ok(self.group_view(put, gid))
    }

    fn put_member(
        &mut self,
        now: Now,
        gid: &Id,
        uid: &Id,
        role: Option<GroupRole>,
    ) -> Result<Answered, Refusal> {
        no_system("gid", gid)?;
        no_system("uid", uid)?;
        self.group(gid).ok_or(Refusal::NotFound)?;
        let put = if self.is_member(uid, gid) { Put::Kept } else { Put::Made };
        self.may_be_brought_in(now, uid, gid)?;
        self.acquaint(now, &system());
        self.add(now, &system(), gid, uid)?;
        let is_first = put == Put::Made && self.state.groups[gid].members.len() == 1;
        if let Some(role) = role.filter(|_| !is_first) {
            self.role(now, &system(), gid, (uid, role))?;
        }
        let role = self.role_in(uid, gid).unwrap();
        Ok(Answered::Member { put, uid: uid.clone(), role })
    }
}
