//! What tickets are about.

use karez::chat::ids::SessionId;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

fn held() -> (World, SessionId, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &[]);
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.hush();
    (w, ann, ben, vic)
}

#[test]
fn the_holder_tags_and_the_visitor_hears_nothing() {
    let (mut w, ann, ben, vic) = held();
    w.ask(ann, "t", tag(1, &["refund", "vip", "refund"]));
    assert_eq!(w.heard(ann), ["ack [t]", "line 1 open with 7 Ann, of 1001 Vic #refund #vip: hello"]);
    assert_eq!(w.heard(ben), ["line 1 open with 7 Ann, of 1001 Vic #refund #vip"]);
    assert_eq!(w.heard(vic), [""; 0]);
    w.send(ann, tag(1, &["done"]));
    assert_eq!(w.heard(ben), ["line 1 open with 7 Ann, of 1001 Vic #done"], "in the place of all others");
    w.send(vic, close_ticket(1));
    w.hush();
    w.ask(ben, "t", tag(1, &[]));
    assert_eq!(
        w.heard(ben),
        ["ack [t]", "line 1 closed by visitor, of 1001 Vic: hello"],
        "a colleague, later"
    );
}

#[test]
fn tags_are_bounded() {
    let (mut w, ann, ..) = held();
    let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = "x".repeat(65);
    for tags in [&many[..], &[&long[..]]] {
        w.ask(ann, "t", tag(1, tags));
        assert_eq!(w.heard(ann), ["refused [t] TooLarge(\"tags\")"]);
    }
    for bad in ["", " ", "a\nb"] {
        w.ask(ann, "t", tag(1, &[bad]));
        assert!(w.heard(ann)[0].starts_with("refused [t] BadRequest(\"tags\""), "{bad:?}");
    }
    w.ask(ann, "t", tag(1, &many[..20]));
    assert_eq!(w.heard(ann)[0], "ack [t]");
}
