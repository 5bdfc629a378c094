//! Taking back what was said.

use karez::chat::ids::{Conversation, SessionId};
use karez::chat::input::{Bounds, Command, Draft, Target};
use karez::chat::output::{GroupRole, Recall};

use crate::net::{Answers, World};
use crate::story::*;

fn history_with(uid: u64) -> Command<'static> {
    Command::History { target: Target::User(id(uid)), bounds: Bounds::Newest, limit: None }
}

fn history(gid: u64) -> Command<'static> {
    Command::History { target: Target::Group(id(gid)), bounds: Bounds::Newest, limit: None }
}

/// Ada owns group 7, Bob and Cid are in it, and each has said something, in this order.
fn three_in_a_group() -> (World, [SessionId; 3]) {
    let mut w = world();
    let all = [w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid")];
    for (session, words) in all.iter().zip(["one", "two", "three"]) {
        w.send(*session, group(7, words));
    }
    w.hush();
    (w, all)
}

#[test]
fn a_recall_is_an_entry_and_takes_the_text_away() {
    let (mut w, [ada, bob, cid]) = three_in_a_group();
    let draft = Draft {
        content: "look".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: Some(1),
        mentions: vec![id(1001)],
        file: None,
    };
    w.send(bob, Command::Group { gid: id(7), draft });
    w.hush();
    w.ask(bob, "x", recall(7, 4));
    assert_eq!(w.heard(bob), ["group 7 #5 1002 Bob: *recall #4*", "ack [x] group 7 #5"]);
    for session in [ada, cid] {
        assert_eq!(w.heard(session), ["group 7 #5 1002 Bob: *recall #4*"]);
    }
    let stored: Vec<_> = w.store().entries(&Conversation::Group(id(7))).collect();
    let (erased, recalling) = (&stored[3], &stored[4]);
    assert_eq!((erased.recall, recalling.recall), (Recall::Recalled, Recall::Of(4)));
    assert_eq!((erased.seq, &erased.uid, &*erased.name), (4, &id(1002), "Bob"));
    assert_eq!((&*erased.content, &erased.kind, &erased.data), ("", &None, &None));
    assert_eq!((erased.reply, erased.mentions.len()), (None, 0));
    w.send(ada, history(7));
    assert_eq!(
        w.heard(ada),
        [
            "history group 7: group 7 #1 1001 Ada: one | group 7 #2 1002 Bob: two | group 7 #3 1003 Cid: three | \
          group 7 #4 1002 Bob: *recalled* | group 7 #5 1002 Bob: *recall #4*"
        ]
    );
    w.silence();
}

#[test]
fn a_private_message_is_recalled_on_all_devices_of_both() {
    let mut w = world();
    let (ada, bob, cid) = (w.guest(1, "Ada"), w.guest(2, "Bob"), w.guest(3, "Cid"));
    let phone = w.again(4, 1002);
    w.send(ada, pm(1002, "psst"));
    w.hush();
    w.ask(ada, "x", recall_to(1002, 1));
    let line = "pm 1001-1002 #2 1001 Ada: *recall #1*";
    assert_eq!(w.heard(ada), [line, "ack [x] user 1002 #2"]);
    assert_eq!(w.heard(bob), [line]);
    assert_eq!(w.heard(phone), [line]);
    w.send(bob, history_with(1001));
    assert_eq!(w.heard(bob), [format!("history user 1001: pm 1001-1002 #1 1001 Ada: *recalled* | {line}")]);
    assert!(w.heard(cid).is_empty());
    w.send(ada, pm(1001, "to myself"));
    w.hush();
    w.send(ada, recall_to(1001, 1));
    assert_eq!(w.heard(ada), ["pm 1001-1001 #2 1001 Ada: *recall #1*"], "to oneself, once");
    w.silence();
}

#[test]
fn in_private_only_the_author_recalls() {
    let mut w = world();
    let (ada, overseer) = (w.guest(1, "Ada"), SessionId(2));
    w.send(overseer, admin_login(id(9)));
    w.send(ada, pm(9, "mine"));
    w.hush();
    w.send(overseer, recall_to(1001, 1));
    assert_eq!(w.heard(overseer), ["refused Forbidden"]);
    w.send(ada, recall_to(9, 1));
    assert_eq!(w.heard(ada), ["pm 9-1001 #2 1001 Ada: *recall #1*"]);
}

#[test]
fn an_author_recalls_within_the_time() {
    let (mut w, [_, bob, _]) = three_in_a_group();
    w.send(bob, pm(1003, "psst"));
    w.hush();
    w.later_ms(120_000);
    w.send(bob, recall(7, 2));
    assert_eq!(w.heard(bob), ["group 7 #4 1002 Bob: *recall #2*"]);
    w.send(bob, group(7, "late"));
    w.later_ms(1);
    w.hush();
    w.send(bob, recall_to(1003, 1));
    assert_eq!(w.heard(bob), ["refused Forbidden"]);
    w.later_ms(120_000);
    w.send(bob, recall(7, 5));
    assert_eq!(w.heard(bob), ["refused Forbidden"]);
}

#[test]
fn who_sets_the_date_back_takes_no_right_away() {
    let (mut w, [_, bob, _]) = three_in_a_group();
    w.later_ms(10);
    w.send(bob, group(7, "from the future"));
    w.hush();
    w.now.unix = karez::base::clock::UnixMillis(0);
    w.send(bob, recall(7, 4));
    assert_eq!(w.heard(bob), ["group 7 #5 1002 Bob: *recall #4*"]);
}

#[test]
fn who_governs_recalls_at_any_time_and_what_the_owner_said_too() {
    let (mut w, [ada, bob, cid]) = three_in_a_group();
    w.send(ada, role(7, 1002, GroupRole::Admin));
    w.hush();
    w.later_ms(1_000_000);
    w.send(cid, recall(7, 1));
    assert_eq!(w.heard(cid), ["refused Forbidden"]);
    w.send(bob, recall(7, 1));
    w.send(ada, recall(7, 3));
    let lines = ["group 7 #5 1002 Bob: *recall #1*", "group 7 #6 1001 Ada: *recall #3*"];
    assert_eq!(w.heard(cid), lines);
    // An overseer need not be a member, and then does not hear it.
    let overseer = SessionId(9);
    w.send(overseer, admin_login(id(9)));
    w.hush();
    w.ask(overseer, "x", recall(7, 2));
    assert_eq!(w.heard(overseer), ["ack [x] group 7 #7"]);
    assert_eq!(w.heard(cid), ["group 7 #7 9 9: *recall #2*"]);
}

#[test]
fn a_second_recall_changes_nothing() {
    let (mut w, [ada, bob, cid]) = three_in_a_group();
    w.send(bob, recall(7, 2));
    w.hush();
    w.later_ms(1_000_000);
    for session in [ada, bob] {
        w.ask(session, "x", recall(7, 2));
        assert_eq!(w.heard(session), ["ack [x]"]);
    }
    w.ask(cid, "x", recall(7, 2));
    assert_eq!(w.heard(cid), ["refused [x] Forbidden"]);
    w.silence();
    assert_eq!(w.store().entries(&Conversation::Group(id(7))).count(), 4);
}

#[test]
fn two_recalls_in_one_turn_make_one_entry() {
    let (mut w, [ada, bob, _]) = three_in_a_group();
    w.request(ada, Some("a"), recall(7, 2));
    w.request(bob, Some("b"), recall(7, 2));
    w.commit();
    let line = "group 7 #4 1001 Ada: *recall #2*";
    assert_eq!(w.heard(ada), [line, "ack [a] group 7 #4"]);
    assert_eq!(w.heard(bob), [line, "ack [b]"]);
}

#[test]
fn two_who_wait_for_the_same_entry_recall_it_once() {
    let (mut w, [ada, bob, _]) = three_in_a_group();
    w.answers = Answers::Later;
    w.ask(ada, "a", recall(7, 2));
    w.ask(bob, "b", recall(7, 2));
    w.answer(0);
    w.answer(0);
    w.commit();
    let line = "group 7 #4 1001 Ada: *recall #2*";
    assert_eq!(w.heard(ada), [line, "ack [a] group 7 #4"]);
    assert_eq!(w.heard(bob), [line, "ack [b]"]);
}

#[test]
fn what_is_no_message_stays() {
    let (mut w, [ada, bob, _]) = three_in_a_group();
    w.send(ada, mute(7, 1003, None));
    w.send(bob, recall(7, 2));
    w.hush();
    for (session, seq) in [(ada, 4), (ada, 5), (bob, 4), (bob, 5)] {
        w.send(session, recall(7, seq));
        assert_eq!(w.heard(session), ["refused BadRequest(\"seq\", \"is no message\")"], "{seq}");
    }
    w.silence();
}

#[test]
fn what_is_not_there_is_not_found() {
    let (mut w, [ada, ..]) = three_in_a_group();
    for seq in [0, 4, 99, u64::MAX] {
        w.send(ada, recall(7, seq));
        w.send(ada, recall_to(1002, seq));
        assert_eq!(w.heard(ada), ["refused NotFound", "refused NotFound"], "{seq}");
    }
    w.silence();
}

#[test]
fn an_entry_of_which_the_store_has_only_a_later_one_is_not_found() {
    let chat = chat_with(|_| {});
    let mut w = World::on(chat, karez::store::Memory::new(2));
    let ada = w.guest(1, "Ada");
    for words in ["one", "two", "three"] {
        w.send(ada, group(7, words));
    }
    w.hush();
    w.send(ada, recall(7, 1));
    assert_eq!(w.heard(ada), ["refused NotFound"]);
}

#[test]
fn a_mute_and_a_block_take_no_recall_away() {
    let (mut w, [ada, bob, cid]) = three_in_a_group();
    w.send(bob, pm(1003, "psst"));
    w.send(ada, mute(7, 1002, None));
    w.send(cid, Command::Block { uid: id(1002), on: true });
    w.hush();
    w.send(bob, recall(7, 2));
    w.send(bob, recall_to(1003, 1));
    let lines = ["group 7 #5 1002 Bob: *recall #2*", "pm 1002-1003 #2 1002 Bob: *recall #1*"];
    assert_eq!(w.heard(bob), lines);
    assert_eq!(w.heard(cid), lines);
}

#[test]
fn who_has_left_recalls_nothing() {
    let (mut w, [_, bob, _]) = three_in_a_group();
    w.send(bob, leave(7));
    w.hush();
    w.send(bob, recall(7, 2));
    assert_eq!(w.heard(bob), ["refused Forbidden"]);
    w.silence();
}

#[test]
fn who_is_put_out_while_the_entry_is_under_way_recalls_nothing() {
    let (mut w, [ada, bob, _]) = three_in_a_group();
    w.answers = Answers::Later;
    w.ask(bob, "x", recall(7, 2));
    w.send(ada, kick(7, 1002));
    w.hush();
    w.answer(0);
    w.commit();
    assert_eq!(w.heard(bob), ["refused [x] Forbidden"]);
}

#[test]
fn a_message_that_was_recalled_and_is_sent_again_stays_recalled() {
    let (mut w, [_, bob, _]) = three_in_a_group();
    w.ask(bob, "m", group(7, "oops"));
    w.send(bob, recall(7, 4));
    w.hush();
    w.ask(bob, "m", group(7, "oops"));
    assert_eq!(w.heard(bob), ["ack [m] group 7 #4 again"]);
    w.silence();
}

#[test]
fn a_failed_turn_recalls_nothing() {
    let (mut w, [ada, bob, _]) = three_in_a_group();
    w.send(bob, pm(1003, "psst"));
    w.hush();
    w.request(bob, Some("x"), recall(7, 2));
    w.request(bob, Some("y"), recall_to(1003, 1));
    w.request(bob, Some("z"), history(7));
    w.fail();
    let failed = |id: &str| format!("refused [{id}] Internal {{ retry_ms: 1000 }}");
    assert_eq!(w.heard(bob), [failed("x"), failed("y"), failed("z")]);
    w.silence();
    w.send(ada, history(7));
    assert_eq!(
        w.heard(ada),
        ["history group 7: group 7 #1 1001 Ada: one | group 7 #2 1002 Bob: two | group 7 #3 1003 Cid: three"]
    );
    w.ask(bob, "x", recall(7, 2));
    assert_eq!(w.heard(bob), ["group 7 #4 1002 Bob: *recall #2*", "ack [x] group 7 #4"]);
    w.ask(bob, "y", recall_to(1003, 1));
    assert_eq!(w.heard(bob), ["pm 1002-1003 #2 1002 Bob: *recall #1*", "ack [y] user 1003 #2"]);
}
