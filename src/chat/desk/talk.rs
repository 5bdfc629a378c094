//! What is said in a ticket.
//!
//! Entries of tickets are entries like all others: numbered, stored, told to who may hear them, shown by history. The
//! visitor and the holder hear them live, on all their connections; while nobody holds the ticket its agents see by the
//! preview that something was said, and read it. What is said to whoever of the two is away waits, like what is said in
//! private (`offline.rs`). Tested in `tests/chat/desk_talk.rs`.

use std::sync::Arc;

use super::telling::preview;
use super::{Deed, Opening};
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::draft;
use crate::chat::files::NOT_YOURS;
use crate::chat::ids::{Conversation, Id, SessionId, TicketId};
use crate::chat::input::Target;
use crate::chat::output::{AckedEntry, Event, Output, Query, Recall, Record, Refusal, Sent, Sink, Store, To};
use crate::chat::parking::Request;
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};
use crate::chat::resend::Sending;
use crate::chat::turn::Heard;
use crate::chat::user::UserSlot;

impl Chat {
    /// What must be asked before somebody can speak in a ticket.
    pub(super) fn needs_support(
        &self,
        asker: Asker,
        request: Request<'_>,
        ticket: Option<TicketId>,
    ) -> Option<Query> {
        let known = match ticket {
            Some(ticket) => self.needs_ticket(ticket),
            None => self.needs_desk().or_else(|| self.needs_opening(asker.user)),
        };
        known.or_else(|| self.needs_sent(asker, request))
    }

    /// Speaks in a ticket, or in one's own.
    pub(super) fn support(
        &mut self,
        now: Now,
        ticket: Option<TicketId>,
        sending: &Sending<'_>,
        opening: &Opening<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        if let Some(reply) = self.said_in_ticket_before(sending, ticket)? {
            return Ok(reply);
        }
        let user = sending.asker.user;
        let number = match ticket {
            Some(number) => number,
            None => {
                let own = self.own_ticket(&self.users[user].uid);
                let last = own.and_then(|own| self.desk.tickets.get(own)).map_or(0, |own| own.seq);
                draft::check_reply(sending.draft, || last)?;
                if own.is_none() && sending.draft.file.is_some() {
                    return Err(NOT_YOURS);
                }
                self.open_ticket(now, user, opening, out)?
            }
        };
        let (entry, _) = self.say_in_ticket(now, number, sending, out)?;
        Ok(Reply::Ack(Some(entry)))
    }

    /// The answer to what was said before under the same `id`, in whatever ticket that was.
    fn said_in_ticket_before(
        &mut self,
        sending: &Sending<'_>,
        ticket: Option<TicketId>,
    ) -> Result<Option<Reply>, Refusal> {
        if sending.id.is_none() {
            return Ok(None);
        }
        let Some(Record::Sent { sent: Some(sent), .. }) = self.parking.at_hand.take() else {
            return Ok(None);
        };
        let Sent { conversation, seq, time, digest } = sent;
        match conversation {
            Conversation::Ticket(number)
                if digest == draft::digest(sending.draft) && ticket.is_none_or(|ticket| ticket == number) =>
            {
                let target = Target::Ticket(number);
                Ok(Some(Reply::Ack(Some(AckedEntry { target, seq, time, duplicate: true }))))
            }
            _ => Err(Refusal::Conflict("something else was sent under this id")),
        }
    }

    /// Says something in a ticket that is known. The entry, and how many of the two must wait for it.
    pub(in crate::chat) fn say_in_ticket(
        &mut self,
        now: Now,
        number: TicketId,
        sending: &Sending<'_>,
        out: &mut impl Sink,
    ) -> Result<(AckedEntry, usize), Refusal> {
        let (user, draft) = (sending.asker.user, sending.draft);
        self.may_do(sending.asker, number, Deed::Speak)?;
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        draft::check_reply(draft, || ticket.seq)?;
        self.may_attach(sending.asker, &Target::Ticket(number), draft)?;
        let Some(ticket) = self.desk.tickets.get(number) else { return Err(Refusal::NotFound) };
        let is_answer = ticket.record.visitor.uid != self.users[user].uid;
        let is_first_answer = is_answer && ticket.record.replied.is_none();
        self.remember(user, out);
        let seq = self.number_in_ticket(now, number, user, &draft.content, Recall::None);
        if is_first_answer {
            self.touch_ticket(number, |ticket| ticket.record_mut().replied = Some(now.unix));
            self.keep_ticket(number, out);
            self.tell_agents_later(number);
        }
        let conversation = Conversation::Ticket(number);
        let absent = self.find_hearers(user, number, seq);
        let entry = draft::entry(draft, &conversation, seq, &self.users[user], now.unix);
        out.put(Output::Store(Store::Append { entry: &entry, sent_as: sending.sent_as() }));
        for uid in &absent {
            out.put(Output::Store(Store::Wait { uid, conversation: &conversation, seq }));
        }
        out.put(Output::Deliver { to: To::Sessions(&self.receivers), event: Event::Entry(entry) });
        self.attach(draft, &conversation, seq, out);
        let entry = AckedEntry { target: Target::Ticket(number), seq, time: now.unix, duplicate: false };
        Ok((entry, absent.len()))
    }

    /// The visitor, and whoever holds a ticket.
    pub(in crate::chat) fn two_of_ticket(&self, number: TicketId) -> Vec<&Id> {
        let ticket = self.desk.tickets.get(number);
        let two = ticket.map(|ticket| [Some(&ticket.record.visitor.uid), ticket.holder()]);
        two.into_iter().flatten().flatten().collect()
    }

    /// Takes the next number in a ticket for what somebody says.
    pub(in crate::chat) fn number_in_ticket(
        &mut self,
        now: Now,
        number: TicketId,
        author: UserSlot,
        content: &str,
        recall: Recall,
    ) -> u64 {
        let row = &self.users[author];
        let last = Arc::new(preview(&row.uid, &row.name, content, recall, now.unix));
        let (mut seq, mut was_told, mut is_queued) = (0, false, false);
        let idle = self.desk.tickets.get(number).and_then(|ticket| self.idle_after(now, ticket, 0));
        self.touch_ticket(number, |ticket| {
            ticket.seq += 1;
            seq = ticket.seq;
            ticket.last = Some(last);
            was_told = ticket.idle.is_some_and(|idle| idle.notice.is_none());
            ticket.idle = idle;
            is_queued = ticket.state().is_queued();
        });
        if was_told {
            self.tell_later(number);
        } else if is_queued {
            self.tell_line(number);
        }
        seq
    }

    /// Finds the sessions that take an entry of a ticket now, and who must wait for it.
    pub(in crate::chat) fn find_hearers(&mut self, author: UserSlot, number: TicketId, seq: u64) -> Vec<Id> {
        let own = &self.users[author].uid;
        let two = self.two_of_ticket(number).into_iter();
        let others: Vec<Id> = two.filter(|uid| *uid != own).cloned().collect();
        let conversation = Conversation::Ticket(number);
        let mut receivers = std::mem::take(&mut self.receivers);
        receivers.clear();
        // The author's come first.
        receivers.extend_from_slice(self.users[author].sessions.as_slice());
        for other in others.iter().filter_map(|uid| self.users.find(uid)) {
            receivers.extend_from_slice(other.sessions.as_slice());
        }
        if !self.replays.running.is_empty() {
            receivers.retain(|session| !self.holds_back(*session, &conversation, seq));
        }
        let mut absent = Vec::new();
        for uid in others {
            let other = self.users.slot(&uid);
            let takes = |session: &SessionId| self.takes(*session, other);
            if receivers.iter().any(takes) {
                if let Some(other) = other {
                    self.turn.heard(other, Heard::In(number), seq);
                }
            } else {
                if let Some(other) = other {
                    self.users[other].waits = true;
                }
                absent.push(uid);
            }
        }
        self.receivers = receivers;
        absent
    }

    /// Whether this is a session of that user which goes on.
    fn takes(&self, session: SessionId, user: Option<UserSlot>) -> bool {
        self.sessions.find(&session).is_some_and(|row| Some(row.user) == user && !row.ending)
    }

    /// Tells the other of the two that somebody is writing.
    pub(in crate::chat) fn type_in_ticket(
        &self,
        asker: Asker,
        number: TicketId,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Speak)?;
        let row = &self.users[asker.user];
        let receivers = self.others_in_ticket(&row.uid, number);
        if !receivers.is_empty() {
            let target = &Target::Ticket(number);
            let event = Event::Typing { target, uid: &row.uid, name: &row.name };
            out.put(Output::Deliver { to: To::Sessions(&receivers), event });
        }
        Ok(Reply::Ack(None))
    }

    /// The sessions of visitor and holder, but for those of this user.
    pub(in crate::chat) fn others_in_ticket(&self, uid: &Id, number: TicketId) -> Vec<SessionId> {
        let others = self.two_of_ticket(number).into_iter().filter(|other| *other != uid);
        let users = others.filter_map(|other| self.users.find(other));
        users.flat_map(|user| user.sessions.as_slice().iter().copied()).collect()
    }
}
