//! What was said before, and what is not said twice.

use karez::base::clock::Now;
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Bounds, Draft, Target};
use karez::chat::output::{AckedEntry, Recall, Refusal};

use super::requests::{acked, no_system};
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

    /// The conversation, if it may be read.
    pub(super) fn readable(
        &self,
        session: SessionId,
        uid: &Id,
        target: &Target,
    ) -> Result<Conversation, Refusal> {
        match target {
            Target::Group(gid) => {
                no_system("gid", gid)?;
                self.must_be_inside(session, uid, gid)?;
                Ok(Conversation::Group(gid.clone()))
            }
            Target::User(peer) => Ok(Conversation::direct(uid, peer)),
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
        }
    }

    pub(super) fn recall(
        &mut self,
        now: Now,
        session: SessionId,
        uid: &Id,
        target: &Target,
        seq: u64,
    ) -> Answer {
        let conversation = self.readable(session, uid, target)?;
        let mut entries = self.state.entries.get(&conversation).into_iter().flatten();
        let said = entries.find(|said| said.seq == seq).cloned().ok_or(Refusal::NotFound)?;
        if said.act.is_some() || matches!(said.recall, Recall::Of(_)) {
            return Err(Refusal::BadRequest("seq", "is no message"));
        }
        let governs = match target {
            Target::Group(gid) => self.must_govern(session, uid, gid, false).is_ok(),
            Target::User(_) | Target::Ticket(_) => false,
        };
        let is_recalled = said.recall == Recall::Recalled;
        let until = said.time.0 + self.limits.recall_seconds * 1_000;
        if !governs && !(said.uid == *uid && (is_recalled || now.unix.0 <= until)) {
            return Err(Refusal::Forbidden);
        }
        if is_recalled {
            return Ok(Some(None));
        }
        self.remember(now, uid);
        let number = self.last_seq(&conversation) + 1;
        let listeners: Vec<Id> = match target {
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
            Target::Group(gid) => {
                let group = self.state.groups.get_mut(gid).unwrap();
                group.seq = number;
                group.members.iter().map(|(member, _)| member.clone()).collect()
            }
            Target::User(peer) => {
                self.state.directs.insert(conversation.clone(), number);
                [uid, peer].into_iter().take(if uid == peer { 1 } else { 2 }).cloned().collect()
            }
        };
        let recalling = Said {
            seq: number,
            uid: uid.clone(),
            name: self.state.users[uid].name.clone(),
            recall: Recall::Of(seq),
            time: now.unix,
            ..without_text(&said)
        };
        let entries = self.state.entries.get_mut(&conversation).unwrap();
        for said in entries.iter_mut().filter(|said| said.seq == seq) {
            *said = Said { recall: Recall::Recalled, ..without_text(said) };
        }
        self.keep(&recalling);
        for listener in listeners {
            self.tell_user(&listener, &Told::Entry(recalling.clone()));
        }
        Ok(Some(Some(acked(target.clone(), number, now))))
    }

    pub(super) fn history(
        &mut self,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        target: &Target,
        (bounds, limit): (Bounds, Option<u32>),
    ) -> Answer {
        let conversation = self.readable(session, uid, target)?;
        let mut entries = self.state.entries.get(&conversation).cloned().unwrap_or_default();
        entries.retain(|said| match bounds {
            Bounds::Newest => true,
            Bounds::Before(seq) => said.seq < seq,
            Bounds::After(seq) => said.seq > seq,
        });
        let limit = limit.map_or(self.limits.history_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.history_page_max);
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

/// What is left of what was said.
pub fn without_text(said: &Said) -> Said {
    let (content, kind, data, reply, mentions) = (String::new(), None, None, None, Vec::new());
    Said { content, kind, data, reply, mentions, ..said.clone() }
}

/// What an entry takes on a page.
pub(super) fn bytes(said: &Said) -> usize {
    256 + said.name.len() + said.content.len() + said.data.as_ref().map_or(0, String::len)
}

fn owned(draft: &Draft<'_>) -> Draft<'static> {
    let owned = |text: &std::borrow::Cow<'_, str>| text.clone().into_owned().into();
    Draft {
        content: owned(&draft.content),
        kind: draft.kind.as_ref().map(owned),
        data: draft.data.as_ref().map(owned),
        reply: draft.reply,
        mentions: draft.mentions.clone(),
        file: draft.file.clone(),
    }
}
