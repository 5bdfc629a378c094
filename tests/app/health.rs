//! Whether it makes sense to send people here.

use std::time::Duration;

use karez::store::{Options, Sqlite, Storage};

use crate::client::*;
use crate::process::*;
use crate::scrape::*;
use crate::world::*;

#[test]
fn a_daemon_that_turns_is_live_and_one_that_stores_is_ready() {
    let mut world = World::new();
    let mut asker = world.dial();
    assert_eq!(world.get(&mut asker, "/livez"), (200, "live\n".to_owned()));
    assert_eq!(world.get(&mut asker, "/readyz"), (200, "ready\n".to_owned()));
    let all = (200, "[+]store: ok\n[+]drain: ok\nready\n".to_owned());
    assert_eq!(world.get(&mut asker, "/readyz?verbose"), all);
    asker.send(b"POST /readyz HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    world.settle();
    asker.expect_bytes(b"HTTP/1.1 405 ");
}

#[test]
fn a_failed_turn_shows_until_something_is_stored() {
    let mut world = World::new();
    let (mut guest, _) = world.guest();
    let mut asker = world.dial();
    world.fail_next_commit();
    guest.say(r#"{"type":"group","gid":7,"content":"hi"}"#);
    world.settle();
    let (status, words) = world.get(&mut asker, "/readyz");
    assert_eq!((status, words.as_str()), (503, "[-]store: the medium failed: told to fail\nnot ready\n"));
    guest.say(r#"{"type":"group","gid":7,"content":"hi"}"#);
    assert_eq!(world.get(&mut asker, "/readyz").0, 200);
}

#[test]
fn a_full_store_is_not_ready_and_is_again_when_there_is_room_though_nobody_speaks() {
    let folder = DataFolder::new("ready");
    let (config, settings) = told(&["--messages-burst", "10000"]);
    let store = Sqlite::open(&Options { pages_max: Some(105), ..Options::new(&folder.0) }).unwrap();
    let mut world = World::on(store, config, settings);
    let (mut guest, _) = world.guest();
    let mut asker = world.dial();
    let loud = format!(r#"{{"type":"group","gid":7,"content":"{}"}}"#, "x".repeat(3_000));
    while world.get(&mut asker, "/readyz").0 == 200 {
        guest.say(&loud);
        world.settle();
        while guest.pull() {}
    }
    let (_, words) = world.get(&mut asker, "/readyz?verbose");
    assert_eq!(words, "[-]store: there is no room left\n[+]drain: ok\nnot ready\n");
    asker.send(request("/readyz", "X-Real-IP: 192.0.2.1\r\n").as_bytes());
    world.settle();
    while asker.pull() {}
    let answer = String::from_utf8(std::mem::take(&mut asker.bytes)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("room"), "a stranger: {answer}");
    // Asking goes on, and changes nothing while there is no room.
    std::thread::sleep(Duration::from_millis(1_100));
    for _ in 0..3 {
        assert_eq!(world.get(&mut asker, "/readyz").0, 503);
    }
    world.server.handler_mut().store_mut().limit_pages(300).unwrap();
    world.turn_until("ready again", |_| true);
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while world.get(&mut asker, "/readyz").0 != 200 {
        assert!(std::time::Instant::now() < end, "never ready again");
    }
    assert_eq!(world.server.handler_mut().store_mut().probe(), Ok(()));
}

#[test]
fn before_the_listener_closes_it_is_no_longer_ready() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--drain-delay", "1s"]);
    let address = daemon.address("page");
    let mut client = Client::open(address);
    assert_eq!(get(address, "/readyz", "").0, 200);
    daemon.signal(rustix::process::Signal::TERM);
    daemon.wait_for_line("draining begins");
    let (status, words) = get(address, "/readyz?verbose", "");
    assert_eq!(
        (status, words.as_str()),
        (503, "[+]store: ok\n[-]drain: the daemon is going down\nnot ready\n")
    );
    assert_eq!(get(address, "/livez", "").0, 200);
    client.say(LOGIN);
    assert!(client.hear_text().starts_with(r#"{"type":"login""#), "who is there is served");
    assert_eq!(client.hear_text(), r#"{"type":"bye","code":"restart","retry":_}"#);
    assert_eq!(client.hear(), Heard::Close(1001, "restart".to_owned()));
    assert!(std::net::TcpStream::connect(address).is_err(), "it still listens");
    client.send(&close(1001));
    assert_eq!(daemon.wait().0.code(), Some(0));
}
