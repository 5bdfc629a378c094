//! The commented file of all settings: what `karez gen-config` prints.
//!
//! Everything in it comes from the definitions: the help as comment, what is allowed, the bounds of the limit, the
//! name in the environment, and the default as a line that can be uncommented. Uncommented as a whole it is
//! a file that says what holds anyhow. Tests: `tests/config/sample.rs`.

use super::live::is_live;
use super::setting::{Setting, settings};
use crate::base::limits::Limit;
use crate::base::units::{Size, Time};

/// Characters of a line.
const WIDTH: usize = 100;

const HEAD: &str = "\
Settings of karez, in TOML. Every line that begins with \"# name =\" shows the default: take \"# \" away and \
change the value. A flag of the command line wins over the environment, the environment over this file.

Times have a unit: \"500ms\", \"30s\", \"5m\", \"12h\", \"2d\". Sizes too: \"64KiB\", \"8MiB\", \"2GiB\"; a number alone is in the \
unit of the name. \"\" is: not set. A path that does not begin with / starts in the folder where karez runs.

karez check-config FILE tells every mistake with its line. After a change: systemctl reload karez, or SIGHUP; what \
says \"restart\" below waits for the next start.";

/// The file.
#[must_use]
pub fn sample() -> String {
    let mut out = String::new();
    comment(&mut out, HEAD);
    for setting in settings() {
        out.push('\n');
        comment(&mut out, &setting.help());
        if setting.is_question() {
            comment(&mut out, "  true or false");
        } else {
            for (word, help) in setting.words() {
                let help = if help.is_empty() { help } else { format!(": {help}") };
                comment(&mut out, &format!("  {word:?}{help}"));
            }
        }
        if let Some((min, max)) = setting.limit().map(bounds) {
            comment(&mut out, &format!("From {min} to {max}."));
        }
        let restart = if is_live(&setting.key()) { "" } else { " Restart." };
        comment(&mut out, &format!("Environment: {}.{restart}", setting.variable()));
        out.push_str(&format!("# {} = {}\n", setting.key(), value(&setting)));
    }
    out
}

/// The bounds of a limit, in the largest units that show them whole.
fn bounds(limit: &Limit) -> (String, String) {
    match limit.unit {
        "bytes" => (Size(limit.min).to_string(), Size(limit.max).to_string()),
        "ms" => (Time(limit.min).to_string(), Time(limit.max).to_string()),
        _ => (limit.min.to_string(), limit.max.to_string()),
    }
}

/// The default as TOML writes it.
fn value(setting: &Setting) -> String {
    let one = |text: &String| {
        if setting.is_question() {
            truth(text).to_owned()
        } else if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.clone()
        } else {
            // What Rust escapes in the texts of defaults, TOML escapes in the same way.
            format!("{text:?}")
        }
    };
    let texts: Vec<_> = setting.defaults().iter().map(one).collect();
    match (setting.is_list(), texts.first()) {
        (true, _) => format!("[{}]", texts.join(", ")),
        (false, Some(text)) => text.clone(),
        (false, None) => "\"\"".to_owned(),
    }
}

fn truth(word: &str) -> &'static str {
    if word == "yes" { "true" } else { "false" }
}

/// Writes a text as comment, with lines of a bearable length.
fn comment(out: &mut String, text: &str) {
    for paragraph in text.lines() {
        let indent = paragraph.len() - paragraph.trim_start().len();
        let mut line = format!("#{}", " ".repeat(indent));
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push_str(&line);
                out.push('\n');
                line = format!("#{}", " ".repeat(indent));
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
}
