//! What the tests of the loop share: a server that is turned by hand, a handler that writes down what it is
//! told, and clients that speak in bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use karez::http::{Request, Response};
use karez::net::{
    Adjustment, Asker, Body, BodyPlan, CloseReason, Config, ConnId, Ending, Entrance, Handler, LastWords,
    Listen, Message, Outbox, Server, Signals, TopicId,
};
use karez::ws::{self, Opcode};

pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
pub const ALL: TopicId = TopicId(0);

/// Obeys simple commands, and writes down everything it is told.
#[derive(Default)]
pub struct Scribe {
    pub log: Vec<String>,
    pub conns: Vec<ConnId>,
    /// Answer requests at once (else by the command `respond` of a client, in a later turn).
    pub answers_late: bool,
    pub unanswered: Vec<ConnId>,
    pub turn_ends: u64,
    /// What has come of bodies that are handed over in pieces: of requests for `/up`.
    pub uploaded: Vec<u8>,
    /// How large the largest piece was.
    pub piece_bytes_max: usize,
    /// What such a body is answered as soon as its head has come, or its first piece.
    pub refuses_heads: bool,
    pub refuses_pieces: bool,
    /// So large are the pieces of answers that follow: of requests for `/down/BYTES`.
    pub pieces_of: usize,
    /// Connections that were asked for the next piece of an answer, in order.
    pub asked: Vec<ConnId>,
    /// The answer is given up when so many pieces are given.
    pub aborts_after: Option<usize>,
    /// To be ordered at the end of the turn.
    pub adjustment: Option<Adjustment>,
}

impl Handler for Scribe {
    fn on_address(&mut self, _conn: ConnId, address: IpAddr) {
        self.log.push(format!("from {address}"));
    }

    fn on_connect(&mut self, _out: &mut Outbox, conn: ConnId) {
        self.log.push(format!("connect {}", self.conns.len()));
        self.conns.push(conn);
    }

    fn on_message(&mut self, out: &mut Outbox, conn: ConnId, message: Message<'_>) {
        let Message::Text(text) = message else {
            let back = out.message(message);
            out.send(conn, back);
            return;
        };
        self.log.push(format!("message {} {}", self.index(conn), text.chars().take(20).collect::<String>()));
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "join" => out.subscribe(conn, ALL),
            "leave" => out.unsubscribe(conn, ALL),
            "all" => {
                let payload = out.text(|bytes| bytes.extend_from_slice(rest.as_bytes()));
                out.publish(ALL, payload);
            }
            "topic" => {
                let (number, rest) = rest.split_once(' ').unwrap();
                let payload = out.text(|bytes| bytes.extend_from_slice(rest.as_bytes()));
                out.publish(TopicId(number.parse().unwrap()), payload);
            }
            "enter" => out.subscribe(conn, TopicId(rest.parse().unwrap())),
            "fill" => {
                let payload = out.text(|bytes| bytes.resize(rest.parse().unwrap(), b'x'));
                out.send(conn, payload);
            }
            "mark" => out.mark(conn, rest.parse().unwrap()),
            "close" => out.close(conn, 4000, rest),
            "wake" => out.wake_at(out.now().mono.plus_ms(rest.parse().unwrap()), 77),
            "stop" => out.stop(),
            "respond" => {
                for waiting in self.unanswered.drain(..) {
                    out.respond(waiting, Response::text(200, "late\n"));
                }
            }
            "quiet" => {}
            _ => {
                let back = out.message(message);
                out.send(conn, back);
            }
        }
    }

    fn on_close(&mut self, _out: &mut Outbox, conn: ConnId, reason: CloseReason) {
        self.log.push(format!("close {} {reason:?}", self.index(conn)));
    }

    fn on_request(&mut self, out: &mut Outbox, asker: Asker, request: &Request<'_>) {
        let conn = asker.conn;
        if asker.entrance == Entrance::Side {
            self.log.push(format!("by the side, near: {}", asker.is_near));
        }
        self.log.push(format!("request {} {}", request.method, request.target));
        if let Some(bytes) = request.target.strip_prefix("/down/") {
            let response = Response::text(200, "x").followed_by(bytes.parse().unwrap());
            return out.respond(conn, response);
        }
        if self.answers_late {
            self.unanswered.push(conn);
        } else {
            out.respond(conn, Response::text(200, format!("{} {}\n", request.target, request.body.len())));
        }
    }

    fn on_head(&mut self, out: &mut Outbox, asker: Asker, head: &Request<'_>) -> BodyPlan {
        if head.path() != "/up" {
            return BodyPlan::Whole;
        }
        self.log.push(format!("head {} {}", head.method, head.body.len()));
        if self.refuses_heads {
            out.respond(asker.conn, Response::text(507, "full\n"));
        }
        BodyPlan::Pieces { bytes_max: 1 << 20 }
    }

    fn on_body(&mut self, out: &mut Outbox, conn: ConnId, body: Body<'_>) {
        match body {
            Body::Piece(piece) => {
                self.uploaded.extend_from_slice(piece);
                self.piece_bytes_max = self.piece_bytes_max.max(piece.len());
                if self.refuses_pieces {
                    out.respond(conn, Response::text(507, "full\n"));
                }
            }
            Body::End => {
                self.log.push(format!("end {}", self.uploaded.len()));
                match self.answers_late {
                    true => self.unanswered.push(conn),
                    false => out.respond(conn, Response::text(201, "made\n")),
                }
            }
            Body::Lost => self.log.push(format!("lost {}", self.uploaded.len())),
        }
    }

    fn on_room(&mut self, out: &mut Outbox, conn: ConnId) {
        self.asked.push(conn);
        if self.aborts_after.is_some_and(|count| self.asked.len() > count) {
            return out.abort(conn);
        }
        out.piece(conn, |bytes| bytes.resize(bytes.len() + self.pieces_of, b'y'));
    }

    fn on_answered(&mut self, _out: &mut Outbox, _conn: ConnId) {
        self.log.push("answered".to_owned());
    }

    fn on_deadline(&mut self, _out: &mut Outbox, token: u64) {
        self.log.push(format!("deadline {token}"));
    }

    fn on_turn_end(&mut self, out: &mut Outbox) {
        self.turn_ends += 1;
        if let Some(adjustment) = self.adjustment.take() {
            out.adjust(adjustment);
        }
    }

    fn on_flushed(&mut self, _out: &mut Outbox, conn: ConnId, mark: u64) {
        self.log.push(format!("flushed {} {mark}", self.index(conn)));
    }

    fn on_drain(&mut self, _out: &mut Outbox) {
        self.log.push("drain".to_owned());
    }

    fn last_words(&mut self, _conn: ConnId, ending: Ending) -> LastWords {
        let code = if ending == Ending::Drain { 1001 } else { 4101 };
        LastWords { text: "bye".to_owned(), code, reason: "last" }
    }
}

impl Scribe {
    fn index(&self, conn: ConnId) -> usize {
        self.conns.iter().position(|known| *known == conn).unwrap()
    }
}

pub struct World {
    pub server: Server<Scribe>,
    pub address: SocketAddr,
}

/// A configuration on a port of the kernel's choice, without signals.
pub fn config() -> Config {
    Config { signals: Signals::Ignored, ..Config::new("127.0.0.1:0".parse().unwrap()) }
}

impl World {
    pub fn new(config: Config) -> World {
        World::with(config, Scribe::default())
    }

    pub fn with(config: Config, scribe: Scribe) -> World {
        let server = Server::bind(config, scribe).unwrap();
        let Some(Listen::Tcp(address)) = server.addresses().next().cloned() else { panic!("no TCP address") };
        World { server, address }
    }

    pub fn log(&self) -> &[String] {
        &self.server.handler().log
    }

    /// Turns until nothing has happened for a moment.
    pub fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            let before = (*self.server.counters(), self.log().len(), self.server.connections());
            self.server.turn(Some(Duration::from_millis(2))).unwrap();
            let mut after = (*self.server.counters(), self.log().len(), self.server.connections());
            // That there was a turn, and how long it took, is nothing that happened.
            (after.0.turns_total, after.0.turns) = (before.0.turns_total, before.0.turns);
            after.0.longest_turn_us = before.0.longest_turn_us;
            after.0.recent_turns = before.0.recent_turns;
            quiet = if before == after { quiet + 1 } else { 0 };
        }
    }

    /// Turns until the condition holds; fails after ten seconds.
    pub fn turn_until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds(self) {
            assert!(Instant::now() < end, "never came: {what}; log: {:?}", self.log());
            self.server.turn(Some(Duration::from_millis(20))).unwrap();
        }
    }

    /// A client whose TCP connection stands; it has sent nothing.
    pub fn dial(&mut self) -> Client {
        World::dial_at(self.address)
    }

    pub fn dial_at(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, bytes: Vec::new(), ended: false }
    }

    /// A client whose opening handshake is done.
    pub fn open(&mut self) -> Client {
        self.open_with("")
    }

    pub fn open_with(&mut self, headers: &str) -> Client {
        let mut client = self.dial();
        client.send(upgrade(headers).as_bytes());
        self.settle();
        client.read();
        let end = client.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a response") + 4;
        assert!(client.bytes.starts_with(b"HTTP/1.1 101 "), "{:?}", String::from_utf8_lossy(&client.bytes));
        client.bytes.drain(..end);
        client
    }
}

pub fn upgrade(headers: &str) -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
}

/// A masked frame, as a client sends it.
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ws::encode_masked(&mut out, opcode, payload, [0x37, 0xfa, 0x21, 0x3d]);
    out
}

pub fn text(payload: &str) -> Vec<u8> {
    masked(Opcode::Text, payload.as_bytes())
}

/// An unmasked frame, as a server sends it.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ws::encode_frame(&mut out, opcode, payload);
    out
}

pub fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    let mut out = Vec::new();
    ws::encode_close(&mut out, code, reason);
    out
}

pub struct Client {
    pub stream: TcpStream,
    /// What has been received and not been looked at.
    pub bytes: Vec<u8>,
    pub ended: bool,
}

impl Client {
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Reads what is there.
    pub fn read(&mut self) {
        let mut buffer = [0; 65536];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    return;
                }
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    self.ended = true;
                    return;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What has been received since the last call, all of it.
    pub fn take(&mut self) -> Vec<u8> {
        self.read();
        std::mem::take(&mut self.bytes)
    }

    pub fn take_text(&mut self) -> String {
        String::from_utf8(self.take()).unwrap()
    }

    /// The payloads of the whole text frames received since the last call.
    pub fn texts(&mut self) -> Vec<String> {
        self.read();
        let mut decoder = ws::Decoder::new();
        let mut inflater = ws::Inflater::new();
        let settings = ws::Settings { role: ws::Role::Client, message_bytes_max: 1 << 30 };
        let mut texts = Vec::new();
        let mut at = 0;
        while at < self.bytes.len() {
            let step = decoder.decode(&settings, true, &mut inflater, &mut self.bytes[at..]).unwrap();
            at += step.consumed;
            if let Some(ws::Event::Text(text)) = step.event {
                texts.push(text.to_owned());
            }
        }
        assert!(decoder.decode(&settings, true, &mut inflater, &mut []).unwrap().event.is_none());
        assert!(decoder.is_idle(), "half a frame was received");
        self.bytes.clear();
        texts
    }
}
