//! Which answer an HTTP request gets: health and metrics for who looks after the daemon, else the page.

use super::api::shown_key;
use super::health::{self, Listener};
use super::metrics::Sources;
use super::policy::FrameAncestors;
use super::{App, MetricsAt, docs};
use crate::auth::Scope;
use crate::http::{Request, Response};
use crate::net::{Asker, Entrance, Outbox};
use crate::store::Storage;

/// A proxy on this machine asks for others. Any of these says so.
const PROXY_HEADERS: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

impl<S: Storage> App<S> {
    pub(super) fn answer(&mut self, out: &Outbox, asker: Asker, request: &Request<'_>) -> Response {
        let listener = listener_of(asker, request);
        let may_see_metrics = match asker.entrance {
            Entrance::Side => true,
            Entrance::Main if listener == Listener::Operator && self.settings.metrics == MetricsAt::Main => {
                true
            }
            Entrance::Main => request.path() == "/metrics" && self.shows_reading_key(out, asker, request),
        };
        match request.path() {
            "/livez" | "/readyz" | "/metrics" if !matches!(request.method, "GET" | "HEAD") => {
                Response::text(405, "only GET and HEAD\n").header("allow", "GET, HEAD")
            }
            "/livez" => health::livez(),
            "/readyz" => self.turn.health.readyz(request.query(), listener),
            "/metrics" if may_see_metrics => self.metrics(out),
            _ => match asker.entrance {
                Entrance::Main => docs::respond(request).unwrap_or_else(|| {
                    let is_near = listener == Listener::Operator;
                    let ancestors = FrameAncestors { sites: &self.settings.widget_sites, is_near };
                    self.assets.respond(request, &ancestors)
                }),
                Entrance::Side => {
                    Response::text(404, "there is nothing here but /metrics, /livez, /readyz\n")
                }
            },
        }
    }

    /// Whether an API key came with a request that lets its bearer read. One that does not hold counts as for a call.
    fn shows_reading_key(&mut self, out: &Outbox, asker: Asker, request: &Request<'_>) -> bool {
        shown_key(request).is_some()
            && self.authenticate(out.now(), asker.conn, request).is_ok_and(|key| key.is_for(Scope::Read))
    }

    fn metrics(&mut self, out: &Outbox) -> Response {
        let store = self.turn.store_mut();
        let (store_bytes, files_bytes) = (store.size_bytes(), store.files_bytes());
        let sources = Sources {
            loops: out.counters(),
            tally: &self.turn.tally,
            chat: &self.chat,
            store_bytes,
            files: &self.files,
            files_bytes,
        };
        sources.response()
    }

    /// One line for whoever supervises the daemon.
    pub(super) fn status(&self, out: &Outbox) -> String {
        let (open, groups) = (out.counters().open(), self.chat.counts().groups);
        format!("{open} connections, {} users online, {groups} groups", self.chat.users_online())
    }
}

fn listener_of(asker: Asker, request: &Request<'_>) -> Listener {
    let by_proxy = PROXY_HEADERS.iter().any(|name| request.header(name).is_some());
    match asker.entrance {
        Entrance::Side => Listener::Operator,
        Entrance::Main if asker.is_near && !by_proxy => Listener::Operator,
        Entrance::Main => Listener::Stranger,
    }
}
