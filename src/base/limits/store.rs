//! What the store bounds: how long and how much it keeps, and how much it does between two turns.
//!
//! Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

/// Entries of one conversation that the memory store keeps.
pub const ENTRIES_PER_CONVERSATION_MAX: Limit = Limit {
    name: "entries_per_conversation_max",
    unit: "entries",
    default: 1_000,
    min: 0,
    max: 1_000_000,
    test: "tests/store/memory.rs::the_oldest_entries_go_first",
};
/// The largest file of API keys that is copied with the store.
pub const KEYS_FILE_BYTES_MAX: Limit = Limit {
    name: "keys_file_bytes_max",
    unit: "bytes",
    default: 1024 * 1024,
    min: 1,
    max: 1024 * 1024 * 1024,
    test: "tests/store/backup.rs::a_file_that_is_no_file_of_keys_is_not_copied",
};
/// Guests' uids that a restored store passes by: those that may have been given since the copy was made.
pub const GUESTS_SKIPPED_BY_RESTORE: Limit = Limit {
    name: "guests_skipped_by_restore",
    unit: "uids",
    default: 1_000_000,
    min: 1,
    max: 1 << 40,
    test: "tests/app/backup.rs::a_restored_store_gives_no_number_twice",
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
/// How long the answer of a call that bore a key is kept.
pub const ANSWERS_KEPT_MS: Limit = Limit {
    name: "answers_kept_ms",
    unit: "ms",
    default: 24 * 3_600 * 1_000,
    min: 24 * 3_600 * 1_000,
    max: 30 * 24 * 3_600 * 1_000,
    test: "tests/store/answers.rs::an_answer_is_known_for_a_day",
};
/// Answers that are forgotten in one step, so that nobody waits for it.
pub const ANSWERS_FORGOTTEN_AT_ONCE: Limit = Limit {
    name: "answers_forgotten_at_once",
    unit: "answers",
    default: 500,
    min: 1,
    max: 100_000,
    test: "tests/store/answers.rs::forgetting_goes_in_small_steps",
};
/// Answers that the memory store keeps; above it the oldest are forgotten before their time.
pub const ANSWERS_IN_MEMORY_MAX: Limit = Limit {
    name: "answers_in_memory_max",
    unit: "answers",
    default: 20_000,
    min: 1,
    max: 10_000_000,
    test: "tests/store/answers.rs::in_memory_there_is_room_for_so_many",
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
/// Entries of everybody's that are looked through in one step for those of a deleted person.
pub const ENTRIES_SEARCHED_AT_ONCE: Limit = Limit {
    name: "entries_searched_at_once",
    unit: "entries",
    default: 5_000,
    min: 1,
    max: 1_000_000,
    test: "tests/store/forgotten.rs::it_goes_in_small_steps",
};
/// Entries of a deleted person that lose their text in one step.
pub const ENTRIES_ERASED_AT_ONCE: Limit = Limit {
    name: "entries_erased_at_once",
    unit: "entries",
    default: 32,
    min: 1,
    max: 10_000,
    test: "tests/store/forgotten.rs::it_goes_in_small_steps",
};
/// Pushes that wait for one user; the oldest go first.
pub const PUSHES_PER_USER_MAX: Limit = Limit {
    name: "pushes_per_user_max",
    unit: "pushes",
    default: 100,
    min: 1,
    max: 10_000,
    test: "tests/store/pushes.rs::of_a_user_the_newest_are_kept",
};
/// Pushes whose receivers share rows, and which every login so looks through; the oldest go first.
pub const LARGE_PUSHES_MAX: Limit = Limit {
    name: "large_pushes_max",
    unit: "pushes",
    default: 1_000,
    min: 1,
    max: 100_000,
    test: "tests/store/pushes.rs::of_large_pushes_so_many_are_kept",
};
/// Pushes that are taken out in one step, with all their rows, so that nobody waits for it.
pub const PUSHES_REMOVED_AT_ONCE: Limit = Limit {
    name: "pushes_removed_at_once",
    unit: "pushes",
    default: 10,
    min: 1,
    max: 1_000,
    test: "tests/store/pushes.rs::removing_goes_in_small_steps",
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
