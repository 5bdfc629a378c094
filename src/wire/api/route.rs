//! Which call a method and a path are.
//!
//! A path is cut at its slashes before percent signs are decoded, so that no id can reach into another part of it.

use std::borrow::Cow;

use super::Problem;
use crate::chat::desk::Desk;
use crate::chat::ids::{Id, TicketId};
use crate::wire::value;

/// A call, and what of it the path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /v1/groups/{gid}/messages`
    SayInGroup(Id),
    /// `POST /v1/users/{uid}/messages`
    SayToUser(Id),
    /// `POST /v1/push`
    Push,
    /// `POST /v1/push/uid/{uid}`
    PushToUser(Id),
    /// `POST /v1/push/gid/{gid}`
    PushToGroup(Id),
    /// `GET /v1/groups/{gid}/messages`
    GroupHistory(Id),
    /// `GET /v1/users/{uid}/messages/{peer}`
    UserHistory(Id, Id),
    /// `GET /v1/groups/{gid}`
    Group(Id),
    /// `PUT /v1/groups/{gid}`
    PutGroup(Id),
    /// `DELETE /v1/groups/{gid}`
    DeleteGroup(Id),
    /// `GET /v1/groups/{gid}/members`
    Members(Id),
    /// `PUT /v1/groups/{gid}/members/{uid}`
    PutMember(Id, Id),
    /// `DELETE /v1/groups/{gid}/members/{uid}`
    DeleteMember(Id, Id),
    /// `GET /v1/users/{uid}`
    User(Id),
    /// `DELETE /v1/users/{uid}`
    Forget(Id),
    /// `POST /v1/users/{uid}/disconnect`
    Disconnect(Id),
    /// `PUT /v1/users/{uid}/ban`
    Ban(Id),
    /// `DELETE /v1/users/{uid}/ban`
    Unban(Id),
    /// `POST /v1/tokens`
    Tokens,
    /// `POST /v1/batch`
    Batch,
    /// `GET /v1/users`
    UsersOnline,
    /// `GET /v1/groups`
    Groups,
    /// `GET /v1/key`
    Key,
    /// `GET /v1/stats`
    Stats,
    /// `GET /v1/desks`
    Desks,
    /// `GET /v1/desks/{desk}`
    Desk(Desk),
    /// `PUT /v1/desks/{desk}`
    PutDesk(Desk),
    /// `DELETE /v1/desks/{desk}`
    DeleteDesk(Desk),
    /// `GET /v1/tickets`
    Tickets,
    /// `GET /v1/tickets/{ticket}`
    Ticket(TicketId),
    /// `PATCH /v1/tickets/{ticket}`
    PatchTicket(TicketId),
    /// `GET /v1/tickets/{ticket}/messages`
    TicketHistory(TicketId),
    /// `POST /v1/tickets/{ticket}/messages`
    SayInTicket(TicketId),
    /// `GET /v1/tickets/{ticket}/notes`
    Notes(TicketId),
    /// `POST /v1/tickets/{ticket}/notes`
    NewNote(TicketId),
    /// `GET /v1/tickets/{ticket}/transcript`
    Transcript(TicketId),
    /// `GET /v1/canned`
    Canned,
    /// `POST /v1/canned`
    NewCanned,
    /// `PUT /v1/canned/{canned}`
    PutCanned(u64),
    /// `DELETE /v1/canned/{canned}`
    DeleteCanned(u64),
    /// `GET /v1/figures`
    Figures,
}

/// The longest path, in parts behind `/v1`.
const PARTS_MAX: usize = 4;

impl Route {
    /// The call of this method and path.
    ///
    /// # Errors
    ///
    /// 404 for a path that is none, 405 for a method that this path does not have.
    pub fn find(method: &str, path: &str) -> Result<Route, Problem> {
        let rest = path.strip_prefix("/v1/").ok_or(Problem::NO_SUCH_CALL)?;
        let mut parts = Vec::with_capacity(PARTS_MAX);
        for part in rest.split('/').take(PARTS_MAX + 1) {
            parts.push(decoded(part).ok_or(Problem::NO_SUCH_CALL)?);
        }
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        let gid = |text: &str| id("gid", text);
        let uid = |text: &str| id("uid", text);
        match (method, parts.as_slice()) {
            ("POST", ["groups", to, "messages"]) => gid(to).map(Route::SayInGroup),
            ("GET", ["groups", of, "messages"]) => gid(of).map(Route::GroupHistory),
            (_, ["groups", _, "messages"]) => Err(Problem::method("GET, POST")),
            ("POST", ["users", to, "messages"]) => uid(to).map(Route::SayToUser),
            (_, ["users", _, "messages"]) => Err(Problem::method("POST")),
            ("GET", ["users", of, "messages", peer]) => Ok(Route::UserHistory(uid(of)?, id("peer", peer)?)),
            (_, ["users", _, "messages", _]) => Err(Problem::method("GET")),
            ("GET", ["groups", of]) => gid(of).map(Route::Group),
            ("PUT", ["groups", of]) => gid(of).map(Route::PutGroup),
            ("DELETE", ["groups", of]) => gid(of).map(Route::DeleteGroup),
            (_, ["groups", _]) => Err(Problem::method("GET, PUT, DELETE")),
            ("GET", ["groups", of, "members"]) => gid(of).map(Route::Members),
            (_, ["groups", _, "members"]) => Err(Problem::method("GET")),
            ("PUT", ["groups", of, "members", who]) => Ok(Route::PutMember(gid(of)?, uid(who)?)),
            ("DELETE", ["groups", of, "members", who]) => Ok(Route::DeleteMember(gid(of)?, uid(who)?)),
            (_, ["groups", _, "members", _]) => Err(Problem::method("PUT, DELETE")),
            ("GET", ["users", who]) => uid(who).map(Route::User),
            ("DELETE", ["users", who]) => uid(who).map(Route::Forget),
            (_, ["users", _]) => Err(Problem::method("GET, DELETE")),
            ("POST", ["users", who, "disconnect"]) => uid(who).map(Route::Disconnect),
            (_, ["users", _, "disconnect"]) => Err(Problem::method("POST")),
            ("PUT", ["users", who, "ban"]) => uid(who).map(Route::Ban),
            ("DELETE", ["users", who, "ban"]) => uid(who).map(Route::Unban),
            (_, ["users", _, "ban"]) => Err(Problem::method("PUT, DELETE")),
            ("POST", ["push"]) => Ok(Route::Push),
            ("POST", ["push", "uid", to]) => uid(to).map(Route::PushToUser),
            ("POST", ["push", "gid", to]) => gid(to).map(Route::PushToGroup),
            (_, ["push"] | ["push", "uid" | "gid", _]) => Err(Problem::method("POST")),
            ("POST", ["tokens"]) => Ok(Route::Tokens),
            ("POST", ["batch"]) => Ok(Route::Batch),
            (_, ["tokens" | "batch"]) => Err(Problem::method("POST")),
            ("GET", ["stats"]) => Ok(Route::Stats),
            ("GET", ["users"]) => Ok(Route::UsersOnline),
            ("GET", ["groups"]) => Ok(Route::Groups),
            ("GET", ["key"]) => Ok(Route::Key),
            (_, ["stats" | "users" | "groups" | "key"]) => Err(Problem::method("GET")),
            (method, parts) => Route::find_at_desk(method, parts),
        }
    }

    /// The same of calls about the support desk.
    fn find_at_desk(method: &str, parts: &[&str]) -> Result<Route, Problem> {
        let ticket = |text| number("ticket", text).map(TicketId);
        match (method, parts) {
            ("GET", ["desks", of]) => desk(of).map(Route::Desk),
            ("PUT", ["desks", of]) => desk(of).map(Route::PutDesk),
            ("DELETE", ["desks", of]) => desk(of).map(Route::DeleteDesk),
            (_, ["desks", _]) => Err(Problem::method("GET, PUT, DELETE")),
            ("GET", ["tickets", of]) => ticket(of).map(Route::Ticket),
            ("PATCH", ["tickets", of]) => ticket(of).map(Route::PatchTicket),
            (_, ["tickets", _]) => Err(Problem::method("GET, PATCH")),
            ("GET", ["tickets", of, "messages"]) => ticket(of).map(Route::TicketHistory),
            ("POST", ["tickets", of, "messages"]) => ticket(of).map(Route::SayInTicket),
            ("GET", ["tickets", of, "notes"]) => ticket(of).map(Route::Notes),
            ("POST", ["tickets", of, "notes"]) => ticket(of).map(Route::NewNote),
            (_, ["tickets", _, "messages" | "notes"]) => Err(Problem::method("GET, POST")),
            ("GET", ["tickets", of, "transcript"]) => ticket(of).map(Route::Transcript),
            (_, ["tickets", _, "transcript"]) => Err(Problem::method("GET")),
            ("GET", ["canned"]) => Ok(Route::Canned),
            ("POST", ["canned"]) => Ok(Route::NewCanned),
            (_, ["canned"]) => Err(Problem::method("GET, POST")),
            ("PUT", ["canned", of]) => number("canned", of).map(Route::PutCanned),
            ("DELETE", ["canned", of]) => number("canned", of).map(Route::DeleteCanned),
            (_, ["canned", _]) => Err(Problem::method("PUT, DELETE")),
            ("GET", ["desks"]) => Ok(Route::Desks),
            ("GET", ["tickets"]) => Ok(Route::Tickets),
            ("GET", ["figures"]) => Ok(Route::Figures),
            (_, ["desks" | "tickets" | "figures"]) => Err(Problem::method("GET")),
            _ => Err(Problem::NO_SUCH_CALL),
        }
    }

    /// Whether the body may be a text instead of JSON.
    #[must_use]
    pub const fn takes_text(&self) -> bool {
        matches!(self, Route::PushToUser(_) | Route::PushToGroup(_))
    }

    /// Whether the call only looks.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        matches!(
            self,
            Route::GroupHistory(_)
                | Route::UserHistory(..)
                | Route::Group(_)
                | Route::Members(_)
                | Route::User(_)
                | Route::UsersOnline
                | Route::Groups
                | Route::Key
                | Route::Stats
                | Route::Desks
                | Route::Desk(_)
                | Route::Tickets
                | Route::Ticket(_)
                | Route::TicketHistory(_)
                | Route::Notes(_)
                | Route::Transcript(_)
                | Route::Canned
                | Route::Figures
        )
    }
}

fn id(field: &'static str, text: &str) -> Result<Id, Problem> {
    Id::from_text(text).ok_or(Problem::bad_request(field, "in the path is no id"))
}

fn desk(text: &str) -> Result<Desk, Problem> {
    Desk::from_text(text).ok_or(Problem::bad_request("desk", "in the path is no name of a desk"))
}

/// A number as JSON has them: no sign, no zero in front.
fn number(field: &'static str, text: &str) -> Result<u64, Problem> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = value::whole(text).ok().filter(|_| is_plain);
    number.ok_or(Problem::bad_request(field, "in the path is no number"))
}

/// A text without percent signs (RFC 3986, 2.1). `None`: they are broken, or what they stand for is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let mut value = 0;
        for digit in digits {
            value = value << 4 | char::from(*digit).to_digit(16)?;
        }
        bytes.push(u8::try_from(value).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
