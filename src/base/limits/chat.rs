//! What the chat core bounds: who may ask how often, how large groups, pages and messages are, what stays in memory.
//!
//! Carried by [`chat::Limits`](crate::chat::Limits). Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

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
