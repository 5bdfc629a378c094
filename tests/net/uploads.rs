//! Bodies that are handed over in pieces as they come.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use karez::net::Limits;

use crate::world::*;

const BODY_BYTES: usize = 600_000;

fn head(bytes: usize) -> String {
    format!("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: {bytes}\r\n\r\n")
}

fn body() -> Vec<u8> {
    (0..BODY_BYTES).map(|at| (at * 31 % 251) as u8).collect()
}

fn quick() -> karez::net::Config {
    let limits = Limits { body_timeout_ms: 300, upload_bytes_per_second_min: 1_000, ..Limits::default() };
    karez::net::Config { limits, ..config() }
}

#[test]
fn a_body_larger_than_any_that_is_collected_comes_in_pieces() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.stream.set_nonblocking(false).unwrap();
    let (head, body) = (head(BODY_BYTES), body());
    client.send(head.as_bytes());
    for part in body.chunks(100_000) {
        client.send(part);
        world.settle();
    }
    client.stream.set_nonblocking(true).unwrap();
    world.settle();
    assert!(world.server.handler().uploaded == body, "{} bytes", world.server.handler().uploaded.len());
    let largest = world.server.handler().piece_bytes_max;
    assert!((1..=64 * 1024).contains(&largest), "{largest}");
    assert_eq!(world.log(), ["head POST 0", &format!("end {BODY_BYTES}")]);
    assert!(client.take_text().starts_with("HTTP/1.1 201 "));
    assert!(!client.ended, "the connection goes on");
    client.send(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    world.settle();
    assert!(client.take_text().ends_with("/a 0\n"));
}

#[test]
fn what_comes_in_one_segment_is_kept_apart() {
    let mut world = World::new(config());
    let mut client = world.dial();
    let next = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let chunked =
        "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    client.send(format!("{}hello{next}{chunked}{next}", head(5)).as_bytes());
    world.settle();
    assert_eq!(world.server.handler().uploaded, b"helloabcde");
    let answers = client.take_text();
    let statuses: Vec<&str> = answers.matches("HTTP/1.1 20").collect();
    assert_eq!(statuses.len(), 4, "{answers}");
    assert_eq!(
        world.log(),
        ["head POST 0", "end 5", "request GET /a", "head POST 0", "end 10", "request GET /a"]
    );
}

#[test]
fn while_an_upload_waits_for_its_answer_nothing_more_is_read() {
    let mut world = World::with(config(), Scribe { answers_late: true, ..Scribe::default() });
    let mut client = world.dial();
    client.send(format!("{}helloGET /a HTTP/1.1\r\nHost: h\r\n\r\n", head(5)).as_bytes());
    world.settle();
    assert_eq!(world.log(), ["head POST 0", "end 5"]);
    assert_eq!(client.take_text(), "");
    let mut other = world.open();
    other.send(&text("respond"));
    world.settle();
    assert!(client.take_text().contains("late\n"));
}

#[test]
fn a_head_that_is_refused_is_answered_before_the_body_is_read() {
    for expects in ["", "Expect: 100-continue\r\n"] {
        let mut world = World::with(config(), Scribe { refuses_heads: true, ..Scribe::default() });
        let mut client = world.dial();
        client.send(
            format!("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n{expects}\r\n").as_bytes(),
        );
        world.settle();
        let answer = client.take_text();
        assert!(answer.starts_with("HTTP/1.1 507 ") && answer.contains("connection: close\r\n"), "{answer}");
        // What is sent all the same is dropped, so that no reset overtakes the answer.
        client.send(&[0; 50_000]);
        world.settle();
        assert_eq!(world.log(), ["head POST 0"]);
        assert!(world.server.handler().uploaded.is_empty());
    }
}

#[test]
fn a_client_that_waits_to_be_told_is_told_to_go_on() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    world.settle();
    assert_eq!(client.take_text(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"abc");
    world.settle();
    assert!(client.take_text().starts_with("HTTP/1.1 201 "));
}

#[test]
fn a_handler_that_has_enough_answers_and_hears_no_more() {
    let mut world = World::with(config(), Scribe { refuses_pieces: true, ..Scribe::default() });
    let mut client = world.dial();
    client.send(format!("{}some", head(100_000)).as_bytes());
    world.settle();
    client.send(&[b'x'; 50_000]);
    world.settle();
    assert_eq!(world.server.handler().uploaded, b"some");
    assert_eq!(world.log(), ["head POST 0"], "it knows itself that the rest does not come");
    let answer = client.take_text();
    assert!(answer.starts_with("HTTP/1.1 507 ") && answer.contains("connection: close\r\n"), "{answer}");
}

#[test]
fn a_head_that_tells_of_more_than_there_may_be_is_refused() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(head((1 << 20) + 1).as_bytes());
    world.settle();
    assert!(client.take_text().starts_with("HTTP/1.1 413 "));
    assert_eq!(world.log(), ["head POST 0", "lost 0"]);
    // Chunks do not tell beforehand.
    let mut client = world.dial();
    client.send(b"POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n");
    client.stream.set_nonblocking(false).unwrap();
    for _ in 0..8 {
        client.send(&[b'x'; 131_000]);
        world.settle();
    }
    client.send(&vec![b'x'; (1 << 20) - 1 - 8 * 131_000]);
    client.send(b"\r\n2\r\n");
    world.settle();
    client.stream.set_nonblocking(true).unwrap();
    assert!(client.take_text().starts_with("HTTP/1.1 413 "));
    assert!(world.log().last().unwrap().starts_with("lost 10"), "{:?}", world.log());
}

#[test]
fn an_upload_that_breaks_off_is_told_once() {
    for ends in [
        |client: &mut Client| client.stream.shutdown(Shutdown::Both).unwrap(),
        |client: &mut Client| {
            client.stream.shutdown(Shutdown::Write).unwrap();
        },
    ] {
        let mut world = World::new(config());
        let mut client = world.dial();
        client.send(format!("{}half", head(100)).as_bytes());
        world.settle();
        ends(&mut client);
        world.settle();
        assert_eq!(world.log(), ["head POST 0", "lost 4"]);
        assert_eq!(world.server.connections(), 0);
    }
    // A broken chunk, and a drain.
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(b"POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd");
    world.settle();
    assert!(client.take_text().starts_with("HTTP/1.1 400 "));
    assert_eq!(world.log(), ["head POST 0", "lost 0"]);
    let mut client = world.dial();
    client.send(format!("{}half", head(100)).as_bytes());
    world.settle();
    world.server.stop();
    world.server.run().unwrap();
    assert_eq!(world.log().last().unwrap(), "lost 4");
}

#[test]
fn a_body_that_drips_is_answered_408() {
    let mut world = World::new(quick());
    let mut client = world.dial();
    client.send(head(100_000).as_bytes());
    let begun = Instant::now();
    while !client.ended && begun.elapsed() < Duration::from_secs(5) && client.bytes.is_empty() {
        let _ = std::io::Write::write(&mut client.stream, b"x");
        std::thread::sleep(Duration::from_millis(20));
        world.server.turn(Some(Duration::ZERO)).unwrap();
        client.read();
    }
    assert!(client.bytes.starts_with(b"HTTP/1.1 408 "), "{:?}", client.bytes);
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    world.turn_until("the news", |world| world.log().len() == 2);
    assert!(world.log()[1].starts_with("lost "));
}

#[test]
fn a_body_that_comes_quickly_enough_may_take_its_time() {
    let mut world = World::new(quick());
    let mut client = world.dial();
    client.send(head(2_400).as_bytes());
    // Four times the window, at twice the rate that is asked for.
    for _ in 0..24 {
        client.send(&[b'x'; 100]);
        let until = Instant::now() + Duration::from_millis(50);
        while Instant::now() < until {
            world.server.turn(Some(Duration::from_millis(10))).unwrap();
        }
    }
    world.settle();
    assert_eq!(world.log(), ["head POST 0", "end 2400"]);
    assert!(client.take_text().starts_with("HTTP/1.1 201 "));
}
