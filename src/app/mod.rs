//! The daemon: the floors put together.
//!
//! [`App`] is the [`Handler`] of the loop. What comes in as text goes through `wire` into the chat core; what
//! the core puts out becomes orders to the loop or to the store (`turn.rs`). HTTP requests are calls of the site's back
//! end (`api/`), get the page (`assets.rs`), or say how the daemon is (`routes.rs`).
//!
//! It knows every floor and decides nothing that one of them could decide. What is its own: who a token stands
//! for, how long a connection may stay without a login, and the turn: **nothing that the core puts out leaves
//! before the store has committed the turn.** Whatever the core wants sent is rendered at once into an outbox of
//! the app's own, which is handed to the loop at the end of the turn, or dropped.
//!
//! In the tutorial all of this is the class itself. Tests: `tests/app/`.

mod api;
mod assets;
mod docs;
mod exposition;
mod files;
mod health;
mod metrics;
pub mod offline;
mod policy;
mod reload;
mod routes;
mod session;
mod strangers;
mod supervisor;
mod tally;
mod turn;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::auth::jwt::Secret;
use crate::auth::{self, AuthError, GuestKey, JwtKey};
use crate::base::clock::Millis;
use crate::chat::ids::SessionId;
use crate::chat::input::Input;
use crate::chat::{self, Chat};
use crate::http::Request;
use crate::net::{
    Asker, Body, BodyPlan, CloseReason, ConnId, Ending, Entrance, Handler, LastWords, Message, Outbox,
};
use crate::store::{Identity, Storage, StoreError};
use crate::wire::{self, Bye};
use crate::ws::code;

use api::Api;
pub use api::key_file;
use assets::Assets;
pub use files::FileSettings;
use files::Files;
pub use reload::{Reload, Reloaded};
pub use strangers::FailedLogins;
use strangers::Strangers;
pub use supervisor::Supervisor;
use turn::Turn;

/// What the daemon is told at the start, besides what the loop is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The limits of the chat core.
    pub chat: chat::Limits,
    /// Whether whoever comes without a token gets a uid.
    pub guests: Guests,
    /// What tokens of the site's back end are checked with; without it none holds.
    pub token_key: Option<JwtKey>,
    /// The HTTP API.
    pub api: ApiSettings,
    /// Files and images.
    pub files: FileSettings,
    /// How many logins may fail.
    pub failed_logins: FailedLogins,
    /// From the opening handshake to the login.
    pub login_timeout_ms: u64,
    /// What the login answer tells clients of the heartbeat.
    pub heartbeat_s: u64,
    /// What the login answer tells clients of the largest message.
    pub message_bytes_max: usize,
    /// How often the store is given time to tidy up while nothing is written.
    pub tidy_every_ms: u64,
    /// Where metrics are.
    pub metrics: MetricsAt,
    /// The sites that may show the widget, as `scheme://host[:port]`, besides the daemon's own pages.
    pub widget_sites: Vec<String>,
    /// Where the files of the page lie, instead of in the binary.
    pub ui_dir: Option<PathBuf>,
}

/// Where metrics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAt {
    /// At the listeners of everybody, for who asks from this machine.
    Main,
    /// At listeners of their own, for whoever reaches them.
    Side,
}

/// What the daemon is told of the HTTP API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The file of the keys; without one no key holds.
    pub keys_file: Option<PathBuf>,
    /// Calls that one key may make in a second.
    pub calls_per_second: u64,
    /// What tokens are signed with; without it none are made.
    pub signer: Option<Signer>,
}

/// What tokens are signed with.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The secret that they are checked with, too.
    pub secret: Secret,
    /// For whom they are meant (`aud`).
    pub audience: Option<String>,
}

/// Whether whoever comes without a token gets a uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guests {
    /// A guest's uid, and a token to come back with.
    Welcome,
    /// A refusal, for guests who come back too.
    Refused,
}

/// Why there is no daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// No secrets can be made.
    Auth(AuthError),
    /// The store does not keep what is made once for it.
    Store(StoreError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Auth(error) => error.fmt(f),
            StartError::Store(error) => write!(f, "the store cannot be used: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// The handler of the daemon.
pub struct App<S> {
    settings: Settings,
    chat: Chat,
    turn: Turn<S>,
    strangers: Strangers,
    assets: Assets,
    api: Api,
    files: Files,
    /// The deadlines of the core for which the loop was asked to wake us and has not yet. None twice: one that is
    /// far would be asked for again after each that is near.
    core_wakes_at: BTreeSet<Millis>,
    /// When the loop was asked to wake us for the store's tidying up.
    store_wakes_at: Option<Millis>,
    /// When the loop was asked to wake us for those who do not log in.
    logins_wake_at: Option<Millis>,
    /// Whether the loop was asked to wake us for what the store does now and then.
    has_routine: bool,
    /// Reads the settings again, where there is something to read.
    reload: Option<Box<dyn Reload>>,
    /// How many connections were told to come back later: each at another moment.
    farewells: u64,
    supervisor: Supervisor,
    /// Whether the supervisor has been told that everybody can come.
    is_ready: bool,
}

/// The token of the core's own deadline.
const CORE_DEADLINE: u64 = 0;
/// The token of the store's. All that it needs is the end of a turn.
const STORE_DEADLINE: u64 = 1;
/// The token of what comes round every [`Settings::tidy_every_ms`].
const ROUTINE_DEADLINE: u64 = 2;
/// The token of what the supervisor wants to hear.
const SUPERVISOR_DEADLINE: u64 = 3;
/// The token of the first connection whose time to log in ends.
const LOGIN_DEADLINE: u64 = 4;
/// Between these a client is told to come back after a restart, so that not all come in one moment.
const RETRY_MS: std::ops::Range<u64> = 500..5_500;

impl<S: Storage> App<S> {
    /// A daemon on a store.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers for the key of the guests' tokens, or the store does not keep it.
    pub fn new(settings: Settings, mut store: S) -> Result<App<S>, StartError> {
        let fresh = Identity {
            epoch: auth::random_name().map_err(StartError::Auth)?.into(),
            guest_secret: GuestKey::random_secret().map_err(StartError::Auth)?,
        };
        let identity = store.identity(fresh).map_err(StartError::Store)?;
        Ok(App {
            chat: Chat::new(settings.chat.clone()),
            turn: Turn::new(store, identity, &settings),
            strangers: Strangers::new(settings.failed_logins),
            api: Api::new(&settings.api),
            assets: Assets::new(settings.ui_dir.as_deref()),
            files: Files::default(),
            settings,
            core_wakes_at: BTreeSet::new(),
            store_wakes_at: None,
            logins_wake_at: None,
            has_routine: false,
            reload: None,
            farewells: 0,
            supervisor: Supervisor::default(),
            is_ready: false,
        })
    }

    /// The same daemon, with somebody who wants to hear from it.
    #[must_use]
    pub fn supervised_by(self, supervisor: Supervisor) -> App<S> {
        App { supervisor, ..self }
    }

    /// The store, for whoever looks in from outside.
    pub fn store_mut(&mut self) -> &mut S {
        self.turn.store_mut()
    }

    /// Hands one input to the core and carries out what comes of it.
    #[inline(always)]
    fn handle(&mut self, out: &Outbox, input: Input<'_>) {
        self.turn.handle(&mut self.chat, out.now(), input);
        self.settle_calls(out);
        if let Some(conn) = self.turn.take_failed_login() {
            self.login_failed(out, conn);
        }
    }

    fn login_failed(&mut self, out: &Outbox, conn: ConnId) {
        self.turn.tally.failed_logins += 1;
        self.strangers.failed(out.now().mono, conn);
    }

    /// Ends those who have had their time to log in.
    fn end_strangers(&mut self, out: &Outbox) {
        let now = out.now().mono;
        while let Some(conn) = self.strangers.next_overdue(now) {
            if self.turn.has_logged_in(conn) {
                // In this turn, which may still be undone.
                self.strangers.put_off(conn, now.plus_ms(self.settings.login_timeout_ms.max(1)));
            } else {
                let retry_ms = self.spread_retry_ms();
                self.turn.end_with(conn, Bye::LoginTimeout, Some(retry_ms));
            }
        }
    }

    /// Tells the supervisor that the loop turns, and when it will be told again.
    fn beat(&mut self, out: &mut Outbox) {
        if let Some(ms) = self.supervisor.beat_ms() {
            out.wake_at(out.now().mono.plus_ms(ms), SUPERVISOR_DEADLINE);
            let status = self.status(out);
            self.supervisor.beat(out.now().mono, status);
        }
    }
}

impl<S: Storage> Handler for App<S> {
    fn on_address(&mut self, conn: ConnId, address: IpAddr) {
        self.strangers.comes_from(conn, address);
    }

    fn on_connect(&mut self, out: &mut Outbox, conn: ConnId) {
        self.strangers.insert(conn, out.now().mono.plus_ms(self.settings.login_timeout_ms));
        self.api.connections += 1;
    }

    fn on_message(&mut self, out: &mut Outbox, conn: ConnId, message: Message<'_>) {
        if self.turn.is_ending(conn) {
            return;
        }
        match message {
            Message::Text(text) => self.take_text(out, conn, text),
            Message::Binary(_) => self.turn.end(conn, code::UNSUPPORTED, "text messages only"),
        }
    }

    fn on_close(&mut self, out: &mut Outbox, conn: ConnId, _reason: CloseReason) {
        self.strangers.remove(conn);
        self.api.connections = self.api.connections.saturating_sub(1);
        self.handle(out, Input::Gone(SessionId(conn.to_u64())));
    }

    fn on_head(&mut self, out: &mut Outbox, asker: Asker, head: &Request<'_>) -> BodyPlan {
        let is_upload = asker.entrance == Entrance::Main && files::is_upload(head.path());
        let plan = match head.method {
            "POST" if is_upload => self.take_upload_head(out, asker.conn, head),
            _ => BodyPlan::Whole,
        };
        // An address was told for this request alone.
        self.strangers.remove(asker.conn);
        plan
    }

    fn on_body(&mut self, out: &mut Outbox, conn: ConnId, body: Body<'_>) {
        self.take_upload(out, conn, body);
    }

    fn on_room(&mut self, out: &mut Outbox, conn: ConnId) {
        self.send_piece(out, conn);
    }

    fn on_answered(&mut self, _out: &mut Outbox, conn: ConnId) {
        self.files.fetches.remove(&conn);
    }

    fn on_request(&mut self, out: &mut Outbox, asker: Asker, request: &Request<'_>) {
        let path = request.path();
        if asker.entrance == Entrance::Main && files::is_upload(path) {
            self.take_empty_upload(out, asker.conn, request);
        } else if asker.entrance == Entrance::Main && files::is_file(path) {
            self.take_fetch(out, asker.conn, request);
        } else if asker.entrance == Entrance::Main && api::is_call(path) {
            self.take_call(out, asker.conn, request);
        } else {
            let response = self.answer(out, asker, request);
            out.respond(asker.conn, response);
        }
        // An address was told for this request alone.
        self.strangers.remove(asker.conn);
    }

    fn on_deadline(&mut self, out: &mut Outbox, token: u64) {
        if token == CORE_DEADLINE {
            self.core_wakes_at.retain(|moment| *moment > out.now().mono);
            self.handle(out, Input::Deadline);
            return;
        }
        if token == STORE_DEADLINE {
            self.store_wakes_at = None;
            return;
        }
        if token == ROUTINE_DEADLINE {
            self.has_routine = false;
            self.turn.tidy_soon(out.now().mono);
            return;
        }
        if token == SUPERVISOR_DEADLINE {
            self.beat(out);
            return;
        }
        if token == LOGIN_DEADLINE {
            self.logins_wake_at = None;
            self.end_strangers(out);
        }
    }

    fn on_turn_end(&mut self, out: &mut Outbox) {
        self.turn.finish(&mut self.chat, out, &mut self.strangers);
        self.refuse_failed_calls(out);
        if let Some(moment) = self.chat.next_deadline()
            && self.core_wakes_at.first().is_none_or(|set| moment < *set)
        {
            self.core_wakes_at.insert(moment);
            out.wake_at(moment, CORE_DEADLINE);
        }
        if !std::mem::replace(&mut self.has_routine, true) {
            out.wake_at(out.now().mono.plus_ms(self.settings.tidy_every_ms), ROUTINE_DEADLINE);
        }
        if let (Some(moment), None) = (self.turn.tidies_up_at(), self.store_wakes_at) {
            self.store_wakes_at = Some(moment);
            out.wake_at(moment, STORE_DEADLINE);
        }
        if let (Some(moment), None) = (self.strangers.next_deadline(), self.logins_wake_at) {
            self.logins_wake_at = Some(moment);
            out.wake_at(moment, LOGIN_DEADLINE);
        }
        if !std::mem::replace(&mut self.is_ready, true) {
            self.supervisor.ready();
            self.beat(out);
        }
    }

    fn on_drain(&mut self, _out: &mut Outbox) {
        self.turn.health.drains();
        self.supervisor.stopping();
    }

    fn on_flushed(&mut self, out: &mut Outbox, conn: ConnId, mark: u64) {
        self.handle(out, Input::Flushed { session: SessionId(conn.to_u64()), mark });
    }

    fn on_reload(&mut self, out: &mut Outbox) {
        self.reload(out);
    }

    fn last_words(&mut self, _conn: ConnId, ending: Ending) -> LastWords {
        let bye = match ending {
            Ending::SlowConsumer => Bye::TooSlow,
            Ending::Drain => Bye::Restart,
        };
        self.turn.tally.bye(bye);
        let mut text = Vec::new();
        wire::render_bye(bye, Some(self.spread_retry_ms()), &mut text);
        // What wire renders is UTF-8; if it ever were not, the Close frame says enough.
        let text = String::from_utf8(text).unwrap_or_default();
        LastWords { text, code: bye.close_code(), reason: bye.as_str() }
    }
}

impl<S> App<S> {
    /// When to come back: spread evenly, by the golden ratio, over the range.
    fn spread_retry_ms(&mut self) -> u64 {
        self.farewells = self.farewells.wrapping_add(1);
        let width = RETRY_MS.end - RETRY_MS.start;
        let turned = self.farewells.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        RETRY_MS.start + ((turned * width) >> 32)
    }
}

impl<S> std::fmt::Debug for App<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
