//! A server under test: a process of its own on a core of its own, and what the kernel tells of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The servers run here, one at work at a time; the generator runs on another core (`scripts/bench.sh`).
const SERVER_CORE: &str = "0";

pub struct Server {
    child: Child,
    pub name: &'static str,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a command; `{}` in an argument stands for the address to listen on, `{port}` for its port.
    pub fn start(name: &'static str, command: &[&str]) -> Server {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let arguments = command
            .iter()
            .map(|argument| argument.replace("{port}", &port).replace("{}", &address.to_string()));
        let child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("taskset starts the server");
        let server = Server { child, name, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "{name} does not listen: {command:?}");
            thread::sleep(Duration::from_millis(20));
        }
        // Loading its program is no part of what is measured.
        thread::sleep(Duration::from_millis(100));
        server
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the server lives")
    }

    /// CPU time so far, of the process and of the kernel on its behalf. From `schedstat` (nanoseconds) where the
    /// kernel keeps it, else from `stat` (ticks of 10 ms).
    pub fn cpu(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of_thread = |path: PathBuf| -> Option<u64> {
            fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        let nanos: u64 = threads.filter_map(|entry| of_thread(entry.ok()?.path())).sum();
        if nanos > 0 {
            return Duration::from_nanos(nanos);
        }
        let stat = self.proc("stat");
        let after_name = stat.rsplit(')').next().unwrap();
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Memory of its own that is resident, in bytes: no files, no shared memory.
    pub fn rss_anon(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Counts system calls by `strace -c` while `work` runs. `None` where there is no strace, or it may not.
    pub fn count_calls(&self, work: impl FnOnce()) -> Option<BTreeMap<String, u64>> {
        let summary = std::env::temp_dir().join(format!("karez-bench-{}.strace", self.child.id()));
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
    }
}
