//! What was told in lists, and short words for all of it, for stories.

use karez::chat::act::Act;
use karez::chat::ids::Conversation;
use karez::chat::input::Target;
use karez::chat::output::{ConversationRecord, Entry, GroupRole, Recall};

use crate::net::Said;

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
    }
}
