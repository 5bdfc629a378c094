//! The support desk simulated from seeds: visitors, agents and the site, who come, go, speak, claim, decline and close as
//! they like, and are deleted, on a store that fails or answers late, and a daemon that restarts. Desks have business hours
//! that begin and end meanwhile.
//!
//! There is no model of what each hears. There are rules that must hold in every turn whatever happens (`checks.rs`),
//! read from the store and from what was told; at the end of a run every ticket must still be there to be claimed and
//! closed. Two runs of a seed must put out the same. Over all seeds each branch must have been reached (`MARKS`).
//!
//! `KAREZ_SIM_SEED=n cargo test --test sim desk` runs one seed, `KAREZ_SIM_SEEDS=n` so many.

mod checks;
mod erasures;
mod hours;
mod kept;
mod people;
mod returns;
mod run;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

const SEEDS: u64 = 200;

/// What the seeds together must have reached.
const MARKS: &[&str] = &[
    "a failed commit",
    "a failed commit with a claim in it",
    "a failed commit with somebody who went",
    "a restart with an open ticket",
    "a restart with one who waits",
    "a claim",
    "a claim of what somebody holds",
    "two claims of one ticket in one turn",
    "a claim over the capacity",
    "a claim of a message that was left",
    "an offer to all",
    "an offer to one",
    "an offer of a message that was left",
    "withdrawn: claimed",
    "withdrawn: expired",
    "withdrawn: closed",
    "withdrawn: moved",
    "withdrawn: declined",
    "closed by visitor",
    "closed by agent",
    "closed by idle",
    "closed by site",
    "opened, waiting",
    "opened, offline",
    "waiting, then offline",
    "offline, then waiting",
    "given up by who vanished",
    "handed to an agent",
    "handed to a desk",
    "nobody to hand it to",
    "rated",
    "a note",
    "an entry for who is away",
    "an entry told later",
    "told that silence ends it",
    "a place that moved",
    "not to be seen",
    "an entry that was missed",
    "a gap where much was missed",
    "a gap for a figure that means nothing",
    "somebody is deleted",
    "a report of who was deleted before",
    "a deletion that failed",
    "a failed commit with a deletion in it",
    "waits again, for its agent was deleted",
    "opened outside of business hours",
    "told when business hours begin",
    "business hours begin for a message that was left",
    "business hours change while somebody waits",
    "a crash in the middle of a turn",
    "a commit that took several turns",
    "a failed commit of several turns",
    "a desk that is not known yet",
];

/// Runs a seed twice and returns what it reached.
fn seed_twice(seed: u64) -> BTreeSet<String> {
    let first = run::run(seed);
    let second = run::run(seed);
    let differs = first.trace.iter().zip(&second.trace).position(|(one, other)| one != other);
    assert_eq!(differs, None, "two runs of a seed differ");
    assert_eq!(first.trace.len(), second.trace.len(), "two runs of a seed differ in length");
    first.marks
}

#[test]
fn every_seed_of_the_desk_keeps_the_rules() {
    if let Some(seed) = super::number("KAREZ_SIM_SEED") {
        seed_twice(seed);
        return;
    }
    let seeds = super::number("KAREZ_SIM_SEEDS").unwrap_or(SEEDS);
    let mut reached = BTreeSet::new();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| seed_twice(seed))) {
            Ok(marks) => reached.extend(marks),
            Err(_) => panic!("seed {seed} failed; again: KAREZ_SIM_SEED={seed} cargo test --test sim desk"),
        }
    }
    if seeds >= SEEDS {
        let missing: Vec<&&str> = MARKS.iter().filter(|mark| !reached.contains(**mark)).collect();
        assert!(missing.is_empty(), "no seed reached {missing:?}");
    }
}
