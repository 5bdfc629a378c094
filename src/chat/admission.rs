//! Whether a request may go on: logged in, within the rate, well-formed.
//!
//! Asked once, before the store is asked for anything, so that neither a flood nor a message that cannot be
//! served costs a look-up. Every request of a logged-in user counts for the rate but `ping`, whatever
//! becomes of it. A user who goes on for `over_rate_ms` over the rate loses the session that is over it at
//! that moment.
//!
//! Permission is not asked here: who may do what is in `permission.rs`.
//! The tutorial believes every message. Tested in `tests/chat/rate.rs` and `login.rs`.

use super::act::Act;
use super::draft;
use super::ids::Id;
use super::input::{Command, Grant, Identity, Target};
use super::output::{Farewell, Refusal, Sink};
use super::parking::Request;
use super::permission::Asker;
use super::quota::Spell;
use super::user::{self, UserSlot};
use super::{Chat, refuse, search};
use crate::base::clock::{Millis, Now};

/// Why a request does not go on.
enum Objection {
    Refused(Refusal),
    Ended(Farewell),
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Objection {
        Objection::Refused(refusal)
    }
}

impl Chat {
    /// Whether the request may go on. If not, it is answered here.
    pub(super) fn admit(
        &mut self,
        now: Now,
        request: Request<'_>,
        asker: Option<Asker>,
        out: &mut impl Sink,
    ) -> bool {
        let (session, id) = (request.session, request.id);
        let Err(objection) = self.object(now, request, asker) else { return true };
        self.turn.answered(session, id);
        match objection {
            Objection::Refused(refusal) => refuse(session, id, refusal, out),
            Objection::Ended(why) => self.end(session, why, out),
        }
        false
    }

    fn object(&mut self, now: Now, request: Request<'_>, asker: Option<Asker>) -> Result<(), Objection> {
        match (request.command, asker) {
            (Command::Ping, _) => {}
            (Command::Login(..), Some(_)) => {
                return Err(Refusal::Conflict("this connection is logged in").into());
            }
            (Command::Login(Identity::Known(Grant { uid, .. }), _), None) if user::is_reserved(uid) => {
                return Err(Refusal::Forbidden.into());
            }
            (Command::Login(..), None) => {}
            (_, None) => return Err(Refusal::LoginRequired.into()),
            (_, Some(asker)) => self.count(now.mono, asker.user)?,
        }
        Ok(self.check(request.command)?)
    }

    /// Counts a request for the rate of its user.
    fn count(&mut self, now: Millis, user: UserSlot) -> Result<(), Objection> {
        let Err(retry_ms) = self.users[user].bucket.admit(now, &self.limits) else { return Ok(()) };
        let spell = self.spells.entry(user).or_insert(Spell::begin(now));
        if spell.lengthen(now, &self.limits) >= self.limits.over_rate_ms {
            return Err(Objection::Ended(Farewell::TooManyMessages));
        }
        Err(Refusal::RateLimited { retry_ms }.into())
    }

    /// Checks what can be checked without knowing anything.
    fn check(&self, command: &Command<'_>) -> Result<(), Refusal> {
        match command {
            Command::Join { gid }
            | Command::Leave { gid }
            | Command::Members { gid, .. }
            | Command::History { target: Target::Group(gid), .. }
            | Command::Recall { target: Target::Group(gid), .. }
            | Command::Read { target: Target::Group(gid), .. }
            | Command::Typing { target: Target::Group(gid) } => unreserved("gid", gid),
            // What the daemon has said to somebody is there to be read.
            Command::History { target: Target::User(_), .. }
            | Command::Recall { target: Target::User(_), .. }
            | Command::Read { target: Target::User(_), .. } => Ok(()),
            Command::Desk(request) => self.check_desk(request),
            Command::History { target: Target::Ticket(_), .. }
            | Command::Recall { target: Target::Ticket(_), .. }
            | Command::Read { target: Target::Ticket(_), .. }
            | Command::Typing { target: Target::Ticket(_) } => Ok(()),
            Command::Typing { target: Target::User(uid) } => unreserved("uid", uid),
            Command::Search { query, target, .. } => {
                if let Some(Target::Group(gid)) = target {
                    unreserved("gid", gid)?;
                }
                search::check(query, &self.limits)
            }
            Command::Group { gid, draft } => {
                unreserved("gid", gid)?;
                draft::check(draft, &self.limits)
            }
            Command::Pm { uid, draft } => {
                unreserved("uid", uid)?;
                draft::check(draft, &self.limits)
            }
            Command::Act { gid, act } => {
                unreserved("gid", gid)?;
                act.target().map_or(Ok(()), |uid| unreserved("uid", uid))?;
                self.check_act(act)
            }
            Command::Profile { name } => match user::trimmed(Some(name), &self.limits)? {
                Some(_) => Ok(()),
                None => Err(Refusal::BadRequest("name", "is empty")),
            },
            Command::Block { uid, .. } => unreserved("uid", uid),
            Command::Broadcast { content } if content.len() > self.limits.content_bytes_max => {
                Err(Refusal::TooLarge("content"))
            }
            Command::Login(_, Some(resume))
                if resume.conversations.len() > self.limits.resume_conversations_max =>
            {
                Err(Refusal::BadRequest("resume", "names too many conversations"))
            }
            Command::Login(..)
            | Command::Refresh(_)
            | Command::Ping
            | Command::Groups { .. }
            | Command::Conversations { .. }
            | Command::Broadcast { .. }
            | Command::Presence { .. } => Ok(()),
        }
    }

    fn check_act(&self, act: &Act<'_>) -> Result<(), Refusal> {
        match act {
            Act::GroupUpdate { name: None, open: None } => {
                Err(Refusal::BadRequest("name", "or open must be there"))
            }
            Act::GroupUpdate { name, .. } => user::trimmed(name.as_deref(), &self.limits).map(drop),
            _ => Ok(()),
        }
    }
}

/// Refuses the id that is the daemon's own.
pub(super) fn unreserved(field: &'static str, id: &Id) -> Result<(), Refusal> {
    if user::is_reserved(id) { Err(Refusal::BadRequest(field, "is reserved")) } else { Ok(()) }
}
