//! Writes what visitors and agents are told by the support desk.
//!
//! A ticket has two shapes: the visitor's, with the place in the queue and who answers, and the agents', with all that
//! is known. What is not known is left out; the desk of tickets that name none is not named.
//! Tested in `tests/wire/desk.rs` and by the manual.

use super::desk::place_text;
use super::writer::Writer;
use crate::base::clock::UnixMillis;
use crate::chat::desk::{
    AgentView, CannedRecord, Desk, DeskEvent, DeskGate, Figure, Figures, NoteRecord, Person, Spread,
    TicketCounts, TicketState, TicketView,
};

/// Writes an event of the support desk.
pub(super) fn render_desk(event: &DeskEvent<'_>, out: &mut Vec<u8>) {
    match event {
        DeskEvent::Desk { id, desk } => object(out, "desk", *id, |json| gate_fields(json, desk)),
        DeskEvent::Ticket(ticket) => object(out, "ticket", None, |json| visitor_fields(json, ticket)),
        DeskEvent::Line(ticket) => object(out, "ticket", None, |json| ticket_fields(json, ticket)),
        DeskEvent::Offer { ticket, waited_s, expires_ms } => object(out, "offer", None, |json| {
            json.number("ticket", ticket.record.ticket.0);
            visitor(json, ticket);
            named(json, &ticket.record.desk);
            json.number("waited", *waited_s);
            maybe(json, "expires", *expires_ms);
        }),
        DeskEvent::Withdrawn { ticket, why, agent } => object(out, "withdrawn", None, |json| {
            json.number("ticket", ticket.0);
            json.word("why", why.as_str());
            if let Some(agent) = agent {
                person(json, "agent", agent);
            }
        }),
        DeskEvent::Duty(agent) => object(out, "duty", None, |json| agent_fields(json, agent)),
        DeskEvent::Note(note) => object(out, "note", None, |json| {
            json.number("ticket", note.ticket.0);
            note_fields(json, note);
        }),
        DeskEvent::Notes { id, ticket, notes } => object(out, "notes", *id, |json| {
            json.number("ticket", ticket.0);
            json.objects("notes", notes, note_fields);
        }),
        DeskEvent::Tickets { id, view, tickets, counts, next } => object(out, "tickets", *id, |json| {
            json.word("view", view.as_str());
            // Visitors have no counts, and see of their own tickets what they are told of them.
            if let Some(counts) = counts {
                json.objects("tickets", tickets, ticket_fields);
                json.object("counts", |json| count_fields(json, counts));
            } else {
                json.objects("tickets", tickets, own_ticket_fields);
            }
            if let Some(next) = next {
                json.word("next", &place_text(next));
            }
        }),
        DeskEvent::Agents { id, agents } => {
            object(out, "agents", *id, |json| json.objects("agents", agents, agent_fields));
        }
        DeskEvent::Canned { id, canned } => {
            object(out, "canned", *id, |json| json.objects("canned", canned, canned_fields));
        }
        DeskEvent::CannedPut { id, canned } => {
            object(out, "canned_put", *id, |json| json.number("canned", *canned));
        }
        DeskEvent::Figures { id, figures } => {
            object(out, "figures", *id, |json| figures_fields(json, figures));
        }
    }
}

/// A message; an answer echoes the `id` of its request.
fn object(out: &mut Vec<u8>, kind: &str, id: Option<&str>, fields: impl FnOnce(&mut Writer<'_>)) {
    let mut json = Writer::open(out, kind);
    json.echo(id);
    fields(&mut json);
    json.close();
}

fn gate_fields(json: &mut Writer<'_>, desk: &DeskGate<'_>) {
    named(json, desk.desk);
    text(json, "name", desk.name);
    json.flag("open", desk.open);
    text(json, "greeting", desk.greeting);
    text(json, "away", desk.away);
    if !desk.form.is_empty() {
        json.objects("form", desk.form, |json, field| {
            json.text("name", &field.name);
            json.text("label", &field.label);
            if field.required {
                json.flag("required", true);
            }
        });
    }
    maybe(json, "next", desk.next.map(|moment| moment.0));
    if desk.identified {
        json.flag("identified", true);
    }
    maybe(json, "ticket", desk.ticket.map(|ticket| ticket.0));
}

fn maybe(json: &mut Writer<'_>, name: &str, number: Option<u64>) {
    if let Some(number) = number {
        json.number(name, number);
    }
}

fn moment(json: &mut Writer<'_>, name: &str, at: Option<UnixMillis>) {
    maybe(json, name, at.map(|at| at.0));
}

fn text(json: &mut Writer<'_>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        json.text(name, text);
    }
}

fn named(json: &mut Writer<'_>, desk: &Desk) {
    if !desk.is_default() {
        json.text("desk", desk.as_str());
    }
}

fn person(json: &mut Writer<'_>, name: &str, person: &Person) {
    json.object(name, |json| person_fields(json, person));
}

fn person_fields(json: &mut Writer<'_>, person: &Person) {
    json.id("uid", &person.uid);
    json.text("name", &person.name);
}

/// Who answers, or has: a ticket that is in the queue again is nobody's.
fn agent(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    if let (false, Some(agent)) = (ticket.record.state.is_queued(), &ticket.record.agent) {
        person(json, "agent", agent);
    }
}

/// What a visitor is told.
fn visitor_fields(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    let record = ticket.record;
    json.number("ticket", record.ticket.0);
    json.word("state", record.state.as_str());
    named(json, &record.desk);
    agent(json, ticket);
    maybe(json, "position", ticket.position);
    maybe(json, "wait", ticket.wait_s);
    maybe(json, "closing", ticket.closing_ms);
    if record.state == TicketState::Closed {
        if let Some(by) = record.by {
            json.word("by", by.as_str());
        }
        maybe(json, "stars", record.stars.map(u64::from));
    }
}

/// What a visitor is shown in a list of the own tickets.
fn own_ticket_fields(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    let record = ticket.record;
    visitor_fields(json, ticket);
    json.number("opened", record.opened.0);
    moment(json, "closed", record.closed);
    text(json, "comment", record.comment.as_deref());
    json.number("seq", ticket.seq);
    last(json, ticket);
}

/// What was said last.
fn last(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    if let Some(last) = ticket.last {
        json.object("last", |json| {
            json.id("uid", &last.uid);
            json.text("name", &last.name);
            json.text("content", &last.content);
            json.number("time", last.time.0);
        });
    }
}

fn visitor(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    let visitor = &ticket.record.visitor;
    json.object("visitor", |json| {
        json.id("uid", &visitor.uid);
        json.text("name", &visitor.name);
        text(json, "page", visitor.page.as_deref());
        text(json, "referrer", visitor.referrer.as_deref());
        text(json, "browser", visitor.browser.as_deref());
        text(json, "lang", visitor.lang.as_deref());
        if !visitor.form.is_empty() {
            json.object("form", |json| {
                for (name, value) in &visitor.form {
                    json.named_text(name, value);
                }
            });
        }
        json.flag("online", ticket.online);
        json.flag("guest", visitor.guest);
        json.number("earlier", visitor.earlier);
    });
}

/// What agents and back ends are told.
pub(super) fn ticket_fields(json: &mut Writer<'_>, ticket: &TicketView<'_>) {
    let record = ticket.record;
    json.number("ticket", record.ticket.0);
    json.word("state", record.state.as_str());
    named(json, &record.desk);
    visitor(json, ticket);
    agent(json, ticket);
    json.integer("priority", i64::from(record.priority));
    if !record.tags.is_empty() {
        json.texts("tags", &record.tags);
    }
    json.number("opened", record.opened.0);
    json.number("since", record.since.0);
    moment(json, "claimed", record.claimed);
    moment(json, "replied", record.replied);
    moment(json, "closed", record.closed);
    if let Some(by) = record.by {
        json.word("by", by.as_str());
    }
    maybe(json, "stars", record.stars.map(u64::from));
    text(json, "comment", record.comment.as_deref());
    if record.transfers > 0 {
        json.number("transfers", record.transfers);
    }
    json.number("seq", ticket.seq);
    last(json, ticket);
    maybe(json, "position", ticket.position);
    maybe(json, "wait", ticket.wait_s);
    maybe(json, "closing", ticket.closing_ms);
}

pub(super) fn agent_fields(json: &mut Writer<'_>, agent: &AgentView<'_>) {
    json.id("uid", agent.uid);
    json.text("name", agent.name);
    json.word("state", agent.state.as_str());
    json.number("capacity", u64::from(agent.capacity));
    json.number("open", agent.open);
    if let Some(desks) = agent.desks {
        let names: Vec<&str> = desks.iter().map(Desk::as_str).collect();
        json.texts("desks", &names);
    }
}

pub(super) fn note_fields(json: &mut Writer<'_>, note: &NoteRecord) {
    json.number("after", note.after);
    json.id("uid", &note.uid);
    json.text("name", &note.name);
    json.text("content", &note.content);
    json.number("time", note.time.0);
}

pub(super) fn canned_fields(json: &mut Writer<'_>, reply: &CannedRecord) {
    json.number("canned", reply.canned);
    json.text("short", &reply.short);
    json.text("content", &reply.content);
    text(json, "desk", reply.desk.as_ref().map(Desk::as_str));
    json.flag("own", reply.owner.is_some());
}

fn count_fields(json: &mut Writer<'_>, counts: &TicketCounts) {
    json.number("waiting", counts.waiting);
    json.number("mine", counts.mine);
    json.number("all", counts.all);
    json.number("offline", counts.offline);
}

pub(super) fn figures_fields(json: &mut Writer<'_>, figures: &Figures) {
    json.number("from", figures.from.0);
    json.number("to", figures.to.0);
    json.objects("desks", &figures.desks, |json, (desk, figure)| {
        json.text("desk", desk.as_str());
        figure_fields(json, figure);
    });
    json.objects("agents", &figures.agents, |json, (person, figure)| {
        person_fields(json, person);
        figure_fields(json, figure);
    });
}

fn figure_fields(json: &mut Writer<'_>, figure: &Figure) {
    json.number("opened", figure.opened);
    json.number("claimed", figure.claimed);
    json.number("closed", figure.closed);
    json.number("missed", figure.missed);
    spread(json, "waited_ms", figure.waited);
    spread(json, "reply_ms", figure.reply);
    spread(json, "duration_ms", figure.duration);
    json.object("stars", |json| {
        json.number("count", figure.rated);
        if let Some(hundredths) = (figure.stars * 100 + figure.rated / 2).checked_div(figure.rated) {
            json.raw("mean", &format!("{}.{:02}", hundredths / 100, hundredths % 100));
        }
    });
    json.number("transfers", figure.transfers);
}

fn spread(json: &mut Writer<'_>, name: &str, spread: Option<Spread>) {
    if let Some(Spread { median_ms, p90_ms }) = spread {
        json.object(name, |json| {
            json.number("median", median_ms);
            json.number("p90", p90_ms);
        });
    }
}
