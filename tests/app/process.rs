//! A program of this package in a process of its own, which ends with the value.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The daemon as Cargo built it for this test.
pub const KAREZ: &str = env!("CARGO_BIN_EXE_karez");
/// How long anything may take that should take no time.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program, and the lines that it has written to the stream where it greets.
pub struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// The daemon with these arguments, once it has greeted on standard error.
    pub fn karez(arguments: &[&str]) -> Process {
        Process::karez_with(arguments, &[])
    }

    /// The same, with variables in its environment.
    pub fn karez_with(arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        let mut command = Command::new(KAREZ);
        clean(&mut command).args(arguments).envs(variables.iter().copied());
        Process::greeting_on_stderr(&mut command)
    }

    /// A daemon that may have so many descriptors and not more.
    pub fn karez_with_descriptors(count: usize, arguments: &[&str]) -> Process {
        let script = format!("ulimit -n {count}; exec \"$0\" \"$@\"");
        Process::greeting_on_stderr(
            clean(&mut Command::new("sh")).args(["-c", &script, KAREZ]).args(arguments),
        )
    }

    /// The daemon as the last argument of another program, which must become it.
    #[cfg(target_os = "linux")]
    pub fn karez_under(program: &[&str], arguments: &[&str]) -> Process {
        let mut command = Command::new(program[0]);
        Process::greeting_on_stderr(clean(&mut command).args(&program[1..]).arg(KAREZ).args(arguments))
    }

    /// An example, once it has said on standard output where it listens.
    pub fn example(name: &str, arguments: &[&str]) -> Process {
        let program = Path::new(KAREZ).parent().unwrap().join("examples").join(name);
        assert!(
            program.exists(),
            "{} is missing: `cargo test`, or `cargo build --examples`",
            program.display()
        );
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let process = Process::collecting(child, stdout);
        process.wait_for_line("listen");
        process
    }

    /// A daemon by a command of the test's own, once it has greeted on standard error.
    pub fn spawn(command: &mut Command) -> Process {
        Process::greeting_on_stderr(clean(command))
    }

    fn greeting_on_stderr(command: &mut Command) -> Process {
        Process::greeting_with(command.stdout(Stdio::null()))
    }

    /// A command that becomes the daemon, with its standard output where it is, once it has greeted.
    pub fn greeting_with(command: &mut Command) -> Process {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let process = Process::collecting(child, stderr);
        process.wait_for_line("  store ");
        process
    }

    fn collecting(child: Child, stream: impl Read + Send + 'static) -> Process {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                collected.lock().unwrap().push(line);
            }
        });
        Process { child, lines, reader: Some(reader) }
    }

    /// A command that becomes the daemon, which must end by itself: exit code and standard error.
    #[track_caller]
    pub fn ending_with(command: &mut Command) -> (i32, String) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (status, lines) = Process::collecting(child, stderr).wait();
        (status.code().unwrap(), lines.join("\n"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line that holds the words.
    #[track_caller]
    pub fn wait_for_line(&self, words: &str) -> String {
        self.wait_for_line_again(words, 0)
    }

    /// Waits until it has written so many such lines, and one more.
    #[track_caller]
    pub fn wait_for_line_again(&self, words: &str, before: usize) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.lines().into_iter().filter(|line| line.contains(words)).nth(before);
            if let Some(line) = found {
                return line;
            }
            let is_over = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            assert!(!is_over && Instant::now() < end, "no {words:?} in {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The address in the line that holds the words.
    #[track_caller]
    pub fn address(&self, words: &str) -> SocketAddr {
        let line = self.wait_for_line(words);
        let is_part = |c: char| c.is_ascii_hexdigit() || "[]:.".contains(c);
        line.split(|c: char| !is_part(c))
            .find_map(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("no address in {line:?}"))
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and tells how the process ended and what it wrote to the end.
    #[track_caller]
    pub fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return (status, self.lines());
            }
            assert!(Instant::now() < end, "it does not end: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// SIGTERM, and exit code 0 before long.
    #[track_caller]
    pub fn end(self) {
        self.signal(Signal::TERM);
        let (status, lines) = self.wait();
        assert!(status.success(), "{status}: {lines:#?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its own child, and no other; if it has ended already, that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the daemon to its end, which must come by itself: exit code and standard error.
#[track_caller]
pub fn run_to_end(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(KAREZ);
    clean(&mut command).args(arguments).envs(variables.iter().copied());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut process = Process { child, lines: Arc::default(), reader: None };
    let end = Instant::now() + PATIENCE;
    while process.child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it serves with {arguments:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    let (mut stdout, mut stderr) = (String::new(), String::new());
    process.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    process.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let status = process.child.wait().unwrap();
    (status.code().unwrap_or_else(|| panic!("ended by a signal: {status}")), stdout, stderr)
}

/// Without settings from the environment and the files of whoever runs the tests, and without a trace of a test that has
/// named no folder.
pub fn clean(command: &mut Command) -> &mut Command {
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("KAREZ_")) {
        command.env_remove(name);
    }
    command.env_remove("CREDENTIALS_DIRECTORY");
    command.env("KAREZ_CONFIG", "").env("KAREZ_STORE", "memory")
}

/// A folder for a store, which is removed with the value.
pub struct DataFolder(pub PathBuf);

impl DataFolder {
    pub fn new(name: &str) -> DataFolder {
        let path = std::env::temp_dir().join(format!("karez-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        DataFolder(path)
    }

    /// A daemon that keeps what is said there, on any port, with further arguments.
    pub fn karez(&self, arguments: &[&str]) -> Process {
        Process::karez(&self.arguments(arguments))
    }

    pub fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own = ["--listen", "127.0.0.1:0", "--store", "disk", "--data", self.0.to_str().unwrap()];
        own.into_iter().chain(more.iter().copied()).collect()
    }

    /// The names of what is in it.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A path for a socket that no other test uses; whatever is left there is removed with the value.
pub struct SocketPath(pub PathBuf);

impl SocketPath {
    pub fn new(name: &str) -> SocketPath {
        SocketPath(std::env::temp_dir().join(format!("karez-{}-{name}.sock", std::process::id())))
    }

    pub fn listen(&self) -> String {
        format!("unix:{}", self.0.display())
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
