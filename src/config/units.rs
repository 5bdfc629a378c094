//! How the value of a setting is read: a number, a time, a size, each within the bounds of its limit.
//!
//! Where the name of a setting has a unit in it (`--recall-seconds`, `--retention-days-max`), a number alone is in
//! that unit, and a time such as `2m` or `30d` is the same in other words. A number alone for a size is bytes. A time whose setting
//! names no unit needs one. What is refused says what is allowed. Tests: `tests/config/units.rs`.

use crate::base::limits::Limit;
use crate::base::units::{Size, Time, UnitError};

const SECOND_MS: u64 = 1_000;
const DAY_MS: u64 = 24 * 3_600 * SECOND_MS;

/// A number within the bounds of a limit.
pub(super) fn within(limit: Limit) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| {
        let number = text.trim().parse().ok().filter(|number| (limit.min..=limit.max).contains(number));
        number.ok_or_else(|| format!("must be a number from {} to {}", limit.min, limit.max))
    }
}

/// Bytes within the bounds of a limit: `8MiB`, or the number.
pub(super) fn size(limit: Limit) -> impl Fn(&str) -> Result<Size, String> + Clone {
    move |text| {
        let (min, max) = (Size(limit.min), Size(limit.max));
        let bytes = match Size::parse(text) {
            Err(UnitError::Missing) => text.trim().parse().map(Size).map_err(|_| UnitError::TooLarge),
            read => read,
        };
        bytes.ok().filter(|size| (min..=max).contains(size)).ok_or_else(|| {
            format!(
                "must be a size such as 512B, 64KiB, 8MiB or 2GiB, or a number of bytes, from {min} to {max}"
            )
        })
    }
}

/// A time within the bounds of a limit in milliseconds: `10s`.
pub(super) fn time(limit: Limit) -> impl Fn(&str) -> Result<Time, String> + Clone {
    move |text| {
        let (min, max) = (Time(limit.min), Time(limit.max));
        let time = Time::parse(text);
        time.ok().filter(|time| (min..=max).contains(time)).ok_or_else(|| {
            let unit = if time == Err(UnitError::Missing) { "needs a unit: it " } else { "" };
            format!("{unit}must be a time such as 500ms, 10s, 5m or 1h, from {min} to {max}")
        })
    }
}

/// Seconds within the bounds of a limit: the number, or `2m`.
pub(super) fn seconds(limit: Limit) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| {
        whole(limit, SECOND_MS, text).ok_or_else(|| {
            format!("must be seconds or a time such as 2m, from {} to {}", limit.min, limit.max)
        })
    }
}

/// Days within the bounds of a limit: the number, or `30d`.
pub(super) fn days(limit: Limit) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| {
        whole(limit, DAY_MS, text)
            .ok_or_else(|| format!("must be days, as 30 or 30d, from {} to {}", limit.min, limit.max))
    }
}

/// A whole number of a unit, within the bounds of a limit that counts in it.
fn whole(limit: Limit, unit_ms: u64, text: &str) -> Option<u64> {
    let count = match Time::parse(text) {
        Ok(Time(ms)) => ms.is_multiple_of(unit_ms).then_some(ms / unit_ms)?,
        Err(UnitError::Missing) => text.trim().parse().ok()?,
        Err(_) => return None,
    };
    (limit.min..=limit.max).contains(&count).then_some(count)
}
