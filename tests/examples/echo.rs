//! Sends every message back to whom it came from. The server of the conformance tests, which is why it takes
//! messages of 64 MiB, any number of empty ones, and is in no hurry about slow readers.
//!
//! ```text
//! cargo run --release --example echo -- --listen 127.0.0.1:9001 [--tls-cert FILE --tls-key FILE]
//! ```

use karez::net::{CloseReason, Config, ConnId, Handler, Limits, Message, Outbox, Server, TlsIdentity};

struct Echo;

impl Handler for Echo {
    fn on_connect(&mut self, _out: &mut Outbox, _conn: ConnId) {}

    fn on_message(&mut self, out: &mut Outbox, conn: ConnId, message: Message<'_>) {
        let message = out.message(message);
        out.send(conn, message);
    }

    fn on_close(&mut self, _out: &mut Outbox, _conn: ConnId, _reason: CloseReason) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = argument("--listen").unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let tls = match (argument("--tls-cert"), argument("--tls-key")) {
        (Some(cert), Some(key)) => Some(TlsIdentity::from_pem(&std::fs::read(cert)?, &std::fs::read(key)?)?),
        _ => None,
    };
    let mebibytes = 1024 * 1024;
    let limits = Limits {
        message_bytes_max: 64 * mebibytes,
        output_soft_bytes_max: 64 * mebibytes,
        output_hard_bytes_max: 128 * mebibytes,
        output_total_bytes_max: 1024 * mebibytes,
        control_frames_per_second: 100_000,
        ..Limits::default()
    };
    let mut server = Server::bind(Config { limits, tls, ..Config::new(address.parse()?) }, Echo)?;
    server.addresses().for_each(|address| println!("listening on {address}"));
    Ok(server.run()?)
}

/// What follows this name on the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
