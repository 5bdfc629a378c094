//! A disk that fails, as the daemon meets it: single system calls are made to fail by strace. Where there is
//! no strace, or it may not trace, these tests say so and show nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::scrape::get;
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
    calls_until_killed(daemon, &log, call)
}

/// Kills a daemon and returns how many of these calls it has made.
fn calls_until_killed(daemon: Process, log: &Path, call: &str) -> u64 {
    daemon.signal(Signal::KILL);
    daemon.wait();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        if lines.contains("+++ killed") {
            return lines.lines().filter(|line| line.starts_with(&format!("{call}("))).count() as u64;
        }
        assert!(Instant::now() < end, "strace does not end: {lines}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Speaks in group 7 and returns the answer to that.
fn speak(client: &mut Client, id: &str) -> String {
    say_words(client, id, "hi")
}

fn say_words(client: &mut Client, id: &str, words: &str) -> String {
    client.say(&format!(r#"{{"type":"group","gid":7,"content":"{words}","id":"{id}"}}"#));
    answer_to(client, id)
}

fn answer_to(client: &mut Client, id: &str) -> String {
    loop {
        let Heard::Text(heard) = client.hear() else { panic!("no text") };
        if heard.contains(&format!(r#""id":"{id}""#)) {
            return heard;
        }
    }
}

/// What group 7 has heard, in order; there is no gap in its numbers.
fn history(client: &mut Client) -> Vec<String> {
    client.say(r#"{"type":"history","gid":7,"id":"h"}"#);
    let answer = answer_to(client, "h");
    let entries = field(&answer, "messages");
    let entries = entries.as_array().unwrap();
    let numbers = entries.iter().map(|entry| entry["seq"].as_u64().unwrap());
    assert!(numbers.eq(1..=entries.len() as u64), "{answer}");
    entries.iter().map(|entry| entry["content"].as_str().unwrap().to_owned()).collect()
}

/// One call fails, the `nth` after a guest has come. Ten messages are said meanwhile and, after a kill, again.
fn one_call_fails(call: &str, first: u64, nth: u64, error: &str) {
    let case = format!("{call}-{nth}-{error}");
    let folder = DataFolder::new(&case);
    let log = folder.0.join("calls");
    let injection = format!("error={error}:when={}", first + nth);
    let daemon = traced(&folder, &log, call, Some(&injection));
    let mut ann = Client::open(daemon.address("page"));
    ann.say(LOGIN);
    let Heard::Text(login) = ann.hear() else { panic!("no login") };
    let ids: Vec<_> = (0..10).map(|number| format!("m{number}")).collect();
    let mut acked = Vec::new();
    for id in &ids {
        let answer = say_words(&mut ann, id, id);
        match field(&answer, "type").as_str().unwrap() {
            "ack" => acked.push(id.clone()),
            _ => {
                assert!(answer.contains(r#""code":"internal""#) && answer.contains(r#""retry":"#), "{answer}")
            }
        }
    }
    match call {
        "fsync" => assert_eq!(acked, ids[..nth as usize - 1], "{case}: a failed fsync is final"),
        _ => assert_eq!(acked.len(), ids.len() - 1, "{case}: one message, and then there is room again"),
    }
    if !acked.is_empty() {
        assert_eq!(history(&mut ann), acked, "{case}: reading goes on, and shows what was acknowledged");
    }
    daemon.signal(Signal::KILL);
    daemon.wait();

    let daemon = folder.karez(&[]);
    let mut ann = Client::open(daemon.address("page"));
    ann.say(&format!(r#"{{"type":"login","token":{}}}"#, field(&login, "token")));
    ann.hear_text();
    for id in &ids {
        let answer = say_words(&mut ann, id, id);
        assert!(answer.contains(r#""type":"ack""#), "{case}: {answer}");
        let is_duplicate = answer.contains(r#""duplicate":true"#);
        assert!(is_duplicate || !acked.contains(id), "{case}: {id} was acknowledged and is not there");
    }
    let mut stored = history(&mut ann);
    stored.sort();
    assert_eq!(stored, ids, "{case}: each once");
    drop(ann);
    daemon.end();
}

#[test]
fn whichever_write_or_fsync_fails_no_ack_is_false_and_nothing_is_lost_or_doubled() {
    if !may_trace() {
        return;
    }
    for call in ["pwrite64", "fsync"] {
        let first = calls_until_login(call, &format!("nth-{call}"));
        for (nth, error) in [(1, "EIO"), (2, "ENOSPC"), (3, "EIO"), (5, "EIO"), (5, "ENOSPC")] {
            one_call_fails(call, first, nth, error);
        }
    }
}

#[test]
fn a_failed_fsync_of_a_checkpoint_is_final_too_and_loses_nothing() {
    if !may_trace() {
        return;
    }
    let folder = DataFolder::new("checkpoint");
    folder.karez(&[]).end();
    let log = folder.0.join("calls");
    let file = folder.0.join("karez.db");
    // Only the file itself: it is confirmed at the end of a checkpoint, commits go to the WAL.
    let inject = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO"];
    let program =
        [&["strace", "-D", "-o", log.to_str().unwrap(), "-P", file.to_str().unwrap()], &inject[..]].concat();
    let daemon = Process::karez_under(&program, &folder.arguments(&["--messages-burst", "10000"]));
    let mut ann = guest(&daemon);
    let words = "x".repeat(4_000);
    let mut acked = 0;
    let is_refused = |answer: &str| answer.contains(r#""code":"internal""#);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        // Messages until the WAL is worth moving, and then silence, in which it is moved.
        let answer = say_words(&mut ann, &format!("m{acked}"), &words);
        if is_refused(&answer) {
            break;
        }
        acked += 1;
        assert!(Instant::now() < end, "{acked} messages, and no checkpoint");
        if acked % 400 == 0 {
            daemon.wait_for_line("could not tidy up");
        }
    }
    assert!(is_refused(&speak(&mut ann, "late")), "for good");
    ann.say(r#"{"type":"history","gid":7,"limit":1,"id":"h"}"#);
    let last = format!(r#""seq":{acked},"#);
    assert!(answer_to(&mut ann, "h").contains(&last), "reading goes on");
    drop(ann);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().0.code(), Some(1), "it says that it did not end well");

    let daemon = folder.karez(&[]);
    let answer = speak(&mut guest(&daemon), "next");
    assert!(answer.contains(&format!(r#""seq":{},"#, acked + 1)), "all acknowledged are there: {answer}");
    daemon.end();
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

/// How often a daemon with these arguments waits for the disk while ten messages are said, a while apart.
fn waits_for_the_disk(name: &str, arguments: &[&str]) -> u64 {
    let folder = DataFolder::new(name);
    let log = folder.0.join("calls");
    let program = ["strace", "-D", "-o", log.to_str().unwrap(), "-e", "trace=fsync"];
    let daemon = Process::karez_under(&program, &folder.arguments(arguments));
    let mut ann = guest(&daemon);
    for number in 0..10 {
        speak(&mut ann, &format!("m{number}"));
        // What need not be done at once is done meanwhile.
        std::thread::sleep(Duration::from_millis(250));
    }
    calls_until_killed(daemon, &log, "fsync")
}

#[test]
fn nobody_waits_for_the_disk_because_something_is_no_longer_kept() {
    if !may_trace() {
        return;
    }
    let all = waits_for_the_disk("all-kept", &[]);
    let some = waits_for_the_disk("some-kept", &["--retention-entries-per-conversation-max", "1"]);
    assert_eq!(some, all);
}

#[test]
fn a_failing_disk_is_not_ready_and_is_again_when_it_takes_something() {
    if !may_trace() {
        return;
    }
    for (call, error, is_final) in [("pwrite64", "ENOSPC", false), ("fsync", "EIO", true)] {
        let first = calls_until_login(call, &format!("ready-{call}")) + 1;
        let folder = DataFolder::new(&format!("ready-{call}"));
        let log = folder.0.join("calls");
        let daemon = traced(&folder, &log, call, Some(&format!("error={error}:when={first}")));
        let address = daemon.address("page");
        let mut ann = guest(&daemon);
        assert_eq!(get(address, "/readyz", "").0, 200);
        let answer = speak(&mut ann, "a");
        assert!(answer.contains(r#""code":"internal""#), "{answer}");
        let (status, words) = get(address, "/readyz?verbose", "");
        assert!(status == 503 && words.starts_with("[-]store: "), "{call}: {status} {words}");
        // Nobody speaks. The question has it tried, and the next one is told.
        let end = Instant::now() + Duration::from_secs(3);
        let mut last = 503;
        while last == 503 && Instant::now() < end {
            last = get(address, "/readyz", "").0;
        }
        assert_eq!(last, if is_final { 503 } else { 200 }, "{call}");
        drop(ann);
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.wait().0.code(), Some(i32::from(is_final)));
    }
}
