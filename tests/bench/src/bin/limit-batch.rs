//! The least that WebSocket needs, as the mark for everything else: no deadlines, no limits, no pings, no closing
//! handshake, no fragments, nobody who is slow. One thread, one poll; frames are parsed and unmasked where they
//! were read, and whoever has output gets one write at the end of the turn. Never use it for anything.
//!
//! ```text
//! limit-batch ADDRESS echo|room|chat [SEND_BUFFER_BYTES]
//! ```
//!
//! `chat` speaks enough of the chat's JSON for the bench: login, join, group and pm. With a number, the kernel's send
//! buffer of a connection is as large as that.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use karez::ws::{Header, Opcode, Policy, accept, apply_mask, encode_frame};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::net::sockopt::set_socket_send_buffer_size;
use serde::Deserialize;
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
const FIRST_UID: usize = 1001;
/// The group in which everybody is, outside the chat.
const EVERYBODY: usize = 0;
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
    gid: Option<usize>,
}

#[derive(Default)]
struct Group {
    members: Vec<usize>,
    seq: u64,
    /// What the members get in this turn.
    out: Vec<u8>,
}

struct Loop {
    mode: Mode,
    conns: Slab<Conn>,
    dirty: Vec<usize>,
    /// By gid.
    groups: Vec<Group>,
    dirty_groups: Vec<usize>,
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
    let send_buffer_bytes = arguments.next().map(|argument| argument.parse().expect("a number"));
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address)?;
    if let Some(bytes) = send_buffer_bytes {
        set_socket_send_buffer_size(&listener, bytes)?; // what is accepted inherits it
    }
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(4096);
    let mut buffer = vec![0; 256 * 1024];
    let mut it = Loop {
        mode,
        conns: Slab::new(),
        dirty: Vec::new(),
        groups: Vec::new(),
        dirty_groups: Vec::new(),
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
                Ok(0) => self.leave(key),
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
                Err(_) => self.leave(key),
            }
        }
    }

    fn leave(&mut self, key: usize) {
        drop(self.conns.try_remove(key));
        self.groups.iter_mut().for_each(|group| group.members.retain(|member| *member != key));
    }

    fn join(&mut self, key: usize, gid: usize) {
        if self.groups.len() <= gid {
            self.groups.resize_with(gid + 1, Group::default);
        }
        self.groups[gid].members.push(key);
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
        if self.mode == Mode::Room {
            self.join(key, EVERYBODY);
        }
        self.mark(key);
        head_bytes
    }

    fn message(&mut self, key: usize, text: &str) {
        match self.mode {
            Mode::Echo => self.say(key, text.as_bytes()),
            Mode::Room => self.publish(EVERYBODY, text.as_bytes()),
            Mode::Chat => self.chat(key, text),
        }
    }

    fn say(&mut self, key: usize, text: &[u8]) {
        encode_frame(&mut self.conns[key].out, Opcode::Text, text);
        self.mark(key);
    }

    fn publish(&mut self, gid: usize, text: &[u8]) {
        let group = &mut self.groups[gid];
        if group.out.is_empty() {
            self.dirty_groups.push(gid);
        }
        encode_frame(&mut group.out, Opcode::Text, text);
    }

    fn chat(&mut self, key: usize, text: &str) {
        let request: Request<'_> = serde_json::from_str(text).expect("JSON");
        let uid = FIRST_UID + key;
        let gid = request.gid.unwrap_or_default();
        let content = request.content.as_deref().unwrap_or_default();
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        // The content of the bench needs no escaping; the time is as long as a real one.
        match &*request.r#type {
            "login" => {
                let _ = write!(json, r#"{{"type":"login","uid":{uid},"name":"{uid}"}}"#);
                self.say(key, &json);
            }
            "join" => {
                self.join(key, gid);
                self.say(key, br#"{"type":"ack","id":"j"}"#);
            }
            "group" => {
                self.groups[gid].seq += 1;
                let seq = self.groups[gid].seq;
                let _ = write!(
                    json,
                    r#"{{"type":"groupPm","gid":{gid},"seq":{seq},"uid":{uid},"name":"{uid}","content":"{content}","time":1700000000123}}"#,
                );
                self.publish(gid, &json);
            }
            "pm" => {
                let to = request.uid.unwrap_or_default();
                let _ = write!(
                    json,
                    r#"{{"type":"pm","uid":{uid},"to":{to},"seq":1,"name":"{uid}","content":"{content}","time":1700000000123}}"#,
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
        match self.dirty_groups[..] {
            [] => {}
            [gid] => self.flush_group(gid),
            _ => self.share_out(),
        }
        self.dirty_groups.clear();
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

    /// Where one group has something, its members are written it from where it is.
    fn flush_group(&mut self, gid: usize) {
        let Group { members, out: said, .. } = &mut self.groups[gid];
        for key in members {
            let Some(conn) = self.conns.get_mut(*key) else { continue };
            if conn.out.is_empty() {
                write(&mut conn.stream, said, &mut conn.out);
            } else {
                self.gather.clear();
                self.gather.append(&mut conn.out);
                self.gather.extend_from_slice(said);
                write(&mut conn.stream, &self.gather, &mut conn.out);
            }
        }
        said.clear();
    }

    /// Where several have, who is in many of them gets it all in one piece.
    fn share_out(&mut self) {
        for gid in self.dirty_groups.drain(..) {
            let Group { members, out: said, .. } = &mut self.groups[gid];
            for key in members {
                let Some(conn) = self.conns.get_mut(*key) else { continue };
                conn.out.extend_from_slice(said);
                if !conn.dirty {
                    conn.dirty = true;
                    self.dirty.push(*key);
                }
            }
            said.clear();
        }
    }
}

/// Writes once; what the kernel does not take goes to `left`.
fn write(stream: &mut TcpStream, bytes: &[u8], left: &mut Vec<u8>) {
    let taken = stream.write(bytes).unwrap_or(0);
    left.extend_from_slice(&bytes[taken..]);
}
