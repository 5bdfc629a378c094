use karez::ws::{Policy, accept};

fn allowed(origin: &str, host: &str, listed: &[&str], loopback: bool) -> bool {
    let listed: Vec<String> = listed.iter().map(|it| (*it).to_owned()).collect();
    let policy = Policy { subprotocols: &[], deflate: false, origins: &listed, loopback };
    let header = |name, value: &'static str| httparse::Header { name, value: value.as_bytes() };
    let headers = [
        header("Upgrade", "websocket"),
        header("Connection", "Upgrade"),
        header("Sec-WebSocket-Version", "13"),
        header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        httparse::Header { name: "Host", value: host.as_bytes() },
        httparse::Header { name: "Origin", value: origin.as_bytes() },
    ];
    accept("GET", 1, &headers, &policy).is_ok()
}

#[test]
fn the_same_host_and_port() {
    for (origin, host) in [
        ("http://a.example", "a.example"),
        ("http://a.example:80", "a.example"),
        ("http://a.example", "a.example:80"),
        ("https://a.example", "a.example"),
        ("https://a.example:443", "a.example"),
        ("https://a.example", "a.example:443"),
        ("http://a.example:8282", "a.example:8282"),
        ("HTTP://A.EXAMPLE", "a.Example"),
        ("http://192.0.2.7:8282", "192.0.2.7:8282"),
        ("http://[2001:db8::1]:8282", "[2001:DB8:0::1]:8282"),
        ("http://[::1]", "[::1]:80"),
    ] {
        assert!(allowed(origin, host, &[], false), "{origin} at {host}");
    }
}

#[test]
fn anything_else_is_foreign() {
    for (origin, host) in [
        ("http://b.example", "a.example"),
        ("http://a.example.evil", "a.example"),
        ("http://xa.example", "a.example"),
        ("http://a.example:81", "a.example"),
        ("http://a.example", "a.example:8282"),
        ("https://a.example", "a.example:80"),
        ("http://a.example", "a.example:443"),
        ("http://[::1]", "[::2]"),
        ("http://127.0.0.1:8282", "localhost:8282"),
        ("null", "null"),
        ("", "a.example"),
        ("a.example", "a.example"),
        ("http://", "a.example"),
        ("http://a.example/", "a.example"),
        ("http://a.example/path", "a.example"),
        ("http://user@a.example", "a.example"),
        ("http://a.example http://b.example", "a.example"),
        ("http://a.example, http://b.example", "a.example"),
        ("file://a.example", "a.example"),
        ("chrome-extension://a.example", "a.example"),
    ] {
        assert!(!allowed(origin, host, &[], false), "{origin} at {host}");
    }
}

#[test]
fn listed_origins() {
    let listed = ["https://app.example", "http://dev.example:3000", "chrome-extension://abcdef"];
    for origin in [
        "https://app.example",
        "https://app.example:443",
        "https://APP.example",
        "http://dev.example:3000",
        "chrome-extension://abcdef",
    ] {
        assert!(allowed(origin, "a.example", &listed, false), "{origin}");
    }
    for origin in [
        "http://app.example",
        "https://app.example:444",
        "https://app.example.evil",
        "http://dev.example",
        "chrome-extension://abcdeg",
        "null",
    ] {
        assert!(!allowed(origin, "a.example", &listed, false), "{origin}");
    }
    assert!(!allowed("null", "a.example", &["null", "*", ""], false), "null is nobody's origin");
    assert!(!allowed("http://b.example", "a.example", &["null", "*", ""], false));
}

#[test]
fn a_page_of_the_same_machine_may_use_a_loopback_listener() {
    for origin in [
        "http://localhost",
        "http://localhost:8080",
        "https://LOCALHOST:8443",
        "http://127.0.0.1",
        "http://127.1.2.3:80",
        "http://[::1]:3000",
        "http://[0:0:0:0:0:0:0:1]",
    ] {
        for host in ["127.0.0.1:8282", "localhost:8282", "[::1]:8282"] {
            assert!(allowed(origin, host, &[], true), "{origin} at {host}");
            assert!(!allowed(origin, host, &[], false), "{origin} at {host}");
        }
    }
}

#[test]
fn what_only_looks_like_loopback_is_foreign() {
    for origin in [
        "http://127.0.0.1.com",
        "http://127.0.0.1.com:8282",
        "http://localhost.evil",
        "http://xlocalhost",
        "http://128.0.0.1",
        "http://0x7f000001",
        "http://127.1",
        "http://[::ffff:127.0.0.1]",
        "http://[::2]",
        "file://localhost",
        "chrome-extension://localhost",
        "null",
    ] {
        assert!(!allowed(origin, "127.0.0.1:8282", &[], true), "{origin}");
    }
}
