//! What stands for everything above the core in tests: topics, a transaction per turn, inboxes.
//!
//! Outputs are held until the turn commits, as the daemon holds them; a failed commit drops them all,
//! subscriptions too. Store orders and queries are carried out at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use karez::base::clock::{Now, UnixMillis};
use karez::chat::Chat;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id, SessionId, Topic};
use karez::chat::input::{Command, Input, Target};
use karez::chat::output::{
    AckedEntry, Event, Farewell, GroupRole, GroupSummary, ListPlace, Output, Query, Recall, Record, Refusal,
    Sink, Store, To,
};
use karez::store::{Memory, Storage};

use crate::lines::{Listed, entry_line, entry_lines, listed_line, role_word, said, target_line};

/// An event as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Login { id: Option<String>, uid: Id, name: String, guest: bool },
    Refreshed { id: Option<String>, exp_s: u64 },
    Pong { id: Option<String> },
    Entry(Said),
    Ack { id: String, entry: Option<AckedEntry> },
    Broadcast { uid: Id, name: String, content: String },
    Joined { gid: Id, uid: Id, name: String, members: usize },
    Left { gid: Id, uid: Id, name: String, members: usize },
    Members { id: Option<String>, gid: Id, members: Vec<(Id, String, GroupRole, bool)>, more: bool },
    Groups { id: Option<String>, groups: Vec<GroupSummary>, next: Option<Id> },
    History { id: Option<String>, target: Target, entries: Vec<Said>, more: bool },
    Conversations { id: Option<String>, list: Vec<Listed>, next: Option<ListPlace> },
    Read { target: Target, uid: Id, seq: u64 },
    Search { id: Option<String>, found: Vec<Said>, next: Option<u64> },
    Typing { target: Target, uid: Id },
    Presence { id: Option<String>, users: Vec<(Id, bool, Option<UnixMillis>)> },
    Refused { id: Option<String>, refusal: Refusal },
    Bye(Farewell),
}

/// An entry as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub conversation: Conversation,
    pub seq: u64,
    pub uid: Id,
    pub name: String,
    pub content: String,
    pub kind: Option<String>,
    pub data: Option<String>,
    pub reply: Option<u64>,
    pub mentions: Vec<Id>,
    pub act: Option<Act<'static>>,
    pub recall: Recall,
    pub time: UnixMillis,
}

impl Told {
    pub fn from_event(event: &Event<'_>) -> Told {
        let owned = |id: &Option<&str>| id.map(str::to_owned);
        match event {
            Event::Login { id, uid, name, guest } => {
                Told::Login { id: owned(id), uid: (*uid).clone(), name: (*name).to_owned(), guest: *guest }
            }
            Event::Refreshed { id, exp_s } => Told::Refreshed { id: owned(id), exp_s: *exp_s },
            Event::Pong { id } => Told::Pong { id: owned(id) },
            Event::Entry(entry) => Told::Entry(said(entry)),
            Event::Ack { id, entry } => Told::Ack { id: (*id).to_owned(), entry: entry.clone() },
            Event::Broadcast { uid, name, content, .. } => Told::Broadcast {
                uid: (*uid).clone(),
                name: (*name).to_owned(),
                content: (*content).to_owned(),
            },
            Event::Joined(of) => Told::Joined {
                gid: of.gid.clone(),
                uid: of.uid.clone(),
                name: of.name.to_owned(),
                members: of.members,
            },
            Event::Left(of) => Told::Left {
                gid: of.gid.clone(),
                uid: of.uid.clone(),
                name: of.name.to_owned(),
                members: of.members,
            },
            Event::Members { id, gid, members, more } => Told::Members {
                id: owned(id),
                gid: (*gid).clone(),
                members: members
                    .iter()
                    .map(|m| (m.uid.clone(), m.name.to_owned(), m.role, m.online))
                    .collect(),
                more: *more,
            },
            Event::Groups { id, groups, next } => {
                Told::Groups { id: owned(id), groups: groups.to_vec(), next: next.cloned() }
            }
            Event::History { id, target, conversation, entries, more } => Told::History {
                id: owned(id),
                target: (*target).clone(),
                entries: entries.iter().map(|record| said(&record.entry(conversation))).collect(),
                more: *more,
            },
            Event::Conversations { id, list, next, uid: _ } => Told::Conversations {
                id: owned(id),
                list: list.iter().map(Listed::from).collect(),
                next: next.cloned(),
            },
            Event::Read { target, uid, seq } => {
                Told::Read { target: (*target).clone(), uid: (*uid).clone(), seq: *seq }
            }
            Event::Search { id, found, next } => Told::Search {
                id: owned(id),
                found: found.iter().map(|found| said(&found.entry.entry(&found.conversation))).collect(),
                next: *next,
            },
            Event::Typing { target, uid, .. } => {
                Told::Typing { target: (*target).clone(), uid: (*uid).clone() }
            }
            Event::Presence { id, users } => Told::Presence {
                id: owned(id),
                users: users.iter().map(|u| (u.uid.clone(), u.online, u.last)).collect(),
            },
            Event::Refused { id, refusal } => Told::Refused { id: owned(id), refusal: refusal.clone() },
        }
    }

    /// One short line, for stories.
    pub fn line(&self) -> String {
        let mut line = String::new();
        let with = |id: &Option<String>| id.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
        let _ = match self {
            Told::Login { id, uid, name, guest } => {
                let guest = if *guest { " guest" } else { "" };
                write!(line, "login{} {uid} {name}{guest}", with(id))
            }
            Told::Refreshed { id, exp_s } => write!(line, "refreshed{} {exp_s}", with(id)),
            Told::Pong { id } => write!(line, "pong{}", with(id)),
            Told::Entry(said) => write!(line, "{}", entry_line(said)),
            Told::History { id, target, entries, more } => {
                let more = if *more { ", more" } else { "" };
                write!(line, "history{} {}: {}{more}", with(id), target_line(target), entry_lines(entries))
            }
            Told::Search { id, found, next } => {
                let next = next.map(|next| format!(", next {next}")).unwrap_or_default();
                write!(line, "search{}: {}{next}", with(id), entry_lines(found))
            }
            Told::Ack { id, entry: None } => write!(line, "ack [{id}]"),
            Told::Ack { id, entry: Some(entry) } => {
                let again = if entry.duplicate { " again" } else { "" };
                write!(line, "ack [{id}] {} #{}{again}", target_line(&entry.target), entry.seq)
            }
            Told::Broadcast { uid, name, content } => write!(line, "broadcast {uid} {name}: {content}"),
            Told::Joined { gid, uid, name, members } => write!(line, "joined {gid} {uid} {name} ({members})"),
            Told::Left { gid, uid, name, members } => write!(line, "left {gid} {uid} {name} ({members})"),
            Told::Members { id, gid, members, more } => {
                let of = |(uid, name, role, online): &(Id, String, GroupRole, bool)| {
                    let online = if *online { "" } else { " away" };
                    format!(" {uid} {name}{}{online}", role_word(Some(*role)))
                };
                let list: Vec<String> = members.iter().map(of).collect();
                let more = if *more { ", more" } else { "" };
                write!(line, "members{} {gid}:{}{more}", with(id), list.join(","))
            }
            Told::Groups { id, groups, next } => {
                let of = |group: &GroupSummary| {
                    let GroupSummary { gid, name, role, open, members } = group;
                    let role = if role.is_some() { role_word(*role) } else { " outside" };
                    let open = if *open { "open" } else { "closed" };
                    format!(" {gid} \"{name}\"{role} {open} ({members})")
                };
                let list: Vec<String> = groups.iter().map(of).collect();
                let next = next.as_ref().map(|next| format!(", next {next}")).unwrap_or_default();
                write!(line, "groups{}:{}{next}", with(id), list.join(","))
            }
            Told::Conversations { id, list, next } => {
                let list: Vec<String> = list.iter().map(listed_line).collect();
                let more = if next.is_some() { ", more" } else { "" };
                write!(line, "conversations{}: {}{more}", with(id), list.join(" | "))
            }
            Told::Read { target, uid, seq } => write!(line, "read {} {uid} #{seq}", target_line(target)),
            Told::Typing { target, uid } => write!(line, "typing {} {uid}", target_line(target)),
            Told::Presence { id, users } => {
                let of = |(uid, online, last): &(Id, bool, Option<UnixMillis>)| match (online, last) {
                    (true, None) => format!(" {uid} online"),
                    (true, Some(last)) => format!(" {uid} online WITH LAST {}", last.0),
                    (false, None) => format!(" {uid} never seen"),
                    (false, Some(last)) => format!(" {uid} last {}", last.0),
                };
                let list: Vec<String> = users.iter().map(of).collect();
                write!(line, "presence{}:{}", with(id), list.join(","))
            }
            Told::Refused { id, refusal } => write!(line, "refused{} {refusal:?}", with(id)),
            Told::Bye(why) => write!(line, "bye {why:?}"),
        };
        line
    }
}

enum Receivers {
    Sessions(Vec<SessionId>),
    Topic(Topic),
}

enum Held {
    Deliver(Receivers, Box<Told>),
    Subscribe(SessionId, Topic),
    Unsubscribe(SessionId, Topic),
}

/// How the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// At once, after each input.
    AtOnce,
    /// When the test says so.
    Later,
}

/// The core with a store and a model of the network.
pub struct World {
    pub chat: Chat,
    pub now: Now,
    pub answers: Answers,
    pub asked: Vec<Query>,
    /// Every output ever, whatever became of its turn.
    pub trace: Vec<String>,
    pub tracing: bool,
    outside: Outside,
}

struct Outside {
    store: Memory,
    held: Vec<Held>,
    topics: BTreeMap<Topic, BTreeSet<SessionId>>,
    inboxes: BTreeMap<SessionId, Vec<Told>>,
    gone: BTreeSet<SessionId>,
    /// While the core takes back a turn.
    failing: bool,
    queries: Vec<Query>,
    /// Who was a member of the group when an entry was written, or takes part in the talk.
    audience: BTreeMap<(Conversation, u64), BTreeSet<Id>>,
    erased: Erased,
    /// Who was forgotten in this turn, and who in the one before if that held.
    forgotten: (Vec<Id>, Vec<Id>),
    trace: Option<Vec<String>>,
}

/// Up to where the entries of deleted groups are gone.
#[derive(Default)]
pub struct Erased {
    committed: BTreeMap<Conversation, u64>,
    now: BTreeMap<Conversation, u64>,
}

impl Sink for Outside {
    fn put(&mut self, output: Output<'_>) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{output:?}"));
        }
        match output {
            Output::Deliver { to, event } => {
                let receivers = match to {
                    To::Session(session) if self.failing && self.gone.contains(&session) => {
                        panic!("{session:?} went, and is told of the failure")
                    }
                    To::Session(session) => Receivers::Sessions(vec![session]),
                    To::Sessions(sessions) => Receivers::Sessions(sessions.to_vec()),
                    To::Topic(topic) => Receivers::Topic(topic),
                };
                self.held.push(Held::Deliver(receivers, Box::new(Told::from_event(&event))));
            }
            Output::Subscribe { session, topic } => self.held.push(Held::Subscribe(session, topic)),
            Output::Unsubscribe { session, topic } => self.held.push(Held::Unsubscribe(session, topic)),
            Output::Store(order) => {
                if let Store::Append { entry, .. } = &order {
                    let audience = self.members_of(entry.conversation);
                    self.audience.insert((entry.conversation.clone(), entry.seq), audience);
                }
                if let Store::NoGroup { gid } = &order {
                    let Record::Group(gid, Some(group)) =
                        self.store.read(&Query::Group((*gid).clone())).unwrap()
                    else {
                        panic!("{gid:?} is deleted and is not there")
                    };
                    self.erased.now.insert(Conversation::Group(gid), group.seq);
                }
                if let Store::NoUser { uid } = &order {
                    self.forgotten.0.push((*uid).clone());
                }
                self.store.write(order).expect("the store takes every order of the core");
            }
            Output::Query(query) => self.queries.push(query),
            Output::Disconnect { session, why } => {
                self.held.push(Held::Deliver(Receivers::Sessions(vec![session]), Box::new(Told::Bye(why))));
            }
        }
    }
}

impl World {
    pub fn new(chat: Chat) -> World {
        World::on(chat, Memory::new(1_000))
    }

    /// A core on a store that has seen others.
    pub fn on(chat: Chat, mut store: Memory) -> World {
        store.begin().unwrap();
        World {
            chat,
            now: Now::default(),
            answers: Answers::AtOnce,
            asked: Vec::new(),
            trace: Vec::new(),
            tracing: false,
            outside: Outside {
                store,
                held: Vec::new(),
                topics: BTreeMap::new(),
                inboxes: BTreeMap::new(),
                gone: BTreeSet::new(),
                failing: false,
                queries: Vec::new(),
                audience: BTreeMap::new(),
                erased: Erased::default(),
                forgotten: (Vec::new(), Vec::new()),
                trace: None,
            },
        }
    }

    /// The process ends between two turns; its store stays.
    pub fn into_store(mut self) -> Memory {
        self.outside.store.rollback();
        self.outside.store
    }

    pub fn store(&self) -> &Memory {
        &self.outside.store
    }

    /// Up to where the entries of a conversation are gone with their group.
    pub fn erased(&self, conversation: &Conversation) -> u64 {
        self.outside.erased.committed.get(conversation).copied().unwrap_or(0)
    }

    /// Whether somebody was forgotten in this turn.
    pub fn forgets(&self) -> bool {
        !self.outside.forgotten.0.is_empty()
    }

    /// Who was forgotten in the turn that was committed last.
    pub fn forgotten(&self) -> &[Id] {
        &self.outside.forgotten.1
    }

    /// What is known of the store besides, for a world that goes on with it.
    pub fn erased_mut(&mut self) -> &mut Erased {
        &mut self.outside.erased
    }

    /// Who may hear an entry, as the store saw it when it was written.
    pub fn audience(&self, conversation: &Conversation, seq: u64) -> &BTreeSet<Id> {
        &self.outside.audience[&(conversation.clone(), seq)]
    }

    /// Time passes.
    pub fn wait_ms(&mut self, ms: u64) {
        self.now.mono = self.now.mono.plus_ms(ms);
        self.now.unix = UnixMillis(self.now.unix.0 + ms);
    }

    /// One input, and the answers of the store.
    pub fn input(&mut self, input: Input<'_>) {
        self.outside.trace = self.tracing.then(|| std::mem::take(&mut self.trace));
        self.chat.handle(self.now, input, &mut self.outside);
        while self.answers == Answers::AtOnce && !self.outside.queries.is_empty() {
            let query = self.outside.queries.remove(0);
            let record = self.outside.store.read(&query).unwrap();
            self.chat.handle(self.now, Input::Answer(record), &mut self.outside);
        }
        self.asked.append(&mut self.outside.queries);
        if let Some(trace) = self.outside.trace.take() {
            self.trace = trace;
        }
    }

    /// The store answers one of the open queries, numbered from 0 in the order in which they were asked.
    pub fn answer(&mut self, which: usize) {
        let query = self.asked.remove(which);
        let record = self.outside.store.read(&query).unwrap();
        self.input(Input::Answer(record));
    }

    pub fn request(&mut self, session: SessionId, id: Option<&str>, command: Command<'_>) {
        self.input(Input::Request { session, id: id.map(Into::into), command });
    }

    /// The connection is closed; nothing reaches it any more.
    pub fn gone(&mut self, session: SessionId) {
        for subscribers in self.outside.topics.values_mut() {
            subscribers.remove(&session);
        }
        self.outside.inboxes.remove(&session);
        self.outside.gone.insert(session);
        self.input(Input::Gone(session));
    }

    /// The deadline is handed in, if it is due.
    pub fn deadline(&mut self) {
        if self.chat.next_deadline().is_some_and(|at| at <= self.now.mono) {
            self.input(Input::Deadline);
        }
    }

    /// The turn ends well: what it put out leaves.
    pub fn commit(&mut self) {
        self.outside.store.commit().unwrap();
        self.outside.store.begin().unwrap();
        self.outside.erased.committed.clone_from(&self.outside.erased.now);
        self.outside.forgotten.1 = std::mem::take(&mut self.outside.forgotten.0);
        for held in std::mem::take(&mut self.outside.held) {
            self.outside.let_go(held);
        }
        self.input(Input::Committed);
    }

    /// The turn ends badly: nothing of it leaves, but the word that it failed.
    pub fn fail(&mut self) {
        self.outside.store.fail_next_commit();
        self.outside.store.commit().unwrap_err();
        self.outside.store.begin().unwrap();
        self.outside.held.clear();
        self.outside.erased.now.clone_from(&self.outside.erased.committed);
        self.outside.forgotten.0.clear();
        self.outside.failing = true;
        self.input(Input::CommitFailed);
        self.outside.failing = false;
        self.commit();
    }

    /// What the session got since it was last asked.
    pub fn told(&mut self, session: SessionId) -> Vec<Told> {
        self.outside.inboxes.remove(&session).unwrap_or_default()
    }

    /// Every inbox with something in it.
    pub fn all_told(&mut self) -> BTreeMap<SessionId, Vec<Told>> {
        std::mem::take(&mut self.outside.inboxes)
    }

    /// Who is subscribed to what, without empty topics.
    pub fn topics(&self) -> Vec<(Topic, Vec<SessionId>)> {
        let topics = self.outside.topics.iter().filter(|(_, of)| !of.is_empty());
        topics.map(|(topic, of)| (*topic, of.iter().copied().collect())).collect()
    }
}

impl Outside {
    fn members_of(&self, conversation: &Conversation) -> BTreeSet<Id> {
        let gid = match conversation {
            Conversation::Group(gid) => gid.clone(),
            Conversation::Direct(low, high) => return BTreeSet::from([low.clone(), high.clone()]),
        };
        match self.store.read(&Query::Group(gid)).unwrap() {
            Record::Group(_, Some(group)) => group.members.into_iter().map(|member| member.uid).collect(),
            _ => BTreeSet::new(),
        }
    }

    fn let_go(&mut self, held: Held) {
        match held {
            Held::Subscribe(session, _) if self.gone.contains(&session) => {}
            Held::Subscribe(session, topic) => {
                self.topics.entry(topic).or_default().insert(session);
            }
            Held::Unsubscribe(session, topic) => {
                self.topics.entry(topic).or_default().remove(&session);
            }
            Held::Deliver(receivers, told) => {
                let sessions = match receivers {
                    Receivers::Sessions(sessions) => sessions,
                    Receivers::Topic(topic) => {
                        self.topics.get(&topic).into_iter().flatten().copied().collect()
                    }
                };
                for session in sessions.into_iter().filter(|session| !self.gone.contains(session)) {
                    self.inboxes.entry(session).or_default().push((*told).clone());
                }
            }
        }
    }
}
