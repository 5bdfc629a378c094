use std::borrow::Cow;

use karez::chat::ids::Id;
use karez::chat::input::{Command, Draft};
use karez::wire::{self, Code, Parsed, Request};

pub fn id(text: &str) -> Id {
    Id::from_text(text).unwrap()
}

/// The request of a text that must be one.
pub fn parsed(text: &str) -> Parsed<'_> {
    wire::parse(text).unwrap_or_else(|refused| panic!("{text}: {refused:?}"))
}

/// The request for the core of a text that must be one.
pub fn command(text: &str) -> Command<'_> {
    match parsed(text).request {
        Request::Chat(command) => command,
        other @ (Request::Login { .. } | Request::Refresh { .. }) => panic!("{text}: {other:?}"),
    }
}

/// The draft of a `group` or `pm`.
pub fn draft(text: &str) -> Draft<'_> {
    match command(text) {
        Command::Group { draft, .. } | Command::Pm { draft, .. } => draft,
        other => panic!("{text}: {other:?}"),
    }
}

/// Code, field and echoed id of a text that must be refused.
pub fn refused(text: &str) -> (Code, Option<&'static str>, Option<String>) {
    match wire::parse(text) {
        Ok(parsed) => panic!("{text}: {parsed:?}"),
        Err(refused) => (refused.problem.code, refused.problem.field, refused.id.map(Cow::into_owned)),
    }
}

/// What a renderer wrote.
pub fn written(render: impl FnOnce(&mut Vec<u8>)) -> String {
    // Something stands in the buffer before: a renderer appends.
    let mut out = b"{".to_vec();
    render(&mut out);
    let text = String::from_utf8(out).unwrap().split_off(1);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert!(value["type"].is_string(), "{text}");
    text
}
