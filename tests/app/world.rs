//! The app in the loop, turned by hand in the test's own thread, with real sockets on loopback.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use clap::Parser;
use karez::app::{App, Settings};
use karez::config;
use karez::net::{Config, Listen, Server, Signals};
use karez::store::{Memory, Storage};

use crate::client::*;

pub const LOGIN: &str = r#"{"type":"login","content":"login"}"#;

pub struct World<S: Storage = Memory> {
    pub server: Server<App<S>>,
    pub address: SocketAddr,
}

/// What the daemon would be told by these arguments, on a port of the kernel's choice and without signals.
pub fn told(arguments: &[&str]) -> (Config, Settings) {
    let all = ["karez", "--listen", "127.0.0.1:0"].into_iter().chain(arguments.iter().copied());
    let config = config::Config::try_parse_from(all).unwrap();
    (Config { signals: Signals::Ignored, ..config.net(None).unwrap() }, config.settings().unwrap())
}

impl World {
    pub fn new() -> World {
        World::with(&[], |_, _| {})
    }

    /// A daemon with these arguments and settings that no argument reaches.
    pub fn with(arguments: &[&str], change: impl FnOnce(&mut Config, &mut Settings)) -> World {
        let (mut config, mut settings) = told(arguments);
        change(&mut config, &mut settings);
        World::on(Memory::new(100), config, settings)
    }

    pub fn fail_next_commit(&mut self) {
        self.server.handler_mut().store_mut().fail_next_commit();
    }
}

impl<S: Storage> World<S> {
    pub fn on(store: S, config: Config, settings: Settings) -> World<S> {
        let server = Server::bind(config, App::new(settings, store).unwrap()).unwrap();
        let Some(Listen::Tcp(address)) = server.addresses().next().cloned() else { panic!("no TCP address") };
        World { server, address }
    }

    /// One turn, in which everything that clients have sent so far is read.
    pub fn turn(&mut self) {
        self.server.turn(Some(Duration::from_millis(2))).unwrap();
    }

    /// Turns until nothing has happened for a moment.
    pub fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            let before = (*self.server.counters(), self.server.connections());
            self.turn();
            let mut after = (*self.server.counters(), self.server.connections());
            // That there was a turn, and how long it took, is nothing that happened.
            (after.0.turns_total, after.0.turns) = (before.0.turns_total, before.0.turns);
            after.0.longest_turn_us = before.0.longest_turn_us;
            after.0.recent_turns = before.0.recent_turns;
            quiet = if before == after { quiet + 1 } else { 0 };
        }
    }

    /// Turns until the condition holds; fails after ten seconds.
    pub fn turn_until(&mut self, what: &str, mut holds: impl FnMut(&World<S>) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds(self) {
            assert!(Instant::now() < end, "never came: {what}");
            self.turn();
        }
    }

    /// A client whose TCP connection stands; it has sent nothing.
    pub fn dial(&mut self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Client::new(stream)
    }

    /// A client whose opening handshake is done.
    pub fn open(&mut self) -> Client {
        let mut client = self.dial();
        client.send(upgrade("/", "").as_bytes());
        self.settle();
        client.expect_bytes(SWITCHED.as_bytes());
        client
    }

    /// A guest who has logged in, and the answer.
    pub fn guest(&mut self) -> (Client, String) {
        let mut client = self.open();
        client.say(LOGIN);
        let mut answers = self.texts_of(&mut client);
        assert_eq!(answers.len(), 1, "{answers:?}");
        (client, answers.remove(0))
    }

    /// So many guests, 1001 first.
    pub fn guests<const COUNT: usize>(&mut self) -> [Client; COUNT] {
        std::array::from_fn(|_| self.guest().0)
    }

    /// What comes to a client once everything has been done.
    pub fn heard(&mut self, client: &mut Client) -> Vec<Heard> {
        self.settle();
        while client.pull() {}
        let heard = std::iter::from_fn(|| client.take_frame()).collect();
        assert!(client.bytes.is_empty(), "half a frame: {:?}", client.bytes);
        heard
    }

    /// So many texts, however long the kernel takes to carry them.
    pub fn texts_until(&mut self, client: &mut Client, count: usize) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(10);
        let mut texts = Vec::new();
        while texts.len() < count {
            assert!(Instant::now() < end, "{} of {count} texts came", texts.len());
            self.turn();
            client.pull();
            assert!(!client.ended, "ended after {} of {count} texts", texts.len());
            texts.extend(std::iter::from_fn(|| client.take_frame()).map(|heard| match heard {
                Heard::Text(text) => text,
                other => panic!("no text: {other:?}"),
            }));
        }
        texts
    }

    /// What [`World::heard`] gives, where nothing but texts may come.
    pub fn texts_of(&mut self, client: &mut Client) -> Vec<String> {
        let text = |heard| match heard {
            Heard::Text(text) => text,
            other => panic!("no text: {other:?}"),
        };
        self.heard(client).into_iter().map(text).collect()
    }

    /// The same with what differs from run to run hidden.
    pub fn hears(&mut self, client: &mut Client) -> Vec<String> {
        self.texts_of(client).iter().map(|text| masked(text)).collect()
    }
}
