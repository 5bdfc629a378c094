//! What must hold of whoever comes back: nothing falls between, nothing comes twice, nothing that waits is lost.
//!
//! It knows nothing of legs and pages. It looks at what each session has heard, turn by turn: a session that is not
//! replaying has everything of each conversation that it follows; numbers follow one another, but for a gap that
//! is told; a private entry has been heard by its receiver or waits in the store.

use std::collections::{BTreeMap, BTreeSet};

use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Resume, Target};

use crate::marks::Mark;
use crate::net::{Said, Told, World};

/// What a client has of a conversation.
#[derive(Clone, Copy)]
struct Latest {
    seq: u64,
    /// Whether what comes next must have the next number.
    is_exact: bool,
}

#[derive(Default)]
struct Heard {
    uid: Option<Id>,
    since: u64,
    /// What was named at login, until `resumed` is heard.
    named: Option<Resume>,
    tries: bool,
    named_at_first: Option<Resume>,
    latest: BTreeMap<Conversation, Latest>,
    offline: BTreeSet<(Conversation, u64)>,
}

pub struct Returns {
    gap_above: u64,
    turn: u64,
    sessions: BTreeMap<SessionId, Heard>,
    /// What each user's client had when its last session ended.
    pub memories: BTreeMap<Id, BTreeMap<Conversation, u64>>,
    /// Private entries of which the receiver knows nothing yet.
    unknown: BTreeSet<(Id, Conversation, u64)>,
    /// Entries that arrived marked as offline, and in which turn.
    arrived: BTreeMap<(Id, Conversation, u64), u64>,
    said_in: BTreeMap<(Conversation, u64), u64>,
    members: BTreeMap<Conversation, BTreeSet<Id>>,
    /// Who has become a member in this turn, for whatever short while.
    entered: BTreeSet<(Conversation, Id)>,
    /// Who has ceased to be one.
    interrupted: BTreeSet<(Conversation, Id)>,
}

impl Returns {
    pub fn new(gap_above: u64) -> Returns {
        Returns {
            gap_above,
            turn: 0,
            sessions: BTreeMap::new(),
            memories: BTreeMap::new(),
            unknown: BTreeSet::new(),
            arrived: BTreeMap::new(),
            said_in: BTreeMap::new(),
            members: BTreeMap::new(),
            entered: BTreeSet::new(),
            interrupted: BTreeSet::new(),
        }
    }

    /// Somebody wants to come back with these numbers. Whoever tries again names the same ones: which of two logins
    /// will hold nobody can see.
    pub fn names(&mut self, session: SessionId, resume: &mut Option<Resume>) {
        let heard = self.sessions.entry(session).or_default();
        if heard.tries {
            resume.clone_from(&heard.named_at_first);
            return;
        }
        heard.tries = true;
        heard.named_at_first.clone_from(resume);
        heard.named.clone_from(resume);
    }

    pub fn gone(&mut self, session: SessionId) {
        let Some(Heard { uid: Some(uid), latest, .. }) = self.sessions.remove(&session) else { return };
        let latest = latest.into_iter().map(|(of, latest)| (of, latest.seq));
        self.memories.entry(uid).or_default().extend(latest);
    }

    /// What was put out for the session so far has arrived.
    pub fn flushed(&mut self, session: SessionId) {
        let Some(Heard { uid: Some(uid), offline, .. }) = self.sessions.get(&session) else { return };
        for (conversation, seq) in offline {
            let key = (uid.clone(), conversation.clone(), *seq);
            self.arrived.entry(key).or_insert(self.turn + 1);
        }
    }

    /// The process has ended. What it had not struck yet may come once more.
    pub fn restart(&mut self, world: &World) {
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.gone(session);
        }
        self.arrived.retain(|(uid, of, seq), _| !world.waiting(uid).contains(&(of.clone(), *seq)));
    }

    /// A turn is over.
    pub fn turn(
        &mut self,
        world: &mut World,
        heard: &BTreeMap<SessionId, Vec<Told>>,
        marks: &mut BTreeSet<Mark>,
    ) {
        self.turn += 1;
        let before = std::mem::replace(&mut self.members, world.memberships());
        self.entered = world.take_entered();
        self.interrupted = world.take_interruptions();
        for (conversation, uid) in &self.interrupted {
            // Whoever is out for a while misses something and need not be told.
            for of in self.sessions.values_mut().filter(|of| of.uid.as_ref() == Some(uid)) {
                of.latest.remove(conversation);
                let target = |target: &Target| matches!((target, conversation), (Target::Group(a), Conversation::Group(b)) if a == b);
                if let Some(named) = &mut of.named {
                    named.conversations.retain(|(named, _)| !target(named));
                }
            }
        }
        for (conversation, seq, author) in world.take_appended() {
            self.said_in.insert((conversation.clone(), seq), self.turn);
            if let Conversation::Direct(low, high) = &conversation
                && low != high
            {
                let receiver = if *low == author { high } else { low };
                self.unknown.insert((receiver.clone(), conversation, seq));
            }
        }
        for (session, told) in heard {
            for told in told {
                self.hear(*session, told, (world, &before), marks);
            }
        }
        // With who is deleted goes what waited.
        self.unknown.retain(|(uid, ..)| !world.forgotten().contains(uid));
        self.nothing_is_missing(world);
        self.nothing_is_lost(world);
    }

    fn hear(
        &mut self,
        session: SessionId,
        told: &Told,
        (world, before): (&World, &BTreeMap<Conversation, BTreeSet<Id>>),
        marks: &mut BTreeSet<Mark>,
    ) {
        match told {
            Told::Login { uid, .. } => self.log_in(session, uid, world, before),
            Told::Entry(said) => {
                let heard = self.sessions.get_mut(&session).unwrap();
                let uid = heard.uid.clone().unwrap();
                if let Conversation::Group(_) = said.conversation {
                    let is_among = |of: &BTreeMap<_, BTreeSet<Id>>| {
                        of.get(&said.conversation).is_some_and(|of| of.contains(&uid))
                    };
                    let audience = world.audience(&said.conversation, said.seq);
                    let has_entered = self.entered.contains(&(said.conversation.clone(), uid.clone()));
                    let may =
                        is_among(before) || is_among(&self.members) || has_entered || audience.contains(&uid);
                    assert!(may, "{uid} is told {said:?} and is no member");
                }
                let latest = heard.latest.get(&said.conversation).copied();
                if let Some(latest) = latest {
                    let fits =
                        if latest.is_exact { said.seq == latest.seq + 1 } else { said.seq > latest.seq };
                    assert!(fits, "{session:?} of {uid} heard {said:?} after {}", latest.seq);
                }
                let is_late = self.said_in[&(said.conversation.clone(), said.seq)] < self.turn;
                if is_late && latest.is_none_or(|latest| !latest.is_exact) {
                    marks.insert("an entry that was said during the replay, later".to_owned());
                }
                let is_exact = !self.interrupted.contains(&(said.conversation.clone(), uid.clone()));
                heard.latest.insert(said.conversation.clone(), Latest { seq: said.seq, is_exact });
                self.unknown.remove(&(uid, said.conversation.clone(), said.seq));
            }
            Told::Offline(said) => self.hear_offline(session, said),
            Told::Gap { target, after, before } => self.hear_gap(session, target, *after, *before, world),
            Told::Resumed => {
                let heard = self.sessions.get_mut(&session).unwrap();
                assert!(heard.named.take().is_some(), "{session:?} is resumed twice, or has not asked");
            }
            _ => {}
        }
    }

    fn log_in(
        &mut self,
        session: SessionId,
        uid: &Id,
        world: &World,
        before: &BTreeMap<Conversation, BTreeSet<Id>>,
    ) {
        let heard = self.sessions.entry(session).or_default();
        (heard.uid, heard.since) = (Some(uid.clone()), self.turn);
        let Some(named) = &heard.named else { return };
        for (target, after) in &named.conversations {
            let conversation = conversation(uid, target);
            let last = world.last_seq(&conversation);
            if let Some(after) = after {
                self.unknown.retain(|(of, talk, seq)| of != uid || *talk != conversation || seq > after);
                // Who was outside is passed over, unless he comes in soon enough.
                let is_inside = match &conversation {
                    Conversation::Group(_) => before.get(&conversation).is_some_and(|of| of.contains(uid)),
                    Conversation::Direct(..) | Conversation::Ticket(_) => true,
                };
                if is_inside && *after <= last {
                    // He may have gone out and come in again since, in this very turn.
                    let is_exact = !self.interrupted.contains(&(conversation.clone(), uid.clone()));
                    heard.latest.insert(conversation, Latest { seq: *after, is_exact });
                }
            }
        }
    }

    fn hear_offline(&mut self, session: SessionId, said: &Said) {
        let heard = self.sessions.get_mut(&session).unwrap();
        let uid = heard.uid.clone().unwrap();
        let Conversation::Direct(low, high) = &said.conversation else { panic!("{said:?} waited") };
        assert!((*low == uid || *high == uid) && said.uid != uid, "{uid} is told {said:?}");
        let latest = heard.latest.get(&said.conversation).map_or(0, |latest| latest.seq);
        assert!(said.seq > latest, "{session:?} of {uid} heard {said:?} after {latest}");
        heard.latest.insert(said.conversation.clone(), Latest { seq: said.seq, is_exact: false });
        heard.offline.insert((said.conversation.clone(), said.seq));
        let key = (uid, said.conversation.clone(), said.seq);
        let arrived = self.arrived.get(&key).copied();
        assert!(
            arrived.is_none_or(|turn| turn >= heard.since),
            "{said:?} comes again, arrived in {arrived:?}"
        );
        self.unknown.remove(&key);
    }

    fn hear_gap(&mut self, session: SessionId, target: &Target, after: u64, before: u64, world: &World) {
        let heard = self.sessions.get_mut(&session).unwrap();
        let uid = heard.uid.clone().unwrap();
        let conversation = conversation(&uid, target);
        // Who was out for a while may come in again during the replay, which then goes on where it was.
        let latest = heard.latest.get(&conversation).map_or(after, |latest| latest.seq);
        // A client that makes up a number may be ahead, at first.
        assert!(after == latest || after == 0, "a gap begins behind what the client has");
        let is_due = before - 1 - after > self.gap_above || after == 0 || world.erased(&conversation) > after;
        assert!(is_due, "{session:?} could have been told what is between {after} and {before}");
        let is_exact = !self.interrupted.contains(&(conversation.clone(), uid.clone()));
        heard.latest.insert(conversation.clone(), Latest { seq: before - 1, is_exact });
        self.unknown.retain(|(of, talk, seq)| *of != uid || *talk != conversation || *seq >= before);
    }

    /// Who is not replaying has heard everything of what he follows.
    fn nothing_is_missing(&self, world: &World) {
        for (session, heard) in &self.sessions {
            if world.chat.is_replaying(*session) || heard.uid.is_none() {
                continue;
            }
            assert!(heard.named.is_none(), "{session:?} was not told that it is resumed");
            for (conversation, latest) in heard.latest.iter().filter(|(_, latest)| latest.is_exact) {
                let uid = heard.uid.as_ref().unwrap();
                let is_inside = match conversation {
                    Conversation::Group(_) => {
                        self.members.get(conversation).is_some_and(|of| of.contains(uid))
                    }
                    Conversation::Direct(..) | Conversation::Ticket(_) => true,
                };
                if is_inside {
                    assert_eq!(
                        latest.seq,
                        world.last_seq(conversation),
                        "{session:?} of {uid}, {conversation:?}"
                    );
                }
            }
        }
    }

    /// What a receiver has not heard waits.
    fn nothing_is_lost(&self, world: &World) {
        let uids: BTreeSet<&Id> = self.unknown.iter().map(|(uid, ..)| uid).collect();
        let waiting: BTreeMap<&Id, _> = uids.into_iter().map(|uid| (uid, world.waiting(uid))).collect();
        for (uid, conversation, seq) in &self.unknown {
            let waits = waiting[uid].contains(&(conversation.clone(), *seq));
            assert!(waits, "{uid} will never hear {conversation:?} {seq}");
        }
    }
}

fn conversation(uid: &Id, target: &Target) -> Conversation {
    match target {
        Target::Group(gid) => Conversation::Group(gid.clone()),
        Target::User(peer) => Conversation::direct(uid, peer),
        Target::Ticket(ticket) => Conversation::Ticket(*ticket),
    }
}
