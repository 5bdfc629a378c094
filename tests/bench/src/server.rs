//! A server under test: a process of its own on a core of its own, and what the kernel tells of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The servers run here, one at work at a time; the generator runs on another core (`scripts/bench.sh`).
pub const SERVER_CORE: &str = "0";

pub struct Server {
    child: Child,
    pub name: String,
    pub address: SocketAddr,
    /// What it says on standard error goes there.
    complaints: PathBuf,
    /// CPU time in nanoseconds by thread, of those that have ended too.
    threads: RefCell<BTreeMap<String, u64>>,
}

/// A server that does not listen by then never will.
const PATIENCE: Duration = Duration::from_secs(10);

impl Server {
    /// Starts a command; `{}` in an argument stands for the address to listen on, `{port}` for its port.
    pub fn start(name: &str, command: &[&str]) -> Server {
        Server::try_start(name, command).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// The same, or why there is no server.
    pub fn try_start(name: &str, command: &[&str]) -> Result<Server, String> {
        let free = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = free.local_addr().map_err(|error| error.to_string())?;
        drop(free);
        let port = address.port().to_string();
        let arguments = command
            .iter()
            .map(|argument| argument.replace("{port}", &port).replace("{}", &address.to_string()));
        let complaints = temporary(&format!("{}.stderr", address.port()));
        let file = File::create(&complaints).map_err(|error| error.to_string())?;
        let child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("taskset: {error}"))?;
        let (name, threads) = (name.to_owned(), RefCell::default());
        let mut server = Server { child, name, address, complaints, threads };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!("it did not start ({status}): {}", server.last_complaint()));
            }
            if began.elapsed() >= PATIENCE {
                return Err(format!("it does not listen: {}", server.last_complaint()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        // Loading its program is no part of what is measured.
        thread::sleep(Duration::from_millis(100));
        Ok(server)
    }

    fn last_complaint(&self) -> String {
        let text = fs::read_to_string(&self.complaints).unwrap_or_default();
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the server lives")
    }

    /// CPU time so far, of the process and of the kernel on its behalf; it never goes back. From `schedstat`
    /// (nanoseconds, by thread) where the kernel keeps it, else from `stat` (ticks of 10 ms). What a thread did
    /// between the last look and its end is not counted.
    pub fn cpu(&self) -> Duration {
        let mut threads = self.threads.borrow_mut();
        let of_thread = |path: PathBuf| -> Option<(String, u64)> {
            let nanos = fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()?;
            Some((path.file_name()?.to_str()?.to_owned(), nanos))
        };
        let folder = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten();
        threads.extend(folder.filter_map(|entry| of_thread(entry.ok()?.path())));
        match threads.values().sum() {
            0 => self.ticks(),
            nanos => Duration::from_nanos(nanos),
        }
    }

    fn ticks(&self) -> Duration {
        let stat = self.proc("stat");
        let after_name = stat.rsplit(')').next().unwrap();
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Memory of its own that is resident, in bytes: no files, no shared memory.
    pub fn rss_anon(&self) -> u64 {
        self.status_bytes("RssAnon:")
    }

    /// All memory that is resident, in bytes: pages of its program and of other files too.
    pub fn rss(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    fn status_bytes(&self, field: &str) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Tells it to end.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Counts system calls by `strace -c` while `work` runs. `None` where there is no strace, or it may not.
    pub fn count_calls(&self, work: impl FnOnce()) -> Option<BTreeMap<String, u64>> {
        let summary = temporary(&format!("{}.strace", self.child.id()));
        let mut strace = Command::new("strace")
            .args(["-f", "-c", "-U", "name,calls", "-o"])
            .arg(&summary)
            .args(["-p", &self.child.id().to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut stderr = BufReader::new(strace.stderr.take()?);
        let mut line = String::new();
        stderr.read_line(&mut line).ok()?;
        if !line.contains("attached") {
            let _ = strace.kill();
            let _ = strace.wait();
            return None;
        }
        work();
        Command::new("kill").args(["-INT", &strace.id().to_string()]).status().ok()?;
        let _ = stderr.read_to_string(&mut line);
        strace.wait().ok()?;
        let calls = read_summary(&summary);
        let _ = fs::remove_file(&summary);
        Some(calls)
    }
}

fn temporary(ending: &str) -> PathBuf {
    std::env::temp_dir().join(format!("karez-bench-{}-{ending}", std::process::id()))
}

fn read_summary(path: &Path) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let name = fields.next()?.to_owned();
        Some((name, fields.next()?.parse().ok()?))
    };
    text.lines().filter_map(row).filter(|(name, _)| name != "total").collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.complaints);
    }
}
