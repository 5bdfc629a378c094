//! `/metrics`: everything that is counted anywhere in the daemon, by name.
//!
//! The names and what they mean are a table of `src/manual/operating.md`, which a test compares with this file. No
//! label and no value of one comes from a client, so a scrape has a fixed number of lines.
//!
//! Who may read it: whoever reaches a listener of `--metrics-listen`; where there is none, who asks at the main one from
//! this machine and not by a proxy, as far as a proxy says so; and from anywhere who shows an API key that may read. To
//! everybody else nothing is there.
//!
//! Not in the tutorial. Tests: `tests/app/metrics.rs`.

use super::exposition::{CONTENT_TYPE, Exposition};
use super::files::{FileTotals, Files};
use super::tally::{MESSAGES, REQUESTS, Tally};
use crate::base::counters::Counters;
use crate::chat::Chat;
use crate::http::Response;
use crate::wire::{Bye, Code};

/// What a scrape shows.
pub(super) struct Sources<'a> {
    pub(super) loops: &'a Counters,
    pub(super) tally: &'a Tally,
    pub(super) chat: &'a Chat,
    pub(super) store_bytes: u64,
    pub(super) files: &'a Files,
    pub(super) files_bytes: u64,
}

impl Sources<'_> {
    pub(super) fn response(&self) -> Response {
        let mut page = Exposition::default();
        page.gauges(
            "karez_build_info",
            "Always 1; the version of the daemon is its label.",
            "version",
            [(env!("CARGO_PKG_VERSION"), 1)],
        );
        self.connections(&mut page);
        self.traffic(&mut page);
        self.messages(&mut page);
        self.files(&mut page);
        self.people(&mut page);
        self.desk(&mut page);
        self.machinery(&mut page);
        Response::new(200)
            .header("content-type", CONTENT_TYPE)
            .header("cache-control", "no-store")
            .body(page.render().into_bytes())
    }

    fn connections(&self, page: &mut Exposition) {
        let Counters { closed, .. } = self.loops;
        page.gauges(
            "karez_connections",
            "Connections, by what they do.",
            "state",
            [
                ("handshaking", self.loops.handshaking()),
                ("open", self.loops.open()),
                ("closing", self.loops.closing as u64),
            ],
        );
        page.gauge(
            "karez_connections_max",
            "Connections that there may be at once, after the descriptor limit.",
            self.loops.connections_max as u64,
        );
        page.counter(
            "karez_connections_accepted_total",
            "Connections that were accepted.",
            self.loops.accepted_total,
        );
        page.counter(
            "karez_connections_refused_total",
            "Connections that were closed at once: too many from one address.",
            self.loops.refused_total,
        );
        page.counter(
            "karez_connections_opened_total",
            "Opening handshakes that succeeded.",
            self.loops.opened_total,
        );
        page.counters(
            "karez_connections_closed_total",
            "WebSocket connections that ended, by reason.",
            "reason",
            [
                ("peer", closed.peer),
                ("failed", closed.failed),
                ("told", closed.handler),
                ("lost", closed.lost),
                ("silent", closed.silent),
                ("slow_consumer", closed.slow_consumer),
                ("drain", closed.drain),
            ],
        );
        page.counter(
            "karez_accept_pauses_total",
            "How often nobody could be accepted, for want of descriptors or at the limit of connections.",
            self.loops.accept_pauses_total,
        );
    }

    fn traffic(&self, page: &mut Exposition) {
        page.counter(
            "karez_http_requests_total",
            "HTTP requests that were no upgrade.",
            self.loops.requests_total,
        );
        page.counter(
            "karez_receive_bytes_total",
            "Bytes read from connections.",
            self.loops.received_bytes_total,
        );
        page.counter(
            "karez_transmit_bytes_total",
            "Bytes that the kernel took for connections.",
            self.loops.sent_bytes_total,
        );
        page.gauge(
            "karez_outbound_queue_bytes",
            "Output in memory that the kernel has not taken, what many wait for counted once.",
            self.loops.queued_bytes as u64,
        );
    }

    fn messages(&self, page: &mut Exposition) {
        page.counters(
            "karez_messages_received_total",
            "Requests of clients, by kind.",
            "kind",
            REQUESTS.into_iter().zip(self.tally.requests),
        );
        page.counters(
            "karez_messages_delivered_total",
            "Messages queued for a client, by kind; one for a hundred clients counts a hundred times.",
            "kind",
            MESSAGES.into_iter().zip(self.loops.messages_queued_total),
        );
        page.counters(
            "karez_messages_dropped_total",
            "Messages that never reached the kernel, by reason.",
            "reason",
            [
                ("slow_consumer", self.loops.messages_cut_total),
                ("lost", self.loops.messages_lost_total),
                ("not_stored", self.tally.undone),
            ],
        );
        page.counters(
            "karez_requests_refused_total",
            "Requests that were refused, by code.",
            "code",
            Code::ALL.map(Code::as_str).into_iter().zip(self.tally.refusals),
        );
    }

    fn files(&self, page: &mut Exposition) {
        let FileTotals { stored, refused, broken, fetched } = self.files.totals;
        page.counters(
            "karez_uploads_total",
            "Uploads of files that ended, by result.",
            "result",
            [("stored", stored), ("refused", refused), ("broken", broken)],
        );
        page.gauge(
            "karez_uploads_under_way",
            "Uploads of files that have begun.",
            self.files.under_way() as u64,
        );
        page.counter("karez_downloads_total", "Downloads of files that were begun.", fetched);
        page.gauge("karez_files_size_bytes", "Bytes of the files that users have sent.", self.files_bytes);
    }

    fn people(&self, page: &mut Exposition) {
        let counts = self.chat.counts();
        page.gauge("karez_users_online", "Users with at least one session.", self.chat.users_online() as u64);
        page.gauge("karez_sessions", "Connections that are logged in.", counts.sessions as u64);
        page.gauge("karez_groups", "Groups that are held in memory.", counts.groups as u64);
        page.counter(
            "karez_failed_logins_total",
            "Logins that failed: the token did not hold, or there was none.",
            self.tally.failed_logins,
        );
        page.counter(
            "karez_resume_gaps_total",
            "Conversations of which a client that came back was not told all.",
            self.tally.gaps,
        );
        page.counters(
            "karez_byes_total",
            "Farewells to clients, by code.",
            "code",
            Bye::ALL.map(Bye::as_str).into_iter().zip(self.tally.byes),
        );
    }

    fn desk(&self, page: &mut Exposition) {
        let counts = self.chat.desk_counts();
        page.gauges(
            "karez_tickets",
            "Tickets of the support desk that are not closed, by state.",
            "state",
            [("waiting", counts.waiting), ("open", counts.open), ("offline", counts.offline)],
        );
        page.counter("karez_tickets_opened_total", "Tickets that were ever opened.", counts.opened_ever);
        page.counter("karez_tickets_closed_total", "Tickets that were ever closed.", counts.closed_ever());
        page.gauges(
            "karez_agents",
            "Agents of the support desk, by their duty.",
            "state",
            [("online", counts.agents_online), ("busy", counts.agents_busy)],
        );
    }

    fn machinery(&self, page: &mut Exposition) {
        page.durations(
            "karez_loop_turn_duration_seconds",
            "How long a turn of the loop took, without the wait.",
            self.loops.turns,
        );
        page.counter(
            "karez_deadlines_late_total",
            "Deadlines of connections that were looked at more than half a second late.",
            self.loops.deadlines_late_total,
        );
        page.durations(
            "karez_store_commit_duration_seconds",
            "How long the commit of a turn took.",
            self.tally.commits,
        );
        page.counter(
            "karez_store_failures_total",
            "Turns that could not be stored.",
            self.tally.store_failures,
        );
        page.gauge("karez_store_size_bytes", "Bytes of the disk that the store takes.", self.store_bytes);
        if let Some(bytes) = resident_bytes() {
            page.gauge("process_resident_memory_bytes", "Resident memory of the process.", bytes);
        }
    }
}

/// As Linux tells it; elsewhere it is not told.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
