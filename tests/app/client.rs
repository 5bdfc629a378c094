//! A client that speaks in bytes, over a socket that blocks or does not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use karez::ws::{self, Opcode};

pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The whole answer to [`upgrade`].
pub const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// One frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    Close(u16, String),
    Other(Opcode, Vec<u8>),
}

pub struct Client<S = TcpStream> {
    pub stream: S,
    /// What has been received and not been looked at.
    pub bytes: Vec<u8>,
    pub ended: bool,
}

/// How long a client that blocks waits for a byte.
const PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    /// A client that waits for what it reads; it has sent nothing.
    pub fn dial(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::new(stream)
    }

    /// A client that waits, with its opening handshake done.
    pub fn open(address: SocketAddr) -> Client {
        let mut client = Client::dial(address);
        client.send(upgrade("/", "").as_bytes());
        client.expect_bytes(SWITCHED.as_bytes());
        client
    }
}

impl<S: Read + Write> Client<S> {
    pub fn new(stream: S) -> Client<S> {
        Client { stream, bytes: Vec::new(), ended: false }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a text message.
    pub fn say(&mut self, message: &str) {
        self.send(&text(message));
    }

    /// Reads once. False: nothing is there now, or it has ended.
    pub fn pull(&mut self) -> bool {
        let mut buffer = [0; 65536];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(count) => {
                self.bytes.extend_from_slice(&buffer[..count]);
                return true;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.ended = true,
            Err(error) => panic!("{error}"),
        }
        false
    }

    /// Takes the next whole frame from what was received.
    pub fn take_frame(&mut self) -> Option<Heard> {
        let (header, head_bytes) = ws::Header::decode(&self.bytes).unwrap()?;
        let end = head_bytes + header.length as usize;
        let frame = self.bytes.get(..end)?.to_vec();
        self.bytes.drain(..end);
        let payload = &frame[head_bytes..];
        assert!(header.fin && header.mask.is_none(), "no fragments, no masks: {header:?}");
        let words = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Some(match (header.opcode, payload) {
            (Opcode::Text, payload) => Heard::Text(words(payload)),
            (Opcode::Close, [high, low, reason @ ..]) => {
                Heard::Close(u16::from_be_bytes([*high, *low]), words(reason))
            }
            (opcode, payload) => Heard::Other(opcode, payload.to_vec()),
        })
    }

    /// Waits for the next frame.
    #[track_caller]
    pub fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.take_frame() {
                return heard;
            }
            assert!(self.pull(), "no frame came; ended: {}, rest: {:?}", self.ended, self.bytes);
        }
    }

    /// Waits for a text message, and hides what differs from run to run.
    #[track_caller]
    pub fn hear_text(&mut self) -> String {
        match self.hear() {
            Heard::Text(text) => masked(&text),
            other => panic!("no text: {other:?}"),
        }
    }

    /// Waits until exactly these bytes have come.
    #[track_caller]
    pub fn expect_bytes(&mut self, expected: &[u8]) {
        while self.bytes.len() < expected.len() && self.pull() {}
        let end = expected.len().min(self.bytes.len());
        assert_eq!(shown(&self.bytes[..end]), shown(expected));
        self.bytes.drain(..end);
    }

    /// Waits for the end of the stream, before which nothing more comes.
    #[track_caller]
    pub fn expect_end(&mut self) {
        while self.pull() {}
        assert!(self.ended, "it goes on");
        assert_eq!(shown(&self.bytes), "");
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The request of an opening handshake.
pub fn upgrade(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
}

/// A masked frame, as a client sends it.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ws::encode_masked(&mut out, opcode, payload, [0x37, 0xfa, 0x21, 0x3d]);
    out
}

pub fn text(payload: &str) -> Vec<u8> {
    frame(Opcode::Text, payload.as_bytes())
}

/// A client's Close frame without a reason.
pub fn close(code: u16) -> Vec<u8> {
    frame(Opcode::Close, &code.to_be_bytes())
}

/// The message with its time, pauses, token and epoch hidden: they differ from run to run.
pub fn masked(message: &str) -> String {
    let mut message = message.to_owned();
    for (field, ends) in [("time", ",}"), ("retry", ",}"), ("token", ",}"), ("epoch", ",}")] {
        let name = format!("\"{field}\":");
        if let Some(at) = message.find(&name) {
            let start = at + name.len();
            let length = message[start..].find(|c| ends.contains(c)).unwrap();
            message.replace_range(start..start + length, "_");
        }
    }
    message
}

/// A field of a message as it stands there.
#[track_caller]
pub fn field(message: &str, name: &str) -> serde_json::Value {
    let object: serde_json::Value = serde_json::from_str(message).unwrap();
    object.get(name).unwrap_or_else(|| panic!("no {name} in {message}")).clone()
}
