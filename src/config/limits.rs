//! The limits that an operator may want to move: how much and how long, of connections and of users.
//!
//! Each is bounded by the table in `base/limits/`, where the others are too that nobody should have to know.
//! All of them may change while the daemon runs. Tests: `tests/config/`, `tests/app/reload.rs`.

use clap::Args;

use super::units::{seconds, size, time};
use super::within;
use crate::base::limits;
use crate::base::units::{Size, Time};
use crate::{chat, net};

/// How much and how long.
#[derive(Clone, Debug, Args)]
pub struct LimitSettings {
    /// The largest message that is accepted.
    #[arg(long, env = "KAREZ_MESSAGE_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::MESSAGE_BYTES_MAX.default), value_parser = size(limits::MESSAGE_BYTES_MAX))]
    pub message_bytes_max: Size,

    /// Requests that a user may make in a second, in the long run.
    #[arg(long, env = "KAREZ_MESSAGES_PER_SECOND", value_name = "COUNT",
          default_value_t = limits::MESSAGES_PER_SECOND.default, value_parser = within(limits::MESSAGES_PER_SECOND))]
    pub messages_per_second: u64,

    /// Requests that a user who was silent may make at once.
    #[arg(long, env = "KAREZ_MESSAGES_BURST", value_name = "COUNT",
          default_value_t = limits::MESSAGES_BURST.default, value_parser = within(limits::MESSAGES_BURST))]
    pub messages_burst: u64,

    /// Seconds for which authors may recall what they said. Admins and owners of groups may at any time.
    #[arg(long, env = "KAREZ_RECALL_SECONDS", value_name = "SECONDS",
          default_value_t = limits::RECALL_SECONDS.default, value_parser = seconds(limits::RECALL_SECONDS))]
    pub recall_seconds: u64,

    /// Entries on a page of history, whatever the request names.
    #[arg(long, env = "KAREZ_HISTORY_PAGE_MAX", value_name = "COUNT",
          default_value_t = limits::HISTORY_PAGE_MAX.default, value_parser = within(limits::HISTORY_PAGE_MAX))]
    pub history_page_max: u64,

    /// Groups of which one user may be a member.
    #[arg(long, env = "KAREZ_GROUPS_PER_USER_MAX", value_name = "COUNT",
          default_value_t = limits::GROUPS_PER_USER_MAX.default, value_parser = within(limits::GROUPS_PER_USER_MAX))]
    pub groups_per_user_max: u64,

    /// Members of one group.
    #[arg(long, env = "KAREZ_GROUP_MEMBERS_MAX", value_name = "COUNT",
          default_value_t = limits::GROUP_MEMBERS_MAX.default, value_parser = within(limits::GROUP_MEMBERS_MAX))]
    pub group_members_max: u64,

    /// Connections in all. The descriptors that the system allows (ulimit -n, LimitNOFILE=) may allow fewer.
    #[arg(long, env = "KAREZ_CONNECTIONS_MAX", value_name = "COUNT",
          default_value_t = limits::CONNECTIONS_MAX.default, value_parser = within(limits::CONNECTIONS_MAX))]
    pub connections_max: u64,

    /// Connections from one address. Loopback and Unix sockets are exempt.
    #[arg(long, env = "KAREZ_CONNECTIONS_PER_ADDRESS_MAX", value_name = "COUNT",
          default_value_t = limits::CONNECTIONS_PER_ADDRESS_MAX.default,
          value_parser = within(limits::CONNECTIONS_PER_ADDRESS_MAX))]
    pub connections_per_address_max: u64,

    /// Logins that fail from one address in a minute before further ones are put off.
    #[arg(long, env = "KAREZ_FAILED_LOGINS_PER_ADDRESS_MAX", value_name = "COUNT",
          default_value_t = limits::FAILED_LOGINS_PER_ADDRESS_MAX.default,
          value_parser = within(limits::FAILED_LOGINS_PER_ADDRESS_MAX))]
    pub failed_logins_per_address_max: u64,

    /// How long a client may take to send the head of its request, the opening handshake among them.
    #[arg(long, env = "KAREZ_HEAD_TIMEOUT", value_name = "TIME",
          default_value_t = Time(limits::HEAD_TIMEOUT_MS.default), value_parser = time(limits::HEAD_TIMEOUT_MS))]
    pub head_timeout: Time,

    /// How long a connection may stay without a login.
    #[arg(long, env = "KAREZ_LOGIN_TIMEOUT", value_name = "TIME",
          default_value_t = Time(limits::LOGIN_TIMEOUT_MS.default), value_parser = time(limits::LOGIN_TIMEOUT_MS))]
    pub login_timeout: Time,

    /// Silence after which a connection is sent a ping.
    #[arg(long, env = "KAREZ_PING_AFTER", value_name = "TIME",
          default_value_t = Time(limits::PING_AFTER_MS.default), value_parser = time(limits::PING_AFTER_MS))]
    pub ping_after: Time,

    /// How long the answer to a ping may take before the connection is given up.
    #[arg(long, env = "KAREZ_PING_TIMEOUT", value_name = "TIME",
          default_value_t = Time(limits::PING_TIMEOUT_MS.default), value_parser = time(limits::PING_TIMEOUT_MS))]
    pub ping_timeout: Time,

    /// Output that waits for one client: whoever does not read it for ten seconds is closed.
    #[arg(long, env = "KAREZ_OUTPUT_SOFT_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::OUTPUT_SOFT_BYTES_MAX.default),
          value_parser = size(limits::OUTPUT_SOFT_BYTES_MAX))]
    pub output_soft_bytes_max: Size,

    /// Output that waits for one client: over this for a second, or over four times as much, it is closed.
    #[arg(long, env = "KAREZ_OUTPUT_HARD_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::OUTPUT_HARD_BYTES_MAX.default),
          value_parser = size(limits::OUTPUT_HARD_BYTES_MAX))]
    pub output_hard_bytes_max: Size,

    /// Output that waits for all clients together. Over it those with the most are closed.
    #[arg(long, env = "KAREZ_OUTPUT_TOTAL_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::OUTPUT_TOTAL_BYTES_MAX.default),
          value_parser = size(limits::OUTPUT_TOTAL_BYTES_MAX))]
    pub output_total_bytes_max: Size,
}

impl LimitSettings {
    /// What the core is told.
    pub(super) fn chat(&self) -> chat::Limits {
        let defaults = chat::Limits::default();
        let history_page_max = count(self.history_page_max);
        chat::Limits {
            messages_per_second: self.messages_per_second,
            messages_burst: self.messages_burst,
            recall_seconds: self.recall_seconds,
            history_page_max,
            history_page_default: defaults.history_page_default.min(history_page_max),
            groups_per_user_max: count(self.groups_per_user_max),
            group_members_max: count(self.group_members_max),
            ..defaults
        }
    }

    /// What the loop is told.
    pub(super) fn net(&self) -> net::Limits {
        net::Limits {
            message_bytes_max: self.message_bytes_max(),
            connections_max: count(self.connections_max),
            connections_per_address_max: small(self.connections_per_address_max),
            head_timeout_ms: self.head_timeout.0,
            ping_after_ms: self.ping_after.0,
            ping_timeout_ms: self.ping_timeout.0,
            output_soft_bytes_max: count(self.output_soft_bytes_max.0),
            output_hard_bytes_max: count(self.output_hard_bytes_max.0),
            output_total_bytes_max: count(self.output_total_bytes_max.0),
            ..net::Limits::default()
        }
    }

    pub(super) fn message_bytes_max(&self) -> usize {
        count(self.message_bytes_max.0)
    }

    pub(super) fn failed_logins_per_address_max(&self) -> u32 {
        small(self.failed_logins_per_address_max)
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
