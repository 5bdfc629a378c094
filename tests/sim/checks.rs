//! What must hold whatever the model says.

use std::collections::{BTreeMap, BTreeSet};

use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::Target;
use karez::chat::output::{AckedEntry, EntryRecord, Farewell, Recall};

use crate::lines::Listed;
use crate::model::past::without_text;
use crate::net::{Said, Told, World};

/// What was said, and what each session is owed.
#[derive(Default)]
pub struct Checks {
    /// What was said, as the first who heard it heard it.
    said: BTreeMap<Conversation, BTreeMap<u64, Said>>,
    /// Where each user's sends have been stored, and whether one was told so as of something new.
    acked: BTreeMap<(Id, String), ((Conversation, u64), bool)>,
    sessions: BTreeMap<SessionId, Heard>,
    /// What was recalled, as far as anybody heard.
    recalled: BTreeSet<(Conversation, u64)>,
}

/// What one session is owed and has heard.
#[derive(Default)]
struct Heard {
    /// The ids of requests that are not answered yet, in order.
    open: Vec<String>,
    /// Who it is, once logged in.
    uid: Option<Id>,
    latest: BTreeMap<Conversation, u64>,
    /// How far whom was told to have read.
    cursors: BTreeMap<(Id, Conversation), u64>,
}

impl Checks {
    pub fn asked(&mut self, session: SessionId, id: &str) {
        self.sessions.entry(session).or_default().open.push(id.to_owned());
    }

    pub fn gone(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }

    /// Nobody is owed anything any more.
    pub fn restart(&mut self) {
        self.sessions.clear();
    }

    pub fn heard(&mut self, heard: &BTreeMap<SessionId, Vec<Told>>, world: &World) {
        let recalled_before = self.recalled.clone();
        // What he has sent is forgotten with him.
        self.acked.retain(|(uid, _), _| !world.forgotten().contains(uid));
        for (session, told) in heard {
            for told in told {
                match told {
                    Told::History { entries, .. } => {
                        entries.iter().for_each(|said| self.read(said, &recalled_before, world));
                    }
                    Told::Conversations { list, .. } => {
                        list.iter().for_each(|of| self.listed(of, &recalled_before, world));
                    }
                    Told::Read { target, uid, seq } => self.cursor(*session, target, uid, *seq, world),
                    _ => {}
                }
                if let Told::Search { found, .. } = told {
                    found.iter().for_each(|said| self.read(said, &recalled_before, world));
                }
                match told {
                    Told::Entry(said) | Told::Offline(said) => {
                        self.read(said, &recalled_before, world);
                        self.entry(*session, said, world);
                    }
                    // Who may not log in has been answered, and may still ask.
                    Told::Bye(Farewell::Unauthorized | Farewell::Banned) => {}
                    Told::Bye(_) => self.sessions.entry(*session).or_default().open.clear(),
                    Told::Ack { id, entry } => {
                        self.answer(*session, id);
                        if let Some(entry) = entry {
                            self.acked(*session, id, entry, world);
                        }
                    }
                    Told::Login { id, uid, .. } => {
                        self.sessions.entry(*session).or_default().uid = Some(uid.clone());
                        if let Some(id) = id {
                            self.answer(*session, id);
                        }
                    }
                    Told::Refused { id: Some(id), .. }
                    | Told::Refreshed { id: Some(id), .. }
                    | Told::Pong { id: Some(id) }
                    | Told::Members { id: Some(id), .. }
                    | Told::Groups { id: Some(id), .. }
                    | Told::History { id: Some(id), .. }
                    | Told::Conversations { id: Some(id), .. }
                    | Told::Search { id: Some(id), .. }
                    | Told::Presence { id: Some(id), .. } => self.answer(*session, id),
                    _ => {}
                }
            }
        }
    }

    /// Answers come once and in the order of the requests.
    fn answer(&mut self, session: SessionId, id: &str) {
        let open = &mut self.sessions.entry(session).or_default().open;
        assert_eq!(open.first().map(String::as_str), Some(id), "the next answer to {session:?}");
        open.remove(0);
    }

    /// What is acknowledged is stored.
    fn acked(&mut self, session: SessionId, id: &str, entry: &AckedEntry, world: &World) {
        let own = self.sessions.get(&session).and_then(|heard| heard.uid.clone());
        let own = own.expect("who is acked is logged in");
        let conversation = match &entry.target {
            Target::Group(gid) => Conversation::Group(gid.clone()),
            Target::User(peer) => Conversation::direct(&own, peer),
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
        };
        let stored = world.store().entry(&conversation, entry.seq);
        if entry.seq > world.erased(&conversation) {
            assert_eq!(stored.as_ref().map(|stored| stored.time), Some(entry.time), "acked, so stored");
        }
        // What admins do is not a message, and may be done again; nor is a recall.
        if stored.is_none_or(|stored| stored.act.is_some() || matches!(stored.recall, Recall::Of(_))) {
            return;
        }
        let place = (conversation, entry.seq);
        // The first ack may be heard after others, over another connection, or get lost.
        let (first, is_told) =
            self.acked.entry((own, id.to_owned())).or_insert_with(|| (place.clone(), false));
        assert_eq!(*first, place, "whatever is sent again has its first number");
        assert!(entry.duplicate || !std::mem::replace(is_told, true), "{id} is new for the second time");
    }

    pub fn all_answered(&self) {
        for (session, heard) in &self.sessions {
            assert!(heard.open.is_empty(), "{session:?} waits for {:?}", heard.open);
        }
    }

    /// What is read is what was heard, and is stored; and no more of it than is left.
    fn read(&self, said: &Said, recalled_before: &BTreeSet<(Conversation, u64)>, world: &World) {
        let heard = self.said.get(&said.conversation).and_then(|of| of.get(&said.seq));
        let is_nameless = is_nameless(said);
        let now = |heard: &Said| {
            let name = if is_nameless { said.name.clone() } else { heard.name.clone() };
            match said.recall {
                Recall::Recalled => Said { recall: Recall::Recalled, name, ..without_text(heard) },
                Recall::None | Recall::Of(_) => Said { name, ..heard.clone() },
            }
        };
        assert!(heard.is_none_or(|heard| now(heard) == *said), "{heard:?} was heard, and {said:?} is read");
        let place = (said.conversation.clone(), said.seq);
        assert!(
            said.recall == Recall::Recalled || !recalled_before.contains(&place),
            "{said:?} was recalled"
        );
        // What was read may have gone with its group in the same turn.
        if said.seq > world.erased(&said.conversation) {
            let stored = world.store().entry(&said.conversation, said.seq);
            assert!(is_kept(stored.as_ref(), said), "{said:?} is read, so stored");
        }
    }

    /// A list shows what was heard, and no more is unread than there is.
    fn listed(&self, of: &Listed, recalled_before: &BTreeSet<(Conversation, u64)>, world: &World) {
        assert!(of.unread <= of.seq - of.read, "{of:?}");
        if let Some(last) = &of.last {
            assert_eq!(last.seq, of.seq, "the newest entry is the last");
            self.read(last, recalled_before, world);
        }
    }

    /// Cursors go up. Whoever hears of one is the reader or the other of two, and the entry is there.
    fn cursor(&mut self, session: SessionId, target: &Target, reader: &Id, seq: u64, world: &World) {
        let heard = self.sessions.entry(session).or_default();
        let own = heard.uid.as_ref().expect("who hears of it is logged in");
        let conversation = match target {
            Target::Group(gid) => {
                assert_eq!(own, reader, "what is read in groups is told to nobody else");
                Conversation::Group(gid.clone())
            }
            Target::User(peer) => {
                assert!(own == reader || own == peer, "{own} heard of {reader} and {peer}");
                Conversation::direct(reader, peer)
            }
            Target::Ticket(_) => unreachable!("tickets have a simulation of their own"),
        };
        let before = heard.cursors.insert((reader.clone(), conversation.clone()), seq);
        assert!(before.is_none_or(|before| before < seq), "{reader} read {seq} after {before:?}");
        let last = world.store().entries(&conversation).next_back().map_or(0, |last| last.seq);
        assert!(seq <= last.max(world.erased(&conversation)), "{reader} read {seq} of {last}");
    }

    /// What is delivered is stored, the same for everyone, and in rising order.
    fn entry(&mut self, session: SessionId, said: &Said, world: &World) {
        // Whoever comes back may find it recalled.
        if said.recall != Recall::Recalled {
            let of = self.said.entry(said.conversation.clone()).or_default();
            let first = of.entry(said.seq).or_insert(said.clone());
            if is_nameless(said) {
                first.name.clone_from(&said.name);
            }
            assert_eq!(first, said, "an entry is the same for everyone");
        }
        if let Recall::Of(seq) = said.recall {
            self.recalled.insert((said.conversation.clone(), seq));
        }
        if said.seq > world.erased(&said.conversation) {
            let stored = world.store().entry(&said.conversation, said.seq);
            assert!(is_kept(stored.as_ref(), said), "{said:?} is delivered, so stored");
        }
        let own = self.sessions.entry(session).or_default();
        assert!(own.uid.is_some(), "who hears entries is logged in");
        let latest = own.latest.entry(said.conversation.clone()).or_default();
        assert!(said.seq > *latest, "{session:?} heard {} after {latest}", said.seq);
        *latest = said.seq;
    }

    /// Every conversation is stored without gaps, and as it was heard.
    pub fn stored(&self, world: &World) {
        for (conversation, heard) in &self.said {
            let stored: Vec<u64> = world.store().entries(conversation).map(|entry| entry.seq).collect();
            let first = world.erased(conversation) + 1;
            let numbers: Vec<u64> = (first..first + stored.len() as u64).collect();
            assert_eq!(stored, numbers, "{conversation:?} has no gaps");
            // Nobody thinks of the same words twice, so what is there twice was sent twice.
            let mut said = BTreeSet::new();
            let is_message = |entry: &EntryRecord| entry.act.is_none() && entry.recall == Recall::None;
            for entry in world.store().entries(conversation).filter(is_message) {
                assert!(said.insert((entry.uid.clone(), entry.content.clone())), "{entry:?} is stored twice");
            }
            // Nobody heard an entry whose receivers all went in the turn in which it was said.
            for entry in world.store().entries(conversation) {
                if let Some(said) = heard.get(&entry.seq) {
                    assert!(is_kept(Some(&entry), said), "{said:?} was heard, {entry:?} is stored");
                    assert_eq!(entry.uid, said.uid);
                }
                if self.recalled.contains(&(conversation.clone(), entry.seq)) {
                    assert_eq!(entry.recall, Recall::Recalled, "{entry:?}");
                }
            }
        }
    }
}

/// Whether the author may be somebody who is deleted: the uid stands for the name, and no message is left.
fn is_nameless(said: &Said) -> bool {
    said.name == said.uid.to_string() && (said.recall != Recall::None || said.act.is_some())
}

/// Whether what was said is stored, or nothing of it if it was recalled.
fn is_kept(stored: Option<&EntryRecord>, said: &Said) -> bool {
    stored.is_some_and(|stored| match stored.recall {
        Recall::Recalled => {
            let EntryRecord { content, kind, data, reply, mentions, .. } = stored;
            content.is_empty() && (kind, data, reply, mentions.len()) == (&None, &None, &None, 0)
        }
        recall => (&*stored.content, &stored.act, recall) == (&*said.content, &said.act, said.recall),
    })
}
