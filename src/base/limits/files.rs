//! What is bounded of files and images: how large, how many, how quickly they must come, how long they wait.
//!
//! Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

/// One file; 0 is that there are none.
pub const FILES_BYTES_MAX: Limit = Limit {
    name: "files_bytes_max",
    unit: "bytes",
    default: 8 * 1024 * 1024,
    min: 0,
    max: 512 * 1024 * 1024,
    test: "tests/app/files.rs::a_file_is_bounded_by_its_head",
};
/// All files together.
pub const FILES_TOTAL_BYTES_MAX: Limit = Limit {
    name: "files_total_bytes_max",
    unit: "bytes",
    default: 1 << 30,
    min: 0,
    max: 1 << 50,
    test: "tests/app/files.rs::all_files_together_are_bounded",
};
/// All files together where they are kept in memory.
pub const FILES_IN_MEMORY_BYTES_MAX: Limit = Limit {
    name: "files_in_memory_bytes_max",
    unit: "bytes",
    default: 64 * 1024 * 1024,
    min: 0,
    max: 1 << 40,
    test: "tests/app/files.rs::in_memory_there_is_less_room",
};
/// The name of a file.
pub const FILE_NAME_BYTES_MAX: Limit = Limit {
    name: "file_name_bytes_max",
    unit: "bytes",
    default: 255,
    min: 16,
    max: 1_024,
    test: "tests/app/files.rs::names_and_types_are_bounded",
};
/// What guests of one address begin to upload in one hour, together.
pub const FILES_GUEST_BYTES_PER_ADDRESS_AND_HOUR_MAX: Limit = Limit {
    name: "files_guest_bytes_per_address_and_hour_max",
    unit: "bytes",
    default: 64 * 1024 * 1024,
    min: 0,
    max: 1 << 40,
    test: "src/app/files/quota.rs::guests_of_an_address_upload_so_much_in_an_hour",
};
/// Uploads of one user that are under way.
pub const UPLOADS_PER_USER_MAX: Limit = Limit {
    name: "uploads_per_user_max",
    unit: "uploads",
    default: 4,
    min: 1,
    max: 1_000,
    test: "tests/app/files.rs::a_user_uploads_so_many_at_once",
};
/// Uploads of all users that are under way.
pub const UPLOADS_MAX: Limit = Limit {
    name: "uploads_max",
    unit: "uploads",
    default: 256,
    min: 1,
    max: 100_000,
    test: "src/app/files/quota.rs::so_many_are_under_way_in_all",
};
/// Uploads that one user may begin in a minute.
pub const UPLOADS_PER_MINUTE: Limit = Limit {
    name: "uploads_per_minute",
    unit: "uploads/min",
    default: 30,
    min: 1,
    max: 100_000,
    test: "tests/app/files.rs::a_user_uploads_so_many_in_a_minute",
};
/// How long a file waits for the entry to which it belongs.
pub const FILE_UNBOUND_MS: Limit = Limit {
    name: "file_unbound_ms",
    unit: "ms",
    default: 3_600_000,
    min: 1_000,
    max: 24 * 3_600 * 1_000,
    test: "tests/store/files.rs::a_file_that_belongs_to_no_entry_goes",
};
/// Files that are taken off the disk in one step, so that nobody waits for it.
pub const FILES_REMOVED_AT_ONCE: Limit = Limit {
    name: "files_removed_at_once",
    unit: "files",
    default: 32,
    min: 1,
    max: 10_000,
    test: "tests/store/files.rs::removing_goes_in_small_steps",
};
/// What must come in a second of an upload, over each `body_timeout_ms`.
pub const UPLOAD_BYTES_PER_SECOND_MIN: Limit = Limit {
    name: "upload_bytes_per_second_min",
    unit: "bytes/s",
    default: 2_048,
    min: 1,
    max: 1 << 30,
    test: "tests/net/uploads.rs::a_body_that_drips_is_answered_408",
};
/// What of a file is queued for whoever downloads it.
pub const DOWNLOAD_PIECE_BYTES: Limit = Limit {
    name: "download_piece_bytes",
    unit: "bytes",
    default: 64 * 1024,
    min: 1_024,
    max: 1024 * 1024,
    test: "tests/app/files_gone.rs::a_slow_reader_of_a_large_file_costs_one_piece_of_memory",
};
/// How long a client may take over one such piece.
pub const DOWNLOAD_PIECE_TIMEOUT_MS: Limit = Limit {
    name: "download_piece_timeout_ms",
    unit: "ms",
    default: 30_000,
    min: 100,
    max: 600_000,
    test: "tests/net/downloads.rs::who_does_not_take_a_piece_in_time_is_given_up",
};
/// Pieces of all downloads together in a turn.
pub const DOWNLOAD_PIECES_PER_TURN: Limit = Limit {
    name: "download_pieces_per_turn",
    unit: "pieces",
    default: 16,
    min: 1,
    max: 10_000,
    test: "tests/net/downloads.rs::a_turn_has_room_for_so_many_pieces_and_everybody_has_a_turn",
};
