//! Who may do what with a ticket, as a table: every request from every standing in every state.

use karez::chat::desk::Duty;
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::{Command, Target};
use karez::chat::output::Refusal;

use crate::desk_words::*;
use crate::net::{Told, World};
use crate::story::*;

/// `+` is done, `f` forbidden, `n` not found, `c` against what is so, `h` held by somebody, `l` not logged in.
const TABLE: &str = "
    asker     visitor other stranger elsewhere agent holder overseer | visitor other stranger elsewhere agent holder overseer | visitor other stranger elsewhere agent holder overseer
    state     waiting waiting waiting waiting waiting waiting waiting | open open open open open open open | closed closed closed closed closed closed closed
    history   +       n     l        n         +     +      +        | +    n     l        n         n     +      +    | +      n     l        n         +     +      +
    read      +       n     l        n         +     +      +        | +    n     l        n         n     +      +    | +      n     l        n         +     +      +
    search    +       n     l        n         +     +      +        | +    n     l        n         n     +      +    | +      n     l        n         +     +      +
    speak     +       n     l        n         f     f      +        | +    n     l        n         n     +      +    | c      n     l        n         c     c      c
    typing    +       n     l        n         f     f      +        | +    n     l        n         n     +      +    | c      n     l        n         c     c      c
    recall    +       n     l        n         f     f      f        | +    n     l        n         n     f      f    | +      n     l        n         f     f      f
    claim     f       n     l        n         +     +      +        | f    n     l        n         h     +      h    | f      n     l        n         c     c      c
    decline   f       n     l        n         +     +      +        | f    n     l        n         n     +      +    | f      n     l        n         +     +      +
    transfer  f       n     l        n         f     f      +        | f    n     l        n         n     +      +    | f      n     l        n         c     c      c
    close     +       n     l        n         +     +      +        | +    n     l        n         n     +      +    | +      n     l        n         +     +      +
    tag       f       n     l        n         f     f      +        | f    n     l        n         n     +      +    | f      n     l        n         +     +      +
    rate      c       n     l        n         f     f      f        | c    n     l        n         n     f      f    | +      n     l        n         f     f      f
    note      f       n     l        n         +     +      +        | f    n     l        n         n     +      +    | f      n     l        n         +     +      +
    notes     f       n     l        n         +     +      +        | f    n     l        n         n     +      +    | f      n     l        n         +     +      +
";

fn deed(name: &str) -> Command<'static> {
    match name {
        "history" => history_of(1),
        "read" => read_ticket(1, 1),
        "search" => {
            let target = Some(Target::Ticket(TicketId(1)));
            Command::Search { query: "hello".into(), target, cursor: None, limit: None }
        }
        "speak" => support_in(1, "hi"),
        "typing" => typing_in_ticket(1),
        "recall" => recall_in_ticket(1, 1),
        "claim" => claim(1),
        "decline" => decline(1),
        "transfer" => transfer_at(1, "help"),
        "close" => close_ticket(1),
        "tag" => tag(1, &["x"]),
        "rate" => rate(1, 5),
        "note" => note(1, "hm"),
        "notes" => notes(1),
        other => panic!("{other}"),
    }
}

/// A ticket in this state, and a session of everybody. The holder has it, or had it when it was closed, or has it
/// offered.
fn world_of(state: &str) -> (World, Vec<(&'static str, SessionId)>) {
    let mut w = world();
    let visitor = w.guest(1, "Vic");
    let other = w.guest(2, "Wil");
    let holder = agent_at(&mut w, 3, ANN, "Ann", &["sales"]);
    let colleague = agent_at(&mut w, 4, BEN, "Ben", &["sales"]);
    let elsewhere = agent_at(&mut w, 5, 9, "Cid", &["help"]);
    let overseer = SessionId(6);
    w.send(overseer, admin_login(id(1)));
    for session in [holder, colleague, elsewhere, overseer] {
        w.send(session, duty(Duty::Online));
    }
    w.send(visitor, support_at("sales", "hello"));
    if state != "waiting" {
        w.send(holder, claim(1));
    }
    if state == "closed" {
        w.send(holder, close_ticket(1));
    }
    w.hush();
    let sessions = vec![
        ("visitor", visitor),
        ("other", other),
        ("stranger", SessionId(99)),
        ("elsewhere", elsewhere),
        ("agent", colleague),
        ("holder", holder),
        ("overseer", overseer),
    ];
    (w, sessions)
}

fn outcome(state: &str, asker: &str, name: &str) -> &'static str {
    let (mut w, sessions) = world_of(state);
    let session = sessions.iter().find(|(name, _)| *name == asker).unwrap().1;
    w.ask(session, "x", deed(name));
    let told = w.told(session);
    let refusal = told.iter().find_map(|told| match told {
        Told::Refused { refusal, .. } => Some(refusal.clone()),
        _ => None,
    });
    match refusal {
        None => "+",
        Some(Refusal::Forbidden) => "f",
        Some(Refusal::NotFound) => "n",
        Some(Refusal::Conflict(_)) => "c",
        Some(Refusal::Held { .. }) => "h",
        Some(Refusal::LoginRequired) => "l",
        other => panic!("{state} {asker} {name}: {other:?}"),
    }
}

#[test]
fn every_request_from_every_standing_is_as_the_table_says() {
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().filter(|word| *word != "|"));
    rows.next();
    let askers: Vec<&str> = rows.next().unwrap().skip(1).collect();
    let states: Vec<&str> = rows.next().unwrap().skip(1).collect();
    let mut cells = 0;
    for mut row in rows {
        let Some(name) = row.next() else { continue };
        for ((asker, state), expected) in askers.iter().zip(&states).zip(row) {
            assert_eq!(outcome(state, asker, name), expected, "{name} by {asker} of what is {state}");
            cells += 1;
        }
    }
    assert_eq!(cells, 14 * 21, "the whole table was read");
}

#[test]
fn what_one_may_not_see_looks_like_what_is_not_there() {
    for asker in ["other", "elsewhere"] {
        for name in ["history", "read", "search", "speak", "typing", "claim", "close", "tag", "rate", "notes"]
        {
            let (mut w, sessions) = world_of("open");
            let session = sessions.iter().find(|(name, _)| *name == asker).unwrap().1;
            w.ask(session, "x", deed(name));
            let (mut none, _) = (world(), ());
            let alone = if asker == "other" {
                none.guest(1, "Wil")
            } else {
                agent_at(&mut none, 1, 9, "Cid", &["help"])
            };
            none.hush();
            none.ask(alone, "x", deed(name));
            assert_eq!(w.heard(session), none.heard(alone), "{name} by {asker}");
        }
    }
}

#[test]
fn live_words_are_for_two() {
    let (mut w, sessions) = world_of("open");
    w.send(sessions[5].1, support_in(1, "between us"));
    w.send(sessions[0].1, support("yes"));
    for (name, session) in &sessions {
        let told = w.told(*session);
        let entries = told.iter().filter(|told| matches!(told, Told::Entry(_))).count();
        let expected = if ["visitor", "holder"].contains(name) { 2 } else { 0 };
        assert_eq!(entries, expected, "{name}: {told:?}");
    }
}
