//! What an operator's page asks for: who is online, all groups, what a key is for, figures.

use karez::auth::Scope;
use serde_json::{Value, json};

use crate::api::Site;

#[test]
fn users_online_page_by_page() {
    let mut site = Site::new();
    assert_eq!(site.call("GET /v1/users?online=true", "").expect(200), json!({"users":[],"more":false}));
    let _guests = site.world.guests::<3>();
    let page = site.call("GET /v1/users?online=true&limit=1", "").expect(200);
    let first = json!({"uid":1001,"name":"Guest 1001","guest":true,"online":true,"sessions":1,"groups":0,
        "banned":false});
    assert_eq!(page, json!({"users":[first],"more":true}));
    let page = site.call("GET /v1/users?online=true&limit=5&after=1001", "").expect(200);
    let uids: Vec<&Value> = page["users"].as_array().unwrap().iter().map(|user| &user["uid"]).collect();
    assert_eq!((uids, &page["more"]), (vec![&json!(1002), &json!(1003)], &json!(false)));
    for query in ["", "?online=false", "?limit=5"] {
        let refused = site.call(&format!("GET /v1/users{query}"), "");
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("online")), "{query}");
    }
    assert_eq!(site.call("GET /v1/users?online=true&after=", "").code(), "bad_request");
    assert_eq!(site.call("POST /v1/users", "{}").header("allow"), Some("GET"));
}

#[test]
fn all_groups_page_by_page() {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", r#"{"name":"Tea","open":false,"owner":"ann"}"#).expect(201);
    site.call("PUT /v1/groups/8", "").expect(201);
    site.call("PUT /v1/groups/tea%20room", "").expect(201);
    assert_eq!(site.call("DELETE /v1/groups/8", "").status, 204);
    let seven = json!({"gid":7,"name":"Tea","open":false,"members":1});
    let room = json!({"gid":"tea room","open":true,"members":0});
    let page = site.call("GET /v1/groups?limit=1", "").expect(200);
    assert_eq!(page, json!({"groups":[seven],"more":true}));
    let page = site.call("GET /v1/groups?after=7", "").expect(200);
    assert_eq!(page, json!({"groups":[room],"more":false}));
    assert_eq!(site.call("GET /v1/groups?after=tea%20room", "").expect(200)["groups"], json!([]));
}

#[test]
fn a_key_may_be_asked_what_it_is_for_whatever_that_is() {
    let mut site = Site::new();
    let keys = Scope::ALL.map(|scope| site.keys.make(&format!("for-{}", scope.as_str()), &[scope]));
    for (scope, key) in Scope::ALL.into_iter().zip(keys) {
        site.key = key;
        let expected = json!({"name":format!("for-{}", scope.as_str()),"scopes":[scope.as_str()]});
        assert_eq!(site.call("GET /v1/key", "").expect(200), expected);
        let listed = site.call("GET /v1/groups", "");
        let users = site.call("GET /v1/users?online=true", "");
        let allowed = if scope == Scope::Read { 200 } else { 403 };
        assert_eq!((listed.status, users.status), (allowed, allowed), "{scope:?}");
    }
    site.key = "kz_none".to_owned();
    assert_eq!(site.call("GET /v1/key", "").code(), "unauthorized");
}

#[test]
fn a_batch_may_ask_too() {
    let mut site = Site::new();
    let calls = r#"{"calls":[{"method":"GET","path":"/v1/key"},{"method":"GET","path":"/v1/groups"}]}"#;
    let results = site.call("POST /v1/batch", calls).expect(200)["results"].clone();
    assert_eq!(results[0]["body"]["scopes"], json!(["publish", "read", "manage"]));
    assert_eq!(results[1]["body"], json!({"groups":[],"more":false}));
}

#[test]
fn figures_of_what_goes_through() {
    let mut site = Site::new();
    let before = site.call("GET /v1/stats", "").expect(200);
    let mut guests = site.world.guests::<2>();
    for guest in &mut guests {
        guest.say(r#"{"type":"join","gid":7}"#);
    }
    site.world.settle();
    guests[0].say(r#"{"type":"group","gid":7,"content":"hello"}"#);
    site.world.settle();
    let after = site.call("GET /v1/stats", "").expect(200);
    let grown = |name: &str| after[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!(grown("messages_received"), 5, "two logins, two joins, a message");
    assert!(grown("messages_delivered") >= 6 && grown("sent_bytes") > grown("received_bytes"));
    assert_eq!((&after["queued_bytes"], &after["groups_in_memory"]), (&json!(0), &json!(1)));
    assert!(after["recent_longest_turn_us"].as_u64() <= after["longest_turn_us"].as_u64());
    assert!(after["longest_turn_us"].as_u64() > Some(0));
}
