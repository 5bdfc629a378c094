//! One run of one seed.

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::Millis;
use karez::chat::call::Call;
use karez::chat::desk::{Desk, DeskCall, DeskLimits, DeskRequest, DeskSettings, Duty, TicketState};
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::Command;
use karez::chat::{Chat, Limits};

use super::checks::{BEGINNING, Checks, Truth, Turn, not_closed, truth};
use super::people::{self, Person};
use crate::net::{Told, World};
use crate::random::Random;

const TURNS: u64 = 150;

/// What a run put out and reached.
pub struct Run {
    pub trace: Vec<String>,
    pub marks: BTreeSet<String>,
}

struct Sim {
    random: Random,
    limits: Limits,
    world: World,
    people: Vec<Person>,
    rules: BTreeMap<Desk, DeskSettings>,
    /// Who logs in in this turn.
    logins: Vec<SessionId>,
    next_session: u64,
    next_request: u64,
    turn: Turn,
    truth: Truth,
    checks: Checks,
    /// What agents have said about duty in this turn: the request, who, and what.
    said: Vec<(String, usize, Duty, Option<u32>)>,
    new_rules: Vec<DeskSettings>,
    /// Since when nothing has failed.
    quiet_since: Millis,
}

pub fn run(seed: u64) -> Run {
    let mut sim = Sim::new(seed);
    for _ in 0..TURNS {
        sim.turn();
    }
    sim.finish()
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut random = Random::new(seed);
        let desk = DeskLimits {
            visitor_grace_ms: 1 + random.below(60_000),
            agent_grace_ms: 1 + random.below(60_000),
            ..DeskLimits::default()
        };
        let limits = Limits { desk, messages_burst: 1_000_000, ..Limits::default() };
        let mut world = World::new(Chat::new(limits.clone()));
        world.tracing = true;
        world.now.unix = BEGINNING;
        Sim {
            random,
            limits,
            world,
            people: people::people(),
            rules: BTreeMap::new(),
            logins: Vec::new(),
            next_session: 1,
            next_request: 1,
            turn: Turn::default(),
            truth: Truth::new(),
            checks: Checks::default(),
            said: Vec::new(),
            new_rules: Vec::new(),
            quiet_since: Millis::default(),
        }
    }

    fn turn(&mut self) {
        self.begin_turn();
        for _ in 0..1 + self.random.below(5) {
            self.step();
            self.turn.observe(&not_closed(&self.world));
        }
        if self.random.percent(12) {
            self.fail();
        } else {
            self.commit();
        }
        if self.random.percent(2) {
            self.restart();
        }
        if self.random.percent(20) {
            self.calm();
        }
    }

    fn begin_turn(&mut self) {
        self.logins.clear();
        let stood = self.checks.standing.clone();
        let mut turn = Turn { before: self.truth.clone(), stood, ..Turn::default() };
        turn.observe(&self.truth);
        for person in &self.people {
            if let Some((_, capacity)) = person.duty {
                turn.capacities.insert(person.uid.clone(), capacity);
            }
        }
        self.turn = turn;
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..12 => self.somebody_comes(),
            12..18 => self.somebody_goes(),
            18..30 => {
                let ms = *self.random.pick(&[1, 50, 900, 5_000, 31_000, 70_000]);
                self.world.wait_ms(ms);
                self.world.deadline();
            }
            30..60 => self.a_visitor_asks(),
            60..90 => self.an_agent_asks(),
            90..94 => self.the_site_rules(),
            _ => self.the_site_patches(),
        }
    }

    fn somebody_comes(&mut self) {
        let at = self.random.below(self.people.len() as u64) as usize;
        if self.people[at].sessions.len() < 2 {
            self.comes(at);
        }
    }

    fn comes(&mut self, at: usize) -> SessionId {
        // Who is back is back in time, or not.
        self.world.deadline();
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.people[at].sessions.push(session);
        self.logins.push(session);
        let login = self.people[at].login();
        self.ask(session, login);
        session
    }

    fn somebody_goes(&mut self) {
        let at = self.random.below(self.people.len() as u64) as usize;
        let Some(session) = self.people[at].sessions.first().copied() else { return };
        self.goes(at, session);
    }

    fn goes(&mut self, at: usize, session: SessionId) {
        self.world.gone(session);
        self.turn.has_gone = true;
        let now = self.world.now.mono;
        let person = &mut self.people[at];
        person.sessions.retain(|of| *of != session);
        let watched_last = person.watching.remove(&session) && person.watching.is_empty();
        if person.sessions.is_empty() {
            person.duty = None;
            self.checks.gone_since.insert(person.uid.clone(), now);
            self.said.retain(|(_, of, ..)| *of != at);
        }
        let uid = person.uid.clone();
        self.checks.gone(&uid, session, watched_last);
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

    fn an_agent_asks(&mut self) {
        let here: Vec<usize> = (0..self.people.len())
            .filter(|at| self.people[*at].is_agent() && !self.people[*at].sessions.is_empty())
            .collect();
        if here.is_empty() {
            return;
        }
        let at = *self.random.pick(&here);
        let session = *self.random.pick(&self.people[at].sessions.clone());
        if !self.people[at].watching.contains(&session) && self.random.percent(80) || self.random.percent(8) {
            let (state, capacity) = people::duty(&mut self.random);
            let id = self.ask(session, Command::Desk(DeskRequest::Duty { state, capacity }));
            self.said.push((id, at, state, capacity));
            return;
        }
        let worth: Vec<TicketId> =
            self.truth.values().filter(|of| of.state != TicketState::Closed).map(|of| of.ticket).collect();
        let command = people::of_agent(&mut self.random, &worth);
        self.ask(session, command);
    }

    fn ask(&mut self, session: SessionId, command: Command<'static>) -> String {
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
        let rules = people::rules(&mut self.random);
        self.new_rules.push(rules.clone());
        self.turn.has_new_rules = true;
        self.call(DeskCall::PutDesk(Box::new(rules)));
    }

    fn the_site_patches(&mut self) {
        let ticket = TicketId(1 + self.random.below(self.truth.len() as u64 + 1));
        self.turn.touched.insert(ticket);
        let patch = people::patch(&mut self.random);
        self.call(DeskCall::PatchTicket { ticket, patch });
    }

    fn call(&mut self, call: DeskCall<'_>) {
        let number = self.next_request;
        self.next_request += 1;
        self.world.call(number, Call::Desk(call));
    }

    fn commit(&mut self) {
        self.world.commit();
        for rules in std::mem::take(&mut self.new_rules) {
            self.rules.insert(rules.desk.clone(), rules);
        }
        self.hear();
    }

    fn fail(&mut self) {
        self.checks.marks.insert("a failed commit".to_owned());
        if !self.turn.claims.is_empty() {
            self.checks.marks.insert("a failed commit with a claim in it".to_owned());
        }
        if self.turn.has_gone {
            self.checks.marks.insert("a failed commit with somebody who went".to_owned());
        }
        self.world.fail();
        (self.new_rules, self.said) = (Vec::new(), Vec::new());
        self.quiet_since = self.world.now.mono.plus_ms(self.limits.internal_retry_ms);
        let before = std::mem::take(&mut self.turn.before);
        self.turn = Turn { before, has_new_rules: true, ..Turn::default() };
        self.turn.observe(&self.truth);
        self.hear();
        // Whose login failed is not logged in.
        let failed = std::mem::take(&mut self.logins);
        for person in &mut self.people {
            for session in failed.iter().filter(|session| person.sessions.contains(session)) {
                self.world.gone(*session);
            }
            person.sessions.retain(|session| !failed.contains(session));
            if person.sessions.is_empty() {
                (person.duty, person.watching) = (None, BTreeSet::new());
                self.checks.gone_since.insert(person.uid.clone(), self.world.now.mono);
            }
        }
        self.world.commit();
    }

    /// What was told, and whether all is as it must be.
    fn hear(&mut self) {
        let heard = self.world.all_told();
        self.world.answered();
        let acked: BTreeSet<&str> = heard
            .values()
            .flatten()
            .filter_map(|told| if let Told::Ack { id, .. } = told { Some(id.as_str()) } else { None })
            .collect();
        for (id, at, state, capacity) in std::mem::take(&mut self.said) {
            if !acked.contains(id.as_str()) {
                continue;
            }
            let person = &mut self.people[at];
            let told = heard.iter().filter(|(session, _)| person.sessions.contains(session));
            for (session, told) in told {
                if told.iter().any(|told| matches!(told, Told::Ack { id: of, .. } if *of == id)) {
                    person.watching.insert(*session);
                }
            }
            // What was said before is known if it was said here.
            match (capacity, person.duty) {
                (Some(capacity), _) | (None, Some((_, capacity))) => person.duty = Some((state, capacity)),
                (None, None) => {}
            }
        }
        self.truth = truth(&self.world);
        self.turn.observe(&self.truth);
        self.turn.now = self.world.now.mono;
        if self.people.iter().any(|of| of.sessions.is_empty() && !self.world.waiting(&of.uid).is_empty()) {
            self.checks.marks.insert("an entry for who is away".to_owned());
        }
        self.checks.told((&self.turn, &self.truth), &heard, &self.people, &self.rules);
        self.checks.standing_rules(&self.turn, &self.truth, &self.people);
    }

    /// The daemon ends, in the middle of nothing, and begins again on its store.
    fn restart(&mut self) {
        let trace = std::mem::take(&mut self.world.trace);
        let mut now = self.world.now;
        now.mono = Millis::default();
        let old = std::mem::replace(&mut self.world, World::new(Chat::new(self.limits.clone())));
        self.world = World::on(Chat::new(self.limits.clone()), old.into_store());
        (self.world.now, self.world.trace, self.world.tracing) = (now, trace, true);
        for person in &mut self.people {
            (person.sessions, person.watching, person.duty) = (Vec::new(), BTreeSet::new(), None);
        }
        self.quiet_since = now.mono;
        self.checks.restart(now.mono, &self.truth, &self.people);
    }

    /// Time passes and nothing else happens, until all has settled.
    fn calm(&mut self) {
        for _ in 0..3 {
            self.begin_turn();
            self.world.wait_ms(1_500);
            self.world.drain();
            self.turn.observe(&not_closed(&self.world));
            self.hear();
        }
        let graces = (self.limits.desk.visitor_grace_ms, self.limits.desk.agent_grace_ms);
        let now = (self.world.now.mono, self.quiet_since);
        self.checks.calm(now, &self.truth, &self.people, graces);
    }

    /// Everybody comes, and every ticket must be there to be claimed and closed.
    fn finish(mut self) -> Run {
        if self.random.percent(50) {
            self.restart();
        }
        self.world.wait_ms(2_000);
        let all: usize = self.people.len();
        self.begin_turn();
        for at in 0..all {
            if self.people[at].sessions.is_empty() {
                self.comes(at);
            }
        }
        self.commit();
        self.begin_turn();
        let boss = self.people[all - 1].sessions[0];
        let (state, capacity) = (Duty::Online, Some(100));
        let id = self.ask(boss, Command::Desk(DeskRequest::Duty { state, capacity }));
        self.said.push((id, all - 1, state, capacity));
        self.commit();
        self.calm();
        let queued: Vec<TicketId> =
            self.truth.values().filter(|of| of.state.is_queued()).map(|of| of.ticket).collect();
        self.begin_turn();
        for ticket in &queued {
            self.ask(boss, Command::Desk(DeskRequest::Claim { ticket: *ticket }));
        }
        self.turn.observe(&not_closed(&self.world));
        self.commit();
        for ticket in &queued {
            assert_eq!(self.truth[ticket].state, TicketState::Open, "{ticket:?} can be claimed");
        }
        let open: Vec<TicketId> =
            self.truth.values().filter(|of| of.state != TicketState::Closed).map(|of| of.ticket).collect();
        self.begin_turn();
        for ticket in open {
            self.turn.touched.insert(ticket);
            self.ask(boss, Command::Desk(DeskRequest::Close { ticket }));
        }
        self.commit();
        assert!(self.truth.values().all(|of| of.state == TicketState::Closed), "every ticket can be closed");
        assert!(self.checks.standing.is_empty(), "every offer has ended: {:?}", self.checks.standing);
        Run { trace: self.world.trace, marks: self.checks.marks }
    }
}
