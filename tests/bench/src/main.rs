//! Measures the daemon, its examples and what they are compared with. `scripts/bench.sh` builds everything and
//! starts this on a core of its own; `src/manual/performance.md` tells what is measured and how to read it.
//!
//! ```text
//! karez-bench --binaries DIRECTORY [--limit-batch FILE] [--ws FILE] [--quick] [SCENARIO...]
//! ```
//!
//! The tables go to standard output as Markdown, what is going on to standard error.

mod chat;
mod fleet;
mod idle;
mod load;
mod loads;
mod opening;
mod server;
mod slow;
mod table;
mod throughput;

use std::path::PathBuf;
use std::time::Duration;

type Scenario = (&'static str, fn(&Bench));

const SCENARIOS: [Scenario; 7] = [
    ("echo", throughput::echo),
    ("fan-out", throughput::fan_out),
    ("chat", throughput::chat),
    ("private", throughput::private),
    ("idle", idle::idle),
    ("slow", slow::slow),
    ("opening", opening::opening),
];

/// What is there to be measured, and how thoroughly.
pub struct Bench {
    binaries: PathBuf,
    /// The `ws` package's server, where Node has it.
    ws: Option<PathBuf>,
    quick: bool,
}

impl Bench {
    fn binary(&self, name: &str) -> String {
        self.binaries.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    fn round(&self) -> Duration {
        Duration::from_millis(if self.quick { 500 } else { 2000 })
    }

    /// The command of the daemon, with what the bench needs of its limits.
    fn daemon(&self) -> Vec<String> {
        let flags = "--listen {} --store memory --log warn --messages-per-second 100000 --messages-burst 1000000";
        std::iter::once(self.binary("karez")).chain(flags.split(' ').map(str::to_owned)).collect()
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

    fn ws(&self, mode: &str) -> Option<Vec<String>> {
        let server = self.ws.as_ref()?.to_str()?.to_owned();
        Some(vec!["node".to_owned(), server, "{port}".to_owned(), mode.to_owned()])
    }
}

fn main() {
    let mut bench = Bench { binaries: PathBuf::from("target/release"), ws: None, quick: false };
    let mut chosen = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => bench.quick = true,
            "--binaries" => bench.binaries = arguments.next().expect("a directory").into(),
            "--ws" => bench.ws = Some(arguments.next().expect("a file").into()),
            name if SCENARIOS.iter().any(|(known, _)| *known == name) => chosen.push(argument),
            other => {
                eprintln!("{other:?} is none of {:?}", SCENARIOS.map(|(name, _)| name));
                std::process::exit(2);
            }
        }
    }
    let descriptors = fleet::raise_descriptor_limit();
    eprintln!("{descriptors} descriptors; load average {}", load_average());
    for (name, scenario) in SCENARIOS {
        if chosen.is_empty() || chosen.iter().any(|it| it == name) {
            scenario(&bench);
        }
    }
    eprintln!("load average {}", load_average());
}

/// Of one, five and fifteen minutes: other programs at work make every figure worse.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
