//! Logging in with a token of the site's own back end, over a socket and with the real command.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use karez::app::Guests;
use karez::auth::jwt::Secret;
use karez::auth::{Claims, JwtKey};
use karez::base::limits;
use karez::chat::ids::Id;
use karez::chat::input::Role;

use crate::client::*;
use crate::process::*;
use crate::world::{LOGIN, World};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const UNAUTHORIZED: &str = r#"{"type":"error","code":"unauthorized","message":"this token does not hold"}"#;

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A token of a uid, whose `exp` is so many seconds from now.
fn token(uid: &str, exp_in_s: i64) -> String {
    let claims = Claims {
        uid: Id::from_text(uid).unwrap(),
        name: Some("Ann".to_owned()),
        role: Role::Admin,
        groups: vec![Id::Number(123)],
        desks: Vec::new(),
        exp_s: now_s().saturating_add_signed(exp_in_s),
        not_before: None,
    };
    Secret::new(SECRET.into()).sign(&claims, None).unwrap()
}

fn login(token: &str) -> String {
    format!(r#"{{"type":"login","token":"{token}"}}"#)
}

fn refresh(token: &str) -> String {
    format!(r#"{{"type":"refresh","token":"{token}"}}"#)
}

fn world(guests: Guests) -> World {
    World::with(&[], |_, settings| {
        settings.token_key = Some(JwtKey::from_secret(&Secret::new(SECRET.into())).unwrap());
        settings.guests = guests;
    })
}

#[test]
fn a_token_logs_in_with_name_groups_and_role() {
    let mut world = world(Guests::Refused);
    let mut ann = world.open();
    ann.say(r#"{"type":"refresh","token":"x"}"#);
    assert_eq!(
        world.hears(&mut ann),
        [r#"{"type":"error","code":"login_required","message":"log in first"}"#]
    );
    ann.say(&format!(r#"{{"type":"login","name":"Eve","token":"{}"}}"#, token("7", 60)));
    ann.say(r#"{"type":"broadcast","content":"hi"}"#);
    let heard = world.hears(&mut ann);
    assert!(heard[0].starts_with(r#"{"type":"login","uid":7,"name":"Ann","epoch":_,"#), "{}", heard[0]);
    let joined = r#"{"type":"joined","gid":123,"uid":7,"name":"Ann","members":1}"#;
    let said = r#"{"type":"broadcast","uid":7,"name":"Ann","content":"hi","time":_}"#;
    assert_eq!(heard[1..], [joined, said]);
}

#[test]
fn what_does_not_hold_is_told_in_one_word_and_closed_with_4001() {
    let mut world = world(Guests::Refused);
    let good = token("7", 60);
    let leeway_s = i64::try_from(limits::TOKEN_LEEWAY_MS.default / 1_000).unwrap();
    let long = "x".repeat(9_000);
    let bad = ["", "not.a.token", &good[1..], &long, &token("7", -leeway_s - 1)];
    let bad = bad.map(login).into_iter().chain([LOGIN.to_owned()]);
    for login in bad {
        let mut client = world.open();
        client.say(&login);
        let heard = world.heard(&mut client);
        let bye = r#"{"type":"bye","code":"unauthorized"}"#;
        let texts = [UNAUTHORIZED, bye].map(|text| Heard::Text(text.to_owned()));
        assert_eq!(heard[..2], texts, "{login}");
        assert_eq!(heard[2..], [Heard::Close(4001, "unauthorized".to_owned())], "{login}");
    }
}

#[test]
fn a_guests_uid_is_not_the_sites_to_give() {
    let mut world = world(Guests::Welcome);
    let (mut guest, answer) = world.guest();
    assert_eq!(field(&answer, "uid"), 1001);
    let mut site = world.open();
    site.say(&login(&token("1001", 60)));
    let heard = world.heard(&mut site);
    assert_eq!(heard[0], Heard::Text(UNAUTHORIZED.to_owned()));
    assert_eq!(heard[2], Heard::Close(4001, "unauthorized".to_owned()));
    for token in [token("1001", 60), field(&answer, "token").as_str().unwrap().to_owned()] {
        guest.say(&refresh(&token));
        assert_eq!(world.hears(&mut guest), [UNAUTHORIZED], "a guest has nothing to refresh");
    }
}

#[test]
fn where_guests_are_not_let_in_none_comes_back() {
    let mut open = World::new();
    let (_, answer) = open.guest();
    let mut closed = world(Guests::Refused);
    let mut client = closed.open();
    client.say(&login(field(&answer, "token").as_str().unwrap()));
    assert_eq!(closed.heard(&mut client)[2], Heard::Close(4001, "unauthorized".to_owned()));
}

#[test]
fn a_session_ends_with_its_token_and_its_leeway_unless_it_is_refreshed() {
    let mut world = world(Guests::Refused);
    let leeway_ms = limits::TOKEN_LEEWAY_MS.default;
    // It has expired, but for the leeway: a second of it is left, or two.
    let exp_in_s = 2 - i64::try_from(leeway_ms / 1_000).unwrap();
    let [mut ann, mut bob] = [(); 2].map(|()| world.open());
    let short = token("7", exp_in_s);
    let ends = Duration::from_millis((now_s().saturating_add_signed(exp_in_s)) * 1_000 + leeway_ms);
    for client in [&mut ann, &mut bob] {
        client.say(&login(&short));
    }
    for client in [&mut ann, &mut bob] {
        assert!(world.texts_of(client)[0].starts_with(r#"{"type":"login","uid":7,"#));
    }
    for bad in [token("8", 60), "not.a.token".to_owned(), token("7", -60)] {
        bob.say(&refresh(&bad));
        assert_eq!(world.hears(&mut bob), [UNAUTHORIZED]);
    }
    bob.say(&refresh(&token("7", 60)));
    let refreshed = world.hears(&mut bob);
    assert_eq!(field(&refreshed[0], "type"), "refreshed");
    assert!(field(&refreshed[0], "exp").as_u64().unwrap() >= now_s() + 58);

    let patience = Instant::now() + Duration::from_secs(10);
    let mut heard = Vec::new();
    while heard.is_empty() {
        assert!(Instant::now() < patience, "it never ended");
        heard = world.heard(&mut ann);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now >= ends && now < ends + Duration::from_secs(1), "ended at {now:?}, due at {ends:?}");
    let bye = Heard::Text(r#"{"type":"bye","code":"unauthorized"}"#.to_owned());
    assert_eq!(heard, [bye, Heard::Close(4001, "unauthorized".to_owned())]);
    bob.say(r#"{"type":"ping"}"#);
    assert_eq!(world.hears(&mut bob), [r#"{"type":"pong"}"#]);
}

#[test]
fn a_refusal_costs_next_to_no_time() {
    let key = JwtKey::from_pem(include_str!("../data/keys/rs256.public.pem"), None).unwrap();
    let now = karez::base::clock::UnixMillis(now_s() * 1_000);
    let good = token("7", 60);
    let longest = format!("{good}{}", "x".repeat(limits::TOKEN_BYTES_MAX.count() - good.len()));
    let start = Instant::now();
    for bad in [&*longest, &good, "..", &"x".repeat(1 << 20)].iter().cycle().take(100) {
        assert!(key.verify(bad, now).is_err());
    }
    assert!(start.elapsed() < Duration::from_millis(500), "5 ms each: {:?}", start.elapsed());
}

#[test]
fn the_command_makes_tokens_and_tells_why_one_is_refused() {
    let secret = [("KAREZ_TOKEN_SECRET", SECRET)];
    let all = ["--name", "Ann", "--role", "agent", "--groups", "1,tea", "--desks", "sales", "--ttl", "2h"];
    let arguments: Vec<&str> = ["token", "create", "--uid", "7"].into_iter().chain(all).collect();
    let (code, token, stderr) = run_to_end(&arguments, &secret);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let token = token.trim_end();
    let (code, said, stderr) = run_to_end(&["token", "inspect", token], &secret);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!((field(&said, "sub"), field(&said, "role")), (7.into(), "agent".into()));
    assert_eq!(field(&said, "groups"), serde_json::json!([1, "tea"]));
    assert!(stderr.starts_with("holds for 7"), "{stderr}");

    let other = [("KAREZ_TOKEN_SECRET", "another secret, of 32 bytes too, ")];
    for (token, variables, words) in [
        (token, &other[..], "refused: the token is not signed with this key"),
        (token, &[], "refused: there is no key for such tokens"),
        ("x", &secret, "refused: the token is not of a form that is known"),
        ("kg1.x.y", &secret, "refused: this is a guest's token"),
        ("eyJhbGciOiJub25lIn0.e30.", &secret, "refused: the token's header is not readable"),
    ] {
        let (code, _, stderr) = run_to_end(&["token", "inspect", token], variables);
        assert_eq!(code, 1, "{stderr}");
        assert!(stderr.starts_with(&format!("karez: {words}")), "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
    for (arguments, code) in [
        (&["token", "create"][..], 2),
        (&["token", "create", "--uid", "system"], 2),
        (&["token", "create", "--uid", "7", "--ttl", "0"], 2),
        (&["token", "create", "--uid", "7", "--ttl", "1y"], 2),
        (&["token", "create", "--uid", "7", "--role", "owner"], 2),
        (&["token", "create", "--uid", "7"], 78),
    ] {
        assert_eq!(run_to_end(arguments, &[]).0, code, "{arguments:?}");
    }
}

#[test]
fn settings_of_tokens_that_cannot_be_are_said_with_what_is_allowed() {
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/rs256.public.pem");
    let private = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/rs256.private.pem");
    let secret = ("KAREZ_TOKEN_SECRET", SECRET);
    for (arguments, variables, words) in [
        (&["--token-secret-file", "/nowhere/secret"][..], &[][..], "--token-secret-file /nowhere/secret: "),
        (&["--token-secret-file", public], &[secret], "KAREZ_TOKEN_SECRET is set too"),
        (&["--token-public-key", public], &[secret], "one key is allowed"),
        (&["--token-public-key", "/nowhere/key"], &[], "--token-public-key /nowhere/key: "),
        (&["--token-public-key", private], &[], "this is a private key"),
        (&["--token-public-key", public, "--token-algorithm", "ES256"], &[], "this key is for RS256"),
        (&["--token-public-key", public, "--token-algorithm", "HS256"], &[], "this key is for RS256"),
        (&["--token-algorithm", "RS256"], &[secret], "a secret is for HS256"),
        (&["--token-algorithm", "RS256"], &[], "there is no key"),
        (&["--token-audience", "karez"], &[], "there is no key"),
        (&[], &[("KAREZ_TOKEN_SECRET", "short")], "KAREZ_TOKEN_SECRET: the secret is shorter than 32 bytes"),
    ] {
        let arguments: Vec<&str> = ["--listen", "127.0.0.1:0"].iter().chain(arguments).copied().collect();
        let (code, _, stderr) = run_to_end(&arguments, variables);
        assert_eq!(code, 78, "{arguments:?}: {stderr}");
        assert!(stderr.contains(words) && !stderr.contains(SECRET), "{stderr}");
    }
}

#[test]
fn the_first_lines_tell_how_people_log_in() {
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/es256.public.pem");
    let key = ["--token-public-key", public];
    // With a key nobody else comes in, so an address that is everybody's needs no further word.
    for (guests, line) in [
        (&["--listen", "0.0.0.0:0"][..], "guests    none"),
        (&["--listen", "127.0.0.1:0", "--guests", "no"], "guests    none"),
        (&["--listen", "127.0.0.1:0", "--guests", "yes"], "guests    whoever connects"),
    ] {
        let arguments: Vec<&str> = ["serve"].iter().chain(&key).chain(guests).copied().collect();
        let daemon = Process::karez(&arguments);
        assert!(daemon.wait_for_line("  tokens ").contains("ES256"));
        daemon.wait_for_line(line);
        daemon.end();
    }
}
