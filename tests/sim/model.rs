//! What must happen, said a second time and as simply as possible.
//!
//! The model has no slots, no topics, no loading and no steps back: a failed turn is the state before it,
//! cloned, with the few things that a failure does not undo ([`Lasting`]). It says for each session what it
//! hears, in order.

mod calling;
mod forgetting;
mod governing;
pub mod past;
pub mod pushing;
mod reading;
mod requests;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::{Millis, Now, UnixDay, UnixMillis};
use karez::chat::Limits;
use karez::chat::ids::{CallId, Conversation, Id, SessionId};
use karez::chat::input::{Command, Draft, Identity, Role, Target};
use karez::chat::output::{AckedEntry, Farewell, ForgetReport, GroupRole, Recall, Refusal};

use crate::net::{Answered, Said, Told};

#[derive(Clone)]
struct Session {
    uid: Id,
    role: Role,
    /// When the token ceases to hold.
    until: Option<Millis>,
    watching: BTreeSet<Id>,
    ending: bool,
}

#[derive(Clone, Default)]
struct User {
    name: String,
    guest: bool,
    stored: bool,
    blocks: BTreeSet<Id>,
    /// Until when, in Unix milliseconds; `None` is for ever.
    ban: Option<Option<u64>>,
    /// The last day of a guest's.
    seen: UnixDay,
}

#[derive(Clone, Default)]
struct Group {
    exists: bool,
    /// Goes on when the group is deleted and made anew.
    seq: u64,
    name: String,
    closed: bool,
    /// Until when, in Unix milliseconds; `None` is for ever.
    muted: BTreeMap<Id, Option<u64>>,
    banned: BTreeMap<Id, Option<u64>>,
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
    entries: BTreeMap<Conversation, Vec<Said>>,
    /// The number of the last entry, over all conversations, and how many there have been.
    newest: BTreeMap<Conversation, u64>,
    entries_ever: u64,
    /// How far members and those who talk have read.
    cursors: BTreeMap<(Id, Conversation), u64>,
    /// Where each entry is, by its number.
    said: BTreeMap<u64, (Conversation, u64)>,
    /// What each user has sent under which id.
    sends: BTreeMap<(Id, String), (Draft<'static>, AckedEntry)>,
    shown: BTreeSet<Id>,
    /// For whom a push waits, or did.
    pushed: BTreeSet<Id>,
    guests_until: u64,
    /// Who was deleted, and what went.
    erased: BTreeMap<Id, ForgetReport>,
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
    forgetting_at: Millis,
    /// The day of a guest who merely comes or goes is not written before.
    spares_store_until: Millis,
    /// For marks: who was forgotten at some time.
    forgotten: BTreeSet<Id>,
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
    /// What the calls of the turn are answered, in order.
    pub answers: Vec<(CallId, Answered)>,
    /// Ways that were taken.
    pub marks: Vec<&'static str>,
}

type Answer = Result<Option<Option<AckedEntry>>, Refusal>;

impl Model {
    pub fn new(limits: Limits) -> Model {
        let forgetting_at = Millis(limits.forgetting_every_ms);
        let next_guest = limits.guest_uid_first;
        let lasting = Lasting { next_guest, forgetting_at, ..Lasting::default() };
        Model {
            limits,
            state: State::default(),
            before: State::default(),
            lasting,
            ended_graces: Vec::new(),
            gone: BTreeSet::new(),
            answered: Vec::new(),
            heard: BTreeMap::new(),
            answers: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub fn is_logged_in(&self, session: SessionId) -> bool {
        self.state.sessions.contains_key(&session)
    }

    pub fn uid_of(&self, session: SessionId) -> Option<Id> {
        self.state.sessions.get(&session).map(|of| of.uid.clone())
    }

    pub fn somebody_banned(&self, gid: &Id) -> Option<Id> {
        self.state.groups.get(gid).and_then(|group| group.banned.keys().next().cloned())
    }

    /// Somebody whom the site has banned, for however long.
    pub fn somebody_kept_out(&self) -> Option<Id> {
        self.state.users.iter().find(|(_, user)| user.ban.is_some()).map(|(uid, _)| uid.clone())
    }

    pub fn last_seq(&self, conversation: &Conversation) -> u64 {
        match conversation {
            Conversation::Group(gid) => self.state.groups.get(gid).map_or(0, |group| group.seq),
            direct => self.state.directs.get(direct).copied().unwrap_or(0),
        }
    }

    /// The last number of a conversation as the user of a session names it.
    pub fn last_seq_to(&self, session: SessionId, target: &Target) -> u64 {
        match (target, self.state.sessions.get(&session)) {
            (Target::Group(gid), _) => self.last_seq(&Conversation::Group(gid.clone())),
            (Target::User(peer), Some(of)) => self.last_seq(&Conversation::direct(&of.uid, peer)),
            (Target::User(_), None) | (Target::Ticket(_), _) => 0,
        }
    }

    /// Whether this is somebody who was never stored and is not here.
    pub fn is_vague(&self, uid: &Id) -> bool {
        self.state.users.get(uid).is_some_and(|user| !user.stored) && self.sessions_of(uid).is_empty()
    }

    /// Whether a login was made in this turn.
    pub fn turn_has_login(&self) -> bool {
        self.state.sessions.keys().any(|session| !self.before.sessions.contains_key(session))
    }

    /// Whether something was recalled in this turn.
    pub fn turn_has_recall(&self) -> bool {
        let recalls = |state: &State| {
            let all = state.entries.values().flatten();
            all.filter(|said| matches!(said.recall, Recall::Of(_))).count()
        };
        recalls(&self.state) > recalls(&self.before)
    }

    pub fn turn_has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// The process ends in the middle of a turn, of which nothing stays.
    pub fn crash(&mut self) {
        self.state = self.before.clone();
        self.restart();
    }

    /// Who came with the store's memory only: a new process on the same store.
    pub fn restart(&mut self) {
        // What was not committed is not there.
        self.state = self.before.clone();
        let mut fresh = Model::new(self.limits.clone());
        fresh.state.groups = std::mem::take(&mut self.state.groups);
        fresh.state.directs = std::mem::take(&mut self.state.directs);
        fresh.state.entries = std::mem::take(&mut self.state.entries);
        fresh.state.newest = std::mem::take(&mut self.state.newest);
        fresh.state.entries_ever = self.state.entries_ever;
        fresh.state.cursors = std::mem::take(&mut self.state.cursors);
        fresh.state.said = std::mem::take(&mut self.state.said);
        fresh.state.sends = std::mem::take(&mut self.state.sends);
        fresh.state.users = std::mem::take(&mut self.state.users);
        fresh.state.users.retain(|_, user| user.stored);
        fresh.state.pushed = std::mem::take(&mut self.state.pushed);
        fresh.state.erased = std::mem::take(&mut self.state.erased);
        fresh.state.guests_until = self.state.guests_until;
        fresh.lasting.next_guest = self.limits.guest_uid_first.max(self.state.guests_until);
        fresh.lasting.forgotten = std::mem::take(&mut self.lasting.forgotten);
        fresh.marks = std::mem::take(&mut self.marks);
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
        // Of two graces that ended in one turn the later one stands.
        for (uid, at) in std::mem::take(&mut self.ended_graces).into_iter().rev() {
            self.lasting.graces.entry(uid).or_insert(at);
        }
        // Somebody may have lost the last committed session and the login that was to replace it.
        for uid in self.state.shown.clone() {
            if self.sessions_of(&uid).is_empty() && !self.lasting.graces.contains_key(&uid) {
                self.lasting.last.insert(uid.clone(), now.unix);
                self.lasting.graces.insert(uid, now.mono.plus_ms(self.limits.presence_grace_ms));
            }
        }
        self.lasting.forgetting_at = now.mono.plus_ms(self.limits.forgetting_every_ms);
        self.lasting.spares_store_until = self.lasting.forgetting_at;
        for (_, answered) in &mut self.answers {
            *answered = Answered::Refused(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
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
            self.lasting.graces.insert(of.uid.clone(), now.mono.plus_ms(self.limits.presence_grace_ms));
            self.see_in_passing(now, &of.uid);
        }
    }

    pub fn next_deadline(&self) -> Option<Millis> {
        let sessions = self.state.sessions.values().filter(|of| !of.ending).filter_map(|of| of.until);
        let forgetting = Some(self.lasting.forgetting_at);
        self.lasting.graces.values().copied().chain(sessions).chain(forgetting).min()
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
        let mut expired: Vec<SessionId> = Vec::new();
        for (session, of) in &mut self.state.sessions {
            if !of.ending && of.until.is_some_and(|until| until <= now.mono) {
                of.ending = true;
                expired.push(*session);
            }
        }
        for session in expired {
            self.tell(session, Told::Bye(Farewell::TokenExpired));
        }
        if self.lasting.forgetting_at <= now.mono {
            self.forget_somebody(now);
        }
    }

    pub fn request(&mut self, now: Now, session: SessionId, id: Option<&str>, command: &Command<'_>) {
        let id = id.map(str::to_owned);
        self.answered.push((session, id.clone()));
        let user = self.state.sessions.get(&session);
        if user.is_some_and(|user| user.ending) {
            return;
        }
        let counts = !matches!(command, Command::Login(..) | Command::Ping);
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
            (Command::Login(..), Some(_)) => Err(Refusal::Conflict("this connection is logged in")),
            (Command::Login(identity, resume), None) => {
                self.login(now, session, id.clone(), (identity, resume.as_ref()))
            }
            (_, None) => Err(Refusal::LoginRequired),
            (command, Some(uid)) => self.of_user(now, session, id.clone(), &uid, command),
        };
        match (answer, id) {
            (Ok(Some(entry)), Some(id)) => self.tell(session, Told::Ack { id, entry }),
            (Ok(_), _) => {}
            (Err(refusal), id) => {
                let why = match (&refusal, command) {
                    (_, Command::Login(Identity::Known(grant), _)) if grant.uid.to_string() == "system" => {
                        None
                    }
                    (Refusal::Unauthorized, _) => Some(Farewell::Unauthorized),
                    (Refusal::Forbidden, _) => Some(Farewell::Banned),
                    _ => None,
                };
                self.tell(session, Told::Refused { id, refusal });
                if let Some(why) = why.filter(|_| !self.is_logged_in(session)) {
                    self.tell(session, Told::Bye(why));
                }
            }
        }
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
        let sees = |session: &Session| session.watching.contains(uid) && !self.blocks(uid, &session.uid);
        let watchers = self.state.sessions.iter().filter(|(_, session)| sees(session));
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
