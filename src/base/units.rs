//! Times and sizes as people write them: `30s`, `5m`, `2d`; `8MiB`, `64KiB`.
//!
//! A unit is one of the table, without a fraction: what can be written in two ways is read wrongly by somebody. Sizes
//! count in powers of two and say so (`KiB`); `KB` is refused, since half of the world means 1000 by it. Shown is
//! the largest unit that leaves a whole number, so that what is shown can be read again and is the same.
//!
//! Whoever reads a setting decides what a number without a unit means (`config/units.rs`); here it means nothing.
//! The tutorial has no settings. Tests: `tests/config/units.rs`.

use std::fmt;

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units of time in milliseconds, the largest first.
const TIMES: [(&str, u64); 5] =
    [("d", 24 * 3_600 * 1_000), ("h", 3_600 * 1_000), ("m", 60 * 1_000), ("s", 1_000), ("ms", 1)];
/// Units of size in bytes, the largest first.
const SIZES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A text that names no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// There are no digits in front, or more than digits.
    Number,
    /// There is a number, and no unit behind it.
    Missing,
    /// What is behind the number is no unit.
    Unknown,
    /// More than 64 bits hold.
    TooLarge,
}

impl Time {
    /// Reads `250ms`, `30s`, `5m`, `12h` or `2d`.
    ///
    /// # Errors
    ///
    /// See [`UnitError`].
    pub fn parse(text: &str) -> Result<Time, UnitError> {
        quantity(text, &TIMES).map(Time)
    }
}

impl Size {
    /// Reads `512B`, `64KiB`, `8MiB`, `2GiB` or `1TiB`.
    ///
    /// # Errors
    ///
    /// See [`UnitError`].
    pub fn parse(text: &str) -> Result<Size, UnitError> {
        quantity(text, &SIZES).map(Size)
    }
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, UnitError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(UnitError::Number);
    }
    let number: u64 = number.parse().map_err(|_| UnitError::TooLarge)?;
    // Between the two there may be a space, as in a sentence; large and small letters are the same.
    let unit = unit.trim();
    if unit.is_empty() {
        return Err(UnitError::Missing);
    }
    let (_, factor) =
        units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or(UnitError::Unknown)?;
    number.checked_mul(*factor).ok_or(UnitError::TooLarge)
}

fn show(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    // Every number is a multiple of the last unit, and nothing needs none.
    let fits = |(_, factor): &&(&str, u64)| value >= *factor && value.is_multiple_of(*factor);
    match units.iter().find(fits) {
        Some((name, factor)) => write!(f, "{}{name}", value / factor),
        None => f.write_str("0"),
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("0s") } else { show(f, self.0, &TIMES) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.0, &SIZES)
    }
}
