//! Business hours that begin and end while a run lasts, and what must be so then.
//!
//! Outside its hours a desk answers nobody: what is said to it is a message that was left, and stays one until they
//! begin. A desk may have got other rules in the turn; then it may have answered by the old or by the new.

use std::collections::{BTreeMap, BTreeSet};

use karez::base::clock::UnixMillis;
use karez::chat::desk::{Date, Desk, DeskSettings, Hours, Span};
use karez::chat::ids::TicketId;

use super::people::{DESKS, desk};
use crate::random::Random;

const MINUTE_MS: u64 = 60_000;
const DAY_MIN: u64 = 1_440;
/// A place, and how many minutes its clocks are ahead of UTC, all the year.
const ZONES: [(&str, u64); 3] = [("UTC", 0), ("Asia/Shanghai", 480), ("Asia/Kathmandu", 345)];

/// Rules of desks; none is as usual.
pub type Rules = BTreeMap<Desk, DeskSettings>;

fn spans(random: &mut Random, minute: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = (minute + random.below(6)).saturating_sub(3);
    for _ in 0..1 + random.below(4) {
        let to = at + 1 + random.below(5);
        if to > DAY_MIN {
            break;
        }
        spans.push(Span { from_min: at as u16, to_min: to as u16 });
        at = to + 1 + random.below(4);
    }
    spans
}

/// Hours that begin and end about now.
pub fn hours(random: &mut Random, now: UnixMillis) -> Hours {
    let (tz, ahead_min) = *random.pick(&ZONES);
    let minute = (now.0 / MINUTE_MS + ahead_min) % DAY_MIN;
    let spans_of_day = spans(random, minute);
    let week = std::array::from_fn(|_| spans_of_day.clone());
    let mut dates = BTreeMap::new();
    if random.percent(20) {
        // The day on which all runs begin, in UTC.
        dates.insert(Date { year: 2023, month: 11, day: 14 }, spans(random, minute));
    }
    Hours { tz: tz.into(), week, dates }
}

fn lasts(rules: Option<&DeskSettings>, now: UnixMillis) -> bool {
    rules.and_then(|rules| rules.hours.as_ref()).is_none_or(|hours| hours.is_open(now))
}

/// What has been so in a turn.
#[derive(Default)]
pub struct Seen {
    /// Desks that might answer at some moment.
    open: BTreeSet<Desk>,
    /// Desks that might not.
    shut: BTreeSet<Desk>,
}

impl Seen {
    /// It is this time, and a desk has one of these rules.
    pub fn look(&mut self, now: UnixMillis, rules: &Rules, others: &[(Desk, Option<DeskSettings>)]) {
        for name in DESKS {
            let desk = desk(name);
            let of_turn = others.iter().filter(|(of, _)| *of == desk).map(|(_, rules)| rules.as_ref());
            for rules in of_turn.chain([rules.get(&desk)]) {
                if lasts(rules, now) {
                    self.open.insert(desk.clone())
                } else {
                    self.shut.insert(desk.clone())
                };
            }
        }
    }

    /// A ticket came to wait at this desk.
    pub fn waits(&self, ticket: TicketId, desk: &Desk) {
        assert!(self.open.contains(desk), "{ticket:?} waits at {desk:?} outside of its hours");
    }

    /// Whether hours began or ended, or there were others.
    pub fn both(&self, desk: &Desk) -> bool {
        self.open.contains(desk) && self.shut.contains(desk)
    }

    pub fn never_open(&self, desk: &Desk) -> bool {
        !self.open.contains(desk)
    }

    /// Somebody was told whether a desk answers, and when it does again.
    pub fn gate(&self, name: &str, is_open: bool, next: Option<u64>, rules: &Rules, begun: UnixMillis) {
        let desk = desk(name);
        assert!(!is_open || self.open.contains(&desk), "{name} is open outside of its hours");
        let Some(next) = next else { return };
        assert!(!is_open && next > begun.0, "{name} opens at {next}");
        assert!(self.shut.contains(&desk), "{name} opens at {next}, and is within its hours");
        if let Some(rules) = rules.get(&desk).filter(|rules| rules.hours.is_some()) {
            let before = UnixMillis(next - 1);
            let begins = lasts(Some(rules), UnixMillis(next)) && !lasts(Some(rules), before);
            assert!(begins, "{name} opens at {next}");
        }
    }
}

/// Whether a desk is within its hours now.
pub fn are_on(rules: &Rules, desk: &Desk, now: UnixMillis) -> bool {
    lasts(rules.get(desk), now)
}
