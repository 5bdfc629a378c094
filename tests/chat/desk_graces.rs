//! Who goes and comes back: places and tickets are kept for a while.

use karez::chat::desk::Duty;
use karez::chat::ids::SessionId;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

/// Ann is on duty and has nothing; two visitors wait in a desk that Ann is not for.
fn two_wait() -> (World, SessionId, [SessionId; 2]) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let visitors = [(2, "Vic"), (3, "Wil")].map(|(n, name)| w.guest(n, name));
    for visitor in visitors {
        w.send(visitor, support("hello"));
        w.later_ms(1_000);
    }
    w.hush();
    (w, ann, visitors)
}

#[test]
fn a_visitor_who_comes_back_in_time_keeps_the_place() {
    let (mut w, ann, [vic, _]) = two_wait();
    w.leaves(vic);
    w.later_ms(119_999);
    w.hush();
    let vic = SessionId(9);
    w.send(vic, guest_return(1001, None));
    assert_eq!(w.heard(vic), ["login 1001 Vic guest", "ticket 1 waiting, place 1"]);
    assert_eq!(w.heard(ann), ["line 1 waiting, place 1, of 1001 Vic: hello"], "who is there again");
    w.later_ms(1_000_000);
    assert_eq!(w.heard(vic), [""; 0]);
}

#[test]
fn a_visitor_who_is_away_for_long_has_left_a_message() {
    let (mut w, ann, [vic, wil]) = two_wait();
    w.leaves(vic);
    w.later_ms(120_000);
    assert_eq!(w.heard(wil), ["ticket 2 waiting, place 1"], "who was behind");
    assert_eq!(
        w.heard(ann),
        ["line 1 offline, of 1001 Vic, away: hello", "withdrawn 1 moved"],
        "it is not on offer while somebody waits"
    );
    let vic = SessionId(9);
    w.send(vic, guest_return(1001, None));
    assert_eq!(w.heard(vic), ["login 1001 Vic guest", "ticket 1 waiting, place 2"], "at the end");
}

#[test]
fn the_tickets_of_an_agent_who_does_not_come_back_wait_again() {
    let (mut w, ann, [vic, wil]) = two_wait();
    let ben = agent_online(&mut w, 4, BEN, "Ben", &[]);
    w.send(ann, claim(1));
    w.hush();
    w.leaves(ann);
    w.later_ms(59_999);
    w.hush();
    w.later_ms(1);
    assert_eq!(
        w.heard(vic),
        ["ticket 1 waiting, place 1, 2 s"],
        "before whoever came later; and it is known by now how long it takes"
    );
    assert_eq!(
        w.heard(ben),
        [
            "duty 7 Ann away 0/5",
            "line 1 waiting, place 1, 2 s, of 1001 Vic: hello",
            "offer 1 of 1001 Vic, waited 62"
        ]
    );
    w.later_ms(1_000);
    assert_eq!(w.heard(wil), ["ticket 2 waiting, place 2, 4 s"]);
}

#[test]
fn colleagues_of_one_desk_hear_who_does_not_come_back() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &["sales"]);
    let cid = agent_online(&mut w, 3, 9, "Cid", &["help"]);
    w.hush();
    w.leaves(ann);
    w.later_ms(60_000);
    assert_eq!(w.heard(ben), ["duty 7 Ann away 0/5"]);
    assert_eq!(w.heard(cid), [""; 0]);
}

#[test]
fn an_agent_who_comes_back_in_time_has_the_tickets() {
    let (mut w, ann, [vic, _]) = two_wait();
    w.send(ann, claim(1));
    w.leaves(ann);
    w.send(vic, support("where are you?"));
    w.later_ms(59_000);
    w.hush();
    let ann = SessionId(9);
    w.send(ann, agent_login(id(ANN), "Ann", &[]));
    w.drain();
    assert_eq!(w.heard(ann), ["login 7 Ann", "offline ticket 1 #2 1001 Vic: where are you?"]);
    w.later_ms(60_000);
    assert_eq!(w.heard(vic), [""; 0]);
    w.send(ann, duty(Duty::Online));
    let heard = w.heard(ann);
    assert_eq!(heard[0], "duty 7 Ann online 1/5", "{heard:?}");
}

#[test]
fn after_a_restart_everybody_has_time_to_come_back() {
    let (mut w, ann, _) = two_wait();
    w.send(ann, claim(1));
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    w.later_ms(59_999);
    let ben = agent(&mut w, 4, BEN, "Ben");
    w.send(ben, duty(Duty::Online));
    assert_eq!(w.heard(ben), ["duty 8 Ben online 0/5", "offer 2 of 1002 Wil, waited 58"]);
    w.later_ms(1);
    assert!(w.heard(ben).contains(&"line 1 waiting, place 1, of 1001 Vic, away: hello".to_owned()));
    w.later_ms(60_000);
    let heard = w.heard(ben);
    assert!(heard.contains(&"line 2 offline, of 1002 Wil, away: hello".to_owned()), "{heard:?}");
}

#[test]
fn who_goes_in_a_turn_that_fails_has_gone() {
    let (mut w, ann, [vic, _]) = two_wait();
    w.send(ann, claim(1));
    w.hush();
    w.gone(ann);
    w.gone(vic);
    w.fail();
    w.later_ms(70_000);
    w.later_ms(10);
    let ben = agent_at(&mut w, 4, BEN, "Ben", &[]);
    w.ask(ben, "t", tickets(karez::chat::desk::TicketsView::All));
    let heard = w.heard(ben);
    assert!(heard[0].contains("1 waiting"), "{heard:?}");
}
