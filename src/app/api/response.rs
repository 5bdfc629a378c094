//! What stands around the JSON of a call: headers of the request, headers of the response.

use crate::auth;
use crate::http::{Request, Response};
use crate::net::{ConnId, Outbox};
use crate::wire::api::{Kind, Reply, Route};

/// The longest `X-Request-Id` that is echoed, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Whether an answer is of this call, or of the one before with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Replay {
    First,
    Stored,
}

/// The name of a request in the logs of both sides: that of the client, or a new one.
pub(in crate::app) fn request_id(request: &Request<'_>) -> String {
    let given = request.header_text("x-request-id").filter(|id| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    // Without random numbers a request has no name: the call is worth more than that.
    given.map(str::to_owned).unwrap_or_else(|| auth::random_name().unwrap_or_default())
}

/// The key that came with a request: as a bearer token (RFC 6750, 2.1), or in the header of habit.
pub(in crate::app) fn shown_key<'a>(request: &Request<'a>) -> Option<&'a str> {
    shown_token(request).or_else(|| request.header_text("x-api-key"))
}

/// The bearer token that came with a request.
pub(in crate::app) fn shown_token<'a>(request: &Request<'a>) -> Option<&'a str> {
    let (scheme, token) = request.header_text("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the body says of itself that it is JSON.
pub(super) fn is_json(request: &Request<'_>) -> bool {
    let kind = request.header_text("content-type").and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether a call is to be answered in lines that people read: a transcript whose query or `Accept` says so.
pub(super) fn wants_text(request: &Request<'_>, route: &Route) -> bool {
    let by_query = request.query().is_some_and(|query| query.split('&').any(|pair| pair == "format=text"));
    let accepted = request.header_text("accept").unwrap_or_default();
    let first = accepted.split(',').next().and_then(|one| one.split(';').next()).unwrap_or_default();
    matches!(route, Route::Transcript(_)) && (by_query || first.trim().eq_ignore_ascii_case("text/plain"))
}

/// The response of a call.
pub(in crate::app) fn response(request_id: &str, reply: Reply, replay: Replay) -> Response {
    let Reply { status, kind, body, retry_ms, allow } = reply;
    let mut response = Response::new(status)
        .header("x-request-id", request_id.to_owned())
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff");
    if !body.is_empty() {
        let kind = match (kind, status) {
            (Kind::Text, _) => "text/plain; charset=utf-8",
            (Kind::Json, ..400) => "application/json",
            (Kind::Json, _) => "application/problem+json",
        };
        response = response.header("content-type", kind);
    }
    if status == 401 {
        response = response.header("www-authenticate", "Bearer realm=\"karez\"");
    }
    if let Some(retry_ms) = retry_ms {
        // RFC 9110, 10.2.3: in whole seconds.
        response = response.header("retry-after", retry_ms.div_ceil(1_000).to_string());
    }
    if let Some(allow) = allow {
        response = response.header("allow", allow);
    }
    if replay == Replay::Stored {
        response = response.header("idempotent-replayed", "true");
    }
    response.body(body)
}

/// Answers at once, whatever becomes of the turn.
pub(in crate::app) fn respond(out: &mut Outbox, conn: ConnId, request_id: &str, reply: Reply) {
    out.respond(conn, response(request_id, reply, Replay::First));
}
