//! Reads what a client sends: one JSON object with a string `type`.
//!
//! One pass notes where the value of each known field stands (`fields.rs`); then the `type` decides which
//! of them are read. So a field that a request does not use may hold anything, as one that nobody knows
//! may, and nothing is built that is not used: text is borrowed from the message.
//!
//! What is refused, and with which code, is listed in the manual's chapter on the protocol. Bounds on sizes
//! are not here: the core knows them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::conversations::list_place;
use super::desk;
use super::error::{Problem, Refused};
use super::fields::{Field, Fields, given};
use super::value;
use crate::chat::act::Act;
use crate::chat::ids::{Id, TicketId};
use crate::chat::input::{Bounds, Command, Draft, Listing, Target};

/// A message that is a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<'a> {
    /// The `id` that the answer must echo.
    pub id: Option<Cow<'a, str>>,
    /// What is asked.
    pub request: Request<'a>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// `login`: who it is must be found out from the token before the core can hear of it.
    Login {
        /// Absent: a guest.
        token: Option<Cow<'a, str>>,
        /// The display name that a guest would like.
        name: Option<Cow<'a, str>>,
        /// What a client has that comes back.
        resume: Option<Resume<'a>>,
    },
    /// `refresh`: what the token says must be found out, too.
    Refresh {
        /// The new token.
        token: Cow<'a, str>,
    },
    /// Everything else, ready for the core. Never [`Command::Login`] or [`Command::Refresh`].
    Chat(Command<'a>),
}

/// What a client has that comes back: the last `seq` of each conversation that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume<'a> {
    /// Of which store the numbers are.
    pub epoch: Cow<'a, str>,
    /// Of groups, by gid.
    pub groups: BTreeMap<Id, u64>,
    /// Of private conversations, by the other user's uid.
    pub users: BTreeMap<Id, u64>,
    /// Of tickets.
    pub tickets: BTreeMap<TicketId, u64>,
}

/// Reads one text message.
///
/// # Errors
///
/// [`Refused`] says what to answer; the connection goes on.
///
/// ```
/// use karez::wire::{parse, Request};
/// use karez::chat::input::Command;
///
/// let parsed = parse(r#"{"type":"ping","id":"1"}"#).unwrap();
/// assert_eq!(parsed.id.as_deref(), Some("1"));
/// assert_eq!(parsed.request, Request::Chat(Command::Ping));
/// ```
pub fn parse(text: &str) -> Result<Parsed<'_>, Refused<'_>> {
    let without_id = |problem| Refused { id: None, problem };
    let mut fields = Fields::default();
    fields.find(text).map_err(without_id)?;
    let id = optional("id", fields.id, value::request_id).map_err(without_id)?;
    match fields.request(text) {
        Ok(request) => Ok(Parsed { id, request }),
        Err(problem) => Err(Refused { id, problem }),
    }
}

pub(super) fn optional<'a, T>(
    field: &'static str,
    found: Field<'a>,
    read: impl FnOnce(&'a str) -> value::Read<T>,
) -> Result<Option<T>, Problem> {
    given(found).map(read).transpose().map_err(|message| Problem::bad_request(field, message))
}

pub(super) fn required<'a, T>(
    field: &'static str,
    found: Field<'a>,
    read: impl FnOnce(&'a str) -> value::Read<T>,
) -> Result<T, Problem> {
    optional(field, found, read)?.ok_or(Problem::missing(field))
}

impl<'a> Fields<'a> {
    #[inline]
    fn request(&self, text: &'a str) -> Result<Request<'a>, Problem> {
        let kind_of_request = required("type", self.kind_of_request, value::text)?;
        let command = match &*kind_of_request {
            "login" => return self.login(),
            "refresh" => {
                return required("token", self.token, value::text).map(|token| Request::Refresh { token });
            }
            "ping" => Command::Ping,
            "join" => Command::Join { gid: self.gid()? },
            "leave" => Command::Leave { gid: self.gid()? },
            "members" => Command::Members {
                gid: self.gid()?,
                after: optional("after", self.after, value::id)?,
                limit: optional("limit", self.limit, value::limit)?,
            },
            "group" => Command::Group { gid: self.gid()?, draft: self.draft()? },
            "pm" => Command::Pm { uid: self.uid()?, draft: self.draft()? },
            "history" => Command::History {
                target: self.target()?,
                bounds: self.bounds()?,
                limit: optional("limit", self.limit, value::limit)?,
            },
            "recall" => {
                Command::Recall { target: self.target()?, seq: required("seq", self.seq, value::whole)? }
            }
            "conversations" => Command::Conversations {
                cursor: optional("cursor", self.cursor, list_place)?,
                limit: optional("limit", self.limit, value::limit)?,
            },
            "read" => Command::Read { target: self.target()?, seq: required("seq", self.seq, value::seq)? },
            "search" => Command::Search {
                query: required("q", self.q, value::text)?,
                target: self.names_target().then(|| self.target()).transpose()?,
                cursor: optional("cursor", self.cursor, value::place)?,
                limit: optional("limit", self.limit, value::limit)?,
            },
            "broadcast" => Command::Broadcast { content: self.content()? },
            "typing" => Command::Typing { target: self.target_by(value::id)? },
            "presence" => Command::Presence { uids: required("uids", self.uids, value::ids)? },
            "groups" => Command::Groups {
                listing: match optional("all", self.all, value::flag)? {
                    Some(true) => Listing::Open,
                    Some(false) | None => Listing::Own,
                },
                cursor: optional("cursor", self.cursor, value::id)?,
            },
            "profile" => Command::Profile { name: required("name", self.name, value::text)? },
            "block" => Command::Block { uid: self.uid()?, on: required("on", self.on, value::flag)? },
            kind => match desk::request(kind, self, text)? {
                Some(request) => Command::Desk(request),
                None => self.act(kind)?,
            },
        };
        Ok(Request::Chat(command))
    }

    /// What owners and admins do.
    fn act(&self, kind_of_request: &str) -> Result<Command<'a>, Problem> {
        let seconds = || optional("seconds", self.seconds, value::seconds);
        let (gid, act) = match kind_of_request {
            "group_update" => {
                let (gid, name) = (self.gid()?, optional("name", self.name, value::text)?);
                (gid, Act::GroupUpdate { name, open: optional("open", self.open, value::flag)? })
            }
            "role" => {
                let (gid, uid) = (self.gid()?, self.uid()?);
                (gid, Act::Role { uid, role: required("role", self.role, value::role)? })
            }
            "kick" => (self.gid()?, Act::Kick { uid: self.uid()? }),
            "ban" => (self.gid()?, Act::Ban { uid: self.uid()?, seconds: seconds()? }),
            "mute" => (self.gid()?, Act::Mute { uid: self.uid()?, seconds: seconds()? }),
            "add" => (self.gid()?, Act::Add { uid: self.uid()? }),
            "group_delete" => (self.gid()?, Act::GroupDelete),
            _ => return Err(Problem::UNKNOWN_TYPE),
        };
        Ok(Command::Act { gid, act })
    }

    fn login(&self) -> Result<Request<'a>, Problem> {
        let token = optional("token", self.token, value::text)?;
        let name = optional("name", self.name, value::text)?;
        let resume = optional("resume", self.resume, value::resume)?;
        Ok(Request::Login { token, name, resume })
    }

    fn gid(&self) -> Result<Id, Problem> {
        required("gid", self.gid, value::id)
    }

    fn uid(&self) -> Result<Id, Problem> {
        required("uid", self.uid, value::id)
    }

    fn content(&self) -> Result<Cow<'a, str>, Problem> {
        required("content", self.content, value::content)
    }

    fn draft(&self) -> Result<Draft<'a>, Problem> {
        let mentions = optional("mentions", self.mentions, value::ids)?.unwrap_or_default();
        Ok(Draft { mentions, ..self.draft_to_all()? })
    }

    /// What is said, to nobody in particular.
    pub(super) fn draft_to_all(&self) -> Result<Draft<'a>, Problem> {
        let kind = optional("kind", self.kind, value::kind)?;
        let data = optional("data", self.data, value::object)?;
        let file = value::file(kind.as_deref(), data.as_deref())
            .map_err(|words| Problem::bad_request("data.file", words))?;
        let reply = optional("reply", self.reply, value::whole)?;
        Ok(Draft { content: self.content()?, kind, data, file, reply, mentions: Vec::new() })
    }

    fn bounds(&self) -> Result<Bounds, Problem> {
        let before = optional("before", self.before, value::whole)?;
        let after = optional("after", self.after, value::seq)?;
        match (before, after) {
            (None, None) => Ok(Bounds::Newest),
            (Some(seq), None) => Ok(Bounds::Before(seq)),
            (None, Some(seq)) => Ok(Bounds::After(seq)),
            (Some(_), Some(_)) => {
                Err(Problem::bad_request("after", "only one of before and after may be there"))
            }
        }
    }

    /// Whether any conversation is named.
    fn names_target(&self) -> bool {
        [self.gid, self.uid, self.ticket].into_iter().any(|field| given(field).is_some())
    }

    /// The conversation that is to be read, where a request may name one of any kind.
    fn target(&self) -> Result<Target, Problem> {
        self.target_by(value::peer)
    }

    /// The conversation, by exactly one field.
    fn target_by(&self, peer: fn(&'a str) -> value::Read<Id>) -> Result<Target, Problem> {
        const TWO: &str = "only one of gid, uid and ticket may be there";
        match (given(self.gid), given(self.uid), given(self.ticket)) {
            (Some(_), Some(_), _) => Err(Problem::bad_request("uid", TWO)),
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(Problem::bad_request("ticket", TWO)),
            (None, Some(_), None) => required("uid", self.uid, peer).map(Target::User),
            (None, None, Some(_)) => required("ticket", self.ticket, desk::ticket).map(Target::Ticket),
            (_, None, None) => self.gid().map(Target::Group),
        }
    }
}
