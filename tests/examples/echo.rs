//! Sends every message back to whom it came from. The server of the conformance tests, which is why it takes
//! messages of 64 MiB, any number of empty ones, and is in no hurry about slow readers.
//!
//! ```text
//! cargo run --release --example echo -- --listen 127.0.0.1:9001
//! ```

use karez::net::{CloseReason, Config, ConnId, Handler, Limits, Message, Outbox, Server};

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
    let mut arguments = std::env::args().skip_while(|argument| argument != "--listen");
    let address = arguments.nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let mebibytes = 1024 * 1024;
    let limits = Limits {
        message_bytes_max: 64 * mebibytes,
        output_soft_bytes_max: 64 * mebibytes,
        output_hard_bytes_max: 128 * mebibytes,
        output_total_bytes_max: 1024 * mebibytes,
        control_frames_per_second: 100_000,
        ..Limits::default()
    };
    let mut server = Server::bind(Config { limits, ..Config::new(address.parse()?) }, Echo)?;
    server.addresses().for_each(|address| println!("listening on {address}"));
    Ok(server.run()?)
}
