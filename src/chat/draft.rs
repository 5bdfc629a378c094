//! What a user says: its bounds, and how it becomes an entry.
//!
//! Bounds are checked before the store is asked for anything, so that a message that cannot be served costs
//! no look-up. What a client sends as author, time or number is not even in a draft: they are set here.
//! Tested in `tests/chat/group.rs` and `govern.rs`.

use super::act::Act;
use super::ids::Conversation;
use super::input::Draft;
use super::limits::Limits;
use super::output::{Entry, Recall, Refusal};
use super::user::User;
use crate::base::clock::UnixMillis;
use crate::base::digest::Digest;

/// The kind of the entries that tell what admins do; a user who could send it could forge them.
pub(super) const KIND_SYSTEM: &str = "system";
/// The kind of an entry that names none.
const KIND_DEFAULT: &str = "text";

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

/// Checks that an answer answers an entry that there is. The last number is looked up only for an answer.
pub(super) fn check_reply(draft: &Draft<'_>, last: impl FnOnce() -> u64) -> Result<(), Refusal> {
    match draft.reply {
        Some(seq) if seq == 0 || seq > last() => Err(Refusal::BadRequest("reply", "is no entry so far")),
        _ => Ok(()),
    }
}

/// By what the same draft is known again. A `kind` that is left out is the default, said or not.
pub(super) fn digest(draft: &Draft<'_>) -> Digest {
    let reply = draft.reply.unwrap_or(0).to_le_bytes();
    let mentions: Vec<String> = draft.mentions.iter().map(ToString::to_string).collect();
    let fields = [
        draft.content.as_bytes(),
        draft.kind.as_deref().unwrap_or(KIND_DEFAULT).as_bytes(),
        draft.data.as_deref().unwrap_or_default().as_bytes(),
        &reply,
    ];
    Digest::of(fields.into_iter().chain(mentions.iter().map(String::as_bytes)))
}

/// The entry that a draft becomes. Inlined, as is what it begins with: so it is made where it is wanted.
#[inline]
pub(super) fn entry<'a>(
    draft: &'a Draft<'_>,
    conversation: &'a Conversation,
    seq: u64,
    author: &'a User,
    time: UnixMillis,
) -> Entry<'a> {
    Entry {
        content: &draft.content,
        kind: draft.kind.as_deref(),
        data: draft.data.as_deref(),
        reply: draft.reply,
        mentions: &draft.mentions,
        ..wordless(conversation, seq, author, time)
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
    Entry { kind: Some(KIND_SYSTEM), act: Some(act), ..wordless(conversation, seq, actor, time) }
}

/// The entry that says that another one was recalled.
pub(super) fn recalling_entry<'a>(
    recalled: u64,
    conversation: &'a Conversation,
    seq: u64,
    actor: &'a User,
    time: UnixMillis,
) -> Entry<'a> {
    Entry { recall: Recall::Of(recalled), ..wordless(conversation, seq, actor, time) }
}

/// An entry in which nothing is said.
#[inline]
fn wordless<'a>(conversation: &'a Conversation, seq: u64, author: &'a User, time: UnixMillis) -> Entry<'a> {
    Entry {
        conversation,
        seq,
        uid: &author.uid,
        name: &author.name,
        content: "",
        kind: None,
        data: None,
        reply: None,
        mentions: &[],
        act: None,
        recall: Recall::None,
        time,
    }
}
