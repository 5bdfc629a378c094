//! What each request must do.

use std::collections::BTreeSet;

use karez::base::clock::{Millis, Now, UnixMillis};
use karez::chat::BroadcastPolicy;
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Command, Draft, Grant, Identity, Resume, Role, Target};
use karez::chat::output::{AckedEntry, GroupRole, Recall, Refusal};

use super::{Answer, Group, Model, Session};
use crate::net::{Said, Told};

impl Model {
    pub(super) fn of_user(
        &mut self,
        now: Now,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        command: &Command<'_>,
    ) -> Answer {
        match command {
            Command::Desk(_) => unreachable!("tickets have a simulation of their own"),
            Command::Login(..) | Command::Ping => unreachable!("served before"),
            Command::Refresh(grant) => self.refresh(now, session, id, uid, grant.as_ref()),
            Command::Join { gid } => {
                no_system("gid", gid)?;
                self.must_not_be_kept_out(now, session, uid, gid)?;
                self.enter(now, uid, gid)?;
                Ok(Some(None))
            }
            Command::Leave { gid } => {
                no_system("gid", gid)?;
                self.leave(session, uid, gid)
            }
            Command::Members { gid, after, limit } => {
                no_system("gid", gid)?;
                self.must_be_inside(session, uid, gid)?;
                self.members(session, id, gid, after.as_ref(), *limit);
                Ok(None)
            }
            Command::Group { gid, draft } => {
                no_system("gid", gid)?;
                let target = Target::Group(gid.clone());
                self.once(uid, id, draft, target, |model| model.speak(now, session, uid, gid, draft))
            }
            Command::Act { gid, act } => self.act(now, session, uid, gid, act),
            Command::Groups { listing, cursor } => {
                self.list_groups(session, id, uid, *listing, cursor.as_ref())
            }
            Command::Profile { name } => self.profile(uid, name),
            Command::Block { uid: other, on } => self.block(now, uid, other, *on),
            Command::Pm { uid: peer, draft } => {
                no_system("uid", peer)?;
                let target = Target::User(peer.clone());
                self.once(uid, id, draft, target, |model| model.whisper(now, session, uid, peer, draft))
            }
            Command::History { target, bounds, limit } => {
                self.history(session, id, uid, target, (*bounds, *limit))
            }
            Command::Recall { target, seq } => self.recall(now, session, uid, target, *seq),
            Command::Conversations { cursor, limit } => {
                self.conversations(session, id, uid, cursor.as_ref(), *limit)
            }
            Command::Read { target, seq } => self.read(session, uid, target, *seq),
            Command::Search { query, target, cursor, limit } => {
                self.search(session, id, uid, (query, target.as_ref()), (*cursor, *limit))
            }
            Command::Broadcast { content } => self.broadcast(session, uid, content),
            Command::Typing { target } => self.typing(now, session, uid, target),
            Command::Presence { uids } => self.presence(session, id, uid, uids),
        }
    }

    fn speak(&mut self, now: Now, session: SessionId, uid: &Id, gid: &Id, draft: &Draft<'_>) -> Answer {
        self.must_not_be_kept_out(now, session, uid, gid)?;
        self.must_not_be_muted(now, session, uid, gid)?;
        self.reply(draft, &Conversation::Group(gid.clone()))?;
        self.enter(now, uid, gid)?;
        let group = self.state.groups.get_mut(gid).unwrap();
        group.seq += 1;
        let (seq, members) = (group.seq, group.members.clone());
        let told = self.said(now, uid, draft, Conversation::Group(gid.clone()), seq);
        for (member, _) in members {
            self.tell_user(&member, &told);
        }
        Ok(Some(Some(acked(Target::Group(gid.clone()), seq, now))))
    }

    fn whisper(&mut self, now: Now, session: SessionId, uid: &Id, peer: &Id, draft: &Draft<'_>) -> Answer {
        let conversation = Conversation::direct(uid, peer);
        if self.blocks(peer, uid) && self.state.sessions[&session].role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        self.reply(draft, &conversation)?;
        self.remember(now, uid);
        self.name_number(peer);
        let seq = self.last_seq(&conversation) + 1;
        self.state.directs.insert(conversation.clone(), seq);
        let told = self.said(now, uid, draft, conversation, seq);
        self.tell_user(uid, &told);
        if peer != uid {
            self.tell_user(peer, &told);
        }
        Ok(Some(Some(acked(Target::User(peer.clone()), seq, now))))
    }

    fn broadcast(&mut self, session: SessionId, uid: &Id, content: &str) -> Answer {
        if content.len() > self.limits.content_bytes_max {
            return Err(Refusal::TooLarge("content"));
        }
        let role = self.state.sessions[&session].role;
        if self.limits.broadcast == BroadcastPolicy::Admins && role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let name = self.state.users[uid].name.clone();
        let told = Told::Broadcast { uid: uid.clone(), name, content: content.to_owned() };
        for session in self.state.sessions.keys().copied().collect::<Vec<_>>() {
            self.tell(session, told.clone());
        }
        Ok(Some(None))
    }

    pub(super) fn login(
        &mut self,
        now: Now,
        session: SessionId,
        id: Option<String>,
        (identity, resume): (&Identity<'_>, Option<&Resume>),
    ) -> Answer {
        let name = match identity {
            Identity::NewGuest { name } | Identity::Guest { name, .. } => name.as_deref(),
            Identity::Known(grant) => grant.name.as_deref(),
        };
        if matches!(identity, Identity::Known(grant) if grant.uid.to_string() == "system") {
            return Err(Refusal::Forbidden);
        }
        if resume.is_some_and(|resume| resume.conversations.len() > self.limits.resume_conversations_max) {
            return Err(Refusal::BadRequest("resume", "names too many conversations"));
        }
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            self.name(name)?;
        }
        let uid = match identity {
            Identity::NewGuest { .. } => self.free_number(),
            Identity::Guest { uid, .. } | Identity::Known(Grant { uid, .. }) => uid.clone(),
        };
        if self.is_banned(now, &uid) {
            return Err(Refusal::Forbidden);
        }
        self.name_number(&uid);
        let known = match identity {
            Identity::Known(grant) => Some(grant),
            _ => None,
        };
        let guest = self.is_guest(&uid);
        let stored = self.state.users.get(&uid).is_some_and(|user| user.stored);
        if known.is_some() && guest || known.is_none() && stored && !guest {
            return Err(Refusal::Unauthorized);
        }
        let user = self.state.users.entry(uid.clone()).or_default();
        user.guest = known.is_none();
        user.stored |= known.is_some();
        match name {
            Some(name) => user.name = name.to_owned(),
            None if !user.name.is_empty() => {}
            None if user.guest => user.name = format!("Guest {uid}"),
            None => user.name = uid.to_string(),
        }
        let (name, guest) = (user.name.clone(), user.guest);
        self.see_in_passing(now, &uid);
        if self.lasting.forgotten.contains(&uid) {
            self.marks.push("a guest who was forgotten comes back");
        }
        self.tell(session, Told::Login { id, uid: uid.clone(), name, guest });
        if self.state.shown.insert(uid.clone()) {
            self.tell_watchers(&uid);
        }
        let role = known.map_or(Role::User, |grant| grant.role);
        let until = known.map(|grant| until(now, grant));
        let of = Session { uid: uid.clone(), role, until, watching: BTreeSet::new(), ending: false };
        self.state.sessions.insert(session, of);
        for gid in known.iter().flat_map(|grant| &grant.groups) {
            if role == Role::Admin || !self.is_kept_out(now, &uid, gid) {
                let _ = self.enter(now, &uid, gid);
            }
        }
        Ok(None)
    }

    /// Whether the uid is or was a guest's.
    pub fn is_guest(&self, uid: &Id) -> bool {
        let user = self.state.users.get(uid);
        let given = self.limits.guest_uid_first..self.lasting.next_guest;
        user.is_some_and(|user| user.guest)
            || !user.is_some_and(|user| user.stored)
                && matches!(uid, Id::Number(n) if given.contains(n) && !self.lasting.named.contains(n))
    }

    fn refresh(
        &mut self,
        now: Now,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        grant: Option<&Grant>,
    ) -> Answer {
        let fits = |grant: &&Grant| grant.uid == *uid && !self.state.users[uid].guest;
        let Some(grant) = grant.filter(fits) else { return Err(Refusal::Unauthorized) };
        let of = self.state.sessions.get_mut(&session).unwrap();
        (of.role, of.until) = (grant.role, Some(until(now, grant)));
        self.tell(session, Told::Refreshed { id, exp_s: grant.exp_s });
        Ok(None)
    }

    pub(super) fn name(&self, name: &str) -> Result<(), Refusal> {
        if name.chars().count() > self.limits.name_chars_max || name.len() > self.limits.name_bytes_max {
            return Err(Refusal::BadRequest("name", "is too long"));
        }
        if name.chars().any(char::is_control) {
            return Err(Refusal::BadRequest("name", "has control characters"));
        }
        Ok(())
    }

    fn free_number(&mut self) -> Id {
        loop {
            let number = self.lasting.next_guest;
            let uid = Id::from_number(number).unwrap();
            self.lasting.next_guest += 1;
            let in_talk =
                |of: &Conversation| matches!(of, Conversation::Direct(a, b) if *a == uid || *b == uid);
            let stored = self.state.users.get(&uid).is_some_and(|user| user.stored);
            let in_group = |group: &Group| group.muted.contains_key(&uid) || group.banned.contains_key(&uid);
            let named = stored
                || self.state.pushed.contains(&uid)
                || self.state.directs.keys().any(in_talk)
                || self.state.groups.values().any(in_group)
                || self.state.users.values().any(|user| user.blocks.contains(&uid));
            if named {
                self.lasting.named.insert(number);
            }
            if !self.lasting.named.contains(&number) {
                if number >= self.state.guests_until {
                    self.state.guests_until = number + self.limits.guests_reserved;
                }
                return uid;
            }
        }
    }

    pub(super) fn name_number(&mut self, uid: &Id) {
        if let Id::Number(number) = uid
            && *number >= self.lasting.next_guest
        {
            self.lasting.named.insert(*number);
        }
    }

    pub(super) fn groups_of(&self, uid: &Id) -> usize {
        self.state.groups.keys().filter(|gid| self.is_member(uid, gid)).count()
    }

    pub(super) fn is_member(&self, uid: &Id, gid: &Id) -> bool {
        self.state.groups.get(gid).is_some_and(|group| group.members.iter().any(|(member, _)| member == uid))
    }

    fn enter(&mut self, now: Now, uid: &Id, gid: &Id) -> Result<(), Refusal> {
        if self.is_member(uid, gid) {
            return Ok(());
        }
        if self.groups_of(uid) >= self.limits.groups_per_user_max {
            return Err(Refusal::Conflict("you are in as many groups as a user may be in"));
        }
        let theirs = self.state.groups.get(gid).map_or(0, |group| group.members.len());
        if theirs >= self.limits.group_members_max {
            return Err(Refusal::Conflict("the group has as many members as a group may have"));
        }
        self.remember(now, uid);
        let group = self.state.groups.entry(gid.clone()).or_default();
        group.exists = true;
        let role = if group.members.is_empty() { GroupRole::Owner } else { GroupRole::Member };
        group.members.push((uid.clone(), role));
        let members = group.members.clone();
        self.begin_cursor(uid, gid);
        if members.len() <= self.limits.notice_members_max {
            let name = self.state.users[uid].name.clone();
            let told = Told::Joined { gid: gid.clone(), uid: uid.clone(), name, members: members.len() };
            for (member, _) in members {
                self.tell_user(&member, &told);
            }
        }
        Ok(())
    }

    fn leave(&mut self, session: SessionId, uid: &Id, gid: &Id) -> Answer {
        match self.must_be_inside(session, uid, gid) {
            Err(Refusal::NotFound) => return Err(Refusal::NotFound),
            _ if !self.is_member(uid, gid) => return Ok(Some(None)),
            _ => {}
        }
        self.go_out(uid, gid);
        Ok(Some(None))
    }

    fn members(
        &mut self,
        session: SessionId,
        id: Option<String>,
        gid: &Id,
        after: Option<&Id>,
        limit: Option<u32>,
    ) {
        let mut list: Vec<(Id, GroupRole)> = self.state.groups[gid].members.clone();
        list.sort();
        list.retain(|(uid, _)| after.is_none_or(|after| uid > after));
        let limit = limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.members_page_max);
        let more = list.len() > limit;
        list.truncate(limit);
        let line = |(uid, role): (Id, GroupRole)| {
            let online = !self.sessions_of(&uid).is_empty();
            let name = self.state.users[&uid].name.clone();
            (uid, name, role, online)
        };
        let members = list.into_iter().map(line).collect();
        self.tell(session, Told::Members { id, gid: gid.clone(), members, more });
    }

    fn typing(&mut self, now: Now, session: SessionId, uid: &Id, target: &Target) -> Answer {
        let told = Told::Typing { target: target.clone(), uid: uid.clone() };
        match target {
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
            Target::Group(gid) => {
                no_system("gid", gid)?;
                self.must_be_inside(session, uid, gid)?;
                self.must_not_be_muted(now, session, uid, gid)?;
                for (member, _) in self.state.groups[gid].members.clone() {
                    self.tell_user(&member, &told);
                }
            }
            Target::User(peer) => {
                no_system("uid", peer)?;
                if peer != uid && !self.blocks(peer, uid) && !self.blocks(uid, peer) {
                    self.tell_user(peer, &told);
                }
            }
        }
        Ok(Some(None))
    }

    fn presence(&mut self, session: SessionId, id: Option<String>, own: &Id, uids: &[Id]) -> Answer {
        let mut watching = self.state.sessions[&session].watching.clone();
        let mut users = Vec::new();
        for uid in uids {
            if !users.iter().any(|(seen, _, _)| seen == uid) {
                let hidden = (uid.clone(), false, None);
                users.push(if self.blocks(uid, own) { hidden } else { self.presence_of(uid) });
            }
            watching.insert(uid.clone());
        }
        if watching.len() > self.limits.watched_uids_max {
            return Err(Refusal::BadRequest("uids", "are more than a connection may watch"));
        }
        self.state.sessions.get_mut(&session).unwrap().watching = watching;
        self.tell(session, Told::Presence { id, users });
        Ok(None)
    }

    pub(super) fn presence_of(&self, uid: &Id) -> (Id, bool, Option<UnixMillis>) {
        let online = self.state.shown.contains(uid);
        (uid.clone(), online, self.lasting.last.get(uid).copied().filter(|_| !online))
    }

    pub(super) fn draft(&self, draft: &Draft<'_>) -> Result<(), Refusal> {
        let too_large = |is: bool, field| if is { Err(Refusal::TooLarge(field)) } else { Ok(()) };
        too_large(draft.content.len() > self.limits.content_bytes_max, "content")?;
        match draft.kind.as_deref() {
            Some("") => return Err(Refusal::BadRequest("kind", "is empty")),
            Some("system") => return Err(Refusal::BadRequest("kind", "is reserved")),
            kind => too_large(kind.unwrap_or("").len() > self.limits.kind_bytes_max, "kind")?,
        }
        too_large(draft.data.as_deref().unwrap_or("").len() > self.limits.data_bytes_max, "data")?;
        too_large(draft.mentions.len() > self.limits.mentions_max, "mentions")
    }

    pub(super) fn reply(&self, draft: &Draft<'_>, conversation: &Conversation) -> Result<(), Refusal> {
        match draft.reply {
            Some(reply) if !(1..=self.last_seq(conversation)).contains(&reply) => {
                Err(Refusal::BadRequest("reply", "is no entry so far"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn said(
        &mut self,
        now: Now,
        uid: &Id,
        draft: &Draft<'_>,
        conversation: Conversation,
        seq: u64,
    ) -> Told {
        let said = Said {
            conversation,
            seq,
            uid: uid.clone(),
            name: self.state.users[uid].name.clone(),
            content: draft.content.to_string(),
            kind: draft.kind.as_ref().map(ToString::to_string),
            data: draft.data.as_ref().map(ToString::to_string),
            reply: draft.reply,
            mentions: draft.mentions.clone(),
            act: None,
            recall: Recall::None,
            time: now.unix,
        };
        self.keep(&said);
        Told::Entry(said)
    }
}

fn until(now: Now, grant: &Grant) -> Millis {
    now.mono.plus_ms(grant.holds_until.0.saturating_sub(now.unix.0))
}

pub(super) fn no_system(field: &'static str, id: &Id) -> Result<(), Refusal> {
    if id.to_string() == "system" { Err(Refusal::BadRequest(field, "is reserved")) } else { Ok(()) }
}

pub(super) fn acked(target: Target, seq: u64, now: Now) -> AckedEntry {
    AckedEntry { target, seq, time: now.unix, duplicate: false }
}
