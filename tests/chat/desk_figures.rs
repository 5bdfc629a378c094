//! How the desks are doing.

use karez::base::clock::UnixMillis;
use karez::chat::desk::{DeskRequest, Figures, FiguresAsked, Spread};
use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::net::{Desked, World};
use crate::story::*;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn asked(asked: FiguresAsked) -> Command<'static> {
    Command::Desk(DeskRequest::Figures(asked))
}

fn figures(w: &mut World, session: SessionId, of: FiguresAsked) -> Figures {
    w.told(session);
    w.send(session, asked(of));
    match desked(w, session).pop() {
        Some(Desked::Figures { figures, .. }) => figures,
        other => panic!("{other:?}"),
    }
}

/// Ann has answered three of four visitors of sales, after 1, 2 and 3 seconds; one has given up.
fn a_day() -> (World, SessionId) {
    let mut w = world();
    w.now.unix = UnixMillis(100 * DAY_MS);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    for n in 1..=4 {
        let visitor = w.guest(10 + n, "Vic");
        w.send(visitor, support_at("sales", "hello"));
        w.later_ms(n * 1_000);
        if n < 4 {
            w.send(ann, claim(n));
            w.later_ms(500);
            w.send(ann, support_in(n, "hi"));
            w.later_ms(9_500);
        }
        w.send(visitor, close_ticket(n));
        if n == 2 {
            w.send(visitor, rate(n, 4));
        }
    }
    w.hush();
    (w, ann)
}

#[test]
fn they_are_counted() {
    let (mut w, ann) = a_day();
    let figures = figures(&mut w, ann, FiguresAsked::default());
    let [(of, sales)] = &figures.desks[..] else { panic!("{figures:?}") };
    assert_eq!(of.as_str(), "sales");
    let counts = [sales.opened, sales.claimed, sales.closed, sales.missed, sales.rated, sales.stars];
    assert_eq!(counts, [4, 3, 4, 1, 1, 4]);
    assert_eq!(sales.waited, Some(Spread { median_ms: 2_000, p90_ms: 3_000 }));
    assert_eq!(sales.reply, Some(Spread { median_ms: 2_500, p90_ms: 3_500 }));
    assert_eq!(sales.duration, Some(Spread { median_ms: 10_000, p90_ms: 10_000 }));
    let [(ann, of_ann)] = &figures.agents[..] else { panic!("{figures:?}") };
    assert_eq!((&*ann.name, of_ann.opened, of_ann.claimed), ("Ann", 3, 3));
    assert_eq!((figures.from, figures.to), (UnixMillis(100 * DAY_MS), w.now.unix));
}

#[test]
fn agents_see_their_desks() {
    let (mut w, _) = a_day();
    let ben = agent_at(&mut w, 2, BEN, "Ben", &["help"]);
    assert_eq!(figures(&mut w, ben, FiguresAsked::default()).desks, []);
    w.ask(ben, "f", asked(FiguresAsked { desk: Some(desk("sales")), ..FiguresAsked::default() }));
    assert_eq!(w.heard(ben), ["refused [f] NotFound"]);
    let vic = w.guest(30, "Vic");
    w.ask(vic, "f", asked(FiguresAsked::default()));
    assert_eq!(w.heard(vic), ["refused [f] Forbidden"]);
}

#[test]
fn the_time_is_bounded() {
    let (mut w, ann) = a_day();
    let since = |days: u64| FiguresAsked { from: Some(UnixMillis(days * DAY_MS)), ..FiguresAsked::default() };
    assert_eq!(figures(&mut w, ann, since(9)).desks.len(), 1);
    w.ask(ann, "f", asked(since(8)));
    assert_eq!(w.heard(ann), ["refused [f] BadRequest(\"from\", \"is too long before to\")"]);
    let to = Some(UnixMillis(90 * DAY_MS));
    assert_eq!(figures(&mut w, ann, FiguresAsked { to, ..since(9) }).desks, [], "before there was any");
    w.ask(ann, "f", asked(FiguresAsked { to, ..since(91) }));
    assert_eq!(w.heard(ann), ["refused [f] BadRequest(\"from\", \"is behind to\")"]);
}

#[test]
fn the_latest_tickets_are_counted() {
    let mut w = world_with(|limits| limits.desk.figures_tickets_max = 2);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    for n in 1..=3 {
        w.later_ms(1_000);
        let visitor = w.guest(10 + n, "Vic");
        w.send(visitor, support("hello"));
    }
    let figures = figures(&mut w, ann, FiguresAsked::default());
    assert_eq!((figures.desks[0].1.opened, figures.from), (2, UnixMillis(2_000)), "and that is told");
}
