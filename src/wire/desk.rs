//! Reads what visitors and agents ask of the support desk.
//!
//! Such requests have fields that no other has. They are looked for in a second pass, of these requests alone, so that
//! all others need not be handed so many places around. What both passes know is read from the first.
//!
//! The `next` of a list of tickets is opaque to clients: priority, time and number of the ticket there.
//! Tested in `tests/wire/desk.rs`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::command::{optional, required};
use super::error::{Code, Problem};
use super::fields::{Field, Fields, given};
use super::value::{self, Read};
use crate::base::clock::UnixMillis;
use crate::chat::desk::{
    CannedDraft, Desk, DeskRequest, Duty, FiguresAsked, Opening, Receiver, TicketsPage, TicketsPlace,
    TicketsView,
};
use crate::chat::ids::TicketId;

const DESK: &str = "must be a string of 1 to 64 bytes without control characters";
const DUTY: &str = "must be \"online\", \"busy\" or \"away\"";
const VIEW: &str = "must be \"waiting\", \"mine\", \"all\", \"closed\" or \"offline\"";
const STARS: &str = "must be an integer from 1 to 5";
const TAGS: &str = "must be a list of strings";
const PLACE: &str = "must be the `next` of an answer";
const CAPACITY: &str = "must be an integer from 1 to 4294967295";

/// Where the values of the fields stand that only these requests have.
#[derive(Default, Deserialize)]
struct Own<'a> {
    #[serde(borrow)]
    desk: Option<&'a RawValue>,
    #[serde(borrow)]
    page: Option<&'a RawValue>,
    #[serde(borrow)]
    referrer: Option<&'a RawValue>,
    #[serde(borrow)]
    browser: Option<&'a RawValue>,
    #[serde(borrow)]
    lang: Option<&'a RawValue>,
    #[serde(borrow)]
    form: Option<&'a RawValue>,
    #[serde(borrow)]
    state: Option<&'a RawValue>,
    #[serde(borrow)]
    capacity: Option<&'a RawValue>,
    #[serde(borrow)]
    note: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
    #[serde(borrow)]
    stars: Option<&'a RawValue>,
    #[serde(borrow)]
    comment: Option<&'a RawValue>,
    #[serde(borrow)]
    view: Option<&'a RawValue>,
    #[serde(borrow)]
    short: Option<&'a RawValue>,
    #[serde(borrow)]
    canned: Option<&'a RawValue>,
    #[serde(borrow)]
    shared: Option<&'a RawValue>,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    to: Option<&'a RawValue>,
}

fn raw<'a>(field: Option<&'a RawValue>) -> Field<'a> {
    field.map(RawValue::get)
}

/// The request of this type. `None`: there is none here.
pub(super) fn request<'a>(
    kind: &str,
    fields: &Fields<'a>,
    text: &'a str,
) -> Result<Option<DeskRequest<'a>>, Problem> {
    const KINDS: [&str; 16] = [
        "support",
        "desk",
        "duty",
        "claim",
        "decline",
        "transfer",
        "close",
        "tag",
        "rate",
        "note",
        "notes",
        "tickets",
        "agents",
        "canned",
        "canned_put",
        "canned_delete",
    ];
    if !KINDS.contains(&kind) && kind != "figures" {
        return Ok(None);
    }
    // The first pass has found an object; what is left to be wrong are these fields.
    let own: Own<'a> =
        serde_json::from_str(text).map_err(|_| Problem::new(Code::BadJson, "a field is there twice"))?;
    let ask = Ask { fields, own };
    Ok(Some(match kind {
        "support" => ask.support()?,
        "desk" => DeskRequest::Ask { desk: ask.desk()?.unwrap_or_default() },
        "duty" => ask.duty()?,
        "claim" => DeskRequest::Claim { ticket: ask.ticket()? },
        "decline" => DeskRequest::Decline { ticket: ask.ticket()? },
        "transfer" => ask.transfer()?,
        "close" => DeskRequest::Close { ticket: ask.ticket()? },
        "tag" => {
            DeskRequest::Tag { ticket: ask.ticket()?, tags: required("tags", raw(ask.own.tags), texts)? }
        }
        "rate" => DeskRequest::Rate {
            ticket: ask.ticket()?,
            stars: required("stars", raw(ask.own.stars), stars)?,
            comment: optional("comment", raw(ask.own.comment), value::text)?,
        },
        "note" => DeskRequest::Note {
            ticket: ask.ticket()?,
            content: required("content", fields.content, value::content)?,
        },
        "notes" => DeskRequest::Notes { ticket: ask.ticket()? },
        "tickets" => ask.tickets()?,
        "agents" => DeskRequest::Agents { desk: ask.desk()? },
        "canned" => DeskRequest::Canned { desk: ask.desk()? },
        "canned_put" => ask.canned_put()?,
        "canned_delete" => {
            DeskRequest::DeleteCanned { canned: required("canned", raw(ask.own.canned), value::whole)? }
        }
        _ => DeskRequest::Figures(FiguresAsked {
            desk: ask.desk()?,
            from: optional("from", raw(ask.own.from), moment)?,
            to: optional("to", raw(ask.own.to), moment)?,
        }),
    }))
}

/// One request, by both passes.
struct Ask<'f, 'a> {
    fields: &'f Fields<'a>,
    own: Own<'a>,
}

impl<'a> Ask<'_, 'a> {
    fn ticket(&self) -> Result<TicketId, Problem> {
        required("ticket", self.fields.ticket, ticket)
    }

    fn desk(&self) -> Result<Option<Desk>, Problem> {
        optional("desk", raw(self.own.desk), desk)
    }

    fn support(&self) -> Result<DeskRequest<'a>, Problem> {
        let draft = self.fields.draft_to_all()?;
        let ticket = optional("ticket", self.fields.ticket, ticket)?;
        // What belongs to an opening means nothing in a ticket that is there.
        let opening = if ticket.is_some() { Opening::default() } else { self.opening()? };
        Ok(DeskRequest::Support { ticket, draft, opening: Box::new(opening) })
    }

    fn opening(&self) -> Result<Opening<'a>, Problem> {
        Ok(Opening {
            desk: self.desk()?.unwrap_or_default(),
            page: optional("page", raw(self.own.page), value::text)?,
            referrer: optional("referrer", raw(self.own.referrer), value::text)?,
            browser: optional("browser", raw(self.own.browser), value::text)?,
            lang: optional("lang", raw(self.own.lang), value::text)?,
            form: optional("form", raw(self.own.form), value::pairs)?.unwrap_or_default(),
            address: None,
        })
    }

    fn duty(&self) -> Result<DeskRequest<'a>, Problem> {
        let capacity =
            |raw| value::whole(raw).ok().and_then(|number| u32::try_from(number).ok()).ok_or(CAPACITY);
        Ok(DeskRequest::Duty {
            state: required("state", raw(self.own.state), duty)?,
            capacity: optional("capacity", raw(self.own.capacity), capacity)?,
        })
    }

    fn transfer(&self) -> Result<DeskRequest<'a>, Problem> {
        let to = match (given(self.fields.uid), self.desk()?) {
            (Some(_), Some(_)) => {
                return Err(Problem::bad_request("desk", "only one of uid and desk may be there"));
            }
            (None, Some(desk)) => Receiver::Desk(desk),
            (_, None) => Receiver::Agent(required("uid", self.fields.uid, value::id)?),
        };
        let note = optional("note", raw(self.own.note), value::text)?.filter(|note| !note.is_empty());
        Ok(DeskRequest::Transfer { ticket: self.ticket()?, to, note })
    }

    fn tickets(&self) -> Result<DeskRequest<'a>, Problem> {
        Ok(DeskRequest::Tickets(TicketsPage {
            view: required("view", raw(self.own.view), view)?,
            desk: self.desk()?,
            uid: optional("uid", self.fields.uid, value::id)?,
            agent: None,
            after: optional("cursor", self.fields.cursor, place)?,
            limit: optional("limit", self.fields.limit, value::limit)?,
        }))
    }

    fn canned_put(&self) -> Result<DeskRequest<'a>, Problem> {
        Ok(DeskRequest::PutCanned {
            canned: optional("canned", raw(self.own.canned), value::whole)?,
            reply: CannedDraft {
                short: required("short", raw(self.own.short), value::content)?,
                content: required("content", self.fields.content, value::content)?,
                desk: self.desk()?,
            },
            shared: optional("shared", raw(self.own.shared), value::flag)?.unwrap_or(false),
        })
    }
}

/// The number of a ticket.
pub(super) fn ticket(raw: &str) -> Read<TicketId> {
    value::whole(raw).map(TicketId)
}

/// The name of a desk.
pub(super) fn desk(raw: &str) -> Read<Desk> {
    value::text(raw).ok().and_then(|name| Desk::from_text(&name)).ok_or(DESK)
}

/// A list of strings.
pub(super) fn texts(raw: &str) -> Read<Vec<Box<str>>> {
    let texts: Vec<Cow<'_, str>> = serde_json::from_str(raw).map_err(|_| TAGS)?;
    Ok(texts.into_iter().map(|text| text.into_owned().into_boxed_str()).collect())
}

/// A moment, in Unix milliseconds.
pub(super) fn moment(raw: &str) -> Read<UnixMillis> {
    value::seq(raw).map(UnixMillis)
}

fn duty(raw: &str) -> Read<Duty> {
    let word = value::text(raw).map_err(|_| DUTY)?;
    [Duty::Online, Duty::Busy, Duty::Away].into_iter().find(|duty| duty.as_str() == word).ok_or(DUTY)
}

fn view(raw: &str) -> Read<TicketsView> {
    let word = value::text(raw).map_err(|_| VIEW)?;
    TicketsView::ALL.into_iter().find(|view| view.as_str() == word).ok_or(VIEW)
}

fn stars(raw: &str) -> Read<u8> {
    raw.parse().ok().filter(|stars| (1..=5).contains(stars)).ok_or(STARS)
}

/// A place in a list of tickets, as the daemon has written it.
pub(super) fn place_text(place: &TicketsPlace) -> String {
    format!("{}.{}.{}", place.priority, place.since.0, place.ticket.0)
}

fn place(raw: &str) -> Read<TicketsPlace> {
    let text = value::text(raw).map_err(|_| PLACE)?;
    let read = || {
        let (priority, rest) = text.split_once('.')?;
        let (since, number) = rest.split_once('.')?;
        let place = TicketsPlace {
            priority: priority.parse().ok()?,
            since: UnixMillis(since.parse().ok()?),
            ticket: ticket(number).ok()?,
        };
        // What would be written otherwise was not written here.
        (place_text(&place) == text).then_some(place)
    };
    read().ok_or(PLACE)
}
