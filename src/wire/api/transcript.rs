//! A ticket with all that was said, as lines that people read.
//!
//! Times are UTC. What has several lines goes on under its first; notes stand behind the entry that they follow.

use std::fmt::Write as _;

use super::answer::{Kind, Reply, render};
use crate::base::clock::UnixMillis;
use crate::chat::call::{Answer, DeskAnswer};
use crate::chat::desk::{NoteRecord, TicketView};
use crate::chat::output::{EntryRecord, Recall};

const SECONDS_PER_DAY: u64 = 86_400;

/// Writes an answer as lines, if it is one of which people want to read them.
#[must_use]
pub fn render_as_text(answer: &Answer<'_>) -> Reply {
    let Answer::Desk(DeskAnswer::Transcript { ticket, entries, more, notes }) = answer else {
        return render(answer);
    };
    let mut text = head(ticket);
    if *more {
        text.push_str("(what was said before is left out)\n");
    }
    let mut notes = notes.iter().peekable();
    for entry in *entries {
        while let Some(note) = notes.next_if(|note| note.after < entry.seq) {
            push_note(&mut text, note);
        }
        push_entry(&mut text, entry);
    }
    notes.for_each(|note| push_note(&mut text, note));
    Reply { status: 200, kind: Kind::Text, body: text.into_bytes(), retry_ms: None, allow: None }
}

fn head(ticket: &TicketView<'_>) -> String {
    let record = ticket.record;
    let mut text = format!("Ticket {}, {}\n", record.ticket.0, record.desk.as_str());
    let visitor = &record.visitor;
    push_line(&mut text, "Visitor", &format!("{} ({})", visitor.name, visitor.uid));
    let told = [("Page", &visitor.page), ("From", &visitor.referrer), ("Browser", &visitor.browser)];
    for (name, value) in told {
        if let Some(value) = value {
            push_line(&mut text, name, value);
        }
    }
    for (name, value) in &visitor.form {
        push_line(&mut text, name, value);
    }
    if let Some(agent) = &record.agent {
        push_line(&mut text, "Agent", &format!("{} ({})", agent.name, agent.uid));
    }
    if !record.tags.is_empty() {
        push_line(&mut text, "Tags", &record.tags.join(", "));
    }
    push_line(&mut text, "Opened", &moment(record.opened));
    if let Some(closed) = record.closed {
        let by = record.by.map_or(String::new(), |by| format!(", by {}", by.as_str()));
        push_line(&mut text, "Closed", &format!("{}{by}", moment(closed)));
    }
    if let Some(stars) = record.stars {
        let comment = record.comment.as_ref().map_or(String::new(), |comment| format!(": {comment}"));
        push_line(&mut text, "Stars", &format!("{stars} of 5{comment}"));
    }
    text.push('\n');
    text
}

fn push_line(text: &mut String, name: &str, value: &str) {
    let flat = |part: &str| part.replace(char::is_control, " ");
    let _ = writeln!(text, "{}: {}", flat(name), flat(value));
}

fn push_entry(text: &mut String, entry: &EntryRecord) {
    let said = match entry.recall {
        Recall::None => &*entry.content,
        Recall::Recalled => "(recalled)",
        Recall::Of(_) => return,
    };
    push_said(text, entry.time, &entry.name, said);
}

fn push_note(text: &mut String, note: &NoteRecord) {
    push_said(text, note.time, &format!("(note) {}", note.name), &note.content);
}

fn push_said(text: &mut String, time: UnixMillis, name: &str, said: &str) {
    let mut lines = said.lines();
    let _ = writeln!(text, "{}  {name}: {}", moment(time), lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(text, "    {line}");
    }
}

/// `2026-11-29 09:05:00 UTC`, by the rules of the Gregorian calendar.
fn moment(at: UnixMillis) -> String {
    let seconds = at.0 / 1_000;
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (mut year, mut left) = (1970, days);
    let days_in = |year: u64| 365 + u64::from(is_leap(year));
    while left >= days_in(year) {
        left -= days_in(year);
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{:02} UTC", left + 1, second % 60)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00:00 UTC"),
            (1_795_910_703, "2026-11-29 00:05:03 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(UnixMillis(seconds * 1_000)), text);
        }
    }
}
