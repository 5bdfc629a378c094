//! The rules of desks.

use karez::chat::call::Call;
use karez::chat::desk::{Date, DeskCall, DeskSettings, FormField, Hours, Span};
use karez::chat::output::Refusal;

use crate::desk_words::*;
use crate::net::{Answered, World};
use crate::story::*;

fn call(w: &mut World, call: DeskCall<'_>) -> Answered {
    w.call(1, Call::Desk(call));
    w.commit();
    w.answered().remove(0).1
}

fn put(w: &mut World, name: &str, change: impl FnOnce(&mut DeskSettings)) -> Answered {
    let mut rules = DeskSettings::new(desk(name));
    change(&mut rules);
    call(w, DeskCall::PutDesk(Box::new(rules)))
}

fn hours(spans: Vec<Span>) -> Hours {
    let week = [const { Vec::new() }; 7].map(|_: Vec<Span>| spans.clone());
    Hours { tz: "UTC".into(), week, dates: std::collections::BTreeMap::new() }
}

#[test]
fn rules_outlive_the_process() {
    let mut w = world();
    let answered = put(&mut w, "sales", |rules| rules.greeting = Some("Hello".into()));
    assert!(matches!(&answered, Answered::Desk(text) if text.contains("Made") && text.contains("Hello")));
    let answered = put(&mut w, "sales", |rules| rules.greeting = Some("Hi".into()));
    assert!(matches!(&answered, Answered::Desk(text) if text.contains("Kept")));
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    let answered = call(&mut w, DeskCall::Desk { desk: desk("sales") });
    assert!(matches!(&answered, Answered::Desk(text) if text.contains("\"Hi\"")), "{answered:?}");
    assert_eq!(call(&mut w, DeskCall::DeleteDesk { desk: desk("sales") }), Answered::Removed);
    assert_eq!(
        call(&mut w, DeskCall::DeleteDesk { desk: desk("sales") }),
        Answered::Refused(Refusal::NotFound)
    );
    let answered = call(&mut w, DeskCall::Desk { desk: desk("sales") });
    assert!(matches!(&answered, Answered::Desk(text) if !text.contains("\"Hi\"")), "the rules of every desk");
}

#[test]
fn settings_are_bounded() {
    let mut w = world_with(|limits| limits.desk.desks_max = 2);
    let too_large = |answered, field| assert_eq!(answered, Answered::Refused(Refusal::TooLarge(field)));
    let long = || Some("x".repeat(4_097).into());
    too_large(put(&mut w, "a", |rules| rules.greeting = long()), "greeting");
    too_large(put(&mut w, "a", |rules| rules.away = long()), "away");
    too_large(put(&mut w, "a", |rules| rules.name = Some("x".repeat(300).into())), "name");
    let field = || FormField { name: "n".into(), label: "l".into(), required: false };
    too_large(put(&mut w, "a", |rules| rules.form = vec![field(); 21]), "form");
    let span = |from_min, to_min| Span { from_min, to_min };
    let many: Vec<Span> = (0..11).map(|n| span(n * 10, n * 10 + 5)).collect();
    too_large(put(&mut w, "a", |rules| rules.hours = Some(hours(many))), "hours");
    let dates = (0..401u16).map(|n| {
        let date = Date { year: 2000 + (n / 28).cast_signed(), month: 1, day: (n % 28) as u8 + 1 };
        (date, Vec::new())
    });
    let dates = Hours { dates: dates.collect(), ..hours(Vec::new()) };
    too_large(put(&mut w, "a", |rules| rules.hours = Some(dates)), "hours");
    for n in 0..3 {
        let answered = put(&mut w, &format!("d{n}"), |_| {});
        assert_eq!(matches!(answered, Answered::Refused(Refusal::Conflict(_))), n == 2, "{answered:?}");
    }
}

#[test]
fn hours_must_make_sense() {
    let mut w = world();
    let span = |from_min, to_min| Span { from_min, to_min };
    let mut bad = vec![
        hours(vec![span(600, 600)]),
        hours(vec![span(600, 1_441)]),
        hours(vec![span(600, 700), span(650, 800)]),
        Hours { tz: "Middle/Earth".into(), ..hours(Vec::new()) },
    ];
    let mut no_day = hours(Vec::new());
    no_day.dates.insert(Date { year: 2026, month: 2, day: 30 }, Vec::new());
    bad.push(no_day);
    for hours in bad {
        let answered = put(&mut w, "a", |rules| rules.hours = Some(hours));
        assert!(matches!(answered, Answered::Refused(Refusal::BadRequest("hours", _))), "{answered:?}");
    }
}
