//! Desks in the SQLite store: their settings, what agents write for one another, and canned replies.
//!
//! Lists lie in a column as texts, one a line (`rows.rs`); hours as minutes, `540-720,780-1080`, a day a line, and days
//! of the calendar with their date in front. What does not read back as it was written is damage, and told as such.
//! The tables are in `schema/0016_desk.sql`; tickets in `tickets.rs`. Tested in `tests/store/desk.rs`.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Row, params};

use super::StoreError;
use super::rows::{Key, lines_of_texts, texts_of};
use super::sqlite::Sqlite;
use crate::base::clock::UnixMillis;
use crate::chat::desk::{
    CannedRecord, Date, Desk, DeskOrder, DeskQuery, DeskRecord, DeskSettings, FormField, Hours, NoteRecord,
    NotesQuery, Routing, Span,
};
use crate::chat::ids::{Id, TicketId};

/// What stands for a field that must be filled in.
const REQUIRED: &str = "required";

impl FromSql for Routing {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Routing> {
        let word = value.as_str()?;
        Routing::ALL.into_iter().find(|routing| routing.as_str() == word).ok_or(FromSqlError::InvalidType)
    }
}

fn spans_text(spans: &[Span]) -> String {
    let spans: Vec<String> = spans.iter().map(|span| format!("{}-{}", span.from_min, span.to_min)).collect();
    spans.join(",")
}

fn spans_of(text: &str) -> Option<Vec<Span>> {
    let spans = text.split(',').filter(|span| !span.is_empty()).map(|span| {
        let (from_min, to_min) = span.split_once('-')?;
        Some(Span { from_min: from_min.parse().ok()?, to_min: to_min.parse().ok()? })
    });
    spans.collect()
}

fn week_text(hours: &Hours) -> String {
    hours.week.iter().map(|spans| spans_text(spans)).collect::<Vec<_>>().join("\n")
}

fn dates_text(hours: &Hours) -> String {
    let day = |(date, spans): (&Date, &Vec<Span>)| {
        format!("{}-{}-{} {}", date.year, date.month, date.day, spans_text(spans))
    };
    hours.dates.iter().map(day).collect::<Vec<_>>().join("\n")
}

fn week_of(text: &str) -> Option<[Vec<Span>; 7]> {
    let days: Vec<Vec<Span>> = text.split('\n').map(spans_of).collect::<Option<_>>()?;
    days.try_into().ok()
}

fn dates_of(text: &str) -> Option<BTreeMap<Date, Vec<Span>>> {
    let days = text.split('\n').filter(|day| !day.is_empty()).map(|day| {
        let (date, spans) = day.split_once(' ')?;
        let mut parts = date.splitn(3, '-');
        let date = Date {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        Some((date, spans_of(spans)?))
    });
    days.collect()
}

fn hours_of(row: &Row<'_>) -> rusqlite::Result<Option<Hours>> {
    let Some(tz) = row.get(12)? else { return Ok(None) };
    let week = week_of(row.get_ref(13)?.as_str()?).ok_or(FromSqlError::InvalidType)?;
    let dates = dates_of(row.get_ref(14)?.as_str()?).ok_or(FromSqlError::InvalidType)?;
    Ok(Some(Hours { tz, week, dates }))
}

fn settings_of(row: &Row<'_>) -> rusqlite::Result<DeskSettings> {
    let mut form = texts_of(row.get_ref(11)?.as_str_or_null()?).into_iter();
    let fields = std::iter::from_fn(|| {
        let (name, label, required) = (form.next()?, form.next()?, form.next()?);
        Some(FormField { name, label, required: &*required == REQUIRED })
    });
    Ok(DeskSettings {
        desk: row.get(0)?,
        name: row.get(1)?,
        routing: row.get(2)?,
        offer_seconds: row.get(3)?,
        sticky: row.get(4)?,
        capacity: row.get(5)?,
        idle_close_seconds: row.get(6)?,
        idle_notice_seconds: row.get(7)?,
        greeting: row.get(8)?,
        away: row.get(9)?,
        identified: row.get(10)?,
        form: fields.collect(),
        hours: hours_of(row)?,
    })
}

fn note_of(row: &Row<'_>) -> rusqlite::Result<NoteRecord> {
    Ok(NoteRecord {
        ticket: TicketId(row.get(0)?),
        after: row.get(1)?,
        uid: row.get(2)?,
        name: row.get(3)?,
        content: row.get(4)?,
        time: UnixMillis(row.get(5)?),
    })
}

fn canned_of(row: &Row<'_>) -> rusqlite::Result<CannedRecord> {
    Ok(CannedRecord {
        canned: row.get(0)?,
        owner: row.get(1)?,
        desk: row.get(2)?,
        short: row.get(3)?,
        content: row.get(4)?,
    })
}

impl Sqlite {
    pub(super) fn write_desk(&self, order: DeskOrder<'_>) -> Result<(), StoreError> {
        match order {
            DeskOrder::Ticket(record) => self.write_ticket(record),
            DeskOrder::Note(note) => {
                self.demand_ticket(note.ticket)?;
                let sql =
                    "INSERT INTO note (ticket, after, uid, name, content, time) VALUES (?, ?, ?, ?, ?, ?)";
                let NoteRecord { ticket, after, uid, name, content, time } = note;
                self.run(sql, params![ticket.0, after, Key(uid), name, content, time.0]).map(drop)
            }
            DeskOrder::Canned(reply) => {
                let sql = "INSERT INTO canned (canned, owner, desk, short, content) VALUES (?1, ?2, ?3, ?4, ?5)
                           ON CONFLICT (canned) DO UPDATE SET owner = ?2, desk = ?3, short = ?4, content = ?5";
                let CannedRecord { canned, owner, desk, short, content } = reply;
                let desk = desk.as_ref().map(Desk::as_str);
                self.run(sql, params![canned, owner.as_ref().map(Key), desk, short, content]).map(drop)
            }
            DeskOrder::NoCanned { canned } => {
                self.run("DELETE FROM canned WHERE canned = ?", [canned]).map(drop)
            }
            DeskOrder::Settings(settings) => self.write_settings(settings),
            DeskOrder::NoSettings { desk } => {
                self.run("DELETE FROM desk WHERE desk = ?", [desk.as_str()]).map(drop)
            }
        }
    }

    pub(super) fn read_desk(&self, query: &DeskQuery) -> Result<DeskRecord, StoreError> {
        Ok(match query {
            DeskQuery::Start => DeskRecord::Start(self.desk_start()?),
            DeskQuery::Ticket(ticket) => DeskRecord::Ticket(*ticket, self.ticket(*ticket)?.map(Box::new)),
            DeskQuery::Visitor(uid) => DeskRecord::Visitor(uid.clone(), self.tickets_of_visitor(uid)?),
            DeskQuery::Tickets(query) => DeskRecord::Tickets(query.clone(), self.closed_tickets(query)?),
            DeskQuery::Notes(query) => DeskRecord::Notes(query.clone(), self.notes(query)?),
            DeskQuery::Canned { owner } => {
                let (canned, last) = self.canned(owner.as_ref())?;
                DeskRecord::Canned { owner: owner.clone(), canned, last }
            }
            DeskQuery::Figures(query) => DeskRecord::Figures(query.clone(), self.figure_rows(query)?),
            DeskQuery::Transcript(query) => DeskRecord::Transcript(query.clone(), self.transcript(query)?),
        })
    }

    fn write_settings(&self, settings: &DeskSettings) -> Result<(), StoreError> {
        let form = settings
            .form
            .iter()
            .flat_map(|field| [&*field.name, &*field.label, if field.required { REQUIRED } else { "" }]);
        let hours = settings.hours.as_ref();
        let sql = "INSERT OR REPLACE INTO desk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let params = params![
            settings.desk.as_str(),
            settings.name,
            settings.routing.as_str(),
            settings.offer_seconds,
            settings.sticky,
            settings.capacity,
            settings.idle_close_seconds,
            settings.idle_notice_seconds,
            settings.greeting,
            settings.away,
            settings.identified,
            lines_of_texts(form),
            hours.map(|hours| &*hours.tz),
            hours.map(week_text),
            hours.map(dates_text),
        ];
        self.run(sql, params).map(drop)
    }

    /// By name.
    pub(super) fn desk_settings(&self) -> Result<Vec<DeskSettings>, StoreError> {
        let sql = "SELECT desk, name, routing, offer_seconds, sticky, capacity, idle_close_seconds,
                          idle_notice_seconds, greeting, away, identified, form, zone, week, dates
                   FROM desk ORDER BY desk";
        self.rows(sql, (), settings_of)
    }

    /// The latest of a ticket, the oldest of them first.
    pub(super) fn notes(&self, query: &NotesQuery) -> Result<Vec<NoteRecord>, StoreError> {
        let sql = "SELECT ticket, after, uid, name, content, time FROM note WHERE ticket = ?
                   ORDER BY note DESC LIMIT ?";
        let mut notes = self.rows(sql, params![query.ticket.0, query.notes_max], note_of)?;
        notes.reverse();
        Ok(notes)
    }

    /// By number, and the largest number that was ever given.
    fn canned(&self, owner: Option<&Id>) -> Result<(Vec<CannedRecord>, u64), StoreError> {
        let sql = "SELECT canned, owner, desk, short, content FROM canned WHERE owner IS ? ORDER BY canned";
        let mut canned = self.rows(sql, [None::<i64>], canned_of)?;
        if let Some(owner) = owner {
            canned.append(&mut self.rows(sql, [Key(owner)], canned_of)?);
            canned.sort_by_key(|reply| reply.canned);
        }
        let last = self.row("SELECT seq FROM sqlite_sequence WHERE name = 'canned'", (), |row| row.get(0))?;
        Ok((canned, last.unwrap_or(0)))
    }
}
