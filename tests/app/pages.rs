//! The page over HTTP, and where an upgrade is accepted.

use std::collections::BTreeMap;

use crate::client::*;
use crate::world::*;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A response in parts; names of headers in small letters.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Asks over a connection of its own, and tells the answer and whether the connection was ended.
fn ask(world: &mut World, request: &str) -> (Answer, bool) {
    let mut client = world.dial();
    client.send(request.as_bytes());
    world.settle();
    while client.pull() {}
    let text = String::from_utf8(std::mem::take(&mut client.bytes)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    let answer = Answer { status, headers: lines.map(pair).collect(), body: body.to_owned() };
    (answer, client.ended)
}

pub fn get(world: &mut World, path: &str, headers: &str) -> Answer {
    ask(world, &format!("GET {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n")).0
}

/// What the page, or a file in the folder `base`, names in quotes.
fn named_in(text: &str, base: &str) -> Vec<String> {
    let names = text.split(['"', '\'']).filter(|word| word.starts_with("/a/") || word.starts_with("./"));
    names.map(|name| name.replace("./", base)).filter(|name| name.contains('.')).collect()
}

/// The folder of the build, as `/a/0123456789abcdef/`.
fn folder(world: &mut World) -> String {
    let page = get(world, "/", "").body;
    let (_, rest) = page.split_once("\"/a/").unwrap();
    format!("/a/{}/", rest.split('/').next().unwrap())
}

#[test]
fn every_file_of_the_page_has_its_type_and_its_policy() {
    let mut world = World::new();
    let page = get(&mut world, "/", "").body;
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{page}");
    let base = folder(&mut world);
    let mut paths = named_in(&page, &base);
    let mut seen = 0;
    while let Some(path) = paths.get(seen).cloned() {
        let (folder, _) = path.rsplit_once('/').unwrap();
        for name in named_in(&get(&mut world, &path, "").body, &format!("{folder}/")) {
            if !paths.contains(&name) {
                paths.push(name);
            }
        }
        seen += 1;
    }
    assert!(paths.len() >= 15, "what the page loads was not found: {paths:?}");
    paths.push("/".to_owned());
    for path in &paths {
        let answer = get(&mut world, path, "");
        assert_eq!(answer.status, 200, "{path}");
        let kind = match path.rsplit_once('.') {
            Some((_, "js")) => SCRIPT,
            Some((_, "css")) => STYLE,
            _ => HTML,
        };
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let keep = if path == "/" { "no-cache" } else { "public, max-age=31536000, immutable" };
        assert_eq!(answer.header("cache-control"), keep, "{path}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
        let policy: Vec<&str> = answer.header("content-security-policy").split("; ").collect();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(&part), "{path}: {part} not in {policy:?}");
        }
        assert!(!policy.iter().any(|part| part.contains("unsafe")), "{policy:?}");
    }
}

#[test]
fn nothing_in_the_page_is_inline() {
    let mut world = World::new();
    let page = get(&mut world, "/", "").body.to_lowercase();
    assert!(!page.contains("<style") && !page.contains(" style="), "the policy would not let it");
    assert!(!page.contains(" onclick=") && !page.contains("javascript:"));
    for script in page.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains("src=") && rest.trim_start().starts_with("</script>"), "{tag}");
    }
    for word in ["http://", "https://", "//cdn"] {
        assert!(
            !page.contains(&format!("src=\"{word}")) && !page.contains(&format!("href=\"{word}")),
            "{word}"
        );
    }
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let mut world = World::new();
    let base = folder(&mut world);
    let (app, style) = (format!("{base}app.js"), format!("{base}style.css"));
    let first = get(&mut world, &app, "");
    let tag = first.header("etag").to_owned();
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let answer = get(&mut world, &app, &format!("If-None-Match: {known}\r\n"));
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
        assert_eq!(answer.header("etag"), tag);
    }
    assert_ne!(get(&mut world, &style, "").header("etag"), tag);
    let answer = get(&mut world, &style, &format!("If-None-Match: {tag}\r\n"));
    assert_eq!(answer.status, 200, "the tag of another file says nothing");
}

#[test]
fn whoever_takes_gzip_gets_it_under_a_tag_of_its_own() {
    let mut world = World::new();
    let plain = get(&mut world, "/", "");
    assert_eq!(plain.header("content-encoding"), "");
    for accepted in ["gzip", "br;q=1.0, GZIP;q=0.5", "*"] {
        let mut client = world.dial();
        client.send(format!("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: {accepted}\r\n\r\n").as_bytes());
        world.settle();
        while client.pull() {}
        let end = client.bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&client.bytes[..end]).to_lowercase();
        assert!(head.contains("content-encoding: gzip") && head.contains("-gz\""), "{accepted}: {head}");
        let mut page = String::new();
        let mut gzip = flate2::read::GzDecoder::new(&client.bytes[end + 4..]);
        std::io::Read::read_to_string(&mut gzip, &mut page).unwrap();
        assert_eq!(page, plain.body);
    }
    for accepted in ["", "br", "gzip;q=0", "gzip;q=0.0, br"] {
        let answer = get(&mut world, "/", &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!(answer.header("content-encoding"), "", "{accepted}");
    }
    let known = plain.header("etag").to_owned();
    let (answer, _) = ask(
        &mut world,
        &format!("HEAD / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nIf-None-Match: {known}\r\n\r\n"),
    );
    assert_eq!(answer.status, 200, "the plain one is another thing");
}

#[test]
fn the_client_has_an_address_that_stays() {
    let mut world = World::new();
    let base = folder(&mut world);
    let stays = get(&mut world, "/client/karez.js", "");
    assert_eq!((stays.status, stays.header("cache-control")), (200, "no-cache"));
    assert_eq!(stays.body, get(&mut world, &format!("{base}client/karez.js"), "").body);
    assert_eq!(get(&mut world, "/client/karez.d.ts", "").status, 200);
    assert_eq!(get(&mut world, "/client/app.js", "").status, 404);
}

#[test]
fn a_folder_is_served_as_it_is_at_that_moment() {
    let folder = std::env::temp_dir().join(format!("karez-ui-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("client")).unwrap();
    std::fs::write(folder.join("index.html"), "<link href=\"/a/BUILD/style.css\">").unwrap();
    std::fs::write(folder.join("style.css"), "one").unwrap();
    std::fs::write(folder.join(".secret"), "no").unwrap();
    let mut world = World::with(&["--ui-dir", folder.to_str().unwrap()], |_, _| {});
    assert_eq!(get(&mut world, "/", "").body, "<link href=\"/a/disk/style.css\">");
    assert_eq!(get(&mut world, "/a/disk/style.css", "").body, "one");
    std::fs::write(folder.join("style.css"), "two").unwrap();
    let answer = get(&mut world, "/a/disk/style.css", "");
    assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("two", "no-store"));
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    for path in
        ["/a/disk/.secret", "/a/disk/../style.css", "/a/disk/client", "/a/disk/", "/a/disk//style.css"]
    {
        assert_eq!(get(&mut world, path, "").status, 404, "{path}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn head_is_get_without_the_body() {
    let mut world = World::new();
    let whole = get(&mut world, "/", "");
    let (head, ended) = ask(&mut world, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.status, head.body.as_str(), ended), (200, "", false));
    assert_eq!(head.header("content-length"), whole.body.len().to_string());
    assert_eq!(head.header("etag"), whole.header("etag"));
}

#[test]
fn a_query_does_not_hide_the_page() {
    let mut world = World::new();
    assert_eq!(get(&mut world, "/?lang=zh", "").status, 200);
}

#[test]
fn other_paths_and_methods_are_refused_and_the_connection_is_closed() {
    let mut world = World::new();
    for path in
        ["/nothing", "/a/", "/a/app.js", "/a/0123456789abcdef/app.js", "/index.html", "/A/app.js", "/ws/"]
    {
        let (answer, ended) = ask(&mut world, &format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!((answer.status, ended), (404, true), "{path}");
        assert_eq!(answer.body, "there is nothing here; the page is at /\n");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        let (answer, ended) = ask(&mut world, &request);
        assert_eq!((answer.status, ended), (405, true), "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
}

#[test]
fn upgrades_are_accepted_at_the_root_and_at_ws_and_nowhere_else() {
    let mut world = World::new();
    for path in ["/", "/ws", "/?a=b", "/ws?a=b"] {
        let (answer, ended) = ask(&mut world, &upgrade(path, ""));
        assert_eq!((answer.status, ended), (101, false), "{path}");
    }
    for path in ["/chat", "/ws/", "/WS"] {
        let (answer, ended) = ask(&mut world, &upgrade(path, ""));
        assert_eq!((answer.status, ended), (404, true), "{path}");
    }
    // RFC 9110, 7.8: an Upgrade may be ignored, and a file is a file.
    let app = format!("{}app.js", folder(&mut world));
    assert_eq!(ask(&mut world, &upgrade(&app, "")).0.status, 200);
}

#[test]
fn ws_without_an_upgrade_says_what_is_missing() {
    for headers in ["", "Upgrade: h2c\r\nConnection: Upgrade\r\n"] {
        let answer = get(&mut World::new(), "/ws", headers);
        assert_eq!((answer.status, answer.header("upgrade")), (426, "websocket"));
    }
}

#[test]
fn the_handshake_names_the_subprotocol_and_refuses_other_versions() {
    let mut world = World::new();
    let offer = "Sec-WebSocket-Protocol: other, karez.v1\r\n";
    let (answer, _) = ask(&mut world, &upgrade("/", offer));
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, "karez.v1"));
    let (answer, _) = ask(&mut world, &upgrade("/", "Sec-WebSocket-Protocol: other\r\n"));
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, ""));
    let (answer, ended) = ask(&mut world, &upgrade("/", "").replace("Version: 13", "Version: 8"));
    assert_eq!((answer.status, answer.header("sec-websocket-version"), ended), (426, "13", true));
}

#[test]
fn compression_is_agreed_to_unless_it_is_switched_off() {
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let agreed = |arguments: &[&str]| {
        let mut world = World::with(arguments, |_, _| {});
        let (answer, _) = ask(&mut world, &upgrade("/", offer));
        answer.header("sec-websocket-extensions").to_owned()
    };
    let extension = agreed(&[]);
    assert!(extension.starts_with("permessage-deflate"), "{extension}");
    assert!(extension.contains("server_no_context_takeover"), "{extension}");
    assert_eq!(agreed(&["--deflate", "no"]), "");
}

#[test]
fn pages_of_other_sites_may_not_connect() {
    let mut world = World::new();
    let mut status = |origin: &str| ask(&mut world, &upgrade("/", &format!("Origin: {origin}\r\n"))).0.status;
    assert_eq!(status("http://evil.example"), 403);
    assert_eq!(status("null"), 403);
    assert_eq!(status("http://localhost.evil.example"), 403);
    assert_eq!(status("http://server.example"), 101, "the page's own host");
    // The tutorial's page comes from a web server on another port of the same machine.
    assert_eq!(status("http://127.0.0.1:8000"), 101);
    assert_eq!(status("http://localhost"), 101);
    assert_eq!(status("http://[::1]:3000"), 101);

    let mut world = World::with(&["--origin", "https://chat.example"], |_, _| {});
    let mut status = |origin: &str| ask(&mut world, &upgrade("/", &format!("Origin: {origin}\r\n"))).0.status;
    assert_eq!(status("https://chat.example"), 101);
    assert_eq!(status("http://chat.example"), 403);
}
