//! Every limit of the daemon in one table.
//!
//! A limit has a name with its unit in it, a default, bounds for whoever configures it, and the test that
//! reaches it. Code reads the constants; the documentation reads [`TABLE`]. Each floor has its own section,
//! so that a new limit is one constant and one line of the table.
//!
//! The tutorial has a single limit, 2048 bytes for one `recv`, and takes that for the size of a message.
//! Tested in `tests/chat/limits.rs`, which also proves that each named test is there.

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name, unit included where the unit is one of time or size.
    pub name: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// The value where nobody configures one.
    pub default: u64,
    /// The smallest value that makes sense.
    pub min: u64,
    /// The largest value that the design carries.
    pub max: u64,
    /// The test that reaches it: path and function.
    pub test: &'static str,
}

/// The whole table.
pub const TABLE: &[Limit] = &[
    GUEST_UID_FIRST,
    MESSAGES_PER_SECOND,
    MESSAGES_BURST,
    OVER_RATE_MS,
    OVER_RATE_PAUSE_MS,
    GROUPS_PER_USER_MAX,
    GROUP_MEMBERS_MAX,
    NOTICE_MEMBERS_MAX,
    MEMBERS_PAGE_DEFAULT,
    MEMBERS_PAGE_MAX,
    WATCHED_UIDS_MAX,
    PRESENCE_GRACE_MS,
    CONTENT_BYTES_MAX,
    KIND_BYTES_MAX,
    DATA_BYTES_MAX,
    MENTIONS_MAX,
    NAME_CHARS_MAX,
    NAME_BYTES_MAX,
    INTERNAL_RETRY_MS,
    IDLE_USERS_MAX,
    IDLE_GROUPS_MAX,
    DIRECTS_CACHED_MAX,
    ENTRIES_PER_CONVERSATION_MAX,
];

// ---- chat: who and how fast ----

/// The first uid that is given to a guest.
pub const GUEST_UID_FIRST: Limit = Limit {
    name: "guest_uid_first",
    unit: "uid",
    default: 1_001,
    min: 1,
    max: 1 << 52,
    test: "tests/chat/login.rs::guests_get_uids_from_1001",
};
/// Requests that a user may make in the long run, over all devices.
pub const MESSAGES_PER_SECOND: Limit = Limit {
    name: "messages_per_second",
    unit: "requests/s",
    default: 20,
    min: 1,
    max: 100_000,
    test: "tests/chat/rate.rs::the_wait_that_is_told_is_exact",
};
/// Requests that a user who was silent may make at once.
pub const MESSAGES_BURST: Limit = Limit {
    name: "messages_burst",
    unit: "requests",
    default: 100,
    min: 1,
    max: 1_000_000,
    test: "tests/chat/rate.rs::a_burst_is_allowed_and_the_next_is_refused",
};
/// How long a user may go on over the rate before the session ends.
pub const OVER_RATE_MS: Limit = Limit {
    name: "over_rate_ms",
    unit: "ms",
    default: 10_000,
    min: 0,
    max: 600_000,
    test: "tests/chat/rate.rs::ten_seconds_over_the_rate_end_the_session",
};
/// A pause between two refusals that makes the second the first of a new spell over the rate.
pub const OVER_RATE_PAUSE_MS: Limit = Limit {
    name: "over_rate_pause_ms",
    unit: "ms",
    default: 1_000,
    min: 1,
    max: 600_000,
    test: "tests/chat/rate.rs::a_pause_is_forgiven",
};

// ---- chat: groups ----

/// Groups of which one user may be a member.
pub const GROUPS_PER_USER_MAX: Limit = Limit {
    name: "groups_per_user_max",
    unit: "groups",
    default: 500,
    min: 1,
    max: 100_000,
    test: "tests/chat/group.rs::a_user_may_be_in_so_many_groups",
};
/// Members of one group.
pub const GROUP_MEMBERS_MAX: Limit = Limit {
    name: "group_members_max",
    unit: "members",
    default: 10_000,
    min: 1,
    max: 1_000_000,
    test: "tests/chat/group.rs::a_group_may_have_so_many_members",
};
/// Members up to which a group hears who joins and who leaves.
pub const NOTICE_MEMBERS_MAX: Limit = Limit {
    name: "notice_members_max",
    unit: "members",
    default: 200,
    min: 0,
    max: 10_000,
    test: "tests/chat/group.rs::large_groups_hear_no_notices",
};
/// Members on a page where the request names no number.
pub const MEMBERS_PAGE_DEFAULT: Limit = Limit {
    name: "members_page_default",
    unit: "members",
    default: 50,
    min: 1,
    max: 100,
    test: "tests/chat/members.rs::pages_go_by_uid",
};
/// Members on a page, whatever the request names.
pub const MEMBERS_PAGE_MAX: Limit = Limit {
    name: "members_page_max",
    unit: "members",
    default: 100,
    min: 1,
    max: 1_000,
    test: "tests/chat/members.rs::a_page_has_a_largest_size",
};

// ---- chat: presence ----

/// Users whom one session may watch.
pub const WATCHED_UIDS_MAX: Limit = Limit {
    name: "watched_uids_max",
    unit: "users",
    default: 200,
    min: 0,
    max: 10_000,
    test: "tests/chat/presence.rs::a_session_watches_so_many_users",
};
/// How long a user without a session is still shown as online.
pub const PRESENCE_GRACE_MS: Limit = Limit {
    name: "presence_grace_ms",
    unit: "ms",
    default: 5_000,
    min: 0,
    max: 600_000,
    test: "tests/chat/presence.rs::offline_is_told_after_the_grace",
};

// ---- chat: what is said ----

/// The text of one message. The message as a whole is bounded on the wire.
pub const CONTENT_BYTES_MAX: Limit = Limit {
    name: "content_bytes_max",
    unit: "bytes",
    default: 64 * 1024,
    min: 1,
    max: 16 * 1024 * 1024,
    test: "tests/chat/group.rs::what_is_said_is_bounded",
};
/// The `kind` of a message.
pub const KIND_BYTES_MAX: Limit = Limit {
    name: "kind_bytes_max",
    unit: "bytes",
    default: 64,
    min: 1,
    max: 1_024,
    test: "tests/chat/group.rs::what_is_said_is_bounded",
};
/// The `data` of a message, as JSON text.
pub const DATA_BYTES_MAX: Limit = Limit {
    name: "data_bytes_max",
    unit: "bytes",
    default: 16 * 1024,
    min: 2,
    max: 16 * 1024 * 1024,
    test: "tests/chat/group.rs::what_is_said_is_bounded",
};
/// Users who are mentioned in one message.
pub const MENTIONS_MAX: Limit = Limit {
    name: "mentions_max",
    unit: "users",
    default: 50,
    min: 0,
    max: 1_000,
    test: "tests/chat/group.rs::what_is_said_is_bounded",
};
/// A display name, in characters.
pub const NAME_CHARS_MAX: Limit = Limit {
    name: "name_chars_max",
    unit: "characters",
    default: 64,
    min: 1,
    max: 256,
    test: "tests/chat/login.rs::names_are_trimmed_and_bounded",
};
/// A display name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: Limit = Limit {
    name: "name_bytes_max",
    unit: "bytes",
    default: 256,
    min: 4,
    max: 1_024,
    test: "tests/chat/login.rs::names_are_trimmed_and_bounded",
};

// ---- chat: failure and memory ----

/// After how long a request that met a failing store may be tried again.
pub const INTERNAL_RETRY_MS: Limit = Limit {
    name: "internal_retry_ms",
    unit: "ms",
    default: 1_000,
    min: 1,
    max: 600_000,
    test: "tests/chat/rollback.rs::a_failed_turn_is_as_if_it_never_was",
};
/// Users without a session, watcher or loaded group that stay in memory.
pub const IDLE_USERS_MAX: Limit = Limit {
    name: "idle_users_max",
    unit: "users",
    default: 10_000,
    min: 0,
    max: 10_000_000,
    test: "tests/chat/parking.rs::the_idle_are_forgotten_and_asked_for_again",
};
/// Groups without a member online that stay in memory.
pub const IDLE_GROUPS_MAX: Limit = Limit {
    name: "idle_groups_max",
    unit: "groups",
    default: 1_000,
    min: 0,
    max: 1_000_000,
    test: "tests/chat/parking.rs::the_idle_are_forgotten_and_asked_for_again",
};
/// Private conversations whose last `seq` stays in memory.
pub const DIRECTS_CACHED_MAX: Limit = Limit {
    name: "directs_cached_max",
    unit: "conversations",
    default: 10_000,
    min: 0,
    max: 10_000_000,
    test: "tests/chat/parking.rs::the_idle_are_forgotten_and_asked_for_again",
};

// ---- store ----

/// Entries of one conversation that the memory store keeps.
pub const ENTRIES_PER_CONVERSATION_MAX: Limit = Limit {
    name: "entries_per_conversation_max",
    unit: "entries",
    default: 1_000,
    min: 0,
    max: 1_000_000,
    test: "tests/store/memory.rs::the_oldest_entries_go_first",
};
