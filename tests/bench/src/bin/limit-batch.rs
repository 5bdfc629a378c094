//! The least that WebSocket needs, as the mark for everything else: no deadlines, no limits, no pings, no closing
//! handshake, no fragments, nobody who is slow. One thread, one poll; frames are parsed and unmasked where they
//! were read, and whoever has output gets one write at the end of the turn. Never use it for anything.
//!
//! ```text
//! limit-batch ADDRESS echo|room|chat
//! ```
//!
//! `chat` speaks enough of the chat's JSON for the bench: login, join of one group, group and pm.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use karez::ws::{Header, Opcode, Policy, accept, apply_mask, encode_frame};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde::Deserialize;
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
const FIRST_UID: usize = 1001;
const POLICY: Policy<'_> = Policy { subprotocols: &[], deflate: false, origins: &[], loopback: true };

struct Conn {
    stream: TcpStream,
    upgraded: bool,
    /// The beginning of a frame or request that is not whole.
    tail: Vec<u8>,
    out: Vec<u8>,
    dirty: bool,
}

/// What is done with a message.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Echo,
    Room,
    Chat,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    uid: Option<usize>,
}

struct Loop {
    mode: Mode,
    conns: Slab<Conn>,
    dirty: Vec<usize>,
    /// What everybody gets in this turn.
    room: Vec<u8>,
    seq: u64,
    json: Vec<u8>,
    gather: Vec<u8>,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().expect("an address").parse().expect("an address");
    let mode = match arguments.next().as_deref() {
        Some("echo") => Mode::Echo,
        Some("room") => Mode::Room,
        Some("chat") => Mode::Chat,
        _ => panic!("echo, room or chat"),
    };
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(4096);
    let mut buffer = vec![0; 256 * 1024];
    let mut it = Loop {
        mode,
        conns: Slab::new(),
        dirty: Vec::new(),
        room: Vec::new(),
        seq: 0,
        json: Vec::new(),
        gather: Vec::new(),
    };
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue, // strace attaches
            result => result?,
        }
        for event in &events {
            match event.token() {
                LISTENER => it.accept(&listener, &poll)?,
                Token(key) => {
                    if event.is_writable() {
                        it.mark(key);
                    }
                    if event.is_readable() {
                        it.read(key, &mut buffer);
                    }
                }
            }
        }
        it.flush();
    }
}

impl Loop {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.set_nodelay(true)?;
            let entry = self.conns.vacant_entry();
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(entry.key()), both)?;
            entry.insert(Conn { stream, upgraded: false, tail: Vec::new(), out: Vec::new(), dirty: false });
        }
        Ok(())
    }

    fn mark(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key)
            && !conn.dirty
        {
            conn.dirty = true;
            self.dirty.push(key);
        }
    }

    fn read(&mut self, key: usize, buffer: &mut [u8]) {
        loop {
            let Some(conn) = self.conns.get_mut(key) else { return };
            match conn.stream.read(buffer) {
                Ok(0) => drop(self.conns.try_remove(key)),
                Ok(count) => {
                    let drained = count < buffer.len();
                    if conn.tail.is_empty() && conn.upgraded {
                        let rest = self.frames(key, &mut buffer[..count]);
                        self.conns[key].tail.extend_from_slice(&buffer[rest..count]);
                    } else {
                        let mut tail = std::mem::take(&mut conn.tail);
                        tail.extend_from_slice(&buffer[..count]);
                        let rest = self.frames(key, &mut tail);
                        tail.drain(..rest);
                        self.conns[key].tail = tail;
                    }
                    if drained {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => drop(self.conns.try_remove(key)),
            }
        }
    }

    /// Takes what is whole; returns how many bytes that was.
    fn frames(&mut self, key: usize, bytes: &mut [u8]) -> usize {
        let mut at = if self.conns[key].upgraded { 0 } else { self.handshake(key, bytes) };
        while let Ok(Some((header, header_bytes))) = Header::decode(&bytes[at..]) {
            let begin = at + header_bytes;
            let end = begin + header.length as usize;
            if end > bytes.len() {
                break;
            }
            let payload = &mut bytes[begin..end];
            apply_mask(payload, header.mask.unwrap_or_default(), 0);
            at = end;
            if header.opcode == Opcode::Text {
                self.message(key, std::str::from_utf8(payload).expect("UTF-8"));
            }
        }
        at
    }

    fn handshake(&mut self, key: usize, bytes: &[u8]) -> usize {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(head_bytes)) = request.parse(bytes) else { return 0 };
        let accepted = accept("GET", 1, request.headers, &POLICY).expect("a handshake");
        accepted.encode(&mut self.conns[key].out);
        self.conns[key].upgraded = true;
        self.mark(key);
        head_bytes
    }

    fn message(&mut self, key: usize, text: &str) {
        match self.mode {
            Mode::Echo => self.say(key, text.as_bytes()),
            Mode::Room => encode_frame(&mut self.room, Opcode::Text, text.as_bytes()),
            Mode::Chat => self.chat(key, text),
        }
    }

    fn say(&mut self, key: usize, text: &[u8]) {
        encode_frame(&mut self.conns[key].out, Opcode::Text, text);
        self.mark(key);
    }

    fn chat(&mut self, key: usize, text: &str) {
        let request: Request<'_> = serde_json::from_str(text).expect("JSON");
        let uid = FIRST_UID + key;
        let content = request.content.as_deref().unwrap_or_default();
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        // The content of the bench needs no escaping; the time is as long as a real one.
        match &*request.r#type {
            "login" => {
                let _ = write!(json, r#"{{"type":"login","uid":{uid},"name":"{uid}"}}"#);
                self.say(key, &json);
            }
            "join" => self.say(key, br#"{"type":"ack","id":"j"}"#),
            "group" => {
                self.seq += 1;
                let _ = write!(
                    json,
                    r#"{{"type":"groupPm","gid":1,"seq":{},"uid":{uid},"name":"{uid}","content":"{content}","time":1700000000123}}"#,
                    self.seq
                );
                encode_frame(&mut self.room, Opcode::Text, &json);
            }
            "pm" => {
                self.seq += 1;
                let to = request.uid.unwrap_or_default();
                let _ = write!(
                    json,
                    r#"{{"type":"pm","uid":{uid},"to":{to},"seq":{},"name":"{uid}","content":"{content}","time":1700000000123}}"#,
                    self.seq
                );
                self.say(key, &json);
                self.say(to - FIRST_UID, &json);
            }
            other => panic!("{other}"),
        }
        self.json = json;
    }

    /// One write for everybody who gets something.
    fn flush(&mut self) {
        if !self.room.is_empty() {
            let (room, gather) = (&self.room, &mut self.gather);
            for (_, conn) in self.conns.iter_mut().filter(|(_, conn)| conn.upgraded) {
                if conn.out.is_empty() {
                    write(&mut conn.stream, room, &mut conn.out);
                } else {
                    gather.clear();
                    gather.append(&mut conn.out);
                    gather.extend_from_slice(room);
                    write(&mut conn.stream, gather, &mut conn.out);
                }
            }
            self.room.clear();
        }
        for key in self.dirty.drain(..) {
            let Some(conn) = self.conns.get_mut(key) else { continue };
            conn.dirty = false;
            if !conn.out.is_empty() {
                let mut out = std::mem::take(&mut conn.out);
                write(&mut conn.stream, &out, &mut conn.out);
                if conn.out.is_empty() {
                    out.clear();
                    conn.out = out;
                }
            }
        }
    }
}

/// Writes once; what the kernel does not take goes to `left`.
fn write(stream: &mut TcpStream, bytes: &[u8], left: &mut Vec<u8>) {
    let taken = stream.write(bytes).unwrap_or(0);
    left.extend_from_slice(&bytes[taken..]);
}
