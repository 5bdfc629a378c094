//! The site's back end pushes.

use std::collections::BTreeMap;

use karez::chat::ids::SessionId;
use karez::chat::push::{Addressees, Push};

use super::{Mode, Sim};
use crate::net::Told;

impl Sim {
    pub(super) fn something_is_pushed(&mut self) {
        let to = match self.random.below(10) {
            0..5 => Addressees::Users((0..1 + self.random.below(3)).map(|_| self.uid()).collect()),
            5..9 => Addressees::Group(self.gid()),
            _ => Addressees::All,
        };
        let ttl_s = match self.random.below(6) {
            0 => Some(0),
            1 | 2 => Some(1 + self.random.below(4)),
            3 => Some(86_400),
            _ => None,
        };
        let id = format!("p{}", self.next_request);
        self.next_request += 1;
        let content = self.content().into();
        let push = Push { to, id: id.into(), title: None, content, data: None, url: None, ttl_s };
        let expected = (self.mode != Mode::Slow).then(|| self.model.push(&push));
        let call = self.pushes.called(&push, expected);
        self.world.push(call, push);
    }

    pub(super) fn check_pushes(&mut self, heard: &BTreeMap<SessionId, Vec<Told>>, has_failed: bool) {
        let replaying = self.replaying();
        self.pushes.turn(&mut self.world, (heard, &replaying), has_failed, &mut self.marks);
    }
}
