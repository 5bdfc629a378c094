//! What owners and admins do in a group.
//!
//! Each act that changes something is an entry of the conversation, in the name of whoever did it; one that
//! changes nothing is acknowledged and makes none. The entry comes while those whom it concerns hear the group:
//! before somebody is put out, after somebody is brought in. Being put out acts at once on every device.
//!
//! Nobody acts on oneself but to step down: to go there is `leave`, and whoever is muted may not lift it.
//! A deleted group is as one that never was, and what was said in it is gone; but if somebody makes it anew, its
//! numbers go on, so that no client takes a new entry for one that it has.
//!
//! Who may do what is in `permission.rs`. The tutorial has nothing of the kind.
//! Tested in `tests/chat/govern.rs` and `sanctions.rs`, undone in `tests/chat/rollback.rs`.

use std::borrow::Cow;

use super::Chat;
use super::act::{Act, Sanction, Term};
use super::draft;
use super::ids::Id;
use super::input::Target;
use super::output::{AckedEntry, Event, GroupRole, Output, Query, Refusal, Sink, Store, To};
use super::permission::Asker;
use super::reply::{Outcome, Reply};
use super::room::GroupSlot;
use super::turn::Undo;
use super::user::UserSlot;
use crate::base::clock::Now;

/// Where an act is done, by whom and when.
#[derive(Clone, Copy)]
struct Scene {
    now: Now,
    actor: UserSlot,
    slot: GroupSlot,
}

impl Chat {
    /// What must be asked before an act can be done: who is brought in must be known.
    pub(super) fn needs_act(&self, gid: &Id, act: &Act<'_>) -> Option<Query> {
        self.needs_group(gid).or_else(|| match act {
            Act::Add { uid } => {
                let loaded = self.users.find(uid).is_some_and(|user| user.loaded);
                (!loaded).then(|| Query::User(uid.clone()))
            }
            _ => None,
        })
    }

    pub(super) fn act(
        &mut self,
        now: Now,
        asker: Asker,
        gid: &Id,
        act: &Act<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        let slot = self.groups.intern(gid);
        self.may_act(now, asker, slot, act)?;
        let is_oneself = act.target() == Some(&self.users[asker.user].uid);
        if is_oneself && !matches!(act, Act::Role { .. }) {
            return Err(Refusal::BadRequest("uid", "is yourself"));
        }
        let scene = Scene { now, actor: asker.user, slot };
        match act {
            Act::GroupUpdate { name, open } => self.update(scene, name.as_deref(), *open, out),
            Act::Role { uid, role } => self.give_role(scene, uid, *role, out),
            Act::Kick { uid } => {
                let user = self.member(slot, uid)?;
                let reply = self.tell_act(scene, act, out);
                self.put_out(slot, user, out);
                Ok(reply)
            }
            Act::Ban { uid, seconds } => self.sanction(scene, act, (Sanction::Ban, uid, *seconds), out),
            Act::Mute { uid, seconds } => self.sanction(scene, act, (Sanction::Mute, uid, *seconds), out),
            Act::Add { uid } => self.bring_in(scene, uid, out),
            Act::GroupDelete => {
                let reply = self.tell_act(scene, act, out);
                let last = |chat: &Chat| chat.groups[slot].members.last().map(|last| last.user);
                while let Some(member) = last(self).and_then(|user| self.unseat(slot, user)) {
                    self.turn.undo(Undo::Left(slot, member));
                    self.unsubscribe(slot, member.user, out);
                }
                self.dissolve(slot, out);
                Ok(reply)
            }
        }
    }

    /// Writes the entry that tells of an act. Those who are subscribed at this moment hear it.
    fn tell_act(&mut self, scene: Scene, act: &Act<'_>, out: &mut impl Sink) -> Reply {
        let Scene { now, actor, slot } = scene;
        self.remember(actor, out);
        self.groups[slot].seq += 1;
        self.turn.undo(Undo::Spoken(slot));
        let group = &self.groups[slot];
        let entry = draft::act_entry(act, &group.conversation, group.seq, &self.users[actor], now.unix);
        out.put(Output::Store(Store::Append { entry: &entry, sent_as: None }));
        out.put(Output::Deliver { to: To::Topic(slot.topic()), event: Event::Entry(entry) });
        Reply::Ack(Some(AckedEntry {
            target: Target::Group(group.gid().clone()),
            seq: group.seq,
            time: now.unix,
            duplicate: false,
        }))
    }

    fn update(
        &mut self,
        scene: Scene,
        name: Option<&str>,
        open: Option<bool>,
        out: &mut impl Sink,
    ) -> Outcome {
        let group = &mut self.groups[scene.slot];
        let name = name.map(str::trim).filter(|name| *name != &*group.name);
        let open = open.filter(|open| *open != group.open);
        if name.is_none() && open.is_none() {
            return Ok(Reply::Ack(None));
        }
        self.turn.undo(Undo::Updated(scene.slot, group.name.clone(), group.open));
        if let Some(name) = name {
            group.name = name.into();
        }
        group.open = open.unwrap_or(group.open);
        let order = Store::GroupUpdate { gid: group.gid(), name: &group.name, open: group.open };
        out.put(Output::Store(order));
        Ok(self.tell_act(scene, &Act::GroupUpdate { name: name.map(Cow::Borrowed), open }, out))
    }

    fn give_role(&mut self, scene: Scene, uid: &Id, role: GroupRole, out: &mut impl Sink) -> Outcome {
        let slot = scene.slot;
        let user = self.member(slot, uid)?;
        match (self.groups[slot].role_of(&self.users, uid), role) {
            (Some(before), role) if before == role => return Ok(Reply::Ack(None)),
            (Some(GroupRole::Owner), _) => {
                return Err(Refusal::Conflict("a group has an owner; make somebody else the owner"));
            }
            (_, GroupRole::Owner) => {
                if let Some(owner) = self.groups[slot].owner() {
                    self.set_role(slot, owner, GroupRole::Admin, out);
                }
            }
            (_, GroupRole::Member | GroupRole::Admin) => {}
        }
        self.set_role(slot, user, role, out);
        Ok(self.tell_act(scene, &Act::Role { uid: uid.clone(), role }, out))
    }

    /// Bans or mutes somebody, or lifts that. A ban puts a member out.
    fn sanction(
        &mut self,
        scene: Scene,
        act: &Act<'_>,
        (sanction, uid, seconds): (Sanction, &Id, Option<u64>),
        out: &mut impl Sink,
    ) -> Outcome {
        let Scene { now, slot, .. } = scene;
        let term = Term::from_seconds(now.unix, seconds);
        let is_in_force = self.groups[slot].suffers(sanction, uid, now.unix).is_some();
        if term.is_none() && !is_in_force {
            return Ok(Reply::Ack(None));
        }
        if !is_in_force {
            self.drop_ended(now, slot, out);
            if self.groups[slot].sanctions.len() >= self.limits.sanctions_per_group_max {
                return Err(Refusal::Conflict("the group has banned and muted as many as it may"));
            }
        }
        self.guests.name(uid);
        let reply = self.tell_act(scene, act, out);
        self.set_term(slot, sanction, uid, term, out);
        if let (Sanction::Ban, Some(_), Ok(user)) = (sanction, term, self.member(slot, uid)) {
            self.put_out(slot, user, out);
        }
        Ok(reply)
    }

    /// Takes out the sanctions that have ended, where they would be in the way of a new one.
    fn drop_ended(&mut self, now: Now, slot: GroupSlot, out: &mut impl Sink) {
        let sanctions = &self.groups[slot].sanctions;
        if sanctions.len() < self.limits.sanctions_per_group_max {
            return;
        }
        let has_ended = |term: &Term| !term.is_in_force(now.unix);
        let ended: Vec<(Id, Sanction)> =
            sanctions.iter().filter(|(_, term)| has_ended(term)).map(|(key, _)| key.clone()).collect();
        for (uid, sanction) in ended {
            self.set_term(slot, sanction, &uid, None, out);
        }
    }

    fn set_term(
        &mut self,
        slot: GroupSlot,
        sanction: Sanction,
        uid: &Id,
        term: Option<Term>,
        out: &mut impl Sink,
    ) {
        let before = self.groups[slot].set_term(sanction, uid, term);
        self.turn.undo(Undo::Sanctioned(slot, sanction, uid.clone(), before));
        let gid = self.groups[slot].gid();
        out.put(Output::Store(Store::Sanction { gid, uid, sanction, term }));
    }

    fn bring_in(&mut self, scene: Scene, uid: &Id, out: &mut impl Sink) -> Outcome {
        let Scene { now, slot, .. } = scene;
        if self.member(slot, uid).is_ok() {
            return Ok(Reply::Ack(None));
        }
        self.may_be_brought_in(now, slot, uid)?;
        let user = self.users.intern(uid);
        self.acquaint(user, out);
        self.let_in(slot, user, out);
        Ok(self.tell_act(scene, &Act::Add { uid: uid.clone() }, out))
    }

    /// Whether somebody, who must be loaded, can be made a member by others. Who is one can stay one.
    pub(super) fn may_be_brought_in(&mut self, now: Now, slot: GroupSlot, uid: &Id) -> Result<(), Refusal> {
        if self.member(slot, uid).is_ok() {
            return Ok(());
        }
        if self.groups[slot].suffers(Sanction::Ban, uid, now.unix).is_some() {
            return Err(Refusal::Conflict("this user is banned"));
        }
        let user = self.users.intern(uid);
        if self.users[user].groups.len() >= self.limits.groups_per_user_max {
            return Err(Refusal::Conflict("this user is in as many groups as a user may be in"));
        }
        self.check_room(slot)
    }

    fn member(&self, slot: GroupSlot, uid: &Id) -> Result<UserSlot, Refusal> {
        let group = &self.groups[slot];
        let at = group.position(&self.users, uid).map_err(|_| Refusal::NotFound)?;
        Ok(group.members[at].user)
    }

    fn put_out(&mut self, slot: GroupSlot, user: UserSlot, out: &mut impl Sink) {
        self.strike(slot, user, out);
        self.unsubscribe(slot, user, out);
    }
}
