//! What is kept.
//!
//! A store carries out the orders of the chat core inside one open transaction per turn and answers its
//! queries from there, the writes of the turn included. After [`Storage::commit`] the turn's output may
//! leave; when a write or the commit fails, the transaction is rolled back and the core undoes the turn.
//!
//! A store trusts the core with permission, not with arithmetic: it proves that each entry has the number
//! after the last of its conversation, that no author uses an `id` twice, and that nothing hangs in the air (a
//! member without a group, an author who is no user). [`Sqlite`] keeps everything in a file, [`Memory`] in the process.
//!
//! The tutorial keeps nothing. Every store passes the suite in `tests/store/`.

mod answers;
mod backup;
mod backup_files;
mod bans;
mod checkpoint;
mod conversations;
mod cursors;
mod desks;
mod entries;
mod few;
mod files;
mod forgotten;
mod groups;
mod guests;
mod index;
mod log;
mod memory;
mod memory_tickets;
mod open;
mod page;
mod probe;
mod pushes;
mod recall;
mod restore;
mod retention;
mod rows;
mod search;
mod sends;
mod sqlite;
mod tickets;
mod users;
mod waiting;

use std::fmt;

pub use answers::KeptAnswer;
pub use backup::{BackedUp, BackupError, Existing, Place, back_up};
pub use files::FileBytes;
pub use memory::Memory;
pub use open::{Durability, OpenError, Options};
pub use restore::{Restored, RestoredKeys, restore};
pub use retention::Retention;
pub use sqlite::Sqlite;

use crate::base::clock::UnixMillis;
use crate::chat::ids::{Conversation, FileId, Id, TicketId};
use crate::chat::output::{Query, Record, Store};

/// What is made once for a store and lives as long as it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names the store to clients, who so notice that all `seq` begin anew.
    pub epoch: Box<str>,
    /// What the tokens of guests are signed with.
    pub guest_secret: [u8; 32],
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// A store, as the floor above drives it.
pub trait Storage: FileBytes {
    /// The identity of the store. One that has none yet takes `fresh`. Not inside a transaction.
    ///
    /// # Errors
    /// When the medium fails.
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError>;

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

    /// Keeps what a call was answered under its key, in the open transaction. What the key had before is replaced.
    ///
    /// # Errors
    /// As [`Storage::write`].
    fn keep_answer(&mut self, key: &str, answer: &KeptAnswer) -> Result<(), StoreError>;

    /// What the call with this key was answered, if that is not too long ago; as [`Storage::read`] sees it.
    ///
    /// # Errors
    /// As [`Storage::read`].
    fn kept_answer(&self, key: &str, now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError>;

    /// Makes the open transaction last.
    ///
    /// # Errors
    /// When the medium fails. The transaction is then rolled back already.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives up the open transaction, if there is one: everything is as it was at `begin`.
    fn rollback(&mut self);

    /// Does a little of what no commit should wait for: forgets what is too old, brings things to their place.
    /// Called a tenth of a second after a commit, so ten times a second while there is much to do, and now and then
    /// while there is nothing; not inside a transaction.
    ///
    /// # Errors
    /// When the medium fails. What was committed stays so.
    fn tidy_up(&mut self, _now: UnixMillis) -> Result<Tidy, StoreError> {
        Ok(Tidy::Done)
    }

    /// From now on so much is kept. What is too much goes while the store tidies up.
    fn set_retention(&mut self, _retention: Retention) {}

    /// Tries whether anything can be stored, by storing a little and taking it away again. Not inside a transaction.
    ///
    /// # Errors
    /// It cannot: what the next message would be refused for.
    fn probe(&mut self) -> Result<(), StoreError> {
        self.begin()?;
        self.commit()
    }

    /// How many bytes of the disk it takes, with its log; 0 where it has none.
    fn size_bytes(&self) -> u64 {
        0
    }

    /// The number of the newest entry over all conversations, so about as many were ever stored; 0 without one.
    ///
    /// # Errors
    /// As [`Storage::read`].
    fn last_entry(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Brings everything to its place before the daemon ends.
    ///
    /// # Errors
    /// When the medium fails. What was committed stays so, and the next start finds it.
    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Whether a store has tidied up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tidy {
    /// It need not be called before the next commit, but for what comes with time.
    Done,
    /// It is to be called again after the same time.
    NotYet,
}

impl Tidy {
    /// Whether both have tidied up.
    fn and(self, other: Tidy) -> Tidy {
        if self == Tidy::Done { other } else { Tidy::NotYet }
    }
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
    /// The user has sent something under this `id` before.
    SentBefore {
        /// Who.
        uid: Id,
        /// The request's.
        id: Box<str>,
    },
    /// An order names a group that is not stored.
    NoSuchGroup(Id),
    /// An order names a ticket that is not stored.
    NoSuchTicket(TicketId),
    /// An order names a user who is not stored.
    NoSuchUser(Id),
    /// An order names an entry that is not stored.
    NoSuchEntry {
        /// Where.
        conversation: Conversation,
        /// Its number.
        seq: u64,
    },
    /// An order, or somebody above, names a file that is not kept, or belongs to an entry already.
    NoSuchFile(FileId),
    /// Somebody is to be forgotten who is a member of a group.
    StillMember(Id),
    /// There is no room. Nothing is wrong with what is stored, and writing goes on when there is room again.
    Full,
    /// The medium has once not confirmed what it was given, in its own words. What is on it since then nobody
    /// can say, so nothing is written any more until a restart has read it anew; reading goes on.
    Unconfirmed(String),
    /// The medium failed, in its own words. The next transaction may succeed.
    Medium(String),
}

impl StoreError {
    /// Whether the medium is to blame, and not what was ordered.
    #[must_use]
    pub fn is_of_medium(&self) -> bool {
        matches!(self, StoreError::Full | StoreError::Unconfirmed(_) | StoreError::Medium(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::NoTransaction => f.write_str("no transaction is open"),
            StoreError::TransactionOpen => f.write_str("a transaction is open already"),
            StoreError::SeqGap { conversation, next, given } => {
                write!(f, "entry {given} of {conversation:?}, where {next} is next")
            }
            StoreError::SentBefore { uid, id } => {
                write!(f, "user {uid:?} has sent something under {id:?} before")
            }
            StoreError::NoSuchGroup(gid) => write!(f, "group {gid:?} is not stored"),
            StoreError::NoSuchTicket(ticket) => write!(f, "ticket {} is not stored", ticket.0),
            StoreError::NoSuchUser(uid) => write!(f, "user {uid:?} is not stored"),
            StoreError::NoSuchEntry { conversation, seq } => {
                write!(f, "entry {seq} of {conversation:?} is not stored")
            }
            StoreError::NoSuchFile(file) => write!(f, "file {} is not kept, or not free", file.as_str()),
            StoreError::StillMember(uid) => write!(f, "user {uid:?} is a member of a group"),
            StoreError::Full => f.write_str("there is no room left"),
            StoreError::Unconfirmed(words) => {
                write!(f, "the disk did not confirm a write ({words}); nothing is written until a restart")
            }
            StoreError::Medium(words) => write!(f, "the medium failed: {words}"),
        }
    }
}

impl std::error::Error for StoreError {}
