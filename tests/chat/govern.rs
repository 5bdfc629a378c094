//! What owners and admins do, and what the members hear of it.

use karez::chat::act::Act;
use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::Command;
use karez::chat::output::GroupRole;

use crate::net::World;
use crate::story::*;

/// A group of Ada, its owner, Bob and Cid.
fn three() -> (World, [SessionId; 3]) {
    let mut w = world();
    let all = [w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid")];
    for session in all {
        w.send(session, join(7));
    }
    w.hush();
    (w, all)
}

#[test]
fn an_act_is_an_entry_with_a_number_and_an_ack() {
    let (mut w, [ada, bob, cid]) = three();
    w.send(bob, group(7, "hi"));
    w.hush();
    let update = Act::GroupUpdate { name: Some(" Tea house ".into()), open: Some(false) };
    w.ask(ada, "u", act(7, update));
    let line = "group 7 #2 1001 Ada: *group_update \"Tea house\" closed*";
    assert_eq!(w.heard(ada), [line, "ack [u] group 7 #2"]);
    for session in [bob, cid] {
        assert_eq!(w.heard(session), [line]);
    }
    w.send(cid, group(7, "nice"));
    assert_eq!(w.heard(bob), ["group 7 #3 1003 Cid: nice"]);
    let stored: Vec<_> = w.store().entries(&Conversation::Group(id(7))).collect();
    assert_eq!(stored[1].kind.as_deref(), Some("system"));
    assert!(matches!(&stored[1].act, Some(Act::GroupUpdate { open: Some(false), .. })));
}

#[test]
fn what_changes_nothing_makes_no_entry() {
    let (mut w, [ada, ..]) = three();
    let same = Act::GroupUpdate { name: Some("  ".into()), open: Some(true) };
    let nothing = [
        act(7, same),
        role(7, 1002, GroupRole::Member),
        role(7, 1001, GroupRole::Owner),
        act(7, Act::Add { uid: id(1002) }),
        ban(7, 1002, Some(0)),
        mute(7, 1002, Some(0)),
    ];
    for command in nothing {
        w.ask(ada, "n", command);
        assert_eq!(w.heard(ada), ["ack [n]"]);
    }
    w.silence();
}

#[test]
fn who_is_kicked_hears_it_and_then_no_more_on_any_device() {
    let (mut w, [ada, bob, cid]) = three();
    let phone = w.again(4, 1002);
    w.send(ada, kick(7, 1002));
    for session in [ada, bob, cid, phone] {
        assert_eq!(w.heard(session), ["group 7 #1 1001 Ada: *kick 1002*"]);
    }
    w.send(ada, group(7, "among us"));
    assert_eq!(w.heard(cid).len(), 1);
    assert!(w.heard(bob).is_empty() && w.heard(phone).is_empty());
    w.ask(bob, "m", members(7));
    assert_eq!(w.heard(bob), ["refused [m] Forbidden"]);
    w.ask(ada, "k", kick(7, 1002));
    assert_eq!(w.heard(ada).last().unwrap(), "refused [k] NotFound", "he is no member any more");
    w.send(bob, join(7));
    assert_eq!(w.heard(bob), ["joined 7 1002 Bob (3)"], "and may come back");
}

#[test]
fn who_is_kicked_while_away_is_no_member_when_back() {
    let (mut w, [ada, bob, _]) = three();
    w.leaves(bob);
    w.send(ada, kick(7, 1002));
    let bob = w.again(4, 1002);
    w.hush();
    w.send(ada, group(7, "still among us"));
    assert!(w.heard(bob).is_empty());
}

#[test]
fn who_is_added_hears_the_group_from_then_on() {
    let (mut w, [ada, ..]) = three();
    w.send(ada, close(7));
    let (dan, phone) = (w.guest(4, "Dan"), w.again(5, 1004));
    w.hush();
    w.ask(dan, "j", join(7));
    assert_eq!(w.heard(dan), ["refused [j] NotFound"]);
    w.send(ada, act(7, Act::Add { uid: id(1004) }));
    for session in [dan, phone] {
        assert_eq!(w.heard(session), ["group 7 #2 1001 Ada: *add 1004*"]);
    }
    w.hush();
    w.send(dan, group(7, "thanks"));
    assert_eq!(w.heard(phone), ["group 7 #3 1004 Dan: thanks"]);
}

#[test]
fn somebody_never_seen_can_be_added_and_finds_the_group() {
    let (mut w, [ada, ..]) = three();
    w.send(ada, act(7, Act::Add { uid: id(1005) }));
    w.send(ada, act(7, Act::Add { uid: text_id("eve") }));
    w.hush();
    w.send(ada, members(7));
    let all = "members 7: 1001 Ada owner, 1002 Bob, 1003 Cid, 1005 1005 away, eve eve away";
    assert_eq!(w.heard(ada), [all]);
    let eve = SessionId(9);
    w.send(eve, known_login(text_id("eve"), Some("Eve")));
    w.hush();
    w.send(ada, group(7, "welcome"));
    assert_eq!(w.heard(eve), ["group 7 #3 1001 Ada: welcome"]);
    assert_eq!(w.guest(10, "Dan"), SessionId(10));
    w.send(SessionId(11), guest_login("Fay"));
    assert_eq!(w.heard(SessionId(11)), ["login 1006 Fay guest"], "1005 is nobody's by chance");
}

#[test]
fn limits_hold_for_those_who_are_added() {
    let mut w = world_with(|limits| (limits.groups_per_user_max, limits.group_members_max) = (2, 2));
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(ada, act(7, Act::Add { uid: id(5) }));
    w.hush();
    w.ask(ada, "a", act(7, Act::Add { uid: id(6) }));
    let full = "the group has as many members as a group may have";
    assert_eq!(w.heard(ada), [format!("refused [a] Conflict({full:?})")]);
    w.send(bob, join(8));
    w.send(bob, join(9));
    w.hush();
    w.send(ada, join(10));
    w.hush();
    w.ask(ada, "a", act(10, Act::Add { uid: id(1002) }));
    let many = "this user is in as many groups as a user may be in";
    assert_eq!(w.heard(ada), [format!("refused [a] Conflict({many:?})")]);
}

#[test]
fn an_owner_hands_over_and_stays_as_an_admin() {
    let (mut w, [ada, bob, cid]) = three();
    w.send(ada, role(7, 1002, GroupRole::Owner));
    assert_eq!(w.heard(cid), ["group 7 #1 1001 Ada: *role 1002 Owner*"]);
    w.hush();
    w.send(cid, members(7));
    assert_eq!(w.heard(cid), ["members 7: 1001 Ada admin, 1002 Bob owner, 1003 Cid"]);
    w.ask(ada, "d", act(7, Act::GroupDelete));
    assert_eq!(w.heard(ada), ["refused [d] Forbidden"]);
    w.ask(bob, "r", role(7, 1002, GroupRole::Member));
    let must = "a group has an owner; make somebody else the owner";
    assert_eq!(w.heard(bob), [format!("refused [r] Conflict({must:?})")]);
    w.send(ada, role(7, 1001, GroupRole::Member));
    w.hush();
    w.send(cid, members(7));
    assert_eq!(w.heard(cid), ["members 7: 1001 Ada, 1002 Bob owner, 1003 Cid"], "and may step down");
}

#[test]
fn the_longest_standing_admin_follows_before_any_member() {
    let (mut w, [ada, bob, cid]) = three();
    w.send(ada, role(7, 1003, GroupRole::Admin));
    w.send(ada, leave(7));
    w.hush();
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["members 7: 1002 Bob, 1003 Cid owner"]);
    w.send(cid, leave(7));
    w.hush();
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["members 7: 1002 Bob owner"]);
}

#[test]
fn a_deleted_group_is_gone_and_its_numbers_go_on() {
    let (mut w, [ada, bob, cid]) = three();
    w.send(ada, group(7, "one"));
    w.send(ada, close(7));
    w.send(ada, mute(7, 1002, None));
    w.hush();
    w.ask(ada, "d", act(7, Act::GroupDelete));
    for session in [bob, cid] {
        assert_eq!(w.heard(session), ["group 7 #4 1001 Ada: *group_delete*"]);
    }
    assert_eq!(w.heard(ada).last().unwrap(), "ack [d] group 7 #4");
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 0, "what was said is gone");
    for session in [ada, bob] {
        w.ask(session, "m", members(7));
        assert_eq!(w.heard(session), ["refused [m] NotFound"]);
    }
    w.ask(bob, "n", group(7, "anew"));
    let made = ["joined 7 1002 Bob (1)", "group 7 #5 1002 Bob: anew", "ack [n] group 7 #5"];
    assert_eq!(w.heard(bob), made, "open, and he is not muted in it");
    w.silence();
}

#[test]
fn a_closed_group_ends_with_its_last_member_and_an_open_one_stays() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, group(7, "secret"));
    w.send(ada, close(7));
    w.send(ada, group(8, "public"));
    w.send(ada, leave(7));
    w.send(ada, leave(8));
    w.hush();
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 0);
    assert_eq!(w.store().entries(&Conversation::Group(id(8))).count(), 1);
    w.send(bob, group(7, "mine"));
    w.send(bob, members(7));
    assert_eq!(w.heard(bob)[1..], ["group 7 #3 1002 Bob: mine", "members 7: 1002 Bob owner"]);
}

#[test]
fn an_overseer_acts_from_outside_and_hears_nothing_of_it() {
    let (mut w, [ada, bob, _]) = three();
    let overseer = SessionId(9);
    w.send(overseer, admin_login(id(5)));
    w.hush();
    w.ask(overseer, "k", kick(7, 1001));
    assert_eq!(w.heard(overseer), ["ack [k] group 7 #1"]);
    assert_eq!(w.heard(ada), ["group 7 #1 5 5: *kick 1001*"]);
    w.hush();
    w.send(bob, members(7));
    assert_eq!(w.heard(bob), ["members 7: 1002 Bob owner, 1003 Cid"]);
    w.send(bob, close(7));
    w.hush();
    w.ask(overseer, "j", join(7));
    assert_eq!(w.heard(overseer), ["joined 7 5 5 (3)", "ack [j]"], "doors are open to overseers");
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let (mut w, [ada, ..]) = three();
    let long = "x".repeat(65);
    let update = |name: Option<&str>| {
        let name = name.map(|name| name.to_owned().into());
        act(7, Act::GroupUpdate { name, open: None })
    };
    let refusals: [(Command<'static>, &str); 8] = [
        (update(None), "BadRequest(\"name\", \"or open must be there\")"),
        (update(Some(&long)), "BadRequest(\"name\", \"is too long\")"),
        (update(Some("a\nb")), "BadRequest(\"name\", \"has control characters\")"),
        (act(7, Act::Add { uid: text_id("system") }), "BadRequest(\"uid\", \"is reserved\")"),
        (
            Command::Act { gid: text_id("system"), act: Act::GroupDelete },
            "BadRequest(\"gid\", \"is reserved\")",
        ),
        (kick(7, 1001), "BadRequest(\"uid\", \"is yourself\")"),
        (role(7, 5, GroupRole::Admin), "NotFound"),
        (kick(8, 1002), "NotFound"),
    ];
    for (command, refusal) in refusals {
        w.ask(ada, "x", command);
        assert_eq!(w.heard(ada), [format!("refused [x] {refusal}")]);
    }
}
