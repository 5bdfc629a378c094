//! What the store is told and asked, and what it answers: the core's side of what is kept.
//!
//! Named through [`output`](super::output). How it is kept, `store` knows.

use super::act::{Act, Sanction, Term};
use super::conversations::{ConversationsQuery, ConversationsRecord};
use super::desk::{DeskOrder, DeskQuery, DeskRecord};
use super::draft::KIND_SYSTEM;
use super::files::FileRecord;
use super::found::{SearchQuery, SearchRecord};
use super::ids::{Conversation, FileId, Id};
use super::input::Bounds;
use super::offline::{WaitingPage, WaitingQuery};
use super::output::{Entry, GroupRole, Recall};
use super::push::{PushRecord, PushesPage, PushesQuery};
use super::roll::{GroupRecord, GroupSummary, GroupsPage};
use crate::base::clock::{UnixDay, UnixMillis};
use crate::base::digest::Digest;

/// A write.
#[derive(Clone, Debug, PartialEq)]
pub enum Store<'a> {
    /// A user is worth remembering, or has a new name.
    User {
        /// Who.
        uid: &'a Id,
        /// The display name.
        name: &'a str,
        /// Whether a guest.
        guest: bool,
    },
    /// A guest who is stored is here, or was, on this day. An earlier one than is known already changes nothing.
    Seen {
        /// Who.
        uid: &'a Id,
        /// The day.
        day: UnixDay,
    },
    /// A user is forgotten: name, blocks, and what was sent under which `id`. What was said stays. Not a member of
    /// any group any more, or the transaction must fail.
    NoUser {
        /// Who.
        uid: &'a Id,
    },
    /// Everything of a person goes: what a forgotten user takes along, what waits for the person, the cursors, and the
    /// text of what the person said, which keeps its place. Nobody is shown it from now on; the store may take it out
    /// later, a little at a time. The uid is named for good. Need not be stored; not a member of any group any more, or
    /// the transaction must fail.
    Forget {
        /// Who.
        uid: &'a Id,
        /// How many groups were left for it, for the report.
        groups: u64,
    },
    /// A group is made: open, without a name. One that was deleted before goes on with its numbers.
    Group {
        /// The group.
        gid: &'a Id,
    },
    /// A group has another name from now on, or other people may come in.
    GroupUpdate {
        /// The group.
        gid: &'a Id,
        /// The name; empty if it has none.
        name: &'a str,
        /// Whether whoever likes may come in.
        open: bool,
    },
    /// A group is no more: members, sanctions and entries go with it, and its last number stays.
    NoGroup {
        /// The group.
        gid: &'a Id,
    },
    /// Somebody suffers this in a group from now on, or no longer.
    Sanction {
        /// The group.
        gid: &'a Id,
        /// Who; need be neither a member nor stored.
        uid: &'a Id,
        /// What.
        sanction: Sanction,
        /// For how long; `None` lifts it.
        term: Option<Term>,
    },
    /// A user refuses another's private messages from now on, or no longer.
    Block {
        /// Who refuses.
        uid: &'a Id,
        /// Whose; need not be stored.
        other: &'a Id,
        /// Whether they are refused.
        on: bool,
    },
    /// A user is kept out from now on, or no longer.
    Ban {
        /// Who; must be stored.
        uid: &'a Id,
        /// For how long; `None` lifts it.
        term: Option<Term>,
    },
    /// Somebody is a member from now on; a member has another standing from now on, and keeps its place in
    /// the order of joining.
    Member {
        /// The group.
        gid: &'a Id,
        /// Who.
        uid: &'a Id,
        /// The standing.
        role: GroupRole,
    },
    /// Somebody is no longer a member.
    NoMember {
        /// The group.
        gid: &'a Id,
        /// Who.
        uid: &'a Id,
    },
    /// Numbers below this one are given to guests, or may be before the store hears of it again.
    Guests {
        /// The first number that is not.
        until: u64,
    },
    /// Somebody has read a conversation up to here. Who has no cursor there gets none by it.
    Read {
        /// Who.
        uid: &'a Id,
        /// Where: a group of which `uid` is a member, or a private conversation of `uid`.
        conversation: &'a Conversation,
        /// The last entry that was read.
        seq: u64,
    },
    /// A new entry. Its `seq` is the conversation's last plus one, or the transaction must fail.
    Append {
        /// The entry.
        entry: &'a Entry<'a>,
        /// By which its author may send it again. Not used by this author so far, or the transaction must fail.
        sent_as: Option<SentAs<'a>>,
    },
    /// What is said in an entry is gone from now on; it keeps its place. It is there, or the transaction must
    /// fail.
    Erase {
        /// Where.
        conversation: &'a Conversation,
        /// Its number.
        seq: u64,
    },
    /// A stored private entry waits for its receiver, who has no session to hear it. To say it twice does no harm.
    Wait {
        /// For whom.
        uid: &'a Id,
        /// Where.
        conversation: &'a Conversation,
        /// Its number.
        seq: u64,
    },
    /// Entries no longer wait: the receiver has them.
    NoWait {
        /// For whom.
        uid: &'a Id,
        /// Where.
        conversation: &'a Conversation,
        /// Up to this number.
        until: u64,
    },
    /// A push waits for users who have no session to hear it. One that waits under this number already waits for these
    /// too.
    Push {
        /// The larger, the later.
        number: u64,
        /// What is told.
        push: &'a PushRecord,
        /// For whom; need not be stored. None twice.
        receivers: &'a [&'a Id],
    },
    /// Pushes no longer wait: the receiver has them.
    NoPush {
        /// For whom.
        uid: &'a Id,
        /// Up to this number.
        until: u64,
    },
    /// A file was uploaded, and its bytes are there. They last from the commit on.
    File {
        /// What is kept of it. It belongs to no entry.
        file: &'a FileRecord,
    },
    /// A file belongs to an entry from now on, and goes with it. It belonged to none before, or the transaction must
    /// fail.
    Bind {
        /// The file.
        file: &'a FileId,
        /// Where.
        conversation: &'a Conversation,
        /// The number of the entry, which is stored.
        seq: u64,
    },
    /// Something about the support desk.
    Desk(DeskOrder<'a>),
}

/// By what a send is known again: the author's `id`, and what was sent, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAs<'a> {
    /// The request's.
    pub id: &'a str,
    /// Of everything that the author chose: content, kind, data, reply and mentions.
    pub digest: Digest,
}

/// What the core must know before it can carry out a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// A user.
    User(Id),
    /// A group with its members.
    Group(Id),
    /// A page of groups.
    Groups(GroupsPage),
    /// The last `seq` of a private conversation.
    Direct(Id, Id),
    /// Whether anything that is kept names this uid: a user, a private conversation, a sanction, a block, a
    /// push that waits.
    Named(Id),
    /// Up to where numbers of guests are reserved.
    Guests,
    /// What went when a person was deleted.
    Forgotten(Id),
    /// The guest who was here longest ago, if that was before this day.
    Forgettable {
        /// The first day that is not long ago.
        seen_before: UnixDay,
    },
    /// What a user has sent under an `id`.
    Sent {
        /// Who.
        uid: Id,
        /// The request's.
        id: Box<str>,
    },
    /// A page of a conversation.
    Page(PageQuery),
    /// How far a user has read a conversation.
    Cursor(CursorQuery),
    /// A page of a user's conversations.
    Conversations(ConversationsQuery),
    /// Entries that hold every word.
    Search(SearchQuery),
    /// A page of what waits for a user.
    Waiting(WaitingQuery),
    /// The largest number of a push that is kept.
    LastPush,
    /// A page of the pushes that wait for a user.
    Pushes(PushesQuery),
    /// An uploaded file.
    File(FileId),
    /// Something about the support desk.
    Desk(DeskQuery),
}

/// Which entries are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageQuery {
    /// Where.
    pub conversation: Conversation,
    /// Which part.
    pub bounds: Bounds,
    /// How many at most.
    pub entries_max: usize,
    /// How many bytes at most, as [`EntryRecord::bytes`] counts them; the first entry comes in any case.
    pub bytes_max: usize,
}

/// What the store holds under the key of a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A user; `None` when never stored.
    User(Id, Option<UserRecord>),
    /// A group; `None` when there is none.
    Group(Id, Option<GroupRecord>),
    /// The groups of a page, by gid; one more than were asked for says that there are further ones.
    Groups(GroupsPage, Vec<GroupSummary>),
    /// The last `seq` of a private conversation; 0 when nobody has spoken.
    Direct(Id, Id, u64),
    /// Whether the uid is named.
    Named(Id, bool),
    /// The first number that was never reserved for guests; 0 when none was.
    Guests(u64),
    /// What went when a person was deleted; `None` for who never was.
    Forgotten(Id, Option<ForgetReport>),
    /// The guest who was here longest ago; `None` when everybody was here since.
    Forgettable {
        /// The first day that is not long ago.
        seen_before: UnixDay,
        /// Who.
        uid: Option<Id>,
    },
    /// What the user has sent under the `id`; `None` when nothing, or too long ago.
    Sent {
        /// Who.
        uid: Id,
        /// The request's.
        id: Box<str>,
        /// What.
        sent: Option<Sent>,
    },
    /// A page of a conversation.
    Page(PageQuery, PageRecord),
    /// How far the user has read; `None` for who has no cursor: no member, or a talk in which nobody has spoken.
    Cursor(CursorQuery, Option<Cursor>),
    /// A page of a user's conversations.
    Conversations(ConversationsQuery, ConversationsRecord),
    /// Entries that hold every word.
    Search(SearchQuery, SearchRecord),
    /// A page of what waits for a user.
    Waiting(WaitingQuery, WaitingPage),
    /// The largest number of a push that is kept; 0 when none is.
    LastPush(u64),
    /// A page of the pushes that wait for a user.
    Pushes(PushesQuery, PushesPage),
    /// An uploaded file; `None` when there is none, or its entry is gone or recalled.
    File(FileId, Option<FileRecord>),
    /// Something about the support desk.
    Desk(DeskRecord),
}

/// Whose cursor is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorQuery {
    /// Who.
    pub uid: Id,
    /// Where.
    pub conversation: Conversation,
}

/// How far somebody has read a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last entry that was read; 0 when none.
    pub read: u64,
    /// The newest entry.
    pub seq: u64,
}

/// Entries that follow one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRecord {
    /// By rising `seq`.
    pub entries: Vec<EntryRecord>,
    /// Whether the page was cut: there are further entries within the bounds.
    pub more: bool,
    /// The newest number of the conversation, on the page or not; 0 when nobody has spoken.
    pub last: u64,
}

/// A stored entry, all but its conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// Its number in its conversation.
    pub seq: u64,
    /// The author.
    pub uid: Id,
    /// The author's display name at that time.
    pub name: Box<str>,
    /// The text.
    pub content: Box<str>,
    /// `None` is `"text"`.
    pub kind: Option<Box<str>>,
    /// A JSON object.
    pub data: Option<Box<str>>,
    /// The entry that this one answers.
    pub reply: Option<u64>,
    /// Users who are mentioned.
    pub mentions: Box<[Id]>,
    /// What was done, in an entry that tells of it.
    pub act: Option<Act<'static>>,
    /// What recalling has to do with it.
    pub recall: Recall,
    /// When it was accepted.
    pub time: UnixMillis,
}

impl EntryRecord {
    /// The entry, in its conversation.
    #[must_use]
    pub fn entry<'a>(&'a self, conversation: &'a Conversation) -> Entry<'a> {
        Entry {
            conversation,
            seq: self.seq,
            uid: &self.uid,
            name: &self.name,
            content: &self.content,
            kind: self.kind.as_deref(),
            data: self.data.as_deref(),
            reply: self.reply,
            mentions: &self.mentions,
            act: self.act.as_ref(),
            recall: self.recall,
            time: self.time,
        }
    }

    /// Whether the entry is one that `reader` may have missed: somebody else's, and something said that still stands.
    /// Those of the daemon about what admins do are not, and neither are recalls and what was recalled.
    #[must_use]
    pub fn counts_as_unread_for(&self, reader: &Id) -> bool {
        self.uid != *reader && self.kind.as_deref() != Some(KIND_SYSTEM) && self.recall == Recall::None
    }

    /// What the entry takes on a page: what is said, and some bytes for all that is around it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const AROUND: usize = 256;
        AROUND + self.name.len() + self.content.len() + self.data.as_ref().map_or(0, |data| data.len())
    }
}

/// An entry that was sent under an `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Where.
    pub conversation: Conversation,
    /// Its number.
    pub seq: u64,
    /// When it was accepted.
    pub time: UnixMillis,
    /// Of what its author chose.
    pub digest: Digest,
}

/// A stored user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The display name.
    pub name: Box<str>,
    /// Whether a guest.
    pub guest: bool,
    /// The groups of which the user is a member, in order.
    pub groups: Vec<Id>,
    /// Whose private messages the user refuses, in order.
    pub blocks: Vec<Id>,
    /// Whether an entry waits for the user.
    pub waits: bool,
    /// Whether a push does.
    pub pushes_wait: bool,
    /// How long the user is kept out, an ended term included.
    pub ban: Option<Term>,
}

/// What went when a person was deleted, by kind; of who was deleted several times, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgetReport {
    /// Messages that have lost their text so far.
    pub messages: u64,
    /// Entries of everybody's that are still to be looked through for the person's. Nobody is shown those meanwhile.
    pub left: u64,
    /// Memberships.
    pub groups: u64,
    /// Private entries that waited for the person.
    pub waiting: u64,
    /// Pushes that did.
    pub pushes: u64,
    /// Users whose messages the person refused.
    pub blocks: u64,
    /// Sends that were known by their `id`.
    pub sends: u64,
    /// Files that the person had uploaded.
    pub files: u64,
    /// Tickets that the person had opened at the support desk. They stay, without what was told in them.
    pub tickets: u64,
    /// Notes of agents that went: about those tickets, and by the person.
    pub notes: u64,
    /// Canned replies of the person's own.
    pub canned: u64,
}
