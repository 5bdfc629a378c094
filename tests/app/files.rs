//! Files and images: uploaded, sent, fetched and taken away, by the real daemon over real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use karez::base::limits;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::*;
use crate::process::*;
use crate::world::*;

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and then pixels";
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status, `code` and `field`.
    #[track_caller]
    pub fn refusal(&self) -> (u16, String, Option<String>) {
        let json = self.json();
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        (self.status, text("code").unwrap_or_default(), text("field"))
    }

    /// Reads one from a connection, as far as its length says; `None` if it breaks off before.
    pub fn read(stream: &mut TcpStream, has_body: bool) -> Option<Answer> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 65_536];
        loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                if status == 100 {
                    bytes.drain(..at + 4);
                    continue;
                }
                let mut answer = Answer { status, head, body: Vec::new() };
                let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
                if !has_body || bytes.len() >= at + 4 + length {
                    answer.body = bytes[at + 4..].to_vec();
                    return Some(answer);
                }
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The head of a request, with headers that each end with CR LF.
pub fn head(line: &str, token: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: karez.example\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")
}

fn upload_head(query: &str, token: &str, headers: &str, length: usize) -> String {
    head(&format!("POST /v1/files?{query}"), token, &format!("Content-Length: {length}\r\n{headers}"))
}

/// Somebody who is logged in, and the token to come back with.
pub struct User {
    pub client: Client,
    pub token: String,
    pub login: String,
    address: SocketAddr,
    asked: u32,
}

impl User {
    pub fn guest(address: SocketAddr) -> User {
        User::with(address, r#"{"type":"login"}"#)
    }

    fn with(address: SocketAddr, login: &str) -> User {
        let mut client = Client::open(address);
        client.say(login);
        let Heard::Text(login) = client.hear() else { panic!("no login") };
        let token = field(&login, "token").as_str().unwrap().to_owned();
        User { client, token, login, address, asked: 0 }
    }

    /// Asks for something, and waits for its `ack` or `error`.
    #[track_caller]
    pub fn ask(&mut self, mut message: Value) -> Value {
        self.asked += 1;
        if message.get("id").is_none() {
            message["id"] = format!("ask {}", self.asked).into();
        }
        self.client.say(&message.to_string());
        loop {
            let Heard::Text(text) = self.client.hear() else { panic!("no answer to {message}") };
            let told: Value = serde_json::from_str(&text).unwrap();
            if told.get("id") == message.get("id") {
                return told;
            }
        }
    }

    #[track_caller]
    pub fn acked(&mut self, message: Value) -> Value {
        let told = self.ask(message);
        assert_eq!(told["type"], "ack", "{told}");
        told
    }

    #[track_caller]
    pub fn request(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = connect(self.address);
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever is refused by the head may find the connection closed already.
        let _ = stream.write_all(body);
        Answer::read(&mut stream, !head.starts_with("HEAD")).unwrap()
    }

    #[track_caller]
    pub fn upload(&self, query: &str, headers: &str, body: &[u8]) -> Answer {
        self.request(&upload_head(query, &self.token, headers, body.len()), body)
    }

    /// Uploads for a conversation, and returns what the daemon says of the file.
    #[track_caller]
    pub fn uploads(&self, query: &str, body: &[u8]) -> Value {
        let answer = self.upload(query, "Content-Type: image/png\r\n", body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    #[track_caller]
    pub fn fetch(&self, file: &Value) -> Answer {
        self.request(&head(&format!("GET {}", file["url"].as_str().unwrap()), &self.token, ""), b"")
    }
}

/// A message with a file attached.
pub fn image(gid: u64, file: &Value) -> Value {
    json!({"type": "group", "gid": gid, "content": file["name"], "kind": "image", "data": {"file": file}})
}

/// A daemon on a folder.
pub fn daemon(folder: &DataFolder, arguments: &[&str]) -> (Process, SocketAddr) {
    let process = folder.karez(arguments);
    let address = process.address("page");
    (process, address)
}

/// The names of the files in a folder of a store.
pub fn kept(folder: &DataFolder) -> Vec<String> {
    let Ok(names) = std::fs::read_dir(folder.0.join("files")) else { return Vec::new() };
    let mut names: Vec<String> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until so many files are on the disk, for as long as a recalled text may be.
#[track_caller]
pub fn wait_for_files(folder: &DataFolder, count: usize) {
    let end = Instant::now() + PATIENCE;
    while kept(folder).len() != count {
        assert!(Instant::now() < end, "{:?}", kept(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_file_goes_from_one_to_the_others() {
    let folder = DataFolder::new("files-way");
    let (process, address) = daemon(&folder, &[]);
    let [mut ann, mut bob, eve] = std::array::from_fn(|_| User::guest(address));
    assert_eq!(field(&ann.login, "limits")["files_bytes"], 8 * 1024 * 1024);
    ann.acked(json!({"type": "join", "gid": 7}));
    bob.acked(json!({"type": "join", "gid": 7}));

    let mut pixels = PNG.to_vec();
    pixels.extend((0..3_000_000_u32).map(|at| (at % 251) as u8));
    let answer = ann.upload("gid=7&name=%E5%9D%8E+1.png", "Content-Type: image/png; x=y\r\n", &pixels);
    assert_eq!(answer.status, 201);
    let file = answer.json();
    let url = format!("/files/{}", file["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(&*url));
    let expected =
        json!({"id": file["id"], "name": "坎 1.png", "type": "image/png", "bytes": pixels.len(), "url": url});
    assert_eq!(file, expected);
    assert_eq!(kept(&folder), [file["id"].as_str().unwrap()]);
    assert_eq!((ann.fetch(&file).status, bob.fetch(&file).status), (200, 404), "it is not sent yet");

    ann.acked(image(7, &file));
    let entry = loop {
        let Heard::Text(entry) = bob.client.hear() else { panic!() };
        if entry.contains("groupPm") {
            break entry;
        }
    };
    assert_eq!(field(&entry, "data")["file"]["id"], file["id"]);
    for user in [&ann, &bob] {
        let answer = user.fetch(&file);
        assert_eq!((answer.status, answer.body == pixels), (200, true));
    }
    assert_eq!(eve.fetch(&file).refusal(), (404, "not_found".to_owned(), None));
    let nobody = eve.request(&head(&format!("GET {url}"), "nonsense", ""), b"");
    assert_eq!(nobody.refusal(), (401, "unauthorized".to_owned(), None));
    assert_eq!(
        eve.request(&format!("GET {url}?token={} HTTP/1.1\r\nHost: h\r\n\r\n", ann.token), b"").status,
        401
    );

    let answer = bob.request(&head(&format!("HEAD {url}"), &bob.token, ""), b"");
    let headers = [
        ("content-type", "image/png"),
        ("content-length", &*pixels.len().to_string()),
        ("content-disposition", "attachment; filename*=UTF-8''%E5%9D%8E%201.png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
        ("etag", &*format!("\"{}\"", file["id"].as_str().unwrap())),
    ];
    for (name, value) in headers {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let tag = answer.header("etag").unwrap();
    for (known, status) in [(tag, 304), ("\"other\"", 200), (&*format!("\"a\", W/{tag}"), 304)] {
        let answer = bob
            .request(&head(&format!("GET {url}"), &bob.token, &format!("If-None-Match: {known}\r\n")), b"");
        assert_eq!(answer.status, status, "{known}");
    }
    let none =
        eve.request(&head(&format!("GET {url}"), &eve.token, &format!("If-None-Match: {tag}\r\n")), b"");
    assert_eq!(none.status, 404, "what one may not have is not there, whatever one knows of it");
    process.end();
}

#[test]
fn requests_on_one_connection_are_answered_one_by_one() {
    let folder = DataFolder::new("files-keep");
    let (process, address) = daemon(&folder, &[]);
    let mut ann = User::guest(address);
    ann.acked(json!({"type": "join", "gid": 7}));
    let mut stream = connect(address);
    for round in 0..3 {
        let body = vec![b'a' + round; 200_000];
        stream.write_all(upload_head("gid=7&name=a", &ann.token, "", body.len()).as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let file = Answer::read(&mut stream, true).unwrap().json();
        let get = head(&format!("GET {}", file["url"].as_str().unwrap()), &ann.token, "");
        for _ in 0..2 {
            stream.write_all(get.as_bytes()).unwrap();
            assert!(Answer::read(&mut stream, true).unwrap().body == body);
        }
        ann.acked(image(7, &file));
    }
    process.end();
}

#[test]
fn a_file_is_bounded_by_its_head() {
    let folder = DataFolder::new("files-bound");
    let (process, address) = daemon(&folder, &["--files-bytes-max", "1000"]);
    let ann = User::guest(address);
    assert_eq!(field(&ann.login, "limits")["files_bytes"], 1_000);
    assert_eq!(ann.uploads("gid=7&name=a", &[0; 1_000])["bytes"], 1_000);
    // No body follows: the head is enough to say so.
    let answer = ann.request(&upload_head("gid=7&name=a", &ann.token, "", 1_001), b"");
    assert_eq!(answer.refusal(), (413, "too_large".to_owned(), None));
    assert_eq!(answer.json()["limit_bytes"], 1_000);
    let huge = head("POST /v1/files?gid=7&name=a", &ann.token, "Content-Length: 99999999999999999999\r\n");
    assert_eq!(ann.request(&huge, b"").status, 413);
    let chunked = head("POST /v1/files?gid=7&name=a", &ann.token, "Transfer-Encoding: chunked\r\n");
    assert_eq!(ann.request(&chunked, b"3\r\nabc\r\n0\r\n\r\n").refusal().0, 411);
    assert_eq!(ann.request(&head("POST /v1/files?gid=7&name=a", &ann.token, ""), b"").refusal().0, 411);
    let empty = ann.upload("gid=7&name=a", "", b"");
    assert_eq!(empty.refusal(), (400, "bad_request".to_owned(), Some("body".to_owned())));
    let other = ann.request(&head("GET /v1/files", &ann.token, ""), b"");
    assert_eq!((other.status, other.header("allow")), (405, Some("POST")));
    let other = ann.request(&head("DELETE /files/aaaaaaaaaaaaaaaa", &ann.token, ""), b"");
    assert_eq!((other.status, other.header("allow")), (405, Some("GET, HEAD")));
    process.end();

    let (process, address) = daemon(&folder, &["--files-bytes-max", "0"]);
    let ann = User::guest(address);
    assert_eq!(field(&ann.login, "limits")["files_bytes"], 0);
    assert_eq!(ann.upload("gid=7&name=a", "", b"a").refusal().0, 404);
    process.end();
}

#[test]
fn all_files_together_are_bounded() {
    let folder = DataFolder::new("files-total");
    let arguments = ["--files-bytes-max", "1000", "--files-total-bytes-max", "2500"];
    let (process, address) = daemon(&folder, &arguments);
    let mut ann = User::guest(address);
    let first = ann.uploads("gid=7&name=a", &[1; 1_000]);
    let seq = ann.acked(image(7, &first))["seq"].clone();
    // What is under way counts too.
    let mut stream = connect(address);
    stream.write_all(upload_head("gid=7&name=b", &ann.token, "", 1_000).as_bytes()).unwrap();
    stream.write_all(&[2; 999]).unwrap();
    wait_for_files(&folder, 2);
    assert_eq!(ann.upload("gid=7&name=c", "", &[3; 600]).refusal(), (507, "storage_full".to_owned(), None));
    assert_eq!(ann.upload("gid=7&name=c", "", &[3; 500]).status, 201, "exactly as much as there is room for");
    drop(stream);
    wait_for_files(&folder, 2);
    assert_eq!(ann.upload("gid=7&name=d", "", &[4; 1_000]).status, 201);
    assert_eq!(ann.upload("gid=7&name=e", "", &[5; 1]).status, 507);
    process.end();
    // A restart counts what is there.
    let (process, address) = daemon(&folder, &arguments);
    let mut ann = User::with(address, &json!({"type": "login", "token": ann.token}).to_string());
    assert_eq!(ann.upload("gid=7&name=e", "", &[5; 1]).status, 507);
    ann.acked(json!({"type": "recall", "gid": 7, "seq": seq}));
    wait_for_files(&folder, 2);
    assert_eq!(ann.upload("gid=7&name=e", "", &[5; 1_000]).status, 201, "what was recalled makes room");
    process.end();
}

#[test]
fn in_memory_there_is_less_room() {
    let total = |arguments: &[&str]| told(arguments).1.files.total_bytes_max;
    assert_eq!(total(&["--store", "memory"]), limits::FILES_IN_MEMORY_BYTES_MAX.default);
    assert_eq!(total(&["--store", "memory", "--files-total-bytes-max", "1000"]), 1_000);
    assert_eq!(total(&["--store", "disk"]), limits::FILES_TOTAL_BYTES_MAX.default);
}

#[test]
fn names_and_types_are_bounded() {
    let folder = DataFolder::new("files-names");
    let (process, address) = daemon(&folder, &[]);
    let ann = User::guest(address);
    let longest = "n".repeat(255);
    assert_eq!(ann.uploads(&format!("gid=7&name={longest}"), b"x")["name"], longest);
    for (query, field) in [
        ("gid=7", "name"),
        ("gid=7&name=", "name"),
        ("gid=7&name=+%20", "name"),
        (&*format!("gid=7&name={longest}n"), "name"),
        ("gid=7&name=a%0D%0ASet-Cookie:b", "name"),
        ("gid=7&name=a%00", "name"),
        ("gid=7&name=%ff", "name"),
        ("gid=7&name=%4", "name"),
        ("name=a", "gid"),
        ("gid=&name=a", "gid"),
        ("gid=7&uid=8&name=a", "uid"),
        ("uid=system&name=a", "uid"),
        ("gid=system&name=a", "gid"),
    ] {
        let refusal = ann.upload(query, "", b"x").refusal();
        assert_eq!(refusal, (400, "bad_request".to_owned(), Some(field.to_owned())), "{query}");
    }
    for kind in ["text", "a/b/c", "text/<html>", "a /b", "/b", &*format!("a/{}", "b".repeat(300))] {
        let refusal = ann.upload("gid=7&name=a", &format!("Content-Type: {kind}\r\n"), b"x").refusal();
        assert_eq!(refusal, (400, "bad_request".to_owned(), Some("Content-Type".to_owned())), "{kind}");
    }
    for (header, kind) in [
        ("", "application/octet-stream"),
        ("Content-Type:\r\n", "application/octet-stream"),
        ("Content-Type: Text/Plain; charset=utf-8\r\n", "text/plain"),
    ] {
        assert_eq!(ann.upload("gid=7&name=a", header, b"x").json()["type"], kind);
    }
    process.end();
}

#[test]
fn what_strangers_send_never_runs_and_is_never_a_path() {
    let folder = DataFolder::new("files-hostile");
    let (process, address) = daemon(&folder, &[]);
    let mut ann = User::guest(address);
    ann.acked(json!({"type": "join", "gid": 7}));
    let script = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for (name, kind, body, told) in [
        (
            "../../../../etc/cron.d/x",
            "text/html",
            &b"<script>alert(1)</script>"[..],
            "application/octet-stream",
        ),
        ("a.svg", "image/svg+xml", script, "application/octet-stream"),
        ("a.png", "image/png", b"<html>no image</html>", "application/octet-stream"),
        ("a\"; filename=\"b.html", "image/gif", b"GIF89a and so on", "image/gif"),
        ("old", "image/gif", b"GIF87a", "image/gif"),
        ("a.html", "text/html", b"\xff\xd8\xff\xe0 pixels", "image/jpeg"),
        ("a.webp", "image/webp", b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        ("a.wav", "image/webp", b"RIFF\x10\0\0\0WAVEfmt ", "application/octet-stream"),
        ("short", "image/png", b"\x89PN", "application/octet-stream"),
    ] {
        let quoted: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = ann.upload(&format!("gid=7&name={quoted}"), &format!("Content-Type: {kind}\r\n"), body);
        let file = answer.json();
        assert_eq!((&file["name"], &file["type"]), (&json!(name), &json!(kind)));
        let answer = ann.fetch(&file);
        assert_eq!(answer.header("content-type"), Some(told), "{name}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let disposition = answer.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
        assert!(!disposition[29..].contains(['"', '/', ';', ' ']), "{disposition}");
        assert!(answer.body == body);
    }
    assert!(
        kept(&folder)
            .iter()
            .all(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
    );
    for path in [
        "/files/",
        "/files/..",
        "/files/../karez.db",
        "/files/..%2fkarez.db",
        "/files/%2e%2e/karez.db",
        "/files/a/b",
    ] {
        assert_eq!(ann.request(&head(&format!("GET {path}"), &ann.token, ""), b"").status, 404, "{path}");
    }
    process.end();
}

#[test]
fn a_user_uploads_so_many_at_once() {
    let folder = DataFolder::new("files-once");
    let (process, address) = daemon(&folder, &[]);
    let (ann, bob) = (User::guest(address), User::guest(address));
    let begin = || {
        let mut stream = connect(address);
        stream.write_all(upload_head("gid=7&name=a", &ann.token, "", 10).as_bytes()).unwrap();
        stream.write_all(b"12345").unwrap();
        stream
    };
    let mut streams: Vec<TcpStream> = (0..limits::UPLOADS_PER_USER_MAX.count()).map(|_| begin()).collect();
    wait_for_files(&folder, streams.len());
    let answer = ann.upload("gid=7&name=a", "", b"x");
    assert_eq!(answer.refusal().1, "rate_limited");
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    assert_eq!(bob.upload("gid=8&name=a", "", b"x").status, 201, "that is nobody else's matter");
    streams[0].write_all(b"67890").unwrap();
    assert_eq!(Answer::read(&mut streams[0], true).unwrap().status, 201);
    drop(streams.remove(1));
    wait_for_files(&folder, streams.len() + 1);
    assert_eq!(ann.upload("gid=7&name=a", "", b"x").status, 201);
    process.end();
}

#[test]
fn a_user_uploads_so_many_in_a_minute() {
    let folder = DataFolder::new("files-minute");
    let (process, address) = daemon(&folder, &[]);
    let (ann, bob) = (User::guest(address), User::guest(address));
    for _ in 0..limits::UPLOADS_PER_MINUTE.default {
        ann.uploads("gid=7&name=a", b"x");
    }
    let answer = ann.upload("gid=7&name=a", "", b"x");
    assert_eq!(answer.refusal().1, "rate_limited");
    let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry), "{retry}");
    assert_eq!(bob.upload("gid=8&name=a", "", b"x").status, 201);
    process.end();
}

#[test]
fn who_may_not_speak_may_not_upload() {
    let folder = DataFolder::new("files-may");
    let (process, address) = daemon(&folder, &[]);
    let [mut ann, mut bob, mut cat] = std::array::from_fn(|_| User::guest(address));
    let uid = |user: &User| field(&user.login, "uid");
    ann.acked(json!({"type": "join", "gid": 7}));
    bob.acked(json!({"type": "join", "gid": 7}));
    ann.acked(json!({"type": "group_update", "gid": 7, "open": false}));
    assert_eq!(cat.upload("gid=7&name=a", "", b"x").refusal(), (404, "not_found".to_owned(), None));
    ann.acked(json!({"type": "mute", "gid": 7, "uid": uid(&bob), "seconds": 60}));
    let answer = bob.upload("gid=7&name=a", "", b"x");
    assert_eq!(answer.refusal(), (403, "muted".to_owned(), None));
    assert!(answer.header("retry-after").is_some());
    ann.acked(json!({"type": "block", "uid": uid(&cat), "on": true}));
    let to_ann = format!("uid={}&name=a", uid(&ann));
    assert_eq!(cat.upload(&to_ann, "", b"x").refusal(), (403, "forbidden".to_owned(), None));
    assert_eq!(kept(&folder).len(), 0);

    // Of a private message both have the file, and nobody else.
    let file = bob.uploads(&to_ann, PNG);
    bob.acked(json!({"type": "pm", "uid": uid(&ann), "content": "a", "kind": "file", "data": {"file": {"id": file["id"]}}}));
    let statuses = [&ann, &bob, &cat].map(|user| user.fetch(&file).status);
    assert_eq!(statuses, [200, 200, 404]);
    // Who was put out of a group has it no more.
    let file = ann.uploads("gid=7&name=a", PNG);
    ann.acked(image(7, &file));
    assert_eq!(bob.fetch(&file).status, 200, "a mute takes away speech and nothing else");
    ann.acked(json!({"type": "kick", "gid": 7, "uid": uid(&bob)}));
    assert_eq!(bob.fetch(&file).status, 404);
    cat.acked(json!({"type": "join", "gid": 9}));
    process.end();
}

#[test]
fn an_entry_has_only_a_file_of_its_author_for_its_conversation_and_once() {
    let folder = DataFolder::new("files-bind");
    let (process, address) = daemon(&folder, &[]);
    let (mut ann, mut bob) = (User::guest(address), User::guest(address));
    for user in [&mut ann, &mut bob] {
        user.acked(json!({"type": "join", "gid": 7}));
        user.acked(json!({"type": "join", "gid": 8}));
    }
    let file = ann.uploads("gid=7&name=a", PNG);
    let refused = |told: Value| {
        assert_eq!((&told["code"], &told["field"]), (&json!("bad_request"), &json!("data.file")), "{told}");
    };
    refused(bob.ask(image(7, &file)));
    refused(ann.ask(image(8, &file)));
    refused(ann.ask(image(7, &json!({"id": "AAAAAAAAAAAAAAAA", "name": "a"}))));
    refused(ann.ask(image(7, &json!({"id": "../../karez.db", "name": "a"}))));
    refused(ann.ask(image(7, &json!({"id": 17, "name": "a"}))));
    let mut first = image(7, &file);
    first["id"] = "first".into();
    let told = ann.acked(first.clone());
    // The same again is the same; under another id it is another entry.
    let again = ann.acked(first);
    assert_eq!((&again["seq"], &again["duplicate"]), (&told["seq"], &json!(true)));
    refused(ann.ask(image(7, &file)));
    // Without a file the data is nobody's business, and neither is a file in another kind.
    for (kind, data) in [
        ("image", json!({"url": "https://example.org/a.png"})),
        ("image", json!({"file": "a"})),
        ("card", json!({"file": file})),
    ] {
        ann.client
            .say(&json!({"type": "group", "gid": 7, "content": "x", "kind": kind, "data": data}).to_string());
    }
    ann.acked(json!({"type": "leave", "gid": 8}));
    let fresh = ann.uploads("gid=7&name=b", PNG);
    assert_eq!(kept(&folder).len(), 2);
    assert_ne!(fresh["id"], file["id"]);
    process.end();
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = DataFolder::new("files-broken");
    let (process, address) = daemon(&folder, &[]);
    let ann = User::guest(address);
    let mut stream = connect(address);
    stream.write_all(upload_head("gid=7&name=a", &ann.token, "", 1_000_000).as_bytes()).unwrap();
    stream.write_all(&[7; 300_000]).unwrap();
    wait_for_files(&folder, 1);
    drop(stream);
    wait_for_files(&folder, 0);
    process.end();
}

#[test]
fn a_daemon_that_is_killed_keeps_what_it_acknowledged_and_nothing_else() {
    let folder = DataFolder::new("files-killed");
    let (process, address) = daemon(&folder, &[]);
    let mut ann = User::guest(address);
    let file = ann.uploads("gid=7&name=a", PNG);
    let sent = ann.uploads("gid=7&name=b", &[9; 200_000]);
    ann.acked(image(7, &sent));
    let mut stream = connect(address);
    stream.write_all(upload_head("gid=7&name=c", &ann.token, "", 1_000_000).as_bytes()).unwrap();
    stream.write_all(&[7; 300_000]).unwrap();
    wait_for_files(&folder, 3);
    process.signal(Signal::KILL);
    process.wait();
    assert_eq!(kept(&folder).len(), 3, "nobody was there to take it away");

    let (process, address) = daemon(&folder, &[]);
    assert_eq!(kept(&folder).len(), 2, "the start does");
    let ann = User::with(address, &json!({"type": "login", "token": ann.token}).to_string());
    assert!(ann.fetch(&sent).body == [9; 200_000]);
    let mut expected = [file["id"].as_str().unwrap(), sent["id"].as_str().unwrap()];
    expected.sort_unstable();
    assert_eq!(kept(&folder), expected);
    process.end();
}

#[test]
fn a_file_goes_with_its_entry() {
    let folder = DataFolder::new("files-gone");
    let (process, address) = daemon(&folder, &["--retention-entries-per-conversation-max", "2"]);
    let mut ann = User::guest(address);
    for gid in [7, 8] {
        ann.acked(json!({"type": "join", "gid": gid}));
    }
    // A recall.
    let file = ann.uploads("gid=7&name=a", PNG);
    let seq = ann.acked(image(7, &file))["seq"].clone();
    ann.acked(json!({"type": "recall", "gid": 7, "seq": seq}));
    assert_eq!(ann.fetch(&file).status, 404, "at once");
    wait_for_files(&folder, 0);
    // Retention. Each `id` is of one send.
    let file = ann.uploads("gid=7&name=a", PNG);
    let mut first = image(7, &file);
    first["id"] = "first".into();
    ann.client.say(&first.to_string());
    for number in 0..3 {
        ann.client
            .say(&json!({"type": "group", "gid": 7, "content": "x", "id": number.to_string()}).to_string());
    }
    wait_for_files(&folder, 0);
    assert_eq!(ann.fetch(&file).status, 404);
    // The end of a group, of what is not sent yet too.
    let [sent, unsent] = [(); 2].map(|()| ann.uploads("gid=8&name=a", PNG));
    ann.client.say(&json!({"type": "group", "gid": 8, "content": "x", "kind": "file", "data": {"file": sent}, "id": "8"}).to_string());
    ann.acked(json!({"type": "group_delete", "gid": 8}));
    assert_eq!([ann.fetch(&sent).status, ann.fetch(&unsent).status], [404, 404]);
    wait_for_files(&folder, 0);
    process.end();
}

#[test]
fn a_person_who_is_deleted_leaves_no_file() {
    let folder = DataFolder::new("files-forgotten");
    let (process, address) = daemon(&folder, &[]);
    let (mut ann, mut bob) = (User::guest(address), User::guest(address));
    for user in [&mut ann, &mut bob] {
        user.acked(json!({"type": "join", "gid": 7}));
    }
    let [sent, _unsent] = [(); 2].map(|()| ann.uploads("gid=7&name=a", PNG));
    ann.acked(image(7, &sent));
    let kept_one = bob.uploads("gid=7&name=b", PNG);
    bob.acked(image(7, &kept_one));
    let uid = field(&ann.login, "uid").to_string();
    drop(ann);
    process.end();
    let store = ["--data", folder.0.to_str().unwrap()];
    let (code, _, words) = run_to_end(&["forget", &uid, store[0], store[1]], &[]);
    assert_eq!(code, 0, "{words}");
    assert_eq!(kept(&folder), [kept_one["id"].as_str().unwrap()]);
    let (process, address) = daemon(&folder, &[]);
    let bob = User::with(address, &json!({"type": "login", "token": bob.token}).to_string());
    assert_eq!((bob.fetch(&sent).status, bob.fetch(&kept_one).status), (404, 200));
    process.end();
}

/// The daemon in the test's own thread: it does as much as the test has it do.
fn logged_in(world: &mut World) -> (Client, String) {
    let (client, login) = world.guest();
    (client, field(&login, "token").as_str().unwrap().to_owned())
}

/// Uploads and sends a file in group 7, and returns how it is fetched.
fn sent(world: &mut World, client: &mut Client, token: &str, body: &[u8]) -> String {
    let mut upload = world.dial();
    upload.stream.set_nonblocking(false).unwrap();
    upload.send(upload_head("gid=7&name=a", token, "", body.len()).as_bytes());
    for part in body.chunks(100_000) {
        upload.send(part);
        world.settle();
    }
    upload.pull();
    let answer = String::from_utf8(upload.bytes.clone()).unwrap();
    let url = answer.split("location: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    let file = json!({"id": url.trim_start_matches("/files/"), "name": "a"});
    client.say(&image(7, &file).to_string());
    world.settle();
    head(&format!("GET {url}"), token, "")
}

#[test]
fn a_slow_reader_of_a_large_file_costs_one_piece_of_memory() {
    let mut world = World::new();
    let (mut ann, token) = logged_in(&mut world);
    let body = vec![b'z'; 8 * 1024 * 1024];
    let get = sent(&mut world, &mut ann, &token, &body);
    let mut readers: Vec<Client> = (0..4).map(|_| world.dial()).collect();
    let mut most = 0;
    for reader in &mut readers {
        socket2::SockRef::from(&reader.stream).set_recv_buffer_size(16 * 1024).unwrap();
        reader.send(get.as_bytes());
    }
    for _ in 0..200 {
        world.turn();
        most = most.max(world.server.counters().queued_bytes);
    }
    let piece = limits::DOWNLOAD_PIECE_BYTES.count();
    assert!((1..=readers.len() * (piece + 4_096)).contains(&most), "{most} bytes for {}", readers.len());
    assert_eq!(world.server.counters().slow_consumers_total, 0);
    // Whoever reads gets all of it, whatever the others do.
    let reader = readers.last_mut().unwrap();
    let end = Instant::now() + PATIENCE;
    while reader.bytes.len() < body.len() && Instant::now() < end {
        world.turn();
        while reader.pull() {}
    }
    assert!(reader.bytes.ends_with(&body[..1_000]) && reader.bytes.len() > body.len());
}

#[test]
fn what_is_recalled_during_a_download_ends_it() {
    let mut world = World::new();
    let (mut ann, token) = logged_in(&mut world);
    let get = sent(&mut world, &mut ann, &token, &vec![b'z'; 4 * 1024 * 1024]);
    let mut reader = world.dial();
    socket2::SockRef::from(&reader.stream).set_recv_buffer_size(16 * 1024).unwrap();
    reader.send(get.as_bytes());
    world.settle();
    ann.say(r#"{"type":"recall","gid":7,"seq":1}"#);
    world.settle();
    let end = Instant::now() + PATIENCE;
    while !reader.ended && Instant::now() < end {
        world.turn();
        reader.pull();
    }
    assert!(reader.ended && reader.bytes.len() < 1024 * 1024, "{} bytes", reader.bytes.len());
}

#[test]
fn what_is_not_stored_is_told_and_leaves_nothing() {
    let mut world = World::new();
    let (_ann, token) = logged_in(&mut world);
    let mut client = world.dial();
    client.send(upload_head("gid=7&name=a", &token, "", 10).as_bytes());
    client.send(b"12345");
    world.settle();
    world.fail_next_commit();
    client.send(b"67890");
    world.settle();
    while client.pull() {}
    let answer = String::from_utf8(client.bytes.clone()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(!answer.contains("location"), "{answer}");
    let mut asker = world.dial();
    assert_eq!(world.scrape(&mut asker)["karez_files_size_bytes"], 0.0);
    assert_eq!(world.scrape(&mut asker)["karez_uploads_under_way"], 0.0);
}

#[test]
fn a_backup_has_the_files_and_a_restore_brings_them_back() {
    let (folder, other) = (DataFolder::new("files-backup"), DataFolder::new("files-restored"));
    let (process, address) = daemon(&folder, &[]);
    let mut ann = User::guest(address);
    ann.acked(json!({"type": "join", "gid": 7}));
    let body = vec![5; 300_000];
    let file = ann.uploads("gid=7&name=a", &body);
    ann.acked(image(7, &file));
    let copy = other.0.join("copy");
    let (copy, data) = (copy.to_str().unwrap(), folder.0.to_str().unwrap());
    let (code, _, words) = run_to_end(&["backup", copy, "--data", data], &[]);
    assert!(code == 0 && words.contains("1 files of users"), "{words}");
    process.end();
    let restored = other.0.join("data");
    let (code, _, words) = run_to_end(&["restore", copy, "--data", restored.to_str().unwrap()], &[]);
    assert!(code == 0 && words.contains("1 files of users are back"), "{words}");
    let process =
        Process::karez(&["--listen", "127.0.0.1:0", "--store", "disk", "--data", restored.to_str().unwrap()]);
    let login = json!({"type": "login", "token": ann.token}).to_string();
    let ann = User::with(process.address("page"), &login);
    assert!(ann.fetch(&file).body == body);
    process.end();
}
