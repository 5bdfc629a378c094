//! How the daemon is, as calls tell it; and metrics for whoever asks from afar with a key.

use karez::auth::Scope;

use crate::api::*;
use crate::process::*;
use crate::scrape::*;

#[test]
fn stats_count_what_has_happened() {
    let mut site = Site::new();
    let (mut ann, _) = site.world.guest();
    ann.say(r#"{"type":"join","gid":7}"#);
    site.world.texts_of(&mut ann);
    let before = site.call("GET /v1/stats", "").expect(200);
    ann.say(r#"{"type":"group","gid":7,"content":"hello"}"#);
    site.world.texts_of(&mut ann);
    let after = site.call("GET /v1/stats", "").expect(200);
    let grown = |name: &str| after[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!((grown("entries"), grown("messages_received"), grown("messages_delivered")), (1, 1, 1));
    for name in ["turns", "received_bytes", "sent_bytes"] {
        assert!(grown(name) > 0, "{name}: {after}");
    }
    assert!(after["connections_max"].as_u64() > Some(1), "{after}");
    let batch = site.call("POST /v1/batch", r#"{"calls":[{"method":"GET","path":"/v1/stats"}]}"#).expect(200);
    assert_eq!(batch["results"][0]["body"]["entries"], after["entries"]);
}

#[test]
fn a_key_that_may_read_sees_the_metrics_from_afar() {
    let keys = Keys::new();
    let (reader, publisher) = (keys.make("reader", &[Scope::Read]), keys.make("site", &[Scope::Publish]));
    let file = keys.file.to_str().unwrap();
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--store", "memory", "--api-keys-file", file]);
    let main = daemon.address("page");
    let far = "X-Forwarded-For: 192.0.2.1\r\n";
    let nothing = get(main, "/nothing", far);
    let with = |header: &str| get(main, "/metrics", &format!("{far}{header}\r\n"));
    for header in [format!("Authorization: Bearer {reader}"), format!("X-API-Key: {reader}")] {
        let (status, page) = with(&header);
        assert_eq!((status, page.contains("karez_build_info")), (200, true), "{header}");
    }
    for key in [publisher.as_str(), "kz_no"] {
        assert_eq!(with(&format!("Authorization: Bearer {key}")), nothing);
    }
    daemon.end();
}

#[test]
fn what_explains_the_api_needs_no_key_and_loads_nothing_from_elsewhere() {
    let mut site = Site::new();
    let ask =
        |site: &mut Site, line: &str| site.raw(&format!("{line} HTTP/1.1\r\nHost: server.example\r\n\r\n"));
    let document = ask(&mut site, "GET /v1/openapi.json");
    assert_eq!(document.header("content-type"), Some("application/json"));
    assert_eq!(document.expect(200)["openapi"], "3.1.0");
    let page = ask(&mut site, "GET /docs");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(
        page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'"))
    );
    assert_eq!(ask(&mut site, "GET /docs/docs.css").header("x-content-type-options"), Some("nosniff"));
    assert_eq!(ask(&mut site, "POST /v1/openapi.json").status, 405);
    assert_eq!(ask(&mut site, "GET /docs/nothing").status, 404);
    for inline in ["<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.body.contains(inline), "the policy would not let it: {inline}");
    }
}
