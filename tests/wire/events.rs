//! The exact bytes of everything that a client is told.

use karez::base::clock::UnixMillis;
use karez::chat::act::Act;
use karez::chat::ids::{Conversation, Id};
use karez::chat::input::Target;
use karez::chat::output::{
    AckedEntry, Entry, EntryRecord, Event, GroupRole, GroupSummary, Member, Membership, Recall, UserPresence,
};
use karez::wire::{Bye, Limits, Login, render, render_bye, render_login};

use crate::common::{id, written};

const TIME: UnixMillis = UnixMillis(1_700_000_000_123);

fn event(event: &Event<'_>) -> String {
    written(|out| render(event, out))
}

fn entry<'a>(conversation: &'a Conversation, uid: &'a Id, content: &'a str) -> Entry<'a> {
    Entry {
        conversation,
        seq: 42,
        uid,
        name: "ann",
        content,
        kind: None,
        data: None,
        reply: None,
        mentions: &[],
        act: None,
        recall: Recall::None,
        time: TIME,
    }
}

#[test]
fn login() {
    let limits = Limits {
        message_bytes: 65536,
        content_bytes: 65535,
        kind_bytes: 64,
        data_bytes: 16384,
        mentions: 50,
        name_chars: 63,
        name_bytes: 256,
        members_page: 100,
        history_page: 99,
        recall_seconds: 119,
        resume_conversations: 1000,
        watched_uids: 200,
        messages_per_second: 20,
        messages_burst: 99,
        files_bytes: 8_388_607,
    };
    let mut login = Login {
        id: None,
        uid: &Id::Number(1001),
        name: "guest 1001",
        token: Some("kg1.a.b"),
        epoch: "e1",
        time: TIME,
        heartbeat_s: 25,
        limits,
    };
    let limits = concat!(
        r#""limits":{"message_bytes":65536,"content_bytes":65535,"kind_bytes":64,"data_bytes":16384,"mentions":50,"name_chars":63,"#,
        r#""name_bytes":256,"members_page":100,"history_page":99,"recall_seconds":119,"resume_conversations":1000,"watched_uids":200,"messages_per_second":20,"messages_burst":99,"files_bytes":8388607}"#
    );
    assert_eq!(
        written(|out| render_login(&login, out)),
        format!(
            r#"{{"type":"login","uid":1001,"name":"guest 1001","token":"kg1.a.b","epoch":"e1","time":1700000000123,"heartbeat":25,{limits}}}"#
        )
    );
    login.id = Some("1");
    login.token = None;
    assert_eq!(
        written(|out| render_login(&login, out)),
        format!(
            r#"{{"type":"login","id":"1","uid":1001,"name":"guest 1001","epoch":"e1","time":1700000000123,"heartbeat":25,{limits}}}"#
        )
    );
}

#[test]
fn what_the_core_knows_of_a_login() {
    let login = Event::Login { id: Some("1"), uid: &id("ann"), name: "Ann", guest: true };
    assert_eq!(event(&login), r#"{"type":"login","id":"1","uid":"ann","name":"Ann"}"#);
}

#[test]
fn pong() {
    assert_eq!(event(&Event::Refreshed { id: None, exp_s: 7 }), r#"{"type":"refreshed","exp":7}"#);
    assert_eq!(
        event(&Event::Refreshed { id: Some("r"), exp_s: 1_700_003_600 }),
        r#"{"type":"refreshed","id":"r","exp":1700003600}"#
    );
    assert_eq!(event(&Event::Pong { id: None }), r#"{"type":"pong"}"#);
    assert_eq!(event(&Event::Pong { id: Some("p") }), r#"{"type":"pong","id":"p"}"#);
}

#[test]
fn an_entry_of_a_group() {
    let (conversation, uid) = (Conversation::Group(id("123")), id("1001"));
    assert_eq!(
        event(&Event::Entry(entry(&conversation, &uid, "hi"))),
        r#"{"type":"groupPm","gid":123,"seq":42,"uid":1001,"name":"ann","content":"hi","time":1700000000123}"#
    );
    let (conversation, uid) = (Conversation::Group(id("茶馆")), id("ann"));
    let full = Entry {
        kind: Some("text"),
        data: Some(r#"{ "a" : [1.0, "\u00e9"] }"#),
        reply: Some(7),
        mentions: &[id("1002"), id("bob\"")],
        ..entry(&conversation, &uid, "hi")
    };
    assert_eq!(
        event(&Event::Entry(full)),
        r#"{"type":"groupPm","gid":"茶馆","seq":42,"uid":"ann","name":"ann","content":"hi","time":1700000000123,"kind":"text","data":{ "a" : [1.0, "\u00e9"] },"reply":7,"mentions":[1002,"bob\""]}"#
    );
}

#[test]
fn what_is_told_to_whoever_comes_back() {
    let (conversation, uid) = (Conversation::direct(&id("1001"), &id("1002")), id("1001"));
    let late = Entry { mentions: &[id("1002")], ..entry(&conversation, &uid, "hi") };
    assert_eq!(
        event(&Event::Offline(late)),
        r#"{"type":"pm","uid":1001,"to":1002,"seq":42,"name":"ann","content":"hi","time":1700000000123,"mentions":[1002],"offline":true}"#
    );
    let gap = |target: &Target| event(&Event::Gap { target, after: 41, before: 1042 });
    assert_eq!(gap(&Target::Group(id("123"))), r#"{"type":"gap","gid":123,"after":41,"before":1042}"#);
    assert_eq!(gap(&Target::User(id("ann"))), r#"{"type":"gap","uid":"ann","after":41,"before":1042}"#);
    assert_eq!(event(&Event::Resumed), r#"{"type":"resumed"}"#);
}

#[test]
fn a_private_entry_names_its_author_and_the_other() {
    let pm = |author: &str, other: &str| {
        let (author, other) = (id(author), id(other));
        event(&Event::Entry(entry(&Conversation::direct(&author, &other), &author, "hi")))
    };
    let rest = r#""seq":42,"name":"ann","content":"hi","time":1700000000123}"#;
    assert_eq!(pm("1001", "1002"), format!(r#"{{"type":"pm","uid":1001,"to":1002,{rest}"#));
    assert_eq!(pm("1002", "1001"), format!(r#"{{"type":"pm","uid":1002,"to":1001,{rest}"#));
    assert_eq!(pm("ann", "9"), format!(r#"{{"type":"pm","uid":"ann","to":9,{rest}"#));
    assert_eq!(pm("1001", "1001"), format!(r#"{{"type":"pm","uid":1001,"to":1001,{rest}"#));
}

#[test]
fn ack() {
    assert_eq!(event(&Event::Ack { id: "a", entry: None }), r#"{"type":"ack","id":"a"}"#);
    let entry = AckedEntry { target: Target::Group(id("123")), seq: 42, time: TIME, duplicate: false };
    assert_eq!(
        event(&Event::Ack { id: "a", entry: Some(entry) }),
        r#"{"type":"ack","id":"a","gid":123,"seq":42,"time":1700000000123}"#
    );
    let entry = AckedEntry { target: Target::User(id("ann")), seq: 1, time: TIME, duplicate: true };
    assert_eq!(
        event(&Event::Ack { id: "a", entry: Some(entry) }),
        r#"{"type":"ack","id":"a","uid":"ann","seq":1,"time":1700000000123,"duplicate":true}"#
    );
}

#[test]
fn broadcast() {
    let broadcast = Event::Broadcast { uid: &id("1001"), name: "ann", content: "all", time: TIME };
    assert_eq!(
        event(&broadcast),
        r#"{"type":"broadcast","uid":1001,"name":"ann","content":"all","time":1700000000123}"#
    );
}

#[test]
fn an_entry_that_tells_of_an_act() {
    let (conversation, uid) = (Conversation::Group(id("123")), id("1001"));
    let told = |act: &Act<'_>| {
        let system = Entry { kind: Some("system"), act: Some(act), ..entry(&conversation, &uid, "") };
        let text = event(&Event::Entry(system));
        let before = r#"{"type":"groupPm","gid":123,"seq":42,"uid":1001,"name":"ann","content":"","time":1700000000123,"kind":"system","data":"#;
        text.strip_prefix(before)
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    };
    let (bob, name) = (id("bob"), Some("a \"b\"".into()));
    for (act, expected) in [
        (
            Act::GroupUpdate { name, open: Some(true) },
            r#"{"act":"group_update","name":"a \"b\"","open":true}"#,
        ),
        (Act::GroupUpdate { name: None, open: Some(false) }, r#"{"act":"group_update","open":false}"#),
        (
            Act::Role { uid: bob.clone(), role: GroupRole::Admin },
            r#"{"act":"role","uid":"bob","role":"admin"}"#,
        ),
        (Act::Kick { uid: id("7") }, r#"{"act":"kick","uid":7}"#),
        (Act::Ban { uid: bob.clone(), seconds: Some(0) }, r#"{"act":"ban","uid":"bob","seconds":0}"#),
        (Act::Mute { uid: bob.clone(), seconds: None }, r#"{"act":"mute","uid":"bob"}"#),
        (Act::Add { uid: bob }, r#"{"act":"add","uid":"bob"}"#),
        (Act::GroupDelete, r#"{"act":"group_delete"}"#),
    ] {
        assert_eq!(told(&act), expected);
    }
}

#[test]
fn groups() {
    let summary = |gid: &str, name: &str, role, open| GroupSummary {
        gid: id(gid),
        name: name.into(),
        role,
        open,
        members: 3,
    };
    let page = [summary("7", "", None, true), summary("tea", "Tea", Some(GroupRole::Owner), false)];
    assert_eq!(
        event(&Event::Groups { id: Some("g"), groups: &page, next: Some(&id("tea")) }),
        r#"{"type":"groups","id":"g","groups":[{"gid":7,"open":true,"members":3},{"gid":"tea","name":"Tea","role":"owner","open":false,"members":3}],"next":"tea"}"#
    );
    assert_eq!(
        event(&Event::Groups { id: None, groups: &[], next: None }),
        r#"{"type":"groups","groups":[]}"#
    );
}

#[test]
fn joined_and_left() {
    let (gid, uid) = (id("123"), id("1001"));
    let membership = Membership { gid: &gid, uid: &uid, name: "ann", members: 3 };
    assert_eq!(
        event(&Event::Joined(membership.clone())),
        r#"{"type":"joined","gid":123,"uid":1001,"name":"ann","members":3}"#
    );
    assert_eq!(
        event(&Event::Left(membership)),
        r#"{"type":"left","gid":123,"uid":1001,"name":"ann","members":3}"#
    );
}

#[test]
fn members() {
    let (gid, ann, bob) = (id("123"), id("1001"), id("bob"));
    let page = [
        Member { uid: &ann, name: "Ann", role: GroupRole::Owner, online: true },
        Member { uid: &bob, name: "", role: GroupRole::Admin, online: false },
    ];
    assert_eq!(
        event(&Event::Members { id: Some("m"), gid: &gid, members: &page, more: true }),
        r#"{"type":"members","id":"m","gid":123,"members":[{"uid":1001,"name":"Ann","role":"owner","online":true},{"uid":"bob","name":"","role":"admin","online":false}],"more":true}"#
    );
    assert_eq!(
        event(&Event::Members { id: None, gid: &gid, members: &[], more: false }),
        r#"{"type":"members","gid":123,"members":[],"more":false}"#
    );
}

#[test]
fn history_has_entries_as_they_are_delivered() {
    let record = |seq, uid: &str| EntryRecord {
        seq,
        uid: id(uid),
        name: "ann".into(),
        content: "hi".into(),
        kind: Some("image".into()),
        data: Some("{}".into()),
        reply: None,
        mentions: [id("bob")].into(),
        act: None,
        recall: Recall::None,
        time: TIME,
    };
    let page = [record(41, "1001"), record(42, "1002")];
    for (target, conversation, name) in [
        (Target::Group(id("123")), Conversation::Group(id("123")), r#""gid":123"#),
        (Target::User(id("1002")), Conversation::direct(&id("1001"), &id("1002")), r#""uid":1002"#),
    ] {
        let live = page.each_ref().map(|record| event(&Event::Entry(record.entry(&conversation))));
        let (target, conversation) = (&target, &conversation);
        let history = Event::History { id: Some("h"), target, conversation, entries: &page, more: true };
        let expected = format!(
            r#"{{"type":"history","id":"h",{name},"messages":[{},{}],"more":true}}"#,
            live[0], live[1]
        );
        assert_eq!(event(&history), expected);
        let empty = Event::History { id: None, target, conversation, entries: &[], more: false };
        assert_eq!(event(&empty), format!(r#"{{"type":"history",{name},"messages":[],"more":false}}"#));
    }
}

#[test]
fn a_recall_says_which_entry_and_who() {
    let (ann, group) = (id("1001"), Conversation::Group(id("123")));
    let recalling = |conversation| Entry { recall: Recall::Of(41), ..entry(conversation, &ann, "") };
    assert_eq!(
        event(&Event::Entry(recalling(&group))),
        r#"{"type":"recalled","gid":123,"seq":42,"ref":41,"uid":1001,"name":"ann","time":1700000000123}"#
    );
    let direct = Conversation::direct(&ann, &id("1002"));
    assert_eq!(
        event(&Event::Entry(recalling(&direct))),
        r#"{"type":"recalled","uid":1001,"to":1002,"seq":42,"ref":41,"name":"ann","time":1700000000123}"#
    );
}

#[test]
fn what_was_recalled_has_its_place_and_no_text() {
    let (ann, group) = (id("1001"), Conversation::Group(id("123")));
    let recalled = Entry { recall: Recall::Recalled, ..entry(&group, &ann, "") };
    assert_eq!(
        event(&Event::Entry(recalled)),
        r#"{"type":"groupPm","gid":123,"seq":42,"uid":1001,"name":"ann","content":"","time":1700000000123,"recalled":true}"#
    );
}

#[test]
fn typing() {
    let ann = id("1001");
    let typing = |target: &Target| event(&Event::Typing { target, uid: &ann, name: "ann" });
    assert_eq!(typing(&Target::Group(id("123"))), r#"{"type":"typing","gid":123,"uid":1001,"name":"ann"}"#);
    assert_eq!(typing(&Target::User(id("1002"))), r#"{"type":"typing","to":1002,"uid":1001,"name":"ann"}"#);
}

#[test]
fn presence() {
    let (ann, bob, cid) = (id("1001"), id("bob"), id("3"));
    let users = [
        UserPresence { uid: &ann, online: true, last: None },
        UserPresence { uid: &bob, online: false, last: Some(TIME) },
        UserPresence { uid: &cid, online: false, last: None },
    ];
    assert_eq!(
        event(&Event::Presence { id: Some("p"), users: &users }),
        r#"{"type":"presence","id":"p","users":[{"uid":1001,"online":true},{"uid":"bob","online":false,"last":1700000000123},{"uid":3,"online":false}]}"#
    );
    assert_eq!(event(&Event::Presence { id: None, users: &[] }), r#"{"type":"presence","users":[]}"#);
}

#[test]
fn bye() {
    let bye = |bye, retry_ms| written(|out| render_bye(bye, retry_ms, out));
    assert_eq!(bye(Bye::Restart, Some(1500)), r#"{"type":"bye","code":"restart","retry":1500}"#);
    assert_eq!(bye(Bye::Unauthorized, None), r#"{"type":"bye","code":"unauthorized"}"#);
    let table: Vec<_> = Bye::ALL.iter().map(|bye| (bye.as_str(), bye.close_code())).collect();
    assert_eq!(
        table,
        [
            ("restart", 1001),
            ("unauthorized", 4001),
            ("kicked", 4003),
            ("banned", 4003),
            ("overloaded", 4100),
            ("too_slow", 4101),
            ("login_timeout", 4102),
            ("too_many_messages", 4108)
        ]
    );
}

#[test]
fn text_is_escaped_only_where_json_demands_it() {
    let said = |content: &str| {
        let text = event(&Event::Broadcast { uid: &id("1"), name: "", content, time: UnixMillis(0) });
        let (_, rest) = text.split_once(r#""content":"#).unwrap();
        rest.strip_suffix(r#","time":0}"#).unwrap().to_owned()
    };
    assert_eq!(said("你好, é 😀 \u{7f}\u{2028}/<>&'"), "\"你好, é 😀 \u{7f}\u{2028}/<>&'\"");
    assert_eq!(said("\"\\\u{8}\u{c}\n\r\t"), r#""\"\\\b\f\n\r\t""#);
    assert_eq!(said("\0\u{1}\u{b}\u{e}\u{1f}"), r#""\u0000\u0001\u000b\u000e\u001f""#);
}

#[test]
fn an_escape_at_any_place_of_any_length_survives() {
    // Escapes are looked for in chunks: every place of a byte in a chunk, and every length of the last one.
    for len in 0..100_usize {
        for at in 0..len {
            let mut bytes = vec![b'x'; len];
            bytes[at] = if at % 2 == 0 { b'"' } else { b'\n' };
            bytes[len - 1 - at / 2] = b'\\';
            let content = String::from_utf8(bytes).unwrap();
            let text = event(&Event::Broadcast { uid: &id("1"), name: &content, content: "", time: TIME });
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["name"], content.as_str());
        }
    }
}

#[test]
fn numbers_of_every_length_are_written() {
    let mut numbers: Vec<u64> =
        (0..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power)]).collect();
    numbers.push(u64::MAX);
    for number in numbers {
        let text = written(|out| render_bye(Bye::Restart, Some(number), out));
        assert_eq!(text, format!(r#"{{"type":"bye","code":"restart","retry":{number}}}"#));
    }
}
