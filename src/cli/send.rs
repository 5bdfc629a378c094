//! `karez send`: says something in a group or to a user, by the HTTP API of a running daemon.
//!
//! Tests: `tests/app/remote.rs`.

use std::io::Read;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::remote::{Keyed, part};
use super::{Failure, RUNTIME, print, token};
use crate::base::limits;
use crate::chat::ids::Id;

/// What is said, and to whom.
#[derive(Clone, Debug, Args)]
#[command(
    group = ArgGroup::new("to").required(true).args(["gid", "uid"]),
    after_help = "Examples:\n  karez send --key-file key --gid 123 hello\n  karez send --key-file key --uid 1002 \
                  --from 7 \"see you\"\n  df -h | karez send --key-file key --push --uid admin -"
)]
pub(super) struct Send {
    #[command(flatten)]
    keyed: Keyed,

    /// The group in which it is said.
    #[arg(long, value_parser = token::id)]
    gid: Option<Id>,

    /// The user to whom it is said.
    #[arg(long, value_parser = token::id)]
    uid: Option<Id>,

    /// In whose name. Default: the daemon's own, system.
    #[arg(long, value_parser = token::id, conflicts_with = "push")]
    from: Option<Id>,

    /// As a push, which is no entry of a conversation.
    #[arg(long)]
    push: bool,

    /// The text, or `-` to read it from standard input.
    text: String,
}

/// Prints what the daemon answers: how many were there to hear it, and for how many it waits.
pub(super) fn run(send: &Send) -> Result<(), Failure> {
    let key = send.keyed.needed_key()?;
    let text = if send.text == "-" { read()? } else { send.text.clone() };
    let (to, word) = match (&send.gid, &send.uid) {
        (Some(gid), _) => (gid, "gid"),
        (None, Some(uid)) => (uid, "uid"),
        (None, None) => return Ok(()),
    };
    let path = match (send.push, word) {
        (true, word) => format!("/v1/push/{word}/{}", part(to)),
        (false, "gid") => format!("/v1/groups/{}/messages", part(to)),
        (false, _) => format!("/v1/users/{}/messages", part(to)),
    };
    let mut body = json!({ "content": text });
    if let (Some(from), Some(members)) = (&send.from, body.as_object_mut()) {
        let from = match from {
            Id::Number(number) => json!(number),
            Id::Text(text) => json!(&**text),
        };
        members.insert("from".to_owned(), from);
    }
    let answer = send.keyed.remote.call(&key, "POST", &path, Some(&body))?;
    print(&answer.to_string())
}

fn read() -> Result<String, Failure> {
    let mut text = String::new();
    let most = limits::CONTENT_BYTES_MAX.max.saturating_add(1);
    std::io::stdin()
        .take(most)
        .read_to_string(&mut text)
        .map_err(|error| Failure { code: RUNTIME, words: format!("standard input: {error}") })?;
    Ok(text.trim_end_matches('\n').to_owned())
}
