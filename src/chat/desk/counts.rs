//! How much there is to do at the support desk, for whoever looks after the daemon.
//!
//! Counted when it is asked for. Before anybody has asked about tickets nothing is known of them, and nothing counted.
//! Tested in `tests/app/desk.rs`.

use super::names::{Duty, TicketState};
use crate::chat::Chat;

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeskCounts {
    /// Tickets in the queue.
    pub waiting: u64,
    /// Tickets that agents hold.
    pub open: u64,
    /// Messages that were left.
    pub offline: u64,
    /// Tickets that were ever opened.
    pub opened_ever: u64,
    /// Agents who take tickets.
    pub agents_online: u64,
    /// Agents who keep those that they have.
    pub agents_busy: u64,
}

impl DeskCounts {
    /// Tickets that were ever closed.
    #[must_use]
    pub fn closed_ever(&self) -> u64 {
        self.opened_ever.saturating_sub(self.waiting + self.open + self.offline)
    }
}

impl Chat {
    /// How much there is to do at the support desk.
    #[must_use]
    pub fn desk_counts(&self) -> DeskCounts {
        let desk = &self.desk;
        let tickets =
            |state| desk.tickets.not_closed().filter(|ticket| ticket.state() == state).count() as u64;
        let agents = |duty| desk.agents.all().filter(|(_, agent)| agent.duty == duty).count() as u64;
        DeskCounts {
            waiting: tickets(TicketState::Waiting),
            open: tickets(TicketState::Open),
            offline: tickets(TicketState::Offline),
            opened_ever: desk.last,
            agents_online: agents(Duty::Online),
            agents_busy: agents(Duty::Busy),
        }
    }
}
