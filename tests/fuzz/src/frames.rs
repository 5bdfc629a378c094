//! Frames after the opening handshake: `ws::Decoder` in either role, with and without compression.

use karez::ws::{Decoder, Event, Inflater, Opcode, Role, Settings, Violation, encode_frame, encode_masked};

use super::cuts::ways;

const MESSAGE_BYTES_MAX: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    EmptyFragment,
    Failed(Violation),
}

impl Seen {
    fn of(event: Event<'_>) -> Seen {
        match event {
            Event::Text(text) => Seen::Text(text.to_owned()),
            Event::Binary(bytes) => Seen::Binary(bytes.to_vec()),
            Event::Ping(payload) => Seen::Ping(payload.to_vec()),
            Event::Pong(payload) => Seen::Pong(payload.to_vec()),
            Event::Close(close) => Seen::Close(close.map(|close| (close.code, close.reason.to_owned()))),
            Event::EmptyFragment => Seen::EmptyFragment,
        }
    }

    /// Whether a connection stops reading here.
    fn is_last(&self) -> bool {
        matches!(self, Seen::Close(_) | Seen::Failed(_))
    }
}

/// One end of a connection that receives bytes.
struct Receiver {
    settings: Settings,
    deflate: bool,
    decoder: Decoder,
    inflater: Inflater,
    seen: Vec<Seen>,
}

impl Receiver {
    fn new(role: Role, deflate: bool) -> Receiver {
        let settings = Settings { role, message_bytes_max: MESSAGE_BYTES_MAX };
        Receiver { settings, deflate, decoder: Decoder::new(), inflater: Inflater::new(), seen: Vec::new() }
    }

    /// Receives a piece as the loop would: until it is consumed and says nothing more.
    fn receive(&mut self, piece: &[u8]) {
        let mut input = piece.to_vec();
        let mut done = 0;
        while !self.seen.last().is_some_and(Seen::is_last) {
            let left = input.len() - done;
            let rest = &mut input[done..];
            match self.decoder.decode(&self.settings, self.deflate, &mut self.inflater, rest) {
                Ok(step) => {
                    assert!(step.consumed <= left, "consumed more than there was");
                    assert!(step.consumed > 0 || step.event.is_none(), "an event out of nothing");
                    assert!(step.consumed > 0 || left == 0, "no step forward");
                    done += step.consumed;
                    let is_end = step.event.is_none() && step.consumed == left;
                    self.seen.extend(step.event.map(Seen::of));
                    if is_end {
                        return;
                    }
                }
                Err(violation) => self.seen.push(Seen::Failed(violation)),
            }
        }
    }
}

fn receive_in_pieces(role: Role, deflate: bool, data: &[u8], sizes: &[usize]) -> Vec<Seen> {
    let mut receiver = Receiver::new(role, deflate);
    let mut rest = data;
    for &size in sizes {
        let (piece, behind) = rest.split_at(size);
        receiver.receive(piece);
        rest = behind;
    }
    receiver.seen
}

/// Any bytes, in any pieces.
pub fn check(data: &[u8]) {
    let ways = ways(data);
    for (role, deflate) in [(Role::Server, false), (Role::Server, true), (Role::Client, true)] {
        let whole = receive_in_pieces(role, deflate, data, &ways[0]);
        for sizes in &ways[1..] {
            let seen = receive_in_pieces(role, deflate, data, sizes);
            assert_eq!(seen, whole, "{role:?}, deflate {deflate}, in pieces of {sizes:?}");
        }
        whole.iter().for_each(check_event);
        check_round_trip(role, &whole);
    }
}

/// What a handler may rely on.
fn check_event(seen: &Seen) {
    match seen {
        Seen::Text(text) => assert!(text.len() <= MESSAGE_BYTES_MAX),
        Seen::Binary(bytes) => assert!(bytes.len() <= MESSAGE_BYTES_MAX),
        Seen::Ping(payload) | Seen::Pong(payload) => assert!(payload.len() <= 125),
        Seen::Close(Some((code, reason))) => {
            assert!(reason.len() <= 123);
            assert!(matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999), "{code} is not for the wire");
        }
        Seen::Failed(violation) => assert!([1002, 1007, 1009].contains(&violation.close_code())),
        Seen::Close(None) | Seen::EmptyFragment => {}
    }
}

/// What was understood, sent again by our own encoder, is understood again.
fn check_round_trip(role: Role, seen: &[Seen]) {
    let mut bytes = Vec::new();
    let mut sent = Vec::new();
    for event in seen {
        let (opcode, payload) = match event {
            Seen::Text(text) => (Opcode::Text, text.as_bytes()),
            Seen::Binary(payload) => (Opcode::Binary, &payload[..]),
            Seen::Ping(payload) => (Opcode::Ping, &payload[..]),
            Seen::Pong(payload) => (Opcode::Pong, &payload[..]),
            Seen::Close(_) | Seen::EmptyFragment | Seen::Failed(_) => continue,
        };
        match role {
            Role::Server => encode_masked(&mut bytes, opcode, payload, [0x37, 0xfa, 0x21, 0x3d]),
            Role::Client => encode_frame(&mut bytes, opcode, payload),
        }
        sent.push(event.clone());
    }
    assert_eq!(receive_in_pieces(role, false, &bytes, &[bytes.len()]), sent);
}
