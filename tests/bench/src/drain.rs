//! Going down with many clients: whether all are told, and how long it takes.

use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Said};
use crate::record::{Goal, Row};
use crate::server::Server;
use crate::table::print;
use crate::{Bench, chat};

const CONNECTIONS: usize = 5_000;
const HEAD: [&str; 5] = ["clients", "told `bye` and 1001", "the last one after", "exit code", "after"];

pub fn drain(bench: &Bench) {
    let title = format!("SIGTERM with {CONNECTIONS} clients");
    if !bench.takes(&title, Row::Further) {
        return;
    }
    let command = bench.daemon();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut server = Server::start("karez", &command);
    let mut fleet = Fleet::new(server.address);
    fleet.open(CONNECTIONS);
    chat::login(&mut fleet);

    let began = Instant::now();
    server.terminate();
    let (mut byes, mut told, mut last) = (0, 0, Duration::ZERO);
    let mut ended = None;
    while ended.is_none() && began.elapsed() < Duration::from_secs(10) {
        fleet.turn(Some(Duration::from_millis(5)), |_, said, _| match said {
            Said::Text(text) if text.starts_with(r#"{"type":"bye","code":"restart","retry":"#) => byes += 1,
            Said::Close(1001) => (told, last) = (told + 1, began.elapsed()),
            Said::Text(_) | Said::Close(_) | Said::Gone(_) => {}
        });
        ended = server.ended();
    }
    let took = began.elapsed();
    let code = ended.and_then(|status| status.code());
    let missed = 2 * CONNECTIONS - byes - told;
    bench.record.goal(&format!("{title}: not told"), Some(missed as f64), Goal::AtMost(0.0));
    bench.record.goal(&format!("{title}: seconds"), Some(took.as_secs_f64()), Goal::AtMost(5.0));
    bench.record.goal(&format!("{title}: exit code"), code.map(f64::from), Goal::AtMost(0.0));
    let row = vec![
        CONNECTIONS.to_string(),
        format!("{byes} and {told}"),
        format!("{:.0} ms", last.as_secs_f64() * 1e3),
        code.map_or_else(|| "none".to_owned(), |code| code.to_string()),
        format!("{:.0} ms", took.as_secs_f64() * 1e3),
    ];
    print(&title, &HEAD, &[row]);
}
