//! How the desks are doing: how many tickets there were, how long visitors waited, what they thought of it.
//!
//! Counted from the tickets that were opened in the time that is asked for, by desk and by the agent who has or had the
//! ticket last. The store tells them in short, the latest first and only so many; when there are more, the answer says
//! from when on it counts. Tested in `tests/chat/desk_figures.rs`.

use std::collections::BTreeMap;

use super::lists::desks_of;
use super::names::{Desk, Person, TicketState};
use super::{
    DeskEvent, DeskQuery, DeskRecord, Figure, FigureRow, Figures, FiguresAsked, FiguresQuery, Spread,
};
use crate::base::clock::{Now, UnixMillis};
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId};
use crate::chat::output::{Event, Output, Query, Record, Refusal, Sink, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};

const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// Up to whatever comes.
const NO_END: UnixMillis = UnixMillis(i64::MAX as u64);

impl Chat {
    /// Which tickets are counted.
    ///
    /// # Errors
    /// When the time is none, or too long.
    pub(super) fn figures_query(
        &self,
        now: Now,
        desks: Option<Vec<Desk>>,
        asked: &FiguresAsked,
    ) -> Result<FiguresQuery, Refusal> {
        let from = asked.from.unwrap_or(UnixMillis(now.unix.0 / DAY_MS * DAY_MS));
        let to = asked.to.unwrap_or(NO_END);
        let end = to.min(now.unix.max(from));
        if from > to {
            return Err(Refusal::BadRequest("from", "is behind to"));
        }
        if end.0.saturating_sub(from.0) > self.limits.desk.figures_days_max.saturating_mul(DAY_MS) {
            return Err(Refusal::BadRequest("from", "is too long before to"));
        }
        Ok(FiguresQuery { desks, from, to, tickets_max: self.limits.desk.figures_tickets_max })
    }

    /// What must be asked before figures can be told.
    pub(super) fn needs_figures(
        &self,
        now: Now,
        asker: Asker,
        session: SessionId,
        asked: &FiguresAsked,
    ) -> Option<Query> {
        let query = self.figures_of(now, asker, session, asked).ok()?;
        self.parking.unless_at_hand(Query::Desk(DeskQuery::Figures(query)))
    }

    fn figures_of(
        &self,
        now: Now,
        asker: Asker,
        session: SessionId,
        asked: &FiguresAsked,
    ) -> Result<FiguresQuery, Refusal> {
        self.must_be_agent(asker, session)?;
        let post = self.desk.agents.post(session).ok_or(Refusal::Forbidden)?;
        let desks = desks_of(post, asked.desk.as_ref());
        if desks.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::NotFound);
        }
        self.figures_query(now, desks, asked)
    }

    pub(super) fn show_figures(
        &mut self,
        now: Now,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        asked: &FiguresAsked,
        out: &mut impl Sink,
    ) -> Outcome {
        self.figures_of(now, asker, session, asked)?;
        let figures = self.figures_at_hand(now)?;
        let event = Event::Desk(DeskEvent::Figures { id, figures: &figures });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// Counts the tickets that were asked for.
    pub(super) fn figures_at_hand(&mut self, now: Now) -> Result<Figures, Refusal> {
        match self.parking.at_hand.take() {
            Some(Record::Desk(DeskRecord::Figures(query, rows))) => Ok(count(now, &query, rows)),
            _ => Err(self.internal()),
        }
    }
}

/// What is counted of several tickets.
#[derive(Default)]
struct Tally {
    figure: Figure,
    waited: Vec<u64>,
    reply: Vec<u64>,
    duration: Vec<u64>,
}

impl Tally {
    fn add(&mut self, row: &FigureRow) {
        let figure = &mut self.figure;
        figure.opened += 1;
        figure.claimed += u64::from(row.claimed.is_some());
        figure.closed += u64::from(row.state == TicketState::Closed);
        let is_over = matches!(row.state, TicketState::Closed | TicketState::Offline);
        figure.missed += u64::from(is_over && row.claimed.is_none());
        figure.transfers += row.transfers;
        if let Some(stars) = row.stars {
            figure.rated += 1;
            figure.stars += u64::from(stars);
        }
        let since = |from: UnixMillis, to: Option<UnixMillis>| to.map(|to| to.0.saturating_sub(from.0));
        self.waited.extend(since(row.opened, row.claimed));
        self.reply.extend(since(row.opened, row.replied));
        self.duration.extend(row.claimed.and_then(|claimed| since(claimed, row.closed)));
    }

    fn figure(self) -> Figure {
        Figure {
            waited: spread(self.waited),
            reply: spread(self.reply),
            duration: spread(self.duration),
            ..self.figure
        }
    }
}

/// By nearest rank: the smallest value that so many of a hundred do not exceed.
fn spread(mut times: Vec<u64>) -> Option<Spread> {
    times.sort_unstable();
    let ranked = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Spread { median_ms: ranked(50)?, p90_ms: ranked(90)? })
}

fn count(now: Now, query: &FiguresQuery, mut rows: Vec<FigureRow>) -> Figures {
    let mut from = query.from;
    if rows.len() > query.tickets_max {
        rows.truncate(query.tickets_max);
        from = rows.iter().map(|row| row.opened).min().unwrap_or(from);
    }
    let mut desks: BTreeMap<Desk, Tally> = BTreeMap::new();
    let mut agents: BTreeMap<Id, (Person, Tally)> = BTreeMap::new();
    for row in &rows {
        desks.entry(row.desk.clone()).or_default().add(row);
        if let Some(agent) = &row.agent {
            // The latest comes first, and so does the latest name.
            let of_agent = agents.entry(agent.uid.clone());
            of_agent.or_insert_with(|| (agent.clone(), Tally::default())).1.add(row);
        }
    }
    Figures {
        from,
        to: query.to.min(now.unix),
        desks: desks.into_iter().map(|(desk, tally)| (desk, tally.figure())).collect(),
        agents: agents.into_values().map(|(agent, tally)| (agent, tally.figure())).collect(),
    }
}
