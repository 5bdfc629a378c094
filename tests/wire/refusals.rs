//! Everything that is refused: code, field and whether the id comes back.

use karez::chat::output::{Event, Refusal};
use karez::wire::{Code, Problem, parse, render, render_error};

use crate::common::{parsed, refused, written};

#[test]
fn broken_json_is_bad_json() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{} {}",
        "null",
        "1",
        "\"ping\"",
        "[]",
        r#"["ping"]"#,
        r#"["ping",null,null,null,null,null,null,null,null,null,null,null,null,null,null]"#,
        r#"[{"type":"ping"}]"#,
        r#"{"type":"ping",}"#,
        r#"{"type":"ping""#,
        r#"{"type":"ping"} x"#,
        r#"{"type":"ping"}{"type":"ping"}"#,
        r#"{type:"ping"}"#,
        r#"{'type':'ping'}"#,
        r#"{"type":"ping","x":01}"#,
        r#"{"type":"ping","x":+1}"#,
        r#"{"type":"ping","x":.5}"#,
        r#"{"type":"ping","x":NaN}"#,
        r#"{"type":"ping","x":"\x41"}"#,
        r#"{"type":"ping","x":"\u12"}"#,
        r#"{"type":"ping","x":"\u+123"}"#,
        r#"{"type":"ping","x":"\"#,
        r#"{"type":"ping","x":"\u"#,
        "{\"type\":\"ping\",\"x\":\"a\nb\"}",
        "{\"type\":\"ping\",\"x\":\"a\0b\"}",
        "\u{feff}{\"type\":\"ping\"}",
        "\u{a0}{\"type\":\"ping\"}",
        r#"{"type":"ping","x":[}]"#,
        r#"{"type":"ping"/**/}"#,
        "GET / HTTP/1.1",
    ] {
        assert_eq!(refused(text), (Code::BadJson, None, None), "{text}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_bad_json_wherever_it_stands() {
    for half in [
        r"\ud800",
        r"\uD83D",
        r"\udbffx",
        r"\udc00",
        r"\ude00\ud83d",
        r"\ud83d\ud83d\ude00",
        r"\ud83d\n",
        r"\ud83d\u0041",
        r"\ud83d\u12",
    ] {
        for text in [
            format!(r#"{{"type":"pm","uid":1,"id":"1","content":"{half}"}}"#),
            format!(r#"{{"type":"pm","uid":1,"id":"1","content":"x","data":{{"a":["{half}"]}}}}"#),
            format!(r#"{{"type":"pm","uid":1,"id":"1","content":"x","data":{{"{half}":0}}}}"#),
            format!(r#"{{"type":"ping","id":"1","unknown":"{half}"}}"#),
        ] {
            assert_eq!(refused(&text), (Code::BadJson, None, None), "{text}");
        }
    }
    // Two backslashes are a backslash: nothing is escaped here.
    parsed(r#"{"type":"ping","x":"\\ud800","y":"\ud83d\uDE00"}"#);
}

#[test]
fn a_known_field_that_comes_twice_is_bad_json() {
    for field in [
        "type", "id", "gid", "uid", "ticket", "content", "kind", "data", "reply", "mentions", "uids",
        "before", "after", "limit", "seq", "token", "name",
    ] {
        for (one, two) in [("\"x\"", "\"x\""), ("null", "1"), ("{}", "null")] {
            let text = format!(r#"{{"{field}":{one},"{field}":{two}}}"#);
            assert_eq!(refused(&text), (Code::BadJson, None, None), "{text}");
        }
    }
    assert_eq!(refused(r#"{"type":"ping","\u0074ype":"ping"}"#).0, Code::BadJson);
}

#[test]
fn sixteen_levels_are_served_and_seventeen_are_not() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for (outer, inner) in
            [(r#"{"type":"ping","id":"1","x":"#, 15), (r#"{"type":"ping","id":"1","data":{"x":"#, 14)]
        {
            let tail = if inner == 15 { "}" } else { "}}" };
            let nested = |levels| format!("{outer}{}0{}{tail}", open.repeat(levels), close.repeat(levels));
            parsed(&nested(inner));
            assert_eq!(refused(&nested(inner + 1)), (Code::BadJson, None, None));
        }
    }
    // Brackets in strings nest nothing, nor do those that stand side by side.
    parsed(&format!(
        r#"{{"type":"ping","x":"{}\"[[[[{}","y":[{}0]}}"#,
        "[".repeat(99),
        "{".repeat(99),
        "[],".repeat(99)
    ));
}

#[test]
fn a_message_needs_a_type() {
    for text in [
        r#"{"id":"a"}"#,
        r#"{"id":"a","type":null}"#,
        r#"{"id":"a","type":1}"#,
        r#"{"id":"a","type":["ping"]}"#,
        r#"{"id":"a","type":{"type":"ping"}}"#,
        r#"{"type":true,"id":"a"}"#,
    ] {
        assert_eq!(refused(text), (Code::BadRequest, Some("type"), Some("a".into())), "{text}");
    }
    assert_eq!(refused("{}"), (Code::BadRequest, Some("type"), None));
}

#[test]
fn a_type_that_is_not_served_is_unknown() {
    for kind in
        ["", "PING", "ping ", "pong", "groupPm", "error", "serve", "recalled", "act", "push", "\\u0000", "群"]
    {
        let text = format!(r#"{{"type":"{kind}","id":"a"}}"#);
        assert_eq!(refused(&text), (Code::UnknownType, None, Some("a".into())), "{text}");
    }
}

#[test]
fn a_field_that_is_missing_or_wrong_is_named() {
    for (field, request) in [
        ("gid", r#""type":"join""#),
        ("gid", r#""type":"join","gid":null"#),
        ("gid", r#""type":"join","uid":1"#),
        ("gid", r#""type":"leave""#),
        ("gid", r#""type":"members""#),
        ("limit", r#""type":"members","gid":1,"limit":0"#),
        ("limit", r#""type":"members","gid":1,"limit":-1"#),
        ("limit", r#""type":"members","gid":1,"limit":1.0"#),
        ("limit", r#""type":"members","gid":1,"limit":"10""#),
        ("gid", r#""type":"history""#),
        ("uid", r#""type":"history","gid":1,"uid":2"#),
        ("before", r#""type":"history","gid":1,"before":0"#),
        ("before", r#""type":"history","gid":1,"before":"5""#),
        ("after", r#""type":"history","gid":1,"after":-1"#),
        ("after", r#""type":"history","gid":1,"after":1.0"#),
        ("after", r#""type":"history","gid":1,"after":9007199254740992"#),
        ("after", r#""type":"history","gid":1,"before":5,"after":1"#),
        ("limit", r#""type":"history","gid":1,"limit":0"#),
        ("gid", r#""type":"group","content":"x""#),
        ("gid", r#""type":"group","content":"x","uid":1"#),
        ("content", r#""type":"group","gid":1"#),
        ("content", r#""type":"group","gid":1,"content":null"#),
        ("content", r#""type":"group","gid":1,"content":"""#),
        ("content", r#""type":"group","gid":1,"content":5"#),
        ("content", r#""type":"group","gid":1,"content":["x"]"#),
        ("content", r#""type":"group","gid":1,"content":{"text":"x"}"#),
        ("uid", r#""type":"pm","content":"x""#),
        ("uid", r#""type":"pm","content":"x","gid":1"#),
        ("content", r#""type":"pm","uid":1"#),
        ("content", r#""type":"pm","uid":1,"content":"""#),
        ("kind", r#""type":"pm","uid":1,"content":"x","kind":"""#),
        ("kind", r#""type":"pm","uid":1,"content":"x","kind":"system""#),
        ("kind", r#""type":"pm","uid":1,"content":"x","kind":1"#),
        ("data", r#""type":"pm","uid":1,"content":"x","data":[]"#),
        ("data", r#""type":"pm","uid":1,"content":"x","data":"{}""#),
        ("data", r#""type":"pm","uid":1,"content":"x","data":1"#),
        ("reply", r#""type":"pm","uid":1,"content":"x","reply":0"#),
        ("reply", r#""type":"pm","uid":1,"content":"x","reply":"1""#),
        ("reply", r#""type":"pm","uid":1,"content":"x","reply":1e0"#),
        ("reply", r#""type":"pm","uid":1,"content":"x","reply":9007199254740992"#),
        ("mentions", r#""type":"pm","uid":1,"content":"x","mentions":1"#),
        ("mentions", r#""type":"pm","uid":1,"content":"x","mentions":{"0":1}"#),
        ("mentions", r#""type":"pm","uid":1,"content":"x","mentions":[null]"#),
        ("mentions", r#""type":"pm","uid":1,"content":"x","mentions":[[1]]"#),
        ("content", r#""type":"broadcast""#),
        ("content", r#""type":"broadcast","content":"""#),
        ("content", r#""type":"broadcast","content":false"#),
        ("gid", r#""type":"typing""#),
        ("uid", r#""type":"typing","gid":1,"uid":2"#),
        ("ticket", r#""type":"typing","gid":1,"ticket":2"#),
        ("ticket", r#""type":"typing","uid":1,"ticket":2"#),
        ("uid", r#""type":"typing","gid":1,"uid":2,"ticket":3"#),
        ("ticket", r#""type":"typing","ticket":"x""#),
        ("uids", r#""type":"presence""#),
        ("uids", r#""type":"presence","uids":null"#),
        ("uids", r#""type":"presence","uids":1001"#),
        ("uids", r#""type":"presence","uids":[null]"#),
        ("token", r#""type":"login","token":1"#),
        ("token", r#""type":"login","token":{}"#),
        ("name", r#""type":"login","name":1"#),
        ("name", r#""type":"login","name":["x"]"#),
    ] {
        let without_id = format!("{{{request}}}");
        assert_eq!(refused(&without_id), (Code::BadRequest, Some(field), None), "{request}");
        let with_id = format!(r#"{{{request},"id":"é\n"}}"#);
        assert_eq!(refused(&with_id), (Code::BadRequest, Some(field), Some("é\n".into())), "{request}");
    }
}

#[test]
fn a_recall_names_a_conversation_and_a_number() {
    for (field, fields) in [
        ("gid", r#""type":"recall","seq":1"#),
        ("uid", r#""type":"recall","gid":1,"uid":2,"seq":1"#),
        ("seq", r#""type":"recall","gid":1"#),
        ("seq", r#""type":"recall","gid":1,"seq":0"#),
        ("seq", r#""type":"recall","gid":1,"seq":"1""#),
        ("seq", r#""type":"recall","uid":1,"seq":1.0"#),
        ("seq", r#""type":"recall","uid":1,"seq":9007199254740992"#),
    ] {
        let text = format!(r#"{{"id":"a",{fields}}}"#);
        assert_eq!(refused(&text), (Code::BadRequest, Some(field), Some("a".into())), "{text}");
    }
}

#[test]
fn a_refused_text_becomes_an_error() {
    let error = |text: &str| {
        let refused = parse(text).unwrap_err();
        written(|out| render_error(refused.id.as_deref(), &refused.problem, out))
    };
    assert_eq!(
        error("ping"),
        r#"{"type":"error","code":"bad_json","message":"a message is one JSON object"}"#
    );
    for (text, message) in [
        (r#"{"type":"ping","type":"ping"}"#, "a field is there twice"),
        (r#"{"type":"ping","x":"\udc00"}"#, "half of a surrogate pair is no character"),
        ("{\"x\":[[[[[[[[[[[[[[[[", "nested deeper than 16 levels"),
        (r#"{"type":"ping","x":"\udc"}"#, "a message is one JSON object"),
    ] {
        assert_eq!(error(text), format!(r#"{{"type":"error","code":"bad_json","message":"{message}"}}"#));
    }
    assert_eq!(
        error(r#"{"type":"join","id":"\"7\""}"#),
        r#"{"type":"error","code":"bad_request","message":"this field is missing","id":"\"7\"","field":"gid"}"#
    );
    assert_eq!(
        error(r#"{"type":"pm","uid":1,"content":"x","kind":"system"}"#),
        r#"{"type":"error","code":"bad_request","message":"must be a string that is neither empty nor \"system\"","field":"kind"}"#
    );
    assert_eq!(
        error(r#"{"type":"serve"}"#),
        r#"{"type":"error","code":"unknown_type","message":"there is no request of this type"}"#
    );
}

#[test]
fn what_governs_must_say_whom_and_how() {
    for (text, field) in [
        (r#"{"type":"kick","gid":7}"#, "uid"),
        (r#"{"type":"kick","uid":7}"#, "gid"),
        (r#"{"type":"ban","gid":7,"uid":8,"seconds":-1}"#, "seconds"),
        (r#"{"type":"ban","gid":7,"uid":8,"seconds":1.5}"#, "seconds"),
        (r#"{"type":"mute","gid":7,"uid":8,"seconds":"60"}"#, "seconds"),
        (r#"{"type":"mute","gid":7,"uid":8,"seconds":9007199254740992}"#, "seconds"),
        (r#"{"type":"role","gid":7,"uid":8}"#, "role"),
        (r#"{"type":"role","gid":7,"uid":8,"role":"king"}"#, "role"),
        (r#"{"type":"group_update","gid":7,"open":1}"#, "open"),
        (r#"{"type":"group_update","gid":7,"name":{}}"#, "name"),
        (r#"{"type":"add","gid":7,"uid":"system"}"#, "uid"),
        (r#"{"type":"group_delete"}"#, "gid"),
        (r#"{"type":"groups","all":"yes"}"#, "all"),
        (r#"{"type":"groups","cursor":0}"#, "cursor"),
        (r#"{"type":"profile"}"#, "name"),
        (r#"{"type":"block","uid":7}"#, "on"),
        (r#"{"type":"block","on":true}"#, "uid"),
    ] {
        assert_eq!(refused(text), (Code::BadRequest, Some(field), None), "{text}");
    }
}

#[test]
fn refusals_of_the_core_become_errors() {
    for (refusal, expected) in [
        (
            Refusal::BadRequest("uids", "at most 200"),
            r#""code":"bad_request","message":"at most 200","id":"a","field":"uids""#,
        ),
        (Refusal::LoginRequired, r#""code":"login_required","message":"log in first","id":"a""#),
        (Refusal::Forbidden, r#""code":"forbidden","message":"you may not do this","id":"a""#),
        (
            Refusal::NotFound,
            r#""code":"not_found","message":"there is no such thing, or none that you may see","id":"a""#,
        ),
        (
            Refusal::TooLarge("content"),
            r#""code":"too_large","message":"this field is over the limit that the login answer tells","id":"a","field":"content""#,
        ),
        (
            Refusal::RateLimited { retry_ms: 250 },
            r#""code":"rate_limited","message":"too many requests; wait for `retry` milliseconds","id":"a","retry":250"#,
        ),
        (
            Refusal::Muted { retry_ms: Some(5) },
            r#""code":"muted","message":"you may not speak here for now","id":"a","retry":5"#,
        ),
        (
            Refusal::Muted { retry_ms: None },
            r#""code":"muted","message":"you may not speak here for now","id":"a""#,
        ),
        (
            Refusal::Conflict("already logged in"),
            r#""code":"conflict","message":"already logged in","id":"a""#,
        ),
        (
            Refusal::Internal { retry_ms: 1000 },
            r#""code":"internal","message":"the daemon failed and nothing was stored; try again","id":"a","retry":1000"#,
        ),
    ] {
        let event = Event::Refused { id: Some("a"), refusal };
        assert_eq!(written(|out| render(&event, out)), format!(r#"{{"type":"error",{expected}}}"#));
    }
    assert_eq!(
        written(|out| render_error(None, &Problem::UNAUTHORIZED, out)),
        r#"{"type":"error","code":"unauthorized","message":"this token does not hold"}"#
    );
}
