//! The agents as the core holds them: whether they take tickets, how many, for which desks, and who of them is there.
//!
//! An agent has a row from the first `duty` or claim on, until there is neither a connection nor a ticket. A *post* is
//! a session whose token says that its user is an agent: it says for which desks, and whether it watches. Duty belongs
//! to the user, watching to the session. Nothing of it is stored. Tested in `tests/chat/desk_duty.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::names::{Desk, Duty};
use crate::base::clock::Millis;
use crate::chat::ids::{Id, SessionId};
use crate::chat::input::{Grant, Role};

/// An agent.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Agent {
    pub(super) name: Box<str>,
    pub(super) duty: Duty,
    /// What was said; `None`: what the desks say.
    pub(super) capacity: Option<u32>,
    /// For which desks, when the last session ended; `None` for all.
    pub(super) desks: Option<Vec<Desk>>,
    /// Gone, and loses the tickets then.
    pub(super) grace: Option<Millis>,
    /// The number of the last offer to this agent alone.
    pub(super) turn: u64,
    /// Since when there was no ticket, or no further one.
    pub(super) idle_since: Millis,
}

impl Agent {
    pub(super) fn new(name: &str) -> Agent {
        let (duty, idle_since) = (Duty::default(), Millis::default());
        let (capacity, desks, grace) = (None, None, None);
        Agent { name: name.into(), duty, capacity, desks, grace, turn: 0, idle_since }
    }
}

/// A session of an agent.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Post {
    pub(super) uid: Id,
    /// `None`: all.
    pub(super) desks: Option<Arc<[Desk]>>,
    pub(super) watches: bool,
}

impl Post {
    /// The post that a token gives, if it does.
    pub(in crate::chat) fn of(grant: &Grant) -> Option<Post> {
        let desks = match grant.role {
            Role::User => return None,
            Role::Agent => grant.desks.as_deref().map(Arc::from),
            Role::Admin => None,
        };
        Some(Post { uid: grant.uid.clone(), desks, watches: false })
    }

    /// Whether it is for this desk.
    pub(super) fn serves(&self, desk: &Desk) -> bool {
        desk.is_default() || self.desks.as_ref().is_none_or(|desks| desks.contains(desk))
    }
}

/// The agents.
#[derive(Debug, Default)]
pub(super) struct Agents {
    rows: BTreeMap<Id, Agent>,
    posts: BTreeMap<SessionId, Post>,
    of_agents: BTreeMap<Id, BTreeSet<SessionId>>,
    due: BTreeSet<(Millis, Id)>,
    /// How many offers were made to one alone.
    turns: u64,
}

impl Agents {
    pub(super) fn get(&self, uid: &Id) -> Option<&Agent> {
        self.rows.get(uid)
    }

    /// All of them, by uid.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Id, &Agent)> {
        self.rows.iter()
    }

    /// An agent is like this from now on, or has no row any more. Returns what was there.
    pub(super) fn put(&mut self, uid: &Id, agent: Option<Agent>) -> Option<Agent> {
        let before = self.rows.remove(uid);
        if let Some(at) = before.as_ref().and_then(|before| before.grace) {
            self.due.remove(&(at, uid.clone()));
        }
        if let Some(agent) = agent {
            if let Some(at) = agent.grace {
                self.due.insert((at, uid.clone()));
            }
            self.rows.insert(uid.clone(), agent);
        }
        before
    }

    /// The number of the next offer to one alone.
    pub(super) fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whose grace ends by now.
    pub(super) fn due(&self, now: Millis) -> Option<Id> {
        self.due.first().filter(|(at, _)| *at <= now).map(|(_, uid)| uid.clone())
    }

    pub(super) fn post(&self, session: SessionId) -> Option<&Post> {
        self.posts.get(&session)
    }

    /// All posts, by session.
    pub(super) fn posts(&self) -> impl Iterator<Item = (SessionId, &Post)> {
        self.posts.iter().map(|(session, post)| (*session, post))
    }

    /// The posts of an agent.
    pub(super) fn posts_of(&self, uid: &Id) -> impl Iterator<Item = (SessionId, &Post)> {
        let sessions = self.of_agents.get(uid).into_iter().flatten();
        sessions.filter_map(|session| Some((*session, self.posts.get(session)?)))
    }

    /// A session has this post from now on, or none. Returns what was there.
    pub(super) fn set_post(&mut self, session: SessionId, post: Option<Post>) -> Option<Post> {
        let before = self.posts.remove(&session);
        if let Some(before) = &before
            && let Some(sessions) = self.of_agents.get_mut(&before.uid)
        {
            sessions.remove(&session);
            if sessions.is_empty() {
                self.of_agents.remove(&before.uid);
            }
        }
        if let Some(post) = post {
            self.of_agents.entry(post.uid.clone()).or_default().insert(session);
            self.posts.insert(session, post);
        }
        before
    }

    /// Whether the post watches from now on, which it did not before.
    pub(super) fn watch(&mut self, session: SessionId, watches: bool) -> bool {
        match self.posts.get_mut(&session) {
            Some(post) => std::mem::replace(&mut post.watches, watches) != watches,
            None => false,
        }
    }

    /// Whether an agent is there.
    pub(super) fn is_there(&self, uid: &Id) -> bool {
        self.of_agents.contains_key(uid)
    }

    /// Whether an agent who is there is for this desk.
    pub(super) fn serves(&self, uid: &Id, desk: &Desk) -> bool {
        self.posts_of(uid).any(|(_, post)| post.serves(desk))
    }

    /// For which desks an agent is, in order; `None` for all.
    pub(super) fn desks_of(&self, uid: &Id) -> Option<Vec<Desk>> {
        let mut desks = BTreeSet::new();
        for (_, post) in self.posts_of(uid) {
            desks.extend(post.desks.as_ref()?.iter().cloned());
        }
        Some(desks.into_iter().collect())
    }

    /// Whether somebody is there who takes tickets of this desk.
    pub(super) fn answer(&self, desk: &Desk) -> bool {
        self.all().any(|(uid, agent)| agent.duty != Duty::Away && self.serves(uid, desk))
    }
}
