//! The server and its turn: the tutorial's `run()`.

use std::fmt;
use std::io;
use std::time::Duration;

use mio::{Events, Poll, Token};

use super::accept::RESERVED_DESCRIPTORS;
use super::config::{Adjustment, Config, Listen, Signals};
use super::io::Io;
use super::listener::{Listener, raise_descriptor_limit};
use super::signal::{Asked, Asking};
use super::{ConnId, Entrance, Handed, Handler, Outbox};
use crate::base::clock::{Clock, Millis};
use crate::base::counters::Counters;
use crate::ws::{self, Inflater};

/// The buffer into which everything is read, in bytes. A read that fills it is followed by another.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// Events taken from the kernel at once; more wait for the next turn.
const EVENTS_MAX: usize = 1024;
/// Tokens from here on are listeners, counted down from the signals'; slots of connections count up from 0.
const SIGNAL_TOKEN: Token = Token(usize::MAX - 1);

/// Whether there will be another turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Call again.
    GoesOn,
    /// The drain is over: nobody is connected, or time is up.
    Finished,
}

/// Why a server could not be set up.
#[derive(Debug)]
pub enum BindError {
    /// One of the addresses could not be listened on.
    Listen(Listen, io::Error),
    /// A socket that was handed over cannot be used.
    Handed(io::Error),
    /// The kernel gave no poll, or no signals.
    Setup(io::Error),
    /// The process may not have enough descriptors to accept anybody; holds how many it may have.
    TooFewDescriptors(usize),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::Listen(listen, error) => write!(f, "cannot listen on {listen}: {error}"),
            BindError::Handed(error) => write!(f, "a socket that was handed over cannot be used: {error}"),
            BindError::Setup(error) => write!(f, "cannot set up the event loop: {error}"),
            BindError::TooFewDescriptors(limit) => {
                write!(f, "a limit of {limit} descriptors (ulimit -n) leaves none for connections")
            }
        }
    }
}

impl std::error::Error for BindError {}

/// The loop, with the handler that it drives.
pub struct Server<H> {
    pub(super) poll: Poll,
    events: Events,
    pub(super) listeners: Vec<Listener>,
    signals: Option<Asking>,
    clock: Clock,
    pub(super) config: Config,
    pub(super) handler: H,
    pub(super) outbox: Outbox,
    pub(super) io: Io,
    pub(super) read_buffer: Vec<u8>,
    /// What TLS has opened of the read buffer.
    pub(super) plaintext: Vec<u8>,
    pub(super) inflater: Inflater,
    /// By how many bytes the messages of the connection that is being read were longer than what came for them.
    pub(super) inflated_bytes: usize,
    /// The payload of the ping that is being answered.
    pub(super) ping_payload: Vec<u8>,
    /// How frames of clients are decoded.
    pub(super) frames: ws::Settings,
    pub(super) connections_max: usize,
    /// Connections for which the process may have descriptors.
    descriptors_max: usize,
    /// The handler is to read its settings again.
    reload_asked: bool,
    pub(super) generation: u32,
    /// Which listener accepts first.
    pub(super) accept_first: usize,
    pub(super) accept_paused_until: Option<Millis>,
    pub(super) shortage_told: bool,
    /// When the drain begins: it is ordered.
    pub(super) drains_at: Option<Millis>,
    pub(super) draining_until: Option<Millis>,
    /// Set by a second signal.
    ended: bool,
    /// Marks that the flush has reached and of which the handler does not know yet.
    pub(super) flushed: Vec<(ConnId, u64)>,
    /// Kept for the next turn, so that a turn allocates nothing: connections to read, deadlines.
    ready: Vec<usize>,
    spare: Vec<usize>,
    pub(super) due: Vec<u32>,
}

impl<H: Handler> Server<H> {
    /// Listens on every address of the configuration.
    ///
    /// # Errors
    ///
    /// An address is taken or not ours, or the system gives no poll. Nothing is listened on then.
    pub fn bind(config: Config, handler: H) -> Result<Server<H>, BindError> {
        Server::bind_with(Handed::default(), config, handler)
    }

    /// Serves on sockets that listen already, where there are any, and else as [`Server::bind`].
    ///
    /// # Errors
    ///
    /// As [`Server::bind`]; or one of the sockets cannot be used.
    pub fn bind_with(handed: Handed, config: Config, handler: H) -> Result<Server<H>, BindError> {
        let poll = Poll::new().map_err(BindError::Setup)?;
        let descriptors = raise_descriptor_limit();
        let reserved = RESERVED_DESCRIPTORS + config.listen.len() + config.side.len();
        if descriptors <= reserved {
            return Err(BindError::TooFewDescriptors(descriptors));
        }
        let send_buffer_bytes = config.limits.socket_send_buffer_bytes;
        let bind = |listen: &Listen| {
            let bound = Listener::bind(listen, send_buffer_bytes);
            bound.map_err(|error| BindError::Listen(listen.clone(), error))
        };
        let mut listeners = Listener::adopt(handed, send_buffer_bytes).map_err(BindError::Handed)?;
        if listeners.is_empty() {
            listeners = config.listen.iter().map(bind).collect::<Result<_, _>>()?;
        }
        for listen in &config.side {
            listeners.push(bind(listen)?.on_the_side());
        }
        for (index, listener) in listeners.iter_mut().enumerate() {
            let registered = listener.register(poll.registry(), listener_token(index));
            registered.map_err(|error| BindError::Listen(listener.address.clone(), error))?;
        }
        let signals = match config.signals {
            Signals::Handled => {
                Some(Asking::listen(poll.registry(), SIGNAL_TOKEN).map_err(BindError::Setup)?)
            }
            Signals::Ignored => None,
        };
        let clock = Clock::start();
        let connections_max = config.limits.connections_max.min(descriptors - reserved);
        let mut io = Io::new(config.limits.clone(), clock.now());
        io.tls = config.tls.clone();
        io.counters.connections_max = connections_max;
        Ok(Server {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            listeners,
            signals,
            io,
            clock,
            handler,
            outbox: Outbox::default(),
            read_buffer: vec![0; READ_BUFFER_BYTES],
            plaintext: Vec::new(),
            inflater: Inflater::new(),
            inflated_bytes: 0,
            ping_payload: Vec::new(),
            frames: ws::Settings {
                role: ws::Role::Server,
                message_bytes_max: config.limits.message_bytes_max,
            },
            connections_max,
            descriptors_max: descriptors - reserved,
            reload_asked: false,
            config,
            generation: 0,
            accept_first: 0,
            accept_paused_until: None,
            shortage_told: false,
            drains_at: None,
            draining_until: None,
            ended: false,
            flushed: Vec::new(),
            ready: Vec::new(),
            spare: Vec::new(),
            due: Vec::new(),
        })
    }

    /// Where the server listens, with the ports that the kernel chose.
    pub fn addresses(&self) -> impl Iterator<Item = &Listen> {
        self.addresses_of(Entrance::Main)
    }

    /// Where it takes requests that are none of a user.
    pub fn side_addresses(&self) -> impl Iterator<Item = &Listen> {
        self.addresses_of(Entrance::Side)
    }

    fn addresses_of(&self, entrance: Entrance) -> impl Iterator<Item = &Listen> {
        let those = self.listeners.iter().filter(move |listener| listener.entrance == entrance);
        those.map(|listener| &listener.address)
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// The handler, to be changed between two turns.
    pub fn handler_mut(&mut self) -> &mut H {
        &mut self.handler
    }

    /// Drains the server, as [`Outbox::stop`] does.
    pub fn stop(&mut self) {
        self.io.stop_ordered = true;
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.io.counters
    }

    /// How many connections there are, in any state.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.io.conns.len()
    }

    /// How many connections there may be, after the descriptor limit of the process.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Turns until a drain is over.
    ///
    /// # Errors
    ///
    /// The poll itself failed. No connection can cause that.
    pub fn run(&mut self) -> io::Result<()> {
        while self.turn(None)? == Turn::GoesOn {}
        Ok(())
    }

    /// One turn: wait, read, deadlines, accept, end of turn, flush, reap. Waits for `wait_max` at most; `None`
    /// is until something happens.
    ///
    /// # Errors
    ///
    /// The poll itself failed. No connection can cause that.
    pub fn turn(&mut self, wait_max: Option<Duration>) -> io::Result<Turn> {
        self.wait(wait_max)?;
        let began_us = self.clock.micros();
        // First of all: what has ended must be known before the next request of the same connection is.
        self.tell_exchanges();
        self.read();
        self.pass_deadlines();
        self.accept();
        self.end_turn();
        self.flush();
        if self.io.reap() > 0 {
            self.resume_accepting();
        }
        self.count_turn(self.clock.micros().saturating_sub(began_us));
        let drained = self.draining_until.is_some_and(|until| {
            self.io.now.mono >= until || (self.io.conns.is_empty() && !self.owes_news())
        });
        Ok(if drained || self.ended { Turn::Finished } else { Turn::GoesOn })
    }

    fn count_turn(&mut self, took_us: u64) {
        let counters = &mut self.io.counters;
        counters.turns_total += 1;
        counters.turns.observe(took_us);
        counters.longest_turn_us = counters.longest_turn_us.max(took_us);
        counters.recent_turns.observe(self.io.now.mono, took_us);
    }

    /// Waits for readiness and sorts the events: who is to be read, flushed, accepted.
    fn wait(&mut self, wait_max: Option<Duration>) -> io::Result<()> {
        let wait = match (self.wait_time(), wait_max) {
            (Some(own), Some(max)) => Some(own.min(max)),
            (own, max) => own.or(max),
        };
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            result => result?,
        }
        self.io.set_now(self.clock.now());
        self.outbox.now = self.io.now;
        self.outbox.counters = self.io.counters;
        let mut asked = Asked::default();
        for event in &self.events {
            let Token(number) = event.token();
            if let Some(conn) = self.io.conns.get_mut(number) {
                conn.ending |= event.is_read_closed() || event.is_error();
                conn.readable |= event.is_readable() || conn.ending;
                if conn.readable && !conn.held_back {
                    self.ready.push(number);
                }
                if event.is_writable() && conn.blocked {
                    conn.blocked = false;
                    // There is room because the peer has taken something. While its own output waits it is not
                    // read, so this may be all that is heard of it.
                    conn.alive_at = self.io.tick;
                    self.io.mark_dirty(number);
                }
            } else if event.token() == SIGNAL_TOKEN {
                asked = self.signals.as_mut().map(Asking::asked).unwrap_or_default();
            } else if let Some(listener) = self.listeners.get_mut(usize::MAX - 2 - number) {
                listener.ready = true;
            }
        }
        self.ended |= asked.ends > 1 || (asked.ends > 0 && self.drains_at.is_some());
        self.io.stop_ordered |= asked.ends > 0;
        self.reload_asked |= asked.reload;
        Ok(())
    }

    /// How long nothing can happen but what the kernel tells. `None` is for ever: nobody is there.
    fn wait_time(&self) -> Option<Duration> {
        let accepts_wait = self.listeners.iter().any(|listener| listener.ready);
        let accepts_at = if accepts_wait { Some(self.accept_paused_until.unwrap_or_default()) } else { None };
        let unflushed = !self.io.dirty.is_empty() || !self.io.unreached.is_empty();
        let goes_on = !self.io.held_back.is_empty() || unflushed;
        if goes_on || self.owes_news() || self.io.stop_ordered {
            return Some(Duration::ZERO);
        }
        let next = [
            self.io.wheel.next().map(|tick| tick.start()),
            self.io.wakes.peek().map(|std::cmp::Reverse((moment, _))| *moment),
            accepts_at,
            // In the drain itself only its end is waited for.
            self.draining_until.or(self.drains_at),
        ];
        let moment = next.into_iter().flatten().min()?;
        Some(Duration::from_millis(moment.ms_since(self.clock.now().mono)))
    }

    /// Reads who was held back in the turn before, and who is ready: in this order, or a crowd of newcomers could
    /// use up what a turn has for handshakes, again and again.
    fn read(&mut self) {
        self.io.tls_handshakes_left = self.io.limits.tls_handshakes_per_turn;
        let mut ready = std::mem::take(&mut self.ready);
        let mut held_back = std::mem::replace(&mut self.io.held_back, std::mem::take(&mut self.spare));
        for slot in held_back.drain(..) {
            if let Some(conn) = self.io.conns.get_mut(slot) {
                conn.held_back = false;
            }
            self.receive(slot);
        }
        self.spare = held_back;
        for slot in ready.drain(..) {
            self.receive(slot);
        }
        self.ready = ready;
    }

    /// Whether the flush has found out something that the handler does not know yet.
    fn owes_news(&self) -> bool {
        let io = &self.io;
        let exchanges = !io.lost_bodies.is_empty() || !io.answered.is_empty() || !io.hungry.is_empty();
        !io.closed.is_empty() || !self.flushed.is_empty() || exchanges
    }

    /// Tells the handler what has left, who is gone and that the turn is over, and collects what the topics got.
    fn end_turn(&mut self) {
        self.drain_if_due();
        if std::mem::take(&mut self.reload_asked) {
            self.handler.on_reload(&mut self.outbox);
            self.io.carry_out(&mut self.outbox);
        }
        self.tell_flushed();
        self.tell_closed();
        self.handler.on_turn_end(&mut self.outbox);
        self.io.carry_out(&mut self.outbox);
        if let Some(adjustment) = self.io.adjustment.take() {
            self.adjust(*adjustment);
        }
        // Whoever is closed from here on is told of in the next turn, which comes at once.
        self.io.close_partings();
        self.io.seal_topics();
    }

    /// What the handler has ordered holds from now on.
    fn adjust(&mut self, adjustment: Adjustment) {
        let Adjustment { origins, deflate, tls, trusted_proxies, proxy_protocol, limits } = adjustment;
        self.config.origins = origins;
        self.config.deflate = deflate;
        self.config.trusted_proxies = trusted_proxies;
        self.config.proxy_protocol = proxy_protocol;
        self.io.tls = tls;
        self.config.limits = limits.clone();
        self.frames.message_bytes_max = limits.message_bytes_max;
        self.connections_max = limits.connections_max.min(self.descriptors_max);
        self.io.counters.connections_max = self.connections_max;
        self.io.limits = limits;
    }

    /// Tells the handler which marks the last flush has reached.
    fn tell_flushed(&mut self) {
        let mut flushed = std::mem::take(&mut self.flushed);
        for (conn, mark) in flushed.drain(..) {
            self.handler.on_flushed(&mut self.outbox, conn, mark);
            self.io.carry_out(&mut self.outbox);
        }
        self.flushed = flushed;
    }

    /// Tells the handler of every connection that has left the open state.
    fn tell_closed(&mut self) {
        while let Some((conn, reason)) = self.io.closed.pop_front() {
            self.handler.on_close(&mut self.outbox, conn, reason);
            self.io.carry_out(&mut self.outbox);
        }
    }
}

impl<H> fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("connections", &self.io.conns.len()).finish_non_exhaustive()
    }
}

fn listener_token(index: usize) -> Token {
    Token(usize::MAX - 2 - index)
}
