//! What is kept.
//!
//! A store carries out the orders of the chat core inside one open transaction per turn and answers its
//! queries from there, the writes of the turn included. After [`Storage::commit`] the turn's output may
//! leave; when a write or the commit fails, the transaction is rolled back and the core undoes the turn.
//!
//! A store trusts the core with permission, not with arithmetic: it proves that each entry has the number
//! after the last of its conversation, and that nothing hangs in the air (a member without a group, an
//! author who is no user). [`Memory`] keeps everything in the process.
//!
//! The tutorial keeps nothing. Every store passes the suite in `tests/store/`.

mod memory;

use std::fmt;

pub use memory::{Memory, StoredEntry};

use crate::chat::ids::{Conversation, Id};
use crate::chat::output::{Query, Record, Store};

/// A store, as the floor above drives it.
pub trait Storage {
    /// Opens the transaction of a turn.
    ///
    /// # Errors
    /// [`StoreError::TransactionOpen`] when one is open already; or the medium fails.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Carries out an order in the open transaction.
    ///
    /// # Errors
    /// When the order is against what is stored, or the medium fails. The transaction can then only be
    /// rolled back.
    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError>;

    /// Looks something up, as the open transaction sees it; outside of one, as it is committed.
    ///
    /// # Errors
    /// When the medium fails. The turn can then only be rolled back.
    fn read(&self, query: &Query) -> Result<Record, StoreError>;

    /// Makes the open transaction last.
    ///
    /// # Errors
    /// When the medium fails. The transaction is then rolled back already.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives up the open transaction, if there is one: everything is as it was at `begin`.
    fn rollback(&mut self);
}

/// Why a store did not do as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// A write or commit without [`Storage::begin`].
    NoTransaction,
    /// A second [`Storage::begin`].
    TransactionOpen,
    /// An entry does not have the number after the last of its conversation: the core has lost count.
    SeqGap {
        /// Where.
        conversation: Conversation,
        /// The number that is next.
        next: u64,
        /// The number that was given.
        given: u64,
    },
    /// An order names a group that is not stored.
    NoSuchGroup(Id),
    /// An order names a user who is not stored.
    NoSuchUser(Id),
    /// The medium failed, in its own words.
    Medium(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::NoTransaction => f.write_str("no transaction is open"),
            StoreError::TransactionOpen => f.write_str("a transaction is open already"),
            StoreError::SeqGap { conversation, next, given } => {
                write!(f, "entry {given} of {conversation:?}, where {next} is next")
            }
            StoreError::NoSuchGroup(gid) => write!(f, "group {gid:?} is not stored"),
            StoreError::NoSuchUser(uid) => write!(f, "user {uid:?} is not stored"),
            StoreError::Medium(words) => write!(f, "the medium failed: {words}"),
        }
    }
}

impl std::error::Error for StoreError {}
