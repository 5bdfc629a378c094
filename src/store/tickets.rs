//! Tickets in the SQLite store: each is a row, written whole at every change, and its entries are those of the
//! conversation with its number made negative.
//!
//! Pages of closed tickets begin with numbers: each part of the question (a desk, an agent) has an index that gives the
//! next of them, and what they give is merged. So a page costs what is on it, however many tickets there are.
//!
//! A closed ticket goes when nothing of what was said in it is kept any more, and with it what agents wrote about it.
//! What a person leaves in tickets goes with the person ([`Sqlite::forget_in_tickets`]).
//! The tables are in `schema/0016_desk.sql`; settings, notes and canned replies in `desks.rs`. Tested in
//! `tests/store/desk.rs`.

use std::collections::BTreeSet;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ValueRef};
use rusqlite::{Row, params, params_from_iter};

use super::page::Page;
use super::rows::{ENTRY, Key, lines_of_texts, texts_of};
use super::sqlite::Sqlite;
use super::{StoreError, Tidy};
use crate::base::clock::UnixMillis;
use crate::base::limits;
use crate::chat::desk::{
    ClosedBy, Desk, DeskStart, FigureRow, FiguresQuery, KeptTicket, NotesQuery, Person, TicketRecord,
    TicketState, TicketsQuery, TranscriptQuery, TranscriptRecord, Visitor, VisitorRecord,
};
use crate::chat::ids::{Id, TicketId};

/// What went at the desk with a person who is deleted, by kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forgotten {
    pub(super) tickets: u64,
    pub(super) notes: u64,
    pub(super) canned: u64,
}

/// The row of a ticket's conversation.
pub(super) fn row_of(ticket: TicketId) -> i64 {
    -ticket.0.cast_signed()
}

/// The ticket whose conversation has this row; `None` of a group or a private talk.
pub(super) fn ticket_at(row: i64) -> Option<TicketId> {
    (row < 0).then(|| TicketId(row.unsigned_abs()))
}

/// The columns of [`ticket_of`].
const TICKET: &str = "ticket, desk, state, priority, opened, since, claimed, replied, closed, closed_by, stars, \
                      transfers, agent, agent_name, visitor, visitor_name, guest, earlier, tags, comment, page, \
                      referrer, browser, lang, form";
/// The columns of [`figure_of`].
const FIGURE: &str = "desk, state, opened, claimed, replied, closed, stars, transfers, agent, agent_name";

impl FromSql for Desk {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Desk> {
        Desk::from_text(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for TicketState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<TicketState> {
        let word = value.as_str()?;
        let all = [TicketState::Waiting, TicketState::Open, TicketState::Offline, TicketState::Closed];
        all.into_iter().find(|state| state.as_str() == word).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for ClosedBy {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<ClosedBy> {
        let word = value.as_str()?;
        let all = [ClosedBy::Visitor, ClosedBy::Agent, ClosedBy::Idle, ClosedBy::Site];
        all.into_iter().find(|by| by.as_str() == word).ok_or(FromSqlError::InvalidType)
    }
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<u64>>(column)?.map(UnixMillis))
}

fn person(row: &Row<'_>, uid: usize, name: usize) -> rusqlite::Result<Option<Person>> {
    let Some(uid) = row.get(uid)? else { return Ok(None) };
    Ok(Some(Person { uid, name: row.get(name)? }))
}

fn ticket_of(row: &Row<'_>) -> rusqlite::Result<TicketRecord> {
    let mut form = texts_of(row.get_ref(24)?.as_str_or_null()?).into_iter();
    let pairs = std::iter::from_fn(|| Some((form.next()?, form.next()?)));
    Ok(TicketRecord {
        ticket: TicketId(row.get(0)?),
        desk: row.get(1)?,
        state: row.get(2)?,
        priority: row.get(3)?,
        opened: UnixMillis(row.get(4)?),
        since: UnixMillis(row.get(5)?),
        claimed: moment(row, 6)?,
        replied: moment(row, 7)?,
        closed: moment(row, 8)?,
        by: row.get(9)?,
        stars: row.get(10)?,
        transfers: row.get(11)?,
        agent: person(row, 12, 13)?,
        visitor: Visitor {
            uid: row.get(14)?,
            name: row.get(15)?,
            guest: row.get(16)?,
            earlier: row.get(17)?,
            page: row.get(20)?,
            referrer: row.get(21)?,
            browser: row.get(22)?,
            lang: row.get(23)?,
            form: pairs.collect(),
        },
        tags: texts_of(row.get_ref(18)?.as_str_or_null()?),
        comment: row.get(19)?,
    })
}

fn figure_of(row: &Row<'_>) -> rusqlite::Result<FigureRow> {
    Ok(FigureRow {
        desk: row.get(0)?,
        state: row.get(1)?,
        opened: UnixMillis(row.get(2)?),
        claimed: moment(row, 3)?,
        replied: moment(row, 4)?,
        closed: moment(row, 5)?,
        stars: row.get(6)?,
        transfers: row.get(7)?,
        agent: person(row, 8, 9)?,
    })
}

/// What a part of a page asks for: a condition, and what stands for its question marks.
type Part<'a> = (&'static str, Vec<Box<dyn ToSql + 'a>>);

/// The parts of a question for closed tickets, each of which has an index of its own.
fn parts(query: &TicketsQuery) -> Vec<Part<'_>> {
    let uid = |uid| Box::new(Key(uid)) as Box<dyn ToSql>;
    let name = |desk: &'_ Desk| Box::new(desk.as_str().to_owned()) as Box<dyn ToSql>;
    if let Some(visitor) = &query.uid {
        return vec![("visitor = ?", vec![uid(visitor)])];
    }
    let Some(desks) = &query.desks else {
        return match &query.agent {
            Some(agent) => vec![("agent = ?", vec![uid(agent)])],
            None => vec![("TRUE", Vec::new())],
        };
    };
    match &query.agent {
        Some(agent) if query.or_agent.as_ref() == Some(agent) => vec![("agent = ?", vec![uid(agent)])],
        Some(agent) => {
            desks.iter().map(|desk| ("agent = ? AND desk = ?", vec![uid(agent), name(desk)])).collect()
        }
        None => {
            let of_desks = desks.iter().map(|desk| ("desk = ?", vec![name(desk)]));
            let of_agent = query.or_agent.iter().map(|agent| ("agent = ?", vec![uid(agent)]));
            of_desks.chain(of_agent).collect()
        }
    }
}

/// Whether a ticket of a visitor is one that is asked for.
fn is_meant(query: &TicketsQuery, record: &TicketRecord) -> bool {
    let held_by = |agent: &Id| record.agent.as_ref().is_some_and(|held| held.uid == *agent);
    let is_of_desks = query.desks.as_ref().is_none_or(|desks| desks.contains(&record.desk));
    (is_of_desks || query.or_agent.as_ref().is_some_and(held_by)) && query.agent.as_ref().is_none_or(held_by)
}

impl Sqlite {
    /// A ticket is like this from now on.
    pub(super) fn write_ticket(&self, record: &TicketRecord) -> Result<(), StoreError> {
        let TicketRecord { ticket, desk, visitor, state, agent, priority, tags, opened, since, .. } = record;
        let form: Vec<&str> = visitor.form.iter().flat_map(|(name, value)| [&**name, &**value]).collect();
        let sql = format!(
            "INSERT INTO ticket ({TICKET})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                     ?22, ?23, ?24, ?25)
             ON CONFLICT (ticket) DO UPDATE SET desk = ?2, state = ?3, priority = ?4, opened = ?5, since = ?6,
                 claimed = ?7, replied = ?8, closed = ?9, closed_by = ?10, stars = ?11, transfers = ?12, agent = ?13,
                 agent_name = ?14, visitor = ?15, visitor_name = ?16, guest = ?17, earlier = ?18, tags = ?19,
                 comment = ?20, page = ?21, referrer = ?22, browser = ?23, lang = ?24, form = ?25"
        );
        let params = params![
            ticket.0,
            desk.as_str(),
            state.as_str(),
            priority,
            opened.0,
            since.0,
            record.claimed.map(|at| at.0),
            record.replied.map(|at| at.0),
            record.closed.map(|at| at.0),
            record.by.map(ClosedBy::as_str),
            record.stars,
            record.transfers,
            agent.as_ref().map(|agent| Key(&agent.uid)),
            agent.as_ref().map(|agent| &*agent.name),
            Key(&visitor.uid),
            visitor.name,
            visitor.guest,
            visitor.earlier,
            lines_of_texts(tags.iter().map(|tag| &**tag)),
            record.comment,
            visitor.page,
            visitor.referrer,
            visitor.browser,
            visitor.lang,
            lines_of_texts(form),
        ];
        self.run(&sql, params).map(drop)
    }

    /// With what its entries say.
    fn kept(&self, record: TicketRecord) -> Result<KeptTicket, StoreError> {
        let row = row_of(record.ticket);
        let sql = format!("SELECT {ENTRY} FROM entry WHERE conversation = ? ORDER BY seq DESC LIMIT 1");
        let last = self.row(&sql, [row], |row| self.shown(row))?;
        Ok(KeptTicket { record, seq: self.last(Some(row))?, last })
    }

    pub(super) fn ticket(&self, ticket: TicketId) -> Result<Option<KeptTicket>, StoreError> {
        let sql = format!("SELECT {TICKET} FROM ticket WHERE ticket = ?");
        let record = self.row(&sql, [ticket.0], ticket_of)?;
        record.map(|record| self.kept(record)).transpose()
    }

    pub(super) fn desk_start(&self) -> Result<DeskStart, StoreError> {
        let sql = format!("SELECT {TICKET} FROM ticket WHERE state <> 'closed' ORDER BY ticket");
        let records = self.rows(&sql, (), ticket_of)?;
        let tickets = records.into_iter().map(|record| self.kept(record)).collect::<Result<_, _>>()?;
        let last = self.row("SELECT seq FROM sqlite_sequence WHERE name = 'ticket'", (), |row| row.get(0))?;
        Ok(DeskStart { tickets, settings: self.desk_settings()?, last: last.unwrap_or(0) })
    }

    pub(super) fn tickets_of_visitor(&self, uid: &Id) -> Result<VisitorRecord, StoreError> {
        let sql = "SELECT count(*) FROM ticket WHERE visitor = ?";
        let tickets = self.row(sql, [Key(uid)], |row| row.get(0))?.unwrap_or(0);
        let sql =
            "SELECT agent FROM ticket WHERE visitor = ? AND agent IS NOT NULL ORDER BY ticket DESC LIMIT 1";
        Ok(VisitorRecord { tickets, agent: self.row(sql, [Key(uid)], |row| row.get(0))? })
    }

    pub(super) fn closed_tickets(&self, query: &TicketsQuery) -> Result<Vec<KeptTicket>, StoreError> {
        let before = query.before.map_or(i64::MAX, |ticket| ticket.0.cast_signed());
        let mut numbers: BTreeSet<u64> = BTreeSet::new();
        for (condition, mut values) in parts(query) {
            values.push(Box::new(before));
            let columns = if query.uid.is_some() { TICKET } else { "ticket" };
            let sql = format!(
                "SELECT {columns} FROM ticket WHERE {condition} AND state = 'closed' AND ticket < ? ORDER BY ticket DESC"
            );
            let mut found = 0;
            self.each_row(&sql, params_from_iter(values), |row| {
                if query.uid.is_none() || is_meant(query, &ticket_of(row)?) {
                    numbers.insert(row.get(0)?);
                    found += 1;
                }
                Ok(found <= query.tickets_max)
            })?;
        }
        let page = numbers.into_iter().rev().take(query.tickets_max + 1);
        let kept = page.map(|number| self.ticket(TicketId(number)));
        Ok(kept.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// The newest first.
    pub(super) fn figure_rows(&self, query: &FiguresQuery) -> Result<Vec<FigureRow>, StoreError> {
        let mut rows: Vec<(u64, FigureRow)> = Vec::new();
        let conditions: Vec<(&str, Option<&Desk>)> = match &query.desks {
            None => vec![("?4 IS NULL", None)],
            Some(desks) => desks.iter().map(|desk| ("desk = ?4", Some(desk))).collect(),
        };
        for (condition, desk) in conditions {
            let sql = format!(
                "SELECT {FIGURE}, ticket FROM ticket WHERE {condition} AND opened >= ?1 AND opened < ?2
                 ORDER BY opened DESC LIMIT ?3"
            );
            let params =
                params![query.from.0, query.to.0, query.tickets_max + 1, desk.map(|desk| desk.as_str())];
            rows.append(&mut self.rows(&sql, params, |row| Ok((row.get(10)?, figure_of(row)?)))?);
        }
        rows.sort_by_key(|(ticket, row)| std::cmp::Reverse((row.opened, *ticket)));
        rows.truncate(query.tickets_max + 1);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    pub(super) fn transcript(&self, query: &TranscriptQuery) -> Result<TranscriptRecord, StoreError> {
        let mut page = Page::new(query.entries_max, query.bytes_max);
        let sql = format!("SELECT {ENTRY} FROM entry WHERE conversation = ? ORDER BY seq DESC LIMIT ?");
        self.each_row(&sql, params![row_of(query.ticket), query.entries_max + 1], |row| {
            let entry = self.shown(row)?;
            let bytes = entry.bytes();
            Ok(page.offer(entry, bytes))
        })?;
        page.entries.reverse();
        let notes = NotesQuery { ticket: query.ticket, notes_max: query.notes_max };
        Ok(TranscriptRecord { entries: page.entries, more: page.more, notes: self.notes(&notes)? })
    }

    pub(super) fn demand_ticket(&self, ticket: TicketId) -> Result<(), StoreError> {
        let stored = self.is_there("SELECT 1 FROM ticket WHERE ticket = ?", [ticket.0])?;
        if stored { Ok(()) } else { Err(StoreError::NoSuchTicket(ticket)) }
    }

    /// Whether a ticket, a note or a canned reply names this uid.
    pub(super) fn is_named_by_desk(&self, uid: &Id) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM ticket WHERE visitor = ?1
                   UNION ALL SELECT 1 FROM ticket WHERE agent = ?1
                   UNION ALL SELECT 1 FROM note WHERE uid = ?1
                   UNION ALL SELECT 1 FROM canned WHERE owner = ?1";
        self.is_there(sql, [Key(uid)])
    }

    /// Takes out of the tickets what is of a person who is deleted: who opened them, from where, what was told in the
    /// form and with the stars, and what agents wrote about it. What the person wrote as an agent goes, too.
    pub(super) fn forget_in_tickets(&self, uid: &Id) -> Result<Forgotten, StoreError> {
        // Tickets stay, so those that a deletion before this one has counted are still the same person's.
        let sql = "SELECT count(*) FROM ticket WHERE visitor = ?1
                   AND ticket > coalesce((SELECT until_ticket FROM forgotten WHERE uid = ?1), 0)";
        let tickets = self.row(sql, [Key(uid)], |row| row.get(0))?.unwrap_or(0);
        let run = |sql| Ok(self.run(sql, [Key(uid)])? as u64);
        let about = run("DELETE FROM note WHERE ticket IN (SELECT ticket FROM ticket WHERE visitor = ?)")?;
        let forgotten = Forgotten {
            tickets,
            notes: about + run("DELETE FROM note WHERE uid = ?")?,
            canned: run("DELETE FROM canned WHERE owner = ?")?,
        };
        run("DELETE FROM ticket_read WHERE uid = ?")?;
        for sql in [
            "UPDATE ticket SET visitor_name = ?2, stars = NULL, comment = NULL, page = NULL, referrer = NULL,
                               browser = NULL, lang = NULL, form = NULL WHERE visitor = ?1",
            "UPDATE ticket SET agent_name = ?2 WHERE agent = ?1",
        ] {
            self.run(sql, params![Key(uid), uid.to_string()])?;
        }
        Ok(forgotten)
    }

    /// Takes out some closed tickets of which retention has left nothing. Not inside a transaction.
    pub(super) fn drop_tickets(&mut self, now: UnixMillis) -> Result<Tidy, StoreError> {
        let Some(until) = self.retention.until(now) else { return Ok(Tidy::Done) };
        let at_once = limits::ENTRIES_REMOVED_AT_ONCE.count();
        let sql = "SELECT ticket FROM ticket WHERE state = 'closed' AND closed < ?
                   AND NOT EXISTS (SELECT 1 FROM entry WHERE conversation = -ticket)
                   ORDER BY closed LIMIT ?";
        let gone: Vec<u64> = self.rows(sql, params![until.0, at_once], |row| row.get(0))?;
        if gone.is_empty() {
            return Ok(Tidy::Done);
        }
        self.in_own_lazy_transaction(|store| {
            gone.iter().try_for_each(|ticket| {
                for sql in [
                    "DELETE FROM note WHERE ticket = ?",
                    "DELETE FROM ticket_read WHERE ticket = ?",
                    "DELETE FROM ticket WHERE ticket = ?",
                ] {
                    store.run(sql, [ticket])?;
                }
                Ok(())
            })
        })?;
        Ok(Tidy::NotYet)
    }

    /// Tickets have their cursors by who reads.
    pub(super) fn write_ticket_read(&self, uid: &Id, ticket: TicketId, seq: u64) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO ticket_read (uid, ticket, read) SELECT ?1, ticket, ?3 FROM ticket WHERE ticket = ?2
                   ON CONFLICT (uid, ticket) DO UPDATE SET read = excluded.read";
        self.run(sql, params![Key(uid), ticket.0, seq]).map(drop)
    }

    /// Whether a user may find what was said in a ticket without naming it: its visitor, and the agent who holds it or
    /// held it at the end.
    pub(super) fn takes_part(&self, uid: &Id, ticket: TicketId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM ticket WHERE ticket = ?2
                   AND (visitor = ?1 OR agent = ?1 AND state IN ('open', 'closed'))";
        self.is_there(sql, params![Key(uid), ticket.0])
    }

    /// The row of the conversation of a ticket that is there.
    pub(super) fn ticket_conversation(&self, ticket: TicketId) -> Result<Option<i64>, StoreError> {
        let stored = self.is_there("SELECT 1 FROM ticket WHERE ticket = ?", [ticket.0])?;
        Ok(stored.then(|| row_of(ticket)))
    }
}
