//! What a client is told about a request that is refused.
//!
//! A [`Code`] is for programs and never changes its meaning; the message beside it is for people and may.
//! Nothing here knows HTTP. The core says why it refuses by [`Refusal`]; this is the only place that puts it
//! into codes and words.

use std::borrow::Cow;

use crate::chat::desk::Person;
use crate::chat::output::Refusal;

/// A stable name of a reason, the `code` of an `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not one JSON object.
    BadJson,
    /// A field is missing or has a value that cannot be served; `field` names it.
    BadRequest,
    /// No such request.
    UnknownType,
    /// Only `login` and `ping` are served before login.
    LoginRequired,
    /// The token does not hold.
    Unauthorized,
    /// Seen, but not allowed.
    Forbidden,
    /// Not there, or not to be seen.
    NotFound,
    /// Over a limit that the login answer tells; `field` names it.
    TooLarge,
    /// Too many requests; `retry` tells when to try again.
    RateLimited,
    /// May not speak there; `retry` tells when it ends by itself.
    Muted,
    /// Against what is already so.
    Conflict,
    /// The daemon failed, not the client.
    Internal,
}

impl Code {
    /// All of them, for tables and tests.
    pub const ALL: [Code; 12] = [
        Code::BadJson,
        Code::BadRequest,
        Code::UnknownType,
        Code::LoginRequired,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::TooLarge,
        Code::RateLimited,
        Code::Muted,
        Code::Conflict,
        Code::Internal,
    ];

    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::BadJson => "bad_json",
            Code::BadRequest => "bad_request",
            Code::UnknownType => "unknown_type",
            Code::LoginRequired => "login_required",
            Code::Unauthorized => "unauthorized",
            Code::Forbidden => "forbidden",
            Code::NotFound => "not_found",
            Code::TooLarge => "too_large",
            Code::RateLimited => "rate_limited",
            Code::Muted => "muted",
            Code::Conflict => "conflict",
            Code::Internal => "internal",
        }
    }
}

/// Why a request is refused, all but the `id` that is echoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people, in plain English.
    pub message: &'static str,
    /// The field that is to blame, by its name on the wire.
    pub field: Option<&'static str>,
    /// Milliseconds after which the same request may succeed.
    pub retry_ms: Option<u64>,
    /// Who has the ticket that somebody else wanted.
    pub holder: Option<Box<Person>>,
}

impl Problem {
    /// The token does not hold. Why it does not is not told: it would help only a forger.
    pub const UNAUTHORIZED: Problem = Problem::new(Code::Unauthorized, "this token does not hold");
    /// Any request but `login` and `ping` before login.
    pub const LOGIN_REQUIRED: Problem = Problem::new(Code::LoginRequired, "log in first");
    /// A `type` that is not served.
    pub const UNKNOWN_TYPE: Problem = Problem::new(Code::UnknownType, "there is no request of this type");

    /// A reason without a field.
    #[must_use]
    pub const fn new(code: Code, message: &'static str) -> Problem {
        Problem { code, message, field: None, retry_ms: None, holder: None }
    }

    /// A field with a value that cannot be served.
    #[must_use]
    pub const fn bad_request(field: &'static str, message: &'static str) -> Problem {
        Problem { code: Code::BadRequest, message, field: Some(field), retry_ms: None, holder: None }
    }

    /// A field that must be there and is not.
    #[must_use]
    pub const fn missing(field: &'static str) -> Problem {
        Problem::bad_request(field, "this field is missing")
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        match *refusal {
            Refusal::BadRequest(field, message) => Problem::bad_request(field, message),
            Refusal::LoginRequired => Problem::LOGIN_REQUIRED,
            Refusal::Unauthorized => Problem::UNAUTHORIZED,
            Refusal::Forbidden => Problem::new(Code::Forbidden, "you may not do this"),
            Refusal::NotFound => {
                Problem::new(Code::NotFound, "there is no such thing, or none that you may see")
            }
            Refusal::TooLarge(field) => Problem {
                field: Some(field),
                ..Problem::new(Code::TooLarge, "this field is over the limit that the login answer tells")
            },
            Refusal::RateLimited { retry_ms } => Problem {
                retry_ms: Some(retry_ms),
                ..Problem::new(Code::RateLimited, "too many requests; wait for `retry` milliseconds")
            },
            Refusal::Muted { retry_ms } => {
                Problem { retry_ms, ..Problem::new(Code::Muted, "you may not speak here for now") }
            }
            Refusal::Conflict(message) => Problem::new(Code::Conflict, message),
            Refusal::Held { ref uid, ref name } => Problem {
                holder: Some(Box::new(Person { uid: uid.clone(), name: name.clone() })),
                ..Problem::new(Code::Conflict, "somebody has this ticket")
            },
            Refusal::Internal { retry_ms } => Problem {
                retry_ms: Some(retry_ms),
                ..Problem::new(Code::Internal, "the daemon failed and nothing was stored; try again")
            },
        }
    }
}

/// A text message that is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused<'a> {
    /// The `id` to echo, where one could be read.
    pub id: Option<Cow<'a, str>>,
    /// Why.
    pub problem: Problem,
}
