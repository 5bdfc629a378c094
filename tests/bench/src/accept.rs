//! What a connection costs before anything is said: TCP's accept and the opening handshake.

use crate::Bench;
use crate::contest::{each, enter};
use crate::fleet::Fleet;
use crate::peers::{KAREZ, Mode, entrants};
use crate::record::{Row, figure};
use crate::table::{count, median, print};

use std::time::{Duration, Instant};

/// The clients close, and the kernel keeps their ports for a minute: all rounds together must stay under 28,000.
const CONNECTIONS: usize = 3000;
/// A server is given so long to see that they have gone.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Default)]
struct Accepts {
    cpu_us: Vec<f64>,
    per_second: Vec<f64>,
}

pub fn accept(bench: &Bench) {
    let title = format!("Accepted connections with upgrade, {CONNECTIONS} a round");
    if !bench.takes(&title, Row::Telling) {
        return;
    }
    eprintln!("{title}");
    let mut all = enter(bench, &title, &entrants(bench, Mode::Echo), |_| 1, |_| Accepts::default());
    for _ in 0..bench.rounds() {
        each(bench, &title, &mut all, |it| {
            let mut fleet = Fleet::new(it.server.address);
            let (cpu, began) = (it.server.cpu(), Instant::now());
            fleet.open(CONNECTIONS);
            let (cpu, passed) = (it.server.cpu() - cpu, began.elapsed());
            it.load.cpu_us.push(cpu.as_secs_f64() * 1e6 / CONNECTIONS as f64);
            it.load.per_second.push(CONNECTIONS as f64 / passed.as_secs_f64());
            drop(fleet);
            std::thread::sleep(PAUSE);
        });
    }
    let own = all.iter().find(|it| it.server.name == KAREZ).map(|it| median(it.load.cpu_us.iter().copied()));
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|it| {
            let cpu_us = median(it.load.cpu_us.iter().copied());
            vec![
                it.server.name.clone(),
                figure(cpu_us),
                own.map_or_else(|| "–".to_owned(), |own| format!("{:.2}", cpu_us / own)),
                count(median(it.load.per_second.iter().copied())),
            ]
        })
        .collect();
    print(&title, &["server", "CPU µs per connection", "against karez", "connections/s"], &rows);
}
