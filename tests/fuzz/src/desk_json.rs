//! Requests of the support desk, written again.

use karez::chat::desk::{Desk, DeskRequest, Opening, Receiver, TicketsPlace};
use serde_json::Value;

use super::chat_json::{Object, json_of};

/// The request in the plainest form.
pub(super) fn object_of(request: &DeskRequest<'_>) -> Object {
    match request {
        DeskRequest::Support { ticket, draft, opening } => {
            assert!(draft.mentions.is_empty(), "nobody is mentioned in a ticket");
            let support = Object::of_type("support").draft(draft);
            told(support.raw("ticket", ticket.map(|ticket| ticket.0)), opening)
        }
        DeskRequest::Ask { desk } => Object::of_type("desk").text("desk", Some(desk.as_str())),
        DeskRequest::Duty { state, capacity } => {
            Object::of_type("duty").text("state", Some(state.as_str())).raw("capacity", *capacity)
        }
        DeskRequest::Claim { ticket } => Object::of_type("claim").raw("ticket", Some(ticket.0)),
        DeskRequest::Decline { ticket } => Object::of_type("decline").raw("ticket", Some(ticket.0)),
        DeskRequest::Transfer { ticket, to, note } => {
            let transfer = Object::of_type("transfer").raw("ticket", Some(ticket.0));
            match to {
                Receiver::Agent(uid) => transfer.id("uid", uid),
                Receiver::Desk(desk) => transfer.text("desk", Some(desk.as_str())),
            }
            .text("note", note.as_deref())
        }
        DeskRequest::Close { ticket } => Object::of_type("close").raw("ticket", Some(ticket.0)),
        DeskRequest::Tag { ticket, tags } => {
            let tags = Value::from(tags.iter().map(|tag| Value::from(&**tag)).collect::<Vec<_>>());
            Object::of_type("tag").raw("ticket", Some(ticket.0)).raw("tags", Some(tags))
        }
        DeskRequest::Rate { ticket, stars, comment } => Object::of_type("rate")
            .raw("ticket", Some(ticket.0))
            .raw("stars", Some(stars))
            .text("comment", comment.as_deref()),
        DeskRequest::Note { ticket, content } => {
            Object::of_type("note").raw("ticket", Some(ticket.0)).text("content", Some(content))
        }
        DeskRequest::Notes { ticket } => Object::of_type("notes").raw("ticket", Some(ticket.0)),
        DeskRequest::Tickets(page) => {
            let place =
                |place: &TicketsPlace| format!("{}.{}.{}", place.priority, place.since.0, place.ticket.0);
            Object::of_type("tickets")
                .text("view", Some(page.view.as_str()))
                .text("desk", page.desk.as_ref().map(Desk::as_str))
                .raw("uid", page.uid.as_ref().map(json_of))
                .text("cursor", page.after.as_ref().map(place).as_deref())
                .raw("limit", page.limit)
        }
        DeskRequest::Agents { desk } => named("agents", desk.as_ref()),
        DeskRequest::Canned { desk } => named("canned", desk.as_ref()),
        DeskRequest::PutCanned { canned, reply, shared } => named("canned_put", reply.desk.as_ref())
            .raw("canned", *canned)
            .text("short", Some(&reply.short))
            .text("content", Some(&reply.content))
            .raw("shared", Some(*shared)),
        DeskRequest::DeleteCanned { canned } => Object::of_type("canned_delete").raw("canned", Some(*canned)),
        DeskRequest::Figures(asked) => named("figures", asked.desk.as_ref())
            .raw("from", asked.from.map(|at| at.0))
            .raw("to", asked.to.map(|at| at.0)),
    }
}

fn named(kind: &str, desk: Option<&Desk>) -> Object {
    Object::of_type(kind).text("desk", desk.map(Desk::as_str))
}

fn told(object: Object, opening: &Opening<'_>) -> Object {
    assert!(opening.address.is_none(), "no client says from where it comes");
    let form = pairs(opening);
    object
        .text("desk", Some(opening.desk.as_str()))
        .text("page", opening.page.as_deref())
        .text("referrer", opening.referrer.as_deref())
        .text("browser", opening.browser.as_deref())
        .text("lang", opening.lang.as_deref())
        .raw("form", (!opening.form.is_empty()).then_some(form))
}

fn pairs(opening: &Opening<'_>) -> String {
    let pair =
        |(name, value): &(Box<str>, Box<str>)| format!("{}:{}", Value::from(&**name), Value::from(&**value));
    format!("{{{}}}", opening.form.iter().map(pair).collect::<Vec<_>>().join(","))
}
