//! What must hold of pushes: whoever is there hears them at once, whoever is away hears them once when he comes.
//!
//! It knows nothing of legs, pages and numbers. The model says who was addressed; whoever of them did not hear it in
//! that turn must have it waiting in the store, until a session of his has heard it or its time has passed.

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::UnixMillis;
use karez::chat::ids::{CallId, Id, SessionId};
use karez::chat::output::Refusal;
use karez::chat::push::Push;

use crate::marks::Mark;
use crate::model::pushing::Expected;
use crate::net::{Answered, Told, World};

/// Calls for pushes have numbers above this, other calls below.
const FIRST_CALL: u64 = 1 << 40;

/// For whom, and by which id.
type Key = (Id, String);

#[derive(Default)]
struct Heard {
    uid: Option<Id>,
    since: u64,
    offline: BTreeSet<String>,
    all: BTreeSet<String>,
}

/// A push of this turn.
struct Call {
    id: String,
    waits: bool,
    expected: Option<Expected>,
}

#[derive(Default)]
pub struct Pushes {
    turn: u64,
    calls: u64,
    open: BTreeMap<u64, Call>,
    answers: Vec<(CallId, Answered)>,
    sessions: BTreeMap<SessionId, Heard>,
    /// Whose sessions went in this turn.
    went: BTreeSet<Id>,
    /// What was ever kept for whom, and until when it may be told.
    kept: BTreeMap<Key, UnixMillis>,
    /// What its receiver has not heard yet.
    owed: BTreeSet<Key>,
    /// What arrived, and in which turn.
    arrived: BTreeMap<Key, u64>,
    told: BTreeSet<Key>,
    /// The times of this turn.
    times: Vec<UnixMillis>,
}

impl Pushes {
    /// A push is called for, under this number.
    pub fn called(&mut self, push: &Push<'_>, expected: Option<Expected>) -> u64 {
        self.calls += 1;
        let call = Call { id: push.id.to_string(), waits: push.ttl_s != Some(0), expected };
        self.open.insert(FIRST_CALL + self.calls, call);
        FIRST_CALL + self.calls
    }

    /// Whether the call was one for a push.
    pub fn made(call: CallId) -> bool {
        call.0 > FIRST_CALL
    }

    /// What the pushes of this turn were answered.
    pub fn answered(&mut self, answers: Vec<(CallId, Answered)>) {
        self.answers = answers;
    }

    pub fn it_is(&mut self, time: UnixMillis) {
        self.times.push(time);
    }

    pub fn gone(&mut self, session: SessionId, uid: Option<Id>) {
        let heard = self.sessions.remove(&session).and_then(|heard| heard.uid);
        self.went.extend(uid.into_iter().chain(heard));
    }

    pub fn flushed(&mut self, session: SessionId) {
        let Some(Heard { uid: Some(uid), offline, .. }) = self.sessions.get(&session) else { return };
        for id in offline {
            self.arrived.entry((uid.clone(), id.clone())).or_insert(self.turn + 1);
        }
    }

    /// The process has ended. Calls are not answered any more, and what was not struck may come once more.
    pub fn restart(&mut self, world: &World) {
        self.open.clear();
        self.sessions.clear();
        self.went.clear();
        self.arrived.retain(|(uid, id), _| !world.pushes_for(uid).contains(id));
    }

    /// A turn is over.
    pub fn turn(
        &mut self,
        world: &mut World,
        (heard, replaying): (&BTreeMap<SessionId, Vec<Told>>, &BTreeSet<SessionId>),
        has_failed: bool,
        marks: &mut BTreeSet<Mark>,
    ) {
        self.turn += 1;
        self.times.push(world.now.unix);
        let kept: BTreeMap<Key, UnixMillis> =
            world.take_kept().into_iter().map(|(uid, id, expires)| ((uid, id), expires)).collect();
        self.kept.extend(kept.clone());
        self.owed.extend(kept.keys().cloned());
        let live = self.hear(heard, marks);
        self.check_answers((&live, &kept), has_failed, marks);
        if !kept.is_empty() {
            marks.insert("a push is kept".to_owned());
        }
        self.let_expire(marks);
        self.owed.retain(|(uid, id)| !world.forgotten().contains(uid) || world.pushes_for(uid).contains(id));
        for (uid, id) in &self.owed {
            assert!(world.pushes_for(uid).contains(id), "{uid} will never hear {id}");
        }
        for (session, Heard { uid, .. }) in &self.sessions {
            let is_owed = |(of, _): &Key| Some(of) == uid.as_ref();
            let is_ending =
                heard.get(session).is_some_and(|told| told.iter().any(|told| matches!(told, Told::Bye(_))));
            let went = uid.as_ref().is_some_and(|uid| self.went.contains(uid));
            if !replaying.contains(session) && !is_ending && !went {
                assert!(
                    !self.owed.iter().any(is_owed),
                    "{session:?} of {uid:?} was not told of {:?}",
                    self.owed
                );
            }
        }
        self.went.clear();
        self.times.clear();
        self.times.push(world.now.unix);
    }

    /// Who has heard what live, by a session that goes on.
    fn hear(&mut self, heard: &BTreeMap<SessionId, Vec<Told>>, marks: &mut BTreeSet<Mark>) -> BTreeSet<Key> {
        let mut live = BTreeSet::new();
        let first = self.times.iter().min().copied().unwrap_or_default();
        for (session, told) in heard {
            // Nothing is heard behind a farewell.
            let until = told.iter().position(|told| matches!(told, Told::Bye(_))).unwrap_or(told.len());
            for (at, told) in told.iter().enumerate() {
                let of = self.sessions.entry(*session).or_default();
                match told {
                    Told::Login { uid, .. } => (of.uid, of.since) = (Some(uid.clone()), self.turn),
                    Told::Push(push) => {
                        let key = (of.uid.clone().unwrap(), push.id.clone());
                        assert!(of.all.insert(push.id.clone()), "{session:?} heard {push:?} twice");
                        if !push.is_offline {
                            if at < until {
                                live.insert(key);
                            }
                            continue;
                        }
                        let expires = self.kept.get(&key).unwrap_or_else(|| panic!("{key:?} was not kept"));
                        assert!(*expires > first, "{key:?} has expired");
                        let arrived = self.arrived.get(&key);
                        assert!(arrived.is_none_or(|turn| *turn >= of.since), "{key:?} comes again");
                        if !self.told.insert(key.clone()) {
                            marks.insert("a push that comes again because it had not arrived".to_owned());
                        }
                        of.offline.insert(push.id.clone());
                        self.owed.remove(&key);
                    }
                    _ => {}
                }
            }
        }
        live
    }

    fn check_answers(
        &mut self,
        (live, kept): (&BTreeSet<Key>, &BTreeMap<Key, UnixMillis>),
        has_failed: bool,
        marks: &mut BTreeSet<Mark>,
    ) {
        for (call, answer) in std::mem::take(&mut self.answers) {
            let call = self.open.remove(&call.0).expect("a call is answered once");
            if has_failed {
                assert!(matches!(answer, Answered::Refused(_)));
                marks.insert("a push in a failed turn".to_owned());
                continue;
            }
            let Some(expected) = call.expected else { continue };
            assert_eq!(answer, expected.answer, "of {}", call.id);
            if answer == Answered::Refused(Refusal::NotFound) {
                marks.insert("a push to nobody".to_owned());
            }
            for uid in expected.addressed {
                let key = (uid, call.id.clone());
                let (hears, waits) = (live.contains(&key), kept.contains_key(&key));
                assert!(!hears || !waits, "{key:?} was heard and waits");
                if self.went.contains(&key.0) {
                    if waits {
                        marks.insert("a push is kept though somebody was there to hear it".to_owned());
                    }
                } else {
                    assert!(hears || waits || !call.waits, "{key:?} is lost");
                }
            }
        }
    }

    /// What may have been passed over because its time had passed is not owed any more.
    fn let_expire(&mut self, marks: &mut BTreeSet<Mark>) {
        let last = self.times.iter().max().copied().unwrap_or_default();
        let before = self.owed.len();
        self.owed.retain(|key| self.kept[key] > last);
        if self.owed.len() < before {
            marks.insert("a push that has expired".to_owned());
        }
    }
}
