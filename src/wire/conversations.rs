//! A list of conversations, and the text that says where in it the next page begins.
//!
//! To a client that text is opaque. It is the number of an entry, or `g` and a gid.
//! Tested in `tests/wire/conversations.rs`.

use super::event::{entry_fields, entry_type, named};
use super::value::{self, Read};
use super::writer::Writer;
use crate::chat::ids::{Conversation, Id};
use crate::chat::input::Target;
use crate::chat::output::{ConversationRecord, ListPlace};

const CURSOR: &str = "must be the `next` of an answer";
/// Before the gid of a place among silent groups.
const SILENT: char = 'g';

pub(super) fn render_conversations(
    id: Option<&str>,
    uid: &Id,
    list: &[ConversationRecord],
    next: Option<&ListPlace>,
    out: &mut Vec<u8>,
) {
    let mut json = Writer::open(out, "conversations");
    json.echo(id);
    json.objects("list", list, |json, record| conversation(json, uid, record));
    if let Some(next) = next {
        json.text("next", &text_of(next));
    }
    json.close();
}

fn conversation(json: &mut Writer<'_>, uid: &Id, record: &ConversationRecord) {
    let ConversationRecord { conversation, name, seq, read, unread, last } = record;
    match (conversation, conversation.peer_of(uid)) {
        (_, Some(peer)) => named(json, &Target::User(peer.clone())),
        (Conversation::Ticket(ticket), _) => named(json, &Target::Ticket(*ticket)),
        (Conversation::Group(gid) | Conversation::Direct(gid, _), None) => {
            named(json, &Target::Group(gid.clone()));
        }
    }
    if !name.is_empty() {
        json.text("name", name);
    }
    json.number("seq", *seq);
    json.number("read", *read);
    json.number("unread", *unread);
    if let Some(last) = last {
        let entry = last.entry(conversation);
        json.object("last", |json| {
            json.word("type", entry_type(&entry));
            entry_fields(json, &entry);
        });
    }
}

fn text_of(place: &ListPlace) -> String {
    match place {
        ListPlace::Entry(number) => number.to_string(),
        ListPlace::Silent(gid) => format!("{SILENT}{gid}"),
    }
}

/// A place in a list, as a client gives it back.
pub(super) fn list_place(raw: &str) -> Read<ListPlace> {
    let text = value::text(raw).map_err(|_| CURSOR)?;
    match text.strip_prefix(SILENT) {
        Some(gid) => Id::from_text(gid).map(ListPlace::Silent),
        None => value::whole(&text).ok().filter(|_| !text.starts_with(['+', '0'])).map(ListPlace::Entry),
    }
    .ok_or(CURSOR)
}
