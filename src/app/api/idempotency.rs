//! A call that may be made again, and is done once.
//!
//! Whoever hears no answer cannot know whether the call was done. With an `Idempotency-Key` it is made again: done
//! before, it is answered as it was then. The keys are the site's, whichever API key the call comes with, so that one
//! can be changed for another between two attempts. A call that was refused has done nothing; nothing is kept of it.
//!
//! What is kept for a day is what calls did. What was said is not in it: it may be recalled meanwhile. So a batch that
//! reads has no key. Tested in `tests/app/api_idempotency.rs`.

use crate::base::clock::UnixMillis;
use crate::base::digest::Digest;
use crate::http::Request;
use crate::store::KeptAnswer;
use crate::wire::api::{self, BatchCall, Kind, Problem, Reply, Route};

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// By what a call is known again.
#[derive(Debug)]
pub(super) struct Once {
    key: String,
    digest: Digest,
}

/// By what this call is known again, if it says so.
pub(super) fn once(request: &Request<'_>, parsed: &api::Request<'_>) -> Result<Option<Once>, Problem> {
    const WORDS: &str = "must be 1 to 255 visible characters of ASCII";
    let of_body = match parsed {
        api::Request::Chat(_, id) => id.as_deref(),
        _ => None,
    };
    // Two kinds of names, which must not meet.
    let key = match (request.header("idempotency-key"), of_body) {
        (Some(key), _) => {
            let is_key = (1..=KEY_BYTES_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
            let key = std::str::from_utf8(key).ok().filter(|_| is_key);
            format!("header {}", key.ok_or(Problem::bad_request("Idempotency-Key", WORDS))?)
        }
        (None, Some(id)) => format!("body {id}"),
        (None, None) => return Ok(None),
    };
    if let api::Request::Batch(calls) = parsed
        && calls.iter().any(is_reading)
    {
        return Err(Problem::bad_request(
            "Idempotency-Key",
            "a batch that reads may not have one: its answer is kept, and what was read must not be",
        ));
    }
    let digest = Digest::of([request.method.as_bytes(), request.target.as_bytes(), request.body]);
    Ok(Some(Once { key, digest }))
}

fn is_reading(call: &BatchCall<'_>) -> bool {
    let path = call.path.split('?').next().unwrap_or_default();
    Route::find(&call.method, path).is_ok_and(|route| route.is_reading())
}

impl Once {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// What the call is answered that was done before.
    pub(super) fn again(&self, kept: KeptAnswer) -> Result<Reply, Problem> {
        if kept.digest != self.digest {
            return Err(Problem::KEY_REUSED);
        }
        Ok(Reply { status: kept.status, kind: Kind::Json, body: kept.body, retry_ms: None, allow: None })
    }

    /// What is kept of the call that is done now.
    pub(super) fn answered(&self, reply: &Reply, time: UnixMillis) -> KeptAnswer {
        KeptAnswer { digest: self.digest, status: reply.status, body: reply.body.clone(), time }
    }
}
