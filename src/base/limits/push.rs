//! What the chat core bounds of a push.
//!
//! Carried by [`chat::Limits`](crate::chat::Limits). Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

/// Users to whom one push may be addressed by name. Larger audiences are groups.
pub const PUSH_UIDS_MAX: Limit = Limit {
    name: "push_uids_max",
    unit: "users",
    default: 1_000,
    min: 1,
    max: 10_000,
    test: "tests/chat/push.rs::what_is_pushed_is_bounded",
};
/// The headline of a push.
pub const PUSH_TITLE_BYTES_MAX: Limit = Limit {
    name: "push_title_bytes_max",
    unit: "bytes",
    default: 256,
    min: 1,
    max: 4_096,
    test: "tests/chat/push.rs::what_is_pushed_is_bounded",
};
/// The text of a push.
pub const PUSH_CONTENT_BYTES_MAX: Limit = Limit {
    name: "push_content_bytes_max",
    unit: "bytes",
    default: 16 * 1024,
    min: 1,
    max: 1024 * 1024,
    test: "tests/chat/push.rs::what_is_pushed_is_bounded",
};
/// The address to which a push leads.
pub const PUSH_URL_BYTES_MAX: Limit = Limit {
    name: "push_url_bytes_max",
    unit: "bytes",
    default: 2_048,
    min: 1,
    max: 8_192,
    test: "tests/chat/push.rs::what_is_pushed_is_bounded",
};
/// How long a push waits for who is away, where the back end does not say.
pub const PUSH_TTL_SECONDS_DEFAULT: Limit = Limit {
    name: "push_ttl_seconds_default",
    unit: "seconds",
    default: 7 * 24 * 3_600,
    min: 0,
    max: 30 * 24 * 3_600,
    test: "tests/chat/push.rs::a_push_waits_until_its_time_has_passed",
};
/// How long a push waits at most.
pub const PUSH_TTL_SECONDS_MAX: Limit = Limit {
    name: "push_ttl_seconds_max",
    unit: "seconds",
    default: 30 * 24 * 3_600,
    min: 0,
    max: 10 * 365 * 24 * 3_600,
    test: "tests/chat/push.rs::what_is_pushed_is_bounded",
};
