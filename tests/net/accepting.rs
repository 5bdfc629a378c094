//! Listeners and limits of accepting.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use karez::net::{AddressExemption, Config, Limits, Listen, Server};

use crate::world::*;

#[test]
fn at_the_limit_the_next_one_waits_until_somebody_goes() {
    let limits = Limits { connections_max: 3, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let mut clients = vec![world.open(), world.open(), world.open()];
    let mut waiting = world.dial();
    waiting.send(upgrade("").as_bytes());
    let turns = world.server.counters().turns_total;
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 600 {
        world.server.turn(Some(Duration::from_millis(600))).unwrap();
    }
    assert!(world.server.counters().turns_total - turns < 10, "the loop spins");
    assert!(waiting.take().is_empty());
    drop(clients.pop());
    world.turn_until("room", |world| world.log().len() == 5);
    assert!(waiting.take().starts_with(b"HTTP/1.1 101 "));
}

#[test]
fn a_crowd_is_accepted_over_several_turns() {
    let limits = Limits { accepts_per_turn: 4, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config() });
    let crowd: Vec<Client> = (0..10).map(|_| world.dial()).collect();
    let mut accepted = Vec::new();
    while world.server.connections() < crowd.len() {
        world.server.turn(Some(Duration::from_millis(100))).unwrap();
        accepted.push(world.server.connections());
    }
    assert_eq!(accepted, [4, 8, 10]);
}

#[test]
fn an_address_has_only_so_many_connections() {
    let limits = Limits {
        connections_per_address_max: 2,
        address_exemption: AddressExemption::Nobody,
        ..Limits::default()
    };
    let mut world = World::new(Config { limits, ..config() });
    let first = world.open();
    let _second = world.open();
    let mut third = world.dial();
    world.settle();
    third.read();
    assert!(third.ended);
    assert_eq!(world.server.counters().refused_total, 1);
    drop(first);
    world.settle();
    world.open();
}

#[test]
fn an_address_is_told_where_it_counts() {
    for (address_exemption, log) in [
        (AddressExemption::Loopback, &["connect 0"][..]),
        (AddressExemption::Nobody, &["from 127.0.0.1", "connect 0"]),
    ] {
        let limits = Limits { address_exemption, ..Limits::default() };
        let mut world = World::new(Config { limits, ..config() });
        let _client = world.open();
        assert_eq!(world.server.handler().log, log);
    }
}

#[test]
fn ipv6_and_unix_sockets_are_listened_on() {
    let path = std::env::temp_dir().join(format!("karez-test-{}.sock", std::process::id()));
    let listen = vec![Listen::Unix(path.clone()), "[::1]:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()];
    let mut server = Server::bind(Config { listen, ..config() }, Scribe::default()).unwrap();
    let addresses: Vec<Listen> = server.addresses().cloned().collect();
    let mut unix = UnixStream::connect(&path).unwrap();
    let Listen::Tcp(six) = addresses[1] else { panic!() };
    let mut tcp = std::net::TcpStream::connect(six).unwrap();
    unix.write_all(upgrade("").as_bytes()).unwrap();
    tcp.write_all(upgrade("").as_bytes()).unwrap();
    while server.handler().log.len() < 2 {
        server.turn(Some(Duration::from_millis(50))).unwrap();
    }
    server.turn(Some(std::time::Duration::ZERO)).unwrap();
    let mut answer = [0; 12];
    unix.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    tcp.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    drop(server);
    assert!(!path.exists(), "the socket is left behind");
}

#[test]
fn a_stale_unix_socket_is_replaced_and_a_live_one_is_not() {
    let path = std::env::temp_dir().join(format!("karez-stale-{}.sock", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let config = || Config { listen: vec![Listen::Unix(path.clone())], ..config() };
    let _server = Server::bind(config(), Scribe::default()).unwrap();
    let error = Server::bind(config(), Scribe::default()).unwrap_err();
    assert!(error.to_string().contains("cannot listen on unix:"), "{error}");
}

#[test]
fn addresses_are_read_in_every_spelling() {
    let spellings = [
        ("127.0.0.1:8282", "127.0.0.1:8282"),
        (":8282", "0.0.0.0:8282"),
        ("localhost:1", "127.0.0.1:1"),
        ("[::]:8282", "[::]:8282"),
        ("unix:/run/karez.sock", "unix:/run/karez.sock"),
    ];
    for (text, meant) in spellings {
        assert_eq!(text.parse::<Listen>().unwrap().to_string(), meant);
    }
    for text in ["", "8282", "example.org:80", "unix:", "127.0.0.1", "127.0.0.1:99999"] {
        let error = text.parse::<Listen>().unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:8282"), "{error}");
    }
}

#[test]
fn a_crowd_at_one_address_does_not_keep_the_other_waiting() {
    let limits = Limits { accepts_per_turn: 2, ..Limits::default() };
    let mut config = Config { limits, ..config() };
    config.listen.push("127.0.0.1:0".parse().unwrap());
    let mut world = World::new(config);
    let Some(Listen::Tcp(other)) = world.server.addresses().nth(1).cloned() else { panic!("no TCP address") };
    let mut crowd: Vec<Client> = (0..10).map(|_| world.dial()).collect();
    let mut alone = std::net::TcpStream::connect(other).unwrap();
    alone.write_all(upgrade("").as_bytes()).unwrap();
    for _ in 0..5 {
        world.server.turn(Some(Duration::from_millis(20))).unwrap();
        crowd.extend([world.dial(), world.dial()]);
    }
    assert_eq!(world.log(), ["connect 0"], "not served while the crowd goes on");
}
