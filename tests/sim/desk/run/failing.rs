//! What goes wrong: commits that fail, and a daemon that ends and begins again.

use std::collections::BTreeSet;

use karez::base::clock::Millis;
use karez::chat::Chat;
use karez::store::Memory;

use super::super::checks::Turn;
use super::super::kept::truth;
use super::Sim;
use crate::net::{Answers, World};

impl Sim {
    pub(super) fn fail(&mut self) {
        self.mark("a failed commit");
        if !self.turn.claims.is_empty() {
            self.mark("a failed commit with a claim in it");
        }
        if self.turn.has_gone {
            self.mark("a failed commit with somebody who went");
        }
        if !self.turn.forgotten.is_empty() {
            self.mark("a failed commit with a deletion in it");
        }
        if self.turns_of_commit > 1 {
            self.mark("a failed commit of several turns");
        }
        self.turns_of_commit = 0;
        self.world.fail();
        assert_eq!(truth(&self.world), self.truth, "nothing is left of a turn that failed");
        self.said.clear();
        self.quiet_since = self.world.now.mono.plus_ms(self.limits.internal_retry_ms);
        let before = std::mem::take(&mut self.turn.before);
        self.turn = Turn { before, has_new_rules: true, begun: self.turn.begun, ..Turn::default() };
        self.turn.observe(&self.truth);
        self.hear(false);
        // Whose login failed is not logged in.
        let failed = std::mem::take(&mut self.logins);
        for person in &mut self.people {
            for session in failed.iter().filter(|session| person.sessions.contains(session)) {
                self.world.gone(*session);
                self.checks.returns.gone(*session);
            }
            person.sessions.retain(|session| !failed.contains(session));
            if person.sessions.is_empty() {
                (person.duty, person.watching) = (None, BTreeSet::new());
                self.checks.gone_since.insert(person.uid.clone(), self.world.now.mono);
            }
        }
        self.world.commit();
    }

    /// The daemon ends, perhaps in the middle of a turn, and begins again on its store.
    pub(super) fn restart(&mut self) {
        self.turns_of_commit = 0;
        let trace = std::mem::take(&mut self.world.trace);
        let mut now = self.world.now;
        now.mono = Millis::default();
        let empty = World::new(Chat::new(self.limits.clone()));
        let store: Memory = std::mem::replace(&mut self.world, empty).into_store();
        let answers = if self.is_slow { Answers::Later } else { Answers::AtOnce };
        self.world = World::with(Chat::new(self.limits.clone()), store, answers, now);
        (self.world.trace, self.world.tracing) = (trace, true);
        assert_eq!(truth(&self.world), self.truth, "what is committed is there, and nothing else");
        for person in &mut self.people {
            (person.sessions, person.watching, person.duty) = (Vec::new(), BTreeSet::new(), None);
        }
        (self.said, self.logins, self.ended) = (Vec::new(), Vec::new(), Vec::new());
        self.new_rules.clear();
        self.forgets.clear();
        self.turn = Turn::default();
        self.checks.erasures.settle(false);
        self.quiet_since = now.mono;
        self.checks.restart(now.mono, &self.truth, &self.people);
    }
}
