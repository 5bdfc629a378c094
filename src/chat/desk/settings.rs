//! The rules of desks, and whether a desk answers.
//!
//! A desk answers while its business hours last, if it has some, and somebody of its agents is on duty. When it begins
//! to, messages that were left by who is there become tickets that wait, the oldest first. When it ceases to, those who
//! wait go on waiting. Tested in `tests/chat/desk_settings.rs` and `desk_hours.rs`.

use std::sync::Arc;

use super::names::Desk;
use super::{DeskOrder, DeskSettings, DeskUndo};
use crate::base::clock::{Millis, Now};
use crate::base::limits as table;
use crate::chat::Chat;
use crate::chat::limits::Limits;
use crate::chat::output::{Output, Refusal, Sink, Store};
use crate::chat::turn::Undo;

/// After so long the date is looked at again, in case that somebody has set it.
const HOURS_EVERY_MS: u64 = 60_000;

/// Checks rules that a desk is to have.
pub(super) fn check(rules: &DeskSettings, limits: &Limits) -> Result<(), Refusal> {
    let limits_of_desk = &limits.desk;
    let is_long =
        |text: &Option<Box<str>>, bytes_max: usize| text.as_ref().is_some_and(|text| text.len() > bytes_max);
    if is_long(&rules.name, limits.name_bytes_max) {
        return Err(Refusal::TooLarge("name"));
    }
    if is_long(&rules.greeting, limits_of_desk.settings_text_bytes_max) {
        return Err(Refusal::TooLarge("greeting"));
    }
    if is_long(&rules.away, limits_of_desk.settings_text_bytes_max) {
        return Err(Refusal::TooLarge("away"));
    }
    let form_bytes: usize = rules.form.iter().map(|field| field.name.len() + field.label.len()).sum();
    if rules.form.len() > limits_of_desk.form_fields_max || form_bytes > limits_of_desk.form_bytes_max {
        return Err(Refusal::TooLarge("form"));
    }
    let is_in = |bounds: table::Limit, number: u64| (bounds.min..=bounds.max).contains(&number);
    for (field, bounds, number) in [
        ("capacity", table::DESK_CAPACITY, u64::from(rules.capacity)),
        ("offer_seconds", table::DESK_OFFER_SECONDS, rules.offer_seconds),
        ("idle_close_seconds", table::DESK_IDLE_CLOSE_SECONDS, rules.idle_close_seconds),
        ("idle_notice_seconds", table::DESK_IDLE_NOTICE_SECONDS, rules.idle_notice_seconds),
    ] {
        if !is_in(bounds, number) {
            return Err(Refusal::BadRequest(field, "is out of bounds"));
        }
    }
    if let Some(hours) = &rules.hours {
        let days = hours.week.iter().chain(hours.dates.values());
        if hours.dates.len() > limits_of_desk.hours_dates_max
            || days.map(Vec::len).any(|spans| spans > limits_of_desk.hours_spans_max)
        {
            return Err(Refusal::TooLarge("hours"));
        }
        hours.check().map_err(|why| Refusal::BadRequest("hours", why))?;
    }
    Ok(())
}

impl Chat {
    /// Whether a desk answers now.
    pub(super) fn is_open(&self, now: Now, desk: &Desk) -> bool {
        let rules = self.desk.settings.get(desk);
        let is_within_hours =
            rules.and_then(|rules| rules.hours.as_ref()).is_none_or(|hours| hours.is_open(now.unix));
        is_within_hours && self.desk.agents.answer(desk)
    }

    /// The same for a visitor who is here. Whoever finds it shut is seen to when it opens, even if nobody has looked
    /// at the desk since it was shut.
    pub(super) fn finds_open(&mut self, now: Now, desk: &Desk) -> bool {
        let is_open = self.is_open(now, desk);
        if !is_open && self.desk.open.remove(desk) {
            self.turn.undo(Undo::Desk(DeskUndo::Shut(desk.clone())));
        }
        is_open
    }

    /// Sees to what follows when a desk begins to answer, or ceases to.
    pub(super) fn open_or_shut(&mut self, now: Now, desk: &Desk, out: &mut impl Sink) {
        let has_queue = self.desk.tickets.has_queue(desk);
        let is_open = has_queue && self.is_open(now, desk);
        if is_open && self.desk.open.insert(desk.clone()) {
            self.turn.undo(Undo::Desk(DeskUndo::Opened(desk.clone())));
            let mut left: Vec<_> = self.desk.tickets.offline(desk).collect();
            left.retain(|number| {
                let ticket = self.desk.tickets.get(*number);
                ticket.is_some_and(|ticket| self.is_here(&ticket.record.visitor.uid))
            });
            for number in left {
                self.queue_up(now, number, out);
            }
        } else if !is_open && self.desk.open.remove(desk) {
            self.turn.undo(Undo::Desk(DeskUndo::Shut(desk.clone())));
        }
    }

    /// Has every desk with business hours looked at, and again when they change.
    pub(super) fn look_at_hours(&mut self, now: Now) {
        let mut next: Option<Millis> = None;
        let rules: Vec<Arc<DeskSettings>> = self.desk.settings.values().cloned().collect();
        for rules in rules {
            let Some(hours) = &rules.hours else { continue };
            self.desk.unsettled.insert(rules.desk.clone());
            let change =
                hours.next_change(now.unix).map_or(HOURS_EVERY_MS, |at| at.0.saturating_sub(now.unix.0));
            let at = now.mono.plus_ms(change.min(HOURS_EVERY_MS));
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        self.desk.hours = next;
    }

    /// A desk has these rules from now on; `None`: those of every desk.
    pub(super) fn set_rules(
        &mut self,
        now: Now,
        desk: &Desk,
        rules: Option<DeskSettings>,
        out: &mut impl Sink,
    ) {
        let order = match &rules {
            Some(rules) => DeskOrder::Settings(rules),
            None => DeskOrder::NoSettings { desk },
        };
        out.put(Output::Store(Store::Desk(order)));
        let before = match rules {
            Some(rules) => self.desk.settings.insert(desk.clone(), Arc::new(rules)),
            None => self.desk.settings.remove(desk),
        };
        self.turn.undo(Undo::Desk(DeskUndo::Settings(desk.clone(), before)));
        self.desk.unsettled.insert(desk.clone());
        self.look_at_hours(now);
        let open = self
            .desk
            .tickets
            .not_closed()
            .filter(|ticket| ticket.record.desk == *desk && ticket.holder().is_some());
        for number in open.map(|ticket| ticket.record.ticket).collect::<Vec<_>>() {
            self.watch_silence(now, number);
        }
    }
}
