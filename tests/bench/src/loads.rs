//! The talks: everybody to oneself, rooms, and pairs, bare or in the chat's JSON.

use memchr::memmem::Finder;

use crate::fleet::Outs;
use crate::load::{Counted, Stamp, Talk, Tally, digits};

const CONTENT: &[u8] = br#""content":""#;

/// Every client talks to itself.
pub struct Echo {
    window: u64,
    sent: Vec<u64>,
    heard: Vec<u64>,
    stamp: Stamp,
}

impl Echo {
    pub fn new(clients: usize, window: u64, stamp: Stamp) -> Counted<Echo> {
        Counted::new(Echo { window, sent: vec![0; clients], heard: vec![0; clients], stamp })
    }

    fn say(&mut self, client: usize, tally: &mut Tally, outs: &mut Outs) {
        self.sent[client] += 1;
        tally.said(1);
        outs.send(client, self.stamp.write(client, self.sent[client]));
    }
}

impl Talk for Echo {
    fn start(&mut self, tally: &mut Tally, outs: &mut Outs) {
        for client in 0..self.sent.len() {
            (0..self.window).for_each(|_| self.say(client, tally, outs));
        }
    }

    fn hear(&mut self, client: usize, text: &str, tally: &mut Tally, outs: &mut Outs) {
        self.heard[client] += 1;
        assert_eq!(Stamp::read(text.as_bytes()), (client, self.heard[client]), "out of order");
        if tally.heard() {
            self.say(client, tally, outs);
        }
    }
}

/// How a room is spoken to.
#[derive(Clone, Copy)]
pub enum Speech {
    /// The message is the text.
    Bare,
    /// `group` and `groupPm` of the chat.
    Group,
}

/// Who is in which room: all in one, or as many rooms as clients, each client in the next few.
#[derive(Clone, Copy)]
pub struct Plan {
    pub clients: usize,
    pub rooms: usize,
    pub members_per_room: usize,
}

impl Plan {
    pub fn one_room(members: usize) -> Plan {
        Plan { clients: members, rooms: 1, members_per_room: members }
    }

    pub fn overlapping(rooms: usize, members_per_room: usize) -> Plan {
        Plan { clients: rooms, rooms, members_per_room }
    }

    pub fn member(self, room: usize, place: usize) -> usize {
        (room + place) % self.clients
    }

    fn has(self, room: usize, client: usize) -> bool {
        (client + self.clients - room) % self.clients < self.members_per_room
    }
}

/// Some members of each room speak, all of the room hear.
pub struct Rooms {
    speech: Speech,
    plan: Plan,
    speakers: usize,
    threads: Vec<Thread>,
    /// What each client has heard of each thread.
    heard: Vec<u64>,
    /// The last `seq` that each client saw in each room, where there are any.
    seqs: Vec<u64>,
    stamp: Stamp,
    content: Finder<'static>,
    request: Vec<u8>,
}

/// Messages of which the next is said when all have heard the one before.
#[derive(Clone, Default)]
struct Thread {
    said: u64,
    /// Members who have not heard the last thing yet.
    missing: usize,
}

/// What the daemon writes in front of the gid, and of the number.
const GROUP_ENTRY: &[u8] = br#"{"type":"groupPm","gid":"#;
const SEQ: &[u8] = br#","seq":"#;

impl Rooms {
    /// `under_way` messages, each replaced when all have heard it: evenly in all rooms, and in each evenly by the
    /// first `speakers` members. A room's gid is its number, from 1.
    pub fn new(
        speech: Speech,
        plan: Plan,
        speakers: usize,
        under_way: usize,
        stamp: Stamp,
    ) -> Counted<Rooms> {
        Counted::new(Rooms {
            speech,
            plan,
            speakers,
            threads: vec![Thread::default(); under_way],
            heard: vec![0; plan.clients * under_way],
            seqs: vec![0; plan.clients * plan.rooms],
            stamp,
            content: Finder::new(CONTENT),
            request: Vec::new(),
        })
    }

    fn say(&mut self, thread: usize, tally: &mut Tally, outs: &mut Outs) {
        let Thread { said, missing } = &mut self.threads[thread];
        *said += 1;
        *missing = self.plan.members_per_room;
        tally.said(self.plan.members_per_room as u64);
        let text = self.stamp.write(thread, *said);
        let room = thread % self.plan.rooms;
        let speaker = self.plan.member(room, thread / self.plan.rooms % self.speakers);
        match self.speech {
            Speech::Bare => outs.send(speaker, text),
            Speech::Group => {
                self.request.clear();
                self.request.extend_from_slice(br#"{"type":"group","gid":"#);
                self.request.extend_from_slice((room + 1).to_string().as_bytes());
                self.request.extend_from_slice(br#","content":""#);
                self.request.extend_from_slice(text);
                self.request.extend_from_slice(br#""}"#);
                outs.send(speaker, &self.request);
            }
        }
    }

    /// The text that was said. `None`: this is something else.
    fn said<'a>(&mut self, client: usize, text: &'a [u8]) -> Option<&'a [u8]> {
        match self.speech {
            Speech::Bare => Some(text),
            Speech::Group => {
                let behind_type = text.strip_prefix(GROUP_ENTRY)?;
                let gid_digits = behind_type.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let room = digits(behind_type) as usize - 1;
                let seq = digits(behind_type[gid_digits..].strip_prefix(SEQ)?);
                let last = std::mem::replace(&mut self.seqs[client * self.plan.rooms + room], seq);
                assert!(last == 0 || last + 1 == seq, "client {client}, room {room}: {seq} behind {last}");
                let at = self.content.find(text)?;
                text.get(at + CONTENT.len()..)
            }
        }
    }
}

impl Talk for Rooms {
    fn start(&mut self, tally: &mut Tally, outs: &mut Outs) {
        (0..self.threads.len()).for_each(|thread| self.say(thread, tally, outs));
    }

    fn hear(&mut self, client: usize, text: &str, tally: &mut Tally, outs: &mut Outs) {
        let Some(said) = self.said(client, text.as_bytes()) else { return };
        let (thread, place) = Stamp::read(said);
        let heard = &mut self.heard[client * self.threads.len() + thread];
        *heard += 1;
        assert_eq!(place, *heard, "client {client}, thread {thread}: out of order");
        assert!(self.plan.has(thread % self.plan.rooms, client), "client {client} is not in that room");
        let missing = &mut self.threads[thread].missing;
        *missing -= 1;
        let all_have_it = *missing == 0;
        if tally.heard() && all_have_it {
            self.say(thread, tally, outs);
        }
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
}

impl Pairs {
    pub fn new(uids: Vec<u64>, window: u64, stamp: Stamp) -> Counted<Pairs> {
        Counted::new(Pairs {
            window,
            said: vec![0; uids.len()],
            heard: vec![[0; 2]; uids.len()],
            uids,
            stamp,
            content: Finder::new(CONTENT),
            request: Vec::new(),
        })
    }

    fn say(&mut self, user: usize, tally: &mut Tally, outs: &mut Outs) {
        self.said[user] += 1;
        tally.said(2);
        let text = self.stamp.write(user, self.said[user]);
        self.request.clear();
        let to = self.uids[user ^ 1];
        self.request.extend_from_slice(format!(r#"{{"type":"pm","uid":{to},"content":""#).as_bytes());
        self.request.extend_from_slice(text);
        self.request.extend_from_slice(br#""}"#);
        outs.send(user, &self.request);
    }
}

impl Talk for Pairs {
    fn start(&mut self, tally: &mut Tally, outs: &mut Outs) {
        for user in 0..self.uids.len() {
            (0..self.window).for_each(|_| self.say(user, tally, outs));
        }
    }

    fn hear(&mut self, client: usize, text: &str, tally: &mut Tally, outs: &mut Outs) {
        let text = text.as_bytes();
        if !text.starts_with(br#"{"type":"pm""#) {
            return;
        }
        let Some(at) = self.content.find(text) else { return };
        let (author, place) = Stamp::read(&text[at + CONTENT.len()..]);
        let from_other = usize::from(author != client);
        assert_eq!(author, client ^ from_other, "a stranger's message");
        let heard = &mut self.heard[client][from_other];
        *heard += 1;
        assert_eq!(place, *heard, "user {client}: out of order");
        if tally.heard() && from_other == 1 {
            self.say(author, tally, outs);
        }
    }
}
