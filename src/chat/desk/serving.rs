//! Requests about the support desk on their way: checked, then what must be known, then served.
//!
//! The way is that of every request (`parking.rs`). Tested in `tests/chat/desk_*.rs`.

use super::{DeskRequest, opening};
use crate::base::clock::Now;
use crate::chat::Chat;
use crate::chat::draft;
use crate::chat::ids::SessionId;
use crate::chat::output::{Query, Refusal, Sink};
use crate::chat::parking::Request;
use crate::chat::permission::Asker;
use crate::chat::reply::Outcome;
use crate::chat::resend::Sending;
use crate::chat::user;

impl Chat {
    /// Checks what can be checked without knowing anything.
    pub(in crate::chat) fn check_desk(&self, request: &DeskRequest<'_>) -> Result<(), Refusal> {
        let limits = &self.limits.desk;
        let too_long = |field, text: Option<&str>, bytes_max: usize| match text {
            Some(text) if text.len() > bytes_max => Err(Refusal::TooLarge(field)),
            _ => Ok(()),
        };
        match request {
            DeskRequest::Support { draft, opening, .. } => {
                opening::check(opening, &self.limits)?;
                draft::check(draft, &self.limits)
            }
            DeskRequest::Duty { capacity: Some(capacity), .. } => {
                let bounds = crate::base::limits::DESK_CAPACITY;
                if (bounds.min..=bounds.max).contains(&u64::from(*capacity)) {
                    Ok(())
                } else {
                    Err(Refusal::BadRequest("capacity", "is out of bounds"))
                }
            }
            DeskRequest::Tag { tags, .. } => self.check_tags(tags),
            DeskRequest::Rate { stars, comment, .. } => {
                if !(1..=5).contains(stars) {
                    return Err(Refusal::BadRequest("stars", "must be from 1 to 5"));
                }
                too_long("comment", comment.as_deref(), limits.comment_bytes_max)
            }
            DeskRequest::Transfer { note, .. } => self.check_note(note.as_deref(), "note"),
            DeskRequest::Note { content, .. } => self.check_note(Some(content), "content"),
            DeskRequest::PutCanned { reply, .. } => self.check_canned(reply),
            DeskRequest::Duty { capacity: None, .. }
            | DeskRequest::Ask { .. }
            | DeskRequest::Claim { .. }
            | DeskRequest::Decline { .. }
            | DeskRequest::Close { .. }
            | DeskRequest::Notes { .. }
            | DeskRequest::Tickets(_)
            | DeskRequest::Agents { .. }
            | DeskRequest::Canned { .. }
            | DeskRequest::DeleteCanned { .. }
            | DeskRequest::Figures(_) => Ok(()),
        }
    }

    pub(super) fn check_tags(&self, tags: &[Box<str>]) -> Result<(), Refusal> {
        let limits = &self.limits.desk;
        if tags.len() > limits.tags_max || tags.iter().any(|tag| tag.len() > limits.tag_bytes_max) {
            return Err(Refusal::TooLarge("tags"));
        }
        if tags.iter().any(|tag| tag.trim().is_empty() || tag.chars().any(char::is_control)) {
            return Err(Refusal::BadRequest("tags", "has one that is empty, or has control characters"));
        }
        Ok(())
    }

    pub(super) fn check_note(&self, content: Option<&str>, field: &'static str) -> Result<(), Refusal> {
        match content {
            Some(content) if content.len() > self.limits.desk.note_bytes_max => Err(Refusal::TooLarge(field)),
            Some(content) if content.trim().is_empty() => Err(Refusal::BadRequest(field, "is empty")),
            _ => Ok(()),
        }
    }

    /// What must be known before the request can be served.
    pub(in crate::chat) fn needs_at_desk(
        &mut self,
        now: Now,
        asker: Asker,
        parked: Request<'_>,
        request: &DeskRequest<'_>,
    ) -> Option<Query> {
        match request {
            DeskRequest::Support { ticket, draft, .. } => {
                self.needs_support(asker, parked, *ticket).or_else(|| self.needs_file(draft.file.as_ref()))
            }
            DeskRequest::Ask { .. } | DeskRequest::Duty { .. } | DeskRequest::Agents { .. } => {
                self.needs_desk()
            }
            DeskRequest::Claim { ticket }
            | DeskRequest::Decline { ticket }
            | DeskRequest::Transfer { ticket, .. }
            | DeskRequest::Close { ticket }
            | DeskRequest::Tag { ticket, .. }
            | DeskRequest::Rate { ticket, .. }
            | DeskRequest::Note { ticket, .. } => self.needs_ticket(*ticket),
            DeskRequest::Notes { ticket } => self.needs_notes(asker, *ticket),
            DeskRequest::Tickets(page) => self.needs_tickets(asker, parked.session, page),
            DeskRequest::Canned { .. } | DeskRequest::PutCanned { .. } | DeskRequest::DeleteCanned { .. } => {
                self.needs_canned(asker, parked.session)
            }
            DeskRequest::Figures(asked) => self.needs_figures(now, asker, parked.session, asked),
        }
    }

    /// Serves a request for which everything is known.
    pub(in crate::chat) fn serve_at_desk(
        &mut self,
        now: Now,
        (session, id): (SessionId, Option<&str>),
        asker: Asker,
        request: &DeskRequest<'_>,
        out: &mut impl Sink,
    ) -> Outcome {
        match request {
            DeskRequest::Support { ticket, draft, opening } => {
                self.support(now, *ticket, &Sending { asker, id, draft }, opening, out)
            }
            DeskRequest::Ask { desk } => self.show_gate(now, asker.user, (session, id), desk, out),
            DeskRequest::Duty { state, capacity } => {
                self.go_on_duty(now, asker, session, (*state, *capacity), out)
            }
            DeskRequest::Claim { ticket } => self.claim(now, asker, session, *ticket, out),
            DeskRequest::Decline { ticket } => self.decline(asker, *ticket, out),
            DeskRequest::Transfer { ticket, to, note } => {
                if let super::Receiver::Agent(uid) = to
                    && user::is_reserved(uid)
                {
                    return Err(Refusal::BadRequest("uid", "is reserved"));
                }
                self.transfer(now, asker, *ticket, (to, note.as_deref()), out)
            }
            DeskRequest::Close { ticket } => self.close(now, asker, *ticket, out),
            DeskRequest::Tag { ticket, tags } => self.tag(asker, *ticket, tags, out),
            DeskRequest::Rate { ticket, stars, comment } => {
                self.rate(now, asker, *ticket, (*stars, comment.as_deref()), out)
            }
            DeskRequest::Note { ticket, content } => self.note(now, asker, *ticket, content, out),
            DeskRequest::Notes { ticket } => self.list_notes(asker, (session, id), *ticket, out),
            DeskRequest::Tickets(page) => self.list_tickets(now, asker, (session, id), page, out),
            DeskRequest::Agents { desk } => self.list_agents(asker, (session, id), desk.as_ref(), out),
            DeskRequest::Canned { desk } => self.list_canned((session, id), desk.as_ref(), out),
            DeskRequest::PutCanned { canned, reply, shared } => {
                self.put_canned(asker, (session, id), *canned, (reply, *shared), out)
            }
            DeskRequest::DeleteCanned { canned } => self.delete_canned(asker, session, *canned, out),
            DeskRequest::Figures(asked) => self.show_figures(now, asker, (session, id), asked, out),
        }
    }
}
