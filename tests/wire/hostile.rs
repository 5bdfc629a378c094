//! Whatever comes in, an answer comes out: cut, changed, long and deep messages.

use karez::chat::input::Command;
use karez::wire::{Code, parse, render_error};

use crate::common::{command, draft, refused, written};

const SEEDS: [&str; 8] = [
    r#"{"type":"login","content":"login","token":"kg1.x","name":"老雷"}"#,
    r#"{"type":"group","gid":123,"content":"h\u00e9\ud83d\ude00\n","id":"1"}"#,
    r#"{"type":"pm","uid":"ann","content":"你好","kind":"image","data":{"a":[{"b":"\"}"}]},"reply":4}"#,
    r#"{"type":"members","gid":"1","after":1001,"limit":9007199254740991}"#,
    r#"{"type":"typing","gid":null,"uid":1,"ticket":null}"#,
    r#"{"type":"presence","uids":[1,"2","x"],"mentions":[true,1e3,-0.5]}"#,
    r#"{ "type" : "broadcast" , "content" : "\\\"\/" }"#,
    r#"{"id":"","type":"\u0070ing"}"#,
];

/// Parses; what is refused must be sayable.
fn answered(text: &str) {
    if let Err(refused) = parse(text) {
        written(|out| render_error(refused.id.as_deref(), &refused.problem, out));
    }
}

#[test]
fn every_beginning_of_a_message_is_answered() {
    for seed in SEEDS {
        for (at, _) in seed.char_indices().skip(1) {
            assert_eq!(refused(&seed[..at]).0, Code::BadJson, "{}", &seed[..at]);
        }
    }
}

#[test]
fn changed_messages_are_answered() {
    const BYTES: &[u8] = b"\"\\{}[]:,u0d89aceEn-+. \0\n\x7f";
    // Not for secrets: a fixed sequence makes a failure repeatable.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(bound).unwrap()).unwrap()
    };
    for round in 0..40_000 {
        let mut bytes = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..=below(4) {
            let (at, byte) = (below(bytes.len()), BYTES[below(BYTES.len())]);
            match below(4) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.extend_from_within(at..),
            }
        }
        answered(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn every_escape_of_two_units_is_answered_as_serde_does() {
    for unit in
        ["0000", "0041", "d7ff", "D800", "dbff", "DC00", "dfff", "e000", "ffff", "d80", "+041", "zzzz"]
    {
        for next in ["", "x", "\\n", "\\ud800", "\\udc00", "\\uDFFF", "\\u0041", "\\u", "\\\\udc00"] {
            let string = format!(r#""\u{unit}{next}""#);
            let text = format!(r#"{{"type":"broadcast","content":{string}}}"#);
            match serde_json::from_str::<String>(&string) {
                Ok(content) => assert_eq!(command(&text), Command::Broadcast { content: content.into() }),
                Err(_) => assert_eq!(refused(&text).0, Code::BadJson, "{text}"),
            }
        }
    }
}

#[test]
fn a_megabyte_is_read() {
    let content = "好x\\n".repeat(200_000);
    let text = format!(r#"{{"type":"group","gid":1,"content":"{content}"}}"#);
    assert_eq!(draft(&text).content, "好x\n".repeat(200_000));

    let uids = vec!["1001"; 200_000].join(",");
    let text = format!(r#"{{"type":"presence","uids":[{uids}]}}"#);
    let Command::Presence { uids } = command(&text) else { panic!() };
    assert_eq!(uids.len(), 200_000);
}

#[test]
fn a_megabyte_of_brackets_is_refused() {
    for bracket in ["[", "{", "{\"a\":", "{\"\\\"\":["] {
        let text = format!(r#"{{"type":"ping","x":{}"#, bracket.repeat(1 << 20));
        assert_eq!(refused(&text).0, Code::BadJson);
    }
    assert_eq!(refused(&format!("{{{}", "}".repeat(1 << 20))).0, Code::BadJson);
    assert_eq!(refused(&"{".repeat(1 << 20)).0, Code::BadJson);
    assert_eq!(refused(&"\"".repeat(1 << 20)).0, Code::BadJson);
    assert_eq!(refused(&format!("{{\"{}", "\\".repeat(1 << 20))).0, Code::BadJson);
}

#[test]
fn many_unknown_fields_are_ignored() {
    let fields: String = (0..50_000).map(|n| format!(r#","f{n}":[{n}]"#)).collect();
    assert_eq!(command(&format!(r#"{{"type":"ping"{fields}}}"#)), Command::Ping);
}
