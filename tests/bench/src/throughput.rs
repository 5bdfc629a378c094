//! Scenarios of throughput: several servers under the same load, turn and turn about, so that whatever else the
//! machine does hits all of them alike. The ratios of the medians count, not the absolute figures.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::load::{Calls, Figures, Load, count_calls, measure};
use crate::loads::{Echo, Pairs, Room, Speech};
use crate::server::Server;
use crate::table::{count, median, print};
use crate::{Bench, chat};

const MESSAGE_BYTES: usize = 64;
const ECHO_CLIENTS: usize = 100;
const ROOM_MEMBERS: usize = 1000;
const PAIRED_USERS: usize = 200;
/// By how many members, and how many messages under way. Those of one member come in one segment, so that a server
/// that works through a whole turn sees them together; those of many come as the generator gets round to them.
const ROOM_SPEECHES: [(usize, usize); 3] = [(1, 16), (1, 160), (160, 160)];

type Command = (&'static str, Vec<String>);

/// A server with its clients, ready to be loaded, and what was measured of it.
struct Contestant<L> {
    server: Server,
    fleet: Fleet,
    load: L,
    figures: Vec<Figures>,
    calls: Option<Calls>,
}

pub fn echo(bench: &Bench) {
    let mut commands: Vec<Command> =
        vec![("karez", bench.example("echo")), ("limit-batch", bench.limit_batch("echo"))];
    commands.extend(bench.ws("echo").map(|command| ("ws (Node)", command)));
    for window in [1, 16] {
        let title =
            format!("Echo, {ECHO_CLIENTS} connections, {window} under way each, {MESSAGE_BYTES} bytes");
        contest(bench, &title, &commands, ECHO_CLIENTS, |_| Echo::new(ECHO_CLIENTS, window, MESSAGE_BYTES));
    }
}

pub fn fan_out(bench: &Bench) {
    let mut commands: Vec<Command> =
        vec![("karez", bench.example("broadcast")), ("limit-batch", bench.limit_batch("room"))];
    commands.extend(bench.ws("room").map(|command| ("ws (Node)", command)));
    for (speakers, under_way) in ROOM_SPEECHES {
        let title = format!(
            "Fan-out, 1 room of {ROOM_MEMBERS}, {under_way} publishes under way by {speakers}, {MESSAGE_BYTES} bytes"
        );
        contest(bench, &title, &commands, ROOM_MEMBERS, |_| {
            Room::new(Speech::Bare, ROOM_MEMBERS, speakers, under_way, MESSAGE_BYTES)
        });
    }
}

pub fn chat(bench: &Bench) {
    let commands: Vec<Command> = vec![("karez", bench.daemon()), ("limit-batch", bench.limit_batch("chat"))];
    for (speakers, under_way) in ROOM_SPEECHES {
        let title = format!(
            "Chat, 1 group of {ROOM_MEMBERS}, {under_way} messages under way by {speakers}, {MESSAGE_BYTES} bytes"
        );
        contest(bench, &title, &commands, ROOM_MEMBERS, |fleet| {
            chat::login(fleet);
            chat::join(fleet, |_| 1);
            Room::new(Speech::Group, ROOM_MEMBERS, speakers, under_way, MESSAGE_BYTES)
        });
    }
}

pub fn private(bench: &Bench) {
    let commands: Vec<Command> = vec![("karez", bench.daemon()), ("limit-batch", bench.limit_batch("chat"))];
    let title = format!(
        "Chat, private messages, {PAIRED_USERS} users in pairs, 16 under way each, {MESSAGE_BYTES} bytes"
    );
    contest(bench, &title, &commands, PAIRED_USERS, |fleet| {
        Pairs::new(chat::login(fleet), 16, MESSAGE_BYTES)
    });
}

fn contest<L: Load>(
    bench: &Bench,
    title: &str,
    commands: &[Command],
    clients: usize,
    prepare: impl Fn(&mut Fleet) -> L,
) {
    eprintln!("{title}");
    let mut contestants: Vec<Contestant<L>> = commands
        .iter()
        .map(|(name, command)| {
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            let server = Server::start(name, &command);
            let mut fleet = Fleet::new(server.address);
            fleet.open(clients);
            let load = prepare(&mut fleet);
            Contestant { server, fleet, load, figures: Vec::new(), calls: None }
        })
        .collect();
    for _ in 0..bench.rounds() {
        for it in &mut contestants {
            it.figures.push(measure(&it.server, &mut it.fleet, &mut it.load, bench.round()));
        }
    }
    for it in contestants.iter_mut().filter(|it| it.figures.iter().all(Figures::bear_strace)) {
        it.calls = count_calls(&it.server, &mut it.fleet, &mut it.load, Duration::from_millis(300));
    }
    report(title, &contestants);
}

fn report<L>(title: &str, contestants: &[Contestant<L>]) {
    let head = [
        "server",
        "deliveries/s",
        "CPU µs per delivery (least, most)",
        "CPU against limit-batch",
        "busy",
        "system calls per delivery",
        "reads",
        "writes",
        "deliveries per turn",
    ];
    let cpu = |it: &Contestant<L>| median(it.figures.iter().map(|figures| figures.cpu_us));
    let mark = contestants.iter().find(|it| it.server.name == "limit-batch").map_or(f64::NAN, &cpu);
    let row = |it: &Contestant<L>| {
        let of = |field: fn(&Figures) -> f64| median(it.figures.iter().map(field));
        let least = it.figures.iter().map(|figures| figures.cpu_us).fold(f64::INFINITY, f64::min);
        let most = it.figures.iter().map(|figures| figures.cpu_us).fold(0.0, f64::max);
        let calls = |field: fn(&Calls) -> f64, digits: usize| {
            it.calls.as_ref().map_or_else(|| "–".to_owned(), |calls| format!("{:.digits$}", field(calls)))
        };
        vec![
            it.server.name.to_owned(),
            count(of(|figures| figures.per_second)),
            format!("{:.3} ({least:.3}, {most:.3})", cpu(it)),
            format!("{:.2}", cpu(it) / mark),
            format!("{:.0} %", of(|figures| figures.busy) * 100.0),
            calls(|calls| calls.all, 4),
            calls(|calls| calls.reads, 4),
            calls(|calls| calls.writes, 4),
            calls(|calls| calls.deliveries_per_wait, 0),
        ]
    };
    print(title, &head, &contestants.iter().map(row).collect::<Vec<_>>());
}
