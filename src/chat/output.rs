//! What comes out of the core: deliveries, topics, orders for the store.
//!
//! What those orders say, and what the store answers, is in `record.rs`.

use super::act::Act;
pub use super::call::Answer;
pub use super::conversations::{ConversationRecord, ConversationsQuery, ConversationsRecord, ListPlace};
pub use super::desk::{DeskEvent, DeskOrder, DeskQuery, DeskRecord};
pub use super::files::FileRecord;
pub use super::found::{Found, Scope, SearchQuery, SearchRecord};
use super::ids::{CallId, Conversation, Id, SessionId, Topic};
use super::input::Target;
pub use super::offline::{WaitingEntry, WaitingPage, WaitingQuery};
pub use super::push::{Notice, PushCounts, PushRecord, PushesPage, PushesQuery};
pub use super::record::{
    Cursor, CursorQuery, EntryRecord, ForgetReport, PageQuery, PageRecord, Query, Record, Sent, SentAs,
    Store, UserRecord,
};
pub use super::roll::{GroupRecord, GroupSummary, GroupsPage, MemberRecord};
use crate::base::clock::UnixMillis;

/// Takes the outputs of the core, in order.
///
/// Outputs borrow from the input and from the core, so that a delivery costs no allocation; a sink that keeps
/// them (the simulator) makes its own copy. A sink never calls back into the core: answers to queries are
/// handed in after [`Chat::handle`](super::Chat::handle) returned.
pub trait Sink {
    /// Takes one output.
    fn put(&mut self, output: Output<'_>);
}

/// One thing to do.
#[derive(Debug)]
pub enum Output<'a> {
    /// Send an event to sessions.
    Deliver {
        /// To whom.
        to: To<'a>,
        /// What.
        event: Event<'a>,
    },
    /// Answer a call. If the turn fails it is answered once more, as refused; only that answer leaves then.
    Answer {
        /// Which.
        call: CallId,
        /// With what.
        answer: Answer<'a>,
    },
    /// From now on the session receives what is delivered to the topic.
    Subscribe {
        /// The receiver.
        session: SessionId,
        /// The list.
        topic: Topic,
    },
    /// The session no longer receives what is delivered to the topic.
    Unsubscribe {
        /// The receiver.
        session: SessionId,
        /// The list.
        topic: Topic,
    },
    /// Once everything that was put out for the session so far is on its way to the client, this number comes
    /// back by [`Input::Flushed`](super::input::Input::Flushed).
    Mark {
        /// Who.
        session: SessionId,
        /// The number. Each is given once.
        mark: u64,
    },
    /// Write this in the open transaction.
    Store(Store<'a>),
    /// Look this up, in the open transaction, and answer by [`Input::Answer`](super::input::Input::Answer)
    /// before the next request.
    Query(Query),
    /// End the session: a `bye` where the code calls for one, then a Close frame.
    Disconnect {
        /// Who.
        session: SessionId,
        /// Why.
        why: Farewell,
    },
}

/// Why the core ends a session. The floor above knows the close code and the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// 4108: went on over the message rate.
    TooManyMessages,
    /// 4001: the login was refused for its token.
    Unauthorized,
    /// 4001: the token has expired and no other has come.
    TokenExpired,
    /// 4003: the site's back end has ended the user's connections.
    Kicked,
    /// 4003: the user may not be here.
    Banned,
}

/// The receivers of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// One session.
    Session(SessionId),
    /// These sessions: the devices of one user or of two.
    Sessions(&'a [SessionId]),
    /// Every subscriber of a topic.
    Topic(Topic),
}

/// What a client is told. `wire` gives it its JSON shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The login holds.
    Login {
        /// Echoed.
        id: Option<&'a str>,
        /// Who one is.
        uid: &'a Id,
        /// The display name.
        name: &'a str,
        /// A guest gets a token that brings him back.
        guest: bool,
    },
    /// The session's token is another now.
    Refreshed {
        /// Echoed.
        id: Option<&'a str>,
        /// The new token's `exp`, in Unix seconds.
        exp_s: u64,
    },
    /// Answer to `ping`.
    Pong {
        /// Echoed.
        id: Option<&'a str>,
    },
    /// An entry of a conversation: `groupPm`, `pm`, `support` or `recalled`.
    Entry(Entry<'a>),
    /// An entry that was said while its receiver had no session to hear it.
    Offline(Entry<'a>),
    /// What a back end tells.
    Push(Notice<'a>),
    /// What a back end told while its receiver had no session to hear it.
    OfflinePush(Notice<'a>),
    /// Entries of a conversation that the client does not have are not replayed: it pages for them.
    Gap {
        /// The conversation as the client names it.
        target: &'a Target,
        /// The last that the client has; 0 when its figure means nothing.
        after: u64,
        /// The first that it gets by itself: the newest and one more.
        before: u64,
    },
    /// Everything that the client had missed has been told.
    Resumed,
    /// The request with this `id` is done, and stored if it stores.
    Ack {
        /// Echoed.
        id: &'a str,
        /// The entry that the request made, if it made one.
        entry: Option<AckedEntry>,
    },
    /// Said to everyone connected.
    Broadcast {
        /// The author.
        uid: &'a Id,
        /// The author's display name.
        name: &'a str,
        /// The text.
        content: &'a str,
        /// When.
        time: UnixMillis,
    },
    /// Somebody has become a member.
    Joined(Membership<'a>),
    /// Somebody has ceased to be a member.
    Left(Membership<'a>),
    /// A page of members.
    Members {
        /// Echoed.
        id: Option<&'a str>,
        /// The group.
        gid: &'a Id,
        /// The page, by uid.
        members: &'a [Member<'a>],
        /// Whether there are further pages.
        more: bool,
    },
    /// A page of groups.
    Groups {
        /// Echoed.
        id: Option<&'a str>,
        /// The page, by gid.
        groups: &'a [GroupSummary],
        /// After which gid the next page begins, if there is one.
        next: Option<&'a Id>,
    },
    /// A page of a conversation.
    History {
        /// Echoed.
        id: Option<&'a str>,
        /// The conversation as the asking user names it.
        target: &'a Target,
        /// The conversation as its entries name it.
        conversation: &'a Conversation,
        /// The page, by rising `seq`.
        entries: &'a [EntryRecord],
        /// Whether there are further ones, before the page or after it as was asked.
        more: bool,
    },
    /// A page of one's conversations.
    Conversations {
        /// Echoed.
        id: Option<&'a str>,
        /// Who asks, from whose side private conversations are named.
        uid: &'a Id,
        /// The page, the newest first.
        list: &'a [ConversationRecord],
        /// After which place the next page begins, if there is one.
        next: Option<&'a ListPlace>,
    },
    /// Somebody has read a conversation up to here.
    Read {
        /// Where, as it is written: the group, or the private conversation and the other one (`to`).
        target: &'a Target,
        /// Who.
        uid: &'a Id,
        /// The last entry that was read.
        seq: u64,
    },
    /// What a search has found.
    Search {
        /// Echoed.
        id: Option<&'a str>,
        /// The newest first.
        found: &'a [Found],
        /// Where the search goes on, if it has not come to its end.
        next: Option<u64>,
    },
    /// Somebody is writing.
    Typing {
        /// Where, as it is written: the group, or the private conversation and its receiver (`to`).
        target: &'a Target,
        /// Who.
        uid: &'a Id,
        /// The display name.
        name: &'a str,
    },
    /// Who is online: the answer to a request, or a change.
    Presence {
        /// Echoed in the answer; absent in a change.
        id: Option<&'a str>,
        /// The users.
        users: &'a [UserPresence<'a>],
    },
    /// Something about the support desk.
    Desk(DeskEvent<'a>),
    /// A request was refused.
    Refused {
        /// Echoed.
        id: Option<&'a str>,
        /// Why.
        refusal: Refusal,
    },
}

/// An entry of a conversation: what is stored, delivered and shown by history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Where.
    pub conversation: &'a Conversation,
    /// From 1, without gaps.
    pub seq: u64,
    /// The author.
    pub uid: &'a Id,
    /// The author's display name at that time.
    pub name: &'a str,
    /// The text.
    pub content: &'a str,
    /// `None` is `"text"`.
    pub kind: Option<&'a str>,
    /// A JSON object as the client wrote it.
    pub data: Option<&'a str>,
    /// The `seq` of the entry that this one answers.
    pub reply: Option<u64>,
    /// Users who are mentioned.
    pub mentions: &'a [Id],
    /// What was done, in an entry that tells of it; `kind` is then `"system"` and the text empty.
    pub act: Option<&'a Act<'a>>,
    /// What recalling has to do with it.
    pub recall: Recall,
    /// When it was accepted.
    pub time: UnixMillis,
}

/// What recalling has to do with an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recall {
    /// Nothing.
    #[default]
    None,
    /// The entry was recalled: it keeps its place, and who said it when; all else is gone.
    Recalled,
    /// The entry says that the one of this `seq` was recalled. Its author is who did it, and it has no text.
    Of(u64),
}

/// The entry that an `ack` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckedEntry {
    /// The conversation as the sender names it.
    pub target: Target,
    /// Its number.
    pub seq: u64,
    /// When it was accepted.
    pub time: UnixMillis,
    /// It was stored before, by an earlier request with the same `id`.
    pub duplicate: bool,
}

/// Somebody joined or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// The group.
    pub gid: &'a Id,
    /// Who.
    pub uid: &'a Id,
    /// The display name.
    pub name: &'a str,
    /// How many members there are now.
    pub members: usize,
}

/// One line of a page of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Who.
    pub uid: &'a Id,
    /// The display name.
    pub name: &'a str,
    /// The standing in this group.
    pub role: GroupRole,
    /// Whether a session of this user is there.
    pub online: bool,
}

/// The standing of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupRole {
    /// Speaks and reads.
    #[default]
    Member,
    /// Governs too, all but the owner.
    Admin,
    /// Made the group, or followed whoever did.
    Owner,
}

/// Whether a user is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPresence<'a> {
    /// Who.
    pub uid: &'a Id,
    /// Whether a session of this user is there, or was within the grace.
    pub online: bool,
    /// When the last session ended; `None` when online or never seen.
    pub last: Option<UnixMillis>,
}

/// Why a request was refused; `wire` knows the code and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A field has a value that cannot be served; the field's name on the wire.
    BadRequest(&'static str, &'static str),
    /// Only `login` and `ping` are served before login.
    LoginRequired,
    /// The token does not hold, or not here. Why is not told.
    Unauthorized,
    /// Seen, but not allowed.
    Forbidden,
    /// Not there, or not to be seen.
    NotFound,
    /// A limit on size: the field's name on the wire.
    TooLarge(&'static str),
    /// Too many requests; may be tried again after this many milliseconds.
    RateLimited {
        /// Milliseconds.
        retry_ms: u64,
    },
    /// May not speak there, for this many milliseconds more, or until that is lifted.
    Muted {
        /// Milliseconds.
        retry_ms: Option<u64>,
    },
    /// Against what is already so, in words.
    Conflict(&'static str),
    /// Somebody has the ticket.
    Held {
        /// Who.
        uid: Id,
        /// The display name.
        name: Box<str>,
    },
    /// The store failed; may be tried again after this many milliseconds.
    Internal {
        /// Milliseconds.
        retry_ms: u64,
    },
}
