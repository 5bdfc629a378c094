//! What is found: every entry is looked at, and the words are looked for as one would by eye.

use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::Target;
use karez::chat::output::Refusal;

use super::past::bytes;
use super::requests::no_system;
use super::{Answer, Model};
use crate::net::{Said, Told};

impl Model {
    pub(super) fn search(
        &mut self,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        (query, target): (&str, Option<&Target>),
        (cursor, limit): (Option<u64>, Option<u32>),
    ) -> Answer {
        match target {
            Some(Target::Group(gid)) => no_system("gid", gid)?,
            Some(Target::User(_) | Target::Ticket(_)) | None => {}
        }
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        if query.len() > self.limits.search_bytes_max {
            return Err(Refusal::TooLarge("q"));
        }
        if words == ["!"] {
            return Err(Refusal::BadRequest("q", "has no word in it"));
        }
        if words.len() > self.limits.search_words_max {
            return Err(Refusal::BadRequest("q", "has too many words"));
        }
        if let Some(Target::Group(gid)) = target {
            self.must_be_inside(session, uid, gid)?;
        }
        let is_meant = |conversation: &Conversation| match (target, conversation) {
            (Some(Target::Group(gid)), conversation) => *conversation == Conversation::Group(gid.clone()),
            (Some(Target::User(peer)), conversation) => *conversation == Conversation::direct(uid, peer),
            (Some(Target::Ticket(_)), _) | (None, Conversation::Ticket(_)) => {
                unreachable!("tickets have a simulation of their own")
            }
            (None, Conversation::Group(gid)) => self.is_member(uid, gid),
            (None, Conversation::Direct(low, high)) => low == uid || high == uid,
        };
        let mut hits = Vec::new();
        for (number, (conversation, seq)) in self.state.said.range(..cursor.unwrap_or(u64::MAX)).rev() {
            let entries = self.state.entries.get(conversation).into_iter().flatten();
            let said = entries.filter(|said| said.seq == *seq && said.act.is_none());
            let said = said.filter(|said| words.iter().all(|word| holds(&said.content, word)));
            hits.extend(said.filter(|_| is_meant(conversation)).map(|said| (*number, said.clone())));
        }
        let limit = limit.map_or(self.limits.search_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.search_page_max);
        let fits = |page: &[(u64, Said)]| {
            let sum: usize = page.iter().map(|(_, said)| bytes(said)).sum();
            page.len() <= limit && (page.len() == 1 || sum <= self.limits.history_page_bytes_max)
        };
        let len = (0..=hits.len()).rev().find(|len| fits(&hits[..*len])).unwrap();
        // The next page begins with the first that has no room on this one.
        let next = hits.get(len).map(|(number, _)| number + 1);
        let found = hits.into_iter().take(len).map(|(_, said)| said).collect();
        self.tell(session, Told::Search { id, found, next });
        Ok(None)
    }
}

/// Latin words stand alone, Chinese ones anywhere.
fn holds(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    match word.is_ascii() {
        true => text.split(|c: char| !c.is_ascii_alphanumeric()).any(|other| other == word),
        false => text.contains(word),
    }
}
