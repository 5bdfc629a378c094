//! What must happen, said a second time and as simply as possible.
//!
//! The model has no slots, no topics, no loading and no steps back: a failed turn is the state before it,
//! cloned, with the few things that a failure does not undo ([`Lasting`]). It says for each session what it
//! hears, in order.

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::{Millis, Now, UnixMillis};
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Command, Draft, Identity, Role, Target};
use karez::chat::output::{AckedEntry, Farewell, GroupRole, Refusal};
use karez::chat::{BroadcastPolicy, Limits};

use crate::net::{Said, Told};

#[derive(Clone)]
struct Session {
    uid: Id,
    role: Role,
    watching: BTreeSet<Id>,
    ending: bool,
}

#[derive(Clone, Default)]
struct User {
    name: String,
    guest: bool,
    stored: bool,
}

#[derive(Clone, Default)]
struct Group {
    seq: u64,
    /// Longest-standing first.
    members: Vec<(Id, GroupRole)>,
}

/// What a failed commit undoes.
#[derive(Clone, Default)]
struct State {
    sessions: BTreeMap<SessionId, Session>,
    users: BTreeMap<Id, User>,
    groups: BTreeMap<Id, Group>,
    directs: BTreeMap<Conversation, u64>,
    shown: BTreeSet<Id>,
}

/// What it does not.
#[derive(Default)]
struct Lasting {
    last: BTreeMap<Id, UnixMillis>,
    graces: BTreeMap<Id, Millis>,
    next_guest: u64,
    named: BTreeSet<u64>,
    /// Thousandths of requests that may still be made, and when that was so.
    tokens: BTreeMap<Id, (u64, Millis)>,
    spells: BTreeMap<Id, (Millis, Millis)>,
}

pub struct Model {
    limits: Limits,
    state: State,
    before: State,
    lasting: Lasting,
    ended_graces: Vec<(Id, Millis)>,
    gone: BTreeSet<SessionId>,
    answered: Vec<(SessionId, Option<String>)>,
    heard: BTreeMap<SessionId, Vec<Told>>,
}

type Answer = Result<Option<Option<AckedEntry>>, Refusal>;

impl Model {
    pub fn new(limits: Limits) -> Model {
        let lasting = Lasting { next_guest: limits.guest_uid_first, ..Lasting::default() };
        Model {
            limits,
            state: State::default(),
            before: State::default(),
            lasting,
            ended_graces: Vec::new(),
            gone: BTreeSet::new(),
            answered: Vec::new(),
            heard: BTreeMap::new(),
        }
    }

    pub fn is_logged_in(&self, session: SessionId) -> bool {
        self.state.sessions.contains_key(&session)
    }

    pub fn last_seq(&self, conversation: &Conversation) -> u64 {
        match conversation {
            Conversation::Group(gid) => self.state.groups.get(gid).map_or(0, |group| group.seq),
            direct => self.state.directs.get(direct).copied().unwrap_or(0),
        }
    }

    /// Whether a login was made in this turn.
    pub fn turn_has_login(&self) -> bool {
        self.state.sessions.keys().any(|session| !self.before.sessions.contains_key(session))
    }

    pub fn turn_has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Who came with the store's memory only: a new process on the same store.
    pub fn restart(&mut self) {
        let mut fresh = Model::new(self.limits.clone());
        fresh.state.groups = std::mem::take(&mut self.state.groups);
        fresh.state.directs = std::mem::take(&mut self.state.directs);
        fresh.state.users = std::mem::take(&mut self.state.users);
        fresh.state.users.retain(|_, user| user.stored);
        fresh.before = fresh.state.clone();
        *self = fresh;
    }

    /// The turn is over; what each session heard in it.
    pub fn committed(&mut self) -> BTreeMap<SessionId, Vec<Told>> {
        self.before = self.state.clone();
        self.ended_graces.clear();
        self.answered.clear();
        let mut heard = std::mem::take(&mut self.heard);
        for session in std::mem::take(&mut self.gone) {
            heard.remove(&session);
        }
        heard
    }

    /// The turn failed; what each session hears of that.
    pub fn failed(&mut self, now: Now) -> BTreeMap<SessionId, Vec<Told>> {
        self.state = self.before.clone();
        for session in &self.gone {
            self.state.sessions.remove(session);
        }
        for (uid, at) in std::mem::take(&mut self.ended_graces) {
            self.lasting.graces.entry(uid).or_insert(at);
        }
        // Somebody may have lost the last committed session and the login that was to replace it.
        for uid in self.state.shown.clone() {
            if self.sessions_of(&uid).is_empty() && !self.lasting.graces.contains_key(&uid) {
                self.lasting.last.insert(uid.clone(), now.unix);
                self.lasting.graces.insert(uid, now.mono.plus_ms(self.limits.presence_grace_ms));
            }
        }
        self.heard.clear();
        for (session, id) in std::mem::take(&mut self.answered) {
            let refusal = Refusal::Internal { retry_ms: self.limits.internal_retry_ms };
            self.tell(session, Told::Refused { id, refusal });
        }
        self.committed()
    }

    pub fn gone(&mut self, now: Now, session: SessionId) {
        self.gone.insert(session);
        let Some(of) = self.state.sessions.remove(&session) else { return };
        if self.sessions_of(&of.uid).is_empty() {
            self.lasting.last.insert(of.uid.clone(), now.unix);
            self.lasting.graces.insert(of.uid, now.mono.plus_ms(self.limits.presence_grace_ms));
        }
    }

    pub fn next_deadline(&self) -> Option<Millis> {
        self.lasting.graces.values().min().copied()
    }

    pub fn deadline(&mut self, now: Now) {
        let mut due: Vec<(Millis, Id)> = Vec::new();
        for (uid, at) in &self.lasting.graces {
            if *at <= now.mono {
                due.push((*at, uid.clone()));
            }
        }
        for (at, uid) in due {
            self.lasting.graces.remove(&uid);
            self.ended_graces.push((uid.clone(), at));
            if self.sessions_of(&uid).is_empty() && self.state.shown.remove(&uid) {
                self.tell_watchers(&uid);
            }
        }
    }

    pub fn request(&mut self, now: Now, session: SessionId, id: Option<&str>, command: &Command<'_>) {
        let id = id.map(str::to_owned);
        self.answered.push((session, id.clone()));
        let user = self.state.sessions.get(&session);
        if user.is_some_and(|user| user.ending) {
            return;
        }
        let counts = !matches!(command, Command::Login(_) | Command::Ping);
        let uid = user.map(|user| user.uid.clone());
        if let (true, Some(uid)) = (counts, &uid)
            && let Err(retry_ms) = self.spend(now.mono, uid)
        {
            if self.spell(now.mono, uid) >= self.limits.over_rate_ms {
                self.state.sessions.get_mut(&session).unwrap().ending = true;
                self.tell(session, Told::Bye(Farewell::TooManyMessages));
            } else {
                self.tell(session, Told::Refused { id, refusal: Refusal::RateLimited { retry_ms } });
            }
            return;
        }
        let answer = match (command, uid) {
            (Command::Ping, _) => {
                self.tell(session, Told::Pong { id: id.clone() });
                Ok(None)
            }
            (Command::Login(_), Some(_)) => Err(Refusal::Conflict("this connection is logged in")),
            (Command::Login(identity), None) => self.login(session, id.clone(), identity),
            (_, None) => Err(Refusal::LoginRequired),
            (command, Some(uid)) => self.of_user(now, session, id.clone(), &uid, command),
        };
        match (answer, id) {
            (Ok(Some(entry)), Some(id)) => self.tell(session, Told::Ack { id, entry }),
            (Ok(_), _) => {}
            (Err(refusal), id) => self.tell(session, Told::Refused { id, refusal }),
        }
    }

    fn of_user(
        &mut self,
        now: Now,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        command: &Command<'_>,
    ) -> Answer {
        match command {
            Command::Login(_) | Command::Ping => unreachable!("served before"),
            Command::Join { gid } => {
                no_system("gid", gid)?;
                self.enter(uid, gid)?;
                Ok(Some(None))
            }
            Command::Leave { gid } => {
                no_system("gid", gid)?;
                self.leave(uid, gid)
            }
            Command::Members { gid, after, limit } => {
                no_system("gid", gid)?;
                let role = self.state.sessions[&session].role;
                self.must_be_inside(uid, gid, role == Role::Admin)?;
                self.members(session, id, gid, after.as_ref(), *limit);
                Ok(None)
            }
            Command::Group { gid, draft } => {
                no_system("gid", gid)?;
                self.draft(draft, &Conversation::Group(gid.clone()))?;
                self.enter(uid, gid)?;
                let group = self.state.groups.get_mut(gid).unwrap();
                group.seq += 1;
                let (seq, members) = (group.seq, group.members.clone());
                let told = self.said(now, uid, draft, Conversation::Group(gid.clone()), seq);
                for (member, _) in members {
                    self.tell_user(&member, &told);
                }
                Ok(Some(Some(acked(Target::Group(gid.clone()), seq, now))))
            }
            Command::Pm { uid: peer, draft } => {
                no_system("uid", peer)?;
                let conversation = Conversation::direct(uid, peer);
                self.draft(draft, &conversation)?;
                self.remember(uid);
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
            Command::Broadcast { content } => {
                if content.len() > self.limits.content_bytes_max {
                    return Err(Refusal::TooLarge("content"));
                }
                let role = self.state.sessions[&session].role;
                if self.limits.broadcast == BroadcastPolicy::Admins && role != Role::Admin {
                    return Err(Refusal::Forbidden);
                }
                let name = self.state.users[uid].name.clone();
                let told = Told::Broadcast { uid: uid.clone(), name, content: content.to_string() };
                for session in self.state.sessions.keys().copied().collect::<Vec<_>>() {
                    self.tell(session, told.clone());
                }
                Ok(Some(None))
            }
            Command::Typing { target } => self.typing(uid, target),
            Command::Presence { uids } => self.presence(session, id, uids),
        }
    }

    fn login(&mut self, session: SessionId, id: Option<String>, identity: &Identity<'_>) -> Answer {
        let (Identity::NewGuest { name } | Identity::Known { name, .. }) = identity;
        if matches!(identity, Identity::Known { uid, .. } if uid.to_string() == "system") {
            return Err(Refusal::Forbidden);
        }
        let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            if name.chars().count() > self.limits.name_chars_max || name.len() > self.limits.name_bytes_max {
                return Err(Refusal::BadRequest("name", "is too long"));
            }
            if name.chars().any(char::is_control) {
                return Err(Refusal::BadRequest("name", "has control characters"));
            }
        }
        let (uid, role) = match identity {
            Identity::NewGuest { .. } => (self.free_number(), Role::User),
            Identity::Known { uid, role, .. } => {
                self.name_number(uid);
                (uid.clone(), *role)
            }
        };
        let first = self.limits.guest_uid_first;
        let numbers = first..self.lasting.next_guest;
        let of_ours = matches!(&uid, Id::Number(n) if numbers.contains(n) && !self.lasting.named.contains(n));
        let user = self.state.users.entry(uid.clone()).or_default();
        if !user.stored {
            user.guest = of_ours;
        }
        match name {
            Some(name) => user.name = name.to_owned(),
            None if !user.name.is_empty() => {}
            None if user.guest => user.name = format!("Guest {uid}"),
            None => user.name = uid.to_string(),
        }
        if !user.guest {
            user.stored = true;
        }
        let (name, guest) = (user.name.clone(), user.guest);
        self.tell(session, Told::Login { id, uid: uid.clone(), name, guest });
        if self.state.shown.insert(uid.clone()) {
            self.tell_watchers(&uid);
        }
        let watching = BTreeSet::new();
        self.state.sessions.insert(session, Session { uid, role, watching, ending: false });
        Ok(None)
    }

    fn free_number(&mut self) -> Id {
        loop {
            let number = self.lasting.next_guest;
            let uid = Id::from_number(number).unwrap();
            self.lasting.next_guest += 1;
            if self.state.users.get(&uid).is_some_and(|user| user.stored) {
                self.lasting.named.insert(number);
            }
            if !self.lasting.named.contains(&number) {
                return uid;
            }
        }
    }

    fn name_number(&mut self, uid: &Id) {
        if let Id::Number(number) = uid
            && *number >= self.lasting.next_guest
        {
            self.lasting.named.insert(*number);
        }
    }

    fn remember(&mut self, uid: &Id) {
        self.state.users.get_mut(uid).unwrap().stored = true;
    }

    fn is_member(&self, uid: &Id, gid: &Id) -> bool {
        self.state.groups.get(gid).is_some_and(|group| group.members.iter().any(|(member, _)| member == uid))
    }

    fn enter(&mut self, uid: &Id, gid: &Id) -> Result<(), Refusal> {
        if self.is_member(uid, gid) {
            return Ok(());
        }
        let mine = self.state.groups.keys().filter(|gid| self.is_member(uid, gid)).count();
        if mine >= self.limits.groups_per_user_max {
            return Err(Refusal::Conflict("you are in as many groups as a user may be in"));
        }
        let theirs = self.state.groups.get(gid).map_or(0, |group| group.members.len());
        if theirs >= self.limits.group_members_max {
            return Err(Refusal::Conflict("the group has as many members as a group may have"));
        }
        self.remember(uid);
        let group = self.state.groups.entry(gid.clone()).or_default();
        let role = if group.members.is_empty() { GroupRole::Owner } else { GroupRole::Member };
        group.members.push((uid.clone(), role));
        let members = group.members.clone();
        if members.len() <= self.limits.notice_members_max {
            let name = self.state.users[uid].name.clone();
            let told = Told::Joined { gid: gid.clone(), uid: uid.clone(), name, members: members.len() };
            for (member, _) in members {
                self.tell_user(&member, &told);
            }
        }
        Ok(())
    }

    fn leave(&mut self, uid: &Id, gid: &Id) -> Answer {
        let Some(group) = self.state.groups.get_mut(gid) else { return Err(Refusal::NotFound) };
        let before = group.members.clone();
        group.members.retain(|(member, _)| member != uid);
        if group.members.len() == before.len() {
            return Ok(Some(None));
        }
        if !group.members.iter().any(|(_, role)| *role == GroupRole::Owner)
            && let Some(heir) = group.members.first_mut()
        {
            heir.1 = GroupRole::Owner;
        }
        let members = group.members.len();
        if before.len() <= self.limits.notice_members_max {
            let name = self.state.users[uid].name.clone();
            let told = Told::Left { gid: gid.clone(), uid: uid.clone(), name, members };
            for (member, _) in before {
                self.tell_user(&member, &told);
            }
        }
        Ok(Some(None))
    }

    fn must_be_inside(&self, uid: &Id, gid: &Id, is_admin: bool) -> Result<(), Refusal> {
        if !self.state.groups.contains_key(gid) {
            return Err(Refusal::NotFound);
        }
        if is_admin || self.is_member(uid, gid) { Ok(()) } else { Err(Refusal::Forbidden) }
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

    fn typing(&mut self, uid: &Id, target: &Target) -> Answer {
        let told = Told::Typing { target: target.clone(), uid: uid.clone() };
        match target {
            Target::Group(gid) => {
                no_system("gid", gid)?;
                self.must_be_inside(uid, gid, false)?;
                for (member, _) in self.state.groups[gid].members.clone() {
                    self.tell_user(&member, &told);
                }
            }
            Target::User(peer) => {
                no_system("uid", peer)?;
                if peer != uid {
                    self.tell_user(peer, &told);
                }
            }
        }
        Ok(Some(None))
    }

    fn presence(&mut self, session: SessionId, id: Option<String>, uids: &[Id]) -> Answer {
        let mut watching = self.state.sessions[&session].watching.clone();
        let mut users = Vec::new();
        for uid in uids {
            if !users.iter().any(|(seen, _, _)| seen == uid) {
                users.push(self.presence_of(uid));
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

    fn presence_of(&self, uid: &Id) -> (Id, bool, Option<UnixMillis>) {
        let online = self.state.shown.contains(uid);
        (uid.clone(), online, self.lasting.last.get(uid).copied().filter(|_| !online))
    }

    fn draft(&self, draft: &Draft<'_>, conversation: &Conversation) -> Result<(), Refusal> {
        let too_large = |is: bool, field| if is { Err(Refusal::TooLarge(field)) } else { Ok(()) };
        too_large(draft.content.len() > self.limits.content_bytes_max, "content")?;
        match draft.kind.as_deref() {
            Some("") => return Err(Refusal::BadRequest("kind", "is empty")),
            Some("system") => return Err(Refusal::BadRequest("kind", "is reserved")),
            kind => too_large(kind.unwrap_or("").len() > self.limits.kind_bytes_max, "kind")?,
        }
        too_large(draft.data.as_deref().unwrap_or("").len() > self.limits.data_bytes_max, "data")?;
        too_large(draft.mentions.len() > self.limits.mentions_max, "mentions")?;
        match draft.reply {
            Some(reply) if !(1..=self.last_seq(conversation)).contains(&reply) => {
                Err(Refusal::BadRequest("reply", "is no entry so far"))
            }
            _ => Ok(()),
        }
    }

    fn said(&self, now: Now, uid: &Id, draft: &Draft<'_>, conversation: Conversation, seq: u64) -> Told {
        Told::Entry(Said {
            conversation,
            seq,
            uid: uid.clone(),
            name: self.state.users[uid].name.clone(),
            content: draft.content.to_string(),
            kind: draft.kind.as_ref().map(ToString::to_string),
            data: draft.data.as_ref().map(ToString::to_string),
            reply: draft.reply,
            mentions: draft.mentions.clone(),
            time: now.unix,
        })
    }

    /// Takes a request from the bucket, or says how many milliseconds are missing.
    fn spend(&mut self, now: Millis, uid: &Id) -> Result<(), u64> {
        let full = self.limits.messages_burst * 1_000;
        let (tokens, at) = self.lasting.tokens.get(uid).copied().unwrap_or((full, now));
        let tokens = full.min(tokens + now.ms_since(at) * self.limits.messages_per_second);
        let left = tokens.checked_sub(1_000);
        self.lasting.tokens.insert(uid.clone(), (left.unwrap_or(tokens), now));
        match left {
            Some(_) => Ok(()),
            None => Err((1_000 - tokens).div_ceil(self.limits.messages_per_second)),
        }
    }

    fn spell(&mut self, now: Millis, uid: &Id) -> u64 {
        let pause = self.limits.over_rate_pause_ms;
        let spell =
            self.lasting.spells.get(uid).copied().filter(|(_, latest)| now.ms_since(*latest) <= pause);
        let first = spell.map_or(now, |(first, _)| first);
        self.lasting.spells.insert(uid.clone(), (first, now));
        now.ms_since(first)
    }

    fn sessions_of(&self, uid: &Id) -> Vec<SessionId> {
        let of = |(session, of): (&SessionId, &Session)| (of.uid == *uid).then_some(*session);
        self.state.sessions.iter().filter_map(of).collect()
    }

    fn tell_watchers(&mut self, uid: &Id) {
        let told = Told::Presence { id: None, users: vec![self.presence_of(uid)] };
        let watchers = self.state.sessions.iter().filter(|(_, session)| session.watching.contains(uid));
        for session in watchers.map(|(session, _)| *session).collect::<Vec<_>>() {
            self.tell(session, told.clone());
        }
    }

    fn tell_user(&mut self, uid: &Id, told: &Told) {
        for session in self.sessions_of(uid) {
            self.tell(session, told.clone());
        }
    }

    fn tell(&mut self, session: SessionId, told: Told) {
        self.heard.entry(session).or_default().push(told);
    }
}

fn no_system(field: &'static str, id: &Id) -> Result<(), Refusal> {
    if id.to_string() == "system" { Err(Refusal::BadRequest(field, "is reserved")) } else { Ok(()) }
}

fn acked(target: Target, seq: u64, now: Now) -> AckedEntry {
    AckedEntry { target, seq, time: now.unix, duplicate: false }
}
