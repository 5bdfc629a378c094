//! What the site's back end pushes: told at once to whoever is there, and once to the others when they come.

use karez::chat::ids::{CallId, SessionId};
use karez::chat::output::Refusal;
use karez::chat::push::{Addressees, Push};

use crate::net::{Answered, Answers, World};
use crate::story::*;

fn push(to: Addressees, id: &str) -> Push<'_> {
    Push { to, id: id.into(), title: None, content: "news".into(), data: None, url: None, ttl_s: None }
}

fn to(uids: &[u64], push_id: &'static str) -> Push<'static> {
    push(Addressees::Users(uids.iter().map(|uid| id(*uid)).collect()), push_id)
}

fn to_group(gid: u64, push_id: &'static str) -> Push<'static> {
    push(Addressees::Group(id(gid)), push_id)
}

fn to_all(push_id: &'static str) -> Push<'static> {
    push(Addressees::All, push_id)
}

/// One push in a turn of its own, and what the call is answered.
fn pushed(w: &mut World, push: Push<'_>) -> Result<(usize, usize), Refusal> {
    let sent = push.id.to_string();
    w.push(1, push);
    w.commit();
    match w.answered().as_slice() {
        [(_, Answered::Pushed { id, counts })] if *id == sent => Ok((counts.online, counts.stored)),
        [(_, Answered::Refused(refusal))] => Err(refusal.clone()),
        other => panic!("{other:?}"),
    }
}

/// So many are there, and so many are told later.
fn counts(online: usize, stored: usize) -> Result<(usize, usize), Refusal> {
    Ok((online, stored))
}

fn refused(field: &'static str, words: &'static str) -> Result<(usize, usize), Refusal> {
    Err(Refusal::BadRequest(field, words))
}

/// Ada (1001) and Bob (1002) are members of group 7; Bob is not there.
fn bob_away() -> (World, SessionId) {
    let mut w = world_with(|limits| limits.replay_page_max = 3);
    let ada = w.guest(1, "Ada");
    let bob = w.guest(2, "Bob");
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.leaves(bob);
    w.hush();
    (w, ada)
}

/// Bob comes, and hears until nothing more comes.
fn bob_hears(w: &mut World, session: u64) -> Vec<String> {
    w.send(SessionId(session), guest_return(1002, None));
    w.drain();
    let mut heard = w.heard(SessionId(session));
    heard.retain(|line| !line.starts_with("login"));
    heard
}

#[test]
fn every_device_of_who_is_there_hears_it_at_once() {
    let (mut w, ada) = bob_away();
    w.send(SessionId(3), guest_return(1001, None));
    w.hush();
    let loud = Push {
        title: Some("Sale".into()),
        data: Some("{\"a\":1}".into()),
        url: Some("/sale".into()),
        ..to(&[1001, 1001], "p1")
    };
    assert_eq!(pushed(&mut w, loud), counts(1, 0));
    for session in [ada, SessionId(3)] {
        assert_eq!(w.heard(session), ["push p1 Sale: news {\"a\":1} /sale"]);
    }
}

#[test]
fn who_is_away_hears_it_once_at_the_next_login() {
    let (mut w, ada) = bob_away();
    assert_eq!(pushed(&mut w, to(&[1001, 1002], "p1")), counts(1, 1));
    assert_eq!(pushed(&mut w, to(&[1002], "p2")), counts(0, 1));
    assert_eq!(w.heard(ada), ["push p1 news"]);
    assert_eq!(w.pushes_for(&id(1002)), ["p1", "p2"]);
    assert_eq!(bob_hears(&mut w, 3), ["offline push p1 news", "offline push p2 news"]);
    assert!(w.pushes_for(&id(1002)).is_empty(), "struck when it has arrived");
    w.leaves(SessionId(3));
    assert_eq!(bob_hears(&mut w, 4), [""; 0]);
    assert_eq!(pushed(&mut w, to(&[1002], "p3")), counts(1, 0));
    assert_eq!(w.heard(SessionId(4)), ["push p3 news"]);
}

#[test]
fn what_waits_comes_behind_private_entries_and_before_the_end_of_a_replay() {
    let (mut w, ada) = bob_away();
    pushed(&mut w, to(&[1002], "p1")).unwrap();
    w.send(ada, pm(1002, "hello"));
    w.send(SessionId(3), resume(1002, &[(7, 0)], &[]));
    w.drain();
    let heard = w.heard(SessionId(3));
    assert_eq!(heard[1..], ["offline pm 1001-1002 #1 1001 Ada: hello", "offline push p1 news", "resumed"]);
}

#[test]
fn a_long_row_goes_page_by_page() {
    let (mut w, _) = bob_away();
    for _ in 0..7 {
        pushed(&mut w, to(&[1002], "p")).unwrap();
    }
    w.send(SessionId(3), guest_return(1002, None));
    assert_eq!(w.heard(SessionId(3)).len(), 4, "the login answer and a page");
    w.drain();
    assert_eq!(w.heard(SessionId(3)).len(), 4);
    assert!(w.pushes_for(&id(1002)).is_empty());
}

#[test]
fn what_has_not_arrived_comes_again_and_another_device_hears_it_too() {
    let (mut w, _) = bob_away();
    pushed(&mut w, to(&[1002], "p1")).unwrap();
    for session in [3, 4] {
        w.send(SessionId(session), guest_return(1002, None));
        assert_eq!(w.heard(SessionId(session)).last().unwrap(), "offline push p1 news");
    }
    w.leaves(SessionId(3));
    w.leaves(SessionId(4));
    assert_eq!(bob_hears(&mut w, 5), ["offline push p1 news"]);
    w.leaves(SessionId(5));
    assert_eq!(bob_hears(&mut w, 6), [""; 0]);
}

#[test]
fn members_hear_a_push_to_their_group() {
    let (mut w, ada) = bob_away();
    let cid = w.guest(3, "Cid");
    w.hush();
    assert_eq!(pushed(&mut w, to_group(7, "p1")), counts(1, 1));
    assert_eq!((w.heard(ada), w.heard(cid)), (vec!["push p1 news".to_owned()], vec![]));
    assert_eq!(bob_hears(&mut w, 4), ["offline push p1 news"]);
    assert_eq!(pushed(&mut w, to_group(8, "p2")), Err(Refusal::NotFound));
}

#[test]
fn a_group_that_nobody_has_looked_at_is_loaded_for_it() {
    let (mut w, ada) = bob_away();
    w.leaves(ada);
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    assert_eq!(pushed(&mut later, to_group(7, "p1")), counts(0, 2));
    assert_eq!(bob_hears(&mut later, 1), ["offline push p1 news"]);
    assert_eq!(pushed(&mut later, to_group(7, "p2")), counts(1, 1), "numbers go on");
    assert_eq!(later.pushes_for(&id(1001)), ["p1", "p2"]);
}

#[test]
fn a_session_whose_replay_has_not_come_to_the_group_hears_it_all_the_same() {
    let (mut w, ada) = bob_away();
    w.send(ada, group(7, "hi"));
    w.answers = Answers::Later;
    w.send(SessionId(3), resume(1002, &[(7, 0)], &[]));
    while w.asked.len() > 1 || !w.chat.is_replaying(SessionId(3)) {
        w.answer(0);
    }
    w.commit();
    w.answers = Answers::AtOnce;
    w.hush();
    w.push(1, to_group(7, "p1"));
    w.commit();
    let told = w.heard(SessionId(3));
    assert_eq!(told.iter().filter(|line| *line == "push p1 news").count(), 1, "{told:?}");
}

#[test]
fn everyone_connected_hears_a_push_to_all_and_nobody_later() {
    let (mut w, ada) = bob_away();
    w.send(SessionId(3), guest_return(1001, None));
    let cid = w.guest(4, "Cid");
    w.hush();
    assert_eq!(pushed(&mut w, to_all("p1")), counts(2, 0), "users, not devices");
    for session in [ada, SessionId(3), cid] {
        assert_eq!(w.heard(session), ["push p1 news"]);
    }
    assert_eq!(bob_hears(&mut w, 5), [""; 0]);
}

#[test]
fn a_push_waits_until_its_time_has_passed() {
    let (mut w, _) = bob_away();
    pushed(&mut w, Push { ttl_s: Some(60), ..to(&[1002], "short") }).unwrap();
    pushed(&mut w, to(&[1002], "week")).unwrap();
    assert_eq!(pushed(&mut w, Push { ttl_s: Some(0), ..to(&[1002], "never") }), counts(0, 0));
    w.wait_ms(60_000);
    assert_eq!(bob_hears(&mut w, 3), ["offline push week news"]);
    w.leaves(SessionId(3));
    pushed(&mut w, to(&[1002], "week")).unwrap();
    w.wait_ms(7 * 24 * 3_600 * 1_000);
    assert_eq!(bob_hears(&mut w, 4), [""; 0]);
}

#[test]
fn to_a_uid_never_seen_it_waits_and_no_guest_inherits_it() {
    let (mut w, _) = bob_away();
    assert_eq!(pushed(&mut w, to(&[77, 1003], "p1")), counts(0, 2));
    w.send(SessionId(3), guest_login("Cid"));
    assert_eq!(w.heard(SessionId(3)), ["login 1004 Cid guest"]);
    w.send(SessionId(4), known_login(id(77), None));
    assert_eq!(w.heard(SessionId(4)), ["login 77 77", "offline push p1 news"]);
}

#[test]
fn a_push_to_a_guest_after_a_restart_takes_nothing_from_him() {
    let (w, _) = bob_away();
    let mut later = World::on(chat_with(|_| {}), w.into_store());
    pushed(&mut later, to(&[1002, 1050], "p1")).unwrap();
    later.send(SessionId(1), known_login(id(1050), None));
    assert_eq!(
        later.heard(SessionId(1)),
        ["refused Unauthorized", "bye Unauthorized"],
        "of a reserved number"
    );
    assert_eq!(bob_hears(&mut later, 2), ["offline push p1 news"]);
}

#[test]
fn what_is_told_in_the_turn_in_which_the_last_session_goes_waits() {
    let (mut w, ada) = bob_away();
    w.push(1, to_group(7, "p1"));
    w.push(2, to(&[1001], "p2"));
    w.push(3, Push { ttl_s: Some(0), ..to(&[1001], "p3") });
    w.gone(ada);
    w.commit();
    assert_eq!(w.pushes_for(&id(1001)), ["p1", "p2"]);
    w.send(SessionId(3), guest_return(1001, None));
    assert_eq!(w.heard(SessionId(3))[1..], ["offline push p1 news", "offline push p2 news"]);
    w.drain();
    assert_eq!(bob_hears(&mut w, 4), ["offline push p1 news"]);
}

#[test]
fn a_session_that_is_told_to_end_is_not_there() {
    let mut w = world();
    let grant = karez::chat::input::Grant { holds_until: karez::base::clock::UnixMillis(5), ..grant(id(5)) };
    w.send(
        SessionId(1),
        karez::chat::input::Command::Login(karez::chat::input::Identity::Known(grant), None),
    );
    w.wait_ms(5);
    w.deadline();
    assert_eq!(pushed(&mut w, to(&[5], "p1")), counts(0, 1));
    assert_eq!(pushed(&mut w, to_all("p2")), counts(0, 0));
}

#[test]
fn a_failed_turn_tells_nobody_and_refuses_the_call() {
    let (mut w, ada) = bob_away();
    w.push(4, to(&[1001, 1002], "p1"));
    w.fail();
    assert_eq!(w.heard(ada), [""; 0]);
    let refusal = Refusal::Internal { retry_ms: 1_000 };
    assert_eq!(w.answered(), [(CallId(4), Answered::Refused(refusal))]);
    assert_eq!(pushed(&mut w, to(&[1001, 1002], "p1")), counts(1, 1));
    assert_eq!(bob_hears(&mut w, 3), ["offline push p1 news"]);
}

#[test]
fn a_strike_that_fails_is_made_again_and_nobody_hears_twice() {
    let (mut w, _) = bob_away();
    pushed(&mut w, to(&[1002], "p1")).unwrap();
    w.send(SessionId(3), guest_return(1002, None));
    w.hush();
    w.flush(SessionId(3));
    w.fail();
    assert_eq!(w.pushes_for(&id(1002)), ["p1"], "it is not struck yet");
    w.leaves(SessionId(3));
    assert_eq!(bob_hears(&mut w, 4), [""; 0]);
    w.wait_ms(1_000);
    w.drain();
    assert!(w.pushes_for(&id(1002)).is_empty());
}

#[test]
fn a_call_waits_for_the_store_and_is_refused_if_that_fails() {
    let (w, _) = bob_away();
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    w.answers = Answers::Later;
    w.push(1, to_group(7, "p1"));
    w.commit();
    assert_eq!((w.asked.len(), w.answered()), (1, vec![]));
    w.fail();
    let refusal = Refusal::Internal { retry_ms: 1_000 };
    assert_eq!(w.answered(), [(CallId(1), Answered::Refused(refusal))]);
    w.answer(0);
    w.commit();
    assert_eq!(w.answered(), []);
}

#[test]
fn what_is_pushed_is_bounded() {
    let mut w = world_with(|limits| {
        (limits.push_uids_max, limits.push_title_bytes_max, limits.push_content_bytes_max) = (2, 3, 4);
        (limits.data_bytes_max, limits.push_url_bytes_max, limits.push_ttl_seconds_max) = (5, 6, 7);
    });
    let fits = Push {
        title: Some("abc".into()),
        data: Some("{   }".into()),
        url: Some("/12345".into()),
        ttl_s: Some(7),
        ..to(&[1, 2], "p1")
    };
    assert_eq!(pushed(&mut w, fits.clone()), counts(0, 2));
    let too_large = |field| Err(Refusal::TooLarge(field));
    let cases = [
        (to(&[1, 2, 3], "p"), too_large("uids")),
        (Push { title: Some("abcd".into()), ..fits.clone() }, too_large("title")),
        (Push { content: "12345".into(), ..fits.clone() }, too_large("content")),
        (Push { data: Some("{    }".into()), ..fits.clone() }, too_large("data")),
        (Push { url: Some("/123456".into()), ..fits.clone() }, too_large("url")),
        (Push { ttl_s: Some(8), ..fits }, refused("ttl", "is longer than a push may wait")),
    ];
    for (push, answer) in cases {
        assert_eq!(pushed(&mut w, push), answer);
    }
}

#[test]
fn who_is_nobody_is_told_nothing() {
    let mut w = world();
    assert_eq!(pushed(&mut w, to(&[], "p")), refused("uids", "names nobody"));
    let system = push(Addressees::Users(vec![id(1), text_id("system")]), "p");
    assert_eq!(pushed(&mut w, system), refused("uid", "is reserved"));
    let system = push(Addressees::Group(text_id("system")), "p");
    assert_eq!(pushed(&mut w, system), refused("gid", "is reserved"));
}

#[test]
fn a_link_leads_to_a_page_and_nowhere_else() {
    let mut w = world();
    let mut answer = |url: &'static str| pushed(&mut w, Push { url: Some(url.into()), ..to(&[1], "p") });
    for url in ["/", "/a?b#c", "http://example.org", "HTTPS://example.org/大"] {
        assert_eq!(answer(url), counts(0, 1), "{url}");
    }
    let words = "must be http, https, or a path that begins with one slash";
    for url in ["", "a", "//evil", "/\\evil", "javascript:alert(1)", "data:,", "http:/a", "/a\nb", " /a"] {
        assert_eq!(answer(url), refused("url", words), "{url}");
    }
}
