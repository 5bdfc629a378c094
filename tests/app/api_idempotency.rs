//! A call that is made again is done once.

use crate::api::{Response, Site};

const SAY: &str = "POST /v1/groups/7/messages";
const HELLO: &str = r#"{"content":"hello"}"#;

fn site() -> Site {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", "{}").expect(201);
    site
}

fn with_key(site: &mut Site, line: &str, key: &str, body: &str) -> Response {
    site.call_with(line, &format!("Idempotency-Key: {key}\r\n"), body)
}

#[test]
fn the_same_key_says_it_once() {
    let mut site = site();
    let (mut ann, _) = site.world.guest();
    ann.say(r#"{"type":"join","gid":7}"#);
    site.world.texts_of(&mut ann);
    let first = with_key(&mut site, SAY, "one", HELLO);
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
    assert_eq!(site.world.texts_of(&mut ann).len(), 1);
    let again = with_key(&mut site, SAY, "one", HELLO);
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, first.body);
    assert!(site.world.texts_of(&mut ann).is_empty(), "nobody hears it twice");
    assert_eq!(with_key(&mut site, SAY, "two", HELLO).expect(200)["seq"], 2);
}

#[test]
fn the_same_key_with_another_call_is_refused() {
    let mut site = site();
    with_key(&mut site, SAY, "one", HELLO).expect(200);
    for (line, body) in [(SAY, r#"{"content":"other"}"#), ("POST /v1/users/5/messages", HELLO)] {
        let refused = with_key(&mut site, line, "one", body);
        assert_eq!((refused.status, &*refused.code()), (422, "idempotency_key_reused"));
    }
}

#[test]
fn the_id_of_a_body_is_as_good_as_a_key() {
    let mut site = site();
    let body = r#"{"content":"hello","id":"one"}"#;
    let first = site.call(SAY, body);
    let again = site.call(SAY, body);
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(site.call(SAY, r#"{"content":"other","id":"one"}"#).status, 422);
    assert_eq!(with_key(&mut site, SAY, "one", HELLO).expect(200)["seq"], 2, "a key is not an id");
}

#[test]
fn a_call_that_was_refused_may_be_made_again() {
    let mut site = Site::new();
    assert_eq!(with_key(&mut site, SAY, "one", HELLO).status, 404);
    site.call("PUT /v1/groups/7", "{}").expect(201);
    assert_eq!(with_key(&mut site, SAY, "one", HELLO).expect(200)["seq"], 1);
    site.world.fail_next_commit();
    assert_eq!(with_key(&mut site, SAY, "two", HELLO).status, 503);
    let again = with_key(&mut site, SAY, "two", HELLO);
    assert_eq!((again.expect(200)["seq"].clone(), again.header("idempotent-replayed")), (2.into(), None));
}

#[test]
fn a_key_is_one_word() {
    let mut site = site();
    for key in ["two words", "", &"x".repeat(256)] {
        assert_eq!(with_key(&mut site, SAY, key, HELLO).code(), "bad_request", "{key}");
    }
}

#[test]
fn two_of_one_turn_are_one() {
    let mut site = site();
    let bytes = site.request(SAY, "Idempotency-Key: one\r\n", HELLO);
    let mut clients = [site.world.dial(), site.world.dial()];
    for client in &mut clients {
        client.send(bytes.as_bytes());
    }
    let [one, other] = clients.each_mut().map(|client| site.response_to(client));
    assert_eq!(one.body, other.body);
    let page = site.call("GET /v1/groups/7/messages", "").expect(200);
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn a_replay_of_a_turn_that_fails_fails_with_it() {
    let mut site = site();
    let bytes = site.request(SAY, "Idempotency-Key: one\r\n", HELLO);
    let mut client = site.world.dial();
    client.send(bytes.repeat(2).as_bytes());
    site.world.fail_next_commit();
    assert_eq!(site.response_to(&mut client).status, 503);
    let second = site.response_to(&mut client);
    assert_eq!((second.status, second.header("idempotent-replayed")), (200, None));
}
