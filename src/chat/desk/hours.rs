//! Business hours: whether a desk answers at a moment, and when that changes.
//!
//! Pure functions of the rules and the moment. The calendar, and what the clocks of a place showed and will show, is
//! jiff's, with the time zone database that is compiled in; nothing is read from the machine. Parts of a day are told in
//! the wall-clock time of the zone: where the clocks are set forward, a part that lies in the gap does not come, and
//! where they are set back, it lasts as long as the clocks show it.
//!
//! Tested in `tests/chat/desk_hours.rs`.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::{Date, Hours, Span};
use crate::base::clock::UnixMillis;

/// Days that are looked at for the next beginning: more than a year, for dates that are otherwise.
const DAYS_MAX: usize = 400;
/// Minutes of a day.
const DAY_MIN: u16 = 1_440;

impl Hours {
    /// Whether there is such a zone, and whether each day says parts in rising order that do not overlap.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if TimeZone::get(&self.tz).is_err() {
            return Err("names a time zone that is not known");
        }
        let is_good = |spans: &Vec<Span>| {
            spans.iter().all(|span| span.from_min < span.to_min && span.to_min <= DAY_MIN)
                && spans.windows(2).all(|two| two[0].to_min <= two[1].from_min)
        };
        if !self.week.iter().chain(self.dates.values()).all(is_good) {
            return Err("has parts of a day that are not one behind the other");
        }
        let is_date =
            |date: &Date| jiff::civil::Date::new(date.year, to_i8(date.month), to_i8(date.day)).is_ok();
        if !self.dates.keys().all(is_date) {
            return Err("has a date that is not in the calendar");
        }
        Ok(())
    }

    /// Whether the desk answers at this moment.
    #[must_use]
    pub fn is_open(&self, at: UnixMillis) -> bool {
        let Some(local) = self.local(at) else { return false };
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        self.spans(&local).iter().any(|span| (span.from_min..span.to_min).contains(&minute))
    }

    /// When the desk begins to answer again; `None` while it does, or if it never does.
    #[must_use]
    pub fn opens_next(&self, at: UnixMillis) -> Option<UnixMillis> {
        if self.is_open(at) {
            return None;
        }
        self.changes(at).into_iter().find(|moment| self.is_open(*moment))
    }

    /// The next moment at which the desk begins or ceases to answer, if there is one.
    #[must_use]
    pub fn next_change(&self, at: UnixMillis) -> Option<UnixMillis> {
        let is_open = self.is_open(at);
        self.changes(at).into_iter().find(|moment| self.is_open(*moment) != is_open)
    }

    fn local(&self, at: UnixMillis) -> Option<ZonedDateTime> {
        let moment = Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
        Some(moment.to_zoned_datetime(TimeZone::get(&self.tz).ok()?))
    }

    /// The parts of the day in which a moment lies.
    fn spans(&self, local: &ZonedDateTime) -> &[Span] {
        let date = Date {
            year: local.year(),
            month: u8::try_from(local.month()).unwrap_or(0),
            day: u8::try_from(local.day()).unwrap_or(0),
        };
        let of_week = || &self.week[usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0)];
        self.dates.get(&date).unwrap_or_else(of_week)
    }

    /// Moments behind this one at which something may change, in order.
    fn changes(&self, at: UnixMillis) -> Vec<UnixMillis> {
        let Some(local) = self.local(at) else { return Vec::new() };
        let mut moments = Vec::new();
        let mut day = local.date();
        for _ in 0..DAYS_MAX {
            let Ok(midnight) = day.to_zoned_datetime(local.time_zone().clone()) else { break };
            for span in self.spans(&midnight) {
                for minute in [span.from_min, span.to_min] {
                    let Some(moment) = moment_of(&midnight, minute).filter(|moment| *moment > at) else {
                        continue;
                    };
                    moments.push(moment);
                }
            }
            // Twice as many as one day can have: the next change is among them.
            if moments.len() > 40 {
                break;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        moments.sort_unstable();
        moments
    }
}

/// The moment at which the clocks show this minute of a day; 1440 is the next midnight.
fn moment_of(midnight: &ZonedDateTime, minute: u16) -> Option<UnixMillis> {
    let (hour, minute) = (to_i8_of(minute / 60), to_i8_of(minute % 60));
    let date = if hour == 24 { midnight.date().tomorrow().ok()? } else { midnight.date() };
    let time = Time::new(hour % 24, minute, 0, 0).ok()?;
    let moment = date.to_datetime(time).to_zoned_datetime(midnight.time_zone().clone()).ok()?;
    u64::try_from(moment.timestamp().as_millisecond()).ok().map(UnixMillis)
}

fn to_i8(number: u8) -> i8 {
    i8::try_from(number).unwrap_or(0)
}

fn to_i8_of(number: u16) -> i8 {
    i8::try_from(number).unwrap_or(0)
}
