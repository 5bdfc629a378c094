//! Connections that begin and do not go on: a head that comes a byte at a time, and silence after the upgrade.
//! When is each closed, and how are others served meanwhile?

use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Said};
use crate::record::Row;
use crate::server::Server;
use crate::table::{milliseconds, percentile, print};
use crate::{Bench, chat};

const CONNECTIONS: usize = 5000;
/// Handshakes of others, a second.
const PROBES_PER_SECOND: u64 = 100;
const GIVE_UP: Duration = Duration::from_secs(17);
const HEAD: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub fn opening(bench: &Bench) {
    if !bench.takes("Connections that do not go on", Row::Further) {
        return;
    }
    let rows = [
        one("head, a byte a second", bench.daemon(), Manner::Drips),
        one("silent after the upgrade", bench.daemon(), Manner::Silent),
    ];
    let head = [
        "what",
        "told (response or Close)",
        "first told",
        "last told",
        "stream ended",
        "last end",
        "handshakes of others",
        "p50",
        "p99",
        "most",
    ];
    print(&format!("{CONNECTIONS} connections that do not go on"), &head, &rows);
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Drips,
    Silent,
}

fn one(name: &str, command: Vec<String>, manner: Manner) -> Vec<String> {
    eprintln!("opening: {name}");
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let mut bad = Fleet::new(server.address);
    bad.answers_close = false;
    let mut opened = Vec::with_capacity(CONNECTIONS);
    for index in 0..CONNECTIONS {
        let client = bad.connect();
        opened.push(Instant::now());
        if manner == Manner::Silent {
            bad.upgrade(client);
        }
        if index % 200 == 199 {
            bad.await_opened();
        }
    }
    let began = Instant::now();
    let mut told = vec![None; CONNECTIONS];
    let mut ended = vec![None; CONNECTIONS];
    let mut probes = Probes::new(&server, manner);
    let mut dripped = 0;
    while ended.iter().any(Option::is_none) && began.elapsed() < GIVE_UP {
        // A byte a second each, evenly spread: a burst of ours would be charged to the server.
        while manner == Manner::Drips
            && dripped < (began.elapsed().as_secs_f64() * CONNECTIONS as f64) as usize
        {
            let (client, place) = (dripped % CONNECTIONS, dripped / CONNECTIONS);
            if ended[client].is_none() {
                bad.outs().raw(client, &HEAD[place..=place]);
            }
            dripped += 1;
        }
        bad.turn(Some(Duration::from_millis(1)), |client, said, _| {
            let after = opened[client].elapsed();
            match said {
                Said::Text(_) => {}
                Said::Close(_) => told[client] = Some(after),
                Said::Gone(_) => {
                    told[client].get_or_insert(after);
                    ended[client] = Some(after);
                }
            }
        });
        probes.go_on(began.elapsed());
    }
    row(name, &told, &ended, probes)
}

fn row(name: &str, told: &[Option<Duration>], ended: &[Option<Duration>], mut probes: Probes) -> Vec<String> {
    let seconds = |time: Option<&Duration>| {
        time.map_or("–".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()))
    };
    let mut told: Vec<Duration> = told.iter().flatten().copied().collect();
    let mut ended: Vec<Duration> = ended.iter().flatten().copied().collect();
    told.sort_unstable();
    ended.sort_unstable();
    probes.latencies.sort_by(f64::total_cmp);
    let at = |part| milliseconds(percentile(&probes.latencies, part));
    vec![
        name.to_owned(),
        format!("{} of {CONNECTIONS}", told.len()),
        seconds(told.first()),
        seconds(told.last()),
        format!("{} of {CONNECTIONS}", ended.len()),
        seconds(ended.last()),
        probes.latencies.len().to_string(),
        at(0.5),
        at(0.99),
        at(1.0),
    ]
}

/// Handshakes at a fixed rate, each counted from the moment at which it was due.
struct Probes {
    fleet: Fleet,
    due: Vec<Duration>,
    latencies: Vec<f64>,
    waiting: Vec<usize>,
}

impl Probes {
    fn new(server: &Server, manner: Manner) -> Probes {
        let mut fleet = Fleet::new(server.address);
        if manner == Manner::Silent {
            // A few that do log in: they must not be closed with the others.
            fleet.open(10);
            chat::login(&mut fleet);
        } else {
            fleet.open(10);
        }
        Probes { due: vec![Duration::ZERO; fleet.len()], fleet, latencies: Vec::new(), waiting: Vec::new() }
    }

    fn go_on(&mut self, now: Duration) {
        let due = Duration::from_micros(self.latencies_begun() * 1_000_000 / PROBES_PER_SECOND);
        if due <= now {
            let client = self.fleet.connect();
            self.fleet.upgrade(client);
            self.due.push(due);
            self.waiting.push(client);
        }
        self.fleet.turn(Some(Duration::ZERO), |_, _, _| {});
        let (fleet, due, latencies) = (&self.fleet, &self.due, &mut self.latencies);
        self.waiting.retain(|client| {
            let is_open = fleet.is_open(*client);
            if is_open {
                latencies.push((now.saturating_sub(due[*client])).as_secs_f64());
            }
            !is_open
        });
    }

    fn latencies_begun(&self) -> u64 {
        (self.latencies.len() + self.waiting.len()) as u64
    }
}
