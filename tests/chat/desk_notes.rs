//! What agents write for one another.

use karez::chat::ids::SessionId;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

fn held() -> (World, SessionId, SessionId, SessionId) {
    let mut w = world_with(|limits| limits.desk.notes_page_max = 2);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &[]);
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    w.hush();
    (w, ann, ben, vic)
}

#[test]
fn colleagues_hear_it_and_the_visitor_does_not() {
    let (mut w, ann, ben, vic) = held();
    w.ask(ben, "n", note(1, "an old friend"));
    assert_eq!(w.heard(ben), ["note 1 after 1, 8 Ben: an old friend", "ack [n]"]);
    assert_eq!(w.heard(ann), ["note 1 after 1, 8 Ben: an old friend"]);
    w.send(ann, claim(1));
    w.hush();
    w.send(ann, note(1, "mine now"));
    assert_eq!(w.heard(ann), ["note 1 after 1, 7 Ann: mine now"]);
    assert_eq!((w.heard(ben), w.heard(vic)), (vec![], vec![]));
    w.ask(ann, "n", notes(1));
    assert_eq!(w.heard(ann), ["notes [n] 1: 1 after 1, 8 Ben: an old friend | 1 after 1, 7 Ann: mine now"]);
    w.ask(ben, "n", notes(1));
    assert_eq!(w.heard(ben), ["refused [n] NotFound"], "a colleague's");
    w.ask(vic, "n", notes(1));
    assert_eq!(w.heard(vic), ["refused [n] Forbidden"]);
}

#[test]
fn it_has_no_number() {
    let (mut w, ann, _, vic) = held();
    w.send(ann, claim(1));
    w.send(ann, note(1, "hm"));
    w.hush();
    w.send(ann, support_in(1, "hi"));
    assert_eq!(w.heard(vic), ["ticket 1 #2 7 Ann: hi"]);
}

#[test]
fn notes_are_bounded() {
    let (mut w, ann, ..) = held();
    let (long, fits) = ("x".repeat(8_193), "x".repeat(8_192));
    w.ask(ann, "n", note(1, &long));
    assert_eq!(w.heard(ann), ["refused [n] TooLarge(\"content\")"]);
    w.ask(ann, "n", note(1, " "));
    assert_eq!(w.heard(ann), ["refused [n] BadRequest(\"content\", \"is empty\")"]);
    w.ask(ann, "n", note(1, &fits));
    assert_eq!(w.heard(ann)[1], "ack [n]");
}

#[test]
fn the_latest_notes_are_shown() {
    let (mut w, ann, ..) = held();
    for words in ["one", "two", "three"] {
        w.send(ann, note(1, words));
    }
    w.hush();
    w.ask(ann, "n", notes(1));
    assert_eq!(w.heard(ann), ["notes [n] 1: 1 after 1, 7 Ann: two | 1 after 1, 7 Ann: three"]);
}

#[test]
fn a_page_of_notes_ends_where_it_is_large() {
    let mut w = world_with(|limits| limits.desk.notes_page_bytes_max = 1_000);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    for letter in ["a", "b", "c"] {
        w.send(ann, note(1, &letter.repeat(400)));
    }
    w.hush();
    w.ask(ann, "n", notes(1));
    let (b, c) = ("b".repeat(400), "c".repeat(400));
    assert_eq!(
        w.heard(ann),
        [format!("notes [n] 1: 1 after 1, 7 Ann: {b} | 1 after 1, 7 Ann: {c}")],
        "the latest"
    );
}
