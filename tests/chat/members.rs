//! Who is a member: for members, page by page.

use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::story::*;

fn page(gid: u64, after: Option<u64>, limit: Option<u32>) -> Command<'static> {
    Command::Members { gid: id(gid), after: after.map(id), limit }
}

#[test]
fn outside_it_is_forbidden_and_of_nothing_it_is_not_found() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.hush();
    w.ask(bob, "x", members(7));
    assert_eq!(w.heard(bob), ["refused [x] Forbidden"]);
    w.ask(bob, "x", members(8));
    assert_eq!(w.heard(bob), ["refused [x] NotFound"]);
    w.send(ada, leave(7));
    w.hush();
    w.ask(ada, "x", members(7));
    assert_eq!(w.heard(ada), ["refused [x] Forbidden"]);
}

#[test]
fn an_admin_sees_the_members_of_any_group() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, join(7));
    let root = SessionId(2);
    w.send(root, admin_login(text_id("root")));
    w.hush();
    w.send(root, members(7));
    assert_eq!(w.heard(root), ["members 7: 1001 Ada owner"]);
}

#[test]
fn names_roles_and_who_is_there() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.leaves(ada);
    w.hush();
    w.ask(bob, "m", members(7));
    assert_eq!(w.heard(bob), ["members [m] 7: 1001 Ada owner away, 1002 Bob"]);
}

#[test]
fn pages_go_by_uid() {
    let mut w = world();
    for n in (1..=51).rev() {
        let session = w.known(n, n);
        w.send(session, join(7));
    }
    let one = SessionId(1);
    w.hush();
    let uids = |line: &str| line.split(": ").nth(1).unwrap().split(',').count();
    w.send(one, page(7, None, None));
    let first = w.heard(one).remove(0);
    assert!(first.starts_with("members 7: 1 1, 2 2, 3 3,"), "{first}");
    assert!(first.ends_with(", 50 50, more"), "{first}");
    assert_eq!(uids(&first), 51, "50 and the word `more`");
    w.send(one, page(7, Some(50), None));
    assert_eq!(w.heard(one), ["members 7: 51 51 owner"]);
    w.send(one, page(7, Some(48), Some(2)));
    assert_eq!(w.heard(one), ["members 7: 49 49, 50 50, more"]);
    w.send(one, page(7, Some(49), Some(2)));
    assert_eq!(w.heard(one), ["members 7: 50 50, 51 51 owner"]);
    w.send(one, page(7, Some(99), None));
    assert_eq!(w.heard(one), ["members 7:"]);
    w.send(one, page(7, Some(50), Some(0)));
    assert_eq!(w.heard(one), ["members 7: 51 51 owner"], "a page has one line at least");
}

#[test]
fn a_page_starts_behind_a_uid_that_is_no_member_too() {
    let mut w = world();
    for uid in [10, 20, 30] {
        let session = w.known(uid, uid);
        w.send(session, join(7));
    }
    w.hush();
    w.send(SessionId(10), page(7, Some(15), None));
    assert_eq!(w.heard(SessionId(10)), ["members 7: 20 20, 30 30"]);
}

#[test]
fn a_page_has_a_largest_size() {
    let mut w = world();
    for n in 1..=101 {
        let session = w.known(n, n);
        w.send(session, join(7));
    }
    w.hush();
    w.send(SessionId(1), page(7, None, Some(u32::MAX)));
    let line = w.heard(SessionId(1)).remove(0);
    assert!(line.ends_with(", 100 100, more"), "{line}");
}

#[test]
fn numbers_come_before_texts() {
    let mut w = world();
    let eve = SessionId(1);
    w.send(eve, known_login(text_id("eve"), None));
    w.send(eve, join(7));
    let ada = w.guest(2, "Ada");
    w.send(ada, join(7));
    w.hush();
    w.send(ada, members(7));
    assert_eq!(w.heard(ada), ["members 7: 1001 Ada, eve eve owner"]);
}
