//! People who change their names at the support desk, and who are deleted.
//!
//! Tickets carry the names of their visitor and of who holds them, so that whoever looks at them later knows whom they
//! were with. While a ticket is not closed its names follow. Of who is deleted the ticket that is not closed is closed,
//! and what was told with all that are here goes; what such an agent held waits again. In the store the same is done to
//! all tickets.
//! Tested in `tests/chat/desk_forgetting.rs`.

use std::sync::Arc;

use super::event::Preview;
use super::names::{ClosedBy, Duty};
use super::queue::Ticket;
use super::record::TicketRecord;
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::ids::Id;
use crate::chat::output::Sink;
use crate::chat::user::UserSlot;

impl Chat {
    /// Somebody is called otherwise: so are the tickets of that visitor or agent that are not closed.
    pub(in crate::chat) fn rename_at_desk(&mut self, user: UserSlot, out: &mut impl Sink) {
        let uid = self.users[user].uid.clone();
        let name: Box<str> = self.users[user].name.as_str().into();
        if let Some(ticket) = self.desk.tickets.of_visitor(&uid) {
            let number = ticket.record.ticket;
            self.touch_ticket(number, |ticket| ticket.record_mut().visitor.name.clone_from(&name));
            self.keep_ticket(number, out);
            self.tell_agents_later(number);
        }
        for number in self.desk.tickets.of_holder(&uid).collect::<Vec<_>>() {
            self.touch_ticket(number, |ticket| {
                if let Some(agent) = &mut ticket.record_mut().agent {
                    agent.name.clone_from(&name);
                }
            });
            self.keep_ticket(number, out);
            self.tell_later(number);
        }
    }

    /// Somebody is deleted.
    pub(in crate::chat) fn forget_at_desk(&mut self, now: Now, uid: &Id, out: &mut impl Sink) {
        let own = self.desk.tickets.of_visitor(uid).map(|ticket| ticket.record.ticket);
        self.forget_in_rows(uid);
        if let Some(number) = own {
            self.end_ticket(now, number, ClosedBy::Site, out);
        }
        for number in self.desk.tickets.of_holder(uid).collect::<Vec<_>>() {
            self.requeue(now, number, out);
        }
        if self.desk.agents.get(uid).is_some() {
            self.change_agent(uid, |agent| (agent.duty, agent.grace) = (Duty::Away, None));
            self.unsettle_desks_of(uid);
            self.tell_duty(uid, out);
            self.dismiss(uid);
        }
        let spoken = |last: &Arc<Preview>| last.uid == *uid;
        let tickets = self.desk.tickets.all().filter(|ticket| ticket.last.as_ref().is_some_and(spoken));
        for number in tickets.map(|ticket| ticket.record.ticket).collect::<Vec<_>>() {
            self.touch_ticket(number, |ticket| {
                if let Some(last) = &mut ticket.last {
                    let last = Arc::make_mut(last);
                    (last.name, last.content) = (uid.to_string().into(), Box::default());
                }
            });
            self.tell_agents_later(number);
        }
    }

    /// Closed tickets that are here too: whatever changes one of them has all of it stored.
    fn forget_in_rows(&mut self, uid: &Id) {
        let name: Box<str> = uid.to_string().into();
        let is_named = |ticket: &&Ticket| {
            let record = &ticket.record;
            record.visitor.uid == *uid || record.agent.as_ref().is_some_and(|agent| agent.uid == *uid)
        };
        let named = self.desk.tickets.all().filter(is_named).map(|ticket| ticket.record.ticket);
        for number in named.collect::<Vec<_>>() {
            self.touch_ticket(number, |ticket| {
                let record = ticket.record_mut();
                if let Some(agent) = record.agent.as_mut().filter(|agent| agent.uid == *uid) {
                    agent.name.clone_from(&name);
                }
                if record.visitor.uid == *uid {
                    forget_visitor(record, &name);
                }
            });
        }
    }
}

/// Takes out what was told with a ticket, and afterwards.
fn forget_visitor(record: &mut TicketRecord, name: &str) {
    (record.stars, record.comment) = (None, None);
    let visitor = &mut record.visitor;
    visitor.name = name.into();
    (visitor.page, visitor.referrer, visitor.browser, visitor.lang) = (None, None, None, None);
    visitor.form = Vec::new();
}
