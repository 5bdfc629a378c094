//! Readers whose line breaks again and again, while much is said: what each saw must be what history tells.
//!
//! One writer says 200 messages a second in five groups. Each of 50 readers is in two of them, is cut off at a
//! random moment every second or so (in the middle of a login or of a replay too), and comes back at once with
//! `resume` from what it has seen last; now and then one stays away for so long that there is a `gap`, which it
//! fills by `history`. An entry that is not the next of its group fails the run.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::durable::Folder;
use crate::fleet::{Fleet, Outs, Said};
use crate::record::Row;
use crate::server::Server;
use crate::table::{milliseconds, percentile, print};
use crate::{Bench, chat};

const GROUPS: usize = 5;
const READERS: usize = 50;
const PER_SECOND: u64 = 200;
/// The time between two cuts is anything up to this.
const STANDS_MAX: Duration = Duration::from_secs(2);
/// One in so many absences is a long one: over 500 entries of a group.
const LONG_ABSENCES: u64 = 100;
const LONG_ABSENCE: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(20);

const WRITER: usize = 0;

/// An entry, by its number and by what it says.
type Seen = (u64, u64);

/// What a reader has of a group.
#[derive(Default)]
struct View {
    seen: Vec<Seen>,
    /// While older entries are fetched: the first that is not missing, and what has come since.
    gap: Option<(u64, VecDeque<Seen>)>,
}

impl View {
    fn last(&self) -> u64 {
        self.seen.last().map_or(0, |(seq, _)| *seq)
    }

    fn push(&mut self, entry: Seen) {
        assert_eq!(entry.0, self.last() + 1, "not the next entry");
        self.seen.push(entry);
    }

    /// An entry that came by itself.
    fn hear(&mut self, entry: Seen) {
        match &mut self.gap {
            Some((before, later)) => {
                assert_eq!(entry.0, *before + later.len() as u64, "not the next entry after a gap");
                later.push_back(entry);
            }
            None => self.push(entry),
        }
    }

    /// A page of what is missing. True: there is still more.
    fn fill(&mut self, page: impl Iterator<Item = Seen>) -> bool {
        let Some((before, later)) = self.gap.take() else { panic!("a page that nobody asked for") };
        page.filter(|(seq, _)| *seq < before).for_each(|entry| self.push(entry));
        if self.last() + 1 < before {
            self.gap = Some((before, later));
            return true;
        }
        later.into_iter().for_each(|entry| self.push(entry));
        false
    }
}

enum Line {
    /// Comes back then.
    Cut(Instant),
    Opening,
    /// Since then the login is under way, or what was missed is on its way.
    Resuming(Instant),
    Live,
}

struct Reader {
    client: usize,
    line: Line,
    cut_at: Instant,
    token: String,
    epoch: String,
    views: BTreeMap<u64, View>,
}

/// What happened to all readers.
#[derive(Default)]
struct Tally {
    cuts: u64,
    /// Of these before the line was live again.
    cuts_under_way: u64,
    resumed: u64,
    gaps: u64,
    pages: u64,
    resumes_us: Vec<u32>,
}

impl Reader {
    fn login(&self) -> String {
        let groups: BTreeMap<String, u64> =
            self.views.iter().map(|(gid, view)| (gid.to_string(), view.last())).collect();
        let groups = serde_json::to_string(&groups).expect("numbers");
        let (token, epoch) = (&self.token, &self.epoch);
        format!(r#"{{"type":"login","token":"{token}","resume":{{"epoch":"{epoch}","groups":{groups}}}}}"#)
    }

    fn hear(&mut self, text: &str, outs: &mut Outs, tally: &mut Tally) {
        let message: Value = serde_json::from_str(text).expect("JSON");
        let number = |name: &str| message[name].as_u64().expect("a number");
        match message["type"].as_str().expect("a type") {
            "groupPm" => self.view(number("gid")).hear(entry_of(&message)),
            "gap" => {
                let gid = number("gid");
                let view = self.view(gid);
                assert_eq!(view.last(), number("after"), "a gap after what was seen");
                view.gap = Some((number("before"), VecDeque::new()));
                tally.gaps += 1;
                self.ask_page(gid, outs);
            }
            "history" => {
                let gid = number("gid");
                tally.pages += 1;
                let page = message["messages"].as_array().expect("a page").iter().map(entry_of);
                if self.view(gid).fill(page) {
                    self.ask_page(gid, outs);
                }
            }
            "resumed" => {
                let Line::Resuming(since) = self.line else { panic!("resumed twice") };
                tally.resumed += 1;
                tally.resumes_us.push(since.elapsed().as_micros() as u32);
                self.line = Line::Live;
            }
            "login" => {}
            _ => panic!("{text}"),
        }
    }

    fn view(&mut self, gid: u64) -> &mut View {
        self.views.get_mut(&gid).expect("a group that it is in")
    }

    fn ask_page(&mut self, gid: u64, outs: &mut Outs) {
        let after = self.view(gid).last();
        let request = format!(r#"{{"type":"history","gid":{gid},"after":{after},"limit":100}}"#);
        outs.send(self.client, request.as_bytes());
    }

    /// Cuts the line when it is time, and makes another.
    fn go_on(&mut self, fleet: &mut Fleet, tally: &mut Tally, random: &mut Random) {
        let now = Instant::now();
        match self.line {
            Line::Cut(until) if now >= until => {
                self.client = fleet.connect();
                fleet.upgrade(self.client);
                self.line = Line::Opening;
            }
            Line::Cut(_) => {}
            _ if now >= self.cut_at => {
                tally.cuts += 1;
                tally.cuts_under_way += u64::from(!matches!(self.line, Line::Live));
                fleet.cut(self.client);
                self.views.values_mut().for_each(|view| view.gap = None);
                let is_long = random.below(LONG_ABSENCES) == 0;
                self.line = Line::Cut(if is_long { now + LONG_ABSENCE } else { now });
                self.cut_at = now + Duration::from_micros(random.below(STANDS_MAX.as_micros() as u64));
            }
            Line::Opening if fleet.is_open(self.client) => {
                fleet.outs().send(self.client, self.login().as_bytes());
                self.line = Line::Resuming(now);
            }
            Line::Opening | Line::Resuming(_) | Line::Live => {}
        }
    }
}

fn entry_of(message: &Value) -> Seen {
    let content = message["content"].as_str().expect("a content");
    (message["seq"].as_u64().expect("a seq"), content.parse().expect("a number"))
}

/// A known generator (xorshift64), so that nothing is needed for it.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

pub fn reconnect(bench: &Bench) {
    if !bench.takes("Readers that are cut off", Row::Further) {
        return;
    }
    let length = Duration::from_secs(if bench.quick { 10 } else { 60 });
    eprintln!("reconnect: {READERS} readers that are cut off, for {} s", length.as_secs());
    let folder = Folder::new("reconnect");
    let command = bench.daemon_on(folder.arguments("full"));
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let mut fleet = Fleet::new(server.address);
    let mut readers = enter(&mut fleet);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut tally = Tally::default();
    let began = Instant::now();
    let mut said = 0;
    while began.elapsed() < length {
        while Duration::from_micros(said * 1_000_000 / PER_SECOND) <= began.elapsed() {
            let gid = 1 + said % GROUPS as u64;
            let request = format!(r#"{{"type":"group","gid":{gid},"content":"{said}"}}"#);
            fleet.outs().send(WRITER, request.as_bytes());
            said += 1;
        }
        readers.iter_mut().for_each(|reader| reader.go_on(&mut fleet, &mut tally, &mut random));
        turn(&mut fleet, &mut readers, &mut tally);
    }
    // Nobody is cut off any more, and all catch up.
    let calm = Instant::now();
    let per_group = said / GROUPS as u64;
    let is_there = |reader: &Reader| {
        matches!(reader.line, Line::Live) && reader.views.values().all(|view| view.last() >= per_group)
    };
    while !readers.iter().all(is_there) {
        assert!(calm.elapsed() < LONG_ABSENCE + PATIENCE, "somebody does not catch up");
        for reader in &mut readers {
            reader.cut_at = Instant::now() + PATIENCE;
            reader.go_on(&mut fleet, &mut tally, &mut random);
        }
        turn(&mut fleet, &mut readers, &mut tally);
    }
    report(&mut fleet, &readers, tally, said, length);
}

/// The writer, in all groups, and the readers, each in two.
fn enter(fleet: &mut Fleet) -> Vec<Reader> {
    fleet.open(1 + READERS);
    let logins = chat::login_answers(fleet);
    for step in 0..GROUPS {
        chat::join(
            fleet,
            |client| if client == WRITER { 1 + step } else { 1 + (client + step % 2) % GROUPS },
        );
    }
    let reader = |(client, login): (usize, &String)| Reader {
        client,
        line: Line::Live,
        cut_at: Instant::now() + STANDS_MAX / 2,
        token: chat::text_of(login, "token").to_owned(),
        epoch: chat::text_of(login, "epoch").to_owned(),
        views: [0, 1].map(|step| (1 + ((client + step) % GROUPS) as u64, View::default())).into(),
    };
    // What came of joining is no part of this.
    for _ in 0..20 {
        fleet.turn(Some(Duration::from_millis(10)), |_, _, _| {});
    }
    logins.iter().enumerate().skip(1).map(reader).collect()
}

fn turn(fleet: &mut Fleet, readers: &mut [Reader], tally: &mut Tally) {
    let by_client: BTreeMap<usize, usize> =
        readers.iter().enumerate().map(|(index, reader)| (reader.client, index)).collect();
    fleet.turn(Some(Duration::from_millis(1)), |client, said, outs| {
        let reader = by_client.get(&client).map(|index| &mut readers[*index]);
        match said {
            Said::Text(text) if client != WRITER => {
                if let Some(reader) = reader {
                    reader.hear(text, outs, tally);
                }
            }
            Said::Text(text) => assert!(!text.starts_with(r#"{"type":"error""#), "{text}"),
            Said::Close(code) => panic!("client {client} was closed with {code}"),
            Said::Gone(error) => panic!("client {client} was lost: {error:?}"),
        }
    });
}

/// Everything that history tells of a group.
fn history(fleet: &mut Fleet, gid: u64) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    let mut more = true;
    while more {
        let after = all.last().map_or(0, |(seq, _)| *seq);
        let request = format!(r#"{{"type":"history","gid":{gid},"after":{after},"limit":100}}"#);
        fleet.outs().send(WRITER, request.as_bytes());
        let (began, before) = (Instant::now(), all.len());
        while all.len() == before && more {
            assert!(began.elapsed() < PATIENCE, "no page of history");
            fleet.turn(Some(Duration::from_millis(1)), |client, said, _| {
                if let Said::Text(text) = said
                    && client == WRITER
                    && text.starts_with(r#"{"type":"history""#)
                {
                    let page: Value = serde_json::from_str(text).expect("JSON");
                    all.extend(page["messages"].as_array().expect("a page").iter().map(entry_of));
                    more = page["more"] == true;
                }
            });
        }
    }
    all
}

fn report(fleet: &mut Fleet, readers: &[Reader], mut tally: Tally, said: u64, length: Duration) {
    let told: BTreeMap<u64, Vec<Seen>> = (1..=GROUPS as u64).map(|gid| (gid, history(fleet, gid))).collect();
    assert_eq!(told.values().map(|told| told.len() as u64).sum::<u64>(), said, "history tells what was said");
    let mut seen = 0;
    for reader in readers {
        for (gid, view) in &reader.views {
            assert!(view.seen == told[gid], "what a reader saw of group {gid} is not what history tells");
            seen += view.seen.len();
        }
    }
    tally.resumes_us.sort_unstable();
    let resume = |part| milliseconds(f64::from(percentile(&tally.resumes_us, part)) / 1e6);
    let rows = [
        ("messages said", said.to_string()),
        ("entries seen, each once, in order, as history tells them", seen.to_string()),
        ("cuts", tally.cuts.to_string()),
        ("of these before the reader had caught up", tally.cuts_under_way.to_string()),
        ("times resumed", tally.resumed.to_string()),
        ("gaps, and pages that filled them", format!("{}, {}", tally.gaps, tally.pages)),
        ("from the login to `resumed`: median, p99, most", [0.5, 0.99, 1.0].map(resume).join(", ")),
    ];
    let title = format!("{READERS} readers that are cut off at random, for {} s", length.as_secs());
    print(&title, &["what", "figure"], &rows.map(|(what, figure)| vec![what.to_owned(), figure]));
}
