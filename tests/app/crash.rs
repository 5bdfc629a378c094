//! A daemon that is killed in mid-turn, over and over: what it acknowledged or delivered is there, once, in
//! order and without gaps. `scripts/crash.sh` runs more rounds and shows the figures.

use std::collections::{BTreeMap, BTreeSet};
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
const UNDER_WAY_MAX: u64 = 4;

/// What one writer was told before the daemon was killed.
#[derive(Default)]
struct Told {
    uid: u64,
    sent: u64,
    acked: Vec<(u64, String)>,
    delivered: Vec<(u64, String)>,
}

/// Sends to the group until the daemon is gone.
fn write_until_killed(address: SocketAddr, name: &str) -> Told {
    let mut client = Client::open(address);
    client.say(LOGIN);
    let Heard::Text(login) = client.hear() else { panic!("no login") };
    let mut told = Told { uid: field(&login, "uid").as_u64().unwrap(), ..Told::default() };
    let mut acks = 0;
    while !client.ended {
        while told.sent - acks < UNDER_WAY_MAX {
            let content = format!("{name}-{}", told.sent);
            let message = format!(r#"{{"type":"group","gid":7,"id":"{content}","content":"{content}"}}"#);
            if client.stream.write_all(&text(&message)).is_err() {
                return told;
            }
            told.sent += 1;
        }
        client.pull();
        while let Some(heard) = client.take_frame() {
            let Heard::Text(message) = heard else { continue };
            let kept = |content| (field(&message, "seq").as_u64().unwrap(), content);
            let text_of = |name| field(&message, name).as_str().unwrap().to_owned();
            match field(&message, "type").as_str().unwrap() {
                "ack" => {
                    acks += 1;
                    told.acked.push(kept(text_of("id")));
                }
                "groupPm" => told.delivered.push(kept(text_of("content"))),
                "joined" => {}
                other => panic!("{other}: {message}"),
            }
        }
    }
    told
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

/// What all rounds together were told.
#[derive(Default)]
struct Sum {
    sent: u64,
    acked: BTreeMap<u64, String>,
    delivered: BTreeMap<u64, String>,
    uids: BTreeSet<u64>,
}

impl Sum {
    fn take(&mut self, told: Told) {
        self.sent += told.sent;
        assert!(self.uids.insert(told.uid), "uid {} was given twice", told.uid);
        for (seq, content) in told.acked {
            assert_eq!(self.acked.insert(seq, content), None, "{seq} was acknowledged twice");
        }
        for pair in told.delivered.windows(2) {
            assert_eq!(pair[0].0 + 1, pair[1].0, "delivered in order, without gaps");
        }
        for (seq, content) in told.delivered {
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

#[test]
fn killed_at_any_moment_it_has_what_it_acknowledged() {
    let rounds: u64 =
        std::env::var("KAREZ_CRASH_ROUNDS").map_or(3, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = DataFolder::new("crash");
    let mut sum = Sum::default();
    let limits = ["--messages-per-second", "100000", "--messages-burst", "1000000"];
    for round in 0..rounds {
        let daemon = folder.karez(&limits);
        let address = daemon.address("page");
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let name = format!("{round}.{writer}");
                std::thread::spawn(move || write_until_killed(address, &name))
            })
            .collect();
        let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_micros() % 400;
        std::thread::sleep(Duration::from_millis(100 + u64::from(moment)));
        daemon.signal(Signal::KILL);
        daemon.wait();
        for writer in writers {
            sum.take(writer.join().unwrap());
        }
        sum.check(&stored(&folder));
    }
    folder.karez(&limits).end();
    let stored = stored(&folder);
    sum.check(&stored);
    assert!(sum.acked.len() as u64 > rounds, "something was acknowledged");
    println!(
        "{rounds} kills under {WRITERS} writers: {} sent, {} acknowledged, {} stored; of the acknowledged 0 lost, \
         0 doubled, 0 out of order; no gap in the numbers",
        sum.sent,
        sum.acked.len(),
        stored.len()
    );
}
