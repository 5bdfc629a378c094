//! A comparison: several servers under the same load, turn and turn about, so that whatever else the machine does
//! hits all of them alike. The ratios of the medians count, not the absolute figures.
//!
//! A server that does not start, closes a connection, or loses, doubles or reorders a message is out: it is named
//! with the reason, and nothing of it is in the table. For one of our own the whole run has then failed.
//!
//! Clients hear nothing while others are loaded. So a round of all has to stay well under half a minute: a server that
//! pings would else give up on them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::Bench;
use crate::fleet::Fleet;
use crate::load::{Calls, Figures, Load, count_calls, measure};
use crate::peers::{Entrant, LIMIT, RIVAL};
use crate::record::{Row, Standing};
use crate::server::Server;
use crate::table::{count, median, print};

/// What is compared, and with whom.
pub struct Contest {
    pub title: String,
    pub row: Row,
    /// The entrant of which the others' CPU is told as a ratio.
    pub mark: &'static str,
    pub entrants: Vec<Entrant>,
}

/// A server with its clients, ready to be loaded, and what was measured of it.
pub struct Contestant<L> {
    entrant: Entrant,
    pub server: Server,
    pub fleet: Fleet,
    pub load: L,
    figures: Vec<Figures>,
    bytes_per_delivery: f64,
    calls: Option<Calls>,
}

/// How everybody came out.
pub struct Outcome(Vec<Standing>);

impl Outcome {
    /// A server's CPU time for a delivery, as a ratio to another's. `None` where one of them is missing.
    pub fn cpu_ratio(&self, name: &str, to: &str) -> Option<f64> {
        let of = |name: &str| self.0.iter().find(|it| it.name == name).map(|it| it.cpu_us);
        Some(of(name)? / of(to)?)
    }

    pub fn standings(&self) -> &[Standing] {
        &self.0
    }
}

impl Contest {
    /// Measures everybody, prints the table, and tells how they came out. `None` where the row is not to be measured.
    pub fn run<L: Load>(
        &self,
        bench: &Bench,
        clients: impl Fn(&Entrant) -> usize,
        prepare: impl Fn(&mut Fleet) -> L,
    ) -> Option<Outcome> {
        if !bench.takes(&self.title, self.row) {
            return None;
        }
        eprintln!("{}", self.title);
        let mut all = enter(bench, &self.title, &self.entrants, clients, prepare);
        for _ in 0..bench.rounds() {
            each(bench, &self.title, &mut all, |it| {
                let received = it.fleet.received_bytes();
                let delivered = it.load.deliveries();
                it.figures.push(measure(&it.server, &mut it.fleet, &mut it.load, bench.round()));
                let bytes = (it.fleet.received_bytes() - received) as f64;
                it.bytes_per_delivery = bytes / (it.load.deliveries() - delivered) as f64;
            });
        }
        each(bench, &self.title, &mut all, |it| {
            if it.figures.iter().all(Figures::bear_strace) {
                it.calls = count_calls(&it.server, &mut it.fleet, &mut it.load, Duration::from_millis(300));
            }
        });
        let outcome = Outcome(all.iter().map(Contestant::standing).collect());
        self.report(&all, &outcome);
        if self.mark == LIMIT {
            bench.record.standings(&self.title, outcome.standings());
        }
        Some(outcome)
    }

    fn report<L>(&self, all: &[Contestant<L>], outcome: &Outcome) {
        let against_mark = format!("CPU against {}", self.mark);
        let mut head = vec!["server", "deliveries/s", "CPU µs per delivery (least, most)", &against_mark];
        let has_rival = all.iter().any(|it| it.server.name == RIVAL);
        let (cpu_of_rival, rate_of_rival) =
            (format!("CPU against {RIVAL}"), format!("deliveries/s against {RIVAL}"));
        if has_rival {
            head.extend([cpu_of_rival.as_str(), rate_of_rival.as_str()]);
        }
        head.extend(["busy", "system calls per delivery", "reads", "writes", "deliveries per turn"]);
        let has_deflate = self.entrants.iter().any(|it| it.offers_deflate);
        if has_deflate {
            head.push("bytes per delivery");
        }
        let row = |it: &Contestant<L>| {
            let name = &it.server.name;
            let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}"));
            let least = it.figures.iter().map(|figures| figures.cpu_us).fold(f64::INFINITY, f64::min);
            let most = it.figures.iter().map(|figures| figures.cpu_us).fold(0.0, f64::max);
            let standing = it.standing();
            let mut row = vec![
                name.clone(),
                count(standing.per_second),
                format!("{:.3} ({least:.3}, {most:.3})", standing.cpu_us),
                ratio(outcome.cpu_ratio(name, self.mark)),
            ];
            if has_rival {
                let rival = outcome.0.iter().find(|it| it.name == RIVAL);
                row.push(ratio(outcome.cpu_ratio(name, RIVAL)));
                row.push(ratio(rival.map(|rival| standing.per_second / rival.per_second)));
            }
            row.push(format!("{:.0} %", median(it.figures.iter().map(|figures| figures.busy)) * 100.0));
            row.extend(calls(it.calls.as_ref()));
            if has_deflate {
                row.push(format!("{:.0}", it.bytes_per_delivery));
            }
            row
        };
        print(&self.title, &head, &all.iter().map(row).collect::<Vec<_>>());
    }
}

impl<L> Contestant<L> {
    fn standing(&self) -> Standing {
        Standing {
            name: self.server.name.clone(),
            per_second: median(self.figures.iter().map(|figures| figures.per_second)),
            cpu_us: median(self.figures.iter().map(|figures| figures.cpu_us)),
        }
    }
}

fn calls(calls: Option<&Calls>) -> [String; 4] {
    let Some(calls) = calls else { return std::array::from_fn(|_| "–".to_owned()) };
    [
        format!("{:.4}", calls.all),
        format!("{:.4}", calls.reads),
        format!("{:.4}", calls.writes),
        format!("{:.0}", calls.deliveries_per_wait),
    ]
}

/// Starts everybody, and opens their clients.
pub fn enter<L>(
    bench: &Bench,
    title: &str,
    entrants: &[Entrant],
    clients: impl Fn(&Entrant) -> usize,
    prepare: impl Fn(&mut Fleet) -> L,
) -> Vec<Contestant<L>> {
    let enter_one = |entrant: &Entrant| {
        let command: Vec<&str> = entrant.command.iter().map(String::as_str).collect();
        let server = Server::try_start(&entrant.name, &command)?;
        attempt(|| {
            let mut fleet = Fleet::new(server.address);
            fleet.offers_deflate = entrant.offers_deflate;
            fleet.open(clients(entrant));
            assert!(
                !entrant.offers_deflate || fleet.has_deflate(),
                "it does not agree to permessage-deflate"
            );
            let load = prepare(&mut fleet);
            let (entrant, figures) = (entrant.clone(), Vec::new());
            Contestant { entrant, server, fleet, load, figures, bytes_per_delivery: 0.0, calls: None }
        })
    };
    let mut all = Vec::new();
    for entrant in entrants {
        match enter_one(entrant) {
            Ok(contestant) => all.push(contestant),
            Err(why) => strike_out(bench, title, entrant, &why),
        }
    }
    all
}

/// Works on each in turn; whoever fails is out.
pub fn each<L>(
    bench: &Bench,
    title: &str,
    all: &mut Vec<Contestant<L>>,
    mut work: impl FnMut(&mut Contestant<L>),
) {
    all.retain_mut(|it| match attempt(|| work(it)) {
        Ok(()) => true,
        Err(why) => {
            strike_out(bench, title, &it.entrant, &why);
            false
        }
    });
}

/// Notes that a server has no place in a table.
pub fn strike_out(bench: &Bench, title: &str, entrant: &Entrant, why: &str) {
    let what = format!("{} in “{title}”", entrant.name);
    if entrant.is_peer {
        bench.record.leave_out(&what, why);
    } else {
        bench.record.fail(&what, why);
    }
}

/// Does what may fail by an assertion, as a test does.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or("failed", |text| *text).to_owned(),
    })
}
