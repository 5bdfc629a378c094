//! Lesson 1: the tutorial's chat server, ported to Rust in one file, in the tutorial's order.
//!
//! ```text
//! cargo run --example port          and, in two terminals, websocat ws://127.0.0.1:8282, then line by line:
//!   {"type":"login","content":"login"}
//!   {"type":"group","content":"hi all","gid":123}
//!   {"type":"pm","content":"hi you","uid":1002}
//! ```
//!
//! What stays: one thread, one loop, and `service`, `run`, `handshaking`, `send`, `decode`, `close`, `on_...`. What is
//! new: a connection has a state, bytes are kept until a frame is whole, writes may be partial, clients that go are
//! removed. The frames come from `karez::ws`; to read that is lesson 2. A shortcut is marked `Simplified:`.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use karez::ws::{
    Decoder, Event, Inflater, Opcode, Policy, Role, Settings, Step, accept, code, encode_close, encode_frame,
};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// A client that lets so much pile up does not read. Without a cap it would take all the memory there is.
const UNSENT_BYTES_MAX: usize = 1024 * 1024;
/// A page that this machine serves may connect. (The tutorial asks nothing and lets every page of the world in.)
const POLICY: Policy<'_> = Policy { subprotocols: &[], deflate: false, origins: &[], loopback: true };
const SETTINGS: Settings = Settings { role: Role::Server, message_bytes_max: 64 * 1024 };

/// Where a connection stands. The tutorial has only the second state.
enum State {
    /// The request is not whole yet. One `recv` need not bring all of it.
    Handshaking { head: Vec<u8> },
    /// Frames go both ways. The decoder keeps the part of a frame or message that has come so far.
    Open { decoder: Decoder },
    /// Our Close is on its way; what the client still says is thrown away until it hangs up.
    /// Simplified: nobody waits at most 5 s for that, and a silent client is never pinged. See `karez::net`.
    Closing,
}

struct Client {
    stream: TcpStream,
    state: State,
    uid: u64,
    /// What the kernel has not taken yet.
    unsent: Vec<u8>,
    /// Removed at the end of the turn, so that no key of the slab changes hands while the turn uses it.
    gone: bool,
}

struct SocketService {
    poll: Poll,
    listener: TcpListener,
    clients: Slab<Client>,
    maxid: u64,
    /// Which client is which user. Simplified: a user has one connection, and an id dies with it.
    uids: HashMap<u64, usize>,
    /// The members of each group, by the gid as JSON text: `123` and `"123"` differ here.
    groups: HashMap<String, BTreeSet<usize>>,
    /// `accept` failed for want of descriptors: the listener will not report again by itself.
    accept_again: bool,
}

impl SocketService {
    fn on_connect(&mut self, key: usize) {
        println!("Client client_id:{}", self.clients[key].uid);
    }

    /// The tutorial sends every message to everybody; its exercise asks for these three kinds.
    fn on_message(&mut self, key: usize, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or_default(); // not JSON: null, an error below
        let (uid, content) = (self.clients[key].uid, message["content"].as_str());
        match (message["type"].as_str(), content) {
            // Simplified: whoever connects is somebody at once, so login only tells a client its uid.
            (Some("login"), _) => self.send(key, &json!({"type": "login", "uid": uid})),
            (Some("group"), Some(content)) if !message["gid"].is_null() => {
                let members = self.groups.entry(message["gid"].to_string()).or_default();
                members.insert(key); // speaking joins
                let line = json!({"type": "groupPm", "gid": message["gid"], "uid": uid, "content": content});
                members.clone().into_iter().for_each(|member| self.send(member, &line));
            }
            (Some("pm"), Some(content)) => match message["uid"].as_u64().and_then(|to| self.uids.get(&to)) {
                Some(&peer) => {
                    let line = json!({"type": "pm", "uid": uid, "to": message["uid"], "content": content});
                    BTreeSet::from([key, peer]).into_iter().for_each(|one| self.send(one, &line));
                }
                None => self.send(key, &json!({"type": "error", "code": "not_found"})),
            },
            _ => self.send(key, &json!({"type": "error", "code": "bad_request"})),
        }
    }

    fn on_close(&mut self, key: usize, uid: u64) {
        println!("{uid} close");
        self.uids.remove(&uid);
        self.groups.retain(|_, members| {
            members.remove(&key);
            !members.is_empty()
        });
    }

    /// `stream_socket_server`, and the poll in place of the array that `stream_select` is given.
    fn service(address: SocketAddr) -> io::Result<SocketService> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        println!("listen on {} ...", listener.local_addr()?);
        let (clients, uids, groups) = (Slab::new(), HashMap::new(), HashMap::new());
        Ok(SocketService { poll, listener, clients, maxid: 1000, uids, groups, accept_again: false })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; 64 * 1024]; // one for all clients
        let mut inflater = Inflater::new(); // asked for by the decoder; we agree on no compression
        loop {
            let timeout = self.accept_again.then_some(std::time::Duration::from_millis(100));
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error);
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept_again = true,
                    Token(key) if self.clients.contains(key) => {
                        self.flush(key);
                        self.read(key, &mut buffer, &mut inflater);
                    }
                    _ => {} // an event may outlive its client
                }
            }
            if self.accept_again {
                self.accept_all();
            }
            self.remove_gone();
        }
    }

    /// mio tells once that somebody is waiting: take all of them, until `WouldBlock`.
    fn accept_all(&mut self) {
        let error = loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let entry = self.clients.vacant_entry();
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    if self.poll.registry().register(&mut stream, Token(entry.key()), interest).is_ok() {
                        let state = State::Handshaking { head: Vec::new() };
                        entry.insert(Client { stream, state, uid: 0, unsent: Vec::new(), gone: false });
                    }
                }
                Err(error) => break error,
            }
        };
        // Not `WouldBlock`: no descriptors left, or the client has left. The tutorial drops its listener here and
        // never hears a newcomer again; we try again in 100 ms at the latest.
        self.accept_again = error.kind() != io::ErrorKind::WouldBlock;
    }

    /// mio tells once that there are bytes: read until `WouldBlock`. Simplified: somebody who never stops sending
    /// keeps all others waiting. Karez gives everybody a budget of bytes per turn.
    fn read(&mut self, key: usize, buffer: &mut [u8], inflater: &mut Inflater) {
        while !self.clients[key].gone {
            match self.clients[key].stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // 0 and nothing else means that the client has hung up. Nine bytes have nothing to do with it.
                Ok(0) | Err(_) => self.clients[key].gone = true,
                Ok(count) => self.received(key, &mut buffer[..count], inflater),
            }
        }
    }

    /// Bytes have come; what they are depends on the state.
    fn received(&mut self, key: usize, bytes: &mut [u8], inflater: &mut Inflater) {
        match &mut self.clients[key].state {
            State::Handshaking { head } => {
                head.extend_from_slice(bytes);
                // The first frames may follow the head in the same segment.
                if let Some(mut frames) = self.handshaking(key) {
                    self.decode(key, &mut frames, inflater);
                }
            }
            State::Open { .. } => self.decode(key, bytes, inflater),
            State::Closing => {}
        }
    }

    /// Answers the request when it is whole; gives back what came after it.
    fn handshaking(&mut self, key: usize) -> Option<Vec<u8>> {
        let client = &mut self.clients[key];
        let State::Handshaking { head } = &mut client.state else { return None };
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let answer = match request.parse(head) {
            Ok(httparse::Status::Partial) if head.len() < HEAD_BYTES_MAX => return None,
            Ok(httparse::Status::Complete(head_bytes)) => {
                let (method, version) = (request.method.unwrap_or(""), request.version.unwrap_or(0));
                let accepted = accept(method, version, request.headers, &POLICY);
                accepted.map(|it| (it, head_bytes)).map_err(|refusal| refusal.status())
            }
            _ => Err(400),
        };
        let frames = match answer {
            Ok((accepted, head_bytes)) => {
                accepted.encode(&mut client.unsent);
                let frames = head.split_off(head_bytes);
                self.maxid += 1;
                client.uid = self.maxid;
                client.state = State::Open { decoder: Decoder::new() };
                self.uids.insert(self.maxid, key);
                self.on_connect(key);
                Some(frames)
            }
            Err(status) => {
                write!(client.unsent, "HTTP/1.1 {status} \r\nSec-WebSocket-Version: 13\r\n\r\n")
                    .unwrap_or(());
                client.state = State::Closing;
                None
            }
        };
        self.flush(key);
        frames
    }

    /// `encode` is a line of `karez::ws`. Simplified: one write per message; Karez makes one per client and turn.
    fn send(&mut self, key: usize, message: &Value) {
        if let State::Open { .. } = self.clients[key].state {
            encode_frame(&mut self.clients[key].unsent, Opcode::Text, message.to_string().as_bytes());
            self.flush(key);
        }
    }

    /// The kernel takes what it has room for. The rest waits until mio says writable; the tutorial loses it.
    fn flush(&mut self, key: usize) {
        let client = &mut self.clients[key];
        while !client.unsent.is_empty() && !client.gone {
            match client.stream.write(&client.unsent) {
                Ok(count) => drop(client.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => client.gone = true,
            }
        }
        if let State::Closing = client.state {
            // All is said: FIN. The client's own FIN then ends `read`. A failure means that it went first.
            let _ = client.stream.shutdown(Shutdown::Write);
        }
    }

    /// Takes every frame that is whole; the decoder keeps what is not.
    fn decode(&mut self, key: usize, mut bytes: &mut [u8], inflater: &mut Inflater) {
        let State::Open { decoder } = &mut self.clients[key].state else { return };
        let mut decoder = std::mem::take(decoder); // out of `self`, which `on_message` needs whole
        loop {
            let input_bytes = bytes.len();
            let Step { consumed, event } = match decoder.decode(&SETTINGS, false, inflater, bytes) {
                Ok(step) => step,
                Err(violation) => return self.close(key, violation.close_code()),
            };
            match event {
                Some(Event::Text(text)) => self.on_message(key, text),
                Some(Event::Ping(it)) => encode_frame(&mut self.clients[key].unsent, Opcode::Pong, it),
                Some(Event::Close(it)) => return self.close(key, it.map_or(code::NORMAL, |it| it.code)),
                Some(Event::Binary(_)) => return self.close(key, code::UNSUPPORTED),
                None if consumed == input_bytes => break,
                Some(Event::Pong(_) | Event::EmptyFragment) | None => {}
            }
            bytes = &mut bytes[consumed..];
        }
        self.clients[key].state = State::Open { decoder };
        self.flush(key); // the pongs
    }

    /// The closing handshake: ours first, or the answer to theirs.
    fn close(&mut self, key: usize, code: u16) {
        encode_close(&mut self.clients[key].unsent, code, "");
        self.clients[key].state = State::Closing;
        self.flush(key);
    }

    /// The only place where a client is freed; dropping the stream closes it.
    fn remove_gone(&mut self) {
        let gone = |it: &Client| it.gone || it.unsent.len() > UNSENT_BYTES_MAX;
        let keys: Vec<_> = self.clients.iter().filter(|(_, it)| gone(it)).map(|(key, _)| key).collect();
        for key in keys {
            let uid = self.clients.remove(key).uid;
            if uid != 0 {
                self.on_close(key, uid);
            }
        }
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8282".to_owned());
    SocketService::service(address.parse().map_err(io::Error::other)?)?.run()
}
