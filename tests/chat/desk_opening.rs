//! How a ticket is opened: what is told with it, how many there may be, and what the desk wants to know.

use karez::chat::desk::{Address, DeskRequest, FormField, Opening};
use karez::chat::input::Command;
use karez::chat::output::Refusal;

use crate::desk_words::*;
use crate::net::{Desked, Told, World};
use crate::story::*;

fn open(opening: Opening<'static>) -> Command<'static> {
    Command::Desk(DeskRequest::Support { ticket: None, draft: draft("hello"), opening: Box::new(opening) })
}

fn refusal(w: &mut World, command: Command<'_>) -> Option<Refusal> {
    let vic = karez::chat::ids::SessionId(1);
    w.told(vic);
    w.send(vic, command);
    w.told(vic).into_iter().find_map(|told| match told {
        Told::Refused { refusal, .. } => Some(refusal),
        _ => None,
    })
}

#[test]
fn a_visitor_has_one_ticket_at_a_time() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    w.send(vic, support_at("sales", "one"));
    w.send(vic, support_at("other", "two"));
    assert_eq!(
        w.heard(vic),
        ["ticket 1 #1 1001 Vic: one", "ticket 1 offline at sales", "ticket 1 #2 1001 Vic: two"]
    );
    w.send(vic, close_ticket(1));
    w.ask(vic, "x", support_in(1, "and"));
    w.send(vic, support("three"));
    assert_eq!(
        w.heard(vic),
        [
            "ticket 1 closed at sales by visitor",
            "refused [x] Conflict(\"the ticket is closed\")",
            "ticket 2 #1 1001 Vic: three",
            "ticket 2 offline"
        ]
    );
}

#[test]
fn the_same_id_opens_one_ticket() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    w.ask(vic, "a", support("one"));
    w.hush();
    w.ask(vic, "a", support("one"));
    assert_eq!(w.heard(vic), ["ack [a] ticket 1 #1 again"]);
    w.send(vic, close_ticket(1));
    w.hush();
    w.ask(vic, "a", support("one"));
    assert_eq!(w.heard(vic), ["ack [a] ticket 1 #1 again"], "whatever has become of it");
    w.ask(vic, "a", support("two"));
    assert_eq!(w.heard(vic), ["refused [a] Conflict(\"something else was sent under this id\")"]);
}

#[test]
fn there_is_a_limit_on_tickets() {
    let mut w = world_with(|limits| limits.desk.tickets_open_max = 2);
    for n in 1..=3 {
        let vic = w.guest(n, "Vic");
        w.ask(vic, "x", support("hello"));
        let heard = w.heard(vic);
        assert_eq!(heard.iter().any(|line| line.starts_with("refused [x] Conflict")), n == 3, "{heard:?}");
    }
    w.send(karez::chat::ids::SessionId(1), close_ticket(1));
    w.hush();
    assert_eq!(refusal(&mut w, support("again")), None);
}

#[test]
fn guests_open_so_many_tickets_from_one_address() {
    let mut w = world_with(|limits| limits.desk.tickets_per_address_and_hour_max = 2);
    let vic = w.guest(1, "Vic");
    let from = |address| open(Opening { address: Some(Address(address)), ..Opening::default() });
    for n in 1..=2 {
        assert_eq!(refusal(&mut w, from(5)), None);
        w.send(vic, close_ticket(n));
    }
    let retry_ms = 3_600_000;
    assert_eq!(refusal(&mut w, from(5)), Some(Refusal::RateLimited { retry_ms }));
    assert_eq!(refusal(&mut w, from(6)), None, "of another one");
    w.send(vic, close_ticket(3));
    assert_eq!(refusal(&mut w, open(Opening::default())), None, "where nothing is counted");
    w.send(vic, close_ticket(4));
    w.later_ms(3_600_000);
    assert_eq!(refusal(&mut w, from(5)), None, "an hour later");
    let ann = agent(&mut w, 2, ANN, "Ann");
    for n in 6..=9 {
        let id = n.to_string();
        w.ask(ann, &id, from(5));
        assert!(w.heard(ann).contains(&format!("ack [{n}] ticket {n} #1")), "a user with a token");
        w.send(ann, close_ticket(n));
    }
}

#[test]
fn what_is_told_with_a_ticket_is_bounded() {
    let mut w = world();
    w.guest(1, "Vic");
    let long = |bytes: usize| Some("x".repeat(bytes).into());
    let cases = [
        (Opening { page: long(2_001), ..Opening::default() }, "page"),
        (Opening { referrer: long(2_001), ..Opening::default() }, "referrer"),
        (Opening { lang: long(65), ..Opening::default() }, "lang"),
        (Opening { form: vec![("q".into(), "x".repeat(4_096).into())], ..Opening::default() }, "form"),
        (Opening { form: vec![("q".into(), "x".into()); 21], ..Opening::default() }, "form"),
    ];
    for (opening, field) in cases {
        assert_eq!(refusal(&mut w, open(opening)), Some(Refusal::TooLarge(field)));
    }
    let form = vec![("q".into(), "x".repeat(4_095).into())];
    let fits = Opening { page: long(2_000), browser: long(9_000), form, ..Opening::default() };
    assert_eq!(refusal(&mut w, open(fits)), None, "and what a browser says of itself is cut");
}

#[test]
fn a_desk_may_want_to_know_more() {
    let mut w = world();
    set_desk(&mut w, "sales", |rules| {
        let field = |name: &str, required| FormField { name: name.into(), label: "?".into(), required };
        rules.form = vec![field("order", true), field("why", false)];
    });
    set_desk(&mut w, "members", |rules| rules.identified = true);
    w.guest(1, "Vic");
    let asked = Refusal::BadRequest("form", "does not say all that is asked");
    assert_eq!(refusal(&mut w, support_at("sales", "hello")), Some(asked));
    assert_eq!(refusal(&mut w, support_at("members", "hello")), Some(Refusal::Forbidden), "no guests");
    let form = vec![("order".into(), "17".into())];
    let command = open(Opening { desk: desk("sales"), form, ..Opening::default() });
    assert_eq!(refusal(&mut w, command), None);
    let bob = w.known(2, 5);
    w.ask(bob, "x", support_at("members", "hello"));
    assert!(w.heard(bob).contains(&"ack [x] ticket 2 #1".to_owned()));
}

#[test]
fn a_widget_asks_first() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    w.ask(vic, "g", gate("sales"));
    assert_eq!(w.heard(vic), ["desk [g] sales shut"]);
    agent_online(&mut w, 2, ANN, "Ann", &["sales"]);
    w.send(vic, support("hello"));
    w.hush();
    w.ask(vic, "g", gate("sales"));
    assert_eq!(w.heard(vic), ["desk [g] sales open, ticket 1"]);
    w.ask(vic, "g", gate("other"));
    assert_eq!(w.heard(vic), ["desk [g] other shut, ticket 1"], "nobody is for that one");
}

#[test]
fn what_is_told_with_a_ticket_has_no_control_characters() {
    let mut w = world();
    let ann = agent_online(&mut w, 2, ANN, "Ann", &[]);
    w.guest(1, "Vic");
    let text = || Some("a\u{1}b\u{85}".into());
    let form = vec![("q\0".into(), "one\ntwo\r".into())];
    let opening =
        Opening { page: text(), referrer: text(), browser: text(), lang: text(), form, ..Opening::default() };
    assert_eq!(refusal(&mut w, open(opening)), None);
    let told = desked(&mut w, ann);
    let card = told.iter().find_map(|told| match told {
        Desked::Offer { ticket, .. } => Some(&ticket.record.visitor),
        _ => None,
    });
    let card = card.unwrap();
    for text in [&card.page, &card.referrer, &card.browser, &card.lang] {
        assert_eq!(text.as_deref(), Some("a b "));
    }
    assert_eq!(card.form, [("q ".into(), "one\ntwo ".into())]);
}
