//! One run of one seed.

mod calling;
mod commands;
mod governing;
mod pushing;
mod returning;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::{Millis, UnixMillis};
use karez::chat::ids::{CallId, SessionId};
use karez::chat::input::{Command, Target};
use karez::chat::output::ListPlace;
use karez::chat::{BroadcastPolicy, Chat, Limits};

use crate::checks::Checks;
use crate::marks::{self, Mark};
use crate::model::Model;
use crate::net::{Answers, Told, World};
use crate::pushes::Pushes;
use crate::random::Random;
use crate::returns::Returns;
use commands::number;
use telling::{forget_last, next_of, order_changes, place_after};

const TURNS: u64 = 120;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// What a run put out and reached.
pub struct Run {
    pub trace: Vec<String>,
    pub marks: BTreeSet<Mark>,
}

/// How much memory the core has, and how quick the store is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Everything stays resident, the rate is tight, the store answers at once.
    Roomy,
    /// The core forgets what it can. What hangs on forgotten rows (`last`, the rate) is left out.
    Forgetful,
    /// The store answers when it likes, so that requests overtake one another: only invariants are checked.
    Slow,
}

/// A message that was sent, and what has happened since.
#[derive(Clone)]
struct Send {
    session: SessionId,
    id: String,
    command: Command<'static>,
    turn_has_failed: bool,
    has_restarted: bool,
}

struct Sim {
    random: Random,
    mode: Mode,
    limits: Limits,
    world: World,
    model: Model,
    sessions: Vec<SessionId>,
    /// Days that have passed since the beginning.
    days: u64,
    next_session: u64,
    next_request: u64,
    /// Where the latest searches said that they go on.
    cursors: Vec<u64>,
    /// Messages with an id, which may be sent again.
    sends: Vec<Send>,
    /// The ids of requests to recall something.
    recalls: BTreeSet<String>,
    /// What somebody wanted to recall last.
    last_recall: Option<(SessionId, Target, u64)>,
    /// Where lists went on.
    places: Vec<ListPlace>,
    marks: BTreeSet<Mark>,
    checks: Checks,
    pushes: Pushes,
    returns: Returns,
    /// Who was replaying when the turn before ended.
    in_replay: BTreeSet<SessionId>,
    /// A mark was reached in this turn.
    has_arrived: bool,
    /// Calls that are not answered yet.
    open_calls: BTreeSet<CallId>,
}

pub fn run(seed: u64) -> Run {
    let mut sim = Sim::new(seed);
    for _ in 0..TURNS {
        sim.turn();
    }
    sim.finish()
}

fn limits(random: &mut Random, mode: Mode) -> Limits {
    let mut limits = Limits {
        guests_reserved: 1 + random.below(3),
        groups_per_user_max: 3,
        group_members_max: 5,
        notice_members_max: 4,
        members_page_default: 2,
        members_page_max: 3,
        history_page_default: 2,
        history_page_max: 4,
        history_page_bytes_max: 850,
        recall_seconds: random.below(3) * 200,
        conversations_page_default: 2,
        conversations_page_max: 3,
        unread_counted_max: 4,
        unread_counted_per_page_max: 7,
        conversations_page_bytes_max: 550,
        search_bytes_max: 12,
        search_words_max: 3,
        search_page_default: 2,
        search_page_max: 3,
        search_steps_max: 10_000_000,
        resume_conversations_max: 6,
        resume_entries_max: 1 + random.below(3),
        replay_page_max: 2,
        replay_page_bytes_max: 850,
        replay_pages_per_turn: 2,
        watched_uids_max: 4,
        groups_page_max: 2,
        sanctions_per_group_max: 2,
        blocks_per_user_max: 2,
        presence_grace_ms: random.below(4) * 700,
        guest_kept_days: 1 + random.below(2),
        forgetting_every_ms: 1_500,
        forgetting_pause_ms: 20,
        content_bytes_max: 24,
        kind_bytes_max: 8,
        data_bytes_max: 16,
        mentions_max: 2,
        name_chars_max: 8,
        over_rate_ms: 2_000,
        ..Limits::default()
    };
    if random.percent(50) {
        limits.broadcast = BroadcastPolicy::Anyone;
    }
    if mode == Mode::Roomy {
        limits.messages_per_second = 1 + random.below(7);
        limits.messages_burst = 5 + random.below(20);
    } else {
        limits.messages_burst = 1_000_000;
        limits.idle_users_max = random.below(4) as usize;
        limits.idle_groups_max = random.below(3) as usize;
        limits.directs_cached_max = random.below(3) as usize;
    }
    limits
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut random = Random::new(seed);
        let mode = match seed % 4 {
            0 | 1 => Mode::Roomy,
            2 => Mode::Forgetful,
            _ => Mode::Slow,
        };
        let limits = limits(&mut random, mode);
        let mut world = World::new(Chat::new(limits.clone()));
        world.tracing = true;
        world.now.unix = UnixMillis(1_700_000_000_000);
        if mode == Mode::Slow {
            world.answers = Answers::Later;
        }
        Sim {
            random,
            mode,
            model: Model::new(limits.clone()),
            returns: Returns::new(limits.resume_entries_max),
            limits,
            world,
            sessions: Vec::new(),
            days: 0,
            next_session: 1,
            next_request: 1,
            cursors: Vec::new(),
            sends: Vec::new(),
            recalls: BTreeSet::new(),
            last_recall: None,
            places: Vec::new(),
            marks: BTreeSet::new(),
            checks: Checks::default(),
            pushes: Pushes::default(),
            in_replay: BTreeSet::new(),
            has_arrived: false,
            open_calls: BTreeSet::new(),
        }
    }

    fn turn(&mut self) {
        if self.random.percent(70) {
            self.pass_deadlines();
        }
        for _ in 0..self.random.below(8) {
            self.step();
        }
        while self.mode == Mode::Slow && !self.world.asked.is_empty() && self.random.percent(70) {
            let which = self.random.below(self.world.asked.len() as u64) as usize;
            self.world.answer(which);
            self.forget_sends();
        }
        if self.random.percent(1) {
            return self.crash();
        }
        let fails = self.random.percent(15);
        let mut in_replay = std::mem::take(&mut self.in_replay);
        in_replay.extend(self.replaying());
        if std::mem::take(&mut self.has_arrived) && fails {
            self.marks.insert("a mark in a failed turn".to_owned());
        }
        if fails && !in_replay.is_empty() {
            self.marks.insert("a replay in a failed turn".to_owned());
        }
        let expected = if fails { self.fail() } else { self.commit() };
        self.check_answers();
        let heard = self.world.all_told();
        self.check_pushes(&heard, fails);
        if self.mode != Mode::Slow {
            // A failure may have put some back.
            self.in_replay = self.replaying();
            in_replay.extend(&self.in_replay);
            self.compare(&heard, &expected, &in_replay);
        }
        let deadline = self.world.chat.next_deadline();
        if self.mode != Mode::Slow {
            let of_model = self.model.next_deadline();
            let is_earlier = deadline.is_some_and(|at| of_model.is_none_or(|of_model| at < of_model));
            assert!(deadline == of_model || is_earlier, "{deadline:?}, and {of_model:?} in the model");
        }
        if deadline == Some(Millis(0)) {
            self.marks.insert("a replay that goes on in the next turn".to_owned());
        }
        self.checks.heard(&heard, &self.world);
        let marks = std::mem::take(&mut self.model.marks);
        if self.mode != Mode::Slow {
            self.marks.extend(marks.into_iter().map(str::to_owned));
        }
        self.returns.turn(&mut self.world, &heard, &mut self.marks);
        for (session, told) in heard {
            self.marks.extend(told.iter().map(marks::of));
            let again =
                |told: &Told| matches!(told, Told::Ack { id, entry: None } if self.recalls.contains(id));
            if told.iter().any(again) {
                self.marks.insert("a second recall".to_owned());
            }
            self.places.extend(told.iter().filter_map(place_after));
            self.cursors.extend(told.iter().filter_map(next_of));
            if told.iter().any(|told| matches!(told, Told::Bye(_))) {
                self.end(session);
            }
        }
        if self.mode != Mode::Slow && self.random.percent(1) {
            self.restart();
        }
    }

    fn commit(&mut self) -> BTreeMap<SessionId, Vec<Told>> {
        self.world.commit();
        self.model.committed()
    }

    fn fail(&mut self) -> BTreeMap<SessionId, Vec<Told>> {
        self.marks.insert("a failed commit".to_owned());
        if self.model.turn_has_login() {
            self.marks.insert("a failed commit with a login in it".to_owned());
        }
        if self.model.turn_has_recall() {
            self.marks.insert("a failed commit with a recall in it".to_owned());
        }
        if self.model.turn_has_gone() {
            self.marks.insert("a failed commit with a session that went".to_owned());
        }
        self.sends.iter_mut().for_each(|send| send.turn_has_failed = true);
        self.world.fail();
        self.model.failed(self.world.now)
    }

    /// Whoever is or was in a replay hears the same at another time; that is for [`Returns`].
    fn compare(
        &self,
        heard: &BTreeMap<SessionId, Vec<Told>>,
        expected: &BTreeMap<SessionId, Vec<Told>>,
        in_replay: &BTreeSet<SessionId>,
    ) {
        let of_replay = |told: &Told| match told {
            Told::Push(push) => push.is_offline,
            told => matches!(told, Told::Resumed | Told::Gap { .. } | Told::Offline(_)),
        };
        let sessions: BTreeSet<SessionId> = heard.keys().chain(expected.keys()).copied().collect();
        for session in sessions {
            let is_back = heard.get(&session).is_some_and(|told| told.iter().any(of_replay));
            if in_replay.contains(&session) || is_back {
                continue;
            }
            let lines = |of: &BTreeMap<SessionId, Vec<Told>>| -> Vec<Told> {
                let mut told = of.get(&session).cloned().unwrap_or_default();
                if self.mode == Mode::Forgetful {
                    told.iter_mut().for_each(forget_last);
                }
                order_changes(&mut told);
                told
            };
            assert_eq!(lines(heard), lines(expected), "what {session:?} heard, and should have heard");
        }
    }

    /// One thing happens.
    fn step(&mut self) {
        match self.random.below(100) {
            0..6 => self.wait(),
            6..8 => self.pass_deadlines(),
            8..14 => self.somebody_goes(),
            14..26 => self.somebody_comes(),
            26..30 => self.flood(),
            30..36 => self.somebody_sends_again(),
            36..40 => self.somebody_takes_it_back(),
            40..48 if !self.world.marked().is_empty() => self.something_arrives(),
            48..50 => self.somebody_goes_on_about_it(),
            50..54 => self.the_site_calls(),
            54..57 => self.something_is_pushed(),
            _ => self.somebody_asks(),
        }
    }

    fn wait(&mut self) {
        let ms = *self.random.pick(&[1, 30, 400, 3_000]);
        self.world.wait_ms(ms);
        if self.random.percent(20) {
            // Somebody sets the date; deadlines must not care.
            let offset = self.random.below(1_000_000);
            self.world.now.unix = UnixMillis(1_700_000_000_000 - 500_000 + offset + self.days * DAY_MS);
        }
        if self.random.percent(12) {
            let days = 1 + self.random.below(4);
            self.days += days;
            self.world.now.unix.0 += days * DAY_MS;
        }
        self.pushes.it_is(self.world.now.unix);
        self.pass_deadlines();
    }

    /// What somebody sent who was forgotten since would be something new.
    fn forget_sends(&mut self) {
        if self.world.forgets() {
            self.sends.clear();
        }
    }

    fn somebody_comes(&mut self) {
        if self.sessions.len() > 12 {
            return;
        }
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.sessions.push(session);
        if self.random.percent(90) {
            let login = self.login();
            self.ask(session, login);
        }
    }

    /// One user asks faster than allowed, for a while.
    fn flood(&mut self) {
        let Some(&session) = self.sessions.first() else { return };
        if self.mode != Mode::Roomy || !self.model.is_logged_in(session) {
            return;
        }
        for _ in 0..40 {
            self.world.wait_ms(90);
            self.ask(session, Command::Typing { target: Target::User(number(77)) });
        }
        self.pass_deadlines();
    }

    fn somebody_asks(&mut self) {
        if self.sessions.is_empty() {
            return;
        }
        let session = *self.random.pick(&self.sessions);
        let command = self.command();
        self.ask(session, command);
    }

    /// One of the latest messages goes out again with its id, over any connection, or another one under it.
    fn somebody_sends_again(&mut self) {
        let latest = self.sends.len().saturating_sub(6);
        if self.sessions.is_empty() || self.sends.is_empty() {
            return;
        }
        let send = self.random.pick(&self.sends[latest..]).clone();
        let is_there = self.sessions.contains(&send.session);
        let session = match self.random.below(4) {
            0 | 1 if is_there => send.session,
            _ => *self.random.pick(&self.sessions),
        };
        let again = [
            ("a send after a failed commit, with the same id", send.turn_has_failed),
            ("a send over another connection, with the same id", session != send.session),
            ("a send after a restart, with the same id", send.has_restarted),
        ];
        self.marks.extend(again.into_iter().filter(|(_, is)| *is).map(|(mark, _)| mark.to_owned()));
        let command = if self.random.percent(10) { self.command() } else { send.command };
        self.ask_as(session, Some(&send.id), command);
    }

    fn ask(&mut self, session: SessionId, command: Command<'static>) {
        let id = format!("r{}", self.next_request);
        let id = self.random.percent(70).then_some(id.as_str());
        if let (Some(id), Command::Group { .. } | Command::Pm { .. }) = (id, &command) {
            let (id, command) = (id.to_owned(), command.clone());
            let send = Send { session, id, command, turn_has_failed: false, has_restarted: false };
            self.sends.push(send);
        }
        self.ask_as(session, id, command);
    }

    fn ask_as(&mut self, session: SessionId, id: Option<&str>, command: Command<'static>) {
        self.next_request += 1;
        if matches!(command, Command::Conversations { cursor: Some(_), .. }) {
            self.marks.insert("a list that goes on".to_owned());
        }
        let mut command = command;
        if let Command::Login(_, resume) = &mut command {
            self.returns.names(session, resume);
        }
        if let Some(id) = id {
            self.checks.asked(session, id);
            if matches!(command, Command::Recall { .. }) {
                self.recalls.insert(id.to_owned());
            }
        }
        if self.mode != Mode::Slow {
            self.model.request(self.world.now, session, id, &command);
        }
        self.world.request(session, id, command);
    }

    fn finish(mut self) -> Run {
        if self.mode == Mode::Slow {
            self.marks.insert("a store that answers later".to_owned());
            while !self.world.asked.is_empty() {
                self.world.answer(0);
            }
            self.world.commit();
            self.check_answers();
            let heard = self.world.all_told();
            self.checks.heard(&heard, &self.world);
            self.checks.all_answered();
        }
        assert!(self.open_calls.is_empty(), "no answer came to {:?}", self.open_calls);
        self.checks.stored(&self.world);
        self.everybody_goes();
        Run { trace: self.world.trace, marks: self.marks }
    }
}
