//! What is said in tickets: live, later, by whom it is read, and taken back.

use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::{Command, Target};

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

fn open() -> (World, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.hush();
    (w, ann, vic)
}

fn back(w: &mut World, session: u64, numbers: &[(u64, u64)]) -> Vec<String> {
    let session = SessionId(session);
    let of = |(ticket, seq): &(u64, u64)| (Target::Ticket(TicketId(*ticket)), Some(*seq));
    w.send(session, resume_with(1001, numbers.iter().map(of).collect()));
    w.drain();
    let mut heard = w.heard(session);
    heard.retain(|line| !line.starts_with("login"));
    heard
}

#[test]
fn typing_and_reading_go_to_the_other_side() {
    let (mut w, ann, vic) = open();
    w.send(vic, typing_in_ticket(1));
    assert_eq!(w.heard(ann), ["typing ticket 1 1001"]);
    w.send(ann, typing_in_ticket(1));
    assert_eq!(w.heard(vic), ["typing ticket 1 7"]);
    w.send(ann, read_ticket(1, 9));
    assert_eq!(w.heard(vic), ["read ticket 1 7 #1"]);
    assert_eq!(w.heard(ann), ["read ticket 1 7 #1"], "on all connections of the reader's");
    w.silence();
}

#[test]
fn all_connections_of_both_hear_it() {
    let (mut w, ann, vic) = open();
    let phone = w.again(3, 1001);
    let desk = agent(&mut w, 4, ANN, "Ann");
    w.hush();
    w.send(ann, support_in(1, "hi"));
    for session in [ann, vic, phone, desk] {
        assert_eq!(w.heard(session)[0], "ticket 1 #2 7 Ann: hi");
    }
}

#[test]
fn what_is_said_to_who_is_away_comes_later() {
    let (mut w, ann, vic) = open();
    w.leaves(vic);
    w.send(ann, support_in(1, "are you there?"));
    assert!(w.is_waiting(1001));
    w.send(SessionId(5), guest_return(1001, None));
    w.drain();
    assert_eq!(
        w.heard(SessionId(5)),
        ["login 1001 Vic guest", "ticket 1 open with 7 Ann", "offline ticket 1 #2 7 Ann: are you there?"]
    );
    assert!(!w.is_waiting(1001));
}

#[test]
fn who_goes_in_the_same_turn_has_not_heard_it() {
    let (mut w, ann, vic) = open();
    w.request(ann, None, support_in(1, "still there?"));
    w.gone(vic);
    w.commit();
    assert!(w.is_waiting(1001));
}

#[test]
fn a_client_that_comes_back_is_told_what_it_missed() {
    let (mut w, ann, vic) = open();
    w.leaves(vic);
    w.send(ann, support_in(1, "one"));
    w.send(ann, support_in(1, "two"));
    assert_eq!(
        back(&mut w, 5, &[(1, 1)]),
        ["ticket 1 open with 7 Ann", "ticket 1 #2 7 Ann: one", "ticket 1 #3 7 Ann: two", "resumed"]
    );
    assert!(!w.is_waiting(1001), "and not once more");
    w.leaves(SessionId(5));
    w.send(ann, support_in(1, "three"));
    w.send(ann, close_ticket(1));
    assert_eq!(back(&mut w, 6, &[(1, 3)]), ["ticket 1 #4 7 Ann: three", "resumed"], "though it is closed");
    assert_eq!(back(&mut w, 7, &[(1, 99), (2, 0)]), ["gap ticket 1 0..5", "resumed"], "and of none nothing");
}

#[test]
fn a_stranger_is_told_nothing() {
    let (mut w, ann, _) = open();
    let wil = w.guest(3, "Wil");
    w.leaves(wil);
    w.send(SessionId(4), resume_with(1002, vec![(Target::Ticket(TicketId(1)), Some(0))]));
    w.drain();
    assert_eq!(w.heard(SessionId(4)), ["login 1002 Wil guest", "resumed"]);
    w.hush();
    w.send(ann, support_in(1, "hi"));
    assert_eq!(w.heard(SessionId(4)), [""; 0]);
}

#[test]
fn the_author_takes_it_back() {
    let (mut w, ann, vic) = open();
    w.send(ann, support_in(1, "wrong"));
    w.hush();
    w.ask(ann, "r", recall_in_ticket(1, 2));
    assert_eq!(w.heard(vic), ["ticket 1 #3 7 Ann: *recall #2*"]);
    assert_eq!(w.heard(ann), ["ticket 1 #3 7 Ann: *recall #2*", "ack [r] ticket 1 #3"]);
    w.ask(ann, "r", recall_in_ticket(1, 1));
    assert_eq!(w.heard(ann), ["refused [r] Forbidden"], "what the visitor said");
    w.later_ms(121_000);
    w.ask(vic, "r", recall_in_ticket(1, 1));
    assert_eq!(w.heard(vic), ["refused [r] Forbidden"], "too late");
}

#[test]
fn both_find_it_and_list_it() {
    let (mut w, ann, vic) = open();
    w.send(ann, support_in(1, "needle"));
    w.hush();
    let search = |target: Option<u64>| {
        let target = target.map(|ticket| Target::Ticket(TicketId(ticket)));
        Command::Search { query: "needle".into(), target, cursor: None, limit: None }
    };
    for session in [ann, vic] {
        w.send(session, search(None));
        w.send(session, search(Some(1)));
        assert_eq!(w.heard(session), ["search: ticket 1 #2 7 Ann: needle"; 2]);
    }
    let list = || Command::Conversations { cursor: None, limit: None };
    w.send(vic, list());
    assert_eq!(w.heard(vic), ["conversations: ticket 1 \"Ann\" 0/2 +1, 7: needle"]);
    w.send(ann, list());
    assert_eq!(w.heard(ann), ["conversations: ticket 1 \"Vic\" 0/2 +1, 7: needle"]);
    let ben = agent(&mut w, 3, BEN, "Ben");
    w.send(ben, search(None));
    w.ask(ben, "s", search(Some(1)));
    w.send(ben, list());
    assert_eq!(w.heard(ben), ["search: ", "refused [s] NotFound", "conversations: "]);
    w.send(ann, close_ticket(1));
    w.hush();
    w.send(vic, search(None));
    assert_eq!(w.heard(vic), ["search: ticket 1 #2 7 Ann: needle"], "also when it is closed");
}

#[test]
fn agents_read_what_waits() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.hush();
    w.ask(ann, "h", history_of(1));
    assert_eq!(w.heard(ann), ["history [h] ticket 1: ticket 1 #1 1001 Vic: hello"]);
    w.ask(ann, "r", read_ticket(1, 1));
    assert_eq!(w.heard(ann), ["ack [r]"]);
    assert_eq!(w.heard(vic), [""; 0], "nobody's business");
    w.ask(ann, "s", support_in(1, "hi"));
    assert_eq!(w.heard(ann), ["refused [s] Forbidden"], "claim first");
    w.send(vic, support("anybody?"));
    w.later_ms(1_000);
    assert_eq!(w.heard(ann), ["line 1 waiting, place 1, of 1001 Vic: anybody?"]);
}

#[test]
fn agents_are_told_once_a_second_what_is_said_in_the_queue() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("one"));
    let lines = |w: &mut World| {
        let mut heard = w.heard(ann);
        heard.retain(|line| line.starts_with("line"));
        heard
    };
    assert_eq!(lines(&mut w).len(), 1, "at once");
    for words in ["two", "three", "four"] {
        w.send(vic, support(words));
    }
    assert_eq!(lines(&mut w), [""; 0], "not again in that second");
    w.later_ms(1_000);
    let told = lines(&mut w);
    assert!(told.len() == 1 && told[0].contains("four"), "{told:?}");
    w.later_ms(5_000);
    assert_eq!(lines(&mut w), [""; 0], "nothing is new");
    w.send(vic, support("five"));
    assert!(lines(&mut w)[0].contains("five"));
    w.send(vic, support("six"));
    let boss = SessionId(3);
    w.send(boss, admin_login(id(1)));
    w.send(boss, tag(1, &["tea"]));
    let told = lines(&mut w);
    assert!(told.len() == 1 && told[0].contains("six"), "what else changes is told at once: {told:?}");
    w.later_ms(1_000);
    assert_eq!(lines(&mut w), [""; 0], "and needs not be told again");
    w.send(vic, support("seven"));
    w.send(vic, support("eight"));
    w.hush();
    w.send(ann, claim(1));
    w.hush();
    w.later_ms(1_000);
    assert_eq!(lines(&mut w), [""; 0], "nor what the holder has heard");
}

#[test]
fn what_a_failed_turn_told_of_the_queue_is_told_again() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("one"));
    w.send(vic, support("two"));
    w.hush();
    w.later_ms(999);
    w.hush();
    w.request(vic, None, support("three"));
    w.fail();
    w.hush();
    w.later_ms(2_000);
    let heard = w.heard(ann);
    assert!(heard.iter().any(|line| line.starts_with("line") && line.contains("two")), "{heard:?}");
}
