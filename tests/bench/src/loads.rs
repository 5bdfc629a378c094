//! The loads: echo, a room, and pairs, bare or in the chat's JSON.

use memchr::memmem::Finder;

use crate::fleet::Outs;
use crate::load::{Load, Stamp, digits};

/// Every client talks to itself.
pub struct Echo {
    window: u64,
    sent: Vec<u64>,
    heard: Vec<u64>,
    stamp: Stamp,
    deliveries: u64,
    under_way: u64,
    stopped: bool,
}

impl Echo {
    pub fn new(clients: usize, window: u64, message_bytes: usize) -> Echo {
        let stamp = Stamp::new(message_bytes);
        let (sent, heard) = (vec![0; clients], vec![0; clients]);
        Echo { window, sent, heard, stamp, deliveries: 0, under_way: 0, stopped: false }
    }

    fn say(&mut self, client: usize, outs: &mut Outs) {
        self.sent[client] += 1;
        self.under_way += 1;
        outs.send(client, self.stamp.write(client, self.sent[client]));
    }
}

impl Load for Echo {
    fn start(&mut self, outs: &mut Outs) {
        self.stopped = false;
        for client in 0..self.sent.len() {
            (0..self.window).for_each(|_| self.say(client, outs));
        }
    }

    fn hear(&mut self, client: usize, text: &str, outs: &mut Outs) {
        self.heard[client] += 1;
        assert_eq!(Stamp::read(text.as_bytes()), (client, self.heard[client]), "out of order");
        self.deliveries += 1;
        self.under_way -= 1;
        if !self.stopped {
            self.say(client, outs);
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn under_way(&self) -> u64 {
        self.under_way
    }

    fn deliveries(&self) -> u64 {
        self.deliveries
    }
}

/// How a room is spoken to.
pub enum Speech {
    /// The message is the text.
    Bare,
    /// `group` and `groupPm` of the chat.
    Group,
}

/// Some members of a room speak, all hear.
pub struct Room {
    speech: Speech,
    members: usize,
    speakers: usize,
    threads: Vec<Thread>,
    /// What each member has heard of each thread.
    heard: Vec<u64>,
    /// The last `seq` that each member saw, where there are any.
    seqs: Vec<u64>,
    stamp: Stamp,
    content: Finder<'static>,
    request: Vec<u8>,
    deliveries: u64,
    under_way: u64,
    stopped: bool,
}

/// Messages of which the next is said when all have heard the one before.
#[derive(Clone, Default)]
struct Thread {
    said: u64,
    /// Members who have not heard the last thing yet.
    missing: usize,
}

/// What the daemon writes in front of the number.
const GROUP_ENTRY: &[u8] = br#"{"type":"groupPm","gid":1,"seq":"#;

impl Room {
    /// `under_way` messages, each replaced when all have heard it, evenly by the first `speakers` members.
    pub fn new(
        speech: Speech,
        members: usize,
        speakers: usize,
        under_way: usize,
        message_bytes: usize,
    ) -> Room {
        Room {
            speech,
            members,
            speakers,
            threads: vec![Thread::default(); under_way],
            heard: vec![0; members * under_way],
            seqs: vec![0; members],
            stamp: Stamp::new(message_bytes),
            content: Finder::new(br#""content":""#),
            request: Vec::new(),
            deliveries: 0,
            under_way: 0,
            stopped: false,
        }
    }

    fn say(&mut self, thread: usize, outs: &mut Outs) {
        let Thread { said, missing } = &mut self.threads[thread];
        *said += 1;
        *missing = self.members;
        self.under_way += self.members as u64;
        let text = self.stamp.write(thread, *said);
        let speaker = thread % self.speakers;
        match self.speech {
            Speech::Bare => outs.send(speaker, text),
            Speech::Group => {
                self.request.clear();
                self.request.extend_from_slice(br#"{"type":"group","gid":1,"content":""#);
                self.request.extend_from_slice(text);
                self.request.extend_from_slice(br#""}"#);
                outs.send(speaker, &self.request);
            }
        }
    }

    /// The text that was said. `None`: this is something else.
    fn said<'a>(&mut self, member: usize, text: &'a [u8]) -> Option<&'a [u8]> {
        match self.speech {
            Speech::Bare => Some(text),
            Speech::Group => {
                let seq = digits(text.strip_prefix(GROUP_ENTRY)?);
                let last = std::mem::replace(&mut self.seqs[member], seq);
                assert!(last == 0 || last + 1 == seq, "member {member}: {seq} behind {last}");
                let at = self.content.find(text)?;
                text.get(at + 11..)
            }
        }
    }
}

impl Load for Room {
    fn start(&mut self, outs: &mut Outs) {
        self.stopped = false;
        (0..self.threads.len()).for_each(|thread| self.say(thread, outs));
    }

    fn hear(&mut self, client: usize, text: &str, outs: &mut Outs) {
        let Some(said) = self.said(client, text.as_bytes()) else { return };
        let (thread, place) = Stamp::read(said);
        let heard = &mut self.heard[client * self.threads.len() + thread];
        *heard += 1;
        assert_eq!(place, *heard, "member {client}, thread {thread}: out of order");
        self.deliveries += 1;
        self.under_way -= 1;
        let missing = &mut self.threads[thread].missing;
        *missing -= 1;
        if *missing == 0 && !self.stopped {
            self.say(thread, outs);
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn under_way(&self) -> u64 {
        self.under_way
    }

    fn deliveries(&self) -> u64 {
        self.deliveries
    }
}

/// Users in pairs, each of whom has so many private messages to the other under way. Both get a copy of each.
pub struct Pairs {
    uids: Vec<u64>,
    window: u64,
    said: Vec<u64>,
    /// What each has heard of oneself and of the other.
    heard: Vec<[u64; 2]>,
    stamp: Stamp,
    content: Finder<'static>,
    request: Vec<u8>,
    deliveries: u64,
    under_way: u64,
    stopped: bool,
}

impl Pairs {
    pub fn new(uids: Vec<u64>, window: u64, message_bytes: usize) -> Pairs {
        Pairs {
            window,
            said: vec![0; uids.len()],
            heard: vec![[0; 2]; uids.len()],
            uids,
            stamp: Stamp::new(message_bytes),
            content: Finder::new(br#""content":""#),
            request: Vec::new(),
            deliveries: 0,
            under_way: 0,
            stopped: false,
        }
    }

    fn say(&mut self, user: usize, outs: &mut Outs) {
        self.said[user] += 1;
        self.under_way += 2;
        let text = self.stamp.write(user, self.said[user]);
        self.request.clear();
        let to = self.uids[user ^ 1];
        self.request.extend_from_slice(format!(r#"{{"type":"pm","uid":{to},"content":""#).as_bytes());
        self.request.extend_from_slice(text);
        self.request.extend_from_slice(br#""}"#);
        outs.send(user, &self.request);
    }
}

impl Load for Pairs {
    fn start(&mut self, outs: &mut Outs) {
        self.stopped = false;
        for user in 0..self.uids.len() {
            (0..self.window).for_each(|_| self.say(user, outs));
        }
    }

    fn hear(&mut self, client: usize, text: &str, outs: &mut Outs) {
        let text = text.as_bytes();
        if !text.starts_with(br#"{"type":"pm""#) {
            return;
        }
        let Some(at) = self.content.find(text) else { return };
        let (author, place) = Stamp::read(&text[at + 11..]);
        let from_other = usize::from(author != client);
        assert_eq!(author, client ^ from_other, "a stranger's message");
        let heard = &mut self.heard[client][from_other];
        *heard += 1;
        assert_eq!(place, *heard, "user {client}: out of order");
        self.deliveries += 1;
        self.under_way -= 1;
        if from_other == 1 && !self.stopped {
            self.say(author, outs);
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn under_way(&self) -> u64 {
        self.under_way
    }

    fn deliveries(&self) -> u64 {
        self.deliveries
    }
}
