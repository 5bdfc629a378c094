//! What those who govern a group do in it.
//!
//! An [`Act`] is asked for by a request and, when it is done, stands in the entry that tells the members of
//! it: the same value on both ways. It carries facts; `wire` gives it its JSON shape, a store its columns.
//!
//! Who may do what is in `permission.rs`, how it is done in `govern.rs`. The tutorial has no such thing:
//! its `gid` is a number that anybody may send.

use std::borrow::Cow;

use super::ids::Id;
use super::output::GroupRole;
use crate::base::clock::UnixMillis;

/// One thing that an owner or an admin does in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// The group has another name from now on, or other people may come in.
    GroupUpdate {
        /// The name; an empty one takes it away. `None` leaves it.
        name: Option<Cow<'a, str>>,
        /// Whether whoever likes may come in. `None` leaves it.
        open: Option<bool>,
    },
    /// A member has another standing from now on.
    Role {
        /// Who.
        uid: Id,
        /// The standing.
        role: GroupRole,
    },
    /// Somebody is put out, and may come back.
    Kick {
        /// Who.
        uid: Id,
    },
    /// Somebody is put out, and must stay out.
    Ban {
        /// Who.
        uid: Id,
        /// For how many seconds; `None` is until lifted, 0 lifts.
        seconds: Option<u64>,
    },
    /// Somebody must be silent.
    Mute {
        /// Who.
        uid: Id,
        /// For how many seconds; `None` is until lifted, 0 lifts.
        seconds: Option<u64>,
    },
    /// Somebody is brought in.
    Add {
        /// Who.
        uid: Id,
    },
    /// The group is no more.
    GroupDelete,
}

impl Act<'_> {
    /// A copy that borrows from nothing.
    #[must_use]
    pub fn into_owned(self) -> Act<'static> {
        match self {
            Act::GroupUpdate { name, open } => {
                Act::GroupUpdate { name: name.map(|name| Cow::Owned(name.into_owned())), open }
            }
            Act::Role { uid, role } => Act::Role { uid, role },
            Act::Kick { uid } => Act::Kick { uid },
            Act::Ban { uid, seconds } => Act::Ban { uid, seconds },
            Act::Mute { uid, seconds } => Act::Mute { uid, seconds },
            Act::Add { uid } => Act::Add { uid },
            Act::GroupDelete => Act::GroupDelete,
        }
    }

    /// The `type` of the request on the wire, and the word for it in a store.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Act::GroupUpdate { .. } => "group_update",
            Act::Role { .. } => "role",
            Act::Kick { .. } => "kick",
            Act::Ban { .. } => "ban",
            Act::Mute { .. } => "mute",
            Act::Add { .. } => "add",
            Act::GroupDelete => "group_delete",
        }
    }

    /// On whom it acts, where it acts on somebody.
    #[must_use]
    pub const fn target(&self) -> Option<&Id> {
        match self {
            Act::Role { uid, .. }
            | Act::Kick { uid }
            | Act::Ban { uid, .. }
            | Act::Mute { uid, .. }
            | Act::Add { uid } => Some(uid),
            Act::GroupUpdate { .. } | Act::GroupDelete => None,
        }
    }
}

/// What somebody suffers in one group, member or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sanction {
    /// May not come in.
    Ban,
    /// May not speak.
    Mute,
}

impl Sanction {
    /// The word for it in a store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Sanction::Ban => "ban",
            Sanction::Mute => "mute",
        }
    }
}

/// How long a sanction lasts. It ends by itself: nobody is woken for it, it is merely no longer in force when
/// somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Until somebody lifts it.
    UntilLifted,
    /// Up to this moment, which is no longer within it.
    Until(UnixMillis),
}

impl Term {
    /// The term that begins now. `None`: it is lifted.
    #[must_use]
    pub fn from_seconds(now: UnixMillis, seconds: Option<u64>) -> Option<Term> {
        match seconds {
            None => Some(Term::UntilLifted),
            Some(0) => None,
            Some(seconds) => {
                Some(Term::Until(UnixMillis(now.0.saturating_add(seconds.saturating_mul(1_000)))))
            }
        }
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_in_force(self, now: UnixMillis) -> bool {
        self.rest_ms(now) != Some(0)
    }

    /// Milliseconds until it ends; `None` when it does not end by itself.
    #[must_use]
    pub fn rest_ms(self, now: UnixMillis) -> Option<u64> {
        match self {
            Term::UntilLifted => None,
            Term::Until(end) => Some(end.0.saturating_sub(now.0)),
        }
    }
}
