//! The log: a line for each connection that ends, in text or JSON, and nothing of what people say.

use std::process::Command;

use karez::ws::Opcode;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// A guest who says one thing and leaves well.
fn visit(daemon: &Process, words: &str) {
    let mut guest = Client::open(daemon.address("page"));
    guest.say(LOGIN);
    guest.hear_text();
    guest.say(&format!(r#"{{"type":"group","gid":7,"content":"{words}","id":"1"}}"#));
    while !guest.hear_text().starts_with(r#"{"type":"ack""#) {}
    guest.send(&close(1000));
    while !matches!(guest.hear(), Heard::Close(..)) {}
    guest.expect_end();
}

/// A client that breaks the protocol.
fn break_in(daemon: &Process) {
    let mut rude = Client::open(daemon.address("page"));
    rude.send(&[0xff; 8]);
    assert!(matches!(rude.hear(), Heard::Close(1002, _)));
    rude.expect_end();
}

#[test]
fn each_connection_that_ends_has_a_line_with_reason_bytes_and_seconds() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--log", "info,karez::net=debug"]);
    visit(&daemon, "hello");
    let line = daemon.wait_for_line("closed by the peer");
    let (_, figures) = line.split_once("closed by the peer (1000); ").unwrap();
    let words: Vec<&str> = figures.split(' ').collect();
    let [received, "bytes", "in,", sent, "bytes", "out,", "0", "s"] = words[..] else { panic!("{line}") };
    let handshake = upgrade("/", "").len();
    assert!(received.parse::<usize>().unwrap() > handshake + 60, "{line}");
    assert!(sent.parse::<usize>().unwrap() > SWITCHED.len() + 200, "{line}");
    assert!(line.contains(" DEBUG karez::net"), "{line}");
    break_in(&daemon);
    let line = daemon.wait_for_line("failed: the peer broke the protocol (1002)");
    assert!(line.contains(" INFO  karez::net"), "{line}");
    let mut rest = Client::dial(daemon.address("page"));
    rest.send(b"GET /a/app.js HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    while rest.pull() {}
    drop(rest);
    daemon.wait_for_line("of HTTP ended; ");
    daemon.end();
}

#[test]
fn at_info_there_is_nothing_of_what_people_say_or_of_who_leaves_well() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0"]);
    visit(&daemon, "unmistakable");
    break_in(&daemon);
    daemon.wait_for_line("broke the protocol");
    let log = daemon.lines().join("\n");
    assert!(!log.contains("unmistakable") && !log.contains("closed by the peer"), "{log}");
    daemon.end();
}

#[test]
fn a_crowd_that_breaks_the_protocol_gets_few_lines_and_is_counted() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0"]);
    let address = daemon.address("page");
    let mut crowd: Vec<Client> = (0..120).map(|_| Client::open(address)).collect();
    crowd.iter_mut().for_each(|rude| rude.send(&[0xff; 8]));
    crowd.iter_mut().for_each(|rude| {
        rude.hear();
    });
    drop(crowd);
    let told = |lines: &[String]| lines.iter().filter(|line| line.contains("broke the protocol")).count();
    // One a while, until one comes in another second and says how many there were.
    let line = loop {
        break_in(&daemon);
        if let Some(line) = daemon.lines().into_iter().find(|line| line.contains("were not told")) {
            break line;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let count = line.rsplit_once("; ").unwrap().1.split(' ').next().unwrap().parse::<usize>().unwrap();
    assert!(count >= 60, "{line}");
    assert!(told(&daemon.lines()) < 80, "{}", told(&daemon.lines()));
    daemon.end();
}

#[test]
fn as_json_each_line_is_an_object() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--log-format", "json", "--log", "debug"]);
    break_in(&daemon);
    let line = daemon.wait_for_line("broke the protocol");
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    let fields: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 4, "{line}");
    assert_eq!((&object["level"], &object["target"]), (&"info".into(), &"karez::net::ending".into()));
    let time = object["time"].as_str().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z') && time.len() == 24, "{time}");
    assert!(object["message"].as_str().unwrap().starts_with("connection "), "{line}");
    daemon.end();
}

#[test]
fn colours_are_for_terminals_and_never_with_no_color() {
    // CLICOLOR_FORCE stands for a terminal.
    for (variables, coloured) in [
        (&[("CLICOLOR_FORCE", "1")][..], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[], false),
    ] {
        let mut command = Command::new(KAREZ);
        for name in ["CLICOLOR_FORCE", "NO_COLOR", "CLICOLOR"] {
            command.env_remove(name);
        }
        command.args(["--listen", "127.0.0.1:0"]).envs(variables.iter().copied());
        let daemon = Process::spawn(&mut command);
        break_in(&daemon);
        let line = daemon.wait_for_line("broke the protocol");
        assert_eq!(line.contains('\u{1b}'), coloured, "{variables:?}: {line:?}");
        daemon.end();
    }
}

#[test]
fn what_a_peer_sends_cannot_begin_a_line() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--log", "trace"]);
    let mut client = Client::open(daemon.address("page"));
    client.say(r#"{"type":"login","name":"a\nERROR forged\u001b[31m"}"#);
    client.hear_text();
    client.send(&frame(Opcode::Close, b"\x03\xe8a\nERROR forged"));
    client.hear();
    drop(client);
    daemon.wait_for_line("closed by the peer");
    let lines = daemon.lines();
    assert!(lines.iter().all(|line| !line.starts_with("ERROR") && !line.contains('\u{1b}')), "{lines:#?}");
    daemon.end();
}
