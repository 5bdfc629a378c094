//! HTTP on the same port.

use std::net::Shutdown;

use karez::net::{Config, Listen};

use crate::world::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

fn body_of(response: &str) -> &str {
    response.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn requests_in_one_segment_are_answered_in_order_on_one_connection() {
    let mut world = World::new(config());
    let mut client = world.dial();
    let post = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    client.send(format!("{GET}{post}{GET}").as_bytes());
    world.settle();
    let responses = client.take_text();
    let bodies: Vec<&str> = responses.split("HTTP/1.1 200 OK\r\n").skip(1).map(body_of).collect();
    assert_eq!(bodies, ["/a 0\n", "/b 5\n", "/a 0\n"]);
    assert!(!client.ended);
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(GET.replace("GET", "HEAD").as_bytes());
    world.settle();
    let response = client.take_text();
    assert!(response.contains("content-length: 5\r\n"), "{response}");
    assert_eq!(body_of(&response), "");
}

#[test]
fn a_response_may_come_in_a_later_turn_and_the_next_request_waits_for_it() {
    let mut world = World::with(config(), Scribe { answers_late: true, ..Scribe::default() });
    let mut client = world.dial();
    client.send(format!("{GET}{GET}").as_bytes());
    world.settle();
    assert_eq!(world.log(), ["request GET /a"]);
    assert_eq!(client.take_text(), "");
    let mut other = world.open();
    other.send(&text("respond"));
    world.settle();
    assert_eq!(body_of(&client.take_text()), "late\n");
    assert_eq!(world.log().iter().filter(|line| *line == "request GET /a").count(), 2);
    other.send(&text("respond"));
    world.settle();
    assert_eq!(body_of(&client.take_text()), "late\n");
}

#[test]
fn a_client_that_half_closes_gets_its_responses() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(format!("{GET}{GET}").as_bytes());
    client.stream.shutdown(Shutdown::Write).unwrap();
    world.settle();
    assert_eq!(client.take_text().matches("HTTP/1.1 200 OK").count(), 2);
    assert!(client.ended);
    assert_eq!(world.server.connections(), 0);
}

#[test]
fn connection_close_and_http_1_0_end_the_connection() {
    for request in [GET.replace("Host: h", "Host: h\r\nConnection: close"), GET.replace("1.1", "1.0")] {
        let mut world = World::new(config());
        let mut client = world.dial();
        client.send(request.as_bytes());
        world.settle();
        assert!(client.take_text().starts_with("HTTP/1.1 200 OK"));
        assert!(client.ended);
    }
}

#[test]
fn expect_continue_is_answered_before_the_body() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(b"POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    world.settle();
    assert_eq!(client.take_text(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"hi");
    world.settle();
    assert_eq!(body_of(&client.take_text()), "/b 2\n");
}

#[test]
fn a_body_over_the_limit_is_refused_from_its_length() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n");
    world.settle();
    assert!(client.take_text().starts_with("HTTP/1.1 413 "));
    assert!(client.ended);
}

#[test]
fn a_side_entrance_takes_requests_and_upgrades_nobody() {
    let side = vec!["127.0.0.1:0".parse().unwrap()];
    let mut world = World::new(Config { side, ..config() });
    let Some(Listen::Tcp(address)) = world.server.side_addresses().next().cloned() else { panic!("none") };
    assert_ne!(address, world.address);
    let mut client = World::dial_at(address);
    client.send(upgrade("").as_bytes());
    world.settle();
    let answer = client.take_text();
    assert!(answer.starts_with("HTTP/1.1 200 ") && client.ended, "a request like any other: {answer}");
    assert_eq!(world.log(), ["by the side, near: true", "request GET /chat"]);
    world.open();
    assert_eq!(world.log().last().unwrap(), "connect 0", "the main entrance is as ever");
}
