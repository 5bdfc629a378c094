//! A batch: several calls in one request, done one after the other, each with its own status.
//!
//! It is no transaction of its own: a call that is refused stops nothing. But all of them are in one turn of the store,
//! so either what the batch did is stored, or none of it, and then the whole is answered with 503.
//!
//! A copy of each call is kept until its turn comes. What is read by a batch is bounded: calls behind that are not
//! made. Tested in `tests/app/api_batch.rs`.

use std::collections::VecDeque;

use super::judge;
use crate::auth::KnownKey;
use crate::base::limits;
use crate::wire::api::{self, BatchCall, Problem, Reply, Route, render_batch};

const FULL: Problem = Problem::new(
    413,
    "too_large",
    "the answers before it fill the answer of the batch, and the call was not made; make it by itself",
);

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Batch {
    key: KnownKey,
    calls: VecDeque<Next>,
    replies: Vec<Reply>,
    bytes: usize,
}

/// A call that has not been made.
#[derive(Debug)]
pub(super) struct Next {
    method: String,
    target: String,
    body: String,
    is_over: bool,
}

impl Next {
    /// What is asked, if this key is for it.
    pub(super) fn parse(&self, key: &KnownKey) -> Result<api::Request<'_>, Problem> {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*self.target, None),
        };
        let route = Route::find(&self.method, path)?;
        judge(key, &route)?;
        if self.is_over {
            return Err(FULL);
        }
        api::parse(route, query, self.body.as_bytes())
    }
}

impl Batch {
    pub(super) fn new(key: KnownKey, calls: &[BatchCall<'_>]) -> Batch {
        let next = |call: &BatchCall<'_>| Next {
            method: call.method.as_ref().to_owned(),
            target: call.path.as_ref().to_owned(),
            body: call.body.to_owned(),
            is_over: false,
        };
        Batch { key, calls: calls.iter().map(next).collect(), replies: Vec::new(), bytes: 0 }
    }

    pub(super) fn key(&self) -> &KnownKey {
        &self.key
    }

    /// The next call.
    pub(super) fn next(&mut self) -> Option<Next> {
        let is_over = self.bytes > limits::BATCH_ANSWER_BYTES_MAX.count();
        self.calls.pop_front().map(|next| Next { is_over, ..next })
    }

    /// The answer of the call that was made last.
    pub(super) fn take(&mut self, reply: Reply) {
        self.bytes += reply.body.len();
        self.replies.push(reply);
    }

    /// The answer of all of it.
    pub(super) fn reply(&self) -> Reply {
        render_batch(&self.replies)
    }
}
