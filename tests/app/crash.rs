//! A daemon that is killed in mid-turn, over and over: what it acknowledged or delivered is there, once, in
//! order and without gaps; what it did not acknowledge is sent again and is there once. `scripts/crash.sh` runs more rounds and shows the figures.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

const WRITERS: usize = 8;
/// Messages that a writer sends before it waits for an ack.
const UNDER_WAY_MAX: usize = 4;

/// Somebody who sends to the group whenever there is a daemon.
struct Writer {
    name: String,
    login: String,
    uid: Option<u64>,
    sent: u64,
    /// What was sent and not acknowledged, oldest first.
    unacked: VecDeque<String>,
    /// What was acknowledged last, by its number.
    last_acked: Option<(u64, String)>,
    /// Acks of what was stored before the daemon was killed.
    duplicates: u64,
    acked: Vec<(u64, String)>,
    delivered: Vec<(u64, String)>,
}

/// For how long a writer writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Killed,
    /// Says nothing new.
    AllAcked,
}

impl Writer {
    fn new(name: String) -> Writer {
        Writer {
            name,
            login: LOGIN.to_owned(),
            uid: None,
            sent: 0,
            unacked: VecDeque::new(),
            last_acked: None,
            duplicates: 0,
            acked: Vec::new(),
            delivered: Vec::new(),
        }
    }

    /// Sends again, with the same `id`, what was not acknowledged before, and one that was; then new messages.
    fn write(&mut self, address: SocketAddr, until: Until) {
        (self.acked, self.delivered) = Default::default();
        let mut client = Client::open(address);
        client.say(&self.login);
        let Heard::Text(login) = client.hear() else { panic!("no login") };
        let uid = field(&login, "uid").as_u64();
        assert!(self.uid.is_none() || self.uid == uid, "{:?} is still who it was: {login}", self.uid);
        self.uid = uid;
        self.login = format!(r#"{{"type":"login","token":{}}}"#, field(&login, "token"));
        let mut again: Vec<String> = self.last_acked.iter().map(|(_, content)| content.clone()).collect();
        again.extend(self.unacked.iter().cloned());
        let mut is_standing = again.iter().all(|content| say(&mut client, content));
        let mut known = self.last_acked.clone();
        while !client.ended && is_standing {
            if until == Until::AllAcked && self.unacked.is_empty() && known.is_none() {
                return;
            }
            while until == Until::Killed && is_standing && self.unacked.len() < UNDER_WAY_MAX {
                let content = format!("{}-{}", self.name, self.sent);
                is_standing = say(&mut client, &content);
                self.sent += 1;
                self.unacked.push_back(content);
            }
            client.pull();
            while let Some(heard) = client.take_frame() {
                let Heard::Text(message) = heard else { continue };
                self.hear(&message, &mut known);
            }
        }
    }

    /// `known` is what was acknowledged before and sent again all the same, as long as that is not answered.
    fn hear(&mut self, message: &str, known: &mut Option<(u64, String)>) {
        let kept = |name| {
            (field(message, "seq").as_u64().unwrap(), field(message, name).as_str().unwrap().to_owned())
        };
        match field(message, "type").as_str().unwrap() {
            "ack" => {
                let is_duplicate = message.contains(r#""duplicate":true"#);
                if let Some(known) = known.take() {
                    assert!(
                        kept("id") == known && is_duplicate,
                        "{known:?} was acknowledged before: {message}"
                    );
                    return;
                }
                let (seq, id) = kept("id");
                assert_eq!(self.unacked.pop_front().as_ref(), Some(&id), "acks in the order of the requests");
                self.duplicates += u64::from(is_duplicate);
                self.last_acked = Some((seq, id.clone()));
                self.acked.push((seq, id));
            }
            "groupPm" => self.delivered.push(kept("content")),
            "joined" => {}
            other => panic!("{other}: {message}"),
        }
    }
}

/// Says something to the group under an `id` that is the same. False: nobody is there.
fn say(client: &mut Client, content: &str) -> bool {
    let message = format!(r#"{{"type":"group","gid":7,"id":"{content}","content":"{content}"}}"#);
    client.stream.write_all(&text(&message)).is_ok()
}

/// What the store holds, looked at in a copy: the daemon itself must mend what the kill has left.
fn stored(folder: &DataFolder) -> Vec<(u64, String)> {
    let copy = DataFolder::new("crash-copy");
    for name in folder.names().iter().filter(|name| !name.ends_with("-shm")) {
        std::fs::copy(folder.0.join(name), copy.0.join(name)).unwrap();
    }
    let connection = Connection::open(copy.0.join("karez.db")).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut statement = connection.prepare("SELECT seq, content FROM entry ORDER BY seq").unwrap();
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What all were told in all rounds together.
#[derive(Default)]
struct Sum {
    acked: BTreeMap<u64, String>,
    delivered: BTreeMap<u64, String>,
}

impl Sum {
    fn take(&mut self, writer: &Writer) {
        for (seq, content) in writer.acked.iter().cloned() {
            assert_eq!(self.acked.insert(seq, content), None, "{seq} was acknowledged twice");
        }
        for pair in writer.delivered.windows(2) {
            assert_eq!(pair[0].0 + 1, pair[1].0, "delivered in order, without gaps");
        }
        for (seq, content) in writer.delivered.iter().cloned() {
            let same = self.delivered.entry(seq).or_insert_with(|| content.clone());
            assert_eq!(*same, content, "everybody is told the same");
        }
    }

    fn check(&self, stored: &[(u64, String)]) {
        let numbers: Vec<u64> = stored.iter().map(|(seq, _)| *seq).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "a gap in {numbers:?}");
        for (told, name) in [(&self.acked, "acknowledged"), (&self.delivered, "delivered")] {
            for (seq, content) in told {
                let kept = stored.get(*seq as usize - 1).map(|(_, content)| content);
                assert_eq!(kept, Some(content), "{seq} was {name}");
            }
        }
        // Each writer's messages once, in the order in which they were sent.
        let mut latest: BTreeMap<&str, u64> = BTreeMap::new();
        for (seq, content) in stored {
            let (writer, number) = content.rsplit_once('-').unwrap();
            let number: u64 = number.parse().unwrap();
            let before = latest.insert(writer, number);
            assert!(before.is_none_or(|before| before < number), "{content} at {seq} after {before:?}");
        }
    }
}

/// All write at the same time, and are back when that is over.
fn write_all(
    writers: Vec<Writer>,
    address: SocketAddr,
    until: Until,
    meanwhile: impl FnOnce(),
) -> Vec<Writer> {
    let write = |mut writer: Writer| {
        std::thread::spawn(move || {
            writer.write(address, until);
            writer
        })
    };
    let threads: Vec<_> = writers.into_iter().map(write).collect();
    meanwhile();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn killed_at_any_moment_it_has_what_it_acknowledged_and_what_is_sent_again_once() {
    let rounds: u64 =
        std::env::var("KAREZ_CRASH_ROUNDS").map_or(3, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = DataFolder::new("crash");
    let limits = ["--messages-per-second", "100000", "--messages-burst", "1000000"];
    let mut writers: Vec<_> = (0..WRITERS).map(|writer| Writer::new(format!("w{writer}"))).collect();
    let mut sum = Sum::default();
    for _ in 0..rounds {
        let daemon = folder.karez(&limits);
        let address = daemon.address("page");
        writers = write_all(writers, address, Until::Killed, || {
            let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_micros() % 400;
            std::thread::sleep(Duration::from_millis(100 + u64::from(moment)));
            daemon.signal(Signal::KILL);
            daemon.wait();
        });
        writers.iter().for_each(|writer| sum.take(writer));
        sum.check(&stored(&folder));
    }
    let daemon = folder.karez(&limits);
    writers = write_all(writers, daemon.address("page"), Until::AllAcked, || {});
    writers.iter().for_each(|writer| sum.take(writer));
    daemon.end();
    let stored = stored(&folder);
    sum.check(&stored);
    let uids: BTreeSet<_> = writers.iter().map(|writer| writer.uid).collect();
    assert_eq!(uids.len(), WRITERS, "each has a uid of its own");
    let sent: u64 = writers.iter().map(|writer| writer.sent).sum();
    assert_eq!(
        (sum.acked.len(), stored.len() as u64),
        (stored.len(), sent),
        "all is there, and nothing twice"
    );
    assert!(sent > rounds, "something was sent");
    println!(
        "{rounds} kills under {WRITERS} writers, who sent again what was not acknowledged: {sent} sent, {sent} \
         acknowledged in the end, {} of them as duplicates of what was stored before a kill; {} stored; 0 lost, 0 \
         doubled, 0 out of order, no gap in the numbers",
        writers.iter().map(|writer| writer.duplicates).sum::<u64>(),
        stored.len()
    );
}
