//! Those beside whom the quiet users are served: each of them does one thing that takes a server's time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{content_of, say, text_or_panic};
use crate::chat;
use crate::fleet::{Fleet, Said};
use crate::past;

/// Some who do something all the while.
pub trait Crowd {
    /// Does a piece of it, and comes back within some milliseconds.
    fn go_on(&mut self);
    /// What was done, in words.
    fn deeds(&self) -> String;
}

const GID: usize = 2;
/// Waits for something to read at most that long, so that an end is seen soon.
const TURN: Duration = Duration::from_millis(1);
/// A request that has no answer by then never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// Nobody else is there.
pub struct Nobody;

impl Crowd for Nobody {
    fn go_on(&mut self) {
        std::thread::sleep(TURN);
    }

    fn deeds(&self) -> String {
        "–".to_owned()
    }
}

/// One who talks to himself, in a group of his own.
pub struct Talking {
    fleet: Fleet,
    began: Instant,
    per_second: f64,
    client: usize,
    under_way: usize,
    said: u64,
    heard: u64,
    refused: u64,
    closed: u64,
}

impl Talking {
    /// Requests that wait for their answer: more than are read from one connection in a turn.
    const WINDOW: usize = 4000;
    const CONTENT: &[u8] = &[b'x'; 64];

    pub fn within(address: SocketAddr) -> Talking {
        Talking::new(address, 90_000.0)
    }

    pub fn on_disk(address: SocketAddr) -> Talking {
        Talking::new(address, 20_000.0)
    }

    pub fn over(address: SocketAddr) -> Talking {
        Talking::new(address, f64::INFINITY)
    }

    fn new(address: SocketAddr, per_second: f64) -> Talking {
        let mut talking = Talking {
            fleet: Fleet::new(address),
            began: Instant::now(),
            per_second,
            client: 0,
            under_way: 0,
            said: 0,
            heard: 0,
            refused: 0,
            closed: 0,
        };
        talking.arrive();
        talking.began = Instant::now();
        talking
    }

    /// On a new connection, as a new guest: where this is no longer wanted.
    fn arrive(&mut self) {
        self.client = self.fleet.connect();
        self.under_way = 0;
        self.fleet.upgrade(self.client);
        self.fleet.await_opened();
        self.fleet.outs().send(self.client, br#"{"type":"login"}"#);
        self.fleet.outs().send(self.client, format!(r#"{{"type":"join","gid":{GID}}}"#).as_bytes());
    }
}

impl Crowd for Talking {
    fn go_on(&mut self) {
        let due = self.began.elapsed().as_secs_f64() * self.per_second;
        while self.under_way < Talking::WINDOW && (self.said as f64) < due {
            say(self.fleet.outs(), self.client, GID, Talking::CONTENT);
            self.under_way += 1;
            self.said += 1;
        }
        let (talker, mut is_gone) = (self.client, false);
        self.fleet.turn(Some(Duration::ZERO), |client, said, _| match said {
            _ if client != talker => {}
            Said::Text(text) if content_of(text).is_some() => {
                self.heard += 1;
                self.under_way -= 1;
            }
            Said::Text(text) if text.starts_with(r#"{"type":"error""#) => {
                self.refused += 1;
                self.under_way = self.under_way.saturating_sub(1);
            }
            Said::Text(_) => {}
            Said::Close(_) | Said::Gone(_) => is_gone = true,
        });
        if is_gone {
            self.closed += 1;
            self.arrive();
        }
    }

    fn deeds(&self) -> String {
        let (heard, refused, closed) = (self.heard, self.refused, self.closed);
        format!("{heard} messages taken, {refused} refused, closed {closed} times")
    }
}

/// A large group, in which one speaks.
pub struct Large {
    fleet: Fleet,
    began: Instant,
    said: u64,
    heard: u64,
}

impl Large {
    const MEMBERS: usize = 10_000;
    const PER_SECOND: f64 = 10.0;
    /// Messages that not all have heard: a server that falls behind is not drowned.
    const WINDOW: u64 = 4;

    pub fn new(address: SocketAddr) -> Large {
        let mut fleet = Fleet::new(address);
        fleet.open(Large::MEMBERS);
        chat::login(&mut fleet);
        chat::join(&mut fleet, |_| GID);
        Large { fleet, began: Instant::now(), said: 0, heard: 0 }
    }
}

impl Crowd for Large {
    fn go_on(&mut self) {
        let due = (self.began.elapsed().as_secs_f64() * Large::PER_SECOND) as u64;
        if self.said < due && self.said < self.heard / Large::MEMBERS as u64 + Large::WINDOW {
            say(self.fleet.outs(), 0, GID, &[b'x'; 64]);
            self.said += 1;
        }
        self.fleet.turn(Some(TURN), |client, said, _| {
            self.heard += u64::from(content_of(text_or_panic(client, &said)).is_some());
        });
    }

    fn deeds(&self) -> String {
        format!("{} messages, {} deliveries", self.said, self.heard)
    }
}

/// Somebody who has said a lot, alone in some groups.
struct Author {
    fleet: Fleet,
    token: String,
    epoch: String,
}

impl Author {
    /// So much is said in each of these groups.
    fn new(address: SocketAddr, gids: impl Iterator<Item = usize>, entries: u64) -> Author {
        let mut fleet = Fleet::new(address);
        fleet.open(1);
        let login = chat::login_answers(&mut fleet).swap_remove(0);
        let (token, epoch) = (chat::text_of(&login, "token"), chat::text_of(&login, "epoch"));
        let (token, epoch) = (token.to_owned(), epoch.to_owned());
        for gid in gids {
            chat::join(&mut fleet, |_| gid);
            fill(&mut fleet, gid, entries);
        }
        Author { fleet, token, epoch }
    }
}

/// The first client says so much in a group that it is alone in.
pub fn fill(fleet: &mut Fleet, gid: usize, entries: u64) {
    const WINDOW: u64 = 256;
    let (mut said, mut heard) = (0, 0);
    let mut advanced_at = Instant::now();
    while heard < entries {
        while said < entries && said - heard < WINDOW {
            said += 1;
            say(fleet.outs(), 0, gid, past::content(said).as_bytes());
        }
        fleet.turn(Some(TURN), |client, said, _| {
            heard += u64::from(content_of(text_or_panic(client, &said)).is_some());
            advanced_at = Instant::now();
        });
        assert!(advanced_at.elapsed() < PATIENCE, "{heard} of {entries} have come");
    }
}

/// One who searches, page after page: for a word that is in one of a hundred entries, and for two that are in most
/// and stand nowhere side by side as they are looked for.
pub struct Searching {
    author: Author,
    asked_at: Instant,
    next: Option<String>,
    searches: usize,
    pages: u64,
    found: u64,
}

impl Searching {
    const ENTRIES: u64 = 100_000;
    const SEARCHES: [&str; 3] = [past::WORD, "天今 友朋", "电影 1"];

    pub fn new(address: SocketAddr) -> Searching {
        let author = Author::new(address, std::iter::once(GID), Searching::ENTRIES);
        let mut searching =
            Searching { author, asked_at: Instant::now(), next: None, searches: 0, pages: 0, found: 0 };
        searching.ask();
        searching
    }

    fn ask(&mut self) {
        if self.next.is_none() {
            self.searches += 1;
        }
        let words = Searching::SEARCHES[self.searches % Searching::SEARCHES.len()];
        let cursor = self.next.take().map_or_else(String::new, |next| format!(r#","cursor":"{next}""#));
        let request = format!(r#"{{"type":"search","q":"{words}"{cursor}}}"#);
        self.author.fleet.outs().send(0, request.as_bytes());
        self.asked_at = Instant::now();
    }
}

impl Crowd for Searching {
    fn go_on(&mut self) {
        let mut is_answered = false;
        self.author.fleet.turn(Some(TURN), |client, said, _| {
            let text = text_or_panic(client, &said);
            assert!(text.starts_with(r#"{"type":"search""#), "{text}");
            is_answered = true;
            self.found += text.matches(r#""seq":"#).count() as u64;
            self.next = text.contains(r#""next":""#).then(|| chat::text_of(text, "next").to_owned());
        });
        if is_answered {
            self.pages += 1;
            self.ask();
        }
        assert!(self.asked_at.elapsed() < PATIENCE, "a search has no answer");
    }

    fn deeds(&self) -> String {
        format!("{} searches, {} pages, {} entries", self.searches, self.pages, self.found)
    }
}

/// One who comes back, again and again, and has missed everything each time.
pub struct Resuming {
    author: Author,
    login: String,
    client: usize,
    came_at: Instant,
    entries: u64,
    times: u64,
}

impl Resuming {
    const GROUPS: std::ops::Range<usize> = 100..150;
    const ENTRIES: u64 = 500;

    pub fn new(address: SocketAddr) -> Resuming {
        let author = Author::new(address, Resuming::GROUPS, Resuming::ENTRIES);
        let groups: Vec<String> = Resuming::GROUPS.map(|gid| format!(r#""{gid}":0"#)).collect();
        let (token, epoch, groups) = (&author.token, &author.epoch, groups.join(","));
        let login = format!(
            r#"{{"type":"login","token":"{token}","resume":{{"epoch":"{epoch}","groups":{{{groups}}}}}}}"#
        );
        let mut resuming =
            Resuming { author, login, client: 0, came_at: Instant::now(), entries: 0, times: 0 };
        resuming.come();
        resuming
    }

    fn come(&mut self) {
        let fleet = &mut self.author.fleet;
        self.client = fleet.connect();
        self.came_at = Instant::now();
        self.entries = 0;
        fleet.upgrade(self.client);
        fleet.await_opened();
        fleet.outs().send(self.client, self.login.as_bytes());
    }
}

impl Crowd for Resuming {
    fn go_on(&mut self) {
        let (reader, mut is_done) = (self.client, false);
        self.author.fleet.turn(Some(TURN), |client, said, _| {
            if client == reader {
                let text = text_or_panic(client, &said);
                assert!(!text.starts_with(r#"{"type":"error""#), "{text}");
                self.entries += u64::from(content_of(text).is_some());
                is_done |= text.starts_with(r#"{"type":"resumed""#);
            }
        });
        if is_done {
            assert_eq!(self.entries, Resuming::ENTRIES * Resuming::GROUPS.len() as u64, "replayed");
            self.times += 1;
            self.author.fleet.cut(reader);
            self.come();
        }
        assert!(self.came_at.elapsed() < PATIENCE, "{} entries, and no end of the replay", self.entries);
    }

    fn deeds(&self) -> String {
        format!("{} replays of {} entries", self.times, Resuming::ENTRIES * Resuming::GROUPS.len() as u64)
    }
}

/// A quarter are members of a group in which much is said, and never read; a quarter send a request head a byte at a
/// time; a quarter a frame's first half, and nothing more; a quarter pings as fast as the line takes them. Who is
/// closed comes again.
pub struct Hostile {
    fleet: Fleet,
    slow: Fleet,
    began: Instant,
    spoken: u64,
    stepped: u64,
    manners: Vec<Manner>,
    pings: u64,
    closed: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Drips,
    StopsInAFrame,
    Pings,
    /// Has come again under another number.
    Gone,
}

impl Hostile {
    const EACH: usize = 250;
    /// Messages of 1 KiB in the group of those who never read.
    const SPOKEN_PER_SECOND: f64 = 50.0;
    /// Of all who flood, each with the pings below.
    const STEPS_PER_SECOND: f64 = 1_000.0;
    const PINGS_AT_ONCE: u64 = 250;
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
    /// A masked text frame that says it has 1,000 bytes, and has four.
    const HALF_FRAME: &[u8] = b"\x81\xfe\x03\xe8\0\0\0\0{\"ty";
    /// A masked Ping frame with four bytes.
    const PING: &[u8] = b"\x89\x84\0\0\0\0ping";

    pub fn new(address: SocketAddr) -> Hostile {
        let mut slow = Fleet::new(address);
        slow.open(1 + Hostile::EACH);
        chat::login(&mut slow);
        chat::join(&mut slow, |_| GID);
        slow.deafen(1..slow.len());
        let mut hostile = Hostile {
            fleet: Fleet::new(address),
            slow,
            began: Instant::now(),
            spoken: 0,
            stepped: 0,
            manners: Vec::new(),
            pings: 0,
            closed: 0,
        };
        for manner in [Manner::Drips, Manner::StopsInAFrame, Manner::Pings] {
            (0..Hostile::EACH).for_each(|_| hostile.come(manner));
        }
        hostile.began = Instant::now();
        hostile
    }

    fn come(&mut self, manner: Manner) {
        let client = self.fleet.connect();
        self.manners.push(manner);
        match manner {
            Manner::Drips => self.fleet.outs().raw(client, Hostile::HEAD),
            Manner::StopsInAFrame | Manner::Pings => {
                self.fleet.upgrade(client);
                self.fleet.await_opened();
                if manner == Manner::StopsInAFrame {
                    self.fleet.outs().raw(client, Hostile::HALF_FRAME);
                }
            }
            Manner::Gone => {}
        }
    }

    /// One of those who drip or flood does so.
    fn step(&mut self) {
        let client = self.stepped as usize % self.manners.len();
        self.stepped += 1;
        match self.manners[client] {
            Manner::Drips => self.fleet.outs().raw(client, b"a"),
            Manner::Pings => {
                (0..Hostile::PINGS_AT_ONCE).for_each(|_| self.fleet.outs().raw(client, Hostile::PING));
                self.pings += Hostile::PINGS_AT_ONCE;
            }
            Manner::StopsInAFrame | Manner::Gone => {}
        }
    }
}

impl Crowd for Hostile {
    fn go_on(&mut self) {
        let elapsed = self.began.elapsed().as_secs_f64();
        if (self.spoken as f64) < elapsed * Hostile::SPOKEN_PER_SECOND {
            say(self.slow.outs(), 0, GID, &[b'x'; 1024]);
            self.spoken += 1;
        }
        if (self.stepped as f64) < elapsed * Hostile::STEPS_PER_SECOND {
            self.step();
        }
        self.slow.turn(Some(Duration::ZERO), |_, _, _| {});
        let mut gone = Vec::new();
        self.fleet.turn(Some(TURN), |client, said, _| {
            if matches!(said, Said::Gone(_)) {
                gone.push(client);
            }
        });
        for client in gone {
            let manner = std::mem::replace(&mut self.manners[client], Manner::Gone);
            if manner != Manner::Gone {
                self.closed += 1;
                self.come(manner);
            }
        }
    }

    fn deeds(&self) -> String {
        format!("{} pings, {} messages to who never reads, {} closed", self.pings, self.spoken, self.closed)
    }
}
