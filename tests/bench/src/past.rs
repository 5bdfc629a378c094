//! A group in which much has been said: what it costs to look back, and what others notice of that.
//!
//! One client asks for one thing after the other and waits for each answer. Meanwhile another, who is not in the
//! group, sends `ping` without a pause: its longest round trip is the longest turn of the loop, as seen from
//! outside, with two trips over loopback.

use std::time::{Duration, Instant};

use crate::durable::Folder;
use crate::fleet::{Fleet, Said};
use crate::record::Row;
use crate::server::Server;
use crate::table::{median, milliseconds, print};
use crate::{Bench, chat};

const ENTRIES: u64 = 100_000;
/// Messages under way while the group is filled.
const FILLING: u64 = 256;
const PATIENCE: Duration = Duration::from_secs(10);
/// The word that is looked for, in one of a hundred messages.
pub const WORD: &str = "天气";
const OTHERS: [&str; 8] = ["今天", "朋友", "晚饭", "电影", "火车", "音乐", "作业", "周末"];

/// Entries that a reader who resumes has missed: as many as are replayed.
const MISSED: u64 = 500;

const WRITER: usize = 0;
const READER: usize = 1;
const PINGER: usize = 2;

/// What was waited for, in seconds.
#[derive(Default)]
struct Waits {
    answers: Vec<f64>,
    longest_ping: f64,
}

struct Past {
    fleet: Fleet,
    pinged_at: Instant,
    /// The login of a reader who comes back and has missed [`MISSED`] entries.
    login: String,
}

impl Past {
    fn new(server: &Server) -> Past {
        let mut fleet = Fleet::new(server.address);
        fleet.open(3);
        let login = chat::login_answers(&mut fleet).swap_remove(READER);
        let (token, epoch) = (chat::text_of(&login, "token"), chat::text_of(&login, "epoch"));
        let after = ENTRIES - MISSED;
        let login = format!(
            r#"{{"type":"login","token":"{token}","resume":{{"epoch":"{epoch}","groups":{{"1":{after}}}}}}}"#
        );
        // The pinger is in a group of its own.
        chat::join(&mut fleet, |client| if client == PINGER { 2 } else { 1 });
        Past { fleet, pinged_at: Instant::now(), login }
    }

    /// Says everything there is to look back at.
    fn fill(&mut self) {
        // Who has heard least counts, or what waits for it would grow.
        let (mut said, mut heard_by) = (0, [0; 2]);
        let mut advanced_at = Instant::now();
        while heard_by[0].min(heard_by[1]) < ENTRIES {
            while said < ENTRIES && said - heard_by[0].min(heard_by[1]) < FILLING {
                said += 1;
                let words = content(said);
                let request = format!(r#"{{"type":"group","gid":1,"content":"{words}"}}"#);
                self.fleet.outs().send(WRITER, request.as_bytes());
            }
            self.fleet.turn(Some(Duration::ZERO), |client, said, _| {
                let text = text_or_panic(client, &said);
                if client != PINGER && text.starts_with(r#"{"type":"groupPm""#) {
                    heard_by[client] += 1;
                }
                advanced_at = Instant::now();
            });
            assert!(advanced_at.elapsed() < PATIENCE, "{heard_by:?} of {ENTRIES} have come");
        }
    }

    /// Does something so often, one after the other, and pings all the while.
    fn watch(&mut self, times: u64, mut ask: impl FnMut(&mut Past, u64, &mut Waits)) -> Waits {
        let mut waits = Waits::default();
        self.ping();
        for round in 0..times {
            ask(self, round, &mut waits);
        }
        self.turn_until(&mut waits, |client, _| client == PINGER);
        waits
    }

    fn ping(&mut self) {
        self.fleet.outs().send(PINGER, br#"{"type":"ping","id":"p"}"#);
        self.pinged_at = Instant::now();
    }

    /// Sends a request and waits for the answer that begins so.
    fn ask(&mut self, client: usize, request: &str, answer: &str, waits: &mut Waits) {
        let began = Instant::now();
        self.fleet.outs().send(client, request.as_bytes());
        self.turn_until(waits, |from, text| {
            assert!(!text.starts_with(r#"{"type":"error""#), "{request}: {text}");
            from == client && text.starts_with(answer)
        });
        waits.answers.push(began.elapsed().as_secs_f64());
    }

    /// Turns until somebody has heard what is waited for.
    fn turn_until(&mut self, waits: &mut Waits, mut is_it: impl FnMut(usize, &str) -> bool) {
        let began = Instant::now();
        while !self.turn(waits, &mut is_it) {
            assert!(began.elapsed() < PATIENCE, "no answer");
        }
    }

    /// One turn. Tells whether somebody has heard what is waited for.
    fn turn(&mut self, waits: &mut Waits, mut is_it: impl FnMut(usize, &str) -> bool) -> bool {
        let (mut is_heard, mut ponged) = (false, false);
        self.fleet.turn(Some(Duration::ZERO), |client, said, _| {
            let text = text_or_panic(client, &said);
            ponged |= client == PINGER;
            is_heard |= is_it(client, text);
        });
        if ponged {
            waits.longest_ping = waits.longest_ping.max(self.pinged_at.elapsed().as_secs_f64());
            self.ping();
        }
        is_heard
    }

    /// Waits for a ping.
    fn idle(&mut self, waits: &mut Waits) {
        let began = Instant::now();
        self.turn_until(waits, |client, _| client == PINGER);
        waits.answers.push(began.elapsed().as_secs_f64());
    }

    /// A page in the middle, another each time.
    fn page(&mut self, round: u64, waits: &mut Waits) {
        let before = ENTRIES / 2 + round * 37 % 10_000;
        let request = format!(r#"{{"type":"history","gid":1,"before":{before},"limit":100}}"#);
        self.ask(READER, &request, r#"{"type":"history""#, waits);
    }
}

impl Past {
    /// On a connection of its own, from the login to `resumed`.
    fn resume(&mut self, waits: &mut Waits) {
        let client = self.fleet.connect();
        self.fleet.upgrade(client);
        while !self.fleet.is_open(client) {
            self.turn(waits, |_, _| false);
        }
        let began = Instant::now();
        self.fleet.outs().send(client, self.login.clone().as_bytes());
        let mut entries = 0;
        self.turn_until(waits, |from, text| {
            entries += u64::from(from == client && text.starts_with(r#"{"type":"groupPm""#));
            from == client && text.starts_with(r#"{"type":"resumed""#)
        });
        waits.answers.push(began.elapsed().as_secs_f64());
        assert_eq!(entries, MISSED, "replayed");
        self.fleet.cut(client);
    }

    /// In all that the reader may see.
    fn search(&mut self, waits: &mut Waits) {
        let request = format!(r#"{{"type":"search","q":"{WORD}"}}"#);
        self.ask(READER, &request, r#"{"type":"search","messages":[{"#, waits);
    }
}

/// About 200 bytes; which words are in it depends on the number alone.
pub fn content(number: u64) -> String {
    let mut text = format!("{number} ");
    if number.is_multiple_of(100) {
        text.push_str(WORD);
    }
    // A step of a known generator (Knuth's MMIX) for each word.
    let mut random = number;
    for _ in 0..30 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(OTHERS[(random >> 61) as usize]);
    }
    text
}

pub fn past(bench: &Bench) {
    if !bench.takes("Looking back", Row::Further) {
        return;
    }
    eprintln!("past: {ENTRIES} messages in a group");
    let folder = Folder::new("past");
    let command = bench.daemon_on(folder.arguments("full"));
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let mut past = Past::new(&server);
    let began = Instant::now();
    past.fill();
    eprintln!("filled in {:.1} s", began.elapsed().as_secs_f64());
    let times = if bench.quick { 50 } else { 300 };
    let rows = [
        ("nothing but pings", past.watch(times, |past, _, waits| past.idle(waits))),
        ("history, 100 entries in the middle", past.watch(times, Past::page)),
        ("resume, 500 entries missed", past.watch(times, |past, _, waits| past.resume(waits))),
        ("search, a word of two characters", past.watch(times, |past, _, waits| past.search(waits))),
    ];
    let row = |(what, waits): &(&str, Waits)| {
        let most = waits.answers.iter().copied().fold(0.0, f64::max);
        vec![
            (*what).to_owned(),
            milliseconds(median(waits.answers.iter().copied())),
            milliseconds(most),
            milliseconds(waits.longest_ping),
        ]
    };
    let head = ["what", "median", "most", "longest round trip of another's ping"];
    print(
        &format!("A group with {ENTRIES} stored messages"),
        &head,
        &rows.iter().map(row).collect::<Vec<_>>(),
    );
}

fn text_or_panic<'a>(client: usize, said: &Said<'a>) -> &'a str {
    match said {
        Said::Text(text) => text,
        Said::Close(code) => panic!("client {client} was closed with {code}"),
        Said::Gone(error) => panic!("client {client} was lost: {error:?}"),
    }
}
