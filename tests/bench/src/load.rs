//! What is said under load, and the measuring of it.
//!
//! A load keeps so many messages under way, counts every delivery and checks the order of each: a message carries
//! the number of its sender and its place in what that sender has said. A message is replaced only when everybody
//! has got it, so the number under way is exact, and at the end everything under way must arrive: a lost message
//! fails the run.

use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Outs, Said};
use crate::server::Server;

/// Nothing delivered for so long: something is lost.
const STALLED: Duration = Duration::from_secs(5);
/// Runs before anything is counted.
const WARM_UP: Duration = Duration::from_millis(200);

pub trait Load {
    /// Sends everything that is to be under way.
    fn start(&mut self, outs: &mut Outs);
    /// From now on is measured.
    fn warm(&mut self) {}
    fn hear(&mut self, client: usize, text: &str, outs: &mut Outs);
    /// From now on what arrives is not replaced.
    fn stop(&mut self);
    /// Deliveries that are missing.
    fn under_way(&self) -> u64;
    /// Deliveries so far.
    fn deliveries(&self) -> u64;
}

/// Who says what, and when: a load that leaves the counting to [`Counted`].
pub trait Talk {
    fn start(&mut self, tally: &mut Tally, outs: &mut Outs);
    fn hear(&mut self, client: usize, text: &str, tally: &mut Tally, outs: &mut Outs);
}

/// What is counted of every talk.
#[derive(Default)]
pub struct Tally {
    deliveries: u64,
    under_way: u64,
    stopped: bool,
}

impl Tally {
    /// A message is sent that so many clients are to get.
    pub fn said(&mut self, receivers: u64) {
        self.under_way += receivers;
    }

    /// One client has got a message. Tells whether messages are still replaced.
    pub fn heard(&mut self) -> bool {
        assert!(self.under_way > 0, "more is delivered than was said");
        self.deliveries += 1;
        self.under_way -= 1;
        !self.stopped
    }
}

/// A talk with its counts.
pub struct Counted<T> {
    talk: T,
    tally: Tally,
}

impl<T: Talk> Counted<T> {
    pub fn new(talk: T) -> Counted<T> {
        Counted { talk, tally: Tally::default() }
    }
}

impl<T: Talk> Load for Counted<T> {
    fn start(&mut self, outs: &mut Outs) {
        self.tally.stopped = false;
        self.talk.start(&mut self.tally, outs);
    }

    fn hear(&mut self, client: usize, text: &str, outs: &mut Outs) {
        self.talk.hear(client, text, &mut self.tally, outs);
    }

    fn stop(&mut self) {
        self.tally.stopped = true;
    }

    fn under_way(&self) -> u64 {
        self.tally.under_way
    }

    fn deliveries(&self) -> u64 {
        self.tally.deliveries
    }
}

/// What one run showed.
#[derive(Clone, Copy)]
pub struct Figures {
    pub per_second: f64,
    pub cpu_us: f64,
    /// Of one core, by the server. Far under 1: the generator was the limit, or other programs were.
    pub busy: f64,
    /// Deliveries under way at a time.
    pub under_way: u64,
}

impl Figures {
    /// Whether everything under way is done with in half a second, which strace makes five or ten.
    pub fn bear_strace(&self) -> bool {
        self.under_way as f64 * self.cpu_us < 5e5
    }
}

/// Loads a server for so long.
pub fn measure(server: &Server, fleet: &mut Fleet, load: &mut impl Load, length: Duration) -> Figures {
    load.start(fleet.outs());
    let under_way = load.under_way();
    run(fleet, load, WARM_UP);
    load.warm();
    let (deliveries, cpu, began) = (load.deliveries(), server.cpu(), Instant::now());
    run(fleet, load, length);
    let (deliveries, cpu, passed) = (load.deliveries() - deliveries, server.cpu() - cpu, began.elapsed());
    finish(fleet, load);
    Figures {
        per_second: deliveries as f64 / passed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / deliveries as f64,
        busy: cpu.as_secs_f64() / passed.as_secs_f64(),
        under_way,
    }
}

fn run(fleet: &mut Fleet, load: &mut impl Load, length: Duration) {
    let began = Instant::now();
    turns(fleet, load, |_, now| now - began >= length);
}

/// Lets everything under way arrive, and looks whether something more comes.
fn finish(fleet: &mut Fleet, load: &mut impl Load) {
    load.stop();
    turns(fleet, load, |load, _| load.under_way() == 0);
    turn(fleet, load, Duration::from_millis(5));
}

/// Turns until it is over. Fails when nothing is delivered any more.
fn turns<L: Load>(fleet: &mut Fleet, load: &mut L, is_over: impl Fn(&L, Instant) -> bool) {
    let mut last = (load.deliveries(), Instant::now());
    loop {
        turn(fleet, load, Duration::ZERO);
        let now = Instant::now();
        if is_over(load, now) {
            return;
        }
        if load.deliveries() > last.0 {
            last = (load.deliveries(), now);
        }
        assert!(now - last.1 < STALLED, "{} deliveries are lost", load.under_way());
    }
}

/// Runs a load under strace: deliveries, and calls by name.
pub fn count_calls(
    server: &Server,
    fleet: &mut Fleet,
    load: &mut impl Load,
    length: Duration,
) -> Option<Calls> {
    let before = load.deliveries();
    let calls = server.count_calls(|| {
        load.start(fleet.outs());
        run(fleet, load, length);
        finish(fleet, load);
    })?;
    let sum = |names: &[&str]| names.iter().filter_map(|name| calls.get(*name)).sum::<u64>() as f64;
    let deliveries = (load.deliveries() - before) as f64;
    Some(Calls {
        all: calls.values().sum::<u64>() as f64 / deliveries,
        writes: sum(&["write", "writev", "sendto", "sendmsg"]) / deliveries,
        reads: sum(&["read", "readv", "recvfrom", "recvmsg"]) / deliveries,
        deliveries_per_wait: deliveries / sum(&["epoll_wait", "epoll_pwait"]).max(1.0),
    })
}

/// System calls for each delivery.
#[derive(Clone, Copy)]
pub struct Calls {
    pub all: f64,
    pub writes: f64,
    pub reads: f64,
    /// A wait for events is a turn of the loop.
    pub deliveries_per_wait: f64,
}

pub fn turn(fleet: &mut Fleet, load: &mut impl Load, timeout: Duration) {
    fleet.turn(Some(timeout), |client, said, outs| match said {
        Said::Text(text) => load.hear(client, text, outs),
        Said::Close(code) => panic!("client {client} was closed with {code} under load"),
        Said::Gone(error) => panic!("client {client} was lost under load: {error:?}"),
    });
}

/// The text of a message: 4 digits of a sender, 12 of its place, and letters up to the size.
pub struct Stamp {
    text: Vec<u8>,
}

impl Stamp {
    pub const DIGITS: usize = 16;

    pub fn new(size: usize) -> Stamp {
        Stamp::filled(size, "x")
    }

    /// The same with other text than letters. `filler` has a length that divides what is to be filled.
    pub fn filled(size: usize, filler: &str) -> Stamp {
        let mut text = vec![b'0'; Stamp::DIGITS];
        let missing = size.saturating_sub(Stamp::DIGITS);
        assert_eq!(missing % filler.len(), 0, "{filler:?} does not fill {missing} bytes");
        text.extend_from_slice(filler.repeat(missing / filler.len()).as_bytes());
        Stamp { text }
    }

    pub fn write(&mut self, sender: usize, place: u64) -> &[u8] {
        let mut number = sender as u64 * 1_000_000_000_000 + place;
        for digit in self.text[..Stamp::DIGITS].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        &self.text
    }

    pub fn read(text: &[u8]) -> (usize, u64) {
        let number = digits(&text[..Stamp::DIGITS]);
        ((number / 1_000_000_000_000) as usize, number % 1_000_000_000_000)
    }
}

/// A number in decimal, up to the first byte that is no digit.
pub fn digits(text: &[u8]) -> u64 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
