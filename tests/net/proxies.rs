//! Proxies: whose word is believed, and what comes of it.

use karez::net::{AddressExemption, Config, Limits, ProxyProtocol, TrustedProxy};
use rustls::version;

use crate::secure::*;
use crate::world::*;

/// A server to which loopback is a proxy among others.
fn behind(proxies: &[&str]) -> Config {
    let trusted_proxies = proxies.iter().map(|text| text.parse::<TrustedProxy>().unwrap()).collect();
    Config { trusted_proxies, ..config() }
}

fn announced() -> Config {
    Config { proxy_protocol: ProxyProtocol::Expected, ..behind(&["127.0.0.1", "10.0.0.0/8"]) }
}

/// A header of the PROXY protocol for a client with an IPv4 address, with a field behind it.
fn header(client: [u8; 4]) -> Vec<u8> {
    let fixed = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x12";
    let server_ports_and_field = [198, 51, 100, 1, 0x30, 0x39, 0x20, 0x5a, 0x04, 0x00, 0x03, 1, 2, 3];
    [&fixed[..], &client, &server_ports_and_field].concat()
}

#[test]
fn the_client_of_a_trusted_proxy_is_who_it_names_last() {
    let mut world = World::new(behind(&["127.0.0.1", "10.0.0.0/8"]));
    let forwarded = [
        "X-Forwarded-For: 203.0.113.7\r\n",
        "X-Forwarded-For: 198.51.100.1, 2001:db8::7, 10.1.1.1\r\n",
        "X-Forwarded-For: 198.51.100.1\r\nx-forwarded-for: 203.0.113.8\r\n",
        "",
        "X-Forwarded-For: 10.1.1.1\r\n",
        // This machine, which is exempt however it comes.
        "X-Forwarded-For: 127.0.0.2\r\n",
    ];
    let clients: Vec<Client> = forwarded.iter().map(|headers| world.open_with(headers)).collect();
    let log = ["203.0.113.7", "2001:db8::7", "203.0.113.8"].map(|address| format!("from {address}"));
    let told: Vec<&String> = world.log().iter().filter(|line| line.starts_with("from")).collect();
    assert_eq!(told, log.iter().collect::<Vec<_>>());
    assert_eq!(world.log().len(), log.len() + clients.len());
}

#[test]
fn nobody_else_is_believed() {
    let limits = Limits { address_exemption: AddressExemption::Nobody, ..Limits::default() };
    for proxies in [&[][..], &["10.0.0.0/8", "unix"]] {
        let mut world = World::new(Config { limits: limits.clone(), ..behind(proxies) });
        let _client = world.open_with("X-Forwarded-For: 203.0.113.7\r\n");
        let _other = world.open_with("X-Forwarded-For: nonsense\r\n");
        assert_eq!(world.log(), ["from 127.0.0.1", "connect 0", "from 127.0.0.1", "connect 1"]);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_a_bad_request() {
    let mut world = World::new(behind(&["127.0.0.1"]));
    for head in [
        upgrade("X-Forwarded-For: unknown\r\n"),
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: \r\n\r\n".into(),
    ] {
        let mut client = world.dial();
        client.send(head.as_bytes());
        world.settle();
        let answer = client.take_text();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("X-Forwarded-For"), "{answer}");
        assert!(client.ended);
    }
    assert!(world.log().is_empty());
}

#[test]
fn clients_of_a_proxy_are_counted_each_for_itself() {
    let limits = Limits { connections_per_address_max: 2, ..Limits::default() };
    let mut world = World::new(Config { limits, ..behind(&["127.0.0.1"]) });
    let first = world.open_with("X-Forwarded-For: 203.0.113.7\r\n");
    let _second = world.open_with("X-Forwarded-For: 203.0.113.7\r\n");
    let mut third = world.dial();
    third.send(upgrade("X-Forwarded-For: 203.0.113.7\r\n").as_bytes());
    world.settle();
    assert!(third.take_text().starts_with("HTTP/1.1 429 "));
    let _other = world.open_with("X-Forwarded-For: 203.0.113.8\r\n");
    drop(first);
    world.turn_until("it has gone", |world| world.log().iter().any(|line| line.starts_with("close 0")));
    world.settle();
    world.open_with("X-Forwarded-For: 203.0.113.7\r\n");
}

#[test]
fn a_header_of_the_proxy_names_the_client() {
    let mut world = World::new(announced());
    let mut whole = world.dial();
    whole.send(&[header([203, 0, 113, 7]), upgrade("").into_bytes(), text("hello")].concat());
    world.settle();
    assert_eq!(world.log(), ["from 203.0.113.7", "connect 0", "message 0 hello"]);
    let mut drop_by_drop = world.dial();
    for byte in [header([203, 0, 113, 8]), upgrade("").into_bytes()].concat() {
        drop_by_drop.send(&[byte]);
        world.server.turn(Some(std::time::Duration::ZERO)).unwrap();
    }
    world.settle();
    assert_eq!(&world.log()[3..], ["from 203.0.113.8", "connect 1"]);
    // Another proxy behind this one, whose list then counts.
    let mut chain = world.dial();
    chain.send(&[header([10, 1, 1, 1]), upgrade("X-Forwarded-For: 203.0.113.9\r\n").into_bytes()].concat());
    world.settle();
    assert_eq!(&world.log()[5..], ["from 203.0.113.9", "connect 2"]);
    // A client is no proxy: what it says of itself is not believed.
    let mut liar = world.dial();
    liar.send(&[header([203, 0, 113, 7]), upgrade("X-Forwarded-For: 192.0.2.1\r\n").into_bytes()].concat());
    world.settle();
    assert_eq!(&world.log()[7..], ["from 203.0.113.7", "connect 3"]);
    // The proxy itself, who looks whether we are well.
    let mut local = world.dial();
    local.send(b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00GET /well HTTP/1.1\r\nHost: h\r\n\r\n");
    world.settle();
    assert!(local.take_text().starts_with("HTTP/1.1 200 "));
}

#[test]
fn without_its_header_a_proxy_is_not_served() {
    let limits = Limits { head_timeout_ms: 500, connections_per_address_max: 1, ..Limits::default() };
    let mut world = World::new(Config { limits, ..announced() });
    let long = [&header([203, 0, 113, 7])[..14], &[0xff, 0xff]].concat();
    let refused = [upgrade("").into_bytes(), b"PROXY TCP4 203.0.113.7 198.51.100.1 1 2\r\n".to_vec(), long];
    for bytes in refused {
        let mut client = world.dial();
        client.send(&bytes);
        world.settle();
        assert_eq!(client.take(), b"");
        assert!(client.ended);
    }
    let _first = {
        let mut client = world.dial();
        client.send(&[header([203, 0, 113, 7]), upgrade("").into_bytes()].concat());
        world.settle();
        client
    };
    let mut crowded = world.dial();
    crowded.send(&header([203, 0, 113, 7]));
    world.settle();
    crowded.read();
    assert!(crowded.ended);
    let mut half = world.dial();
    half.send(&header([203, 0, 113, 7])[..20]);
    world.turn_until("it is accepted", |world| world.server.connections() == 2);
    world.turn_until("it has had its time", |world| world.server.connections() == 1);
    half.read();
    assert!(half.ended);
}

#[test]
fn tls_comes_behind_the_header() {
    let mut world = World::new(Config { tls: Some(identity(ONE)), ..announced() });
    let mut client = Secure::dial(&mut world, &trusting(ONE.0, &version::TLS13));
    let first = [header([203, 0, 113, 7]), client.flight()].concat();
    std::io::Write::write_all(&mut client.stream, &first).unwrap();
    world.settle();
    client.send(upgrade("").as_bytes());
    world.settle();
    client.pump();
    world.settle();
    assert!(client.take().starts_with(b"HTTP/1.1 101 "));
    assert_eq!(world.log(), ["from 203.0.113.7", "connect 0"]);
}
