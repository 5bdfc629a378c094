//! What is said to somebody who is not there comes when he is.

use karez::base::clock::UnixMillis;
use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Grant, Identity};

use crate::net::{Answers, World};
use crate::story::*;

/// Ada is there and Bob is not: what she says to him waits.
fn ada_alone() -> (World, SessionId) {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (10_000, 10_000);
        limits.replay_page_max = 3;
    });
    let ada = w.guest(1, "Ada");
    let bob = w.guest(2, "Bob");
    w.leaves(bob);
    w.hush();
    (w, ada)
}

fn said(seq: u64, words: &str) -> String {
    format!("pm 1001-1002 #{seq} 1001 Ada: {words}")
}

fn late(seq: u64, words: &str) -> String {
    format!("offline {}", said(seq, words))
}

/// Bob comes back. What he hears is not looked at yet.
fn bob_comes(w: &mut World, session: u64) -> SessionId {
    w.send(SessionId(session), guest_return(1002, None));
    SessionId(session)
}

/// Everything that the session hears until nothing more comes, the login answer left out.
fn drained(w: &mut World, session: SessionId) -> Vec<String> {
    w.drain();
    let mut heard = w.heard(session);
    heard.retain(|line| !line.starts_with("login"));
    heard
}

#[test]
fn it_comes_at_the_next_login_and_not_at_the_one_after() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    w.send(ada, pm(1002, "two"));
    let bob = bob_comes(&mut w, 3);
    assert!(w.is_waiting(1002), "until it has arrived");
    assert_eq!(drained(&mut w, bob), [late(1, "one"), late(2, "two")]);
    assert!(!w.is_waiting(1002));
    w.leaves(bob);
    let bob = bob_comes(&mut w, 4);
    assert_eq!(drained(&mut w, bob), [""; 0]);
    w.send(ada, pm(1002, "three"));
    assert_eq!(w.heard(bob), [said(3, "three")], "live");
    assert!(!w.is_waiting(1002));
}

#[test]
fn to_a_uid_never_seen_it_comes_at_the_first_login() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(77, "welcome"));
    w.hush();
    w.send(SessionId(9), known_login(id(77), None));
    assert_eq!(w.heard(SessionId(9)), ["login 77 77", "offline pm 77-1001 #1 1001 Ada: welcome"]);
}

#[test]
fn the_oldest_come_first_whoever_said_them() {
    let (mut w, ada) = ada_alone();
    let cid = w.guest(3, "Cid");
    w.send(ada, pm(1002, "one"));
    w.send(cid, pm(1002, "two"));
    w.send(ada, pm(1002, "three"));
    w.send(cid, pm(1002, "four"));
    let bob = bob_comes(&mut w, 4);
    let of_cid = |seq, words: &str| format!("offline pm 1002-1003 #{seq} 1003 Cid: {words}");
    assert_eq!(drained(&mut w, bob), [late(1, "one"), of_cid(1, "two"), late(2, "three"), of_cid(2, "four")]);
}

#[test]
fn it_survives_a_restart() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    let bob = bob_comes(&mut later, 1);
    assert_eq!(drained(&mut later, bob), [late(1, "one")]);
}

#[test]
fn what_has_not_arrived_comes_again() {
    let (mut w, ada) = ada_alone();
    for n in 1..=7 {
        w.send(ada, pm(1002, &format!("m{n}")));
    }
    let bob = bob_comes(&mut w, 3);
    assert_eq!(w.heard(bob).len(), 1 + 3, "a page, and the login");
    w.flush(bob);
    w.commit();
    assert_eq!(w.heard(bob).len(), 3, "the page behind it");
    w.leaves(bob);
    let bob = bob_comes(&mut w, 4);
    let again: Vec<String> = (4..=7).map(|n| late(n, &format!("m{n}"))).collect();
    assert_eq!(drained(&mut w, bob), again, "the first page had arrived");
    assert!(!w.is_waiting(1002));
}

#[test]
fn who_goes_in_the_same_turn_has_not_heard_it() {
    let (mut w, ada) = ada_alone();
    let bob = bob_comes(&mut w, 3);
    w.request(ada, None, pm(1002, "still there?"));
    w.gone(bob);
    w.commit();
    let bob = bob_comes(&mut w, 4);
    assert_eq!(drained(&mut w, bob), [late(1, "still there?")]);
}

#[test]
fn another_device_that_is_left_has_heard_it() {
    let (mut w, ada) = ada_alone();
    let (bob, phone) = (bob_comes(&mut w, 3), bob_comes(&mut w, 4));
    w.hush();
    w.request(ada, None, pm(1002, "hi"));
    w.gone(bob);
    w.commit();
    assert_eq!(w.heard(phone), [said(1, "hi")]);
    assert!(!w.is_waiting(1002));
}

#[test]
fn what_is_said_to_oneself_waits_for_nobody() {
    let (mut w, ada) = ada_alone();
    w.request(ada, None, pm(1001, "note"));
    w.gone(ada);
    w.commit();
    assert!(!w.is_waiting(1001));
}

#[test]
fn two_devices_that_come_together_both_get_it() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    let (bob, phone) = (bob_comes(&mut w, 3), bob_comes(&mut w, 4));
    assert_eq!(drained(&mut w, bob), [late(1, "one")]);
    assert_eq!(drained(&mut w, phone), [late(1, "one")]);
    assert!(!w.is_waiting(1002));
}

#[test]
fn what_is_said_meanwhile_comes_behind_what_waits() {
    let (mut w, ada) = ada_alone();
    for n in 1..=4 {
        w.send(ada, pm(1002, &format!("m{n}")));
    }
    let bob = bob_comes(&mut w, 3);
    w.hush();
    w.send(ada, pm(1002, "meanwhile"));
    w.send(ada, pm(1002, "and more"));
    assert_eq!(w.heard(bob), [""; 0], "its turn has not come");
    assert!(w.is_waiting(1002), "nobody has heard it, and the connection may break");
    assert_eq!(drained(&mut w, bob), [late(4, "m4"), said(5, "meanwhile"), said(6, "and more")]);
    assert!(!w.is_waiting(1002));
    w.send(ada, pm(1002, "live"));
    assert_eq!(w.heard(bob), [said(7, "live")]);
}

#[test]
fn what_was_said_meanwhile_waits_if_the_connection_breaks() {
    let (mut w, ada) = ada_alone();
    for n in 1..=4 {
        w.send(ada, pm(1002, &format!("m{n}")));
    }
    let bob = bob_comes(&mut w, 3);
    w.send(ada, pm(1002, "meanwhile"));
    w.flush(bob);
    w.commit();
    w.leaves(bob);
    let bob = bob_comes(&mut w, 4);
    assert_eq!(drained(&mut w, bob), [late(4, "m4"), late(5, "meanwhile")]);
}

#[test]
fn ones_own_words_from_another_device_come_in_their_place() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    let (bob, phone) = (SessionId(3), SessionId(4));
    w.answers = Answers::Later;
    w.request(bob, None, guest_return(1002, None));
    w.answer(0);
    w.answers = Answers::AtOnce;
    w.request(phone, None, guest_return(1002, None));
    w.request(phone, None, pm(1001, "my answer"));
    w.commit();
    w.answer(0);
    w.commit();
    let answer = "pm 1001-1002 #2 1002 Bob: my answer".to_owned();
    assert_eq!(drained(&mut w, bob), [late(1, "one"), answer.clone()]);
    assert_eq!(drained(&mut w, phone), [late(1, "one"), answer]);
    assert!(!w.is_waiting(1002));
}

#[test]
fn a_failed_turn_has_told_nothing_and_struck_nothing() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    w.hush();
    let bob = SessionId(3);
    w.request(bob, None, guest_return(1002, None));
    w.fail();
    assert_eq!(w.heard(bob), ["refused Internal { retry_ms: 1000 }"]);
    w.wait_ms(1_000);
    let bob = bob_comes(&mut w, 3);
    w.hush();
    w.flush(bob);
    w.fail();
    assert!(w.is_waiting(1002), "the strike was undone");
    assert_eq!(w.chat.next_deadline(), Some(w.now.mono.plus_ms(1_000)));
    w.wait_ms(1_000);
    w.drain();
    assert!(!w.is_waiting(1002), "and is made up for");
    w.silence();
}

#[test]
fn what_has_arrived_does_not_come_again_though_the_store_has_failed_to_strike_it() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    let bob = bob_comes(&mut w, 3);
    w.flush(bob);
    w.fail();
    w.leaves(bob);
    assert!(w.is_waiting(1002));
    w.wait_ms(1_000);
    w.request(SessionId(4), None, guest_return(1002, None));
    w.commit();
    assert_eq!(drained(&mut w, SessionId(4)), [""; 0]);
    assert!(!w.is_waiting(1002));
}

#[test]
fn where_the_store_takes_nothing_whoever_comes_back_is_told_all_the_same() {
    let (mut w, ada) = ada_alone();
    for n in 1..=4 {
        w.send(ada, pm(1002, &format!("m{n}")));
    }
    let bob = bob_comes(&mut w, 3);
    w.flush(bob);
    w.fail();
    w.hush();
    // From now on every turn fails that has something to write.
    w.tracing = true;
    let end_turn = |w: &mut World| {
        let writes = std::mem::take(&mut w.trace).iter().any(|output| output.starts_with("Store("));
        if writes {
            w.fail()
        } else {
            w.commit()
        }
        writes
    };
    let phone = SessionId(4);
    w.request(phone, None, resume(1002, &[], &[(1001, 0)]));
    let mut failures = 0;
    for _ in 0..20 {
        failures += u32::from(end_turn(&mut w));
        w.flush(phone);
        w.wait_ms(500);
        w.deadline();
    }
    let all = (1..=4).map(|n| said(n, &format!("m{n}")));
    let expected: Vec<String> =
        ["login 1002 Bob guest".to_owned()].into_iter().chain(all).chain(["resumed".to_owned()]).collect();
    assert_eq!(w.heard(phone), expected);
    assert!(failures > 3, "what arrived is tried to be struck now and then");
    end_turn(&mut w);
    w.wait_ms(1_000);
    w.drain();
    assert!(!w.is_waiting(1002), "and is, when the store takes it");
}

#[test]
fn a_page_that_fails_comes_later() {
    let (mut w, ada) = ada_alone();
    for n in 1..=4 {
        w.send(ada, pm(1002, &format!("m{n}")));
    }
    let bob = bob_comes(&mut w, 3);
    w.hush();
    // The mark is reached in a turn in which the replay has changed before.
    w.request(ada, None, pm(1002, "lost"));
    w.flush(bob);
    w.fail();
    w.hush();
    assert_eq!(drained(&mut w, bob), [""; 0], "the store is left in peace");
    w.wait_ms(1_000);
    assert_eq!(drained(&mut w, bob), [late(4, "m4")]);
    w.send(ada, pm(1002, "five"));
    assert_eq!(w.heard(bob), [said(5, "five")]);
    assert!(!w.is_waiting(1002));
}

#[test]
fn who_is_told_to_go_is_not_there_any_more() {
    let (mut w, ada) = ada_alone();
    let eve = SessionId(5);
    w.send(eve, known_login(id(5), None));
    w.later_ms(86_400_000);
    assert!(w.heard(eve).last().unwrap().starts_with("bye"));
    w.send(ada, pm(5, "hello?"));
    assert!(w.is_waiting(5), "the connection is there, but nothing is sent to it");
}

#[test]
fn what_was_heard_by_nobody_after_all_comes_in_its_place() {
    let (mut w, ada) = ada_alone();
    let eve = SessionId(5);
    w.send(eve, known_login(id(5), None));
    w.request(ada, None, pm(5, "one"));
    w.wait_ms(86_400_000);
    w.deadline();
    w.request(ada, None, pm(5, "two"));
    w.gone(eve);
    w.commit();
    w.hush();
    let late = |seq, words: &str| format!("offline pm 5-1001 #{seq} 1001 Ada: {words}");
    let grant = Grant { holds_until: UnixMillis(u64::MAX), ..grant(id(5)) };
    w.send(SessionId(6), Command::Login(Identity::Known(grant), None));
    assert_eq!(drained(&mut w, SessionId(6)), [late(1, "one"), late(2, "two")]);
    assert!(!w.is_waiting(5));
}

#[test]
fn a_login_asks_the_store_for_nothing_where_nothing_waits() {
    let (mut w, ada) = ada_alone();
    w.send(ada, pm(1002, "one"));
    let bob = bob_comes(&mut w, 3);
    w.drain();
    w.answers = Answers::Later;
    // The first one still asks: that nothing is left nobody has seen yet.
    let phone = bob_comes(&mut w, 4);
    assert_eq!(w.asked.len(), 1);
    w.answer(0);
    w.commit();
    w.again(5, 1002);
    assert!(w.asked.is_empty());
    assert!(!w.chat.is_replaying(phone) && !w.chat.is_replaying(bob));
}
