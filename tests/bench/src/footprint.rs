//! What the daemon takes before anybody is there, and for each who is: the size of its program, its memory, how long
//! it takes to be ready, and what a connection costs at each stage of its life.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::durable::Folder;
use crate::fleet::Fleet;
use crate::record::{Goal, Row};
use crate::server::{SERVER_CORE, Server};
use crate::table::{mebibytes, median, milliseconds, print};
use crate::{Bench, chat};

const BINARY_MB: f64 = 12.0;
const IDLE_MB: f64 = 15.0;
const READY_MS: f64 = 200.0;
const STARTS: usize = 9;
const CONNECTIONS: usize = 10_000;
const MEMBERS_PER_GROUP: usize = 10;
/// What a burst left behind may be freed meanwhile. Whoever does not log in is closed after ten seconds.
const SETTLING: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(10);
const TEXT: &str = "The water comes from the mountains, under the desert, without a pump: ";

pub fn footprint(bench: &Bench) {
    if !bench.takes("Footprint", Row::Telling) {
        return;
    }
    eprintln!("footprint");
    let binary = std::fs::metadata(bench.binary("karez")).expect("the daemon's program").len();
    bench.record.goal(
        "program of the daemon, stripped (MB)",
        Some(megabytes(binary)),
        Goal::AtMost(BINARY_MB),
    );
    let mut rows = vec![vec!["program, stripped".to_owned(), mebibytes(binary)]];

    let folder = Folder::new("footprint");
    let in_a_file = bench.daemon_by_default(folder.arguments("full"));
    // The first start makes the store; those that are measured open it.
    let first = start(&in_a_file);
    let again = (0..STARTS).map(|_| start(&in_a_file)).collect::<Vec<_>>();
    let in_memory = (0..STARTS).map(|_| start(&bench.daemon())).collect::<Vec<_>>();
    let ready = median(again);
    bench.record.goal("from exec to the first answer (ms)", Some(ready * 1e3), Goal::AtMost(READY_MS));
    rows.push(vec!["from exec to the first answer, store in a file".into(), milliseconds(ready)]);
    rows.push(vec!["the same where the store is made".into(), milliseconds(first)]);
    rows.push(vec!["the same in memory".into(), milliseconds(median(in_memory))]);

    let command: Vec<&str> = in_a_file.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    std::thread::sleep(SETTLING);
    bench.record.goal(
        "resident with nobody there (MB)",
        Some(megabytes(server.rss())),
        Goal::AtMost(IDLE_MB),
    );
    rows.push(vec!["resident with nobody there, store in a file".into(), mebibytes(server.rss())]);
    rows.push(vec!["of these its own, not pages of files".into(), mebibytes(server.rss_anon())]);
    drop(server);
    print("Footprint of the daemon", &["what", "figure"], &rows);
    stages(bench);
}

/// What each of many connections takes, stage by stage, with and without permessage-deflate.
fn stages(bench: &Bench) {
    let connections = if bench.quick { CONNECTIONS / 5 } else { CONNECTIONS };
    let plain = stages_of(bench, connections, false);
    let deflate = stages_of(bench, connections, true);
    let row = |(index, (name, bytes)): (usize, &(&str, u64))| {
        vec![(*name).to_owned(), format!("{bytes} bytes"), format!("{} bytes", deflate[index].1)]
    };
    let rows: Vec<Vec<String>> = plain.iter().enumerate().map(row).collect();
    print(
        &format!("Own memory of the daemon for each of {connections} connections, store in memory"),
        &["connections that are", "plain", "with permessage-deflate"],
        &rows,
    );
    let logged_in = plain.iter().find(|(name, _)| *name == IN_A_GROUP).map(|(_, bytes)| *bytes as f64);
    bench.record.goal("bytes per connection, logged in and in a group", logged_in, Goal::AtMost(600.0));
}

const IN_A_GROUP: &str = "in a group of 10";

/// Bytes for each connection, at each stage.
fn stages_of(bench: &Bench, connections: usize, offers_deflate: bool) -> Vec<(&'static str, u64)> {
    let command = bench.daemon();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start("karez", &command);
    let mut fleet = Fleet::new(server.address);
    fleet.offers_deflate = offers_deflate;
    fleet.open(1); // what a first connection makes is no part of what each costs
    listen(&mut fleet, Duration::from_millis(200));
    let before = server.rss_anon();
    let mut stages = Vec::new();
    let mut settle = |name, fleet: &mut Fleet| {
        listen(fleet, SETTLING);
        stages.push((name, server.rss_anon().saturating_sub(before) / connections as u64));
    };
    fleet.open(connections);
    settle("not logged in", &mut fleet);
    chat::login(&mut fleet);
    settle("logged in", &mut fleet);
    chat::join(&mut fleet, |client| 1 + client / MEMBERS_PER_GROUP);
    settle(IN_A_GROUP, &mut fleet);
    for client in (0..fleet.len()).step_by(MEMBERS_PER_GROUP) {
        let (gid, content) = (1 + client / MEMBERS_PER_GROUP, TEXT.repeat(6));
        let request = format!(r#"{{"type":"group","gid":{gid},"content":"{content}"}}"#);
        fleet.outs().send(client, request.as_bytes());
        fleet.turn(Some(Duration::ZERO), |_, _, _| {});
    }
    settle("the same, after 420 bytes in each group", &mut fleet);
    assert!((0..fleet.len()).all(|client| fleet.is_open(client)), "some were lost");
    stages
}

/// Reads, and sleeps otherwise.
fn listen(fleet: &mut Fleet, length: Duration) {
    let began = Instant::now();
    while let Some(rest) = length.checked_sub(began.elapsed()) {
        fleet.turn(Some(rest.min(Duration::from_millis(100))), |_, _, _| {});
    }
}

/// Starts a daemon and ends it. Returns the seconds from exec to the first byte of an answer. (`taskset`, which
/// hands over to it, is in them.)
fn start(command: &[String]) -> f64 {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let arguments = command.iter().map(|argument| argument.replace("{}", &address.to_string()));
    let began = Instant::now();
    let child = Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut daemon = Ended(child.expect("taskset"));
    while !is_answered(address) {
        assert!(began.elapsed() < PATIENCE, "the daemon does not answer");
        assert!(matches!(daemon.0.try_wait(), Ok(None)), "the daemon has ended");
        std::thread::sleep(Duration::from_micros(200));
    }
    began.elapsed().as_secs_f64()
}

fn is_answered(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let _ = stream.set_read_timeout(Some(PATIENCE));
    stream.write_all(request.as_bytes()).is_ok() && stream.read(&mut [0; 512]).is_ok_and(|count| count > 0)
}

/// A process that is ended with the value, as by a user: so a store is closed in order.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
