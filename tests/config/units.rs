//! Times and sizes: what is read, what is shown, and what a number alone means.

use karez::base::units::{Size, Time, UnitError};
use karez::config::{Setting, settings};

fn setting(key: &str) -> Setting {
    settings().into_iter().find(|setting| setting.key() == key).unwrap()
}

#[test]
fn times_and_sizes_are_read_and_shown_in_the_largest_unit() {
    for (text, ms, shown) in [
        ("250ms", 250, "250ms"),
        ("30s", 30_000, "30s"),
        ("90s", 90_000, "90s"),
        ("120 s", 120_000, "2m"),
        ("5m", 300_000, "5m"),
        ("36h", 129_600_000, "36h"),
        ("2D", 172_800_000, "2d"),
        ("0s", 0, "0s"),
    ] {
        let time = Time::parse(text).unwrap();
        assert_eq!((time, time.to_string().as_str()), (Time(ms), shown));
        assert_eq!(Time::parse(shown), Ok(time), "what is shown can be read");
    }
    for (text, bytes, shown) in [
        ("512B", 512, "512B"),
        ("64KiB", 65_536, "64KiB"),
        ("8mib", 8 << 20, "8MiB"),
        ("2 GiB", 2 << 30, "2GiB"),
        ("1TiB", 1 << 40, "1TiB"),
        ("1537B", 1_537, "1537B"),
    ] {
        let size = Size::parse(text).unwrap();
        assert_eq!((size, size.to_string().as_str()), (Size(bytes), shown));
        assert_eq!(Size::parse(shown), Ok(size));
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    for (text, error) in [
        ("", UnitError::Number),
        ("s", UnitError::Number),
        ("-5s", UnitError::Number),
        ("10", UnitError::Missing),
        ("1.5h", UnitError::Unknown),
        ("1h30m", UnitError::Unknown),
        ("5 weeks", UnitError::Unknown),
        ("99999999999999999999s", UnitError::TooLarge),
        ("9999999999999999d", UnitError::TooLarge),
    ] {
        assert_eq!(Time::parse(text), Err(error), "{text:?}");
    }
    for text in ["8KB", "8MB", "8k", "8M"] {
        assert_eq!(Size::parse(text), Err(UnitError::Unknown), "{text:?} is 1000 to some, 1024 to others");
    }
}

#[test]
fn a_number_alone_is_in_the_unit_of_the_name_if_it_has_one() {
    for (key, good, bad) in [
        ("recall_seconds", &["120", "2m", "0"][..], &["2.5", "1500ms", "-1", "2 minutes"][..]),
        ("retention_days_max", &["30", "30d", "48h", "0"], &["36h", "40000", "1MiB"]),
        ("guest_kept_days", &["30", "30d"], &["0", "12h"]),
        ("message_bytes_max", &["65536", "64KiB", "1KiB", "16MiB"], &["64KB", "1023", "17MiB", "10s"]),
        ("retention_bytes_max", &["0", "10GiB"], &["10GB", "-1"]),
        ("login_timeout", &["10s", "1m", "1000ms"], &["10", "999ms", "11m"]),
        ("messages_per_second", &["1", "100000"], &["0", "100001", "20s"]),
    ] {
        let setting = setting(key);
        for value in good {
            assert_eq!(setting.check(value), Ok(()), "{key} {value:?}");
        }
        for value in bad {
            let words = setting.check(value).expect_err(value);
            assert!(words.contains("from "), "{key}: the bounds are told: {words}");
        }
    }
    let words = setting("login_timeout").check("10").unwrap_err();
    assert!(words.starts_with("needs a unit"), "{words}");
}
