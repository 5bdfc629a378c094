//! What was said before, and what is not said twice.

use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Bounds, Draft, Target};
use karez::chat::output::{AckedEntry, Refusal};

use super::requests::no_system;
use super::{Answer, Model};
use crate::net::{Said, Told};

impl Model {
    /// Says a message, unless it was said before.
    pub(super) fn once(
        &mut self,
        uid: &Id,
        id: Option<String>,
        draft: &Draft<'_>,
        target: Target,
        say: impl FnOnce(&mut Model) -> Answer,
    ) -> Answer {
        self.draft(draft)?;
        let Some(id) = id else { return say(self) };
        let key = (uid.clone(), id);
        let draft = owned(draft);
        match self.state.sends.get(&key) {
            Some((said, first)) if *said == draft && first.target == target => {
                Ok(Some(Some(AckedEntry { duplicate: true, ..first.clone() })))
            }
            Some(_) => Err(Refusal::Conflict("something else was sent under this id")),
            None => {
                let answer = say(self)?;
                if let Some(Some(acked)) = &answer {
                    self.state.sends.insert(key, (draft, acked.clone()));
                }
                Ok(answer)
            }
        }
    }

    pub(super) fn history(
        &mut self,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        target: &Target,
        (bounds, limit): (Bounds, Option<u32>),
    ) -> Answer {
        let conversation = match target {
            Target::Group(gid) => {
                no_system("gid", gid)?;
                self.must_be_inside(session, uid, gid)?;
                Conversation::Group(gid.clone())
            }
            Target::User(peer) => {
                no_system("uid", peer)?;
                Conversation::direct(uid, peer)
            }
        };
        let mut entries = self.state.entries.get(&conversation).cloned().unwrap_or_default();
        entries.retain(|said| match bounds {
            Bounds::Newest => true,
            Bounds::Before(seq) => said.seq < seq,
            Bounds::After(seq) => said.seq > seq,
        });
        let limit = limit.map_or(self.limits.history_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.history_page_max);
        let bytes = |said: &Said| {
            256 + said.name.len() + said.content.len() + said.data.as_ref().map_or(0, String::len)
        };
        let fits = |page: &[Said]| {
            page.len() <= limit
                && (page.len() == 1
                    || page.iter().map(bytes).sum::<usize>() <= self.limits.history_page_bytes_max)
        };
        // The longest run from the end that was asked for.
        let all = entries.len();
        let page = (0..=all).rev().find_map(|len| {
            let page = match bounds {
                Bounds::After(_) => &entries[..len],
                Bounds::Newest | Bounds::Before(_) => &entries[all - len..],
            };
            fits(page).then(|| page.to_vec())
        });
        let entries = page.unwrap();
        let more = entries.len() < all;
        self.tell(session, Told::History { id, target: target.clone(), entries, more });
        Ok(None)
    }
}

fn owned(draft: &Draft<'_>) -> Draft<'static> {
    let owned = |text: &std::borrow::Cow<'_, str>| text.clone().into_owned().into();
    Draft {
        content: owned(&draft.content),
        kind: draft.kind.as_ref().map(owned),
        data: draft.data.as_ref().map(owned),
        reply: draft.reply,
        mentions: draft.mentions.clone(),
    }
}
