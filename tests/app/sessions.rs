//! A session from the opening handshake to its end.

use std::time::Duration;

use karez::chat::{Limits, ids};
use karez::ws::Opcode;

use crate::client::*;
use crate::world::*;

/// The three messages of the tutorial's front end.
const GROUP: &str = r#"{"type":"group","content":"login","gid":123}"#;
const PM: &str = r#"{"type":"pm","content":"login","uid":1002}"#;

const LIMITS: &str = r#"{"message_bytes":65536,"content_bytes":65536,"kind_bytes":64,"data_bytes":16384,"mentions":50,"name_chars":64,"name_bytes":256,"members_page":100,"history_page":100,"recall_seconds":120,"resume_conversations":1000,"watched_uids":200,"messages_per_second":20,"messages_burst":100,"files_bytes":8388608}"#;

#[test]
fn the_tutorials_front_end_gets_its_answers() {
    let mut world = World::new();
    let (mut ann, login) = world.guest();
    assert_eq!(
        masked(&login),
        format!(
            r#"{{"type":"login","uid":1001,"name":"Guest 1001","token":_,"epoch":_,"time":_,"heartbeat":25,"limits":{LIMITS}}}"#
        )
    );
    let (mut bob, login) = world.guest();
    assert_eq!(field(&login, "uid"), 1002);
    let (mut eve, login) = world.guest();
    assert_eq!(field(&login, "uid"), 1003);

    ann.say(GROUP);
    let joined = r#"{"type":"joined","gid":123,"uid":1001,"name":"Guest 1001","members":1}"#;
    let said =
        r#"{"type":"groupPm","gid":123,"seq":1,"uid":1001,"name":"Guest 1001","content":"login","time":_}"#;
    assert_eq!(world.hears(&mut ann), [joined, said]);
    bob.say(GROUP);
    let joined = r#"{"type":"joined","gid":123,"uid":1002,"name":"Guest 1002","members":2}"#;
    let said =
        r#"{"type":"groupPm","gid":123,"seq":2,"uid":1002,"name":"Guest 1002","content":"login","time":_}"#;
    assert_eq!(world.hears(&mut ann), [joined, said]);
    assert_eq!(world.hears(&mut bob), [joined, said]);

    ann.say(PM);
    let said = r#"{"type":"pm","uid":1001,"to":1002,"seq":1,"name":"Guest 1001","content":"login","time":_}"#;
    assert_eq!(world.hears(&mut ann), [said]);
    assert_eq!(world.hears(&mut bob), [said]);
    assert_eq!(world.hears(&mut eve), [""; 0], "she is in neither");
}

#[test]
fn the_time_of_an_entry_is_unix_time_in_milliseconds_and_the_store_has_the_same() {
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let mut world = World::new();
    let [mut ann] = world.guests();
    let before = now();
    ann.say(r#"{"type":"pm","uid":1001,"content":"to myself","id":"a"}"#);
    let heard = world.texts_of(&mut ann);
    let time = field(&heard[0], "time").as_u64().unwrap();
    assert!((before..=now()).contains(&time), "{time}");
    let me = ids::Id::from_text("1001").unwrap();
    let kept: Vec<_> = world
        .server
        .handler_mut()
        .store_mut()
        .entries(&ids::Conversation::direct(&me, &me))
        .map(|entry| (entry.seq, entry.time.0, entry.content.to_string()))
        .collect();
    assert_eq!(kept, [(1, time, "to myself".to_owned())]);
}

#[test]
fn the_login_answer_tells_what_this_daemon_is_told() {
    let arguments = ["--message-bytes-max", "2048", "--messages-per-second", "7", "--messages-burst", "9"];
    let mut world = World::with(&arguments, |_, settings| settings.heartbeat_s = 3);
    let mut client = world.open();
    client.say(r#"{"type":"login","name":"  Ann ","id":"l1"}"#);
    let answers = world.texts_of(&mut client);
    let limits = LIMITS
        .replace("65536", "2048")
        .replace(":20,", ":7,")
        .replace(r#""messages_burst":100,"#, r#""messages_burst":9,"#);
    // Content is bounded by the core, whatever a message may be.
    let limits = limits.replace(r#""content_bytes":2048"#, r#""content_bytes":65536"#);
    assert_eq!(
        masked(&answers[0]),
        format!(
            r#"{{"type":"login","id":"l1","uid":1001,"name":"Ann","token":_,"epoch":_,"time":_,"heartbeat":3,"limits":{limits}}}"#
        )
    );
    let (_, other) = world.guest();
    assert_eq!(field(&answers[0], "epoch"), field(&other, "epoch"), "one life of the store, one epoch");
    assert_ne!(field(&answers[0], "token"), field(&other, "token"));
    let (_, elsewhere) = World::new().guest();
    assert_ne!(field(&elsewhere, "epoch"), field(&other, "epoch"));
}

#[test]
fn a_token_brings_the_same_user_on_a_second_device_and_both_hear_a_private_message() {
    let mut world = World::new();
    let (mut phone, login) = world.guest();
    let mut laptop = world.open();
    let token = field(&login, "token");
    laptop.say(&format!(r#"{{"type":"login","token":{token}}}"#));
    let again = world.texts_of(&mut laptop);
    assert_eq!(field(&again[0], "uid"), 1001);
    assert_eq!(field(&again[0], "token"), token);

    let (mut bob, login) = world.guest();
    assert_eq!(field(&login, "uid"), 1002, "the second device took no number");
    bob.say(r#"{"type":"pm","uid":1001,"content":"hi"}"#);
    let said = [r#"{"type":"pm","uid":1002,"to":1001,"seq":1,"name":"Guest 1002","content":"hi","time":_}"#];
    assert_eq!(world.hears(&mut phone), said);
    assert_eq!(world.hears(&mut laptop), said);
    phone.say(PM);
    let said =
        [r#"{"type":"pm","uid":1001,"to":1002,"seq":2,"name":"Guest 1001","content":"login","time":_}"#];
    assert_eq!(world.hears(&mut laptop), said, "what one says on one device, the other shows");
    assert_eq!(world.hears(&mut phone), said);

    phone.send(&close(1000));
    assert_eq!(world.heard(&mut phone), [Heard::Close(1000, String::new())]);
    bob.say(r#"{"type":"pm","uid":1001,"content":"still there?"}"#);
    assert_eq!(world.hears(&mut laptop).len(), 1);
}

#[test]
fn a_message_in_the_segment_of_the_handshake_is_answered_behind_it() {
    let mut world = World::new();
    let mut client = world.dial();
    client.send(&[upgrade("/ws", "").as_bytes(), &text(LOGIN), &text(r#"{"type":"ping"}"#)].concat());
    world.settle();
    client.expect_bytes(SWITCHED.as_bytes());
    let heard = world.hears(&mut client);
    assert!(heard[0].starts_with(r#"{"type":"login","uid":1001,"#), "{heard:?}");
    assert_eq!(heard[1], r#"{"type":"pong"}"#);
}

#[test]
fn who_does_not_log_in_is_told_and_closed() {
    let mut world = World::with(&[], |_, settings| settings.login_timeout_ms = 500);
    let mut idle = world.open();
    let mut chatty = world.open();
    let (mut user, _) = world.guest();
    chatty.say(r#"{"type":"ping"}"#);
    chatty.say(GROUP);
    assert_eq!(
        world.hears(&mut chatty),
        [r#"{"type":"pong"}"#, r#"{"type":"error","code":"login_required","message":"log in first"}"#]
    );
    std::thread::sleep(Duration::from_millis(510));
    for stranger in [&mut idle, &mut chatty] {
        let heard = world.heard(stranger);
        let [Heard::Text(bye), Heard::Close(4102, reason)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(masked(bye), r#"{"type":"bye","code":"login_timeout","retry":_}"#);
        assert!((500..5500).contains(&field(bye, "retry").as_u64().unwrap()), "{bye}");
        assert_eq!(reason, "login_timeout");
    }
    assert_eq!(world.heard(&mut user), []);
    user.say(r#"{"type":"ping"}"#);
    assert_eq!(world.hears(&mut user), [r#"{"type":"pong"}"#]);
    // They answer the Close and hang up, and are gone.
    for mut stranger in [idle, chatty] {
        stranger.send(&close(4102));
    }
    world.turn_until("the end of the strangers", |world| world.server.connections() == 1);
}

#[test]
fn who_are_told_to_come_back_are_told_different_moments() {
    let mut world = World::with(&[], |_, settings| settings.login_timeout_ms = 300);
    let mut strangers: Vec<Client> = (0..10).map(|_| world.open()).collect();
    std::thread::sleep(Duration::from_millis(310));
    let mut pauses: Vec<u64> = Vec::new();
    for stranger in &mut strangers {
        let heard = world.heard(stranger);
        let Heard::Text(bye) = &heard[0] else { panic!("{heard:?}") };
        pauses.push(field(bye, "retry").as_u64().unwrap());
    }
    pauses.sort_unstable();
    assert!(pauses.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{pauses:?}");
}

#[test]
fn a_token_that_does_not_hold_ends_the_connection() {
    let mut world = World::new();
    let (_, login) = world.guest();
    let good = field(&login, "token").as_str().unwrap().to_owned();
    let (_, foreign) = World::new().guest();
    let foreign = field(&foreign, "token").as_str().unwrap().to_owned();
    for token in [good.replace("kg1.", "kg2."), good.replace("MTAwMQ", "MTAwMg"), foreign, String::new()] {
        let mut client = world.open();
        client.say(&format!(r#"{{"type":"login","token":"{token}","id":"l"}}"#));
        client.say(LOGIN);
        let heard = world.heard(&mut client);
        let texts = [
            r#"{"type":"error","code":"unauthorized","message":"this token does not hold","id":"l"}"#,
            r#"{"type":"bye","code":"unauthorized"}"#,
        ]
        .map(|text| Heard::Text(text.to_owned()));
        assert_eq!(heard[..2], texts, "{token}");
        assert_eq!(heard[2..], [Heard::Close(4001, "unauthorized".to_owned())], "{token}");
    }
    let (_, login) = world.guest();
    assert_eq!(field(&login, "uid"), 1002, "nobody was logged in by the message behind the refusal");
}

#[test]
fn a_second_login_is_a_conflict_and_the_session_goes_on() {
    let mut world = World::new();
    let (mut ann, login) = world.guest();
    let token = field(&login, "token");
    let refused = r#"{"type":"error","code":"conflict","message":"this connection is logged in"}"#;
    for second in [
        LOGIN.to_owned(),
        format!(r#"{{"type":"login","token":{token}}}"#),
        r#"{"type":"login","token":"nonsense"}"#.to_owned(),
    ] {
        ann.say(&second);
        assert_eq!(world.hears(&mut ann), [refused], "{second}");
    }
    ann.say(r#"{"type":"pm","uid":1001,"content":"me"}"#);
    assert_eq!(field(&world.texts_of(&mut ann)[0], "uid"), 1001);
    // In one segment, and so in one turn, it is the same.
    let mut bob = world.open();
    bob.send(&[text(LOGIN), text(r#"{"type":"login","token":"nonsense"}"#)].concat());
    let heard = world.hears(&mut bob);
    assert!(heard[0].starts_with(r#"{"type":"login","uid":1002,"#), "{heard:?}");
    assert_eq!(heard[1..], [refused]);
}

#[test]
fn a_binary_message_is_refused_with_1003_and_what_follows_is_not_heard() {
    let mut world = World::new();
    let [mut ann, mut bob] = world.guests();
    bob.say(GROUP);
    world.hears(&mut bob);
    ann.send(&[text(GROUP), frame(Opcode::Binary, b"{}"), text(GROUP)].concat());
    let heard = world.heard(&mut ann);
    let (close, texts) = heard.split_last().unwrap();
    assert_eq!(*close, Heard::Close(1003, "text messages only".to_owned()));
    assert_eq!(texts.len(), 2, "joined and the first message: {texts:?}");
    assert_eq!(world.hears(&mut bob).len(), 2, "the message behind the binary one was not said");
}

#[test]
fn wrong_messages_are_told_apart_and_the_connection_goes_on() {
    let mut world = World::new();
    let [mut ann] = world.guests();
    let error = |rest: &str| format!(r#"{{"type":"error",{rest}}}"#);
    let table = [
        ("hello", r#""code":"bad_json""#, ""),
        (r#"{"type":"nonsense","id":"1"}"#, r#""code":"unknown_type""#, r#""id":"1""#),
        (r#"{"type":"support","ticket":7,"content":"tea"}"#, r#""code":"not_found""#, ""),
        (r#"{"type":"group","content":"no gid","id":"2"}"#, r#""code":"bad_request""#, r#""field":"gid""#),
        (r#"{"type":"pm","uid":-1,"content":"hi"}"#, r#""code":"bad_request""#, r#""field":"uid""#),
        (r#"{"type":"group","gid":5,"content":""}"#, r#""code":"bad_request""#, r#""field":"content""#),
        (r#"{"type":"members","gid":"nobody's"}"#, r#""code":"not_found""#, ""),
        (r#"{"type":"broadcast","content":"all","id":"3"}"#, r#""code":"forbidden""#, r#""id":"3""#),
    ];
    for (message, code, more) in table {
        ann.say(message);
        let heard = world.hears(&mut ann);
        assert_eq!(heard.len(), 1, "{message}: {heard:?}");
        assert!(heard[0].starts_with(&error(code)[..error(code).len() - 1]), "{message}: {heard:?}");
        assert!(heard[0].contains(more), "{message}: {heard:?}");
    }
    ann.say(r#"{"type":"ping","id":"p"}"#);
    assert_eq!(world.hears(&mut ann), [r#"{"type":"pong","id":"p"}"#]);
}

#[test]
fn a_message_over_the_limit_ends_only_its_own_connection() {
    let mut world = World::new();
    let [mut ann, mut bob] = world.guests();
    ann.say(&format!(r#"{{"type":"pm","uid":1002,"content":"{}"}}"#, "x".repeat(65_536)));
    let heard = world.heard(&mut ann);
    assert!(matches!(&heard[..], [Heard::Close(1009, _)]), "{heard:?}");
    assert_eq!(world.heard(&mut bob), []);
}

#[test]
fn who_goes_on_over_the_rate_is_told_to_wait_and_then_closed() {
    let arguments = ["--messages-per-second", "1", "--messages-burst", "3"];
    let mut world = World::with(&arguments, |_, settings| {
        settings.chat = Limits { over_rate_ms: 60, over_rate_pause_ms: 60_000, ..settings.chat.clone() };
    });
    let (mut ann, login) = world.guest();
    let mut calm = world.open();
    calm.say(&format!(r#"{{"type":"login","token":{}}}"#, field(&login, "token")));
    world.hears(&mut calm);
    let [mut bob] = world.guests();
    for _ in 0..3 {
        ann.say(PM);
    }
    assert_eq!(world.hears(&mut bob).len(), 3, "the burst");
    assert_eq!(world.hears(&mut ann).len(), 3);
    world.hears(&mut calm);
    ann.say(r#"{"type":"group","gid":1,"content":"too much","id":"x"}"#);
    let refused = world.texts_of(&mut ann);
    assert_eq!(
        masked(&refused[0]),
        r#"{"type":"error","code":"rate_limited","message":"too many requests; wait for `retry` milliseconds","id":"x","retry":_}"#
    );
    assert!((1..=1000).contains(&field(&refused[0], "retry").as_u64().unwrap()), "{refused:?}");

    std::thread::sleep(Duration::from_millis(70));
    ann.send(&[text(PM), text(r#"{"type":"ping"}"#), text(PM)].concat());
    assert_eq!(
        world.heard(&mut ann),
        [
            Heard::Text(r#"{"type":"bye","code":"too_many_messages","retry":10000}"#.to_owned()),
            Heard::Close(4108, "too_many_messages".to_owned()),
        ],
        "and nothing behind it is heard"
    );
    assert_eq!(world.heard(&mut bob), []);
    calm.say(r#"{"type":"ping"}"#);
    assert_eq!(world.hears(&mut calm), [r#"{"type":"pong"}"#], "the user's other connection stays");
}

#[test]
fn messages_in_the_segment_of_the_close_are_answered_before_it() {
    let mut world = World::new();
    let [mut ann, mut bob] = world.guests();
    let message = r#"{"type":"pm","uid":1002,"content":"bye","id":"last"}"#;
    ann.send(&[text(message), close(1000)].concat());
    let heard = world.heard(&mut ann);
    let [Heard::Text(_), Heard::Text(_), Heard::Close(1000, reason)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(reason, "");
    let texts: Vec<_> = heard.iter().filter(|heard| matches!(heard, Heard::Text(_))).collect();
    assert!(
        texts.iter().any(|text| matches!(text, Heard::Text(it) if it.starts_with(r#"{"type":"ack""#))),
        "{texts:?}"
    );
    assert_eq!(world.hears(&mut bob).len(), 1);
    // A login too: it is answered, and leaves nothing behind.
    let mut hasty = world.open();
    hasty.send(&[text(LOGIN), close(1000)].concat());
    let heard = world.heard(&mut hasty);
    assert!(matches!(&heard[..], [Heard::Text(_), Heard::Close(1000, _)]), "{heard:?}");
}

#[test]
fn a_broadcast_is_for_admins_unless_everybody_may() {
    let broadcast = r#"{"type":"broadcast","content":"tea","id":"b"}"#;
    let mut world = World::new();
    let [mut ann, mut bob] = world.guests();
    ann.say(broadcast);
    assert_eq!(
        world.hears(&mut ann),
        [r#"{"type":"error","code":"forbidden","message":"you may not do this","id":"b"}"#]
    );
    assert_eq!(world.heard(&mut bob), []);

    let mut world = World::with(&["--broadcast", "anyone"], |_, _| {});
    let [mut ann, mut bob] = world.guests();
    let mut stranger = world.open();
    ann.say(broadcast);
    let said = r#"{"type":"broadcast","uid":1001,"name":"Guest 1001","content":"tea","time":_}"#;
    assert_eq!(world.hears(&mut bob), [said]);
    let mut heard = world.hears(&mut ann);
    heard.sort_unstable();
    assert_eq!(heard, [r#"{"type":"ack","id":"b"}"#, said]);
    assert_eq!(world.heard(&mut stranger), [], "who has not logged in hears nothing");
}

#[test]
fn a_client_that_vanishes_is_offline_after_the_grace() {
    let mut world = World::with(&[], |_, settings| settings.chat.presence_grace_ms = 30);
    let [mut ann, bob] = world.guests();
    ann.say(r#"{"type":"presence","uids":[1002]}"#);
    assert_eq!(world.hears(&mut ann), [r#"{"type":"presence","users":[{"uid":1002,"online":true}]}"#]);
    drop(bob);
    world.settle();
    std::thread::sleep(Duration::from_millis(40));
    let heard = world.texts_of(&mut ann);
    assert_eq!(heard.len(), 1, "the core's own deadline passed: {heard:?}");
    assert!(heard[0].starts_with(r#"{"type":"presence","users":[{"uid":1002,"online":false,"last":"#));
}
