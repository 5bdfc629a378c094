//! What an `ack` costs: writers who wait for it, on each kind of store, and on a disk that takes 50 ms to confirm.
//!
//! Each writer is in a group of its own and keeps so many messages under way, each with an `id`; the next is said
//! when an `ack` comes. A latency is that of one `ack`, from the write to the read. Stores are measured turn and
//! turn about, like servers. The slow disk is strace, which holds each fsync back by 50 ms; it stops the daemon at
//! nothing else. There is one long round, so that a checkpoint is in it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Outs};
use crate::load::{Figures, Load, Stamp, digits, measure};
use crate::record::{Goal, Row};
use crate::server::Server;
use crate::table::{count, median, milliseconds, percentile, print};
use crate::{Bench, chat};

const CONTENT_BYTES: usize = 200;
/// Writers, and messages that each has under way.
const WRITINGS: [(usize, u64); 3] = [(8, 1), (64, 1), (64, 16)];
const SLOW_WRITINGS: [(usize, u64); 2] = [(64, 1), (64, 32)];
/// For each of them: a log of 256 MiB is full in the second, and so moved.
const SLOW_SECONDS: [u64; 2] = [12, 35];
const FSYNC_US: u32 = 50_000;

/// A folder for a store, which is removed with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        Folder::below(&std::env::temp_dir(), name)
    }

    fn below(parent: &Path, name: &str) -> Folder {
        let path = parent.join(format!("karez-bench-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    /// How the daemon is told to keep everything there.
    pub fn arguments(&self, durability: &str) -> Vec<String> {
        let path = self.0.to_str().expect("a path in UTF-8");
        ["--store", "disk", "--data", path, "--durability", durability].map(str::to_owned).into()
    }

    /// What is in its files.
    pub fn bytes(&self) -> u64 {
        let files = fs::read_dir(&self.0).unwrap();
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
    }

    /// How long the disk takes to confirm a page, in seconds.
    fn fsync(&self) -> f64 {
        let mut file = File::create(self.0.join("fsync")).unwrap();
        let waits = (0..50).map(|_| {
            file.write_all(&[1; 4096]).unwrap();
            let began = Instant::now();
            file.sync_all().unwrap();
            began.elapsed().as_secs_f64()
        });
        median(waits.collect::<Vec<_>>())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writers, each in a group of its own.
struct Writers {
    window: u64,
    /// When each message was said whose `ack` is missing, oldest first.
    said_at: Vec<VecDeque<Instant>>,
    acked: Vec<u64>,
    stamp: Stamp,
    latencies_us: Vec<u32>,
    acks: u64,
    stopped: bool,
}

impl Writers {
    fn new(writers: usize, window: u64) -> Writers {
        Writers {
            window,
            said_at: vec![VecDeque::new(); writers],
            acked: vec![0; writers],
            stamp: Stamp::new(CONTENT_BYTES),
            latencies_us: Vec::new(),
            acks: 0,
            stopped: false,
        }
    }

    fn say(&mut self, writer: usize, outs: &mut Outs) {
        let place = self.acked[writer] + self.said_at[writer].len() as u64 + 1;
        let content = std::str::from_utf8(self.stamp.write(writer, place)).expect("digits and letters");
        let gid = writer + 1;
        let request = format!(r#"{{"type":"group","gid":{gid},"id":"{place}","content":"{content}"}}"#);
        outs.send(writer, request.as_bytes());
        self.said_at[writer].push_back(Instant::now());
    }
}

impl Load for Writers {
    fn start(&mut self, outs: &mut Outs) {
        self.stopped = false;
        for writer in 0..self.acked.len() {
            (0..self.window).for_each(|_| self.say(writer, outs));
        }
    }

    fn warm(&mut self) {
        self.latencies_us.clear();
    }

    fn hear(&mut self, writer: usize, text: &str, outs: &mut Outs) {
        let Some(id) = text.strip_prefix(r#"{"type":"ack","id":""#) else {
            assert!(!text.starts_with(r#"{"type":"error""#), "{text}");
            return;
        };
        self.acked[writer] += 1;
        assert_eq!(digits(id.as_bytes()), self.acked[writer], "writer {writer}: acks out of order");
        let said_at = self.said_at[writer].pop_front().expect("it was said");
        self.acks += 1;
        if !self.stopped {
            self.latencies_us.push(said_at.elapsed().as_micros() as u32);
            self.say(writer, outs);
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn under_way(&self) -> u64 {
        self.said_at.iter().map(|said| said.len() as u64).sum()
    }

    fn deliveries(&self) -> u64 {
        self.acks
    }
}

/// A daemon with its writers, and what was measured of it.
struct Candidate {
    name: &'static str,
    server: Server,
    fleet: Fleet,
    load: Writers,
    figures: Vec<Figures>,
    latencies_us: Vec<u32>,
    /// Removed when the server has ended: fields are dropped in order.
    _folder: Folder,
}

impl Candidate {
    fn new(
        name: &'static str,
        command: &[String],
        folder: Folder,
        (writers, window): (usize, u64),
    ) -> Candidate {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let server = Server::start(name, &command);
        let mut fleet = Fleet::new(server.address);
        fleet.open(writers);
        chat::login(&mut fleet);
        chat::join(&mut fleet, |client| client + 1);
        let (load, figures) = (Writers::new(writers, window), Vec::new());
        Candidate { name, server, fleet, load, figures, latencies_us: Vec::new(), _folder: folder }
    }

    fn measure(&mut self, length: Duration) {
        self.figures.push(measure(&self.server, &mut self.fleet, &mut self.load, length));
        self.latencies_us.append(&mut self.load.latencies_us);
    }

    fn row(&mut self) -> Vec<String> {
        let of = |field: fn(&Figures) -> f64| median(self.figures.iter().map(field));
        self.latencies_us.sort_unstable();
        let latency = |part| milliseconds(f64::from(percentile(&self.latencies_us, part)) / 1e6);
        vec![
            self.load.acked.len().to_string(),
            self.load.window.to_string(),
            self.name.to_owned(),
            count(of(|figures| figures.per_second)),
            latency(0.5),
            latency(0.99),
            latency(1.0),
            format!("{:.1}", of(|figures| figures.cpu_us)),
        ]
    }
}

const HEAD: [&str; 8] =
    ["writers", "under way each", "store", "acks/s", "ack p50", "p99", "most", "CPU µs per ack"];

pub fn durable(bench: &Bench) {
    if !bench.takes("Acknowledged messages", Row::Further) {
        return;
    }
    let fsync = Folder::new("fsync").fsync();
    let mut rows = Vec::new();
    for writing in WRITINGS {
        eprintln!("durable: {} writers, {} under way", writing.0, writing.1);
        let mut candidates = ["full", "relaxed", "memory"].map(|name| {
            let folder = Folder::new(name);
            let store =
                if name == "memory" { vec!["--store".into(), name.into()] } else { folder.arguments(name) };
            Candidate::new(name, &bench.daemon_on(store), folder, writing)
        });
        for _ in 0..bench.rounds() {
            candidates.iter_mut().for_each(|candidate| candidate.measure(bench.round()));
        }
        rows.extend(candidates.iter_mut().map(Candidate::row));
    }
    let fsync = milliseconds(fsync);
    print(&format!("Acknowledged messages of {CONTENT_BYTES} bytes; an fsync takes {fsync}"), &HEAD, &rows);
}

pub fn slow_disk(bench: &Bench) {
    let title = format!("Acknowledged messages; an fsync takes {} ms more", FSYNC_US / 1000);
    if !bench.takes(&title, Row::Further) {
        return;
    }
    let inject = format!("inject=fsync,fdatasync:delay_exit={FSYNC_US}");
    // Only these two calls stop the daemon; -D makes it our child, and strace the stranger.
    let strace = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        &inject,
    ];
    let trial = Command::new(strace[0]).args(&strace[1..]).arg("true").stderr(Stdio::null()).status();
    if !trial.is_ok_and(|status| status.success()) {
        bench.record.leave_out(&title, "strace cannot be used here");
        return;
    }
    // In memory, so that these 50 ms are all that an fsync takes.
    let parent =
        Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir()).unwrap_or_else(std::env::temp_dir);
    let mut rows = Vec::new();
    for (writing, seconds) in SLOW_WRITINGS.into_iter().zip(SLOW_SECONDS) {
        eprintln!("slow-disk: {} writers, {} under way", writing.0, writing.1);
        for name in ["full", "relaxed"] {
            let folder = Folder::below(&parent, name);
            let mut command: Vec<String> = strace.map(str::to_owned).into();
            command.extend(bench.daemon_on(folder.arguments(name)));
            let mut candidate = Candidate::new(name, &command, folder, writing);
            candidate.measure(Duration::from_secs(if bench.quick { 10 } else { seconds }));
            rows.push(candidate.row());
            if name == "full" && writing == SLOW_WRITINGS[1] {
                let p99 = f64::from(percentile(&candidate.latencies_us, 0.99)) / 1e3;
                bench.record.goal(
                    "acks/s, 50 ms per fsync",
                    Some(candidate.figures[0].per_second),
                    Goal::AtLeast(10_000.0),
                );
                bench.record.goal("ack p99, 50 ms per fsync (ms)", Some(p99), Goal::AtMost(200.0));
            }
        }
    }
    print(&title, &HEAD, &rows);
}
