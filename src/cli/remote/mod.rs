//! What the commands that talk to a running daemon have in common: where it is, who asks, and how it is asked.
//!
//! They are clients like any other: the HTTP API with a key, or WebSocket with a token. There is no other way in, so
//! nothing works here that could not be done by `curl`, and a daemon on another machine is reached in the same way.
//! They block, for they have nothing else to do. A key is never an argument, which every user of the machine can read in
//! the list of processes. Who is not reached in time is not there: exit code 69.
//!
//! Tests: `tests/app/remote.rs`, with the real command.

mod dial;
mod exchange;

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

pub(super) use dial::{Place, Stream};

use super::{CONFIG, Failure, RUNTIME};
use crate::config::ConfigError;

/// The variable with the key itself.
const KEY_VARIABLE: &str = "KAREZ_KEY";

/// Which daemon.
#[derive(Clone, Debug, Args)]
pub(super) struct Remote {
    /// Where the daemon is: http://HOST:PORT, https://HOST, or unix:PATH.
    #[arg(long, env = "KAREZ_URL", value_name = "URL", default_value = "http://127.0.0.1:8282", value_parser = Place::parse)]
    pub(super) url: Place,

    /// A file with the certificates, in PEM, one of which must stand behind the daemon's; for https alone.
    #[arg(
        long,
        env = "KAREZ_CA_FILE",
        value_name = "PATH",
        default_value = "/etc/ssl/certs/ca-certificates.crt"
    )]
    pub(super) ca_file: PathBuf,
}

/// Which daemon, and with which key.
#[derive(Clone, Debug, Args)]
pub(super) struct Keyed {
    #[command(flatten)]
    pub(super) remote: Remote,

    /// A file with a key of the HTTP API (karez key create). Or the key itself in the environment as KAREZ_KEY; it is
    /// never an argument.
    #[arg(long, env = "KAREZ_KEY_FILE", value_name = "PATH")]
    pub(super) key_file: Option<PathBuf>,
}

impl Keyed {
    /// The key, if one was given.
    pub(super) fn key(&self) -> Result<Option<String>, Failure> {
        let config = |words: String| Failure::config(&ConfigError(words));
        let text = match &self.key_file {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| config(format!("--key-file {}: {error}", file.display())))?,
            None => std::env::var(KEY_VARIABLE).unwrap_or_default(),
        };
        let key = text.trim();
        if key.chars().any(|character| !character.is_ascii_graphic()) {
            return Err(config(
                "the key is none: it must be one line, as karez key create has shown it".to_owned(),
            ));
        }
        Ok((!key.is_empty()).then(|| key.to_owned()))
    }

    /// The key, without which nothing can be asked for.
    pub(super) fn needed_key(&self) -> Result<String, Failure> {
        self.key()?.ok_or_else(|| Failure {
            code: CONFIG,
            words: format!(
                "a key is needed; make one with karez key create, and give --key-file or {KEY_VARIABLE}"
            ),
        })
    }
}

impl Remote {
    /// One call of the API, and the JSON that it was answered.
    pub(super) fn call(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let answer = self.ask(Some(key), method, path, body)?;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if (200..300).contains(&answer.status) {
            return Ok(json);
        }
        let detail = json.get("detail").or_else(|| json.get("title")).and_then(Value::as_str);
        let words =
            format!("the daemon refused ({}): {}", answer.status, plain(detail.unwrap_or("no reason given")));
        Err(Failure { code: RUNTIME, words })
    }
}

/// Foreign text as a terminal may see it.
pub(super) fn plain(text: &str) -> String {
    let escape = |character: char| match character {
        '\n' | '\t' => " ".to_owned(),
        control if control.is_control() => control.escape_unicode().to_string(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// An id as a part of a path (RFC 3986, 2.1).
pub(super) fn part(id: &crate::chat::ids::Id) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    id.to_string().bytes().map(escape).collect()
}
