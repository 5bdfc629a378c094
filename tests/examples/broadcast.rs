//! The tutorial's whole server: whatever anybody says, everybody hears.
//!
//! ```text
//! cargo run --example broadcast
//! websocat ws://127.0.0.1:8000/
//! ```

use karez::net::{CloseReason, Config, ConnId, Handler, Message, Outbox, Server, TopicId};

const EVERYBODY: TopicId = TopicId(0);

struct Broadcast;

impl Handler for Broadcast {
    fn on_connect(&mut self, out: &mut Outbox, conn: ConnId) {
        println!("client {conn} connected");
        out.subscribe(conn, EVERYBODY);
    }

    fn on_message(&mut self, out: &mut Outbox, _conn: ConnId, message: Message<'_>) {
        let message = out.message(message);
        out.publish(EVERYBODY, message);
    }

    fn on_close(&mut self, _out: &mut Outbox, conn: ConnId, reason: CloseReason) {
        println!("client {conn} closed: {reason:?}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let mut server = Server::bind(Config::new(address.parse()?), Broadcast)?;
    server.addresses().for_each(|address| println!("listening on {address}"));
    Ok(server.run()?)
}
