//! What a user does in groups: join, leave, speak, type, ask who is a member.
//!
//! All groups are open: whoever joins or speaks is a member, and an unknown gid becomes a group whose maker
//! is its owner. To join where one is a member, and to leave where one is not, changes nothing and is
//! acknowledged. What is said goes to the group's topic, the same for every device of every member, the
//! author's included; so does `typing`, since to leave one user out would cost a delivery per member:
//! a client passes over its own. A store order comes before the delivery that it justifies.
//!
//! The rows and their invariants are in `room.rs`; the tutorial's `group` case sends to everyone.
//! Tested in `tests/chat/group.rs`, `members.rs` and `typing.rs`.

use super::Chat;
use super::draft;
use super::ids::{Id, SessionId};
use super::input::{Draft, Role, Target};
use super::output::{
    AckedEntry, Event, GroupRole, Member as Line, Membership, Output, Refusal, Sink, Store, To,
};
use super::reply::{Outcome, Reply};
use super::room::{GroupSlot, Member};
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::Now;

/// One page of members.
pub(super) struct Page {
    pub(super) after: Option<Id>,
    pub(super) limit: Option<u32>,
}

impl Chat {
    pub(super) fn join(&mut self, user: UserSlot, gid: &Id, out: &mut impl Sink) -> Outcome {
        let group = self.groups.intern(gid);
        self.enter(user, group, out)?;
        Ok(Reply::Ack(None))
    }

    /// Makes the user a member, and the group if need be. The joiner hears the notice too.
    pub(super) fn enter(
        &mut self,
        user: UserSlot,
        slot: GroupSlot,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        if self.users[user].groups.contains(slot) {
            return Ok(());
        }
        if self.users[user].groups.len() >= self.limits.groups_per_user_max {
            return Err(Refusal::Conflict("you are in as many groups as a user may be in"));
        }
        if self.groups[slot].members.len() >= self.limits.group_members_max {
            return Err(Refusal::Conflict("the group has as many members as a group may have"));
        }
        self.remember(user, out);
        if !self.groups[slot].stored {
            self.groups[slot].stored = true;
            self.turn.undo(Undo::Made(slot));
            out.put(Output::Store(Store::Group { gid: self.groups[slot].gid() }));
        }
        let first = self.groups[slot].members.is_empty();
        let role = if first { GroupRole::Owner } else { GroupRole::Member };
        let rank = self.groups[slot].next_rank();
        self.seat(slot, Member { user, rank, role });
        self.turn.undo(Undo::Joined(slot, user));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::Member { gid, uid, role }));
        for &session in self.users[user].sessions.as_slice() {
            out.put(Output::Subscribe { session, topic: slot.topic() });
        }
        if self.groups[slot].members.len() <= self.limits.notice_members_max {
            let event = Event::Joined(self.membership(slot, user));
            out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, user: UserSlot, gid: &Id, out: &mut impl Sink) -> Outcome {
        let slot = self.groups.intern(gid);
        if !self.groups[slot].stored {
            return Err(Refusal::NotFound);
        }
        let before = self.groups[slot].members.len();
        let Some(member) = self.unseat(slot, user) else { return Ok(Reply::Ack(None)) };
        self.turn.undo(Undo::Left(slot, member));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::NoMember { gid, uid }));
        self.ensure_owner(slot, out);
        if before <= self.limits.notice_members_max {
            let event = Event::Left(self.membership(slot, user));
            out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        }
        for &session in self.users[user].sessions.as_slice() {
            out.put(Output::Unsubscribe { session, topic: slot.topic() });
        }
        Ok(Reply::Ack(None))
    }

    fn membership(&self, slot: GroupSlot, user: UserSlot) -> Membership<'_> {
        let (group, user) = (&self.groups[slot], &self.users[user]);
        Membership { gid: group.gid(), uid: &user.uid, name: &user.name, members: group.members.len() }
    }

    pub(super) fn speak(
        &mut self,
        now: Now,
        user: UserSlot,
        gid: &Id,
        draft: &Draft<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let slot = self.groups.intern(gid);
        draft::check_reply(draft, self.groups[slot].seq)?;
        self.enter(user, slot, out)?;
        self.groups[slot].seq += 1;
        self.turn.undo(Undo::Spoken(slot));
        let group = &self.groups[slot];
        let entry = draft::entry(draft, &group.conversation, group.seq, &self.users[user], now.unix);
        out.put(Output::Store(Store::Append(entry.clone())));
        out.put(Output::Deliver { to: To::Topic(slot.topic()), event: Event::Entry(entry) });
        Ok(Reply::Ack(Some(AckedEntry {
            target: Target::Group(gid.clone()),
            seq: group.seq,
            time: now.unix,
            duplicate: false,
        })))
    }

    pub(super) fn type_in_group(
        &self,
        user: UserSlot,
        target: &Target,
        gid: &Id,
        out: &mut impl Sink,
    ) -> Outcome {
        let Some(slot) = self.groups.slot(gid).filter(|slot| self.groups[*slot].stored) else {
            return Err(Refusal::NotFound);
        };
        let row = &self.users[user];
        if !row.groups.contains(slot) {
            return Err(Refusal::Forbidden);
        }
        let event = Event::Typing { target, uid: &row.uid, name: &row.name };
        out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        Ok(Reply::Ack(None))
    }

    pub(super) fn list_members(
        &self,
        (session, id): (SessionId, Option<&str>),
        gid: &Id,
        page: &Page,
        out: &mut impl Sink,
    ) -> Outcome {
        let Some(slot) = self.groups.slot(gid).filter(|slot| self.groups[*slot].stored) else {
            return Err(Refusal::NotFound);
        };
        let Some(asker) = self.sessions.get(&session) else { return Err(Refusal::LoginRequired) };
        if !self.users[asker.user].groups.contains(slot) && asker.hold.role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let group = &self.groups[slot];
        let from = page.after.as_ref().map_or(0, |after| match group.position(&self.users, after) {
            Ok(at) => at + 1,
            Err(at) => at,
        });
        let limit = page.limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.clamp(1, self.limits.members_page_max);
        let rest = group.members.get(from..).unwrap_or_default();
        let members: Vec<Line<'_>> = rest.iter().take(limit).map(|member| self.line(member)).collect();
        let event = Event::Members { id, gid: group.gid(), members: &members, more: rest.len() > limit };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    fn line(&self, member: &Member) -> Line<'_> {
        let user = &self.users[member.user];
        Line { uid: &user.uid, name: &user.name, role: member.role, online: !user.sessions.is_empty() }
    }
}
