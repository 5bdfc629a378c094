//! Files and images: uploaded, sent and fetched, by the real daemon over real sockets.

use std::io::Write;
use std::net::TcpStream;

use karez::base::limits;
use serde_json::{Value, json};

use crate::client::*;
use crate::files_user::*;
use crate::process::*;
use crate::world::told;

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
