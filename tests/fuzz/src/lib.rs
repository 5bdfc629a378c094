//! What holds for any bytes whatever: one function for each parser that meets bytes of strangers.
//!
//! Each takes bytes as they stand in `corpus/` (what a peer would send, readable with any tool) and panics when a
//! property does not hold. That nothing panics is the least of them: the same bytes cut anywhere say the same, what
//! was understood can be written and is understood again, what is refused is refused with a reason.
//!
//! Two things drive them. `fuzz_targets/` is for the fuzzer, which learns from coverage and runs as long as one likes:
//!
//! ```sh
//! cargo install cargo-fuzz
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz frames -- -max_total_time=600 -max_len=4096
//! ```
//!
//! `main.rs` is for `cargo test`: a second of each on the corpus and on random changes of it.

pub mod chat_json;
pub mod cuts;
mod desk_json;
pub mod frames;
pub mod http_head;
pub mod inflate;
pub mod token;

/// A target: panics when a property does not hold.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: [(&str, Target); 5] = [
    ("chat_json", chat_json::check),
    ("frames", frames::check),
    ("http_head", http_head::check),
    ("inflate", inflate::check),
    ("token", token::check),
];
