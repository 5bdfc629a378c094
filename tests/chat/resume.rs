//! Who comes back with the last numbers that he has gets every later entry, or is told of a gap.

use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Command, Grant, Identity, Resume, Target};

use crate::net::{Answers, World};
use crate::story::*;

/// Ada has said three things in group 7 while Bob, who is a member, was away; he had heard the first.
fn bob_away() -> (World, SessionId) {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (10_000, 10_000);
        limits.replay_page_max = 3;
        limits.resume_entries_max = 20;
    });
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.send(ada, group(7, "m1"));
    w.leaves(bob);
    say(&mut w, ada, 2..=3);
    (w, ada)
}

fn say(w: &mut World, ada: SessionId, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        w.send(ada, group(7, &format!("m{n}")));
    }
    w.hush();
}

fn said(n: u64) -> String {
    format!("group 7 #{n} 1001 Ada: m{n}")
}

fn whispered(seq: u64, words: &str) -> String {
    format!("pm 1001-1002 #{seq} 1001 Ada: {words}")
}

/// Bob comes back with these numbers. What he hears is not looked at yet.
fn back(w: &mut World, session: u64, groups: &[(u64, u64)], users: &[(u64, u64)]) -> SessionId {
    w.send(SessionId(session), resume(1002, groups, users));
    SessionId(session)
}

/// Everything that the session hears until nothing more comes, the login answer left out.
fn drained(w: &mut World, session: SessionId) -> Vec<String> {
    w.drain();
    let mut heard = w.heard(session);
    heard.retain(|line| !line.starts_with("login"));
    heard
}

/// The lines, and that it was all.
fn and_resumed(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    lines.into_iter().chain(["resumed".to_owned()]).collect()
}

#[test]
fn what_was_missed_comes_behind_the_login_and_before_what_is_live() {
    let (mut w, ada) = bob_away();
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    assert_eq!(w.heard(bob), ["login 1002 Bob guest", &said(2), &said(3), "resumed"]);
    w.send(ada, group(7, "m4"));
    assert_eq!(w.heard(bob), [said(4)]);
    assert!(!w.chat.is_replaying(bob));
}

#[test]
fn who_has_everything_is_told_so_without_a_look_into_the_store() {
    let (mut w, ada) = bob_away();
    w.send(ada, pm(1002, "psst"));
    w.hush();
    let bob = back(&mut w, 3, &[(7, 3)], &[(1001, 1)]);
    w.drain();
    w.leaves(bob);
    w.hush();
    w.answers = Answers::Later;
    w.request(SessionId(4), None, resume(1002, &[(7, 3)], &[(1001, 1)]));
    w.answer(0);
    assert!(w.asked.is_empty(), "all was asked that a login asks");
    w.commit();
    assert_eq!(w.heard(SessionId(4)), ["login 1002 Bob guest", "resumed"]);
}

#[test]
fn who_names_nothing_is_told_that_nothing_is_missing() {
    let (mut w, _) = bob_away();
    let bob = back(&mut w, 3, &[], &[]);
    assert_eq!(w.heard(bob), ["login 1002 Bob guest", "resumed"]);
}

#[test]
fn a_group_that_is_not_named_is_heard_from_now_on() {
    let (mut w, ada) = bob_away();
    let bob = back(&mut w, 3, &[], &[]);
    w.hush();
    w.send(ada, group(7, "m4"));
    assert_eq!(w.heard(bob), [said(4)]);
}

#[test]
fn private_talks_are_named_by_the_other_user() {
    let (mut w, ada) = bob_away();
    for words in ["one", "two", "three"] {
        w.send(ada, pm(1002, words));
    }
    let bob = back(&mut w, 3, &[(7, 3)], &[(1001, 1)]);
    assert_eq!(drained(&mut w, bob), and_resumed([whispered(2, "two"), whispered(3, "three")]));
    assert!(!w.is_waiting(1002), "the client has it, so it does not wait");
    w.leaves(bob);
    let bob = SessionId(4);
    w.send(bob, guest_return(1002, None));
    assert_eq!(drained(&mut w, bob), [""; 0]);
}

#[test]
fn what_waits_in_talks_that_were_not_named_comes_behind() {
    let (mut w, ada) = bob_away();
    let cid = w.guest(5, "Cid");
    w.send(cid, pm(1002, "from Cid"));
    w.send(ada, pm(1002, "from Ada"));
    let bob = back(&mut w, 3, &[(7, 2)], &[(1001, 0)]);
    let of_cid = "offline pm 1002-1003 #1 1003 Cid: from Cid".to_owned();
    assert_eq!(drained(&mut w, bob), and_resumed([said(3), whispered(1, "from Ada"), of_cid]));
    assert!(!w.is_waiting(1002));
}

#[test]
fn where_too_much_is_missing_a_gap_stands_for_all_of_it() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=22);
    let bob = back(&mut w, 3, &[(7, 2)], &[]);
    let all = (3..=22).map(said);
    assert_eq!(drained(&mut w, bob), and_resumed(all), "20 are not too many");
    let phone = back(&mut w, 4, &[(7, 1)], &[]);
    assert_eq!(drained(&mut w, phone), and_resumed(["gap group 7 1..23".to_owned()]));
    w.send(ada, group(7, "m23"));
    assert_eq!(w.heard(phone), [said(23)], "from `before` on it hears everything");
}

#[test]
fn a_figure_that_means_nothing_is_a_gap_from_the_beginning() {
    let (mut w, ada) = bob_away();
    w.send(ada, pm(1002, "psst"));
    let ahead = back(&mut w, 3, &[(7, 4)], &[(1001, 9)]);
    let gaps = || and_resumed(["gap group 7 0..4".to_owned(), "gap user 1001 0..2".to_owned()]);
    assert_eq!(drained(&mut w, ahead), gaps());
    assert!(!w.is_waiting(1002));
    let foreign = SessionId(4);
    let named = vec![(Target::Group(id(7)), None), (Target::User(id(1001)), None)];
    w.send(foreign, resume_with(1002, named.clone()));
    assert_eq!(drained(&mut w, foreign), gaps(), "of another store");
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    later.send(foreign, resume_with(1002, named));
    assert_eq!(drained(&mut later, foreign), gaps(), "and with nothing in memory");
}

#[test]
fn a_talk_in_which_nobody_has_spoken_is_complete() {
    let (mut w, _) = bob_away();
    let bob = back(&mut w, 3, &[], &[(77, 0)]);
    assert_eq!(drained(&mut w, bob), and_resumed([]));
    let phone = back(&mut w, 4, &[], &[(77, 5)]);
    assert_eq!(drained(&mut w, phone), and_resumed(["gap user 77 0..1".to_owned()]));
}

#[test]
fn a_group_that_was_made_anew_is_a_gap() {
    let (mut w, ada) = bob_away();
    w.send(ada, act(7, Act::GroupDelete));
    w.send(ada, group(7, "anew"));
    w.send(SessionId(2), guest_return(1002, None));
    w.send(SessionId(2), join(7));
    w.leaves(SessionId(2));
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    assert_eq!(drained(&mut w, bob), and_resumed(["gap group 7 1..6".to_owned()]));
}

#[test]
fn what_one_may_not_see_is_passed_over_in_silence() {
    let (mut w, ada) = bob_away();
    let cid = w.guest(5, "Cid");
    w.send(cid, group(8, "not for Bob"));
    w.send(ada, kick(7, 1002));
    w.hush();
    let bob = back(&mut w, 3, &[(7, 1), (8, 0), (9, 0)], &[(1003, 0)]);
    assert_eq!(drained(&mut w, bob), and_resumed([]));
    w.send(cid, group(8, "still not"));
    assert_eq!(w.heard(bob), [""; 0]);
}

#[test]
fn what_is_said_during_the_replay_comes_in_its_place() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=6);
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    assert_eq!(w.heard(bob)[1..], [said(2), said(3), said(4)]);
    say(&mut w, ada, 7..=7);
    assert_eq!(w.heard(bob), [""; 0], "not live before the replay is there");
    w.flush(bob);
    w.request(ada, None, group(7, "m8"));
    w.commit();
    assert_eq!(w.heard(bob), [said(5), said(6), said(7), "resumed".to_owned(), said(8)]);
}

#[test]
fn a_long_replay_goes_page_by_page_as_the_client_takes_it() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=12);
    let bob = back(&mut w, 3, &[(7, 0)], &[]);
    for (first, last) in [(1, 3), (4, 6), (7, 9), (10, 12)] {
        let mut heard = w.heard(bob);
        heard.retain(|line| line.starts_with("group"));
        assert_eq!(heard, (first..=last).map(said).collect::<Vec<_>>());
        w.later_ms(60_000);
        assert_eq!(w.heard(bob), [""; 0], "whoever does not take it gets no more");
        w.flush(bob);
        w.commit();
    }
    assert!(!w.chat.is_replaying(bob));
}

#[test]
fn short_conversations_share_a_page() {
    let (mut w, ada) = bob_away();
    for gid in 10..20 {
        w.send(SessionId(2), guest_return(1002, None));
        w.send(SessionId(2), join(gid));
        w.send(ada, group(gid, "hi"));
    }
    w.leaves(SessionId(2));
    w.hush();
    let groups: Vec<(u64, u64)> = (10..20).map(|gid| (gid, 0)).collect();
    let bob = back(&mut w, 3, &groups, &[]);
    w.later_ms(0);
    assert!(w.marked().is_empty(), "nothing was waited for but the next turn");
    assert_eq!(w.heard(bob).len(), 1 + 10 + 1);
}

#[test]
fn a_turn_has_room_for_so_many_pages_and_everybody_has_a_turn() {
    let mut w = world_with(|limits| limits.replay_pages_per_turn = 2);
    let ada = w.guest(1, "Ada");
    for gid in 1..=3 {
        w.send(ada, group(gid, "hi"));
    }
    w.leaves(ada);
    let named = [(1, 0), (2, 0), (3, 0)];
    let (one, other) = (SessionId(2), SessionId(3));
    w.request(one, None, resume(1001, &named, &[]));
    w.request(other, None, resume(1001, &named, &[]));
    w.commit();
    let pages = |w: &mut World| [w.heard(one), w.heard(other)].map(|heard| heard.len());
    assert_eq!(pages(&mut w), [1 + 2, 1], "the first comes first");
    // The third page and the end, beside the first page of the other; then the rest of that.
    for expected in [[1 + 1, 1], [0, 2 + 1]] {
        assert_eq!(w.chat.next_deadline(), Some(Default::default()), "the next turn comes at once");
        w.deadline();
        w.commit();
        assert_eq!(pages(&mut w), expected);
    }
    assert!(!w.chat.is_replaying(one) && !w.chat.is_replaying(other));
}

#[test]
fn so_many_conversations_may_be_named() {
    let mut w = world_with(|limits| limits.resume_conversations_max = 2);
    w.guest(1, "Ada");
    let ada = SessionId(2);
    w.send(ada, resume(1001, &[(1, 0), (2, 0)], &[(3, 0)]));
    assert_eq!(w.heard(ada), ["refused BadRequest(\"resume\", \"names too many conversations\")"]);
    w.send(ada, resume(1001, &[(1, 0)], &[(3, 0)]));
    assert_eq!(w.heard(ada), ["login 1001 Ada guest", "resumed"], "the connection goes on");
}

#[test]
fn who_is_put_out_during_the_replay_hears_no_more_of_it() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=6);
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    w.hush();
    w.send(ada, kick(7, 1002));
    say(&mut w, ada, 8..=8);
    assert_eq!(drained(&mut w, bob), and_resumed([]));
    w.send(ada, group(7, "m9"));
    assert_eq!(w.heard(bob), [""; 0]);
}

#[test]
fn who_is_put_out_while_the_page_is_under_way_does_not_get_it() {
    let (mut w, ada) = bob_away();
    w.answers = Answers::Later;
    w.request(SessionId(3), None, resume(1002, &[(7, 1)], &[]));
    w.answer(0);
    w.send(ada, kick(7, 1002));
    w.hush();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(SessionId(3)), ["resumed"]);
}

#[test]
fn who_comes_in_again_during_the_replay_gets_all_of_it() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=6);
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    w.hush();
    w.send(ada, kick(7, 1002));
    w.send(SessionId(3), join(7));
    w.hush();
    let acts = ["group 7 #7 1001 Ada: *kick 1002*".to_owned()];
    assert_eq!(drained(&mut w, bob), and_resumed([said(5), said(6)].into_iter().chain(acts)));
    w.send(ada, group(7, "m8"));
    assert_eq!(w.heard(bob), [said(8)]);
}

#[test]
fn whom_the_token_brings_in_gets_what_he_named() {
    let (mut w, ada) = bob_away();
    let login = |groups: Vec<Id>, after| {
        let resume = Resume { conversations: vec![(Target::Group(id(7)), Some(after))] };
        Command::Login(Identity::Known(Grant { groups, ..grant(id(5)) }), Some(resume))
    };
    w.send(SessionId(5), login(vec![id(7)], 1));
    assert_eq!(drained(&mut w, SessionId(5)), and_resumed([said(2), said(3)]));
    w.send(ada, group(7, "m4"));
    assert_eq!(w.heard(SessionId(5)), [said(4)], "heard once");
}

#[test]
fn several_who_want_the_same_page_all_get_it() {
    let (mut w, ada) = bob_away();
    w.answers = Answers::Later;
    w.request(SessionId(3), None, resume(1002, &[(7, 1)], &[]));
    w.answer(0);
    w.request(SessionId(4), None, resume(1002, &[(7, 1)], &[]));
    w.request(ada, None, group(7, "m4"));
    w.answer(0);
    w.commit();
    for session in [3, 4].map(SessionId) {
        assert_eq!(w.heard(session), ["login 1002 Bob guest", &said(2), &said(3), &said(4), "resumed"]);
    }
    assert!(w.asked.is_empty());
}

#[test]
fn a_failed_turn_leaves_the_replay_where_it_was() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=9);
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    assert_eq!(w.heard(bob)[1..], [said(2), said(3), said(4)]);
    w.flush(bob);
    w.fail();
    w.silence();
    assert_eq!(drained(&mut w, bob), [""; 0], "the store is left in peace");
    w.wait_ms(1_000);
    assert_eq!(drained(&mut w, bob), and_resumed((5..=9).map(said)));
    w.send(ada, group(7, "m10"));
    assert_eq!(w.heard(bob), [said(10)]);
}

#[test]
fn a_failed_login_has_no_replay() {
    let (mut w, ada) = bob_away();
    w.request(SessionId(3), None, resume(1002, &[(7, 1)], &[]));
    w.fail();
    w.hush();
    w.wait_ms(1_000);
    w.drain();
    w.silence();
    let bob = back(&mut w, 3, &[(7, 2)], &[]);
    assert_eq!(drained(&mut w, bob), and_resumed([said(3)]));
    w.send(ada, group(7, "m4"));
    assert_eq!(w.heard(bob), [said(4)]);
}

#[test]
fn a_page_that_was_never_answered_is_asked_for_again_after_a_failure() {
    let (mut w, ada) = bob_away();
    w.answers = Answers::Later;
    w.request(SessionId(3), None, resume(1002, &[(7, 1)], &[]));
    w.answer(0);
    w.commit();
    w.hush();
    w.asked.clear();
    w.request(ada, None, group(7, "lost"));
    w.fail();
    w.hush();
    w.wait_ms(1_000);
    w.deadline();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(SessionId(3)), and_resumed([said(2), said(3)]));
}

#[test]
fn who_goes_in_the_middle_is_forgotten() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=9);
    let bob = back(&mut w, 3, &[(7, 1)], &[]);
    w.leaves(bob);
    w.hush();
    w.drain();
    w.silence();
    let bob = back(&mut w, 4, &[(7, 4)], &[]);
    assert_eq!(drained(&mut w, bob), and_resumed((5..=9).map(said)));
}

#[test]
fn a_private_word_during_the_replay_waits_for_its_leg() {
    let (mut w, ada) = bob_away();
    say(&mut w, ada, 4..=6);
    for words in ["one", "two"] {
        w.send(ada, pm(1002, words));
    }
    let bob = back(&mut w, 3, &[(7, 1)], &[(1001, 1)]);
    w.hush();
    w.send(ada, pm(1002, "three"));
    w.hush();
    let rest = [said(5), said(6), whispered(2, "two"), whispered(3, "three")];
    assert_eq!(drained(&mut w, bob), and_resumed(rest));
    assert!(!w.is_waiting(1002));
    assert_eq!(w.store().entries(&Conversation::direct(&id(1001), &id(1002))).count(), 3);
}
