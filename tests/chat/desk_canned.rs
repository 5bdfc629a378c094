//! Canned replies: everybody's, and one's own.

use karez::chat::desk::{CannedDraft, DeskRequest};
use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::story::*;

fn reply(short: &str, content: &str, at: Option<&str>) -> CannedDraft<'static> {
    CannedDraft { short: short.to_owned().into(), content: content.to_owned().into(), desk: at.map(desk) }
}

fn put(canned: Option<u64>, shared: bool, reply: CannedDraft<'static>) -> Command<'static> {
    Command::Desk(DeskRequest::PutCanned { canned, reply, shared })
}

fn delete(canned: u64) -> Command<'static> {
    Command::Desk(DeskRequest::DeleteCanned { canned })
}

fn canned() -> Command<'static> {
    Command::Desk(DeskRequest::Canned { desk: None })
}

#[test]
fn some_are_everybodys_and_some_ones_own() {
    let mut w = world();
    let ann = agent_at(&mut w, 1, ANN, "Ann", &["sales"]);
    let ben = agent_at(&mut w, 2, BEN, "Ben", &["help"]);
    let boss = SessionId(3);
    w.send(boss, admin_login(id(1)));
    w.hush();
    w.ask(boss, "p", put(None, true, reply("hi", "Hello {visitor}", None)));
    assert_eq!(w.heard(boss), ["canned_put [p] 1"]);
    w.send(boss, put(None, true, reply("price", "It costs", Some("sales"))));
    w.send(ann, put(None, false, reply("bye", "Yours, Ann", None)));
    w.hush();
    w.ask(ann, "c", canned());
    assert_eq!(
        w.heard(ann),
        [
            "canned [c]: 1 shared hi: Hello {visitor} | 2 shared at sales price: It costs | 3 own bye: Yours, Ann"
        ]
    );
    w.ask(ben, "c", canned());
    assert_eq!(w.heard(ben), ["canned [c]: 1 shared hi: Hello {visitor}"]);
    w.ask(ann, "p", put(Some(3), false, reply("bye", "Bye", None)));
    assert_eq!(w.heard(ann), ["canned_put [p] 3"]);
    w.ask(ben, "p", put(Some(3), false, reply("bye", "stolen", None)));
    assert_eq!(w.heard(ben), ["refused [p] NotFound"]);
    w.ask(ann, "p", put(Some(1), true, reply("hi", "changed", None)));
    assert_eq!(w.heard(ann), ["refused [p] Forbidden"]);
    for (session, number, expected) in [
        (ben, 3, "refused [d] NotFound"),
        (ben, 1, "refused [d] Forbidden"),
        (ann, 3, "ack [d]"),
        (boss, 1, "ack [d]"),
    ] {
        w.ask(session, "d", delete(number));
        assert_eq!(w.heard(session), [expected]);
    }
    w.send(ann, put(None, false, reply("new", "New", None)));
    assert_eq!(w.heard(ann), ["canned_put 4"], "no number is given twice");
    let vic = w.guest(9, "Vic");
    w.ask(vic, "c", canned());
    assert_eq!(w.heard(vic), ["refused [c] Forbidden"]);
}

#[test]
fn canned_replies_are_bounded() {
    let mut w = world_with(|limits| (limits.desk.canned_own_max, limits.desk.canned_shared_max) = (2, 1));
    let ann = agent(&mut w, 1, ANN, "Ann");
    let boss = SessionId(2);
    w.send(boss, admin_login(id(1)));
    w.hush();
    for n in 1..=3 {
        w.ask(ann, "p", put(None, false, reply("hi", "Hello", None)));
        assert_eq!(w.heard(ann)[0].starts_with("refused [p] Conflict"), n == 3);
    }
    for n in 1..=2 {
        w.ask(boss, "p", put(None, true, reply("hi", "Hello", None)));
        assert_eq!(w.heard(boss)[0].starts_with("refused [p] Conflict"), n == 2);
    }
    let long = "x".repeat(65);
    for (short, expected) in [
        (&long[..], "TooLarge(\"short\")"),
        ("", "BadRequest(\"short\", \"is empty, or has control characters\")"),
    ] {
        w.ask(ann, "p", put(None, false, reply(short, "Hello", None)));
        assert_eq!(w.heard(ann), [format!("refused [p] {expected}")]);
    }
}

#[test]
fn canned_replies_have_so_much_room() {
    let mut w = world_with(|limits| limits.desk.canned_bytes_max = 1_000);
    let ann = agent(&mut w, 1, ANN, "Ann");
    let ben = agent(&mut w, 2, BEN, "Ben");
    let full = "refused [p] Conflict(\"there is as much in canned replies as there may be\")";
    let text = |bytes: usize| "x".repeat(bytes);
    for (session, number, content, expected) in [
        (ann, None, text(498), "canned_put [p] 1"),
        (ann, None, text(499), full),
        (ann, None, text(498), "canned_put [p] 2"),
        (ann, Some(1), text(499), full),
        (ann, Some(1), text(10), "canned_put [p] 1"),
        (ann, Some(2), text(499), "canned_put [p] 2"),
        (ben, None, text(998), "canned_put [p] 3"),
        (
            ann,
            Some(1),
            "a\u{1}".into(),
            "refused [p] BadRequest(\"content\", \"has control characters other than new lines and tabs\")",
        ),
        (ann, Some(1), "a\n\tb".into(), "canned_put [p] 1"),
    ] {
        w.ask(session, "p", put(number, false, reply("hi", &content, None)));
        assert_eq!(w.heard(session), [expected], "{} bytes", content.len());
    }
}
