//! When guests were last here, and who is forgotten.

use karez::base::clock::Now;
use karez::chat::ids::Id;
use karez::chat::output::{Farewell, ForgetReport, Recall};

use super::past::without_text;
use super::{Model, User};
use crate::net::{Said, Told};

impl Model {
    /// A guest who is stored is here today.
    pub(super) fn see(&mut self, now: Now, uid: &Id) {
        let user = self.state.users.get_mut(uid).unwrap();
        if user.guest && user.stored {
            user.seen = user.seen.max(now.unix.day());
        }
    }

    /// A guest comes or goes.
    pub(super) fn see_in_passing(&mut self, now: Now, uid: &Id) {
        if now.mono >= self.lasting.spares_store_until {
            self.see(now, uid);
        }
    }

    pub(super) fn remember(&mut self, now: Now, uid: &Id) {
        let user = self.state.users.get_mut(uid).unwrap();
        if !std::mem::replace(&mut user.stored, true) {
            self.see(now, uid);
        }
    }

    /// The step that is due.
    pub(super) fn forget_somebody(&mut self, now: Now) {
        let first_recent = now.unix.day().minus(self.limits.guest_kept_days);
        let is_guest = |user: &User| user.guest && user.stored;
        let guests = self.state.users.iter().filter(|(_, user)| is_guest(user));
        let longest = guests.map(|(uid, user)| (user.seen, uid.clone())).min();
        let Some((_, uid)) = longest.filter(|(seen, _)| *seen < first_recent) else {
            self.lasting.forgetting_at = now.mono.plus_ms(self.limits.forgetting_every_ms);
            return;
        };
        self.lasting.forgetting_at = now.mono.plus_ms(self.limits.forgetting_pause_ms);
        if !self.sessions_of(&uid).is_empty() || self.state.shown.contains(&uid) {
            self.see(now, &uid);
            self.marks.push("a guest is found here when it is time to forget him");
            return;
        }
        let first = self.state.groups.keys().find(|gid| self.is_member(&uid, gid)).cloned();
        if let Some(gid) = first {
            self.marks.push("a guest is forgotten in a group");
            self.go_out(&uid, &gid);
            return;
        }
        self.marks.push("a guest is forgotten");
        self.state.sends.retain(|(of, _), _| *of != uid);
        let user = self.state.users.get_mut(&uid).unwrap();
        *user = User { guest: true, ..User::default() };
        self.lasting.forgotten.insert(uid);
    }

    /// Everything of a person goes. What is counted elsewhere (what waited, sends that only the store knows) is left out.
    pub(super) fn erase_person(&mut self, uid: &Id) -> ForgetReport {
        self.name_number(uid);
        let is_stored = self.state.users.get(uid).is_some_and(|user| user.stored);
        if let (Some(report), false) = (self.state.erased.get(uid).copied(), is_stored) {
            self.send_away(uid, Farewell::Kicked);
            return report;
        }
        let mut report = self.state.erased.get(uid).copied().unwrap_or_default();
        let groups: Vec<Id> =
            self.state.groups.keys().filter(|gid| self.is_member(uid, gid)).cloned().collect();
        report.groups += groups.len() as u64;
        groups.iter().for_each(|gid| self.go_out(uid, gid));
        self.send_away(uid, Farewell::Kicked);
        for said in self.state.entries.values_mut().flatten().filter(|said| said.uid == *uid) {
            let is_message = said.act.is_none() && said.recall == Recall::None;
            if is_message {
                report.messages += 1;
                *said = Said { recall: Recall::Recalled, ..without_text(said) };
            }
            said.name = uid.to_string();
        }
        for (reader, conversation) in self.state.directs.keys().map(|of| (uid.clone(), of.clone())) {
            if let Some(read) = self.state.cursors.get_mut(&(reader, conversation)) {
                *read = 0;
            }
        }
        self.state.sends.retain(|(of, _), _| of != uid);
        if let Some(user) = self.state.users.get_mut(uid).filter(|user| user.stored) {
            report.blocks += user.blocks.len() as u64;
            *user = User { guest: user.guest, ..User::default() };
        }
        self.lasting.forgotten.insert(uid.clone());
        self.state.erased.insert(uid.clone(), report);
        report
    }

    /// Somebody goes out of a group, and those who hear of it hear it.
    pub(super) fn go_out(&mut self, uid: &Id, gid: &Id) {
        let before = self.state.groups[gid].members.clone();
        self.put_out(uid, gid);
        if before.len() <= self.limits.notice_members_max {
            let (name, members) = (self.state.users[uid].name.clone(), before.len() - 1);
            let told = Told::Left { gid: gid.clone(), uid: uid.clone(), name, members };
            for (member, _) in before {
                self.tell_user(&member, &told);
            }
        }
    }
}
