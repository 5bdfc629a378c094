//! The commented file: complete, and good when its comments are taken away.

use karez::config::{read_text, sample, settings};

/// With every line uncommented that shows a default.
fn uncommented() -> String {
    let keys: Vec<_> = settings().iter().map(|setting| format!("# {} = ", setting.key())).collect();
    let bare = |line: &str| match keys.iter().any(|key| line.starts_with(key)) {
        true => line[2..].to_owned() + "\n",
        false => line.to_owned() + "\n",
    };
    sample().lines().map(bare).collect()
}

#[test]
fn as_it_is_it_says_nothing() {
    assert!(sample().lines().all(|line| line.is_empty() || line.starts_with('#')));
    assert!(read_text(&sample(), &settings()).unwrap().is_empty());
}

#[test]
fn uncommented_it_says_the_defaults() {
    let text = uncommented();
    let values = read_text(&text, &settings()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}\n{text}"));
    for setting in settings() {
        let mut defaults = setting.defaults();
        if setting.is_question() {
            defaults.iter_mut().for_each(|word| *word = (*word == "yes").to_string());
        }
        assert_eq!(values.get(&setting.key()).unwrap_or_default(), defaults, "{}", setting.key());
    }
}

#[test]
fn lines_fit_on_a_screen() {
    for line in sample().lines().filter(|line| !line.contains(" = ")) {
        assert!(line.chars().count() <= 100, "{line}");
        assert!(!line.ends_with(' '), "{line:?}");
    }
}
