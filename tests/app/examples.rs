//! The examples as their readers run them.

use karez::ws::Opcode;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::*;
use crate::process::*;

const ANY_PORT: &str = "127.0.0.1:0";

fn hear_json(client: &mut Client) -> Value {
    match client.hear() {
        Heard::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn broadcast_repeats_everything_to_everybody() {
    let server = Process::example("broadcast", &[ANY_PORT]);
    let address = server.address("listening");
    let mut clients = [(); 3].map(|()| Client::open(address));
    let said = [text("hello"), frame(Opcode::Binary, &[0, 255]), text("你好")];
    for (speaker, message) in said.iter().enumerate() {
        clients[speaker].send(message);
        for client in &mut clients {
            let heard = client.hear();
            let expected = [
                Heard::Text("hello".to_owned()),
                Heard::Other(Opcode::Binary, vec![0, 255]),
                Heard::Text("你好".to_owned()),
            ];
            assert_eq!(heard, expected[speaker]);
        }
    }
    clients[2].send(&close(1000));
    assert_eq!(clients[2].hear(), Heard::Close(1000, String::new()));
    server.wait_for_line("closed: Peer(1000)");
    clients[0].say("still here");
    assert_eq!(clients[1].hear(), Heard::Text("still here".to_owned()));
    drop(clients);
    server.end();
}

#[test]
fn echo_answers_whoever_spoke() {
    let server = Process::example("echo", &["--listen", ANY_PORT]);
    let address = server.address("listening");
    let [mut one, mut other] = [(); 2].map(|()| Client::open(address));
    let large = "m".repeat(200_000);
    other.say("mine");
    one.say(&large);
    assert_eq!(one.hear(), Heard::Text(large));
    one.send(&frame(Opcode::Binary, b""));
    assert_eq!(one.hear(), Heard::Other(Opcode::Binary, Vec::new()));
    one.send(&frame(Opcode::Ping, b"p"));
    assert_eq!(one.hear(), Heard::Other(Opcode::Pong, b"p".to_vec()));
    assert_eq!(other.hear(), Heard::Text("mine".to_owned()));
    drop((one, other));
    server.end();
}

#[test]
fn port_serves_login_group_and_private_messages() {
    let server = Process::example("port", &[ANY_PORT]);
    let address = server.address("listen on");
    let [mut ann, mut bob, mut eve] = [(); 3].map(|()| Client::open(address));
    for (client, uid) in [(&mut ann, 1001), (&mut bob, 1002), (&mut eve, 1003)] {
        client.say(r#"{"type":"login","content":"login"}"#);
        assert_eq!(hear_json(client), json!({"type": "login", "uid": uid}));
    }
    let group = r#"{"type":"group","content":"login","gid":123}"#;
    ann.say(group);
    let said = |uid: u64| json!({"type": "groupPm", "gid": 123, "uid": uid, "content": "login"});
    assert_eq!(hear_json(&mut ann), said(1001));
    bob.say(group);
    assert_eq!(hear_json(&mut ann), said(1002));
    assert_eq!(hear_json(&mut bob), said(1002));
    ann.say(r#"{"type":"pm","content":"psst","uid":1002}"#);
    let private = json!({"type": "pm", "uid": 1001, "to": 1002, "content": "psst"});
    assert_eq!(hear_json(&mut ann), private);
    assert_eq!(hear_json(&mut bob), private);
    ann.say(r#"{"type":"pm","content":"psst","uid":9999}"#);
    assert_eq!(hear_json(&mut ann), json!({"type": "error", "code": "not_found"}));
    for nonsense in ["nonsense", "[]", r#"{"type":"group","content":"no gid"}"#, r#"{"type":"pm"}"#] {
        ann.say(nonsense);
        assert_eq!(hear_json(&mut ann), json!({"type": "error", "code": "bad_request"}), "{nonsense}");
    }
    eve.say(r#"{"type":"login"}"#);
    assert_eq!(hear_json(&mut eve), json!({"type": "login", "uid": 1003}), "and she heard nothing else");
}

#[test]
fn port_keeps_pieces_answers_pings_and_shakes_hands_at_the_end() {
    let server = Process::example("port", &[ANY_PORT]);
    let address = server.address("listen on");
    let mut ann = Client::dial(address);
    let login = r#"{"type":"login","content":"login"}"#;
    // Bytes that come one by one, and frames that share a segment with the handshake.
    let bytes = [upgrade("/", "").as_bytes(), &text(login)].concat();
    for byte in bytes {
        ann.send(&[byte]);
    }
    ann.expect_bytes(SWITCHED.as_bytes());
    assert_eq!(hear_json(&mut ann), json!({"type": "login", "uid": 1001}));
    let mut bob = Client::dial(address);
    bob.send(
        &[upgrade("/", "").as_bytes(), &text(login), &frame(Opcode::Ping, b"there?"), &text(login)].concat(),
    );
    bob.expect_bytes(SWITCHED.as_bytes());
    assert_eq!(hear_json(&mut bob), json!({"type": "login", "uid": 1002}));
    assert!([bob.hear(), bob.hear()].contains(&Heard::Other(Opcode::Pong, b"there?".to_vec())));
    let long = "長".repeat(10_000);
    let message = text(&format!(r#"{{"type":"group","gid":1,"content":"{long}"}}"#));
    let (first, second) = message.split_at(20_000);
    ann.send(first);
    ann.send(second);
    assert_eq!(hear_json(&mut ann)["content"], long);

    // A group forgets who has left, and whoever stays goes on.
    bob.say(r#"{"type":"group","gid":1,"content":"hi"}"#);
    assert_eq!(hear_json(&mut bob)["content"], "hi");
    assert_eq!(hear_json(&mut ann)["content"], "hi");
    bob.send(&close(1000));
    assert_eq!(bob.hear(), Heard::Close(1000, String::new()));
    bob.expect_end();
    drop(bob);
    server.wait_for_line("1002 close");
    ann.say(r#"{"type":"group","gid":1,"content":"alone"}"#);
    assert_eq!(hear_json(&mut ann)["content"], "alone");

    let mut rude = Client::open(address);
    rude.send(&[0x81, 0x02, b'h', b'i']);
    assert!(matches!(rude.hear(), Heard::Close(1002, _)), "an unmasked frame");
    let mut binary = Client::open(address);
    binary.send(&frame(Opcode::Binary, b"x"));
    assert!(matches!(binary.hear(), Heard::Close(1003, _)));
    let mut browser = Client::dial(address);
    browser.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    browser.expect_bytes(b"HTTP/1.1 4");
    ann.send(&frame(Opcode::Ping, b""));
    assert_eq!(ann.hear(), Heard::Other(Opcode::Pong, Vec::new()));
    server.signal(Signal::TERM);
    server.wait();
}
