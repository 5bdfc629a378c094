//! Searching, on the wire.

use karez::base::clock::UnixMillis;
use karez::chat::ids::Conversation;
use karez::chat::input::{Command, Target};
use karez::chat::output::{EntryRecord, Event, Found, Recall};
use karez::wire::{Code, render};

use crate::common::{command, id, refused, written};

#[test]
fn a_search_is_read() {
    let search = |query: &'static str, target, cursor, limit| Command::Search {
        query: query.into(),
        target,
        cursor,
        limit,
    };
    for (text, expected) in [
        (r#"{"type":"search","q":"天气"}"#, search("天气", None, None, None)),
        (r#"{"type":"search","q":""}"#, search("", None, None, None)),
        (
            r#"{"type":"search","q":"tea","gid":"7","uid":null,"limit":20}"#,
            search("tea", Some(Target::Group(id("7"))), None, Some(20)),
        ),
        (
            r#"{"type":"search","q":"\u5929","uid":"ann","cursor":"4711"}"#,
            search("天", Some(Target::User(id("ann"))), Some(4_711), None),
        ),
        (
            r#"{"type":"search","q":"tea","cursor":"9007199254740991"}"#,
            search("tea", None, Some(9_007_199_254_740_991), None),
        ),
    ] {
        assert_eq!(command(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_search_is_told() {
    for (field, text) in [
        ("q", r#"{"type":"search","id":"1"}"#),
        ("q", r#"{"type":"search","id":"1","q":null}"#),
        ("q", r#"{"type":"search","id":"1","q":["tea"]}"#),
        ("gid", r#"{"type":"search","id":"1","q":"tea","gid":0}"#),
        ("uid", r#"{"type":"search","id":"1","q":"tea","gid":1,"uid":1}"#),
        ("ticket", r#"{"type":"search","id":"1","q":"tea","gid":1,"ticket":1}"#),
        ("limit", r#"{"type":"search","id":"1","q":"tea","limit":0}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":4711}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":""}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":"0"}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":"01"}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":"+1"}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":"1.5"}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":" 1"}"#),
        ("cursor", r#"{"type":"search","id":"1","q":"tea","cursor":"9007199254740992"}"#),
    ] {
        assert_eq!(refused(text), (Code::BadRequest, Some(field), Some("1".to_owned())), "{text}");
    }
}

#[test]
fn what_is_found_stands_as_it_was_delivered() {
    let entry = |seq| EntryRecord {
        seq,
        uid: id("ann"),
        name: "Ann".into(),
        content: "天气".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: Some(1),
        mentions: [id("bob")].into(),
        act: None,
        recall: Recall::None,
        time: UnixMillis(1),
    };
    let found = [
        Found { conversation: Conversation::Group(id("7")), entry: entry(42) },
        Found { conversation: Conversation::direct(&id("ann"), &id("bob")), entry: entry(7) },
    ];
    let live = found
        .each_ref()
        .map(|found| written(|out| render(&Event::Entry(found.entry.entry(&found.conversation)), out)));
    let search = |id, found, next| written(|out| render(&Event::Search { id, found, next }, out));
    assert_eq!(
        search(Some("s"), &found, Some(4_711)),
        format!(r#"{{"type":"search","id":"s","messages":[{},{}],"next":"4711"}}"#, live[0], live[1])
    );
    assert_eq!(search(None, &[], None), r#"{"type":"search","messages":[]}"#);
}
