//! Connections that come and go: does anything stay behind?
//!
//! They come in waves. Of each wave half never log in, and half are guests who return with their tokens, join a
//! group, say something, leave and go; every second connection is closed in order and the others are cut. The first
//! batch of waves fills what has a limit: the newest entries of each group in memory, caches, the allocator's own
//! lists. From then on private memory must stay as it is.
//!
//! A connection that has gone leaves twelve bytes in the wheel of deadlines until its slot comes round. So after each
//! batch nothing happens for longer than any deadline.
//!
//! Then guests come who are new. Each of them is a row in the store until he is forgotten, so a store in memory
//! grows by design; what it costs is told, and not judged.

use std::time::{Duration, Instant};

use crate::contest::attempt;
use crate::durable::Folder;
use crate::fairness::fill;
use crate::fleet::{Fleet, Said};
use crate::record::{Goal, Row};
use crate::server::Server;
use crate::table::{mebibytes, print};
use crate::{Bench, chat};

const WAVE: usize = 500;
/// The first of each wave log in.
const LOGGED_IN: usize = 250;
const MEMBERS_PER_GROUP: usize = 50;
const WAVES_PER_BATCH: usize = 67;
const BATCHES: usize = 3;
const WAVES_OF_NEW_GUESTS: usize = 40;
/// What is said before all of that, so that SQLite's cache (8 MiB) is full.
const CACHED_ENTRIES: u64 = 50_000;
const GID_OF_CACHES: usize = 1_000;
/// From the end of the second batch to the end of the third.
const GROWTH_KIB: f64 = 256.0;
/// What the last wave left behind may be freed meanwhile.
const SETTLING: Duration = Duration::from_millis(500);
/// Longer than silence is borne, and so than any deadline of who has gone.
const DEADLINES_PASS: Duration = Duration::from_secs(36);
const PATIENCE: Duration = Duration::from_secs(10);

pub fn growth(bench: &Bench) {
    let waves = if bench.quick { WAVES_PER_BATCH / 5 } else { WAVES_PER_BATCH };
    let title = format!("{} connections that come and go", BATCHES * waves * WAVE);
    if !bench.takes(&title, Row::Further) {
        return;
    }
    if let Err(why) = attempt(|| measure(bench, &title, waves)) {
        bench.record.fail(&title, &why);
    }
}

fn measure(bench: &Bench, title: &str, waves: usize) {
    let mut both = ["memory", "disk"].map(|store| Subject::new(bench, store));
    for batch in 0..BATCHES {
        eprintln!("growth: batch {} of {BATCHES}", batch + 1);
        if batch > 0 {
            std::thread::sleep(DEADLINES_PASS);
        }
        both.iter_mut().for_each(|it| it.batch(waves));
    }
    let rows: Vec<Vec<String>> = both.iter_mut().map(|it| it.row(bench, title)).collect();
    let head = [
        "store",
        "own memory before",
        "after batch 1",
        "2",
        "3",
        "growth in batch 3",
        "for each guest who is new",
        "in files, for each of them",
        "connections/s",
    ];
    print(title, &head, &rows);
}

/// A daemon whose memory is looked at.
struct Subject {
    store: &'static str,
    server: Server,
    guests: Vec<String>,
    before: u64,
    after: Vec<u64>,
    per_second: f64,
    /// Removed when the server has ended: fields are dropped in order.
    folder: Folder,
}

impl Subject {
    fn new(bench: &Bench, store: &'static str) -> Subject {
        let folder = Folder::new(&format!("growth-{store}"));
        let command =
            if store == "disk" { bench.daemon_on(folder.arguments("full")) } else { bench.daemon() };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let server = Server::start("karez", &command);
        let before = server.rss_anon();
        fill_caches(&server);
        let guests = new_guests(&server);
        Subject { store, server, guests, before, after: Vec::new(), per_second: 0.0, folder }
    }

    /// Waves of those who are known.
    fn batch(&mut self, waves: usize) {
        let began = Instant::now();
        (0..waves).for_each(|_| wave(&self.server, Some(&self.guests)));
        self.per_second = (waves * WAVE) as f64 / began.elapsed().as_secs_f64();
        std::thread::sleep(SETTLING);
        self.after.push(self.server.rss_anon());
    }

    /// What a guest costs who is new: own memory, and in files.
    fn new_guests(&self) -> (i64, u64) {
        let (memory, files) = (self.server.rss_anon(), self.folder.bytes());
        (0..WAVES_OF_NEW_GUESTS).for_each(|_| wave(&self.server, None));
        std::thread::sleep(SETTLING);
        let guests = WAVES_OF_NEW_GUESTS * LOGGED_IN;
        let grown = self.server.rss_anon() as i64 - memory as i64;
        (grown / guests as i64, self.folder.bytes().saturating_sub(files) / guests as u64)
    }

    fn row(&mut self, bench: &Bench, title: &str) -> Vec<String> {
        let growth_kib = (self.after[BATCHES - 1] as f64 - self.after[BATCHES - 2] as f64) / 1024.0;
        bench.record.goal(
            &format!("{title}, store {}: growth in the last third (KiB)", self.store),
            Some(growth_kib),
            Goal::AtMost(GROWTH_KIB),
        );
        let (memory, files) = self.new_guests();
        let mut row = vec![self.store.to_owned(), mebibytes(self.before)];
        row.extend(self.after.iter().map(|bytes| mebibytes(*bytes)));
        row.push(format!("{growth_kib:.0} KiB"));
        row.push(format!("{memory} bytes"));
        row.push(if self.store == "disk" { format!("{files} bytes") } else { "–".to_owned() });
        row.push(format!("{:.0}", self.per_second));
        row
    }
}

/// SQLite keeps so much of the file in memory, and no more.
fn fill_caches(server: &Server) {
    let mut fleet = Fleet::new(server.address);
    fleet.open(1);
    chat::login(&mut fleet);
    chat::join(&mut fleet, |_| GID_OF_CACHES);
    fill(&mut fleet, GID_OF_CACHES, CACHED_ENTRIES);
}

/// Guests, and their tokens, with which they return.
fn new_guests(server: &Server) -> Vec<String> {
    let mut fleet = Fleet::new(server.address);
    fleet.open(LOGGED_IN);
    let answers = chat::login_answers(&mut fleet);
    answers.iter().map(|answer| chat::text_of(answer, "token").to_owned()).collect()
}

/// A wave comes and goes: guests who return, or new ones.
fn wave(server: &Server, guests: Option<&[String]>) {
    let mut fleet = Fleet::new(server.address);
    fleet.open(LOGGED_IN);
    let login = |client: usize| match guests {
        Some(tokens) => format!(r#"{{"type":"login","token":"{}"}}"#, tokens[client]),
        None => r#"{"type":"login"}"#.to_owned(),
    };
    let gid = |client: usize| 1 + client / MEMBERS_PER_GROUP;
    chat::ask(&mut fleet, login, r#"{"type":"login""#);
    chat::join(&mut fleet, gid);
    // Without an id: ids are remembered for a day, so that a message may be sent again.
    for client in 0..LOGGED_IN {
        let request = format!(r#"{{"type":"group","gid":{},"content":"{client:064}"}}"#, gid(client));
        fleet.outs().send(client, request.as_bytes());
    }
    chat::ask(&mut fleet, |_| r#"{"type":"ping","id":"p"}"#.to_owned(), r#"{"type":"pong""#);
    let leave = |client: usize| format!(r#"{{"type":"leave","gid":{},"id":"l"}}"#, gid(client));
    chat::ask(&mut fleet, leave, r#"{"type":"ack","id":"l""#);
    fleet.open(WAVE - LOGGED_IN);
    let mut gone = vec![false; WAVE];
    for (client, gone) in gone.iter_mut().enumerate() {
        if client.is_multiple_of(2) {
            fleet.close(client);
        } else {
            fleet.cut(client);
            *gone = true;
        }
    }
    let began = Instant::now();
    while gone.contains(&false) {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| {
            gone[client] |= matches!(said, Said::Gone(_));
        });
        assert!(began.elapsed() < PATIENCE, "some who said goodbye are not closed");
    }
}
