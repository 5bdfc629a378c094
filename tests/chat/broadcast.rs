//! Speaking to everyone.

use karez::chat::BroadcastPolicy;
use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::story::*;

#[test]
fn everyone_who_is_logged_in_hears_it() {
    let mut w = world();
    let (ada, bob) = (w.guest(1, "Ada"), w.guest(2, "Bob"));
    let nobody = SessionId(3);
    w.send(nobody, Command::Ping);
    w.hush();
    w.ask(ada, "b", broadcast("hello all"));
    assert_eq!(w.heard(ada), ["broadcast 1001 Ada: hello all", "ack [b]"]);
    assert_eq!(w.heard(bob), ["broadcast 1001 Ada: hello all"]);
    assert!(w.heard(nobody).is_empty());
}

#[test]
fn unless_anyone_may_only_admins_do() {
    let mut w = world_with(|limits| limits.broadcast = BroadcastPolicy::Admins);
    let ada = w.guest(1, "Ada");
    let root = SessionId(2);
    w.send(root, admin_login(text_id("root")));
    w.hush();
    w.ask(ada, "b", broadcast("me too"));
    assert_eq!(w.heard(ada), ["refused [b] Forbidden"]);
    w.send(root, broadcast("maintenance"));
    assert_eq!(w.heard(ada), ["broadcast root root: maintenance"]);
}

#[test]
fn it_is_bounded() {
    let mut w = world();
    let ada = w.guest(1, "Ada");
    w.send(ada, broadcast(&"x".repeat(65_537)));
    assert_eq!(w.heard(ada), ["refused TooLarge(\"content\")"]);
    w.send(ada, broadcast(&"x".repeat(65_536)));
    assert_eq!(w.heard(ada).len(), 1);
}
