//! Going away and coming back: of clients, of the process, and of what was on its way.

use std::collections::BTreeSet;

use karez::chat::Chat;
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Draft};

use super::Sim;
use crate::net::World;

impl Sim {
    pub(super) fn pass_deadlines(&mut self) {
        if self.world.chat.next_deadline().is_some_and(|at| at <= self.world.now.mono) {
            self.model.deadline(self.world.now);
            self.world.deadline();
            self.forget_sends();
        }
    }

    /// A mark is reached, sooner or later.
    pub(super) fn something_arrives(&mut self) {
        let marked = self.world.marked();
        if !marked.is_empty() {
            self.has_arrived = true;
            let session = *self.random.pick(&marked);
            self.returns.flushed(session);
            self.pushes.flushed(session);
            self.world.flush(session);
        }
    }

    /// The process ends in the middle of a turn, of which nothing stays.
    pub(super) fn crash(&mut self) {
        self.marks.insert("a crash in the middle of a turn".to_owned());
        self.model.crash();
        self.world.forget_turn();
        self.restart();
    }

    /// A new process on the same store; everybody must come again.
    pub(super) fn restart(&mut self) {
        self.marks.insert("a restart".to_owned());
        let fresh = World::new(Chat::new(self.limits.clone()));
        let mut old = std::mem::replace(&mut self.world, fresh);
        let (now, trace) = (old.now, std::mem::take(&mut old.trace));
        let mut knowledge = World::new(Chat::new(self.limits.clone()));
        knowledge.take_knowledge_of(&mut old);
        self.world = World::on(Chat::new(self.limits.clone()), old.into_store());
        self.world.take_knowledge_of(&mut knowledge);
        (self.world.now, self.world.trace, self.world.tracing) = (now, trace, true);
        self.sessions.clear();
        self.open_calls.clear();
        self.sends.iter_mut().for_each(|send| send.has_restarted = true);
        self.model.restart();
        self.checks.restart();
        self.returns.restart(&self.world);
        self.pushes.restart(&self.world);
    }

    /// Several messages to one who may be away.
    pub(super) fn somebody_goes_on_about_it(&mut self) {
        if self.sessions.is_empty() {
            return;
        }
        let (session, uid) = (*self.random.pick(&self.sessions), self.uid());
        for _ in 0..4 {
            let draft = Draft { content: self.content().into(), ..Draft::default() };
            self.ask(session, Command::Pm { uid: uid.clone(), draft });
        }
    }

    pub(super) fn replaying(&self) -> BTreeSet<SessionId> {
        let is_replaying = |session: &SessionId| self.world.chat.is_replaying(*session);
        self.sessions.iter().copied().filter(is_replaying).collect()
    }

    pub(super) fn somebody_goes(&mut self) {
        if !self.sessions.is_empty() {
            let session = *self.random.pick(&self.sessions);
            self.end(session);
        }
    }

    pub(super) fn end(&mut self, session: SessionId) {
        if self.world.marked().contains(&session) {
            self.marks.insert("a session that went with a mark under way".to_owned());
        }
        self.sessions.retain(|other| *other != session);
        self.returns.gone(session);
        self.pushes.gone(session, self.model.uid_of(session));
        self.model.gone(self.world.now, session);
        self.checks.gone(session);
        self.world.gone(session);
    }

    /// When nobody is there the core holds what it may keep as a cache, and no more.
    pub(super) fn everybody_goes(&mut self) {
        for session in std::mem::take(&mut self.sessions) {
            self.world.gone(session);
        }
        self.world.wait_ms(self.limits.presence_grace_ms);
        self.world.deadline();
        while !self.world.asked.is_empty() {
            self.world.answer(0);
        }
        self.world.commit();
        let counts = self.world.chat.counts();
        assert_eq!(counts.sessions, 0);
        assert!(counts.groups <= self.limits.idle_groups_max, "{counts:?}");
        assert!(counts.directs <= self.limits.directs_cached_max, "{counts:?}");
        if self.limits.idle_groups_max == 0 {
            assert!(counts.users <= self.limits.idle_users_max, "{counts:?}");
        }
    }
}
