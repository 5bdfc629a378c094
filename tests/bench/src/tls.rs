//! The same over TLS as beside it: CPU of the server for an echo and for a delivery to a group, memory of an idle
//! connection, and what a handshake costs, whole or by a ticket.
//!
//! The clients are plain: they block, and speak one after the other, so that the same code serves both kinds. What is
//! compared is the server's CPU time, in which the generator has no part.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use karez::ws::{ClientHandshake, Opcode, encode_masked};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Bench;
use crate::record::Row;
use crate::server::Server;
use crate::table::print;

const IDLE_CONNECTIONS: usize = 2_000;
const ECHO_CONNECTIONS: usize = 50;
const UNDER_WAY: usize = 16;
const MEMBERS: usize = 200;
const HANDSHAKES: u32 = 300;
const MESSAGE_BYTES: usize = 64;
const CERT: &str = "tests/data/tls/one.cert.pem";
const KEY: &str = "tests/data/tls/one.key.pem";

/// A socket, with TLS or without.
trait Line: Read + Write {}
impl<L: Read + Write> Line for L {}

pub fn tls(bench: &Bench) {
    let title = "TLS beside plain: echo and group messages of 64 bytes, idle connections";
    if !bench.takes(title, Row::Further) {
        return;
    }
    let config = trusting();
    let mut rows = Vec::new();
    for secure in [None, Some(&config)] {
        let name = if secure.is_some() { "TLS" } else { "plain" };
        eprintln!("tls: {name}");
        rows.push(vec![
            name.to_owned(),
            format!("{:.2} µs", echo(bench, secure)),
            format!("{:.2} µs", group(bench, secure)),
            format!("{} bytes", idle(bench, secure)),
        ]);
    }
    print(title, &["", "CPU per echo", "CPU per delivery", "RssAnon per connection"], &rows);
    print("TLS handshakes, one after the other", &["", "CPU of the server"], &handshakes(bench, &config));
}

fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(CERT).expect("run from the project's folder")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(builder.unwrap().with_root_certificates(roots).with_no_client_auth())
}

fn start(command: Vec<String>, secure: bool) -> Server {
    let options = if secure { vec!["--tls-cert", CERT, "--tls-key", KEY] } else { Vec::new() };
    let command: Vec<&str> = command.iter().map(String::as_str).chain(options).collect();
    Server::start("karez", &command)
}

fn dial(address: SocketAddr, secure: Option<&Arc<ClientConfig>>) -> Box<dyn Line> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Some(config) = secure else { return Box::new(stream) };
    let name = ServerName::try_from("localhost").unwrap();
    Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream))
}

/// A connection whose opening handshake is done.
fn open(address: SocketAddr, secure: Option<&Arc<ClientConfig>>) -> Box<dyn Line> {
    let mut line = dial(address, secure);
    let mut request = Vec::new();
    ClientHandshake::new(&address.to_string(), "/", *b"karez-bench-key!", None, false).encode(&mut request);
    line.write_all(&request).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        line.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    line
}

fn say(line: &mut dyn Line, text: &str) {
    let mut frame = Vec::new();
    encode_masked(&mut frame, Opcode::Text, text.as_bytes(), [1, 2, 3, 4]);
    line.write_all(&frame).unwrap();
}

/// Reads a frame of less than 64 KiB.
fn hear(line: &mut dyn Line) -> Vec<u8> {
    let mut head = [0; 2];
    line.read_exact(&mut head).unwrap();
    let mut length = usize::from(head[1]);
    if length == 126 {
        line.read_exact(&mut head).unwrap();
        length = usize::from(u16::from_be_bytes(head));
    }
    let mut payload = vec![0; length];
    line.read_exact(&mut payload).unwrap();
    payload
}

/// CPU of the server for an echo, in microseconds.
fn echo(bench: &Bench, secure: Option<&Arc<ClientConfig>>) -> f64 {
    let server = start(bench.example("echo"), secure.is_some());
    let mut lines: Vec<_> = (0..ECHO_CONNECTIONS).map(|_| open(server.address, secure)).collect();
    let text = "x".repeat(MESSAGE_BYTES);
    let mut frames = Vec::new();
    for _ in 0..UNDER_WAY {
        encode_masked(&mut frames, Opcode::Text, text.as_bytes(), [1, 2, 3, 4]);
    }
    let (cpu, began, mut echoes) = (server.cpu(), Instant::now(), 0_u32);
    while began.elapsed() < bench.round() {
        for line in &mut lines {
            line.write_all(&frames).unwrap();
            line.read_exact(&mut [0; UNDER_WAY * (2 + MESSAGE_BYTES)]).unwrap();
            echoes += UNDER_WAY as u32;
        }
    }
    (server.cpu() - cpu).as_secs_f64() * 1e6 / f64::from(echoes)
}

/// CPU of the daemon for a message to one member of a group, in microseconds.
fn group(bench: &Bench, secure: Option<&Arc<ClientConfig>>) -> f64 {
    let server = start(bench.daemon(), secure.is_some());
    let mut lines: Vec<_> = (0..MEMBERS).map(|_| open(server.address, secure)).collect();
    for line in &mut lines {
        say(line, r#"{"type":"login","content":"login"}"#);
        hear(line);
        say(line, r#"{"type":"join","gid":1}"#);
    }
    let text = format!(r#"{{"type":"group","gid":1,"content":"{}"}}"#, "x".repeat(MESSAGE_BYTES));
    let is_said = |payload: &[u8]| payload.starts_with(br#"{"type":"groupPm""#);
    let (mut cpu, mut began, mut deliveries) = (server.cpu(), Instant::now(), 0_u32);
    let mut is_warm = false;
    while began.elapsed() < bench.round() || !is_warm {
        for _ in 0..UNDER_WAY {
            say(&mut lines[0], &text);
        }
        for line in &mut lines {
            let mut heard = 0;
            while heard < UNDER_WAY {
                heard += usize::from(is_said(&hear(line)));
            }
            deliveries += UNDER_WAY as u32;
        }
        if !std::mem::replace(&mut is_warm, true) {
            (cpu, began, deliveries) = (server.cpu(), Instant::now(), 0);
        }
    }
    (server.cpu() - cpu).as_secs_f64() * 1e6 / f64::from(deliveries)
}

/// Bytes that an idle connection takes in the memory of the server.
fn idle(bench: &Bench, secure: Option<&Arc<ClientConfig>>) -> u64 {
    let server = start(bench.example("echo"), secure.is_some());
    let _first = open(server.address, secure); // what a first connection makes is no part of what each costs
    let before = server.rss_anon();
    let _lines: Vec<_> = (0..IDLE_CONNECTIONS).map(|_| open(server.address, secure)).collect();
    std::thread::sleep(Duration::from_millis(500));
    server.rss_anon().saturating_sub(before) / IDLE_CONNECTIONS as u64
}

/// Handshakes of clients that come for the first time, and of one that comes back.
fn handshakes(bench: &Bench, config: &Arc<ClientConfig>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (name, comes_back) in [("whole", false), ("by a ticket", true)] {
        let server = start(bench.example("echo"), true);
        let cpu = server.cpu();
        for _ in 0..HANDSHAKES {
            let fresh = if comes_back { Arc::clone(config) } else { trusting() };
            open(server.address, Some(&fresh));
        }
        let each = (server.cpu() - cpu).as_secs_f64() * 1e6 / f64::from(HANDSHAKES);
        rows.push(vec![name.to_owned(), format!("{each:.0} µs")]);
    }
    rows
}
