//! Writes what a call about the support desk is answered.

use super::answer::{Reply, put_status};
use crate::chat::call::DeskAnswer;
use crate::chat::desk::{Date, DeskSettings, DeskView, Hours, NoteRecord, Span};
use crate::chat::ids::Conversation;
use crate::wire::event::past_entry;
use crate::wire::tickets::{agent_fields, canned_fields, figures_fields, note_fields, ticket_fields};
use crate::wire::writer::Writer;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Writes an answer about the support desk.
pub(super) fn render_desk(answer: &DeskAnswer<'_>) -> Reply {
    match answer {
        DeskAnswer::Desks { desks } => Reply::new(200, |json| json.objects("desks", desks, desk_fields)),
        DeskAnswer::Desk { put, desk } => Reply::new(put_status(*put), |json| desk_fields(json, desk)),
        DeskAnswer::Tickets { tickets, next } => Reply::new(200, |json| {
            json.objects("tickets", tickets, ticket_fields);
            if let Some(next) = next {
                json.number("next", next.0);
            }
        }),
        DeskAnswer::Ticket(ticket) => Reply::new(200, |json| ticket_fields(json, ticket)),
        DeskAnswer::Notes { notes } => Reply::new(200, |json| json.objects("notes", notes, note_fields)),
        DeskAnswer::Note(note) => Reply::new(200, |json| whole_note(json, note)),
        DeskAnswer::Transcript { ticket, entries, more, notes } => Reply::new(200, |json| {
            json.object("ticket", |json| ticket_fields(json, ticket));
            let conversation = Conversation::Ticket(ticket.record.ticket);
            json.objects("messages", entries, |json, record| past_entry(json, &record.entry(&conversation)));
            json.flag("more", *more);
            if !notes.is_empty() {
                json.objects("notes", notes, note_fields);
            }
        }),
        DeskAnswer::Canned { canned } => {
            Reply::new(200, |json| json.objects("canned", canned, canned_fields))
        }
        DeskAnswer::CannedPut { put, canned } => {
            Reply::new(put_status(*put), |json| canned_fields(json, canned))
        }
        DeskAnswer::Figures(figures) => Reply::new(200, |json| figures_fields(json, figures)),
    }
}

fn whole_note(json: &mut Writer<'_>, note: &NoteRecord) {
    json.number("ticket", note.ticket.0);
    note_fields(json, note);
}

fn desk_fields(json: &mut Writer<'_>, desk: &DeskView<'_>) {
    settings_fields(json, &desk.settings);
    json.flag("open", desk.open);
    json.number("waiting", desk.waiting);
    json.number("offline", desk.offline);
    json.number("open_tickets", desk.open_tickets);
    json.objects("agents", &desk.agents, agent_fields);
}

fn settings_fields(json: &mut Writer<'_>, settings: &DeskSettings) {
    json.text("desk", settings.desk.as_str());
    if let Some(name) = &settings.name {
        json.text("name", name);
    }
    json.word("routing", settings.routing.as_str());
    json.number("offer_seconds", settings.offer_seconds);
    json.flag("sticky", settings.sticky);
    json.number("capacity", u64::from(settings.capacity));
    json.number("idle_close_seconds", settings.idle_close_seconds);
    json.number("idle_notice_seconds", settings.idle_notice_seconds);
    if let Some(greeting) = &settings.greeting {
        json.text("greeting", greeting);
    }
    if let Some(away) = &settings.away {
        json.text("away", away);
    }
    json.flag("identified", settings.identified);
    json.objects("form", &settings.form, |json, field| {
        json.text("name", &field.name);
        json.text("label", &field.label);
        json.flag("required", field.required);
    });
    if let Some(hours) = &settings.hours {
        json.object("hours", |json| hours_fields(json, hours));
    }
}

fn hours_fields(json: &mut Writer<'_>, hours: &Hours) {
    json.text("tz", &hours.tz);
    json.object("week", |json| {
        for (day, spans) in DAYS.into_iter().zip(&hours.week) {
            json.raw(day, &spans_json(spans));
        }
    });
    if !hours.dates.is_empty() {
        json.object("dates", |json| {
            for (Date { year, month, day }, spans) in &hours.dates {
                json.raw(&format!("{year:04}-{month:02}-{day:02}"), &spans_json(spans));
            }
        });
    }
}

fn spans_json(spans: &[Span]) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let span = |span: &Span| format!("[\"{}\",\"{}\"]", time(span.from_min), time(span.to_min));
    format!("[{}]", spans.iter().map(span).collect::<Vec<_>>().join(","))
}
