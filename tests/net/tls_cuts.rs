//! Every cut: however what a client sends over TLS is cut into segments, the same comes of it.

use std::io::Write;
use std::time::Duration;

use karez::ws::Opcode;
use rustls::version;

use crate::secure::*;
use crate::world::*;

/// Plays a connection: the first flight is cut at one place, or the second is, and each part is read in a turn of its
/// own. Tells how long the flights were.
fn play(world: &mut World, cuts: (Option<usize>, Option<usize>)) -> (usize, usize) {
    let config = client_config();
    let mut client = Secure::dial(world, &config);
    let hello = client.flight();
    send_cut(world, &mut client, &hello, cuts.0);
    let mut buffer = [0; 16384];
    let count = std::io::Read::read(&mut client.stream, &mut buffer).unwrap();
    client.take_records(&buffer[..count]);
    // What ends the handshake, and all that the client has to say, in one go.
    for bytes in [upgrade("").into_bytes(), text("one"), text("two"), masked(Opcode::Close, &[0x03, 0xe8])] {
        client.session.writer().write_all(&bytes).unwrap();
    }
    client.session.send_close_notify();
    let rest = client.flight();
    send_cut(world, &mut client, &rest, cuts.1);
    client.pump();
    let answer = std::mem::take(&mut client.bytes);
    let frames = [frame(Opcode::Text, b"one"), frame(Opcode::Text, b"two"), close_frame(1000, "")].concat();
    assert!(answer.ends_with(&frames), "{cuts:?}: {:?}", String::from_utf8_lossy(&answer));
    (hello.len(), rest.len())
}

fn send_cut(world: &mut World, client: &mut Secure, bytes: &[u8], cut: Option<usize>) {
    let (first, second) = bytes.split_at(cut.unwrap_or(0));
    for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
        client.stream.write_all(part).unwrap();
        // The kernel has it as soon as it is written; a turn accepts or reads, the next one reads or answers.
        for _ in 0..4 {
            world.server.turn(Some(Duration::ZERO)).unwrap();
        }
    }
}

#[test]
fn every_cut_gives_the_same_events() {
    let mut world = World::new(secure());
    let (first, second) = play(&mut world, (None, None));
    let cuts = (1..first).map(|cut| (Some(cut), None)).chain((1..second).map(|cut| (None, Some(cut))));
    let mut played = 1;
    for cuts in cuts {
        play(&mut world, cuts);
        played += 1;
    }
    world.turn_until("all are told of", |world| world.log().len() == 4 * played);
    for number in 0..played {
        let of_it = |line: &&String| line.split(' ').nth(1) == Some(&number.to_string());
        let lines: Vec<String> =
            world.log().iter().filter(of_it).map(|line| line.replace(&format!(" {number}"), "")).collect();
        assert_eq!(lines, ["connect", "message one", "message two", "close Peer(1000)"], "{number}");
    }
}

#[test]
fn one_byte_at_a_time_is_a_connection_too() {
    let mut world = World::new(secure());
    let mut client = Secure::dial(&mut world, &client_config());
    let mut has_asked = false;
    for _ in 0..20_000 {
        for byte in client.flight() {
            client.stream.write_all(&[byte]).unwrap();
            world.server.turn(Some(Duration::ZERO)).unwrap();
        }
        world.server.turn(Some(Duration::from_millis(1))).unwrap();
        client.pump();
        if !client.session.is_handshaking() && !std::mem::replace(&mut has_asked, true) {
            client.session.writer().write_all(b"GET /slowly HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        }
        if !client.bytes.is_empty() {
            break;
        }
    }
    assert!(client.take_text().ends_with("/slowly 0\n"));
}

#[test]
fn whatever_comes_costs_nobody_else_anything() {
    let mut world = World::new(secure());
    let mut witness = world.open_secure();
    // A generator that is known by its constants (PCG), so that a failure can be repeated.
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let versions = [&version::TLS13, &version::TLS12];
    let configs = versions.map(|version| trusting(ONE.0, version));
    for round in 0..1_000 {
        let mut client = Secure::dial(&mut world, &configs[round % 2]);
        for flight in 0..3 {
            let mut bytes = client.flight();
            if bytes.is_empty() {
                break;
            }
            // Most flights arrive as they are, or nothing would ever come so far as the last one.
            if random(3) == 0 {
                for _ in 0..=random(4) {
                    let at = random(bytes.len());
                    match random(4) {
                        0 => bytes[at] ^= 1 << random(8),
                        1 => bytes[at] = random(256) as u8,
                        2 => bytes.truncate(at + 1),
                        _ => bytes.extend_from_within(at..),
                    }
                }
            }
            let cut = random(bytes.len());
            send_cut(&mut world, &mut client, &bytes, Some(cut));
            client.pump();
            if flight == 1 && !client.session.is_handshaking() {
                client.session.writer().write_all(upgrade("").as_bytes()).unwrap();
            }
        }
    }
    witness.send(&text("hello"));
    world.settle();
    assert_eq!(witness.take(), frame(Opcode::Text, b"hello"));
    world.turn_until("all are freed", |world| world.server.connections() == 1);
    assert_eq!(world.server.counters().queued_bytes, 0);
}
