//! Search: which entries hold these words.
//!
//! The store looks and the core decides where it may: in one conversation, if the request names it and the asker may
//! read it, as in history; otherwise in the asker's own, which are the groups of which the asker is a member now and
//! the private ones. The request waits for the answer like any other, and when it is in, permission is asked for
//! once more.
//!
//! A search costs what the store has to go through, and not what it finds, so it is given a number of steps. When they
//! are spent the answer says where it stopped, and the next search goes on from there: a page may be short, or empty,
//! and not be the last one. The searches of one turn share their steps, or many at once would hold up everybody: who
//! comes when they are spent gets an empty page at once.
//!
//! What a word is, and when a text holds it, is in `base/words.rs`. The tutorial keeps nothing to search in.
//! Tested in `tests/chat/search.rs` and `tests/sim/`.

use super::Chat;
use super::ids::{ID_NUMBER_MAX, SessionId};
use super::input::Target;
use super::limits::Limits;
use super::output::{Event, Output, Query, Record, Refusal, Scope, SearchQuery, SearchRecord, Sink, To};
use super::permission::Asker;
use super::reply::{Outcome, Reply};
use crate::base::clock::Now;
use crate::base::words::Words;

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) query: &'a str,
    pub(super) target: Option<&'a Target>,
    pub(super) cursor: Option<u64>,
    pub(super) limit: Option<u32>,
}

/// Checks what can be checked without knowing anything.
pub(super) fn check(query: &str, limits: &Limits) -> Result<(), Refusal> {
    if query.len() > limits.search_bytes_max {
        return Err(Refusal::TooLarge("q"));
    }
    match Words::of(query).len() {
        0 => Err(Refusal::BadRequest("q", "has no word in it")),
        words if words > limits.search_words_max => Err(Refusal::BadRequest("q", "has too many words")),
        _ => Ok(()),
    }
}

impl Chat {
    /// What must be asked before the search can be answered.
    pub(super) fn needs_search(&mut self, now: Now, asker: Asker, search: Search<'_>) -> Option<Query> {
        if let Some(query) = search.target.and_then(|target| self.needs_target(target)) {
            return Some(query);
        }
        // Who may not read it costs no search; `search` says so.
        self.may_search(now, asker, search.target).ok()?;
        let query = self.search_query(asker, search);
        self.parking.unless_at_hand(Query::Search(query)).filter(|_| !self.steps_are_spent())
    }

    fn may_search(&mut self, now: Now, asker: Asker, target: Option<&Target>) -> Result<(), Refusal> {
        target.map_or(Ok(()), |target| self.may_read(now, asker, target))
    }

    fn steps_are_spent(&self) -> bool {
        self.turn.search_steps >= self.limits.search_steps_max
    }

    fn search_query(&self, asker: Asker, search: Search<'_>) -> SearchQuery {
        let limits = &self.limits;
        let entries_max = search.limit.map_or(limits.search_page_default, |limit| limit as usize);
        SearchQuery {
            words: Words::of(search.query),
            scope: match search.target {
                Some(target) => Scope::One(self.conversation(asker.user, target)),
                None => Scope::All(self.users[asker.user].uid.clone()),
            },
            before: search.cursor,
            entries_max: entries_max.clamp(1, limits.search_page_max),
            bytes_max: limits.history_page_bytes_max,
            steps_max: limits.search_steps_max,
        }
    }

    pub(super) fn search(
        &mut self,
        now: Now,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        search: Search<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_search(now, asker, search.target)?;
        let query = self.search_query(asker, search);
        let answer = match self.parking.at_hand.take_if(|record| is_of(record, &query)) {
            Some(Record::Search(_, mut record)) => {
                self.turn.search_steps += record.steps;
                if search.target.is_none() {
                    record.found.retain(|found| self.is_own(asker, &found.conversation));
                }
                record
            }
            _ if self.steps_are_spent() => {
                let next = Some(search.cursor.unwrap_or(ID_NUMBER_MAX));
                SearchRecord { next, ..SearchRecord::default() }
            }
            _ => return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms }),
        };
        let event = Event::Search { id, found: &answer.found, next: answer.next };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }
}

fn is_of(record: &Record, query: &SearchQuery) -> bool {
    matches!(record, Record::Search(of, _) if of == query)
}
