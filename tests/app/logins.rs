//! Logins that fail: what they cost, and what comes of too many.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use karez::app::{App, FailedLogins, Guests};
use karez::auth::jwt::Secret;
use karez::auth::{Claims, GuestKey, JwtKey};
use karez::base::clock::Now;
use karez::base::clock::UnixMillis;
use karez::chat::ids::Id;
use karez::chat::input::Role;
use karez::chat::output::{Query, Record, Store};
use karez::net::{AddressExemption, ConnId, Handler, Message, Outbox};
use karez::store::{FileBytes, Identity, KeptAnswer, Memory, Storage, StoreError};
use socket2::{Domain, Socket, Type};

use crate::client::*;
use crate::world::{LOGIN, World, told};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const BAD: &str = r#"{"type":"login","token":"not.a.token","id":"l"}"#;

fn key() -> Option<JwtKey> {
    Some(JwtKey::from_secret(&Secret::new(SECRET.into())).unwrap())
}

/// Of uid 7.
fn claims(exp_s: u64) -> Claims {
    let (uid, role) = (Id::Number(7), Role::User);
    Claims { uid, name: None, role, groups: Vec::new(), desks: Vec::new(), exp_s, not_before: None }
}

/// A token of uid 7 by this secret, which ends at this second of Unix time.
fn token(secret: &str, exp_s: u64) -> String {
    Secret::new(secret.into()).sign(&claims(exp_s), None).unwrap()
}

fn login(token: &str) -> String {
    format!(r#"{{"type":"login","token":"{token}","id":"l"}}"#)
}

/// Far from now, and before the year 9999.
const LATER_S: u64 = 200_000_000_000;

/// A world in which loopback addresses count, each by itself, and only tokens are let in.
fn world(window_ms: u64) -> World {
    World::with(&[], |config, settings| {
        config.limits.address_exemption = AddressExemption::Nobody;
        settings.token_key = key();
        settings.guests = Guests::Refused;
        settings.failed_logins = FailedLogins { window_ms, ..settings.failed_logins };
    })
}

/// A client that comes from this address, and what it hears when it logs in so.
fn tries(world: &mut World, from: [u8; 4], login: &str) -> Vec<Heard> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&world.address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut client = Client::new(TcpStream::from(socket));
    client.send(upgrade("/", "").as_bytes());
    world.settle();
    client.expect_bytes(SWITCHED.as_bytes());
    client.say(login);
    world.heard(&mut client)
}

fn is_refused(heard: &[Heard]) -> bool {
    heard.last() == Some(&Heard::Close(4001, "unauthorized".to_owned()))
}

fn is_let_in(heard: &[Heard]) -> bool {
    matches!(&heard[0], Heard::Text(text) if text.starts_with(r#"{"type":"login","id":"l","uid":7,"#))
}

/// Whether a login was put off, and for how long.
fn put_off_ms(heard: &[Heard]) -> Option<u64> {
    let [Heard::Text(error), Heard::Text(bye), Heard::Close(4100, reason)] = heard else { return None };
    assert_eq!((field(error, "code"), field(error, "id")), ("rate_limited".into(), "l".into()));
    assert_eq!((field(bye, "code"), reason.as_str()), ("overloaded".into(), "overloaded"));
    assert_eq!(field(error, "retry"), field(bye, "retry"));
    field(bye, "retry").as_u64()
}

#[test]
fn who_fails_too_often_is_put_off_and_nobody_else() {
    let mut world = world(60_000);
    let good = login(&token(SECRET, LATER_S));
    for _ in 0..10 {
        assert!(is_refused(&tries(&mut world, [127, 0, 0, 2], BAD)));
    }
    for login in [BAD, &good, LOGIN.replace('}', r#","id":"l"}"#).as_str()] {
        let put_off = put_off_ms(&tries(&mut world, [127, 0, 0, 2], login)).expect(login);
        assert!((1..=60_000).contains(&put_off), "{put_off}");
    }
    assert!(is_let_in(&tries(&mut world, [127, 0, 0, 3], &good)));
}

#[test]
fn when_the_time_is_over_a_login_is_looked_at_again() {
    let mut world = world(1_000);
    let good = login(&token(SECRET, LATER_S));
    // Each of these may be in a window of its own; some of them are not.
    let end = Instant::now() + Duration::from_secs(10);
    while put_off_ms(&tries(&mut world, [127, 0, 0, 2], BAD)).is_none() {
        assert!(Instant::now() < end, "nobody is put off");
    }
    while !is_let_in(&tries(&mut world, [127, 0, 0, 2], &good)) {
        assert!(Instant::now() < end, "whoever goes on trying is kept out for ever");
    }
}

#[test]
fn what_the_core_refuses_counts_too() {
    let mut world = world(60_000);
    let guest = Claims { uid: Id::Number(1_001), ..claims(LATER_S) };
    let guest = login(&Secret::new(SECRET.into()).sign(&guest, None).unwrap());
    // Somebody has been guest 1001.
    world.server.handler_mut().store_mut().begin().unwrap();
    let store = world.server.handler_mut().store_mut();
    store.write(Store::User { uid: &Id::Number(1_001), name: "Guest", guest: true }).unwrap();
    store.commit().unwrap();
    for _ in 0..10 {
        assert!(is_refused(&tries(&mut world, [127, 0, 0, 2], &guest)));
    }
    assert!(put_off_ms(&tries(&mut world, [127, 0, 0, 2], &guest)).is_some());
}

#[test]
fn a_proxy_on_this_machine_keeps_nobody_out() {
    let mut world = World::with(&[], |_, settings| {
        settings.token_key = key();
        settings.guests = Guests::Refused;
    });
    for _ in 0..30 {
        assert!(is_refused(&tries(&mut world, [127, 0, 0, 2], BAD)));
    }
    assert!(is_let_in(&tries(&mut world, [127, 0, 0, 2], &login(&token(SECRET, LATER_S)))));
}

/// A store that gives its identity, and may not be asked for anything else.
struct Untouched(Memory);

impl FileBytes for Untouched {}

impl Storage for Untouched {
    fn identity(&mut self, fresh: Identity) -> Result<Identity, StoreError> {
        self.0.identity(fresh)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        panic!("a transaction is opened")
    }

    fn write(&mut self, order: Store<'_>) -> Result<(), StoreError> {
        panic!("{order:?} is written")
    }

    fn read(&self, query: &Query) -> Result<Record, StoreError> {
        panic!("{query:?} is asked")
    }

    fn keep_answer(&mut self, key: &str, _answer: &KeptAnswer) -> Result<(), StoreError> {
        panic!("an answer is kept under {key}")
    }

    fn kept_answer(&self, key: &str, _now: UnixMillis) -> Result<Option<KeptAnswer>, StoreError> {
        panic!("an answer is asked for by {key}")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        panic!("a transaction is committed")
    }

    fn rollback(&mut self) {}
}

#[test]
fn a_bad_token_costs_neither_the_store_nor_time() {
    let (_, mut settings) = told(&[]);
    settings.token_key = key();
    settings.guests = Guests::Welcome;
    settings.failed_logins.per_address_max = u32::MAX;
    let mut app = App::new(settings, Untouched(Memory::new(1))).unwrap();
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjoyMDAwMDAwMDAwMDB9.";
    let bad = [
        ("wrong", token("another secret of 32 bytes or more", LATER_S)),
        ("expired", token(SECRET, 1)),
        ("unsigned", unsigned.to_owned()),
        ("oversized", "x".repeat(60_000)),
        ("oversized, of a guest's form", format!("kg1.{}", "x".repeat(60_000))),
        ("of a guest, by another key", GuestKey::generate().unwrap().sign(&Id::Number(1_001))),
        ("no token", "x".to_owned()),
        ("empty", String::new()),
    ];
    let now = Now { unix: karez::base::clock::UnixMillis(1_800_000_000_000), ..Now::default() };
    for (number, (what, token)) in (1..).zip(bad) {
        let login = login(&token);
        let mut times: Vec<Duration> = (0..51)
            .map(|round| {
                let conn = ConnId::from_u64(number * 1_000 + round);
                let mut out = Outbox::at(now);
                app.on_address(conn, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
                app.on_connect(&mut out, conn);
                let began = Instant::now();
                app.on_message(&mut out, conn, Message::Text(&login));
                app.on_turn_end(&mut out);
                began.elapsed()
            })
            .collect();
        // Half of them may meet a busy machine.
        times.sort();
        assert!(times[25] < Duration::from_millis(5), "{what}: {:?}", times[25]);
    }
}
