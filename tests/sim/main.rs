//! The core simulated from seeds: random clients, failing commits, time that passes, against a model.
//!
//! Each seed is a run of some hundred turns. A model that shares nothing with the core says what every
//! session must hear in each turn, and in which order (`model.rs`); the store says what is kept; two runs of
//! one seed must put out the same, byte for byte. Over all seeds every kind of event and every refusal must
//! have been seen, or the simulation has gone blind.
//!
//! A seed that fails is printed; `KAREZ_SIM_SEED=n cargo test --test sim` runs it alone, and
//! `KAREZ_SIM_SEEDS=n` runs more of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod checks;
mod desk;
#[allow(dead_code)]
mod lines;
mod marks;
mod model;
#[allow(dead_code)]
mod net;
mod pushes;
mod random;
mod returns;
mod run;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use marks::Mark;

const SEEDS: u64 = 600;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

/// Runs a seed twice and returns what it reached.
fn seed_twice(seed: u64) -> BTreeSet<Mark> {
    let first = run::run(seed);
    let second = run::run(seed);
    let differs = first.trace.iter().zip(&second.trace).position(|(one, other)| one != other);
    assert_eq!(differs, None, "two runs of a seed differ");
    assert_eq!(first.trace.len(), second.trace.len(), "two runs of a seed differ in length");
    first.marks
}

#[test]
fn every_seed_is_as_the_model_says() {
    if let Some(seed) = number("KAREZ_SIM_SEED") {
        seed_twice(seed);
        return;
    }
    let seeds = number("KAREZ_SIM_SEEDS").unwrap_or(SEEDS);
    let mut reached = BTreeSet::new();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| seed_twice(seed))) {
            Ok(marks) => reached.extend(marks),
            Err(_) => panic!("seed {seed} failed; again: KAREZ_SIM_SEED={seed} cargo test --test sim"),
        }
    }
    if seeds >= SEEDS {
        let missing: Vec<Mark> = marks::all().difference(&reached).cloned().collect();
        assert!(missing.is_empty(), "no seed reached {missing:?}");
    }
}
