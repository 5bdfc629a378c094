//! Groups as the store tells of them: who is in them, and how they are listed.
//!
//! Named through [`output`](super::output). How they are kept, `store` knows; what the core makes of them is in `room.rs`.

use super::act::{Sanction, Term};
use super::ids::Id;
use super::input::Listing;
use super::output::GroupRole;

/// Which page of groups is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupsPage {
    /// Who asks.
    pub uid: Id,
    /// Which groups.
    pub listing: Listing,
    /// Only gids after this one.
    pub after: Option<Id>,
    /// How many are on the page.
    pub limit: usize,
}

/// One line of a page of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// The group.
    pub gid: Id,
    /// Its name; empty if it has none.
    pub name: Box<str>,
    /// The standing of whoever asks; `None` outside.
    pub role: Option<GroupRole>,
    /// Whether whoever likes may come in.
    pub open: bool,
    /// How many members there are.
    pub members: u64,
}

/// A stored group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Whether it is only a memory of a group that was deleted. All but `seq` is empty then.
    pub deleted: bool,
    /// The last `seq`.
    pub seq: u64,
    /// Its name; empty if it has none.
    pub name: Box<str>,
    /// Whether whoever likes may come in.
    pub open: bool,
    /// What is suffered in it, by whom and for how long, ended ones included.
    pub sanctions: Vec<(Id, Sanction, Term)>,
    /// The members with their display names, by uid.
    pub members: Vec<MemberRecord>,
}

/// A stored member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// Who.
    pub uid: Id,
    /// The display name.
    pub name: Box<str>,
    /// The standing.
    pub role: GroupRole,
    /// The order of joining: whoever has the smaller number is the longer-standing member of the group.
    pub joined: u64,
}
