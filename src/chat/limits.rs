//! The limits of the core, as one value that is handed to [`Chat::new`](super::Chat::new).
//!
//! The defaults come from the table in [`base::limits`](crate::base::limits); every name has its unit there
//! and here. Whoever configures checks the bounds; the core takes what it is given.

use super::desk::DeskLimits;
use crate::base::limits as table;

/// Who may speak to everyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BroadcastPolicy {
    /// Only users whose token says `admin`.
    #[default]
    Admins,
    /// Every user, as in the tutorial.
    Anyone,
}

/// The limits of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first uid that is given to a guest.
    pub guest_uid_first: u64,
    /// Numbers that are reserved for guests in one order to the store.
    pub guests_reserved: u64,
    /// Days after which a guest who was not here is forgotten.
    pub guest_kept_days: u64,
    /// Milliseconds between two questions whether there is somebody to forget.
    pub forgetting_every_ms: u64,
    /// Milliseconds from one step of forgetting to the next.
    pub forgetting_pause_ms: u64,
    /// Requests per second and user, in the long run.
    pub messages_per_second: u64,
    /// Requests that a user who was silent may make at once.
    pub messages_burst: u64,
    /// Milliseconds that a user may go on over the rate.
    pub over_rate_ms: u64,
    /// Milliseconds between two refusals that end a spell over the rate.
    pub over_rate_pause_ms: u64,
    /// Groups of which one user may be a member.
    pub groups_per_user_max: usize,
    /// Members of one group.
    pub group_members_max: usize,
    /// Members up to which a group hears who joins and leaves.
    pub notice_members_max: usize,
    /// Members on a page where the request names no number.
    pub members_page_default: usize,
    /// Members on a page at most.
    pub members_page_max: usize,
    /// Groups on a page.
    pub groups_page_max: usize,
    /// Users who are banned or muted in one group.
    pub sanctions_per_group_max: usize,
    /// Users whom one user may block.
    pub blocks_per_user_max: usize,
    /// Entries on a page of history where the request names no number.
    pub history_page_default: usize,
    /// Entries on a page of history at most.
    pub history_page_max: usize,
    /// Bytes of what is said on a page of history.
    pub history_page_bytes_max: usize,
    /// Seconds for which authors may recall what they said.
    pub recall_seconds: u64,
    /// Conversations on a page where the request names no number.
    pub conversations_page_default: usize,
    /// Conversations on a page at most.
    pub conversations_page_max: usize,
    /// Entries after the cursor that are looked at for one conversation.
    pub unread_counted_max: u64,
    /// Entries that are looked at for a page of conversations.
    pub unread_counted_per_page_max: u64,
    /// Bytes of the newest entries on a page of conversations.
    pub conversations_page_bytes_max: usize,
    /// Bytes of what is looked for.
    pub search_bytes_max: usize,
    /// Different words of what is looked for.
    pub search_words_max: usize,
    /// Entries on a page of a search where the request names no number.
    pub search_page_default: usize,
    /// Entries on a page of a search at most.
    pub search_page_max: usize,
    /// Steps of the store for searches in one turn.
    pub search_steps_max: usize,
    /// Conversations that a client may name when it resumes.
    pub resume_conversations_max: usize,
    /// Entries of a conversation that are replayed.
    pub resume_entries_max: u64,
    /// Entries on a page of a replay.
    pub replay_page_max: usize,
    /// Bytes of what is said on a page of a replay.
    pub replay_page_bytes_max: usize,
    /// Pages of all replays together in one turn.
    pub replay_pages_per_turn: usize,
    /// Users whom one session may watch.
    pub watched_uids_max: usize,
    /// Milliseconds for which a user without a session is still shown as online.
    pub presence_grace_ms: u64,
    /// Bytes of the text of a message.
    pub content_bytes_max: usize,
    /// Bytes of the `kind` of a message.
    pub kind_bytes_max: usize,
    /// Bytes of the `data` of a message.
    pub data_bytes_max: usize,
    /// Users who are mentioned in one message.
    pub mentions_max: usize,
    /// Characters of a display name.
    pub name_chars_max: usize,
    /// Bytes of a display name.
    pub name_bytes_max: usize,
    /// Users to whom one push may be addressed by name.
    pub push_uids_max: usize,
    /// Bytes of the headline of a push.
    pub push_title_bytes_max: usize,
    /// Bytes of the text of a push.
    pub push_content_bytes_max: usize,
    /// Bytes of the address to which a push leads.
    pub push_url_bytes_max: usize,
    /// Seconds for which a push waits where the back end does not say.
    pub push_ttl_seconds_default: u64,
    /// Seconds for which a push waits at most.
    pub push_ttl_seconds_max: u64,
    /// Milliseconds after which a request that met a failing store may be tried again.
    pub internal_retry_ms: u64,
    /// Users that stay in memory though nothing needs them.
    pub idle_users_max: usize,
    /// Groups that stay in memory though no member is online.
    pub idle_groups_max: usize,
    /// Private conversations whose last `seq` stays in memory.
    pub directs_cached_max: usize,
    /// Those of the support desk.
    pub desk: DeskLimits,
    /// Who may speak to everyone.
    pub broadcast: BroadcastPolicy,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            guest_uid_first: table::GUEST_UID_FIRST.default,
            guests_reserved: table::GUESTS_RESERVED.default,
            guest_kept_days: table::GUEST_KEPT_DAYS.default,
            forgetting_every_ms: table::FORGETTING_EVERY_MS.default,
            forgetting_pause_ms: table::FORGETTING_PAUSE_MS.default,
            messages_per_second: table::MESSAGES_PER_SECOND.default,
            messages_burst: table::MESSAGES_BURST.default,
            over_rate_ms: table::OVER_RATE_MS.default,
            over_rate_pause_ms: table::OVER_RATE_PAUSE_MS.default,
            groups_per_user_max: table::GROUPS_PER_USER_MAX.count(),
            group_members_max: table::GROUP_MEMBERS_MAX.count(),
            notice_members_max: table::NOTICE_MEMBERS_MAX.count(),
            members_page_default: table::MEMBERS_PAGE_DEFAULT.count(),
            members_page_max: table::MEMBERS_PAGE_MAX.count(),
            groups_page_max: table::GROUPS_PAGE_MAX.count(),
            sanctions_per_group_max: table::SANCTIONS_PER_GROUP_MAX.count(),
            blocks_per_user_max: table::BLOCKS_PER_USER_MAX.count(),
            history_page_default: table::HISTORY_PAGE_DEFAULT.count(),
            history_page_max: table::HISTORY_PAGE_MAX.count(),
            history_page_bytes_max: table::HISTORY_PAGE_BYTES_MAX.count(),
            recall_seconds: table::RECALL_SECONDS.default,
            conversations_page_default: table::CONVERSATIONS_PAGE_DEFAULT.count(),
            conversations_page_max: table::CONVERSATIONS_PAGE_MAX.count(),
            unread_counted_max: table::UNREAD_COUNTED_MAX.default,
            unread_counted_per_page_max: table::UNREAD_COUNTED_PER_PAGE_MAX.default,
            conversations_page_bytes_max: table::CONVERSATIONS_PAGE_BYTES_MAX.count(),
            search_bytes_max: table::SEARCH_BYTES_MAX.count(),
            search_words_max: table::SEARCH_WORDS_MAX.count(),
            search_page_default: table::SEARCH_PAGE_DEFAULT.count(),
            search_page_max: table::SEARCH_PAGE_MAX.count(),
            search_steps_max: table::SEARCH_STEPS_MAX.count(),
            resume_conversations_max: table::RESUME_CONVERSATIONS_MAX.count(),
            resume_entries_max: table::RESUME_ENTRIES_MAX.default,
            replay_page_max: table::REPLAY_PAGE_MAX.count(),
            replay_page_bytes_max: table::REPLAY_PAGE_BYTES_MAX.count(),
            replay_pages_per_turn: table::REPLAY_PAGES_PER_TURN.count(),
            watched_uids_max: table::WATCHED_UIDS_MAX.count(),
            presence_grace_ms: table::PRESENCE_GRACE_MS.default,
            content_bytes_max: table::CONTENT_BYTES_MAX.count(),
            kind_bytes_max: table::KIND_BYTES_MAX.count(),
            data_bytes_max: table::DATA_BYTES_MAX.count(),
            mentions_max: table::MENTIONS_MAX.count(),
            name_chars_max: table::NAME_CHARS_MAX.count(),
            name_bytes_max: table::NAME_BYTES_MAX.count(),
            push_uids_max: table::PUSH_UIDS_MAX.count(),
            push_title_bytes_max: table::PUSH_TITLE_BYTES_MAX.count(),
            push_content_bytes_max: table::PUSH_CONTENT_BYTES_MAX.count(),
            push_url_bytes_max: table::PUSH_URL_BYTES_MAX.count(),
            push_ttl_seconds_default: table::PUSH_TTL_SECONDS_DEFAULT.default,
            push_ttl_seconds_max: table::PUSH_TTL_SECONDS_MAX.default,
            internal_retry_ms: table::INTERNAL_RETRY_MS.default,
            idle_users_max: table::IDLE_USERS_MAX.count(),
            idle_groups_max: table::IDLE_GROUPS_MAX.count(),
            directs_cached_max: table::DIRECTS_CACHED_MAX.count(),
            desk: DeskLimits::default(),
            broadcast: BroadcastPolicy::default(),
        }
    }
}
