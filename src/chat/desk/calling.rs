//! What the site's back end does at the support desk by its calls.
//!
//! It sets the rules of desks, and may do with tickets what an admin may, in the name of the site. What it says in
//! tickets, and reads of them, goes by the calls for all conversations (`chat/backend.rs`).
//! Tested in `tests/chat/desk_calls.rs`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::agents::Agent;
use super::lists::{is_meant, tickets_of};
use super::names::{ClosedBy, Desk, TicketState};
use super::queue::Ticket;
use super::{
    AgentView, CannedDraft, Deed, DeskAnswer, DeskCall, DeskQuery, DeskRecord, DeskSettings, DeskView,
    Receiver, TicketPatch, TicketView, TicketsCall, TicketsQuery, TranscriptQuery, settings,
};
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::admission::unreserved;
use crate::chat::call::{Answer, Put};
use crate::chat::ids::{CallId, Id, TicketId};
use crate::chat::output::{Output, Query, Record, Refusal, Sink};
use crate::chat::user;

/// Agents of a desk, with the desks of each.
type Staff<'a> = Vec<(&'a Id, &'a Agent, Option<Vec<Desk>>)>;

/// How many tickets of a desk there are that are not closed.
#[derive(Clone, Copy, Default)]
struct Tally {
    waiting: u64,
    offline: u64,
    open: u64,
}

impl Chat {
    /// Checks what can be checked without knowing anything.
    pub(in crate::chat) fn check_desk_call(&self, call: &DeskCall<'_>) -> Result<(), Refusal> {
        match call {
            DeskCall::PutDesk(rules) => settings::check(rules, &self.limits),
            DeskCall::PatchTicket { patch, .. } => {
                if let Some(Receiver::Agent(uid)) = &patch.to {
                    unreserved("agent", uid)?;
                }
                patch.tags.as_ref().map_or(Ok(()), |tags| self.check_tags(tags))
            }
            DeskCall::Note { from, content, .. } => {
                unreserved("from", from)?;
                self.check_note(Some(content), "content")
            }
            DeskCall::PutCanned { reply, .. } => self.check_canned(reply),
            DeskCall::Desks
            | DeskCall::Desk { .. }
            | DeskCall::DeleteDesk { .. }
            | DeskCall::Tickets(_)
            | DeskCall::Ticket { .. }
            | DeskCall::Notes { .. }
            | DeskCall::Transcript { .. }
            | DeskCall::Canned
            | DeskCall::DeleteCanned { .. }
            | DeskCall::Figures(_) => Ok(()),
        }
    }

    /// What must be known before the call can be served.
    pub(in crate::chat) fn needs_desk_call(&mut self, now: Now, call: &DeskCall<'_>) -> Option<Query> {
        let system = user::system();
        let known = self.needs_desk().or_else(|| self.needs_somebody(&system));
        let query = known.or_else(|| match call {
            DeskCall::Ticket { ticket } | DeskCall::PatchTicket { ticket, .. } => self.needs_ticket(*ticket),
            DeskCall::Note { ticket, from, .. } => {
                self.needs_ticket(*ticket).or_else(|| self.needs_somebody(from))
            }
            _ => None,
        });
        if query.is_some() {
            return query;
        }
        match call {
            DeskCall::Tickets(page) => {
                let query = self.closed_tickets(page)?;
                self.parking.unless_at_hand(Query::Desk(DeskQuery::Tickets(query)))
            }
            DeskCall::Notes { ticket } => {
                let asker = self.speaker(None);
                self.needs_notes(asker, *ticket)
            }
            DeskCall::Transcript { ticket, notes } => self.needs_ticket(*ticket).or_else(|| {
                self.desk.tickets.get(*ticket)?;
                let query = self.transcript_query(*ticket, *notes);
                self.parking.unless_at_hand(Query::Desk(DeskQuery::Transcript(query)))
            }),
            DeskCall::Canned | DeskCall::PutCanned { .. } | DeskCall::DeleteCanned { .. } => {
                self.parking.unless_at_hand(Query::Desk(DeskQuery::Canned { owner: None }))
            }
            DeskCall::Figures(asked) => {
                let desks = asked.desk.clone().map(|desk| vec![desk]);
                let query = self.figures_query(now, desks, asked).ok()?;
                self.parking.unless_at_hand(Query::Desk(DeskQuery::Figures(query)))
            }
            _ => None,
        }
    }

    pub(in crate::chat) fn serve_desk_call(
        &mut self,
        now: Now,
        call: CallId,
        request: &DeskCall<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        match request {
            DeskCall::Desks => {
                self.answer_desks(now, call, out);
                Ok(())
            }
            DeskCall::Desk { desk } => {
                self.answer_desk(now, call, (Put::Kept, desk), out);
                Ok(())
            }
            DeskCall::PutDesk(rules) => self.put_desk(now, call, rules, out),
            DeskCall::DeleteDesk { desk } => {
                if !self.desk.settings.contains_key(desk) {
                    return Err(Refusal::NotFound);
                }
                self.set_rules(now, desk, None, out);
                out.put(Output::Answer { call, answer: Answer::Removed });
                Ok(())
            }
            DeskCall::Tickets(page) => self.answer_tickets(now, call, page, out),
            DeskCall::Ticket { ticket } => self.answer_ticket(now, call, *ticket, out),
            DeskCall::PatchTicket { ticket, patch } => {
                self.patch_ticket(now, *ticket, patch, out)?;
                self.answer_ticket(now, call, *ticket, out)
            }
            DeskCall::Notes { ticket } => {
                let asker = self.speaker(None);
                let notes = self.notes_at_hand(asker, *ticket)?;
                answer(call, DeskAnswer::Notes { notes: &notes }, out);
                Ok(())
            }
            DeskCall::Note { ticket, from, content } => {
                let asker = self.speaker(Some(from));
                self.may_do(asker, *ticket, Deed::Note)?;
                self.acquaint(asker.user, out);
                let note =
                    self.write_note(now, asker.user, *ticket, content, out).ok_or(Refusal::NotFound)?;
                answer(call, DeskAnswer::Note(&note), out);
                Ok(())
            }
            DeskCall::Transcript { ticket, .. } => self.answer_transcript(now, call, *ticket, out),
            DeskCall::Canned => {
                let replies = self.cabinet()?.replies;
                answer(call, DeskAnswer::Canned { canned: &replies }, out);
                Ok(())
            }
            DeskCall::PutCanned { canned, reply } => self.put_shared(call, *canned, reply, out),
            DeskCall::DeleteCanned { canned } => self.delete_shared(call, *canned, out),
            DeskCall::Figures(asked) => {
                let desks = asked.desk.clone().map(|desk| vec![desk]);
                self.figures_query(now, desks, asked)?;
                let figures = self.figures_at_hand(now)?;
                answer(call, DeskAnswer::Figures(&figures), out);
                Ok(())
            }
        }
    }

    fn put_shared(
        &mut self,
        call: CallId,
        canned: Option<u64>,
        reply: &CannedDraft<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let put = if canned.is_some() { Put::Kept } else { Put::Made };
        let record = self.keep_canned(canned, None, reply, out)?;
        answer(call, DeskAnswer::CannedPut { put, canned: &record }, out);
        Ok(())
    }

    fn delete_shared(&mut self, call: CallId, canned: u64, out: &mut impl Sink) -> Result<(), Refusal> {
        if !self.cabinet()?.replies.iter().any(|reply| reply.canned == canned) {
            return Err(Refusal::NotFound);
        }
        let order = super::DeskOrder::NoCanned { canned };
        out.put(Output::Store(crate::chat::output::Store::Desk(order)));
        out.put(Output::Answer { call, answer: Answer::Removed });
        Ok(())
    }

    fn put_desk(
        &mut self,
        now: Now,
        call: CallId,
        rules: &DeskSettings,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let put = if self.desk.settings.contains_key(&rules.desk) { Put::Kept } else { Put::Made };
        if put == Put::Made && self.desk.settings.len() >= self.limits.desk.desks_max {
            return Err(Refusal::Conflict("there are as many desks with rules as there may be"));
        }
        self.set_rules(now, &rules.desk, Some(rules.clone()), out);
        self.answer_desk(now, call, (put, &rules.desk), out);
        Ok(())
    }

    fn answer_desk(&self, now: Now, call: CallId, (put, desk): (Put, &Desk), out: &mut impl Sink) {
        let staff = self.agents_of(Some(desk));
        let tally = self.tallies().remove(desk).unwrap_or_default();
        let desk = self.desk_view(now, desk, (&staff, tally));
        answer(call, DeskAnswer::Desk { put, desk: Box::new(desk) }, out);
    }

    fn answer_desks(&self, now: Now, call: CallId, out: &mut impl Sink) {
        let mut desks: BTreeSet<Desk> = self.desk.settings.keys().cloned().collect();
        desks.insert(Desk::default());
        let tallies = self.tallies();
        desks.extend(tallies.keys().map(|desk| (*desk).clone()));
        for (uid, _) in self.desk.agents.all() {
            desks.extend(self.desk.agents.desks_of(uid).unwrap_or_default());
        }
        let staffs: Vec<(&Desk, Staff<'_>)> =
            desks.iter().map(|desk| (desk, self.agents_of(Some(desk)))).collect();
        let tally = |desk: &Desk| tallies.get(desk).copied().unwrap_or_default();
        let views: Vec<DeskView<'_>> =
            staffs.iter().map(|(desk, staff)| self.desk_view(now, desk, (staff, tally(desk)))).collect();
        answer(call, DeskAnswer::Desks { desks: &views }, out);
    }

    /// How many tickets of each desk there are that are not closed: names of desks are anybody's to make up, so there
    /// may be as many as tickets.
    fn tallies(&self) -> BTreeMap<&Desk, Tally> {
        let mut tallies: BTreeMap<&Desk, Tally> = BTreeMap::new();
        for ticket in self.desk.tickets.not_closed() {
            let tally = tallies.entry(&ticket.record.desk).or_default();
            match ticket.state() {
                TicketState::Waiting => tally.waiting += 1,
                TicketState::Offline => tally.offline += 1,
                TicketState::Open => tally.open += 1,
                TicketState::Closed => {}
            }
        }
        tallies
    }

    fn desk_view<'a>(
        &'a self,
        now: Now,
        desk: &Desk,
        (staff, tally): (&'a Staff<'a>, Tally),
    ) -> DeskView<'a> {
        let rules = match self.desk.settings.get(desk) {
            Some(rules) => Cow::Borrowed(&**rules),
            None => Cow::Owned(DeskSettings::new(desk.clone())),
        };
        let Tally { waiting, offline, open: open_tickets } = tally;
        let agents: Vec<AgentView<'a>> =
            staff.iter().map(|(uid, agent, desks)| self.agent_view(uid, agent, desks.as_deref())).collect();
        DeskView { settings: rules, open: self.is_open(now, desk), waiting, offline, open_tickets, agents }
    }

    fn answer_ticket(
        &self,
        now: Now,
        call: CallId,
        number: TicketId,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let ticket = self.desk.tickets.get(number).ok_or(Refusal::NotFound)?;
        answer(call, DeskAnswer::Ticket(self.view(now, ticket)), out);
        Ok(())
    }

    /// Which closed tickets a page has on it; `None` where it has none.
    fn closed_tickets(&self, page: &TicketsCall) -> Option<TicketsQuery> {
        (page.state == Some(TicketState::Closed)).then(|| TicketsQuery {
            desks: page.desk.clone().map(|desk| vec![desk]),
            or_agent: None,
            uid: page.uid.clone(),
            agent: page.agent.clone(),
            before: page.before,
            tickets_max: self.tickets_page(page.limit),
        })
    }

    fn answer_tickets(
        &mut self,
        now: Now,
        call: CallId,
        page: &TicketsCall,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let limit = self.tickets_page(page.limit);
        let closed;
        let found: Vec<&Ticket> = if page.state == Some(TicketState::Closed) {
            let Some(Record::Desk(DeskRecord::Tickets(_, kept))) = self.parking.at_hand.take() else {
                return Err(self.internal());
            };
            closed = tickets_of(kept);
            closed.iter().collect()
        } else {
            let is_listed = |ticket: &&Ticket| {
                page.state.is_none_or(|state| ticket.state() == state)
                    && page.desk.as_ref().is_none_or(|desk| ticket.record.desk == *desk)
                    && is_meant(page.uid.as_ref(), Some(&ticket.record.visitor.uid))
                    && is_meant(page.agent.as_ref(), ticket.holder())
                    && page.before.is_none_or(|before| ticket.record.ticket < before)
            };
            self.desk.tickets.not_closed().rev().filter(is_listed).take(limit + 1).collect()
        };
        let tickets: Vec<TicketView<'_>> =
            found.iter().take(limit).map(|ticket| self.view(now, ticket)).collect();
        let next = tickets.last().filter(|_| found.len() > limit).map(|last| last.record.ticket);
        answer(call, DeskAnswer::Tickets { tickets: &tickets, next }, out);
        Ok(())
    }

    fn patch_ticket(
        &mut self,
        now: Now,
        number: TicketId,
        patch: &TicketPatch,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        self.may_do(asker, number, Deed::Read)?;
        // What may be refused comes first.
        if let Some(to) = &patch.to {
            self.may_do(asker, number, Deed::Transfer)?;
            self.may_receive(number, to)?;
        }
        self.acquaint(asker.user, out);
        if let Some(tags) = &patch.tags {
            self.set_tags(number, tags, out);
        }
        if let Some(priority) = patch.priority {
            self.change_ticket(number, |ticket| ticket.record_mut().priority = priority);
            self.keep_ticket(number, out);
            self.tell_later(number);
        }
        if let Some(to) = &patch.to {
            self.hand_over(now, number, to, out);
        }
        if patch.close {
            self.end_ticket(now, number, ClosedBy::Site, out);
        }
        Ok(())
    }

    fn transcript_query(&self, ticket: TicketId, notes: bool) -> TranscriptQuery {
        let limits = &self.limits.desk;
        TranscriptQuery {
            ticket,
            notes_max: if notes { limits.notes_page_max } else { 0 },
            entries_max: limits.transcript_entries_max,
            bytes_max: limits.transcript_bytes_max,
        }
    }

    fn answer_transcript(
        &mut self,
        now: Now,
        call: CallId,
        number: TicketId,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let ticket = self.desk.tickets.get(number).ok_or(Refusal::NotFound)?;
        let Some(Record::Desk(DeskRecord::Transcript(_, record))) = self.parking.at_hand.take() else {
            return Err(self.internal());
        };
        let (entries, more, notes) = (&record.entries, record.more, &record.notes);
        answer(call, DeskAnswer::Transcript { ticket: self.view(now, ticket), entries, more, notes }, out);
        Ok(())
    }
}

fn answer(call: CallId, answer: DeskAnswer<'_>, out: &mut impl Sink) {
    out.put(Output::Answer { call, answer: Answer::Desk(answer) });
}
