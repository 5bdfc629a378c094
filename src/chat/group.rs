//! What a user does in groups: join, leave, speak, type, ask who is a member.
//!
//! Whoever joins an open group or speaks in it is a member, and an unknown gid becomes an open group whose maker
//! is its owner. To join where one is a member, and to leave where one is not, changes nothing and is
//! acknowledged. What is said goes to the group's topic, the same for every device of every member, the
//! author's included; so does `typing`, since to leave one user out would cost a delivery per member:
//! a client passes over its own. A store order comes before the delivery that it justifies.
//!
//! Who may do it is in `permission.rs`, the rows and their invariants are in `room.rs`; the tutorial's `group`
//! case sends to everyone.
//! Tested in `tests/chat/group.rs`, `members.rs` and `typing.rs`.

use super::Chat;
use super::draft;
use super::ids::{Id, SessionId};
use super::input::Target;
use super::output::{
    AckedEntry, Event, GroupRole, Member as Line, Membership, Output, Refusal, Sink, Store, To,
};
use super::permission::{Asker, Deed};
use super::reply::{Outcome, Reply};
use super::resend::Sending;
use super::room::{GroupSlot, Member};
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::Now;

/// One page of members.
pub(super) struct Page<'a> {
    pub(super) after: Option<&'a Id>,
    pub(super) limit: Option<u32>,
}

impl Chat {
    pub(super) fn join(&mut self, now: Now, asker: Asker, gid: &Id, out: &mut impl Sink) -> Outcome {
        let group = self.groups.intern(gid);
        self.may(now, asker, group, Deed::Join)?;
        self.enter(asker.user, group, out)?;
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
        self.check_room(slot)?;
        self.remember(user, out);
        if !self.groups[slot].stored {
            self.found(slot, out);
        }
        self.let_in(slot, user, out);
        if self.groups[slot].members.len() <= self.limits.notice_members_max {
            let event = Event::Joined(self.membership(slot, user));
            out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        }
        Ok(())
    }

    /// Makes a group that is not there.
    pub(super) fn found(&mut self, slot: GroupSlot, out: &mut impl Sink) {
        self.groups[slot].stored = true;
        self.turn.undo(Undo::Made(slot));
        out.put(Output::Store(Store::Group { gid: self.groups[slot].gid() }));
    }

    /// Whether there is room for one more.
    pub(super) fn check_room(&self, slot: GroupSlot) -> Result<(), Refusal> {
        if self.groups[slot].members.len() >= self.limits.group_members_max {
            return Err(Refusal::Conflict("the group has as many members as a group may have"));
        }
        Ok(())
    }

    /// Makes a stored user a member of a stored group, heard on every device from now on; where a replay is about to
    /// bring it, by that.
    pub(super) fn let_in(&mut self, slot: GroupSlot, user: UserSlot, out: &mut impl Sink) {
        let first = self.groups[slot].members.is_empty();
        let role = if first { GroupRole::Owner } else { GroupRole::Member };
        let rank = self.groups[slot].next_rank();
        self.seat(slot, Member { user, rank, role });
        self.turn.undo(Undo::Joined(slot, user));
        let (gid, uid) = (self.groups[slot].gid(), &self.users[user].uid);
        out.put(Output::Store(Store::Member { gid, uid, role }));
        for &session in self.users[user].sessions.as_slice() {
            if !self.replays.brings(session, &self.groups[slot].conversation) {
                out.put(Output::Subscribe { session, topic: slot.topic() });
            }
        }
    }

    pub(super) fn leave(&mut self, now: Now, asker: Asker, gid: &Id, out: &mut impl Sink) -> Outcome {
        let (slot, user) = (self.groups.intern(gid), asker.user);
        self.may(now, asker, slot, Deed::Leave)?;
        self.go_out(slot, user, out);
        Ok(Reply::Ack(None))
    }

    /// Ends a membership, if there is one. Who goes hears the notice too.
    pub(super) fn go_out(&mut self, slot: GroupSlot, user: UserSlot, out: &mut impl Sink) {
        let before = self.groups[slot].members.len();
        if !self.strike(slot, user, out) {
            return;
        }
        if before <= self.limits.notice_members_max {
            let event = Event::Left(self.membership(slot, user));
            out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        }
        self.unsubscribe(slot, user, out);
    }

    /// The devices of somebody who is no member any more hear nothing from now on.
    pub(super) fn unsubscribe(&self, slot: GroupSlot, user: UserSlot, out: &mut impl Sink) {
        for &session in self.users[user].sessions.as_slice() {
            out.put(Output::Unsubscribe { session, topic: slot.topic() });
        }
    }

    fn membership(&self, slot: GroupSlot, user: UserSlot) -> Membership<'_> {
        let (group, user) = (&self.groups[slot], &self.users[user]);
        Membership { gid: group.gid(), uid: &user.uid, name: &user.name, members: group.members.len() }
    }

    pub(super) fn speak(
        &mut self,
        now: Now,
        gid: &Id,
        sending: &Sending<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let target = Target::Group(gid.clone());
        if let Some(reply) = self.said_before(sending, &target)? {
            return Ok(reply);
        }
        let (user, draft) = (sending.asker.user, sending.draft);
        let slot = self.groups.intern(gid);
        self.may(now, sending.asker, slot, Deed::Speak)?;
        draft::check_reply(draft, || self.groups[slot].seq)?;
        self.may_attach(sending.asker, &target, draft)?;
        self.enter(user, slot, out)?;
        Ok(Reply::Ack(Some(self.utter(now, slot, sending, out))))
    }

    /// Writes what is said, and tells it to the members.
    pub(super) fn utter(
        &mut self,
        now: Now,
        slot: GroupSlot,
        sending: &Sending<'_>,
        out: &mut impl Sink,
    ) -> AckedEntry {
        self.groups[slot].seq += 1;
        self.turn.undo(Undo::Spoken(slot));
        let (group, author) = (&self.groups[slot], &self.users[sending.asker.user]);
        let entry = draft::entry(sending.draft, &group.conversation, group.seq, author, now.unix);
        out.put(Output::Store(Store::Append { entry: &entry, sent_as: sending.sent_as() }));
        out.put(Output::Deliver { to: To::Topic(slot.topic()), event: Event::Entry(entry) });
        let (seq, target) = (group.seq, Target::Group(group.gid().clone()));
        if sending.draft.file.is_some() {
            let conversation = group.conversation.clone();
            self.attach(sending.draft, &conversation, seq, out);
        }
        AckedEntry { target, seq, time: now.unix, duplicate: false }
    }

    pub(super) fn type_in_group(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
        gid: &Id,
        out: &mut impl Sink,
    ) -> Outcome {
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Type)?;
        let row = &self.users[asker.user];
        let event = Event::Typing { target, uid: &row.uid, name: &row.name };
        out.put(Output::Deliver { to: To::Topic(slot.topic()), event });
        Ok(Reply::Ack(None))
    }

    pub(super) fn list_members(
        &mut self,
        now: Now,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        gid: &Id,
        page: &Page<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Look)?;
        let (members, more) = self.members_page(slot, page);
        let event = Event::Members { id, gid: self.groups[slot].gid(), members: &members, more };
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// A page, and whether there are further ones.
    pub(super) fn members_page(&self, slot: GroupSlot, page: &Page<'_>) -> (Vec<Line<'_>>, bool) {
        let group = &self.groups[slot];
        let from = page.after.map_or(0, |after| match group.position(&self.users, after) {
            Ok(at) => at + 1,
            Err(at) => at,
        });
        let limit = page.limit.map_or(self.limits.members_page_default, |limit| limit as usize);
        let limit = limit.clamp(1, self.limits.members_page_max);
        let rest = group.members.get(from..).unwrap_or_default();
        (rest.iter().take(limit).map(|member| self.line(member)).collect(), rest.len() > limit)
    }

    pub(super) fn line(&self, member: &Member) -> Line<'_> {
        let user = &self.users[member.user];
        Line { uid: &user.uid, name: &user.name, role: member.role, online: !user.sessions.is_empty() }
    }
}
