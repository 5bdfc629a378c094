//! Finding what was said.

use karez::chat::ids::SessionId;
use karez::chat::input::{Command, Draft, Input, Target};
use karez::store::Storage;

use crate::net::{Answers, Told, World};
use crate::story::*;

fn search(query: &str) -> Command<'_> {
    Command::Search { query: query.into(), target: None, cursor: None, limit: None }
}

fn search_in(target: Target, query: &str) -> Command<'_> {
    Command::Search { query: query.into(), target: Some(target), cursor: None, limit: None }
}

fn in_group(query: &str) -> Command<'_> {
    search_in(Target::Group(id(7)), query)
}

/// What is found, the newest first, and where the search goes on.
fn find(w: &mut World, session: SessionId, command: Command<'_>) -> (Vec<String>, Option<u64>) {
    w.send(session, command);
    match w.told(session).remove(0) {
        Told::Search { found, next, .. } => (found.into_iter().map(|said| said.content).collect(), next),
        other => panic!("{other:?}"),
    }
}

fn texts(texts: &[&str]) -> (Vec<String>, Option<u64>) {
    (texts.iter().map(|text| (*text).to_owned()).collect(), None)
}

/// Ada in group 7, where so many entries have been said, each of them with `tea` in it.
fn group_of(entries: u64) -> (World, SessionId) {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (10_000, 10_000);
    });
    let ada = w.guest(1, "Ada");
    for number in 1..=entries {
        w.request(ada, None, group(7, &format!("tea {number}")));
    }
    w.commit();
    w.hush();
    (w, ada)
}

#[test]
fn words_are_found_in_all_of_ones_conversations_the_newest_first() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "今天天气很好"));
    w.send(ada, pm(1002, "how is the weather, 天气?"));
    w.send(bob, group(7, "Weather!"));
    w.send(bob, pm(1001, "天很气"));
    w.send(bob, pm(1002, "note to myself: weather"));
    w.hush();
    assert_eq!(find(&mut w, ada, search("天气")), texts(&["how is the weather, 天气?", "今天天气很好"]));
    assert_eq!(find(&mut w, ada, search("天")).0.len(), 3);
    assert_eq!(find(&mut w, ada, search("WEATHER")), texts(&["Weather!", "how is the weather, 天气?"]));
    assert_eq!(find(&mut w, ada, search("weather 天气")), texts(&["how is the weather, 天气?"]));
    assert_eq!(find(&mut w, ada, search("weather rain")), texts(&[]));
    w.ask(bob, "s", search("myself"));
    assert_eq!(w.heard(bob), ["search [s]: pm 1002-1002 #1 1002 Bob: note to myself: weather"]);
}

#[test]
fn an_entry_is_found_as_it_was_heard() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "first"));
    w.hush();
    let draft = Draft {
        content: "look here".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: Some(1),
        mentions: vec![id(1002)],
        file: None,
    };
    w.send(ada, Command::Group { gid: id(7), draft });
    let Told::Entry(live) = w.told(ada).remove(0) else { panic!() };
    w.ask(ada, "s", search("look"));
    let expected = Told::Search { id: Some("s".into()), found: vec![live], next: None };
    assert_eq!(w.told(ada), [expected]);
    w.silence();
}

#[test]
fn what_others_say_among_themselves_is_not_found() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, group(7, "secret of the group"));
    w.send(ada, pm(1002, "secret of two"));
    w.send(bob, group(8, "secret of the other group"));
    w.hush();
    assert_eq!(find(&mut w, cid, search("secret")), texts(&[]));
    w.send(cid, join(7));
    w.hush();
    assert_eq!(
        find(&mut w, cid, search("secret")),
        texts(&["secret of the group"]),
        "members find what came before"
    );
    w.send(cid, leave(7));
    w.hush();
    assert_eq!(find(&mut w, cid, search("secret")), texts(&[]), "and nothing once they have left");
    w.send(cid, join(7));
    w.send(ada, kick(7, 1003));
    w.hush();
    assert_eq!(find(&mut w, cid, search("secret")), texts(&[]));
}

#[test]
fn a_conversation_can_be_named() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "tea in group 7"));
    w.send(ada, group(8, "tea in group 8"));
    w.send(ada, pm(1002, "tea for two"));
    w.send(ada, pm(1001, "tea for one"));
    w.hush();
    assert_eq!(find(&mut w, ada, in_group("tea")), texts(&["tea in group 7"]));
    let with = |uid| search_in(Target::User(id(uid)), "tea");
    assert_eq!(find(&mut w, ada, with(1002)), texts(&["tea for two"]));
    assert_eq!(find(&mut w, bob, with(1001)), texts(&["tea for two"]));
    assert_eq!(find(&mut w, ada, with(1001)), texts(&["tea for one"]));
    assert_eq!(find(&mut w, bob, with(1003)), texts(&[]), "where nobody has spoken");
    w.send(bob, in_group("tea"));
    assert_eq!(w.heard(bob), ["refused Forbidden"]);
    w.send(bob, search_in(Target::Group(id(9)), "tea"));
    assert_eq!(w.heard(bob), ["refused NotFound"]);
}

#[test]
fn an_overseer_finds_in_a_group_that_is_named_and_otherwise_in_his_own() {
    let mut w = world();
    let (ada, overseer) = (w.guest(1, "Ada"), SessionId(20));
    w.send(ada, group(7, "tea"));
    w.send(overseer, admin_login(id(9)));
    w.hush();
    assert_eq!(find(&mut w, overseer, in_group("tea")), texts(&["tea"]));
    assert_eq!(find(&mut w, overseer, search("tea")), texts(&[]));
}

#[test]
fn what_admins_did_is_not_found() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "update"));
    w.send(ada, close(7));
    w.hush();
    assert_eq!(find(&mut w, ada, search("update")), texts(&["update"]));
    assert_eq!(find(&mut w, ada, search("group_update")), texts(&[]));
}

#[test]
fn a_deleted_group_is_not_found() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, group(7, "tea before"));
    w.send(ada, act(7, karez::chat::act::Act::GroupDelete));
    w.send(ada, group(7, "tea after"));
    w.hush();
    assert_eq!(find(&mut w, ada, search("tea")), texts(&["tea after"]));
    assert_eq!(find(&mut w, ada, in_group("tea")), texts(&["tea after"]));
}

#[test]
fn a_page_has_a_default_and_a_largest_size() {
    let (mut w, ada) = group_of(60);
    let with = |limit, cursor| Command::Search { query: "tea".into(), target: None, cursor, limit };
    let (found, next) = find(&mut w, ada, with(None, None));
    assert_eq!((found.len(), &*found[0], &*found[19]), (20, "tea 60", "tea 41"));
    let (found, next) = find(&mut w, ada, with(Some(u32::MAX), next));
    assert_eq!((found.len(), &*found[0], next), (40, "tea 40", None));
    let (found, next) = find(&mut w, ada, with(Some(u32::MAX), None));
    assert_eq!((found.len(), next.is_some()), (50, true));
    assert_eq!(find(&mut w, ada, with(Some(0), next)).0, ["tea 10"]);
    assert_eq!(find(&mut w, ada, with(None, Some(1))), texts(&[]));
}

#[test]
fn a_page_that_is_just_full_is_the_last() {
    let (mut w, ada) = group_of(20);
    assert_eq!(find(&mut w, ada, search("tea")).1, None);
    w.send(ada, group(7, "no more of it"));
    w.hush();
    assert_eq!(find(&mut w, ada, search("tea")).1, None);
}

#[test]
fn what_comes_in_between_does_not_shift_the_next_page() {
    let (mut w, ada) = group_of(3);
    let with = |cursor| Command::Search { query: "tea".into(), target: None, cursor, limit: Some(2) };
    let (found, next) = find(&mut w, ada, with(None));
    assert_eq!(found, ["tea 3", "tea 2"]);
    w.send(ada, group(7, "tea 4"));
    w.hush();
    assert_eq!(find(&mut w, ada, with(next)), texts(&["tea 1"]));
}

#[test]
fn a_long_page_is_cut_by_its_bytes() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    let long = format!("tea {}", "x".repeat(60_000));
    for _ in 0..3 {
        w.send(ada, group(7, &long));
    }
    w.hush();
    let (found, next) = find(&mut w, ada, search("tea"));
    assert_eq!((found.len(), next.is_some()), (2, true));
}

#[test]
fn what_is_looked_for_is_bounded() {
    let mut w = world_with(|limits| (limits.search_bytes_max, limits.search_words_max) = (10, 2));
    let ada = w.guest(1, "Ada");
    let mut refused = |query| {
        w.send(ada, search(query));
        w.heard(ada).remove(0)
    };
    assert_eq!(refused("01234567890"), "refused TooLarge(\"q\")");
    assert_eq!(refused("a b c"), "refused BadRequest(\"q\", \"has too many words\")");
    assert_eq!(refused("a b A"), "search: ", "the same word counts once");
    for nothing in ["", "  ", "。？"] {
        assert_eq!(refused(nothing), "refused BadRequest(\"q\", \"has no word in it\")");
    }
}

#[test]
fn no_group_has_a_reserved_name() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, search_in(Target::Group(text_id("system")), "x"));
    w.send(ada, search_in(Target::User(text_id("system")), "x"));
    assert_eq!(w.heard(ada), ["refused BadRequest(\"gid\", \"is reserved\")", "search: "]);
}

#[test]
fn a_search_that_costs_too_much_stops_and_goes_on() {
    let mut w = world_with(|limits| {
        (limits.messages_burst, limits.messages_per_second) = (10_000, 10_000);
        limits.search_steps_max = 1_000;
    });
    let ada = w.guest(1, "Ada");
    for number in 1..=100 {
        let word = if number == 3 { "needle" } else { "straw" };
        w.request(ada, None, group(7, word));
    }
    w.commit();
    w.hush();
    let (mut cursor, mut pages) = (None, 0);
    loop {
        let command = Command::Search { query: "needle".into(), target: None, cursor, limit: None };
        let (found, next) = find(&mut w, ada, command);
        pages += 1;
        if !found.is_empty() {
            assert_eq!(found, ["needle"]);
            break;
        }
        assert!(next < cursor.or(Some(u64::MAX)), "an empty page says where it goes on");
        cursor = next;
    }
    assert!(pages > 3, "{pages}");
}

#[test]
fn searches_of_one_turn_share_their_steps() {
    let mut w = world_with(|limits| limits.search_steps_max = 1_000);
    let ada = w.guest(1, "Ada");
    for _ in 0..20 {
        w.request(ada, None, group(7, "straw"));
    }
    w.commit();
    w.hush();
    w.request(ada, Some("a"), search("needle"));
    w.request(ada, Some("b"), search("needle"));
    w.request(
        ada,
        Some("c"),
        Command::Search { query: "x".into(), target: None, cursor: Some(9), limit: None },
    );
    w.commit();
    let heard = w.heard(ada);
    assert!(heard[0].starts_with("search [a]: , next "), "{heard:?}");
    assert_eq!(heard[1..], ["search [b]: , next 9007199254740991", "search [c]: , next 9"]);
    w.send(ada, search("straw"));
    assert!(w.heard(ada)[0].contains("straw"), "the next turn has steps of its own");
}

#[test]
fn what_is_said_in_the_same_turn_is_found() {
    let (mut w, ada) = group_of(1);
    w.request(ada, None, group(7, "tea now"));
    w.request(ada, None, search("now"));
    w.commit();
    assert_eq!(w.heard(ada), ["group 7 #2 1001 Ada: tea now", "search: group 7 #2 1001 Ada: tea now"]);
}

#[test]
fn a_failed_turn_finds_nothing() {
    let (mut w, ada) = group_of(1);
    w.request(ada, Some("s"), search("tea"));
    w.fail();
    assert_eq!(w.heard(ada), ["refused [s] Internal { retry_ms: 1000 }"]);
    assert_eq!(find(&mut w, ada, search("tea")), texts(&["tea 1"]));
}

#[test]
fn who_is_put_out_while_the_search_is_under_way_does_not_hear_of_it() {
    let (mut w, ada) = group_of(1);
    let phone = w.again(2, 1001);
    w.answers = Answers::Later;
    w.ask(ada, "a", search("tea"));
    let query = w.asked.remove(0);
    let found = w.store().read(&query).unwrap();
    w.send(phone, leave(7));
    w.hush();
    w.input(Input::Answer(found));
    w.commit();
    assert_eq!(w.heard(ada), ["search [a]: "]);
}

#[test]
fn answers_come_in_order() {
    let (mut w, ada) = group_of(1);
    w.answers = Answers::Later;
    w.ask(ada, "s", search("tea"));
    w.ask(ada, "p", Command::Ping);
    w.silence();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(ada), ["search [s]: group 7 #1 1001 Ada: tea 1", "pong [p]"]);
}
