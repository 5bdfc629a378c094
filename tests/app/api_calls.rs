//! What each call answers, and what it does to those who are connected.

use serde_json::{Value, json};

use crate::api::Site;
use crate::client::*;

#[test]
fn groups_and_members() {
    let mut site = Site::new();
    let made = site.call("PUT /v1/groups/tea%20room", r#"{"name":"Tea","open":false,"owner":"ann"}"#);
    let expected =
        json!({"gid":"tea room","name":"Tea","open":false,"owner":"ann","members":1,"online":0,"seq":1});
    assert_eq!(made.expect(201), expected);
    assert_eq!(site.call("GET /v1/groups/tea%20room", "").expect(200), expected);
    let put = site.call("PUT /v1/groups/tea%20room/members/5", r#"{"role":"admin"}"#).expect(201);
    assert_eq!(put, json!({"uid":5,"name":"5","role":"admin","online":false}));
    site.call("PUT /v1/groups/tea%20room/members/5", "").expect(200);
    let page = site.call("GET /v1/groups/tea%20room/members?limit=1", "").expect(200);
    assert_eq!((&page["members"][0]["uid"], &page["more"]), (&json!(5), &json!(true)));
    let page = site.call("GET /v1/groups/tea%20room/members?after=5", "").expect(200);
    assert_eq!((&page["members"][0]["uid"], &page["more"]), (&json!("ann"), &json!(false)));
    assert_eq!(site.call("DELETE /v1/groups/tea%20room/members/5", "").status, 204);
    assert_eq!(site.call("DELETE /v1/groups/tea%20room/members/5", "").code(), "not_found");
    assert_eq!(site.call("DELETE /v1/groups/tea%20room", "").status, 204);
    assert_eq!(site.call("DELETE /v1/groups/tea%20room", "").code(), "not_found");
}

#[test]
fn history_of_a_group_and_of_two() {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", "").expect(201);
    for number in 1..=3 {
        site.call("POST /v1/groups/7/messages", &format!(r#"{{"content":"{number}"}}"#)).expect(200);
    }
    let contents = |page: &Value| -> Vec<String> {
        let messages = page["messages"].as_array().unwrap();
        messages.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    };
    let page = site.call("GET /v1/groups/7/messages?before=3&limit=1", "").expect(200);
    assert_eq!((contents(&page), &page["more"]), (vec!["2".to_owned()], &json!(true)));
    let page = site.call("GET /v1/groups/7/messages?after=1", "").expect(200);
    assert_eq!(contents(&page), ["2", "3"]);
    site.call("POST /v1/users/5/messages", r#"{"content":"from the site"}"#).expect(200);
    let page = site.call("GET /v1/users/5/messages/system", "").expect(200);
    assert_eq!(contents(&page), ["from the site"]);
}

#[test]
fn what_is_said_to_an_absent_user_comes_at_the_login() {
    let mut site = Site::new();
    let (ann, answer) = site.world.guest();
    assert_eq!(field(&answer, "uid"), 1001);
    let token = field(&answer, "token");
    drop(ann);
    site.world.settle();
    let said = site.call("POST /v1/users/1001/messages", r#"{"content":"while you were away"}"#).expect(200);
    assert_eq!((&said["online"], &said["stored"]), (&json!(0), &json!(1)));
    let mut ann = site.world.open();
    ann.say(&format!(r#"{{"type":"login","content":"login","token":{token}}}"#));
    let heard = site.world.texts_of(&mut ann);
    let offline = heard.iter().find(|text| text.contains("while you were away")).unwrap();
    assert!(offline.contains(r#""uid":"system""#) && offline.ends_with(r#""offline":true}"#), "{offline}");
}

#[test]
fn a_user_is_looked_at_sent_away_and_kept_out() {
    let mut site = Site::new();
    assert_eq!(site.call("GET /v1/users/1001", "").code(), "not_found");
    let (mut ann, answer) = site.world.guest();
    let user = site.call("GET /v1/users/1001", "").expect(200);
    let expected = json!({"uid":1001,"name":"Guest 1001","guest":true,"online":true,"sessions":1,"groups":0,
        "banned":false});
    assert_eq!(user, expected);
    assert_eq!(site.call("POST /v1/users/1001/disconnect", "").expect(200), json!({"sessions":1}));
    let heard = site.world.heard(&mut ann);
    let bye = Heard::Text(r#"{"type":"bye","code":"kicked"}"#.to_owned());
    assert_eq!(heard, [bye, Heard::Close(4003, "kicked".to_owned())]);
    drop(ann);
    site.world.settle();
    let banned = site.call("PUT /v1/users/1001/ban", r#"{"seconds":3600}"#).expect(200);
    assert_eq!((&banned["banned"], banned["banned_until"].is_u64()), (&json!(true), true));
    let mut ann = site.world.open();
    ann.say(&format!(r#"{{"type":"login","content":"login","token":{}}}"#, field(&answer, "token")));
    let heard = site.world.heard(&mut ann);
    let Heard::Text(refused) = &heard[0] else { panic!("{heard:?}") };
    assert_eq!(field(refused, "code"), "forbidden");
    assert_eq!(heard[2], Heard::Close(4003, "banned".to_owned()));
    let metrics = site.raw("GET /metrics HTTP/1.1\r\nHost: server.example\r\n\r\n").body;
    for code in ["kicked", "banned"] {
        assert!(metrics.contains(&format!("karez_byes_total{{code=\"{code}\"}} 1")), "{code}");
    }
    assert_eq!(site.call("DELETE /v1/users/1001/ban", "").status, 204);
    assert_eq!(site.call("DELETE /v1/users/1001/ban", "").code(), "not_found");
    let mut ann = site.world.open();
    ann.say(&format!(r#"{{"type":"login","content":"login","token":{}}}"#, field(&answer, "token")));
    assert_eq!(field(&site.world.texts_of(&mut ann)[0], "type"), "login");
}

#[test]
fn a_token_is_made_with_the_secret_of_the_site() {
    let folder = crate::process::DataFolder::new("api-token");
    let secret = folder.0.join("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let mut site = Site::with(&["--token-secret-file", secret.to_str().unwrap()]);
    let made =
        site.call("POST /v1/tokens", r#"{"uid":"ann","name":"Ann","groups":[7],"ttl":60}"#).expect(200);
    let mut ann = site.world.open();
    ann.say(&format!(r#"{{"type":"login","content":"login","token":{}}}"#, made["token"]));
    let login = site.world.texts_of(&mut ann).remove(0);
    assert_eq!((field(&login, "uid"), field(&login, "name")), (json!("ann"), json!("Ann")));
    let group = site.call("GET /v1/groups/7", "").expect(200);
    assert_eq!((&group["members"], &group["online"]), (&json!(1), &json!(1)));
    for body in [r#"{"uid":"ann","ttl":0}"#, r#"{"uid":"system"}"#, r#"{"uid":"ann","role":"king"}"#, "{}"] {
        assert_eq!(site.call("POST /v1/tokens", body).code(), "bad_request", "{body}");
    }
    let mut site = Site::new();
    assert_eq!(site.call("POST /v1/tokens", r#"{"uid":"ann"}"#).code(), "conflict");
}

#[test]
fn figures() {
    let mut site = Site::new();
    let _guests = site.world.guests::<2>();
    let _stranger = site.world.open();
    let stats = site.call("GET /v1/stats", "").expect(200);
    let counts = ["connections", "sessions", "users_online"].map(|name| stats[name].as_u64().unwrap());
    assert_eq!(counts, [3, 2, 2]);
}

#[test]
fn a_person_is_deleted_and_the_report_is_told_again() {
    let mut site = Site::new();
    // Before the first call, or the new key would be known a second later.
    let reads = site.keys.make("reads", &[karez::auth::Scope::Publish, karez::auth::Scope::Read]);
    let (mut ann, _) = site.world.guest();
    ann.say(r#"{"type":"group","gid":7,"content":"mine"}"#);
    site.world.settle();
    let report = site.call("DELETE /v1/users/1001", "").expect(200);
    let expected = json!({
        "uid":1001,"done":true,"messages":1,"groups":1,"waiting":0,"pushes":0,"blocks":0,"sends":0,
        "files":0,"tickets":0,"notes":0,"canned":0
    });
    assert_eq!(report, expected);
    let heard = site.world.heard(&mut ann);
    assert_eq!(heard.last(), Some(&Heard::Close(4003, "kicked".to_owned())));
    let page = site.call("GET /v1/groups/7/messages", "").expect(200);
    assert_eq!(
        (&page["messages"][0]["content"], &page["messages"][0]["recalled"]),
        (&json!(""), &json!(true))
    );
    assert_eq!(site.call("DELETE /v1/users/1001", "").expect(200), expected);
    assert_eq!(site.call("DELETE /v1/users/system", "").code(), "bad_request");
    site.key = reads;
    assert_eq!(site.call("DELETE /v1/users/1001", "").code(), "forbidden");
}
