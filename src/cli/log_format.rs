//! How a line of the log looks: text for people, or one JSON object.
//!
//! A message may hold what a client or another machine has sent. In text no control character of it reaches the
//! terminal and none begins a new line, or a name could write lines of its own into the log; in JSON the same is done
//! by the format. Colours are used only on a terminal, and never with `NO_COLOR`; `env_logger` sees to that.
//! Tests: below and in `tests/app/logs.rs`.

use std::fmt;
use std::io::{self, Write};

use env_logger::Builder;
use env_logger::fmt::Formatter;
use log::Record;
use serde::Serialize;

use crate::config::LogFormat;

/// Makes the lines of a log look like that.
pub(super) fn apply(builder: &mut Builder, format: LogFormat) {
    match format {
        LogFormat::Text => builder.format(write_text),
        LogFormat::Json => builder.format(write_json),
    };
}

fn write_text(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let (time, level) = (out.timestamp_seconds(), record.level());
    let style = out.default_level_style(level);
    let words = escaped(record.args());
    writeln!(out, "[{time} {style}{level:<5}{style:#} {}] {words}", record.target())
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    target: &'a str,
    message: String,
}

fn write_json(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let line = Line {
        time: out.timestamp_millis().to_string(),
        level: &record.level().as_str().to_ascii_lowercase(),
        target: record.target(),
        message: record.args().to_string(),
    };
    let line = serde_json::to_string(&line).map_err(io::Error::other)?;
    writeln!(out, "{line}")
}

/// The words with everything in them escaped that could be more than words: control characters, and those that turn
/// the direction of writing or break lines.
fn escaped(words: &fmt::Arguments<'_>) -> String {
    let mut text = String::new();
    for c in words.to_string().chars() {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                text.extend(c.escape_unicode());
            }
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_neither_begin_a_line_nor_speak_to_the_terminal() {
        let shown = |text: &str| escaped(&format_args!("{text}"));
        assert_eq!(shown("坎儿井 \"x\""), "坎儿井 \"x\"");
        assert_eq!(shown("a\nb\r\x1b[31m\u{9b}"), "a\\nb\\r\\u{1b}[31m\\u{9b}");
        assert_eq!(shown("\u{202e}x\u{2028}"), "\\u{202e}x\\u{2028}");
    }
}
