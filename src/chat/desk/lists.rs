//! Lists of tickets: for agents those of their desks, for visitors their own.
//!
//! What is not closed is here, and a page of it is cut from the tables; closed tickets are asked of the store. Of a
//! ticket that a colleague holds an agent sees the line, and not what is said. Tested in `tests/chat/desk_lists.rs`.

use std::cmp::Reverse;

use super::agents::Post;
use super::names::{Desk, TicketState, TicketsView};
use super::queue::Ticket;
use super::{
    DeskEvent, DeskQuery, DeskRecord, KeptTicket, TicketCounts, TicketRecord, TicketView, TicketsPage,
    TicketsPlace, TicketsQuery,
};
use crate::base::clock::{Now, UnixMillis};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::input::Role;
use crate::chat::output::{Event, Output, Query, Record, Refusal, Sink, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};

impl Chat {
    /// What must be asked before a page can be told.
    pub(super) fn needs_tickets(
        &self,
        asker: Asker,
        session: SessionId,
        page: &TicketsPage,
    ) -> Option<Query> {
        self.needs_desk().or_else(|| {
            let query = self.closed_query(asker, session, page)?;
            self.parking.unless_at_hand(Query::Desk(DeskQuery::Tickets(query)))
        })
    }

    /// Which closed tickets are asked for; `None` where none are.
    fn closed_query(&self, asker: Asker, session: SessionId, page: &TicketsPage) -> Option<TicketsQuery> {
        if page.view != TicketsView::Closed {
            return None;
        }
        let uid = &self.users[asker.user].uid;
        let (desks, or_agent, visitor) = match self.desk.agents.post(session) {
            Some(post) => (
                desks_of(post, page.desk.as_ref()),
                page.desk.is_none().then(|| uid.clone()),
                page.uid.clone(),
            ),
            None => (page.desk.clone().map(|desk| vec![desk]), None, Some(uid.clone())),
        };
        Some(TicketsQuery {
            or_agent: or_agent.filter(|_| desks.is_some()),
            desks,
            uid: visitor,
            agent: page.agent.clone(),
            before: page.after.map(|after| after.ticket),
            tickets_max: self.tickets_page(page.limit),
        })
    }

    /// How many tickets are on a page.
    pub(super) fn tickets_page(&self, limit: Option<u32>) -> usize {
        let limits = &self.limits.desk;
        let limit = limit.map_or(limits.tickets_page_default, |limit| limit as usize);
        limit.clamp(1, limits.tickets_page_max)
    }

    pub(super) fn list_tickets(
        &mut self,
        now: Now,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        page: &TicketsPage,
        out: &mut impl Sink,
    ) -> Outcome {
        let is_agent = self.desk.agents.post(session).is_some();
        if !is_agent && !matches!(page.view, TicketsView::Mine | TicketsView::Closed) {
            return Err(Refusal::Forbidden);
        }
        let limit = self.tickets_page(page.limit);
        let (closed, found);
        let (mut tickets, mut is_cut): (Vec<&Ticket>, bool) = if page.view == TicketsView::Closed {
            let Some(Record::Desk(DeskRecord::Tickets(_, kept))) = self.parking.at_hand.take() else {
                return Err(self.internal());
            };
            closed = tickets_of(kept);
            (closed.iter().take(limit).collect(), closed.len() > limit)
        } else {
            found = self.find_tickets(asker, session, page);
            (found.iter().copied().take(limit).collect(), found.len() > limit)
        };
        let mut bytes = 0;
        let fits = |ticket: &&&Ticket| {
            bytes += card_bytes(&ticket.record);
            bytes <= self.limits.desk.tickets_page_bytes_max
        };
        // One in any case, so that a page leads on.
        let fitting = tickets.iter().take_while(fits).count().max(1);
        is_cut |= fitting < tickets.len();
        tickets.truncate(fitting);
        let views: Vec<TicketView<'_>> =
            tickets.iter().map(|ticket| self.view_for(now, asker, session, ticket)).collect();
        let next = tickets.last().filter(|_| is_cut).map(|ticket| place_of(ticket));
        let counts =
            self.desk.agents.post(session).map(|post| self.ticket_counts(asker, post, page.desk.as_ref()));
        let event = Event::Desk(DeskEvent::Tickets { id, view: page.view, tickets: &views, counts, next });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// A ticket, as this agent or visitor sees it in a list.
    fn view_for<'a>(
        &'a self,
        now: Now,
        asker: Asker,
        session: SessionId,
        ticket: &'a Ticket,
    ) -> TicketView<'a> {
        let view = self.view(now, ticket);
        let uid = &self.users[asker.user].uid;
        let oversees = self.sessions.find(&session).is_some_and(|row| row.role == Role::Admin);
        let reads = oversees
            || ticket.state() != TicketState::Open
            || ticket.holder() == Some(uid)
            || ticket.record.visitor.uid == *uid;
        if reads { view } else { TicketView { last: None, ..view } }
    }

    /// Those of a list that are here, in its order.
    fn find_tickets(&self, asker: Asker, session: SessionId, page: &TicketsPage) -> Vec<&Ticket> {
        let uid = &self.users[asker.user].uid;
        let post = self.desk.agents.post(session);
        let is_listed = |ticket: &&Ticket| {
            let record = &ticket.record;
            let is_meant = page.desk.as_ref().is_none_or(|desk| record.desk == *desk)
                && page.uid.as_ref().is_none_or(|uid| record.visitor.uid == *uid)
                && page.agent.as_ref().is_none_or(|agent| ticket.holder() == Some(agent));
            let is_seen = post.is_some_and(|post| post.serves(&record.desk));
            is_meant
                && match page.view {
                    TicketsView::Waiting => is_seen && ticket.state() == TicketState::Waiting,
                    TicketsView::Offline => is_seen && ticket.state() == TicketState::Offline,
                    TicketsView::All => is_seen || ticket.holder() == Some(uid),
                    TicketsView::Mine if post.is_some() => ticket.holder() == Some(uid),
                    TicketsView::Mine => record.visitor.uid == *uid,
                    TicketsView::Closed => false,
                }
        };
        let mut found: Vec<&Ticket> = self.desk.tickets.not_closed().filter(is_listed).collect();
        if matches!(page.view, TicketsView::Waiting | TicketsView::Offline) {
            found.sort_by_key(|ticket| queue_key(&place_of(ticket)));
            found.retain(|ticket| {
                page.after.is_none_or(|after| queue_key(&place_of(ticket)) > queue_key(&after))
            });
        } else {
            found.reverse();
            found.retain(|ticket| page.after.is_none_or(|after| ticket.record.ticket < after.ticket));
        }
        found
    }

    fn ticket_counts(&self, asker: Asker, post: &Post, desk: Option<&Desk>) -> TicketCounts {
        let uid = &self.users[asker.user].uid;
        let mut counts = TicketCounts::default();
        for ticket in self.desk.tickets.not_closed() {
            if desk.is_some_and(|desk| ticket.record.desk != *desk) {
                continue;
            }
            let is_mine = ticket.holder() == Some(uid);
            counts.mine += u64::from(is_mine);
            if is_mine || post.serves(&ticket.record.desk) {
                counts.all += 1;
                counts.waiting += u64::from(ticket.state() == TicketState::Waiting);
                counts.offline += u64::from(ticket.state() == TicketState::Offline);
            }
        }
        counts
    }
}

/// The desks that are asked for, of those that a post is for; `None` for all.
pub(super) fn desks_of(post: &Post, desk: Option<&Desk>) -> Option<Vec<Desk>> {
    if let Some(desk) = desk {
        return Some(if post.serves(desk) { vec![desk.clone()] } else { Vec::new() });
    }
    let mut desks: Vec<Desk> = post.desks.as_ref()?.to_vec();
    desks.push(Desk::default());
    desks.sort_unstable();
    desks.dedup();
    Some(desks)
}

/// Tickets out of the store, to be shown.
pub(super) fn tickets_of(kept: Vec<KeptTicket>) -> Vec<Ticket> {
    kept.into_iter().map(Ticket::from).collect()
}

/// How much visitors have told with a ticket, and after it.
fn card_bytes(record: &TicketRecord) -> usize {
    let visitor = &record.visitor;
    let texts = [&visitor.page, &visitor.referrer, &visitor.browser, &visitor.lang, &record.comment];
    let form: usize = visitor.form.iter().map(|(name, value)| name.len() + value.len()).sum();
    texts.into_iter().flatten().map(|text| text.len()).sum::<usize>() + form
}

fn place_of(ticket: &Ticket) -> TicketsPlace {
    let record = &ticket.record;
    TicketsPlace { priority: record.priority, since: record.since, ticket: record.ticket }
}

fn queue_key(place: &TicketsPlace) -> (Reverse<i32>, UnixMillis, TicketId) {
    (Reverse(place.priority), place.since, place.ticket)
}

/// Whether a user is meant where none may be named.
pub(super) fn is_meant(wanted: Option<&Id>, uid: Option<&Id>) -> bool {
    wanted.is_none_or(|wanted| uid == Some(wanted))
}
