//! A site with a support desk: the real daemon on a folder, back end, visitors and agents.

use std::io::Read as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use karez::auth::jwt::Secret;
use karez::auth::{Claims, Scope};
use karez::chat::ids::Id;
use karez::chat::input::Role;
use serde_json::{Value, json};

use crate::api::Keys;
use crate::client::*;
use crate::process::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// So long nothing more comes.
const QUIET: Duration = Duration::from_millis(300);

/// A daemon that keeps tickets in a folder, and takes guests and tokens.
pub struct Site {
    pub folder: DataFolder,
    pub keys: Keys,
    key: String,
}

impl Site {
    pub fn new(name: &str) -> Site {
        let (folder, keys) = (DataFolder::new(name), Keys::new());
        let key = keys.make("all", &Scope::ALL);
        std::fs::write(folder.0.join("secret"), SECRET).unwrap();
        Site { folder, keys, key }
    }

    pub fn start(&self, more: &[&str]) -> (Process, SocketAddr) {
        let secret = self.folder.0.join("secret");
        let own = [
            "--guests",
            "yes",
            "--token-secret-file",
            secret.to_str().unwrap(),
            "--api-keys-file",
            self.keys.file.to_str().unwrap(),
        ];
        let daemon = self.folder.karez(&[&own, more].concat());
        let address = daemon.address("http://");
        (daemon, address)
    }

    /// A call that is to succeed.
    #[track_caller]
    pub fn call(&self, address: SocketAddr, line: &str, body: Value) -> Value {
        let (status, answer) = self.ask(address, line, "", &body);
        assert!((200..300).contains(&status), "{line}: {status} {answer}");
        if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap() }
    }

    pub fn ask(&self, address: SocketAddr, line: &str, headers: &str, body: &Value) -> (u16, String) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let mut client = Client::dial(address);
        let request = format!(
            "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{kind}{headers}\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        client.send(request.as_bytes());
        let mut answer = String::new();
        client.stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

/// Somebody at the other end of a socket.
pub struct Peer {
    pub client: Client,
    pub login: Value,
}

impl Peer {
    pub fn log_in(address: SocketAddr, headers: &str, login: Value) -> Peer {
        let mut client = Client::dial(address);
        client.send(upgrade("/", headers).as_bytes());
        client.expect_bytes(SWITCHED.as_bytes());
        let mut peer = Peer { client, login: Value::Null };
        let mut message = login;
        message["type"] = json!("login");
        peer.say(message);
        peer.login = peer.hear("login");
        peer
    }

    pub fn guest(address: SocketAddr) -> Peer {
        Peer::log_in(address, "", json!({ "name": "Ann" }))
    }

    /// A guest who comes back.
    pub fn again(&self, address: SocketAddr) -> Peer {
        Peer::log_in(address, "", json!({ "token": self.login["token"] }))
    }

    /// An agent of these desks, of all if there are none, on duty.
    pub fn agent(address: SocketAddr, uid: &str, desks: &[&str]) -> Peer {
        let mut agent = Peer::log_in(address, "", json!({ "token": token(uid, Role::Agent, desks, 600) }));
        agent.ask(json!({ "type": "duty", "state": "online", "id": "duty" }));
        agent
    }

    pub fn say(&mut self, message: Value) {
        self.client.say(&message.to_string());
    }

    pub fn next(&mut self) -> Value {
        match self.client.hear() {
            Heard::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text: {other:?}"),
        }
    }

    /// The next message of this type.
    pub fn hear(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next();
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Asks something that has an `id`, and waits for the answer, whatever it is.
    pub fn ask(&mut self, message: Value) -> Value {
        let id = message["id"].clone();
        self.say(message);
        loop {
            let answer = self.next();
            if answer["id"] == id {
                return answer;
            }
        }
    }

    /// The ticket as it is told next, in this state.
    pub fn hear_ticket(&mut self, state: &str) -> Value {
        loop {
            let ticket = self.hear("ticket");
            if ticket["state"] == state {
                return ticket;
            }
        }
    }

    /// Whether nothing of this type comes for a while.
    pub fn hears_no_more(&mut self, kind: &str) -> bool {
        std::thread::sleep(QUIET);
        self.say(json!({ "type": "ping", "id": "quiet" }));
        loop {
            let message = self.next();
            match message["type"].as_str() {
                Some("pong") => return true,
                Some(found) if found == kind => return false,
                _ => {}
            }
        }
    }

    pub fn open(&mut self, desk: &str) -> u64 {
        let ack = self.ask(json!({ "type": "support", "content": "hello", "desk": desk, "id": "open" }));
        ack["ticket"].as_u64().unwrap_or_else(|| panic!("no ticket: {ack}"))
    }
}

pub fn token(uid: &str, role: Role, desks: &[&str], exp_in_s: i64) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = Claims {
        uid: Id::from_text(uid).unwrap(),
        name: Some(uid.to_uppercase()),
        role,
        groups: Vec::new(),
        desks: desks.iter().map(|desk| (*desk).to_owned()).collect(),
        exp_s: now_s.saturating_add_signed(exp_in_s),
        not_before: None,
    };
    Secret::new(SECRET.into()).sign(&claims, None).unwrap()
}
