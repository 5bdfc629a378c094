//! The words of the support desk: desks, what a ticket can be, what an agent can be.
//!
//! Facts that requests, events, calls and the store share. Tested through the core: `tests/chat/desk_*.rs`.

use crate::chat::ids::Id;

/// The longest name of a desk, in bytes.
pub const DESK_BYTES_MAX: usize = 64;
/// The desk of tickets that name none.
const DEFAULT: &str = "default";

/// A desk: what its agents have in common. A name of 1 to 64 bytes without control characters. Every name is good
/// without being set up. A ticket that names none is of the desk `default`, whose agents are all agents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Desk(Box<str>);

impl Default for Desk {
    fn default() -> Desk {
        Desk(DEFAULT.into())
    }
}

impl Desk {
    /// A desk by its name. `None` when it is empty, over 64 bytes, or has a control character.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Desk> {
        let is_good = !text.is_empty() && text.len() <= DESK_BYTES_MAX && !text.chars().any(char::is_control);
        is_good.then(|| Desk(text.into()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the one of tickets that name none.
    #[must_use]
    pub fn is_default(&self) -> bool {
        &*self.0 == DEFAULT
    }
}

/// Somebody, with the display name at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub uid: Id,
    /// The display name.
    pub name: Box<str>,
}

/// What a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketState {
    /// In the queue, with the visitor there.
    Waiting,
    /// Held by an agent.
    Open,
    /// A message that was left: kept, and offered when nobody waits.
    Offline,
    /// Done.
    Closed,
}

impl TicketState {
    /// As it is written on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TicketState::Waiting => "waiting",
            TicketState::Open => "open",
            TicketState::Offline => "offline",
            TicketState::Closed => "closed",
        }
    }

    /// Whether an agent may take it.
    #[must_use]
    pub const fn is_queued(self) -> bool {
        matches!(self, TicketState::Waiting | TicketState::Offline)
    }
}

/// Who has closed a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosedBy {
    /// Whoever opened it.
    Visitor,
    /// An agent.
    Agent,
    /// Nobody: nothing was said for too long.
    Idle,
    /// The site's back end.
    Site,
}

impl ClosedBy {
    /// As it is written on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ClosedBy::Visitor => "visitor",
            ClosedBy::Agent => "agent",
            ClosedBy::Idle => "idle",
            ClosedBy::Site => "site",
        }
    }
}

/// Whether an agent takes tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// Is offered tickets.
    Online,
    /// Keeps the tickets that there are, and is offered no more.
    Busy,
    /// Is not there for visitors.
    #[default]
    Away,
}

impl Duty {
    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Duty::Online => "online",
            Duty::Busy => "busy",
            Duty::Away => "away",
        }
    }
}

/// How the tickets of a desk find an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Routing {
    /// Offered to all; whoever claims first has it.
    #[default]
    Claim,
    /// Offered to one after the other, in turns.
    RoundRobin,
    /// Offered to whoever has the fewest first.
    LeastLoaded,
    /// Offered to whoever has had none for longest first.
    LongestIdle,
}

impl Routing {
    /// All of them.
    pub const ALL: [Routing; 4] =
        [Routing::Claim, Routing::RoundRobin, Routing::LeastLoaded, Routing::LongestIdle];

    /// As it is written on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Routing::Claim => "claim",
            Routing::RoundRobin => "round_robin",
            Routing::LeastLoaded => "least_loaded",
            Routing::LongestIdle => "longest_idle",
        }
    }
}

/// Why an offer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withdrawal {
    /// Somebody has the ticket.
    Claimed,
    /// Its time is over, and it goes on to the next.
    Expired,
    /// The ticket is closed.
    Closed,
    /// The ticket is for others now, or whom it was offered to does not take tickets any more.
    Moved,
    /// It was given back.
    Declined,
}

impl Withdrawal {
    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Withdrawal::Claimed => "claimed",
            Withdrawal::Expired => "expired",
            Withdrawal::Closed => "closed",
            Withdrawal::Moved => "moved",
            Withdrawal::Declined => "declined",
        }
    }
}

/// Which tickets a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketsView {
    /// Those that wait, in the order of the queue.
    Waiting,
    /// Those that the asker holds, or, for whoever is no agent, has opened; the newest first.
    Mine,
    /// All that are not closed, the newest first.
    All,
    /// Those that are, the newest first.
    Closed,
    /// Messages that were left, in the order of the queue.
    Offline,
}

impl TicketsView {
    /// All of them.
    pub const ALL: [TicketsView; 5] = [
        TicketsView::Waiting,
        TicketsView::Mine,
        TicketsView::All,
        TicketsView::Closed,
        TicketsView::Offline,
    ];

    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TicketsView::Waiting => "waiting",
            TicketsView::Mine => "mine",
            TicketsView::All => "all",
            TicketsView::Closed => "closed",
            TicketsView::Offline => "offline",
        }
    }
}
