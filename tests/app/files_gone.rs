//! Files and images: how they go, what is left of those that break off, and what a slow reader costs.

use std::io::{Read, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use karez::base::clock::UnixMillis;
use karez::base::limits;
use karez::store::{Storage as _, Tidy};
use rustix::process::Signal;
use serde_json::json;

use crate::client::*;
use crate::files_user::*;
use crate::process::*;
use crate::world::*;

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
    let (code, report, words) = run_to_end(&["forget", &uid, store[0], store[1]], &[]);
    assert_eq!(code, 0, "{words}");
    assert!(report.contains(r#""files":2"#), "{report}");
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

/// Uploads a file for group 7, and returns where it is.
fn uploaded(world: &mut World, token: &str, body: &[u8]) -> String {
    let mut upload = world.dial();
    upload.stream.set_nonblocking(false).unwrap();
    upload.send(upload_head("gid=7&name=a", token, "", body.len()).as_bytes());
    for part in body.chunks(100_000) {
        upload.send(part);
        world.settle();
    }
    upload.pull();
    let answer = String::from_utf8(upload.bytes.clone()).unwrap();
    answer.split("location: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
}

/// The message that has it.
fn with_file(url: &str) -> String {
    image(7, &json!({"id": url.trim_start_matches("/files/"), "name": "a"})).to_string()
}

/// Uploads and sends a file in group 7, and returns how it is fetched.
fn sent(world: &mut World, client: &mut Client, token: &str, body: &[u8]) -> String {
    let url = uploaded(world, token, body);
    client.say(&with_file(&url));
    world.settle();
    head(&format!("GET {url}"), token, "")
}

#[test]
fn an_upload_that_nobody_sends_is_removed_after_an_hour() {
    let mut world = World::new();
    let (mut ann, token) = logged_in(&mut world);
    let unix_ms = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let an_hour_after = |world: &mut World, since: u64| {
        let store = world.server.handler_mut().store_mut();
        while store.tidy_up(UnixMillis(since + limits::FILE_UNBOUND_MS.default)).unwrap() == Tidy::NotYet {}
    };
    let before = unix_ms();
    let kept = uploaded(&mut world, &token, PNG);
    sent(&mut world, &mut ann, &token, PNG);
    let mut asker = world.dial();
    let size = |world: &mut World, asker: &mut Client| world.scrape(asker)["karez_files_size_bytes"];
    an_hour_after(&mut world, before);
    assert_eq!(size(&mut world, &mut asker), 2.0 * PNG.len() as f64, "the hour is not over");
    an_hour_after(&mut world, unix_ms() + 1);
    assert_eq!(size(&mut world, &mut asker), PNG.len() as f64, "what was sent stays");
    ann.say(&with_file(&kept));
    let heard = world.texts_of(&mut ann);
    let refusal = heard.last().unwrap();
    assert_eq!((field(refusal, "code"), field(refusal, "field")), (json!("bad_request"), json!("data.file")));
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

#[test]
fn while_the_store_is_locked_uploads_and_downloads_are_refused_and_given_back() {
    let folder = DataFolder::new("files-locked");
    let (process, address) = daemon(&folder, &[]);
    let mut ann = User::guest(address);
    ann.acked(json!({"type": "join", "gid": 7}));
    let file = ann.uploads("gid=7&name=a", b"hello");
    let mut upload = connect(address);
    upload.write_all(upload_head("gid=7&name=a", &ann.token, "", 5).as_bytes()).unwrap();
    upload.write_all(b"hel").unwrap();
    let scrape = |name: &str| {
        let answer = ann.request("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"");
        let text = String::from_utf8(answer.body).unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok()).unwrap()
    };
    let end = Instant::now() + PATIENCE;
    while scrape("karez_uploads_under_way") < 1.0 && Instant::now() < end {}

    let store = rusqlite::Connection::open(folder.0.join("karez.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    upload.write_all(b"lo").unwrap();
    let mut fetch = connect(address);
    let url = format!("GET /files/{}", file["id"].as_str().unwrap());
    fetch.write_all(head(&url, &ann.token, "").as_bytes()).unwrap();
    for (stream, what) in [(&mut upload, "upload"), (&mut fetch, "download")] {
        let answer = Answer::read(stream, true).unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{what}");
    }
    store.execute_batch("ROLLBACK").unwrap();
    assert_eq!(scrape("karez_uploads_under_way"), 0.0);
    let end = Instant::now() + PATIENCE;
    let mut status = 0;
    while status != 200 && Instant::now() < end {
        status = ann.fetch(&file).status;
    }
    assert_eq!(status, 200);
    assert_eq!(ann.uploads("gid=7&name=b", b"again")["bytes"], 5);
    process.end();
}

#[test]
fn guests_of_one_address_fill_so_much_in_an_hour() {
    let folder = DataFolder::new("files-guests");
    let (process, address) = daemon(&folder, &["--trusted-proxy", "127.0.0.1"]);
    let mut refused = 0;
    for n in 0..9 {
        // Another guest each time.
        let mut ann = User::guest(address);
        ann.acked(json!({"type": "join", "gid": 7}));
        let mut upload = connect(address);
        let headers = "Expect: 100-continue\r\nX-Forwarded-For: 192.0.2.1\r\n";
        let head = upload_head("gid=7&name=a", &ann.token, headers, 8 * 1024 * 1024);
        upload.write_all(head.as_bytes()).unwrap();
        let mut begin = [0; 12];
        upload.read_exact(&mut begin).unwrap();
        match &begin {
            b"HTTP/1.1 100" => {}
            b"HTTP/1.1 429" => refused += 1,
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(refused, 1, "64 MiB in all");
    process.end();
}
