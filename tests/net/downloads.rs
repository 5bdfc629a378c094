//! Answers whose body follows in pieces, as the peer takes it.

use std::time::{Duration, Instant};

use karez::net::{Config, Limits};

use crate::secure::*;
use crate::world::*;

const PIECE: usize = 64 * 1024;

fn scribe() -> Scribe {
    Scribe { pieces_of: PIECE, ..Scribe::default() }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
}

/// What has come, once all of it has.
fn download(world: &mut World, client: &mut Client, bytes: usize) -> Vec<u8> {
    let end = Instant::now() + Duration::from_secs(10);
    while client.bytes.len() < bytes && !client.ended && Instant::now() < end {
        world.server.turn(Some(Duration::from_millis(2))).unwrap();
        client.read();
    }
    std::mem::take(&mut client.bytes)
}

fn body(answer: &[u8]) -> &[u8] {
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    &answer[at + 4..]
}

#[test]
fn an_answer_comes_whole_and_exactly_as_long_as_it_was_said_to_be() {
    for follows in [1, PIECE, PIECE + 1, 5_000_000] {
        let mut world = World::with(config(), scribe());
        let mut client = world.dial();
        client.send(&get(&format!("/down/{follows}")));
        client.send(&get("/a"));
        let mut answer = download(&mut world, &mut client, follows);
        while !answer.ends_with(b"/a 0\n") {
            world.server.turn(Some(Duration::from_millis(2))).unwrap();
            answer.extend(client.take());
            assert!(!client.ended, "{} bytes", answer.len());
        }
        let head = String::from_utf8_lossy(&answer[..200]).into_owned();
        assert!(head.contains(&format!("content-length: {}\r\n", follows + 1)), "{head}");
        let body = body(&answer);
        assert_eq!(body[0], b'x');
        assert!(body[1..=follows].iter().all(|byte| *byte == b'y'));
        let rest = String::from_utf8_lossy(&body[follows + 1..]);
        assert!(rest.starts_with("HTTP/1.1 200 ") && rest.ends_with("/a 0\n"), "{rest}");
        assert_eq!(world.log(), [&format!("request GET /down/{follows}"), "answered", "request GET /a"]);
        assert_eq!(world.server.counters().queued_bytes, 0);
    }
}

#[test]
fn a_reader_who_is_slow_costs_one_piece() {
    let mut world = World::with(config(), scribe());
    let mut client = world.dial();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(16 * 1024).unwrap();
    client.send(&get("/down/8388608"));
    let mut most = 0;
    for _ in 0..200 {
        world.server.turn(Some(Duration::from_millis(2))).unwrap();
        most = most.max(world.server.counters().queued_bytes);
    }
    assert!((1..=PIECE + 4_096).contains(&most), "{most} bytes were queued");
    let asked = world.server.handler().asked.len();
    assert!(asked < 20, "{asked} pieces for somebody who has read nothing");
    assert_eq!(world.server.counters().slow_consumers_total, 0);
    let answer = download(&mut world, &mut client, 8_388_608);
    assert!(body(&answer).len() > 8_388_608 - 64 * 1024);
}

#[test]
fn the_head_alone_has_the_length_and_no_pieces() {
    let mut world = World::with(config(), scribe());
    let mut client = world.dial();
    client.send(b"HEAD /down/1000 HTTP/1.1\r\nHost: h\r\n\r\n");
    world.settle();
    let answer = client.take_text();
    assert!(answer.contains("content-length: 1001\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(world.log(), ["request HEAD /down/1000", "answered"]);
    assert!(world.server.handler().asked.is_empty());
}

#[test]
fn an_answer_that_is_given_up_breaks() {
    let mut world = World::with(config(), Scribe { aborts_after: Some(2), ..scribe() });
    let mut client = world.dial();
    client.send(&get("/down/1000000"));
    let answer = download(&mut world, &mut client, 1_000_000);
    assert!(client.ended && answer.len() < 200_000, "{} bytes", answer.len());
    world.settle();
    assert_eq!(world.log(), ["request GET /down/1000000", "answered"]);
    assert_eq!(world.server.connections(), 0);
}

#[test]
fn a_peer_that_goes_is_told_once() {
    let mut world = World::with(config(), scribe());
    let mut client = world.dial();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(16 * 1024).unwrap();
    client.send(&get("/down/8388608"));
    world.settle();
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    world.turn_until("the end", |world| world.server.connections() == 0);
    world.settle();
    assert_eq!(world.log(), ["request GET /down/8388608", "answered"]);
    assert_eq!(world.server.counters().queued_bytes, 0);
}

#[test]
fn who_does_not_take_a_piece_in_time_is_given_up() {
    let limits = Limits { download_piece_timeout_ms: 300, ..Limits::default() };
    let mut world = World::with(Config { limits, ..config() }, scribe());
    let mut client = world.dial();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(16 * 1024).unwrap();
    let begun = Instant::now();
    client.send(&get("/down/8388608"));
    world.turn_until("the end", |world| world.log().len() == 2 && world.server.connections() == 0);
    assert!((300..2_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(world.log()[1], "answered");
}

#[test]
fn a_turn_has_room_for_so_many_pieces_and_everybody_has_a_turn() {
    let limits = Limits { download_pieces_per_turn: 2, ..Limits::default() };
    let mut world =
        World::with(Config { limits, ..config() }, Scribe { pieces_of: 1_000, ..Scribe::default() });
    let mut clients: Vec<Client> = (0..6).map(|_| world.dial()).collect();
    for client in &mut clients {
        client.send(&get("/down/4000"));
    }
    let mut before = 0;
    world.turn_until("all answers", |world| {
        let asked = world.server.handler().asked.len();
        assert!(asked - before <= 2, "{} pieces in a turn", asked - before);
        before = asked;
        world.log().iter().filter(|line| *line == "answered").count() == 6
    });
    let asked = &world.server.handler().asked;
    assert_eq!(asked.len(), 24);
    let (first, rest) = asked.split_at(6);
    for conn in rest {
        assert!(first.contains(conn));
    }
    let distinct: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), 6, "each has had a piece before anybody has a second");
}

#[test]
fn a_drain_lets_a_download_end() {
    let mut world = World::with(config(), scribe());
    let mut client = world.dial();
    client.send(&get("/down/3000000"));
    world.turn_until("the beginning", |world| world.server.handler().asked.len() == 1);
    world.server.stop();
    let answer = download(&mut world, &mut client, 3_000_200);
    assert_eq!(body(&answer).len(), 3_000_001);
}

#[test]
fn over_tls_it_is_the_same() {
    let mut world = World::with(secure(), scribe());
    let mut client = Secure::dial(&mut world, &client_config());
    client.send(&get("/down/1000000"));
    let mut answer = Vec::new();
    let end = Instant::now() + Duration::from_secs(10);
    while answer.len() < 1_000_001 && Instant::now() < end {
        world.server.turn(Some(Duration::from_millis(2))).unwrap();
        client.pump();
        answer.append(&mut client.bytes);
    }
    assert_eq!(body(&answer).len(), 1_000_001);
    assert!(body(&answer)[1..].iter().all(|byte| *byte == b'y'));
    client.send(b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
    for part in vec![b'z'; 300_000].chunks(30_000) {
        client.send(part);
        world.settle();
    }
    client.pump();
    assert!(client.bytes.starts_with(b"HTTP/1.1 201 "));
    assert_eq!(world.server.handler().uploaded.len(), 300_000);
}
