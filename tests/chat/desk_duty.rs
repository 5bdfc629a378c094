//! Agents on duty: who is, for how many tickets, and what colleagues hear of it.

use karez::chat::desk::{DeskRequest, Duty};
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::story::*;

#[test]
fn nobody_holds_more_than_the_capacity() {
    let mut w = world();
    let ann = agent(&mut w, 1, ANN, "Ann");
    w.send(ann, duty_for(Duty::Online, 2));
    for n in 2..=4 {
        let visitor = w.guest(n, "Vic");
        w.send(visitor, support("hello"));
    }
    assert_eq!(offered(&mut w, ann), [1, 2, 3], "whichever is wanted");
    w.send(ann, claim(1));
    w.send(ann, claim(2));
    let heard = w.heard(ann);
    assert_eq!(heard.last().unwrap(), "withdrawn 3 moved", "{heard:?}");
    w.ask(ann, "x", claim(3));
    assert_eq!(w.heard(ann), ["refused [x] Conflict(\"you hold as many tickets as you can\")"]);
    w.send(ann, duty_for(Duty::Online, 3));
    assert_eq!(w.heard(ann), ["duty 7 Ann online 2/3", "offer 3 of 1003 Vic, waited 0"]);
    for capacity in [0, 101] {
        w.ask(ann, "x", duty_for(Duty::Online, capacity));
        assert_eq!(w.heard(ann), ["refused [x] BadRequest(\"capacity\", \"is out of bounds\")"]);
    }
}

#[test]
fn the_desk_says_how_many_whoever_does_not() {
    let mut w = world();
    set_desk(&mut w, "sales", |rules| rules.capacity = 2);
    let ann = agent_at(&mut w, 1, ANN, "Ann", &["sales"]);
    w.send(ann, duty(Duty::Busy));
    assert_eq!(w.heard(ann), ["duty 7 Ann busy 0/2"]);
}

#[test]
fn busy_keeps_what_there_is_and_may_claim() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.hush();
    w.send(ann, duty(Duty::Busy));
    assert_eq!(w.heard(ann), ["duty 7 Ann busy 0/5", "withdrawn 1 moved"]);
    w.send(ann, claim(1));
    assert!(w.heard(ann).contains(&"duty 7 Ann busy 1/5".to_owned()));
    let wil = w.guest(3, "Wil");
    w.ask(wil, "s", support("hello"));
    assert_eq!(w.heard(wil).last().unwrap(), "ticket 2 waiting, place 1, 0 s", "the desk answers");
    assert_eq!(offered(&mut w, ann), [0; 0]);
}

#[test]
fn colleagues_of_the_same_desks_hear_of_it() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &["help"]);
    let cid = agent_online(&mut w, 3, 9, "Cid", &["sales", "help"]);
    let dot = agent(&mut w, 4, 10, "Dot");
    w.hush();
    w.send(ann, duty(Duty::Away));
    assert_eq!(w.heard(ann), ["duty 7 Ann away 0/5"]);
    assert_eq!(w.heard(cid), ["duty 7 Ann away 0/5"]);
    assert_eq!((w.heard(ben), w.heard(dot)), (vec![], vec![]), "another desk; and who has said nothing yet");
    w.ask(dot, "a", agents());
    assert_eq!(w.heard(dot), ["agents [a]: 7 Ann away 0/5, 8 Ben online 0/5, 9 Cid online 0/5"]);
    w.ask(dot, "a", Command::Desk(DeskRequest::Agents { desk: Some(desk("help")) }));
    assert_eq!(w.heard(dot), ["agents [a]: 8 Ben online 0/5, 9 Cid online 0/5"]);
}

#[test]
fn only_agents_are_on_duty() {
    let mut w = world();
    let vic = w.guest(1, "Vic");
    let bob = w.known(2, 5);
    for command in [duty(Duty::Online), agents(), notes(1), claim(1)] {
        for session in [vic, bob] {
            w.ask(session, "x", command.clone());
            let heard = w.heard(session);
            assert!(heard[0].starts_with("refused [x] Forbidden") || heard[0] == "refused [x] NotFound");
        }
    }
}

#[test]
fn every_connection_watches_for_itself() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let phone = agent(&mut w, 2, ANN, "Ann");
    let vic = w.guest(3, "Vic");
    w.send(vic, support("hello"));
    assert_eq!(offered(&mut w, ann), [1]);
    assert_eq!(offered(&mut w, phone), [0; 0]);
    w.send(phone, duty(Duty::Online));
    assert_eq!(w.heard(phone), ["duty 7 Ann online 0/5", "offer 1 of 1001 Vic, waited 0"]);
    w.hush();
    w.leaves(ann);
    w.send(phone, claim(1));
    assert!(w.heard(phone).contains(&"line 1 open with 7 Ann, of 1001 Vic: hello".to_owned()));
}

#[test]
fn a_token_that_says_otherwise_is_another_post() {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support_at("sales", "hello"));
    assert_eq!(offered(&mut w, ann), [1]);
    let mut grant = grant(id(ANN));
    (grant.role, grant.desks) = (karez::chat::input::Role::Agent, Some(vec![desk("help")]));
    w.send(ann, Command::Refresh(Some(grant)));
    assert!(w.heard(ann).contains(&"withdrawn 1 moved".to_owned()));
    w.ask(ann, "x", claim(1));
    assert_eq!(w.heard(ann), ["refused [x] NotFound"]);
}
