//! What the simulation must have seen somewhere in its seeds.

use std::collections::BTreeSet;

use karez::chat::ids::Conversation;
use karez::chat::input::Target;
use karez::chat::output::{Recall, Refusal};

use crate::net::{Said, Told};

pub type Mark = String;

pub fn of(told: &Told) -> Mark {
    match told {
        Told::Login { guest, .. } => format!("login, guest {guest}"),
        Told::Refreshed { .. } => "refreshed".to_owned(),
        Told::Pong { .. } => "pong".to_owned(),
        Told::Entry(Said { act: Some(act), .. }) => format!("act {}", act.as_str()),
        Told::Entry(Said { recall: Recall::Of(_), conversation, .. }) => match conversation {
            Conversation::Group(_) => "recalled in a group".to_owned(),
            Conversation::Direct(..) => "recalled by one of two".to_owned(),
        },
        Told::Entry(said) => match said.conversation {
            Conversation::Group(_) => "entry of a group".to_owned(),
            Conversation::Direct(..) => "entry of two".to_owned(),
        },
        Told::Offline(_) => "offline".to_owned(),
        Told::Push(push) => format!("push, offline {}", push.is_offline),
        Told::Gap { after: 0, .. } => "gap from the beginning".to_owned(),
        Told::Gap { target, .. } => match target {
            karez::chat::input::Target::Group(_) => "gap in a group".to_owned(),
            karez::chat::input::Target::User(_) => "gap in a talk".to_owned(),
        },
        Told::Resumed => "resumed".to_owned(),
        Told::Ack { entry: Some(entry), .. } if entry.duplicate => "ack of a duplicate".to_owned(),
        Told::Ack { entry, .. } => format!("ack, entry {}", entry.is_some()),
        Told::Broadcast { .. } => "broadcast".to_owned(),
        Told::Joined { .. } => "joined".to_owned(),
        Told::Left { .. } => "left".to_owned(),
        Told::Members { more, .. } => format!("members, more {more}"),
        Told::Groups { next, .. } => format!("groups, next {}", next.is_some()),
        Told::History { more, entries, .. } if entries.is_empty() => format!("history, empty, more {more}"),
        Told::History { entries, .. } if entries.iter().any(|said| said.recall == Recall::Recalled) => {
            "history, recalled".to_owned()
        }
        Told::History { more, .. } => format!("history, more {more}"),
        Told::Conversations { list, .. } if list.is_empty() => "conversations, none".to_owned(),
        Told::Conversations { next, list, .. } => {
            let unread = list.iter().any(|of| of.unread > 0);
            format!("conversations, next {}, unread {unread}", next.is_some())
        }
        Told::Read { target: Target::Group(_), .. } => "read in a group".to_owned(),
        Told::Read { target: Target::User(_), .. } => "read by one of two".to_owned(),
        Told::Search { found, next, .. } => {
            format!("search, empty {}, next {}", found.is_empty(), next.is_some())
        }
        Told::Typing { .. } => "typing".to_owned(),
        Told::Presence { id: Some(_), .. } => "presence".to_owned(),
        Told::Presence { id: None, users } => match users.first() {
            Some((_, online, _)) => format!("presence change, online {online}"),
            None => "presence of nobody".to_owned(),
        },
        Told::Refused { refusal, .. } => of_refusal(refusal),
        Told::Bye(why) => format!("bye {why:?}"),
    }
}

fn of_refusal(refusal: &Refusal) -> Mark {
    match refusal {
        Refusal::Muted { retry_ms } => format!("refused Muted, ends {}", retry_ms.is_some()),
        Refusal::RateLimited { .. } => "refused RateLimited".to_owned(),
        Refusal::Internal { .. } => "refused Internal".to_owned(),
        other => format!("refused {other:?}"),
    }
}

const ALL: &[&str] = &[
    "login, guest true",
    "login, guest false",
    "pong",
    "entry of a group",
    "entry of two",
    "ack, entry true",
    "ack, entry false",
    "ack of a duplicate",
    "broadcast",
    "joined",
    "left",
    "members, more true",
    "members, more false",
    "history, empty, more false",
    "history, more true",
    "history, more false",
    "history, recalled",
    "recalled in a group",
    "recalled by one of two",
    "refused BadRequest(\"seq\", \"is no message\")",
    "conversations, none",
    "conversations, next true, unread true",
    "conversations, next true, unread false",
    "conversations, next false, unread true",
    "conversations, next false, unread false",
    "a list that goes on",
    "read in a group",
    "read by one of two",
    "search, empty true, next false",
    "search, empty false, next true",
    "search, empty false, next false",
    "refused BadRequest(\"q\", \"has no word in it\")",
    "refused BadRequest(\"q\", \"has too many words\")",
    "refused TooLarge(\"q\")",
    "typing",
    "offline",
    "gap from the beginning",
    "gap in a group",
    "gap in a talk",
    "resumed",
    "presence",
    "presence change, online true",
    "presence change, online false",
    "refreshed",
    "bye TooManyMessages",
    "bye Unauthorized",
    "bye Kicked",
    "bye Banned",
    "call: said",
    "call: said to nobody",
    "call: group Made",
    "call: group Kept",
    "call: members, more true",
    "call: members, more false",
    "call: member Made",
    "call: member Kept",
    "call: user, banned true",
    "call: user, banned false",
    "call: disconnected true",
    "call: disconnected false",
    "call: removed",
    "call: refused Internal",
    "call: refused BadRequest",
    "call: refused TooLarge",
    "call: refused NotFound",
    "call: refused Conflict(\"a closed group needs an owner\")",
    "call: refused Conflict(\"this user is banned\")",
    "bye TokenExpired",
    "refused Unauthorized",
    "refused RateLimited",
    "refused Internal",
    "refused LoginRequired",
    "refused Forbidden",
    "refused NotFound",
    "refused BadRequest(\"name\", \"is too long\")",
    "refused BadRequest(\"name\", \"has control characters\")",
    "refused BadRequest(\"resume\", \"names too many conversations\")",
    "refused BadRequest(\"uids\", \"are more than a connection may watch\")",
    "refused BadRequest(\"reply\", \"is no entry so far\")",
    "refused BadRequest(\"kind\", \"is empty\")",
    "refused BadRequest(\"kind\", \"is reserved\")",
    "refused BadRequest(\"gid\", \"is reserved\")",
    "refused BadRequest(\"uid\", \"is reserved\")",
    "refused TooLarge(\"content\")",
    "refused TooLarge(\"kind\")",
    "refused TooLarge(\"data\")",
    "refused TooLarge(\"mentions\")",
    "refused Conflict(\"something else was sent under this id\")",
    "refused Conflict(\"this connection is logged in\")",
    "refused Conflict(\"you are in as many groups as a user may be in\")",
    "refused Conflict(\"the group has as many members as a group may have\")",
    "act group_update",
    "act role",
    "act kick",
    "act ban",
    "act mute",
    "act add",
    "act group_delete",
    "groups, next true",
    "groups, next false",
    "refused Muted, ends true",
    "refused Muted, ends false",
    "refused BadRequest(\"name\", \"or open must be there\")",
    "refused BadRequest(\"name\", \"is empty\")",
    "refused BadRequest(\"uid\", \"is yourself\")",
    "refused Conflict(\"a group has an owner; make somebody else the owner\")",
    "refused Conflict(\"the group has banned and muted as many as it may\")",
    "refused Conflict(\"this user is banned\")",
    "refused Conflict(\"this user is in as many groups as a user may be in\")",
    "refused Conflict(\"you block as many users as a user may block\")",
    // Not events, but ways that a run can take.
    "a store that answers later",
    "a failed commit",
    "a failed commit with a login in it",
    "a send after a failed commit, with the same id",
    "a send over another connection, with the same id",
    "a send after a restart, with the same id",
    "a failed commit with a session that went",
    "a failed commit with a recall in it",
    "a second recall",
    "a restart",
    "a guest is forgotten in a group",
    "a guest is forgotten",
    "a guest is found here when it is time to forget him",
    "a guest who was forgotten comes back",
    "a crash in the middle of a turn",
    "a replay that goes on in the next turn",
    "a replay in a failed turn",
    "a mark in a failed turn",
    "a session that went with a mark under way",
    "an entry that was said during the replay, later",
];

pub fn all() -> BTreeSet<Mark> {
    ALL.iter().map(|mark| (*mark).to_owned()).collect()
}
