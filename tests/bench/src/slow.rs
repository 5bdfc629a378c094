//! Members of a group that do not read, among others that do.
//!
//! Messages are sent at a fixed rate, and a latency counts from the moment at which a message was due: a server
//! that stops for a while is charged for everything that waited.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Outs, Said};
use crate::load::{Stamp, digits};
use crate::server::Server;
use crate::table::{mebibytes, milliseconds, percentile, print};
use crate::{Bench, chat};

const HEALTHY: usize = 100;
const NEVER_READ: usize = 1000;
/// Each of these begins to read a second after the one before.
const LATE: usize = 20;
const CONTENT_BYTES: usize = 1024;
const PER_SECOND: u64 = 200;

/// The first healthy client is the one who speaks.
const SPEAKER: usize = 0;

struct Watch {
    began: Instant,
    stamp: Stamp,
    sent: u64,
    /// What each healthy one has heard.
    heard: Vec<u64>,
    out_of_order: u64,
    latencies_us: Vec<u32>,
    closed: u64,
    /// What became of those who do not read, or begin to late.
    ends: Vec<End>,
}

impl Watch {
    fn hear(&mut self, client: usize, said: &Said<'_>) {
        if let Some(end) = client.checked_sub(HEALTHY).and_then(|index| self.ends.get_mut(index)) {
            end.hear(said);
            return;
        }
        let Said::Text(text) = said else {
            self.closed += 1;
            return;
        };
        let Some(place) = place_of(text) else { return };
        self.heard[client] += 1;
        self.out_of_order += u64::from(self.heard[client] != place);
        let latency = self.began.elapsed().saturating_sub(due(place));
        self.latencies_us.push(latency.as_micros() as u32);
    }

    fn speak(&mut self, outs: &mut Outs) {
        while due(self.sent + 1) <= self.began.elapsed() {
            self.sent += 1;
            let content = std::str::from_utf8(self.stamp.write(SPEAKER, self.sent)).unwrap();
            let request = format!(r#"{{"type":"group","gid":1,"content":"{content}"}}"#);
            outs.send(SPEAKER, request.as_bytes());
        }
    }
}

/// When a message is to be sent.
fn due(place: u64) -> Duration {
    Duration::from_micros(place * 1_000_000 / PER_SECOND)
}

fn place_of(text: &str) -> Option<u64> {
    let content = text.split_once(r#""content":""#)?.1;
    text.starts_with(r#"{"type":"groupPm""#).then(|| Stamp::read(content.as_bytes()).1)
}

pub fn slow(bench: &Bench) {
    let length = Duration::from_secs(if bench.quick { 12 } else { 30 });
    eprintln!("{NEVER_READ} members that do not read, for {} s", length.as_secs());
    let command = bench.daemon();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let mut fleet = Fleet::new(server.address);
    fleet.open(HEALTHY + LATE + NEVER_READ);
    chat::login(&mut fleet);
    chat::join(&mut fleet, |_| 1);
    fleet.deafen(HEALTHY..fleet.len());

    let mut watch = Watch {
        began: Instant::now(),
        stamp: Stamp::new(CONTENT_BYTES),
        sent: 0,
        heard: vec![0; HEALTHY],
        out_of_order: 0,
        latencies_us: Vec::new(),
        closed: 0,
        ends: (HEALTHY..fleet.len()).map(|_| End::default()).collect(),
    };
    let (rss_before, cpu_before) = (server.rss_anon(), server.cpu());
    let (mut rss_most, mut rss_most_at, mut kernel_most) = (rss_before, 0.0, KernelMemory::default());
    let mut next_look = Duration::from_millis(250);
    let mut late = 0;
    while watch.began.elapsed() < length {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| watch.hear(client, &said));
        watch.speak(fleet.outs());
        if watch.began.elapsed() >= next_look {
            next_look += Duration::from_millis(250);
            let rss = server.rss_anon();
            if rss > rss_most {
                (rss_most, rss_most_at) = (rss, watch.began.elapsed().as_secs_f64());
            }
        }
        if watch.began.elapsed().as_secs() as usize > late && late < LATE {
            late += 1;
            fleet.deafen(HEALTHY + late..fleet.len());
            if late <= 3 {
                kernel_most = kernel_most.max(kernel_memory(&server));
            }
        }
    }
    let cpu = server.cpu() - cpu_before;
    finish(&mut fleet, &mut watch);
    let rss_end = server.rss_anon();

    fleet.deafen(0..0);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| watch.hear(client, &said));
    }
    watch.latencies_us.sort_unstable();
    report(&watch);
    let kernel = kernel_most;
    print(
        "The server meanwhile",
        &["what", "figure"],
        &[
            vec!["RssAnon before".into(), mebibytes(rss_before)],
            vec![format!("RssAnon at its highest, {rss_most_at:.1} s after the start"), mebibytes(rss_most)],
            vec!["growth".into(), mebibytes(rss_most - rss_before)],
            vec!["RssAnon at the end".into(), mebibytes(rss_end)],
            vec![
                "kernel memory per socket of the server, most".into(),
                format!("{} KiB", kernel.most / 1024),
            ],
            vec!["the same, mean".into(), format!("{} KiB", kernel.mean / 1024)],
            vec!["CPU".into(), format!("{:.1} %", cpu.as_secs_f64() / length.as_secs_f64() * 100.0)],
        ],
    );
}

/// Waits until the healthy ones have everything, or nothing comes any more.
fn finish(fleet: &mut Fleet, watch: &mut Watch) {
    let began = Instant::now();
    while watch.heard.iter().any(|heard| *heard < watch.sent) && began.elapsed() < Duration::from_secs(2) {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| watch.hear(client, &said));
    }
}

fn report(watch: &Watch) {
    let (late, never) = watch.ends.split_at(LATE);
    let mut never_read = Ends::default();
    never.iter().for_each(|end| never_read.count(end));
    let at = |part| milliseconds(f64::from(percentile(&watch.latencies_us, part)) / 1e6);
    let missing: u64 = watch.heard.iter().map(|heard| watch.sent - heard.min(&watch.sent)).sum();
    print(
        &format!("The {HEALTHY} healthy members, {CONTENT_BYTES} bytes {PER_SECOND} times a second"),
        &["messages", "deliveries", "missing", "out of order", "closed", "p50", "p99", "p99.9", "most"],
        &[vec![
            watch.sent.to_string(),
            watch.latencies_us.len().to_string(),
            missing.to_string(),
            watch.out_of_order.to_string(),
            watch.closed.to_string(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0),
        ]],
    );
    print(
        &format!("The {NEVER_READ} that never read, and whoever began to read late"),
        &["who", "messages read", "bye", "close code", "end"],
        &std::iter::once(vec![
            "never".into(),
            "–".into(),
            never_read.bye.to_string(),
            format!("4101: {}", never_read.too_slow),
            format!(
                "reset: {}, plain: {}, still open: {}",
                never_read.reset, never_read.plain, never_read.open
            ),
        ])
        .chain(late.iter().enumerate().map(|(index, end)| end.row(index)))
        .collect::<Vec<_>>(),
    );
}

/// How it ended for somebody who read late.
#[derive(Default)]
struct End {
    messages: u64,
    bye: Option<String>,
    code: Option<u16>,
    gone: Option<&'static str>,
}

impl End {
    fn hear(&mut self, said: &Said<'_>) {
        match said {
            Said::Text(text) if text.starts_with(r#"{"type":"bye""#) => {
                self.bye = text.split('"').nth(7).map(str::to_owned);
            }
            Said::Text(_) => self.messages += 1,
            Said::Close(code) => self.code = Some(*code),
            Said::Gone(None) => self.gone = Some("plain end"),
            Said::Gone(Some(_)) => self.gone = Some("reset"),
        }
    }

    fn row(&self, index: usize) -> Vec<String> {
        vec![
            format!("after {} s", index + 1),
            self.messages.to_string(),
            self.bye.clone().unwrap_or_default(),
            self.code.map_or_else(String::new, |code| code.to_string()),
            self.gone.unwrap_or("open").to_owned(),
        ]
    }
}

/// The same, counted.
#[derive(Default)]
struct Ends {
    bye: u64,
    too_slow: u64,
    reset: u64,
    plain: u64,
    open: u64,
}

impl Ends {
    fn count(&mut self, end: &End) {
        self.bye += u64::from(end.bye.is_some());
        self.too_slow += u64::from(end.code == Some(4101));
        match end.gone {
            Some("reset") => self.reset += 1,
            Some(_) => self.plain += 1,
            None => self.open += 1,
        }
    }
}

/// What the kernel holds for the sockets of a server, in bytes: sent and not read, with its book-keeping.
#[derive(Clone, Copy, Default)]
struct KernelMemory {
    most: u64,
    mean: u64,
}

impl KernelMemory {
    fn max(self, other: KernelMemory) -> KernelMemory {
        if other.mean > self.mean { other } else { self }
    }
}

/// From `ss -tm`: `t` is memory of the write queue that is in use, `w` what is queued to be sent.
fn kernel_memory(server: &Server) -> KernelMemory {
    let output = Command::new("ss")
        .args(["-tmnH", "state", "established", "sport", "=", &format!(":{}", server.address.port())])
        .output();
    let Ok(output) = output else { return KernelMemory::default() };
    let text = String::from_utf8_lossy(&output.stdout);
    let used: Vec<u64> = text
        .split("skmem:(")
        .skip(1)
        .map(|fields| {
            let fields = fields.split(')').next().unwrap_or_default().split(',');
            fields
                .filter_map(|field| {
                    let name = field.trim_end_matches(|it: char| it.is_ascii_digit());
                    matches!(name, "r" | "w").then(|| digits(&field.as_bytes()[name.len()..]))
                })
                .sum()
        })
        .collect();
    KernelMemory {
        most: used.iter().copied().max().unwrap_or(0),
        mean: used.iter().sum::<u64>() / (used.len() as u64).max(1),
    }
}
