//! Sockets that somebody else has opened: as a service manager hands them over.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::*;
use crate::process::*;

/// The daemon with standard input and output as descriptors 3 and 4, and the words of a service manager.
fn handed(count: usize, first: OwnedFd, second: OwnedFd) -> Command {
    let script = format!(
        "exec 3<&0 4<&1 0</dev/null 1>/dev/null; LISTEN_FDS={count} LISTEN_PID=$$ exec \"$0\" \"$@\""
    );
    let mut command = Command::new("sh");
    clean(&mut command).args(["-c", &script, KAREZ]).stdin(Stdio::from(first)).stdout(Stdio::from(second));
    command
}

#[test]
fn sockets_that_were_handed_over_are_served_and_stay_their_owners() {
    let path = SocketPath::new("handed");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&path.0).unwrap();
    let address = tcp.local_addr().unwrap();
    // Who comes before the daemon is there waits, and is served.
    let mut early = Client::dial(address);
    early.send(upgrade("/", "").as_bytes());
    let mut command = handed(2, tcp.try_clone().unwrap().into(), unix.try_clone().unwrap().into());
    let daemon = Process::greeting_with(command.args(["--listen", "192.0.2.1:1"]));
    assert_eq!(daemon.address("page"), address, "and not where --listen says");
    daemon.wait_for_line(&format!("  socket    {}", path.0.display()));
    early.expect_bytes(SWITCHED.as_bytes());
    let stream = UnixStream::connect(&path.0).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut local = Client::new(stream);
    local.send(upgrade("/", "").as_bytes());
    local.expect_bytes(SWITCHED.as_bytes());
    drop((early, local));
    daemon.end();
    assert!(path.0.exists(), "whoever made the socket removes it");
    // Nobody accepts now, and nobody is refused.
    Client::dial(address);
}

#[test]
fn a_socket_for_everybody_needs_a_word_about_guests_and_one_for_somebody_else_is_left_alone() {
    let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
    let null = || std::fs::File::open("/dev/null").unwrap().into();
    let (code, words) = Process::ending_with(&mut handed(1, tcp.into(), null()));
    assert_eq!(code, 78, "{words}");
    assert!(words.contains("--guests yes"), "{words}");
    let (code, words) = Process::ending_with(&mut handed(1, null(), null()));
    assert_eq!(code, 69, "{words}");
    assert!(words.contains("handed over"), "{words}");
    let mut command = Command::new(KAREZ);
    clean(&mut command)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .envs([("LISTEN_FDS", "1"), ("LISTEN_PID", "1")]);
    let daemon = Process::greeting_with(&mut command);
    Client::open(daemon.address("page"));
    daemon.end();
}
