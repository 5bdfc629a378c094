//! Guests who have been away for long.

use karez::base::clock::UnixMillis;
use karez::chat::Limits;
use karez::chat::act::Act;
use karez::chat::ids::SessionId;
use karez::chat::input::{Bounds, Command, Target};
use karez::chat::output::{Query, Record};
use karez::store::Storage;

use crate::net::{Answers, World};
use crate::story::*;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// A world on some day.
fn someday() -> World {
    someday_with(|_| {})
}

fn someday_with(change: impl FnOnce(&mut Limits)) -> World {
    let mut w = world_with(change);
    w.now.unix = UnixMillis(20_000 * DAY_MS);
    w
}

/// Days pass, and then the time for so many steps.
fn days_pass(w: &mut World, days: u64, steps: usize) {
    w.later_ms(days * DAY_MS);
    for _ in 1..steps {
        w.later_ms(100);
    }
}

fn is_stored(w: &World, uid: u64) -> bool {
    match w.store().read(&Query::User(id(uid))).unwrap() {
        Record::User(_, user) => user.is_some(),
        other => panic!("{other:?}"),
    }
}

fn history(gid: u64) -> Command<'static> {
    Command::History { target: Target::Group(id(gid)), bounds: Bounds::Newest, limit: None }
}

#[test]
fn a_guest_who_was_away_for_long_is_forgotten() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "hi"));
    w.send(ada, Command::Block { uid: id(5), on: true });
    w.leaves(ada);
    days_pass(&mut w, 30, 9);
    assert!(is_stored(&w, 1_001), "30 days are not over on the thirtieth");
    days_pass(&mut w, 1, 2);
    assert!(!is_stored(&w, 1_001));
    assert!(matches!(w.store().read(&Query::Group(id(7))), Ok(Record::Group(_, Some(group)))
        if group.members.is_empty() && group.seq == 1));

    // What was said stays, and the token still says who it is.
    let bob = w.guest(2, "Bob");
    assert_eq!(w.heard(bob), [""; 0]);
    w.send(bob, join(7));
    w.hush();
    w.send(bob, history(7));
    assert_eq!(w.heard(bob), ["history group 7: group 7 #1 1001 Ada: hi"]);
    let ada = SessionId(3);
    w.send(ada, guest_return(1_001, None));
    assert_eq!(w.heard(ada), ["login 1001 Guest 1001 guest"]);
    w.ask(ada, "m", members(7));
    assert_eq!(w.heard(ada), ["refused [m] Forbidden"]);
    w.known(4, 5);
    w.ask(SessionId(4), "p", pm(1_001, "do you hear me?"));
    assert_eq!(w.heard(ada), ["pm 5-1001 #1 5 5: do you hear me?"], "nobody is blocked any more");
}

#[test]
fn whoever_came_back_in_time_is_not() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.leaves(ada);
    for session in 2..5 {
        days_pass(&mut w, 29, 3);
        let ada = w.again(session, 1_001);
        w.leaves(ada);
    }
    assert!(is_stored(&w, 1_001));
}

#[test]
fn whoever_is_here_is_not_and_his_leave_counts() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    days_pass(&mut w, 100, 5);
    assert!(is_stored(&w, 1_001));
    // As if the daemon had been killed: nobody took leave.
    let store = w.into_store();
    let mut w = World::on(chat_with(|_| {}), store);
    w.now.unix = UnixMillis((20_000 + 130) * DAY_MS);
    w.later_ms(3_600_000);
    assert!(is_stored(&w, 1_001), "he was found here on the hundredth day");

    let ada = w.again(1, 1_001);
    w.wait_ms(100 * DAY_MS);
    w.leaves(ada);
    days_pass(&mut w, 30, 5);
    assert!(is_stored(&w, 1_001), "he left 30 days ago");
    days_pass(&mut w, 1, 5);
    assert!(!is_stored(&w, 1_001));
}

#[test]
fn after_a_start_there_is_time_to_come_back() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    let store = w.into_store();
    let mut w = World::on(chat_with(|_| {}), store);
    w.now.unix = UnixMillis((20_000 + 99) * DAY_MS);
    w.later_ms(3_599_999);
    w.again(1, 1_001);
    days_pass(&mut w, 1, 5);
    assert!(is_stored(&w, 1_001));
}

#[test]
fn others_hear_that_he_left_and_an_owner_is_followed() {
    let mut w = someday();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "mine"));
    w.send(bob, join(7));
    w.leaves(ada);
    w.hush();
    days_pass(&mut w, 31, 3);
    assert_eq!(w.heard(bob), ["left 7 1001 Ada (1)"]);
    w.ask(bob, "m", members(7));
    assert_eq!(w.heard(bob), ["members [m] 7: 1002 Bob owner"]);
    assert!(!is_stored(&w, 1_001));
}

#[test]
fn it_goes_in_small_steps() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    for gid in [9, 7, 8] {
        w.send(ada, join(gid));
    }
    w.leaves(ada);
    let groups = |w: &World| match w.store().read(&Query::User(id(1_001))).unwrap() {
        Record::User(_, user) => user.map(|user| user.groups),
        other => panic!("{other:?}"),
    };
    days_pass(&mut w, 31, 1);
    assert_eq!(groups(&w), Some(vec![id(8), id(9)]));
    w.later_ms(99);
    assert_eq!(groups(&w), Some(vec![id(8), id(9)]), "there is a pause");
    w.later_ms(1);
    assert_eq!(groups(&w), Some(vec![id(9)]));
    w.later_ms(100);
    w.later_ms(100);
    assert_eq!(groups(&w), None);
}

#[test]
fn his_number_is_nobody_elses() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.leaves(ada);
    days_pass(&mut w, 31, 4);
    assert!(!is_stored(&w, 1_001));
    let other = SessionId(2);
    w.send(other, known_login(id(1_001), None));
    assert_eq!(w.heard(other), ["refused Unauthorized", "bye Unauthorized"]);
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    w.send(other, known_login(id(1_001), None));
    assert_eq!(w.heard(other), ["refused Unauthorized", "bye Unauthorized"]);
    let guest = SessionId(3);
    w.send(guest, guest_login("Eve"));
    assert_eq!(w.heard(guest), ["login 1101 Eve guest"], "numbers of guests only rise");
}

#[test]
fn users_of_the_site_are_never_forgotten() {
    let mut w = someday();
    let ann = w.known(1, 5);
    w.send(ann, join(7));
    w.leaves(ann);
    days_pass(&mut w, 1_000, 5);
    assert!(is_stored(&w, 5));
}

#[test]
fn somebody_who_was_only_brought_in_is_forgotten_too() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.leaves(ada);
    let bob = w.known(2, 5);
    w.send(bob, group(7, "hi"));
    w.send(bob, act(7, Act::Add { uid: id(1_001) }));
    assert!(is_stored(&w, 1_001));
    days_pass(&mut w, 31, 3);
    assert!(!is_stored(&w, 1_001));
}

#[test]
fn a_failed_step_is_as_if_it_never_was() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.leaves(ada);
    w.wait_ms(31 * DAY_MS);
    w.deadline();
    w.fail();
    w.later_ms(3_600_000);
    w.wait_ms(100);
    w.deadline();
    w.fail();
    assert!(is_stored(&w, 1_001));
    let ada = w.again(2, 1_001);
    w.ask(ada, "m", members(7));
    assert_eq!(w.heard(ada), ["refused [m] Forbidden"], "the first step was done again, and held");
    w.leaves(ada);
    days_pass(&mut w, 31, 3);
    assert!(!is_stored(&w, 1_001));
}

#[test]
fn a_store_that_takes_nothing_keeps_no_guest_out() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.leaves(ada);
    w.later_ms(DAY_MS);
    w.request(SessionId(2), None, guest_return(1_001, None));
    w.fail();
    assert_eq!(w.heard(SessionId(2)), ["refused Internal { retry_ms: 1000 }"]);

    let was_seen = |w: &World| {
        let seen_before = w.now.unix.day();
        w.store().read(&Query::Forgettable { seen_before })
            == Ok(Record::Forgettable { seen_before, uid: None })
    };
    let ada = w.again(3, 1_001);
    assert!(!was_seen(&w), "the next login has nothing to write");
    w.leaves(ada);
    assert!(!was_seen(&w), "nor has its end");
    w.later_ms(3_600_000);
    w.again(4, 1_001);
    assert!(was_seen(&w), "after an hour the store is tried again");
}

#[test]
fn what_happens_while_the_store_is_asked_counts() {
    let mut w = someday();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    w.leaves(ada);
    w.wait_ms(31 * DAY_MS);
    w.answers = Answers::Later;
    w.deadline();
    w.commit();
    assert_eq!(w.chat.next_deadline(), None, "it waits for the store and not for the time");
    let ada = SessionId(2);
    w.request(ada, None, guest_return(1_001, None));
    while !w.asked.is_empty() {
        w.answer(w.asked.len() - 1);
        w.commit();
    }
    w.ask(ada, "m", members(7));
    while !w.asked.is_empty() {
        w.answer(0);
    }
    w.commit();
    assert_eq!(w.heard(ada).last().unwrap(), "members [m] 7: 1001 Ada owner");
}
