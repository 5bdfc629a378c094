//! Calls of the HTTP API as a back end makes them: keys, statuses, headers, and what they do on the WebSocket.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use karez::app::key_file::change_keys;
use karez::auth::{ApiKey, KnownKey, Scope};
use karez::store::{Memory, Storage};
use serde_json::Value;

use crate::client::*;
use crate::world::*;

/// A file of keys of one test's own, gone with it.
pub struct Keys {
    pub file: PathBuf,
}

impl Keys {
    pub fn new() -> Keys {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("karez-keys-{}-{number}", std::process::id()));
        Keys { file: folder.join("api-keys") }
    }

    /// A key for these scopes.
    pub fn make(&self, name: &str, scopes: &[Scope]) -> String {
        let key = ApiKey::random().unwrap();
        let known = KnownKey::new(&key, name, scopes).unwrap();
        change_keys(&self.file, |keys| keys.add(known)).unwrap();
        key.reveal().to_owned()
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.folder());
    }
}

/// A response, taken apart.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The code of a problem.
    #[track_caller]
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.json()["status"], self.status, "{self:?}");
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// A daemon with one key for everything.
pub struct Site<S: Storage = Memory> {
    pub world: World<S>,
    pub keys: Keys,
    pub key: String,
}

impl Site {
    pub fn new() -> Site {
        Site::with(&[])
    }

    pub fn with(arguments: &[&str]) -> Site {
        let keys = Keys::new();
        let key = keys.make("all", &Scope::ALL);
        let file = keys.file.clone();
        let world = World::with(arguments, |_, settings| settings.api.keys_file = Some(file));
        Site { world, keys, key }
    }
}

impl<S: Storage> Site<S> {
    /// The bytes of a request with the key of the site.
    pub fn request(&self, line: &str, headers: &str, body: &str) -> String {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        format!(
            "{line} HTTP/1.1\r\nHost: server.example\r\nAuthorization: Bearer {}\r\n{kind}{headers}\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        )
    }

    /// A call, and its answer.
    pub fn call(&mut self, line: &str, body: &str) -> Response {
        self.call_with(line, "", body)
    }

    pub fn call_with(&mut self, line: &str, headers: &str, body: &str) -> Response {
        let bytes = self.request(line, headers, body);
        self.raw(&bytes)
    }

    pub fn raw(&mut self, bytes: &str) -> Response {
        let mut client = self.world.dial();
        client.send(bytes.as_bytes());
        self.response_to(&mut client)
    }

    /// The next response that comes to a client.
    pub fn response_to(&mut self, client: &mut Client) -> Response {
        for _ in 0..2_000 {
            self.world.turn();
            while client.pull() {}
            if let Some(response) = take_response(client) {
                return response;
            }
        }
        panic!("no response came: {:?}", String::from_utf8_lossy(&client.bytes));
    }
}

fn take_response(client: &mut Client) -> Option<Response> {
    let text = String::from_utf8(client.bytes.clone()).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response { status, head: head.to_owned(), body: String::new() };
    let length = response.header("content-length").map_or(0, |value| value.parse().unwrap());
    response.body = rest.get(..length)?.to_owned();
    client.bytes.drain(..head.len() + 4 + length);
    Some(response)
}

#[test]
fn what_a_back_end_says_is_heard_at_once() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    ann.say(r#"{"type":"join","gid":7}"#);
    site.world.texts_of(&mut ann);
    let said = site.call("POST /v1/groups/7/messages", r#"{"content":"hello"}"#).expect(200);
    assert_eq!((&said["seq"], &said["online"], &said["stored"]), (&1.into(), &1.into(), &0.into()));
    let heard = site.world.hears(&mut ann);
    let entry =
        r#"{"type":"groupPm","gid":7,"seq":1,"uid":"system","name":"system","content":"hello","time":_}"#;
    assert_eq!(heard, [entry]);
    let said = site.call("POST /v1/users/1001/messages", r#"{"from":5,"content":"you","kind":"note"}"#);
    assert_eq!(said.expect(200)["seq"], 1);
    assert!(
        site.world.hears(&mut ann)[0].starts_with(r#"{"type":"pm","uid":5,"to":1001,"seq":1,"name":"5""#)
    );
}

#[test]
fn without_a_key_nothing_is_told() {
    let mut site = Site::new();
    let bare = |key: &str| format!("GET /v1/stats HTTP/1.1\r\nHost: server.example\r\n{key}\r\n");
    for key in ["", "Authorization: Bearer kz_no\r\n", "X-API-Key: \r\n", "Authorization: Basic YTpi\r\n"] {
        let refused = site.raw(&bare(key));
        assert_eq!((refused.status, &*refused.code()), (401, "unauthorized"));
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"karez\""));
    }
    let unknown = site.raw("GET /v1/no/such/call HTTP/1.1\r\nHost: server.example\r\n\r\n");
    assert_eq!(unknown.status, 401, "not even what there is");
    let key = format!("X-API-Key: {}\r\n", site.key);
    site.raw(&bare(&key)).expect(200);
}

#[test]
fn a_key_is_good_for_its_scopes_alone() {
    let mut site = Site::new();
    let calls = [
        (Scope::Publish, "POST /v1/users/5/messages", r#"{"content":"x"}"#),
        (Scope::Read, "GET /v1/stats", ""),
        (Scope::Manage, "PUT /v1/groups/7", r#"{"open":true}"#),
    ];
    for scope in Scope::ALL {
        site.key = site.keys.make(scope.as_str(), &[scope]);
        // The file is looked at once a second.
        let keys = site.keys.file.clone();
        site.world = World::with(&[], |_, settings| settings.api.keys_file = Some(keys));
        for (needed, line, body) in calls {
            let answer = site.call(line, body);
            if needed == scope {
                assert!(answer.status < 300, "{answer:?}");
            } else {
                assert_eq!((answer.status, &*answer.code()), (403, "forbidden"), "{scope:?} {line}");
            }
        }
    }
}

#[test]
fn what_is_no_call_is_refused_with_a_code() {
    let mut site = Site::new();
    let cases = [
        ("GET /v1/nothing", "", 404, "not_found"),
        ("GET /v1/groups/7", "", 404, "not_found"),
        ("PATCH /v1/groups/7", "", 405, "method_not_allowed"),
        ("POST /v1/groups/7/messages", "{", 400, "bad_json"),
        ("POST /v1/groups/7/messages", r#"{"content":""}"#, 400, "bad_request"),
        ("GET /v1/groups/7/messages?before=x", "", 400, "bad_request"),
        ("GET /v1/groups/%00", "", 400, "bad_request"),
        ("POST /v1/groups/7/messages", r#"{"content":"x","from":[]}"#, 400, "bad_request"),
        ("PUT /v1/groups/7", r#"{"open":false}"#, 409, "conflict"),
    ];
    for (line, body, status, code) in cases {
        let refused = site.call(line, body);
        assert_eq!((refused.status, &*refused.code()), (status, code), "{line} {body}");
    }
    assert_eq!(site.call("PATCH /v1/groups/7", "").header("allow"), Some("GET, PUT, DELETE"));
    let line = "POST /v1/groups/7/messages";
    let form = site.request(line, "", r#"{"content":"x"}"#).replace("application/json", "text/html");
    assert_eq!(site.raw(&form).code(), "unsupported_media_type");
    let long = format!(r#"{{"content":"x","kind":"{}"}}"#, "x".repeat(1_000));
    site.call("PUT /v1/groups/7", "").expect(201);
    assert_eq!(site.call(line, &long).code(), "too_large");
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let mut site = Site::with(&["--http-body-bytes-max", "100"]);
    let head = site
        .request("POST /v1/groups/7/messages", "", "")
        .replace("Content-Length: 0", "Content-Length: 101");
    assert_eq!(site.raw(&head).status, 413);
}

#[test]
fn a_request_has_a_name() {
    let mut site = Site::new();
    let named = site.call_with("GET /v1/stats", "X-Request-Id: from-nginx-7\r\n", "");
    assert_eq!(named.header("x-request-id"), Some("from-nginx-7"));
    let nameless = site.call("GET /v1/stats", "");
    assert!(nameless.header("x-request-id").is_some_and(|name| name.len() >= 16), "{nameless:?}");
    assert!(nameless.header("access-control-allow-origin").is_none());
}

#[test]
fn pipelined_calls_are_answered_in_order() {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", "{}").expect(201);
    let say =
        |number: u32| site.request("POST /v1/groups/7/messages", "", &format!(r#"{{"content":"{number}"}}"#));
    let bytes: String = (1..=20).map(say).collect();
    let mut client = site.world.dial();
    client.send(bytes.as_bytes());
    for number in 1..=20 {
        assert_eq!(site.response_to(&mut client).expect(200)["seq"], number);
    }
}

#[test]
fn an_answer_leaves_after_the_commit_or_not_at_all() {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", "{}").expect(201);
    site.world.fail_next_commit();
    let say = r#"{"content":"hello"}"#;
    let failed = site.call_with("POST /v1/groups/7/messages", "X-Request-Id: one\r\n", say);
    assert_eq!((failed.status, &*failed.code()), (503, "internal"));
    assert_eq!((failed.header("retry-after"), failed.header("x-request-id")), (Some("1"), Some("one")));
    assert_eq!(site.call("POST /v1/groups/7/messages", say).expect(200)["seq"], 1);
}
