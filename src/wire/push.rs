//! Writes a push as a client is told of it.
//!
//! Tested in `tests/wire/push.rs`.

use super::writer::Writer;
use crate::chat::output::Notice;

pub(super) fn render_push(push: &Notice<'_>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "push");
    push_fields(&mut json, push);
    json.close();
}

/// A push that waited for its receiver.
pub(super) fn render_offline_push(push: &Notice<'_>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "push");
    push_fields(&mut json, push);
    json.flag("offline", true);
    json.close();
}

fn push_fields(json: &mut Writer<'_>, push: &Notice<'_>) {
    json.text("id", push.id);
    if let Some(title) = push.title {
        json.text("title", title);
    }
    json.text("content", push.content);
    if let Some(data) = push.data {
        json.raw("data", data);
    }
    if let Some(url) = push.url {
        json.text("url", url);
    }
    json.number("time", push.time.0);
}
