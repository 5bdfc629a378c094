//! Users whom the back end sends away, for now or for longer.

use karez::chat::act::Term;
use karez::chat::call::Call;
use karez::chat::ids::SessionId;
use karez::chat::output::{Farewell, Refusal};

use crate::net::{Answered, Told, World};
use crate::story::*;

fn call(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    w.answered().remove(0).1
}

fn banned(uid: u64, seconds: Option<u64>) -> Call<'static> {
    Call::Ban { uid: id(uid), seconds }
}

#[test]
fn all_sessions_of_a_user_end_and_may_come_back() {
    let mut w = world();
    let one = w.guest(1, "Ann");
    let other = w.again(2, 1001);
    w.hush();
    assert_eq!(call(&mut w, Call::Disconnect { uid: id(1001) }), Answered::Disconnected { sessions: 2 });
    for session in [one, other] {
        assert_eq!(w.told(session), [Told::Bye(Farewell::Kicked)]);
    }
    assert_eq!(call(&mut w, Call::Disconnect { uid: id(1001) }), Answered::Disconnected { sessions: 0 });
    w.again(3, 1001);
}

#[test]
fn whoever_was_never_here_is_not_found() {
    let mut w = world();
    for request in [Call::User { uid: id(5) }, Call::Disconnect { uid: id(5) }, Call::Unban { uid: id(5) }] {
        assert_eq!(call(&mut w, request), Answered::Refused(Refusal::NotFound));
    }
}

#[test]
fn whoever_is_banned_goes_and_stays_out_until_that_is_lifted() {
    let mut w = world();
    let ann = w.known(1, 5);
    w.hush();
    let Answered::User { ban, .. } = call(&mut w, banned(5, None)) else { panic!() };
    assert_eq!(ban, Some(Term::UntilLifted));
    assert_eq!(w.told(ann), [Told::Bye(Farewell::Banned)]);
    w.leaves(ann);
    w.hush();
    let again = SessionId(2);
    w.send(again, known_login(id(5), None));
    let told = w.told(again);
    assert!(matches!(told[0], Told::Refused { refusal: Refusal::Forbidden, .. }), "{told:?}");
    assert_eq!(told[1], Told::Bye(Farewell::Banned));
    assert_eq!(call(&mut w, Call::Unban { uid: id(5) }), Answered::Removed);
    assert_eq!(call(&mut w, Call::Unban { uid: id(5) }), Answered::Refused(Refusal::NotFound));
    w.known(3, 5);
}

#[test]
fn a_ban_ends_by_itself() {
    let mut w = world();
    call(&mut w, banned(5, Some(60)));
    let session = SessionId(1);
    w.send(session, known_login(id(5), None));
    assert!(matches!(w.told(session)[0], Told::Refused { .. }));
    w.later_ms(60_000);
    w.known(2, 5);
}

#[test]
fn a_guest_is_banned_by_number() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.hush();
    call(&mut w, banned(1001, None));
    assert_eq!(w.told(ann), [Told::Bye(Farewell::Banned)]);
    w.leaves(ann);
    w.hush();
    let again = SessionId(2);
    w.send(again, guest_return(1001, None));
    assert!(matches!(w.told(again)[0], Told::Refused { refusal: Refusal::Forbidden, .. }));
}

#[test]
fn a_ban_outlasts_the_process() {
    let mut w = world();
    call(&mut w, banned(5, None));
    let mut w = World::on(chat_with(|_| {}), w.into_store());
    let session = SessionId(1);
    w.send(session, known_login(id(5), None));
    assert!(matches!(w.told(session)[0], Told::Refused { refusal: Refusal::Forbidden, .. }));
}

#[test]
fn a_ban_that_was_not_stored_sends_nobody_away() {
    let mut w = world();
    let ann = w.guest(1, "Ann");
    w.hush();
    w.call(1, banned(1001, None));
    w.fail();
    assert_eq!(w.told(ann), []);
    w.hush();
    w.send(ann, group(7, "still here"));
    assert!(!w.told(ann).is_empty());
}
