//! Many WebSocket clients in one thread, on one poll.
//!
//! A fleet knows frames and sockets, not what is said: that is a [`Load`](crate::load::Load)'s. It reads into one
//! shared buffer, decodes in place with the daemon's own decoder in the client's role, answers pings, and writes
//! once per client and turn. While loading it polls without waiting: a generator that sleeps must be woken by
//! the server's writes, and the server would be charged for that.
//!
//! Descriptors are the limit: [`raise_descriptor_limit`] takes what the system allows.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use karez::ws::{ClientHandshake, Decoder, Event, Inflater, Opcode, Role, Settings, code, encode_masked};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const READ_BUFFER_BYTES: usize = 256 * 1024;
const EVENTS_MAX: usize = 4096;
/// Opening handshakes under way: under any backlog.
const OPENING_MAX: usize = 256;
/// Whoever has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(10);
const SETTINGS: Settings = Settings { role: Role::Client, message_bytes_max: 16 * 1024 * 1024 };
/// The servers measured do not look at it.
const KEY: [u8; 16] = *b"karez-bench-key!";

/// What a client heard.
pub enum Said<'a> {
    Text(&'a str),
    /// A Close frame with this code. The fleet answers it.
    Close(u16),
    /// The stream ended: `None` for a plain end, else the error.
    Gone(Option<io::ErrorKind>),
}

enum State {
    /// Waits for the answer to its request; holds what has come of it.
    Opening(Vec<u8>),
    Open,
    Gone,
}

struct Client {
    stream: TcpStream,
    state: State,
    decoder: Decoder,
    /// permessage-deflate was agreed on.
    deflate: bool,
    /// What the kernel has not taken yet; from `written` on.
    out: Vec<u8>,
    written: usize,
    /// Bytes may be waiting that no event will tell of again.
    unread: bool,
}

/// What the clients are about to send. Apart from the clients, so that one that is being read can make others
/// speak.
#[derive(Default)]
pub struct Outs {
    frames: Vec<Vec<u8>>,
    dirty: Vec<usize>,
    key: u32,
}

impl Outs {
    /// Appends a text message.
    pub fn send(&mut self, client: usize, text: &[u8]) {
        self.frame(client, Opcode::Text, text);
    }

    /// Appends bytes that are no frame.
    pub fn raw(&mut self, client: usize, bytes: &[u8]) {
        self.queue(client).extend_from_slice(bytes);
    }

    fn frame(&mut self, client: usize, opcode: Opcode, payload: &[u8]) {
        self.key = self.key.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
        let key = self.key.to_ne_bytes();
        encode_masked(self.queue(client), opcode, payload, key);
    }

    fn queue(&mut self, client: usize) -> &mut Vec<u8> {
        let queue = &mut self.frames[client];
        if queue.is_empty() {
            self.dirty.push(client);
        }
        queue
    }
}

pub struct Fleet {
    address: SocketAddr,
    host: String,
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    outs: Outs,
    buffer: Vec<u8>,
    inflater: Inflater,
    opening: usize,
    ready: Vec<usize>,
    /// Clients with these numbers are not read: slow consumers.
    deaf: Range<usize>,
    received_bytes: u64,
    /// Whether permessage-deflate is offered.
    pub offers_deflate: bool,
    /// Whether a Close frame is answered by one, as it ought to be.
    pub answers_close: bool,
}

impl Fleet {
    pub fn new(address: SocketAddr) -> Fleet {
        Fleet {
            address,
            host: address.to_string(),
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(EVENTS_MAX),
            clients: Vec::new(),
            outs: Outs::default(),
            buffer: vec![0; READ_BUFFER_BYTES],
            inflater: Inflater::new(),
            opening: 0,
            ready: Vec::new(),
            deaf: 0..0,
            received_bytes: 0,
            offers_deflate: false,
            answers_close: true,
        }
    }

    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Opens `count` connections and waits until all are upgraded.
    pub fn open(&mut self, count: usize) {
        for _ in 0..count {
            self.connect();
            self.upgrade(self.clients.len() - 1);
            if self.opening >= OPENING_MAX {
                self.await_opened();
            }
        }
        self.await_opened();
    }

    /// Opens a connection and says nothing on it. (A connect over loopback is done by the kernels alone.)
    pub fn connect(&mut self) -> usize {
        let stream = std::net::TcpStream::connect(self.address).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut stream = TcpStream::from_std(stream);
        let index = self.clients.len();
        self.poll
            .registry()
            .register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)
            .unwrap();
        let (state, decoder) = (State::Opening(Vec::new()), Decoder::new());
        let (out, written) = (Vec::new(), 0);
        self.clients.push(Client { stream, state, decoder, deflate: false, out, written, unread: false });
        self.outs.frames.push(Vec::new());
        index
    }

    /// Sends the opening handshake.
    pub fn upgrade(&mut self, client: usize) {
        let handshake = ClientHandshake::new(&self.host, "/", KEY, None, self.offers_deflate);
        handshake.encode(&mut self.outs.frames[client]);
        self.outs.dirty.push(client);
        self.opening += 1;
        self.write();
    }

    pub fn await_opened(&mut self) {
        let began = Instant::now();
        while self.opening > 0 {
            assert!(began.elapsed() < PATIENCE, "{} opening handshakes have no answer", self.opening);
            self.turn(Some(Duration::ZERO), |_, _, _| {});
        }
    }

    /// Whether all agreed on permessage-deflate.
    pub fn has_deflate(&self) -> bool {
        self.clients.iter().all(|client| client.deflate)
    }

    /// What all clients have read so far, with everything around the messages.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Says goodbye as one ought to: the server answers, and ends the connection.
    pub fn close(&mut self, client: usize) {
        self.outs.frame(client, Opcode::Close, &code::NORMAL.to_be_bytes());
    }

    /// Ends a connection without a word, as a broken line does. Its number is not used again.
    pub fn cut(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if matches!(client.state, State::Opening(_)) {
            self.opening -= 1;
        }
        client.state = State::Gone;
        let _ = client.stream.shutdown(Shutdown::Both);
    }

    pub fn is_open(&self, client: usize) -> bool {
        matches!(self.clients[client].state, State::Open)
    }

    /// From now on these are not read; whoever was deaf until now is read in the next turn.
    pub fn deafen(&mut self, deaf: Range<usize>) {
        for client in self.deaf.clone().filter(|client| !deaf.contains(client)) {
            self.clients[client].unread = true;
            self.ready.push(client);
        }
        self.deaf = deaf;
    }

    /// What the clients are about to send, for whoever starts a conversation. Follow it by [`Fleet::turn`].
    pub fn outs(&mut self) -> &mut Outs {
        &mut self.outs
    }

    /// Sends what is queued, waits up to `timeout` for something to read, and reads it. `hear` is told what was
    /// heard, and may make any client speak.
    pub fn turn(&mut self, timeout: Option<Duration>, mut hear: impl FnMut(usize, Said<'_>, &mut Outs)) {
        self.write();
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            result => result.unwrap(),
        }
        let mut ready = std::mem::take(&mut self.ready);
        for event in &self.events {
            let Token(index) = event.token();
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.clients[index].unread = true;
                ready.push(index);
            }
            if event.is_writable() && !self.clients[index].out.is_empty() {
                self.outs.dirty.push(index);
            }
        }
        for index in ready.drain(..) {
            if !self.deaf.contains(&index) {
                self.read(index, &mut hear);
            }
        }
        self.ready = ready;
        self.write();
    }

    fn read(&mut self, index: usize, hear: &mut impl FnMut(usize, Said<'_>, &mut Outs)) {
        let client = &mut self.clients[index];
        while client.unread && !matches!(client.state, State::Gone) {
            match client.stream.read(&mut self.buffer) {
                Ok(0) => {
                    client.state = State::Gone;
                    hear(index, Said::Gone(None), &mut self.outs);
                }
                Ok(count) => {
                    self.received_bytes += count as u64;
                    let mut input = &mut self.buffer[..count];
                    if let State::Opening(head) = &mut client.state {
                        head.extend_from_slice(input);
                        let handshake = ClientHandshake::new(&self.host, "/", KEY, None, self.offers_deflate);
                        // A refusal shows as a stream that ends without having been open.
                        let Ok(Some(connected)) = handshake.verify(head) else { continue };
                        let frames = head.len() - connected.head_bytes;
                        client.state = State::Open;
                        client.deflate = connected.deflate.is_some();
                        self.opening = self.opening.saturating_sub(1);
                        input = &mut self.buffer[count - frames..count];
                    }
                    let outs = &mut self.outs;
                    frames(client, input, &mut self.inflater, |event| match event {
                        Event::Text(text) => hear(index, Said::Text(text), outs),
                        Event::Ping(payload) => outs.frame(index, Opcode::Pong, payload),
                        Event::Close(close) => {
                            let code = close.map(|close| close.code);
                            if self.answers_close {
                                let payload = code.map(u16::to_be_bytes);
                                outs.frame(index, Opcode::Close, payload.as_ref().map_or(&[], |it| it));
                            }
                            hear(index, Said::Close(code.unwrap_or(code::NO_STATUS)), outs);
                        }
                        Event::Binary(_) | Event::Pong(_) | Event::EmptyFragment => {}
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => client.unread = false,
                Err(error) => {
                    client.state = State::Gone;
                    hear(index, Said::Gone(Some(error.kind())), &mut self.outs);
                }
            }
        }
    }

    /// One write for every client that has something to say.
    fn write(&mut self) {
        for index in self.outs.dirty.drain(..) {
            let client = &mut self.clients[index];
            let said = &mut self.outs.frames[index];
            if client.out.is_empty() {
                std::mem::swap(&mut client.out, said);
            } else {
                client.out.append(said);
            }
            match client.stream.write(&client.out[client.written..]) {
                Ok(taken) => client.written += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => client.written = client.out.len(), // reading will tell
            }
            if client.written == client.out.len() {
                client.out.clear();
                client.written = 0;
            }
        }
    }
}

/// Decodes what a client has read.
fn frames(
    client: &mut Client,
    mut input: &mut [u8],
    inflater: &mut Inflater,
    mut hear: impl FnMut(Event<'_>),
) {
    loop {
        let step = client.decoder.decode(&SETTINGS, client.deflate, inflater, input);
        let step = step.expect("the server sends frames");
        let (consumed, is_last) = (step.consumed, step.event.is_none());
        if let Some(event) = step.event {
            hear(event);
        }
        input = &mut input[consumed..];
        if is_last && input.is_empty() {
            return;
        }
    }
}

/// Raises the limit of open descriptors as far as the system allows, and tells it.
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
