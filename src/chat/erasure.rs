//! A person who is deleted: everything that is kept of somebody goes, by a call of the site's back end.
//!
//! In one turn, and so in one transaction, the person leaves every group as if by `leave` (who owns it then, `room.rs`
//! says), every connection ends, and the store is told to forget the rest: the name, a ban, blocks, what waits, what was
//! sent under which `id`, how far was read, and the text of everything that was said. What was said keeps its place, as
//! when it is recalled. From that commit on nobody is shown it, however long the store takes to get it out of the file.
//!
//! What others did stays theirs: what they said to the person, that they blocked, and that a group banned or muted. It
//! names the uid and nothing more. No guest gets the uid again. Who comes with a token for it is somebody new.
//!
//! The store counts what goes, so the call waits for its report like for any other answer of the store. Who asks about
//! somebody who is forgotten already is told the same report, with the messages that have gone since.
//!
//! Not to be mixed up with `forgetting.rs`, where guests who were long away go, and what they said stays.
//! The tutorial keeps nobody. Tested in `tests/chat/erasure.rs`, undone in `tests/chat/rollback.rs`, simulated.

use super::Chat;
use super::call::Answer;
use super::ids::{CallId, Id};
use super::output::{Farewell, ForgetReport, Output, Query, Record, Sink, Store};
use super::user::UserSlot;
use crate::base::clock::Now;

impl Chat {
    /// What must be known before somebody can be deleted: every group, since each is left, and what went before.
    pub(super) fn needs_erasure(&mut self, uid: &Id) -> Option<Query> {
        self.needs_desk()
            .or_else(|| self.needs_somebody(uid))
            .or_else(|| {
                let user = self.users.slot(uid)?;
                let groups = self.users[user].groups.as_slice();
                groups.iter().find_map(|group| self.needs_group(self.groups[*group].gid()))
            })
            .or_else(|| self.parking.unless_at_hand(Query::Forgotten(uid.clone())))
    }

    /// Answers with the report; or forgets, and then the call waits for it.
    pub(super) fn erase_person(&mut self, now: Now, call: CallId, uid: &Id, out: &mut impl Sink) -> bool {
        let report = match self.parking.at_hand.take() {
            Some(Record::Forgotten(_, report)) => report,
            _ => None,
        };
        let user = self.users.intern(uid);
        if let (Some(report), false) = (report, self.users[user].stored) {
            // A guest may be back of whom nothing is stored yet.
            self.send_away(user, Farewell::Kicked, out);
            self.turn.called(call);
            out.put(Output::Answer { call, answer: Answer::Forgotten { uid, report } });
            return true;
        }
        self.forget_person(now, user, out);
        false
    }

    fn forget_person(&mut self, now: Now, user: UserSlot, out: &mut impl Sink) {
        let uid = self.users[user].uid.clone();
        self.guests.name(&uid);
        let mut groups = self.users[user].groups.as_slice().to_vec();
        // Not by slot: who was loaded when is nobody's business.
        groups.sort_by_key(|group| self.groups[*group].gid().clone());
        for group in &groups {
            self.go_out(*group, user, out);
        }
        self.forget_at_desk(now, &uid, out);
        self.send_away(user, Farewell::Kicked, out);
        if self.users[user].stored {
            self.blank(user);
        }
        out.put(Output::Store(Store::Forget { uid: &uid, groups: groups.len() as u64 }));
    }
}

impl ForgetReport {
    /// Whether every text is out of the store.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.left == 0
    }
}
