//! What a client may come up with.

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id};
use karez::chat::input::{Bounds, Command, Draft, Grant, Identity, Resume, Role, Target};

use super::{Mode, Sim};

impl Sim {
    pub(super) fn command(&mut self) -> Command<'static> {
        if self.random.percent(36) {
            return self.governing();
        }
        if self.random.percent(18) {
            return self.reading();
        }
        match self.random.below(100) {
            0..4 => Command::Ping,
            4..6 => self.login(),
            6..10 => self.refresh(),
            10..20 => Command::Join { gid: self.gid() },
            20..28 => Command::Leave { gid: self.gid() },
            28..36 => Command::Members {
                gid: self.gid(),
                after: self.random.percent(40).then(|| self.uid()),
                limit: self.random.percent(50).then(|| self.random.below(5) as u32),
            },
            36..58 => {
                let gid = self.gid();
                let draft = self.draft(&Conversation::Group(gid.clone()));
                Command::Group { gid, draft }
            }
            58..70 => {
                let uid = self.uid();
                let draft = self.draft(&Conversation::direct(&uid, &uid));
                Command::Pm { uid, draft }
            }
            70..74 => self.recall(),
            74..76 => self.history(),
            76..79 => self.search(),
            79..82 => Command::Broadcast { content: self.content().into() },
            82..90 => Command::Typing {
                target: if self.random.percent(50) {
                    Target::Group(self.gid())
                } else {
                    Target::User(self.uid())
                },
            },
            _ => Command::Presence { uids: (0..self.random.below(4)).map(|_| self.uid()).collect() },
        }
    }

    pub(super) fn history(&mut self) -> Command<'static> {
        let target =
            if self.random.percent(60) { Target::Group(self.gid()) } else { Target::User(self.uid()) };
        let bounds = match self.random.below(3) {
            0 => Bounds::Newest,
            1 => Bounds::Before(1 + self.random.below(12)),
            _ => Bounds::After(self.random.below(12)),
        };
        let limit = self.random.percent(50).then(|| self.random.below(6) as u32);
        Command::History { target, bounds, limit }
    }

    /// Somebody recalls one of the latest messages, perhaps once more, or reads what is left of it.
    pub(super) fn somebody_takes_it_back(&mut self) {
        let last = self.last_recall.clone().filter(|(session, ..)| self.sessions.contains(session));
        if let (Some((session, target, seq)), true) = (last, self.random.percent(50)) {
            let page =
                Command::History { target: target.clone(), bounds: Bounds::After(seq - 1), limit: None };
            let command = if self.random.percent(50) { page } else { Command::Recall { target, seq } };
            return self.ask(session, command);
        }
        let Some(send) = self.sends.last().filter(|send| self.sessions.contains(&send.session)) else {
            return;
        };
        let target = match &send.command {
            Command::Pm { uid, .. } => Target::User(uid.clone()),
            Command::Group { gid, .. } => Target::Group(gid.clone()),
            _ => return,
        };
        let session = send.session;
        let newest = self.model.last_seq_to(session, &target);
        let seq = newest.saturating_sub(self.random.below(2)).max(1);
        self.last_recall = Some((session, target.clone(), seq));
        self.ask(session, Command::Recall { target, seq });
    }

    /// Mostly of something that was said lately.
    fn recall(&mut self) -> Command<'static> {
        let target =
            if self.random.percent(70) { Target::Group(self.gid()) } else { Target::User(self.uid()) };
        let last = match &target {
            Target::Group(gid) => self.model.last_seq(&Conversation::Group(gid.clone())),
            Target::User(_) | Target::Ticket(_) => 4,
        };
        let seq = if self.random.percent(10) {
            self.random.below(30)
        } else {
            last.saturating_sub(self.random.below(5))
        };
        Command::Recall { target, seq }
    }

    /// What was read, or what there is to read.
    fn reading(&mut self) -> Command<'static> {
        if self.random.percent(40) {
            let goes_on = !self.places.is_empty() && self.random.percent(50);
            let cursor = goes_on.then(|| self.random.pick(&self.places).clone());
            let limit = self.random.percent(40).then(|| self.random.below(5) as u32);
            return Command::Conversations { cursor, limit };
        }
        let talkers = self.model.talkers();
        let target = match self.random.below(10) {
            0..5 => Target::Group(self.gid()),
            5..9 if !talkers.is_empty() => Target::User(self.random.pick(&talkers).clone()),
            _ => Target::User(self.uid()),
        };
        if let (Target::User(uid), 0..15) = (&target, self.random.below(100)) {
            // Nobody who is blocked hears what was read.
            return Command::Block { uid: uid.clone(), on: self.random.percent(80) };
        }
        Command::Read { target, seq: self.random.below(14) }
    }

    /// Mostly words that people say here, now and then none, too many, or far too long.
    fn search(&mut self) -> Command<'static> {
        let queries =
            ["天气", "TEA", "tea 天", "好天气", "气 ", "!", "a b c d", "天 tea", "12", "thirteen bytes"];
        let query = (*self.random.pick(&queries)).into();
        let target = match self.random.below(4) {
            0 => Some(Target::Group(self.gid())),
            1 => Some(Target::User(self.uid())),
            _ => None,
        };
        let latest = self.cursors.len().saturating_sub(4);
        let cursor = match self.random.below(8) {
            0..3 if latest < self.cursors.len() => Some(*self.random.pick(&self.cursors[latest..])),
            3 => Some(1 + self.random.below(40)),
            _ => None,
        };
        let limit = self.random.percent(30).then(|| self.random.below(5) as u32);
        Command::Search { query, target, cursor, limit }
    }

    pub(super) fn login(&mut self) -> Command<'static> {
        let name = match self.random.below(20) {
            0 => Some("far too long a name".to_owned()),
            1 => Some("bell\u{7}".to_owned()),
            2 => Some("  ".to_owned()),
            3..12 => Some(format!(" name{} ", self.random.below(9))),
            _ => None,
        };
        if self.random.percent(40) {
            return Command::Login(Identity::NewGuest { name: name.map(Into::into) }, self.resume(None));
        }
        // The name of a guest who was forgotten is forgotten with him, so there it is always given.
        let name = name.filter(|name| self.mode != Mode::Forgetful || !name.trim().is_empty());
        let name = name.or_else(|| (self.mode == Mode::Forgetful).then(|| "same".to_owned()));
        let uid = self.uid();
        if self.model.is_guest(&uid) && self.random.percent(80) {
            let resume = self.resume(Some(&uid));
            return Command::Login(Identity::Guest { uid, name: name.map(Into::into) }, resume);
        }
        let resume = self.resume(Some(&uid));
        Command::Login(Identity::Known(Grant { name, ..self.grant(uid) }), resume)
    }

    /// What the client has, or makes up.
    fn resume(&mut self, uid: Option<&Id>) -> Option<Resume> {
        if self.random.percent(50) {
            return None;
        }
        let memory = uid.and_then(|uid| self.returns.memories.get(uid)).cloned().unwrap_or_default();
        let mut conversations = Vec::new();
        for (conversation, seq) in memory {
            let target = match (conversation, uid) {
                (Conversation::Group(gid), _) => Target::Group(gid),
                (Conversation::Direct(low, high), Some(uid)) => {
                    Target::User(if low == *uid { high } else { low })
                }
                (Conversation::Ticket(ticket), _) => Target::Ticket(ticket),
                (Conversation::Direct(..), None) => continue,
            };
            match self.random.below(20) {
                0 => conversations.push((target, None)),
                1 => conversations.push((target, Some(self.random.below(12)))),
                2..4 => {}
                _ => conversations.push((target, Some(seq))),
            }
        }
        if self.random.percent(20) {
            let target = Target::Group(number(1 + self.random.below(5)));
            if !conversations.iter().any(|(named, _)| *named == target) {
                conversations.push((target, Some(self.random.below(5))));
            }
        }
        Some(Resume { conversations })
    }

    /// A token that holds for some seconds, or for longer than a run lasts.
    pub(super) fn grant(&mut self, uid: Id) -> Grant {
        let seconds = if self.random.percent(40) { self.random.below(8) } else { 86_400 };
        let exp_s = self.world.now.unix.0 / 1_000 + seconds;
        let count = if self.random.percent(30) { self.random.below(4) } else { 0 };
        let groups = (0..count).map(|_| number(1 + self.random.below(5))).collect();
        let role = *self.random.pick(&[Role::User, Role::User, Role::Agent, Role::Admin]);
        Grant { uid, name: None, role, groups, desks: None, exp_s, holds_until: UnixMillis(exp_s * 1_000) }
    }

    pub(super) fn refresh(&mut self) -> Command<'static> {
        let uid = self.uid();
        Command::Refresh(self.random.percent(80).then(|| self.grant(uid)))
    }

    pub(super) fn gid(&mut self) -> Id {
        let texts = ["lobby", "大厅", "system"];
        match self.random.below(60) {
            0 => text("system"),
            1..10 => text(texts[self.random.below(2) as usize]),
            _ => number(1 + self.random.below(5)),
        }
    }

    pub(super) fn uid(&mut self) -> Id {
        match self.random.below(60) {
            0 => text("system"),
            1..8 => text("eve"),
            8..24 => number(1 + self.random.below(4)),
            _ => number(1_001 + self.random.below(8)),
        }
    }

    pub(super) fn content(&mut self) -> String {
        let words = ["", "", "", "tea ", "Tea,", "天气", "好天气", "天天", "teapot "];
        let words = *self.random.pick(&words);
        let length = if self.random.percent(3) { 25 } else { self.random.below(10) as usize };
        format!("{words}{:.<length$}", self.next_request, length = length)
    }

    pub(super) fn draft(&mut self, conversation: &Conversation) -> Draft<'static> {
        let mut draft = Draft { content: self.content().into(), ..Draft::default() };
        if self.random.percent(15) {
            let kind = ["image", "", "system", "much too long"];
            draft.kind = Some((*self.random.pick(&kind)).into());
        }
        if self.random.percent(10) {
            draft.data = Some((*self.random.pick(&["{}", "{\"a\":\"aaaaaaaaaaaa\"}"])).into());
        }
        if self.random.percent(15) {
            let last = self.model.last_seq(conversation);
            draft.reply = Some(self.random.below(last + 3));
        }
        if self.random.percent(10) {
            draft.mentions = (0..=self.random.below(3)).map(|_| self.uid()).collect();
        }
        draft
    }
}

pub(super) fn number(number: u64) -> Id {
    Id::from_number(number).unwrap()
}

fn text(text: &str) -> Id {
    Id::from_text(text).unwrap()
}
