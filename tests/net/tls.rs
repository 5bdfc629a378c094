//! TLS: the same connections, sealed.

use std::io::Write;
use std::time::{Duration, Instant};

use karez::net::{AddressExemption, Config, Limits, TlsError, TlsIdentity};
use karez::ws::Opcode;
use rustls::{HandshakeKind, ProtocolVersion, version};

use crate::secure::*;
use crate::world::*;

#[test]
fn messages_go_both_ways_and_the_end_is_an_end() {
    for version in [&version::TLS13, &version::TLS12] {
        let mut world = World::new(secure());
        let mut client = world.secure(&trusting(ONE.0, version));
        assert_eq!(client.session.protocol_version(), Some(version.version));
        assert_eq!(client.session.alpn_protocol(), Some(&b"http/1.1"[..]));
        client.send(upgrade("").as_bytes());
        world.settle();
        assert!(client.take_text().contains(ACCEPT));
        client.send(&text("hello"));
        world.settle();
        assert_eq!(client.take(), frame(Opcode::Text, b"hello"));
        client.send(&masked(Opcode::Close, &[0x03, 0xe8]));
        world.settle();
        assert_eq!(client.take(), close_frame(1000, ""));
        assert!(client.closed && client.ended, "close_notify, then FIN");
        drop(client);
        world.turn_until("freed", |world| world.server.connections() == 0);
        assert_eq!(world.log(), ["connect 0", "message 0 hello", "close 0 Peer(1000)"]);
        assert_eq!(world.server.counters().queued_bytes, 0);
    }
}

#[test]
fn requests_are_answered_in_turn_and_a_peer_that_has_finished_gets_its_answer() {
    let mut world = World::with(secure(), Scribe { answers_late: true, ..Scribe::default() });
    let mut client = world.secure(&client_config());
    client.send(b"GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n");
    client.session.send_close_notify();
    client.pump();
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    world.settle();
    assert_eq!(world.log(), ["request GET /one"]);
    let mut other = world.open_secure();
    other.send(&text("respond"));
    world.settle();
    other.send(&text("respond"));
    world.settle();
    let answers = client.take_text();
    assert_eq!(answers.matches("\r\n\r\nlate\n").count(), 2, "{answers}");
    assert!(client.closed && client.ended);
}

#[test]
fn large_messages_cross_records_and_turns() {
    let limits = Limits { message_bytes_max: 1 << 20, ..Limits::default() };
    let mut world = World::new(Config { limits, ..secure() });
    let mut client = world.open_secure();
    let payload: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    // rustls would keep no more than 64 KiB that are not sent.
    client.session.set_buffer_limit(None);
    client.session.writer().write_all(&masked(Opcode::Binary, &payload)).unwrap();
    let (mut flight, mut received) = (client.flight(), Vec::new());
    let wanted = frame(Opcode::Binary, &payload);
    let end = Instant::now() + Duration::from_secs(10);
    while received.len() < wanted.len() {
        assert!(Instant::now() < end, "{} of {}", received.len(), wanted.len());
        if let Ok(count) = client.stream.write(&flight) {
            flight.drain(..count);
        }
        world.server.turn(Some(Duration::from_millis(1))).unwrap();
        received.extend(client.take());
    }
    assert!(received == wanted);
    world.settle();
    assert_eq!(world.server.counters().queued_bytes, 0);
}

#[test]
fn who_does_not_read_is_a_slow_consumer_and_hears_why() {
    let limits = Limits {
        output_soft_bytes_max: 20_000,
        output_soft_timeout_ms: 0,
        output_hard_bytes_max: 100_000,
        socket_send_buffer_bytes: 4_096,
        close_timeout_ms: 2_000,
        ..Limits::default()
    };
    let mut world = World::new(Config { limits, ..secure() });
    let mut slow = world.open_secure();
    slow.send(&text("join"));
    world.settle();
    let mut other = world.open_secure();
    for round in 0.. {
        assert!(round < 2_000, "it never ended");
        other.send(&text(&format!("all {}", "x".repeat(30_000))));
        world.settle();
        if world.log().iter().any(|line| line == "close 0 SlowConsumer") {
            break;
        }
    }
    assert!(world.server.counters().queued_bytes < 200_000);
    let end = Instant::now() + Duration::from_secs(5);
    let mut received = Vec::new();
    while !slow.ended {
        assert!(Instant::now() < end);
        received.extend(slow.take());
        world.server.turn(Some(Duration::from_millis(1))).unwrap();
    }
    let last = [frame(Opcode::Text, b"bye"), close_frame(4101, "last")].concat();
    assert!(received.ends_with(&last), "the records that were begun are whole, and so is the farewell");
    assert_eq!(slow.error, None);
    other.send(&text("still here"));
    world.settle();
    assert!(other.take().ends_with(&frame(Opcode::Text, b"still here")));
}

#[test]
fn a_handshake_that_stands_still_is_closed_when_the_head_is_due() {
    let limits = Limits { head_timeout_ms: 500, ..Limits::default() };
    let mut world = World::new(Config { limits, ..secure() });
    let config = client_config();
    let mut silent = Secure::dial(&mut world, &config);
    let mut half = Secure::dial(&mut world, &config);
    let flight = half.flight();
    half.stream.write_all(&flight[..flight.len() / 2]).unwrap();
    let mut greeted = Secure::dial(&mut world, &config);
    let flight = greeted.flight();
    greeted.stream.write_all(&flight).unwrap();
    // TLS stands; of the head comes a drop now and then, which puts nothing off. Not one in each turn: a quick machine
    // would fill the request line before the time is over, and hear 414.
    let mut dripping = world.secure(&config);
    let (begun, mut drops) = (Instant::now(), 0);
    world.turn_until("all are closed", |world| {
        if drops < 20 && begun.elapsed() >= Duration::from_millis(20) * drops {
            dripping.send(b"G");
            drops += 1;
        }
        dripping.pump();
        dripping.ended && world.server.connections() <= 1
    });
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    for client in [&mut silent, &mut half, &mut greeted] {
        client.pump();
        assert!(client.ended);
    }
    let answer = dripping.take_text();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(world.log().is_empty());
}

#[test]
fn plain_http_is_told_that_this_is_tls() {
    let mut world = World::new(secure());
    let mut client = world.dial();
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    world.settle();
    let answer = client.take_text();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    assert!(client.ended);
    let mut nonsense = world.dial();
    nonsense.send(b"\x80nonsense");
    world.settle();
    assert_eq!(nonsense.take(), b"");
    assert!(nonsense.ended);
}

#[test]
fn a_handshake_that_fails_costs_its_own_connection() {
    let mut world = World::new(secure());
    let mut well = world.open_secure();
    // A hello of one byte; one that is longer than any is; a client that does not trust us.
    let mut broken = world.dial();
    broken.send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff");
    let mut endless = world.dial();
    for record in 0..3 {
        let begin: &[u8] = if record == 0 { b"\x01\x00\xff\xf0" } else { b"\0\0\0\0" };
        endless.send(&[b"\x16\x03\x01\x40\x00", begin, &[0; 16_380]].concat());
    }
    let mut untrusting = world.secure(&trusting(TWO.0, &version::TLS13));
    untrusting.pump();
    assert!(untrusting.error.is_some());
    world.settle();
    assert_eq!(broken.take().first(), Some(&0x15), "an alert");
    endless.read();
    assert!(broken.ended && endless.ended);
    well.send(&text("well"));
    world.settle();
    assert_eq!(well.take(), frame(Opcode::Text, b"well"));
    drop((broken, endless, untrusting));
    world.turn_until("only one is left", |world| world.server.connections() == 1);
}

#[test]
fn a_record_that_was_changed_on_its_way_ends_the_connection() {
    let mut world = World::new(secure());
    let mut client = world.open_secure();
    client.session.writer().write_all(&text("hello")).unwrap();
    let mut flight = client.flight();
    *flight.last_mut().unwrap() ^= 1;
    client.stream.write_all(&flight).unwrap();
    world.settle();
    client.pump();
    assert!(matches!(client.error, Some(rustls::Error::AlertReceived(_))), "{:?}", client.error);
    assert_eq!(world.log(), ["connect 0", "close 0 Lost"]);
}

#[test]
fn a_crowd_shakes_hands_over_several_turns() {
    let limits = Limits { tls_handshakes_per_turn: 4, ..Limits::default() };
    let mut world = World::new(Config { limits, ..secure() });
    let config = client_config();
    let mut crowd: Vec<Secure> = (0..20).map(|_| Secure::dial(&mut world, &config)).collect();
    crowd.iter_mut().for_each(Secure::pump);
    world.turn_until("all are accepted", |world| world.server.connections() == 20);
    let mut turns = 0;
    while crowd.iter().any(|client| client.session.is_handshaking()) {
        let before = crowd.iter().filter(|client| !client.session.is_handshaking()).count();
        world.server.turn(Some(Duration::ZERO)).unwrap();
        turns += 1;
        crowd.iter_mut().for_each(Secure::pump);
        let after = crowd.iter().filter(|client| !client.session.is_handshaking()).count();
        assert!(after - before <= 4 && turns < 100, "{before} -> {after}");
    }
    assert!(turns >= 4);
    crowd.iter_mut().for_each(|client| client.send(upgrade("").as_bytes()));
    world.settle();
    assert!(crowd.iter_mut().all(|client| client.take().starts_with(b"HTTP/1.1 101 ")));
}

#[test]
fn a_thousand_are_served() {
    let limits = Limits { head_timeout_ms: 60_000, ..Limits::default() };
    let mut world = World::new(Config { limits, ..secure() });
    let config = client_config();
    let mut clients: Vec<Secure> = (0..1_000).map(|_| Secure::dial(&mut world, &config)).collect();
    for client in &mut clients {
        client.send(upgrade("").as_bytes());
    }
    let end = Instant::now() + Duration::from_secs(60);
    while world.server.counters().opened_total < 1_000 {
        assert!(Instant::now() < end, "{:?}", world.server.counters());
        world.server.turn(Some(Duration::from_millis(1))).unwrap();
        clients.iter_mut().for_each(Secure::pump);
    }
    world.settle();
    for client in &mut clients {
        assert!(client.take().starts_with(b"HTTP/1.1 101 "));
        client.send(&text("join"));
    }
    world.settle();
    clients[500].send(&text("all news"));
    world.settle();
    assert!(clients.iter_mut().all(|client| client.take() == frame(Opcode::Text, b"news")));
    assert_eq!(world.server.counters().queued_bytes, 0);
}

#[test]
fn a_certificate_is_renewed_for_those_who_come_from_then_on() {
    let renewed = identity(ONE).renewed(TWO.0.as_bytes(), TWO.1.as_bytes()).unwrap();
    let mut world = World::new(secure());
    let mut old = world.open_secure();
    let renewed = Config { tls: Some(renewed), ..config() };
    world.server.handler_mut().adjustment = Some(renewed.into());
    world.settle();
    old.send(&text("still here"));
    world.settle();
    assert_eq!(old.take(), frame(Opcode::Text, b"still here"));
    let new = world.secure(&trusting(TWO.0, &version::TLS13));
    assert_eq!((new.error, new.session.is_handshaking()), (None, false));
    let stale = world.secure(&client_config());
    assert!(stale.error.is_some());
}

#[test]
fn who_comes_back_needs_no_signature() {
    for version in [&version::TLS13, &version::TLS12] {
        let mut world = World::new(secure());
        let config = trusting(ONE.0, version);
        let kind = |world: &mut World| {
            let mut client = world.secure(&config);
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            world.settle();
            assert!(client.take_text().starts_with("HTTP/1.1 200 "));
            client.session.handshake_kind()
        };
        assert_eq!(kind(&mut world), Some(HandshakeKind::Full));
        assert_eq!(kind(&mut world), Some(HandshakeKind::Resumed), "{:?}", version.version);
    }
    assert_ne!(ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3);
}

#[test]
fn what_is_no_certificate_or_not_its_key_is_refused() {
    let from = |certificate: &str, key: &str| {
        TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).map(|_| ()).unwrap_err()
    };
    assert_eq!(from("", ONE.1), TlsError::NoCertificate);
    assert_eq!(from("nonsense", ONE.1), TlsError::NoCertificate);
    assert_eq!(from(ONE.1, ONE.1), TlsError::NoCertificate);
    assert_eq!(from(ONE.0, ONE.0), TlsError::NoKey);
    assert_eq!(from(ONE.0, ""), TlsError::NoKey);
    assert!(matches!(from(ONE.0, TWO.1), TlsError::Certificate(_)));
    let garbled = ONE.1.replacen('M', "N", 1);
    let error = from(ONE.0, &garbled);
    assert!(matches!(error, TlsError::Key(_) | TlsError::NoKey), "{error:?}");
    let secret = ONE.1.lines().nth(1).unwrap();
    assert!(!format!("{error} {error:?}").contains(&secret[..8]));
}

#[test]
fn addresses_are_counted_behind_tls_as_before_it() {
    let limits = Limits {
        connections_per_address_max: 1,
        address_exemption: AddressExemption::Nobody,
        ..Limits::default()
    };
    let mut world = World::new(Config { limits, ..secure() });
    let first = world.open_secure();
    let mut second = world.secure(&client_config());
    second.pump();
    assert!(second.ended && second.session.is_handshaking());
    assert_eq!(world.log(), ["from 127.0.0.1", "connect 0"]);
    drop(first);
    world.turn_until("it has gone", |world| world.server.connections() == 0);
    world.open_secure();
}
