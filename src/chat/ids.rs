//! The names of things: users, groups, sessions, conversations.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The longest textual id, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// The largest integer id: 2^53-1, the last that JavaScript reads exactly.
pub const ID_NUMBER_MAX: u64 = (1 << 53) - 1;

/// A uid or a gid: an integer from 1 to 2^53-1, or a string of 1 to 64 bytes without control characters.
///
/// `123` and `"123"` are the same id, so a string that reads as a canonical integer becomes one. Ordered by
/// number first, then by text; that order is the order of pages of members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    /// Written on the wire as an integer.
    Number(u64),
    /// Written on the wire as a string.
    Text(Box<str>),
}

impl Id {
    /// An id from an integer of the wire. `None` outside 1..=2^53-1.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Id> {
        (1..=ID_NUMBER_MAX).contains(&number).then_some(Id::Number(number))
    }

    /// An id from a string of the wire. `None` when it is empty, over 64 bytes, or has a control character.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Id> {
        if text.is_empty() || text.len() > ID_BYTES_MAX || text.chars().any(char::is_control) {
            return None;
        }
        // Canonical: no sign, no leading zero, within 2^53-1. Rust's parser would take a plus sign.
        let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        match text.parse().ok().filter(|_| canonical).and_then(Id::from_number) {
            Some(id) => Some(id),
            None => Some(Id::Text(text.into())),
        }
    }
}

/// What is derived would hash besides which of the two it is: a step more in every look-up. A number and a text whose
/// hashes fall together are told apart when they are compared.
impl Hash for Id {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Id::Number(number) => state.write_u64(*number),
            Id::Text(text) => text.hash(state),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => write!(f, "{number}"),
            Id::Text(text) => f.write_str(text),
        }
    }
}

/// The name of an uploaded file: 16 to 64 letters, digits, `-` and `_`, so that it may stand in any path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(Box<str>);

impl FileId {
    /// The name in a text. `None` when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<FileId> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        ((16..=64).contains(&text.len()) && text.bytes().all(is_plain)).then(|| FileId(text.into()))
    }

    /// As it stands on the wire and on the disk.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One connection that speaks chat, as the floor above numbers it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// One call of a back end, as the floor above numbers it. Not used for another call while it waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A support conversation, by its number: from 1, one sequence for the whole daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(pub u64);

/// A fan-out list of the loop. Small and dense, given by the core; reused when its room has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub u32);

/// Everyone who is logged in.
pub const TOPIC_ALL: Topic = Topic(0);

/// A conversation as the core and the store name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conversation {
    /// A group, by gid.
    Group(Id),
    /// The private conversation of two users, the smaller uid first; both are the same for a talk with oneself.
    Direct(Id, Id),
    /// A support conversation.
    Ticket(TicketId),
}

impl Conversation {
    /// The private conversation of two users, whichever is named first.
    #[must_use]
    pub fn direct(one: &Id, other: &Id) -> Conversation {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        Conversation::Direct(low.clone(), high.clone())
    }

    /// The other user of a private conversation, seen from one of the two.
    #[must_use]
    pub fn peer_of(&self, uid: &Id) -> Option<&Id> {
        match self {
            Conversation::Group(_) | Conversation::Ticket(_) => None,
            Conversation::Direct(low, high) => Some(if low == uid { high } else { low }),
        }
    }
}
