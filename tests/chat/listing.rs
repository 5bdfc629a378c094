//! Lists of groups.

use karez::chat::act::Act;
use karez::chat::input::{Command, Listing};
use karez::chat::output::GroupRole;

use crate::net::Answers;
use crate::story::*;

fn list(listing: Listing, cursor: Option<u64>) -> Command<'static> {
    Command::Groups { listing, cursor: cursor.map(id) }
}

#[test]
fn ones_own_groups_and_the_open_ones() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    for gid in [7, 8] {
        w.send(ada, join(gid));
    }
    w.send(bob, join(8));
    w.send(bob, join(9));
    w.send(ada, act(7, Act::GroupUpdate { name: Some("Tea".into()), open: Some(false) }));
    w.send(ada, role(8, 1002, GroupRole::Admin));
    w.hush();
    w.ask(ada, "g", list(Listing::Own, None));
    assert_eq!(w.heard(ada), ["groups [g]: 7 \"Tea\" owner closed (1), 8 \"\" owner open (2)"]);
    w.send(bob, list(Listing::Own, None));
    assert_eq!(w.heard(bob), ["groups: 8 \"\" admin open (2), 9 \"\" owner open (1)"]);
    w.send(ada, list(Listing::Open, None));
    assert_eq!(w.heard(ada), ["groups: 8 \"\" owner open (2), 9 \"\" outside open (1)"]);
    w.send(ada, act(8, Act::GroupDelete));
    w.hush();
    w.send(bob, list(Listing::Open, None));
    assert_eq!(w.heard(bob), ["groups: 9 \"\" owner open (1)"]);
}

#[test]
fn a_list_sees_the_turn_it_is_in() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.request(ada, None, join(7));
    w.request(ada, None, list(Listing::Own, None));
    w.request(ada, None, leave(7));
    w.request(ada, None, list(Listing::Own, None));
    w.commit();
    let heard = ["joined 7 1001 Ada (1)", "groups: 7 \"\" owner open (1)", "left 7 1001 Ada (0)", "groups:"];
    assert_eq!(w.heard(ada), heard);
}

#[test]
fn a_page_has_a_largest_size() {
    let mut w = world_with(|limits| limits.groups_page_max = 2);
    let ada = w.guest(1, "Ada");
    for gid in 1..=4 {
        w.send(ada, join(gid));
    }
    w.hush();
    for listing in [Listing::Own, Listing::Open] {
        w.send(ada, list(listing, None));
        assert_eq!(w.heard(ada), ["groups: 1 \"\" owner open (1), 2 \"\" owner open (1), next 2"]);
        w.send(ada, list(listing, Some(2)));
        assert_eq!(w.heard(ada), ["groups: 3 \"\" owner open (1), 4 \"\" owner open (1)"]);
        w.send(ada, list(listing, Some(4)));
        assert_eq!(w.heard(ada), ["groups:"]);
    }
}

#[test]
fn an_answer_is_for_those_who_asked_for_it() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.hush();
    w.answers = Answers::Later;
    w.ask(ada, "a", list(Listing::Own, None));
    w.ask(bob, "b", list(Listing::Own, None));
    w.ask(ada, "c", list(Listing::Own, None));
    assert_eq!(w.asked.len(), 2);
    w.answer(1);
    w.commit();
    assert_eq!(w.heard(bob), ["groups [b]:"]);
    w.silence();
    w.answer(0);
    w.commit();
    let line = |id: &str| format!("groups [{id}]: 7 \"\" owner open (1)");
    assert_eq!(w.heard(ada), [line("a"), line("c")]);
}
