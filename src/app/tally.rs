//! What the app counts: requests and messages by kind, refusals and farewells by code, commits.
//!
//! Every kind is a place in a table of this file or of `wire`, so there is a fixed number of them whatever clients
//! send: no `kind`, name or id of theirs is ever a label. A new request or event demands its place by a `match`
//! without wildcard. Counting is an addition.
//!
//! Not in the tutorial. Tests: `tests/app/metrics.rs`.

use crate::base::counters::KINDS;
use crate::base::histogram::Histogram;
use crate::chat::ids::Conversation;
use crate::chat::input::Command;
use crate::chat::output::Event;
use crate::wire::{Bye, Code};

/// Kinds of requests, by the name that they have on the wire; `govern` is all that is done in a group, and
/// `unreadable` is a text that is no request.
pub(super) const REQUESTS: [&str; 22] = [
    "unreadable",
    "login",
    "refresh",
    "ping",
    "join",
    "leave",
    "members",
    "group",
    "govern",
    "groups",
    "profile",
    "block",
    "pm",
    "history",
    "recall",
    "conversations",
    "read",
    "search",
    "broadcast",
    "typing",
    "presence",
    "desk",
];

/// Kinds of messages that are sent; `session` is what a login brings, `page` the answers that have pages.
pub(super) const MESSAGES: [&str; 15] = [
    "session",
    "group",
    "pm",
    "offline",
    "broadcast",
    "ack",
    "error",
    "membership",
    "page",
    "read",
    "typing",
    "presence",
    "push",
    "support",
    "desk",
];
const _: () = assert!(MESSAGES.len() <= KINDS);

/// The place of a request in [`REQUESTS`].
pub(super) fn request_kind(command: &Command<'_>) -> usize {
    match command {
        Command::Login(..) => LOGIN_KIND,
        Command::Refresh(_) => 2,
        Command::Ping => 3,
        Command::Join { .. } => 4,
        Command::Leave { .. } => 5,
        Command::Members { .. } => 6,
        Command::Group { .. } => 7,
        Command::Act { .. } => 8,
        Command::Groups { .. } => 9,
        Command::Profile { .. } => 10,
        Command::Block { .. } => 11,
        Command::Pm { .. } => 12,
        Command::History { .. } => 13,
        Command::Recall { .. } => 14,
        Command::Conversations { .. } => 15,
        Command::Read { .. } => 16,
        Command::Search { .. } => 17,
        Command::Broadcast { .. } => 18,
        Command::Typing { .. } => 19,
        Command::Presence { .. } => 20,
        Command::Desk(_) => 21,
    }
}

/// The place of a message in [`MESSAGES`].
pub(super) fn message_kind(event: &Event<'_>) -> u8 {
    match event {
        Event::Login { .. }
        | Event::Refreshed { .. }
        | Event::Pong { .. }
        | Event::Gap { .. }
        | Event::Resumed => 0,
        Event::Entry(entry) => match entry.conversation {
            Conversation::Group(_) => 1,
            Conversation::Direct(..) => 2,
            Conversation::Ticket(_) => 13,
        },
        Event::Offline(_) | Event::OfflinePush(_) => 3,
        Event::Broadcast { .. } => 4,
        Event::Ack { .. } => 5,
        Event::Refused { .. } => ERROR_KIND,
        Event::Joined(_) | Event::Left(_) => 7,
        Event::Members { .. }
        | Event::Groups { .. }
        | Event::History { .. }
        | Event::Conversations { .. }
        | Event::Search { .. } => 8,
        Event::Read { .. } => 9,
        Event::Typing { .. } => 10,
        Event::Presence { .. } => 11,
        Event::Push(_) => 12,
        Event::Desk(_) => 14,
    }
}

/// The place of `login` in [`REQUESTS`].
pub(super) const LOGIN_KIND: usize = 1;
/// The place of `error` in [`MESSAGES`].
pub(super) const ERROR_KIND: u8 = 6;

/// Totals since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: [u64; REQUESTS.len()],
    /// By the place in [`Code::ALL`].
    pub(super) refusals: [u64; Code::ALL.len()],
    /// By the place in [`Bye::ALL`].
    pub(super) byes: [u64; Bye::ALL.len()],
    pub(super) failed_logins: u64,
    pub(super) gaps: u64,
    /// Messages that were dropped because their turn was not stored.
    pub(super) undone: u64,
    pub(super) commits: Histogram,
    pub(super) store_failures: u64,
}

impl Tally {
    pub(super) fn request(&mut self, kind: usize) {
        count(&mut self.requests, Some(kind));
    }

    pub(super) fn refusal(&mut self, code: Code) {
        count(&mut self.refusals, Code::ALL.iter().position(|one| *one == code));
    }

    pub(super) fn bye(&mut self, bye: Bye) {
        count(&mut self.byes, Bye::ALL.iter().position(|one| *one == bye));
    }
}

fn count(totals: &mut [u64], place: Option<usize>) {
    if let Some(total) = place.and_then(|place| totals.get_mut(place)) {
        *total += 1;
    }
}
