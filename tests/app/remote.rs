//! The commands that talk to a running daemon, and the one that works on its store: as real processes.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// A daemon on a store in a folder, with a key that may do everything.
struct Place {
    folder: DataFolder,
    key: String,
}

impl Place {
    fn new(name: &str) -> Place {
        let folder = DataFolder::new(name);
        let place = Place { folder, key: String::new() };
        let arguments = ["key", "create", "--name", "all", "--scope", "publish,read,manage"];
        let made = place.run(&[&arguments[..], &["--data", place.data()]].concat(), &[]);
        assert!(made.status.success());
        Place { key: String::from_utf8(made.stdout).unwrap().trim().to_owned(), ..place }
    }

    fn data(&self) -> &str {
        self.folder.0.to_str().unwrap()
    }

    fn daemon(&self) -> (Process, String) {
        let daemon = self.folder.karez(&["--guests", "yes"]);
        let url = format!("http://{}", daemon.address("page"));
        (daemon, url)
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        clean(&mut Command::new(KAREZ)).args(arguments).envs(variables.iter().copied()).output().unwrap()
    }

    /// A command with the key, that must succeed; what it printed.
    #[track_caller]
    fn with_key(&self, url: &str, arguments: &[&str]) -> String {
        let done = self.run(&[arguments, &["--url", url]].concat(), &[("KAREZ_KEY", &self.key)]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn fails(done: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
    assert!(done.stdout.is_empty());
}

/// A command that goes on, and what it prints.
struct Listener {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Listener {
    fn tail(url: &str, arguments: &[&str]) -> Listener {
        let mut command = Command::new(KAREZ);
        clean(&mut command).args(["tail", "--url", url]).args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        Listener { child, lines: BufReader::new(stdout).lines() }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn guest(url: &str) -> Client {
    let mut client = Client::open(url.strip_prefix("http://").unwrap().parse().unwrap());
    client.say(LOGIN);
    assert!(client.hear_text().contains(r#""type":"login""#));
    client
}

#[test]
fn nobody_answers() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{port}");
    let place = Place::new("absent");
    let key = [("KAREZ_KEY", place.key.as_str())];
    for arguments in [&["status"][..], &["tail"], &["send", "--gid", "1", "x"], &["forget", "5"]] {
        let done = place.run(&[arguments, &["--url", &url]].concat(), &key);
        fails(&done, 69, "nobody answers at http://127.0.0.1:");
    }
    let done = place.run(&["status", "--url", "unix:/nowhere/karez.sock"], &[]);
    fails(&done, 69, "nobody answers at unix:/nowhere/karez.sock");
    // Something else answers, but no daemon.
    fails(&place.run(&["status", "--url", "ftp://x"], &[]), 2, "must begin with http://");
}

#[test]
fn status_tells_how_the_daemon_is() {
    let place = Place::new("status");
    let (_daemon, url) = place.daemon();
    let _guest = guest(&url);
    let figures = json(&place.with_key(&url, &["status", "--json"]));
    assert_eq!((&figures["ready"], &figures["sessions"]), (&Value::Bool(true), &Value::from(1)));
    let text = place.with_key(&url, &["status"]);
    assert!(text.lines().any(|line| line.starts_with("users_online ") && line.ends_with(" 1")), "{text}");
    let without = place.run(&["status", "--json", "--url", &url], &[]);
    let figures = json(std::str::from_utf8(&without.stdout).unwrap());
    assert!(figures.as_object().unwrap().keys().any(|name| name.starts_with("karez_")), "{figures}");
    let wrong = place.run(&["status", "--url", &url], &[("KAREZ_KEY", "kz_wrong")]);
    fails(&wrong, 1, "refused (401)");
}

#[test]
fn tail_and_send_meet_in_a_group() {
    let place = Place::new("tail");
    let (_daemon, url) = place.daemon();
    let mut ann = guest(&url);
    ann.say(r#"{"type":"join","gid":123}"#);
    assert!(ann.hear_text().starts_with(r#"{"type":"joined""#));
    let mut named = Listener::tail(&url, &["--gid", "123", "--count", "3"]);
    assert!(ann.hear_text().starts_with(r#"{"type":"joined""#), "the other one is in");
    assert!(named.line().starts_with("joined 123 "));
    let answer = json(&place.with_key(&url, &["send", "--gid", "123", "hello\u{1b}[2J"]));
    assert_eq!((&answer["seq"], &answer["online"]), (&Value::from(1), &Value::from(2)));
    assert_eq!(named.line(), "group 123 #1 system (system): hello\\u{1b}[2J");
    let mut every = Listener::tail(&url, &["--json", "--count", "2"]);
    assert_eq!(json(&every.line())["type"], "joined");
    place.with_key(&url, &["send", "--gid", "123", "--from", "7", "all"]);
    assert_eq!(json(&every.line())["content"], "all");
    assert_eq!(every.code(), Some(0), "it ends after so many");
}

#[test]
fn a_tail_ends_with_the_daemon() {
    let place = Place::new("tail-ends");
    let (daemon, url) = place.daemon();
    let mut ann = guest(&url);
    ann.say(r#"{"type":"join","gid":123}"#);
    ann.hear_text();
    let mut tail = Listener::tail(&url, &["--gid", "123"]);
    tail.line();
    drop(daemon);
    assert!(matches!(tail.code(), Some(1 | 69)));
}

#[test]
fn send_reaches_a_user_and_pushes() {
    let place = Place::new("send");
    let (_daemon, url) = place.daemon();
    let mut ann = guest(&url);
    place.with_key(&url, &["send", "--uid", "1001", "hello"]);
    assert!(ann.hear_text().contains(r#""content":"hello""#));
    place.with_key(&url, &["send", "--push", "--uid", "1001", "ding"]);
    assert!(ann.hear_text().starts_with(r#"{"type":"push""#));
    let done = place.run(&["send", "--gid", "5", "x", "--url", &url], &[("KAREZ_KEY", &place.key)]);
    fails(&done, 1, "refused (404)");
    fails(&place.run(&["send", "--gid", "5", "x", "--url", &url], &[]), 78, "a key is needed");
    fails(&place.run(&["send", "x", "--url", &url], &[]), 2, "--gid");
}

fn report(text: &str) -> (Value, Value) {
    let report = json(text);
    assert_eq!(report["done"], true);
    (report["messages"].clone(), report["groups"].clone())
}

/// Two guests in a group; 1001 has said something.
fn talk(url: &str) -> (Client, Client) {
    let (mut ann, mut bob) = (guest(url), guest(url));
    ann.say(r#"{"type":"group","gid":7,"content":"my secret","id":"a"}"#);
    for _ in 0..3 {
        ann.hear_text();
    }
    bob.say(r#"{"type":"join","gid":7,"id":"b"}"#);
    while !bob.hear_text().contains(r#""type":"ack""#) {}
    (ann, bob)
}

#[test]
fn a_daemon_that_runs_forgets_a_person() {
    let place = Place::new("forget");
    let (_daemon, url) = place.daemon();
    let (mut ann, mut bob) = talk(&url);
    assert_eq!(report(&place.with_key(&url, &["forget", "1001"])), (1.into(), 1.into()));
    while ann.hear() != Heard::Close(4003, "kicked".to_owned()) {}
    bob.say(r#"{"type":"history","gid":7,"id":"h"}"#);
    let history = loop {
        let heard = bob.hear_text();
        if heard.contains(r#""type":"history""#) {
            break heard;
        }
    };
    assert!(history.contains(r#""recalled":true"#) && !history.contains("secret"), "{history}");
    assert_eq!(report(&place.with_key(&url, &["forget", "1001"])), (1.into(), 1.into()), "asked again");
}

fn holds(folder: &Path, words: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()));
    files.flatten().any(|bytes| memchr::memmem::find(&bytes, words.as_bytes()).is_some())
}

#[test]
fn without_a_daemon_the_store_forgets() {
    let place = Place::new("forget-offline");
    let (daemon, url) = place.daemon();
    let clients = talk(&url);
    let used = place.run(&["forget", "1001", "--data", place.data()], &[]);
    fails(&used, 65, "is in use by another process");
    drop((clients, daemon));
    assert!(holds(&place.folder.0, "my secret"));
    let done = place.run(&["forget", "1001", "--data", place.data()], &[]);
    assert_eq!(report(std::str::from_utf8(&done.stdout).unwrap()), (1.into(), 1.into()));
    assert!(!holds(&place.folder.0, "my secret"));
    let nowhere = place.run(&["forget", "1001", "--data", "/nowhere/at/all"], &[]);
    fails(&nowhere, 65, "there is no store in /nowhere/at/all");
}
