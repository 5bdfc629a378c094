//! A file with mistakes: each is found, with line, column and a hint, and all of them at once.

use karez::config::{Mistake, Values, read_text, settings};

fn read(text: &str) -> Result<Values, Vec<Mistake>> {
    read_text(text, &settings())
}

/// Of a file: the mistake, its place, and what must be in the words.
const SEEDED: &[(&str, (usize, usize), &[&str])] = &[
    // Keys.
    ("listn = \"127.0.0.1:1\"", (1, 1), &["listn", "did you mean \"listen\""]),
    ("\n\nmessage-bytes-max = 4096", (3, 1), &["message-bytes-max", "did you mean \"message_bytes_max\""]),
    ("Origin = \"https://a.example\"", (1, 1), &["Origin", "did you mean \"origin\""]),
    ("retention_day_max = 3", (1, 1), &["did you mean \"retention_days_max\""]),
    ("zzzzqqqq = 3", (1, 1), &["zzzzqqqq", "karez gen-config"]),
    ("token_secret = \"abc\"", (1, 1), &["token_secret", "did you mean \"token_secret_file\""]),
    ("log = \"info\"\n[net]\nlisten = \"x\"", (2, 2), &["net", "table"]),
    ("limits.message_bytes_max = 1", (1, 1), &["limits", "table"]),
    ("log = \"info\"\nlog = \"warn\"", (2, 1), &["log", "twice"]),
    // Values.
    ("listen = \"here\"", (1, 10), &["listen", "here", "127.0.0.1:8282"]),
    ("listen = [\"127.0.0.1:1\",\n  \"127.0.0.1:99999\"]", (2, 3), &["listen", "99999", "unix:"]),
    ("store = \"dsk\"", (1, 9), &["store", "\"disk\" or \"memory\"", "did you mean \"disk\""]),
    ("deflate = \"maybe\"", (1, 11), &["deflate", "true or false"]),
    ("guests = 1", (1, 10), &["guests", "true or false"]),
    ("message_bytes_max = \"64KB\"", (1, 21), &["message_bytes_max", "64KB", "KiB", "from 1KiB to 16MiB"]),
    ("message_bytes_max = 17000000", (1, 21), &["17000000", "16MiB"]),
    ("recall_seconds = -1", (1, 18), &["recall_seconds", "-1", "from 0"]),
    ("login_timeout = 10", (1, 17), &["login_timeout", "needs a unit", "from 1s to 10m"]),
    ("messages_per_second = 0.5", (1, 23), &["messages_per_second", "0.5"]),
    ("messages_per_second = 0", (1, 23), &["messages_per_second", "from 1 to 100000"]),
    ("broadcast = [\"admins\"]", (1, 13), &["broadcast", "one value"]),
    ("log = 2026-11-23", (1, 7), &["log", "a text"]),
    ("store = \"\"", (1, 9), &["store", "a value is needed"]),
    ("token_algorithm = \"HS265\"", (1, 19), &["token_algorithm", "did you mean \"HS256\""]),
    // Syntax.
    ("listen = 127.0.0.1:8282", (1, 15), &["no TOML", "key = \"text\""]),
    ("store = disk", (1, 9), &["no TOML", "quoted"]),
    ("data = \"karez", (1, 14), &["no TOML"]),
    ("log", (1, 4), &["no TOML", "="]),
    ("listen = [\"127.0.0.1:1\"", (1, 24), &["no TOML"]),
    ("log: info", (1, 6), &["no TOML"]),
];

#[test]
fn each_mistake_is_found_with_its_place_and_a_hint() {
    assert!(SEEDED.len() >= 20);
    for (text, (line, column), hints) in SEEDED {
        let mistakes = read(text).expect_err(text);
        assert_eq!(mistakes.len(), 1, "{text:?}: {mistakes:#?}");
        let mistake = &mistakes[0];
        assert_eq!((mistake.line, mistake.column), (*line, *column), "{text:?}: {mistake:?}");
        for hint in *hints {
            assert!(mistake.words.contains(hint), "{text:?}: no {hint:?} in {:?}", mistake.words);
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_lines() {
    // Without those of syntax, after which nothing can be said of the rest.
    let seeded: Vec<_> = SEEDED.iter().filter(|(text, ..)| !text.contains(['[', '\n'])).collect();
    let values: Vec<_> = seeded.iter().filter(|(_, _, hints)| !hints.contains(&"no TOML")).collect();
    let mut keys: Vec<&str> = Vec::new();
    let mut text = String::from("# 设置\n");
    let mut lines = Vec::new();
    for (mistaken, ..) in values {
        let key = mistaken.split(' ').next().unwrap();
        if !keys.contains(&key) {
            keys.push(key);
            text.push_str(mistaken);
            text.push('\n');
            lines.push(keys.len() + 1);
        }
    }
    assert!(lines.len() > 10);
    let mistakes = read(&text).unwrap_err();
    assert_eq!(mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(), lines, "{mistakes:#?}");
}

#[test]
fn columns_count_characters() {
    let mistakes = read("\u{feff}data = \"坎儿井\" # 井\nlog = \"info\"; origin = 1").unwrap_err();
    assert_eq!((mistakes[0].line, mistakes[0].column), (2, 13));
    let mistakes = read("origin = [\"https://井.example\", true, 1979-05-27]").unwrap_err();
    assert_eq!((mistakes[0].line, mistakes[0].column), (1, 38), "{mistakes:?}");
}

#[test]
fn values_are_what_a_flag_would_have_been_given() {
    let values = read(
        "listen = [\"127.0.0.1:1\", \"unix:/run/k.sock\"]\nguests = true\nmessage_bytes_max = 0x1000\n\
         recall_seconds = 1_000\nlogin_timeout = \"1m\"\norigin = \"https://a.example\"\ntoken_audience = \"\"\n",
    )
    .unwrap();
    let get = |key| values.get(key).map(|values| values.join(" "));
    assert_eq!(get("listen").as_deref(), Some("127.0.0.1:1 unix:/run/k.sock"));
    assert_eq!(get("guests").as_deref(), Some("true"));
    assert_eq!(get("message_bytes_max").as_deref(), Some("4096"));
    assert_eq!(get("recall_seconds").as_deref(), Some("1000"));
    assert_eq!(get("login_timeout").as_deref(), Some("1m"));
    assert_eq!(get("origin").as_deref(), Some("https://a.example"), "one of a list needs no list");
    assert_eq!(get("token_audience"), None, "an empty text is: not set");
    assert_eq!(values.len(), 6);
    assert!(read("").unwrap().is_empty());
}
