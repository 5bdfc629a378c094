//! A ticket from its first word to its end, as everybody hears of it.

use karez::chat::desk::Duty;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

#[test]
fn a_visitor_asks_and_an_agent_answers() {
    let mut w = world();
    let ann = agent(&mut w, 1, ANN, "Ann");
    w.ask(ann, "d", duty(Duty::Online));
    assert_eq!(w.heard(ann), ["duty 7 Ann online 0/5", "ack [d]"]);
    let vic = w.guest(2, "Vic");
    w.ask(vic, "s", support("hello"));
    assert_eq!(
        w.heard(vic),
        ["ticket 1 #1 1001 Vic: hello", "ack [s] ticket 1 #1", "ticket 1 waiting, place 1"]
    );
    assert_eq!(
        w.heard(ann),
        ["line 1 waiting, place 1, of 1001 Vic: hello", "offer 1 of 1001 Vic, waited 0"]
    );
    w.ask(ann, "c", claim(1));
    assert_eq!(
        w.heard(ann),
        ["duty 7 Ann online 1/5", "ack [c]", "line 1 open with 7 Ann, of 1001 Vic: hello"]
    );
    assert_eq!(w.heard(vic), ["ticket 1 open with 7 Ann"]);
    w.ask(ann, "a", support_in(1, "hi"));
    assert_eq!(
        w.heard(ann),
        ["ticket 1 #2 7 Ann: hi", "ack [a] ticket 1 #2", "line 1 open with 7 Ann, of 1001 Vic: hi"]
    );
    assert_eq!(w.heard(vic), ["ticket 1 #2 7 Ann: hi"]);
    w.send(vic, support("thanks"));
    assert_eq!(w.heard(ann), ["ticket 1 #3 1001 Vic: thanks"]);
    w.hush();
    w.ask(vic, "x", close_ticket(1));
    assert_eq!(w.heard(vic), ["ack [x]", "ticket 1 closed by visitor"]);
    assert_eq!(w.heard(ann), ["duty 7 Ann online 0/5", "line 1 closed by visitor, of 1001 Vic: thanks"]);
    w.ask(vic, "r", rate(1, 5));
    assert_eq!(w.heard(vic), ["ack [r]", "ticket 1 closed by visitor, 5 stars"]);
    assert_eq!(w.heard(ann), ["line 1 closed by visitor, 5 stars, of 1001 Vic: thanks"]);
    w.send(vic, history_of(1));
    assert_eq!(
        w.heard(vic),
        [
            "history ticket 1: ticket 1 #1 1001 Vic: hello | ticket 1 #2 7 Ann: hi | ticket 1 #3 1001 Vic: thanks"
        ]
    );
    w.silence();
}

#[test]
fn the_first_claim_wins() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &[]);
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    w.hush();
    w.request(ann, Some("a"), claim(1));
    w.request(ben, Some("b"), claim(1));
    w.commit();
    assert_eq!(
        w.heard(ben),
        [
            "withdrawn 1 claimed by 7 Ann",
            "duty 7 Ann online 1/5",
            "line 1 open with 7 Ann, of 1001 Vic",
            "refused [b] Held { uid: Number(7), name: \"Ann\" }"
        ]
    );
    assert!(w.heard(ann).contains(&"ack [a]".to_owned()));
}

#[test]
fn a_colleague_sees_that_there_is_a_ticket_and_not_what_is_said() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &[]);
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.hush();
    w.send(ann, support_in(1, "hi"));
    assert_eq!(w.heard(ben), ["line 1 open with 7 Ann, of 1001 Vic"], "that it was answered");
    w.send(vic, support("secret"));
    assert_eq!(w.heard(ben), [""; 0]);
    w.send(ben, history_of(1));
    assert_eq!(w.heard(ben), ["refused NotFound"]);
}

#[test]
fn nobody_on_duty_is_told_to_whoever_asks() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    w.ask(vic, "s", support("anybody?"));
    assert_eq!(w.heard(vic), ["ticket 1 #1 1001 Vic: anybody?", "ack [s] ticket 1 #1", "ticket 1 offline"]);
    let ann = agent(&mut w, 2, ANN, "Ann");
    w.send(ann, duty(Duty::Online));
    assert_eq!(
        w.heard(ann),
        [
            "duty 7 Ann online 0/5",
            "line 1 waiting, place 1, of 1001 Vic: anybody?",
            "offer 1 of 1001 Vic, waited 0"
        ]
    );
    assert_eq!(w.heard(vic), ["ticket 1 waiting, place 1"]);
}

#[test]
fn it_goes_on_after_a_restart() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    let vic = karez::chat::ids::SessionId(3);
    w.send(vic, guest_return(1001, None));
    assert_eq!(w.heard(vic), ["login 1001 Vic guest", "ticket 1 open with 7 Ann"]);
    let ann = agent(&mut w, 4, ANN, "Ann");
    w.send(ann, duty(Duty::Online));
    assert_eq!(w.heard(ann), ["duty 7 Ann online 1/5", "line 1 open with 7 Ann, of 1001 Vic: hello"]);
    w.hush();
    w.send(vic, support("still there?"));
    assert_eq!(w.heard(ann), ["ticket 1 #2 1001 Vic: still there?"]);
    w.hush();
    w.later_ms(1_680_000);
    assert_eq!(w.heard(vic), ["ticket 1 open with 7 Ann, closing in 120000"]);
}
