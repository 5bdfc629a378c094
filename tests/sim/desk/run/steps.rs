//! What may happen in a turn: somebody comes, goes or asks, the site calls, time passes.

use karez::chat::call::Call;
use karez::chat::desk::{DeskCall, DeskRequest, TicketState};
use karez::chat::ids::{CallId, SessionId, TicketId};
use karez::chat::input::Command;

use super::super::people;
use super::{SaidDuty, Sim};

impl Sim {
    pub(super) fn step(&mut self) {
        match self.random.below(100) {
            0..12 => self.somebody_comes(),
            12..18 => self.somebody_goes(),
            18..29 => {
                let ms = *self.random.pick(&[1, 50, 900, 5_000, 31_000, 70_000]);
                self.world.wait_ms(ms);
                self.world.deadline();
            }
            29..57 => self.a_visitor_asks(),
            57..85 => self.an_agent_asks(),
            85..89 => self.the_site_rules(),
            89..91 => self.the_site_deletes_somebody(),
            91..94 => self.something_arrives(),
            _ => self.the_site_patches(),
        }
    }

    fn somebody_comes(&mut self) {
        let at = self.random.below(self.people.len() as u64) as usize;
        if self.people[at].sessions.len() < 2 {
            self.comes(at);
        }
    }

    pub(super) fn comes(&mut self, at: usize) -> SessionId {
        // Who is back is back in time, or not.
        self.world.deadline();
        let session = SessionId(self.next_session);
        self.next_session += 1;
        let last = self.truth.len() as u64;
        let person = &mut self.people[at];
        person.sessions.push(session);
        let resume = self.checks.returns.name(&mut self.random, &person.uid, session, last);
        let login = person.login(resume);
        self.logins.push(session);
        self.ask(session, login);
        session
    }

    fn somebody_goes(&mut self) {
        let at = self.random.below(self.people.len() as u64) as usize;
        let Some(session) = self.people[at].sessions.first().copied() else { return };
        self.goes(at, session);
    }

    pub(super) fn goes(&mut self, at: usize, session: SessionId) {
        self.world.gone(session);
        self.turn.has_gone = true;
        self.logins.retain(|of| *of != session);
        let now = self.world.now.mono;
        let person = &mut self.people[at];
        person.sessions.retain(|of| *of != session);
        let watched_last = person.watching.remove(&session) && person.watching.is_empty();
        if person.sessions.is_empty() {
            person.duty = None;
            self.checks.gone_since.insert(person.uid.clone(), now);
            self.said.retain(|said| said.at != at);
        }
        let uid = person.uid.clone();
        self.checks.gone(&uid, session, watched_last);
    }

    /// What a replay has told is on its way.
    fn something_arrives(&mut self) {
        let marked = self.world.marked();
        if !marked.is_empty() {
            let session = *self.random.pick(&marked);
            self.world.flush(session);
        }
    }

    fn a_visitor_asks(&mut self) {
        let here: Vec<SessionId> =
            self.people.iter().filter(|of| !of.is_agent()).flat_map(|of| of.sessions.clone()).collect();
        if here.is_empty() {
            return;
        }
        let session = *self.random.pick(&here);
        let command = people::of_visitor(&mut self.random, self.truth.len() as u64);
        self.ask(session, command);
    }

    /// The agents who are here.
    fn agents(&self) -> Vec<usize> {
        let is_here = |at: &usize| self.people[*at].is_agent() && !self.people[*at].sessions.is_empty();
        (0..self.people.len()).filter(is_here).collect()
    }

    fn an_agent_asks(&mut self) {
        let here = self.agents();
        if here.is_empty() {
            return;
        }
        let at = *self.random.pick(&here);
        let session = *self.random.pick(&self.people[at].sessions.clone());
        if !self.people[at].watching.contains(&session) && self.random.percent(80) || self.random.percent(8) {
            let (state, capacity) = people::duty(&mut self.random);
            let id = self.ask(session, Command::Desk(DeskRequest::Duty { state, capacity }));
            self.said.push(SaidDuty { id, at, session, state, capacity });
            return;
        }
        let worth: Vec<TicketId> =
            self.truth.values().filter(|of| of.state != TicketState::Closed).map(|of| of.ticket).collect();
        let command = people::of_agent(&mut self.random, &worth);
        self.ask(session, command);
    }

    pub(super) fn ask(&mut self, session: SessionId, command: Command<'static>) -> String {
        let id = format!("r{}", self.next_request);
        self.next_request += 1;
        if let Command::Desk(request) = &command {
            match request {
                DeskRequest::Claim { ticket } => {
                    let person = self.people.iter().find(|of| of.sessions.contains(&session)).unwrap();
                    self.turn.claims.push((id.clone(), *ticket, person.uid.clone()));
                }
                DeskRequest::Close { ticket } | DeskRequest::Transfer { ticket, .. } => {
                    self.turn.touched.insert(*ticket);
                }
                _ => {}
            }
        }
        self.world.request(session, Some(&id), command);
        id
    }

    fn the_site_rules(&mut self) {
        self.turn.has_new_rules = true;
        let call = CallId(self.next_request);
        if self.random.percent(15) {
            let desk = people::any_desk(&mut self.random);
            self.new_rules.insert(call, (desk.clone(), None));
            self.call(Call::Desk(DeskCall::DeleteDesk { desk }));
        } else {
            let rules = people::rules(&mut self.random, self.world.now.unix);
            self.new_rules.insert(call, (rules.desk.clone(), Some(rules.clone())));
            self.call(Call::Desk(DeskCall::PutDesk(Box::new(rules))));
        }
    }

    /// Perhaps while somebody has to do with a ticket of whoever it is.
    fn the_site_deletes_somebody(&mut self) {
        let at = self.random.below(self.people.len() as u64) as usize;
        let uid = self.people[at].uid.clone();
        self.somebody_tags_a_ticket_of(at);
        self.checks.erasures.before(&self.world);
        self.forgets.insert(CallId(self.next_request), uid.clone());
        self.call(Call::Forget { uid });
        self.look();
        self.somebody_tags_a_ticket_of(at);
    }

    fn somebody_tags_a_ticket_of(&mut self, at: usize) {
        let uid = &self.people[at].uid;
        let is_theirs = |of: &&karez::chat::desk::TicketRecord| {
            of.visitor.uid == *uid || of.agent.as_ref().is_some_and(|agent| agent.uid == *uid)
        };
        let theirs: Vec<TicketId> = self.truth.values().filter(is_theirs).map(|of| of.ticket).collect();
        let here = self.agents();
        if theirs.is_empty() || here.is_empty() || self.random.percent(50) {
            return;
        }
        let ticket = *self.random.pick(&theirs);
        let by = *self.random.pick(&here);
        let session = self.people[by].sessions[0];
        self.ask(session, Command::Desk(DeskRequest::Tag { ticket, tags: vec!["seen".into()] }));
    }

    fn the_site_patches(&mut self) {
        let ticket = TicketId(1 + self.random.below(self.truth.len() as u64 + 1));
        self.turn.touched.insert(ticket);
        let patch = people::patch(&mut self.random);
        self.call(Call::Desk(DeskCall::PatchTicket { ticket, patch }));
    }

    fn call(&mut self, call: Call<'_>) {
        let number = self.next_request;
        self.next_request += 1;
        self.world.call(number, call);
    }
}
