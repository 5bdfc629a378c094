//! A text message of a connection: parsed, and handed to the core; a token in it looked into first.

use std::borrow::Cow;

use super::{App, Guests, tally};
use crate::auth::{Claims, GuestKey, TokenError};
use crate::base::clock::UnixMillis;
use crate::chat::desk::DeskRequest;
use crate::chat::ids::SessionId;
use crate::chat::input::{Command, Grant, Identity, Input, Resume, Target};
use crate::chat::output::Refusal;
use crate::net::{ConnId, Outbox};
use crate::store::Storage;
use crate::wire::{self, Bye, Parsed, Problem, Request};

impl<S: Storage> App<S> {
    pub(super) fn take_text(&mut self, out: &Outbox, conn: ConnId, text: &str) {
        match wire::parse(text) {
            Ok(Parsed { id, request: Request::Chat(Command::Desk(mut request)) }) => {
                if let DeskRequest::Support { ticket: None, opening, .. } = &mut request {
                    opening.address = self.strangers.address_of(conn);
                }
                self.ask(out, conn, id, Command::Desk(request));
            }
            Ok(Parsed { id, request: Request::Chat(command) }) => self.ask(out, conn, id, command),
            Ok(Parsed { id, request: Request::Login { token, name, resume } }) => {
                self.take_login(out, conn, id, (token, name), resume);
            }
            Ok(Parsed { id, request: Request::Refresh { token } }) => {
                // Before the login the core refuses it whatever it brings: the token is not looked at.
                let grant =
                    if self.is_stranger(conn) { None } else { self.grant(out.now().unix, conn, &token) };
                self.ask(out, conn, id, Command::Refresh(grant));
            }
            Err(refused) => {
                self.turn.tally.request(0);
                self.turn.refuse(conn, refused.id.as_deref(), &refused.problem);
            }
        }
    }

    /// Hands a request to the core.
    fn ask(&mut self, out: &Outbox, conn: ConnId, id: Option<Cow<'_, str>>, command: Command<'_>) {
        self.turn.tally.request(tally::request_kind(&command));
        self.handle(out, Input::Request { session: SessionId(conn.to_u64()), id, command });
    }

    fn take_login<'a>(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        id: Option<Cow<'a, str>>,
        (token, name): (Option<Cow<'a, str>>, Option<Cow<'a, str>>),
        resume: Option<wire::Resume<'a>>,
    ) {
        if let Some(retry_ms) = self.strangers.put_off_ms(out.now().mono, conn) {
            // Counted here: it never gets as far as the core.
            self.turn.tally.request(tally::LOGIN_KIND);
            let problem = Problem::from(&Refusal::RateLimited { retry_ms });
            self.turn.refuse(conn, id.as_deref(), &problem);
            self.turn.end_with(conn, Bye::Overloaded, Some(retry_ms));
            return;
        }
        let Some(identity) = self.identify(out, conn, token, name) else {
            self.turn.tally.request(tally::LOGIN_KIND);
            self.login_failed(out, conn);
            self.turn.refuse(conn, id.as_deref(), &Problem::UNAUTHORIZED);
            self.turn.end_with(conn, Bye::Unauthorized, None);
            return;
        };
        let resume = resume.map(|resume| self.positions(resume));
        self.ask(out, conn, id, Command::Login(identity, resume));
    }

    /// Who wants to log in. `None`: nobody whom we know.
    fn identify<'a>(
        &self,
        out: &Outbox,
        conn: ConnId,
        token: Option<Cow<'a, str>>,
        name: Option<Cow<'a, str>>,
    ) -> Option<Identity<'a>> {
        let guests_are_welcome = self.settings.guests == Guests::Welcome;
        match token {
            // A second login is refused as such by the core, whatever it brings: it must not end the session.
            _ if !self.is_stranger(conn) => Some(Identity::NewGuest { name }),
            None if guests_are_welcome => Some(Identity::NewGuest { name }),
            None => {
                log::info!("{conn}: login refused: no token, and guests are not let in");
                None
            }
            Some(token) if GuestKey::is_meant_by(&token) && guests_are_welcome => {
                let uid = self.turn.guest_key().verify(&token);
                uid.map_err(|error| log::info!("{conn}: login refused: {error}"))
                    .map(|uid| Identity::Guest { uid, name })
                    .ok()
            }
            Some(token) => self.grant(out.now().unix, conn, &token).map(Identity::Known),
        }
    }

    /// What a client has that comes back. Numbers of another store mean nothing.
    fn positions(&self, resume: wire::Resume<'_>) -> Resume {
        let is_ours = resume.epoch == self.turn.epoch();
        let groups = resume.groups.into_iter().map(|(gid, seq)| (Target::Group(gid), seq));
        let users = resume.users.into_iter().map(|(uid, seq)| (Target::User(uid), seq));
        let tickets = resume.tickets.into_iter().map(|(ticket, seq)| (Target::Ticket(ticket), seq));
        let conversations =
            groups.chain(users).chain(tickets).map(|(target, seq)| (target, is_ours.then_some(seq)));
        Resume { conversations: conversations.collect() }
    }

    /// What a token of the site's back end says. `None`: it does not hold.
    pub(super) fn grant(&self, now: UnixMillis, conn: ConnId, token: &str) -> Option<Grant> {
        let key = self.settings.token_key.as_ref().ok_or(TokenError::NoKey);
        let claims = key.and_then(|key| key.verify(token, now));
        claims.map_err(|error| log::info!("{conn}: token refused: {error}")).map(Claims::into_grant).ok()
    }

    fn is_stranger(&self, conn: ConnId) -> bool {
        self.strangers.contains(conn) && !self.turn.has_logged_in(conn)
    }
}
