//! Who comes back: what a client has missed it is told, without a hole, and once.
//!
//! Clients keep up to which entry they have a ticket, and name it when they come back. A session of the visitor, who is
//! in the ticket from the first entry on, then hears the next one, and the next; or a gap, if too many are missing or the
//! client's figure means nothing. When all is quiet such a session has everything that there is.

use std::collections::{BTreeMap, BTreeSet};

use karez::chat::ids::{Conversation, Id, SessionId, TicketId};
use karez::chat::input::{Resume, Target};

use super::kept::Truth;
use super::people::Person;
use crate::net::{Told, World};
use crate::random::Random;

#[derive(Default)]
pub struct Returns {
    /// Up to which entry the clients of somebody have a ticket.
    has: BTreeMap<Id, BTreeMap<TicketId, u64>>,
    /// What a session has named.
    named: BTreeMap<SessionId, BTreeMap<TicketId, Option<u64>>>,
    resumed: BTreeSet<SessionId>,
    /// The last entry of a ticket that a session knows of.
    heard: BTreeMap<(SessionId, TicketId), u64>,
    entries_max: u64,
    pub marks: BTreeSet<&'static str>,
}

impl Returns {
    pub fn new(entries_max: u64) -> Returns {
        Returns { entries_max, ..Returns::default() }
    }

    /// What a client says that it has, if it says so at all.
    pub fn name(&mut self, random: &mut Random, uid: &Id, session: SessionId, last: u64) -> Option<Resume> {
        if random.percent(40) {
            return None;
        }
        let known: Vec<(TicketId, u64)> =
            self.has.get(uid).into_iter().flatten().map(|(t, s)| (*t, *s)).collect();
        let mut named = BTreeMap::new();
        for (ticket, seq) in known.iter().rev().take(3) {
            let after = match random.below(10) {
                0 => None,
                1 => Some(seq + 1 + random.below(5)),
                2 => Some(random.below(seq + 1)),
                _ => Some(*seq),
            };
            named.insert(*ticket, after);
        }
        if random.percent(15) {
            // Perhaps somebody else's, or none at all.
            named.entry(TicketId(1 + random.below(last + 2))).or_insert(Some(0));
        }
        let target = |(ticket, after): (&TicketId, &Option<u64>)| (Target::Ticket(*ticket), *after);
        let conversations = named.iter().map(target).collect();
        for (ticket, after) in &named {
            if let Some(after) = after {
                self.heard.insert((session, *ticket), *after);
            }
        }
        self.named.insert(session, named);
        Some(Resume { conversations })
    }

    pub fn told(&mut self, session: SessionId, person: &Person, told: &Told, before: &Truth) {
        let is_visitor =
            |ticket: TicketId| before.get(&ticket).is_some_and(|of| of.visitor.uid == person.uid);
        match told {
            Told::Entry(said) => {
                let Conversation::Ticket(ticket) = said.conversation else { return };
                let last = self.heard.get(&(session, ticket)).copied();
                assert!(
                    last.is_none_or(|last| said.seq > last),
                    "{session:?} hears {said:?} behind #{last:?}"
                );
                if is_visitor(ticket) {
                    let names = self.named.get(&session).is_some_and(|named| named.contains_key(&ticket));
                    assert!(
                        last.is_some() || !names,
                        "{session:?} hears {said:?}, and nothing of what it lacks"
                    );
                    let next = last.map_or(said.seq, |last| last + 1);
                    assert_eq!(said.seq, next, "{session:?} hears {ticket:?} without a hole");
                    if names && !self.resumed.contains(&session) {
                        self.marks.insert("an entry that was missed");
                    }
                }
                self.knows(session, person, ticket, said.seq);
            }
            Told::Offline(said) => {
                if let Conversation::Ticket(ticket) = said.conversation {
                    let has = self.has.entry(person.uid.clone()).or_default().entry(ticket).or_default();
                    *has = said.seq.max(*has);
                }
            }
            Told::Gap { target: Target::Ticket(ticket), after, before } => {
                let Some(named) = self.named.get(&session) else {
                    panic!("{session:?} knows of no gaps, and is told {told:?}")
                };
                assert!(!self.resumed.contains(&session), "{session:?} has everything, and is told {told:?}");
                let last = before - 1;
                let heard = self.heard.get(&(session, *ticket)).copied();
                match (named.get(ticket), heard) {
                    // What is said while others of its conversations are told comes behind them.
                    (None, None) => assert!(last - after > self.entries_max, "{session:?}: {told:?}"),
                    (None | Some(Some(_)), Some(heard)) if heard <= last => {
                        assert_eq!(*after, heard, "{session:?} is told {told:?}");
                        assert!(last - heard > self.entries_max, "{session:?} lacks little: {told:?}");
                        self.marks.insert("a gap where much was missed");
                    }
                    _ => {
                        assert_eq!(*after, 0, "{session:?} is told {told:?}");
                        self.marks.insert("a gap for a figure that means nothing");
                    }
                }
                self.knows(session, person, *ticket, last);
            }
            Told::Resumed => {
                assert!(self.named.contains_key(&session), "{session:?} has not asked what it lacks");
                assert!(self.resumed.insert(session), "{session:?} is told twice that it has everything");
            }
            _ => {}
        }
    }

    fn knows(&mut self, session: SessionId, person: &Person, ticket: TicketId, seq: u64) {
        self.heard.insert((session, ticket), seq);
        let has = self.has.entry(person.uid.clone()).or_default().entry(ticket).or_default();
        *has = seq.max(*has);
    }

    pub fn gone(&mut self, session: SessionId) {
        self.heard.retain(|(of, _), _| *of != session);
        self.named.remove(&session);
        self.resumed.remove(&session);
    }

    /// The daemon begins again, and everybody is gone.
    pub fn restart(&mut self) {
        self.heard.clear();
        self.named.clear();
        self.resumed.clear();
    }

    /// All is quiet: nobody lacks anything.
    pub fn calm(&self, world: &World, truth: &Truth, people: &[Person]) {
        for person in people {
            for session in &person.sessions {
                let Some(named) = self.named.get(session) else { continue };
                assert!(self.resumed.contains(session), "{session:?} still waits for what it lacks");
                let own =
                    |ticket: &&TicketId| truth.get(ticket).is_some_and(|of| of.visitor.uid == person.uid);
                for ticket in named.keys().filter(own) {
                    let heard = self.heard.get(&(*session, *ticket)).copied();
                    assert_eq!(heard, Some(last_of(world, *ticket)), "{session:?} has all of {ticket:?}");
                }
            }
        }
        for ((session, ticket), heard) in &self.heard {
            let is_own = |person: &&Person| truth.get(ticket).is_some_and(|of| of.visitor.uid == person.uid);
            if people.iter().filter(is_own).any(|person| person.sessions.contains(session)) {
                assert_eq!(*heard, last_of(world, *ticket), "{session:?} has all of {ticket:?}");
            }
        }
    }
}

fn last_of(world: &World, ticket: TicketId) -> u64 {
    world.last_seq(&Conversation::Ticket(ticket))
}
