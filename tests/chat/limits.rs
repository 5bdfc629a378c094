//! The table of limits: sound, and each limit reached by the test that it names.

use std::collections::BTreeSet;
use std::path::Path;

use karez::base::limits::TABLE;

#[test]
fn every_default_is_within_its_bounds_and_every_name_is_one() {
    let mut names = BTreeSet::new();
    for limit in TABLE {
        assert!(limit.min <= limit.default && limit.default <= limit.max, "{}", limit.name);
        assert!(names.insert(limit.name), "{} stands twice", limit.name);
        assert!(!limit.unit.is_empty(), "{}", limit.name);
        if limit.unit == "ms" || limit.unit == "bytes" {
            let with_unit = limit.name.ends_with("_ms") || limit.name.contains("_bytes");
            assert!(with_unit, "the name of {} does not say {}", limit.name, limit.unit);
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_there = |test: &str| {
        let (path, function) = test.split_once("::").expect(test);
        let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        text.contains(&format!("fn {function}()"))
    };
    let missing: Vec<&str> = TABLE.iter().map(|limit| limit.test).filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}
