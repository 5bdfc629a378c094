//! Health: `/livez` says that the loop turns, `/readyz` that it makes sense to send people here.
//!
//! The daemon is live if it answers at all. It is ready while the store takes what is said and the daemon has not been
//! told to end. That the store failed is known from the last turn that wanted something stored. Nobody may speak while it
//! fails, so each question has the store tried again at the end of the turn, once a second at most, and the next question
//! is told what came of it.
//!
//! `?verbose` lists each check in a line of its own. In which words the store failed is told only to who asks from
//! this machine or by a listener of the operator's.
//!
//! Not in the tutorial. Tests: `tests/app/health.rs`, and with a disk that fails `tests/app/faults.rs`.

use crate::base::clock::Millis;
use crate::http::Response;
use crate::store::StoreError;

/// The store is not tried more often than that, whoever asks.
const PROBE_EVERY_MS: u64 = 1_000;

/// How the daemon is.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Why nothing could be stored when it was tried last.
    trouble: Option<StoreError>,
    draining: bool,
    /// Somebody wants to know.
    asked: bool,
    probed_at: Option<Millis>,
}

/// To whom it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listener {
    /// Who looks after the daemon.
    Operator,
    /// Anybody.
    Stranger,
}

impl Health {
    pub(super) fn drains(&mut self) {
        self.draining = true;
    }

    /// Something was stored.
    pub(super) fn stored(&mut self) {
        if self.trouble.take().is_some() {
            log::info!("the store takes what is said again");
        }
    }

    /// Something could not be stored. What was ordered wrongly says nothing of the medium.
    pub(super) fn failed(&mut self, error: &StoreError) {
        if error.is_of_medium() {
            self.trouble = Some(error.clone());
        }
    }

    /// Whether the store is to be tried now.
    pub(super) fn wants_probe(&mut self, now: Millis) -> bool {
        let asked = std::mem::take(&mut self.asked) && self.trouble.is_some();
        let is_time = self.probed_at.is_none_or(|at| now.ms_since(at) >= PROBE_EVERY_MS);
        if asked && is_time {
            self.probed_at = Some(now);
        }
        asked && is_time
    }

    /// The answer to `/readyz`.
    pub(super) fn readyz(&mut self, query: Option<&str>, listener: Listener) -> Response {
        self.asked = true;
        let store = self.trouble.as_ref().map(|error| match listener {
            Listener::Operator => error.to_string(),
            Listener::Stranger => "nothing can be stored".to_owned(),
        });
        let drain = self.draining.then(|| "the daemon is going down".to_owned());
        let checks = [("store", store), ("drain", drain)];
        let is_ready = checks.iter().all(|(_, trouble)| trouble.is_none());
        let mut words = String::new();
        let is_verbose = query.is_some_and(|query| query.split('&').any(|word| word.starts_with("verbose")));
        for (name, trouble) in checks {
            match trouble {
                Some(trouble) => words.push_str(&format!("[-]{name}: {trouble}\n")),
                None if is_verbose => words.push_str(&format!("[+]{name}: ok\n")),
                None => {}
            }
        }
        words.push_str(if is_ready { "ready\n" } else { "not ready\n" });
        answer(if is_ready { 200 } else { 503 }, words)
    }
}

/// The answer to `/livez`.
pub(super) fn livez() -> Response {
    answer(200, "live\n".to_owned())
}

/// What holds at this moment only.
fn answer(status: u16, words: String) -> Response {
    Response::text(status, words).header("cache-control", "no-store")
}
