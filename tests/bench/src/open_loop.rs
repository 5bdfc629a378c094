//! Latency at a given rate: messages are sent when they are due, whether or not those before have come back, and a
//! latency counts from the moment at which a message was *due*. So a server that stops for a while is charged for
//! everything that waited, and nothing is left out of the figures because the generator waited too.
//!
//! The rate is half of the most that the rival delivers under the same load with 16 messages under way, measured
//! just before. Whoever can not carry that rate with a fifth to spare is left out: its queue would only grow. That is
//! reckoned from its CPU time for a delivery, which other programs disturb less than its deliveries per second.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::contest::{Contestant, each, enter};
use crate::fleet::{Fleet, Outs, Said};
use crate::load::{Figures, Load, Stamp, measure};
use crate::loads::{Echo, Plan, Rooms, Speech};
use crate::peers::{Entrant, KAREZ, LIMIT, Mode, RIVAL, entrants};
use crate::record::{Goal, Row};
use crate::table::{count, median, percentile, print};

const MESSAGE_BYTES: usize = 64;
const ECHO_CLIENTS: usize = 100;
const ROOM_MEMBERS: usize = 1000;
const ROOM_SPEAKERS: usize = 16;
/// Of the rival's most.
const PART: f64 = 0.5;
/// What a server must be able to deliver, in terms of the rate.
const TO_SPARE: f64 = 1.2;
const WARM_UP: Duration = Duration::from_millis(200);
/// What has not come by then is lost.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn latency(bench: &Bench) {
    let title = format!("Latency of echo at half of {RIVAL}'s most, {ECHO_CLIENTS} connections");
    compare(
        bench,
        &title,
        Row::Further,
        &entrants(bench, Mode::Echo),
        ECHO_CLIENTS,
        || Echo::new(ECHO_CLIENTS, 16, Stamp::new(MESSAGE_BYTES)),
        || Timetable::new(ECHO_CLIENTS, ECHO_CLIENTS, 1),
    );
    let title = format!(
        "Latency of fan-out at half of {RIVAL}'s most, 1 room of {ROOM_MEMBERS}, {ROOM_SPEAKERS} speakers"
    );
    let plan = Plan::one_room(ROOM_MEMBERS);
    compare(
        bench,
        &title,
        Row::Telling,
        &entrants(bench, Mode::Room),
        ROOM_MEMBERS,
        || Rooms::new(Speech::Bare, plan, ROOM_SPEAKERS, 16, Stamp::new(MESSAGE_BYTES)),
        || Timetable::new(ROOM_MEMBERS, ROOM_SPEAKERS, ROOM_MEMBERS),
    );
}

/// What one round showed: latencies, and how late the generator was in sending, in seconds.
struct Latencies {
    p50: f64,
    p99: f64,
    p999: f64,
    most: f64,
    sent_late: f64,
    busy: f64,
}

/// A contestant's load, its rounds at the rate, and what it delivers at most.
struct Timed<L> {
    closed: L,
    most_per_second: f64,
    cpu_us: f64,
    open: Timetable,
    rounds: Vec<Latencies>,
}

fn compare<L: Load>(
    bench: &Bench,
    title: &str,
    row: Row,
    entrants: &[Entrant],
    clients: usize,
    closed: impl Fn() -> L,
    open: impl Fn() -> Timetable,
) {
    if !bench.takes(title, row) {
        return;
    }
    eprintln!("{title}");
    let timed = |_: &mut Fleet| Timed {
        closed: closed(),
        most_per_second: 0.0,
        cpu_us: 0.0,
        open: open(),
        rounds: Vec::new(),
    };
    let mut all = enter(bench, title, entrants, |_| clients, timed);
    each(bench, title, &mut all, |it| {
        let (length, load) = (bench.round() / 2, &mut it.load);
        let figures: Vec<Figures> =
            (0..3).map(|_| measure(&it.server, &mut it.fleet, &mut load.closed, length)).collect();
        load.most_per_second = median(figures.iter().map(|figures| figures.per_second));
        load.cpu_us = median(figures.iter().map(|figures| figures.cpu_us));
    });
    let most = |name: &str| all.iter().find(|it| it.server.name == name).map(|it| it.load.most_per_second);
    let Some(rate) = most(RIVAL).or_else(|| most(LIMIT)).map(|most| most * PART) else { return };
    all.retain(|it| {
        let alone = 1e6 / it.load.cpu_us;
        let carries = alone >= rate * TO_SPARE;
        if !carries {
            let why = format!("a core carries {}/s of it, and {}/s are due", count(alone), count(rate));
            bench.record.leave_out(&format!("{} in “{title}”", it.server.name), &why);
        }
        carries
    });
    for _ in 0..bench.rounds() {
        each(bench, title, &mut all, |it| {
            let cpu = it.server.cpu();
            let (latencies, passed) = it.load.open.run(&mut it.fleet, rate, bench.round());
            let busy = (it.server.cpu() - cpu).as_secs_f64() / passed.as_secs_f64();
            it.load.rounds.push(Latencies { busy, ..latencies });
        });
    }
    report(bench, title, rate, &all);
}

fn report<L>(bench: &Bench, title: &str, rate: f64, all: &[Contestant<Timed<L>>]) {
    let of =
        |it: &Contestant<Timed<L>>, field: fn(&Latencies) -> f64| median(it.load.rounds.iter().map(field));
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|it| {
            let us = |field| format!("{:.0}", of(it, field) * 1e6);
            vec![
                it.server.name.clone(),
                count(it.load.most_per_second),
                us(|it| it.p50),
                us(|it| it.p99),
                us(|it| it.p999),
                us(|it| it.most),
                us(|it| it.sent_late),
                format!("{:.0} %", of(it, |it| it.busy) * 100.0),
            ]
        })
        .collect();
    let head = ["server", "most deliveries/s", "p50 µs", "p99", "p99.9", "most", "sent late, p99.9", "busy"];
    print(&format!("{title}: {} deliveries/s", count(rate)), &head, &rows);
    let find = |name: &str| all.iter().find(|it| it.server.name == name);
    let against_rival = |name: &str, field| {
        let ratio = find(KAREZ).zip(find(RIVAL)).map(|(karez, rival)| of(karez, field) / of(rival, field));
        bench.record.goal(&format!("{title}: {name} against {RIVAL}"), ratio, Goal::AtMost(1.0));
    };
    against_rival("p99", |it| it.p99);
    against_rival("p99.9", |it| it.p999);
}

/// Messages at a rate, in turn by the first `speakers` clients; each is heard by the speaker, or by everybody.
struct Timetable {
    speakers: usize,
    receivers: usize,
    stamp: Stamp,
    /// What each client has heard of each speaker, over all rounds.
    heard: Vec<u64>,
    /// What was sent in this round, and before it by each speaker.
    sent: u64,
    sent_before: u64,
    messages_per_second: f64,
    began: Instant,
    /// What is due then is measured.
    measured: Range<Duration>,
    under_way: u64,
    latencies_ns: Vec<u32>,
    late_ns: Vec<u32>,
}

impl Timetable {
    fn new(clients: usize, speakers: usize, receivers: usize) -> Timetable {
        Timetable {
            speakers,
            receivers,
            stamp: Stamp::new(MESSAGE_BYTES),
            heard: vec![0; clients * speakers],
            sent: 0,
            sent_before: 0,
            messages_per_second: 0.0,
            began: Instant::now(),
            measured: Duration::ZERO..Duration::ZERO,
            under_way: 0,
            latencies_ns: Vec::new(),
            late_ns: Vec::new(),
        }
    }

    /// When the message with this number is due, from 0.
    fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.messages_per_second)
    }

    /// One round. Returns also how long it took until everything had arrived.
    fn run(
        &mut self,
        fleet: &mut Fleet,
        deliveries_per_second: f64,
        length: Duration,
    ) -> (Latencies, Duration) {
        self.messages_per_second = deliveries_per_second / self.receivers as f64;
        (self.sent, self.latencies_ns, self.late_ns) = (0, Vec::new(), Vec::new());
        self.began = Instant::now();
        let end = WARM_UP + length;
        self.measured = WARM_UP..end;
        while self.began.elapsed() < end {
            self.speak(fleet.outs());
            self.turn(fleet);
        }
        // Every speaker has then said as much as every other, so that the next round can begin with the first.
        while !self.sent.is_multiple_of(self.speakers as u64) {
            self.say(fleet.outs());
        }
        while self.under_way > 0 {
            self.turn(fleet);
            assert!(self.began.elapsed() < end + PATIENCE, "{} deliveries are lost", self.under_way);
        }
        let passed = self.began.elapsed();
        self.sent_before += self.sent / self.speakers as u64;
        self.latencies_ns.sort_unstable();
        self.late_ns.sort_unstable();
        let at = |part| f64::from(percentile(&self.latencies_ns, part)) / 1e9;
        let sent_late = f64::from(percentile(&self.late_ns, 0.999)) / 1e9;
        let (p50, p99, p999, most) = (at(0.5), at(0.99), at(0.999), at(1.0));
        (Latencies { p50, p99, p999, most, sent_late, busy: 0.0 }, passed)
    }

    fn speak(&mut self, outs: &mut Outs) {
        loop {
            let (due, now) = (self.due(self.sent), self.began.elapsed());
            if due > now || due >= self.measured.end {
                return;
            }
            if self.measured.contains(&due) {
                self.late_ns.push(nanos(now - due));
            }
            self.say(outs);
        }
    }

    fn say(&mut self, outs: &mut Outs) {
        let (speaker, place) = self.split(self.sent);
        outs.send(speaker, self.stamp.write(speaker, self.sent_before + place + 1));
        self.sent += 1;
        self.under_way += self.receivers as u64;
    }

    /// The speaker of a message of this round, and its place among those that this speaker says in it.
    fn split(&self, number: u64) -> (usize, u64) {
        let speakers = self.speakers as u64;
        ((number % speakers) as usize, number / speakers)
    }

    fn turn(&mut self, fleet: &mut Fleet) {
        fleet.turn(Some(Duration::ZERO), |client, said, _| match said {
            Said::Text(text) => self.hear(client, text),
            Said::Close(code) => panic!("client {client} was closed with {code} under load"),
            Said::Gone(error) => panic!("client {client} was lost under load: {error:?}"),
        });
    }

    fn hear(&mut self, client: usize, text: &str) {
        let (speaker, place) = Stamp::read(text.as_bytes());
        let heard = &mut self.heard[client * self.speakers + speaker];
        *heard += 1;
        assert_eq!(place, *heard, "client {client}, speaker {speaker}: out of order");
        assert!(self.receivers > 1 || client == speaker, "client {client} hears what {speaker} said");
        self.under_way -= 1;
        let number = (place - 1 - self.sent_before) * self.speakers as u64 + speaker as u64;
        let due = self.due(number);
        if self.measured.contains(&due) {
            self.latencies_ns.push(nanos(self.began.elapsed().saturating_sub(due)));
        }
    }
}

/// Up to four seconds.
fn nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}
