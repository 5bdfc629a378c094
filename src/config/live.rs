//! Which settings may change while the daemon runs, and what has changed between two readings.
//!
//! What is not named here takes a restart: that is the safe answer for a setting that is new. Tests: `tests/config/live.rs`.

use std::ffi::OsString;

use clap::ArgMatches;

use super::setting::{Setting, settings};

/// What SIGHUP applies to the running daemon.
const LIVE: &[&str] = &[
    "retention_days_max",
    "retention_entries_per_conversation_max",
    "retention_bytes_max",
    "guest_kept_days",
    "guests",
    "token_secret_file",
    "token_public_key",
    "token_algorithm",
    "token_audience",
    "tls_cert",
    "tls_key",
    "trusted_proxy",
    "proxy_protocol",
    "broadcast",
    "widget_sites",
    "desk_tickets_open_max",
    "desk_tickets_per_address_and_hour_max",
    "desk_visitor_grace",
    "desk_agent_grace",
    "origin",
    "deflate",
    "message_bytes_max",
    "messages_per_second",
    "messages_burst",
    "recall_seconds",
    "history_page_max",
    "groups_per_user_max",
    "group_members_max",
    "connections_max",
    "connections_per_address_max",
    "failed_logins_per_address_max",
    "head_timeout",
    "login_timeout",
    "ping_after",
    "ping_timeout",
    "output_soft_bytes_max",
    "output_hard_bytes_max",
    "output_total_bytes_max",
    "api_calls_per_second",
    "http_body_bytes_max",
    "files_bytes_max",
    "files_total_bytes_max",
    "log",
];

/// Whether a setting is applied while the daemon runs, by its key.
#[must_use]
pub fn is_live(key: &str) -> bool {
    LIVE.contains(&key)
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It holds at once.
    Live,
    /// It waits for a restart.
    Restart,
}

/// A setting that has another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting.
    pub key: String,
    /// What it was; empty if it was not set.
    pub before: String,
    /// What it is now; empty if it is not set.
    pub now: String,
    /// Whether it holds at once.
    pub effect: Effect,
}

/// What is different between two readings of the same command line.
#[must_use]
pub fn changes(before: &ArgMatches, now: &ArgMatches) -> Vec<Change> {
    let difference = |setting: &Setting| {
        let (before, now) = (text_of(before, setting), text_of(now, setting));
        let key = setting.key();
        let effect = if is_live(&key) { Effect::Live } else { Effect::Restart };
        (before != now).then_some(Change { key, before, now, effect })
    };
    settings().iter().filter_map(difference).collect()
}

fn text_of(matches: &ArgMatches, setting: &Setting) -> String {
    let raw = matches.try_get_raw(setting.id()).ok().flatten();
    let texts: Vec<OsString> = raw.into_iter().flatten().map(OsString::from).collect();
    texts.iter().map(|text| text.to_string_lossy()).collect::<Vec<_>>().join(",")
}
