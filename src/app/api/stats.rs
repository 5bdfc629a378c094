//! `GET /v1/stats`: how the daemon is at this moment, for a back end and for a page that shows it.
//!
//! What is here costs nothing to know: levels and totals that are kept anyway, and the number of the newest entry,
//! which is found by its key. `/metrics` has more, and in the form that Prometheus reads. Tests: `tests/app/api_stats.rs`.

use crate::app::App;
use crate::net::Outbox;
use crate::store::Storage;
use crate::wire::api::{self, Problem, Reply};

impl<S: Storage> App<S> {
    /// The answer to `GET /v1/stats`.
    pub(super) fn stats(&mut self, out: &Outbox) -> Reply {
        let (counts, loops) = (self.chat.counts(), out.counters());
        let store = self.turn.store_mut();
        let Ok(entries) = store.last_entry() else {
            return Problem::internal(self.settings.chat.internal_retry_ms).reply();
        };
        api::render_stats(&api::Stats {
            connections: self.api.connections,
            connections_max: loops.connections_max,
            sessions: counts.sessions,
            users_online: self.chat.users_online(),
            users_in_memory: counts.users,
            groups_in_memory: counts.groups,
            entries,
            store_bytes: store.size_bytes(),
            messages_received: loops.messages_received_total,
            messages_delivered: loops.messages_queued_total.iter().sum(),
            received_bytes: loops.received_bytes_total,
            sent_bytes: loops.sent_bytes_total,
            queued_bytes: loops.queued_bytes,
            turns: loops.turns_total,
            longest_turn_us: loops.longest_turn_us,
            recent_longest_turn_us: loops.recent_turns.longest_us(out.now().mono),
            uptime_ms: out.now().mono.0,
        })
    }
}
