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

impl Limit {
    /// The default of a limit on things in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.default).unwrap_or(usize::MAX)
    }

    /// The default of a limit that is counted in 32 bits.
    #[must_use]
    pub fn small(self) -> u32 {
        u32::try_from(self.default).unwrap_or(u32::MAX)
    }
}

/// The whole table.
pub const TABLE: &[Limit] = &[
    GUEST_UID_FIRST,
    GUESTS_RESERVED,
    GUEST_KEPT_DAYS,
    FORGETTING_EVERY_MS,
    FORGETTING_PAUSE_MS,
    MESSAGES_PER_SECOND,
    MESSAGES_BURST,
    OVER_RATE_MS,
    OVER_RATE_PAUSE_MS,
    GROUPS_PER_USER_MAX,
    GROUP_MEMBERS_MAX,
    NOTICE_MEMBERS_MAX,
    MEMBERS_PAGE_DEFAULT,
    MEMBERS_PAGE_MAX,
    GROUPS_PAGE_MAX,
    SANCTIONS_PER_GROUP_MAX,
    BLOCKS_PER_USER_MAX,
    WATCHED_UIDS_MAX,
    PRESENCE_GRACE_MS,
    HISTORY_PAGE_DEFAULT,
    HISTORY_PAGE_MAX,
    HISTORY_PAGE_BYTES_MAX,
    RECALL_SECONDS,
    CONVERSATIONS_PAGE_DEFAULT,
    CONVERSATIONS_PAGE_MAX,
    CONVERSATIONS_PAGE_BYTES_MAX,
    UNREAD_COUNTED_MAX,
    UNREAD_COUNTED_PER_PAGE_MAX,
    SEARCH_BYTES_MAX,
    SEARCH_WORDS_MAX,
    SEARCH_PAGE_DEFAULT,
    SEARCH_PAGE_MAX,
    SEARCH_STEPS_MAX,
    RESUME_CONVERSATIONS_MAX,
    RESUME_ENTRIES_MAX,
    REPLAY_PAGE_MAX,
    REPLAY_PAGE_BYTES_MAX,
    REPLAY_PAGES_PER_TURN,
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
    SENDS_KEPT_MS,
    SENDS_FORGOTTEN_AT_ONCE,
    SENDS_IN_MEMORY_MAX,
    RETENTION_DAYS_MAX,
    RETENTION_ENTRIES_PER_CONVERSATION_MAX,
    RETENTION_BYTES_MAX,
    ENTRIES_REMOVED_AT_ONCE,
    TIDY_EVERY_MS,
    WAL_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    LOGIN_TIMEOUT_MS,
    FAILED_LOGINS_PER_ADDRESS_MAX,
    FAILED_LOGINS_WINDOW_MS,
    FAILED_LOGIN_ADDRESSES_MAX,
    TOKEN_BYTES_MAX,
    TOKEN_LEEWAY_MS,
    CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX,
    HEAD_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    PING_AFTER_MS,
    PING_TIMEOUT_MS,
    CLOSE_TIMEOUT_MS,
    DRAIN_TIMEOUT_MS,
    CONTROL_FRAMES_PER_SECOND,
    SOCKET_SEND_BUFFER_BYTES,
    OUTPUT_SOFT_BYTES_MAX,
    OUTPUT_SOFT_TIMEOUT_MS,
    OUTPUT_HARD_BYTES_MAX,
    OUTPUT_HARD_TIMEOUT_MS,
    OUTPUT_TOTAL_BYTES_MAX,
    OWN_OUTPUT_BYTES_MAX,
    READ_BYTES_PER_TURN,
    ACCEPTS_PER_TURN,
    FLUSHES_PER_TURN,
    HTTP_LINE_BYTES_MAX,
    HTTP_HEAD_BYTES_MAX,
    HTTP_HEADERS_MAX,
    HTTP_BODY_BYTES_MAX,
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
/// Numbers that are reserved for guests at once; a restart passes by what is left of them.
pub const GUESTS_RESERVED: Limit = Limit {
    name: "guests_reserved",
    unit: "uids",
    default: 100,
    min: 1,
    max: 1_000_000,
    test: "tests/chat/login.rs::numbers_of_guests_are_reserved_in_blocks",
};
/// Days after which a guest who was not here is forgotten.
pub const GUEST_KEPT_DAYS: Limit = Limit {
    name: "guest_kept_days",
    unit: "days",
    default: 30,
    min: 1,
    max: 36_500,
    test: "tests/chat/forgetting.rs::a_guest_who_was_away_for_long_is_forgotten",
};
/// How often the store is asked for guests who are to be forgotten; so long after a start for the first time.
pub const FORGETTING_EVERY_MS: Limit = Limit {
    name: "forgetting_every_ms",
    unit: "ms",
    default: 3_600_000,
    min: 1_000,
    max: 24 * 3_600 * 1_000,
    test: "tests/chat/forgetting.rs::a_guest_who_was_away_for_long_is_forgotten",
};
/// From one step of forgetting to the next: what others want is done in between.
pub const FORGETTING_PAUSE_MS: Limit = Limit {
    name: "forgetting_pause_ms",
    unit: "ms",
    default: 100,
    min: 1,
    max: 60_000,
    test: "tests/chat/forgetting.rs::it_goes_in_small_steps",
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
/// Groups on a page.
pub const GROUPS_PAGE_MAX: Limit = Limit {
    name: "groups_page_max",
    unit: "groups",
    default: 100,
    min: 1,
    max: 1_000,
    test: "tests/chat/listing.rs::a_page_has_a_largest_size",
};
/// Users who are banned or muted in one group.
pub const SANCTIONS_PER_GROUP_MAX: Limit = Limit {
    name: "sanctions_per_group_max",
    unit: "sanctions",
    default: 1_000,
    min: 1,
    max: 100_000,
    test: "tests/chat/sanctions.rs::a_group_bans_and_mutes_so_many",
};
/// Users whom one user may block.
pub const BLOCKS_PER_USER_MAX: Limit = Limit {
    name: "blocks_per_user_max",
    unit: "users",
    default: 1_000,
    min: 0,
    max: 100_000,
    test: "tests/chat/block.rs::a_user_blocks_so_many",
};

// ---- chat: history ----

/// Entries on a page of history where the request names no number.
pub const HISTORY_PAGE_DEFAULT: Limit = Limit {
    name: "history_page_default",
    unit: "entries",
    default: 50,
    min: 1,
    max: 100,
    test: "tests/chat/history.rs::a_page_has_a_default_and_a_largest_size",
};
/// Entries on a page of history, whatever the request names.
pub const HISTORY_PAGE_MAX: Limit = Limit {
    name: "history_page_max",
    unit: "entries",
    default: 100,
    min: 1,
    max: 1_000,
    test: "tests/chat/history.rs::a_page_has_a_default_and_a_largest_size",
};
/// Bytes of what is said on a page of history. A page has at least one entry.
pub const HISTORY_PAGE_BYTES_MAX: Limit = Limit {
    name: "history_page_bytes_max",
    unit: "bytes",
    default: 128 * 1024,
    min: 1_024,
    max: 16 * 1024 * 1024,
    test: "tests/chat/history.rs::a_long_page_is_cut_by_its_bytes",
};
/// How long authors may recall what they said. Those who govern a group may for ever.
pub const RECALL_SECONDS: Limit = Limit {
    name: "recall_seconds",
    unit: "seconds",
    default: 120,
    min: 0,
    max: 10 * 365 * 24 * 3_600,
    test: "tests/chat/recall.rs::an_author_recalls_within_the_time",
};

// ---- chat: conversations and what is unread ----

/// Conversations on a page where the request names no number.
pub const CONVERSATIONS_PAGE_DEFAULT: Limit = Limit {
    name: "conversations_page_default",
    unit: "conversations",
    default: 20,
    min: 1,
    max: 100,
    test: "tests/chat/conversations.rs::a_page_has_a_default_and_a_largest_size",
};
/// Conversations on a page, whatever the request names.
pub const CONVERSATIONS_PAGE_MAX: Limit = Limit {
    name: "conversations_page_max",
    unit: "conversations",
    default: 50,
    min: 1,
    max: 500,
    test: "tests/chat/conversations.rs::a_page_has_a_default_and_a_largest_size",
};
/// Bytes of the newest entries on a page of conversations. A page has at least one conversation.
pub const CONVERSATIONS_PAGE_BYTES_MAX: Limit = Limit {
    name: "conversations_page_bytes_max",
    unit: "bytes",
    default: 128 * 1024,
    min: 1_024,
    max: 16 * 1024 * 1024,
    test: "tests/chat/conversations.rs::a_page_is_cut_by_its_bytes",
};
/// Entries after the cursor that are looked at for one conversation, the newest: so much is counted exactly.
pub const UNREAD_COUNTED_MAX: Limit = Limit {
    name: "unread_counted_max",
    unit: "entries",
    default: 1_000,
    min: 1,
    max: 10_000,
    test: "tests/chat/conversations.rs::what_is_unread_is_counted_up_to_a_bound",
};
/// Entries that are looked at for a page of conversations: some two microseconds each, so a page takes ten
/// milliseconds at most. A page has at least one conversation.
pub const UNREAD_COUNTED_PER_PAGE_MAX: Limit = Limit {
    name: "unread_counted_per_page_max",
    unit: "entries",
    default: 5_000,
    min: 1,
    max: 100_000,
    test: "tests/chat/conversations.rs::a_page_is_cut_where_counting_would_take_long",
};

// ---- chat: search ----

/// What is looked for, words and what divides them.
pub const SEARCH_BYTES_MAX: Limit = Limit {
    name: "search_bytes_max",
    unit: "bytes",
    default: 256,
    min: 4,
    max: 4_096,
    test: "tests/chat/search.rs::what_is_looked_for_is_bounded",
};
/// Different words in one search.
pub const SEARCH_WORDS_MAX: Limit = Limit {
    name: "search_words_max",
    unit: "words",
    default: 16,
    min: 1,
    max: 64,
    test: "tests/chat/search.rs::what_is_looked_for_is_bounded",
};
/// Entries on a page of a search where the request names no number.
pub const SEARCH_PAGE_DEFAULT: Limit = Limit {
    name: "search_page_default",
    unit: "entries",
    default: 20,
    min: 1,
    max: 50,
    test: "tests/chat/search.rs::a_page_has_a_default_and_a_largest_size",
};
/// Entries on a page of a search, whatever the request names.
pub const SEARCH_PAGE_MAX: Limit = Limit {
    name: "search_page_max",
    unit: "entries",
    default: 50,
    min: 1,
    max: 100,
    test: "tests/chat/search.rs::a_page_has_a_default_and_a_largest_size",
};
/// What one search may cost, and the searches of one turn together but for the last of them. A step is some 0.1 µs.
pub const SEARCH_STEPS_MAX: Limit = Limit {
    name: "search_steps_max",
    unit: "steps",
    default: 40_000,
    // Fewer might be spent before the first entry is looked at, and no search would ever get anywhere.
    min: 20_000,
    max: 10_000_000,
    test: "tests/chat/search.rs::searches_of_one_turn_share_their_steps",
};

// ---- chat: coming back ----

/// Conversations that a client may name when it resumes.
pub const RESUME_CONVERSATIONS_MAX: Limit = Limit {
    name: "resume_conversations_max",
    unit: "conversations",
    default: 1_000,
    min: 1,
    max: 100_000,
    test: "tests/chat/resume.rs::so_many_conversations_may_be_named",
};
/// Entries of a conversation that are replayed; where more are missing, a gap is told.
pub const RESUME_ENTRIES_MAX: Limit = Limit {
    name: "resume_entries_max",
    unit: "entries",
    default: 500,
    min: 0,
    max: 1_000_000,
    test: "tests/chat/resume.rs::where_too_much_is_missing_a_gap_stands_for_all_of_it",
};
/// Entries on a page of a replay.
pub const REPLAY_PAGE_MAX: Limit = Limit {
    name: "replay_page_max",
    unit: "entries",
    default: 100,
    min: 1,
    max: 1_000,
    test: "tests/chat/resume.rs::a_long_replay_goes_page_by_page_as_the_client_takes_it",
};
/// Bytes of what is said on a page of a replay, and of several short ones until the client has taken them.
pub const REPLAY_PAGE_BYTES_MAX: Limit = Limit {
    name: "replay_page_bytes_max",
    unit: "bytes",
    default: 64 * 1024,
    min: 1_024,
    max: 16 * 1024 * 1024,
    test: "tests/chat/resume.rs::a_long_replay_goes_page_by_page_as_the_client_takes_it",
};
/// Pages of all replays together in one turn.
pub const REPLAY_PAGES_PER_TURN: Limit = Limit {
    name: "replay_pages_per_turn",
    unit: "pages",
    default: 8,
    min: 1,
    max: 1_000,
    test: "tests/chat/resume.rs::a_turn_has_room_for_so_many_pages_and_everybody_has_a_turn",
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
/// How long the `id` of a message is known, so that the message may be sent again.
pub const SENDS_KEPT_MS: Limit = Limit {
    name: "sends_kept_ms",
    unit: "ms",
    default: 24 * 3_600 * 1_000,
    min: 24 * 3_600 * 1_000,
    max: 30 * 24 * 3_600 * 1_000,
    test: "tests/store/sends.rs::a_send_is_known_for_a_day",
};
/// Ids that are forgotten in one step, so that nobody waits for it.
pub const SENDS_FORGOTTEN_AT_ONCE: Limit = Limit {
    name: "sends_forgotten_at_once",
    unit: "ids",
    default: 500,
    min: 1,
    max: 100_000,
    test: "tests/store/sends.rs::forgetting_goes_in_small_steps",
};
/// Ids that the memory store knows; above it the oldest are forgotten before their time.
pub const SENDS_IN_MEMORY_MAX: Limit = Limit {
    name: "sends_in_memory_max",
    unit: "ids",
    default: 100_000,
    min: 1,
    max: 100_000_000,
    test: "tests/store/sends.rs::in_memory_there_is_room_for_so_many",
};
/// Days for which what was said is kept; 0 is for as long as there is room.
pub const RETENTION_DAYS_MAX: Limit = Limit {
    name: "retention_days_max",
    unit: "days",
    default: 0,
    min: 0,
    max: 36_500,
    test: "tests/store/retention.rs::what_is_too_old_goes",
};
/// Entries that are kept of one conversation; 0 is all.
pub const RETENTION_ENTRIES_PER_CONVERSATION_MAX: Limit = Limit {
    name: "retention_entries_per_conversation_max",
    unit: "entries",
    default: 0,
    min: 0,
    max: 1 << 40,
    test: "tests/store/retention.rs::of_a_conversation_so_many_are_kept",
};
/// Bytes of the store above which the oldest entries of all conversations go; 0 is no limit.
pub const RETENTION_BYTES_MAX: Limit = Limit {
    name: "retention_bytes_max",
    unit: "bytes",
    default: 0,
    min: 0,
    max: 1 << 50,
    test: "tests/store/retention.rs::a_store_that_is_too_large_gives_up_the_oldest_of_all",
};
/// Entries that are taken out in one step, so that nobody waits for it.
pub const ENTRIES_REMOVED_AT_ONCE: Limit = Limit {
    name: "entries_removed_at_once",
    unit: "entries",
    default: 500,
    min: 1,
    max: 100_000,
    test: "tests/store/retention.rs::it_goes_in_small_steps",
};
/// How often the store is given time to tidy up while nothing is written.
pub const TIDY_EVERY_MS: Limit = Limit {
    name: "tidy_every_ms",
    unit: "ms",
    default: 3_600_000,
    min: 1_000,
    max: 24 * 3_600 * 1_000,
    test: "tests/app/tidy.rs::an_idle_daemon_tidies_up_now_and_then",
};

/// The write-ahead log from which on it is moved into the file of the store, however much is said meanwhile.
pub const WAL_BYTES_MAX: Limit = Limit {
    name: "wal_bytes_max",
    unit: "bytes",
    default: 256 * 1024 * 1024,
    min: 4 * 1024 * 1024,
    max: 1 << 40,
    test: "tests/store/checkpoints.rs::the_largest_wal_is_moved_whoever_speaks",
};

// ---- net, http and app ----

/// The largest message that is received, after inflating.
pub const MESSAGE_BYTES_MAX: Limit = Limit {
    name: "message_bytes_max",
    unit: "bytes",
    default: 65_536,
    min: 1_024,
    max: 16 * 1024 * 1024,
    test: "tests/net/receiving.rs::what_is_against_the_protocol_closes_with_its_code_and_nobody_else_notices",
};
/// From the opening handshake to the login.
pub const LOGIN_TIMEOUT_MS: Limit = Limit {
    name: "login_timeout_ms",
    unit: "ms",
    default: 10_000,
    min: 1_000,
    max: 600_000,
    test: "tests/app/sessions.rs::who_does_not_log_in_is_told_and_closed",
};
/// Logins that fail from one address before further ones are put off; loopback and Unix sockets are exempt.
pub const FAILED_LOGINS_PER_ADDRESS_MAX: Limit = Limit {
    name: "failed_logins_per_address_max",
    unit: "logins",
    default: 10,
    min: 1,
    max: 1_000_000,
    test: "tests/app/logins.rs::who_fails_too_often_is_put_off_and_nobody_else",
};
/// How long a login that failed counts, from the first one of its address on.
pub const FAILED_LOGINS_WINDOW_MS: Limit = Limit {
    name: "failed_logins_window_ms",
    unit: "ms",
    default: 60_000,
    min: 1_000,
    max: 24 * 3_600 * 1_000,
    test: "tests/app/logins.rs::when_the_time_is_over_a_login_is_looked_at_again",
};
/// Addresses whose failed logins are remembered; an IPv6 address is its /64.
pub const FAILED_LOGIN_ADDRESSES_MAX: Limit = Limit {
    name: "failed_login_addresses_max",
    unit: "addresses",
    default: 10_000,
    min: 1,
    max: 10_000_000,
    test: "src/app/strangers.rs::only_so_many_addresses_are_remembered",
};
/// A token that is looked at.
pub const TOKEN_BYTES_MAX: Limit = Limit {
    name: "token_bytes_max",
    unit: "bytes",
    default: 8_192,
    min: 1_024,
    max: 65_536,
    test: "tests/auth/jwt.rs::a_token_is_bounded_before_it_is_looked_at",
};
/// How far the clocks of who signs tokens and of this machine may differ.
pub const TOKEN_LEEWAY_MS: Limit = Limit {
    name: "token_leeway_ms",
    unit: "ms",
    default: 30_000,
    min: 0,
    max: 600_000,
    test: "tests/auth/jwt.rs::a_token_holds_until_the_leeway_is_over",
};
/// Connections in all; the descriptor limit of the process may allow fewer.
pub const CONNECTIONS_MAX: Limit = Limit {
    name: "connections_max",
    unit: "connections",
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    test: "tests/net/accepting.rs::at_the_limit_the_next_one_waits_until_somebody_goes",
};
/// Connections from one address; loopback and Unix sockets are exempt.
pub const CONNECTIONS_PER_ADDRESS_MAX: Limit = Limit {
    name: "connections_per_address_max",
    unit: "connections",
    default: 200,
    min: 1,
    max: 1_000_000,
    test: "tests/net/accepting.rs::an_address_has_only_so_many_connections",
};
/// From accept, or from the last response, to a whole request head.
pub const HEAD_TIMEOUT_MS: Limit = Limit {
    name: "head_timeout_ms",
    unit: "ms",
    default: 10_000,
    min: 100,
    max: 600_000,
    test: "tests/net/deadlines.rs::a_head_that_drips_is_answered_408_at_its_absolute_deadline",
};
/// From a whole head to a whole body.
pub const BODY_TIMEOUT_MS: Limit = Limit {
    name: "body_timeout_ms",
    unit: "ms",
    default: 30_000,
    min: 100,
    max: 600_000,
    test: "tests/net/deadlines.rs::a_body_that_does_not_come_is_answered_408",
};
/// Silence after which a ping is sent.
pub const PING_AFTER_MS: Limit = Limit {
    name: "ping_after_ms",
    unit: "ms",
    default: 25_000,
    min: 500,
    max: 3_600_000,
    test: "tests/net/deadlines.rs::silence_is_pinged_and_an_answer_keeps_the_connection",
};
/// Further silence after which the connection is closed.
pub const PING_TIMEOUT_MS: Limit = Limit {
    name: "ping_timeout_ms",
    unit: "ms",
    default: 10_000,
    min: 250,
    max: 3_600_000,
    test: "tests/net/deadlines.rs::silence_after_the_ping_ends_the_connection",
};
/// From our Close frame to the end of the connection.
pub const CLOSE_TIMEOUT_MS: Limit = Limit {
    name: "close_timeout_ms",
    unit: "ms",
    default: 5_000,
    min: 250,
    max: 600_000,
    test: "tests/net/closing.rs::a_peer_that_never_answers_the_close_is_dropped_in_time_whatever_it_sends",
};
/// From the signal to the end of a drain.
pub const DRAIN_TIMEOUT_MS: Limit = Limit {
    name: "drain_timeout_ms",
    unit: "ms",
    default: 4_000,
    min: 0,
    max: 600_000,
    test: "tests/net/drain.rs::whoever_does_not_go_is_left_behind_in_time",
};
/// Control and empty frames of a connection, sustained for five seconds.
pub const CONTROL_FRAMES_PER_SECOND: Limit = Limit {
    name: "control_frames_per_second",
    unit: "frames/s",
    default: 100,
    min: 1,
    max: 1_000_000,
    test: "tests/net/receiving.rs::a_flood_of_control_or_empty_frames_is_refused",
};
/// The kernel's send buffer of a connection; the kernel doubles the figure for its own book-keeping.
pub const SOCKET_SEND_BUFFER_BYTES: Limit = Limit {
    name: "socket_send_buffer_bytes",
    unit: "bytes",
    default: 24_576,
    min: 4_096,
    max: 16 * 1024 * 1024,
    test: "tests/net/backpressure.rs::over_the_hard_limit_the_begun_frame_is_finished_and_then_only_the_farewell_comes",
};
/// Output that the kernel refused: over this for `output_soft_timeout_ms` is a slow consumer.
pub const OUTPUT_SOFT_BYTES_MAX: Limit = Limit {
    name: "output_soft_bytes_max",
    unit: "bytes",
    default: 262_144,
    min: 0,
    max: 1 << 30,
    test: "tests/net/backpressure.rs::over_the_soft_limit_there_is_time_to_catch_up_and_then_an_end",
};
/// How long the soft limit may be passed.
pub const OUTPUT_SOFT_TIMEOUT_MS: Limit = Limit {
    name: "output_soft_timeout_ms",
    unit: "ms",
    default: 10_000,
    min: 0,
    max: 600_000,
    test: "tests/net/backpressure.rs::over_the_soft_limit_there_is_time_to_catch_up_and_then_an_end",
};
/// Output that the kernel refused: over this, and over one message, for `output_hard_timeout_ms` is a slow
/// consumer; over four times as much, at once.
pub const OUTPUT_HARD_BYTES_MAX: Limit = Limit {
    name: "output_hard_bytes_max",
    unit: "bytes",
    default: 1_048_576,
    min: 0,
    max: 1 << 30,
    test: "tests/net/backpressure.rs::over_the_hard_limit_the_begun_frame_is_finished_and_then_only_the_farewell_comes",
};
/// How long the hard limit may be passed.
pub const OUTPUT_HARD_TIMEOUT_MS: Limit = Limit {
    name: "output_hard_timeout_ms",
    unit: "ms",
    default: 1_000,
    min: 0,
    max: 600_000,
    test: "tests/net/backpressure.rs::a_burst_over_the_hard_limit_does_not_end_who_reads",
};
/// Output in memory for all connections together, a shared chunk counted once.
pub const OUTPUT_TOTAL_BYTES_MAX: Limit = Limit {
    name: "output_total_bytes_max",
    unit: "bytes",
    default: 67_108_864,
    min: 0,
    max: 1 << 40,
    test: "tests/net/backpressure.rs::the_limit_of_all_output_together_ends_the_largest_queues",
};
/// A connection is not read while its own output (answers, not topics) is above this.
pub const OWN_OUTPUT_BYTES_MAX: Limit = Limit {
    name: "own_output_bytes_max",
    unit: "bytes",
    default: 65_536,
    min: 1_024,
    max: 1 << 30,
    test: "tests/net/backpressure.rs::who_does_not_take_answers_is_not_read_and_not_ended",
};
/// Bytes read from a connection in a turn, and as many again that its messages may grow by inflating.
pub const READ_BYTES_PER_TURN: Limit = Limit {
    name: "read_bytes_per_turn",
    unit: "bytes",
    default: 262_144,
    min: 1_024,
    max: 1 << 30,
    test: "tests/net/receiving.rs::a_sender_at_line_rate_does_not_keep_the_others_waiting",
};
/// Connections accepted in a turn.
pub const ACCEPTS_PER_TURN: Limit = Limit {
    name: "accepts_per_turn",
    unit: "connections",
    default: 128,
    min: 1,
    max: 100_000,
    test: "tests/net/accepting.rs::a_crowd_is_accepted_over_several_turns",
};
/// Connections flushed in a turn.
pub const FLUSHES_PER_TURN: Limit = Limit {
    name: "flushes_per_turn",
    unit: "connections",
    default: 256,
    min: 1,
    max: 1_000_000,
    test: "tests/net/topics.rs::a_long_fan_out_is_flushed_in_slices_and_reaches_everybody",
};
/// The request line, and each header line.
pub const HTTP_LINE_BYTES_MAX: Limit = Limit {
    name: "http_line_bytes_max",
    unit: "bytes",
    default: 8_192,
    min: 256,
    max: 1 << 20,
    test: "tests/http/refusals.rs::long_request_lines",
};
/// The whole head of a request.
pub const HTTP_HEAD_BYTES_MAX: Limit = Limit {
    name: "http_head_bytes_max",
    unit: "bytes",
    default: 16_384,
    min: 512,
    max: 1 << 20,
    test: "tests/http/refusals.rs::long_heads",
};
/// Header lines of a request.
pub const HTTP_HEADERS_MAX: Limit = Limit {
    name: "http_headers_max",
    unit: "headers",
    default: 64,
    min: 8,
    max: 1_000,
    test: "tests/http/refusals.rs::many_headers",
};
/// The body of a request.
pub const HTTP_BODY_BYTES_MAX: Limit = Limit {
    name: "http_body_bytes_max",
    unit: "bytes",
    default: 65_536,
    min: 0,
    max: 1 << 30,
    test: "tests/http/refusals.rs::bodies_over_the_limit_before_they_come",
};
