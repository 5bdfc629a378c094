//! What must be said: what a file is, why a panic can not happen, why a dependency is worth it, and that a module
//! is there.

use std::fs;

use crate::rust::{code_of, functions};
use crate::{Source, assert_tidy, check, check_samples, root, sources};

/// All of `src`, and the first file of each test, example and target. A test's further files are named by a behaviour,
/// and so are their tests.
fn module_docs(source: &Source) -> Vec<String> {
    let is_first = ["/main.rs", "/lib.rs"].iter().any(|end| source.path.ends_with(end))
        || source.path.strip_prefix("tests/").is_some_and(|path| !path.contains('/'));
    let is_bound = source.is_rust() && (source.module().is_some() || is_first);
    if is_bound && !source.text.starts_with("//! ") {
        vec![format!("{}: does not begin by saying what it is", source.path)]
    } else {
        Vec::new()
    }
}

#[test]
fn every_file_says_what_it_is() {
    check(module_docs);
    check_samples(
        module_docs,
        &[("src/a.rs", "use std::fs;\n//! Late."), ("tests/a/main.rs", "")],
        &[("src/a.rs", "//! A."), ("tests/a/b.rs", "")],
    );
}

/// Calls that end the process, without a word on why they never do: an attribute with a reason on or in the function,
/// or a comment at most three lines above.
fn panics(source: &Source) -> Vec<String> {
    if source.module().is_none() {
        return Vec::new();
    }
    let code = code_of(&source.text);
    let lines: Vec<&str> = source.text.lines().collect();
    let functions = functions(&code);
    let has_reason = |at: usize| {
        let around = functions.iter().rfind(|f| (f.first_line..f.first_line + f.lines).contains(&at));
        let attributes = around.map_or(at, |f| {
            (0..f.first_line)
                .rev()
                .take_while(|&l| !lines[l].trim().is_empty() && !lines[l].ends_with('}'))
                .last()
                .unwrap_or(f.first_line)
        });
        lines[attributes..=at].iter().any(|line| line.contains("reason ="))
            || lines[at.saturating_sub(3)..=at]
                .iter()
                .any(|line| line.contains("// ") && !line.contains("///"))
    };
    let calls = [".unwrap()", ".expect(", "panic!(", "unreachable!(", ".unwrap_err()"];
    let is_bare =
        |(at, line): &(usize, &str)| calls.iter().any(|call| line.contains(call)) && !has_reason(*at);
    code.lines()
        .enumerate()
        .filter(is_bare)
        .map(|(at, _)| format!("{}:{}: panics without a reason: {}", source.path, at + 1, lines[at].trim()))
        .collect()
}

#[test]
fn panics_have_reasons() {
    check(panics);
    check_samples(
        panics,
        &[
            ("src/a.rs", "fn a() {\n    b().unwrap();\n}"),
            ("src/a.rs", "fn a() {\n    b().expect(\"it\");\n}"),
            ("src/a.rs", "fn a() {\n    panic!(\"it\");\n}"),
            (
                "src/a.rs",
                "#[expect(clippy::x, reason = \"y\")]\nfn a() {\n}\n\nfn b() {\n    c().unwrap();\n}",
            ),
        ],
        &[
            ("src/a.rs", "fn a() {\n    // The slot is ours.\n    b().unwrap();\n}"),
            (
                "src/a.rs",
                "#[expect(clippy::x, reason = \"y\")]\nfn a() {\n    b();\n    b();\n    b();\n    c().unwrap();\n}",
            ),
            ("src/a.rs", "/// `x.unwrap()`\nfn a() {\n    b().unwrap_or(1);\n}"),
            ("tests/a.rs", "fn a() {\n    b().unwrap();\n}"),
        ],
    );
}

/// Dependencies of `manifest` that `decisions` does not name in backquotes.
fn undecided(manifest: &str, decisions: &str) -> Vec<String> {
    let mut is_dependency = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependency = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once([' ', '=', '.']).filter(|_| is_dependency) {
            names.push(name);
        }
    }
    names.retain(|name| !name.starts_with('#') && !decisions.contains(&format!("`{name}`")));
    names.iter().map(|name| format!("Cargo.toml: `{name}` has no line in src/manual/decisions.md")).collect()
}

#[test]
fn dependencies_have_reasons() {
    let root = root();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(undecided(&manifest, "").len() > 5, "dependencies are found at all");
    if let Ok(decisions) = fs::read_to_string(root.join("src/manual/decisions.md")) {
        assert_tidy(undecided(&manifest, &decisions));
    }
    let sample = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\n# c\nb.workspace = true\n\
                  [dev-dependencies]\nd = { path = \"d\" }\n";
    assert_eq!(undecided(sample, "| `a` | because |").len(), 2);
}

/// Modules below `src`, and below folders of `tests` with a `main.rs`, that no `mod` line of their parent names: Cargo
/// does not miss them, and their tests pass because they never run.
fn orphans(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let (home, name) = match file {
            "main.rs" | "lib.rs" => continue,
            "mod.rs" => folder.rsplit_once('/').unwrap_or(("", folder)),
            _ => (folder, file.trim_end_matches(".rs")),
        };
        let parents = ["lib.rs", "main.rs", "mod.rs"].map(|parent| format!("{home}/{parent}"));
        let declared = format!("mod {name};");
        let mut homes = sources.iter().filter(|other| parents.contains(&other.path)).peekable();
        if homes.peek().is_some() && !homes.any(|other| code_of(&other.text).contains(&declared)) {
            complaints.push(format!("{}: no `{declared}` in {home}", source.path));
        }
    }
    complaints
}

#[test]
fn every_module_is_compiled() {
    assert_tidy(orphans(&sources()));
    let tree =
        |main: &str| orphans(&[Source::new("tests/ws/main.rs", main), Source::new("tests/ws/a.rs", "")]);
    assert_eq!(tree("mod a;"), [""; 0]);
    assert_eq!(tree("// mod a;").len(), 1);
}
