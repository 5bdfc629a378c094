//! Marks that are reached, and what can be seen of those who come back and of what waits for them.

use std::collections::{BTreeMap, BTreeSet};

use karez::chat::ids::{Conversation, Id, SessionId, Topic};
use karez::chat::input::{Bounds, Input};
use karez::chat::output::{Event, PageQuery, Query, Record, WaitingQuery};
use karez::store::Storage;

use super::{Told, World};

impl Told {
    pub(super) fn instead_of_entries(event: &Event<'_>) -> Told {
        match event {
            Event::Gap { target, after, before } => {
                Told::Gap { target: (*target).clone(), after: *after, before: *before }
            }
            _ => Told::Resumed,
        }
    }
}

impl World {
    /// Sessions with marks that have not been reached.
    pub fn marked(&self) -> Vec<SessionId> {
        self.outside.marks.iter().map(|(session, _)| *session).collect()
    }

    /// The oldest mark of a session is reached.
    pub fn flush(&mut self, session: SessionId) {
        let Some(at) = self.outside.marks.iter().position(|(of, _)| *of == session) else { return };
        let (session, mark) = self.outside.marks.remove(at);
        self.input(Input::Flushed { session, mark });
    }

    /// Turns until no replay has anything to do.
    pub fn drain(&mut self) {
        loop {
            let marked = self.marked();
            let is_due = self.chat.next_deadline().is_some_and(|at| at <= self.now.mono);
            if marked.is_empty() && !is_due {
                return;
            }
            marked.into_iter().for_each(|session| self.flush(session));
            self.deadline();
            self.commit();
        }
    }

    /// Whether something waits for a user.
    pub fn is_waiting(&self, uid: u64) -> bool {
        let uid = Id::from_number(uid).unwrap();
        !self.waiting(&uid).is_empty()
    }

    /// What waits for a user.
    pub fn waiting(&self, uid: &Id) -> BTreeSet<(Conversation, u64)> {
        let query =
            WaitingQuery { uid: uid.clone(), after: 0, entries_max: usize::MAX, bytes_max: usize::MAX };
        let Ok(Record::Waiting(_, page)) = self.store().read(&Query::Waiting(query)) else { panic!() };
        page.entries.into_iter().map(|waiting| (waiting.conversation, waiting.record.seq)).collect()
    }

    /// Entries that were stored since this was last asked, with their authors.
    pub fn take_appended(&mut self) -> Vec<(Conversation, u64, Id)> {
        std::mem::take(&mut self.outside.appended)
    }

    /// Who has become a member since this was last asked.
    pub fn take_entered(&mut self) -> BTreeSet<(Conversation, Id)> {
        std::mem::take(&mut self.outside.entered)
    }

    /// Who has ceased to be a member since this was last asked.
    pub fn take_interruptions(&mut self) -> BTreeSet<(Conversation, Id)> {
        std::mem::take(&mut self.outside.interruptions)
    }

    /// The last number of a conversation.
    pub fn last_seq(&self, conversation: &Conversation) -> u64 {
        let (bounds, entries_max, bytes_max) = (Bounds::Newest, 1, 1);
        let query = PageQuery { conversation: conversation.clone(), bounds, entries_max, bytes_max };
        let Ok(Record::Page(_, page)) = self.store().read(&Query::Page(query)) else { panic!() };
        page.last
    }

    /// Who is subscribed to what, without empty topics.
    pub fn topics(&self) -> Vec<(Topic, Vec<SessionId>)> {
        let topics = self.outside.topics.iter().filter(|(_, of)| !of.is_empty());
        topics.map(|(topic, of)| (*topic, of.iter().copied().collect())).collect()
    }

    /// Who was forgotten in this turn so far, in order.
    pub fn forgotten_so_far(&self) -> &[Id] {
        &self.outside.forgotten.0
    }

    /// The members of every group.
    pub fn memberships(&self) -> BTreeMap<Conversation, BTreeSet<Id>> {
        self.outside.groups.iter().map(|of| (of.clone(), self.outside.members_of(of))).collect()
    }
}
