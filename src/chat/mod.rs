//! The chat core: the product as a pure state machine.
//!
//! Requests of sessions, ends of sessions, answers of the store and passed deadlines go in
//! ([`Input`]); deliveries, topics and orders for the store come out ([`Output`]). The core does no I/O,
//! reads no clock, draws no random numbers, and iterates over nothing whose order depends on a hash, so a
//! run is repeatable from its inputs and can be simulated at any speed.
//!
//! It knows users, groups, private conversations and who is there; it does not know connections, JSON,
//! tokens or files. It holds what it has loaded from the store and what came after; `parking.rs` has
//! requests wait for what is missing, `turn.rs` undoes a turn whose commit failed.
//!
//! Invariants: a store order comes before the delivery that it justifies; a session is subscribed to the
//! topics of its user's groups and to [`TOPIC_ALL`], nothing else; `seq` is a counter here
//! and proven by the store; what someone may not see answers as if it did not exist.
//!
//! The tutorial's `onMessage` with its `switch` over `type` is [`Chat::handle`]. Tested in `tests/chat/`
//! (one file per behaviour) and simulated in `tests/sim/`.

pub mod act;
pub mod call;
pub mod desk;
pub mod ids;
pub mod input;
pub mod limits;
pub mod output;
pub mod push;

mod admission;
mod backend;
mod banning;
mod calling;
mod conversations;
mod cursor;
mod direct;
mod draft;
mod erasure;
mod expiry;
pub mod files;
mod forgetting;
mod found;
mod govern;
mod group;
mod history;
mod listing;
mod offline;
mod overview;
mod parking;
mod permission;
mod presence;
mod quota;
mod recall;
mod record;
mod replay;
mod reply;
mod resend;
mod roll;
mod room;
mod search;
mod session;
mod table;
mod turn;
mod user;

use std::collections::BTreeMap;

use desk::Desks;
use direct::Pair;
use expiry::Expiry;
use files::Filed;
use forgetting::Forgetting;
use ids::{SessionId, TOPIC_ALL};
use input::{Command, Input, Target};
pub use limits::{BroadcastPolicy, Limits};
use output::{Event, Farewell, Output, Refusal, Sink, To};
use parking::{Parking, Request};
use permission::Asker;
use presence::Presence;
use push::Pushes;
use quota::Spell;
use replay::Replays;
use reply::{Outcome, Reply};
use resend::Sending;
use room::Group;
use search::Search;
use session::Session;
use table::Table;
use turn::Turn;
use user::{Guests, User, UserSlot};

use crate::base::clock::{Millis, Now, UnixDay};
use crate::base::keyed::KeyedSlab;
use crate::base::map::Map;

/// How much the core holds in memory, not how much there is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Logged-in sessions.
    pub sessions: usize,
    /// Users of whom anything is known: online, listed in a group that is held, watched, or not yet forgotten.
    pub users: usize,
    /// Groups with a member online, or not yet forgotten.
    pub groups: usize,
    /// Private conversations whose last `seq` is known.
    pub directs: usize,
}

/// The core. One per daemon.
pub struct Chat {
    limits: Limits,
    sessions: KeyedSlab<Session>,
    users: Table<User>,
    groups: Table<Group>,
    /// The last `seq` of private conversations.
    directs: Map<Pair, u64>,
    guests: Guests,
    presence: Presence,
    expiry: Expiry,
    forgetting: Forgetting,
    /// Of the input that is being taken.
    today: UnixDay,
    /// Users who are over the rate, or were.
    spells: BTreeMap<UserSlot, Spell>,
    parking: Parking,
    replays: Replays,
    pushes: Pushes,
    filed: Filed,
    desk: Desks,
    turn: Turn,
    /// The receivers of one delivery to several sessions; kept for its memory.
    receivers: Vec<SessionId>,
    /// The receiver of the private message that is served next, as the look at what it needs has found it.
    found_peer: Option<UserSlot>,
}

impl Chat {
    /// A core that has loaded nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Chat {
        Chat {
            guests: Guests::new(limits.guest_uid_first, limits.guests_reserved),
            forgetting: Forgetting::after_start(limits.forgetting_every_ms),
            today: UnixDay::default(),
            limits,
            sessions: KeyedSlab::default(),
            users: Table::new(),
            groups: Table::new(),
            directs: Map::default(),
            presence: Presence::default(),
            expiry: Expiry::default(),
            spells: BTreeMap::new(),
            parking: Parking::default(),
            replays: Replays::default(),
            pushes: Pushes::default(),
            filed: Filed::new(),
            desk: Desks::default(),
            turn: Turn::default(),
            receivers: Vec::new(),
            found_peer: None,
        }
    }

    /// From now on these limits hold. What is over a new one stays, and nothing is added to it. The block of guests'
    /// numbers, and what is asked next about guests who are to be forgotten, keep to the old.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How much the core holds at this moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            sessions: self.sessions.len(),
            users: self.users.len(),
            groups: self.groups.len(),
            directs: self.directs.len(),
        }
    }

    /// How many users have a session at this moment. Looks at each user who is held in memory.
    #[must_use]
    pub fn users_online(&self) -> usize {
        self.users.count(|user| !user.sessions.is_empty())
    }

    /// Takes one input and puts out, in order, what follows from it.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut impl Sink) {
        self.today = now.unix.day();
        match input {
            Input::Request { session, ref id, ref command } => {
                self.request(now, Request { session, id: id.as_deref(), command, admitted: false }, out);
            }
            Input::Call { call, request } => self.call(now, call, request, out),
            Input::Gone(session) => self.gone(now, session, out),
            Input::Answer(record) => self.answer(now, record, out),
            Input::Flushed { session, mark } => self.flushed(session, mark),
            Input::Deadline => {
                self.end_graces(now.mono, out);
                self.end_expired(now.mono, out);
                self.forget_guests(now, out);
                self.ask_about_desk(out);
                self.end_waits(now, out);
            }
            Input::Committed => return self.committed(),
            Input::CommitFailed => return self.commit_failed(now, out),
        }
        self.settle_desks(now, out);
        self.replay(now, out);
    }

    /// When [`Input::Deadline`] is due next. To be asked after each commit; an input too early does no harm. A moment
    /// that has passed already asks for another turn at once.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        let due = [
            self.presence.next_end(),
            self.expiry.next(),
            self.forgetting.next(),
            self.replays.next_step(),
            self.next_of_desk(),
        ];
        due.into_iter().flatten().min()
    }

    /// Serves a request for which everything is known.
    fn serve(&mut self, now: Now, request: Request<'_>, asker: Option<Asker>, out: &mut impl Sink) {
        let Request { session, id, command, .. } = request;
        self.turn.answered(session, id);
        let outcome = match command {
            Command::Login(identity, resume) => {
                self.login(now, (session, id), (identity, resume.as_ref()), out)
            }
            Command::Ping => {
                out.put(Output::Deliver { to: To::Session(session), event: Event::Pong { id } });
                Ok(Reply::Given)
            }
            command => match asker {
                Some(asker) => self.serve_user(now, (session, id), asker, command, out),
                None => Err(Refusal::LoginRequired),
            },
        };
        match (outcome, id) {
            (Ok(Reply::Ack(entry)), Some(id)) => {
                out.put(Output::Deliver { to: To::Session(session), event: Event::Ack { id, entry } });
            }
            (Ok(_), _) => {}
            (Err(refusal), id) => {
                // A login whose token is refused, or whose user is banned, ends the connection; a refresh does not.
                let why = match refusal {
                    Refusal::Unauthorized => Some(Farewell::Unauthorized),
                    Refusal::Forbidden => Some(Farewell::Banned),
                    _ => None,
                };
                refuse(session, id, refusal, out);
                if let Some(why) = why.filter(|_| self.sessions.find(&session).is_none()) {
                    out.put(Output::Disconnect { session, why });
                }
            }
        }
    }

    fn serve_user(
        &mut self,
        now: Now,
        (session, id): (SessionId, Option<&str>),
        asker: Asker,
        command: &Command<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let user = asker.user;
        match command {
            Command::Login(..) | Command::Ping => Ok(Reply::Given),
            Command::Refresh(grant) => self.refresh(now, (session, id), grant.as_ref(), out),
            Command::Join { gid } => self.join(now, asker, gid, out),
            Command::Leave { gid } => self.leave(now, asker, gid, out),
            Command::Members { gid, after, limit } => {
                let page = group::Page { after: after.as_ref(), limit: *limit };
                self.list_members(now, asker, (session, id), gid, &page, out)
            }
            Command::Group { gid, draft } => self.speak(now, gid, &Sending { asker, id, draft }, out),
            Command::Act { gid, act } => self.act(now, asker, gid, act, out),
            Command::Groups { .. } => self.list_groups((session, id), out),
            Command::Profile { name } => self.call_oneself(user, name, out),
            Command::Block { uid, on } => self.block(user, uid, *on, out),
            Command::Pm { uid, draft } => self.whisper(now, uid, &Sending { asker, id, draft }, out),
            Command::History { target, .. } => self.read_history(now, asker, (session, id), target, out),
            Command::Recall { target, seq } => self.recall(now, asker, target, *seq, out),
            Command::Conversations { .. } => self.list_conversations((session, id), out),
            Command::Read { target, seq } => self.move_cursor(now, asker, target, *seq, out),
            Command::Search { query, target, cursor, limit } => {
                let search = Search { query, target: target.as_ref(), cursor: *cursor, limit: *limit };
                self.search(now, asker, (session, id), search, out)
            }
            Command::Broadcast { content } => self.broadcast(now, asker, content, out),
            Command::Desk(request) => self.serve_at_desk(now, (session, id), asker, request, out),
            Command::Typing { target } => match target {
                Target::Group(gid) => self.type_in_group(now, asker, target, gid, out),
                Target::User(uid) => self.type_to_user(user, target, uid, out),
                Target::Ticket(ticket) => self.type_in_ticket(asker, *ticket, out),
            },
            Command::Presence { uids } => self.watch((session, id), user, uids, out),
        }
    }

    /// Speaks to everyone who is logged in; the tutorial's `onMessage`.
    fn broadcast(&mut self, now: Now, asker: Asker, content: &str, out: &mut impl Sink) -> Outcome {
        if self.limits.broadcast == BroadcastPolicy::Admins && !asker.oversees() {
            return Err(Refusal::Forbidden);
        }
        let row = &self.users[asker.user];
        let event = Event::Broadcast { uid: &row.uid, name: &row.name, content, time: now.unix };
        out.put(Output::Deliver { to: To::Topic(TOPIC_ALL), event });
        Ok(Reply::Ack(None))
    }
}

impl std::fmt::Debug for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chat").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

fn refuse(session: SessionId, id: Option<&str>, refusal: Refusal, out: &mut impl Sink) {
    out.put(Output::Deliver { to: To::Session(session), event: Event::Refused { id, refusal } });
}
