//! How tickets find agents.

use karez::chat::desk::{Duty, Routing};
use karez::chat::ids::SessionId;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

/// A desk with this routing, with Ann and Ben on duty; both have room for two.
fn routed(routing: Routing) -> (World, SessionId, SessionId) {
    let mut w = world();
    set_desk(&mut w, "default", |rules| rules.routing = routing);
    let ann = agent(&mut w, 1, ANN, "Ann");
    let ben = agent(&mut w, 2, BEN, "Ben");
    for agent in [ann, ben] {
        w.send(agent, duty_for(Duty::Online, 2));
        w.later_ms(10);
    }
    w.hush();
    (w, ann, ben)
}

fn visitor(w: &mut World, number: u64) -> SessionId {
    let visitor = w.guest(100 + number, "Vic");
    w.send(visitor, support("hello"));
    w.later_ms(1);
    visitor
}

fn both(w: &mut World, ann: SessionId, ben: SessionId) -> (Vec<u64>, Vec<u64>) {
    (offered(w, ann), offered(w, ben))
}

#[test]
fn in_turns() {
    let (mut w, ann, ben) = routed(Routing::RoundRobin);
    for n in 1..=5 {
        visitor(&mut w, n);
    }
    assert_eq!(both(&mut w, ann, ben), (vec![1, 3], vec![2, 4]), "and the fifth when somebody has room");
    w.send(ben, claim(2));
    assert_eq!(both(&mut w, ann, ben), (vec![], vec![]));
    w.send(ben, close_ticket(2));
    assert_eq!(both(&mut w, ann, ben), (vec![], vec![5]));
}

#[test]
fn to_whoever_has_the_fewest() {
    let (mut w, ann, ben) = routed(Routing::LeastLoaded);
    visitor(&mut w, 1);
    w.send(ann, claim(1));
    w.hush();
    visitor(&mut w, 2);
    assert_eq!(both(&mut w, ann, ben), (vec![], vec![2]));
    visitor(&mut w, 3);
    assert_eq!(both(&mut w, ann, ben), (vec![3], vec![]), "an offer counts as well");
}

#[test]
fn to_whoever_has_had_none_for_longest() {
    let (mut w, ann, ben) = routed(Routing::LongestIdle);
    visitor(&mut w, 1);
    w.send(ann, claim(1));
    w.send(ann, close_ticket(1));
    w.hush();
    visitor(&mut w, 2);
    assert_eq!(both(&mut w, ann, ben), (vec![], vec![2]));
}

#[test]
fn an_offer_that_is_not_taken_goes_on_to_the_next() {
    let (mut w, ann, ben) = routed(Routing::RoundRobin);
    visitor(&mut w, 1);
    assert_eq!(w.heard(ann)[1], "offer 1 of 1001 Vic, waited 0, expires in 30000");
    w.later_ms(29_998);
    w.hush();
    w.later_ms(1);
    assert_eq!(w.heard(ann), ["withdrawn 1 expired"]);
    assert_eq!(w.heard(ben), ["offer 1 of 1001 Vic, waited 30, expires in 30000"]);
    w.later_ms(30_000);
    assert_eq!(
        (w.heard(ann), w.heard(ben)),
        (vec![], vec!["withdrawn 1 expired".to_owned()]),
        "all have had it"
    );
    w.later_ms(30_000);
    assert_eq!(both(&mut w, ann, ben), (vec![1], vec![]), "a new round");
}

#[test]
fn who_declines_is_not_asked_again_in_this_round() {
    let (mut w, ann, ben) = routed(Routing::RoundRobin);
    visitor(&mut w, 1);
    w.hush();
    w.ask(ann, "d", decline(1));
    assert_eq!(w.heard(ann), ["withdrawn 1 declined", "ack [d]"]);
    assert_eq!(offered(&mut w, ben), [1]);
    w.ask(ann, "d", decline(1));
    assert_eq!(w.heard(ann), ["ack [d]"], "there is nothing to give back");
    w.send(ben, decline(1));
    visitor(&mut w, 2);
    assert_eq!(both(&mut w, ann, ben), (vec![2], vec![]), "nobody is held up by what nobody wants");
}

#[test]
fn a_visitor_comes_to_the_agent_of_before() {
    for (sticky, expected) in [(true, (vec![2], vec![])), (false, (vec![], vec![2]))] {
        let (mut w, ann, ben) = routed(Routing::LeastLoaded);
        set_desk(&mut w, "default", |rules| (rules.routing, rules.sticky) = (Routing::LeastLoaded, sticky));
        let vic = visitor(&mut w, 1);
        w.send(ann, claim(1));
        w.send(vic, close_ticket(1));
        w.hush();
        w.send(vic, support("me again"));
        assert_eq!(both(&mut w, ann, ben), expected, "sticky {sticky}");
    }
}

#[test]
fn messages_are_offered_when_nobody_waits() {
    let (mut w, ann, ben) = routed(Routing::RoundRobin);
    w.send(ann, duty(Duty::Away));
    w.send(ben, duty(Duty::Away));
    let away = visitor(&mut w, 1);
    w.leaves(away);
    w.hush();
    visitor(&mut w, 2);
    w.send(ann, duty(Duty::Online));
    assert_eq!(offered(&mut w, ann), [2]);
    w.send(ann, claim(2));
    assert_eq!(offered(&mut w, ann), [1]);
    let third = visitor(&mut w, 3);
    let heard = w.heard(ann);
    assert!(heard.contains(&"withdrawn 1 moved".to_owned()), "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("offer 3")), "{heard:?}");
    w.send(third, close_ticket(3));
    assert_eq!(offered(&mut w, ann), [1]);
}

#[test]
fn so_many_are_on_offer_at_a_time() {
    let mut w = world_with(|limits| limits.desk.offers_per_desk_max = 2);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    for n in 1..=3 {
        visitor(&mut w, n);
    }
    assert_eq!(offered(&mut w, ann), [1, 2]);
    w.send(ann, claim(1));
    assert_eq!(offered(&mut w, ann), [3]);
}

#[test]
fn the_first_in_the_queue_is_the_first_on_offer() {
    let (mut w, ann, ben) = routed(Routing::RoundRobin);
    w.send(ben, duty(Duty::Away));
    w.send(ann, duty_for(Duty::Busy, 1));
    for n in 1..=3 {
        visitor(&mut w, n);
    }
    w.call(
        1,
        karez::chat::call::Call::Desk(karez::chat::desk::DeskCall::PatchTicket {
            ticket: karez::chat::ids::TicketId(3),
            patch: karez::chat::desk::TicketPatch { priority: Some(1), ..Default::default() },
        }),
    );
    w.commit();
    w.hush();
    w.send(ann, duty(Duty::Online));
    assert_eq!(offered(&mut w, ann), [3], "the urgent one");
    w.send(ann, decline(3));
    assert_eq!(offered(&mut w, ann), [1], "then the one that came first");
}

#[test]
fn nobody_is_offered_the_own_ticket() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    w.send(ann, support("who helps me?"));
    assert_eq!(offered(&mut w, ann), [0; 0]);
    w.ask(ann, "x", claim(1));
    assert_eq!(w.heard(ann), ["refused [x] Forbidden"]);
}
