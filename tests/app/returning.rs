//! Coming back to a daemon: what was missed comes once, whenever and however often the connection breaks.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

const LIMITS: [&str; 4] = ["--messages-per-second", "100000", "--messages-burst", "1000000"];

/// A connection that has logged in, and the answer.
fn log_in(address: SocketAddr, message: &str) -> (Client, String) {
    let mut client = Client::open(address);
    client.say(message);
    let Heard::Text(answer) = client.hear() else { panic!("no login") };
    assert!(answer.starts_with(r#"{"type":"login""#), "{answer}");
    (client, answer)
}

fn string(message: &str, name: &str) -> String {
    field(message, name).as_str().unwrap().to_owned()
}

fn again(token: &str) -> String {
    format!(r#"{{"type":"login","token":"{token}"}}"#)
}

/// Ends a connection in order: when the daemon has answered it knows.
fn hang_up(mut client: Client) {
    client.send(&close(1000));
    assert_eq!(client.hear(), Heard::Close(1000, String::new()));
}

/// What has come so far: a ping is answered behind it.
fn heard_so_far(client: &mut Client) -> Vec<String> {
    client.say(r#"{"type":"ping"}"#);
    let texts = std::iter::from_fn(|| Some(client.hear_text()));
    texts.take_while(|text| text != r#"{"type":"pong"}"#).collect()
}

#[test]
fn what_was_said_while_one_was_away_comes_once_and_over_a_restart() {
    let folder = DataFolder::new("away");
    let daemon = folder.karez(&[]);
    let address = daemon.address("page");
    let (mut ann, _) = log_in(address, LOGIN);
    let (ben, login) = log_in(address, LOGIN);
    let token = string(&login, "token");
    hang_up(ben);
    ann.say(r#"{"type":"pm","uid":1002,"content":"one","id":"1"}"#);
    ann.say(r#"{"type":"pm","uid":1002,"content":"two","id":"2"}"#);
    while !ann.hear_text().starts_with(r#"{"type":"ack","id":"2""#) {}
    drop(ann);
    daemon.end();

    let daemon = folder.karez(&[]);
    let address = daemon.address("page");
    let (mut ben, _) = log_in(address, &again(&token));
    let late = |seq, words| {
        format!(
            r#"{{"type":"pm","uid":1001,"to":1002,"seq":{seq},"name":"Guest 1001","content":"{words}","time":_,"offline":true}}"#
        )
    };
    assert_eq!(heard_so_far(&mut ben), [late(1, "one"), late(2, "two")]);
    drop(ben);
    let (mut ben, _) = log_in(address, &again(&token));
    assert_eq!(heard_so_far(&mut ben), [""; 0]);
    drop(ben);
    daemon.end();
}

#[test]
fn a_resume_of_another_epoch_is_told_gaps() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0"]);
    let address = daemon.address("page");
    let (mut ann, login) = log_in(address, LOGIN);
    ann.say(r#"{"type":"group","gid":7,"content":"one","id":"1"}"#);
    while !ann.hear_text().starts_with(r#"{"type":"ack""#) {}
    let (token, epoch) = (string(&login, "token"), string(&login, "epoch"));
    let resume = |epoch: &str, seq: u64| {
        let resume = format!(r#"{{"epoch":"{epoch}","groups":{{"7":{seq}}}}}"#);
        format!(r#"{{"type":"login","token":"{token}","resume":{resume}}}"#)
    };
    let (mut ann, _) = log_in(address, &resume("another", 1));
    assert_eq!(ann.hear_text(), r#"{"type":"gap","gid":7,"after":0,"before":2}"#);
    assert_eq!(ann.hear_text(), r#"{"type":"resumed"}"#);
    let (mut ann, _) = log_in(address, &resume(&epoch, 0));
    assert!(ann.hear_text().starts_with(r#"{"type":"groupPm","gid":7,"seq":1,"#));
    assert_eq!(ann.hear_text(), r#"{"type":"resumed"}"#);
    let mut ann = Client::open(address);
    ann.say(r#"{"type":"login","id":"l","resume":{"groups":{"7":1}}}"#);
    let refused = ann.hear_text();
    assert!(
        refused.contains(r#""code":"bad_request""#) && refused.contains(r#""field":"resume""#),
        "{refused}"
    );
    ann.say(LOGIN);
    assert_eq!(field(&ann.hear_text().replace(":_", ":0"), "uid"), 1002, "the connection goes on");
    drop(ann);
    daemon.end();
}

const MESSAGES: u64 = 3_000;
/// The reader is never so far behind that it is told of a gap.
const AHEAD_MAX: u64 = 400;

/// Speaks by turns in group 7 and to 1002, each message a number.
fn write_all(address: SocketAddr, seen: &AtomicU64, ready: &mpsc::Receiver<()>) {
    let (mut writer, _) = log_in(address, LOGIN);
    ready.recv().unwrap();
    let mut frames = Vec::new();
    for n in 0..MESSAGES {
        let to = if n % 2 == 0 { r#""group","gid":7"# } else { r#""pm","uid":1001"# };
        frames.extend(text(&format!(r#"{{"type":{to},"content":"{n}"}}"#)));
        if n % 7 == 0 {
            writer.send(&frames);
            frames.clear();
            writer.stream.set_nonblocking(true).unwrap();
            while writer.pull() {}
            writer.stream.set_nonblocking(false).unwrap();
            writer.bytes.clear();
            while n > seen.load(Ordering::Relaxed) + AHEAD_MAX {
                std::thread::yield_now();
            }
        }
    }
    writer.send(&frames);
    writer.bytes.clear();
    writer.say(r#"{"type":"ping"}"#);
    let pong = br#"{"type":"pong"}"#;
    while !writer.bytes.windows(pong.len()).any(|window| window == pong) {
        assert!(writer.pull(), "everything was read, and answered");
    }
}

/// What a reader has: of the group and of the talk, by rising numbers without gaps.
#[derive(Default)]
struct Has {
    group: Vec<String>,
    talk: Vec<String>,
    late: usize,
}

impl Has {
    fn take(&mut self, message: &str) {
        let list = match string(message, "type").as_str() {
            "groupPm" => &mut self.group,
            "pm" => &mut self.talk,
            "joined" => return,
            other => panic!("{other}: {message}"),
        };
        self.late += usize::from(message.contains(r#""offline":true"#));
        assert_eq!(field(message, "seq"), list.len() as u64 + 1, "lost or doubled: {message}");
        list.push(string(message, "content"));
    }
}

#[test]
fn a_reader_that_is_cut_off_over_and_over_has_what_history_has() {
    let folder = DataFolder::new("cut");
    let daemon = folder.karez(&LIMITS);
    let address = daemon.address("page");
    let (mut reader, login) = log_in(address, LOGIN);
    let (token, epoch) = (string(&login, "token"), string(&login, "epoch"));
    reader.say(r#"{"type":"join","gid":7,"id":"j"}"#);
    while !reader.hear_text().starts_with(r#"{"type":"ack""#) {}
    let (seen, (go, ready)) = (Arc::new(AtomicU64::new(0)), mpsc::channel());
    let progress = Arc::clone(&seen);
    let writer = std::thread::spawn(move || write_all(address, &progress, &ready));
    go.send(()).unwrap();

    let (mut has, mut cuts, mut random) = (Has::default(), 0, 1_u64);
    while has.group.len() + has.talk.len() < MESSAGES as usize {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Cut off after some messages, or some bytes, the replay itself included.
        let messages = random >> 40 & 127;
        for _ in 0..messages {
            if let Heard::Text(message) = reader.hear()
                && message != r#"{"type":"resumed"}"#
            {
                has.take(&message);
            }
            seen.store((has.group.len() + has.talk.len()) as u64, Ordering::Relaxed);
            if has.group.len() + has.talk.len() == MESSAGES as usize {
                break;
            }
        }
        cuts += 1;
        let (group, talk) = (has.group.len(), has.talk.len());
        // Its uid is 1001 and the writer's 1002.
        let resume = format!(r#"{{"epoch":"{epoch}","groups":{{"7":{group}}},"users":{{"1002":{talk}}}}}"#);
        (reader, _) = log_in(address, &format!(r#"{{"type":"login","token":"{token}","resume":{resume}}}"#));
    }
    writer.join().unwrap();
    while reader.hear_text() != r#"{"type":"resumed"}"# {}
    assert_eq!(heard_so_far(&mut reader), [""; 0], "nothing comes that was there");
    assert_eq!(has.late, 0, "whoever names a talk gets it as it was delivered");
    assert!(cuts > 10, "{cuts}");
    let numbers = |from: u64| (from..MESSAGES).step_by(2).map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!((&has.group, &has.talk), (&numbers(0), &numbers(1)));
    assert_eq!(history(&mut reader, r#""gid":7"#), has.group);
    assert_eq!(history(&mut reader, r#""uid":1002"#), has.talk);
    drop(reader);
    let (mut reader, _) = log_in(address, &again(&token));
    assert_eq!(heard_so_far(&mut reader), [""; 0], "nothing waits either");
    drop(reader);
    daemon.end();
}

/// All of a conversation.
fn history(client: &mut Client, of: &str) -> Vec<String> {
    let mut contents = Vec::new();
    loop {
        client.say(&format!(r#"{{"type":"history",{of},"after":{},"limit":100}}"#, contents.len()));
        let Heard::Text(page) = client.hear() else { panic!("no page") };
        let messages = field(&page, "messages");
        contents
            .extend(messages.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap().to_owned()));
        if field(&page, "more") == false {
            return contents;
        }
    }
}

#[test]
fn a_long_absence_is_made_up_for_in_pages_while_others_talk() {
    let daemon = Process::karez(&[["--listen", "127.0.0.1:0"].as_slice(), &LIMITS].concat());
    let address = daemon.address("page");
    let (mut ann, _) = log_in(address, LOGIN);
    let (ben, login) = log_in(address, LOGIN);
    let token = string(&login, "token");
    hang_up(ben);
    let long = "x".repeat(1_000);
    for n in 1..=600 {
        ann.say(&format!(r#"{{"type":"pm","uid":1002,"content":"{long}","id":"{n}"}}"#));
        while !ann.hear_text().starts_with(r#"{"type":"ack""#) {}
    }
    // It does not read: what waits for it stays in the store but for some pages.
    let (mut ben, _) = log_in(address, &again(&token));
    for n in 601..=700 {
        ann.say(&format!(r#"{{"type":"pm","uid":1002,"content":"meanwhile","id":"{n}"}}"#));
        while !ann.hear_text().starts_with(r#"{"type":"ack""#) {}
    }
    for seq in 1..=700 {
        let text = ben.hear_text();
        assert_eq!(field(&text.replace(":_", ":0"), "seq"), seq);
        assert_eq!(text.contains(r#""offline":true"#), seq <= 600, "{seq}");
    }
    assert_eq!(heard_so_far(&mut ben), [""; 0]);
    drop((ann, ben));
    daemon.end();
}
