//! How far everybody has read, and what is unread.

use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::Target;
use karez::chat::output::{ListPlace, Recall};

use super::past::bytes;
use super::{Answer, Model};
use crate::lines::Listed;
use crate::net::{Said, Told};

impl Model {
    /// Those who have a private conversation.
    pub fn talkers(&self) -> Vec<Id> {
        let mut talkers = Vec::new();
        for conversation in self.state.directs.keys() {
            if let Conversation::Direct(low, high) = conversation {
                talkers.extend([low.clone(), high.clone()]);
            }
        }
        talkers
    }

    /// An entry is there from now on.
    pub(super) fn keep(&mut self, said: &Said) {
        let state = &mut self.state;
        state.entries_ever += 1;
        state.newest.insert(said.conversation.clone(), state.entries_ever);
        state.said.insert(state.entries_ever, (said.conversation.clone(), said.seq));
        state.entries.entry(said.conversation.clone()).or_default().push(said.clone());
    }

    /// Whoever comes in has read what was said before.
    pub(super) fn begin_cursor(&mut self, uid: &Id, gid: &Id) {
        let (conversation, seq) = (Conversation::Group(gid.clone()), self.state.groups[gid].seq);
        self.state.cursors.insert((uid.clone(), conversation), seq);
    }

    fn cursor(&self, uid: &Id, conversation: &Conversation) -> u64 {
        self.state.cursors.get(&(uid.clone(), conversation.clone())).copied().unwrap_or(0)
    }

    pub(super) fn read(&mut self, session: SessionId, uid: &Id, target: &Target, seq: u64) -> Answer {
        let conversation = self.readable(session, uid, target)?;
        if let Target::Group(gid) = target
            && !self.is_member(uid, gid)
        {
            return Ok(Some(None));
        }
        let seq = seq.min(self.last_seq(&conversation));
        if seq <= self.cursor(uid, &conversation) {
            return Ok(Some(None));
        }
        self.state.cursors.insert((uid.clone(), conversation), seq);
        let told = Told::Read { target: target.clone(), uid: uid.clone(), seq };
        self.tell_user(uid, &told);
        if let Target::User(peer) = target
            && peer != uid
            && !self.blocks(peer, uid)
            && !self.blocks(uid, peer)
        {
            self.tell_user(peer, &told);
        }
        Ok(Some(None))
    }

    pub(super) fn conversations(
        &mut self,
        session: SessionId,
        id: Option<String>,
        uid: &Id,
        cursor: Option<&ListPlace>,
        limit: Option<u32>,
    ) -> Answer {
        let mut all = Vec::new();
        for (gid, group) in self.state.groups.iter().filter(|(gid, _)| self.is_member(uid, gid)) {
            let conversation = Conversation::Group(gid.clone());
            let place = match self.state.entries.get(&conversation) {
                Some(_) => ListPlace::Entry(self.state.newest[&conversation]),
                None => ListPlace::Silent(gid.clone()),
            };
            all.push((place, self.listed(uid, conversation, group.name.clone(), group.seq)));
        }
        for (conversation, seq) in &self.state.directs {
            let Conversation::Direct(low, high) = conversation else { panic!() };
            if *seq > 0 && (low == uid || high == uid) {
                let peer = if low == uid { high } else { low };
                let stored = self.state.users.get(peer).filter(|peer| peer.stored);
                let name = stored.map_or_else(String::new, |peer| peer.name.clone());
                let place = ListPlace::Entry(self.state.newest[conversation]);
                all.push((place, self.listed(uid, conversation.clone(), name, *seq)));
            }
        }
        let is_silent = |place: &ListPlace| matches!(place, ListPlace::Silent(_));
        let number = |place: &ListPlace| match place {
            ListPlace::Entry(number) => *number,
            ListPlace::Silent(_) => 0,
        };
        // Those that are silent stay by gid.
        all.sort_by_key(|(place, _)| std::cmp::Reverse(number(place)));
        all.retain(|(place, _)| match (cursor, place) {
            (None, _) => true,
            (Some(ListPlace::Silent(last)), ListPlace::Silent(gid)) => gid > last,
            (Some(cursor), place) => number(place) < number(cursor) && !is_silent(cursor),
        });
        let limit = limit.map_or(self.limits.conversations_page_default, |limit| limit as usize);
        let limit = limit.max(1).min(self.limits.conversations_page_max);
        let counted = |of: &Listed| (of.seq - of.read).min(self.limits.unread_counted_max);
        let taken = |of: &Listed| of.last.as_ref().map_or(0, bytes);
        let fits = |page: &[(ListPlace, Listed)]| {
            page.len() <= 1
                || page.len() <= limit
                    && page.iter().map(|(_, of)| counted(of)).sum::<u64>()
                        <= self.limits.unread_counted_per_page_max
                    && page.iter().map(|(_, of)| taken(of)).sum::<usize>()
                        <= self.limits.conversations_page_bytes_max
        };
        let len = (0..=all.len()).rev().find(|len| fits(&all[..*len])).unwrap();
        let next = (len < all.len()).then(|| all[len - 1].0.clone());
        let list = all.into_iter().take(len).map(|(_, of)| of).collect();
        self.tell(session, Told::Conversations { id, list, next });
        Ok(None)
    }

    fn listed(&self, uid: &Id, conversation: Conversation, name: String, seq: u64) -> Listed {
        let entries = self.state.entries.get(&conversation).map(Vec::as_slice).unwrap_or_default();
        let read = self.cursor(uid, &conversation);
        let newer = entries.iter().filter(|said| said.seq > read);
        let counted = newer.filter(|said| said.seq + self.limits.unread_counted_max > seq);
        let missed = |said: &&Said| {
            said.uid != *uid && said.kind.as_deref() != Some("system") && said.recall == Recall::None
        };
        let unread = counted.filter(missed).count() as u64;
        Listed { conversation, name, seq, read, unread, last: entries.last().cloned() }
    }
}
