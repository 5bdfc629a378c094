//! The manual's chapter on the protocol says what the daemon does, in both languages.

use std::collections::BTreeSet;

use karez::base::clock::UnixMillis;
use karez::chat::ids::Conversation;
use karez::chat::input::{Command, Target};
use karez::chat::output::{
    AckedEntry, Entry, Event, GroupRole, GroupSummary, ListPlace, Member, Membership, Notice, Recall,
    Refusal, UserPresence,
};
use karez::wire::{
    self, Bye, Code, Limits, Login, Problem, Request, render, render_bye, render_error, render_login,
};
use serde_json::Value;

use crate::common::{id, parsed, written};
use crate::desk;

const ENGLISH: &str = include_str!("../../src/manual/protocol.md");
const CHINESE: &str = include_str!("../../src/manual/protocol.zh.md");

/// The code blocks of a chapter whose info string is this.
fn blocks<'a>(chapter: &'a str, info: &str) -> Vec<&'a str> {
    let mut parts = chapter.split("\n```");
    // Before the first fence is prose; then blocks and prose take turns.
    parts.next();
    let blocks: Vec<_> = parts.step_by(2).filter_map(|block| block.split_once('\n')).collect();
    blocks.into_iter().filter(|(found, _)| *found == info).map(|(_, body)| body).collect()
}

fn types(examples: &[&str]) -> BTreeSet<String> {
    examples
        .iter()
        .map(|text| {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            value["type"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn keys(text: &str) -> BTreeSet<String> {
    let value: Value = serde_json::from_str(text).unwrap();
    let within = value["limits"].as_object().into_iter().flat_map(|limits| limits.keys());
    value.as_object().unwrap().keys().chain(within).cloned().collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The `type` of each request. A new one does not compile until it is named here, and then must be told.
fn name_of(request: &Request<'_>) -> &'static str {
    match request {
        Request::Login { .. } => "login",
        Request::Refresh { .. } => "refresh",
        Request::Chat(command) => match command {
            Command::Login(..) | Command::Refresh(_) => panic!("made by app, not by wire"),
            Command::Desk(request) => desk::name_of(request),
            Command::Ping => "ping",
            Command::Join { .. } => "join",
            Command::Leave { .. } => "leave",
            Command::Members { .. } => "members",
            Command::Group { .. } => "group",
            Command::Act { act, .. } => act.as_str(),
            Command::Groups { .. } => "groups",
            Command::Profile { .. } => "profile",
            Command::Block { .. } => "block",
            Command::Pm { .. } => "pm",
            Command::Conversations { .. } => "conversations",
            Command::Read { .. } => "read",
            Command::Broadcast { .. } => "broadcast",
            Command::History { .. } => "history",
            Command::Recall { .. } => "recall",
            Command::Search { .. } => "search",
            Command::Typing { .. } => "typing",
            Command::Presence { .. } => "presence",
        },
    }
}

/// Every message of the daemon with every field that it can have.
fn fullest() -> Vec<String> {
    let (ann, bob) = (id("1001"), id("bob"));
    let (group, direct) = (Conversation::Group(id("123")), Conversation::direct(&ann, &bob));
    let (name, content, time) = ("Ann", "hi", UnixMillis(1));
    let entry = |conversation| Entry {
        conversation,
        seq: 1,
        uid: &ann,
        name,
        content,
        kind: Some("image"),
        data: Some("{}"),
        reply: Some(1),
        mentions: std::slice::from_ref(&bob),
        act: None,
        recall: Recall::None,
        time,
    };
    let acked = |target| AckedEntry { target, seq: 1, time, duplicate: true };
    let membership = Membership { gid: &ann, uid: &ann, name, members: 1 };
    let members = [Member { uid: &ann, name, role: GroupRole::Owner, online: true }];
    let summaries = [GroupSummary {
        gid: ann.clone(),
        name: name.into(),
        role: Some(GroupRole::Admin),
        open: true,
        members: 1,
    }];
    let page = |target, conversation| Event::History {
        id: Some("1"),
        target,
        conversation,
        entries: &[],
        more: true,
    };
    let users = [UserPresence { uid: &ann, online: false, last: Some(time) }];
    let (to_group, to_user) = (Target::Group(id("123")), Target::User(id("bob")));
    let events = [
        Event::Refreshed { id: Some("1"), exp_s: 1 },
        Event::Pong { id: Some("1") },
        Event::Entry(entry(&group)),
        Event::Entry(entry(&direct)),
        Event::Offline(entry(&direct)),
        Event::Entry(Entry { recall: Recall::Of(1), ..entry(&group) }),
        Event::Entry(Entry { recall: Recall::Of(1), ..entry(&direct) }),
        Event::Ack { id: "1", entry: Some(acked(to_group.clone())) },
        Event::Ack { id: "1", entry: Some(acked(to_user.clone())) },
        Event::Broadcast { uid: &ann, name, content, time },
        Event::Joined(membership.clone()),
        Event::Left(membership),
        Event::Members { id: Some("1"), gid: &ann, members: &members, more: true },
        Event::Groups { id: Some("1"), groups: &summaries, next: Some(&ann) },
        page(&to_group, &group),
        page(&to_user, &direct),
        Event::Conversations { id: Some("1"), uid: &ann, list: &[], next: Some(&ListPlace::Entry(1)) },
        Event::Read { target: &to_group, uid: &ann, seq: 1 },
        Event::Read { target: &to_user, uid: &ann, seq: 1 },
        Event::Search { id: Some("1"), found: &[], next: Some(1) },
        Event::Typing { target: &to_group, uid: &ann, name },
        Event::Typing { target: &to_user, uid: &ann, name },
        Event::Presence { id: Some("1"), users: &users },
    ];
    let mut texts: Vec<_> = events.iter().map(|event| written(|out| render(event, out))).collect();
    let problem = Problem { retry_ms: Some(1), ..Problem::missing("gid") };
    texts.push(written(|out| render_error(Some("1"), &problem, out)));
    texts.push(written(|out| render_bye(Bye::Restart, Some(1), out)));
    texts.push(login_answer());
    texts.extend(told_instead_of_entries());
    texts.extend([offline_push()].into_iter().chain(desk::every_event()));
    texts
}

fn told_instead_of_entries() -> [String; 3] {
    let gap = |target| written(|out| render(&Event::Gap { target, after: 1, before: 9 }, out));
    let resumed = written(|out| render(&Event::Resumed, out));
    [gap(&Target::Group(id("123"))), gap(&Target::User(id("bob"))), resumed]
}

fn offline_push() -> String {
    let text = Some("{}");
    let push = Notice { id: "p1", title: text, content: "hi", data: text, url: text, time: UnixMillis(1) };
    written(|out| render(&Event::OfflinePush(push), out))
}

fn login_answer() -> String {
    let login = Login {
        id: Some("l1"),
        uid: &id("1001"),
        name: "Ann",
        token: Some("t"),
        epoch: "e",
        time: UnixMillis(1),
        heartbeat_s: 25,
        limits: Limits::default(),
    };
    written(|out| render_login(&login, out))
}

#[test]
fn every_example_of_a_client_is_read() {
    let examples = blocks(ENGLISH, "json c2s");
    assert!(examples.len() > 10);
    for text in &examples {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["type"], name_of(&parsed(text).request), "{text}");
    }
    let served = [
        "login",
        "refresh",
        "ping",
        "join",
        "leave",
        "members",
        "groups",
        "group",
        "group_update",
        "add",
        "role",
        "kick",
        "ban",
        "mute",
        "group_delete",
        "profile",
        "block",
        "pm",
        "broadcast",
        "typing",
        "presence",
        "history",
        "search",
        "recall",
        "conversations",
        "read",
    ];
    assert_eq!(types(&examples), set(&[&served[..], &desk::REQUESTS[..]].concat()));
}

#[test]
fn every_example_of_the_daemon_has_a_type_and_fields_that_it_writes() {
    let (told, sent) = (blocks(ENGLISH, "json s2c"), fullest());
    assert_eq!(types(&told), types(&sent.iter().map(String::as_str).collect::<Vec<_>>()));
    for example in told {
        let fields = keys(example);
        let like_it = |text: &&String| types(&[text.as_str()]) == types(&[example]);
        assert!(sent.iter().filter(like_it).any(|text| keys(text).is_superset(&fields)), "{example}");
    }
}

#[test]
fn the_login_answer_is_told_with_all_its_fields() {
    let fields = keys(&login_answer());
    let example = blocks(ENGLISH, "json s2c").into_iter().find(|text| text.contains(r#""type":"login""#));
    assert_eq!(keys(example.unwrap()), fields);
    for (chapter, field) in [ENGLISH, CHINESE].iter().flat_map(|c| fields.iter().map(move |f| (c, f))) {
        assert!(field == "type" || field == "id" || chapter.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn examples_of_errors_and_byes_are_what_is_written() {
    let missing = Problem::missing("gid");
    let limited = Problem::from(&Refusal::RateLimited { retry_ms: 250 });
    let examples = blocks(ENGLISH, "json s2c");
    for text in [
        written(|out| render_error(Some("g2"), &missing, out)),
        written(|out| render_error(Some("g3"), &limited, out)),
        written(|out| render_bye(Bye::Restart, Some(1500), out)),
    ] {
        assert!(examples.contains(&text.as_str()), "{text}");
    }
}

#[test]
fn every_code_is_told() {
    for chapter in [ENGLISH, CHINESE] {
        for code in Code::ALL {
            assert!(chapter.contains(&format!("\n| `{}` | ", code.as_str())), "{code:?}");
        }
        for bye in Bye::ALL {
            assert!(
                chapter.contains(&format!("\n| {} | `{}` | ", bye.close_code(), bye.as_str())),
                "{bye:?}"
            );
        }
    }
}

#[test]
fn what_is_said_to_be_refused_is_refused() {
    for (code, text) in [
        (Code::BadJson, r#"{"type":"ping","type":"ping"}"#),
        (Code::BadJson, r#"{"type":"ping","data":"\ud83d"}"#),
        (Code::BadRequest, r#"{"type":"nonsense","id":""}"#),
        (Code::BadRequest, r#"{"type":"group","gid":1,"content":""}"#),
        (Code::BadRequest, r#"{"type":"group","gid":1,"content":"x","kind":"system"}"#),
        (Code::BadRequest, r#"{"type":"typing","gid":1,"ticket":1}"#),
        (Code::BadRequest, r#"{"type":"members","gid":1,"limit":0}"#),
        (Code::BadRequest, r#"{"type":"history","gid":1,"before":5,"after":1}"#),
        (Code::BadRequest, r#"{"type":"search","q":"tea","cursor":"0"}"#),
        (Code::BadJson, r#"{"type":"desk","desk":"tea","desk":"tea"}"#),
        (Code::UnknownType, r#"{"type":"serve","content":"tea"}"#),
    ] {
        assert_eq!(wire::parse(text).unwrap_err().problem.code, code, "{text}");
    }
}

#[test]
fn both_languages_have_the_same_examples() {
    for info in ["json c2s", "json s2c", "js"] {
        assert_eq!(blocks(ENGLISH, info), blocks(CHINESE, info));
    }
    let headings = |chapter: &str| {
        let lines = chapter.lines().filter(|line| line.starts_with('#'));
        lines.map(|line| line.bytes().take_while(|byte| *byte == b'#').count()).collect::<Vec<_>>()
    };
    assert_eq!(headings(ENGLISH), headings(CHINESE));
}
