//! Writes what a client is told: one JSON object per event, its fields always in the same order.
//!
//! The core's events carry facts; here they get their shape. What the core cannot know of a login (token,
//! epoch, limits) is given beside it. The bytes are appended to a buffer of the caller's, so that one
//! rendering can be framed once and shared by all receivers.

use super::conversations::render_conversations;
use super::error::Problem;
use super::push::{render_offline_push, render_push};
use super::tickets::render_desk;
use super::writer::Writer;
use crate::base::clock::UnixMillis;
use crate::chat::act::Act;
use crate::chat::ids::{Conversation, Id};
use crate::chat::input::Target;
use crate::chat::output::{
    AckedEntry, Entry, EntryRecord, Event, Found, GroupRole, GroupSummary, Member, Membership, Recall,
    Refusal, UserPresence,
};

/// A whole login answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Login<'a> {
    /// Echoed.
    pub id: Option<&'a str>,
    /// Who one is.
    pub uid: &'a Id,
    /// The display name.
    pub name: &'a str,
    /// What brings a guest back; `None` for everybody else.
    pub token: Option<&'a str>,
    /// Names the life of the store: another epoch, other numbers.
    pub epoch: &'a str,
    /// Now.
    pub time: UnixMillis,
    /// After how many seconds of idleness the daemon pings.
    pub heartbeat_s: u64,
    /// What a client may send.
    pub limits: Limits,
}

/// The limits that a client is told at login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole message.
    pub message_bytes: u64,
    /// Bytes of `content`.
    pub content_bytes: u64,
    /// Bytes of `kind`.
    pub kind_bytes: u64,
    /// Bytes of `data`.
    pub data_bytes: u64,
    /// Users in `mentions`.
    pub mentions: u64,
    /// Characters of a display name.
    pub name_chars: u64,
    /// Bytes of a display name.
    pub name_bytes: u64,
    /// Members on one page.
    pub members_page: u64,
    /// Entries on one page of history.
    pub history_page: u64,
    /// Seconds for which one may recall what one said.
    pub recall_seconds: u64,
    /// Conversations named in `resume`.
    pub resume_conversations: u64,
    /// Users watched by one connection.
    pub watched_uids: u64,
    /// Requests of one user in a second, in the long run.
    pub messages_per_second: u64,
    /// Requests that a user who was silent may make at once.
    pub messages_burst: u64,
    /// Bytes of an uploaded file; 0: there are none.
    pub files_bytes: u64,
}

/// Writes an event of the core.
///
/// [`Event::Login`] gets only what the core knows of it; a client expects [`render_login`] in its place.
pub fn render(event: &Event<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Login { id, uid, name, guest: _ } => open_login(*id, uid, name, out).close(),
        Event::Desk(event) => render_desk(event, out),
        Event::Refreshed { id, exp_s } => render_refreshed(*id, *exp_s, out),
        Event::Pong { id } => render_pong(*id, out),
        Event::Entry(entry) => render_entry(entry, out),
        Event::Offline(entry) => render_offline(entry, out),
        Event::Push(push) => render_push(push, out),
        Event::OfflinePush(push) => render_offline_push(push, out),
        Event::Gap { target, after, before } => render_gap(target, *after, *before, out),
        Event::Resumed => Writer::open(out, "resumed").close(),
        Event::Ack { id, entry } => render_ack(id, entry.as_ref(), out),
        Event::Broadcast { uid, name, content, time } => {
            let mut json = Writer::open(out, "broadcast");
            json.id("uid", uid);
            json.text("name", name);
            json.text("content", content);
            json.number("time", time.0);
            json.close();
        }
        Event::Joined(membership) => render_membership("joined", membership, out),
        Event::Left(membership) => render_membership("left", membership, out),
        Event::Members { id, gid, members, more } => {
            let mut json = Writer::open(out, "members");
            json.echo(*id);
            json.id("gid", gid);
            json.objects("members", members, member_fields);
            json.flag("more", *more);
            json.close();
        }
        Event::Groups { id, groups, next } => {
            let mut json = Writer::open(out, "groups");
            json.echo(*id);
            json.objects("groups", groups, group_summary);
            if let Some(next) = next {
                json.id("next", next);
            }
            json.close();
        }
        Event::History { id, target, conversation, entries, more } => {
            render_history(*id, target, (conversation, entries), *more, out);
        }
        Event::Conversations { id, uid, list, next } => render_conversations(*id, uid, list, *next, out),
        Event::Read { target, uid, seq } => {
            let mut json = Writer::open(out, "read");
            addressed(&mut json, target);
            json.id("uid", uid);
            json.number("seq", *seq);
            json.close();
        }
        Event::Search { id, found, next } => render_search(*id, found, *next, out),
        Event::Typing { target, uid, name } => {
            let mut json = Writer::open(out, "typing");
            addressed(&mut json, target);
            json.id("uid", uid);
            json.text("name", name);
            json.close();
        }
        Event::Presence { id, users } => {
            let mut json = Writer::open(out, "presence");
            json.echo(*id);
            json.objects("users", users, user_presence);
            json.close();
        }
        Event::Refused { id, refusal } => render_refusal(*id, refusal, out),
    }
}

/// Writes a login answer.
pub fn render_login(login: &Login<'_>, out: &mut Vec<u8>) {
    let mut json = open_login(login.id, login.uid, login.name, out);
    if let Some(token) = login.token {
        json.text("token", token);
    }
    json.text("epoch", login.epoch);
    json.number("time", login.time.0);
    json.number("heartbeat", login.heartbeat_s);
    let limits = &login.limits;
    json.object("limits", |json| {
        json.number("message_bytes", limits.message_bytes);
        json.number("content_bytes", limits.content_bytes);
        json.number("kind_bytes", limits.kind_bytes);
        json.number("data_bytes", limits.data_bytes);
        json.number("mentions", limits.mentions);
        json.number("name_chars", limits.name_chars);
        json.number("name_bytes", limits.name_bytes);
        json.number("members_page", limits.members_page);
        json.number("history_page", limits.history_page);
        json.number("recall_seconds", limits.recall_seconds);
        json.number("resume_conversations", limits.resume_conversations);
        json.number("watched_uids", limits.watched_uids);
        json.number("messages_per_second", limits.messages_per_second);
        json.number("messages_burst", limits.messages_burst);
        json.number("files_bytes", limits.files_bytes);
    });
    json.close();
}

/// Writes an `error`; `id` is echoed.
pub fn render_error(id: Option<&str>, problem: &Problem, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "error");
    json.word("code", problem.code.as_str());
    json.text("message", problem.message);
    json.echo(id);
    if let Some(field) = problem.field {
        json.word("field", field);
    }
    if let Some(retry_ms) = problem.retry_ms {
        json.number("retry", retry_ms);
    }
    if let Some(holder) = &problem.holder {
        json.object("holder", |json| {
            json.id("uid", &holder.uid);
            json.text("name", &holder.name);
        });
    }
    json.close();
}

fn render_refusal(id: Option<&str>, refusal: &Refusal, out: &mut Vec<u8>) {
    render_error(id, &Problem::from(refusal), out);
}

fn open_login<'o>(id: Option<&str>, uid: &Id, name: &str, out: &'o mut Vec<u8>) -> Writer<'o> {
    let mut json = Writer::open(out, "login");
    json.echo(id);
    json.id("uid", uid);
    json.text("name", name);
    json
}

fn render_entry(entry: &Entry<'_>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, entry_type(entry));
    entry_fields(&mut json, entry);
    json.close();
}

fn render_offline(entry: &Entry<'_>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, entry_type(entry));
    entry_fields(&mut json, entry);
    json.flag("offline", true);
    json.close();
}

fn render_pong(id: Option<&str>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "pong");
    json.echo(id);
    json.close();
}

fn render_gap(target: &Target, after: u64, before: u64, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "gap");
    named(&mut json, target);
    json.number("after", after);
    json.number("before", before);
    json.close();
}

fn render_refreshed(id: Option<&str>, exp_s: u64, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "refreshed");
    json.echo(id);
    json.number("exp", exp_s);
    json.close();
}

pub(super) fn entry_type(entry: &Entry<'_>) -> &'static str {
    match (entry.recall, entry.conversation) {
        (Recall::Of(_), _) => "recalled",
        (_, Conversation::Group(_)) => "groupPm",
        (_, Conversation::Direct(..)) => "pm",
        (_, Conversation::Ticket(_)) => "support",
    }
}

/// The same in a delivery and in history.
pub(super) fn entry_fields(json: &mut Writer<'_>, entry: &Entry<'_>) {
    match entry.conversation {
        Conversation::Group(gid) => {
            json.id("gid", gid);
            numbers(json, entry);
            json.id("uid", entry.uid);
        }
        Conversation::Ticket(ticket) => {
            json.number("ticket", ticket.0);
            numbers(json, entry);
            json.id("uid", entry.uid);
        }
        Conversation::Direct(low, high) => {
            json.id("uid", entry.uid);
            json.id("to", if entry.uid == low { high } else { low });
            numbers(json, entry);
        }
    }
    json.text("name", entry.name);
    if !matches!(entry.recall, Recall::Of(_)) {
        json.text("content", entry.content);
    }
    json.number("time", entry.time.0);
    if entry.recall == Recall::Recalled {
        json.flag("recalled", true);
    }
    if let Some(kind) = entry.kind {
        json.text("kind", kind);
    }
    if let Some(data) = entry.data {
        json.raw("data", data);
    }
    if let Some(act) = entry.act {
        json.object("data", |json| act_fields(json, act));
    }
    if let Some(reply) = entry.reply {
        json.number("reply", reply);
    }
    if !entry.mentions.is_empty() {
        json.ids("mentions", entry.mentions);
    }
}

/// Its own number, and that of the entry that it recalls.
fn numbers(json: &mut Writer<'_>, entry: &Entry<'_>) {
    json.number("seq", entry.seq);
    if let Recall::Of(seq) = entry.recall {
        json.number("ref", seq);
    }
}

/// An entry as it was delivered, its `type` included.
pub(super) fn past_entry(json: &mut Writer<'_>, entry: &Entry<'_>) {
    json.word("type", entry_type(entry));
    entry_fields(json, entry);
}

fn render_history(
    id: Option<&str>,
    target: &Target,
    (conversation, entries): (&Conversation, &[EntryRecord]),
    more: bool,
    out: &mut Vec<u8>,
) {
    let mut json = Writer::open(out, "history");
    json.echo(id);
    named(&mut json, target);
    json.objects("messages", entries, |json, record| past_entry(json, &record.entry(conversation)));
    json.flag("more", more);
    json.close();
}

/// Each in its own conversation.
fn render_search(id: Option<&str>, found: &[Found], next: Option<u64>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "search");
    json.echo(id);
    json.objects("messages", found, |json, found| past_entry(json, &found.entry.entry(&found.conversation)));
    if let Some(next) = next {
        json.word("next", &next.to_string());
    }
    json.close();
}

/// The conversation as the receiver names it.
pub(super) fn named(json: &mut Writer<'_>, target: &Target) {
    match target {
        Target::Group(gid) => json.id("gid", gid),
        Target::User(peer) => json.id("uid", peer),
        Target::Ticket(ticket) => json.number("ticket", ticket.0),
    }
}

/// The conversation as the one whom it tells about names it, to all who hear of it.
fn addressed(json: &mut Writer<'_>, target: &Target) {
    match target {
        Target::Group(gid) => json.id("gid", gid),
        Target::User(to) => json.id("to", to),
        Target::Ticket(ticket) => json.number("ticket", ticket.0),
    }
}

fn render_ack(id: &str, entry: Option<&AckedEntry>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "ack");
    json.text("id", id);
    if let Some(entry) = entry {
        named(&mut json, &entry.target);
        json.number("seq", entry.seq);
        json.number("time", entry.time.0);
        if entry.duplicate {
            json.flag("duplicate", true);
        }
    }
    json.close();
}

fn render_membership(kind: &str, membership: &Membership<'_>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, kind);
    json.id("gid", membership.gid);
    json.id("uid", membership.uid);
    json.text("name", membership.name);
    json.count("members", membership.members);
    json.close();
}

pub(super) fn member_fields(json: &mut Writer<'_>, member: &Member<'_>) {
    json.id("uid", member.uid);
    json.text("name", member.name);
    json.word("role", role_word(member.role));
    json.flag("online", member.online);
}

const fn role_word(role: GroupRole) -> &'static str {
    match role {
        GroupRole::Member => "member",
        GroupRole::Admin => "admin",
        GroupRole::Owner => "owner",
    }
}

fn group_summary(json: &mut Writer<'_>, group: &GroupSummary) {
    json.id("gid", &group.gid);
    if !group.name.is_empty() {
        json.text("name", &group.name);
    }
    if let Some(role) = group.role {
        json.word("role", role_word(role));
    }
    json.flag("open", group.open);
    json.number("members", group.members);
}

/// The `data` of an entry that tells of an act: the request's `type` and fields.
fn act_fields(json: &mut Writer<'_>, act: &Act<'_>) {
    json.word("act", act.as_str());
    if let Some(uid) = act.target() {
        json.id("uid", uid);
    }
    match act {
        Act::GroupUpdate { name, open } => {
            if let Some(name) = name {
                json.text("name", name);
            }
            if let Some(open) = open {
                json.flag("open", *open);
            }
        }
        Act::Role { role, .. } => json.word("role", role_word(*role)),
        Act::Ban { seconds, .. } | Act::Mute { seconds, .. } => {
            if let Some(seconds) = seconds {
                json.number("seconds", *seconds);
            }
        }
        Act::Kick { .. } | Act::Add { .. } | Act::GroupDelete => {}
    }
}

fn user_presence(json: &mut Writer<'_>, user: &UserPresence<'_>) {
    json.id("uid", user.uid);
    json.flag("online", user.online);
    if let Some(last) = user.last {
        json.number("last", last.0);
    }
}
