//! Files: who may upload them, to which entries they belong, who may have them, and how all that ends with a turn.

use karez::chat::call::{Call, Put};
use karez::chat::files::{Bearer, NewFile};
use karez::chat::ids::{CallId, Conversation, FileId, Id};
use karez::chat::input::{Command, Draft, Role, Target};
use karez::chat::output::{FileRecord, Refusal};

use crate::net::{Answered, Told, World};
use crate::story::*;

pub fn file_id(number: u64) -> FileId {
    FileId::from_text(&format!("file-{number:012}")).unwrap()
}

pub fn bearer(uid: u64) -> Bearer {
    Bearer { uid: id(uid), role: Role::User, guest: uid > 1_000 }
}

pub fn call(w: &mut World, request: Call<'_>) -> Answered {
    w.call(1, request);
    w.commit();
    let mut answers = w.answered();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0).1
}

pub fn upload(uid: u64, target: Target) -> Call<'static> {
    Call::Upload { bearer: bearer(uid), target }
}

pub fn keep(uid: u64, target: Target, number: u64) -> Call<'static> {
    let file =
        NewFile { id: file_id(number), name: "a.png".into(), media_type: "image/png".into(), bytes: 5 };
    Call::KeepFile { bearer: bearer(uid), target, file }
}

pub fn fetch(uid: u64, number: u64) -> Call<'static> {
    Call::File { bearer: bearer(uid), file: file_id(number) }
}

pub fn with_file(number: u64) -> Draft<'static> {
    Draft {
        content: "look".into(),
        kind: Some("image".into()),
        file: Some(file_id(number)),
        ..Draft::default()
    }
}

fn in_group() -> Target {
    Target::Group(id(7))
}

fn refused(refusal: Refusal) -> Answered {
    Answered::Refused(refusal)
}

/// Ann and Bob in group 7, and Cat outside.
fn scene() -> (World, [karez::chat::ids::SessionId; 3]) {
    let mut w = world();
    let sessions = [(1, "Ann"), (2, "Bob"), (3, "Cat")].map(|(n, name)| w.guest(n, name));
    w.send(sessions[0], join(7));
    w.send(sessions[1], join(7));
    w.hush();
    (w, sessions)
}

#[test]
fn a_file_is_uploaded_sent_and_fetched() {
    let (mut w, [ann, bob, _]) = scene();
    assert_eq!(call(&mut w, upload(1001, in_group())), Answered::Granted);
    let Answered::File { put: Put::Made, file } = call(&mut w, keep(1001, in_group(), 1)) else { panic!() };
    let expected = FileRecord {
        id: file_id(1),
        uid: id(1001),
        conversation: Conversation::Group(id(7)),
        seq: None,
        name: "a.png".into(),
        media_type: "image/png".into(),
        bytes: 5,
        time: file.time,
    };
    assert_eq!(file, expected);
    assert_eq!(w.heard(bob), [""; 0], "an upload says nothing");
    assert_eq!(call(&mut w, fetch(1002, 1)), refused(Refusal::NotFound), "it is not sent");
    w.send(ann, Command::Group { gid: id(7), draft: with_file(1) });
    assert_eq!(w.heard(bob).len(), 1);
    for uid in [1001, 1002] {
        let Answered::File { put: Put::Kept, file } = call(&mut w, fetch(uid, 1)) else { panic!() };
        assert_eq!(file.seq, Some(1));
    }
    assert_eq!(call(&mut w, fetch(1003, 1)), refused(Refusal::NotFound));
    assert_eq!(call(&mut w, fetch(1001, 9)), refused(Refusal::NotFound));
}

#[test]
fn who_overseees_has_every_file_of_groups_and_none_of_two() {
    let (mut w, [ann, ..]) = scene();
    call(&mut w, keep(1001, in_group(), 1));
    call(&mut w, keep(1001, Target::User(id(1002)), 2));
    w.send(ann, Command::Group { gid: id(7), draft: with_file(1) });
    w.send(ann, Command::Pm { uid: id(1002), draft: with_file(2) });
    let admin = |number| Call::File {
        bearer: Bearer { uid: id(9), role: Role::Admin, guest: false },
        file: file_id(number),
    };
    assert!(matches!(call(&mut w, admin(1)), Answered::File { .. }));
    assert_eq!(call(&mut w, admin(2)), refused(Refusal::NotFound));
}

#[test]
fn nobody_attaches_what_is_not_theirs_or_not_for_this_or_sent_already() {
    let (mut w, [ann, bob, _]) = scene();
    w.send(ann, join(8));
    call(&mut w, keep(1001, in_group(), 1));
    call(&mut w, keep(1001, Target::User(id(1002)), 2));
    w.hush();
    let mut refusal = |session, command: Command<'static>| {
        w.ask(session, "x", command);
        let told = w.told(session).pop().unwrap();
        let Told::Refused { refusal: Refusal::BadRequest("data.file", _), .. } = told else {
            panic!("{told:?}")
        };
    };
    let say = |gid, number| Command::Group { gid: id(gid), draft: with_file(number) };
    refusal(bob, say(7, 1));
    refusal(ann, say(8, 1));
    refusal(ann, say(7, 2));
    refusal(ann, say(7, 9));
    refusal(bob, Command::Pm { uid: id(1001), draft: with_file(2) });
    refusal(ann, Command::Pm { uid: id(1002), draft: with_file(1) });
    w.send(ann, say(7, 1));
    w.send(ann, Command::Pm { uid: id(1002), draft: with_file(2) });
    let mut refusal = |session, command: Command<'static>| {
        w.ask(session, "y", command);
        let told = w.told(session).pop().unwrap();
        assert!(
            matches!(told, Told::Refused { refusal: Refusal::BadRequest("data.file", _), .. }),
            "{told:?}"
        );
    };
    refusal(ann, say(7, 1));
    refusal(ann, Command::Pm { uid: id(1002), draft: with_file(2) });
}

#[test]
fn of_two_messages_with_one_file_in_one_turn_the_first_has_it() {
    let (mut w, [ann, ..]) = scene();
    call(&mut w, keep(1001, in_group(), 1));
    w.hush();
    let say = || Command::Group { gid: id(7), draft: with_file(1) };
    w.request(ann, Some("a"), say());
    w.request(ann, Some("b"), say());
    w.commit();
    let told = w.told(ann);
    assert!(told.iter().any(|told| matches!(told, Told::Ack { id, .. } if id == "a")), "{told:?}");
    assert!(
        told.iter().any(|told| matches!(told, Told::Refused { id: Some(id), .. } if id == "b")),
        "{told:?}"
    );
}

#[test]
fn a_turn_that_fails_leaves_the_file_free() {
    let (mut w, [ann, ..]) = scene();
    w.call(1, keep(1001, in_group(), 1));
    w.fail();
    let answers = w.answered();
    assert!(
        matches!(answers.last(), Some((CallId(1), Answered::Refused(Refusal::Internal { .. })))),
        "{answers:?}"
    );
    assert_eq!(call(&mut w, fetch(1001, 1)), refused(Refusal::NotFound));
    call(&mut w, keep(1001, in_group(), 1));
    let say = || Command::Group { gid: id(7), draft: with_file(1) };
    w.request(ann, Some("a"), say());
    w.fail();
    w.hush();
    w.ask(ann, "b", say());
    assert!(matches!(w.told(ann).pop(), Some(Told::Ack { .. })), "it was not taken by the one that failed");
}

#[test]
fn who_is_kept_out_of_the_daemon_has_no_files() {
    let (mut w, [ann, ..]) = scene();
    call(&mut w, keep(1001, in_group(), 1));
    w.send(ann, Command::Group { gid: id(7), draft: with_file(1) });
    call(&mut w, Call::Ban { uid: id(1002), seconds: None });
    assert_eq!(call(&mut w, fetch(1002, 1)), refused(Refusal::Forbidden));
    assert_eq!(call(&mut w, upload(1002, in_group())), refused(Refusal::Forbidden));
    assert_eq!(call(&mut w, keep(1002, in_group(), 2)), refused(Refusal::Forbidden));
}

#[test]
fn the_daemon_itself_is_nobody_to_send_files_to() {
    let (mut w, _) = scene();
    let system: Id = text_id("system");
    let refusal = refused(Refusal::BadRequest("uid", "is reserved"));
    assert_eq!(call(&mut w, upload(1001, Target::User(system.clone()))), refusal);
    let refusal = refused(Refusal::BadRequest("gid", "is reserved"));
    assert_eq!(call(&mut w, upload(1001, Target::Group(system))), refusal);
}

#[test]
fn a_back_end_sends_what_the_user_has_uploaded_in_whose_name_it_speaks() {
    let (mut w, _) = scene();
    call(&mut w, keep(1001, in_group(), 1));
    let say = |from| Call::Say { from, target: in_group(), draft: with_file(1) };
    assert!(matches!(
        call(&mut w, say(Some(id(1002)))),
        Answered::Refused(Refusal::BadRequest("data.file", _))
    ));
    assert!(matches!(call(&mut w, say(None)), Answered::Refused(Refusal::BadRequest("data.file", _))));
    assert!(matches!(call(&mut w, say(Some(id(1001)))), Answered::Said { seq: 1, .. }));
}

#[test]
fn a_file_of_a_guest_who_came_back_goes_again() {
    let (mut w, [ann, ..]) = scene();
    let forget = |w: &mut World| match call(w, Call::Forget { uid: id(1001) }) {
        Answered::Forgotten(report) => report.files,
        other => panic!("{other:?}"),
    };
    assert_eq!(forget(&mut w), 0);
    w.leaves(ann);
    let target = || Target::User(id(1002));
    assert!(matches!(call(&mut w, keep(1001, target(), 1)), Answered::File { .. }));
    assert_eq!(forget(&mut w), 1);
    assert_eq!(call(&mut w, fetch(1001, 1)), refused(Refusal::NotFound));
}

#[test]
fn a_token_is_for_whom_it_would_let_in() {
    let (mut w, _) = scene();
    let eve = w.known(9, 5);
    w.send(eve, join(7));
    w.hush();
    let by = |uid, guest| Call::Upload {
        bearer: Bearer { uid: id(uid), role: Role::User, guest },
        target: in_group(),
    };
    for (uid, guest, expected) in [
        (1001, true, Answered::Granted),
        (1001, false, refused(Refusal::Unauthorized)),
        (5, false, Answered::Granted),
        (5, true, refused(Refusal::Unauthorized)),
    ] {
        assert_eq!(call(&mut w, by(uid, guest)), expected, "{uid}, a guest's: {guest}");
    }
}
