//! Measures the daemon, its examples and what they are compared with. `scripts/bench.sh` builds everything and
//! starts this on a core of its own; `src/manual/performance.md` tells what is measured and how to read it.
//!
//! ```text
//! karez-bench --binaries DIRECTORY [--server NAME=COMMAND]... [--quick] [--telling] --result FILE SCENARIO
//! karez-bench [--left-out NAME=WHY]... --sum-up FILE...
//! karez-bench --list
//! ```
//!
//! `--quick` is coarser, and `--telling` measures the most telling rows only. The tables go to standard output as
//! Markdown, what is going on to standard error. What a scenario showed is left in the file of `--result`, and
//! `--sum-up` makes the last tables of all such files.

mod accept;
mod capacity;
mod chat;
mod contest;
mod drain;
mod durable;
mod fairness;
mod fleet;
mod footprint;
mod growth;
mod idle;
mod load;
mod loads;
mod open_loop;
mod opening;
mod past;
mod peers;
mod reconnect;
mod record;
mod server;
mod slow;
mod table;
mod throughput;
mod tls;

use std::path::{Path, PathBuf};
use std::time::Duration;

use peers::Peer;
use record::{Record, Row};

type Scenario = (&'static str, fn(&Bench));

const SCENARIOS: [Scenario; 23] = [
    ("echo", throughput::echo),
    ("fan-out", throughput::fan_out),
    ("chat", throughput::chat),
    ("rooms", throughput::rooms),
    ("private", throughput::private),
    ("large", throughput::large),
    ("deflate", throughput::deflate),
    ("members", throughput::members),
    ("latency", open_loop::latency),
    ("accept", accept::accept),
    ("durable", durable::durable),
    ("slow-disk", durable::slow_disk),
    ("past", past::past),
    ("reconnect", reconnect::reconnect),
    ("idle", idle::idle),
    ("slow", slow::slow),
    ("drain", drain::drain),
    ("opening", opening::opening),
    ("tls", tls::tls),
    ("fairness", fairness::fairness),
    ("footprint", footprint::footprint),
    ("growth", growth::growth),
    ("capacity", capacity::capacity),
];

/// What is there to be measured, and how thoroughly.
pub struct Bench {
    binaries: PathBuf,
    /// What is compared with.
    peers: Vec<Peer>,
    quick: bool,
    /// Only the most telling rows.
    telling: bool,
    record: Record,
}

impl Bench {
    fn binary(&self, name: &str) -> String {
        self.binaries.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    fn round(&self) -> Duration {
        Duration::from_millis(if self.quick { 400 } else { 1000 })
    }

    /// Whether a row is measured. What is not, is noted.
    fn takes(&self, title: &str, row: Row) -> bool {
        let takes = row == Row::Telling || !self.telling;
        if !takes {
            self.record.leave_out(title, "--quick");
        }
        takes
    }

    /// The command of the daemon that keeps nothing, with what the bench needs of its limits.
    fn daemon(&self) -> Vec<String> {
        self.daemon_on(["--store", "memory"].map(str::to_owned).into())
    }

    /// The same with a store as it is told.
    fn daemon_on(&self, store: Vec<String>) -> Vec<String> {
        let flags = "--listen {} --log warn --messages-per-second 100000 --messages-burst 1000000";
        let flags = flags.split(' ').map(str::to_owned);
        std::iter::once(self.binary("karez")).chain(flags).chain(store).collect()
    }

    /// The daemon with all its limits as they are.
    fn daemon_by_default(&self, store: Vec<String>) -> Vec<String> {
        let flags = ["--listen", "{}", "--log", "warn"].map(str::to_owned);
        std::iter::once(self.binary("karez")).chain(flags).chain(store).collect()
    }

    fn example(&self, name: &str) -> Vec<String> {
        let mut command = vec![self.binary(&format!("examples/{name}"))];
        if name == "echo" {
            command.push("--listen".to_owned());
        }
        command.push("{}".to_owned());
        command
    }

    fn limit_batch(&self, mode: &str) -> Vec<String> {
        vec![self.binary("limit-batch"), "{}".to_owned(), mode.to_owned()]
    }
}

fn main() {
    let mut bench = Bench {
        binaries: PathBuf::from("target/release"),
        peers: Vec::new(),
        quick: false,
        telling: false,
        record: Record::default(),
    };
    let (mut chosen, mut result, mut sums_up) = (None, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => return SCENARIOS.iter().for_each(|(name, _)| println!("{name}")),
            "--quick" => bench.quick = true,
            "--telling" => bench.telling = true,
            "--result" => result = arguments.next().map(PathBuf::from),
            "--sum-up" => sums_up = true,
            "--binaries" => bench.binaries = arguments.next().expect("a directory").into(),
            "--server" => match arguments.next().as_deref().and_then(Peer::parse) {
                Some(peer) => bench.peers.push(peer),
                None => usage("--server needs NAME=COMMAND, with {} or {port} in the command"),
            },
            "--left-out" => match arguments.next().as_deref().and_then(|argument| argument.split_once('=')) {
                Some((name, why)) => bench.record.leave_out(name, why),
                None => usage("--left-out needs NAME=WHY"),
            },
            path if sums_up => bench.record.read(Path::new(path)),
            name if SCENARIOS.iter().any(|(known, _)| *known == name) => chosen = Some(argument),
            other => usage(&format!("{other:?} is none of {:?}", SCENARIOS.map(|(name, _)| name))),
        }
    }
    if sums_up {
        bench.record.print();
    } else {
        let Some(chosen) = chosen else { usage("name a scenario") };
        let descriptors = fleet::raise_descriptor_limit();
        eprintln!("{chosen}: {descriptors} descriptors");
        let before = load_average();
        SCENARIOS.iter().filter(|(name, _)| *name == chosen).for_each(|(_, scenario)| scenario(&bench));
        println!("\nLoad average before: {before}, after: {} (the bench itself makes it 2).", load_average());
        if let Some(result) = result {
            bench.record.write(&result);
        }
    }
    if bench.record.has_failed() {
        std::process::exit(1);
    }
}

fn usage(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(2);
}

/// Of one, five and fifteen minutes: other programs at work make every figure worse.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
