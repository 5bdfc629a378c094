//! The opening handshake over a socket.

use karez::ws::Opcode;

use crate::world::*;

#[test]
fn the_response_is_exact() {
    let mut world = World::new(config());
    let mut client = world.dial();
    client.send(upgrade("").as_bytes());
    world.settle();
    assert_eq!(
        client.take_text(),
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
        )
    );
    assert_eq!(world.log(), ["connect 0"]);
}

#[test]
fn frames_in_the_segment_of_the_request_are_answered_behind_the_response_and_in_order() {
    let mut world = World::new(config());
    let mut client = world.dial();
    let mut bytes = upgrade("").into_bytes();
    bytes.extend(text("first"));
    bytes.extend(masked(Opcode::Ping, b"p"));
    client.send(&bytes);
    world.settle();
    let received = client.take();
    let end = received.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut expected = frame(Opcode::Text, b"first");
    expected.extend(frame(Opcode::Pong, b"p"));
    assert!(received.starts_with(b"HTTP/1.1 101 "));
    assert_eq!(&received[end..], expected);
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let mut world = World::new(config());
    let mut client = world.dial();
    for byte in upgrade("").as_bytes() {
        client.send(&[*byte]);
        world.server.turn(Some(std::time::Duration::from_millis(1))).unwrap();
    }
    world.settle();
    assert!(client.take().starts_with(b"HTTP/1.1 101 "));
}

#[test]
fn refusals_are_answered_and_the_connection_ends() {
    let valid = upgrade("");
    let cases = [
        (valid.replace("Version: 13", "Version: 8"), "HTTP/1.1 426 ", "sec-websocket-version: 13"),
        (valid.replace("GET", "POST"), "HTTP/1.1 405 ", "allow: get"),
        (valid.replace(KEY, "c2hvcnQ="), "HTTP/1.1 400 ", ""),
        (valid.replace("Host: server.example\r\n", ""), "HTTP/1.1 400 ", ""),
        (valid.replace("Connection: Upgrade\r\n", ""), "HTTP/1.1 400 ", ""),
        (upgrade("Origin: https://evil.example\r\n"), "HTTP/1.1 403 ", ""),
        (upgrade("Origin: null\r\n"), "HTTP/1.1 403 ", ""),
        (upgrade("Content-Length: 5\r\n"), "HTTP/1.1 400 ", ""),
        (valid.replace("\r\n", "\n"), "HTTP/1.1 400 ", ""),
        ("\u{16}\u{3}\u{1}\0\r\n\r\n".to_owned(), "HTTP/1.1 400 ", ""),
    ];
    let mut world = World::new(config());
    for (request, status, header) in cases {
        let mut client = world.dial();
        client.send(request.as_bytes());
        world.settle();
        let response = client.take_text();
        assert!(response.starts_with(status), "{request:?} was answered {response:?}");
        assert!(response.to_ascii_lowercase().contains(header), "{response:?}");
        assert!(client.ended, "the connection goes on after {response:?}");
    }
    assert!(world.log().is_empty(), "{:?}", world.log());
    world.turn_until("all freed", |world| world.server.connections() == 0);
}

#[test]
fn a_loopback_origin_is_welcome_on_a_loopback_listener() {
    let mut world = World::new(config());
    world.open_with("Origin: http://127.0.0.1:8000\r\n");
    world.open_with("Origin: http://localhost\r\n");
}

#[test]
fn ids_are_not_reused() {
    let mut world = World::new(config());
    for _ in 0..5 {
        drop(world.open());
        world.settle();
    }
    let mut ids: Vec<_> = world.server.handler().conns.clone();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert_eq!(world.server.connections(), 0);
}
