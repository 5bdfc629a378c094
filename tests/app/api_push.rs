//! Pushes as a back end makes them: at once to a page that is open, at the next login to one that is not, once each.

use karez::auth::Scope;
use serde_json::Value;

use crate::api::*;
use crate::world::*;

const TO_1001: &str = r#"{"to":{"uid":1001},"title":"Tea","content":"ready","data":{"n":1},"url":"/tea"}"#;

#[track_caller]
fn counts(answer: &Value) -> (u64, u64) {
    (answer["online"].as_u64().unwrap(), answer["stored"].as_u64().unwrap())
}

#[test]
fn a_push_reaches_who_is_there_at_once_and_gets_a_name() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    let answer = site.call("POST /v1/push", TO_1001).expect(200);
    assert_eq!(counts(&answer), (1, 0));
    let id = answer["id"].as_str().unwrap();
    assert!(id.len() >= 16, "{id}");
    let push = format!(
        r#"{{"type":"push","id":"{id}","title":"Tea","content":"ready","data":{{"n":1}},"url":"/tea","time":_}}"#
    );
    assert_eq!(site.world.hears(&mut ann), [push]);
    let other = site.call("POST /v1/push", TO_1001).expect(200);
    assert_ne!(other["id"], id);
}

#[test]
fn a_text_in_one_line_of_curl_is_enough() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    ann.say(r#"{"type":"join","gid":"tea house"}"#);
    site.world.texts_of(&mut ann);
    // What `curl -d` says of any body.
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (line, kind) in [
        ("POST /v1/push/uid/1001", form),
        ("POST /v1/push/gid/tea%20house", "Content-Type: text/plain; charset=utf-8"),
        ("POST /v1/push/uid/1001", "X-Nothing: 1"),
    ] {
        let request = site.request(line, "", "hello & 你好").replace("Content-Type: application/json", kind);
        assert_eq!(counts(&site.raw(&request).expect(200)), (1, 0), "{line} {kind}");
        let heard = site.world.hears(&mut ann);
        assert!(heard[0].contains(r#","content":"hello & 你好","time":"#), "{heard:?}");
    }
    let answer = site.call("POST /v1/push/uid/1001", r#"{"content":"json","title":"T"}"#).expect(200);
    assert_eq!(counts(&answer), (1, 0));
    assert!(site.world.hears(&mut ann)[0].contains(r#","title":"T","content":"json","#));
    let request = site.request("POST /v1/push", "", "hello").replace("application/json", "text/plain");
    assert_eq!(site.raw(&request).code(), "unsupported_media_type");
    assert_eq!(site.call("POST /v1/push/uid/1001", "").code(), "bad_request");
}

#[test]
fn who_is_away_hears_it_once_at_the_next_login() {
    let mut site = Site::new();
    let answer =
        site.call("POST /v1/push", r#"{"to":{"uids":[1001,1002]},"content":"a","id":"p1"}"#).expect(200);
    assert_eq!((answer["id"].as_str(), counts(&answer)), (Some("p1"), (0, 2)));
    // Nobody inherits what was meant for somebody else, so a guest gets neither of these numbers.
    let (mut ann, login) = site.world.guest();
    assert!(login.contains(r#""uid":1003"#), "{login}");
    site.call("POST /v1/push/uid/1003", r#"{"content":"b"}"#).expect(200);
    assert_eq!(site.world.hears(&mut ann).len(), 1);
}

#[test]
fn the_same_call_twice_tells_once() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    let with_id = TO_1001.replace(r#""title""#, r#""id":"p1","title""#);
    let first = site.call("POST /v1/push", &with_id);
    let second = site.call("POST /v1/push", &with_id);
    assert_eq!((first.expect(200), second.header("idempotent-replayed")), (second.expect(200), Some("true")));
    let key = "Idempotency-Key: order-7\r\n";
    let first = site.call_with("POST /v1/push", key, TO_1001);
    let second = site.call_with("POST /v1/push", key, TO_1001);
    assert_eq!(first.expect(200), second.expect(200));
    assert_eq!(site.world.hears(&mut ann).len(), 2, "one for each pair");
    let other = site.call("POST /v1/push", &with_id.replace("ready", "cold"));
    assert_ne!(other.status, 200, "something else under the same id");
}

#[test]
fn a_push_that_cannot_be_is_refused_and_needs_a_key_for_it() {
    let mut site = Site::new();
    for (body, status, code) in [
        (r#"{"to":{"gid":"nowhere"},"content":"x"}"#, 404, "not_found"),
        (r#"{"to":{"uid":"system"},"content":"x"}"#, 400, "bad_request"),
        (r#"{"to":{"uid":1},"content":"x","url":"javascript:alert(1)"}"#, 400, "bad_request"),
        (r#"{"to":{"uid":1},"content":"x","ttl":99999999}"#, 400, "bad_request"),
        (r#"{"to":{},"content":"x"}"#, 400, "bad_request"),
        (r#"{"content":"x"}"#, 400, "bad_request"),
    ] {
        let refused = site.call("POST /v1/push", body);
        assert_eq!((refused.status, &*refused.code()), (status, code), "{body}");
    }
    assert_eq!(site.call("GET /v1/push", "").header("allow"), Some("POST"));
    let keys = site.keys.file.clone();
    site.key = site.keys.make("reader", &[Scope::Read]);
    site.world = World::with(&[], |_, settings| settings.api.keys_file = Some(keys));
    assert_eq!(site.call("POST /v1/push/uid/1", r#"{"content":"x"}"#).code(), "forbidden");
}

#[test]
fn a_push_whose_turn_fails_is_told_to_nobody() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    site.call("POST /v1/push", r#"{"to":{"all":true},"content":"first"}"#).expect(200);
    assert_eq!(site.world.hears(&mut ann).len(), 1);
    site.world.fail_next_commit();
    let body = r#"{"to":{"uids":[1001,5]},"content":"x","id":"p1"}"#;
    assert_eq!(site.call("POST /v1/push", body).code(), "internal");
    assert_eq!(counts(&site.call("POST /v1/push", body).expect(200)), (1, 1), "tried again");
    assert_eq!(site.world.hears(&mut ann).len(), 1);
}
