//! Which uids, gids and request ids are served, and how they are written back.

use karez::chat::ids::Id;
use karez::chat::input::{Command, Target};
use karez::chat::output::{Event, Membership};
use karez::wire::{Code, render};

use crate::common::{command, parsed, refused, written};

/// The JSON of an id as sent, and as it is written back.
fn served() -> Vec<(String, String)> {
    let same = |json: &str| (json.to_owned(), json.to_owned());
    vec![
        same("1"),
        same("123"),
        ("\"123\"".into(), "123".into()),
        (r#""\u0031""#.into(), "1".into()),
        same("9007199254740991"),
        ("\"9007199254740991\"".into(), "9007199254740991".into()),
        same("\"9007199254740992\""),
        same("\"18446744073709551616\""),
        same("\"0\""),
        same("\"0123\""),
        same("\"+1\""),
        same("\"-1\""),
        same("\"1.0\""),
        same("\" 1\""),
        same("\"ann\""),
        same("\"System\""),
        same("\"坎儿井\""),
        same("\"a b/c?d\""),
        (r#""q\"b\\s\/""#.into(), r#""q\"b\\s/""#.into()),
        same(&format!("\"{}\"", "x".repeat(64))),
        same(&format!("\"{}é\"", "x".repeat(62))),
    ]
}

/// The JSON of what is no id.
fn unserved() -> Vec<String> {
    let mut table: Vec<String> = [
        "0",
        "-1",
        "-0",
        "1.0",
        "0.1",
        "1e3",
        "1E3",
        "9007199254740992",
        "18446744073709551617",
        "true",
        "false",
        "{}",
        "[]",
        "[1]",
        "\"\"",
        "\"system\"",
        r#""\u0073ystem""#,
        r#""a\u0000b""#,
        r#""a\n""#,
        "\"\u{7f}\"",
        "\"\u{85}\"",
    ]
    .map(str::to_owned)
    .into();
    table.push("9".repeat(400));
    table.push(format!("\"{}\"", "x".repeat(65)));
    table.push(format!("\"{}é\"", "x".repeat(63)));
    table
}

#[test]
fn the_daemon_is_somebody_whose_words_are_read() {
    let named = |text: &str| match command(text) {
        Command::History { target: Target::User(uid), .. } => uid,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(r#"{"type":"history","uid":"system"}"#), Id::from_text("system").unwrap());
}

#[test]
fn ids_are_served_and_written_back_in_one_form() {
    for (sent, written_back) in served() {
        let text = format!(r#"{{"type":"join","gid":{sent}}}"#);
        let Command::Join { gid } = command(&text) else { panic!("{text}") };
        let event = Event::Left(Membership { gid: &gid, uid: &Id::Number(1), name: "", members: 0 });
        let expected = format!(r#"{{"type":"left","gid":{written_back},"uid":1,"name":"","members":0}}"#);
        assert_eq!(written(|out| render(&event, out)), expected, "{sent}");
    }
}

#[test]
fn what_is_no_id_is_refused_with_its_field() {
    for sent in unserved() {
        let bad = |field| (Code::BadRequest, Some(field), Some("9".to_owned()));
        for (field, text) in [
            ("gid", format!(r#"{{"type":"join","gid":{sent},"id":"9"}}"#)),
            ("gid", format!(r#"{{"type":"group","content":"x","gid":{sent},"id":"9"}}"#)),
            ("gid", format!(r#"{{"type":"typing","gid":{sent},"id":"9"}}"#)),
            ("uid", format!(r#"{{"type":"pm","content":"x","uid":{sent},"id":"9"}}"#)),
            ("uid", format!(r#"{{"type":"typing","uid":{sent},"id":"9"}}"#)),
            ("after", format!(r#"{{"type":"members","gid":1,"after":{sent},"id":"9"}}"#)),
            (
                "mentions",
                format!(r#"{{"type":"group","gid":1,"content":"x","mentions":[1,{sent}],"id":"9"}}"#),
            ),
            ("uids", format!(r#"{{"type":"presence","uids":[1,{sent}],"id":"9"}}"#)),
        ] {
            assert_eq!(refused(&text), bad(field), "{text}");
        }
    }
}

#[test]
fn numbers_and_digits_name_the_same() {
    assert_eq!(command(r#"{"type":"join","gid":123}"#), command(r#"{"type":"join","gid":"123"}"#));
    assert_ne!(command(r#"{"type":"join","gid":123}"#), command(r#"{"type":"join","gid":"0123"}"#));
}

#[test]
fn request_ids_are_strings_of_1_to_64_bytes() {
    let longest = "x".repeat(64);
    for id in ["1", " ", "null", "坎儿井", &longest] {
        let text = format!(r#"{{"type":"ping","id":"{id}"}}"#);
        assert_eq!(parsed(&text).id.as_deref(), Some(id));
    }
    assert_eq!(parsed(r#"{"type":"ping","id":"\n\u0000"}"#).id.as_deref(), Some("\n\0"));

    let long = format!("\"{}\"", "x".repeat(65));
    for id in ["\"\"", "1", "true", "{}", "[]", "[\"1\"]", &long] {
        // Not even a type is needed to see that the id is bad, and a bad one is not echoed.
        for rest in [r#","type":"ping""#, r#","type":"nonsense""#, ""] {
            let text = format!(r#"{{"id":{id}{rest}}}"#);
            assert_eq!(refused(&text), (Code::BadRequest, Some("id"), None), "{text}");
        }
    }
}
