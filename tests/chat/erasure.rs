//! Persons who are deleted: what becomes of their groups, connections and messages, and what the report says.

use karez::chat::call::Call;
use karez::chat::ids::{Conversation, Id, SessionId};
use karez::chat::input::{Bounds, Target};
use karez::chat::output::{Farewell, ForgetReport, GroupRole, Recall, Refusal};

use crate::net::{Answered, Answers, Told, World};
use crate::story::*;

fn call(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    let mut answers = w.answered();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0).1
}

fn forget(w: &mut World, uid: u64) -> ForgetReport {
    match call(w, Call::Forget { uid: id(uid) }) {
        Answered::Forgotten(report) => report,
        other => panic!("{other:?}"),
    }
}

fn texts(w: &World, conversation: &Conversation) -> Vec<String> {
    let entries = w.store().entries(conversation);
    entries
        .map(|entry| if entry.recall == Recall::None { entry.content.into() } else { "-".into() })
        .collect()
}

#[test]
fn a_person_goes_with_everything() {
    let mut w = world();
    let [ann, bob] = [(1, "Ann"), (2, "Bob")].map(|(n, name)| w.guest(n, name));
    w.send(ann, group(7, "mine"));
    w.send(bob, group(7, "his"));
    w.send(ann, pm(1002, "between us"));
    w.send(ann, karez::chat::input::Command::Block { uid: id(9), on: true });
    w.hush();
    let expected = ForgetReport { messages: 2, groups: 1, blocks: 1, ..ForgetReport::default() };
    assert_eq!(forget(&mut w, 1001), expected);
    assert!(w.told(ann).contains(&Told::Bye(Farewell::Kicked)));
    assert_eq!(w.heard(bob), ["left 7 1001 Ann (1)"]);
    assert_eq!(texts(&w, &Conversation::Group(id(7))), ["-", "his"]);
    assert_eq!(texts(&w, &Conversation::direct(&id(1001), &id(1002))), ["-"]);
    let Answered::Members { members, .. } =
        call(&mut w, Call::Members { gid: id(7), after: None, limit: None })
    else {
        panic!()
    };
    assert_eq!(members, [(id(1002), GroupRole::Owner, true)], "who is left owns the group");
    w.leaves(ann);
    assert_eq!(call(&mut w, Call::User { uid: id(1001) }), Answered::Refused(Refusal::NotFound));
}

#[test]
fn who_asks_again_is_told_the_same() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, group(7, "mine"));
    let report = forget(&mut w, 1001);
    w.leaves(ann);
    assert_eq!(forget(&mut w, 1001), report);
}

#[test]
fn who_was_never_here_is_forgotten_too() {
    let mut w = world();
    assert_eq!(forget(&mut w, 5), ForgetReport::default());
    let system: Id = text_id("system");
    let refused = call(&mut w, Call::Forget { uid: system });
    assert!(matches!(refused, Answered::Refused(Refusal::BadRequest("uid", _))), "{refused:?}");
}

#[test]
fn no_guest_gets_the_uid_again() {
    let mut w = world();
    forget(&mut w, 1001);
    let ann = w.guest(1, "Ann");
    w.send(ann, group(7, "x"));
    assert!(w.heard(ann).contains(&"group 7 #1 1002 Ann: x".to_owned()), "1001 is passed by");
}

#[test]
fn who_comes_back_is_somebody_new() {
    let mut w = world();
    let ann = w.known(1, 5);
    w.send(ann, group(7, "mine"));
    forget(&mut w, 5);
    w.leaves(ann);
    let again = w.known(2, 5);
    w.hush();
    w.ask(again, "h", history(7));
    assert_eq!(w.heard(again), ["refused [h] Forbidden"], "no member any more");
    w.send(again, group(7, "anew"));
    assert_eq!(texts(&w, &Conversation::Group(id(7))), ["-", "anew"]);
}

#[test]
fn a_failed_turn_leaves_the_person() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, group(7, "mine"));
    w.hush();
    let topics = w.topics();
    w.call(1, Call::Forget { uid: id(1001) });
    w.fail();
    assert!(matches!(w.answered()[0].1, Answered::Refused(Refusal::Internal { .. })));
    assert_eq!(w.topics(), topics);
    assert_eq!(texts(&w, &Conversation::Group(id(7))), ["mine"]);
    w.ask(ann, "g", group(7, "still here"));
    assert_eq!(w.heard(ann), ["group 7 #2 1001 Ann: still here", "ack [g] group 7 #2"]);
    assert_eq!(forget(&mut w, 1001).messages, 2);
}

#[test]
fn what_is_not_loaded_is_asked_for() {
    let mut w = world();
    let ann = w.known(1, 5);
    for gid in [7, 8, 9] {
        w.send(ann, group(gid, "x"));
    }
    w.leaves(ann);
    w.answers = Answers::Later;
    w.call(1, Call::Forget { uid: id(5) });
    let mut answers = Vec::new();
    while answers.is_empty() {
        w.answer(0);
        w.commit();
        answers = w.answered();
    }
    assert!(matches!(answers[..], [(_, Answered::Forgotten(report))] if report.groups == 3), "{answers:?}");
}

fn history(gid: u64) -> karez::chat::input::Command<'static> {
    let target = Target::Group(id(gid));
    karez::chat::input::Command::History { target, bounds: Bounds::Newest, limit: None }
}

#[test]
fn a_guest_who_only_came_back_is_sent_away_again() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, group(7, "mine"));
    let report = forget(&mut w, 1001);
    w.leaves(ann);
    let again = SessionId(2);
    w.send(again, guest_return(1001, Some("Ann")));
    w.hush();
    assert_eq!(forget(&mut w, 1001), report, "there is nothing of it in the store");
    assert!(w.told(again).contains(&Told::Bye(Farewell::Kicked)));
}
