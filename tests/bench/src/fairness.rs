//! Whether quiet users notice what others do.
//!
//! A hundred users in a group of their own say something once a second each, and everybody in it hears everything.
//! Meanwhile others do one by one what takes a server's time (`fairness/crowds.rs`). A latency counts from the moment
//! at which a message was due, so a server that is busy with somebody else for a while is charged for everything
//! that waited.
//!
//! The others have a thread of their own here, and the quiet ones come first where both want the generator's core:
//! else the time that it takes to read ten thousand deliveries would be part of what the quiet ones wait for.
//! *Sent late* tells what is left of that.

mod crowds;

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::contest::attempt;
use crate::durable::Folder;
use crate::fleet::{Fleet, Outs, Said};
use crate::load::Stamp;
use crate::record::{Goal, Row};
use crate::server::Server;
use crate::table::{milliseconds, percentile, print};
use crate::{Bench, chat};

pub use crowds::fill;
use crowds::{Crowd, Hostile, Large, Nobody, Resuming, Searching, Talking};

const USERS: usize = 100;
const MESSAGE_BYTES: usize = 64;
/// Of all of them together.
const MESSAGES_PER_SECOND: u64 = 100;
const WARM_UP: Duration = Duration::from_millis(500);
/// What has not come by then is lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// The p99 of the quiet ones, whatever others do.
const P99_MS: f64 = 50.0;
/// The quiet ones' group. The crowds have the others.
const GID: usize = 1;

/// Which daemon is measured.
#[derive(Clone, Copy, PartialEq)]
enum Daemon {
    /// As it is started without a flag, but for the address and the folder.
    Default,
    /// The rates that the bench allows everybody, on a store in a file.
    Disk,
    /// The same in memory.
    Memory,
}

impl Daemon {
    fn command(self, bench: &Bench, folder: &Folder) -> Vec<String> {
        match self {
            Daemon::Default => bench.daemon_by_default(folder.arguments("full")),
            Daemon::Disk => bench.daemon_on(folder.arguments("full")),
            Daemon::Memory => bench.daemon(),
        }
    }
}

type Case = (&'static str, Daemon, fn(SocketAddr) -> Box<dyn Crowd>);

const CASES: [Case; 9] = [
    ("nobody", Daemon::Default, |_| Box::new(Nobody)),
    ("one who says 90,000 a second, as is allowed; in memory", Daemon::Memory, |at| {
        Box::new(Talking::within(at))
    }),
    ("one who says 20,000 a second, as is allowed; on disk", Daemon::Disk, |at| {
        Box::new(Talking::on_disk(at))
    }),
    ("one who says what the line takes, far over the rate", Daemon::Default, |at| {
        Box::new(Talking::over(at))
    }),
    ("a group of 10,000, 10 messages a second", Daemon::Memory, |at| Box::new(Large::new(at))),
    ("searches in 100,000 messages, one after the other", Daemon::Disk, |at| Box::new(Searching::new(at))),
    ("resuming 50 groups with 500 entries each", Daemon::Disk, |at| Box::new(Resuming::new(at))),
    ("1,000 slow and hostile, in memory", Daemon::Memory, |at| Box::new(Hostile::new(at))),
    ("1,000 slow and hostile, by default", Daemon::Default, |at| Box::new(Hostile::new(at))),
];

pub fn fairness(bench: &Bench) {
    if !bench.takes("Quiet users beside busy ones", Row::Further) {
        return;
    }
    let length = Duration::from_secs(if bench.quick { 3 } else { 8 });
    let mut rows = Vec::new();
    for (name, daemon, crowd) in CASES {
        eprintln!("fairness: {name}");
        match attempt(|| one(bench, daemon, crowd, length)) {
            Ok(seen) => {
                let p99 = f64::from(percentile(&seen.latencies_us, 0.99)) / 1e3;
                bench.record.goal(
                    &format!("{USERS} quiet users beside {name}: p99 (ms)"),
                    Some(p99),
                    Goal::AtMost(P99_MS),
                );
                rows.push(seen.row(name));
            }
            Err(why) => bench.record.fail(&format!("quiet users beside {name}"), &why),
        }
    }
    let head = ["beside", "which did", "p50", "p99", "p99.9", "most", "sent late, p99.9", "server's CPU"];
    print(&format!("{USERS} quiet users, each a message a second to all of them"), &head, &rows);
}

/// What the quiet ones saw.
struct Seen {
    /// Sorted.
    latencies_us: Vec<u32>,
    /// Sorted.
    late_us: Vec<u32>,
    busy: f64,
    /// What the others did meanwhile.
    others: String,
}

impl Seen {
    fn row(&self, name: &str) -> Vec<String> {
        let at = |part| milliseconds(f64::from(percentile(&self.latencies_us, part)) / 1e6);
        vec![
            name.to_owned(),
            self.others.clone(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0),
            milliseconds(f64::from(percentile(&self.late_us, 0.999)) / 1e6),
            format!("{:.0} %", self.busy * 100.0),
        ]
    }
}

fn one(bench: &Bench, daemon: Daemon, crowd: fn(SocketAddr) -> Box<dyn Crowd>, length: Duration) -> Seen {
    let folder = Folder::new("fairness");
    let command = daemon.command(bench, &folder);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let is_over = AtomicBool::new(false);
    let (tell_ready, ready) = mpsc::channel();
    thread::scope(|scope| {
        let (address, is_over) = (server.address, &is_over);
        let others = scope.spawn(move || {
            // Of this thread, in spite of the name.
            let _ = rustix::process::setpriority_process(None, 10);
            let mut crowd = crowd(address);
            tell_ready.send(()).expect("the quiet ones wait");
            while !is_over.load(Ordering::Relaxed) {
                crowd.go_on();
            }
            crowd.deeds()
        });
        // It ends without a word if the crowd could not be made; joining tells why.
        let seen = ready.recv().ok().map(|()| attempt(|| Quiet::new(&server).listen(&server, length)));
        is_over.store(true, Ordering::Relaxed);
        let others = others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut seen = seen.expect("they were made").unwrap_or_else(|why| panic!("{why}"));
        seen.others = others;
        seen
    })
}

/// The quiet users.
struct Quiet {
    fleet: Fleet,
    began: Instant,
    stamp: Stamp,
    sent: u64,
    under_way: u64,
    /// What each has heard of each.
    heard: Vec<u64>,
    /// What is due then is measured.
    measured: Range<Duration>,
    latencies_us: Vec<u32>,
    late_us: Vec<u32>,
}

impl Quiet {
    fn new(server: &Server) -> Quiet {
        let mut fleet = Fleet::new(server.address);
        fleet.open(USERS);
        chat::login(&mut fleet);
        chat::join(&mut fleet, |_| GID);
        Quiet {
            fleet,
            began: Instant::now(),
            stamp: Stamp::new(MESSAGE_BYTES),
            sent: 0,
            under_way: 0,
            heard: vec![0; USERS * USERS],
            measured: Duration::ZERO..Duration::ZERO,
            latencies_us: Vec::new(),
            late_us: Vec::new(),
        }
    }

    fn listen(mut self, server: &Server, length: Duration) -> Seen {
        self.began = Instant::now();
        self.measured = WARM_UP..WARM_UP + length;
        let cpu = server.cpu();
        while self.began.elapsed() < self.measured.end {
            self.speak();
            // The poll's clock has whole milliseconds, and it comes late rather than early.
            let rest = due(self.sent).saturating_sub(self.began.elapsed());
            self.turn(rest.saturating_sub(Duration::from_millis(1)));
        }
        let busy = (server.cpu() - cpu).as_secs_f64() / self.began.elapsed().as_secs_f64();
        while self.under_way > 0 {
            self.turn(Duration::from_millis(1));
            let waited = self.began.elapsed().saturating_sub(self.measured.end);
            assert!(waited < PATIENCE, "{} deliveries to quiet users are lost", self.under_way);
        }
        self.latencies_us.sort_unstable();
        self.late_us.sort_unstable();
        Seen { latencies_us: self.latencies_us, late_us: self.late_us, busy, others: String::new() }
    }

    fn speak(&mut self) {
        loop {
            let (due, now) = (due(self.sent), self.began.elapsed());
            if due > now || due >= self.measured.end {
                return;
            }
            if self.measured.contains(&due) {
                self.late_us.push(micros(now - due));
            }
            let (user, place) = (self.sent as usize % USERS, self.sent / USERS as u64 + 1);
            say(self.fleet.outs(), user, GID, self.stamp.write(user, place));
            self.sent += 1;
            self.under_way += USERS as u64;
        }
    }

    fn turn(&mut self, timeout: Duration) {
        let (heard, latencies_us) = (&mut self.heard, &mut self.latencies_us);
        let (began, measured, under_way) = (self.began, &self.measured, &mut self.under_way);
        self.fleet.turn(Some(timeout), |client, said, _| {
            let text = text_or_panic(client, &said);
            assert!(!text.starts_with(r#"{"type":"error""#), "quiet user {client}: {text}");
            let Some(content) = content_of(text) else { return };
            let (user, place) = Stamp::read(content.as_bytes());
            let heard = &mut heard[client * USERS + user];
            *heard += 1;
            assert_eq!(place, *heard, "quiet user {client} hears {user} out of order");
            *under_way -= 1;
            let due = due((place - 1) * USERS as u64 + user as u64);
            if measured.contains(&due) {
                latencies_us.push(micros(began.elapsed().saturating_sub(due)));
            }
        });
    }
}

/// When the message with this number is to be sent, from 0.
fn due(number: u64) -> Duration {
    Duration::from_micros(number * 1_000_000 / MESSAGES_PER_SECOND)
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// A client says something in a group.
fn say(outs: &mut Outs, client: usize, gid: usize, content: &[u8]) {
    let content = std::str::from_utf8(content).expect("digits and letters");
    outs.send(client, format!(r#"{{"type":"group","gid":{gid},"content":"{content}"}}"#).as_bytes());
}

/// What was said in a group. `None`: this is something else.
fn content_of(text: &str) -> Option<&str> {
    let (_, content) = text.split_once(r#""content":""#)?;
    text.starts_with(r#"{"type":"groupPm""#).then_some(content)
}

fn text_or_panic<'a>(client: usize, said: &Said<'a>) -> &'a str {
    match said {
        Said::Text(text) => text,
        Said::Close(code) => panic!("client {client} was closed with {code}"),
        Said::Gone(error) => panic!("client {client} was lost: {error:?}"),
    }
}
