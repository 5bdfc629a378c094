//! The support desk: visitors open tickets, agents hold them.
//!
//! A ticket is a conversation of a visitor with whoever holds it. It waits in the queue of its desk, is offered to
//! agents, claimed by one, perhaps handed over, and closed; what it is at a time is in `queue.rs`, who may do what with
//! it in `standing.rs`. A desk is a name that tickets and agents have in common, with rules if the site gives it some.
//!
//! All that is not closed is held here, from the start on; the rest is asked of the store. A change is made by
//! `Chat::change_ticket`, which keeps the step back, and is told when the input is done (`Chat::settle_desks`):
//! first what has become of tickets, then what follows for offers, then places in the queue, which are told to one
//! visitor once a second at most. Nothing that is told is decided there but this: an input may change a ticket three
//! times, and it is told once.
//!
//! What the store does not keep (who is on duty, offers, graces) begins anew with the process: then everybody who holds
//! a ticket or waits has the grace of somebody who has just gone.
//!
//! | file | what |
//! |---|---|
//! | `names.rs`, `request.rs`, `event.rs`, `record.rs`, `call.rs` | the words: asked, told, kept, called |
//! | `queue.rs`, `agents.rs`, `standing.rs` | the tables, and who may do what |
//! | `opening.rs`, `talk.rs`, `tickets.rs` | a ticket from its first word to its end |
//! | `duty.rs`, `routing.rs`, `graces.rs` | agents, offers, and who is gone |
//! | `telling.rs`, `places.rs` | who hears of it |
//! | `notes.rs`, `canned.rs`, `lists.rs`, `figures.rs` | what agents have besides |
//! | `forgetting.rs` | people who are called otherwise, or deleted |
//! | `settings.rs`, `hours.rs`, `calling.rs` | the site |
//!
//! The tutorial has no visitors. Tested in `tests/chat/desk_*.rs` and `tests/sim/desk/`.

mod agents;
mod call;
mod calling;
mod canned;
mod counts;
mod duty;
mod event;
mod figures;
mod forgetting;
mod graces;
mod hours;
mod limits;
mod lists;
mod names;
mod notes;
mod opening;
mod places;
mod queue;
mod record;
mod request;
mod routing;
mod serving;
mod settings;
mod standing;
mod talk;
mod telling;
mod tickets;

pub use call::*;
pub use counts::DeskCounts;
pub use event::*;
pub use limits::DeskLimits;
pub use names::*;
pub use record::*;
pub use request::*;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(in crate::chat) use agents::{Agent, Post};
pub(in crate::chat) use queue::Ticket;
pub(in crate::chat) use standing::Deed;

use crate::base::clock::{Millis, Now};
use crate::chat::Chat;
use crate::chat::ids::{Conversation, Id, SessionId, TicketId};
use crate::chat::input::{Resume, Target};
use crate::chat::output::{Output, Query, Sink, Store};
use crate::chat::turn::Undo;

/// How much of an entry is shown in a list, in bytes.
const PREVIEW_BYTES: usize = 200;

/// What the core holds of the support desk.
#[derive(Debug, Default)]
pub(in crate::chat) struct Desks {
    /// The store was asked what there is, and has answered.
    loaded: bool,
    tickets: queue::Tickets,
    agents: agents::Agents,
    settings: BTreeMap<Desk, Arc<DeskSettings>>,
    /// The number of the last ticket.
    last: u64,
    /// Tickets that there are not, as the store has said in this turn.
    absent: BTreeSet<TicketId>,
    /// What the store has said of visitors in this turn.
    visitors: BTreeMap<Id, VisitorRecord>,
    /// Tickets of which something is to be told when the input is done.
    untold: BTreeMap<TicketId, telling::Untold>,
    /// Desks whose queue or agents are otherwise than before.
    unsettled: BTreeSet<Desk>,
    /// Desks that answer.
    open: BTreeSet<Desk>,
    places: places::Places,
    lines: telling::Lines,
    addresses: opening::Addresses,
    /// When business hours are looked at again.
    hours: Option<Millis>,
    /// The store has failed: until then nothing is begun.
    paused_until: Option<Millis>,
}

impl Desks {
    /// The rules of a desk.
    fn settings_of(&self, desk: &Desk) -> Arc<DeskSettings> {
        self.settings.get(desk).cloned().unwrap_or_else(|| Arc::new(DeskSettings::new(desk.clone())))
    }
}

impl Chat {
    /// What must be known before anything about tickets can be said.
    pub(in crate::chat) fn needs_desk(&self) -> Option<Query> {
        (!self.desk.loaded).then_some(Query::Desk(DeskQuery::Start))
    }

    /// What must be known before anything about this ticket can be said.
    pub(in crate::chat) fn needs_ticket(&self, ticket: TicketId) -> Option<Query> {
        self.needs_desk().or_else(|| {
            let desk = &self.desk;
            let is_known =
                ticket.0 > desk.last || desk.absent.contains(&ticket) || desk.tickets.get(ticket).is_some();
            (!is_known).then_some(Query::Desk(DeskQuery::Ticket(ticket)))
        })
    }

    /// What must be known before somebody is let in: the own ticket, and those that the client has.
    pub(in crate::chat) fn needs_desk_at_login(&self, resume: Option<&Resume>) -> Option<Query> {
        self.needs_desk().or_else(|| {
            let conversations = &resume?.conversations;
            conversations.iter().find_map(|(target, _)| match target {
                Target::Ticket(ticket) => self.needs_ticket(*ticket),
                _ => None,
            })
        })
    }

    /// Takes what the store has said, or has it at hand for one request.
    pub(in crate::chat) fn load_desk_record(&mut self, now: Now, record: DeskRecord) -> Option<DeskRecord> {
        match record {
            DeskRecord::Start(start) => self.load_desk(now, start),
            DeskRecord::Ticket(number, None) => drop(self.desk.absent.insert(number)),
            DeskRecord::Ticket(number, Some(kept)) => {
                // Later things are known of one that is here.
                if self.desk.tickets.get(number).is_none() && kept.record.state == TicketState::Closed {
                    self.desk.tickets.put(number, Some(Ticket::from(*kept)));
                }
            }
            DeskRecord::Visitor(uid, record) => drop(self.desk.visitors.insert(uid, record)),
            record => return Some(record),
        }
        None
    }

    /// Asks the store what there is, if nobody has.
    pub(in crate::chat) fn ask_about_desk(&mut self, out: &mut impl Sink) {
        if let Some(query) = self.needs_desk() {
            self.ask(query, out);
        }
    }

    fn load_desk(&mut self, now: Now, start: DeskStart) {
        if self.desk.loaded {
            return;
        }
        self.desk.loaded = true;
        self.desk.last = start.last;
        let settings = start.settings.into_iter().map(|of| (of.desk.clone(), Arc::new(of)));
        self.desk.settings.extend(settings);
        for kept in start.tickets {
            let silent_ms = kept.last.as_ref().map_or(0, |last| now.unix.0.saturating_sub(last.time.0));
            let number = kept.record.ticket;
            self.desk.unsettled.insert(kept.record.desk.clone());
            self.desk.tickets.put(number, Some(Ticket::from(kept)));
            self.begin_again(now, number, silent_ms);
        }
        self.look_at_hours(now);
    }

    /// A ticket is changed, and what follows for its queue is seen to when the input is done.
    fn change_ticket(&mut self, number: TicketId, change: impl FnOnce(&mut Ticket)) {
        let Some(before) = self.desk.tickets.get(number).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        self.desk.unsettled.insert(before.record.desk.clone());
        self.desk.unsettled.insert(after.record.desk.clone());
        self.put_ticket(number, before, after);
    }

    /// A ticket is changed in a way that does not matter to its queue.
    fn touch_ticket(&mut self, number: TicketId, change: impl FnOnce(&mut Ticket)) {
        let Some(before) = self.desk.tickets.get(number).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        self.put_ticket(number, before, after);
    }

    fn put_ticket(&mut self, number: TicketId, before: Ticket, after: Ticket) {
        self.turn.undo(Undo::Ticket(number, Some(Box::new(before))));
        self.desk.tickets.put(number, Some(after));
    }

    /// Has what is kept of a ticket stored.
    fn keep_ticket(&self, number: TicketId, out: &mut impl Sink) {
        if let Some(ticket) = self.desk.tickets.get(number) {
            out.put(Output::Store(Store::Desk(DeskOrder::Ticket(&ticket.record))));
        }
    }

    /// An agent is changed; a row is made if there is none.
    fn change_agent(&mut self, uid: &Id, change: impl FnOnce(&mut Agent)) {
        let before = self.desk.agents.get(uid).cloned();
        let mut after = before.clone().unwrap_or_else(|| Agent::new(""));
        change(&mut after);
        self.turn.undo(Undo::Agent(uid.clone(), before.map(Box::new)));
        self.desk.agents.put(uid, Some(after));
    }

    /// What follows from an input, when it is done.
    pub(in crate::chat) fn settle_desks(&mut self, now: Now, out: &mut impl Sink) {
        if !self.desk.loaded || self.desk.paused_until.is_some_and(|until| now.mono < until) {
            return self.tell_untold(now, out);
        }
        self.desk.paused_until = None;
        let mut settled = BTreeSet::new();
        while let Some(desk) = self.desk.unsettled.pop_first() {
            self.open_or_shut(now, &desk, out);
            settled.insert(desk);
        }
        self.tell_untold(now, out);
        for desk in settled {
            self.route(now, &desk, out);
            self.desk.places.stir(&desk, now.mono);
        }
        self.tell_places(now, out);
    }

    /// When something about tickets is due.
    pub(in crate::chat) fn next_of_desk(&self) -> Option<Millis> {
        let desk = &self.desk;
        let paused_until = desk.paused_until.unwrap_or_default();
        if !desk.loaded {
            let is_asked = self.parking.is_asked(&Query::Desk(DeskQuery::Start));
            return (!is_asked).then_some(paused_until);
        }
        let unsettled = (!desk.unsettled.is_empty()).then_some(paused_until);
        let told = [desk.places.next_due(), desk.lines.next_due()];
        let due = [desk.tickets.next_due(), desk.agents.next_due(), desk.hours, unsettled];
        due.into_iter().chain(told).flatten().min().map(|at| at.max(paused_until))
    }

    /// The turn stands. What was only of use to it goes, unless somebody still waits for more.
    pub(in crate::chat) fn desk_committed(&mut self) {
        self.desk.places.committed();
        if self.parking.is_waited_for() {
            return;
        }
        self.desk.absent.clear();
        self.desk.visitors.clear();
        for number in self.desk.tickets.closed().clone() {
            let conversation = Conversation::Ticket(number);
            if !self.replays.running.values().any(|replay| replay.talks.contains_key(&conversation)) {
                self.desk.tickets.put(number, None);
                self.desk.places.forget(number);
            }
        }
    }

    /// The turn has failed, and is undone. Who has gone meanwhile has gone all the same.
    pub(in crate::chat) fn desk_failed(&mut self, now: Now) {
        let desk = &mut self.desk;
        desk.absent.clear();
        desk.visitors.clear();
        desk.untold.clear();
        desk.places.failed();
        desk.lines.failed();
        desk.paused_until = Some(now.mono.plus_ms(self.limits.internal_retry_ms));
        // What the turn has settled is unsettled again, also where the queue is empty by now.
        desk.unsettled.extend(desk.tickets.queues().chain(&desk.open).cloned().collect::<Vec<_>>());
        // The rules are those from before, and so are the moments at which they matter.
        self.look_at_hours(now);
        self.miss_who_has_gone(now);
    }

    /// The number of the last entry of a ticket that is here.
    pub(in crate::chat) fn last_of_ticket(&self, number: TicketId) -> Option<u64> {
        self.desk.tickets.get(number).map(|ticket| ticket.seq)
    }

    pub(in crate::chat) fn put_back_ticket(&mut self, number: TicketId, before: Option<Ticket>) {
        self.desk.tickets.put(number, before);
    }

    pub(in crate::chat) fn put_back_agent(&mut self, uid: &Id, before: Option<Agent>) {
        self.desk.agents.put(uid, before);
    }

    pub(in crate::chat) fn step_back_at_desk(&mut self, step: DeskUndo) {
        match step {
            DeskUndo::Post(session, before) => {
                if self.sessions.find(&session).is_some() {
                    self.desk.agents.set_post(session, before.map(|before| *before));
                }
            }
            DeskUndo::Watched(session) => drop(self.desk.agents.watch(session, false)),
            DeskUndo::Settings(desk, before) => drop(match before {
                Some(before) => self.desk.settings.insert(desk, before),
                None => self.desk.settings.remove(&desk),
            }),
            DeskUndo::Numbered => self.desk.last -= 1,
            DeskUndo::Opened(desk) => drop(self.desk.open.remove(&desk)),
            DeskUndo::Shut(desk) => drop(self.desk.open.insert(desk)),
        }
    }
}

/// Steps back that are rare.
#[derive(Debug)]
pub(in crate::chat) enum DeskUndo {
    /// With the post before.
    Post(SessionId, Option<Box<Post>>),
    Watched(SessionId),
    /// With the rules before.
    Settings(Desk, Option<Arc<DeskSettings>>),
    /// A ticket has got a number.
    Numbered,
    Opened(Desk),
    Shut(Desk),
}

impl From<KeptTicket> for Ticket {
    fn from(KeptTicket { record, seq, last }: KeptTicket) -> Ticket {
        Ticket {
            record: Arc::new(record),
            seq,
            last: last.map(|last| {
                Arc::new(telling::preview(&last.uid, &last.name, &last.content, last.recall, last.time))
            }),
            offers: queue::Offers::default(),
            idle: None,
            grace: None,
            sticky: None,
            began_at: 1,
        }
    }
}
