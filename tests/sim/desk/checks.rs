//! What must hold at the support desk, whatever happens.
//!
//! - A ticket has one holder at most, and a visitor one ticket that is not closed.
//! - Nobody gets a ticket over the own capacity.
//! - What is offered to one alone is offered in the order of the queue.
//! - An offer stands only as long as the ticket may be claimed.
//! - Nobody hears what is said in a ticket, or is shown it, who may not.
//! - Who vanishes keeps nothing for longer than the grace.
//! - Nobody has left a message who is there while the desk answers.
//! - Entries are stored once each, in order, and heard in order; who comes back lacks none (`returns.rs`).
//! - Of who is deleted nothing is left, and what others said stays (`erasures.rs`).
//! - Outside of its business hours nobody waits at a desk who did not before (`hours.rs`).

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::{Millis, UnixMillis};
use karez::chat::desk::{Desk, Duty, Routing, TicketRecord, TicketState, Withdrawal};
use karez::chat::ids::{Conversation, Id, SessionId, TicketId};
use karez::chat::input::{Role, Target};

use super::erasures::Erasures;
use super::hours::{self, Rules};
use super::kept::Truth;
use super::people::Person;
use super::returns::Returns;
use crate::net::desking::Seen;
use crate::net::{Desked, Told};

/// What has happened in a turn so far.
#[derive(Default)]
pub struct Turn {
    pub before: Truth,
    /// Who held a ticket at some moment of the turn.
    pub holders: BTreeMap<TicketId, BTreeSet<Id>>,
    /// At which desk it was, in which state, at some moment.
    pub places: BTreeMap<TicketId, BTreeSet<(Desk, TicketState)>>,
    /// Tickets that somebody did something with.
    pub touched: BTreeSet<TicketId>,
    pub claims: Vec<(String, TicketId, Id)>,
    pub has_new_rules: bool,
    /// Offers that stood before the turn.
    pub stood: BTreeMap<(TicketId, Id), bool>,
    pub has_gone: bool,
    pub now: Millis,
    /// Capacities before the turn.
    pub capacities: BTreeMap<Id, u32>,
    /// Who was deleted.
    pub forgotten: Vec<Id>,
    pub hours: hours::Seen,
    pub begun: UnixMillis,
}

impl Turn {
    pub fn observe(&mut self, truth: &Truth) {
        for (ticket, record) in truth {
            if let (Some(agent), TicketState::Open | TicketState::Closed) = (&record.agent, record.state) {
                self.holders.entry(*ticket).or_default().insert(agent.uid.clone());
            }
            let place = (record.desk.clone(), record.state);
            self.places.entry(*ticket).or_default().insert(place);
        }
    }
}

#[derive(Default)]
pub struct Checks {
    /// Offers that stand: to whom, and whether to that agent alone.
    pub standing: BTreeMap<(TicketId, Id), bool>,
    /// Who has had a ticket on offer and not taken it.
    had: BTreeSet<(TicketId, Id)>,
    /// Who ever held a ticket.
    held: BTreeSet<(TicketId, Id)>,
    pub returns: Returns,
    pub erasures: Erasures,
    /// Which place a visitor was told last.
    pub told: BTreeMap<TicketId, (TicketState, Option<u64>)>,
    pub gone_since: BTreeMap<Id, Millis>,
    /// Since when a ticket is in a queue.
    waits_since: BTreeMap<TicketId, Millis>,
    pub marks: BTreeSet<String>,
}

impl Checks {
    pub fn new(resume_entries_max: u64) -> Checks {
        Checks { returns: Returns::new(resume_entries_max), ..Checks::default() }
    }

    fn mark(&mut self, mark: &str) {
        self.marks.insert(mark.to_owned());
    }

    /// The daemon begins again: nothing of what is not stored is left.
    pub fn restart(&mut self, now: Millis, truth: &Truth, people: &[Person]) {
        (self.standing, self.had, self.told) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        self.returns.restart();
        self.waits_since = truth.keys().map(|ticket| (*ticket, now)).collect();
        self.gone_since = people.iter().map(|person| (person.uid.clone(), now)).collect();
        for record in truth.values() {
            match record.state {
                TicketState::Open => self.mark("a restart with an open ticket"),
                TicketState::Waiting => self.mark("a restart with one who waits"),
                _ => {}
            }
        }
    }

    pub fn gone(&mut self, uid: &Id, session: SessionId, watched_last: bool) {
        self.returns.gone(session);
        if watched_last {
            // It may have run out before anybody saw that nobody is there to hear so.
            let standing = self.standing.keys().filter(|(_, agent)| agent == uid);
            self.had.extend(standing.cloned().collect::<Vec<_>>());
            self.standing.retain(|(_, agent), _| agent != uid);
        }
    }

    /// What was told in a turn that stands.
    pub fn told(
        &mut self,
        (turn, truth): (&Turn, &Truth),
        heard: &BTreeMap<SessionId, Vec<Told>>,
        people: &[Person],
        rules: &Rules,
    ) {
        for (ticket, holders) in &turn.holders {
            self.held.extend(holders.iter().map(|uid| (*ticket, uid.clone())));
        }
        let mut offered = Vec::new();
        let mut taken: BTreeMap<TicketId, BTreeSet<Id>> = BTreeMap::new();
        for (session, told) in heard {
            let Some(person) = people.iter().find(|person| person.sessions.contains(session)) else {
                continue;
            };
            for told in told {
                self.may_hear(turn, person, told);
                self.returns.told(*session, person, told, truth);
                self.erasures.told(told);
                match told {
                    Told::Desk(Desked::Gate { desk, open, next, .. }) => {
                        let rules = if turn.has_new_rules { &Rules::new() } else { rules };
                        turn.hours.gate(desk, *open, *next, rules, turn.begun);
                        if next.is_some() {
                            self.mark("told when business hours begin");
                        }
                    }
                    Told::Offline(_) => self.mark("an entry told later"),
                    Told::Ack { id, .. } => {
                        for (_, ticket, uid) in turn.claims.iter().filter(|(of, ..)| of == id) {
                            // Who claims knows that the offer has ended.
                            self.standing.remove(&(*ticket, uid.clone()));
                            taken.entry(*ticket).or_default().insert(uid.clone());
                            self.mark("a claim");
                        }
                    }
                    Told::Desk(desked) => self.desked(person, desked, &mut offered),
                    Told::Refused { refusal, .. } => self.refused(refusal),
                    _ => {}
                }
            }
        }
        for (ticket, agents) in &taken {
            let count = turn.claims.iter().filter(|(_, of, _)| of == ticket).count();
            if count > 1 {
                self.mark("two claims of one ticket in one turn");
            }
            if !turn.touched.contains(ticket) && turn.forgotten.is_empty() {
                assert_eq!(agents.len(), 1, "one claim of {ticket:?} wins: {agents:?}");
                let holder = truth[ticket].agent.as_ref().map(|agent| &agent.uid);
                assert_eq!(holder, agents.first(), "whoever was told has it");
            }
        }
        if !turn.has_new_rules {
            // Whoever begins to watch is told what stands.
            offered.retain(|of| !turn.stood.contains_key(of));
            for at in 0..offered.len() {
                self.in_turn((turn, truth), &offered[..=at], rules);
            }
        }
        self.stands((turn, truth), people);
        self.moves(turn, truth);
    }

    fn refused(&mut self, refusal: &karez::chat::output::Refusal) {
        use karez::chat::output::Refusal;
        match refusal {
            Refusal::Held { .. } => self.mark("a claim of what somebody holds"),
            Refusal::NotFound => self.mark("not to be seen"),
            Refusal::Conflict("you hold as many tickets as you can") => {
                self.mark("a claim over the capacity")
            }
            Refusal::Conflict("this agent is not on duty") => self.mark("nobody to hand it to"),
            _ => {}
        }
    }

    fn desked(&mut self, person: &Person, desked: &Desked, offered: &mut Vec<(TicketId, Id)>) {
        match desked {
            Desked::Offer { ticket, expires_ms, .. } => {
                let number = ticket.record.ticket;
                let is_alone = expires_ms.is_some();
                self.standing.insert((number, person.uid.clone()), is_alone);
                self.mark(if is_alone { "an offer to one" } else { "an offer to all" });
                if ticket.record.state == TicketState::Offline {
                    self.mark("an offer of a message that was left");
                }
                if is_alone {
                    offered.push((number, person.uid.clone()));
                }
            }
            Desked::Withdrawn { ticket, why, .. } => {
                self.mark(&format!("withdrawn: {}", why.as_str()));
                self.standing.remove(&(*ticket, person.uid.clone()));
                if matches!(why, Withdrawal::Expired | Withdrawal::Declined) {
                    self.had.insert((*ticket, person.uid.clone()));
                }
            }
            Desked::Ticket(seen) => {
                if let (Some((TicketState::Waiting, Some(before))), Some(position)) =
                    (self.told.get(&seen.record.ticket), seen.position)
                    && *before != position
                {
                    self.mark("a place that moved");
                }
                if seen.closing_ms.is_some() {
                    self.mark("told that silence ends it");
                }
                if seen.record.stars.is_some() {
                    self.mark("rated");
                }
                self.told.insert(seen.record.ticket, (seen.record.state, seen.position));
            }
            Desked::Note(_) => self.mark("a note"),
            _ => {}
        }
    }

    /// Whether somebody may hear this: what was said, and what was written for colleagues.
    fn may_hear(&self, turn: &Turn, person: &Person, told: &Told) {
        let is_overseer = person.role == Role::Admin;
        let visitor_of =
            |ticket: TicketId| turn.before.get(&ticket).is_none_or(|of| of.visitor.uid == person.uid);
        let was_of_desk = |ticket: &TicketId| {
            let places = turn.places.get(ticket).into_iter().flatten();
            places.filter(|(_, state)| *state != TicketState::Open).any(|(desk, _)| person.serves(desk))
        };
        let held = |ticket: &TicketId| turn.holders.get(ticket).is_some_and(|of| of.contains(&person.uid));
        match told {
            Told::Entry(said) => {
                let Conversation::Ticket(ticket) = said.conversation else { return };
                let may = visitor_of(ticket) || held(&ticket) || is_overseer && said.uid == person.uid;
                assert!(may, "{} hears {said:?}", person.uid);
            }
            Told::Gap { target: Target::Ticket(ticket), .. } => {
                let may = visitor_of(*ticket) || held(ticket);
                assert!(may, "{} is told {told:?}", person.uid);
            }
            Told::Offline(said) => {
                let Conversation::Ticket(ticket) = said.conversation else { return };
                let may = visitor_of(ticket) || self.held.contains(&(ticket, person.uid.clone()));
                assert!(may, "{} is told {said:?}", person.uid);
            }
            Told::History { entries, .. } => {
                for said in entries {
                    let Conversation::Ticket(ticket) = said.conversation else { continue };
                    let may = visitor_of(ticket) || held(&ticket) || is_overseer || was_of_desk(&ticket);
                    assert!(may, "{} reads {said:?}", person.uid);
                }
            }
            Told::Desk(Desked::Note(note)) => {
                let may = held(&note.ticket) || is_overseer || was_of_desk(&note.ticket);
                assert!(person.is_agent() && may, "{} is told {note:?}", person.uid);
            }
            Told::Desk(Desked::Notes { ticket, .. }) => {
                let may = held(ticket) || is_overseer || was_of_desk(ticket);
                assert!(person.is_agent() && may, "{} is told notes of {ticket:?}", person.uid);
            }
            Told::Desk(Desked::Line(seen)) => self.may_see(person, seen),
            Told::Desk(Desked::Tickets { tickets, .. }) if person.is_agent() => {
                tickets.iter().for_each(|seen| self.may_see(person, seen));
            }
            Told::Desk(Desked::Offer { ticket, .. }) => {
                assert!(person.serves(&ticket.record.desk), "{} is offered {ticket:?}", person.uid);
            }
            _ => {}
        }
    }

    fn may_see(&self, person: &Person, seen: &Seen) {
        let record = &seen.record;
        let holds = record.agent.as_ref().is_some_and(|agent| agent.uid == person.uid);
        let reads = match record.state {
            TicketState::Open => holds || person.role == Role::Admin || record.visitor.uid == person.uid,
            _ => holds || person.serves(&record.desk),
        };
        assert!(reads || seen.last.is_none(), "{} sees what was said in {record:?}", person.uid);
    }

    /// What was offered to one alone was the first in the queue that could be.
    fn in_turn(&self, (turn, truth): (&Turn, &Truth), offers: &[(TicketId, Id)], rules: &Rules) {
        let order = |of: &TicketRecord| (std::cmp::Reverse(of.priority), of.since, of.ticket);
        let Some((offered, uid)) = offers.last() else { return };
        let Some(later) = truth.get(offered).filter(|of| of.state == TicketState::Waiting) else { return };
        if rules.get(&later.desk).is_none_or(|rules| rules.routing == Routing::Claim) {
            return;
        }
        for earlier in truth.values().filter(|of| order(of) < order(later)) {
            let waits = |of: &TicketRecord| of.state == TicketState::Waiting && of.desk == later.desk;
            let was_there = turn.before.get(&earlier.ticket).is_some_and(|before| before == earlier);
            if !waits(earlier) || !was_there || earlier.visitor.uid == *uid {
                continue;
            }
            // Or it was, before, and is not any more.
            let mut all = self.standing.keys().chain(turn.stood.keys()).chain(offers);
            let is_offered = all.any(|(ticket, _)| *ticket == earlier.ticket);
            let had = self.had.contains(&(earlier.ticket, uid.clone()));
            assert!(is_offered || had, "{uid} is offered {offered:?} before {:?}", earlier.ticket);
        }
    }

    /// What is on offer may be claimed.
    fn stands(&mut self, (turn, truth): (&Turn, &Truth), people: &[Person]) {
        let is_over = |ticket: &TicketId, uid: &Id| match truth.get(ticket) {
            Some(record) => {
                let is_mine = record.agent.as_ref().is_some_and(|agent| agent.uid == *uid);
                let was_mine = turn.holders.get(ticket).is_some_and(|of| of.contains(uid));
                !record.state.is_queued() && (is_mine || was_mine)
            }
            None => false,
        };
        self.standing.retain(|(ticket, uid), _| !is_over(ticket, uid));
        for (ticket, uid) in self.standing.keys() {
            let record = &truth[ticket];
            assert!(record.state.is_queued(), "{uid} is still offered {record:?}");
            let person = people.iter().find(|person| person.uid == *uid).unwrap();
            assert!(person.serves(&record.desk), "{uid} is offered {record:?} of another desk");
        }
    }

    /// What has become of tickets in the turn.
    fn moves(&mut self, turn: &Turn, truth: &Truth) {
        for (ticket, after) in truth {
            let before = turn.before.get(ticket).map(|before| before.state);
            let mut places = turn.places.get(ticket).into_iter().flatten();
            let was_otherwise = places.any(|(_, state)| *state != TicketState::Waiting);
            if after.state == TicketState::Waiting && (was_otherwise || before.is_none()) {
                self.waits_since.insert(*ticket, turn.now);
            }
            let is_by_itself = !turn.touched.contains(ticket) && !turn.holders.contains_key(ticket);
            if after.state == TicketState::Waiting && before != Some(TicketState::Waiting) && is_by_itself {
                turn.hours.waits(*ticket, &after.desk);
            }
            self.by_the_clock(turn, before, after);
            if before == Some(TicketState::Open) && !turn.forgotten.is_empty() && after.state.is_queued() {
                self.mark("waits again, for its agent was deleted");
            }
            match (before, after.state) {
                (None, TicketState::Waiting) => self.mark("opened, waiting"),
                (None, TicketState::Offline) => self.mark("opened, offline"),
                (Some(TicketState::Waiting), TicketState::Offline) => self.mark("waiting, then offline"),
                (Some(TicketState::Offline), TicketState::Waiting) => self.mark("offline, then waiting"),
                (Some(TicketState::Offline), TicketState::Open) => {
                    self.mark("a claim of a message that was left")
                }
                (Some(before), TicketState::Closed) if before != TicketState::Closed => {
                    let by = after.by.map_or("nobody", |by| by.as_str());
                    self.mark(&format!("closed by {by}"));
                }
                (Some(TicketState::Open), TicketState::Waiting) if !turn.touched.contains(ticket) => {
                    self.mark("given up by who vanished");
                }
                (Some(TicketState::Open), TicketState::Waiting) => self.mark("handed to a desk"),
                (Some(TicketState::Open), TicketState::Open)
                    if turn.before[ticket].transfers < after.transfers =>
                {
                    self.mark("handed to an agent");
                }
                _ => {}
            }
        }
    }

    /// What business hours have brought about.
    fn by_the_clock(&mut self, turn: &Turn, before: Option<TicketState>, after: &TicketRecord) {
        match (before, after.state) {
            (None, TicketState::Offline) if turn.hours.never_open(&after.desk) => {
                self.mark("opened outside of business hours");
            }
            (Some(TicketState::Offline), TicketState::Waiting) if turn.hours.both(&after.desk) => {
                self.mark("business hours begin for a message that was left");
            }
            (Some(TicketState::Waiting), TicketState::Waiting) if turn.hours.both(&after.desk) => {
                self.mark("business hours change while somebody waits");
            }
            _ => {}
        }
    }

    /// What must be so at the end of every turn that stands.
    pub fn standing_rules(&self, turn: &Turn, truth: &Truth, people: &[Person]) {
        let open: Vec<&TicketRecord> = truth.values().filter(|of| of.state != TicketState::Closed).collect();
        let visitors: BTreeSet<&Id> = open.iter().map(|of| &of.visitor.uid).collect();
        assert_eq!(visitors.len(), open.len(), "a visitor has one ticket");
        let held = |truth: &Truth, uid: &Id| {
            let is_theirs = |of: &&TicketRecord| {
                of.state == TicketState::Open && of.agent.as_ref().is_some_and(|agent| agent.uid == *uid)
            };
            truth.values().filter(is_theirs).map(|of| of.ticket).collect::<BTreeSet<TicketId>>()
        };
        for person in people.iter().filter(|person| person.is_agent()) {
            let (before, after) = (held(&turn.before, &person.uid), held(truth, &person.uid));
            if after.is_subset(&before) {
                continue;
            }
            let said = person.duty.map(|(_, capacity)| capacity);
            let said_before = turn.capacities.get(&person.uid).copied();
            let capacity = said.into_iter().chain(said_before).max().unwrap_or(5);
            let capacity = if said.is_none() || said_before.is_none() { capacity.max(5) } else { capacity };
            assert!(after.len() <= capacity as usize, "{} holds {after:?} of {capacity}", person.uid);
        }
        self.erasures.stand(truth);
        for record in &open {
            assert_eq!(record.state == TicketState::Open, record.agent.is_some(), "{record:?}");
            assert!(record.since >= record.opened, "{record:?}");
        }
    }

    /// What must be so when time has passed and nothing has failed meanwhile.
    pub fn calm(
        &self,
        (now, quiet_since): (Millis, Millis),
        truth: &Truth,
        people: &[Person],
        graces_ms: (u64, u64),
        answers: impl Fn(&Desk) -> bool,
    ) {
        let person = |uid: &Id| people.iter().find(|person| person.uid == *uid).unwrap();
        let is_long_gone = |uid: &Id, grace_ms: u64| {
            let since = self.gone_since.get(uid).map(|since| (*since).max(quiet_since));
            person(uid).sessions.is_empty() && since.is_some_and(|since| now.ms_since(since) > grace_ms)
        };
        let mut places: BTreeMap<&Desk, u64> = BTreeMap::new();
        let mut waiting: Vec<&TicketRecord> =
            truth.values().filter(|of| of.state == TicketState::Waiting).collect();
        waiting.sort_by_key(|of| (std::cmp::Reverse(of.priority), of.since, of.ticket));
        for record in waiting {
            let place = places.entry(&record.desk).or_default();
            *place += 1;
            let visitor = &record.visitor.uid;
            let waits_ms = self.waits_since.get(&record.ticket).map_or(0, |since| now.ms_since(*since));
            let is_over = waits_ms > graces_ms.0 && is_long_gone(visitor, graces_ms.0);
            assert!(!is_over, "{visitor} is gone, and still waits");
            if !person(visitor).sessions.is_empty() {
                let told = self.told.get(&record.ticket).copied();
                assert_eq!(told, Some((TicketState::Waiting, Some(*place))), "{visitor} knows the place");
            }
        }
        for record in truth.values() {
            match (record.state, &record.agent) {
                (TicketState::Open, Some(agent)) => {
                    let is_gone = is_long_gone(&agent.uid, graces_ms.1);
                    assert!(!is_gone, "{} is gone, and still holds {:?}", agent.uid, record.ticket);
                }
                (TicketState::Offline, _) => {
                    let serves = |of: &Person| {
                        let is_on_duty = of.duty.is_some_and(|(duty, _)| duty != Duty::Away);
                        !of.sessions.is_empty() && is_on_duty && of.serves(&record.desk)
                    };
                    let is_there = !person(&record.visitor.uid).sessions.is_empty();
                    let is_answered = answers(&record.desk) && people.iter().any(serves);
                    assert!(!is_there || !is_answered, "{record:?} is offline, and the desk answers");
                }
                _ => {}
            }
        }
    }
}
