//! What the tests share: an [`Event`] that owns its content, a reader, and frames a peer may send.

use karez::ws::{Decoder, Event, Header, Inflater, Opcode, Role, Settings, Violation, apply_mask};

/// The masking key of RFC 6455, 5.7.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    EmptyFragment,
}

impl From<Event<'_>> for Said {
    fn from(event: Event<'_>) -> Said {
        match event {
            Event::Text(text) => Said::Text(text.to_owned()),
            Event::Binary(bytes) => Said::Binary(bytes.to_vec()),
            Event::Ping(payload) => Said::Ping(payload.to_vec()),
            Event::Pong(payload) => Said::Pong(payload.to_vec()),
            Event::Close(close) => Said::Close(close.map(|close| (close.code, close.reason.to_owned()))),
            Event::EmptyFragment => Said::EmptyFragment,
        }
    }
}

pub fn text(text: &str) -> Said {
    Said::Text(text.to_owned())
}

/// One connection's receiving side.
pub struct Receiver {
    pub settings: Settings,
    pub deflate: bool,
    pub decoder: Decoder,
    pub inflater: Inflater,
    pub said: Vec<Said>,
}

impl Receiver {
    pub fn new(role: Role, message_bytes_max: usize) -> Receiver {
        Receiver {
            settings: Settings { role, message_bytes_max },
            deflate: false,
            decoder: Decoder::new(),
            inflater: Inflater::new(),
            said: Vec::new(),
        }
    }

    pub fn with_deflate(mut self) -> Receiver {
        self.deflate = true;
        self
    }

    /// Reads one piece to its end, as the contract of [`Decoder::decode`] asks.
    pub fn read(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let mut input = piece.to_vec();
        let mut done = 0;
        loop {
            let step =
                self.decoder.decode(&self.settings, self.deflate, &mut self.inflater, &mut input[done..])?;
            done += step.consumed;
            match step.event {
                Some(event) => self.said.push(event.into()),
                None if done == piece.len() => return Ok(()),
                None => {}
            }
        }
    }
}

/// What a server or a client (with deflate, if so) makes of these bytes in one piece.
pub fn receive(role: Role, deflate: bool, bytes: &[u8]) -> (Vec<Said>, Option<Violation>) {
    let mut receiver = Receiver::new(role, 1 << 20);
    receiver.deflate = deflate;
    let violation = receiver.read(bytes).err();
    (receiver.said, violation)
}

/// A frame by a client, with any first byte.
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(first, payload, Some(KEY))
}

/// A frame by a server, with any first byte.
pub fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(first, payload, None)
}

fn raw_frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::new();
    let length = payload.len() as u64;
    Header { fin: true, rsv1: false, opcode: Opcode::Binary, mask, length }.encode(&mut out);
    out[0] = first;
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = mask {
        apply_mask(&mut out[start..], key, 0);
    }
    out
}

/// Bytes that do not compress, always the same.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(step).take(bytes).collect()
}
