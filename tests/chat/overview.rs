//! Who is online, and all groups, as a back end sees them.

use karez::chat::act::Act;
use karez::chat::call::Call;
use karez::chat::ids::{CallId, Id};

use crate::net::{Answered, World};
use crate::story::*;

fn ask(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    let mut answers = w.answered();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (call, answered) = answers.remove(0);
    assert_eq!(call, CallId(1));
    answered
}

fn online(w: &mut World, after: Option<u64>, limit: Option<u32>) -> (Vec<(Id, usize, usize)>, bool) {
    match ask(w, Call::UsersOnline { after: after.map(id), limit }) {
        Answered::Users { users, more } => (users, more),
        other => panic!("{other:?}"),
    }
}

fn groups(w: &mut World, after: Option<u64>, limit: Option<u32>) -> (Vec<(Id, String, bool, u64)>, bool) {
    match ask(w, Call::Groups { after: after.map(id), limit }) {
        Answered::Groups { groups, more } => (groups, more),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_has_a_session_is_online() {
    let mut w = world();
    assert_eq!(online(&mut w, None, None), (vec![], false));
    let ann = w.guest(1, "Ann");
    let bob = w.guest(2, "Bob");
    w.send(bob, join(7));
    assert_eq!(online(&mut w, None, None), (vec![(id(1001), 1, 0), (id(1002), 1, 1)], false));
    w.leaves(ann);
    w.call(2, Call::User { uid: id(5) });
    w.commit();
    w.answered();
    assert_eq!(
        online(&mut w, None, None).0,
        [(id(1002), 1, 1)],
        "those who are only remembered are not there"
    );
}

#[test]
fn users_come_page_by_page_by_uid() {
    let mut w = world_with(|limits| limits.members_page_max = 2);
    for number in 1..=5 {
        w.guest(number, "x");
    }
    let uids = |(users, more): (Vec<(Id, usize, usize)>, bool)| {
        (users.into_iter().map(|(uid, ..)| uid).collect::<Vec<_>>(), more)
    };
    assert_eq!(uids(online(&mut w, None, None)), (vec![id(1001), id(1002)], true));
    assert_eq!(uids(online(&mut w, Some(1002), Some(9))), (vec![id(1003), id(1004)], true));
    assert_eq!(uids(online(&mut w, Some(1003), Some(0))), (vec![id(1004)], true), "a page has one at least");
    assert_eq!(uids(online(&mut w, Some(1003), None)), (vec![id(1004), id(1005)], false));
    assert_eq!(uids(online(&mut w, Some(1005), None)), (vec![], false));
}

#[test]
fn all_groups_are_listed_the_closed_ones_too_and_no_deleted_one() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    for gid in [7, 8, 9] {
        w.send(ann, join(gid));
    }
    w.send(ann, act(8, Act::GroupUpdate { name: Some("Tea".into()), open: Some(false) }));
    w.send(ann, act(9, Act::GroupDelete));
    let seven = (id(7), String::new(), true, 1);
    let eight = (id(8), "Tea".to_owned(), false, 1);
    assert_eq!(groups(&mut w, None, None), (vec![seven.clone(), eight.clone()], false));
    assert_eq!(groups(&mut w, None, Some(1)), (vec![seven], true));
    assert_eq!(groups(&mut w, Some(7), Some(1)), (vec![eight], false));
}

#[test]
fn a_list_sees_the_turn_it_is_in() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.request(ann, None, join(7));
    w.call(1, Call::Groups { after: None, limit: None });
    w.commit();
    let listed = Answered::Groups { groups: vec![(id(7), String::new(), true, 1)], more: false };
    assert_eq!(w.answered(), [(CallId(1), listed)]);
}
