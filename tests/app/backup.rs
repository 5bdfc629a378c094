//! `karez backup` and `karez restore` on the real command, with a daemon that is busy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

const WRITERS: u64 = 4;
/// So that soon a copy takes several steps, between which something is committed.
const CONTENT_BYTES: usize = 20_000;
/// What is copied in one step.
const STEP_BYTES: u64 = 4 * 1024 * 1024;

/// What was said, by group and number.
type Said = BTreeMap<(u64, u64), String>;
/// What was acknowledged so far.
type Acked = Arc<Mutex<Said>>;

/// Says one thing after the other to a group of its own, each when the one before is acknowledged, until it is told to
/// stop.
fn write(address: SocketAddr, gid: u64, acked: Acked, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut client = Client::open(address);
        client.say(LOGIN);
        client.hear();
        for number in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let content = format!("{gid}-{number}-{}", ".".repeat(CONTENT_BYTES));
            client.say(&format!(r#"{{"type":"group","gid":{gid},"id":"{number}","content":"{content}"}}"#));
            loop {
                let message = match client.hear() {
                    Heard::Text(message) => message,
                    other => panic!("no ack: {other:?}"),
                };
                if field(&message, "type") == "ack" {
                    let seq = field(&message, "seq").as_u64().unwrap();
                    acked.lock().unwrap().insert((gid, seq), content);
                    break;
                }
            }
        }
    })
}

/// All that was said, as a file has it.
fn entries(file: &Path) -> Said {
    let look = Connection::open(file).unwrap();
    let sql = "SELECT gid, seq, content FROM entry JOIN conversation USING (conversation)";
    let mut entries = look.prepare(sql).unwrap();
    let rows = entries.query_map((), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn command<'a>(name: &'a str, file: &'a Path, folder: &'a DataFolder, more: &[&'a str]) -> (i32, String) {
    let arguments = [name, file.to_str().unwrap(), "--data", folder.0.to_str().unwrap()];
    let arguments: Vec<&str> = arguments.into_iter().chain(more.iter().copied()).collect();
    let (code, stdout, words) = run_to_end(&arguments, &[]);
    assert_eq!(stdout, "", "standard output is for data");
    (code, words)
}

#[test]
fn a_copy_under_load_has_all_that_was_acknowledged_before_it_began() {
    let folder = DataFolder::new("backup-load");
    let copies = DataFolder::new("backup-load-copies");
    let daemon = folder.karez(&["--messages-per-second", "100000", "--messages-burst", "1000000"]);
    let (acked, stop) = (Acked::default(), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> =
        (1..=WRITERS).map(|gid| write(daemon.address("page"), gid, acked.clone(), stop.clone())).collect();
    let mut copied = Vec::new();
    for number in 0..4 {
        // They write before, and they write after.
        let enough = acked.lock().unwrap().len() + 80;
        while acked.lock().unwrap().len() < enough {
            assert!(writers.iter().all(|writer| !writer.is_finished()), "a writer has failed");
            std::thread::yield_now();
        }
        let before = acked.lock().unwrap().clone();
        let copy = copies.0.join(number.to_string());
        let (code, words) = command("backup", &copy, &folder, &[]);
        assert!(code == 0 && words.contains("checked"), "{words}");
        copied.push((before, copy));
    }
    stop.store(true, Ordering::Relaxed);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    daemon.end();
    let all = entries(&folder.0.join("karez.db"));
    assert_eq!(*acked.lock().unwrap(), all);
    assert!(
        copied.iter().any(|(_, copy)| std::fs::metadata(copy).unwrap().len() > STEP_BYTES),
        "only one step"
    );
    for (before, copy) in copied {
        let copy = entries(&copy);
        for gid in 1..=WRITERS {
            let numbers: Vec<u64> = copy.range((gid, 0)..(gid + 1, 0)).map(|((_, seq), _)| *seq).collect();
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "a gap in {numbers:?}");
        }
        assert!(
            before.iter().all(|(seq, content)| copy.get(seq) == Some(content)),
            "acknowledged, and missing"
        );
        assert!(copy.iter().all(|(seq, content)| all.get(seq) == Some(content)), "never said");
    }
    assert_eq!(copies.names(), ["0", "1", "2", "3"], "nothing else is left");
}

/// Logs in and says something to group 7.
fn speak(daemon: &Process, login: &str, content: &str) -> (u64, String, String) {
    let mut client = Client::open(daemon.address("page"));
    client.say(login);
    let Heard::Text(answer) = client.hear() else { panic!("no login") };
    client.say(&format!(r#"{{"type":"group","gid":7,"id":"1","content":"{content}"}}"#));
    while !client.hear_text().contains(r#""type":"ack""#) {}
    let text = |name| field(&answer, name).as_str().unwrap().to_owned();
    (field(&answer, "uid").as_u64().unwrap(), text("epoch"), text("token"))
}

#[test]
fn a_restored_store_gives_no_number_twice() {
    let folder = DataFolder::new("restore");
    let copies = DataFolder::new("restore-copies");
    let copy = copies.0.join("monday");
    let daemon = folder.karez(&[]);
    let (ann, epoch, _) = speak(&daemon, LOGIN, "before");
    assert_eq!(command("backup", &copy, &folder, &[]).0, 0);
    let (ben, _, token) = speak(&daemon, LOGIN, "after");
    let (code, words) = command("restore", &copy, &folder, &[]);
    assert_eq!(code, 65, "{words}");
    assert!(words.contains("in use by another process"), "{words}");
    daemon.end();

    let (code, words) = command("restore", &copy, &folder, &[]);
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("restored from") && words.contains("karez.db.old-1;"), "{words}");
    let contents = |name: &str| entries(&folder.0.join(name)).into_values().collect::<Vec<_>>();
    assert_eq!(contents("karez.db"), ["before"]);
    assert_eq!(contents("karez.db.old-1"), ["before", "after"]);

    let daemon = folder.karez(&[]);
    let (cid, fresh, _) = speak(&daemon, LOGIN, "a guest who is new");
    assert!(fresh != epoch, "numbers of messages are given again, and clients are told");
    assert!(cid > ann.max(ben) + 100_000, "nobody gets a uid whose token somebody has");
    let back = format!(r#"{{"type":"login","token":"{token}"}}"#);
    assert_eq!(speak(&daemon, &back, "a guest of then").0, ben);
    daemon.end();
}

#[test]
fn a_daemon_that_was_killed_is_copied_and_restored() {
    let folder = DataFolder::new("backup-killed");
    let copies = DataFolder::new("backup-killed-copies");
    let daemon = folder.karez(&[]);
    speak(&daemon, LOGIN, "before");
    daemon.signal(Signal::KILL);
    daemon.wait();
    let copy = copies.0.join("copy");
    assert_eq!(command("backup", &copy, &folder, &[]), (0, words_of(&copy)));
    assert_eq!(entries(&copy).len(), 1);
    assert_eq!(command("restore", &copy, &folder, &[]).0, 0);
    let daemon = folder.karez(&[]);
    speak(&daemon, LOGIN, "after");
    daemon.end();
    assert_eq!(entries(&folder.0.join("karez.db")).len(), 2);
}

fn words_of(copy: &Path) -> String {
    let kib = std::fs::metadata(copy).unwrap().len() / 1024;
    format!("{}: {kib}KiB, checked\n", copy.display())
}

#[test]
fn what_is_refused_has_its_exit_code_and_leaves_all_as_it_is() {
    let folder = DataFolder::new("backup-refused");
    let copies = DataFolder::new("backup-refused-copies");
    let (copy, bad) = (copies.0.join("copy"), copies.0.join("bad"));
    let (code, words) = command("backup", &copy, &folder, &[]);
    assert_eq!((code, words.contains("is not there")), (65, true), "{words}");
    let daemon = folder.karez(&[]);
    speak(&daemon, LOGIN, "hello");
    daemon.end();
    assert_eq!(command("backup", &copy, &folder, &[]).0, 0);
    let (code, words) = command("backup", &copy, &folder, &[]);
    assert_eq!((code, words.contains("is there already")), (1, true), "{words}");
    assert_eq!(command("backup", &copy, &folder, &["--overwrite"]).0, 0);
    let (code, words) = command("backup", &folder.0.join("karez.db"), &folder, &["--overwrite"]);
    assert_eq!((code, words.contains("what is to be copied")), (1, true), "{words}");
    assert_eq!(command("backup", &copies.0.join("no/folder"), &folder, &[]).0, 1);

    let good = std::fs::read(&copy).unwrap();
    std::fs::write(&bad, &good[..good.len() - 4_096 * 3]).unwrap();
    let (code, words) = command("restore", &bad, &folder, &[]);
    assert_eq!((code, words.contains("is damaged")), (65, true), "{words}");
    std::fs::write(&bad, &good).unwrap();
    Connection::open(&bad).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let (code, words) = command("restore", &bad, &folder, &[]);
    assert_eq!((code, words.contains("has schema 99")), (65, true), "{words}");
    assert_eq!(command("restore", &copies.0.join("none"), &folder, &[]).0, 1);
    assert_eq!(run_to_end(&["restore"], &[]).0, 2);
    assert_eq!(entries(&folder.0.join("karez.db")).len(), 1);
    assert_eq!(folder.names(), ["karez.db", "karez.lock"]);
    assert_eq!(copies.names(), ["bad", "copy"]);
}

#[test]
fn the_folder_may_stand_in_the_file_of_settings_and_the_keys_come_along() {
    let (folder, other) = (DataFolder::new("backup-file"), DataFolder::new("backup-file-other"));
    let daemon = folder.karez(&[]);
    speak(&daemon, LOGIN, "hello");
    daemon.end();
    let data = folder.0.to_str().unwrap();
    let create = ["key", "create", "--data", data, "--name", "site", "--scope", "read"];
    assert_eq!(run_to_end(&create, &[]).0, 0);
    let file = other.0.join("karez.toml");
    std::fs::write(&file, format!("data = {data:?}\n")).unwrap();
    let copy = other.0.join("copy");
    let backup = ["backup", copy.to_str().unwrap(), "--config", file.to_str().unwrap()];
    let (code, _, words) = run_to_end(&backup, &[]);
    assert!(code == 0 && words.contains("with the API keys"), "{words}");

    let fresh = DataFolder::new("backup-file-fresh");
    let (code, words) = command("restore", &copy, &fresh, &[]);
    assert!(code == 0 && words.contains("the API keys are back"), "{words}");
    let list = ["key", "list", "--data", fresh.0.to_str().unwrap()];
    assert_eq!(run_to_end(&list, &[]).1, "site read\n");
    assert!(command("restore", &copy, &fresh, &[]).1.contains("the API keys were left as they are"));
}
