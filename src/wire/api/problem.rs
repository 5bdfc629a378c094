//! Why a call is refused: a status for HTTP, a stable code for programs, words for people (RFC 9457).
//!
//! The codes are those of the WebSocket where the reason is the same, and the words too.

use super::{Kind, Reply};
use crate::chat::output::Refusal;
use crate::wire::error::{self, Code};
use crate::wire::writer::Writer;

/// A refusal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of HTTP.
    pub status: u16,
    /// For programs; never changes its meaning.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
    /// The member that is to blame.
    pub field: Option<&'static str>,
    /// Milliseconds after which the same call may succeed.
    pub retry_ms: Option<u64>,
    /// The methods that the path does have.
    pub allow: Option<&'static str>,
    /// How many bytes there may be.
    pub limit_bytes: Option<u64>,
}

impl Problem {
    /// A path that is no call.
    pub const NO_SUCH_CALL: Problem = Problem::new(404, "not_found", "there is no such call");
    /// No key, or none that is known. Which of the two is not told.
    pub const UNAUTHORIZED: Problem =
        Problem::new(401, "unauthorized", "give a key: Authorization: Bearer kz_..., or X-API-Key");
    /// A key that is not for this.
    pub const FORBIDDEN: Problem =
        Problem::new(403, "forbidden", "this key is not for this; see the scopes in karez key list");
    /// A body that is no JSON, by its own account.
    pub const NOT_JSON: Problem =
        Problem::new(415, "unsupported_media_type", "the body must be JSON: Content-Type: application/json");
    /// A key that was used for another call.
    pub const KEY_REUSED: Problem =
        Problem::new(422, "idempotency_key_reused", "this Idempotency-Key came before, with another call");

    /// A file of unknown length.
    pub const LENGTH_REQUIRED: Problem =
        Problem::new(411, "length_required", "say how long the file is: Content-Length");
    /// All files together are as large as they may be.
    pub const STORAGE_FULL: Problem = Problem::new(507, "storage_full", "there is no room for further files");

    /// A reason.
    #[must_use]
    pub const fn new(status: u16, code: &'static str, detail: &'static str) -> Problem {
        Problem { status, code, detail, field: None, retry_ms: None, allow: None, limit_bytes: None }
    }

    /// A file that is too large.
    #[must_use]
    pub const fn file_too_large(limit_bytes: u64) -> Problem {
        let problem = Problem::new(413, "too_large", "the file has more bytes than a file may have");
        Problem { limit_bytes: Some(limit_bytes), ..problem }
    }

    /// A member with a value that cannot be served.
    #[must_use]
    pub const fn bad_request(field: &'static str, detail: &'static str) -> Problem {
        Problem { field: Some(field), ..Problem::new(400, "bad_request", detail) }
    }

    /// A method that the path does not have.
    #[must_use]
    pub const fn method(allow: &'static str) -> Problem {
        let problem =
            Problem::new(405, "method_not_allowed", "this path does not have this method; see Allow");
        Problem { allow: Some(allow), ..problem }
    }

    /// Too many calls.
    #[must_use]
    pub const fn rate_limited(retry_ms: u64) -> Problem {
        let problem =
            Problem::new(429, "rate_limited", "too many calls; wait for as long as Retry-After says");
        Problem { retry_ms: Some(retry_ms), ..problem }
    }

    /// The daemon failed.
    #[must_use]
    pub fn internal(retry_ms: u64) -> Problem {
        Problem::from(&Refusal::Internal { retry_ms })
    }

    /// Its JSON, and what belongs into headers.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let mut body = Vec::new();
        let mut json = Writer::begin(&mut body);
        json.word("title", title(self.status));
        json.number("status", u64::from(self.status));
        json.word("code", self.code);
        json.text("detail", self.detail);
        if let Some(field) = self.field {
            json.word("field", field);
        }
        if let Some(retry_ms) = self.retry_ms {
            json.number("retry", retry_ms);
        }
        if let Some(limit_bytes) = self.limit_bytes {
            json.number("limit_bytes", limit_bytes);
        }
        json.close();
        Reply { status: self.status, kind: Kind::Json, body, retry_ms: self.retry_ms, allow: self.allow }
    }
}

/// RFC 9457, 4.2.1: without a `type` the title is that of the status.
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Error",
    }
}

const fn status(code: Code) -> u16 {
    match code {
        Code::BadJson | Code::BadRequest | Code::UnknownType => 400,
        Code::LoginRequired | Code::Unauthorized => 401,
        Code::Forbidden | Code::Muted => 403,
        Code::NotFound => 404,
        Code::Conflict => 409,
        Code::TooLarge => 413,
        Code::RateLimited => 429,
        Code::Internal => 503,
    }
}

impl From<error::Problem> for Problem {
    fn from(problem: error::Problem) -> Problem {
        Problem {
            status: status(problem.code),
            code: problem.code.as_str(),
            detail: problem.message,
            field: problem.field,
            retry_ms: problem.retry_ms,
            allow: None,
            limit_bytes: None,
        }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        Problem::from(error::Problem::from(refusal))
    }
}
