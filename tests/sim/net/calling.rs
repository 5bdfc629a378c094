//! Calls of a back end, and their answers, which leave with their turn.

use karez::chat::act::Term;
use karez::chat::call::{Answer, Call, Put};
use karez::chat::ids::{CallId, Id};
use karez::chat::input::Input;
use karez::chat::output::{FileRecord, ForgetReport, GroupRole, PushCounts, Refusal};

use super::{Said, World};
use crate::lines::said;

/// An answer as its caller got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Said { seq: u64, online: usize, stored: usize },
    Pushed { id: String, counts: PushCounts },
    History { entries: Vec<Said>, more: bool },
    Group { put: Put, name: String, open: bool, owner: Option<Id>, members: usize, online: usize, seq: u64 },
    Members { members: Vec<(Id, GroupRole, bool)>, more: bool },
    Member { put: Put, uid: Id, role: GroupRole },
    User { uid: Id, guest: bool, sessions: usize, groups: usize, ban: Option<Term> },
    Forgotten(ForgetReport),
    Users { users: Vec<(Id, usize, usize)>, more: bool },
    Groups { groups: Vec<(Id, String, bool, u64)>, more: bool },
    Disconnected { sessions: usize },
    Granted,
    File { put: Put, file: FileRecord },
    Removed,
    Desk(String),
    Refused(Refusal),
}

impl From<&Answer<'_>> for Answered {
    fn from(answer: &Answer<'_>) -> Answered {
        match answer {
            Answer::Desk(answer) => Answered::Desk(format!("{answer:?}")),
            Answer::Said { seq, online, stored, time: _ } => {
                Answered::Said { seq: *seq, online: *online, stored: *stored }
            }
            Answer::Pushed { id, counts } => Answered::Pushed { id: (*id).to_owned(), counts: *counts },
            Answer::History { conversation, entries, more } => Answered::History {
                entries: entries.iter().map(|record| said(&record.entry(conversation))).collect(),
                more: *more,
            },
            Answer::Group { put, group } => Answered::Group {
                put: *put,
                name: group.name.to_owned(),
                open: group.open,
                owner: group.owner.cloned(),
                members: group.members,
                online: group.online,
                seq: group.seq,
            },
            Answer::Members { members, more } => Answered::Members {
                members: members.iter().map(|m| (m.uid.clone(), m.role, m.online)).collect(),
                more: *more,
            },
            Answer::Member { put, member } => {
                Answered::Member { put: *put, uid: member.uid.clone(), role: member.role }
            }
            Answer::User(user) => Answered::User {
                uid: user.uid.clone(),
                guest: user.guest,
                sessions: user.sessions,
                groups: user.groups,
                ban: user.ban,
            },
            Answer::Forgotten { report, uid: _ } => Answered::Forgotten(*report),
            Answer::Users { users, more } => Answered::Users {
                users: users.iter().map(|user| (user.uid.clone(), user.sessions, user.groups)).collect(),
                more: *more,
            },
            Answer::Groups { groups, more } => Answered::Groups {
                groups: groups
                    .iter()
                    .map(|g| (g.gid.clone(), g.name.to_string(), g.open, g.members))
                    .collect(),
                more: *more,
            },
            Answer::Disconnected { sessions } => Answered::Disconnected { sessions: *sessions },
            Answer::Granted => Answered::Granted,
            Answer::File { put, file } => Answered::File { put: *put, file: (*file).clone() },
            Answer::Removed => Answered::Removed,
            Answer::Refused(refusal) => Answered::Refused(refusal.clone()),
        }
    }
}

impl World {
    pub fn call(&mut self, call: u64, request: Call<'_>) {
        self.input(Input::Call { call: CallId(call), request });
    }

    /// What the calls were answered since this was last asked.
    pub fn answered(&mut self) -> Vec<(CallId, Answered)> {
        std::mem::take(&mut self.outside.answers)
    }
}
