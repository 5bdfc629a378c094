//! The description of the API for programs has every call, every code and every limit, and no other. That its
//! examples are true is shown against the running daemon: `tests/web/openapi.test.mjs`.

use std::collections::BTreeSet;

use karez::base::limits;
use karez::wire::api::{self, Request, Route, parse, parse_text};
use karez::wire::{self, Code};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../src/web/docs/openapi.json");
const ROUTES: &str = include_str!("../../src/wire/api/route.rs");
const PROBLEMS: &str = include_str!("../../src/wire/api/problem.rs");
const PAGE: &str = include_str!("../../src/web/docs/index.html");
const API: &str = include_str!("../../src/manual/api.md");
const ENGLISH: &str = include_str!("../../src/manual/protocol.md");
const CHINESE: &str = include_str!("../../src/manual/protocol.zh.md");
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "PATCH"];
/// What is in the document and is no call, for it needs no key.
const ITSELF: &str = "/v1/openapi.json";
/// What is for users, with tokens of theirs and not with keys: `tests/app/files.rs`.
const OF_USERS: [&str; 2] = ["/v1/files", "/files/{id}"];

/// Whether a path is one of calls.
fn is_call(path: &str) -> bool {
    path != ITSELF && !OF_USERS.contains(&path)
}

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// Method, path and description of each call.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| is_call(path));
    let methods = paths.flat_map(|(path, methods)| {
        let one =
            |(method, operation): (&String, &Value)| (method.to_uppercase(), path.clone(), operation.clone());
        methods.as_object().unwrap().iter().map(one)
    });
    methods.collect()
}

/// A path with something in its braces.
fn filled(path: &str) -> String {
    let filled = |part: &str| if part.starts_with('{') { "7" } else { part }.to_owned();
    path.split('/').map(filled).collect::<Vec<_>>().join("/")
}

/// The query that a call cannot do without, from the examples.
fn query_of(document: &Value, operation: &Value) -> Option<String> {
    let parameters = operation["parameters"].as_array()?.iter();
    let named = parameters.filter_map(|one| document.pointer(one["$ref"].as_str()?.strip_prefix('#')?));
    let needed = named.filter(|one| one["in"] == "query" && one["required"] == true);
    let pairs: Vec<String> =
        needed.map(|one| format!("{}={}", one["name"].as_str().unwrap(), one["example"])).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

fn name_of(route: &Route) -> String {
    format!("{route:?}").split('(').next().unwrap().to_owned()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let described: BTreeSet<String> =
        operations(&document()).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    // The routes say of themselves which they are, above each variant.
    let routes: BTreeSet<String> = ROUTES
        .lines()
        .filter_map(|line| line.trim().strip_prefix("/// `")?.split_once('`'))
        .filter(|(words, rest)| words.contains(" /v1/") && rest.is_empty())
        .map(|(words, _)| words.to_owned())
        .collect();
    assert!(routes.len() >= 20, "routes are found at all");
    assert_eq!(described, routes);
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document()) {
        let route = Route::find(&method, &filled(&path)).unwrap_or_else(|_| panic!("{method} {path}"));
        assert_eq!(operation["operationId"], name_of(&route), "{method} {path}");
        names.insert(name_of(&route));
    }
    assert_eq!(names.len(), routes.len());
}

#[test]
fn a_path_has_no_other_methods_than_those_that_are_described() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| is_call(path)) {
        for method in METHODS {
            let found = Route::find(method, &filled(path));
            let is_described = methods.get(method.to_lowercase()).is_some();
            assert_eq!(found.is_ok(), is_described, "{method} {path}");
            let Err(problem) = found else { continue };
            let allowed: BTreeSet<String> =
                problem.allow.unwrap().split(", ").map(str::to_lowercase).collect();
            let described: BTreeSet<String> = methods.as_object().unwrap().keys().cloned().collect();
            assert_eq!(allowed, described, "{path}");
        }
    }
}

#[test]
fn each_call_has_an_example_that_the_daemon_can_read() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let content = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
        let route = || Route::find(&method, &filled(&path)).unwrap();
        if content.is_empty() {
            let read = parse(route(), query_of(&document, &operation).as_deref(), b"");
            assert!(read.is_ok(), "{method} {path} has a body that is not described");
        }
        for (kind, body) in content {
            let examples = body["examples"].as_object().unwrap();
            assert!(!examples.is_empty(), "{method} {path}");
            for (name, example) in examples {
                let text = example["value"].as_str().map_or(example["value"].to_string(), str::to_owned);
                let read = match kind.as_str() {
                    "text/plain" => parse_text(route(), text.as_bytes()),
                    _ => parse(route(), None, text.as_bytes()),
                };
                let read = read.unwrap_or_else(|problem| panic!("{method} {path} {name}: {problem:?}"));
                if let Request::Batch(calls) = read {
                    assert!(!calls.is_empty());
                }
            }
        }
    }
}

#[test]
fn every_code_is_described_and_no_other() {
    let document = document();
    let described: BTreeSet<&str> =
        document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap())
            .collect();
    // What cannot come of a call: requests have no type there, keys are no logins, and nobody is muted who has a key.
    let of_the_websocket = [Code::UnknownType, Code::LoginRequired, Code::Muted];
    let shared = Code::ALL.iter().filter(|code| !of_the_websocket.contains(code)).map(|code| code.as_str());
    let own = PROBLEMS.split("Problem::new(").skip(1).filter_map(|call| call.split('"').nth(1));
    let codes: BTreeSet<&str> = shared.chain(own).collect();
    assert_eq!(described, codes);
    let by_status = document["components"]["responses"].as_object().unwrap();
    for (name, response) in by_status {
        let example = &response["content"]["application/problem+json"]["example"];
        assert!(codes.contains(example["code"].as_str().unwrap()), "{name}");
    }
}

/// Status and code, one pair for each code of each row of a table in Markdown that has both in front.
fn in_markdown(text: &str) -> BTreeSet<(u16, String)> {
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.parse().ok()?, cells.next()?))
    });
    let pairs = rows.flat_map(|(status, codes)| {
        let codes = codes.split('`').skip(1).step_by(2).map(str::to_owned);
        codes.map(move |code| (status, code)).collect::<Vec<_>>()
    });
    pairs.collect()
}

/// The same of the table in the page.
fn in_page(text: &str) -> BTreeSet<(u16, String)> {
    let rows = text.split("<tr><td>").skip(1).filter_map(|row| {
        let (status, row) = row.split_once("</td><td><code>")?;
        Some((status.parse().ok()?, row.split("</code>").next()?.to_owned()))
    });
    rows.collect()
}

fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap();
    section.split("\n## ").next().unwrap()
}

#[test]
fn the_tables_of_refusals_say_the_same() {
    let own = PROBLEMS.split("Problem::new(").skip(1).filter_map(|call| {
        let (status, call) = call.split_once(", \"")?;
        Some((status.trim().parse().ok()?, call.split('"').next()?.to_owned()))
    });
    let of_the_websocket = [Code::UnknownType, Code::LoginRequired, Code::Muted];
    let shared = Code::ALL.iter().filter(|code| !of_the_websocket.contains(code)).map(|code| {
        let problem = wire::Problem::new(*code, "");
        (api::Problem::from(problem).status, code.as_str().to_owned())
    });
    let all: BTreeSet<(u16, String)> = own.chain(shared).collect();
    assert_eq!(in_markdown(section(API, "## Errors")), all);
    assert_eq!(in_page(PAGE), all);
    let document = document();
    let statuses = |responses: &Value| -> BTreeSet<u16> {
        responses
            .as_object()
            .unwrap()
            .keys()
            .map(|status| status.parse().unwrap())
            .filter(|s| *s >= 400)
            .collect()
    };
    let told: BTreeSet<u16> = all.iter().map(|(status, _)| *status).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values().filter(|of| of["responses"].is_object()) {
            let unknown: Vec<u16> = statuses(&operation["responses"]).difference(&told).copied().collect();
            assert!(unknown.is_empty(), "{path}: {unknown:?}");
        }
    }
    // Of files: what is told of an upload, in both languages and to programs.
    let of_files = in_markdown(section(ENGLISH, "## Files and images"));
    assert_eq!(of_files, in_markdown(section(CHINESE, "## 文件和图片")));
    let of_files: BTreeSet<u16> = of_files.into_iter().map(|(status, _)| status).collect();
    assert_eq!(of_files, statuses(&document["paths"]["/v1/files"]["post"]["responses"]));
}

/// Every limit that is named anywhere below.
fn named_limits(value: &Value, found: &mut Vec<(String, u64)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_object().filter(|_| name == "x-limit") {
                    Some(limits) => {
                        found.extend(limits.iter().map(|(n, v)| (n.clone(), v.as_u64().unwrap())))
                    }
                    None => named_limits(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| named_limits(value, found)),
        _ => {}
    }
}

#[test]
fn limits_are_those_of_the_table() {
    let mut found = Vec::new();
    named_limits(&document(), &mut found);
    assert!(found.len() > 12, "limits are found at all");
    for (name, default) in found {
        let limit = limits::TABLE.iter().find(|limit| limit.name == name);
        assert_eq!(limit.map(|limit| limit.default), Some(default), "{name}");
    }
}
