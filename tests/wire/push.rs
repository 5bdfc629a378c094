//! A push: the exact bytes that a client is told, and what a back end may write in a call.

use karez::base::clock::UnixMillis;
use karez::chat::call::{Answer, Call};
use karez::chat::output::{Event, Notice, PushCounts};
use karez::chat::push::{Addressees, Push};
use karez::wire::api::{self, Request, Route};
use karez::wire::render;

use crate::common::{id, written};

const BARE: Notice<'_> = Notice {
    id: "p1",
    title: None,
    content: "hi",
    data: None,
    url: None,
    time: UnixMillis(1_700_000_000_123),
};

fn event(event: &Event<'_>) -> String {
    written(|out| render(event, out))
}

#[test]
fn a_push_has_what_it_was_given() {
    assert_eq!(event(&Event::Push(BARE)), r#"{"type":"push","id":"p1","content":"hi","time":1700000000123}"#);
    let full = Notice { title: Some("\"Tea\""), data: Some(r#"{"a": 1}"#), url: Some("/tea"), ..BARE };
    let fields = r#"{"type":"push","id":"p1","title":"\"Tea\"","content":"hi","data":{"a": 1},"url":"/tea","time":1700000000123"#;
    assert_eq!(event(&Event::Push(full)), format!("{fields}}}"));
    assert_eq!(event(&Event::OfflinePush(full)), format!("{fields},\"offline\":true}}"));
}

#[test]
fn an_answer_says_how_many_it_reached() {
    let answer = Answer::Pushed { id: "p1", counts: PushCounts { online: 2, stored: 3 } };
    let reply = api::render(&answer);
    assert_eq!(reply.status, 200);
    assert_eq!(String::from_utf8(reply.body).unwrap(), r#"{"id":"p1","online":2,"stored":3}"#);
}

fn push(to: Addressees, push_id: &str) -> Push<'_> {
    Push { to, id: push_id.into(), title: None, content: "hi".into(), data: None, url: None, ttl_s: None }
}

#[track_caller]
fn read<'a>(path: &str, body: &'a str) -> Result<Push<'a>, String> {
    let route = Route::find("POST", path).unwrap();
    match api::parse(route, None, body.as_bytes()) {
        Ok(Request::Chat(Call::Push(push), id)) => {
            assert_eq!(id.as_deref().unwrap_or_default(), push.id, "by its id it is known again");
            Ok(push)
        }
        Ok(other) => panic!("{other:?}"),
        Err(problem) => Err(format!("{problem:?}")),
    }
}

#[test]
fn a_call_names_exactly_one_kind_of_addressees() {
    let users = |uids: &[&str]| Addressees::Users(uids.iter().map(|uid| id(uid)).collect());
    for (to, addressees) in [
        (r#"{"uid":7}"#, users(&["7"])),
        (r#"{"uid":"7","gid":null}"#, users(&["7"])),
        (r#"{"uids":[7,"bob"]}"#, users(&["7", "bob"])),
        (r#"{"uids":[]}"#, users(&[])),
        (r#"{"gid":"tea"}"#, Addressees::Group(id("tea"))),
        (r#"{"all":true,"x":1}"#, Addressees::All),
    ] {
        let body = format!(r#"{{"to":{to},"content":"hi","id":"p1"}}"#);
        assert_eq!(read("/v1/push", &body), Ok(push(addressees, "p1")), "{to}");
    }
    for to in
        ["{}", r#"{"uid":7,"all":true}"#, r#"{"all":false}"#, r#"{"uid":0}"#, "7", r#"{"uids":7}"#, "null"]
    {
        let body = format!(r#"{{"to":{to},"content":"hi"}}"#);
        assert!(read("/v1/push", &body).is_err(), "{to}");
    }
}

#[test]
fn a_call_says_what_is_told() {
    let body = r#"{"to":{"uid":7},"title":"Tea","content":"hi","data":{"a": 1},"url":"/t","ttl":60}"#;
    let full = Push {
        title: Some("Tea".into()),
        data: Some(r#"{"a": 1}"#.into()),
        url: Some("/t".into()),
        ttl_s: Some(60),
        ..push(Addressees::Users(vec![id("7")]), "")
    };
    assert_eq!(read("/v1/push", body), Ok(full));
    for wrong in
        [r#""title":7"#, r#""content":"""#, r#""data":[]"#, r#""url":7"#, r#""ttl":-1"#, r#""id":"""#]
    {
        let body = format!(r#"{{"to":{{"uid":7}},"content":"hi",{wrong}}}"#);
        assert!(read("/v1/push", &body).is_err(), "{wrong}");
    }
    assert!(read("/v1/push", r#"{"to":{"uid":7}}"#).is_err(), "without content");
    let of_path = read("/v1/push/uid/bob", r#"{"content":"hi","to":{"all":true}}"#);
    assert_eq!(of_path, Ok(push(Addressees::Users(vec![id("bob")]), "")), "the path counts");
}

#[test]
fn a_text_is_the_content() {
    let text = |path: &str, body| {
        let parsed = api::parse_text(Route::find("POST", path).unwrap(), body);
        parsed.map(|request| match request {
            Request::Chat(Call::Push(push), None) => push,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(text("/v1/push/uid/7", b"hi"), Ok(push(Addressees::Users(vec![id("7")]), "")));
    assert_eq!(text("/v1/push/gid/a%20b", b"hi"), Ok(push(Addressees::Group(id("a b")), "")));
    for (path, body) in [("/v1/push/uid/7", &b""[..]), ("/v1/push/uid/7", b"\xff"), ("/v1/push", b"hi")] {
        assert!(text(path, body).is_err(), "{path} {body:?}");
    }
}
