//! What was told in lists, and short words for all of it, for stories.

use std::fmt::Write as _;

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::input::Target;
use karez::chat::output::{ConversationRecord, Entry, GroupRole, GroupSummary, Recall};

use crate::net::Told;

/// An entry as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub conversation: Conversation,
    pub seq: u64,
    pub uid: Id,
    pub name: String,
    pub content: String,
    pub kind: Option<String>,
    pub data: Option<String>,
    pub reply: Option<u64>,
    pub mentions: Vec<Id>,
    pub act: Option<Act<'static>>,
    pub recall: Recall,
    pub time: UnixMillis,
}

/// A conversation as it stands in somebody's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub conversation: Conversation,
    pub name: String,
    pub seq: u64,
    pub read: u64,
    pub unread: u64,
    pub last: Option<Said>,
}

impl From<&ConversationRecord> for Listed {
    fn from(of: &ConversationRecord) -> Listed {
        Listed {
            conversation: of.conversation.clone(),
            name: of.name.to_string(),
            seq: of.seq,
            read: of.read,
            unread: of.unread,
            last: of.last.as_ref().map(|last| said(&last.entry(&of.conversation))),
        }
    }
}

/// An entry, as one receiver keeps it.
pub fn said(entry: &Entry<'_>) -> Said {
    Said {
        conversation: entry.conversation.clone(),
        seq: entry.seq,
        uid: entry.uid.clone(),
        name: entry.name.to_owned(),
        content: entry.content.to_owned(),
        kind: entry.kind.map(str::to_owned),
        data: entry.data.map(str::to_owned),
        reply: entry.reply,
        mentions: entry.mentions.to_vec(),
        act: entry.act.cloned().map(Act::into_owned),
        recall: entry.recall,
        time: entry.time,
    }
}

impl Told {
    /// One short line, for stories.
    pub fn line(&self) -> String {
        let mut line = String::new();
        let with = |id: &Option<String>| id.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
        let _ = match self {
            Told::Login { id, uid, name, guest } => {
                let guest = if *guest { " guest" } else { "" };
                write!(line, "login{} {uid} {name}{guest}", with(id))
            }
            Told::Refreshed { id, exp_s } => write!(line, "refreshed{} {exp_s}", with(id)),
            Told::Pong { id } => write!(line, "pong{}", with(id)),
            Told::Entry(said) => write!(line, "{}", entry_line(said)),
            Told::Offline(said) => write!(line, "offline {}", entry_line(said)),
            Told::Push(push) => write!(line, "{}", push.line()),
            Told::Gap { target, after, before } => write!(line, "{}", gap_line(target, *after, *before)),
            Told::Resumed => write!(line, "resumed"),
            Told::History { id, target, entries, more } => {
                let more = if *more { ", more" } else { "" };
                write!(line, "history{} {}: {}{more}", with(id), target_line(target), entry_lines(entries))
            }
            Told::Search { id, found, next } => {
                let next = next.map(|next| format!(", next {next}")).unwrap_or_default();
                write!(line, "search{}: {}{next}", with(id), entry_lines(found))
            }
            Told::Ack { id, entry: None } => write!(line, "ack [{id}]"),
            Told::Ack { id, entry: Some(entry) } => {
                let again = if entry.duplicate { " again" } else { "" };
                write!(line, "ack [{id}] {} #{}{again}", target_line(&entry.target), entry.seq)
            }
            Told::Broadcast { uid, name, content } => write!(line, "broadcast {uid} {name}: {content}"),
            Told::Joined { gid, uid, name, members } => write!(line, "joined {gid} {uid} {name} ({members})"),
            Told::Left { gid, uid, name, members } => write!(line, "left {gid} {uid} {name} ({members})"),
            Told::Members { id, gid, members, more } => {
                let of = |(uid, name, role, online): &(Id, String, GroupRole, bool)| {
                    let online = if *online { "" } else { " away" };
                    format!(" {uid} {name}{}{online}", role_word(Some(*role)))
                };
                let list: Vec<String> = members.iter().map(of).collect();
                let more = if *more { ", more" } else { "" };
                write!(line, "members{} {gid}:{}{more}", with(id), list.join(","))
            }
            Told::Groups { id, groups, next } => {
                let of = |group: &GroupSummary| {
                    let GroupSummary { gid, name, role, open, members } = group;
                    let role = if role.is_some() { role_word(*role) } else { " outside" };
                    let open = if *open { "open" } else { "closed" };
                    format!(" {gid} \"{name}\"{role} {open} ({members})")
                };
                let list: Vec<String> = groups.iter().map(of).collect();
                let next = next.as_ref().map(|next| format!(", next {next}")).unwrap_or_default();
                write!(line, "groups{}:{}{next}", with(id), list.join(","))
            }
            Told::Conversations { id, list, next } => {
                let list: Vec<String> = list.iter().map(listed_line).collect();
                let more = if next.is_some() { ", more" } else { "" };
                write!(line, "conversations{}: {}{more}", with(id), list.join(" | "))
            }
            Told::Read { target, uid, seq } => write!(line, "read {} {uid} #{seq}", target_line(target)),
            Told::Typing { target, uid } => write!(line, "typing {} {uid}", target_line(target)),
            Told::Presence { id, users } => {
                let list: Vec<String> = users.iter().map(presence_line).collect();
                write!(line, "presence{}:{}", with(id), list.join(","))
            }
            Told::Desk(told) => write!(line, "{}", told.line()),
            Told::Refused { id, refusal } => write!(line, "refused{} {refusal:?}", with(id)),
            Told::Bye(why) => write!(line, "bye {why:?}"),
        };
        line
    }
}

fn presence_line((uid, online, last): &(Id, bool, Option<UnixMillis>)) -> String {
    match (online, last) {
        (true, None) => format!(" {uid} online"),
        (true, Some(last)) => format!(" {uid} online WITH LAST {}", last.0),
        (false, None) => format!(" {uid} never seen"),
        (false, Some(last)) => format!(" {uid} last {}", last.0),
    }
}

fn gap_line(target: &Target, after: u64, before: u64) -> String {
    format!("gap {} {after}..{before}", target_line(target))
}

pub fn entry_line(said: &Said) -> String {
    let place = place(&said.conversation);
    let words = match (said.recall, &said.act) {
        (Recall::Of(seq), _) => format!("*recall #{seq}*"),
        (Recall::Recalled, _) => "*recalled*".to_owned(),
        (Recall::None, Some(act)) => act_line(act),
        (Recall::None, None) => said.content.clone(),
    };
    format!("{place} #{} {} {}: {words}", said.seq, said.uid, said.name)
}

/// What was read of what there is, how much is unread, and the newest entry.
pub fn listed_line(of: &Listed) -> String {
    let Listed { conversation, name, seq, read, unread, last } = of;
    let name = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
    let last = last.as_ref().map(|last| format!(", {}: {}", last.uid, last.content)).unwrap_or_default();
    format!("{}{name} {read}/{seq} +{unread}{last}", place(conversation))
}

pub fn entry_lines(said: &[Said]) -> String {
    said.iter().map(entry_line).collect::<Vec<_>>().join(" | ")
}

pub fn place(conversation: &Conversation) -> String {
    match conversation {
        Conversation::Group(gid) => format!("group {gid}"),
        Conversation::Direct(low, high) => format!("pm {low}-{high}"),
        Conversation::Ticket(ticket) => format!("ticket {}", ticket.0),
    }
}

pub fn role_word(role: Option<GroupRole>) -> &'static str {
    match role {
        None | Some(GroupRole::Member) => "",
        Some(GroupRole::Admin) => " admin",
        Some(GroupRole::Owner) => " owner",
    }
}

/// The act and what belongs to it, between asterisks.
pub fn act_line(act: &Act<'_>) -> String {
    let what = match act {
        Act::GroupUpdate { name, open } => {
            let name = name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
            let open = open.map_or("", |open| if open { " open" } else { " closed" });
            format!("{name}{open}")
        }
        Act::Role { uid, role } => format!(" {uid} {role:?}"),
        Act::Ban { uid, seconds: Some(seconds) } | Act::Mute { uid, seconds: Some(seconds) } => {
            format!(" {uid} {seconds}")
        }
        act => act.target().map(|uid| format!(" {uid}")).unwrap_or_default(),
    };
    format!("*{}{what}*", act.as_str())
}

pub fn target_line(target: &Target) -> String {
    match target {
        Target::Group(gid) => format!("group {gid}"),
        Target::User(uid) => format!("user {uid}"),
        Target::Ticket(ticket) => format!("ticket {}", ticket.0),
    }
}
