//! What systemd hears, at a socket of the test's own.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::client::*;
use crate::process::*;

struct Systemd {
    socket: UnixDatagram,
    path: SocketPath,
}

impl Systemd {
    fn new(name: &str) -> Systemd {
        let path = SocketPath::new(name);
        let socket = UnixDatagram::bind(&path.0).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Systemd { socket, path }
    }

    /// A daemon that is to tell it how it is.
    fn karez(&self, variables: &[(&str, &str)]) -> Process {
        let mut command = Command::new(KAREZ);
        command.args(["--listen", "127.0.0.1:0"]).env("NOTIFY_SOCKET", &self.path.0);
        Process::spawn(command.envs(variables.iter().copied()))
    }

    /// The next message.
    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let count = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..count].to_vec()).unwrap()
    }

    /// Messages until one holds the words.
    fn hear_until(&self, words: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while !heard.last().is_some_and(|last: &String| last.contains(words)) {
            assert!(heard.len() < 1_000, "no {words:?} in {heard:?}");
            heard.push(self.hear());
        }
        heard
    }
}

#[test]
fn it_hears_that_the_daemon_is_ready_how_it_is_and_that_it_ends() {
    let systemd = Systemd::new("notify");
    let daemon = systemd.karez(&[]);
    assert_eq!(systemd.hear(), "READY=1\n");
    assert_eq!(systemd.hear(), "STATUS=0 connections, 0 users online, 0 groups\n");
    let mut client = Client::open(daemon.address("page"));
    client.say(r#"{"type":"login"}"#);
    client.say(r#"{"type":"join","gid":7}"#);
    client.hear_text();
    let start = Instant::now();
    assert_eq!(systemd.hear(), "STATUS=1 connections, 1 users online, 1 groups\n");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    daemon.signal(Signal::HUP);
    assert_eq!([systemd.hear(), systemd.hear()], ["RELOADING=1\n", "READY=1\n"]);
    daemon.signal(Signal::TERM);
    assert_eq!(systemd.hear(), "STOPPING=1\nSTATUS=going down\n");
    drop(client);
    assert_eq!(daemon.wait().0.code(), Some(0));
}

#[test]
fn the_watchdog_is_fed_at_half_of_its_time_and_not_by_a_loop_that_hangs() {
    let systemd = Systemd::new("watchdog");
    let daemon = systemd.karez(&[("WATCHDOG_USEC", "400000")]);
    systemd.hear_until("WATCHDOG=1\n");
    let start = Instant::now();
    for _ in 0..5 {
        systemd.hear_until("WATCHDOG=1\n");
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(800) && took < Duration::from_millis(1_600), "{took:?}");
    daemon.signal(Signal::STOP);
    systemd.socket.set_read_timeout(Some(Duration::from_millis(600))).unwrap();
    let mut buffer = [0; 4096];
    // What was on the way when it was stopped, and then nothing.
    let silent = (0..3).any(|_| systemd.socket.recv(&mut buffer).is_err());
    assert!(silent, "who feeds it?");
    daemon.signal(Signal::CONT);
    systemd.socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    systemd.hear_until("WATCHDOG=1\n");
    daemon.end();
}

#[test]
fn the_watchdog_of_another_process_is_not_ours_to_feed() {
    let systemd = Systemd::new("others");
    let daemon = systemd.karez(&[("WATCHDOG_USEC", "200000"), ("WATCHDOG_PID", "1")]);
    assert_eq!(systemd.hear(), "READY=1\n");
    daemon.signal(Signal::TERM);
    let heard = systemd.hear_until("STOPPING=1\n");
    assert!(heard.iter().all(|words| !words.contains("WATCHDOG")), "{heard:?}");
    assert!(daemon.wait().0.success());
}

#[test]
fn a_socket_that_is_not_there_or_takes_nothing_holds_nobody_up() {
    let systemd = Systemd::new("full");
    let daemon = systemd.karez(&[("WATCHDOG_USEC", "2000")]);
    let mut client = Client::open(daemon.address("page"));
    for _ in 0..50 {
        // A message a millisecond, and nobody takes any.
        client.say(r#"{"type":"ping"}"#);
        assert_eq!(client.hear_text(), r#"{"type":"pong"}"#);
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(client);
    daemon.end();

    let mut command = Command::new(KAREZ);
    command.args(["--listen", "127.0.0.1:0"]).env("NOTIFY_SOCKET", "/nowhere/at/all");
    let daemon = Process::spawn(&mut command);
    daemon.wait_for_line("NOTIFY_SOCKET /nowhere/at/all: ");
    daemon.end();
}
