//! Who may do what with a ticket: the one place where that is decided.
//!
//! [`judge`] is a table of what the ticket is, where the asker stands and what is asked. To whom a ticket may not be
//! seen it is not found, whatever is asked; only who wants to claim one that a colleague holds is told who that is.
//! Whoever opened a ticket is its visitor, agent or not. The table is a test of its own: `tests/chat/desk_standing.rs`.

use super::names::TicketState;
use super::queue::Ticket;
use crate::chat::Chat;
use crate::chat::ids::{Conversation, TicketId};
use crate::chat::input::Role;
use crate::chat::output::Refusal;
use crate::chat::permission::{Asker, Warrant};
use crate::chat::user::UserSlot;

/// What is asked of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Deed {
    /// See what was said, and say up to where one has.
    Read,
    /// Say something, or tell that one is writing.
    Speak,
    /// Take it.
    Claim,
    /// Give an offer back.
    Decline,
    /// Hand it over.
    Transfer,
    /// End it.
    Close,
    /// Tell what it is about.
    Tag,
    /// Tell how one was served.
    Rate,
    /// Read or write what is for colleagues.
    Note,
}

/// Where the asker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Stranger,
    Visitor,
    /// An agent who holds it, or held it last.
    Holder,
    /// An agent of its desk.
    Colleague,
    Overseer,
    Backend,
}

/// Why not.
enum Objection {
    NotFound,
    Forbidden,
    Held,
    Closed,
    NotClosed,
}

fn judge(state: TicketState, standing: Standing, deed: Deed) -> Result<(), Objection> {
    use Deed::{Claim, Close, Decline, Note, Rate, Read, Speak, Tag, Transfer};
    use Standing::{Backend, Colleague, Holder, Overseer, Stranger, Visitor};
    use TicketState::{Closed, Offline, Open, Waiting};
    match (standing, state, deed) {
        (Stranger, _, _) => Err(Objection::NotFound),
        (Visitor, _, Read | Close) => Ok(()),
        (Visitor, Closed, Speak) => Err(Objection::Closed),
        (Visitor, _, Speak) => Ok(()),
        (Visitor, Closed, Rate) => Ok(()),
        (Visitor, _, Rate) => Err(Objection::NotClosed),
        (Visitor, ..) => Err(Objection::Forbidden),
        (Colleague, Open, Claim) => Err(Objection::Held),
        (Colleague, Open, _) => Err(Objection::NotFound),
        (_, _, Rate) => Err(Objection::Forbidden),
        (_, Closed, Speak | Claim | Transfer) => Err(Objection::Closed),
        (_, Closed, Read | Decline | Close | Tag | Note) => Ok(()),
        // Who held it last is a colleague like all others as soon as it is in the queue again.
        (Holder | Colleague, Waiting | Offline, Read | Claim | Decline | Close | Note) => Ok(()),
        (Holder | Colleague, Waiting | Offline, Speak | Transfer | Tag) => Err(Objection::Forbidden),
        (Holder, Open, _) => Ok(()),
        (Overseer | Backend, Open, Claim) => Err(Objection::Held),
        (Overseer | Backend, ..) => Ok(()),
    }
}

impl Chat {
    fn standing(&self, asker: Asker, ticket: &Ticket) -> Standing {
        let uid = &self.users[asker.user].uid;
        let role = match asker.warrant {
            Warrant::Key => return Standing::Backend,
            Warrant::Token(role) => role,
        };
        if ticket.record.visitor.uid == *uid {
            return Standing::Visitor;
        }
        let is_holder = ticket.record.agent.as_ref().is_some_and(|agent| agent.uid == *uid);
        match role {
            Role::User => Standing::Stranger,
            _ if is_holder && !ticket.state().is_queued() => Standing::Holder,
            Role::Admin => Standing::Overseer,
            Role::Agent if self.desk.agents.serves(uid, &ticket.record.desk) => Standing::Colleague,
            Role::Agent => Standing::Stranger,
        }
    }

    /// Whether this may be done with a ticket, which must be known.
    pub(in crate::chat) fn may_do(&self, asker: Asker, ticket: TicketId, deed: Deed) -> Result<(), Refusal> {
        let ticket = self.desk.tickets.get(ticket).ok_or(Refusal::NotFound)?;
        let standing = self.standing(asker, ticket);
        judge(ticket.state(), standing, deed).map_err(|objection| match (objection, &ticket.record.agent) {
            (Objection::Forbidden, _) => Refusal::Forbidden,
            (Objection::Closed, _) => Refusal::Conflict("the ticket is closed"),
            (Objection::NotClosed, _) => Refusal::Conflict("the ticket is not closed yet"),
            (Objection::Held, Some(agent)) => {
                Refusal::Held { uid: agent.uid.clone(), name: agent.name.clone() }
            }
            (Objection::NotFound | Objection::Held, _) => Refusal::NotFound,
        })
    }

    /// Whether a ticket is the asker's own: as its visitor, or as who holds it, or held it when it was closed.
    pub(in crate::chat) fn is_own_ticket(&self, user: UserSlot, ticket: TicketId) -> bool {
        let Some(ticket) = self.desk.tickets.get(ticket) else { return false };
        let uid = &self.users[user].uid;
        let is_holder = ticket.record.agent.as_ref().is_some_and(|agent| agent.uid == *uid);
        ticket.record.visitor.uid == *uid || is_holder && !ticket.state().is_queued()
    }

    /// Whether what a search has found in a ticket is for whoever asked. A closed ticket that is not here is as the
    /// store has found it, for it does not change hands any more.
    pub(in crate::chat) fn may_find(&self, user: UserSlot, conversation: &Conversation) -> bool {
        let Conversation::Ticket(ticket) = conversation else { return false };
        self.desk.tickets.get(*ticket).is_none() || self.is_own_ticket(user, *ticket)
    }
}
