//! What agents write for one another on a ticket. Visitors never hear of it.
//!
//! A note has no number of its own: it follows an entry, so that the visitor's numbers have no holes. It goes to whoever
//! watches and may read the ticket. Tested in `tests/chat/desk_notes.rs`.

use super::{Deed, DeskEvent, DeskOrder, DeskQuery, DeskRecord, NoteRecord, NotesQuery};
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::ids::{SessionId, TicketId};
use crate::chat::output::{Event, Output, Query, Record, Refusal, Sink, Store, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};
use crate::chat::user::UserSlot;

impl Chat {
    pub(super) fn note(
        &mut self,
        now: Now,
        asker: Asker,
        number: TicketId,
        content: &str,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_do(asker, number, Deed::Note)?;
        self.write_note(now, asker.user, number, content, out);
        Ok(Reply::Ack(None))
    }

    /// Writes a note, which may be written.
    pub(super) fn write_note(
        &mut self,
        now: Now,
        author: UserSlot,
        number: TicketId,
        content: &str,
        out: &mut impl Sink,
    ) -> Option<NoteRecord> {
        self.remember(author, out);
        let row = &self.users[author];
        let note = NoteRecord {
            ticket: number,
            after: self.desk.tickets.get(number)?.seq,
            uid: row.uid.clone(),
            name: row.name.as_str().into(),
            content: content.into(),
            time: now.unix,
        };
        out.put(Output::Store(Store::Desk(DeskOrder::Note(&note))));
        let mut sessions = self.readers(number);
        sessions.retain(|session| self.is_for_colleagues(*session, number));
        if !sessions.is_empty() {
            let event = Event::Desk(DeskEvent::Note(&note));
            out.put(Output::Deliver { to: To::Sessions(&sessions), event });
        }
        Some(note)
    }

    /// Whether a session is not the visitor's, who may be an agent too.
    fn is_for_colleagues(&self, session: SessionId, number: TicketId) -> bool {
        let visitor = self.desk.tickets.get(number).map(|ticket| &ticket.record.visitor.uid);
        self.desk.agents.post(session).is_some_and(|post| Some(&post.uid) != visitor)
    }

    /// What must be asked before the notes of a ticket can be told.
    pub(super) fn needs_notes(&self, asker: Asker, number: TicketId) -> Option<Query> {
        self.needs_ticket(number).or_else(|| {
            // Who may not read them costs no look-up; `list_notes` says so.
            self.may_do(asker, number, Deed::Note).ok()?;
            self.parking.unless_at_hand(Query::Desk(DeskQuery::Notes(self.notes_query(number))))
        })
    }

    fn notes_query(&self, ticket: TicketId) -> NotesQuery {
        NotesQuery { ticket, notes_max: self.limits.desk.notes_page_max }
    }

    pub(super) fn list_notes(
        &mut self,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        number: TicketId,
        out: &mut impl Sink,
    ) -> Outcome {
        let notes = self.notes_at_hand(asker, number)?;
        let event = Event::Desk(DeskEvent::Notes { id, ticket: number, notes: &notes });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// The notes that were asked for.
    pub(super) fn notes_at_hand(
        &mut self,
        asker: Asker,
        number: TicketId,
    ) -> Result<Vec<NoteRecord>, Refusal> {
        self.may_do(asker, number, Deed::Note)?;
        match self.parking.at_hand.take() {
            Some(Record::Desk(DeskRecord::Notes(_, mut notes))) => {
                let mut bytes = 0;
                let is_shown = |note: &&NoteRecord| {
                    bytes += note.content.len();
                    bytes <= self.limits.desk.notes_page_bytes_max
                };
                let shown = notes.iter().rev().take_while(is_shown).count();
                drop(notes.drain(..notes.len() - shown));
                Ok(notes)
            }
            _ => Err(self.internal()),
        }
    }
}
