//! What a user says: its bounds, and how it becomes an entry.
//!
//! Bounds are checked before the store is asked for anything, so that a message that cannot be served costs
//! no look-up. What a client sends as author, time or number is not even in a draft: they are set here.
//! Tested in `tests/chat/group.rs` and `govern.rs`.

use super::act::Act;
use super::ids::Conversation;
use super::input::Draft;
use super::limits::Limits;
use super::output::{Entry, Refusal};
use super::user::User;
use crate::base::clock::UnixMillis;

/// The kind of the entries that tell what admins do; a user who could send it could forge them.
const KIND_SYSTEM: &str = "system";

/// Checks what can be checked without knowing the conversation.
pub(super) fn check(draft: &Draft<'_>, limits: &Limits) -> Result<(), Refusal> {
    if draft.content.len() > limits.content_bytes_max {
        return Err(Refusal::TooLarge("content"));
    }
    match draft.kind.as_deref() {
        Some("") => return Err(Refusal::BadRequest("kind", "is empty")),
        Some(KIND_SYSTEM) => return Err(Refusal::BadRequest("kind", "is reserved")),
        Some(kind) if kind.len() > limits.kind_bytes_max => return Err(Refusal::TooLarge("kind")),
        _ => {}
    }
    if draft.data.as_ref().is_some_and(|data| data.len() > limits.data_bytes_max) {
        return Err(Refusal::TooLarge("data"));
    }
    if draft.mentions.len() > limits.mentions_max {
        return Err(Refusal::TooLarge("mentions"));
    }
    Ok(())
}

/// Checks that an answer answers an entry that there is.
pub(super) fn check_reply(draft: &Draft<'_>, last: u64) -> Result<(), Refusal> {
    match draft.reply {
        Some(seq) if seq == 0 || seq > last => Err(Refusal::BadRequest("reply", "is no entry so far")),
        _ => Ok(()),
    }
}

/// The entry that a draft becomes.
pub(super) fn entry<'a>(
    draft: &'a Draft<'_>,
    conversation: &'a Conversation,
    seq: u64,
    author: &'a User,
    time: UnixMillis,
) -> Entry<'a> {
    Entry {
        conversation,
        seq,
        uid: &author.uid,
        name: &author.name,
        content: &draft.content,
        kind: draft.kind.as_deref(),
        data: draft.data.as_deref(),
        reply: draft.reply,
        mentions: &draft.mentions,
        act: None,
        time,
    }
}

/// The entry that tells of an act.
pub(super) fn act_entry<'a>(
    act: &'a Act<'a>,
    conversation: &'a Conversation,
    seq: u64,
    actor: &'a User,
    time: UnixMillis,
) -> Entry<'a> {
    Entry {
        conversation,
        seq,
        uid: &actor.uid,
        name: &actor.name,
        content: "",
        kind: Some(KIND_SYSTEM),
        data: None,
        reply: None,
        mentions: &[],
        act: Some(act),
        time,
    }
}
