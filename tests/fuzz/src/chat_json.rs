//! Text messages of the chat: `wire::parse`.

use std::collections::BTreeMap;

use karez::chat::act::Act;
use karez::chat::ids::Id;
use karez::chat::input::{Bounds, Command, Draft, Listing, Target};
use karez::chat::output::ListPlace;
use karez::wire::{Code, Parsed, Problem, Refused, Request, Resume, parse, render_error};
use serde_json::Value;

use super::desk_json;

/// Any text; bytes that are none never get here, as the frame is refused.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(parsed) => check_request(&parsed),
        Err(refused) => check_refusal(&refused),
    }
}

/// What was understood, written again in the plainest form, is understood as the same.
fn check_request(parsed: &Parsed<'_>) {
    let text = write(parsed);
    assert_eq!(parse(&text).as_ref(), Ok(parsed), "{text}");
    if let Some(id) = &parsed.id {
        assert!((1..=64).contains(&id.len()));
    }
}

/// A refusal says why by a code that belongs here, names a field of the protocol, and is JSON.
fn check_refusal(refused: &Refused<'_>) {
    const FIELDS: [&str; 43] = [
        "desk", "page", "referrer", "browser", "lang", "form", "state", "capacity", "note", "tags", "stars",
        "comment", "view", "short", "canned", "shared", "from", "to", "type", "resume", "id", "gid", "uid",
        "ticket", "content", "kind", "data", "reply", "mentions", "uids", "before", "after", "seq", "limit",
        "token", "name", "open", "role", "seconds", "all", "cursor", "on", "q",
    ];
    let Problem { code, message, field, retry_ms, holder } = &refused.problem;
    assert!(matches!(code, Code::BadJson | Code::BadRequest | Code::UnknownType), "{code:?}");
    assert_eq!(field.is_some(), *code == Code::BadRequest, "{code:?} {field:?}");
    assert!(field.is_none_or(|field| FIELDS.contains(&field)), "{field:?}");
    assert!(!message.is_empty() && retry_ms.is_none() && holder.is_none());

    let mut bytes = Vec::new();
    render_error(refused.id.as_deref(), &refused.problem, &mut bytes);
    let answer: Value = serde_json::from_slice(&bytes).expect("an error is JSON");
    assert_eq!(answer["type"], "error");
    assert_eq!(answer["code"], code.as_str());
    assert_eq!(answer["field"].as_str(), *field);
    assert_eq!(answer["id"].as_str(), refused.id.as_deref());
}

/// A JSON object that grows field by field.
pub(super) struct Object(String);

impl Object {
    pub(super) fn of_type(name: &str) -> Object {
        Object(format!("{{\"type\":{}", Value::from(name)))
    }

    pub(super) fn raw(mut self, name: &str, json: Option<impl std::fmt::Display>) -> Object {
        if let Some(json) = json {
            self.0 += &format!(",\"{name}\":{json}");
        }
        self
    }

    pub(super) fn text(self, name: &str, text: Option<&str>) -> Object {
        self.raw(name, text.map(Value::from))
    }

    pub(super) fn id(self, name: &str, id: &Id) -> Object {
        self.raw(name, Some(json_of(id)))
    }

    pub(super) fn target(self, target: &Target) -> Object {
        match target {
            Target::Group(gid) => self.id("gid", gid),
            Target::User(uid) => self.id("uid", uid),
            Target::Ticket(ticket) => self.raw("ticket", Some(ticket.0)),
        }
    }

    fn ids(self, name: &str, ids: &[Id]) -> Object {
        self.raw(name, Some(Value::from(ids.iter().map(json_of).collect::<Vec<_>>())))
    }

    pub(super) fn draft(self, draft: &Draft<'_>) -> Object {
        self.text("content", Some(&draft.content))
            .text("kind", draft.kind.as_deref())
            .raw("data", draft.data.as_deref())
            .raw("reply", draft.reply)
            .ids("mentions", &draft.mentions)
    }
}

pub(super) fn json_of(id: &Id) -> Value {
    match id {
        Id::Number(number) => Value::from(*number),
        Id::Text(text) => Value::from(&**text),
    }
}

fn place(place: &ListPlace) -> String {
    match place {
        ListPlace::Entry(number) => number.to_string(),
        ListPlace::Silent(gid) => format!("g{gid}"),
    }
}

fn act_of(object: Object, act: &Act<'_>) -> Object {
    let object = object.raw("uid", act.target().map(json_of));
    match act {
        Act::GroupUpdate { name, open } => object.text("name", name.as_deref()).raw("open", *open),
        Act::Role { role, .. } => object.text("role", Some(["member", "admin", "owner"][*role as usize])),
        Act::Ban { seconds, .. } | Act::Mute { seconds, .. } => object.raw("seconds", *seconds),
        Act::Kick { .. } | Act::Add { .. } | Act::GroupDelete => object,
    }
}

fn resume_of(resume: &Resume<'_>) -> Value {
    let positions = |of: &BTreeMap<Id, u64>| -> Value {
        of.iter()
            .map(|(id, seq)| (id.to_string(), Value::from(*seq)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let (groups, users) = (positions(&resume.groups), positions(&resume.users));
    let tickets = resume.tickets.iter().map(|(ticket, seq)| (ticket.0.to_string(), Value::from(*seq)));
    let tickets: serde_json::Map<_, _> = tickets.collect();
    serde_json::json!({ "epoch": resume.epoch, "groups": groups, "users": users, "tickets": tickets })
}

fn write(parsed: &Parsed<'_>) -> String {
    let object = match &parsed.request {
        Request::Login { token, name, resume } => Object::of_type("login")
            .text("token", token.as_deref())
            .text("name", name.as_deref())
            .raw("resume", resume.as_ref().map(resume_of)),
        Request::Refresh { token } => Object::of_type("refresh").text("token", Some(token)),
        Request::Chat(command) => match command {
            Command::Desk(request) => desk_json::object_of(request),
            Command::Login(..) | Command::Refresh(_) => panic!("its token is looked into first"),
            Command::Ping => Object::of_type("ping"),
            Command::Join { gid } => Object::of_type("join").id("gid", gid),
            Command::Leave { gid } => Object::of_type("leave").id("gid", gid),
            Command::Members { gid, after, limit } => Object::of_type("members")
                .id("gid", gid)
                .raw("after", after.as_ref().map(json_of))
                .raw("limit", *limit),
            Command::Group { gid, draft } => Object::of_type("group").id("gid", gid).draft(draft),
            Command::Act { gid, act } => act_of(Object::of_type(act.as_str()).id("gid", gid), act),
            Command::Groups { listing, cursor } => Object::of_type("groups")
                .raw("all", Some(*listing == Listing::Open))
                .raw("cursor", cursor.as_ref().map(json_of)),
            Command::Profile { name } => Object::of_type("profile").text("name", Some(name)),
            Command::Block { uid, on } => Object::of_type("block").id("uid", uid).raw("on", Some(*on)),
            Command::Pm { uid, draft } => Object::of_type("pm").id("uid", uid).draft(draft),
            Command::Recall { target, seq } => {
                Object::of_type("recall").target(target).raw("seq", Some(*seq))
            }
            Command::History { target, bounds, limit } => {
                let named = Object::of_type("history").target(target);
                let bounded = match bounds {
                    Bounds::Newest => named,
                    Bounds::Before(seq) => named.raw("before", Some(*seq)),
                    Bounds::After(seq) => named.raw("after", Some(*seq)),
                };
                bounded.raw("limit", *limit)
            }
            Command::Conversations { cursor, limit } => Object::of_type("conversations")
                .text("cursor", cursor.as_ref().map(place).as_deref())
                .raw("limit", *limit),
            Command::Read { target, seq } => Object::of_type("read").target(target).raw("seq", Some(*seq)),
            Command::Search { query, target, cursor, limit } => {
                let search = Object::of_type("search").text("q", Some(query));
                let named = match target {
                    Some(Target::Group(gid)) => search.id("gid", gid),
                    Some(Target::User(uid)) => search.id("uid", uid),
                    Some(Target::Ticket(ticket)) => search.raw("ticket", Some(ticket.0)),
                    None => search,
                };
                named.raw("cursor", cursor.map(|cursor| Value::from(cursor.to_string()))).raw("limit", *limit)
            }
            Command::Broadcast { content } => Object::of_type("broadcast").text("content", Some(content)),
            Command::Typing { target } => Object::of_type("typing").target(target),
            Command::Presence { uids } => Object::of_type("presence").ids("uids", uids),
        },
    };
    object.text("id", parsed.id.as_deref()).0 + "}"
}
