//! What goes into the core: requests of sessions, answers of the store, the passing of time.

use std::borrow::Cow;

use super::act::Act;
use super::call::Call;
use super::desk::Desk;
pub use super::desk::DeskRequest;
use super::ids::{CallId, Conversation, FileId, Id, SessionId, TicketId};
use super::output::{ListPlace, Record};
use crate::base::clock::UnixMillis;

/// One thing that happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A session asks for something.
    Request {
        /// Who asks.
        session: SessionId,
        /// The `id` that the answer must echo, if the client gave one.
        id: Option<Cow<'a, str>>,
        /// What is asked.
        command: Command<'a>,
    },
    /// The site's back end asks for something. Answered once by [`Output::Answer`](super::output::Output::Answer).
    Call {
        /// Which.
        call: CallId,
        /// What is asked.
        request: Call<'a>,
    },
    /// A session has ended; nothing can be sent to it any more.
    Gone(SessionId),
    /// The store answers a [`Query`](super::output::Query): what it holds under that key.
    Answer(Record),
    /// Everything that was put out for the session before this [`Output::Mark`](super::output::Output::Mark)
    /// is on its way to the client.
    Flushed {
        /// Who.
        session: SessionId,
        /// The number of the mark.
        mark: u64,
    },
    /// The moment that [`Chat::next_deadline`](super::Chat::next_deadline) named has come.
    Deadline,
    /// The store's transaction of this turn is committed; the outputs of the turn may leave.
    Committed,
    /// The store's transaction of this turn failed. Nothing of the turn has left and nothing will.
    CommitFailed,
}

/// A request of a client, checked for shape but not for permission.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<'a> {
    /// The first request of a session: who it is, and what it has, if it comes back.
    Login(Identity<'a>, Option<Resume>),
    /// A further token on a session that is logged in. `None`: it does not hold; the core says so, for a
    /// request that is refused counts for the rate like any other.
    Refresh(Option<Grant>),
    /// Answered by `pong`, also before login.
    Ping,
    /// Become a member of a group; an unknown group is made.
    Join {
        /// The group.
        gid: Id,
    },
    /// Cease to be a member.
    Leave {
        /// The group.
        gid: Id,
    },
    /// A page of the members of a group, by uid.
    Members {
        /// The group.
        gid: Id,
        /// Only uids after this one.
        after: Option<Id>,
        /// How many at most.
        limit: Option<u32>,
    },
    /// Speak in a group.
    Group {
        /// The group.
        gid: Id,
        /// What is said.
        draft: Draft<'a>,
    },
    /// Govern a group.
    Act {
        /// The group.
        gid: Id,
        /// What is to be done.
        act: Act<'a>,
    },
    /// A page of groups, by gid.
    Groups {
        /// Which.
        listing: Listing,
        /// Only gids after this one.
        cursor: Option<Id>,
    },
    /// Have another display name from now on.
    Profile {
        /// The name.
        name: Cow<'a, str>,
    },
    /// Refuse a user's private messages, or take them again.
    Block {
        /// The other user.
        uid: Id,
        /// Whether they are refused from now on.
        on: bool,
    },
    /// Speak to one user.
    Pm {
        /// The other user.
        uid: Id,
        /// What is said.
        draft: Draft<'a>,
    },
    /// A page of what was said in a conversation.
    History {
        /// Where.
        target: Target,
        /// Which part.
        bounds: Bounds,
        /// How many entries at most.
        limit: Option<u32>,
    },
    /// Take back what was said.
    Recall {
        /// Where.
        target: Target,
        /// The number of the entry.
        seq: u64,
    },
    /// A page of one's conversations, the newest first.
    Conversations {
        /// Only those after this place.
        cursor: Option<ListPlace>,
        /// How many at most.
        limit: Option<u32>,
    },
    /// Have read a conversation up to an entry.
    Read {
        /// Where.
        target: Target,
        /// The entry; later ones than the newest are as good as the newest.
        seq: u64,
    },
    /// Look for entries that hold every word.
    Search {
        /// The words, and what divides them.
        query: Cow<'a, str>,
        /// Where; absent: in all conversations of the user.
        target: Option<Target>,
        /// From where on, going back: what an earlier search said.
        cursor: Option<u64>,
        /// How many entries at most.
        limit: Option<u32>,
    },
    /// Speak to everyone who is connected; not stored.
    Broadcast {
        /// What is said.
        content: Cow<'a, str>,
    },
    /// Tell that one is writing; not stored.
    Typing {
        /// Where.
        target: Target,
    },
    /// Ask who is online, and be told of every change from then on.
    Presence {
        /// Whom to watch.
        uids: Vec<Id>,
    },
    /// Something about the support desk.
    Desk(DeskRequest<'a>),
}

impl Command<'_> {
    /// A copy that borrows from nothing, for a request that must wait.
    #[must_use]
    pub fn into_owned(self) -> Command<'static> {
        match self {
            Command::Login(identity, resume) => Command::Login(identity.into_owned(), resume),
            Command::Refresh(grant) => Command::Refresh(grant),
            Command::Ping => Command::Ping,
            Command::Join { gid } => Command::Join { gid },
            Command::Leave { gid } => Command::Leave { gid },
            Command::Members { gid, after, limit } => Command::Members { gid, after, limit },
            Command::Group { gid, draft } => Command::Group { gid, draft: draft.into_owned() },
            Command::Act { gid, act } => Command::Act { gid, act: act.into_owned() },
            Command::Groups { listing, cursor } => Command::Groups { listing, cursor },
            Command::Profile { name } => Command::Profile { name: owned(name) },
            Command::Block { uid, on } => Command::Block { uid, on },
            Command::Pm { uid, draft } => Command::Pm { uid, draft: draft.into_owned() },
            Command::History { target, bounds, limit } => Command::History { target, bounds, limit },
            Command::Recall { target, seq } => Command::Recall { target, seq },
            Command::Conversations { cursor, limit } => Command::Conversations { cursor, limit },
            Command::Read { target, seq } => Command::Read { target, seq },
            Command::Search { query, target, cursor, limit } => {
                Command::Search { query: owned(query), target, cursor, limit }
            }
            Command::Broadcast { content } => Command::Broadcast { content: owned(content) },
            Command::Typing { target } => Command::Typing { target },
            Command::Presence { uids } => Command::Presence { uids },
            Command::Desk(request) => Command::Desk(request.into_owned()),
        }
    }
}

impl Draft<'_> {
    pub(super) fn into_owned(self) -> Draft<'static> {
        Draft {
            content: owned(self.content),
            kind: self.kind.map(owned),
            data: self.data.map(owned),
            reply: self.reply,
            mentions: self.mentions,
            file: self.file,
        }
    }
}

impl Identity<'_> {
    fn into_owned(self) -> Identity<'static> {
        match self {
            Identity::NewGuest { name } => Identity::NewGuest { name: name.map(owned) },
            Identity::Guest { uid, name } => Identity::Guest { uid, name: name.map(owned) },
            Identity::Known(grant) => Identity::Known(grant),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// The conversation that a request names, as seen by the asking user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `gid` on the wire.
    Group(Id),
    /// `uid` on the wire: the private conversation with that user.
    User(Id),
    /// `ticket` on the wire: a support conversation.
    Ticket(TicketId),
}

impl Target {
    /// The conversation as one of its users names it.
    pub(super) fn of(conversation: &Conversation, own: &Id) -> Target {
        match conversation {
            Conversation::Group(gid) => Target::Group(gid.clone()),
            Conversation::Ticket(ticket) => Target::Ticket(*ticket),
            Conversation::Direct(low, high) => Target::User(if low == own { high } else { low }.clone()),
        }
    }
}

/// Which groups a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listing {
    /// Those of which the asker is a member.
    Own,
    /// Those that anybody may join.
    Open,
    /// All that there are, closed ones too. No client can ask for them, only a back end.
    All,
}

/// Which part of a conversation is asked for. The entry that is named is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bounds {
    /// The newest entries.
    Newest,
    /// The newest before this `seq`.
    Before(u64),
    /// The oldest after this `seq`; 0 is before all.
    After(u64),
}

/// What a user says, before it is an entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft<'a> {
    /// The text.
    pub content: Cow<'a, str>,
    /// Absent: `"text"`.
    pub kind: Option<Cow<'a, str>>,
    /// A JSON object, already checked, as the client wrote it; opaque here.
    pub data: Option<Cow<'a, str>>,
    /// The `seq` of the entry that this one answers.
    pub reply: Option<u64>,
    /// Users who are mentioned.
    pub mentions: Vec<Id>,
    /// The uploaded file that is attached: `data` names it.
    pub file: Option<FileId>,
}

/// What a client has that comes back: each conversation once, with the last `seq` that it has of it, in the order
/// in which they are to be replayed. `None`: its figure means nothing, for it is of another store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The conversations.
    pub conversations: Vec<(Target, Option<u64>)>,
}

/// Who logs in, as established by the floor above; a token that does not hold never gets here.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity<'a> {
    /// Somebody without a token: gets the next guest uid.
    NewGuest {
        /// The display name that was asked for.
        name: Option<Cow<'a, str>>,
    },
    /// A guest who comes back.
    Guest {
        /// Who it is, by a token that the daemon gave.
        uid: Id,
        /// The display name that is asked for now.
        name: Option<Cow<'a, str>>,
    },
    /// Somebody with a token of the site's back end.
    Known(Grant),
}

/// What a token of the site's back end says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who it is.
    pub uid: Id,
    /// The display name, where the token gives one.
    pub name: Option<String>,
    /// What the bearer may do.
    pub role: Role,
    /// Groups that the bearer is to be a member of.
    pub groups: Vec<Id>,
    /// For which desks an agent answers; `None`: for all.
    pub desks: Option<Vec<Desk>>,
    /// The token's `exp`, in Unix seconds: what the client is told.
    pub exp_s: u64,
    /// When the token ceases to hold, the leeway included.
    pub holds_until: UnixMillis,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Chats.
    #[default]
    User,
    /// Answers visitors.
    Agent,
    /// May do all.
    Admin,
}
