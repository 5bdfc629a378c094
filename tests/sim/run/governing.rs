//! Requests of those who govern, and of those who would like to.

use karez::chat::act::Act;
use karez::chat::ids::Id;
use karez::chat::input::{Command, Listing};
use karez::chat::output::GroupRole;

use super::{Mode, Sim, number};

impl Sim {
    pub(super) fn governing(&mut self) -> Command<'static> {
        match self.random.below(100) {
            0..14 => {
                let listing = if self.random.percent(50) { Listing::Own } else { Listing::Open };
                Command::Groups { listing, cursor: self.random.percent(30).then(|| self.gid()) }
            }
            14..22 => Command::Profile { name: self.title().into() },
            22..36 => Command::Block { uid: self.uid(), on: self.random.percent(60) },
            _ => {
                // Mostly in one group, so that something comes together there.
                let gid = if self.random.percent(60) { number(1) } else { self.gid() };
                let act = self.act(&gid);
                Command::Act { gid, act }
            }
        }
    }

    fn act(&mut self, gid: &Id) -> Act<'static> {
        let uid = self.somebody();
        let uid = match self.model.somebody_banned(gid) {
            Some(banned) if self.random.percent(10) => banned,
            _ => uid,
        };
        match self.random.below(25) {
            0..5 => Act::GroupUpdate {
                name: self.random.percent(40).then(|| self.title().into()),
                open: self.random.percent(70).then(|| self.random.percent(40)),
            },
            5..8 => {
                let roles = [GroupRole::Member, GroupRole::Admin, GroupRole::Owner];
                Act::Role { uid, role: *self.random.pick(&roles) }
            }
            8..10 => Act::Kick { uid },
            10..14 => Act::Ban { uid, seconds: self.seconds() },
            14..20 => Act::Mute { uid, seconds: self.seconds() },
            20 => Act::GroupDelete,
            // The name of a guest who was forgotten is forgotten with him.
            _ if self.mode == Mode::Forgetful && self.model.is_vague(&uid) => Act::Kick { uid },
            _ => Act::Add { uid },
        }
    }

    /// Mostly somebody who is here, for who is not hears nothing of it.
    fn somebody(&mut self) -> Id {
        if self.sessions.is_empty() || self.random.percent(40) {
            return self.uid();
        }
        let session = *self.random.pick(&self.sessions);
        self.model.uid_of(session).unwrap_or_else(|| self.uid())
    }

    fn seconds(&mut self) -> Option<u64> {
        *self.random.pick(&[None, Some(0), Some(1), Some(1_000), Some(1_000_000)])
    }

    pub(super) fn title(&mut self) -> String {
        let titles = ["tea", " 茶馆 ", "", "  ", "far too long a name", "bell\u{7}"];
        let most = if self.random.percent(15) { 6 } else { 4 };
        titles[self.random.below(most) as usize].to_owned()
    }
}
