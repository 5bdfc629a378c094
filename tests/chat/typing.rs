//! Telling that one is writing.

use crate::story::*;

#[test]
fn in_a_group_all_members_hear_it() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    w.send(ada, join(7));
    w.send(bob, join(7));
    w.hush();
    w.ask(ada, "t", typing_in(7));
    assert_eq!(w.heard(bob), ["typing group 7 1001"]);
    assert_eq!(w.heard(ada), ["typing group 7 1001", "ack [t]"], "a client passes over its own");
    assert!(w.heard(cid).is_empty());
}

#[test]
fn outside_it_is_forbidden_and_nowhere_not_found() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    w.send(ada, join(7));
    w.hush();
    w.ask(bob, "x", typing_in(7));
    assert_eq!(w.heard(bob), ["refused [x] Forbidden"]);
    w.ask(bob, "x", typing_in(8));
    assert_eq!(w.heard(bob), ["refused [x] NotFound"]);
    w.silence();
}

#[test]
fn to_a_user_every_device_of_that_user_hears_it_and_nobody_else() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    let (phone, tablet) = (w.again(3, 1001), w.again(4, 1002));
    w.send(ada, typing_to(1002));
    assert_eq!(w.heard(bob), ["typing user 1002 1001"]);
    assert_eq!(w.heard(tablet), ["typing user 1002 1001"]);
    assert!(w.heard(ada).is_empty() && w.heard(phone).is_empty());
}

#[test]
fn to_nobody_and_to_oneself_it_is_silent() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.ask(ada, "t", typing_to(77));
    assert_eq!(w.heard(ada), ["ack [t]"]);
    w.send(ada, typing_to(1001));
    w.silence();
}
