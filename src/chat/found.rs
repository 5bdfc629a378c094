//! What the store is asked to look for, and what it has found.
//!
//! Facts only, like all in `record.rs`, of which this is a part. Who may look where is decided in `search.rs`.
//! Tested in `tests/store/search.rs`.

use super::ids::{Conversation, Id};
use super::record::EntryRecord;
use crate::base::words::Words;

/// What is looked for, and where. The newest comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchQuery {
    /// Every one of them must be in the text.
    pub words: Words,
    /// Where.
    pub scope: Scope,
    /// Only entries stored before the one that an earlier [`SearchRecord::next`] names.
    pub before: Option<u64>,
    /// How many at most.
    pub entries_max: usize,
    /// How many bytes at most, as [`EntryRecord::bytes`] counts them; the first entry comes in any case.
    pub bytes_max: usize,
    /// What it may cost: the limit `search_steps_max`.
    pub steps_max: usize,
}

/// Where a search looks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In the groups of which this user is a member, and in the user's private conversations.
    All(Id),
    /// In one conversation.
    One(Conversation),
}

/// What a search has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRecord {
    /// The newest first.
    pub found: Vec<Found>,
    /// Where the search goes on, if it has not come to its end: with a full page, or when its steps were spent. Numbers
    /// of entries over all conversations, in the order in which they were stored.
    pub next: Option<u64>,
    /// What it has cost.
    pub steps: usize,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub conversation: Conversation,
    /// What.
    pub entry: EntryRecord,
}
