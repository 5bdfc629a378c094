//! Reads query and body of a call.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Problem;
use super::desk;
use super::push::push;
use super::route::{Route, decoded};
use crate::base::limits;
use crate::chat::call::Call;
use crate::chat::ids::Id;
use crate::chat::input::{Bounds, Draft, Role, Target};
use crate::wire::error;
use crate::wire::{scan, value};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// A call of the core, and the `id` by which it is known again.
    Chat(Call<'a>, Option<Cow<'a, str>>),
    /// `POST /v1/tokens`.
    Token(TokenOrder),
    /// `POST /v1/batch`: its calls, in order.
    Batch(Vec<BatchCall<'a>>),
    /// `GET /v1/key`.
    Key,
    /// `GET /v1/stats`.
    Stats,
}

/// For whom a token is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOrder {
    /// Who.
    pub uid: Id,
    /// The display name.
    pub name: Option<String>,
    /// What the bearer may do.
    pub role: Role,
    /// Groups that are joined at login.
    pub groups: Vec<Id>,
    /// Desks for which an agent is on duty.
    pub desks: Vec<String>,
    /// For how many seconds it holds.
    pub ttl_s: u64,
}

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchCall<'a> {
    /// As on a request line.
    pub method: Cow<'a, str>,
    /// As on a request line, with a query if there is one.
    pub path: Cow<'a, str>,
    /// A JSON object, or empty.
    pub body: &'a str,
}

/// For how long a token holds that names no time, in seconds.
const TOKEN_TTL_S: u64 = 3_600;
/// A hundred years: what is longer has one zero too many.
const TOKEN_TTL_S_MAX: u64 = 36_525 * 86_400;

/// Where the values of the known members stand. `null` is as good as absent.
#[derive(Default, Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    pub(super) id: Field<'a>,
    #[serde(borrow)]
    pub(super) to: Field<'a>,
    #[serde(borrow)]
    pub(super) title: Field<'a>,
    #[serde(borrow)]
    pub(super) url: Field<'a>,
    #[serde(borrow)]
    from: Field<'a>,
    #[serde(borrow)]
    uid: Field<'a>,
    #[serde(borrow)]
    pub(super) content: Field<'a>,
    #[serde(borrow)]
    kind: Field<'a>,
    #[serde(borrow)]
    pub(super) data: Field<'a>,
    #[serde(borrow)]
    reply: Field<'a>,
    #[serde(borrow)]
    mentions: Field<'a>,
    #[serde(borrow)]
    name: Field<'a>,
    #[serde(borrow)]
    open: Field<'a>,
    #[serde(borrow)]
    owner: Field<'a>,
    #[serde(borrow)]
    role: Field<'a>,
    #[serde(borrow)]
    seconds: Field<'a>,
    #[serde(borrow)]
    groups: Field<'a>,
    #[serde(borrow)]
    desks: Field<'a>,
    #[serde(borrow)]
    pub(super) ttl: Field<'a>,
    #[serde(borrow)]
    calls: Field<'a>,
}

pub(super) type Field<'a> = Option<&'a RawValue>;

/// Reads a call: what the path says is known, query and body are read as it needs them.
///
/// # Errors
///
/// What to answer.
pub fn parse<'a>(route: Route, query: Option<&str>, body: &'a [u8]) -> Result<Request<'a>, Problem> {
    let query = Query(query.unwrap_or_default());
    let call = match route {
        Route::GroupHistory(gid) => Call::History {
            uid: None,
            target: Target::Group(gid),
            bounds: query.bounds()?,
            limit: query.limit()?,
        },
        Route::UserHistory(uid, peer) => Call::History {
            uid: Some(uid),
            target: Target::User(peer),
            bounds: query.bounds()?,
            limit: query.limit()?,
        },
        Route::Group(gid) => Call::Group { gid },
        Route::DeleteGroup(gid) => Call::DeleteGroup { gid },
        Route::Members(gid) => Call::Members { gid, after: query.after_id()?, limit: query.limit()? },
        Route::DeleteMember(gid, uid) => Call::DeleteMember { gid, uid },
        Route::User(uid) => Call::User { uid },
        Route::Forget(uid) => Call::Forget { uid },
        Route::Disconnect(uid) => Call::Disconnect { uid },
        Route::Unban(uid) => Call::Unban { uid },
        Route::UsersOnline => {
            query.demand_online()?;
            Call::UsersOnline { after: query.after_id()?, limit: query.limit()? }
        }
        Route::Groups => Call::Groups { after: query.after_id()?, limit: query.limit()? },
        Route::Key => return Ok(Request::Key),
        Route::Stats => return Ok(Request::Stats),
        Route::SayInGroup(_)
        | Route::SayToUser(_)
        | Route::Push
        | Route::PushToUser(_)
        | Route::PushToGroup(_)
        | Route::PutGroup(_)
        | Route::PutMember(..)
        | Route::Ban(_)
        | Route::SayInTicket(_)
        | Route::Tokens
        | Route::Batch => return fields_of::<Fields<'_>>(body)?.request(route),
        Route::TicketHistory(ticket) => Call::History {
            uid: None,
            target: Target::Ticket(ticket),
            bounds: query.bounds()?,
            limit: query.limit()?,
        },
        route => Call::Desk(desk::call(route, &query, body)?),
    };
    Ok(Request::Chat(call, None))
}

/// Where the values of known members stand in a body; none in an empty one.
pub(super) fn fields_of<'a, F: Default + Deserialize<'a>>(body: &'a [u8]) -> Result<F, Problem> {
    const NO_OBJECT: error::Problem =
        error::Problem::new(error::Code::BadJson, "the body must be one JSON object, no member twice");
    if body.trim_ascii().is_empty() {
        return Ok(F::default());
    }
    let text = std::str::from_utf8(body).map_err(|_| NO_OBJECT)?;
    scan::check(text)?;
    serde_json::from_str(text).map_err(|_| NO_OBJECT.into())
}

pub(super) fn optional<'a, T>(
    field: &'static str,
    found: Field<'a>,
    read: impl FnOnce(&'a str) -> value::Read<T>,
) -> Result<Option<T>, Problem> {
    found.map(|raw| read(raw.get())).transpose().map_err(|words| Problem::bad_request(field, words))
}

pub(super) fn required<'a, T>(
    field: &'static str,
    found: Field<'a>,
    read: impl FnOnce(&'a str) -> value::Read<T>,
) -> Result<T, Problem> {
    optional(field, found, read)?.ok_or(Problem::bad_request(field, "this member is missing"))
}

impl<'a> Fields<'a> {
    fn request(&self, route: Route) -> Result<Request<'a>, Problem> {
        let call = match route {
            Route::SayInGroup(gid) => self.say(Target::Group(gid))?,
            Route::SayToUser(uid) => self.say(Target::User(uid))?,
            Route::SayInTicket(ticket) => self.say(Target::Ticket(ticket))?,
            Route::Push | Route::PushToUser(_) | Route::PushToGroup(_) => push(self, route)?,
            Route::PutGroup(gid) => Call::PutGroup {
                gid,
                name: optional("name", self.name, value::text)?,
                open: optional("open", self.open, value::flag)?,
                owner: optional("owner", self.owner, value::id)?,
            },
            Route::PutMember(gid, uid) => {
                Call::PutMember { gid, uid, role: optional("role", self.role, value::role)? }
            }
            Route::Ban(uid) => Call::Ban { uid, seconds: optional("seconds", self.seconds, value::seconds)? },
            Route::Tokens => return self.token().map(Request::Token),
            Route::Batch => return self.batch().map(Request::Batch),
            _ => return Err(Problem::NO_SUCH_CALL),
        };
        Ok(Request::Chat(call, optional("id", self.id, value::request_id)?))
    }

    fn say(&self, target: Target) -> Result<Call<'a>, Problem> {
        let kind = optional("kind", self.kind, value::kind)?;
        let data = optional("data", self.data, value::object)?;
        let file = value::file(kind.as_deref(), data.as_deref())
            .map_err(|words| Problem::bad_request("data.file", words))?;
        Ok(Call::Say {
            from: optional("from", self.from, from)?.flatten(),
            target,
            draft: Draft {
                content: required("content", self.content, value::content)?,
                kind,
                data,
                file,
                reply: optional("reply", self.reply, value::whole)?,
                mentions: optional("mentions", self.mentions, value::ids)?.unwrap_or_default(),
            },
        })
    }

    fn token(&self) -> Result<TokenOrder, Problem> {
        let ttl = |raw| match value::whole(raw) {
            Ok(ttl) if ttl <= TOKEN_TTL_S_MAX => Ok(ttl),
            _ => Err("must be a number of seconds, up to a hundred years"),
        };
        Ok(TokenOrder {
            uid: required("uid", self.uid, value::id)?,
            name: optional("name", self.name, value::text)?.map(Cow::into_owned),
            role: optional("role", self.role, role)?.unwrap_or_default(),
            groups: optional("groups", self.groups, value::ids)?.unwrap_or_default(),
            desks: optional("desks", self.desks, texts)?.unwrap_or_default(),
            ttl_s: optional("ttl", self.ttl, ttl)?.unwrap_or(TOKEN_TTL_S),
        })
    }

    fn batch(&self) -> Result<Vec<BatchCall<'a>>, Problem> {
        #[derive(Deserialize)]
        struct Call<'a> {
            #[serde(borrow)]
            method: Field<'a>,
            #[serde(borrow)]
            path: Field<'a>,
            #[serde(borrow)]
            body: Field<'a>,
        }
        const CALLS: &str = "must be a list of objects with method, path and perhaps body";
        let raw = self.calls.ok_or(Problem::bad_request("calls", "this member is missing"))?;
        let calls: Vec<Call<'a>> =
            serde_json::from_str(raw.get()).map_err(|_| Problem::bad_request("calls", CALLS))?;
        if calls.len() > limits::BATCH_CALLS_MAX.count() {
            return Err(Problem::bad_request("calls", "are too many"));
        }
        let one = |call: Call<'a>| {
            Ok(BatchCall {
                method: required("method", call.method, value::text)?,
                path: required("path", call.path, value::text)?,
                body: call.body.map_or("", RawValue::get),
            })
        };
        calls.into_iter().map(one).collect()
    }
}

/// In whose name: a user's, or `system`, which is the daemon's own.
fn from(raw: &str) -> value::Read<Option<Id>> {
    if raw == "\"system\"" { Ok(None) } else { value::id(raw).map(Some) }
}

/// What a token allows.
fn role(raw: &str) -> value::Read<Role> {
    match value::text(raw).as_deref() {
        Ok("user") => Ok(Role::User),
        Ok("agent") => Ok(Role::Agent),
        Ok("admin") => Ok(Role::Admin),
        _ => Err("must be \"user\", \"agent\" or \"admin\""),
    }
}

fn texts(raw: &str) -> value::Read<Vec<String>> {
    serde_json::from_str(raw).map_err(|_| "must be a list of strings")
}

/// What stands behind the `?`. What nobody knows is passed over.
pub(super) struct Query<'a>(&'a str);

impl Query<'_> {
    pub(super) fn find(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Problem> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let Some((_, text)) = pairs.find(|(of, _)| *of == name) else { return Ok(None) };
        decoded(text).map(Some).ok_or(Problem::bad_request(name, "has broken percent signs"))
    }

    /// A number as JSON has them: no sign, no zero in front.
    pub(super) fn number<T>(
        &self,
        name: &'static str,
        read: fn(&str) -> value::Read<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.find(name)? else { return Ok(None) };
        let is_plain =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = if is_plain { read(&text) } else { Err("must be an integer") };
        number.map(Some).map_err(|words| Problem::bad_request(name, words))
    }

    fn bounds(&self) -> Result<Bounds, Problem> {
        match (self.number("before", value::whole)?, self.number("after", value::seq)?) {
            (None, None) => Ok(Bounds::Newest),
            (Some(seq), None) => Ok(Bounds::Before(seq)),
            (None, Some(seq)) => Ok(Bounds::After(seq)),
            (Some(_), Some(_)) => {
                Err(Problem::bad_request("after", "only one of before and after may be there"))
            }
        }
    }

    pub(super) fn limit(&self) -> Result<Option<u32>, Problem> {
        self.number("limit", value::limit)
    }

    /// There is no list of all users: whoever does not say which would take a page of it for the whole.
    fn demand_online(&self) -> Result<(), Problem> {
        match self.find("online")?.as_deref() {
            Some("true") => Ok(()),
            _ => Err(Problem::bad_request("online", "must be true: only those who are online are listed")),
        }
    }

    fn after_id(&self) -> Result<Option<Id>, Problem> {
        let Some(text) = self.find("after")? else { return Ok(None) };
        Id::from_text(&text).map(Some).ok_or(Problem::bad_request("after", "is no id"))
    }
}
