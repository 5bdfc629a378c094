//! What the loop and the floors around it bound: messages, tokens, heads, connections, output, and time.
//!
//! Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

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
/// API keys that hold at the same time.
pub const API_KEYS_MAX: Limit = Limit {
    name: "api_keys_max",
    unit: "keys",
    default: 100,
    min: 1,
    max: 10_000,
    test: "tests/auth/api_key.rs::only_so_many_keys_hold",
};
/// Calls of the HTTP API that one key may make in a second; as many at once. Each call of a batch is one.
pub const API_CALLS_PER_SECOND: Limit = Limit {
    name: "api_calls_per_second",
    unit: "calls/s",
    default: 1_000,
    min: 1,
    max: 1_000_000,
    test: "tests/app/api_keys.rs::a_key_makes_so_many_calls_a_second",
};
/// Calls of one batch.
pub const BATCH_CALLS_MAX: Limit = Limit {
    name: "batch_calls_max",
    unit: "calls",
    default: 100,
    min: 1,
    max: 10_000,
    test: "tests/wire/api.rs::a_batch_has_so_many_calls",
};
/// The answers of one batch together; calls behind that are not made.
pub const BATCH_ANSWER_BYTES_MAX: Limit = Limit {
    name: "batch_answer_bytes_max",
    unit: "bytes",
    default: 1024 * 1024,
    min: 1_024,
    max: 1 << 30,
    test: "tests/app/api_batch.rs::a_batch_reads_so_much_and_no_more",
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
/// From the signal to the drain: so long nothing changes but the answer to who asks whether all is well.
pub const DRAIN_DELAY_MS: Limit = Limit {
    name: "drain_delay_ms",
    unit: "ms",
    default: 0,
    min: 0,
    max: 600_000,
    test: "tests/net/drain.rs::before_a_drain_there_may_be_a_delay_in_which_all_goes_on",
};
/// From the beginning of a drain to its end.
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
/// Reads of TLS handshakes in a turn; a handshake needs two or three.
pub const TLS_HANDSHAKES_PER_TURN: Limit = Limit {
    name: "tls_handshakes_per_turn",
    unit: "reads",
    default: 32,
    min: 1,
    max: 100_000,
    test: "tests/net/tls.rs::a_crowd_shakes_hands_over_several_turns",
};
/// A header of the PROXY protocol, extra fields included.
pub const PROXY_HEADER_BYTES_MAX: Limit = Limit {
    name: "proxy_header_bytes_max",
    unit: "bytes",
    default: 2_048,
    min: 232,
    max: 65_551,
    test: "src/net/proxy.rs::what_is_no_header_is_refused_as_soon_as_it_shows",
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
