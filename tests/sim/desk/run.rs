//! One run of one seed.

mod failing;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::Millis;
use karez::chat::desk::{Desk, DeskLimits, DeskQuery, DeskRequest, DeskSettings, Duty, TicketState};
use karez::chat::ids::{CallId, Id, SessionId, TicketId};
use karez::chat::input::Command;
use karez::chat::output::{Query, Refusal};
use karez::chat::{Chat, Limits};

use super::checks::{Checks, Turn};
use super::hours::{self, Rules};
use super::kept::{BEGINNING, Truth, not_closed, truth};
use super::people::{self, Person};
use crate::net::{Answered, Answers, Told, World};
use crate::random::Random;

const TURNS: u64 = 150;

/// What a run put out and reached.
pub struct Run {
    pub trace: Vec<String>,
    pub marks: BTreeSet<String>,
}

/// What an agent has said about duty, and is not answered yet.
struct SaidDuty {
    id: String,
    at: usize,
    session: SessionId,
    state: Duty,
    capacity: Option<u32>,
}

struct Sim {
    random: Random,
    limits: Limits,
    /// The store answers when it likes, and commits take as long as several turns.
    is_slow: bool,
    world: World,
    people: Vec<Person>,
    rules: Rules,
    /// Who logs in, and is not answered yet.
    logins: Vec<SessionId>,
    next_session: u64,
    next_request: u64,
    turn: Turn,
    /// How many turns share the commit that is under way.
    turns_of_commit: u32,
    truth: Truth,
    checks: Checks,
    said: Vec<SaidDuty>,
    /// Rules that desks are to have, by call; `None`: those of every desk.
    new_rules: BTreeMap<CallId, (Desk, Option<DeskSettings>)>,
    /// Whom the site has deleted, by call.
    forgets: BTreeMap<CallId, Id>,
    /// Sessions that were told that they end.
    ended: Vec<SessionId>,
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
        let is_slow = seed % 3 == 2;
        let desk = DeskLimits {
            visitor_grace_ms: 1 + random.below(60_000),
            agent_grace_ms: 1 + random.below(60_000),
            ..DeskLimits::default()
        };
        let limits = Limits {
            desk,
            messages_burst: 1_000_000,
            resume_entries_max: 1 + random.below(4),
            replay_page_max: 2,
            replay_pages_per_turn: 1 + random.below(3) as usize,
            ..Limits::default()
        };
        let mut world = World::new(Chat::new(limits.clone()));
        world.tracing = true;
        world.now.unix = BEGINNING;
        if is_slow {
            world.answers = Answers::Later;
        }
        let checks = Checks::new(limits.resume_entries_max);
        Sim {
            random,
            limits,
            is_slow,
            world,
            people: people::people(),
            rules: Rules::new(),
            logins: Vec::new(),
            next_session: 1,
            next_request: 1,
            turn: Turn::default(),
            turns_of_commit: 0,
            truth: Truth::new(),
            checks,
            said: Vec::new(),
            new_rules: BTreeMap::new(),
            forgets: BTreeMap::new(),
            ended: Vec::new(),
            quiet_since: Millis::default(),
        }
    }

    fn mark(&mut self, mark: &str) {
        self.checks.marks.insert(mark.to_owned());
    }

    fn turn(&mut self) {
        if self.turns_of_commit == 0 {
            self.begin_turn();
        }
        self.turns_of_commit += 1;
        for _ in 0..1 + self.random.below(5) {
            self.step();
            self.look();
        }
        while !self.world.asked.is_empty() && self.random.percent(70) {
            let which = self.random.below(self.world.asked.len() as u64) as usize;
            self.answer(which);
        }
        if self.is_slow && self.turns_of_commit < 5 && self.random.percent(40) {
            let ms = *self.random.pick(&[1, 300, 5_000]);
            self.world.wait_ms(ms);
            return;
        }
        self.end_turn();
        if self.random.percent(20) {
            self.calm();
        }
    }

    fn end_turn(&mut self) {
        if self.random.percent(1) {
            self.mark("a crash in the middle of a turn");
            return self.restart();
        }
        if self.turns_of_commit > 1 {
            self.mark("a commit that took several turns");
        }
        if self.random.percent(12) {
            self.fail();
        } else {
            self.commit();
        }
        if self.random.percent(2) {
            self.restart();
        }
    }

    /// The store answers one of the open questions.
    fn answer(&mut self, which: usize) {
        if !self.forgets.is_empty() {
            self.checks.erasures.before(&self.world);
        }
        self.world.answer(which);
        self.look();
    }

    fn begin_turn(&mut self) {
        let stood = self.checks.standing.clone();
        let mut turn = Turn { before: self.truth.clone(), stood, ..Turn::default() };
        turn.begun = self.world.now.unix;
        turn.has_new_rules = !self.new_rules.is_empty();
        if !self.world.asked.is_empty() {
            // Some of what was asked in an earlier turn is still to be done.
            (turn.claims, turn.touched) =
                (std::mem::take(&mut self.turn.claims), std::mem::take(&mut self.turn.touched));
        }
        turn.observe(&self.truth);
        for person in &self.people {
            if let Some((_, capacity)) = person.duty {
                turn.capacities.insert(person.uid.clone(), capacity);
            }
        }
        self.turn = turn;
        self.look();
        for session in std::mem::take(&mut self.ended) {
            if let Some(at) = self.people.iter().position(|person| person.sessions.contains(&session)) {
                self.goes(at, session);
            }
        }
    }

    /// What is to be seen in the middle of a turn.
    fn look(&mut self) {
        self.turn.observe(&not_closed(&self.world));
        let others: Vec<_> = self.new_rules.values().cloned().collect();
        self.turn.hours.look(self.world.now.unix, &self.rules, &others);
        let fresh = self.world.forgotten_so_far()[self.turn.forgotten.len()..].to_vec();
        for uid in fresh {
            self.checks.erasures.ordered(&self.world, &uid);
            self.mark("somebody is deleted");
            self.turn.forgotten.push(uid);
        }
        if self.world.asked.contains(&Query::Desk(DeskQuery::Start)) {
            // Nobody's time runs before it is known what there is.
            self.quiet_since = self.world.now.mono;
            self.mark("a desk that is not known yet");
        }
    }

    fn commit(&mut self) {
        self.turns_of_commit = 0;
        self.world.commit();
        self.hear(true);
    }

    /// What was told, and whether all is as it must be.
    fn hear(&mut self, is_committed: bool) {
        let heard = self.world.all_told();
        for (call, answer) in self.world.answered() {
            self.answered(call, &answer);
        }
        for (session, told) in &heard {
            if told.iter().any(|told| matches!(told, Told::Login { .. })) {
                self.logins.retain(|of| of != session);
            }
            if told.iter().any(|told| matches!(told, Told::Bye(_))) {
                self.ended.push(*session);
            }
        }
        self.hear_of_duty(&heard);
        self.truth = truth(&self.world);
        self.turn.observe(&self.truth);
        self.turn.now = self.world.now.mono;
        if self.people.iter().any(|of| of.sessions.is_empty() && !self.world.waiting(&of.uid).is_empty()) {
            self.mark("an entry for who is away");
        }
        self.checks.told((&self.turn, &self.truth), &heard, &self.people, &self.rules);
        self.checks.erasures.settle(is_committed);
        self.checks.standing_rules(&self.turn, &self.truth, &self.people);
    }

    fn answered(&mut self, call: CallId, answer: &Answered) {
        if let Some((desk, rules)) = self.new_rules.remove(&call) {
            match (answer, rules) {
                (Answered::Desk(_), Some(rules)) => drop(self.rules.insert(desk, rules)),
                (Answered::Removed, None) => drop(self.rules.remove(&desk)),
                (Answered::Refused(_), _) => {}
                other => panic!("{other:?} is the answer to {call:?}"),
            }
        }
        let Some(uid) = self.forgets.remove(&call) else { return };
        match answer {
            Answered::Forgotten(report) => {
                self.checks.erasures.reported(&uid, report);
                if self.turn.forgotten.is_empty() {
                    self.mark("a report of who was deleted before");
                }
            }
            Answered::Refused(Refusal::Internal { .. }) => self.mark("a deletion that failed"),
            other => panic!("{other:?} is the answer to a deletion"),
        }
    }

    fn hear_of_duty(&mut self, heard: &BTreeMap<SessionId, Vec<Told>>) {
        for said in std::mem::take(&mut self.said) {
            let person = &mut self.people[said.at];
            let told = heard.get(&said.session).map(Vec::as_slice).unwrap_or_default();
            let is_ack = |told: &&Told| matches!(told, Told::Ack { id, .. } if *id == said.id);
            let is_no = |told: &&Told| matches!(told, Told::Refused { id: Some(id), .. } if *id == said.id);
            if !person.sessions.contains(&said.session) {
                // It may have been done, and nobody is there to be told.
                person.duty = None;
            } else if told.iter().find(is_ack).is_some() {
                person.watching.insert(said.session);
                // What was said before is known if it was said here.
                match (said.capacity, person.duty) {
                    (Some(capacity), _) | (None, Some((_, capacity))) => {
                        person.duty = Some((said.state, capacity));
                    }
                    (None, None) => {}
                }
            } else if told.iter().find(is_no).is_none() {
                self.said.push(said);
            }
        }
    }

    /// Whatever is under way comes to its end.
    fn settle(&mut self) {
        if self.turns_of_commit == 0 {
            self.begin_turn();
        }
        while !self.world.asked.is_empty() {
            self.answer(0);
        }
        self.commit();
    }

    /// Time passes and nothing else happens, until all has settled.
    fn calm(&mut self) {
        self.settle();
        self.world.answers = Answers::AtOnce;
        for _ in 0..3 {
            self.begin_turn();
            self.world.wait_ms(1_500);
            self.look();
            self.world.drain();
            self.look();
            self.commit();
        }
        let graces = (self.limits.desk.visitor_grace_ms, self.limits.desk.agent_grace_ms);
        let now = (self.world.now.mono, self.quiet_since);
        let answers = |desk: &Desk| hours::are_on(&self.rules, desk, self.world.now.unix);
        self.checks.calm(now, &self.truth, &self.people, graces, answers);
        self.checks.returns.calm(&self.world, &self.truth, &self.people);
        self.checks.erasures.calm(&self.world);
        if self.is_slow {
            self.world.answers = Answers::Later;
        }
    }

    /// Everybody comes, and every ticket must be there to be claimed and closed.
    fn finish(mut self) -> Run {
        self.settle();
        self.is_slow = false;
        self.world.answers = Answers::AtOnce;
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
        self.said.push(SaidDuty { id, at: all - 1, session: boss, state, capacity });
        self.commit();
        self.calm();
        let queued: Vec<TicketId> =
            self.truth.values().filter(|of| of.state.is_queued()).map(|of| of.ticket).collect();
        self.begin_turn();
        for ticket in &queued {
            self.ask(boss, Command::Desk(DeskRequest::Claim { ticket: *ticket }));
        }
        self.look();
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
        assert!(self.new_rules.is_empty() && self.forgets.is_empty(), "every call is answered");
        self.checks.marks.extend(self.checks.returns.marks.iter().map(|mark| (*mark).to_owned()));
        Run { trace: self.world.trace, marks: self.checks.marks }
    }
}
