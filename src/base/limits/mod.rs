//! Every limit of the daemon in one table.
//!
//! A limit has a name with its unit in it, a default, bounds for whoever configures it, and the test that
//! reaches it. Code reads the constants; the documentation reads [`TABLE`]. Each floor has a file of its
//! own, so that a new limit is one constant there and one line of the table.
//!
//! The tutorial has a single limit, 2048 bytes for one `recv`, and takes that for the size of a message.
//! Tested in `tests/chat/limits.rs`, which also proves that each named test is there.

mod chat;
mod desk;
mod files;
mod net;
mod push;
mod store;

pub use chat::*;
pub use desk::*;
pub use files::*;
pub use net::*;
pub use push::*;
pub use store::*;

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
    GUESTS_SKIPPED_BY_RESTORE,
    KEYS_FILE_BYTES_MAX,
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
    PUSH_UIDS_MAX,
    PUSH_TITLE_BYTES_MAX,
    PUSH_CONTENT_BYTES_MAX,
    PUSH_URL_BYTES_MAX,
    PUSH_TTL_SECONDS_DEFAULT,
    PUSH_TTL_SECONDS_MAX,
    DESK_TICKETS_OPEN_MAX,
    DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX,
    DESK_VISITOR_GRACE_MS,
    DESK_AGENT_GRACE_MS,
    DESK_CAPACITY,
    DESK_OFFER_SECONDS,
    DESK_OFFERS_PER_DESK_MAX,
    DESK_IDLE_CLOSE_SECONDS,
    DESK_IDLE_NOTICE_SECONDS,
    DESK_TOLD_EVERY_MS,
    DESK_RATE_MS,
    DESK_PAGE_BYTES_MAX,
    DESK_LANG_BYTES_MAX,
    DESK_FORM_BYTES_MAX,
    DESK_FORM_FIELDS_MAX,
    DESK_TAGS_MAX,
    DESK_TAG_BYTES_MAX,
    DESK_COMMENT_BYTES_MAX,
    DESK_NOTE_BYTES_MAX,
    DESK_NOTES_PAGE_MAX,
    DESK_NOTES_PAGE_BYTES_MAX,
    DESK_CANNED_SHARED_MAX,
    DESK_CANNED_OWN_MAX,
    DESK_CANNED_BYTES_MAX,
    DESK_CANNED_SHORT_BYTES_MAX,
    DESK_DESKS_MAX,
    DESK_SETTINGS_TEXT_BYTES_MAX,
    DESK_HOURS_SPANS_MAX,
    DESK_HOURS_DATES_MAX,
    DESK_TICKETS_PAGE_DEFAULT,
    DESK_TICKETS_PAGE_MAX,
    DESK_TICKETS_PAGE_BYTES_MAX,
    DESK_FIGURES_DAYS_MAX,
    DESK_FIGURES_TICKETS_MAX,
    DESK_TRANSCRIPT_ENTRIES_MAX,
    DESK_TRANSCRIPT_BYTES_MAX,
    INTERNAL_RETRY_MS,
    IDLE_USERS_MAX,
    IDLE_GROUPS_MAX,
    DIRECTS_CACHED_MAX,
    ENTRIES_PER_CONVERSATION_MAX,
    SENDS_KEPT_MS,
    SENDS_FORGOTTEN_AT_ONCE,
    SENDS_IN_MEMORY_MAX,
    ANSWERS_KEPT_MS,
    ANSWERS_FORGOTTEN_AT_ONCE,
    ANSWERS_IN_MEMORY_MAX,
    RETENTION_DAYS_MAX,
    RETENTION_ENTRIES_PER_CONVERSATION_MAX,
    RETENTION_BYTES_MAX,
    ENTRIES_REMOVED_AT_ONCE,
    ENTRIES_SEARCHED_AT_ONCE,
    ENTRIES_ERASED_AT_ONCE,
    PUSHES_PER_USER_MAX,
    LARGE_PUSHES_MAX,
    PUSHES_REMOVED_AT_ONCE,
    TIDY_EVERY_MS,
    WAL_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    LOGIN_TIMEOUT_MS,
    FAILED_LOGINS_PER_ADDRESS_MAX,
    FAILED_LOGINS_WINDOW_MS,
    FAILED_LOGIN_ADDRESSES_MAX,
    TOKEN_BYTES_MAX,
    TOKEN_LEEWAY_MS,
    API_KEYS_MAX,
    API_CALLS_PER_SECOND,
    BATCH_CALLS_MAX,
    BATCH_ANSWER_BYTES_MAX,
    CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX,
    HEAD_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    PING_AFTER_MS,
    PING_TIMEOUT_MS,
    CLOSE_TIMEOUT_MS,
    DRAIN_DELAY_MS,
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
    TLS_HANDSHAKES_PER_TURN,
    PROXY_HEADER_BYTES_MAX,
    ACCEPTS_PER_TURN,
    FLUSHES_PER_TURN,
    HTTP_LINE_BYTES_MAX,
    HTTP_HEAD_BYTES_MAX,
    HTTP_HEADERS_MAX,
    HTTP_BODY_BYTES_MAX,
    FILES_BYTES_MAX,
    FILES_TOTAL_BYTES_MAX,
    FILES_IN_MEMORY_BYTES_MAX,
    FILES_GUEST_BYTES_PER_ADDRESS_AND_HOUR_MAX,
    FILE_NAME_BYTES_MAX,
    UPLOADS_PER_USER_MAX,
    UPLOADS_MAX,
    UPLOADS_PER_MINUTE,
    FILE_UNBOUND_MS,
    FILES_REMOVED_AT_ONCE,
    UPLOAD_BYTES_PER_SECOND_MIN,
    DOWNLOAD_PIECE_BYTES,
    DOWNLOAD_PIECE_TIMEOUT_MS,
    DOWNLOAD_PIECES_PER_TURN,
];
