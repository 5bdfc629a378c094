//! Every setting is everywhere: flag, variable, key, help, commented file, manual.
//! Those in which the command itself is needed (help, manual page, completions) are in `tests/app/settings.rs`.

use karez::config::{Setting, is_live, sample, settings};

const MANUAL: &str = include_str!("../../src/manual/operating.md");

#[test]
fn each_has_flag_variable_key_and_help() {
    let settings = settings();
    assert!(settings.len() > 20);
    for setting in &settings {
        let key = setting.key();
        assert_eq!(setting.variable(), format!("KAREZ_{}", key.to_uppercase()), "{key}");
        assert!(setting.help().len() > 10, "{key}: say what it is in a doc comment");
        assert!(!setting.value_name().is_empty() || setting.is_list(), "{key}");
        assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{key}");
        let same = settings.iter().filter(|other| other.key() == key).count();
        assert_eq!(same, 1, "{key} is there twice");
    }
}

#[test]
fn no_secret_is_a_value() {
    for setting in settings() {
        let key = setting.key();
        let is_file = ["_file", "_public_key", "_cert", "_key"].iter().any(|end| key.ends_with(end));
        assert!(!key.contains("secret") || is_file, "{key}: a secret comes by file, variable or credential");
    }
}

#[test]
fn each_is_in_the_commented_file_with_its_help() {
    let sample = sample();
    let words =
        |text: &str| text.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
    let sample_words = words(&sample);
    for setting in settings() {
        let key = setting.key();
        assert_eq!(sample.matches(&format!("\n# {key} = ")).count(), 1, "{key}");
        assert!(sample_words.contains(&words(&setting.help())), "{key}");
        assert!(sample.contains(&setting.variable()), "{key}");
        for (word, _) in setting.words().iter().filter(|_| !setting.is_question()) {
            assert!(sample.contains(&format!("{word:?}")), "{key}: {word}");
        }
    }
}

/// The line of the manual's table.
fn row(setting: &Setting) -> String {
    let defaults = setting.defaults().join(", ");
    let shown = if defaults.is_empty() { String::new() } else { format!("`{defaults}`") };
    let when = if is_live(&setting.key()) { "" } else { "restart" };
    let first = setting.help().replace('\n', " ").replace('|', "\\|");
    format!("| `{}` | {shown} | {when} | {first} |", setting.key())
}

#[test]
fn each_is_in_the_table_of_the_manual() {
    let rows: Vec<_> = settings().iter().map(row).collect();
    let missing: Vec<_> = rows.iter().filter(|row| !MANUAL.contains(row.as_str())).collect();
    assert!(
        missing.is_empty(),
        "the table under \"Configuration\" in src/manual/operating.md is to be:\n\n{}\n\nmissing: {missing:#?}",
        rows.join("\n")
    );
    let is_row = |line: &&str| line.starts_with("| `") && line.matches(" | ").count() == 3;
    let section = MANUAL.split("\n## ").find(|section| section.starts_with("Configuration")).unwrap();
    for line in section.lines().filter(is_row) {
        assert!(rows.iter().any(|row| row == line), "no setting is like this: {line}");
    }
}
