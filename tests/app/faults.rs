//! A disk that fails, as the daemon meets it: single system calls are made to fail by strace. Where there is
//! no strace, or it may not trace, these tests say so and show nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

fn may_trace() -> bool {
    let trial = Command::new("strace").args(["-D", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let may = trial.is_ok_and(|status| status.success());
    if !may {
        eprintln!("strace cannot be used here: nothing is shown");
    }
    may
}

/// A daemon of which each of these system calls is written down, or fails as the injection says.
fn traced(folder: &DataFolder, log: &Path, call: &str, injection: Option<&str>) -> Process {
    let trace = format!("trace={call}");
    let inject = injection.map(|injection| format!("inject={call}:{injection}"));
    // -D: strace steps aside, and the daemon is the child.
    let mut program = vec!["strace", "-D", "-o", log.to_str().unwrap(), "-e", &trace];
    program.extend(inject.as_deref().map(|inject| ["-e", inject]).into_iter().flatten());
    Process::karez_under(&program, &folder.arguments(&[]))
}

fn guest(daemon: &Process) -> Client {
    let mut client = Client::open(daemon.address("page"));
    client.say(LOGIN);
    assert!(client.hear_text().starts_with(r#"{"type":"login""#));
    client
}

/// How many of these calls a daemon makes on a new store until its first guest is there.
fn calls_until_login(call: &str, name: &str) -> u64 {
    let folder = DataFolder::new(&format!("{name}-counted"));
    let log = folder.0.join("calls");
    let daemon = traced(&folder, &log, call, None);
    guest(&daemon);
    daemon.signal(Signal::KILL);
    daemon.wait();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let lines = std::fs::read_to_string(&log).unwrap_or_default();
        if lines.contains("+++ killed") {
            return lines.lines().filter(|line| line.starts_with(&format!("{call}("))).count() as u64;
        }
        assert!(Instant::now() < end, "strace does not end: {lines}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Speaks in group 7 and returns the answer to that.
fn speak(client: &mut Client, id: &str) -> String {
    client.say(&format!(r#"{{"type":"group","gid":7,"content":"hi","id":"{id}"}}"#));
    loop {
        let heard = client.hear_text();
        if heard.contains(&format!(r#""id":"{id}""#)) {
            return heard;
        }
    }
}

#[test]
fn a_failed_fsync_is_final_for_writing_until_a_restart() {
    if !may_trace() {
        return;
    }
    for error in ["EIO", "ENOSPC"] {
        let first = calls_until_login("fsync", &format!("fsync-{error}")) + 1;
        let folder = DataFolder::new(&format!("fsync-{error}"));
        let log = folder.0.join("calls");
        let daemon = traced(&folder, &log, "fsync", Some(&format!("error={error}:when={first}")));
        let mut ann = guest(&daemon);
        for id in ["a", "b", "c"] {
            // Only the first one failed. The others would succeed, and prove nothing.
            let answer = speak(&mut ann, id);
            assert!(answer.contains(r#""code":"internal""#), "{answer}");
        }
        ann.say(r#"{"type":"members","gid":99,"id":"r"}"#);
        assert!(ann.hear_text().contains(r#""code":"not_found""#), "what only reads is served");
        daemon.wait_for_line("nothing is written until a restart");
        drop(ann);
        daemon.signal(Signal::TERM);
        let (status, _) = daemon.wait();
        assert_eq!(status.code(), Some(1), "it says that it did not end well");

        let daemon = folder.karez(&[]);
        assert!(speak(&mut guest(&daemon), "d").contains(r#""type":"ack""#));
        daemon.end();
    }
}

#[test]
fn a_write_without_room_is_refused_and_the_next_is_not() {
    if !may_trace() {
        return;
    }
    let first = calls_until_login("pwrite64", "room") + 1;
    let folder = DataFolder::new("room");
    let log = folder.0.join("calls");
    let daemon = traced(&folder, &log, "pwrite64", Some(&format!("error=ENOSPC:when={first}")));
    let mut ann = guest(&daemon);
    let answer = speak(&mut ann, "a");
    assert!(answer.contains(r#""code":"internal""#) && answer.contains(r#""retry":"#), "{answer}");
    daemon.wait_for_line("there is no room left");
    let answer = speak(&mut ann, "b");
    assert!(answer.contains(r#""type":"ack""#) && answer.contains(r#""seq":1"#), "{answer}");
    drop(ann);
    daemon.end();
}
