//! Connections that say nothing: memory of each, and what the pings cost.

use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::server::Server;
use crate::table::print;
use crate::{Bench, chat};

const CONNECTIONS: usize = 10_000;
const MEMBERS_PER_GROUP: usize = 10;

pub fn idle(bench: &Bench) {
    let rows = vec![
        one(bench, "karez, echo example", bench.example("echo"), |_| {}),
        one(bench, "karez, logged in and in a group of 10", bench.daemon(), |fleet| {
            chat::login(fleet);
            chat::join(fleet, |client| 1 + client / MEMBERS_PER_GROUP);
        }),
    ];
    let head = ["server", "RssAnon per connection", "before", "with all", "idle CPU", "over"];
    print(&format!("{CONNECTIONS} idle connections"), &head, &rows);
}

fn one(bench: &Bench, name: &'static str, command: Vec<String>, prepare: impl Fn(&mut Fleet)) -> Vec<String> {
    eprintln!("idle: {name}");
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let server = Server::start(name, &command);
    let mut fleet = Fleet::new(server.address);
    fleet.open(1); // what a first connection makes is no part of what each costs
    listen(&mut fleet, Duration::from_millis(200));
    let before = server.rss_anon();
    fleet.open(CONNECTIONS - 1);
    prepare(&mut fleet);
    listen(&mut fleet, Duration::from_secs(2));
    let after = server.rss_anon();

    // Every connection is pinged each 25 s: three rounds of pings.
    let length = Duration::from_secs(if bench.quick { 2 } else { 75 });
    let cpu = server.cpu();
    listen(&mut fleet, length);
    let busy = (server.cpu() - cpu).as_secs_f64() / length.as_secs_f64();
    assert!((0..CONNECTIONS).all(|client| fleet.is_open(client)), "some were lost");
    vec![
        name.to_owned(),
        format!("{} bytes", (after - before) / CONNECTIONS as u64),
        format!("{} KiB", before / 1024),
        format!("{} KiB", after / 1024),
        format!("{:.2} %", busy * 100.0),
        format!("{} s", length.as_secs()),
    ]
}

/// Answers pings, and sleeps otherwise.
fn listen(fleet: &mut Fleet, length: Duration) {
    let began = Instant::now();
    while let Some(rest) = length.checked_sub(began.elapsed()) {
        fleet.turn(Some(rest.min(Duration::from_millis(100))), |_, _, _| {});
    }
}
