//! Requests: from the bytes of a connection that speaks HTTP to the handler, or to an upgrade.
//!
//! A request is collected, and the handler is asked when it is whole. Before a body comes the handler is asked what is to
//! become of it: an upload may be larger than anything that is collected, and is handed over in pieces as it is read. So
//! it is in memory one piece at a time, and is read no quicker than the handler takes it: a turn reads so much of each
//! connection and no more. An upload must not come to a standstill either: each [`Limits::body_timeout_ms`] so much of it
//! must come as [`Limits::upload_bytes_per_second_min`] says, or it is answered 408.
//!
//! Invariant: a body that was begun to be handed over ends with [`Body::End`], or with [`Body::Lost`] when the
//! connection is lost or refused, or with the handler's own answer.
//! The tutorial knows one request, the upgrade. Tests: `tests/net/requests.rs`, `tests/net/uploads.rs`.
//!
//! [`Limits::body_timeout_ms`]: super::Limits::body_timeout_ms
//! [`Limits::upload_bytes_per_second_min`]: super::Limits::upload_bytes_per_second_min

use std::net::IpAddr;

use super::config::Deflate;
use super::conn::{Conn, Reply, Stage, State};
use super::peer::{ForwardedForError, forwarded_for};
use super::{Asker, Body, BodyPlan, Entrance, Handler, Server};
use crate::base::deadline::TickOrNone;
use crate::http::{self, Part, Persistence, Response};
use crate::ws;

impl<H: Handler> Server<H> {
    /// Collects a request, and serves it when it is whole. Returns how many bytes belong to it.
    pub(super) fn take_request_bytes(&mut self, slot: usize, bytes: &[u8]) -> usize {
        let limits = self.io.limits.http;
        let Some(conn) = self.io.conns.get_mut(slot) else { return bytes.len() };
        let request = conn.request.get_or_insert_default();
        let had_head = request.head_done();
        let taken =
            if had_head { request.receive(&limits, bytes) } else { request.receive_head(&limits, bytes) };
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                self.io.refuse(slot, &Response::refusal(&error));
                return bytes.len();
            }
        };
        let (is_complete, has_head) = (request.is_complete(), request.head_done());
        if conn.reply.is_some() {
            self.hand_over(slot, is_complete);
        } else if is_complete {
            self.serve(slot);
        } else if has_head && !had_head {
            self.plan_body(slot);
        }
        taken
    }

    /// The head has come, and a body is to follow: the handler says what becomes of it.
    fn plan_body(&mut self, slot: usize) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let asker = Asker { conn: conn.id(slot), entrance: conn.entrance, is_near: conn.near };
        let Some(headed) = conn.request.take() else { return };
        conn.reply = Some(Reply { persistence: Persistence::Close, stage: Stage::Coming });
        let plan = headed.with_head(|head| {
            // Whose it is is known if it can be told; if not, it is refused with the whole request.
            let told = if conn.proxied {
                forwarded_for(head.headers, &self.config.trusted_proxies)
            } else {
                Ok(None)
            };
            let address = told.ok().flatten().or(conn.counted.as_deref().copied());
            if let Some(address) = address {
                self.handler.on_address(asker.conn, address);
            }
            self.handler.on_head(&mut self.outbox, asker, head)
        });
        let plan = plan.unwrap_or(BodyPlan::Whole);
        conn.request = Some(headed);
        self.io.carry_out(&mut self.outbox);
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let bytes_max = match plan {
            BodyPlan::Whole => {
                conn.reply = None;
                self.io.limits.http.body_bytes_max
            }
            BodyPlan::Pieces { bytes_max } => {
                self.io.counters.requests_total += 1;
                bytes_max
            }
        };
        // It is gone where the handler has answered.
        let Some(request) = conn.request.as_mut() else { return };
        if let Err(error) = request.expect_body(bytes_max) {
            self.io.refuse(slot, &Response::refusal(&error));
            return;
        }
        if request.wants_continue() {
            self.io.queue_http(slot, |out| out.extend_from_slice(http::CONTINUE));
        }
        self.io.set_deadline(slot, self.io.tick.plus_ms(self.io.limits.body_timeout_ms));
    }

    /// Hands over what has come of a body that the handler wants in pieces.
    fn hand_over(&mut self, slot: usize, is_complete: bool) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let id = conn.id(slot);
        let Some(mut request) = conn.request.take() else { return };
        request.take_body(|piece| {
            if !piece.is_empty() {
                self.handler.on_body(&mut self.outbox, id, Body::Piece(piece));
            }
        });
        if is_complete {
            let persistence = request.with_head(|head| head.persistence());
            conn.reply = Some(Reply {
                persistence: persistence.unwrap_or(Persistence::Close),
                stage: Stage::Whole(Part::Whole),
            });
            conn.deadline = TickOrNone::NONE;
        }
        conn.request = Some(request);
        self.io.carry_out(&mut self.outbox);
        let is_asked = |conn: &Conn| conn.reply.is_some_and(|reply| matches!(reply.stage, Stage::Whole(_)));
        if is_complete && self.io.conns.get(slot).is_some_and(is_asked) {
            self.handler.on_body(&mut self.outbox, id, Body::End);
            self.io.carry_out(&mut self.outbox);
        }
    }

    /// Says whether a body that is handed over in pieces comes quickly enough, and gives it more time then.
    pub(super) fn comes_on(&mut self, slot: usize) -> bool {
        let limits = &self.io.limits;
        let (window_ms, per_second) = (limits.body_timeout_ms, limits.upload_bytes_per_second_min);
        let Some(conn) = self.io.conns.get_mut(slot) else { return false };
        let is_coming = conn.reply.is_some_and(|reply| reply.stage == Stage::Coming);
        let Some(request) = conn.request.as_mut().filter(|_| is_coming) else { return false };
        let came = request.take_progress() as u64;
        if came.saturating_mul(1_000) < per_second.saturating_mul(window_ms) {
            return false;
        }
        self.io.set_deadline(slot, self.io.tick.plus_ms(window_ms));
        true
    }

    /// A whole request: an upgrade, or one for the handler.
    fn serve(&mut self, slot: usize) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        let (id, local) = (conn.id(slot), conn.local);
        let Some(whole) = conn.request.take() else { return };
        conn.reply = Some(Reply { persistence: Persistence::Close, stage: Stage::Whole(Part::Whole) });
        conn.deadline = TickOrNone::NONE;
        let asker = Asker { conn: id, entrance: conn.entrance, is_near: conn.near };
        let paths = self.config.websocket_paths;
        let proxies = self.config.trusted_proxies.as_slice();
        let proxied = conn.proxied;
        let mut client = Ok(None);
        let upgrade = whole.with(|request| {
            if proxied {
                client = forwarded_for(request.headers, proxies);
                if client.is_err() {
                    return None;
                }
            }
            let may_upgrade = asker.entrance == Entrance::Main;
            if may_upgrade
                && request.is_websocket_upgrade()
                && (paths.is_empty() || paths.contains(&request.path()))
            {
                let policy = ws::Policy {
                    subprotocols: self.config.subprotocols,
                    deflate: self.config.deflate == Deflate::Offered,
                    origins: &self.config.origins,
                    loopback: local,
                };
                return Some(ws::accept(request.method, request.minor_version, request.headers, &policy));
            }
            conn.reply =
                Some(Reply { persistence: request.persistence(), stage: Stage::Whole(Part::of(request)) });
            self.io.counters.requests_total += 1;
            let told = client.as_ref().ok().copied().flatten();
            if let Some(address) = told.or(conn.counted.as_deref().copied()) {
                self.handler.on_address(id, address);
            }
            self.handler.on_request(&mut self.outbox, asker, request);
            None
        });
        match (client, upgrade.flatten()) {
            (Err(ForwardedForError), _) => {
                let words = "X-Forwarded-For does not end in an address\n";
                self.io.refuse(slot, &Response::text(400, words));
            }
            (_, None) => {
                if let Some(conn) = self.io.conns.get_mut(slot) {
                    conn.request = Some(whole);
                }
                self.io.carry_out(&mut self.outbox);
            }
            (Ok(client), Some(Ok(accepted))) => self.open_for(slot, client, &accepted),
            (_, Some(Err(refusal))) => {
                let mut response = Response::text(refusal.status(), format!("{refusal}\n"));
                if refusal.status() == 426 {
                    response = response.header("sec-websocket-version", "13").header("upgrade", "websocket");
                }
                if refusal.status() == 405 {
                    response = response.header("allow", "GET");
                }
                self.io.refuse(slot, &response);
            }
        }
    }

    /// Opens a connection, and counts it for whoever a trusted proxy says is at its other end.
    fn open_for(&mut self, slot: usize, client: Option<IpAddr>, accepted: &ws::Accepted) {
        if let Some(address) = self.io.counted(client) {
            if self.io.is_crowded(address) {
                self.io.counters.refused_total += 1;
                self.io.refuse(slot, &Response::text(429, "too many connections from this address\n"));
                return;
            }
            self.io.count_for(slot, Some(address));
        }
        self.open(slot, accepted);
    }

    /// The opening handshake is done. The response goes first, whatever came in the same segment as the
    /// request.
    fn open(&mut self, slot: usize, accepted: &ws::Accepted) {
        let Some(conn) = self.io.conns.get_mut(slot) else { return };
        conn.state = State::Open;
        conn.reply = None;
        conn.window_bits = accepted.deflate.as_ref().map_or(0, |deflate| deflate.server_window_bits);
        let (id, address) = (conn.id(slot), conn.counted.as_deref().copied());
        self.io.counters.opened_total += 1;
        self.io.look_again_at(slot, self.io.tick.plus_ms(self.io.limits.ping_after_ms));
        self.io.queue_http(slot, |out| accepted.encode(out));
        if let Some(address) = address {
            log::debug!("{id} comes from {address}");
            self.handler.on_address(id, address);
        }
        self.handler.on_connect(&mut self.outbox, id);
        self.io.carry_out(&mut self.outbox);
    }
}
