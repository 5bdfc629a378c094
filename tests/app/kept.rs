//! What a restart keeps, and stores that the daemon does not serve from.

use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// Logs in and returns the whole answer.
fn login(client: &mut Client, token: Option<&str>) -> String {
    match token {
        None => client.say(LOGIN),
        Some(token) => client.say(&format!(r#"{{"type":"login","token":"{token}"}}"#)),
    }
    let Heard::Text(answer) = client.hear() else { panic!("no login") };
    answer
}

#[test]
fn a_restart_keeps_users_groups_numbers_tokens_and_the_epoch() {
    let folder = DataFolder::new("kept");
    let daemon = folder.karez(&[]);
    let (mut ann, mut ben) = (Client::open(daemon.address("page")), Client::open(daemon.address("page")));
    let (first, second) = (login(&mut ann, None), login(&mut ben, None));
    let token = field(&first, "token").as_str().unwrap().to_owned();
    let silent = field(&second, "token").as_str().unwrap().to_owned();
    ann.say(r#"{"type":"group","gid":7,"content":"one","id":"1"}"#);
    let heard = [ann.hear_text(), ann.hear_text(), ann.hear_text()].concat();
    assert!(heard.contains(r#"{"type":"ack","id":"1","gid":7,"seq":1,"#), "{heard}");
    drop((ann, ben));
    daemon.end();
    assert_eq!(folder.names(), ["karez.db", "karez.lock"], "a clean end leaves no WAL");

    let daemon = folder.karez(&[]);
    let (mut ann, mut ben) = (Client::open(daemon.address("page")), Client::open(daemon.address("page")));
    let again = login(&mut ann, Some(&token));
    assert_eq!(field(&again, "uid"), 1001);
    assert_eq!(field(&again, "epoch"), field(&first, "epoch"));
    ann.say(r#"{"type":"group","gid":7,"content":"two"}"#);
    let said =
        r#"{"type":"groupPm","gid":7,"seq":2,"uid":1001,"name":"Guest 1001","content":"two","time":_}"#;
    assert_eq!(ann.hear_text(), said, "still a member, and the numbers go on");
    assert_eq!(field(&login(&mut ben, Some(&silent)), "uid"), 1002, "who never spoke comes back too");
    let mut cid = Client::open(daemon.address("page"));
    assert_eq!(field(&login(&mut cid, None), "uid"), 1101, "and nobody else gets that number");
    drop((ann, ben, cid));
    daemon.end();
}

#[test]
fn a_memory_store_leaves_nothing_behind() {
    let folder = DataFolder::new("memory");
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--data", folder.0.to_str().unwrap()]);
    assert!(daemon.wait_for_line("  store").contains("in memory"));
    daemon.end();
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn the_start_tells_where_the_store_is_and_how_durable() {
    let folder = DataFolder::new("told");
    let daemon = folder.karez(&[]);
    let file = folder.0.join("karez.db");
    assert_eq!(daemon.wait_for_line("  store"), format!("  store     {}", file.display()));
    daemon.end();
    let daemon = folder.karez(&["--durability", "relaxed"]);
    assert!(daemon.wait_for_line("  store").contains("RELAXED: a power cut may lose"));
    daemon.end();
}

#[test]
fn a_store_that_cannot_be_served_from_is_65_and_stays_as_it_is() {
    let folder = DataFolder::new("refused");
    let first = folder.karez(&[]);
    let (code, stdout, stderr) = run_to_end(&folder.arguments(&[]), &[]);
    assert_eq!((code, stdout.as_str()), (65, ""), "{stderr}");
    assert!(stderr.contains("is in use by another process, perhaps another karez"), "{stderr}");
    first.end();
    let file = folder.0.join("karez.db");
    std::fs::write(&file, "shopping list").unwrap();
    let (code, _, stderr) = run_to_end(&folder.arguments(&[]), &[]);
    assert_eq!(code, 65, "{stderr}");
    assert!(stderr.contains("is not a store of karez") && stderr.contains("left as it is"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "shopping list");
}

#[test]
fn a_daemon_that_was_killed_starts_again_by_itself() {
    let folder = DataFolder::new("killed");
    let daemon = folder.karez(&[]);
    let mut ann = Client::open(daemon.address("page"));
    login(&mut ann, None);
    ann.say(r#"{"type":"group","gid":7,"content":"one"}"#);
    ann.hear_text();
    ann.hear_text();
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert!(folder.names().contains(&"karez.db-wal".to_owned()), "{:?}", folder.names());
    let daemon = folder.karez(&[]);
    let mut ann = Client::open(daemon.address("page"));
    login(&mut ann, None);
    ann.say(r#"{"type":"group","gid":7,"content":"two"}"#);
    ann.hear_text();
    assert!(ann.hear_text().contains(r#""seq":2"#));
    drop(ann);
    daemon.end();
}
