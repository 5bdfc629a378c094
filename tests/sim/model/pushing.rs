//! Pushes: whom they find, and what is answered.

use std::collections::BTreeSet;

use karez::chat::ids::Id;
use karez::chat::output::{PushCounts, Refusal};
use karez::chat::push::{Addressees, Push};

use super::Model;
use crate::net::{Answered, Pushed, Told};

/// What must come of a push.
pub struct Expected {
    pub answer: Answered,
    /// Who is addressed by name or as a member.
    pub addressed: BTreeSet<Id>,
}

impl Model {
    /// Tells whoever is there, and says what must come of it.
    pub fn push(&mut self, push: &Push<'_>) -> Expected {
        let refused = |refusal| Expected { answer: Answered::Refused(refusal), addressed: BTreeSet::new() };
        let system = |id: &Id| *id == Id::from_text("system").unwrap();
        let id = push.id.to_string();
        let told = Told::Push(Pushed::live(push));
        let addressed: BTreeSet<Id> = match &push.to {
            Addressees::Users(uids) if uids.iter().any(system) => {
                return refused(Refusal::BadRequest("uid", "is reserved"));
            }
            Addressees::Group(gid) if system(gid) => {
                return refused(Refusal::BadRequest("gid", "is reserved"));
            }
            Addressees::Users(uids) => uids.iter().cloned().collect(),
            Addressees::Group(gid) => match self.state.groups.get(gid).filter(|group| group.exists) {
                Some(group) => group.members.iter().map(|(uid, _)| uid.clone()).collect(),
                None => return refused(Refusal::NotFound),
            },
            Addressees::All => {
                for session in self.state.sessions.keys().copied().collect::<Vec<_>>() {
                    self.tell(session, told.clone());
                }
                let uids: BTreeSet<Id> = self.state.sessions.values().map(|of| of.uid.clone()).collect();
                let online = uids.iter().filter(|uid| self.is_there(uid)).count();
                let answer = Answered::Pushed { id, counts: PushCounts { online, stored: 0 } };
                return Expected { answer, addressed: BTreeSet::new() };
            }
        };
        let online = addressed.iter().filter(|uid| self.is_there(uid)).count();
        for uid in &addressed {
            // A group has one ear: if anybody is there, those hear it too who are about to be closed.
            let hears = self.is_there(uid) || online > 0 && matches!(push.to, Addressees::Group(_));
            if hears {
                self.tell_user(uid, &told);
            }
            if !self.is_there(uid) && push.ttl_s != Some(0) {
                self.name_number(uid);
                self.state.pushed.insert(uid.clone());
            }
        }
        let stored = if push.ttl_s == Some(0) { 0 } else { addressed.len() - online };
        Expected { answer: Answered::Pushed { id, counts: PushCounts { online, stored } }, addressed }
    }

    fn is_there(&self, uid: &Id) -> bool {
        self.state.sessions.values().any(|of| of.uid == *uid && !of.ending)
    }
}
