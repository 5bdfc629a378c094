//! Calls of the site's back end on their way: admitted, parked, served, answered.
//!
//! The way is that of a request (`parking.rs`): what the core must know is asked of the store, and the call waits
//! until it is in. Calls are independent of each other: whoever wants order waits for the answer. They do not count for
//! the rate of the user in whose name they are made; how many a key may make, the floor above says.
//!
//! Every call is answered exactly once, in the turn in which it is served. When that turn fails, its answers are
//! dropped with all the rest, and each is refused with `internal`, as are those that wait.
//!
//! The tutorial has no back end. Tested in `tests/chat/calls.rs` and `tests/sim/`.

use super::Chat;
use super::admission::unreserved;
use super::call::{Answer, Call};
use super::draft;
use super::history::Reading;
use super::ids::{CallId, Id};
use super::input::Target;
use super::output::{Output, Query, Refusal, Sink};
use super::permission::{Asker, Warrant};
use super::push;
use super::user;
use crate::base::clock::Now;

/// Calls that wait for the store, in the order in which they came.
pub(super) type Waiting = Vec<(CallId, Call<'static>)>;

impl Chat {
    /// A call has come in: it is served, refused or parked.
    pub(super) fn call(&mut self, now: Now, call: CallId, request: Call<'_>, out: &mut impl Sink) {
        if let Err(refusal) = self.check_call(&request) {
            return self.answer_call(call, Answer::Refused(refusal), out);
        }
        if let Some(waits) = self.advance_call(now, call, request, out) {
            self.parking.calls.push((call, waits.into_owned()));
        }
    }

    /// The store has answered: whoever waited for it goes on.
    pub(super) fn go_on_calling(&mut self, now: Now, out: &mut impl Sink) {
        for (call, request) in std::mem::take(&mut self.parking.calls) {
            if let Some(waits) = self.advance_call(now, call, request, out) {
                self.parking.calls.push((call, waits));
            }
        }
    }

    /// Takes a call as far as it can go, and hands it back if it must wait.
    fn advance_call<'a>(
        &mut self,
        now: Now,
        call: CallId,
        request: Call<'a>,
        out: &mut impl Sink,
    ) -> Option<Call<'a>> {
        if let Some(query) = self.needs_call(now, &request) {
            self.ask(query, out);
            return Some(request);
        }
        if let Call::Forget { uid } = &request {
            if self.erase_person(now, call, uid, out) {
                return None;
            }
            self.ask(Query::Forgotten(uid.clone()), out);
            return Some(request);
        }
        self.turn.called(call);
        if let Err(refusal) = self.serve_call(now, call, &request, out) {
            out.put(Output::Answer { call, answer: Answer::Refused(refusal) });
        }
        None
    }

    fn answer_call(&mut self, call: CallId, answer: Answer<'_>, out: &mut impl Sink) {
        self.turn.called(call);
        out.put(Output::Answer { call, answer });
    }

    /// The turn has failed: every call that it answered, or that waits, is refused.
    pub(super) fn refuse_calls(&mut self, out: &mut impl Sink) {
        let served = self.turn.take_called();
        let waited = std::mem::take(&mut self.parking.calls);
        for call in served.into_iter().chain(waited.into_iter().map(|(call, _)| call)) {
            let refusal = Refusal::Internal { retry_ms: self.limits.internal_retry_ms };
            out.put(Output::Answer { call, answer: Answer::Refused(refusal) });
        }
    }

    /// In whose name a call is made; that user must be loaded.
    pub(super) fn speaker(&mut self, from: Option<&Id>) -> Asker {
        let user = match from {
            Some(uid) => self.users.intern(uid),
            None => self.users.intern(&user::system()),
        };
        Asker { user, warrant: Warrant::Key }
    }

    fn serve_call(
        &mut self,
        now: Now,
        call: CallId,
        request: &Call<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        match request {
            Call::Say { from, target, draft } => {
                let asker = self.speaker(from.as_ref());
                self.say(now, (call, asker), target, draft, out)
            }
            Call::History { uid, target, .. } => {
                let asker = self.speaker(uid.as_ref());
                let page = self.take_page(now, asker, target)?;
                let (conversation, entries, more) = (&page.0.conversation, &page.1.entries, page.1.more);
                out.put(Output::Answer { call, answer: Answer::History { conversation, entries, more } });
                Ok(())
            }
            Call::Push(push) => {
                let counts = self.push(now, push, out)?;
                out.put(Output::Answer { call, answer: Answer::Pushed { id: &push.id, counts } });
                Ok(())
            }
            Call::Group { gid } => self.show_group(now, call, gid, out),
            Call::PutGroup { gid, name, open, owner } => {
                let wanted =
                    super::backend::Wanted { name: name.as_deref(), open: *open, owner: owner.as_ref() };
                self.put_group(now, call, gid, wanted, out)
            }
            Call::DeleteGroup { gid } => self.delete_group(now, call, gid, out),
            Call::Members { gid, after, limit } => {
                self.show_members(now, call, gid, (after.as_ref(), *limit), out)
            }
            Call::PutMember { gid, uid, role } => self.put_member(now, call, (gid, uid), *role, out),
            Call::DeleteMember { gid, uid } => self.delete_member(now, call, (gid, uid), out),
            Call::User { uid } => self.show_user(now, call, uid, out),
            // It goes before, since it may have to wait once more.
            Call::Forget { .. } => Ok(()),
            Call::UsersOnline { after, limit } => {
                self.list_online(now, call, after.as_ref(), *limit, out);
                Ok(())
            }
            Call::Groups { .. } => self.list_all_groups(call, out),
            Call::Disconnect { uid } => self.disconnect(call, uid, out),
            Call::Ban { uid, seconds } => self.ban(now, call, uid, *seconds, out),
            Call::Unban { uid } => self.unban(now, call, uid, out),
            Call::Upload { bearer, target } => self.upload(now, call, (bearer, target), out),
            Call::KeepFile { bearer, target, file } => self.keep_file(now, call, (bearer, target), file, out),
            Call::File { bearer, file } => self.fetch(now, call, (bearer, file), out),
            Call::Desk(request) => self.serve_desk_call(now, call, request, out),
        }
    }

    /// What the core must know before it can serve the call, and does not.
    fn needs_call(&mut self, now: Now, request: &Call<'_>) -> Option<Query> {
        match request {
            Call::Say { from, target, draft } => {
                let author = from.clone().unwrap_or_else(user::system);
                let needs = self.needs_somebody(&author).or_else(|| match target {
                    Target::Group(gid) => self.needs_group(gid),
                    Target::User(peer) => {
                        let author = self.users.intern(&author);
                        self.needs_direct(author, peer)
                    }
                    Target::Ticket(ticket) => self.needs_ticket(*ticket),
                });
                needs.or_else(|| self.needs_file(draft.file.as_ref()))
            }
            Call::Upload { bearer, target } | Call::KeepFile { bearer, target, .. } => {
                self.needs_upload(bearer, target)
            }
            Call::File { bearer, file } => self.needs_fetch(bearer, file),
            Call::History { uid, target, bounds, limit } => {
                let reader = uid.clone().unwrap_or_else(user::system);
                if let Some(query) = self.needs_user(&reader) {
                    return Some(query);
                }
                let asker = self.speaker(Some(&reader));
                self.needs_page(now, asker, Reading { target, bounds: *bounds, limit: *limit })
            }
            Call::Push(push) => self.needs_push(push),
            Call::Group { gid } | Call::Members { gid, .. } => {
                self.needs_user(&user::system()).or_else(|| self.needs_group(gid))
            }
            Call::PutGroup { gid, owner, .. } => self
                .needs_somebody(&user::system())
                .or_else(|| owner.as_ref().and_then(|owner| self.needs_user(owner)))
                .or_else(|| self.needs_group(gid)),
            Call::PutMember { gid, uid, .. } | Call::DeleteMember { gid, uid } => self
                .needs_somebody(&user::system())
                .or_else(|| self.needs_user(uid))
                .or_else(|| self.needs_group(gid)),
            Call::DeleteGroup { gid } => {
                self.needs_somebody(&user::system()).or_else(|| self.needs_group(gid))
            }
            Call::User { uid } | Call::Disconnect { uid } | Call::Unban { uid } => self.needs_user(uid),
            Call::Ban { uid, .. } => self.needs_somebody(uid),
            Call::Forget { uid } => self.needs_erasure(uid),
            Call::UsersOnline { .. } => None,
            Call::Desk(request) => self.needs_desk_call(now, request),
            Call::Groups { after, limit } => self.needs_all_groups(after.as_ref(), *limit),
        }
    }

    /// What must be known of somebody who may come to be stored: whether a guest, too.
    pub(super) fn needs_somebody(&self, uid: &Id) -> Option<Query> {
        self.guests.needs_until().or_else(|| self.needs_user(uid))
    }

    /// Checks what can be checked without knowing anything.
    fn check_call(&self, request: &Call<'_>) -> Result<(), Refusal> {
        let of_target = |target: &Target| match target {
            Target::Group(gid) => unreserved("gid", gid),
            Target::User(uid) => unreserved("uid", uid),
            Target::Ticket(_) => Ok(()),
        };
        match request {
            Call::Say { from, target, draft } => {
                from.as_ref().map_or(Ok(()), |from| unreserved("from", from))?;
                of_target(target)?;
                draft::check(draft, &self.limits)
            }
            // What the daemon has said to somebody is somebody's to read.
            Call::History { uid, target, .. } => {
                uid.as_ref().map_or(Ok(()), |uid| unreserved("uid", uid))?;
                if let Target::Group(_) = target { of_target(target) } else { Ok(()) }
            }
            Call::Push(push) => push::check(push, &self.limits),
            Call::PutGroup { gid, name, owner, .. } => {
                unreserved("gid", gid)?;
                owner.as_ref().map_or(Ok(()), |owner| unreserved("owner", owner))?;
                user::trimmed(name.as_deref(), &self.limits).map(drop)
            }
            Call::Group { gid } | Call::DeleteGroup { gid } | Call::Members { gid, .. } => {
                unreserved("gid", gid)
            }
            Call::PutMember { gid, uid, .. } | Call::DeleteMember { gid, uid } => {
                unreserved("gid", gid)?;
                unreserved("uid", uid)
            }
            Call::Desk(request) => self.check_desk_call(request),
            Call::UsersOnline { .. } | Call::Groups { .. } | Call::File { .. } => Ok(()),
            Call::Upload { bearer, target } | Call::KeepFile { bearer, target, .. } => {
                unreserved("uid", &bearer.uid)?;
                of_target(target)
            }
            Call::User { uid }
            | Call::Forget { uid }
            | Call::Disconnect { uid }
            | Call::Ban { uid, .. }
            | Call::Unban { uid } => unreserved("uid", uid),
        }
    }
}
