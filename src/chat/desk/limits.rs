//! The limits of the support desk, a part of those of the core.
//!
//! The rules of a desk that has none of its own are in `record.rs`. The table is
//! [`base::limits`](crate::base::limits).

use crate::base::limits as table;

/// The limits of the support desk. Their units are in their names, as in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskLimits {
    /// Tickets that are not closed, of all desks together.
    pub tickets_open_max: usize,
    /// Tickets that guests may open from one address in one hour.
    pub tickets_per_address_and_hour_max: u64,
    /// How long a visitor who has gone keeps the place in the queue.
    pub visitor_grace_ms: u64,
    /// How long an agent who has gone keeps the tickets.
    pub agent_grace_ms: u64,
    /// Tickets of one desk that are offered at the same time, the first in the queue.
    pub offers_per_desk_max: usize,
    /// From one word about the place in the queue to the next.
    pub told_every_ms: u64,
    /// For how long after its end a ticket may be rated.
    pub rate_ms: u64,
    /// The addresses of the page and of the one before, and what is told of the browser, each.
    pub page_bytes_max: usize,
    /// The language of a visitor.
    pub lang_bytes_max: usize,
    /// The form before the talk, names and values together.
    pub form_bytes_max: usize,
    /// Fields of the form before the talk.
    pub form_fields_max: usize,
    /// Tags of one ticket.
    pub tags_max: usize,
    /// One tag.
    pub tag_bytes_max: usize,
    /// What a visitor says with the stars.
    pub comment_bytes_max: usize,
    /// One note.
    pub note_bytes_max: usize,
    /// Notes that are shown of one ticket, the latest.
    pub notes_page_max: usize,
    /// Bytes of those notes.
    pub notes_page_bytes_max: usize,
    /// Canned replies that are everybody's.
    pub canned_shared_max: usize,
    /// Canned replies of one agent.
    pub canned_own_max: usize,
    /// Bytes of the canned replies that are everybody's, and of those of one agent, each.
    pub canned_bytes_max: usize,
    /// By what a canned reply is called up.
    pub canned_short_bytes_max: usize,
    /// Desks that have settings.
    pub desks_max: usize,
    /// The greeting of a desk, and what it says when nobody answers, each.
    pub settings_text_bytes_max: usize,
    /// Parts of one day in which a desk answers.
    pub hours_spans_max: usize,
    /// Days that are otherwise than the week says.
    pub hours_dates_max: usize,
    /// Tickets on a page where the request names no number.
    pub tickets_page_default: usize,
    /// Tickets on a page at most.
    pub tickets_page_max: usize,
    /// Bytes of what is told of visitors on a page.
    pub tickets_page_bytes_max: usize,
    /// The time of which figures are counted.
    pub figures_days_max: u64,
    /// Tickets of which figures are counted, the latest.
    pub figures_tickets_max: usize,
    /// Entries of a transcript, the latest.
    pub transcript_entries_max: usize,
    /// Bytes of what is said in a transcript.
    pub transcript_bytes_max: usize,
}

impl Default for DeskLimits {
    fn default() -> DeskLimits {
        DeskLimits {
            tickets_open_max: table::DESK_TICKETS_OPEN_MAX.count(),
            tickets_per_address_and_hour_max: table::DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX.default,
            visitor_grace_ms: table::DESK_VISITOR_GRACE_MS.default,
            agent_grace_ms: table::DESK_AGENT_GRACE_MS.default,
            offers_per_desk_max: table::DESK_OFFERS_PER_DESK_MAX.count(),
            told_every_ms: table::DESK_TOLD_EVERY_MS.default,
            rate_ms: table::DESK_RATE_MS.default,
            page_bytes_max: table::DESK_PAGE_BYTES_MAX.count(),
            lang_bytes_max: table::DESK_LANG_BYTES_MAX.count(),
            form_bytes_max: table::DESK_FORM_BYTES_MAX.count(),
            form_fields_max: table::DESK_FORM_FIELDS_MAX.count(),
            tags_max: table::DESK_TAGS_MAX.count(),
            tag_bytes_max: table::DESK_TAG_BYTES_MAX.count(),
            comment_bytes_max: table::DESK_COMMENT_BYTES_MAX.count(),
            note_bytes_max: table::DESK_NOTE_BYTES_MAX.count(),
            notes_page_max: table::DESK_NOTES_PAGE_MAX.count(),
            notes_page_bytes_max: table::DESK_NOTES_PAGE_BYTES_MAX.count(),
            canned_shared_max: table::DESK_CANNED_SHARED_MAX.count(),
            canned_own_max: table::DESK_CANNED_OWN_MAX.count(),
            canned_bytes_max: table::DESK_CANNED_BYTES_MAX.count(),
            canned_short_bytes_max: table::DESK_CANNED_SHORT_BYTES_MAX.count(),
            desks_max: table::DESK_DESKS_MAX.count(),
            settings_text_bytes_max: table::DESK_SETTINGS_TEXT_BYTES_MAX.count(),
            hours_spans_max: table::DESK_HOURS_SPANS_MAX.count(),
            hours_dates_max: table::DESK_HOURS_DATES_MAX.count(),
            tickets_page_default: table::DESK_TICKETS_PAGE_DEFAULT.count(),
            tickets_page_max: table::DESK_TICKETS_PAGE_MAX.count(),
            tickets_page_bytes_max: table::DESK_TICKETS_PAGE_BYTES_MAX.count(),
            figures_days_max: table::DESK_FIGURES_DAYS_MAX.default,
            figures_tickets_max: table::DESK_FIGURES_TICKETS_MAX.count(),
            transcript_entries_max: table::DESK_TRANSCRIPT_ENTRIES_MAX.count(),
            transcript_bytes_max: table::DESK_TRANSCRIPT_BYTES_MAX.count(),
        }
    }
}
