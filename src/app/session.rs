//! A text message of a connection: parsed, and handed to the core; a login's token looked into first.

use std::borrow::Cow;

use super::{App, Guests};
use crate::chat::ids::SessionId;
use crate::chat::input::{Command, Identity, Input, Role};
use crate::net::{ConnId, Outbox};
use crate::store::Storage;
use crate::wire::{self, Bye, Problem};

impl<S: Storage> App<S> {
    pub(super) fn take_text(&mut self, out: &Outbox, conn: ConnId, text: &str) {
        let parsed = match wire::parse(text) {
            Ok(parsed) => parsed,
            Err(refused) => {
                self.turn.refuse(conn, refused.id.as_deref(), &refused.problem);
                return;
            }
        };
        let command = match parsed.request {
            wire::Request::Chat(command) => command,
            wire::Request::Login { token, name } => match self.identify(conn, token, name) {
                Some(identity) => Command::Login(identity),
                None => {
                    self.turn.refuse(conn, parsed.id.as_deref(), &Problem::UNAUTHORIZED);
                    self.turn.end_with(conn, Bye::Unauthorized, None);
                    return;
                }
            },
        };
        let session = SessionId(conn.to_u64());
        self.handle(out, Input::Request { session, id: parsed.id, command });
    }

    /// Who wants to log in. `None`: nobody whom we know.
    fn identify<'a>(
        &self,
        conn: ConnId,
        token: Option<Cow<'a, str>>,
        name: Option<Cow<'a, str>>,
    ) -> Option<Identity<'a>> {
        let is_stranger = self.strangers.contains(&conn) && !self.turn.has_logged_in(conn);
        match token {
            // A second login is refused as such by the core, whatever it brings: it must not end the session.
            _ if !is_stranger => Some(Identity::NewGuest { name }),
            None => (self.settings.guests == Guests::Welcome).then_some(Identity::NewGuest { name }),
            Some(token) => match self.turn.guest_key().verify(&token) {
                Ok(uid) => Some(Identity::Known { uid, name, role: Role::User }),
                Err(error) => {
                    log::info!("{conn}: login refused: {error}");
                    None
                }
            },
        }
    }
}
