//! The rules of the house that no compiler knows, as tests over the source tree.
//!
//! A rule is a function from sources to complaints. It is run twice: on the tree, where it must find nothing,
//! and on small bad samples, where it must find each of them; a rule that can not fail is no rule. Here: floors,
//! pure floors, who may exit, the top level, and lengths (a ratchet: what is over the mark today may only
//! shrink). In `tidy/traces.rs`: what must not be anywhere. In `tidy/reasons.rs`: what must be said.
//!
//! The sources are read as text with comments and literals blanked out (`tidy/rust.rs`): enough for these rules,
//! and it needs nothing but `std`. Words that are forbidden everywhere are written in two halves here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "tidy/reasons.rs"]
mod reasons;
#[path = "tidy/rust.rs"]
mod rust;
#[path = "tidy/traces.rs"]
mod traces;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use rust::{Function, code_of, functions, tokens};

/// Lowest first; a file names only lower floors. The last may also name one another.
const FLOORS: [&[&str]; 6] = [
    // The manual is prose: it names nothing and is named by nobody.
    &["base", "manual"],
    &["ws", "http"],
    &["net", "chat"],
    &["wire", "auth", "store", "bus"],
    &["app"],
    &["main", "config", "cli"],
];

/// Floors that turn bytes or inputs into values, and what they may therefore not name.
const PURE: [&str; 4] = ["ws", "http", "chat", "wire"];
const IMPURE: [&str; 10] = [
    "TcpStream",
    "TcpListener",
    "UnixStream",
    "std::fs",
    "std::io",
    "std::thread",
    "std::env",
    "Instant",
    "SystemTime",
    "mio::",
];

const TOP_LEVEL: [&str; 7] = ["Cargo.toml", "Cargo.lock", "README.md", "LICENSE", "src", "tests", "scripts"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files over [`FILE_LINES_MAX`], with the number of lines that they may not exceed.
const LONG_FILES: &[(&str, usize)] = &[
    // Sites load the client as one module of one file; a third of it says what it does.
    ("src/web/client/karez.js", 695),
];

/// Functions over [`FUNCTION_LINES_MAX`], as `file function`.
const LONG_FUNCTIONS: &[(&str, usize)] = &[("tests/ws/every_cut.rs valid", 72)];

/// One file of the tree.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The top module of a file below `src`: `ws` for `src/ws/frame.rs`, `cli` for `src/cli.rs`.
    fn module(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        if !self.is_rust() {
            return None;
        }
        Some(inner.split_once('/').map_or_else(|| inner.trim_end_matches(".rs"), |(module, _)| module))
    }
}

type Rule = fn(&Source) -> Vec<String>;

#[track_caller]
fn assert_tidy(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn check(rule: Rule) {
    assert_tidy(sources().iter().flat_map(rule).collect());
}

/// Every sample must be complained about, and the good ones must not.
#[track_caller]
fn check_samples(rule: Rule, bad: &[(&str, &str)], good: &[(&str, &str)]) {
    for (path, text) in bad {
        assert!(!rule(&Source::new(path, text)).is_empty(), "not found in {path}: {text}");
    }
    for (path, text) in good {
        assert_tidy(rule(&Source::new(path, text)));
    }
}

// ---- the tree ----

/// The tree to judge. Cargo names it at run time too: a build directory may have come from another tree.
fn root() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// Paths of all files that are or would be committed; of all files where there is no git.
fn paths() -> Vec<String> {
    let root = root();
    let listed = Command::new("git")
        .arg("-C")
        .arg(&root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .ok()
        .filter(|output| output.status.success() && root.join(".git").exists())
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let mut paths = Vec::new();
    match listed {
        Some(listed) => paths.extend(listed.lines().map(str::to_owned)),
        None => walk(&root, "", &mut paths),
    }
    paths.retain(|path| root.join(path).is_file());
    paths.sort();
    assert!(paths.iter().any(|path| path == "src/lib.rs"), "this is not the tree: {}", root.display());
    paths
}

fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), paths);
        } else {
            paths.push(format!("{prefix}{name}"));
        }
    }
}

/// All files of text.
fn sources() -> Vec<Source> {
    let root = root();
    let read = |path: String| Some(Source { text: fs::read_to_string(root.join(&path)).ok()?, path });
    paths().into_iter().filter(|path| !path.contains("/corpus/")).filter_map(read).collect()
}

// ---- floors ----

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The modules of this crate that a file names: the `x` of `crate::x`, of `crate::{x, y::{z}}`, and of `super::x` where
/// `super` is the crate.
fn named_modules(source: &Source) -> Vec<String> {
    let code = code_of(&source.text);
    let tokens = tokens(&code);
    let is_top = source.path.matches('/').count() == 1 || source.path.ends_with("/mod.rs");
    let mut named = Vec::new();
    for (at, &token) in tokens.iter().enumerate() {
        let is_crate = token == "crate" || token == "karez" || (token == "super" && is_top);
        let is_double_super = token == "super" && tokens.get(at + 2) == Some(&"super");
        if is_double_super {
            named.push("super::super".to_owned());
        }
        if !is_crate || tokens.get(at + 1) != Some(&"::") {
            continue;
        }
        if tokens.get(at + 2) != Some(&"{") {
            named.extend(tokens.get(at + 2).map(|&name| name.to_owned()));
            continue;
        }
        let mut depth = 0;
        for pair in tokens[at + 2..].windows(2) {
            match pair[0] {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth == 1 && matches!(pair[0], "{" | ",") && pair[1] != "}" {
                named.push(pair[1].to_owned());
            }
        }
    }
    named
}

fn floors(source: &Source) -> Vec<String> {
    let Some(module) = source.module().filter(|&module| module != "lib") else { return Vec::new() };
    let path = &source.path;
    let Some(own) = floor_of(module) else { return vec![format!("{path}: `{module}` is on no floor")] };
    let judge = |name: String| match floor_of(&name) {
        _ if name == module => None,
        Some(floor) if floor < own || (floor == own && own == FLOORS.len() - 1) => None,
        Some(floor) => Some(format!("{path}: floor {own} names `{name}` of floor {floor}")),
        None if name.starts_with(char::is_uppercase) => None,
        None => Some(format!("{path}: `{name}` is on no floor")),
    };
    named_modules(source).into_iter().filter_map(judge).collect()
}

/// Whether code has this path or word, as such and not as a part of a longer word.
fn names(code: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let (before, behind) = (&code[..at], &code[at + word.len()..]);
        !before.ends_with(is_word) && (word.ends_with(':') || !behind.starts_with(is_word))
    })
}

fn pure_floors(source: &Source) -> Vec<String> {
    if !source.module().is_some_and(|module| PURE.contains(&module)) {
        return Vec::new();
    }
    let code = code_of(&source.text);
    let named = IMPURE.iter().filter(|word| names(&code, word));
    named.map(|word| format!("{}: names `{word}` on a pure floor", source.path)).collect()
}

/// Only the highest floor may end the process: whoever is below has connections of others in its hands.
fn exits(source: &Source) -> Vec<String> {
    let top = FLOORS.len() - 1;
    if source.module().is_none_or(|module| floor_of(module) == Some(top)) {
        return Vec::new();
    }
    let code = code_of(&source.text);
    let found = ["process::exit", "process::abort"].iter().filter(|word| names(&code, word));
    found.map(|word| format!("{}: `{word}` below floor {top}", source.path)).collect()
}

#[test]
fn files_name_only_lower_floors() {
    check(floors);
}

#[test]
fn floors_can_fail() {
    check_samples(
        floors,
        &[
            ("src/ws/a.rs", "use crate::http::Limits;"),
            ("src/ws/a.rs", "fn a() { crate::net::b() }"),
            ("src/net/a.rs", "use crate::{\n    base::{clock, deadline},\n    chat::ids,\n};"),
            ("src/chat/a.rs", "use crate::{base, wire};"),
            ("src/chat/mod.rs", "use super::store;"),
            ("src/chat/a.rs", "use super::super::store;"),
            ("src/store/a.rs", "use crate::wire::event;"),
            ("src/app/a.rs", "use crate::cli;"),
            ("src/extra/a.rs", ""),
            ("src/main.rs", "use karez::extra;"),
        ],
        &[
            ("src/ws/a.rs", "// crate::http\nuse crate::{base::clock, ws::frame};\nuse super::net;"),
            ("src/ws/mod.rs", "pub(crate) use super::base;"),
            ("src/main.rs", "use karez::{app, cli::Cli, config};"),
            ("src/app/a.rs", "use crate::{net::{a, b}, chat::c, ws, http, base, wire, store};"),
            ("src/lib.rs", "pub mod anything;"),
        ],
    );
}

#[test]
fn pure_floors_have_no_clock_and_no_socket() {
    check(pure_floors);
    check_samples(
        pure_floors,
        &[
            ("src/ws/a.rs", "use std::net::TcpStream;"),
            ("src/chat/a.rs", "let now = Instant::now();"),
            ("src/http/a.rs", "use mio::Token;"),
        ],
        &[("src/ws/a.rs", "struct Instants; // Instant"), ("src/net/a.rs", "use mio::Token;")],
    );
}

#[test]
fn only_the_highest_floor_exits() {
    check(exits);
    let exit = "fn a() { std::process::exit(1) }";
    check_samples(
        exits,
        &[("src/app/a.rs", exit)],
        &[("src/main.rs", exit), ("src/ws/a.rs", "// process::exit")],
    );
}

// ---- top level ----

fn top_level(paths: &[&str]) -> Vec<String> {
    let agreed = |path: &&&str| {
        let first = path.split('/').next().unwrap_or_default();
        first.starts_with('.') || TOP_LEVEL.contains(&first)
    };
    paths
        .iter()
        .filter(|path| !agreed(path))
        .map(|path| format!("{path}: not on the agreed top level"))
        .collect()
}

#[test]
fn the_top_level_is_the_agreed_one() {
    let paths = paths();
    assert_tidy(top_level(&paths.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(top_level(&["src/lib.rs", ".ci/run", "LICENSE"]), [""; 0]);
    assert_eq!(top_level(&["benches/a.rs", "CHANGELOG.md"]).len(), 2);
}

// ---- lengths ----

/// Complains about what is over `most` without being agreed, about what grew, and about an agreement that could
/// be lower.
fn ratchet(found: &[(String, usize)], most: usize, agreed: &[(&str, usize)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, lines) in found.iter().filter(|(_, lines)| *lines > most) {
        match agreed.iter().find(|(agreed, _)| agreed == name) {
            None => complaints.push(format!("{name}: {lines} lines, at most {most}")),
            Some((_, before)) if lines > before => {
                complaints.push(format!("{name}: grew from {before} to {lines} lines"))
            }
            Some((_, before)) if lines < before => {
                complaints.push(format!("{name}: shrank, write {lines} for {before}"))
            }
            Some(_) => {}
        }
    }
    let is_stale = |name: &str| !found.iter().any(|(found, lines)| found == name && *lines > most);
    complaints.extend(
        agreed
            .iter()
            .filter(|(name, _)| is_stale(name))
            .map(|(name, _)| format!("{name}: take it off the list")),
    );
    complaints
}

#[test]
fn files_are_short() {
    let is_code =
        |source: &&Source| [".rs", ".js", ".css", ".sh"].iter().any(|end| source.path.ends_with(end));
    let found: Vec<_> =
        sources().iter().filter(is_code).map(|s| (s.path.clone(), s.text.lines().count())).collect();
    assert_tidy(ratchet(&found, FILE_LINES_MAX, LONG_FILES));
}

#[test]
fn functions_are_short() {
    let in_file = |source: &Source| {
        let name = |f: Function| (format!("{} {}", source.path, f.name), f.lines);
        functions(&code_of(&source.text)).into_iter().map(name).collect::<Vec<_>>()
    };
    let found: Vec<_> = sources().iter().filter(|source| source.is_rust()).flat_map(in_file).collect();
    assert!(found.len() > 50, "functions are found at all");
    assert_tidy(ratchet(&found, FUNCTION_LINES_MAX, LONG_FUNCTIONS));
}

#[test]
fn the_ratchet_can_fail() {
    let found = [("a".to_owned(), 10), ("b".to_owned(), 5)];
    assert_eq!(ratchet(&found, 10, &[]), [""; 0]);
    assert_eq!(ratchet(&found, 9, &[("a", 10)]), [""; 0]);
    assert_eq!(ratchet(&found, 9, &[]), ["a: 10 lines, at most 9"]);
    assert_eq!(ratchet(&found, 5, &[("a", 9)]), ["a: grew from 9 to 10 lines"]);
    assert_eq!(ratchet(&found, 5, &[("a", 11)]), ["a: shrank, write 10 for 11"]);
    assert_eq!(ratchet(&found, 5, &[("a", 10), ("b", 6), ("c", 7)]).len(), 2);
}
