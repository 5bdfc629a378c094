//! What the site's back end does by its calls: it speaks, and looks after groups and their members.
//!
//! What users can do is done by the code that does it for them (`group.rs`, `govern.rs`, `direct.rs`, `history.rs`);
//! here stands what is different. A back end speaks in the name of whom it likes, who does not become a member by that.
//! What it does to groups stands there in the name of `system`, the one uid that no client can have: the daemon's own.
//!
//! A call that is refused has changed nothing, also where it consists of several steps: the one that may be refused
//! comes first.
//!
//! Tested in `tests/chat/calls.rs`, undone in `tests/chat/rollback.rs`.

use super::Chat;
use super::act::Act;
use super::call::{Answer, GroupView, Put};
use super::draft;
use super::group::Page;
use super::ids::{CallId, Id, TicketId};
use super::input::{Draft, Target};
use super::output::{AckedEntry, GroupRole, Output, Refusal, Sink, Store};
use super::permission::{Asker, Deed};
use super::reply::Reply;
use super::resend::Sending;
use super::room::GroupSlot;
use super::turn::Undo;
use crate::base::clock::Now;

/// How a group is to be from now on; what is `None` stays.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) open: Option<bool>,
    pub(super) owner: Option<&'a Id>,
}

impl Chat {
    pub(super) fn say(
        &mut self,
        now: Now,
        (call, asker): (CallId, Asker),
        target: &Target,
        draft: &Draft<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let (entry, online, stored) = match target {
            Target::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.may(now, asker, slot, Deed::Speak)?;
                draft::check_reply(draft, || self.groups[slot].seq)?;
                self.may_attach(asker, target, draft)?;
                self.acquaint(asker.user, out);
                let entry = self.utter(now, slot, &Sending { asker, id: None, draft }, out);
                let others = self.groups[slot].members.iter().filter(|member| member.user != asker.user);
                let is_there = |user| !self.users[user].sessions.is_empty();
                let (mut all, mut online) = (0, 0);
                for member in others {
                    all += 1;
                    online += usize::from(is_there(member.user));
                }
                (entry, online, all - online)
            }
            Target::User(peer) => {
                let (author, other) = (asker.user, self.users.intern(peer));
                self.may_write_to(asker, other)?;
                draft::check_reply(draft, || self.last_of_two(self.pair(author, other)))?;
                self.may_attach(asker, target, draft)?;
                self.acquaint(author, out);
                let reply = self.whisper(now, peer, &Sending { asker, id: None, draft }, out)?;
                let Reply::Ack(Some(entry)) = reply else { return Err(self.internal()) };
                let other = self.users.find(peer).filter(|other| other.uid != self.users[author].uid);
                let is_oneself = self.users[author].uid == *peer;
                let is_there = other.is_some_and(|other| !other.sessions.is_empty());
                (entry, usize::from(is_there), usize::from(!is_there && !is_oneself))
            }
            Target::Ticket(number) => {
                self.say_at_desk(now, *number, &Sending { asker, id: None, draft }, out)?
            }
        };
        let AckedEntry { seq, time, .. } = entry;
        out.put(Output::Answer { call, answer: Answer::Said { seq, time, online, stored } });
        Ok(())
    }

    /// The entry, and how many of the others heard it, and will.
    fn say_at_desk(
        &mut self,
        now: Now,
        number: TicketId,
        sending: &Sending<'_>,
        out: &mut impl Sink,
    ) -> Result<(AckedEntry, usize, usize), Refusal> {
        self.may_do(sending.asker, number, super::desk::Deed::Speak)?;
        self.may_attach(sending.asker, &Target::Ticket(number), sending.draft)?;
        self.acquaint(sending.asker.user, out);
        let (entry, absent) = self.say_in_ticket(now, number, sending, out)?;
        let two = self.two_of_ticket(number);
        let others = two.into_iter().filter(|uid| **uid != self.users[sending.asker.user].uid).count();
        Ok((entry, others - absent, absent))
    }

    pub(super) fn internal(&self) -> Refusal {
        Refusal::Internal { retry_ms: self.limits.internal_retry_ms }
    }

    pub(super) fn show_group(
        &mut self,
        now: Now,
        call: CallId,
        gid: &Id,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Look)?;
        let answer = Answer::Group { put: Put::Kept, group: self.group_view(slot) };
        out.put(Output::Answer { call, answer });
        Ok(())
    }

    fn group_view(&self, slot: GroupSlot) -> GroupView<'_> {
        let group = &self.groups[slot];
        let is_there = |user| !self.users[user].sessions.is_empty();
        GroupView {
            gid: group.gid(),
            name: &group.name,
            open: group.open,
            owner: group.owner().map(|owner| &self.users[owner].uid),
            members: group.members.len(),
            online: group.members.iter().filter(|member| is_there(member.user)).count(),
            seq: group.seq,
        }
    }

    pub(super) fn put_group(
        &mut self,
        now: Now,
        call: CallId,
        gid: &Id,
        wanted: Wanted<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Make)?;
        let put = if self.groups[slot].stored { Put::Kept } else { Put::Made };
        let has_members = !self.groups[slot].members.is_empty() || wanted.owner.is_some();
        if wanted.open == Some(false) && !has_members {
            // Nobody could ever come in, so a closed group without members is none.
            return Err(Refusal::Conflict("a closed group needs an owner"));
        }
        if let Some(owner) = wanted.owner {
            self.may_be_brought_in(now, slot, owner)?;
        }
        self.acquaint(asker.user, out);
        if put == Put::Made {
            self.make(slot, wanted, out);
        }
        if let Some(owner) = wanted.owner {
            self.act(now, asker, gid, &Act::Add { uid: owner.clone() }, out)?;
            self.act(now, asker, gid, &Act::Role { uid: owner.clone(), role: GroupRole::Owner }, out)?;
        }
        if put == Put::Kept && (wanted.name.is_some() || wanted.open.is_some()) {
            let act = Act::GroupUpdate { name: wanted.name.map(Into::into), open: wanted.open };
            self.act(now, asker, gid, &act, out)?;
        }
        out.put(Output::Answer { call, answer: Answer::Group { put, group: self.group_view(slot) } });
        Ok(())
    }

    /// Makes a group as it is to be. That it was made is no entry, whoever makes it.
    fn make(&mut self, slot: GroupSlot, wanted: Wanted<'_>, out: &mut impl Sink) {
        self.found(slot, out);
        let group = &mut self.groups[slot];
        self.turn.undo(Undo::Updated(slot, group.name.clone(), group.open));
        group.name = wanted.name.unwrap_or_default().trim().into();
        group.open = wanted.open.unwrap_or(true);
        let order = Store::GroupUpdate { gid: group.gid(), name: &group.name, open: group.open };
        out.put(Output::Store(order));
    }

    pub(super) fn delete_group(
        &mut self,
        now: Now,
        call: CallId,
        gid: &Id,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Own)?;
        self.acquaint(asker.user, out);
        self.act(now, asker, gid, &Act::GroupDelete, out)?;
        out.put(Output::Answer { call, answer: Answer::Removed });
        Ok(())
    }

    pub(super) fn show_members(
        &mut self,
        now: Now,
        call: CallId,
        gid: &Id,
        (after, limit): (Option<&Id>, Option<u32>),
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Look)?;
        let (members, more) = self.members_page(slot, &Page { after, limit });
        out.put(Output::Answer { call, answer: Answer::Members { members: &members, more } });
        Ok(())
    }

    pub(super) fn put_member(
        &mut self,
        now: Now,
        call: CallId,
        (gid, uid): (&Id, &Id),
        role: Option<GroupRole>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Govern)?;
        let before = self.groups[slot].role_of(&self.users, uid);
        if before.is_none() {
            self.may_be_brought_in(now, slot, uid)?;
        }
        self.acquaint(asker.user, out);
        self.act(now, asker, gid, &Act::Add { uid: uid.clone() }, out)?;
        let is_first = before.is_none() && self.groups[slot].members.len() == 1;
        // The first member of a group owns it, whatever else it was to be.
        if let Some(role) = role.filter(|_| !is_first) {
            self.act(now, asker, gid, &Act::Role { uid: uid.clone(), role }, out)?;
        }
        let Ok(at) = self.groups[slot].position(&self.users, uid) else { return Err(Refusal::NotFound) };
        let put = if before.is_none() { Put::Made } else { Put::Kept };
        let member = self.line(&self.groups[slot].members[at]);
        out.put(Output::Answer { call, answer: Answer::Member { put, member } });
        Ok(())
    }

    pub(super) fn delete_member(
        &mut self,
        now: Now,
        call: CallId,
        (gid, uid): (&Id, &Id),
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.speaker(None);
        let slot = self.groups.intern(gid);
        self.may(now, asker, slot, Deed::Govern)?;
        if self.groups[slot].role_of(&self.users, uid).is_none() {
            return Err(Refusal::NotFound);
        }
        self.acquaint(asker.user, out);
        self.act(now, asker, gid, &Act::Kick { uid: uid.clone() }, out)?;
        out.put(Output::Answer { call, answer: Answer::Removed });
        Ok(())
    }
}
