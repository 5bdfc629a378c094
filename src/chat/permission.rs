//! Who may do what: the one place where that is decided.
//!
//! [`judge`] is a table of what a group is, where the asker stands and what is asked. What somebody may not see
//! answers as if it were not there, so to those outside a closed group is not found, whatever they ask. An
//! open one is seen by everybody, and refuses with `forbidden`. Whoever has a token with role `admin` oversees:
//! all that exists may be done. So does the site's back end by its key, in the name of whom it likes; but where such an
//! admin makes a group by speaking, it is told that there is none.
//!
//! Being muted comes after the table: it takes away speech and nothing else. Private messages have a table of
//! one line, [`Chat::may_write_to`]. What was said is recalled by its author for a while, and by those who govern
//! the group at any time ([`Chat::may_recall`]), the owner's entries too: that is done to a text and not to a person.
//!
//! The tutorial believes everybody. The table is a test of its own: `tests/chat/permission.rs`.

use super::Chat;
use super::act::{Act, Sanction};
use super::desk::Deed as TicketDeed;
use super::ids::Conversation;
use super::input::{Role, Target};
use super::output::{EntryRecord, FileRecord, GroupRole, Recall, Refusal};
use super::room::GroupSlot;
use super::user::UserSlot;
use crate::base::clock::Now;

/// Who asks, and by what right.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    pub(super) user: UserSlot,
    pub(super) warrant: Warrant,
}

/// By what right somebody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Warrant {
    /// A token, or that of a guest.
    Token(Role),
    /// A key of the site's back end, which speaks in the name of the user. Which calls the key is for, the floor
    /// above has seen to.
    Key,
}

impl Asker {
    /// Whether all that exists may be done.
    pub(super) fn oversees(self) -> bool {
        matches!(self.warrant, Warrant::Token(Role::Admin) | Warrant::Key)
    }
}

/// What is asked of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Make it, or make it otherwise if it is there.
    Make,
    /// Become a member.
    Join,
    /// Become a member because a token of the site's says so.
    Enlist,
    /// Say something, and become a member by it.
    Speak,
    /// Cease to be a member.
    Leave,
    /// See who is there.
    Look,
    /// See what was said, and say up to where one has.
    Read,
    /// Tell that one is writing.
    Type,
    /// What admins do.
    Govern,
    /// What is the owner's: to hand over, to delete, to be left alone by admins.
    Own,
}

/// What the group is, to somebody who is not in it.
#[derive(Clone, Copy)]
enum Place {
    Unknown,
    Open,
    Closed,
}

/// Where the asker stands.
#[derive(Clone, Copy)]
enum Standing {
    Banned,
    Outside,
    Inside(GroupRole),
    Overseer,
    Backend,
}

fn judge(place: Place, standing: Standing, deed: Deed) -> Result<(), Refusal> {
    use Deed::{Enlist, Govern, Join, Leave, Look, Make, Own, Read, Speak, Type};
    use GroupRole::{Admin, Member, Owner};
    use Standing::{Backend, Banned, Inside, Outside, Overseer};
    match (place, standing, deed) {
        // A program that mistypes a gid would speak to nobody for ever, so it says when it means to make one.
        (Place::Unknown, Backend, Make) => Ok(()),
        (Place::Unknown, Backend, _) => Err(Refusal::NotFound),
        // Whoever comes first makes the group.
        (Place::Unknown, _, Join | Speak | Enlist) => Ok(()),
        (Place::Unknown, ..) => Err(Refusal::NotFound),
        (_, Overseer | Backend, _) => Ok(()),
        // The site may open any door, but not one that was shut to this one person.
        (_, Outside, Enlist) => Ok(()),
        (_, Banned, Enlist) => Err(Refusal::Forbidden),
        (Place::Closed, Banned | Outside, _) => Err(Refusal::NotFound),
        (Place::Open, Outside, Join | Speak) => Ok(()),
        (_, _, Leave) => Ok(()),
        (Place::Open, Banned | Outside, _) => Err(Refusal::Forbidden),
        (_, Inside(_), Join | Enlist | Speak | Look | Read | Type) => Ok(()),
        (_, Inside(Admin | Owner), Govern | Make) => Ok(()),
        (_, Inside(Owner), Own) => Ok(()),
        (_, Inside(Member), Govern | Make) | (_, Inside(Member | Admin), Own) => Err(Refusal::Forbidden),
    }
}

impl Chat {
    /// Whether this may be done in a group, which must be loaded.
    pub(super) fn may(&self, now: Now, asker: Asker, slot: GroupSlot, deed: Deed) -> Result<(), Refusal> {
        let (group, uid) = (&self.groups[slot], &self.users[asker.user].uid);
        let place = match (group.stored, group.open) {
            (false, _) => Place::Unknown,
            (true, true) => Place::Open,
            (true, false) => Place::Closed,
        };
        let standing = match (asker.warrant, group.role_of(&self.users, uid)) {
            (Warrant::Key, _) => Standing::Backend,
            (Warrant::Token(Role::Admin), _) => Standing::Overseer,
            (_, Some(role)) => Standing::Inside(role),
            (_, None) if group.suffers(Sanction::Ban, uid, now.unix).is_some() => Standing::Banned,
            (_, None) => Standing::Outside,
        };
        judge(place, standing, deed)?;
        if !asker.oversees()
            && matches!(deed, Deed::Speak | Deed::Type)
            && let Some(term) = group.suffers(Sanction::Mute, uid, now.unix)
        {
            return Err(Refusal::Muted { retry_ms: term.rest_ms(now.unix) });
        }
        Ok(())
    }

    /// Whether a conversation is one of the asker's own: a group of which the asker is a member now, or a private
    /// one. A search that names none looks into these, whatever the token allows besides.
    pub(super) fn is_own(&self, asker: Asker, conversation: &Conversation) -> bool {
        let user = &self.users[asker.user];
        match conversation {
            Conversation::Group(gid) => {
                self.groups.slot(gid).is_some_and(|group| user.groups.contains(group))
            }
            Conversation::Direct(low, high) => *low == user.uid || *high == user.uid,
            Conversation::Ticket(_) => self.may_find(asker.user, conversation),
        }
    }

    /// Whether this act may be done in a group.
    pub(super) fn may_act(
        &self,
        now: Now,
        asker: Asker,
        slot: GroupSlot,
        act: &Act<'_>,
    ) -> Result<(), Refusal> {
        let group = &self.groups[slot];
        let is_owner = |uid| group.role_of(&self.users, uid) == Some(GroupRole::Owner);
        let deed = match act {
            Act::GroupDelete | Act::Role { role: GroupRole::Owner, .. } => Deed::Own,
            act if act.target().is_some_and(is_owner) => Deed::Own,
            _ => Deed::Govern,
        };
        self.may(now, asker, slot, deed)
    }

    /// Whether this entry, which the asker may read, may be recalled; or could have been, if that was done already.
    pub(super) fn may_recall(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
        entry: &EntryRecord,
    ) -> Result<(), Refusal> {
        let is_author = entry.uid == self.users[asker.user].uid;
        // Whoever sets the date back lengthens the time; nobody loses a right by it.
        let age_ms = now.unix.0.saturating_sub(entry.time.0);
        let is_in_time = age_ms <= self.limits.recall_seconds.saturating_mul(1_000);
        if is_author && (is_in_time || entry.recall == Recall::Recalled) {
            return Ok(());
        }
        match target {
            Target::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.may(now, asker, slot, Deed::Govern)
            }
            Target::User(_) | Target::Ticket(_) => Err(Refusal::Forbidden),
        }
    }

    /// Whether what is said there is for this user's ears: live, and in a replay.
    pub(super) fn may_hear(&self, user: UserSlot, conversation: &Conversation) -> bool {
        let row = &self.users[user];
        match conversation {
            Conversation::Group(gid) => self.groups.slot(gid).is_some_and(|slot| row.groups.contains(slot)),
            Conversation::Direct(low, high) => row.uid == *low || row.uid == *high,
            Conversation::Ticket(ticket) => self.is_own_ticket(user, *ticket),
        }
    }

    /// Whether the asker may upload a file for a conversation: whoever may say something there may.
    pub(super) fn may_upload(&mut self, now: Now, asker: Asker, target: &Target) -> Result<(), Refusal> {
        self.may_be_here(now, asker)?;
        match target {
            Target::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.may(now, asker, slot, Deed::Speak)
            }
            Target::User(peer) => {
                let other = self.users.intern(peer);
                self.may_write_to(asker, other)
            }
            Target::Ticket(ticket) => self.may_do(asker, *ticket, TicketDeed::Speak),
        }
    }

    /// Whether the asker may have an uploaded file: whoever may read the conversation may, and before it is sent only
    /// who uploaded it. To everybody else it is not there.
    pub(super) fn may_fetch(&mut self, now: Now, asker: Asker, file: &FileRecord) -> Result<(), Refusal> {
        self.may_be_here(now, asker)?;
        let uid = &self.users[asker.user].uid;
        if file.seq.is_none() && file.uid != *uid {
            return Err(Refusal::NotFound);
        }
        match &file.conversation {
            Conversation::Direct(low, high) if low == uid || high == uid => Ok(()),
            Conversation::Direct(..) => Err(Refusal::NotFound),
            Conversation::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.may(now, asker, slot, Deed::Read).map_err(|_| Refusal::NotFound)
            }
            Conversation::Ticket(ticket) => {
                self.may_do(asker, *ticket, TicketDeed::Read).map_err(|_| Refusal::NotFound)
            }
        }
    }

    /// Whether the asker is not kept out of the daemon. Whoever has a session has been asked at login.
    fn may_be_here(&self, now: Now, asker: Asker) -> Result<(), Refusal> {
        match self.users[asker.user].ban() {
            Some(term) if term.is_in_force(now.unix) => Err(Refusal::Forbidden),
            _ => Ok(()),
        }
    }

    /// Whether the asker's private messages reach this user. Whom the user blocks must be known.
    pub(super) fn may_write_to(&self, asker: Asker, peer: UserSlot) -> Result<(), Refusal> {
        let is_blocked = self.users[peer].blocks(&self.users[asker.user].uid);
        if is_blocked && !asker.oversees() { Err(Refusal::Forbidden) } else { Ok(()) }
    }
}
