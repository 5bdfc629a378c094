//! Members of a group that do not read, among others that do.
//!
//! Messages are sent at a fixed rate, and a latency counts from the moment at which a message was due: a server
//! that stops for a while is charged for everything that waited.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Outs, Said};
use crate::load::{Stamp, digits};
use crate::record::Row;
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
    /// How many have begun to.
    late: usize,
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

/// What the server's memory came to.
struct Memory {
    before: u64,
    most: u64,
    most_at: Duration,
    kernel: KernelMemory,
}

impl Memory {
    fn look(&mut self, server: &Server, now: Duration) {
        let rss = server.rss_anon();
        if rss > self.most {
            (self.most, self.most_at) = (rss, now);
        }
    }
}

pub fn slow(bench: &Bench) {
    if !bench.takes("Members that do not read", Row::Further) {
        return;
    }
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
        late: 0,
    };
    let cpu = server.cpu();
    let memory = flow(&server, &mut fleet, &mut watch, length);
    let busy = (server.cpu() - cpu).as_secs_f64() / length.as_secs_f64();
    finish(&mut fleet, &mut watch);
    let at_the_end = server.rss_anon();
    fleet.deafen(0..0);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| watch.hear(client, &said));
    }
    watch.latencies_us.sort_unstable();
    report(&watch);
    let most_at = memory.most_at.as_secs_f64();
    print(
        "The server meanwhile",
        &["what", "figure"],
        &[
            vec!["RssAnon before".into(), mebibytes(memory.before)],
            vec![format!("RssAnon at its highest, {most_at:.1} s after the start"), mebibytes(memory.most)],
            vec!["growth".into(), mebibytes(memory.most - memory.before)],
            vec!["RssAnon at the end".into(), mebibytes(at_the_end)],
            vec!["kernel memory per socket, most".into(), format!("{} KiB", memory.kernel.most / 1024)],
            vec!["the same, mean".into(), format!("{} KiB", memory.kernel.mean / 1024)],
            vec!["CPU".into(), format!("{:.1} %", busy * 100.0)],
        ],
    );
}

/// Lets the messages flow, and looks at the server's memory.
fn flow(server: &Server, fleet: &mut Fleet, watch: &mut Watch, length: Duration) -> Memory {
    let before = server.rss_anon();
    let mut memory =
        Memory { before, most: before, most_at: Duration::ZERO, kernel: KernelMemory::default() };
    let mut next_look = Duration::ZERO;
    watch.began = Instant::now();
    while watch.began.elapsed() < length {
        fleet.turn(Some(Duration::from_millis(1)), |client, said, _| watch.hear(client, &said));
        watch.speak(fleet.outs());
        let now = watch.began.elapsed();
        if now >= next_look {
            next_look += Duration::from_millis(250);
            memory.look(server, now);
        }
        if now.as_secs() as usize > watch.late && watch.late < LATE {
            watch.late += 1;
            fleet.deafen(HEALTHY + watch.late..fleet.len());
            // By then the sockets of those who do not read are full, and nobody is dropped yet.
            if watch.late == 3 {
                memory.kernel = kernel_memory(server);
            }
        }
    }
    memory
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
        .chain(late.iter().take(watch.late).enumerate().map(|(index, end)| end.row(index)))
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
