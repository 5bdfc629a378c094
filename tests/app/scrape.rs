//! What /metrics says, taken apart.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use karez::store::Storage;

use crate::client::*;
use crate::world::*;

/// The values by name and labels, as they stand there.
pub type Samples = BTreeMap<String, f64>;

/// The request for a path, behind which the connection stays.
pub fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: server.example\r\n{headers}\r\n")
}

/// Asks for a path and waits: status and body.
pub fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request(path, &format!("{headers}Connection: close\r\n")).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    split(&answer)
}

fn split(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The values of a page.
pub fn samples(page: &str) -> Samples {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

impl<S: Storage> World<S> {
    /// Asks for a path over a connection that stays: status and body.
    pub fn get(&mut self, asker: &mut Client, path: &str) -> (u16, String) {
        asker.send(request(path, "").as_bytes());
        self.settle();
        while asker.pull() {}
        split(&String::from_utf8(std::mem::take(&mut asker.bytes)).unwrap())
    }

    /// What /metrics says.
    pub fn scrape(&mut self, asker: &mut Client) -> Samples {
        let (status, page) = self.get(asker, "/metrics");
        assert_eq!(status, 200, "{page}");
        samples(&page)
    }
}
