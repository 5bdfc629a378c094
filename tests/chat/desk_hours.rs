//! Business hours: when a desk answers, in the time of its place.

use std::collections::BTreeMap;

use karez::base::clock::UnixMillis;
use karez::chat::call::Call;
use karez::chat::desk::{Date, DeskCall, Hours, Span};

use crate::desk_words::*;
use crate::story::*;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Monday, 5 January 2026, 00:00 UTC.
const MONDAY: u64 = 1_767_571_200_000;

fn hours(tz: &str, days: &[usize], spans: &[(u16, u16)]) -> Hours {
    let mut week: [Vec<Span>; 7] = Default::default();
    for day in days {
        week[*day] = spans.iter().map(|(from, to)| Span { from_min: from * 60, to_min: to * 60 }).collect();
    }
    Hours { tz: tz.into(), week, dates: BTreeMap::new() }
}

/// The office in Shanghai: from Monday to Friday, 9 to 12 and 13 to 18.
fn office() -> Hours {
    hours("Asia/Shanghai", &[0, 1, 2, 3, 4], &[(9, 12), (13, 18)])
}

fn at(day: u64, utc_minutes: i64) -> UnixMillis {
    UnixMillis((MONDAY + day * DAY_MS).saturating_add_signed(utc_minutes * 60_000))
}

#[test]
fn the_clock_of_the_place_counts() {
    let office = office();
    // Eight hours ahead of UTC.
    for (utc_minutes, open) in [
        (59, false),
        (60, true),
        (4 * 60 - 1, true),
        (4 * 60, false),
        (5 * 60, true),
        (10 * 60 - 1, true),
        (10 * 60, false),
    ] {
        assert_eq!(office.is_open(at(0, utc_minutes)), open, "{utc_minutes}");
    }
    assert!(!office.is_open(at(5, 120)), "Saturday");
}

#[test]
fn it_is_known_when_it_goes_on() {
    let office = office();
    assert_eq!(office.opens_next(at(0, 0)), Some(at(0, 60)));
    assert_eq!(office.opens_next(at(0, 61)), None, "it is open");
    assert_eq!(office.next_change(at(0, 61)), Some(at(0, 240)));
    assert_eq!(office.opens_next(at(0, 240)), Some(at(0, 300)), "after lunch");
    assert_eq!(office.opens_next(at(4, 600)), Some(at(7, 60)), "after the weekend");
    assert_eq!(hours("UTC", &[], &[]).opens_next(at(0, 0)), None, "never");
    assert_eq!(hours("UTC", &[0, 1, 2, 3, 4, 5, 6], &[(0, 24)]).next_change(at(0, 0)), None, "always");
}

#[test]
fn some_days_are_otherwise() {
    let mut office = office();
    office.dates.insert(Date { year: 2026, month: 1, day: 5 }, Vec::new());
    office.dates.insert(Date { year: 2026, month: 1, day: 10 }, vec![Span { from_min: 600, to_min: 660 }]);
    assert!(!office.is_open(at(0, 120)), "a holiday");
    assert_eq!(office.opens_next(at(0, 0)), Some(at(1, 60)));
    assert!(office.is_open(at(5, 130)) && !office.is_open(at(5, 180)), "a Saturday on which it answers");
}

#[test]
fn clocks_that_are_set_forward_and_back() {
    // 29 March 2026: 02:00 becomes 03:00 in Berlin; 25 October: 03:00 becomes 02:00.
    let night = hours("Europe/Berlin", &[0, 1, 2, 3, 4, 5, 6], &[(1, 4)]);
    let moment = |text: &str| {
        UnixMillis(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
    };
    let lasts_ms = |from: &str| night.next_change(moment(from)).unwrap().0 - moment(from).0;
    assert_eq!(lasts_ms("2026-03-29T00:00:00Z"), 2 * HOUR_MS, "from 1 to 4, which is two hours");
    assert_eq!(lasts_ms("2026-10-24T23:00:00Z"), 4 * HOUR_MS, "and four");
    assert_eq!(lasts_ms("2026-07-01T23:00:00Z"), 3 * HOUR_MS);
    let gap = hours("Europe/Berlin", &[6], &[(2, 3)]);
    assert!(!gap.is_open(moment("2026-03-29T00:59:59Z")) && !gap.is_open(moment("2026-03-29T01:00:00Z")));
}

#[test]
fn a_desk_answers_in_its_hours() {
    let mut w = world();
    w.now.unix = at(0, 0);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    set_desk(&mut w, "sales", |rules| rules.hours = Some(office()));
    let vic = w.guest(2, "Vic");
    w.ask(vic, "g", gate("sales"));
    assert_eq!(w.heard(vic), [format!("desk [g] sales shut, opens at {}", at(0, 60).0)]);
    w.send(vic, support_at("sales", "hello"));
    assert_eq!(w.heard(vic)[1], "ticket 1 offline at sales");
    assert!(
        w.heard(ann).iter().any(|line| line.starts_with("offer 1")),
        "who is there is offered it all the same"
    );
    for _ in 0..60 {
        w.later_ms(MINUTE_MS);
    }
    assert_eq!(w.heard(vic), ["ticket 1 waiting at sales, place 1"]);
    w.ask(vic, "g", gate("sales"));
    assert_eq!(w.heard(vic), ["desk [g] sales open, ticket 1"]);
}

#[test]
fn rules_that_were_not_stored_move_no_hours() {
    let mut w = world();
    w.now.unix = at(0, 0);
    agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    set_desk(&mut w, "sales", |rules| rules.hours = Some(office()));
    let vic = w.guest(2, "Vic");
    w.send(vic, support_at("sales", "hello"));
    w.call(1, Call::Desk(DeskCall::DeleteDesk { desk: desk("sales") }));
    w.fail();
    w.hush();
    for _ in 0..61 {
        w.later_ms(MINUTE_MS);
    }
    assert_eq!(w.heard(vic), ["ticket 1 waiting at sales, place 1"]);
}
