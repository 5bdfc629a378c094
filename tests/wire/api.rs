//! The shapes of the HTTP API: paths, bodies, queries, problems.

use karez::base::limits::BATCH_CALLS_MAX;
use karez::chat::call::Call;
use karez::chat::ids::Id;
use karez::chat::input::{Bounds, Draft, Role, Target};
use karez::chat::output::{GroupRole, Refusal};
use karez::wire::api::{Problem, Request, Route, TokenOrder, parse};

fn id(text: &str) -> Id {
    Id::from_text(text).unwrap()
}

/// A call that needs no body.
#[track_caller]
fn asked(method: &str, target: &str, body: &'static str) -> Call<'static> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    match parse(Route::find(method, path).unwrap(), query, body.as_bytes()).unwrap() {
        Request::Chat(call, _) => call,
        other => panic!("{other:?}"),
    }
}

fn refused(method: &str, target: &str, body: &str) -> (u16, &'static str, Option<&'static str>) {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let parsed = Route::find(method, path).and_then(|route| parse(route, query, body.as_bytes()).map(drop));
    let problem = parsed.expect_err(target);
    (problem.status, problem.code, problem.field)
}

#[test]
fn paths_are_calls() {
    assert_eq!(Route::find("GET", "/v1/groups/7"), Ok(Route::Group(id("7"))));
    assert_eq!(Route::find("GET", "/v1/groups/%E8%8C%B6"), Ok(Route::Group(id("茶"))));
    assert_eq!(Route::find("GET", "/v1/groups/a%2Fmessages"), Ok(Route::Group(id("a/messages"))), "one part");
    assert_eq!(Route::find("GET", "/v1/users/a/messages/b"), Ok(Route::UserHistory(id("a"), id("b"))));
    for path in ["/v1", "/v1/", "/v1/groups/7/", "/v1/groups/7/x", "/v1/a/b/c/d/e", "/v2/stats"] {
        assert_eq!(Route::find("GET", path).unwrap_err().status, 404, "{path}");
    }
    for path in ["/v1/groups/%", "/v1/groups/%4", "/v1/groups/%zz", "/v1/groups/%ff", "/v1/groups/%+1"] {
        assert_eq!(Route::find("GET", path).unwrap_err().status, 404, "{path}");
    }
    assert_eq!(Route::find("GET", "/v1/groups/").unwrap_err().field, Some("gid"));
    assert_eq!(Route::find("POST", "/v1/stats").unwrap_err().allow, Some("GET"));
}

#[test]
fn what_is_said_is_read_as_on_the_websocket() {
    let draft = Draft { content: "hi".into(), kind: Some("note".into()), ..Draft::default() };
    let (from, target) = (Some(id("5")), Target::Group(id("7")));
    let body = r#"{"from":"5","content":"hi","kind":"note","unknown":[1]}"#;
    assert_eq!(asked("POST", "/v1/groups/7/messages", body), Call::Say { from, target, draft });
    for body in
        [r#"{"content":"hi"}"#, r#"{"content":"hi","from":"system"}"#, r#"{"content":"hi","from":null}"#]
    {
        let Call::Say { from, .. } = asked("POST", "/v1/users/5/messages", body) else { panic!() };
        assert_eq!(from, None);
    }
    let bad = |body| refused("POST", "/v1/users/5/messages", body);
    assert_eq!(bad("{}"), (400, "bad_request", Some("content")));
    assert_eq!(bad(""), (400, "bad_request", Some("content")));
    assert_eq!(bad(r#"{"content":"x","kind":"system"}"#), (400, "bad_request", Some("kind")));
    assert_eq!(bad(r#"{"content":"x","from":0}"#), (400, "bad_request", Some("from")));
    for body in ["[]", "{", r#"{"content":"x","content":"y"}"#, "{}{}"] {
        assert_eq!(bad(body), (400, "bad_json", None), "{body}");
    }
    let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(16), "]".repeat(16));
    assert_eq!(bad(&deep), (400, "bad_json", None));
}

#[test]
fn bytes_that_are_no_text_are_no_json() {
    let route = Route::find("PUT", "/v1/groups/7").unwrap();
    assert_eq!(parse(route, None, b"{\"name\":\"\xff\"}").unwrap_err().code, "bad_json");
}

#[test]
fn lists_of_the_whole() {
    let ann = || Some(id("ann"));
    let users = |target| asked("GET", target, "");
    assert_eq!(users("/v1/users?online=true"), Call::UsersOnline { after: None, limit: None });
    let page = Call::UsersOnline { after: ann(), limit: Some(5) };
    assert_eq!(users("/v1/users?after=ann&limit=5&online=true"), page);
    let no_list = (400, "bad_request", Some("online"));
    for query in ["", "?online", "?online=", "?online=1", "?online=false"] {
        assert_eq!(refused("GET", &format!("/v1/users{query}"), ""), no_list, "{query}");
    }
    assert_eq!(asked("GET", "/v1/groups?after=ann", ""), Call::Groups { after: ann(), limit: None });
    assert_eq!(refused("GET", "/v1/groups?limit=x", ""), (400, "bad_request", Some("limit")));
    for path in ["/v1/users", "/v1/groups", "/v1/key"] {
        assert_eq!(Route::find("DELETE", path).unwrap_err().allow, Some("GET"), "{path}");
    }
    assert_eq!(parse(Route::find("GET", "/v1/key").unwrap(), None, b""), Ok(Request::Key));
}

#[test]
fn queries_are_bounds() {
    let bounds = |query: &str| match asked("GET", &format!("/v1/groups/7/messages{query}"), "") {
        Call::History { bounds, limit, .. } => (bounds, limit),
        other => panic!("{other:?}"),
    };
    assert_eq!(bounds(""), (Bounds::Newest, None));
    assert_eq!(bounds("?after=0&limit=5&x=y"), (Bounds::After(0), Some(5)));
    assert_eq!(bounds("?before=41"), (Bounds::Before(41), None));
    for query in
        ["before=0", "before=+1", "before=01", "after=-1", "limit=0", "limit=", "before=1&after=1", "after=%"]
    {
        let (status, code, _) = refused("GET", &format!("/v1/groups/7/messages?{query}"), "");
        assert_eq!((status, code), (400, "bad_request"), "{query}");
    }
    let after = asked("GET", "/v1/groups/7/members?after=a%20b", "");
    assert_eq!(after, Call::Members { gid: id("7"), after: Some(id("a b")), limit: None });
}

#[test]
fn groups_members_and_users() {
    let body = r#"{"name":"Tea","open":false,"owner":5}"#;
    let put =
        Call::PutGroup { gid: id("7"), name: Some("Tea".into()), open: Some(false), owner: Some(id("5")) };
    assert_eq!(asked("PUT", "/v1/groups/7", body), put);
    let member = Call::PutMember { gid: id("7"), uid: id("5"), role: Some(GroupRole::Admin) };
    assert_eq!(asked("PUT", "/v1/groups/7/members/5", r#"{"role":"admin"}"#), member);
    assert_eq!(asked("DELETE", "/v1/users/5", ""), Call::Forget { uid: id("5") });
    let ban = |body| asked("PUT", "/v1/users/5/ban", body);
    assert_eq!(ban(""), Call::Ban { uid: id("5"), seconds: None });
    assert_eq!(ban(r#"{"seconds":60}"#), Call::Ban { uid: id("5"), seconds: Some(60) });
    assert_eq!(refused("PUT", "/v1/users/5/ban", r#"{"seconds":1.5}"#).2, Some("seconds"));
}

#[test]
fn tokens() {
    let order = |body: &'static str| match parse(Route::Tokens, None, body.as_bytes()).unwrap() {
        Request::Token(order) => order,
        other => panic!("{other:?}"),
    };
    let whole = r#"{"uid":5,"name":"Ann","role":"admin","groups":[7],"desks":["sales"],"ttl":60}"#;
    let expected = TokenOrder {
        uid: id("5"),
        name: Some("Ann".to_owned()),
        role: Role::Admin,
        groups: vec![id("7")],
        desks: vec!["sales".to_owned()],
        ttl_s: 60,
    };
    assert_eq!(order(whole), expected);
    assert_eq!(order(r#"{"uid":5}"#).ttl_s, 3_600);
    for (body, field) in [(r#"{"uid":5,"ttl":3155760001}"#, "ttl"), (r#"{"uid":5,"desks":[1]}"#, "desks")] {
        assert_eq!(refused("POST", "/v1/tokens", body).2, Some(field));
    }
}

#[test]
fn a_batch_has_so_many_calls() {
    let batch = |count: u64| {
        let calls = vec![r#"{"method":"GET","path":"/v1/stats"}"#; count as usize];
        format!(r#"{{"calls":[{}]}}"#, calls.join(","))
    };
    assert!(parse(Route::Batch, None, batch(BATCH_CALLS_MAX.default).as_bytes()).is_ok());
    let refused = refused("POST", "/v1/batch", &batch(BATCH_CALLS_MAX.default + 1));
    assert_eq!(refused, (400, "bad_request", Some("calls")));
}

#[test]
fn a_problem_is_written_as_rfc_9457_has_it() {
    let text = |problem: Problem| String::from_utf8(problem.reply().body).unwrap();
    assert_eq!(
        text(Problem::bad_request("content", "this member is missing")),
        r#"{"title":"Bad Request","status":400,"code":"bad_request","detail":"this member is missing","field":"content"}"#
    );
    let limited = Problem::rate_limited(1_500);
    assert_eq!(limited.reply().retry_ms, Some(1_500));
    assert!(text(limited).ends_with(r#""retry":1500}"#));
    let statuses = [
        (Refusal::NotFound, 404),
        (Refusal::Forbidden, 403),
        (Refusal::Conflict("x"), 409),
        (Refusal::TooLarge("content"), 413),
        (Refusal::Internal { retry_ms: 1 }, 503),
        (Refusal::BadRequest("uid", "x"), 400),
    ];
    for (refusal, status) in statuses {
        assert_eq!(Problem::from(&refusal).status, status, "{refusal:?}");
    }
}
