//! The turn of the app: what the core put out, held until the store has committed it.
//!
//! Outputs of the core are carried out as they come: orders for the store inside the open transaction,
//! deliveries rendered into an outbox that nobody sees yet, queries answered before the next request. At the
//! end of the turn the transaction is committed, and only then the outbox goes to the loop. If the commit
//! fails, the outbox is dropped, and the core undoes the turn and tells whoever asked for something.
//!
//! What the app says by itself (a message that is no request, a token that does not hold, a login that did not
//! come) owes nothing to the store, and is said whatever becomes of the turn.

use std::collections::VecDeque;
use std::time::Instant;

use super::Settings;
use super::api::{Replay, response};
use super::health::Health;
use super::strangers::Strangers;
use super::tally::{ERROR_KIND, Tally, message_kind};
use crate::auth::GuestKey;
use crate::base::clock::{Millis, Now, UnixMillis};
use crate::chat::Chat;
use crate::chat::call::{Answer, Put};
use crate::chat::ids::{CallId, SessionId};
use crate::chat::input::Input;
use crate::chat::output::{Event, Farewell, FileRecord, Output, Query, Sink, To};
use crate::http::Response;
use crate::net::{ConnId, Outbox, Payload, TopicId};
use crate::store::{Identity, KeptAnswer, Storage, StoreError, Tidy};
use crate::wire::{self, Bye, Problem, api};

/// When somebody who would not stop sending may come back.
const TOO_MANY_RETRY_MS: u64 = 10_000;
/// So long after a commit the store is given time to tidy up.
const TIDY_AFTER_MS: u64 = 100;

/// What happened in this turn and has not left yet.
pub(super) struct Turn<S> {
    store: S,
    transaction: Transaction,
    held: Outbox,
    /// A copy of what the app itself put into `held`: if the turn fails, this still leaves.
    certain: Outbox,
    queries: VecDeque<Query>,
    /// Connections that are told that their login holds; true when the turn is committed.
    logged_in: Vec<ConnId>,
    /// Connections that are told to go: what they still say is not heard.
    ending: Vec<ConnId>,
    /// The connection whose login the core has just refused for its token.
    failed_login: Option<ConnId>,
    /// Calls that are answered in lines and not in JSON, as far as they are not answered yet.
    in_text: Vec<CallId>,
    /// What the core has answered to calls and nobody has taken.
    replies: VecDeque<(CallId, api::Reply)>,
    /// Files that the core has found for calls, until somebody takes them.
    found: Vec<(CallId, FileRecord)>,
    /// Connections that get a response in this turn, each with the name of its request.
    responding: Vec<(ConnId, Box<str>)>,
    /// The turn before has failed: those who got no response.
    unanswered: Vec<(ConnId, Box<str>)>,
    /// The core has been given something since the last commit.
    touched: bool,
    /// When the store is given time to tidy up.
    tidies_up_at: Option<Millis>,
    guest_key: GuestKey,
    epoch: Box<str>,
    heartbeat_s: u64,
    limits: wire::Limits,
    pub(super) tally: Tally,
    pub(super) health: Health,
    /// Something is written in the open transaction.
    writes: bool,
}

/// The limits that the login answer tells.
fn told(settings: &Settings) -> wire::Limits {
    let chat = &settings.chat;
    wire::Limits {
        message_bytes: settings.message_bytes_max as u64,
        content_bytes: chat.content_bytes_max as u64,
        kind_bytes: chat.kind_bytes_max as u64,
        data_bytes: chat.data_bytes_max as u64,
        mentions: chat.mentions_max as u64,
        name_chars: chat.name_chars_max as u64,
        name_bytes: chat.name_bytes_max as u64,
        members_page: chat.members_page_max as u64,
        history_page: chat.history_page_max as u64,
        recall_seconds: chat.recall_seconds,
        resume_conversations: chat.resume_conversations_max as u64,
        watched_uids: chat.watched_uids_max as u64,
        messages_per_second: chat.messages_per_second,
        messages_burst: chat.messages_burst,
        files_bytes: settings.files.bytes_max,
    }
}

/// The store's side of the turn.
#[derive(Debug, PartialEq, Eq)]
enum Transaction {
    /// Nothing was written or read.
    None,
    Open,
    /// The store failed: the turn cannot be committed any more.
    Failed,
}

impl<S: Storage> Turn<S> {
    pub(super) fn new(store: S, identity: Identity, settings: &Settings) -> Turn<S> {
        Turn {
            store,
            transaction: Transaction::None,
            held: Outbox::default(),
            certain: Outbox::default(),
            queries: VecDeque::new(),
            logged_in: Vec::new(),
            ending: Vec::new(),
            failed_login: None,
            in_text: Vec::new(),
            replies: VecDeque::new(),
            found: Vec::new(),
            responding: Vec::new(),
            unanswered: Vec::new(),
            touched: false,
            tidies_up_at: None,
            guest_key: GuestKey::from_bytes(identity.guest_secret),
            tally: Tally::default(),
            health: Health::default(),
            writes: false,
            epoch: identity.epoch,
            heartbeat_s: settings.heartbeat_s,
            limits: told(settings),
        }
    }

    /// What clients are told at login from now on.
    pub(super) fn adjust(&mut self, settings: &Settings) {
        self.heartbeat_s = settings.heartbeat_s;
        self.limits = told(settings);
    }

    pub(super) fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Hands an input to the core, and answers what the core must know before the next one. Inlined with what calls it:
    /// a call less for each message.
    #[inline(always)]
    pub(super) fn handle(&mut self, chat: &mut Chat, now: Now, input: Input<'_>) {
        if !self.touched {
            // Now, and not when the turn is over: then its acks would wait for it.
            self.tidy_up(now);
        }
        self.touched = true;
        chat.handle(now, input, &mut Hold { turn: self, time: now.unix });
        while let Some(query) = self.queries.pop_front() {
            match self.begin().and_then(|()| self.store.read(&query)) {
                Ok(record) => {
                    chat.handle(now, Input::Answer(record), &mut Hold { turn: self, time: now.unix });
                }
                Err(error) => self.fail(&error),
            }
        }
    }

    /// Commits the turn and hands its output over, or undoes it.
    pub(super) fn finish(&mut self, chat: &mut Chat, out: &mut Outbox, strangers: &mut Strangers) {
        let now = out.now();
        if std::mem::take(&mut self.touched) {
            let end = if self.commit(now.mono) {
                self.logged_in.iter().for_each(|conn| strangers.logged_in(*conn));
                Input::Committed
            } else {
                self.tally.undone += self.held.messages().saturating_sub(self.certain.messages()) as u64;
                self.held.clear();
                Input::CommitFailed
            };
            self.logged_in.clear();
            let has_failed = matches!(end, Input::CommitFailed);
            if has_failed {
                self.unanswered.append(&mut self.responding);
            }
            chat.handle(now, end, &mut Hold { turn: self, time: now.unix });
            if has_failed {
                self.held.append(&mut self.certain);
            }
        }
        self.responding.clear();
        self.certain.clear();
        self.tidy_up(now);
        self.try_store(now.mono);
        self.ending.clear();
        out.append(&mut self.held);
    }

    /// What a call was answered that bore this key. The words of a failure are in the log.
    pub(super) fn kept_answer(&mut self, key: &str, now: Now) -> Result<Option<KeptAnswer>, ()> {
        self.touched = true;
        let kept = self.begin().and_then(|()| self.store.kept_answer(key, now.unix));
        kept.map_err(|error| self.fail(&error))
    }

    /// Keeps what a call is answered, with what it has done.
    pub(super) fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) {
        self.touched = true;
        self.writes = true;
        if self.transaction != Transaction::Failed
            && let Err(error) = self.begin().and_then(|()| self.store.keep_answer(key, answer))
        {
            self.fail(&error);
        }
    }

    /// When there must be a turn, whatever happens until then.
    pub(super) fn tidies_up_at(&self) -> Option<Millis> {
        self.tidies_up_at
    }

    /// The store is given time to tidy up at the end of this turn, though nothing was written.
    pub(super) fn tidy_soon(&mut self, now: Millis) {
        self.tidies_up_at.get_or_insert(now);
    }

    fn tidy_up(&mut self, now: Now) {
        if self.tidies_up_at.is_none_or(|at| at > now.mono) {
            return;
        }
        self.tidies_up_at = match self.store.tidy_up(now.unix) {
            Ok(Tidy::Done) => None,
            Ok(Tidy::NotYet) => Some(now.mono.plus_ms(TIDY_AFTER_MS)),
            Err(error) => {
                log::error!("the store could not tidy up: {error}");
                None
            }
        };
    }

    /// Tries whether the store that failed takes anything by now, if somebody wants to know.
    fn try_store(&mut self, now: Millis) {
        if self.health.wants_probe(now) {
            match self.store.probe() {
                Ok(()) => self.health.stored(),
                Err(error) => self.health.failed(&error),
            }
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.transaction == Transaction::None {
            self.store.begin()?;
            self.transaction = Transaction::Open;
        }
        Ok(())
    }

    fn fail(&mut self, error: &StoreError) {
        if self.transaction != Transaction::Failed {
            log::error!("the store failed, nothing of this turn is stored: {error}");
            self.tally.store_failures += 1;
        }
        self.health.failed(error);
        self.transaction = Transaction::Failed;
    }

    /// Whether what the turn wrote is stored. Why not is in the log.
    fn commit(&mut self, now: Millis) -> bool {
        if self.transaction == Transaction::Open {
            self.tidies_up_at.get_or_insert(now.plus_ms(TIDY_AFTER_MS));
            let began = Instant::now();
            let committed = self.store.commit();
            self.tally.commits.observe(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            match committed {
                Ok(()) if self.writes => self.health.stored(),
                Ok(()) => {}
                Err(error) => self.fail(&error),
            }
        }
        self.writes = false;
        let transaction = std::mem::replace(&mut self.transaction, Transaction::None);
        if transaction == Transaction::Failed {
            self.store.rollback();
        }
        transaction != Transaction::Failed
    }
}

impl<S> Turn<S> {
    /// What the store is called, to whom it is told at login.
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    pub(super) fn guest_key(&self) -> &GuestKey {
        &self.guest_key
    }

    pub(super) fn is_ending(&self, conn: ConnId) -> bool {
        self.ending.contains(&conn)
    }

    pub(super) fn has_logged_in(&self, conn: ConnId) -> bool {
        self.logged_in.contains(&conn)
    }

    /// A call that is about to be made is answered in lines that people read.
    pub(super) fn answer_in_text(&mut self, call: CallId) {
        self.in_text.push(call);
    }

    /// The next answer of the core to a call.
    pub(super) fn take_reply(&mut self) -> Option<(CallId, api::Reply)> {
        self.replies.pop_front()
    }

    /// Answers a call, when the turn is committed.
    pub(super) fn respond(&mut self, conn: ConnId, request_id: &str, reply: api::Reply, replay: Replay) {
        self.respond_with(conn, request_id, response(request_id, reply, replay));
    }

    /// The same with a response that is made already.
    pub(super) fn respond_with(&mut self, conn: ConnId, request_id: &str, response: Response) {
        self.held.respond(conn, response);
        self.responding.push((conn, request_id.into()));
    }

    /// The file with which the core has answered a call.
    pub(super) fn take_file(&mut self, call: CallId) -> Option<FileRecord> {
        let place = self.found.iter().position(|(of, _)| *of == call)?;
        Some(self.found.swap_remove(place).1)
    }

    /// Those whose responses went with a turn that failed.
    pub(super) fn take_failed_responses(&mut self) -> Vec<(ConnId, Box<str>)> {
        std::mem::take(&mut self.unanswered)
    }

    /// The connection whose login was refused by the core, once.
    pub(super) fn take_failed_login(&mut self) -> Option<ConnId> {
        self.failed_login.take()
    }

    /// Tells a client that its message was refused.
    pub(super) fn refuse(&mut self, conn: ConnId, id: Option<&str>, problem: &Problem) {
        self.tally.refusal(problem.code);
        for outbox in [&mut self.held, &mut self.certain] {
            let payload = outbox.text(|out| wire::render_error(id, problem, out)).of_kind(ERROR_KIND);
            outbox.send(conn, payload);
        }
    }

    /// Ends a connection with a `bye`.
    pub(super) fn end_with(&mut self, conn: ConnId, bye: Bye, retry_ms: Option<u64>) {
        self.tally.bye(bye);
        for outbox in [&mut self.held, &mut self.certain] {
            say_bye(outbox, conn, bye, retry_ms);
        }
        self.ending.push(conn);
    }

    /// Ends a connection.
    pub(super) fn end(&mut self, conn: ConnId, code: u16, reason: &str) {
        for outbox in [&mut self.held, &mut self.certain] {
            outbox.close(conn, code, reason);
        }
        self.ending.push(conn);
    }

    fn render(&mut self, event: &Event<'_>, time: UnixMillis) -> Payload {
        let Event::Login { id, uid, name, guest } = event else {
            return self.held.text(|out| wire::render(event, out));
        };
        let token = guest.then(|| self.guest_key.sign(uid));
        let login = wire::Login {
            id: *id,
            uid,
            name,
            token: token.as_deref(),
            epoch: &self.epoch,
            time,
            heartbeat_s: self.heartbeat_s,
            limits: self.limits,
        };
        self.held.text(|out| wire::render_login(&login, out))
    }

    fn deliver(&mut self, to: To<'_>, event: &Event<'_>, time: UnixMillis) {
        match event {
            Event::Refused { refusal, .. } => self.tally.refusal(Problem::from(refusal).code),
            Event::Gap { .. } => self.tally.gaps += 1,
            _ => {}
        }
        let payload = self.render(event, time).of_kind(message_kind(event));
        match to {
            To::Session(session) => {
                if matches!(event, Event::Login { .. }) {
                    self.logged_in.push(conn_of(session));
                }
                self.held.send(conn_of(session), payload);
            }
            To::Sessions(sessions) => {
                sessions.iter().for_each(|session| self.held.send(conn_of(*session), payload));
            }
            To::Topic(topic) => self.held.publish(TopicId(topic.0), payload),
        }
    }
}

/// Where the outputs of the core go.
struct Hold<'a, S> {
    turn: &'a mut Turn<S>,
    time: UnixMillis,
}

impl<S: Storage> Sink for Hold<'_, S> {
    fn put(&mut self, output: Output<'_>) {
        let turn = &mut *self.turn;
        match output {
            // By reference: an event is 160 bytes, and moving it costs as much as hashing an id.
            Output::Deliver { to, ref event } => turn.deliver(to, event, self.time),
            Output::Answer { call, answer } => {
                if let Answer::File { put: Put::Kept, file } = &answer {
                    turn.found.push((call, (*file).clone()));
                }
                let wanted = turn.in_text.len();
                turn.in_text.retain(|wanted| *wanted != call);
                let is_text = turn.in_text.len() < wanted;
                let reply = if is_text { api::render_as_text(&answer) } else { api::render(&answer) };
                turn.replies.push_back((call, reply));
            }
            Output::Subscribe { session, topic } => turn.held.subscribe(conn_of(session), TopicId(topic.0)),
            Output::Unsubscribe { session, topic } => {
                turn.held.unsubscribe(conn_of(session), TopicId(topic.0));
            }
            Output::Store(order) => {
                if turn.transaction != Transaction::Failed {
                    match turn.begin().and_then(|()| turn.store.write(order)) {
                        Ok(()) => turn.writes = true,
                        Err(error) => turn.fail(&error),
                    }
                }
            }
            Output::Query(query) => turn.queries.push_back(query),
            Output::Mark { session, mark } => turn.held.mark(conn_of(session), mark),
            Output::Disconnect { session, why } => {
                let (bye, retry_ms) = match why {
                    Farewell::TooManyMessages => (Bye::TooManyMessages, Some(TOO_MANY_RETRY_MS)),
                    Farewell::Kicked => (Bye::Kicked, None),
                    Farewell::Banned => (Bye::Banned, None),
                    Farewell::Unauthorized | Farewell::TokenExpired => (Bye::Unauthorized, None),
                };
                let conn = conn_of(session);
                log::debug!("{conn} is to end: {why:?}");
                if why == Farewell::Unauthorized {
                    turn.failed_login = Some(conn);
                }
                turn.tally.bye(bye);
                // Not certain: the core takes it back with the turn.
                say_bye(&mut turn.held, conn, bye, retry_ms);
                turn.ending.push(conn);
            }
        }
    }
}

fn say_bye(outbox: &mut Outbox, conn: ConnId, bye: Bye, retry_ms: Option<u64>) {
    let payload = outbox.text(|out| wire::render_bye(bye, retry_ms, out));
    outbox.send(conn, payload);
    outbox.close(conn, bye.close_code(), bye.as_str());
}

fn conn_of(session: SessionId) -> ConnId {
    ConnId::from_u64(session.0)
}
