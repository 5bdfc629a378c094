//! What one core carries: the cost of a message from its members, its size, and how many come at a time.
//!
//! ```text
//! CPU of a delivery = (a + t / together) / members + b + c · bytes + d / together
//! ```
//!
//! `a` is what a message costs however many hear it, `t` what a turn costs (a wait and a read), `b` what each of
//! them adds, `c` a byte on the line to each, `d` a write. *Together* are the messages that come in one turn: each
//! receiver gets them in one write. The five are fitted by least squares to measured points, errors counted in
//! parts of what was measured, and then tried on points that had no part in it.

use crate::contest::{each, enter};
use crate::load::{Counted, Stamp, measure};
use crate::loads::{Plan, Rooms, Speech};
use crate::peers::Entrant;
use crate::record::{Goal, Row};
use crate::table::{count, median, print};
use crate::{Bench, chat};

/// A group of so many, messages that come together, and their size.
#[derive(Clone, Copy, PartialEq)]
struct Point {
    members: usize,
    together: usize,
    message_bytes: usize,
    /// Whether it tries the model, or makes it.
    is_trial: bool,
}

const fn made_of(members: usize, together: usize, message_bytes: usize) -> Point {
    Point { members, together, message_bytes, is_trial: false }
}

const fn tried_on(members: usize, together: usize, message_bytes: usize) -> Point {
    Point { members, together, message_bytes, is_trial: true }
}

const POINTS: [Point; 12] = [
    made_of(3, 1, 64),
    made_of(3, 16, 64),
    made_of(30, 1, 64),
    made_of(30, 16, 64),
    made_of(300, 1, 64),
    made_of(1000, 16, 64),
    made_of(1000, 160, 64),
    made_of(30, 16, 1024),
    made_of(300, 16, 1024),
    made_of(300, 1, 4096),
    tried_on(100, 4, 256),
    tried_on(600, 8, 512),
];
const TERMS: usize = 5;
const TERM_NAMES: [&str; TERMS] = [
    "a: a message, µs",
    "t: a turn (a wait and a read), µs",
    "b: a delivery, µs",
    "c: 1,000 bytes delivered, µs",
    "d: a write, µs",
];
/// What the model may be wrong by on points that had no part in it.
const ERROR: f64 = 0.25;

#[derive(Default)]
struct Measured {
    cpu_us: Vec<f64>,
    bytes_per_delivery: f64,
}

struct Loaded {
    load: Counted<Rooms>,
    measured: Measured,
}

pub fn capacity(bench: &Bench) {
    let title = "What one core carries, store in memory";
    if !bench.takes(title, Row::Further) {
        return;
    }
    eprintln!("{title}");
    let name = |point: &Point| {
        let Point { members, together, message_bytes, .. } = point;
        format!("{members} members, {together} together, {message_bytes} bytes")
    };
    let entrants: Vec<Entrant> = POINTS.iter().map(|it| Entrant::new(&name(it), bench.daemon())).collect();
    let point_of = |it: &str| *POINTS.iter().find(|point| name(point) == it).expect("one of the points");
    let mut all = enter(
        bench,
        title,
        &entrants,
        |it| point_of(&it.name).members,
        |fleet| {
            chat::login(fleet);
            chat::join(fleet, |_| 1);
            Vec::<Loaded>::new()
        },
    );
    each(bench, title, &mut all, |it| {
        let point = point_of(&it.server.name);
        let plan = Plan::one_room(point.members);
        let load = Rooms::new(Speech::Group, plan, 1, point.together, Stamp::new(point.message_bytes));
        it.load.push(Loaded { load, measured: Measured::default() });
    });
    for _ in 0..bench.rounds() {
        each(bench, title, &mut all, |it| {
            use crate::load::Load;
            let Loaded { load, measured } = &mut it.load[0];
            let (bytes, deliveries) = (it.fleet.received_bytes(), load.deliveries());
            measured.cpu_us.push(measure(&it.server, &mut it.fleet, load, bench.round() / 2).cpu_us);
            let bytes = (it.fleet.received_bytes() - bytes) as f64;
            measured.bytes_per_delivery = bytes / (load.deliveries() - deliveries) as f64;
        });
    }
    let rows: Vec<Sample> = all
        .iter()
        .map(|it| {
            let measured = &it.load[0].measured;
            let cpu_us = median(measured.cpu_us.iter().copied());
            Sample::new(point_of(&it.server.name), measured.bytes_per_delivery, cpu_us)
        })
        .collect();
    report(bench, title, &rows);
}

/// A point that was measured.
struct Sample {
    point: Point,
    /// What the model multiplies its terms by.
    factors: [f64; TERMS],
    cpu_us: f64,
}

impl Sample {
    fn new(point: Point, bytes: f64, cpu_us: f64) -> Sample {
        let (members, together) = (point.members as f64, point.together as f64);
        let factors = [1.0 / members, 1.0 / (together * members), 1.0, bytes / 1e3, 1.0 / together];
        Sample { point, factors, cpu_us }
    }

    /// What the model says.
    fn reckoned(&self, terms: &[f64; TERMS]) -> f64 {
        self.factors.iter().zip(terms).map(|(factor, term)| factor * term).sum()
    }
}

fn report(bench: &Bench, title: &str, samples: &[Sample]) {
    let made_of: Vec<&Sample> = samples.iter().filter(|it| !it.point.is_trial).collect();
    let terms = fit(&made_of);
    let row = |it: &Sample| {
        let reckoned = it.reckoned(&terms);
        vec![
            it.point.members.to_string(),
            it.point.together.to_string(),
            it.point.message_bytes.to_string(),
            format!("{:.3}", it.cpu_us),
            format!("{reckoned:.3}"),
            format!("{:+.0} %", (reckoned / it.cpu_us - 1.0) * 100.0),
            if it.point.is_trial { "tried on it" } else { "made of it" }.to_owned(),
            count(1e6 / it.cpu_us),
        ]
    };
    let head =
        ["members", "together", "bytes", "CPU µs per delivery", "by the model", "off by", "", "deliveries/s"];
    print(title, &head, &samples.iter().map(row).collect::<Vec<_>>());
    let term = |(name, term): (&&str, &f64)| vec![(*name).to_owned(), format!("{term:.3}")];
    let rows: Vec<Vec<String>> = TERM_NAMES.iter().zip(&terms).map(term).collect();
    print("The model's terms", &["term", "figure"], &rows);
    for trial in samples.iter().filter(|it| it.point.is_trial) {
        let Point { members, together, message_bytes, .. } = trial.point;
        let what = format!(
            "the model on {members} members, {together} together, {message_bytes} bytes: off by (part)"
        );
        let off = (trial.reckoned(&terms) / trial.cpu_us - 1.0).abs();
        bench.record.goal(&what, Some(off), Goal::AtMost(ERROR));
    }
}

/// The terms, none under zero, for which the squares of the errors are least: one term after the other is set to
/// its best while the others stay, until nothing moves.
fn fit(samples: &[&Sample]) -> [f64; TERMS] {
    const ROUNDS: usize = 200_000;
    let mut terms = [0.1; TERMS];
    for round in 0..ROUNDS {
        let term = round % TERMS;
        let (mut above, mut below) = (0.0, 0.0);
        for it in samples {
            let factor = it.factors[term] / it.cpu_us;
            let missing = 1.0 - (it.reckoned(&terms) - it.factors[term] * terms[term]) / it.cpu_us;
            above += factor * missing;
            below += factor * factor;
        }
        terms[term] = (above / below).max(0.0);
    }
    terms
}
