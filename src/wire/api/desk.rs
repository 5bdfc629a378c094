//! Reads query and body of a call about the support desk.
//!
//! Times of a day are `"09:00"` on the wire and minutes within; `"24:00"` is the end of a day. That a zone or a day is
//! one that there is, the core sees to, and how much of everything there may be.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Problem;
use super::body::{Field, Query, fields_of, optional, required};
use super::route::Route;
use crate::chat::call::DeskCall;
use crate::chat::desk::{
    CannedDraft, Date, Desk, DeskSettings, FiguresAsked, FormField, Hours, Receiver, Routing, Span,
    TicketPatch, TicketState, TicketsCall,
};
use crate::chat::ids::{Id, TicketId};
use crate::wire::desk as shapes;
use crate::wire::value::{self, Read};

const ROUTING: &str = "must be \"claim\", \"round_robin\", \"least_loaded\" or \"longest_idle\"";
const STATE: &str = "must be \"waiting\", \"open\", \"offline\" or \"closed\"";
const CLOSED: &str = "must be \"closed\": that is all that a call can make of a ticket";
const PRIORITY: &str = "must be an integer from -2147483648 to 2147483647";
const CAPACITY: &str = "must be an integer from 1 to 4294967295";
const FORM: &str = "must be a list of objects with name, label and perhaps required";
const HOURS: &str = "must be an object with tz, perhaps week (lists of spans by mon, tue, wed, thu, fri, sat, sun) and \
                     perhaps dates (lists of spans by YYYY-MM-DD); a span is [\"09:00\", \"18:00\"]";
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Where the values of the known members stand.
#[derive(Default, Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    name: Field<'a>,
    #[serde(borrow)]
    routing: Field<'a>,
    #[serde(borrow)]
    offer_seconds: Field<'a>,
    #[serde(borrow)]
    sticky: Field<'a>,
    #[serde(borrow)]
    capacity: Field<'a>,
    #[serde(borrow)]
    idle_close_seconds: Field<'a>,
    #[serde(borrow)]
    idle_notice_seconds: Field<'a>,
    #[serde(borrow)]
    greeting: Field<'a>,
    #[serde(borrow)]
    away: Field<'a>,
    #[serde(borrow)]
    identified: Field<'a>,
    #[serde(borrow)]
    form: Field<'a>,
    #[serde(borrow)]
    hours: Field<'a>,
    #[serde(borrow)]
    priority: Field<'a>,
    #[serde(borrow)]
    tags: Field<'a>,
    #[serde(borrow)]
    desk: Field<'a>,
    #[serde(borrow)]
    agent: Field<'a>,
    #[serde(borrow)]
    state: Field<'a>,
    #[serde(borrow)]
    from: Field<'a>,
    #[serde(borrow)]
    content: Field<'a>,
    #[serde(borrow)]
    short: Field<'a>,
}

/// The call of a route that is about the support desk.
pub(super) fn call<'a>(route: Route, query: &Query<'_>, body: &'a [u8]) -> Result<DeskCall<'a>, Problem> {
    let fields = || fields_of::<Fields<'a>>(body);
    Ok(match route {
        Route::Desks => DeskCall::Desks,
        Route::Desk(desk) => DeskCall::Desk { desk },
        Route::PutDesk(desk) => DeskCall::PutDesk(Box::new(fields()?.settings(desk)?)),
        Route::DeleteDesk(desk) => DeskCall::DeleteDesk { desk },
        Route::Tickets => DeskCall::Tickets(TicketsCall {
            state: query.word("state", state, STATE)?,
            desk: query.desk()?,
            uid: query.id("uid")?,
            agent: query.id("agent")?,
            before: query.number("cursor", value::whole)?.map(TicketId),
            limit: query.limit()?,
        }),
        Route::Ticket(ticket) => DeskCall::Ticket { ticket },
        Route::PatchTicket(ticket) => DeskCall::PatchTicket { ticket, patch: fields()?.patch()? },
        Route::Notes(ticket) => DeskCall::Notes { ticket },
        Route::NewNote(ticket) => {
            let fields = fields()?;
            DeskCall::Note {
                ticket,
                from: required("from", fields.from, value::id)?,
                content: required("content", fields.content, value::content)?,
            }
        }
        Route::Transcript(ticket) => {
            DeskCall::Transcript { ticket, notes: query.find("notes")?.as_deref() == Some("1") }
        }
        Route::Canned => DeskCall::Canned,
        Route::NewCanned => DeskCall::PutCanned { canned: None, reply: fields()?.reply()? },
        Route::PutCanned(canned) => DeskCall::PutCanned { canned: Some(canned), reply: fields()?.reply()? },
        Route::DeleteCanned(canned) => DeskCall::DeleteCanned { canned },
        Route::Figures => DeskCall::Figures(FiguresAsked {
            desk: query.desk()?,
            from: query.number("from", shapes::moment)?,
            to: query.number("to", shapes::moment)?,
        }),
        _ => return Err(Problem::NO_SUCH_CALL),
    })
}

impl Query<'_> {
    fn word<T>(
        &self,
        name: &'static str,
        read: fn(&str) -> Option<T>,
        allowed: &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.find(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or(Problem::bad_request(name, allowed))
    }

    fn desk(&self) -> Result<Option<Desk>, Problem> {
        self.word("desk", Desk::from_text, "is no name of a desk")
    }

    fn id(&self, name: &'static str) -> Result<Option<Id>, Problem> {
        self.word(name, Id::from_text, "is no id")
    }
}

impl<'a> Fields<'a> {
    /// A desk that is put has what the body says, and of all else what every desk has.
    fn settings(&self, desk: Desk) -> Result<DeskSettings, Problem> {
        let text = |field, found: Field<'a>| {
            let text: Option<Cow<'a, str>> = optional(field, found, value::text)?;
            Ok::<_, Problem>(text.filter(|text| !text.is_empty()).map(Box::from))
        };
        let usual = DeskSettings::new(desk.clone());
        let seconds = |field, found| optional(field, found, value::seconds);
        Ok(DeskSettings {
            desk,
            name: text("name", self.name)?,
            routing: optional("routing", self.routing, routing)?.unwrap_or_default(),
            offer_seconds: seconds("offer_seconds", self.offer_seconds)?.unwrap_or(usual.offer_seconds),
            sticky: optional("sticky", self.sticky, value::flag)?.unwrap_or(usual.sticky),
            capacity: optional("capacity", self.capacity, capacity)?.unwrap_or(usual.capacity),
            idle_close_seconds: seconds("idle_close_seconds", self.idle_close_seconds)?
                .unwrap_or(usual.idle_close_seconds),
            idle_notice_seconds: seconds("idle_notice_seconds", self.idle_notice_seconds)?
                .unwrap_or(usual.idle_notice_seconds),
            greeting: text("greeting", self.greeting)?,
            away: text("away", self.away)?,
            identified: optional("identified", self.identified, value::flag)?.unwrap_or(usual.identified),
            form: optional("form", self.form, form)?.unwrap_or_default(),
            hours: optional("hours", self.hours, hours)?,
        })
    }

    fn patch(&self) -> Result<TicketPatch, Problem> {
        let to = match (self.agent, self.desk) {
            (Some(_), Some(_)) => {
                return Err(Problem::bad_request("desk", "only one of agent and desk may be there"));
            }
            (Some(_), None) => Some(Receiver::Agent(required("agent", self.agent, value::id)?)),
            (None, Some(_)) => Some(Receiver::Desk(required("desk", self.desk, shapes::desk)?)),
            (None, None) => None,
        };
        let closed = |raw: &str| if raw == "\"closed\"" { Ok(()) } else { Err(CLOSED) };
        let priority = |raw: &str| raw.parse().map_err(|_| PRIORITY);
        Ok(TicketPatch {
            priority: optional("priority", self.priority, priority)?,
            tags: optional("tags", self.tags, shapes::texts)?,
            to,
            close: optional("state", self.state, closed)?.is_some(),
        })
    }

    fn reply(&self) -> Result<CannedDraft<'a>, Problem> {
        Ok(CannedDraft {
            short: required("short", self.short, value::content)?,
            content: required("content", self.content, value::content)?,
            desk: optional("desk", self.desk, shapes::desk)?,
        })
    }
}

fn state(text: &str) -> Option<TicketState> {
    let all = [TicketState::Waiting, TicketState::Open, TicketState::Offline, TicketState::Closed];
    all.into_iter().find(|state| state.as_str() == text)
}

fn routing(raw: &str) -> Read<Routing> {
    let word = value::text(raw).map_err(|_| ROUTING)?;
    Routing::ALL.into_iter().find(|routing| routing.as_str() == word).ok_or(ROUTING)
}

fn capacity(raw: &str) -> Read<u32> {
    value::whole(raw).ok().and_then(|number| u32::try_from(number).ok()).ok_or(CAPACITY)
}

fn form(raw: &str) -> Read<Vec<FormField>> {
    #[derive(Deserialize)]
    struct Asked<'a> {
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        #[serde(borrow)]
        label: Option<&'a RawValue>,
        #[serde(borrow)]
        required: Option<&'a RawValue>,
    }
    let asked: Vec<Asked<'_>> = serde_json::from_str(raw).map_err(|_| FORM)?;
    let text = |raw: Option<&RawValue>| {
        let text = raw.and_then(|raw| value::content(raw.get()).ok().map(Cow::into_owned));
        text.map(String::into_boxed_str).ok_or(FORM)
    };
    let field = |field: Asked<'_>| {
        let required = field.required.map_or(Ok(false), |raw| value::flag(raw.get()).map_err(|_| FORM))?;
        Ok(FormField { name: text(field.name)?, label: text(field.label)?, required })
    };
    asked.into_iter().map(field).collect()
}

/// Times of one day, as they stand in JSON.
type Times<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn hours(raw: &str) -> Read<Hours> {
    #[derive(Deserialize)]
    struct Asked<'a> {
        #[serde(borrow)]
        tz: Cow<'a, str>,
        #[serde(borrow, default)]
        week: BTreeMap<Cow<'a, str>, Times<'a>>,
        #[serde(borrow, default)]
        dates: BTreeMap<Cow<'a, str>, Times<'a>>,
    }
    let asked: Asked<'_> = serde_json::from_str(raw).map_err(|_| HOURS)?;
    let mut hours = Hours { tz: asked.tz.into(), week: Default::default(), dates: BTreeMap::new() };
    for (day, times) in &asked.week {
        let place = DAYS.iter().position(|name| name == day).and_then(|place| hours.week.get_mut(place));
        *place.ok_or(HOURS)? = spans(times)?;
    }
    for (day, times) in &asked.dates {
        hours.dates.insert(date(day).ok_or(HOURS)?, spans(times)?);
    }
    Ok(hours)
}

fn spans(times: &Times<'_>) -> Read<Vec<Span>> {
    let span = |(from, to): &(Cow<'_, str>, Cow<'_, str>)| {
        let (from_min, to_min) = (minutes(from)?, minutes(to)?);
        (from_min < to_min).then_some(Span { from_min, to_min })
    };
    times.iter().map(span).collect::<Option<_>>().ok_or(HOURS)
}

/// Minutes from midnight of `09:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

/// A day of `2026-12-25`.
fn date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let mut parts = text.split('-').filter(|_| is_plain);
    let date = Date {
        year: parts.next()?.parse().ok()?,
        month: parts.next()?.parse().ok()?,
        day: parts.next()?.parse().ok()?,
    };
    let is_day = (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
    (is_day && parts.next().is_none()).then_some(date)
}
