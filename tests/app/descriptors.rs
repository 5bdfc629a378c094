//! More clients than descriptors.

use std::time::{Duration, Instant};

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// The processor time that a process has used: fields 14 and 15 of `/proc/PID/stat`, in ticks of 10 ms.
fn busy(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let behind_the_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 =
        behind_the_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[test]
fn with_more_clients_than_descriptors_it_neither_spins_nor_goes_deaf() {
    const DESCRIPTORS: usize = 64;
    let daemon = Process::karez_with_descriptors(DESCRIPTORS, &["--listen", "127.0.0.1:0"]);
    let address = daemon.address("page");
    let served: usize =
        daemon.lines()[0].split("up to ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((16..DESCRIPTORS).contains(&served), "{:?}", daemon.lines());

    let mut inside: Vec<Client> = (0..served).map(|_| Client::open(address)).collect();
    // The kernel completes their connections; the daemon does not accept them.
    let mut outside: Vec<Client> = (0..3 * DESCRIPTORS).map(|_| Client::dial(address)).collect();
    for client in &mut outside {
        client.send(&[upgrade("/", "").as_bytes(), &text(r#"{"type":"ping"}"#)].concat());
    }
    daemon.wait_for_line("accepting pauses");
    let before = busy(daemon.pid());
    std::thread::sleep(Duration::from_millis(1000));
    let used = busy(daemon.pid()) - before;
    assert!(used <= Duration::from_millis(100), "{used:?} of a second while nothing can be done");
    assert!(open_files(daemon.pid()) < DESCRIPTORS, "something is left for the process itself");
    let pauses = daemon.lines().iter().filter(|line| line.contains("accepting pauses")).count();
    assert_eq!(pauses, 1, "it is said once");

    // Who is inside notices nothing.
    inside[0].say(LOGIN);
    assert!(inside[0].hear_text().starts_with(r#"{"type":"login","uid":1001,"#));

    // As many as leave are let in, and soon.
    let start = Instant::now();
    drop(inside.drain(1..));
    for client in outside.iter_mut().take(served - 1) {
        client.expect_bytes(SWITCHED.as_bytes());
        assert_eq!(client.hear_text(), r#"{"type":"pong"}"#);
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    drop(outside);
    let start = Instant::now();
    let mut late = Client::open(address);
    late.say(r#"{"type":"ping"}"#);
    assert_eq!(late.hear_text(), r#"{"type":"pong"}"#);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    drop((late, inside));
    daemon.end();
}

#[test]
fn too_few_descriptors_for_anybody_are_said_with_what_to_do() {
    let script = "ulimit -n 24; exec \"$0\" --listen 127.0.0.1:0 --store memory";
    let output = std::process::Command::new("sh").args(["-c", script, KAREZ]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("24") && stderr.contains("ulimit -n 65536"), "{stderr}");
}
