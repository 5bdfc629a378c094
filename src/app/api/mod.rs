//! The HTTP API: from a request under `/v1` to its response.
//!
//! A call is authenticated by its key, read by [`wire::api`], and handed to the core as an input of its own; the core's
//! answer becomes a response, which leaves when the turn is committed, and not before. When the turn fails, the
//! response is 503 and says when to try again. What is refused before it reaches the core is answered at once.
//!
//! A call that bears an `Idempotency-Key` (or, where it has none, an `id` in its body) is answered from the store if
//! it was made before, and its answer is stored with what it has done, in one transaction (`idempotency.rs`). The calls of a batch are
//! handed to the core one after the other, each when the one before has its answer (`batch.rs`).
//!
//! Invariants: each request is answered once; nothing of a key is logged; a connection has one request under way, so
//! its number is that of its call, and pipelined requests are answered in order (`net` holds them back).
//! There is no CORS here: this is for back ends, and a browser that has a key has lost it.
//!
//! The tutorial has no API: its PHP would include the class and call `send()`. Tests: `tests/app/api_*.rs`.

mod batch;
mod idempotency;
pub mod key_file;
mod rate;
mod response;
mod stats;

use std::collections::{HashMap, VecDeque};

use super::App;
use crate::app::Signer;
use crate::app::docs::OPENAPI;
use crate::auth::{self, Claims, KnownKey, Scope};
use crate::base::clock::Now;
use crate::base::limits;
use crate::chat::call::Call;
use crate::chat::ids::CallId;
use crate::chat::input::Input;
use crate::chat::push::Push;
use crate::http::Request;
use crate::net::{ConnId, Outbox};
use crate::store::Storage;
use crate::wire::api::{self, Problem, Reply, Route, TokenOrder};
use batch::Batch;
use idempotency::Once;
use key_file::Keyring;
use rate::Rates;
pub(super) use response::{Replay, request_id, respond, response, shown_key, shown_token};

/// Whether a path is one of the API. The document about it is none: it needs no key.
pub(super) fn is_call(path: &str) -> bool {
    (path == "/v1" || path.starts_with("/v1/")) && path != OPENAPI
}

/// What the API knows between two calls.
#[derive(Debug)]
pub(super) struct Api {
    keyring: Keyring,
    rates: Rates,
    under_way: HashMap<ConnId, UnderWay>,
    /// WebSocket connections.
    pub(super) connections: usize,
}

/// A request that is not answered yet.
#[derive(Debug)]
struct UnderWay {
    request_id: String,
    once: Option<Once>,
    batch: Option<Batch>,
}

impl Api {
    pub(super) fn new(settings: &super::ApiSettings) -> Api {
        Api {
            keyring: Keyring::new(settings.keys_file.clone()),
            rates: Rates::new(settings.calls_per_second),
            under_way: HashMap::new(),
            connections: 0,
        }
    }

    /// From now on a key may make so many calls.
    pub(super) fn set_calls_per_second(&mut self, calls_per_second: u64) {
        self.rates.set(calls_per_second);
    }
}

/// For which scope a call is.
const fn scope_of(route: &Route) -> Scope {
    match route {
        Route::SayInGroup(_)
        | Route::SayToUser(_)
        | Route::SayInTicket(_)
        | Route::NewNote(_)
        | Route::Push
        | Route::PushToUser(_)
        | Route::PushToGroup(_)
        | Route::Batch => Scope::Publish,
        Route::GroupHistory(_)
        | Route::UserHistory(..)
        | Route::Group(_)
        | Route::Members(_)
        | Route::User(_)
        | Route::UsersOnline
        | Route::Groups
        | Route::Key
        | Route::Stats
        | Route::Desks
        | Route::Desk(_)
        | Route::Tickets
        | Route::Ticket(_)
        | Route::TicketHistory(_)
        | Route::Notes(_)
        | Route::Transcript(_)
        | Route::Canned
        | Route::Figures => Scope::Read,
        Route::PutGroup(_)
        | Route::DeleteGroup(_)
        | Route::PutMember(..)
        | Route::DeleteMember(..)
        | Route::Forget(_)
        | Route::Disconnect(_)
        | Route::Ban(_)
        | Route::Unban(_)
        | Route::Tokens
        | Route::PutDesk(_)
        | Route::DeleteDesk(_)
        | Route::PatchTicket(_)
        | Route::NewCanned
        | Route::PutCanned(_)
        | Route::DeleteCanned(_) => Scope::Manage,
    }
}

/// Whether a key is for a call. A batch is for every key: each of its calls is judged by itself. And every key may
/// be asked what it is for.
fn judge(key: &KnownKey, route: &Route) -> Result<(), Problem> {
    if matches!(route, Route::Batch | Route::Key) || key.is_for(scope_of(route)) {
        Ok(())
    } else {
        Err(Problem::FORBIDDEN)
    }
}

/// The answer to `GET /v1/key`.
fn show_key(key: &KnownKey) -> Reply {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    api::render_key(&key.name, &scopes)
}

impl<S: Storage> App<S> {
    /// A request under `/v1`.
    pub(super) fn take_call(&mut self, out: &mut Outbox, conn: ConnId, request: &Request<'_>) {
        let request_id = request_id(request);
        if let Err(problem) = self.begin_call(out, conn, request, &request_id) {
            log::debug!("{conn}: call refused: {}", problem.code);
            respond(out, conn, &request_id, problem.reply());
        }
        self.settle_calls(out);
    }

    fn begin_call(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        request: &Request<'_>,
        request_id: &str,
    ) -> Result<(), Problem> {
        let now = out.now();
        let key = self.authenticate(now, conn, request)?;
        self.api.rates.admit(now.mono, &key.name).map_err(Problem::rate_limited)?;
        let method = if request.is_head() { "GET" } else { request.method };
        let route = Route::find(method, request.path())?;
        judge(&key, &route)?;
        let is_text = response::wants_text(request, &route);
        let (is_batch, is_post) = (route == Route::Batch, request.method == "POST");
        let parsed = match response::is_json(request) {
            false if route.takes_text() => api::parse_text(route, request.body)?,
            false if !request.body.is_empty() => return Err(Problem::NOT_JSON),
            _ => api::parse(route, request.query(), request.body)?,
        };
        let once = if is_post { idempotency::once(request, &parsed)? } else { None };
        if let Some(once) = &once
            && let Some(kept) = self.turn.kept_answer(once.key(), now).map_err(|()| self.failed())?
        {
            let reply = once.again(kept)?;
            self.turn.respond(conn, request_id, reply, Replay::Stored);
            return Ok(());
        }
        let mut under_way = UnderWay { request_id: request_id.to_owned(), once, batch: None };
        if is_text {
            self.turn.answer_in_text(CallId(conn.to_u64()));
        }
        match parsed {
            api::Request::Batch(calls) => {
                debug_assert!(is_batch, "only a batch has calls");
                under_way.batch = Some(Batch::new(key, &calls));
                self.go_on(out, conn, under_way);
            }
            single => match self.hand_over(out, conn, &key, single) {
                Some(reply) => self.finish(now, conn, under_way, reply),
                None => {
                    self.api.under_way.insert(conn, under_way);
                }
            },
        }
        Ok(())
    }

    pub(super) fn failed(&self) -> Problem {
        Problem::internal(self.settings.chat.internal_retry_ms)
    }

    /// The key that came with a request. Whoever tries many is put off like whoever tries many logins.
    pub(super) fn authenticate(
        &mut self,
        now: Now,
        conn: ConnId,
        request: &Request<'_>,
    ) -> Result<KnownKey, Problem> {
        if let Some(retry_ms) = self.strangers.put_off_ms(now.mono, conn) {
            return Err(Problem::rate_limited(retry_ms));
        }
        let keys = self.api.keyring.keys(now.mono);
        self.api.rates.keep(limits::API_KEYS_MAX.count(), |name| keys.iter().any(|key| &*key.name == name));
        if let Some(key) = response::shown_key(request).and_then(|shown| keys.find(shown)) {
            return Ok(key.clone());
        }
        log::info!("{conn}: call refused: no key, or none that holds");
        self.strangers.failed(now.mono, conn);
        Err(Problem::UNAUTHORIZED)
    }

    /// Has a call done: by the core, whose answer comes by [`App::settle_calls`], or here, and then this is the answer.
    fn hand_over(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        key: &KnownKey,
        request: api::Request<'_>,
    ) -> Option<Reply> {
        match request {
            api::Request::Chat(Call::Push(push), _) if push.id.is_empty() => {
                let Ok(id) = auth::random_name() else { return Some(self.failed().reply()) };
                let named = Call::Push(Push { id: id.into(), ..push });
                self.hand_over(out, conn, key, api::Request::Chat(named, None))
            }
            api::Request::Chat(request, _) => {
                let call = CallId(conn.to_u64());
                self.turn.handle(&mut self.chat, out.now(), Input::Call { call, request });
                None
            }
            api::Request::Token(order) => {
                Some(self.make_token(out.now(), order).unwrap_or_else(|problem| problem.reply()))
            }
            api::Request::Stats => Some(self.stats(out)),
            api::Request::Key => Some(show_key(key)),
            api::Request::Batch(_) => {
                Some(Problem::bad_request("calls", "a batch is no call of a batch").reply())
            }
        }
    }

    /// Goes on with every call that the core has answered.
    pub(super) fn settle_calls(&mut self, out: &Outbox) {
        while let Some((call, reply)) = self.turn.take_reply() {
            let conn = ConnId::from_u64(call.0);
            let reply = self.settle_upload(conn, reply).and_then(|reply| self.settle_fetch(conn, reply));
            let Some(reply) = reply else { continue };
            let Some(mut under_way) = self.api.under_way.remove(&conn) else { continue };
            match &mut under_way.batch {
                Some(batch) => {
                    batch.take(reply);
                    self.go_on(out, conn, under_way);
                }
                None => self.finish(out.now(), conn, under_way, reply),
            }
        }
    }

    /// The next calls of a batch, up to one that the core has to answer, or the end.
    fn go_on(&mut self, out: &Outbox, conn: ConnId, mut under_way: UnderWay) {
        let now = out.now();
        while let Some(batch) = &mut under_way.batch {
            let Some(next) = batch.next() else {
                let reply = batch.reply();
                return self.finish(now, conn, under_way, reply);
            };
            let (key, admitted) = (batch.key(), self.api.rates.admit(now.mono, &batch.key().name));
            let parsed = admitted.map_err(Problem::rate_limited).and_then(|()| next.parse(key));
            let done = match parsed {
                Ok(request) => self.hand_over(out, conn, key, request),
                Err(problem) => Some(problem.reply()),
            };
            let Some(reply) = done else { break };
            batch.take(reply);
        }
        self.api.under_way.insert(conn, under_way);
    }

    /// A call has its answer, which leaves with the turn.
    fn finish(&mut self, now: Now, conn: ConnId, under_way: UnderWay, reply: Reply) {
        if let Some(once) = under_way.once.filter(|_| reply.status < 300) {
            self.turn.keep_answer(once.key(), &once.answered(&reply, now.unix));
        }
        self.turn.respond(conn, &under_way.request_id, reply, Replay::First);
    }

    /// A turn has failed: those whose answers it dropped are told, and those who wait will wait for nothing.
    pub(super) fn refuse_failed_calls(&mut self, out: &mut Outbox) {
        let mut failed: VecDeque<(ConnId, Box<str>)> = self.turn.take_failed_responses().into();
        while let Some((call, _)) = self.turn.take_reply() {
            let conn = ConnId::from_u64(call.0);
            let call = self.api.under_way.remove(&conn).map(|under_way| under_way.request_id);
            let request_id = call.or_else(|| self.give_up_file(conn));
            failed.extend(request_id.map(|request_id| (conn, request_id.into())));
        }
        for (conn, request_id) in failed {
            self.files.fetches.remove(&conn);
            respond(out, conn, &request_id, self.failed().reply());
        }
    }

    fn make_token(&self, now: Now, order: TokenOrder) -> Result<Reply, Problem> {
        let Signer { secret, audience } = self.settings.api.signer.as_ref().ok_or(Problem::new(
            409,
            "conflict",
            "there is no secret to sign with: the daemon was given a public key or none; sign tokens with your \
             private key, or start it with --token-secret-file",
        ))?;
        let exp_s = (now.unix.0 / 1_000).saturating_add(order.ttl_s);
        let TokenOrder { uid, name, role, groups, desks, ttl_s: _ } = order;
        let claims = Claims { uid, name, role, groups, desks, exp_s, not_before: None };
        let token = secret.sign(&claims, audience.as_deref()).map_err(|_| self.failed())?;
        if token.len() > limits::TOKEN_BYTES_MAX.count() {
            return Err(Problem::new(413, "too_large", "a token with so much in it would not be looked at"));
        }
        Ok(api::render_token(&token, exp_s))
    }
}
