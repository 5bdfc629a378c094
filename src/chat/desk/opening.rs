//! How a ticket is opened, and what must be so.
//!
//! A visitor has one ticket at a time: who speaks without naming one speaks in it, and opens it if there is none. It
//! waits if the desk answers, and is a message that was left if not: outside business hours, or with nobody on duty.
//! Openings are limited: how many tickets there are, and how many guests of one address open in an hour.
//! Tested in `tests/chat/desk_opening.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::{Desk, TicketState};
use super::queue::{Offers, Ticket};
use super::{
    Address, DeskEvent, DeskGate, DeskQuery, DeskSettings, DeskUndo, Opening, TicketRecord, Visitor,
};
use crate::base::clock::{Millis, Now};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId, TicketId};
use crate::chat::limits::Limits;
use crate::chat::output::{Event, Output, Query, Refusal, Sink, To};
use crate::chat::reply::{Outcome, Reply};
use crate::chat::turn::Undo;
use crate::chat::user::UserSlot;

const HOUR_MS: u64 = 3_600_000;
/// Addresses that are counted in one hour. Who comes with more than that is counted from the beginning.
const ADDRESSES_MAX: usize = 65_536;

/// How many tickets were opened from where, in this hour.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    hour: u64,
    counts: BTreeMap<Address, u64>,
}

impl Addresses {
    /// Counts one more, or tells after how many milliseconds there may be one.
    fn count(&mut self, now: Millis, address: Address, tickets_max: u64) -> Result<(), u64> {
        let hour = now.0 / HOUR_MS;
        if hour != self.hour || self.counts.len() >= ADDRESSES_MAX {
            (self.hour, self.counts) = (hour, BTreeMap::new());
        }
        let count = self.counts.entry(address).or_default();
        if *count >= tickets_max {
            return Err(HOUR_MS - now.0 % HOUR_MS);
        }
        *count += 1;
        Ok(())
    }
}

/// Checks what can be checked without knowing the desk.
pub(super) fn check(opening: &Opening<'_>, limits: &Limits) -> Result<(), Refusal> {
    let limits = &limits.desk;
    let is_long = |text: &Option<Cow<'_, str>>, bytes_max: usize| {
        text.as_ref().is_some_and(|text| text.len() > bytes_max)
    };
    if is_long(&opening.page, limits.page_bytes_max) {
        return Err(Refusal::TooLarge("page"));
    }
    if is_long(&opening.referrer, limits.page_bytes_max) {
        return Err(Refusal::TooLarge("referrer"));
    }
    if is_long(&opening.lang, limits.lang_bytes_max) {
        return Err(Refusal::TooLarge("lang"));
    }
    let bytes: usize = opening.form.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits.form_bytes_max || opening.form.len() > limits.form_fields_max {
        return Err(Refusal::TooLarge("form"));
    }
    Ok(())
}

impl Chat {
    /// What must be asked before somebody can open a ticket; nothing where one is there.
    pub(super) fn needs_opening(&self, user: UserSlot) -> Option<Query> {
        let uid = &self.users[user].uid;
        let is_known = self.desk.tickets.of_visitor(uid).is_some() || self.desk.visitors.contains_key(uid);
        (!is_known).then(|| Query::Desk(DeskQuery::Visitor(uid.clone())))
    }

    /// The visitor's ticket, which is opened if there is none.
    pub(super) fn open_ticket(
        &mut self,
        now: Now,
        user: UserSlot,
        opening: &Opening<'_>,
        out: &mut impl Sink,
    ) -> Result<TicketId, Refusal> {
        let uid = self.users[user].uid.clone();
        if let Some(ticket) = self.desk.tickets.of_visitor(&uid) {
            return Ok(ticket.record.ticket);
        }
        let rules = self.desk.settings_of(&opening.desk);
        self.may_open(now, user, &rules, opening)?;
        self.remember(user, out);
        let earlier = self.desk.visitors.remove(&uid).unwrap_or_default();
        let state =
            if self.finds_open(now, &opening.desk) { TicketState::Waiting } else { TicketState::Offline };
        self.desk.last += 1;
        self.turn.undo(Undo::Desk(DeskUndo::Numbered));
        let number = TicketId(self.desk.last);
        let row = &self.users[user];
        let kept = |text: &Option<Cow<'_, str>>| text.as_deref().filter(|text| !text.is_empty()).map(plain);
        let browser = opening.browser.as_deref().map(|text| cut(text, self.limits.desk.page_bytes_max));
        let visitor = Visitor {
            uid,
            name: row.name.as_str().into(),
            guest: row.guest,
            earlier: earlier.tickets,
            page: kept(&opening.page),
            referrer: kept(&opening.referrer),
            browser: browser.map(plain),
            lang: kept(&opening.lang),
            form: opening.form.iter().map(|(name, value)| (plain(name), plain(value))).collect(),
        };
        let record = TicketRecord::opened(number, opening.desk.clone(), visitor, state, now.unix);
        let ticket = Ticket {
            record: Arc::new(record),
            seq: 0,
            last: None,
            offers: Offers::default(),
            idle: None,
            grace: None,
            sticky: earlier.agent,
            began_at: 1,
        };
        self.turn.undo(Undo::Ticket(number, None));
        self.desk.tickets.put(number, Some(ticket));
        if let Some(ticket) = self.desk.tickets.get(number) {
            let began_at = self.desk.tickets.position(ticket).unwrap_or(1);
            self.touch_ticket(number, |ticket| ticket.began_at = began_at);
        }
        self.desk.unsettled.insert(opening.desk.clone());
        self.keep_ticket(number, out);
        self.tell_later(number);
        Ok(number)
    }

    fn may_open(
        &mut self,
        now: Now,
        user: UserSlot,
        rules: &DeskSettings,
        opening: &Opening<'_>,
    ) -> Result<(), Refusal> {
        let is_guest = self.users[user].guest;
        if rules.identified && is_guest {
            return Err(Refusal::Forbidden);
        }
        let is_given = |name: &str| {
            opening.form.iter().any(|(given, value)| **given == *name && !value.trim().is_empty())
        };
        if rules.form.iter().any(|field| field.required && !is_given(&field.name)) {
            return Err(Refusal::BadRequest("form", "does not say all that is asked"));
        }
        if self.desk.tickets.not_closed_count() >= self.limits.desk.tickets_open_max {
            return Err(Refusal::Conflict("there are as many tickets as there may be"));
        }
        if let Some(address) = opening.address.filter(|_| is_guest) {
            let tickets_max = self.limits.desk.tickets_per_address_and_hour_max;
            let counted = self.desk.addresses.count(now.mono, address, tickets_max);
            counted.map_err(|retry_ms| Refusal::RateLimited { retry_ms })?;
        }
        Ok(())
    }

    /// Answers what a visitor must know before opening a ticket.
    pub(super) fn show_gate(
        &self,
        now: Now,
        user: UserSlot,
        (session, id): (SessionId, Option<&str>),
        desk: &Desk,
        out: &mut impl Sink,
    ) -> Outcome {
        let rules = self.desk.settings_of(desk);
        let gate = DeskGate {
            desk,
            name: rules.name.as_deref(),
            open: self.is_open(now, desk),
            greeting: rules.greeting.as_deref(),
            away: rules.away.as_deref(),
            form: &rules.form,
            next: rules.hours.as_ref().and_then(|hours| hours.opens_next(now.unix)),
            identified: rules.identified,
            ticket: self.own_ticket(&self.users[user].uid),
        };
        let event = Event::Desk(DeskEvent::Desk { id, desk: gate });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// A user's own ticket that is not closed.
    pub(super) fn own_ticket(&self, uid: &Id) -> Option<TicketId> {
        self.desk.tickets.of_visitor(uid).map(|ticket| ticket.record.ticket)
    }
}

/// A text with a space in the place of each control character but new lines: they mean nothing there, and each would be
/// six bytes of JSON in whatever is told of a ticket.
fn plain(text: &str) -> Box<str> {
    text.replace(|char: char| char.is_control() && char != '\n', " ").into()
}

/// The beginning of a text, at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
