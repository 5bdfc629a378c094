//! Users who upload and fetch files, over sockets that block.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::*;
use crate::process::*;
use crate::world::World;

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and then pixels";
pub const PATIENCE: Duration = Duration::from_secs(10);

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status, `code` and `field`.
    #[track_caller]
    pub fn refusal(&self) -> (u16, String, Option<String>) {
        let json = self.json();
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        (self.status, text("code").unwrap_or_default(), text("field"))
    }

    /// Reads one from a connection, as far as its length says; `None` if it breaks off before.
    pub fn read(stream: &mut TcpStream, has_body: bool) -> Option<Answer> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 65_536];
        loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                if status == 100 {
                    bytes.drain(..at + 4);
                    continue;
                }
                let mut answer = Answer { status, head, body: Vec::new() };
                let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
                if !has_body || bytes.len() >= at + 4 + length {
                    answer.body = bytes[at + 4..].to_vec();
                    return Some(answer);
                }
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The head of a request, with headers that each end with CR LF.
pub fn head(line: &str, token: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: karez.example\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")
}

pub fn upload_head(query: &str, token: &str, headers: &str, length: usize) -> String {
    head(&format!("POST /v1/files?{query}"), token, &format!("Content-Length: {length}\r\n{headers}"))
}

/// Somebody who is logged in, and the token to come back with.
pub struct User {
    pub client: Client,
    pub token: String,
    pub login: String,
    address: SocketAddr,
    asked: u32,
}

impl User {
    pub fn guest(address: SocketAddr) -> User {
        User::with(address, r#"{"type":"login"}"#)
    }

    pub fn with(address: SocketAddr, login: &str) -> User {
        let mut client = Client::open(address);
        client.say(login);
        let Heard::Text(login) = client.hear() else { panic!("no login") };
        let token = field(&login, "token").as_str().unwrap().to_owned();
        User { client, token, login, address, asked: 0 }
    }

    /// Asks for something, and waits for its `ack` or `error`.
    #[track_caller]
    pub fn ask(&mut self, mut message: Value) -> Value {
        self.asked += 1;
        if message.get("id").is_none() {
            message["id"] = format!("ask {}", self.asked).into();
        }
        self.client.say(&message.to_string());
        loop {
            let Heard::Text(text) = self.client.hear() else { panic!("no answer to {message}") };
            let told: Value = serde_json::from_str(&text).unwrap();
            if told.get("id") == message.get("id") {
                return told;
            }
        }
    }

    #[track_caller]
    pub fn acked(&mut self, message: Value) -> Value {
        let told = self.ask(message);
        assert_eq!(told["type"], "ack", "{told}");
        told
    }

    #[track_caller]
    pub fn request(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = connect(self.address);
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever is refused by the head may find the connection closed already.
        let _ = stream.write_all(body);
        Answer::read(&mut stream, !head.starts_with("HEAD")).unwrap()
    }

    #[track_caller]
    pub fn upload(&self, query: &str, headers: &str, body: &[u8]) -> Answer {
        self.request(&upload_head(query, &self.token, headers, body.len()), body)
    }

    /// Uploads for a conversation, and returns what the daemon says of the file.
    #[track_caller]
    pub fn uploads(&self, query: &str, body: &[u8]) -> Value {
        let answer = self.upload(query, "Content-Type: image/png\r\n", body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    #[track_caller]
    pub fn fetch(&self, file: &Value) -> Answer {
        self.request(&head(&format!("GET {}", file["url"].as_str().unwrap()), &self.token, ""), b"")
    }
}

/// A message with a file attached.
pub fn image(gid: u64, file: &Value) -> Value {
    json!({"type": "group", "gid": gid, "content": file["name"], "kind": "image", "data": {"file": file}})
}

/// A daemon on a folder.
pub fn daemon(folder: &DataFolder, arguments: &[&str]) -> (Process, SocketAddr) {
    let process = folder.karez(arguments);
    let address = process.address("page");
    (process, address)
}

/// The names of the files in a folder of a store.
pub fn kept(folder: &DataFolder) -> Vec<String> {
    let Ok(names) = std::fs::read_dir(folder.0.join("files")) else { return Vec::new() };
    let mut names: Vec<String> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until so many files are on the disk, for as long as a recalled text may be.
#[track_caller]
pub fn wait_for_files(folder: &DataFolder, count: usize) {
    let end = Instant::now() + PATIENCE;
    while kept(folder).len() != count {
        assert!(Instant::now() < end, "{:?}", kept(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An upload that is stored, one that is refused, one that breaks off, one that goes on; and a download.
pub fn upload_and_download(world: &mut World, clients: &mut Vec<Client>) {
    let (guest, login) = world.guest();
    let token = field(&login, "token").as_str().unwrap().to_owned();
    let head = |length: usize| {
        format!(
            "POST /v1/files?gid=7&name=a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
                Content-Length: {length}\r\n\r\n"
        )
    };
    for _ in 0..2 {
        let mut client = world.dial();
        client.send(head(10).as_bytes());
        world.settle();
        clients.push(client);
    }
    drop(clients.pop());
    let mut client = world.dial();
    client.send(head(99_999_999).as_bytes());
    world.settle();
    let mut client = world.dial();
    client.send(format!("{}hello", head(5)).as_bytes());
    world.settle();
    while client.pull() {}
    let answer = String::from_utf8(client.bytes.clone()).unwrap();
    let url = answer.split("location: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let request = format!("GET {url} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut speaker = guest;
    speaker.say(r#"{"type":"join","gid":7}"#);
    world.settle();
    client.send(request.as_bytes());
    world.settle();
    clients.extend([client, speaker]);
}
