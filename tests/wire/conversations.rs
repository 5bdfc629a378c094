//! Reading cursors and lists of conversations, both ways.

use karez::base::clock::UnixMillis;
use karez::chat::ids::{Conversation, Id, TicketId};
use karez::chat::input::{Command, Target};
use karez::chat::output::{ConversationRecord, EntryRecord, Event, ListPlace, Recall};
use karez::wire::{Code, render};

use crate::common::{command, id, refused, written};

fn event(event: &Event<'_>) -> String {
    written(|out| render(event, out))
}

fn last(uid: &str) -> Option<EntryRecord> {
    Some(EntryRecord {
        seq: 9,
        uid: id(uid),
        name: "then".into(),
        content: "hi".into(),
        kind: None,
        data: None,
        reply: None,
        mentions: [].into(),
        act: None,
        recall: Recall::None,
        time: UnixMillis(5),
    })
}

fn list(uid: &str, list: &[ConversationRecord], next: Option<&ListPlace>) -> String {
    event(&Event::Conversations { id: Some("c"), uid: &id(uid), list, next })
}

#[test]
fn what_was_read_is_told() {
    let told = |target: &Target| event(&Event::Read { target, uid: &id("1001"), seq: 42 });
    assert_eq!(told(&Target::Group(id("tea"))), r#"{"type":"read","gid":"tea","uid":1001,"seq":42}"#);
    assert_eq!(told(&Target::User(id("1002"))), r#"{"type":"read","to":1002,"uid":1001,"seq":42}"#);
}

#[test]
fn what_was_read_is_asked_for() {
    let read = |target, seq| Command::Read { target, seq };
    assert_eq!(command(r#"{"type":"read","gid":7,"seq":42}"#), read(Target::Group(id("7")), 42));
    assert_eq!(command(r#"{"type":"read","uid":"ann","seq":0}"#), read(Target::User(id("ann")), 0));
    for (field, request) in [
        ("gid", r#""type":"read","seq":1"#),
        ("uid", r#""type":"read","gid":7,"uid":8,"seq":1"#),
        ("ticket", r#""type":"read","uid":8,"ticket":8,"seq":1"#),
        ("seq", r#""type":"read","gid":7"#),
        ("seq", r#""type":"read","gid":7,"seq":null"#),
        ("seq", r#""type":"read","gid":7,"seq":-1"#),
        ("seq", r#""type":"read","gid":7,"seq":1.0"#),
        ("seq", r#""type":"read","gid":7,"seq":"1""#),
    ] {
        assert_eq!(refused(&format!("{{{request}}}")), (Code::BadRequest, Some(field), None), "{request}");
    }
    assert_eq!(command(r#"{"type":"read","ticket":7,"seq":1}"#), read(Target::Ticket(TicketId(7)), 1));
}

#[test]
fn a_list_names_each_conversation_from_the_askers_side() {
    let record = |conversation, name: &str, last| ConversationRecord {
        conversation,
        name: name.into(),
        seq: 9,
        read: 7,
        unread: 1,
        last,
    };
    let two = || Conversation::direct(&id("1001"), &id("1002"));
    let group = record(Conversation::Group(id("123")), "茶馆", last("1002"));
    assert_eq!(
        list("1001", &[group, record(two(), "", None)], None),
        concat!(
            r#"{"type":"conversations","id":"c","list":["#,
            r#"{"gid":123,"name":"茶馆","seq":9,"read":7,"unread":1,"last":{"type":"groupPm","gid":123,"seq":9,"#,
            r#""uid":1002,"name":"then","content":"hi","time":5}},"#,
            r#"{"uid":1002,"seq":9,"read":7,"unread":1}]}"#
        )
    );
    assert_eq!(
        list("1002", &[record(two(), "Ann", last("1002"))], Some(&ListPlace::Entry(77))),
        concat!(
            r#"{"type":"conversations","id":"c","list":["#,
            r#"{"uid":1001,"name":"Ann","seq":9,"read":7,"unread":1,"last":{"type":"pm","#,
            r#""uid":1002,"to":1001,"seq":9,"name":"then","content":"hi","time":5}}],"next":"77"}"#
        )
    );
    let oneself = Conversation::direct(&id("1001"), &id("1001"));
    let text = list("1001", &[record(oneself, "Ann", None)], None);
    assert!(text.contains(r#"{"uid":1001,"name":"Ann""#), "{text}");
    let nothing = Event::Conversations { id: None, uid: &id("1"), list: &[], next: None };
    assert_eq!(event(&nothing), r#"{"type":"conversations","list":[]}"#);
}

#[test]
fn where_a_list_went_on_it_can_be_asked_for() {
    assert_eq!(command(r#"{"type":"conversations"}"#), Command::Conversations { cursor: None, limit: None });
    let places = [
        ListPlace::Entry(1),
        ListPlace::Entry((1 << 53) - 1),
        ListPlace::Silent(id("123")),
        ListPlace::Silent(id("007")),
        ListPlace::Silent(id("g")),
        ListPlace::Silent(id("a \"quoted\" \\ 群")),
        ListPlace::Silent(Id::from_text(&"x".repeat(64)).unwrap()),
    ];
    for place in places {
        let text = list("1", &[], Some(&place));
        let (_, next) = text.split_once(r#""next":"#).unwrap();
        let next = next.strip_suffix('}').unwrap();
        let request = format!(r#"{{"type":"conversations","cursor":{next},"limit":7}}"#);
        assert_eq!(command(&request), Command::Conversations { cursor: Some(place), limit: Some(7) });
    }
}

#[test]
fn a_cursor_that_nobody_gave_is_refused() {
    let long = format!("\"g{}\"", "x".repeat(65));
    let cursors = [
        "\"\"",
        "\"0\"",
        "\"01\"",
        "\"+1\"",
        "\"-1\"",
        "\"1.0\"",
        "\"1e3\"",
        "\" 1\"",
        "\"9007199254740992\"",
        "\"x1\"",
        "\"g\"",
        "\"g\\u0000\"",
        &long,
        "1",
        "true",
        "{}",
        "[]",
    ];
    for cursor in cursors {
        let text = format!(r#"{{"type":"conversations","cursor":{cursor}}}"#);
        assert_eq!(refused(&text), (Code::BadRequest, Some("cursor"), None), "{text}");
    }
    let text = r#"{"type":"conversations","limit":0}"#;
    assert_eq!(refused(text), (Code::BadRequest, Some("limit"), None));
}
