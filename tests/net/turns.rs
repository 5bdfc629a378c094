//! What keeps a turn from being slept through, and from never ending.

use std::time::{Duration, Instant};

use karez::net::{CloseReason, ConnId, Handler, Listen, Message, Outbox, Server, TopicId, Turn};

use crate::world::{Client, config, masked, text, upgrade};

/// Orders something in a method that most handlers leave alone.
#[derive(Default)]
struct Late {
    order: Option<Order>,
    ends_ordered: u32,
    deadlines: u32,
    flushed_since_turn_end: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    StopAtClose,
    StopAtTurnEnd,
    PublishAtFlushed,
    StopAtFlushed,
    WakeAtOnce,
}

impl Handler for Late {
    fn on_connect(&mut self, out: &mut Outbox, conn: ConnId) {
        out.subscribe(conn, TopicId(0));
        if self.order == Some(Order::WakeAtOnce) {
            out.wake_at(out.now().mono, 0);
        }
    }

    fn on_message(&mut self, out: &mut Outbox, conn: ConnId, message: Message<'_>) {
        let back = out.message(message);
        out.send(conn, back);
        out.mark(conn, 1);
        if self.order == Some(Order::StopAtTurnEnd) {
            self.ends_ordered = 1;
        }
    }

    fn on_close(&mut self, out: &mut Outbox, _conn: ConnId, _reason: CloseReason) {
        if self.order == Some(Order::StopAtClose) {
            out.stop();
        }
    }

    fn on_deadline(&mut self, out: &mut Outbox, token: u64) {
        self.deadlines += 1;
        // A handler that would always go on at once; the limit only keeps a failing test from hanging.
        if self.deadlines < 1000 {
            out.wake_at(out.now().mono, token);
        }
    }

    fn on_turn_end(&mut self, out: &mut Outbox) {
        self.flushed_since_turn_end = false;
        if std::mem::take(&mut self.ends_ordered) > 0 {
            out.stop();
        }
    }

    fn on_flushed(&mut self, out: &mut Outbox, _conn: ConnId, _mark: u64) {
        self.flushed_since_turn_end = true;
        match self.order {
            Some(Order::PublishAtFlushed) => {
                let payload = out.text(|bytes| bytes.extend_from_slice(b"flushed"));
                out.publish(TopicId(0), payload);
            }
            Some(Order::StopAtFlushed) => out.stop(),
            _ => {}
        }
    }
}

fn serve(order: Order) -> (Server<Late>, Client) {
    let mut server = Server::bind(config(), Late { order: Some(order), ..Late::default() }).unwrap();
    let Some(Listen::Tcp(address)) = server.addresses().next().cloned() else { panic!("no TCP address") };
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut client = Client { stream, bytes: Vec::new(), ended: false };
    client.send(upgrade("").as_bytes());
    turns(&mut server, 4);
    assert!(client.take().starts_with(b"HTTP/1.1 101 "));
    (server, client)
}

fn turns(server: &mut Server<Late>, count: usize) {
    for _ in 0..count {
        server.turn(Some(Duration::from_millis(20))).unwrap();
    }
}

/// Turns as `run` does, and says whether the drain was over long before any deadline could have woken the loop.
fn drains(server: &mut Server<Late>) -> bool {
    let start = Instant::now();
    while server.turn(Some(Duration::from_secs(3))).unwrap() == Turn::GoesOn {
        if start.elapsed() > Duration::from_secs(2) {
            return false;
        }
    }
    start.elapsed() < Duration::from_secs(2)
}

#[test]
fn a_stop_is_heard_wherever_it_is_ordered() {
    for order in [Order::StopAtClose, Order::StopAtTurnEnd, Order::StopAtFlushed] {
        let (mut server, mut client) = serve(order);
        if order == Order::StopAtClose {
            client.send(&masked(karez::ws::Opcode::Close, b""));
            turns(&mut server, 1);
            drop(client);
        } else {
            client.send(&text("x"));
            turns(&mut server, 1);
            drop(client);
        }
        assert!(drains(&mut server));
    }
}

#[test]
fn what_is_published_when_a_mark_comes_back_leaves_at_once() {
    let (mut server, mut client) = serve(Order::PublishAtFlushed);
    client.send(&text("x"));
    let start = Instant::now();
    let mut texts = Vec::new();
    for _ in 0..4 {
        server.turn(Some(Duration::from_secs(3))).unwrap();
        texts.extend(client.texts());
        if texts.len() == 2 {
            break;
        }
    }
    assert_eq!(texts, ["x", "flushed"]);
    assert!(start.elapsed() < Duration::from_secs(2), "the loop slept on it");
}

#[test]
fn the_end_of_a_turn_follows_every_mark() {
    let (mut server, mut client) = serve(Order::PublishAtFlushed);
    client.send(&text("x"));
    let start = Instant::now();
    // The turn that reads, the one that tells of the mark; the end of that one is the place for a commit.
    server.turn(Some(Duration::from_secs(3))).unwrap();
    server.turn(Some(Duration::from_secs(3))).unwrap();
    assert!(!server.handler().flushed_since_turn_end);
    assert!(start.elapsed() < Duration::from_secs(2), "the loop slept on it");
}

#[test]
fn a_handler_that_wakes_itself_at_once_does_not_keep_the_turn() {
    let (server, _client) = serve(Order::WakeAtOnce);
    // Once a turn at most: a turn must come to its end for anybody to be written to.
    assert!(server.handler().deadlines <= 4, "{} in four turns", server.handler().deadlines);
}
