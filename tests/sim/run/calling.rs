//! What the site's back end may come up with.

use karez::chat::call::Call;
use karez::chat::ids::{CallId, Conversation, Id};
use karez::chat::input::Target;
use karez::chat::output::{GroupRole, Refusal};

use super::{Mode, Sim, number};
use crate::net::Answered;
use crate::pushes::Pushes;

impl Sim {
    pub(super) fn the_site_calls(&mut self) {
        let call = CallId(self.next_request);
        self.next_request += 1;
        let request = self.call();
        self.open_calls.insert(call);
        if self.mode != Mode::Slow {
            self.model.call(self.world.now, call, &request);
        }
        self.world.call(call.0, request);
    }

    /// Every call is answered once, and as the model says.
    pub(super) fn check_answers(&mut self) {
        let (pushed, answers) = self.world.answered().into_iter().partition(|(call, _)| Pushes::made(*call));
        self.pushes.answered(pushed);
        let mut answers: Vec<(CallId, Answered)> = answers;
        for (_, answered) in &mut answers {
            if let Answered::Forgotten(report) = answered {
                // The model knows neither what waits nor what was pushed, and forgets no send.
                (report.waiting, report.pushes, report.sends) = (0, 0, 0);
            }
        }
        let expected = std::mem::take(&mut self.model.answers);
        if self.mode != Mode::Slow {
            assert_eq!(answers, expected, "what calls were answered, and should have been");
        }
        for (call, answered) in answers {
            assert!(self.open_calls.remove(&call), "{call:?} is answered twice");
            self.marks.insert(mark_of(&answered));
        }
    }

    fn call(&mut self) -> Call<'static> {
        let gid = if self.random.percent(50) { number(1) } else { self.gid() };
        let uid = self.known_uid();
        match self.random.below(100) {
            0..20 => {
                let draft = self.draft(&Conversation::Group(gid.clone()));
                Call::Say { from: self.random.percent(50).then_some(uid), target: Target::Group(gid), draft }
            }
            20..40 => {
                let to = self.uid();
                let draft = self.draft(&Conversation::direct(&uid, &to));
                Call::Say { from: self.random.percent(50).then_some(uid), target: Target::User(to), draft }
            }
            40..46 => Call::Group { gid },
            46..56 => Call::PutGroup {
                gid,
                name: self.random.percent(40).then(|| self.title().into()),
                open: self.random.percent(50).then(|| self.random.percent(60)),
                owner: self.random.percent(30).then_some(uid),
            },
            56..58 => Call::DeleteGroup { gid },
            58..64 => Call::Members {
                gid,
                after: self.random.percent(40).then(|| self.uid()),
                limit: self.random.percent(50).then(|| self.random.below(5) as u32),
            },
            64..74 => {
                let roles = [None, Some(GroupRole::Member), Some(GroupRole::Admin), Some(GroupRole::Owner)];
                Call::PutMember { gid, uid, role: *self.random.pick(&roles) }
            }
            74..80 => Call::DeleteMember { gid, uid },
            80..84 => Call::User { uid: self.uid() },
            84..86 => {
                let (after, limit) = self.page_of(Self::uid);
                Call::UsersOnline { after, limit }
            }
            86..88 => {
                let (after, limit) = self.page_of(Self::gid);
                Call::Groups { after, limit }
            }
            88..90 => Call::Disconnect { uid: self.uid() },
            90..91 => Call::Forget { uid: self.known_uid() },
            91..95 => {
                let seconds = *self.random.pick(&[Some(0), Some(1), Some(2), Some(4), None]);
                Call::Ban { uid, seconds }
            }
            _ => Call::Unban { uid: self.model.somebody_kept_out().unwrap_or(uid) },
        }
    }

    /// After which id a page begins, and how long it may be.
    fn page_of(&mut self, id: fn(&mut Sim) -> Id) -> (Option<Id>, Option<u32>) {
        let after = self.random.percent(40).then(|| id(self));
        (after, self.random.percent(50).then(|| self.random.below(5) as u32))
    }

    /// Somebody who is called the same whether the core has forgotten him or not.
    fn known_uid(&mut self) -> Id {
        let uid = self.uid();
        if self.mode == Mode::Forgetful && self.model.is_vague(&uid) { number(3) } else { uid }
    }
}

pub(super) fn mark_of(answered: &Answered) -> String {
    match answered {
        Answered::Desk(_) => "call: desk".to_owned(),
        Answered::Said { online: 0, stored: 0, .. } => "call: said to nobody".to_owned(),
        Answered::Said { .. } => "call: said".to_owned(),
        Answered::Pushed { .. } => "call: pushed".to_owned(),
        Answered::History { .. } => "call: history".to_owned(),
        Answered::Group { put, .. } => format!("call: group {put:?}"),
        Answered::Members { more, .. } => format!("call: members, more {more}"),
        Answered::Member { put, .. } => format!("call: member {put:?}"),
        Answered::User { ban, .. } => format!("call: user, banned {}", ban.is_some()),
        Answered::Forgotten(report) => format!("call: forgotten, with messages {}", report.messages > 0),
        Answered::Users { more, .. } => format!("call: users, more {more}"),
        Answered::Groups { more, .. } => format!("call: groups, more {more}"),
        Answered::Disconnected { sessions } => format!("call: disconnected {}", *sessions > 0),
        Answered::Granted => "call: granted".to_owned(),
        Answered::File { put, .. } => format!("call: file {put:?}"),
        Answered::Removed => "call: removed".to_owned(),
        Answered::Refused(Refusal::Internal { .. }) => "call: refused Internal".to_owned(),
        Answered::Refused(Refusal::BadRequest(..)) => "call: refused BadRequest".to_owned(),
        Answered::Refused(Refusal::TooLarge(_)) => "call: refused TooLarge".to_owned(),
        Answered::Refused(refusal) => format!("call: refused {refusal:?}"),
    }
}
