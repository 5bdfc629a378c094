//! The core on a store without a daemon: what a command does while nobody serves.
//!
//! There are no sessions, so what the core would tell anybody is dropped. What it has stored is committed as in a turn
//! (`turn.rs`), and then the store is given all the time that it wants to tidy up.
//!
//! Tests: `tests/app/remote.rs`, with the real command.

use std::collections::VecDeque;
use std::fmt;

use crate::base::clock::{Clock, Now};
use crate::chat::call::{Answer, Call};
use crate::chat::ids::{CallId, Id};
use crate::chat::input::Input;
use crate::chat::output::{ForgetReport, Output, Query, Record, Refusal, Sink};
use crate::chat::{self, Chat};
use crate::store::{Storage, StoreError, Tidy};

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfflineError {
    /// The store failed.
    Store(StoreError),
    /// The core refused.
    Refused(Refusal),
}

impl fmt::Display for OfflineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfflineError::Store(error) => write!(f, "the store failed: {error}"),
            OfflineError::Refused(refusal) => {
                write!(f, "refused: {}", crate::wire::Problem::from(refusal).message)
            }
        }
    }
}

impl std::error::Error for OfflineError {}

impl From<StoreError> for OfflineError {
    fn from(error: StoreError) -> OfflineError {
        OfflineError::Store(error)
    }
}

/// Deletes a person, and waits until every text is out of the file.
///
/// # Errors
///
/// The store failed, or nobody can be called so.
pub fn forget(
    store: &mut impl Storage,
    limits: chat::Limits,
    uid: &Id,
) -> Result<ForgetReport, OfflineError> {
    let now = Clock::start().now();
    store.begin()?;
    let done = turn(store, now, limits, Call::Forget { uid: uid.clone() });
    if let Err(error) = done {
        store.rollback();
        return Err(error);
    }
    store.commit()?;
    loop {
        match store.read(&Query::Forgotten(uid.clone()))? {
            Record::Forgotten(_, Some(report)) if !report.is_done() => drop(store.tidy_up(now.unix)?),
            Record::Forgotten(_, report) => {
                // The files that the person has sent are taken off the disk, too.
                while store.tidy_up(now.unix)? == Tidy::NotYet {}
                return Ok(report.unwrap_or_default());
            }
            _ => return Ok(ForgetReport::default()),
        }
    }
}

/// One call, with everything that the core asks for.
fn turn(
    store: &mut impl Storage,
    now: Now,
    limits: chat::Limits,
    call: Call<'_>,
) -> Result<(), OfflineError> {
    let mut chat = Chat::new(limits);
    let mut desk = Desk { store, queries: VecDeque::new(), end: Ok(()) };
    chat.handle(now, Input::Call { call: CallId(0), request: call }, &mut desk);
    while let (Some(query), true) = (desk.queries.pop_front(), desk.end.is_ok()) {
        let record = desk.store.read(&query)?;
        chat.handle(now, Input::Answer(record), &mut desk);
    }
    desk.end
}

/// Where the outputs of the core go.
struct Desk<'a, S> {
    store: &'a mut S,
    queries: VecDeque<Query>,
    end: Result<(), OfflineError>,
}

impl<S: Storage> Sink for Desk<'_, S> {
    fn put(&mut self, output: Output<'_>) {
        match output {
            Output::Store(order) if self.end.is_ok() => {
                self.end = self.store.write(order).map_err(OfflineError::Store);
            }
            Output::Query(query) => self.queries.push_back(query),
            Output::Answer { answer: Answer::Refused(refusal), .. } => {
                self.end = Err(OfflineError::Refused(refusal));
            }
            _ => {}
        }
    }
}
