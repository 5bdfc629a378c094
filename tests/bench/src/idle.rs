//! Connections that say nothing: memory of each, and what the pings cost.

use std::time::{Duration, Instant};

use crate::contest::{attempt, strike_out};
use crate::fleet::Fleet;
use crate::peers::{Entrant, Mode, entrants};
use crate::record::{Goal, Row};
use crate::server::Server;
use crate::table::print;
use crate::{Bench, chat};

const CONNECTIONS: usize = 10_000;
const MEMBERS_PER_GROUP: usize = 10;
/// What the opening left behind may be freed meanwhile.
const SETTLING: Duration = Duration::from_millis(1500);
const HEAD: [&str; 6] = ["server", "RssAnon per connection", "before", "with all", "idle CPU", "over"];

pub fn idle(bench: &Bench) {
    let title = format!("{CONNECTIONS} idle connections");
    if !bench.takes(&title, Row::Telling) {
        return;
    }
    // Every connection is pinged each 25 s: two rounds of pings.
    let two_pings = Duration::from_secs(if bench.quick { 1 } else { 50 });
    let mut rows = Vec::new();
    let mut measure = |entrant: &Entrant, length, most: Option<u64>, prepare: &dyn Fn(&mut Fleet)| {
        eprintln!("idle: {}", entrant.name);
        match attempt(|| one(entrant, length, prepare)) {
            Ok((bytes, row)) => {
                rows.push(row);
                if let Some(most) = most {
                    let what = format!("{title}: bytes per connection of {}", entrant.name);
                    bench.record.goal(&what, Some(bytes as f64), Goal::AtMost(most as f64));
                }
            }
            Err(why) => strike_out(bench, &title, entrant, &why),
        }
    };
    let daemon = Entrant::new("karez, logged in and in a group of 10", bench.daemon());
    measure(&daemon, two_pings, Some(600), &|fleet| {
        chat::login(fleet);
        chat::join(fleet, |client| 1 + client / MEMBERS_PER_GROUP);
    });
    let example = Entrant::new("karez, echo example", bench.example("echo"));
    measure(&example, two_pings, Some(256), &|_| {});
    for entrant in entrants(bench, Mode::Echo).iter().skip(1) {
        measure(entrant, Duration::from_secs(1), None, &|_| {});
    }
    print(&title, &HEAD, &rows);
}

/// Bytes for each connection, and the row.
fn one(entrant: &Entrant, length: Duration, prepare: &dyn Fn(&mut Fleet)) -> (u64, Vec<String>) {
    let command: Vec<&str> = entrant.command.iter().map(String::as_str).collect();
    let server = Server::start(&entrant.name, &command);
    let mut fleet = Fleet::new(server.address);
    fleet.open(1); // what a first connection makes is no part of what each costs
    listen(&mut fleet, Duration::from_millis(200));
    let before = server.rss_anon();
    fleet.open(CONNECTIONS - 1);
    prepare(&mut fleet);
    listen(&mut fleet, SETTLING);
    let after = server.rss_anon();

    let cpu = server.cpu();
    listen(&mut fleet, length);
    let busy = (server.cpu() - cpu).as_secs_f64() / length.as_secs_f64();
    assert!((0..CONNECTIONS).all(|client| fleet.is_open(client)), "some were lost");
    let bytes = after.saturating_sub(before) / CONNECTIONS as u64;
    let row = vec![
        entrant.name.clone(),
        format!("{bytes} bytes"),
        format!("{} KiB", before / 1024),
        format!("{} KiB", after / 1024),
        format!("{:.2} %", busy * 100.0),
        format!("{} s", length.as_secs()),
    ];
    (bytes, row)
}

/// Answers pings, and sleeps otherwise.
fn listen(fleet: &mut Fleet, length: Duration) {
    let began = Instant::now();
    while let Some(rest) = length.checked_sub(began.elapsed()) {
        fleet.turn(Some(rest.min(Duration::from_millis(100))), |_, _, _| {});
    }
}
