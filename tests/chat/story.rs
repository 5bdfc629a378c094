//! Words to tell stories in. Each request is a turn of its own unless the story says otherwise.

use karez::base::clock::{Millis, UnixMillis};
use karez::chat::act::Act;
use karez::chat::ids::{Id, SessionId};
use karez::chat::input::{Command, Draft, Grant, Identity, Resume, Role, Target};
use karez::chat::output::GroupRole;
use karez::chat::{BroadcastPolicy, Chat, Limits};

use crate::net::World;

/// The next deadline where nothing is to come but that guests are looked for who are to be forgotten.
pub const NOTHING_ELSE: Option<Millis> = Some(Millis(3_600_000));

pub fn world() -> World {
    world_with(|_| {})
}

/// A world whose limits are the defaults but for a change. Everyone may broadcast.
pub fn world_with(change: impl FnOnce(&mut Limits)) -> World {
    World::new(chat_with(change))
}

pub fn chat_with(change: impl FnOnce(&mut Limits)) -> Chat {
    let mut limits = Limits { broadcast: BroadcastPolicy::Anyone, ..Limits::default() };
    change(&mut limits);
    Chat::new(limits)
}

pub fn id(number: u64) -> Id {
    Id::from_number(number).unwrap()
}

pub fn text_id(text: &str) -> Id {
    Id::from_text(text).unwrap()
}

pub fn draft(content: &str) -> Draft<'_> {
    Draft { content: content.into(), ..Draft::default() }
}

pub fn join(gid: u64) -> Command<'static> {
    Command::Join { gid: id(gid) }
}

pub fn leave(gid: u64) -> Command<'static> {
    Command::Leave { gid: id(gid) }
}

pub fn members(gid: u64) -> Command<'static> {
    Command::Members { gid: id(gid), after: None, limit: None }
}

pub fn group(gid: u64, content: &str) -> Command<'_> {
    Command::Group { gid: id(gid), draft: draft(content) }
}

pub fn act(gid: u64, act: Act<'static>) -> Command<'static> {
    Command::Act { gid: id(gid), act }
}

pub fn close(gid: u64) -> Command<'static> {
    act(gid, Act::GroupUpdate { name: None, open: Some(false) })
}

pub fn kick(gid: u64, uid: u64) -> Command<'static> {
    act(gid, Act::Kick { uid: id(uid) })
}

pub fn ban(gid: u64, uid: u64, seconds: Option<u64>) -> Command<'static> {
    act(gid, Act::Ban { uid: id(uid), seconds })
}

pub fn mute(gid: u64, uid: u64, seconds: Option<u64>) -> Command<'static> {
    act(gid, Act::Mute { uid: id(uid), seconds })
}

pub fn role(gid: u64, uid: u64, role: GroupRole) -> Command<'static> {
    act(gid, Act::Role { uid: id(uid), role })
}

pub fn pm(uid: u64, content: &str) -> Command<'_> {
    Command::Pm { uid: id(uid), draft: draft(content) }
}

pub fn recall(gid: u64, seq: u64) -> Command<'static> {
    Command::Recall { target: Target::Group(id(gid)), seq }
}

pub fn recall_to(uid: u64, seq: u64) -> Command<'static> {
    Command::Recall { target: Target::User(id(uid)), seq }
}

pub fn typing_in(gid: u64) -> Command<'static> {
    Command::Typing { target: Target::Group(id(gid)) }
}

pub fn typing_to(uid: u64) -> Command<'static> {
    Command::Typing { target: Target::User(id(uid)) }
}

pub fn block(uid: u64, on: bool) -> Command<'static> {
    Command::Block { uid: id(uid), on }
}

pub fn read_in(gid: u64, seq: u64) -> Command<'static> {
    Command::Read { target: Target::Group(id(gid)), seq }
}

pub fn read_with(uid: u64, seq: u64) -> Command<'static> {
    Command::Read { target: Target::User(id(uid)), seq }
}

pub fn presence(uids: &[u64]) -> Command<'static> {
    Command::Presence { uids: uids.iter().map(|uid| id(*uid)).collect() }
}

pub fn broadcast(content: &str) -> Command<'_> {
    Command::Broadcast { content: content.into() }
}

pub fn guest_login(name: &str) -> Command<'_> {
    Command::Login(Identity::NewGuest { name: Some(name.into()) }, None)
}

/// A login by a token of the site's that holds for a day.
pub fn known_login(uid: Id, name: Option<&str>) -> Command<'static> {
    Command::Login(Identity::Known(Grant { name: name.map(str::to_owned), ..grant(uid) }), None)
}

pub fn admin_login(uid: Id) -> Command<'static> {
    Command::Login(Identity::Known(Grant { role: Role::Admin, ..grant(uid) }), None)
}

/// A guest comes back with the last numbers that it has of groups and of talks with users.
pub fn resume(uid: u64, groups: &[(u64, u64)], users: &[(u64, u64)]) -> Command<'static> {
    let groups = groups.iter().map(|(gid, seq)| (Target::Group(id(*gid)), Some(*seq)));
    let users = users.iter().map(|(uid, seq)| (Target::User(id(*uid)), Some(*seq)));
    resume_with(uid, groups.chain(users).collect())
}

pub fn resume_with(uid: u64, conversations: Vec<(Target, Option<u64>)>) -> Command<'static> {
    Command::Login(Identity::Guest { uid: id(uid), name: None }, Some(Resume { conversations }))
}

/// A guest comes back.
pub fn guest_return(uid: u64, name: Option<&str>) -> Command<'_> {
    Command::Login(Identity::Guest { uid: id(uid), name: name.map(Into::into) }, None)
}

pub fn grant(uid: Id) -> Grant {
    let exp_s = 86_400;
    let holds_until = UnixMillis(exp_s * 1_000);
    Grant { uid, name: None, role: Role::User, groups: Vec::new(), desks: None, exp_s, holds_until }
}

pub trait Story {
    /// A new guest, whose login answer is heard already.
    fn guest(&mut self, session: u64, name: &str) -> SessionId;
    /// A session of a user with a token of the site's.
    fn known(&mut self, session: u64, uid: u64) -> SessionId;
    /// A further session of a guest.
    fn again(&mut self, session: u64, uid: u64) -> SessionId;
    /// A request without `id`, as a turn.
    fn send(&mut self, session: SessionId, command: Command<'_>);
    /// A request with an `id`, as a turn.
    fn ask(&mut self, session: SessionId, id: &str, command: Command<'_>);
    /// A session ends, as a turn.
    fn leaves(&mut self, session: SessionId);
    /// Time passes, and deadlines with it.
    fn later_ms(&mut self, ms: u64);
    /// What was heard since the last time, line by line.
    fn heard(&mut self, session: SessionId) -> Vec<String>;
    /// Nobody has heard anything that the story did not ask for.
    fn silence(&mut self);
    /// Forgets what was heard.
    fn hush(&mut self);
}

impl Story for World {
    fn guest(&mut self, session: u64, name: &str) -> SessionId {
        let session = SessionId(session);
        self.send(session, guest_login(name));
        assert!(self.heard(session)[0].starts_with("login"), "{name} could not log in");
        session
    }

    fn known(&mut self, session: u64, uid: u64) -> SessionId {
        let session = SessionId(session);
        self.send(session, known_login(id(uid), None));
        assert!(self.heard(session)[0].starts_with("login"), "{uid} could not log in");
        session
    }

    fn again(&mut self, session: u64, uid: u64) -> SessionId {
        let session = SessionId(session);
        self.send(session, guest_return(uid, None));
        assert!(self.heard(session)[0].starts_with("login"), "{uid} could not log in");
        session
    }

    fn send(&mut self, session: SessionId, command: Command<'_>) {
        self.request(session, None, command);
        self.commit();
    }

    fn ask(&mut self, session: SessionId, id: &str, command: Command<'_>) {
        self.request(session, Some(id), command);
        self.commit();
    }

    fn leaves(&mut self, session: SessionId) {
        self.gone(session);
        self.commit();
    }

    fn later_ms(&mut self, ms: u64) {
        self.wait_ms(ms);
        self.deadline();
        self.commit();
    }

    fn heard(&mut self, session: SessionId) -> Vec<String> {
        self.told(session).iter().map(|told| told.line()).collect()
    }

    fn silence(&mut self) {
        let told = self.all_told();
        assert!(told.is_empty(), "heard: {told:?}");
    }

    fn hush(&mut self) {
        self.all_told();
    }
}
