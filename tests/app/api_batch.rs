//! Several calls in one request.

use karez::auth::Scope;
use karez::base::limits::{BATCH_ANSWER_BYTES_MAX, BATCH_CALLS_MAX};

use crate::api::Site;
use crate::world::World;

fn statuses(answer: &serde_json::Value) -> Vec<u64> {
    answer["results"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect()
}

#[test]
fn calls_are_done_in_order_each_with_its_own_status() {
    let mut site = Site::new();
    let batch = r#"{"calls":[
        {"method":"PUT","path":"/v1/groups/7","body":{"name":"Tea","owner":5}},
        {"method":"POST","path":"/v1/groups/7/messages","body":{"from":5,"content":"hello"}},
        {"method":"GET","path":"/v1/groups/7/messages?limit=1"},
        {"method":"DELETE","path":"/v1/groups/7/members/9"},
        {"method":"POST","path":"/v1/tokens","body":{"uid":5}},
        {"method":"GET","path":"/v1/nothing"},
        {"method":"POST","path":"/v1/batch","body":{"calls":[]}},
        {"method":"DELETE","path":"/v1/groups/7"}
    ]}"#;
    let answer = site.call("POST /v1/batch", batch).expect(200);
    assert_eq!(statuses(&answer), [201, 200, 200, 404, 409, 404, 400, 204]);
    let results = &answer["results"];
    assert_eq!(results[2]["body"]["messages"][0]["content"], "hello");
    assert_eq!(results[3]["body"]["code"], "not_found");
    assert!(results[7].get("body").is_none());
}

#[test]
fn each_call_needs_its_scope() {
    let mut site = Site::new();
    site.key = site.keys.make("reader", &[Scope::Read]);
    let file = site.keys.file.clone();
    site.world = World::with(&[], |_, settings| settings.api.keys_file = Some(file));
    let batch = r#"{"calls":[{"method":"GET","path":"/v1/stats"},{"method":"PUT","path":"/v1/groups/7"}]}"#;
    assert_eq!(statuses(&site.call("POST /v1/batch", batch).expect(200)), [200, 403]);
}

#[test]
fn a_batch_is_done_once_and_reads_nothing_then() {
    let mut site = Site::new();
    let say = r#"{"method":"POST","path":"/v1/users/5/messages","body":{"content":"hello"}}"#;
    let batch = format!(r#"{{"calls":[{say},{say}]}}"#);
    let key = "Idempotency-Key: one\r\n";
    let first = site.call_with("POST /v1/batch", key, &batch);
    assert_eq!(first.expect(200)["results"][1]["body"]["seq"], 2);
    let again = site.call_with("POST /v1/batch", key, &batch);
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    let reading = r#"{"calls":[{"method":"GET","path":"/v1/users/5?x=1"}]}"#;
    assert_eq!(site.call_with("POST /v1/batch", key, reading).code(), "bad_request");
}

#[test]
fn a_batch_of_a_failed_turn_has_done_nothing() {
    let mut site = Site::new();
    let put = |gid: u32| format!(r#"{{"method":"PUT","path":"/v1/groups/{gid}"}}"#);
    let batch = format!(r#"{{"calls":[{},{}]}}"#, put(7), put(8));
    site.world.fail_next_commit();
    assert_eq!(site.call("POST /v1/batch", &batch).code(), "internal");
    assert_eq!(site.call("GET /v1/groups/7", "").status, 404);
    assert_eq!(statuses(&site.call("POST /v1/batch", &batch).expect(200)), [201, 201]);
}

#[test]
fn a_batch_has_calls_and_not_too_many() {
    let mut site = Site::new();
    let calls = |count: u64| {
        let calls = vec![r#"{"method":"GET","path":"/v1/stats"}"#; count as usize];
        format!(r#"{{"calls":[{}]}}"#, calls.join(","))
    };
    let most = site.call("POST /v1/batch", &calls(BATCH_CALLS_MAX.default)).expect(200);
    assert_eq!(statuses(&most), vec![200; BATCH_CALLS_MAX.count()]);
    for body in
        [&*calls(BATCH_CALLS_MAX.default + 1), "{}", r#"{"calls":[1]}"#, r#"{"calls":[{"path":"/"}]}"#]
    {
        assert_eq!(site.call("POST /v1/batch", body).code(), "bad_request");
    }
    assert!(statuses(&site.call("POST /v1/batch", r#"{"calls":[]}"#).expect(200)).is_empty());
}

#[test]
fn a_batch_counts_for_the_rate_by_its_calls() {
    let mut site = Site::with(&["--api-calls-per-second", "3"]);
    let calls = [r#"{"method":"GET","path":"/v1/stats"}"#; 4].join(",");
    let answer = site.call("POST /v1/batch", &format!(r#"{{"calls":[{calls}]}}"#)).expect(200);
    assert_eq!(statuses(&answer), [200, 200, 429, 429]);
}

#[test]
fn a_batch_reads_so_much_and_no_more() {
    let mut site = Site::new();
    site.call("PUT /v1/groups/7", "{}").expect(201);
    let body = format!(r#"{{"content":"{}"}}"#, "x".repeat(60_000));
    for _ in 0..2 {
        site.call("POST /v1/groups/7/messages", &body).expect(200);
    }
    let calls = [r#"{"method":"GET","path":"/v1/groups/7/messages"}"#; 30].join(",");
    let answer = site.call("POST /v1/batch", &format!(r#"{{"calls":[{calls}]}}"#));
    assert!(answer.body.len() < BATCH_ANSWER_BYTES_MAX.count() + 200_000, "{}", answer.body.len());
    let statuses = statuses(&answer.expect(200));
    let read = statuses.iter().filter(|status| **status == 200).count();
    assert!(read > 4 && read < 15, "{statuses:?}");
    assert!(statuses[read..].iter().all(|status| *status == 413), "{statuses:?}");
}
