//! Calls of the site's back end: what they do, whom they tell, and how they end with a turn.

use karez::chat::call::{Call, Put};
use karez::chat::ids::{CallId, Id};
use karez::chat::input::{Bounds, Target};
use karez::chat::output::{GroupRole, Refusal};

use crate::net::{Answered, Answers, World};
use crate::story::*;

/// One call as a turn, and its answer.
fn call(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    let mut answers = w.answered();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (call, answered) = answers.remove(0);
    assert_eq!(call, CallId(1));
    answered
}

fn say(from: Option<u64>, target: Target, content: &str) -> Call<'_> {
    Call::Say { from: from.map(id), target, draft: draft(content) }
}

fn in_group(gid: u64) -> Target {
    Target::Group(id(gid))
}

fn put_group(gid: u64) -> Call<'static> {
    Call::PutGroup { gid: id(gid), name: None, open: None, owner: None }
}

fn system() -> Id {
    text_id("system")
}

#[test]
fn the_daemon_speaks_in_a_group_and_is_no_member() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, join(7));
    w.hush();
    let answer = call(&mut w, say(None, in_group(7), "hello"));
    assert_eq!(answer, Answered::Said { seq: 1, online: 1, stored: 0 });
    assert_eq!(w.heard(ann), ["group 7 #1 system system: hello"]);
    let Answered::Group { members, seq, .. } = call(&mut w, Call::Group { gid: id(7) }) else { panic!() };
    assert_eq!((members, seq), (1, 1));
}

#[test]
fn a_back_end_speaks_in_the_name_of_whoever_it_likes() {
    let mut w = world();
    let [ann, bob] = [(1, "Ann"), (2, "Bob")].map(|(n, name)| w.guest(n, name));
    w.send(ann, join(7));
    w.send(bob, join(7));
    w.leaves(bob);
    w.hush();
    let answer = call(&mut w, say(Some(5), in_group(7), "five"));
    assert_eq!(answer, Answered::Said { seq: 1, online: 1, stored: 1 });
    assert_eq!(w.heard(ann), ["group 7 #1 5 5: five"]);
    let Answered::Group { members, .. } = call(&mut w, Call::Group { gid: id(7) }) else { panic!() };
    assert_eq!(members, 2, "5 is no member by that");
}

#[test]
fn no_group_is_made_by_speaking() {
    let mut w = world();
    let answer = call(&mut w, say(None, in_group(7), "hello"));
    assert_eq!(answer, Answered::Refused(Refusal::NotFound));
    assert_eq!(call(&mut w, Call::Group { gid: id(7) }), Answered::Refused(Refusal::NotFound));
}

#[test]
fn what_is_said_to_somebody_who_is_away_waits() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    let answer = call(&mut w, say(None, Target::User(id(1001)), "now"));
    assert_eq!(answer, Answered::Said { seq: 1, online: 1, stored: 0 });
    assert_eq!(w.heard(ann), ["pm 1001-system #1 system system: now"]);
    w.leaves(ann);
    let answer = call(&mut w, say(None, Target::User(id(1001)), "later"));
    assert_eq!(answer, Answered::Said { seq: 2, online: 0, stored: 1 });
    let ann = karez::chat::ids::SessionId(9);
    w.send(ann, guest_return(1001, None));
    w.drain();
    let heard = w.heard(ann);
    assert!(heard.iter().any(|line| line.contains("later")), "{heard:?}");
    assert!(!heard.iter().any(|line| line.contains("now")), "{heard:?}");
}

#[test]
fn whoever_blocks_a_user_still_hears_what_the_back_end_says_for_him() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, block(5, true));
    w.hush();
    call(&mut w, say(Some(5), Target::User(id(1001)), "the site has decided"));
    assert_eq!(w.heard(ann).len(), 1);
}

#[test]
fn a_group_is_made_as_it_is_to_be_and_changed() {
    let mut w = world();
    let made =
        Call::PutGroup { gid: id(7), name: Some(" Tea ".into()), open: Some(false), owner: Some(id(5)) };
    let group = |put, name: &str, open, seq| Answered::Group {
        put,
        name: name.to_owned(),
        open,
        owner: Some(id(5)),
        members: 1,
        online: 0,
        seq,
    };
    // That its owner was brought in is an entry.
    assert_eq!(call(&mut w, made.clone()), group(Put::Made, "Tea", false, 1));
    assert_eq!(call(&mut w, made), group(Put::Kept, "Tea", false, 1), "the same again changes nothing");
    let change = Call::PutGroup { gid: id(7), name: Some("Coffee".into()), open: Some(true), owner: None };
    assert_eq!(call(&mut w, change), group(Put::Kept, "Coffee", true, 2));
    assert_eq!(call(&mut w, Call::DeleteGroup { gid: id(7) }), Answered::Removed);
    assert_eq!(call(&mut w, Call::DeleteGroup { gid: id(7) }), Answered::Refused(Refusal::NotFound));
}

#[test]
fn a_closed_group_needs_somebody_who_can_let_others_in() {
    let mut w = world();
    let closed = Call::PutGroup { gid: id(7), name: None, open: Some(false), owner: None };
    assert!(matches!(call(&mut w, closed), Answered::Refused(Refusal::Conflict(_))));
    assert_eq!(call(&mut w, Call::Group { gid: id(7) }), Answered::Refused(Refusal::NotFound));
}

#[test]
fn members_are_put_in_and_out() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    call(&mut w, put_group(7));
    let put = |uid, role| Call::PutMember { gid: id(7), uid: id(uid), role };
    let member = |put, uid, role| Answered::Member { put, uid: id(uid), role };
    let first = call(&mut w, put(5, Some(GroupRole::Member)));
    assert_eq!(first, member(Put::Made, 5, GroupRole::Owner), "the first owns it");
    let second = call(&mut w, put(1001, Some(GroupRole::Admin)));
    assert_eq!(second, member(Put::Made, 1001, GroupRole::Admin));
    assert_eq!(call(&mut w, put(1001, None)), member(Put::Kept, 1001, GroupRole::Admin));
    w.hush();
    w.send(ann, group(7, "I am in"));
    assert_eq!(w.heard(ann).len(), 1);
    let out = Call::DeleteMember { gid: id(7), uid: id(1001) };
    assert_eq!(call(&mut w, out.clone()), Answered::Removed);
    assert_eq!(call(&mut w, out), Answered::Refused(Refusal::NotFound));
    let page = call(&mut w, Call::Members { gid: id(7), after: None, limit: None });
    let members = vec![(id(5), GroupRole::Owner, false)];
    assert_eq!(page, Answered::Members { members, more: false });
}

#[test]
fn what_the_daemon_does_is_in_the_name_of_system() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, join(7));
    call(&mut w, Call::PutGroup { gid: id(7), name: Some("Tea".into()), open: None, owner: None });
    let bounds = Bounds::Newest;
    let history = Call::History { uid: None, target: in_group(7), bounds, limit: None };
    let Answered::History { entries, more: false } = call(&mut w, history) else { panic!() };
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].uid, &*entries[0].name), (&system(), "system"));
}

#[test]
fn the_talk_of_two_is_read_from_either_side() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, pm(5, "hello"));
    for (uid, peer) in [(1001, 5), (5, 1001)] {
        let (target, bounds) = (Target::User(id(peer)), Bounds::Newest);
        let history = Call::History { uid: Some(id(uid)), target, bounds, limit: None };
        let Answered::History { entries, .. } = call(&mut w, history) else { panic!() };
        assert_eq!(entries.len(), 1);
    }
}

#[test]
fn nobody_is_called_system() {
    let mut w = world();
    let refused =
        |w: &mut World, request| matches!(call(w, request), Answered::Refused(Refusal::BadRequest(..)));
    assert!(refused(&mut w, Call::User { uid: system() }));
    assert!(refused(&mut w, Call::Ban { uid: system(), seconds: None }));
    assert!(refused(&mut w, Call::Group { gid: system() }));
    assert!(refused(&mut w, say(None, Target::User(system()), "to myself")));
    assert!(refused(&mut w, Call::PutMember { gid: id(7), uid: system(), role: None }));
}

#[test]
fn a_failed_turn_refuses_its_calls_and_leaves_nothing() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.send(ann, join(7));
    w.hush();
    w.call(1, say(None, in_group(7), "hello"));
    w.call(2, put_group(8));
    w.call(3, Call::Ban { uid: id(1001), seconds: None });
    w.fail();
    let internal = || Answered::Refused(Refusal::Internal { retry_ms: 1_000 });
    let expected = [1, 2, 3].map(|call| (CallId(call), internal()));
    assert_eq!(w.answered(), expected);
    w.silence();
    assert_eq!(call(&mut w, Call::Group { gid: id(8) }), Answered::Refused(Refusal::NotFound));
    let again = call(&mut w, say(None, in_group(7), "hello"));
    assert_eq!(again, Answered::Said { seq: 1, online: 1, stored: 0 });
    let Answered::User { ban: None, sessions: 1, .. } = call(&mut w, Call::User { uid: id(1001) }) else {
        panic!("banned all the same")
    };
}

#[test]
fn a_call_waits_for_the_store_and_may_be_overtaken() {
    let mut w = world();
    w.answers = Answers::Later;
    w.call(1, put_group(7));
    w.call(2, Call::User { uid: id(5) });
    assert!(w.answered().is_empty());
    while !w.asked.is_empty() {
        w.answer(w.asked.len() - 1);
    }
    w.commit();
    let answers = w.answered();
    let order: Vec<CallId> = answers.iter().map(|(call, _)| *call).collect();
    assert_eq!(order, [CallId(2), CallId(1)], "{answers:?}");
}

#[test]
fn a_call_that_waits_when_the_turn_fails_is_refused_once() {
    let mut w = world();
    w.answers = Answers::Later;
    w.call(1, put_group(7));
    w.fail();
    assert_eq!(w.answered(), [(CallId(1), Answered::Refused(Refusal::Internal { retry_ms: 1_000 }))]);
    while !w.asked.is_empty() {
        w.answer(0);
    }
    w.commit();
    assert!(w.answered().is_empty(), "an answer that still comes does no harm");
}
