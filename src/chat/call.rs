//! What is asked for by HTTP, by the site's back end or by a user who uploads and fetches files, and what it is answered.
//!
//! A call is a request without a session: it is answered once, by [`Output::Answer`](super::output::Output::Answer), and
//! hears nothing besides. What it does is told to everybody else as if a user had done it.
//!
//! Whether the key that came with it is good for it, the floor above has seen to; `wire` gives both their JSON shape.
//! The core takes calls in `calling.rs`, and does what they ask in `backend.rs` and `banning.rs`.
//! The tutorial's front end is the only program that speaks to it.

use std::borrow::Cow;

use super::act::Term;
pub use super::desk::{DeskAnswer, DeskCall};
use super::files::{Bearer, FileRecord, NewFile};
use super::ids::{Conversation, FileId, Id};
use super::input::{Bounds, Draft, Target};
use super::output::{EntryRecord, ForgetReport, GroupRole, GroupSummary, Member, PushCounts, Refusal};
use super::push::Push;
use crate::base::clock::UnixMillis;

/// What is asked, checked for shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Call<'a> {
    /// Speak in a group, or to a user. Nobody becomes a member by it, and no group is made.
    Say {
        /// In whose name; `None` is the daemon's own, `system`.
        from: Option<Id>,
        /// Where.
        target: Target,
        /// What.
        draft: Draft<'a>,
    },
    /// A page of what was said in a conversation.
    History {
        /// From whose side a private conversation is named; nobody's for a group.
        uid: Option<Id>,
        /// Which.
        target: Target,
        /// Which part.
        bounds: Bounds,
        /// How many entries at most.
        limit: Option<u32>,
    },
    /// Tell users something that is no entry of a conversation.
    Push(Push<'a>),
    /// What a group is.
    Group {
        /// The group.
        gid: Id,
    },
    /// Make a group, or change it.
    PutGroup {
        /// The group.
        gid: Id,
        /// Its name; an empty one takes it away. `None` leaves it.
        name: Option<Cow<'a, str>>,
        /// Whether whoever likes may come in. `None` leaves it; a new group is open.
        open: Option<bool>,
        /// Who is its owner from now on, and a member. `None` leaves it.
        owner: Option<Id>,
    },
    /// Delete a group.
    DeleteGroup {
        /// The group.
        gid: Id,
    },
    /// A page of members, by uid.
    Members {
        /// The group.
        gid: Id,
        /// Only uids after this one.
        after: Option<Id>,
        /// How many at most.
        limit: Option<u32>,
    },
    /// Bring somebody into a group, or change a member's standing.
    PutMember {
        /// The group.
        gid: Id,
        /// Who.
        uid: Id,
        /// The standing; `None` leaves it.
        role: Option<GroupRole>,
    },
    /// Put a member out.
    DeleteMember {
        /// The group.
        gid: Id,
        /// Who.
        uid: Id,
    },
    /// What a user is, and whether there.
    User {
        /// Who.
        uid: Id,
    },
    /// Delete a person, with everything that is kept of one.
    Forget {
        /// Who.
        uid: Id,
    },
    /// A page of users who have a session, by uid.
    UsersOnline {
        /// Only uids after this one.
        after: Option<Id>,
        /// How many at most.
        limit: Option<u32>,
    },
    /// A page of all groups, by gid.
    Groups {
        /// Only gids after this one.
        after: Option<Id>,
        /// How many at most.
        limit: Option<u32>,
    },
    /// End every session of a user.
    Disconnect {
        /// Who.
        uid: Id,
    },
    /// Keep a user out of the daemon.
    Ban {
        /// Who.
        uid: Id,
        /// For how many seconds; `None` is until lifted, 0 lifts.
        seconds: Option<u64>,
    },
    /// Let a banned user in again.
    Unban {
        /// Who.
        uid: Id,
    },
    /// A user is about to upload a file.
    Upload {
        /// Who.
        bearer: Bearer,
        /// For which conversation.
        target: Target,
    },
    /// A user has uploaded a file.
    KeepFile {
        /// Who.
        bearer: Bearer,
        /// For which conversation.
        target: Target,
        /// What.
        file: NewFile<'a>,
    },
    /// A user wants an uploaded file.
    File {
        /// Who.
        bearer: Bearer,
        /// Which.
        file: FileId,
    },
    /// Something about the support desk.
    Desk(DeskCall<'a>),
}

impl Call<'_> {
    /// A copy that borrows from nothing, for a call that must wait.
    #[must_use]
    pub fn into_owned(self) -> Call<'static> {
        match self {
            Call::Say { from, target, draft } => Call::Say { from, target, draft: draft.into_owned() },
            Call::History { uid, target, bounds, limit } => Call::History { uid, target, bounds, limit },
            Call::Push(push) => Call::Push(push.into_owned()),
            Call::Group { gid } => Call::Group { gid },
            Call::PutGroup { gid, name, open, owner } => {
                let name = name.map(|name| Cow::Owned(name.into_owned()));
                Call::PutGroup { gid, name, open, owner }
            }
            Call::DeleteGroup { gid } => Call::DeleteGroup { gid },
            Call::Members { gid, after, limit } => Call::Members { gid, after, limit },
            Call::PutMember { gid, uid, role } => Call::PutMember { gid, uid, role },
            Call::DeleteMember { gid, uid } => Call::DeleteMember { gid, uid },
            Call::User { uid } => Call::User { uid },
            Call::Forget { uid } => Call::Forget { uid },
            Call::UsersOnline { after, limit } => Call::UsersOnline { after, limit },
            Call::Groups { after, limit } => Call::Groups { after, limit },
            Call::Disconnect { uid } => Call::Disconnect { uid },
            Call::Ban { uid, seconds } => Call::Ban { uid, seconds },
            Call::Unban { uid } => Call::Unban { uid },
            Call::Upload { bearer, target } => Call::Upload { bearer, target },
            Call::KeepFile { bearer, target, file } => {
                Call::KeepFile { bearer, target, file: file.into_owned() }
            }
            Call::File { bearer, file } => Call::File { bearer, file },
            Call::Desk(call) => Call::Desk(call.into_owned()),
        }
    }
}

/// Whether what was put is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there before.
    Made,
    /// It was there.
    Kept,
}

/// What a call is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<'a> {
    /// It was said, and is stored.
    Said {
        /// Its number in the conversation.
        seq: u64,
        /// When.
        time: UnixMillis,
        /// Users who are there to hear it, the author left out.
        online: usize,
        /// Users who are not, and find it when they come, the author left out.
        stored: usize,
    },
    /// A push is told, and waits for whom it is to wait.
    Pushed {
        /// By which clients know it again.
        id: &'a str,
        /// How many it reached.
        counts: PushCounts,
    },
    /// A page of a conversation.
    History {
        /// The conversation as its entries name it.
        conversation: &'a Conversation,
        /// The page, by rising `seq`.
        entries: &'a [EntryRecord],
        /// Whether there are further ones, before the page or after it as was asked.
        more: bool,
    },
    /// A group.
    Group {
        /// Whether a call has made it just now.
        put: Put,
        /// What it is.
        group: GroupView<'a>,
    },
    /// A page of members.
    Members {
        /// The page, by uid.
        members: &'a [Member<'a>],
        /// Whether there are further pages.
        more: bool,
    },
    /// A member, as the call has left it.
    Member {
        /// Whether brought in by the call.
        put: Put,
        /// Who, and in what standing.
        member: Member<'a>,
    },
    /// A user.
    User(UserView<'a>),
    /// A person is deleted.
    Forgotten {
        /// Who.
        uid: &'a Id,
        /// What went.
        report: ForgetReport,
    },
    /// A page of users.
    Users {
        /// The page, by uid.
        users: &'a [UserView<'a>],
        /// Whether there are further pages.
        more: bool,
    },
    /// A page of groups.
    Groups {
        /// The page, by gid.
        groups: &'a [GroupSummary],
        /// Whether there are further pages.
        more: bool,
    },
    /// So many sessions are told to end.
    Disconnected {
        /// How many.
        sessions: usize,
    },
    /// It may be done.
    Granted,
    /// An uploaded file.
    File {
        /// Whether the call has stored it just now.
        put: Put,
        /// What is kept of it.
        file: &'a FileRecord,
    },
    /// Something about the support desk.
    Desk(DeskAnswer<'a>),
    /// What was to be taken away is no more.
    Removed,
    /// The call was refused, and has changed nothing.
    Refused(Refusal),
}

/// A group, as a back end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView<'a> {
    /// The group.
    pub gid: &'a Id,
    /// Its name; empty if it has none.
    pub name: &'a str,
    /// Whether whoever likes may come in.
    pub open: bool,
    /// Who owns it; nobody does as long as it has no members.
    pub owner: Option<&'a Id>,
    /// How many members it has.
    pub members: usize,
    /// How many of them are there.
    pub online: usize,
    /// The number of the last entry; 0 when nothing was said.
    pub seq: u64,
}

/// A user, as a back end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView<'a> {
    /// Who.
    pub uid: &'a Id,
    /// The display name.
    pub name: &'a str,
    /// Whether a guest.
    pub guest: bool,
    /// Sessions that are there now; online is who has one.
    pub sessions: usize,
    /// When the last session ended, as far as the daemon remembers.
    pub last: Option<UnixMillis>,
    /// In how many groups.
    pub groups: usize,
    /// How long the user is kept out.
    pub ban: Option<Term>,
}
