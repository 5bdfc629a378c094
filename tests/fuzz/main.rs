//! The fuzz targets without a fuzzer: each for a second, on its corpus and on random changes of it.
//!
//! Needs neither nightly nor cargo-fuzz, so it runs with all other tests. The seed is fixed: a failure here can be
//! repeated. What it finds is printed as a literal, to be put into the corpus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "src/lib.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, panic};

use targets::cuts::Random;
use targets::{TARGETS, Target};

const DURATION: Duration = Duration::from_secs(1);
const INPUT_BYTES_MAX: usize = 2048;

/// The files of a corpus in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Runs the target on one input; a failure names the input.
fn run(target: Target, input: &[u8]) {
    if let Err(failure) = panic::catch_unwind(|| target(input)) {
        eprintln!("the input: b\"{}\"", input.escape_ascii());
        panic::resume_unwind(failure);
    }
}

/// A seed of the corpus with a few changes: what a fuzzer does, without its eyes.
fn changed(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..1 + random.below(4) {
        let at = random.below(input.len() + 1);
        let byte = random.below(256) as u8;
        match random.below(7) {
            0 => input.insert(at, byte),
            1 => input.truncate(at),
            2 => drop(input.drain(at..(at + 1 + random.below(8)).min(input.len()))),
            3 => input.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << (byte % 8)),
            4 => input.iter_mut().skip(at).take(1).for_each(|b| *b = byte),
            5 => {
                let piece = input[at..(at + 1 + random.below(32)).min(input.len())].to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn smoke(name: &str) {
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    let corpus = corpus(name);
    assert!(corpus.len() >= 10, "{name} has only {} seeds", corpus.len());
    corpus.iter().for_each(|seed| run(*target, seed));
    let start = Instant::now();
    let mut random = Random::seeded(0x6b61_7265_7a00);
    let mut inputs = 0;
    while start.elapsed() < DURATION {
        run(*target, &changed(&mut random, &corpus));
        inputs += 1;
    }
    println!("{name}: {inputs} inputs");
}

#[test]
fn chat_json() {
    smoke("chat_json");
}

#[test]
fn frames() {
    smoke("frames");
}

#[test]
fn http_head() {
    smoke("http_head");
}

#[test]
fn inflate() {
    smoke("inflate");
}

#[test]
fn token() {
    smoke("token");
}
