//! What the chat core bounds of the support desk.
//!
//! Carried by [`chat::Limits`](crate::chat::Limits). Tested with the table: `tests/chat/limits.rs`.

use super::Limit;

/// Tickets that are not closed, of all desks together.
pub const DESK_TICKETS_OPEN_MAX: Limit = Limit {
    name: "desk_tickets_open_max",
    unit: "tickets",
    default: 10_000,
    min: 1,
    max: 1_000_000,
    test: "tests/chat/desk_opening.rs::there_is_a_limit_on_tickets",
};
/// Tickets that guests may open from one address in one hour.
pub const DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX: Limit = Limit {
    name: "desk_tickets_per_address_and_hour_max",
    unit: "tickets",
    default: 10,
    min: 1,
    max: 1_000_000,
    test: "tests/chat/desk_opening.rs::guests_open_so_many_tickets_from_one_address",
};
/// How long a visitor who has gone keeps the place in the queue.
pub const DESK_VISITOR_GRACE_MS: Limit = Limit {
    name: "desk_visitor_grace_ms",
    unit: "ms",
    default: 120_000,
    min: 0,
    max: 86_400_000,
    test: "tests/chat/desk_graces.rs::a_visitor_who_is_away_for_long_has_left_a_message",
};
/// How long an agent who has gone keeps the tickets.
pub const DESK_AGENT_GRACE_MS: Limit = Limit {
    name: "desk_agent_grace_ms",
    unit: "ms",
    default: 60_000,
    min: 0,
    max: 86_400_000,
    test: "tests/chat/desk_graces.rs::the_tickets_of_an_agent_who_does_not_come_back_wait_again",
};
/// Tickets that an agent who has not said holds at a time; more may not be said than the largest.
pub const DESK_CAPACITY: Limit = Limit {
    name: "desk_capacity",
    unit: "tickets",
    default: 5,
    min: 1,
    max: 100,
    test: "tests/chat/desk_duty.rs::nobody_holds_more_than_the_capacity",
};
/// How long an offer to one agent stands, where the desk does not say.
pub const DESK_OFFER_SECONDS: Limit = Limit {
    name: "desk_offer_seconds",
    unit: "seconds",
    default: 30,
    min: 1,
    max: 3_600,
    test: "tests/chat/desk_routing.rs::an_offer_that_is_not_taken_goes_on_to_the_next",
};
/// Tickets of one desk that are offered at the same time, the first in the queue.
pub const DESK_OFFERS_PER_DESK_MAX: Limit = Limit {
    name: "desk_offers_per_desk_max",
    unit: "tickets",
    default: 20,
    min: 1,
    max: 10_000,
    test: "tests/chat/desk_routing.rs::so_many_are_on_offer_at_a_time",
};
/// After how long a silence a ticket is closed, where the desk does not say; 0 is never.
pub const DESK_IDLE_CLOSE_SECONDS: Limit = Limit {
    name: "desk_idle_close_seconds",
    unit: "seconds",
    default: 1_800,
    min: 0,
    max: 2_592_000,
    test: "tests/chat/desk_idle.rs::a_silent_ticket_is_closed",
};
/// How long before that it is told, where the desk does not say.
pub const DESK_IDLE_NOTICE_SECONDS: Limit = Limit {
    name: "desk_idle_notice_seconds",
    unit: "seconds",
    default: 120,
    min: 0,
    max: 86_400,
    test: "tests/chat/desk_idle.rs::a_silent_ticket_is_closed",
};
/// From one word about the place in the queue to the next.
pub const DESK_TOLD_EVERY_MS: Limit = Limit {
    name: "desk_told_every_ms",
    unit: "ms",
    default: 1_000,
    min: 1,
    max: 60_000,
    test: "tests/chat/desk_queue.rs::places_are_told_once_a_second",
};
/// For how long after its end a ticket may be rated.
pub const DESK_RATE_MS: Limit = Limit {
    name: "desk_rate_ms",
    unit: "ms",
    default: 604_800_000,
    min: 1,
    max: 31_536_000_000,
    test: "tests/chat/desk_rating.rs::a_ticket_is_rated_for_a_week",
};
/// The addresses of the page and of the one before, and what is told of the browser, each.
pub const DESK_PAGE_BYTES_MAX: Limit = Limit {
    name: "desk_page_bytes_max",
    unit: "bytes",
    default: 2_000,
    min: 1,
    max: 16_384,
    test: "tests/chat/desk_opening.rs::what_is_told_with_a_ticket_is_bounded",
};
/// The language of a visitor.
pub const DESK_LANG_BYTES_MAX: Limit = Limit {
    name: "desk_lang_bytes_max",
    unit: "bytes",
    default: 64,
    min: 1,
    max: 256,
    test: "tests/chat/desk_opening.rs::what_is_told_with_a_ticket_is_bounded",
};
/// The form before the talk, names and values together.
pub const DESK_FORM_BYTES_MAX: Limit = Limit {
    name: "desk_form_bytes_max",
    unit: "bytes",
    default: 4_096,
    min: 1,
    max: 65_536,
    test: "tests/chat/desk_opening.rs::what_is_told_with_a_ticket_is_bounded",
};
/// Fields of the form before the talk.
pub const DESK_FORM_FIELDS_MAX: Limit = Limit {
    name: "desk_form_fields_max",
    unit: "fields",
    default: 20,
    min: 1,
    max: 100,
    test: "tests/chat/desk_opening.rs::what_is_told_with_a_ticket_is_bounded",
};
/// Tags of one ticket.
pub const DESK_TAGS_MAX: Limit = Limit {
    name: "desk_tags_max",
    unit: "tags",
    default: 20,
    min: 1,
    max: 100,
    test: "tests/chat/desk_tags.rs::tags_are_bounded",
};
/// One tag.
pub const DESK_TAG_BYTES_MAX: Limit = Limit {
    name: "desk_tag_bytes_max",
    unit: "bytes",
    default: 64,
    min: 1,
    max: 1_024,
    test: "tests/chat/desk_tags.rs::tags_are_bounded",
};
/// What a visitor says with the stars.
pub const DESK_COMMENT_BYTES_MAX: Limit = Limit {
    name: "desk_comment_bytes_max",
    unit: "bytes",
    default: 2_000,
    min: 1,
    max: 65_536,
    test: "tests/chat/desk_rating.rs::a_comment_is_bounded",
};
/// One note.
pub const DESK_NOTE_BYTES_MAX: Limit = Limit {
    name: "desk_note_bytes_max",
    unit: "bytes",
    default: 8_192,
    min: 1,
    max: 262_144,
    test: "tests/chat/desk_notes.rs::notes_are_bounded",
};
/// Notes that are shown of one ticket, the latest.
pub const DESK_NOTES_PAGE_MAX: Limit = Limit {
    name: "desk_notes_page_max",
    unit: "notes",
    default: 200,
    min: 1,
    max: 1_000,
    test: "tests/chat/desk_notes.rs::the_latest_notes_are_shown",
};
/// Bytes of the notes that are shown of one ticket, the latest.
pub const DESK_NOTES_PAGE_BYTES_MAX: Limit = Limit {
    name: "desk_notes_page_bytes_max",
    unit: "bytes",
    default: 131_072,
    min: 1_024,
    max: 16_777_216,
    test: "tests/chat/desk_notes.rs::a_page_of_notes_ends_where_it_is_large",
};
/// Canned replies that are everybody's.
pub const DESK_CANNED_SHARED_MAX: Limit = Limit {
    name: "desk_canned_shared_max",
    unit: "replies",
    default: 500,
    min: 1,
    max: 10_000,
    test: "tests/chat/desk_canned.rs::canned_replies_are_bounded",
};
/// Canned replies of one agent.
pub const DESK_CANNED_OWN_MAX: Limit = Limit {
    name: "desk_canned_own_max",
    unit: "replies",
    default: 200,
    min: 1,
    max: 10_000,
    test: "tests/chat/desk_canned.rs::canned_replies_are_bounded",
};
/// Bytes of the canned replies that are everybody's, and of those of one agent, each: all are told in one answer.
pub const DESK_CANNED_BYTES_MAX: Limit = Limit {
    name: "desk_canned_bytes_max",
    unit: "bytes",
    default: 262_144,
    min: 1_024,
    max: 16_777_216,
    test: "tests/chat/desk_canned.rs::canned_replies_have_so_much_room",
};
/// By what a canned reply is called up.
pub const DESK_CANNED_SHORT_BYTES_MAX: Limit = Limit {
    name: "desk_canned_short_bytes_max",
    unit: "bytes",
    default: 64,
    min: 1,
    max: 256,
    test: "tests/chat/desk_canned.rs::canned_replies_are_bounded",
};
/// Desks that have settings.
pub const DESK_DESKS_MAX: Limit = Limit {
    name: "desk_desks_max",
    unit: "desks",
    default: 200,
    min: 1,
    max: 10_000,
    test: "tests/chat/desk_settings.rs::settings_are_bounded",
};
/// The greeting of a desk, and what it says when nobody answers, each.
pub const DESK_SETTINGS_TEXT_BYTES_MAX: Limit = Limit {
    name: "desk_settings_text_bytes_max",
    unit: "bytes",
    default: 4_096,
    min: 1,
    max: 65_536,
    test: "tests/chat/desk_settings.rs::settings_are_bounded",
};
/// Parts of one day in which a desk answers.
pub const DESK_HOURS_SPANS_MAX: Limit = Limit {
    name: "desk_hours_spans_max",
    unit: "parts",
    default: 10,
    min: 1,
    max: 100,
    test: "tests/chat/desk_settings.rs::settings_are_bounded",
};
/// Days that are otherwise than the week says.
pub const DESK_HOURS_DATES_MAX: Limit = Limit {
    name: "desk_hours_dates_max",
    unit: "days",
    default: 400,
    min: 1,
    max: 4_000,
    test: "tests/chat/desk_settings.rs::settings_are_bounded",
};
/// Tickets on a page where the request names no number.
pub const DESK_TICKETS_PAGE_DEFAULT: Limit = Limit {
    name: "desk_tickets_page_default",
    unit: "tickets",
    default: 50,
    min: 1,
    max: 1_000,
    test: "tests/chat/desk_lists.rs::lists_come_in_pages",
};
/// Tickets on a page at most.
pub const DESK_TICKETS_PAGE_MAX: Limit = Limit {
    name: "desk_tickets_page_max",
    unit: "tickets",
    default: 100,
    min: 1,
    max: 1_000,
    test: "tests/chat/desk_lists.rs::lists_come_in_pages",
};
/// Bytes of what is told of visitors on a page of tickets.
pub const DESK_TICKETS_PAGE_BYTES_MAX: Limit = Limit {
    name: "desk_tickets_page_bytes_max",
    unit: "bytes",
    default: 131_072,
    min: 1_024,
    max: 16_777_216,
    test: "tests/chat/desk_lists.rs::a_page_ends_where_it_is_large",
};
/// The time of which figures are counted.
pub const DESK_FIGURES_DAYS_MAX: Limit = Limit {
    name: "desk_figures_days_max",
    unit: "days",
    default: 92,
    min: 1,
    max: 3_660,
    test: "tests/chat/desk_figures.rs::the_time_is_bounded",
};
/// Tickets of which figures are counted, the latest.
pub const DESK_FIGURES_TICKETS_MAX: Limit = Limit {
    name: "desk_figures_tickets_max",
    unit: "tickets",
    default: 50_000,
    min: 1,
    max: 10_000_000,
    test: "tests/chat/desk_figures.rs::the_latest_tickets_are_counted",
};
/// Entries of a transcript, the latest.
pub const DESK_TRANSCRIPT_ENTRIES_MAX: Limit = Limit {
    name: "desk_transcript_entries_max",
    unit: "entries",
    default: 5_000,
    min: 1,
    max: 100_000,
    test: "tests/chat/desk_calls.rs::a_transcript_is_bounded",
};
/// Bytes of what is said in a transcript.
pub const DESK_TRANSCRIPT_BYTES_MAX: Limit = Limit {
    name: "desk_transcript_bytes_max",
    unit: "bytes",
    default: 4_194_304,
    min: 1_024,
    max: 67_108_864,
    test: "tests/chat/desk_calls.rs::a_transcript_is_bounded",
};
