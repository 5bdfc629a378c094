//! What is read: every request, its options, and what is ignored.

use std::borrow::Cow;

use karez::chat::act::Act;
use karez::chat::input::{Bounds, Command, Draft, Listing, Target};
use karez::chat::output::GroupRole;
use karez::wire::{Code, Request};

use crate::common::{command, draft, id, parsed, refused};

#[test]
fn the_front_end_of_the_tutorial_is_understood() {
    let login = parsed(r#"{"type":"login","content":"login"}"#);
    assert_eq!(login.id, None);
    assert_eq!(login.request, Request::Login { token: None, name: None, resume: None });

    let said = Draft { content: "login".into(), ..Draft::default() };
    assert_eq!(
        command(r#"{"type":"group","content":"login","gid":123}"#),
        Command::Group { gid: id("123"), draft: said.clone() }
    );
    assert_eq!(
        command(r#"{"type":"pm","content":"login","uid":123}"#),
        Command::Pm { uid: id("123"), draft: said }
    );
}

#[test]
fn every_request_is_read() {
    assert_eq!(command(r#"{"type":"ping"}"#), Command::Ping);
    assert_eq!(command(r#"{"type":"join","gid":"tea"}"#), Command::Join { gid: id("tea") });
    assert_eq!(command(r#"{"type":"leave","gid":7}"#), Command::Leave { gid: id("7") });
    assert_eq!(
        command(r#"{"type":"members","gid":7}"#),
        Command::Members { gid: id("7"), after: None, limit: None }
    );
    assert_eq!(
        command(r#"{"type":"members","gid":7,"after":1001,"limit":20}"#),
        Command::Members { gid: id("7"), after: Some(id("1001")), limit: Some(20) }
    );
    let in_group = || Target::Group(id("7"));
    for (text, target, bounds, limit) in [
        (r#"{"type":"history","gid":7}"#, in_group(), Bounds::Newest, None),
        (r#"{"type":"history","gid":"7","before":42,"limit":20}"#, in_group(), Bounds::Before(42), Some(20)),
        (r#"{"type":"history","gid":7,"after":42,"before":null}"#, in_group(), Bounds::After(42), None),
        (r#"{"type":"history","uid":"ann","after":0}"#, Target::User(id("ann")), Bounds::After(0), None),
    ] {
        assert_eq!(command(text), Command::History { target, bounds, limit }, "{text}");
    }
    assert_eq!(
        command(r#"{"type":"recall","gid":7,"seq":42}"#),
        Command::Recall { target: in_group(), seq: 42 }
    );
    assert_eq!(
        command(r#"{"type":"recall","uid":"ann","seq":9007199254740991}"#),
        Command::Recall { target: Target::User(id("ann")), seq: 9_007_199_254_740_991 }
    );
    assert_eq!(
        command(r#"{"type":"broadcast","content":"hi"}"#),
        Command::Broadcast { content: "hi".into() }
    );
    assert_eq!(command(r#"{"type":"typing","gid":7}"#), Command::Typing { target: Target::Group(id("7")) });
    assert_eq!(
        command(r#"{"type":"typing","uid":1002}"#),
        Command::Typing { target: Target::User(id("1002")) }
    );
    assert_eq!(
        command(r#"{"type":"presence","uids":[1001,"1002","ann"]}"#),
        Command::Presence { uids: vec![id("1001"), id("1002"), id("ann")] }
    );
    assert_eq!(command(r#"{"type":"presence","uids":[]}"#), Command::Presence { uids: vec![] });
}

#[test]
fn what_governs_is_read() {
    let act = |text: &str| match command(text) {
        Command::Act { gid, act } => {
            assert_eq!(gid, id("7"));
            act.into_owned()
        }
        other => panic!("{text}: {other:?}"),
    };
    let uid = id("8");
    for (text, expected) in [
        (
            r#"{"type":"group_update","gid":7,"name":"a\u0062","open":false}"#,
            Act::GroupUpdate { name: Some("ab".into()), open: Some(false) },
        ),
        (r#"{"type":"group_update","gid":7}"#, Act::GroupUpdate { name: None, open: None }),
        (
            r#"{"type":"role","gid":7,"uid":8,"role":"owner"}"#,
            Act::Role { uid: uid.clone(), role: GroupRole::Owner },
        ),
        (
            r#"{"type":"role","gid":7,"uid":8,"role":"admin"}"#,
            Act::Role { uid: uid.clone(), role: GroupRole::Admin },
        ),
        (
            r#"{"type":"role","gid":7,"uid":8,"role":"member"}"#,
            Act::Role { uid: uid.clone(), role: GroupRole::Member },
        ),
        (r#"{"type":"kick","gid":7,"uid":8}"#, Act::Kick { uid: uid.clone() }),
        (r#"{"type":"ban","gid":7,"uid":8}"#, Act::Ban { uid: uid.clone(), seconds: None }),
        (r#"{"type":"ban","gid":7,"uid":8,"seconds":0}"#, Act::Ban { uid: uid.clone(), seconds: Some(0) }),
        (
            r#"{"type":"mute","gid":7,"uid":8,"seconds":60}"#,
            Act::Mute { uid: uid.clone(), seconds: Some(60) },
        ),
        (r#"{"type":"add","gid":7,"uid":8}"#, Act::Add { uid }),
        (r#"{"type":"group_delete","gid":7}"#, Act::GroupDelete),
    ] {
        assert_eq!(act(text), expected);
    }
}

#[test]
fn lists_names_and_blocks_are_read() {
    let groups = |listing, cursor| Command::Groups { listing, cursor };
    assert_eq!(command(r#"{"type":"groups"}"#), groups(Listing::Own, None));
    assert_eq!(command(r#"{"type":"groups","all":false}"#), groups(Listing::Own, None));
    let text = r#"{"type":"groups","all":true,"cursor":"tea"}"#;
    assert_eq!(command(text), groups(Listing::Open, Some(id("tea"))));
    assert_eq!(command(r#"{"type":"profile","name":"Ann"}"#), Command::Profile { name: "Ann".into() });
    let block = |on| Command::Block { uid: id("8"), on };
    assert_eq!(command(r#"{"type":"block","uid":8,"on":true}"#), block(true));
    assert_eq!(command(r#"{"type":"block","uid":8,"on":false}"#), block(false));
}

#[test]
fn a_login_has_a_token_and_a_name() {
    let login = parsed(r#"{"type":"login","id":"l","token":"kg1.x","name":"\u8001雷"}"#);
    assert_eq!(login.id.as_deref(), Some("l"));
    assert_eq!(
        login.request,
        Request::Login { token: Some("kg1.x".into()), name: Some("老雷".into()), resume: None }
    );
}

#[test]
fn a_login_says_what_the_client_has() {
    let resume = |text: &str| match parsed(&format!(r#"{{"type":"login","resume":{text}}}"#)).request {
        Request::Login { resume, .. } => resume.map(|of| {
            let tickets: Vec<_> = of.tickets.into_iter().map(|(ticket, seq)| (ticket.0, seq)).collect();
            (of.epoch.into_owned(), of.groups, of.users, tickets)
        }),
        other => panic!("{other:?}"),
    };
    let of = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, seq)| (id(name), *seq)).collect();
    assert_eq!(
        resume(r#"{"epoch":"e1","groups":{"123":41,"tea":0},"users":{"1002":7},"tickets":{"7":3}}"#),
        Some(("e1".to_owned(), of(&[("123", 41), ("tea", 0)]), of(&[("1002", 7)]), vec![(7, 3)]))
    );
    assert_eq!(resume(r#"{"epoch":""}"#), Some((String::new(), of(&[]), of(&[]), vec![])));
    assert_eq!(
        resume(r#"{"epoch":"e","groups":null,"users":{},"x":1}"#),
        Some(("e".to_owned(), of(&[]), of(&[]), vec![]))
    );
    assert_eq!(resume(r#"{"epoch":"e","users":{"大":9007199254740991}}"#).unwrap().0, "e");
    assert_eq!(resume("null"), None);
}

#[test]
fn a_resume_that_is_none_is_refused() {
    for text in [
        "[]",
        "true",
        r#""e""#,
        "{}",
        r#"{"epoch":null}"#,
        r#"{"epoch":5}"#,
        r#"{"epoch":"e","groups":[]}"#,
        r#"{"epoch":"e","groups":{"1":-1}}"#,
        r#"{"epoch":"e","groups":{"1":null}}"#,
        r#"{"epoch":"e","groups":{"1":1.0}}"#,
        r#"{"epoch":"e","groups":{"1":9007199254740992}}"#,
        r#"{"epoch":"e","groups":{"":1}}"#,
        r#"{"epoch":"e","users":{"1":1,"1":2}}"#,
        r#"{"epoch":"e","users":{"a":1,"a":1}}"#,
        r#"{"epoch":"e","tickets":{"a":1}}"#,
        r#"{"epoch":"e","tickets":{"07":1}}"#,
        r#"{"epoch":"e","epoch":"e"}"#,
    ] {
        let login = format!(r#"{{"type":"login","id":"l","resume":{text}}}"#);
        assert_eq!(refused(&login), (Code::BadRequest, Some("resume"), Some("l".to_owned())), "{text}");
    }
}

#[test]
fn a_refresh_has_a_token() {
    let refresh = parsed(r#"{"type":"refresh","id":"r","token":"a.b.c"}"#);
    assert_eq!(refresh.id.as_deref(), Some("r"));
    assert_eq!(refresh.request, Request::Refresh { token: "a.b.c".into() });
    for text in
        [r#"{"type":"refresh"}"#, r#"{"type":"refresh","token":null}"#, r#"{"type":"refresh","token":5}"#]
    {
        assert_eq!(refused(text), (Code::BadRequest, Some("token"), None), "{text}");
    }
}

#[test]
fn options_of_an_entry_are_read() {
    let text = r#"{"type":"group","gid":1,"content":"look","kind":"image",
        "data": { "url" : "a\"}" , "size":[1e999,-0.0] } ,"reply":41,"mentions":[1002,"ann"]}"#;
    assert_eq!(
        draft(text),
        Draft {
            content: "look".into(),
            kind: Some("image".into()),
            data: Some(r#"{ "url" : "a\"}" , "size":[1e999,-0.0] }"#.into()),
            reply: Some(41),
            mentions: vec![id("1002"), id("ann")],
            file: None,
        }
    );
    assert_eq!(draft(r#"{"type":"pm","uid":1,"content":"x","kind":"text"}"#).kind.as_deref(), Some("text"));
}

#[test]
fn null_is_absent() {
    let text = r#"{"type":"group","gid":1,"content":"x","id":null,"uid":null,"kind":null,"data":null,
        "reply":null,"mentions":null}"#;
    assert_eq!(parsed(text).id, None);
    assert_eq!(draft(text), Draft { content: "x".into(), ..Draft::default() });
    assert_eq!(
        command(r#"{"type":"typing","gid":null,"uid":1,"ticket":null}"#),
        Command::Typing { target: Target::User(id("1")) }
    );
}

#[test]
fn unknown_fields_are_ignored_whatever_they_hold() {
    let text = r#" {"seq":-1,"time":{},"x":[[]],"x":0,"ni hao":null,"type":"ping","":"","resume":7}
    "#;
    assert_eq!(command(text), Command::Ping);
}

#[test]
fn fields_of_other_requests_are_ignored_whatever_they_hold() {
    assert_eq!(command(r#"{"type":"ping","gid":{},"content":5,"mentions":"x","token":[]}"#), Command::Ping);
    assert_eq!(parsed(r#"{"type":"login","content":{},"uid":-1}"#).id, None);
    assert_eq!(command(r#"{"type":"join","gid":1,"uid":2,"name":false}"#), Command::Join { gid: id("1") });
}

#[test]
fn in_group_only_gid_counts_and_in_pm_only_uid() {
    let said = Draft { content: "x".into(), ..Draft::default() };
    assert_eq!(
        command(r#"{"type":"group","gid":1,"uid":2,"ticket":"?","content":"x"}"#),
        Command::Group { gid: id("1"), draft: said.clone() }
    );
    assert_eq!(
        command(r#"{"type":"pm","gid":"system","uid":2,"content":"x"}"#),
        Command::Pm { uid: id("2"), draft: said }
    );
}

#[test]
fn escapes_are_decoded() {
    let escaped = r#"{"\u0074ype":"\u0067roup","gid":"\u0031\u0032","content":"\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00"}"#;
    let expected = Draft { content: "\"\\/\u{8}\u{c}\n\r\t\0é😀".into(), ..Draft::default() };
    assert_eq!(command(escaped), Command::Group { gid: id("12"), draft: expected });
}

#[test]
fn text_without_escapes_is_borrowed() {
    let text = r#"{"type":"pm","uid":1,"id":"坎儿井","content":"你好, 😀","data":{"a":"\n"}}"#;
    assert!(matches!(parsed(text).id, Some(Cow::Borrowed("坎儿井"))));
    let draft = draft(text);
    assert!(matches!(draft.content, Cow::Borrowed("你好, 😀")));
    assert!(matches!(draft.data, Some(Cow::Borrowed(r#"{"a":"\n"}"#))));
}

#[test]
fn a_page_larger_than_any_is_the_largest() {
    for (limit, read) in [("1", 1), ("4294967295", u32::MAX), ("9007199254740991", u32::MAX)] {
        let text = format!(r#"{{"type":"members","gid":1,"limit":{limit}}}"#);
        assert_eq!(
            command(&text),
            Command::Members { gid: id("1"), after: None, limit: Some(read) },
            "{limit}"
        );
    }
}
