//! Coming back: a session is told what its client has missed, and hears everything else meanwhile.
//!
//! A *replay* is what a session is still to be told, a queue of legs: the conversations that the client has named
//! with the last `seq` that it has, then what waits for the user (`offline.rs`, `push.rs`), then private talks in which
//! somebody has spoken in the meantime. When the queue is empty the client is told so, and the replay is gone.
//! Nearly every session has none.
//!
//! **Nothing falls between replay and live, and nothing comes twice.** Of a conversation that has a leg the session
//! hears nothing but by the leg: it is not subscribed to the group's topic, and private entries leave it out. The
//! page of a leg is answered inside the open transaction, so it holds everything that was ever said up to that
//! instant, and if it is the last one, the session is subscribed in the same step. Who may hear a conversation is
//! asked at each page, so that a leg outlasts neither a kick nor the group, and needs no care when there is one.
//!
//! What a client need not be told one by one is told by one `gap`: too much, what is not kept any more, or all
//! of it where the client's figure means nothing.
//!
//! **Work is bounded.** A page is asked for when the one before it is on its way to the client (a mark comes back,
//! [`Output::Mark`]), and all replays together have so many pages a turn, in turns. What is left goes on in
//! the next one, which [`Chat::next_deadline`] asks for at once.
//!
//! A failed commit puts each replay back to where the turn found it. A mark that was reached stays reached, and so
//! is told once more then. The tutorial's clients miss what they miss.
//! Tested in `tests/chat/resume.rs` and `tests/sim/`.

use std::collections::{BTreeMap, VecDeque};

use super::Chat;
use super::ids::{Conversation, SessionId};
use super::input::{Bounds, Resume, Target};
use super::offline::{Strikes, Told};
use super::output::{Event, Output, PageQuery, PageRecord, Query, Record, Sink, To};
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::{Millis, Now};

/// What is still to be told at one go.
#[derive(Clone, Debug)]
pub(super) enum Leg {
    /// What was said in a conversation. Where it stands is in [`Replay::talks`].
    Talk(Conversation),
    /// What waits for the user behind the entry with this number of the store's.
    Waiting { after: u64 },
    /// Pushes that wait for the user behind this number.
    Pushes { after: u64 },
}

/// How far a client is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// It has everything up to this.
    At(u64),
    /// It cannot say.
    Unknown,
    /// It hears the conversation live.
    Live,
}

/// A conversation that has or had a leg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    /// What is later than this comes by the leg, even if it waits besides.
    pub(super) from: u64,
    pub(super) position: Position,
}

/// What a replay is waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Its turn.
    Ready,
    /// The store.
    Asked(Query),
    /// The client: for this mark.
    Flushing(u64),
}

/// What one session is still to be told.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    pub(super) legs: VecDeque<Leg>,
    pub(super) talks: BTreeMap<Conversation, Talk>,
    /// The client waits for `resumed`, and knows what a gap is.
    resumes: bool,
    step: Step,
    /// Bytes that were put out since the last mark.
    pub(super) bytes: usize,
    /// What the client has as soon as the next mark is reached.
    pub(super) told: Told,
}

impl Replay {
    /// Whether the conversation comes by a leg, and not live.
    pub(super) fn brings(&self, conversation: &Conversation) -> bool {
        self.talks.get(conversation).is_some_and(|talk| talk.position != Position::Live)
    }

    /// The first leg is done.
    fn pass(&mut self) {
        if let Some(Leg::Talk(conversation)) = self.legs.pop_front()
            && let Some(talk) = self.talks.get_mut(&conversation)
        {
            talk.position = Position::Live;
        }
    }
}

/// All replays.
#[derive(Default)]
pub(super) struct Replays {
    pub(super) running: BTreeMap<SessionId, Replay>,
    /// Whose turn it is, the next one first. Who is not ready is passed over.
    ready: VecDeque<SessionId>,
    /// Who waits for an answer of the store.
    asked: BTreeMap<Query, Vec<SessionId>>,
    /// The last mark that was given.
    marks: u64,
    /// Marks that were reached in this turn.
    flushed: Vec<(SessionId, u64)>,
    /// Pages that were asked for in this turn.
    pages: usize,
    pub(super) strikes: Strikes,
    /// The store has failed: until then it is left in peace.
    paused_until: Option<Millis>,
}

impl Replays {
    /// Whether the session is not told of this conversation but by its replay.
    pub(super) fn brings(&self, session: SessionId, conversation: &Conversation) -> bool {
        self.running.get(&session).is_some_and(|replay| replay.brings(conversation))
    }

    /// The session has ended, or its login is undone.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.running.remove(&session);
    }

    /// The turn is over, and stands.
    pub(super) fn committed(&mut self) {
        self.flushed.clear();
        self.pages = 0;
        self.strikes.committed();
    }

    /// When there is something to do that nothing else will bring about.
    pub(super) fn next_step(&self) -> Option<Millis> {
        let is_idle = self.ready.is_empty() && self.strikes.is_empty();
        (!is_idle).then(|| self.paused_until.unwrap_or_default())
    }

    fn is_paused(&mut self, now: Millis) -> bool {
        self.paused_until = self.paused_until.filter(|until| now < *until);
        self.paused_until.is_some()
    }

    fn is_ready(&self, session: SessionId) -> bool {
        self.running.get(&session).is_some_and(|replay| replay.step == Step::Ready)
    }
}

impl Chat {
    /// Whether the session has not been told yet of everything that its client has missed.
    #[must_use]
    pub fn is_replaying(&self, session: SessionId) -> bool {
        self.replays.running.get(&session).is_some_and(|replay| replay.resumes || !replay.legs.is_empty())
    }

    /// Lays down what a session that logs in is to be told. The conversations that it names are not to be heard
    /// otherwise from now on.
    pub(super) fn begin_replay(&mut self, session: SessionId, user: UserSlot, resume: Option<&Resume>) {
        let (waits, pushes_wait) = (self.users[user].waits, self.users[user].pushes_wait);
        if resume.is_none() && !waits && !pushes_wait {
            return;
        }
        let (mut legs, mut talks) = (VecDeque::new(), BTreeMap::new());
        let resumes = resume.is_some();
        for (target, after) in resume.map_or(&[][..], |resume| &resume.conversations) {
            let conversation = self.conversation(user, target);
            let position = after.map_or(Position::Unknown, Position::At);
            talks.insert(conversation.clone(), Talk { from: 0, position });
            legs.push_back(Leg::Talk(conversation));
        }
        if waits {
            legs.push_back(Leg::Waiting { after: 0 });
        }
        if pushes_wait {
            legs.push_back(Leg::Pushes { after: 0 });
        }
        let told = Told::default();
        let replay = Replay { legs, talks, resumes, step: Step::Ready, bytes: 0, told };
        self.replays.running.insert(session, replay);
        // If the turn fails there is no session, and so nothing to put back.
        self.turn.replays_for_the_first_time(session);
        self.replays.ready.push_back(session);
    }

    /// Has every replay whose turn it is go on, as far as this turn has room.
    pub(super) fn replay(&mut self, now: Now, out: &mut impl Sink) {
        if self.replays.next_step().is_none() || self.replays.is_paused(now.mono) {
            return;
        }
        let nobody_is_told = self.replays.ready.is_empty() && !self.turn.has_replayed();
        if nobody_is_told || self.replays.strikes.come_first() {
            self.strike_waiting(out);
        }
        while self.replays.pages < self.limits.replay_pages_per_turn
            && let Some(session) = self.replays.ready.pop_front()
        {
            self.step(session, out);
        }
    }

    /// Goes on up to where the store must be asked, or to the end.
    fn step(&mut self, session: SessionId, out: &mut impl Sink) {
        let Some(row) = self.sessions.find(&session).filter(|row| !row.ending) else { return };
        if !self.replays.is_ready(session) {
            return;
        }
        let user = row.user;
        self.keep_replay(session);
        while let Some(leg) = self.replays.running.get(&session).and_then(|replay| replay.legs.front()) {
            let query = match leg.clone() {
                Leg::Waiting { after } => Some(self.waiting_query(user, after)),
                Leg::Pushes { after } => Some(self.pushes_query(user, after)),
                Leg::Talk(conversation) => self.begin_leg((session, user), &conversation, out),
            };
            if let Some(query) = query {
                self.replays.pages += 1;
                self.ask(query.clone(), out);
                self.replays.asked.entry(query.clone()).or_default().push(session);
                if let Some(replay) = self.replays.running.get_mut(&session) {
                    replay.step = Step::Asked(query);
                }
                return;
            }
        }
        self.end_replay(session, out);
    }

    /// What the store must be asked for the next page of a conversation. `None`: the leg is done without.
    fn begin_leg(
        &mut self,
        (session, user): (SessionId, UserSlot),
        conversation: &Conversation,
        out: &mut impl Sink,
    ) -> Option<Query> {
        let replay = self.replays.running.get_mut(&session)?;
        let position = replay.talks.get(conversation).map_or(Position::Live, |talk| talk.position);
        if position == Position::Live || !self.may_hear(user, conversation) {
            self.replays.running.get_mut(&session)?.pass();
            return None;
        }
        let last = self.last_known(conversation);
        match (position, last) {
            (Position::At(after), Some(last)) if after == last => {
                self.arrive((session, user), conversation, last, out);
                None
            }
            (position, Some(last)) if self.is_gap(session, position, last) => {
                self.tell_gap((session, user), (conversation, position), last, out);
                None
            }
            (position, _) => {
                let (bounds, entries_max) = match position {
                    Position::At(after) => (Bounds::After(after), self.limits.replay_page_max),
                    // Only the last number is of use.
                    Position::Unknown | Position::Live => (Bounds::Newest, 1),
                };
                let (conversation, bytes_max) = (conversation.clone(), self.limits.replay_page_bytes_max);
                Some(Query::Page(PageQuery { conversation, bounds, entries_max, bytes_max }))
            }
        }
    }

    /// The last `seq`, where the store need not be asked for it.
    fn last_known(&self, conversation: &Conversation) -> Option<u64> {
        match conversation {
            Conversation::Group(gid) => self.groups.find(gid).filter(|of| of.loaded).map(|of| of.seq),
            Conversation::Ticket(ticket) => self.last_of_ticket(*ticket),
            Conversation::Direct(low, high) => {
                let two = (self.users.slot(low)?, self.users.slot(high)?);
                self.directs.get(&self.pair(two.0, two.1)).copied()
            }
        }
    }

    /// Whether a gap stands for what is missing. Who does not resume knows no gaps, and gets all of it.
    fn is_gap(&self, session: SessionId, position: Position, last: u64) -> bool {
        let resumes = self.replays.running.get(&session).is_some_and(|replay| replay.resumes);
        resumes
            && match position {
                Position::At(after) => after > last || last - after > self.limits.resume_entries_max,
                Position::Unknown | Position::Live => true,
            }
    }

    fn tell_gap(
        &mut self,
        (session, user): (SessionId, UserSlot),
        (conversation, position): (&Conversation, Position),
        last: u64,
        out: &mut impl Sink,
    ) {
        let target = Target::of(conversation, &self.users[user].uid);
        let after = match position {
            Position::At(after) if after <= last => after,
            _ => 0,
        };
        let event = Event::Gap { target: &target, after, before: last + 1 };
        out.put(Output::Deliver { to: To::Session(session), event });
        self.arrive((session, user), conversation, last, out);
    }

    /// From now on the session hears the conversation live: its client knows of everything up to now.
    fn arrive(
        &mut self,
        (session, user): (SessionId, UserSlot),
        conversation: &Conversation,
        last: u64,
        out: &mut impl Sink,
    ) {
        if let Conversation::Group(gid) = conversation
            && let Some(slot) = self.groups.slot(gid)
        {
            out.put(Output::Subscribe { session, topic: slot.topic() });
        }
        self.has_told((session, user), conversation, last);
        if let Some(replay) = self.replays.running.get_mut(&session) {
            replay.pass();
        }
    }

    /// The store has answered: whoever waited for that goes on.
    pub(super) fn replay_answer(&mut self, now: Now, query: &Query, record: &Record, out: &mut impl Sink) {
        for session in self.replays.asked.remove(query).unwrap_or_default() {
            let waits = |replay: &Replay| matches!(&replay.step, Step::Asked(asked) if asked == query);
            if !self.replays.running.get(&session).is_some_and(waits) {
                continue;
            }
            let Ok(user) = self.user_of(session) else { continue };
            self.keep_replay(session);
            if let Some(replay) = self.replays.running.get_mut(&session) {
                replay.step = Step::Ready;
            }
            let is_cut = match record {
                Record::Page(query, page) => {
                    self.tell_page((session, user), &query.conversation, page, out);
                    page.more
                }
                Record::Waiting(query, page) => {
                    self.tell_waiting((session, user), query, page, out);
                    page.more
                }
                Record::Pushes(query, page) => {
                    self.tell_pushes(now, (session, user), (query, page), out);
                    page.more
                }
                _ => false,
            };
            self.rest(session, is_cut, out);
        }
    }

    fn tell_page(
        &mut self,
        (session, user): (SessionId, UserSlot),
        conversation: &Conversation,
        page: &PageRecord,
        out: &mut impl Sink,
    ) {
        let Some(replay) = self.replays.running.get(&session) else { return };
        let Some(talk) = replay.talks.get(conversation).copied() else { return };
        let has_hole = match (talk.position, page.entries.first()) {
            (Position::At(after), Some(first)) => first.seq != after + 1,
            (Position::At(after), None) => after < page.last,
            _ => true,
        };
        let is_gap = has_hole && replay.resumes || self.is_gap(session, talk.position, page.last);
        let may_hear = self.may_hear(user, conversation);
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        if !may_hear {
            // Put out while the page was under way.
            replay.pass();
            return;
        }
        if is_gap {
            self.tell_gap((session, user), (conversation, talk.position), page.last, out);
            return;
        }
        for record in &page.entries {
            replay.bytes += record.bytes();
            let event = Event::Entry(record.entry(conversation));
            out.put(Output::Deliver { to: To::Session(session), event });
        }
        match page.entries.last() {
            Some(last) if page.more => {
                let position = Position::At(last.seq);
                replay.talks.insert(conversation.clone(), Talk { position, ..talk });
                self.has_told((session, user), conversation, last.seq);
            }
            _ => self.arrive((session, user), conversation, page.last, out),
        }
    }

    /// Behind a page: the client gets time to take it, or, if it was a short one, the next replay its turn.
    fn rest(&mut self, session: SessionId, is_cut: bool, out: &mut impl Sink) {
        let Some(replay) = self.replays.running.get(&session) else { return };
        if replay.legs.is_empty() {
            self.end_replay(session, out);
        } else if !is_cut && replay.bytes < self.limits.replay_page_bytes_max {
            self.replays.ready.push_back(session);
        } else {
            self.mark(session, out);
        }
    }

    fn mark(&mut self, session: SessionId, out: &mut impl Sink) {
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        self.replays.marks += 1;
        let mark = self.replays.marks;
        replay.step = Step::Flushing(mark);
        out.put(Output::Mark { session, mark });
    }

    /// Everything is told. The replay stays only as long as something is to be struck when it has arrived.
    fn end_replay(&mut self, session: SessionId, out: &mut impl Sink) {
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        if std::mem::take(&mut replay.resumes) {
            out.put(Output::Deliver { to: To::Session(session), event: Event::Resumed });
        }
        if replay.told.is_empty() {
            self.replays.running.remove(&session);
        } else {
            self.mark(session, out);
        }
    }

    /// What was put out before a mark is on its way. That stays so whatever becomes of the turn.
    pub(super) fn flushed(&mut self, session: SessionId, mark: u64) {
        self.replays.flushed.push((session, mark));
        self.reach(session, mark);
    }

    fn reach(&mut self, session: SessionId, mark: u64) {
        let Ok(user) = self.user_of(session) else { return };
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        if replay.step != Step::Flushing(mark) {
            return;
        }
        (replay.step, replay.bytes) = (Step::Ready, 0);
        self.replays.strikes.take(&self.users[user].uid, std::mem::take(&mut replay.told));
        if replay.legs.is_empty() {
            self.replays.running.remove(&session);
        } else {
            self.replays.ready.push_back(session);
        }
    }

    /// Remembers how a replay was before this turn, once.
    pub(super) fn keep_replay(&mut self, session: SessionId) {
        if let Some(replay) = self.replays.running.get(&session)
            && self.turn.replays_for_the_first_time(session)
        {
            self.turn.undo(Undo::Replayed(session, Box::new(replay.clone())));
        }
    }

    /// A replay is as it was before the turn, if its session is still there.
    pub(super) fn put_back_replay(&mut self, session: SessionId, before: Replay) {
        if self.sessions.find(&session).is_some() {
            self.replays.running.insert(session, before);
        }
    }

    /// The turn has failed, and is undone. What the store was asked for may never be answered, so it is asked again,
    /// but not at once: a store that fails is left in peace for a while.
    pub(super) fn replays_failed(&mut self, now: Now) {
        self.replays.asked.clear();
        for (session, mark) in std::mem::take(&mut self.replays.flushed) {
            self.reach(session, mark);
        }
        let replays = &mut self.replays;
        replays.pages = 0;
        replays.strikes.failed();
        replays.ready.clear();
        for (session, replay) in &mut replays.running {
            if matches!(replay.step, Step::Asked(_)) {
                replay.step = Step::Ready;
            }
            if replay.step == Step::Ready {
                replays.ready.push_back(*session);
            }
        }
        if replays.next_step().is_some() {
            let until = now.mono.plus_ms(self.limits.internal_retry_ms);
            replays.paused_until.get_or_insert(until);
        }
    }
}
