//! What must not be anywhere: left-overs, unsafe code, traces of one machine.

use std::fs;

use crate::rust::{code_of, tokens};
use crate::{Source, check, check_samples, root};

fn left_overs(source: &Source) -> Vec<String> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let calls = [
        concat!("to", "do!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
        concat!("db", "g!("),
    ];
    let mut complaints = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let has_mark = line.split(|c: char| !c.is_alphanumeric()).any(|word| marks.contains(&word));
        // A test that another test runs, in a process of its own, is not left over: it says so.
        let line = line.replace(concat!("#[ig", "nore = \"run by "), "");
        if has_mark || calls.iter().any(|call| line.contains(call)) {
            complaints.push(format!("{}:{}: left over: {}", source.path, number + 1, line.trim()));
        }
    }
    complaints
}

#[test]
fn nothing_is_left_over() {
    check(left_overs);
    check_samples(
        left_overs,
        &[
            ("src/a.rs", concat!("// TO", "DO: later")),
            ("README.md", concat!("FIX", "ME")),
            ("scripts/a.sh", concat!("# X", "XX")),
            ("src/a.rs", concat!("to", "do!()")),
            ("src/a.rs", concat!("unimplemented", "!(\"a\")")),
            ("tests/a.rs", concat!("#[ig", "nore = \"slow\"]")),
            ("src/a.rs", concat!("db", "g!(x)")),
        ],
        &[
            ("scripts/a.sh", "mktemp a.XXXXXX # to do"),
            ("tests/a.rs", concat!("#[ig", "nore = \"run by b, alone in its process\"]")),
        ],
    );
}

fn unsafe_code(source: &Source) -> Vec<String> {
    let found = source.is_rust() && tokens(&code_of(&source.text)).contains(&"unsafe");
    if found { vec![format!("{}: unsafe code", source.path)] } else { Vec::new() }
}

#[test]
fn nothing_is_unsafe() {
    check(unsafe_code);
    check_samples(
        unsafe_code,
        &[("tests/a.rs", "unsafe { a() }")],
        &[("src/a.rs", "// unsafe\nlet unsafe_code = 1;")],
    );
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""), "the compiler must refuse it too");
}

/// Host names that come from somebody's configuration, and paths that exist on one machine.
fn machine_traces(source: &Source) -> Vec<String> {
    let traces = [
        concat!("index.", "crates.io"),
        concat!("static.", "crates.io"),
        concat!("registry.", "npmjs.org"),
        concat!("proxy.", "golang.org"),
        concat!("files.", "pythonhosted.org"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("C:", "\\"),
    ];
    let mut complaints = Vec::new();
    for trace in traces.iter().filter(|trace| source.text.contains(*trace)) {
        complaints.push(format!("{}: `{trace}` belongs to one machine", source.path));
    }
    let standard = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let is_foreign = |line: &&str| line.starts_with("source = ") && *line != standard;
    if source.path.ends_with("Cargo.lock") {
        complaints
            .extend(source.text.lines().filter(is_foreign).map(|line| format!("{}: {line}", source.path)));
    }
    complaints
}

#[test]
fn no_machine_left_a_trace() {
    check(machine_traces);
    check_samples(
        machine_traces,
        &[
            ("scripts/a.sh", concat!("cd /ho", "me/me/karez")),
            ("README.md", concat!("https://registry.", "npmjs.org/a")),
            ("Cargo.lock", "source = \"sparse+https://mirror.example/\""),
        ],
        &[("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"")],
    );
}
