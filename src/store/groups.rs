//! Groups: name, openness, members, sanctions, deletion, and how both stores tell of them; in the file whom users block
//! as well.
//!
//! A group that is deleted is out of sight at once, with its members and sanctions; its entries may be many,
//! and are taken out of the file in steps when nothing else is to do. Until then they belong to a row that no
//! gid names. The tables are in `schema/0003_administration.sql`; tested by the suite in `tests/store/`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use rusqlite::params;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use super::few::growth;
use super::log::{Kept, Log};
use super::memory::{Memory, Undo, User};
use super::rows::Key;
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::chat::act::{Act, Sanction, Term};
use crate::chat::ids::{Conversation, Id};
use crate::chat::input::Listing;
use crate::chat::output::{GroupRecord, GroupRole, GroupSummary, GroupsPage, MemberRecord};

/// A member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    /// The number of the user.
    pub(super) user: u32,
    pub(super) role: GroupRole,
    pub(super) joined: u64,
    /// The last entry that was read.
    pub(super) read: u64,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: Box<str>,
    pub(super) open: bool,
    pub(super) sanctions: BTreeMap<(Id, Sanction), Term>,
    /// By the number of the user.
    pub(super) seats: Vec<Seat>,
    /// What the next to join gets.
    next_joined: u64,
}

impl Group {
    pub(super) fn new() -> Group {
        Group {
            name: Box::default(),
            open: true,
            sanctions: BTreeMap::new(),
            seats: Vec::new(),
            next_joined: 0,
        }
    }

    fn place(&self, user: u32) -> Result<usize, usize> {
        self.seats.binary_search_by_key(&user, |seat| seat.user)
    }

    pub(super) fn seat(&self, user: u32) -> Option<&Seat> {
        self.seats.get(self.place(user).ok()?)
    }

    pub(super) fn seat_mut(&mut self, user: u32) -> Option<&mut Seat> {
        let place = self.place(user).ok()?;
        self.seats.get_mut(place)
    }

    /// Writes what is known of a member, and returns what was.
    fn seat_down(&mut self, seat: Seat) -> Option<Seat> {
        if let Some(known) = self.seat_mut(seat.user) {
            return Some(std::mem::replace(known, seat));
        }
        if self.seats.len() == self.seats.capacity() {
            self.seats.reserve_exact(growth(self.seats.len()));
        }
        let place = self.seats.partition_point(|other| other.user < seat.user);
        self.seats.insert(place, seat);
        None
    }

    fn stand_up(&mut self, user: u32) -> Option<Seat> {
        self.place(user).ok().map(|place| self.seats.remove(place))
    }
}

impl Memory {
    pub(super) fn write_member(&mut self, gid: &Id, uid: &Id, role: GroupRole) -> Result<Undo, StoreError> {
        let last = self.last(&Conversation::Group(gid.clone()));
        let group = self.groups.get_mut(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))?;
        let number = self.users.number(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let before = group.seat(number).copied();
        let (joined, read) = before.map_or((group.next_joined, last), |seat| (seat.joined, seat.read));
        if before.is_none() {
            group.next_joined += 1;
        }
        group.seat_down(Seat { user: number, role, joined, read });
        if let Some(user) = self.users.get_mut(number) {
            user.groups.insert(gid.clone());
        }
        Ok(Undo::Seat(gid.clone(), number, before.map(Box::new)))
    }

    pub(super) fn strike_member(&mut self, gid: &Id, uid: &Id) -> Result<Undo, StoreError> {
        let group = self.groups.get_mut(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))?;
        let number = self.users.number(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let before = group.stand_up(number).map(Box::new);
        if let Some(user) = self.users.get_mut(number) {
            user.groups.remove(gid);
        }
        Ok(Undo::Seat(gid.clone(), number, before))
    }

    fn group_mut(&mut self, gid: &Id) -> Result<&mut Group, StoreError> {
        self.groups.get_mut(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))
    }

    pub(super) fn update_group(&mut self, gid: &Id, name: &str, open: bool) -> Result<Undo, StoreError> {
        let group = self.group_mut(gid)?;
        let name = std::mem::replace(&mut group.name, name.into());
        Ok(Undo::GroupUpdate(gid.clone(), name, std::mem::replace(&mut group.open, open)))
    }

    /// Of the conversation only its last number stays.
    pub(super) fn delete_group(&mut self, gid: &Id) -> Result<Undo, StoreError> {
        let group = self.groups.remove(gid).ok_or_else(|| StoreError::NoSuchGroup(gid.clone()))?;
        for seat in &group.seats {
            if let Some(user) = self.users.get_mut(seat.user) {
                user.groups.remove(gid);
            }
        }
        let log = self.logs.number(&Conversation::Group(gid.clone()));
        let log = log.and_then(|log| self.logs.get_mut(log));
        let entries = log.map(Log::take_all).unwrap_or_default();
        group.sanctions.keys().for_each(|(uid, _)| self.named.remove(uid));
        Ok(Undo::NoGroup(gid.clone(), Box::new((group, entries))))
    }

    /// As it was before it was written or struck.
    pub(super) fn put_seat_back(&mut self, gid: Id, number: u32, before: Option<Box<Seat>>) {
        let group = self.groups.get_mut(&gid);
        let (Some(group), Some(user)) = (group, self.users.get_mut(number)) else { return };
        if let Some(seat) = before {
            user.groups.insert(gid);
            group.seat_down(*seat);
        } else {
            user.groups.remove(&gid);
            group.stand_up(number);
        }
    }

    pub(super) fn write_sanction(
        &mut self,
        gid: &Id,
        uid: &Id,
        sanction: Sanction,
        term: Option<Term>,
    ) -> Result<Undo, StoreError> {
        let sanctions = &mut self.group_mut(gid)?.sanctions;
        let key = (uid.clone(), sanction);
        let before = match term {
            Some(term) => sanctions.insert(key, term),
            None => sanctions.remove(&key),
        };
        match (before, term) {
            (None, Some(_)) => self.named.add(uid),
            (Some(_), None) => self.named.remove(uid),
            _ => {}
        }
        Ok(Undo::Sanction(Box::new((gid.clone(), uid.clone(), sanction, before))))
    }

    pub(super) fn group_record(&self, gid: &Id) -> Option<GroupRecord> {
        let seq = self.last(&Conversation::Group(gid.clone()));
        let Some(group) = self.groups.get(gid) else {
            let (name, sanctions, members) = (Box::default(), Vec::new(), Vec::new());
            return (seq > 0).then_some(GroupRecord {
                deleted: true,
                seq,
                name,
                open: true,
                sanctions,
                members,
            });
        };
        let member = |seat: &Seat| {
            let User { uid, name, .. } = self.users.get(seat.user)?;
            let (uid, name) = (uid.clone(), name.as_str().into());
            Some(MemberRecord { uid, name, role: seat.role, joined: seat.joined })
        };
        let mut members: Vec<MemberRecord> = group.seats.iter().filter_map(member).collect();
        members.sort_by(|one, other| one.uid.cmp(&other.uid));
        Some(GroupRecord {
            deleted: false,
            seq,
            name: group.name.clone(),
            open: group.open,
            sanctions: group
                .sanctions
                .iter()
                .map(|((uid, sanction), term)| (uid.clone(), *sanction, *term))
                .collect(),
            members,
        })
    }

    /// The groups of a page, and one more where there is one.
    pub(super) fn groups_page(&self, page: &GroupsPage) -> Vec<GroupSummary> {
        let asker = self.users.number(&page.uid);
        let from = page.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.groups.range((from, Bound::Unbounded));
        let summary = |(gid, group): (&Id, &Group)| GroupSummary {
            gid: gid.clone(),
            name: group.name.clone(),
            role: asker.and_then(|number| group.seat(number)).map(|seat| seat.role),
            open: group.open,
            members: group.seats.len() as u64,
        };
        match page.listing {
            Listing::Open => {
                behind.filter(|(_, group)| group.open).take(page.limit + 1).map(summary).collect()
            }
            Listing::All => {
                let all = behind.take(page.limit + 1).map(summary);
                all.map(|group| GroupSummary { role: None, ..group }).collect()
            }
            Listing::Own => {
                let own = asker.and_then(|number| self.users.get(number)).into_iter();
                let own = own.flat_map(|user| user.groups.iter());
                let own = own.filter(|gid| page.after.as_ref().is_none_or(|after| *gid > after));
                own.filter_map(|gid| self.groups.get_key_value(gid))
                    .take(page.limit + 1)
                    .map(summary)
                    .collect()
            }
        }
    }

    /// Makes a group again that was deleted.
    pub(super) fn put_group_back(&mut self, gid: Id, (group, entries): (Group, VecDeque<Kept>)) {
        for seat in &group.seats {
            if let Some(user) = self.users.get_mut(seat.user) {
                user.groups.insert(gid.clone());
            }
        }
        group.sanctions.keys().for_each(|(uid, _)| self.named.add(uid));
        let log = self.logs.number(&Conversation::Group(gid.clone()));
        if let Some(log) = log.and_then(|log| self.logs.get_mut(log)) {
            log.put_all_back(entries);
        }
        self.groups.insert(gid, group);
    }

    pub(super) fn write_block(&mut self, uid: &Id, other: &Id, on: bool) -> Result<Undo, StoreError> {
        let user = self.users.find_mut(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        let is_change = user.set_block(other, on);
        match on {
            true if is_change => self.named.add(other),
            false if is_change => self.named.remove(other),
            _ => {}
        }
        Ok(Undo::Block(uid.clone(), other.clone(), on != is_change))
    }
}

impl Sqlite {
    pub(super) fn write_member(&self, gid: &Id, uid: &Id, role: GroupRole) -> Result<(), StoreError> {
        // Whoever comes in has read what was said before.
        let sql = "INSERT INTO member (conversation, user, role, read)
                   SELECT c.conversation, user, ?3,
                          coalesce((SELECT max(seq) FROM entry e WHERE e.conversation = c.conversation), base)
                   FROM conversation c, user WHERE gid = ?1 AND deleted = 0 AND uid = ?2
                   ON CONFLICT (conversation, user) DO UPDATE SET role = excluded.role";
        if self.run(sql, params![Key(gid), Key(uid), role_text(role)])? == 0 {
            self.demand_group(gid)?;
            self.demand_user(uid)?;
        }
        Ok(())
    }

    pub(super) fn strike_member(&self, gid: &Id, uid: &Id) -> Result<(), StoreError> {
        let sql =
            "DELETE FROM member WHERE conversation = (SELECT conversation FROM conversation WHERE gid = ?1)
                   AND user = (SELECT user FROM user WHERE uid = ?2)";
        if self.run(sql, [Key(gid), Key(uid)])? == 0 {
            self.demand_group(gid)?;
            self.demand_user(uid)?;
        }
        Ok(())
    }

    pub(super) fn write_group(&self, gid: &Id) -> Result<(), StoreError> {
        let sql = "INSERT INTO conversation (gid) VALUES (?) ON CONFLICT (gid) WHERE gid IS NOT NULL
                   DO UPDATE SET deleted = 0, open = 1 WHERE deleted = 1";
        self.run(sql, [Key(gid)]).map(drop)
    }

    pub(super) fn update_group(&self, gid: &Id, name: &str, open: bool) -> Result<(), StoreError> {
        let sql = "UPDATE conversation SET name = ?2, open = ?3 WHERE gid = ?1 AND deleted = 0";
        if self.run(sql, params![Key(gid), name, open])? == 0 { self.demand_group(gid) } else { Ok(()) }
    }

    pub(super) fn delete_group(&self, gid: &Id) -> Result<(), StoreError> {
        let conversation = self.conversation(&Conversation::Group(gid.clone()))?;
        let Some(conversation) = conversation else { return Err(StoreError::NoSuchGroup(gid.clone())) };
        let last = self.last(Some(conversation))?;
        self.drop_files_of_group(gid)?;
        for sql in [
            "DELETE FROM member WHERE conversation = ?",
            "DELETE FROM sanction WHERE conversation = ?",
            "UPDATE conversation SET gid = CAST(conversation AS BLOB), open = 0 WHERE conversation = ?",
            "INSERT INTO erasing VALUES (?)",
        ] {
            self.run(sql, [conversation])?;
        }
        let sql = "INSERT INTO conversation (gid, open, deleted, base) VALUES (?, 0, 1, ?)";
        self.run(sql, params![Key(gid), last]).map(drop)
    }

    /// Takes some entries of deleted groups out of the file. Not inside a transaction.
    pub(super) fn erase_some(&mut self) -> Result<Tidy, StoreError> {
        let Some(conversation) =
            self.row("SELECT conversation FROM erasing LIMIT 1", (), |row| row.get(0))?
        else {
            return Ok(Tidy::Done);
        };
        let conversation: i64 = conversation;
        self.in_own_lazy_transaction(|store| {
            if store.remove_oldest_of(conversation)? == Tidy::Done {
                store.run("DELETE FROM erasing WHERE conversation = ?", [conversation])?;
            }
            Ok(Tidy::NotYet)
        })
    }

    pub(super) fn write_sanction(
        &self,
        gid: &Id,
        uid: &Id,
        sanction: Sanction,
        term: Option<Term>,
    ) -> Result<(), StoreError> {
        self.demand_group(gid)?;
        let Some(term) = term else {
            let sql = "DELETE FROM sanction WHERE uid = ?2 AND sanction = ?3
                       AND conversation = (SELECT conversation FROM conversation WHERE gid = ?1)";
            return self.run(sql, params![Key(gid), Key(uid), sanction.as_str()]).map(drop);
        };
        let until = match term {
            Term::UntilLifted => None,
            // Whoever is banned for longer than a column can tell will not see the end of it.
            Term::Until(end) => Some(i64::try_from(end.0).unwrap_or(i64::MAX)),
        };
        let sql = "INSERT INTO sanction SELECT conversation, ?2, ?3, ?4 FROM conversation WHERE gid = ?1
                   ON CONFLICT DO UPDATE SET until = excluded.until";
        self.run(sql, params![Key(gid), Key(uid), sanction.as_str(), until]).map(drop)
    }

    pub(super) fn write_block(&self, uid: &Id, other: &Id, on: bool) -> Result<(), StoreError> {
        self.demand_user(uid)?;
        let sql = if on {
            "INSERT INTO block SELECT user, ?2 FROM user WHERE uid = ?1 ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM block WHERE user = (SELECT user FROM user WHERE uid = ?1) AND other = ?2"
        };
        self.run(sql, [Key(uid), Key(other)]).map(drop)
    }

    pub(super) fn blocks(&self, uid: &Id) -> Result<Vec<Id>, StoreError> {
        let sql = "SELECT other FROM block JOIN user USING (user) WHERE uid = ? ORDER BY other";
        self.rows(sql, [Key(uid)], |row| row.get(0))
    }

    pub(super) fn group(&self, gid: &Id) -> Result<Option<GroupRecord>, StoreError> {
        let sql = "SELECT conversation, name, open, deleted FROM conversation WHERE gid = ?";
        let row =
            self.row(sql, [Key(gid)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let Some((conversation, name, open, deleted)) = row else { return Ok(None) };
        let conversation: i64 = conversation;
        let seq = self.last(Some(conversation))?;
        if deleted && seq == 0 {
            return Ok(None);
        }
        let sql = "SELECT uid, name, role, joined
                   FROM member JOIN user USING (user) WHERE conversation = ? ORDER BY uid";
        let members = self.rows(sql, [conversation], |row| {
            let (uid, name, role) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(MemberRecord { uid, name, role, joined: row.get(3)? })
        })?;
        let sql = "SELECT uid, sanction, until FROM sanction WHERE conversation = ? ORDER BY uid, sanction";
        let sanctions = self.rows(sql, [conversation], |row| {
            let until: Option<u64> = row.get(2)?;
            let term = until.map_or(Term::UntilLifted, |until| Term::Until(UnixMillis(until)));
            Ok((row.get(0)?, row.get(1)?, term))
        })?;
        Ok(Some(GroupRecord { deleted, seq, name, open: open || deleted, sanctions, members }))
    }

    /// The groups of a page, and one more where there is one.
    pub(super) fn groups_page(&self, page: &GroupsPage) -> Result<Vec<GroupSummary>, StoreError> {
        let sql = match page.listing {
            Listing::Own => {
                "SELECT c.gid, c.name, m.role, c.open, c.members
                 FROM user u JOIN member m USING (user) JOIN conversation c USING (conversation)
                 WHERE u.uid = ?1 AND c.gid > ?2 ORDER BY c.gid LIMIT ?3"
            }
            Listing::Open => {
                "SELECT c.gid, c.name,
                        (SELECT m.role FROM user u JOIN member m USING (user)
                         WHERE u.uid = ?1 AND m.conversation = c.conversation), c.open, c.members
                 FROM conversation c WHERE c.gid IS NOT NULL AND c.open = 1 AND c.gid > ?2
                 ORDER BY c.gid LIMIT ?3"
            }
            // A blob names what is left of a deleted group; it comes after all ids.
            Listing::All => {
                "SELECT c.gid, c.name, NULL, c.open, c.members
                 FROM conversation c WHERE c.gid IS NOT NULL AND c.deleted = 0 AND c.gid > ?2 AND c.gid < x''
                 ORDER BY c.gid LIMIT ?3"
            }
        };
        // Before all ids: integers come first, and the first of them is 1.
        let before_all = Id::Number(0);
        let after = Key(page.after.as_ref().unwrap_or(&before_all));
        self.rows(sql, params![Key(&page.uid), after, page.limit + 1], |row| {
            let (gid, name, role) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(GroupSummary { gid, name, role, open: row.get(3)?, members: row.get(4)? })
        })
    }
}

impl FromSql for GroupRole {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<GroupRole> {
        match value.as_str()? {
            "member" => Ok(GroupRole::Member),
            "admin" => Ok(GroupRole::Admin),
            "owner" => Ok(GroupRole::Owner),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl FromSql for Sanction {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Sanction> {
        match value.as_str()? {
            "ban" => Ok(Sanction::Ban),
            "mute" => Ok(Sanction::Mute),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

pub(super) fn role_text(role: GroupRole) -> &'static str {
    match role {
        GroupRole::Member => "member",
        GroupRole::Admin => "admin",
        GroupRole::Owner => "owner",
    }
}

/// The columns of an act: what belongs to it, besides the word for it and on whom it acts.
#[derive(Default)]
pub(super) struct ActColumns<'a> {
    pub(super) role: Option<&'static str>,
    pub(super) seconds: Option<i64>,
    pub(super) name: Option<&'a str>,
    pub(super) open: Option<bool>,
}

impl<'a> ActColumns<'a> {
    pub(super) fn of(act: Option<&'a Act<'_>>) -> ActColumns<'a> {
        let none = ActColumns::default();
        match act {
            Some(Act::GroupUpdate { name, open }) => {
                ActColumns { name: name.as_deref(), open: *open, ..none }
            }
            Some(Act::Role { role, .. }) => ActColumns { role: Some(role_text(*role)), ..none },
            Some(Act::Ban { seconds, .. } | Act::Mute { seconds, .. }) => {
                ActColumns { seconds: seconds.map(|seconds| seconds.try_into().unwrap_or(i64::MAX)), ..none }
            }
            Some(Act::Kick { .. } | Act::Add { .. } | Act::GroupDelete) | None => none,
        }
    }
}
