//! What stands for everything above the core in tests: topics, a transaction per turn, inboxes.
//!
//! Outputs are held until the turn commits, as the daemon holds them; a failed commit drops them all,
//! subscriptions too. Store orders and queries are carried out at once.

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::{Now, UnixMillis};
use karez::chat::Chat;
use karez::chat::ids::{CallId, Conversation, Id, SessionId, Topic};
use karez::chat::input::{Command, Input, Target};
use karez::chat::output::{
    AckedEntry, Event, Farewell, GroupRole, GroupSummary, ListPlace, Member, Output, Query, Record, Refusal,
    Sink, Store, To,
};
use karez::store::{Memory, Storage};

pub use crate::lines::Said;
use crate::lines::{Listed, said};

#[path = "net/calling.rs"]
mod calling;
#[path = "net/desking.rs"]
pub mod desking;
#[path = "net/pushing.rs"]
mod pushing;
#[path = "net/returning.rs"]
mod returning;

pub use calling::Answered;
pub use desking::Desked;
pub use pushing::Pushed;

/// An event as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Login { id: Option<String>, uid: Id, name: String, guest: bool },
    Refreshed { id: Option<String>, exp_s: u64 },
    Pong { id: Option<String> },
    Entry(Said),
    Offline(Said),
    Push(Pushed),
    Gap { target: Target, after: u64, before: u64 },
    Resumed,
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
    Desk(Desked),
    Refused { id: Option<String>, refusal: Refusal },
    Bye(Farewell),
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
            Event::Offline(entry) => Told::Offline(said(entry)),
            Event::Push(_) | Event::OfflinePush(_) => Told::of_push(event),
            Event::Gap { .. } | Event::Resumed => Told::instead_of_entries(event),
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
                members: members.iter().map(member).collect(),
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
            Event::Desk(event) => Told::Desk(Desked::from(event)),
            Event::Refused { id, refusal } => Told::Refused { id: owned(id), refusal: refusal.clone() },
        }
    }
}

fn member(of: &Member<'_>) -> (Id, String, GroupRole, bool) {
    (of.uid.clone(), of.name.to_owned(), of.role, of.online)
}

enum Receivers {
    Sessions(Vec<SessionId>),
    Topic(Topic),
}

enum Held {
    Deliver(Receivers, Box<Told>),
    Subscribe(SessionId, Topic),
    Unsubscribe(SessionId, Topic),
    Mark(SessionId, u64),
    Answer(CallId, Box<Answered>),
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
    answers: Vec<(CallId, Answered)>,
    /// Marks that the kernel has not reached, the oldest first.
    marks: Vec<(SessionId, u64)>,
    gone: BTreeSet<SessionId>,
    /// While the core takes back a turn.
    failing: bool,
    queries: Vec<Query>,
    /// Who was a member of the group when an entry was written, or takes part in the talk.
    audience: Audiences,
    erased: Erased,
    /// Who was forgotten in this turn, and who in the one before if that held.
    forgotten: (Vec<Id>, Vec<Id>),
    /// Every group that was ever made.
    groups: BTreeSet<Conversation>,
    /// Entries of this turn, with their authors.
    appended: Vec<(Conversation, u64, Id)>,
    /// Who has become a member, for whatever short while.
    entered: BTreeSet<(Conversation, Id)>,
    /// Who has ceased to be a member, for whatever short while.
    interruptions: BTreeSet<(Conversation, Id)>,
    /// For whom a push is kept, with its id and when it expires.
    kept: Vec<(Id, String, UnixMillis)>,
    trace: Option<Vec<String>>,
}

/// Who might hear each entry when it was said.
pub type Audiences = BTreeMap<(Conversation, u64), BTreeSet<Id>>;

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
                    self.appended.push((entry.conversation.clone(), entry.seq, entry.uid.clone()));
                }
                if let Store::Push { push, receivers, .. } = &order {
                    let kept =
                        receivers.iter().map(|uid| ((*uid).clone(), push.id.to_string(), push.expires));
                    self.kept.extend(kept);
                }
                if let Store::Member { gid, uid, .. } = &order {
                    let of = Conversation::Group((*gid).clone());
                    self.groups.insert(of.clone());
                    self.entered.insert((of, (*uid).clone()));
                }
                if let Store::NoMember { gid, uid } = &order {
                    self.interruptions.insert((Conversation::Group((*gid).clone()), (*uid).clone()));
                }
                if let Store::NoGroup { gid } = &order {
                    let Record::Group(gid, Some(group)) =
                        self.store.read(&Query::Group((*gid).clone())).unwrap()
                    else {
                        panic!("{gid:?} is deleted and is not there")
                    };
                    let members = group.members.into_iter().map(|member| member.uid);
                    let of = Conversation::Group(gid.clone());
                    self.interruptions.extend(members.map(|uid| (of.clone(), uid)));
                    self.erased.now.insert(Conversation::Group(gid), group.seq);
                }
                if let Store::NoUser { uid } | Store::Forget { uid, .. } = &order {
                    self.forgotten.0.push((*uid).clone());
                }
                self.store.write(order).expect("the store takes every order of the core");
            }
            Output::Answer { call, answer } => {
                self.held.push(Held::Answer(call, Box::new(Answered::from(&answer))));
            }
            Output::Query(query) => self.queries.push(query),
            Output::Mark { session, mark } => self.held.push(Held::Mark(session, mark)),
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
    pub fn on(chat: Chat, store: Memory) -> World {
        World::with(chat, store, Answers::AtOnce, Now::default())
    }

    pub fn with(chat: Chat, mut store: Memory, answers: Answers, now: Now) -> World {
        store.begin().unwrap();
        World {
            chat,
            now,
            answers,
            asked: Vec::new(),
            trace: Vec::new(),
            tracing: false,
            outside: Outside {
                store,
                held: Vec::new(),
                topics: BTreeMap::new(),
                inboxes: BTreeMap::new(),
                answers: Vec::new(),
                marks: Vec::new(),
                gone: BTreeSet::new(),
                failing: false,
                queries: Vec::new(),
                audience: BTreeMap::new(),
                erased: Erased::default(),
                forgotten: (Vec::new(), Vec::new()),
                groups: BTreeSet::new(),
                appended: Vec::new(),
                entered: BTreeSet::new(),
                interruptions: BTreeSet::new(),
                kept: Vec::new(),
                trace: None,
            },
        }
        .begun()
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

    /// Takes over what another world knows of the store besides, to go on with it.
    pub fn take_knowledge_of(&mut self, other: &mut World) {
        let (own, other) = (&mut self.outside, &mut other.outside);
        own.erased = std::mem::take(&mut other.erased);
        own.audience = std::mem::take(&mut other.audience);
        own.groups = std::mem::take(&mut other.groups);
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
        self.outside.marks.retain(|(of, _)| *of != session);
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
        self.outside.appended.clear();
        self.outside.kept.clear();
        self.outside.erased.now.clone_from(&self.outside.erased.committed);
        self.outside.forgotten.0.clear();
        self.outside.failing = true;
        self.input(Input::CommitFailed);
        self.outside.failing = false;
        self.commit();
    }

    /// The turn is given up: nothing of it leaves.
    pub fn forget_turn(&mut self) {
        self.outside.held.clear();
        self.outside.appended.clear();
        self.outside.kept.clear();
        self.outside.erased.now.clone_from(&self.outside.erased.committed);
    }

    /// What the session got since it was last asked.
    pub fn told(&mut self, session: SessionId) -> Vec<Told> {
        self.outside.inboxes.remove(&session).unwrap_or_default()
    }

    /// Every inbox with something in it.
    pub fn all_told(&mut self) -> BTreeMap<SessionId, Vec<Told>> {
        std::mem::take(&mut self.outside.inboxes)
    }
}

impl Outside {
    fn members_of(&self, conversation: &Conversation) -> BTreeSet<Id> {
        let gid = match conversation {
            Conversation::Group(gid) => gid.clone(),
            Conversation::Direct(low, high) => return BTreeSet::from([low.clone(), high.clone()]),
            Conversation::Ticket(_) => return BTreeSet::new(),
        };
        match self.store.read(&Query::Group(gid)).unwrap() {
            Record::Group(_, Some(group)) => group.members.into_iter().map(|member| member.uid).collect(),
            _ => BTreeSet::new(),
        }
    }

    fn let_go(&mut self, held: Held) {
        match held {
            Held::Answer(call, answered) => self.answers.push((call, *answered)),
            Held::Mark(session, mark) => {
                if !self.gone.contains(&session) {
                    self.marks.push((session, mark));
                }
            }
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
