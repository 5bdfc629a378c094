//! Writes what a call is answered: a status and one JSON object, its members always in the same order.

use super::Problem;
use super::desk_answer::render_desk;
use crate::chat::act::Term;
use crate::chat::call::{Answer, GroupView, Put, UserView};
use crate::chat::ids::Id;
use crate::chat::output::{FileRecord, ForgetReport, GroupSummary};
use crate::wire::event::{member_fields, past_entry};
use crate::wire::writer::Writer;

/// What the body of an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// JSON.
    #[default]
    Json,
    /// Lines for people.
    Text,
}

/// An answer on its way to becoming a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP; from 400 on the body is a problem.
    pub status: u16,
    /// What the body is.
    pub kind: Kind,
    /// Empty for 204.
    pub body: Vec<u8>,
    /// For `Retry-After`.
    pub retry_ms: Option<u64>,
    /// For `Allow`.
    pub allow: Option<&'static str>,
}

impl Reply {
    pub(super) fn new(status: u16, write: impl FnOnce(&mut Writer<'_>)) -> Reply {
        let mut body = Vec::new();
        let mut json = Writer::begin(&mut body);
        write(&mut json);
        json.close();
        Reply { status, kind: Kind::Json, body, retry_ms: None, allow: None }
    }
}

pub(super) const fn put_status(put: Put) -> u16 {
    match put {
        Put::Made => 201,
        Put::Kept => 200,
    }
}

/// Writes an answer of the core.
#[must_use]
pub fn render(answer: &Answer<'_>) -> Reply {
    match answer {
        Answer::Said { seq, time, online, stored } => Reply::new(200, |json| {
            json.number("seq", *seq);
            json.number("time", time.0);
            json.count("online", *online);
            json.count("stored", *stored);
        }),
        Answer::Pushed { id, counts } => Reply::new(200, |json| {
            json.text("id", id);
            json.count("online", counts.online);
            json.count("stored", counts.stored);
        }),
        Answer::History { conversation, entries, more } => Reply::new(200, |json| {
            json.objects("messages", entries, |json, record| past_entry(json, &record.entry(conversation)));
            json.flag("more", *more);
        }),
        Answer::Group { put, group } => Reply::new(put_status(*put), |json| group_fields(json, group)),
        Answer::Members { members, more } => Reply::new(200, |json| {
            json.objects("members", members, member_fields);
            json.flag("more", *more);
        }),
        Answer::Member { put, member } => Reply::new(put_status(*put), |json| member_fields(json, member)),
        Answer::User(user) => Reply::new(200, |json| user_fields(json, user)),
        Answer::Forgotten { uid, report } => {
            // Accepted and not done yet (RFC 9110, 15.3.3).
            let status = if report.is_done() { 200 } else { 202 };
            Reply::new(status, |json| report_fields(json, uid, report))
        }
        Answer::Users { users, more } => Reply::new(200, |json| {
            json.objects("users", users, user_fields);
            json.flag("more", *more);
        }),
        Answer::Groups { groups, more } => Reply::new(200, |json| {
            json.objects("groups", groups, summary_fields);
            json.flag("more", *more);
        }),
        Answer::Disconnected { sessions } => Reply::new(200, |json| json.count("sessions", *sessions)),
        Answer::File { put, file } => Reply::new(put_status(*put), |json| file_fields(json, file)),
        Answer::Desk(answer) => render_desk(answer),
        Answer::Granted | Answer::Removed => {
            Reply { status: 204, kind: Kind::Json, body: Vec::new(), retry_ms: None, allow: None }
        }
        Answer::Refused(refusal) => Problem::from(refusal).reply(),
    }
}

fn group_fields(json: &mut Writer<'_>, group: &GroupView<'_>) {
    json.id("gid", group.gid);
    if !group.name.is_empty() {
        json.text("name", group.name);
    }
    json.flag("open", group.open);
    if let Some(owner) = group.owner {
        json.id("owner", owner);
    }
    json.count("members", group.members);
    json.count("online", group.online);
    json.number("seq", group.seq);
}

fn file_fields(json: &mut Writer<'_>, file: &FileRecord) {
    json.word("id", file.id.as_str());
    json.text("name", &file.name);
    json.text("type", &file.media_type);
    json.number("bytes", file.bytes);
    json.word("url", &format!("/files/{}", file.id.as_str()));
}

fn summary_fields(json: &mut Writer<'_>, group: &GroupSummary) {
    json.id("gid", &group.gid);
    if !group.name.is_empty() {
        json.text("name", &group.name);
    }
    json.flag("open", group.open);
    json.number("members", group.members);
}

fn user_fields(json: &mut Writer<'_>, user: &UserView<'_>) {
    json.id("uid", user.uid);
    json.text("name", user.name);
    json.flag("guest", user.guest);
    json.flag("online", user.sessions > 0);
    json.count("sessions", user.sessions);
    if let Some(last) = user.last {
        json.number("last", last.0);
    }
    json.count("groups", user.groups);
    json.flag("banned", user.ban.is_some());
    if let Some(Term::Until(end)) = user.ban {
        json.number("banned_until", end.0);
    }
}

fn report_fields(json: &mut Writer<'_>, uid: &Id, report: &ForgetReport) {
    json.id("uid", uid);
    json.flag("done", report.is_done());
    json.number("messages", report.messages);
    json.number("groups", report.groups);
    json.number("waiting", report.waiting);
    json.number("pushes", report.pushes);
    json.number("blocks", report.blocks);
    json.number("sends", report.sends);
    json.number("files", report.files);
    json.number("tickets", report.tickets);
    json.number("notes", report.notes);
    json.number("canned", report.canned);
    if !report.is_done() {
        json.number("left", report.left);
    }
}

/// Writes the answer of `GET /v1/key`.
#[must_use]
pub fn render_key(name: &str, scopes: &[&'static str]) -> Reply {
    Reply::new(200, |json| {
        json.text("name", name);
        json.words("scopes", scopes);
    })
}

/// Writes the answer of `POST /v1/tokens`; `exp_s` in Unix seconds.
#[must_use]
pub fn render_token(token: &str, exp_s: u64) -> Reply {
    Reply::new(200, |json| {
        json.word("token", token);
        json.number("exp", exp_s);
    })
}

/// Writes the answers of a batch, in order.
#[must_use]
pub fn render_batch(replies: &[Reply]) -> Reply {
    Reply::new(200, |json| {
        json.objects("results", replies, |json, reply| {
            json.number("status", u64::from(reply.status));
            // What is written here is UTF-8; were it not, the member would be missing.
            if let Ok(body) = std::str::from_utf8(&reply.body)
                && !body.is_empty()
            {
                json.raw("body", body);
            }
        });
    })
}

/// What the daemon has to do with at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// WebSocket connections, logged in or not.
    pub connections: usize,
    /// Connections that there may be at once, of whatever kind.
    pub connections_max: usize,
    /// Of them, those that are logged in.
    pub sessions: usize,
    /// Users with a session.
    pub users_online: usize,
    /// Users of whom something is in memory.
    pub users_in_memory: usize,
    /// Groups of which something is in memory.
    pub groups_in_memory: usize,
    /// Entries that were ever stored, kept or not.
    pub entries: u64,
    /// Bytes of the disk that the store takes.
    pub store_bytes: u64,
    /// Messages of clients since the start.
    pub messages_received: u64,
    /// Messages queued for clients since the start; one for a hundred clients counts a hundred times.
    pub messages_delivered: u64,
    /// Bytes read from connections since the start.
    pub received_bytes: u64,
    /// Bytes written to connections since the start.
    pub sent_bytes: u64,
    /// Bytes of output that clients have not taken.
    pub queued_bytes: usize,
    /// Turns of the loop since the start.
    pub turns: u64,
    /// Microseconds that the longest of them took.
    pub longest_turn_us: u64,
    /// The same of the last ten seconds, or somewhat longer.
    pub recent_longest_turn_us: u64,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
}

/// Writes the answer of `GET /v1/stats`.
#[must_use]
pub fn render_stats(stats: &Stats) -> Reply {
    Reply::new(200, |json| {
        json.count("connections", stats.connections);
        json.count("connections_max", stats.connections_max);
        json.count("sessions", stats.sessions);
        json.count("users_online", stats.users_online);
        json.count("users_in_memory", stats.users_in_memory);
        json.count("groups_in_memory", stats.groups_in_memory);
        json.number("entries", stats.entries);
        json.number("store_bytes", stats.store_bytes);
        json.number("messages_received", stats.messages_received);
        json.number("messages_delivered", stats.messages_delivered);
        json.number("received_bytes", stats.received_bytes);
        json.number("sent_bytes", stats.sent_bytes);
        json.count("queued_bytes", stats.queued_bytes);
        json.number("turns", stats.turns);
        json.number("longest_turn_us", stats.longest_turn_us);
        json.number("recent_longest_turn_us", stats.recent_longest_turn_us);
        json.number("uptime_ms", stats.uptime_ms);
    })
}
