//! SIGHUP: all settings are judged, then all of them hold; or none.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use karez::auth::Claims;
use karez::auth::jwt::Secret;
use karez::chat::ids::Id;
use karez::chat::input::Role;
use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// A daemon with a file of settings.
struct Reloading {
    daemon: Process,
    path: PathBuf,
    reloads: Cell<usize>,
    refusals: Cell<usize>,
    _folder: DataFolder,
}

const LISTEN: &str = "listen = \"127.0.0.1:0\"\n";

impl Reloading {
    fn new(name: &str, text: &str) -> Reloading {
        let folder = DataFolder::new(name);
        let path = folder.0.join("karez.toml");
        fs::write(&path, format!("{LISTEN}{text}")).unwrap();
        let daemon = Process::karez(&["--config", path.to_str().unwrap()]);
        Reloading { daemon, path, reloads: Cell::new(0), refusals: Cell::new(0), _folder: folder }
    }

    /// Changes the file, and has it read.
    fn reload(&self, text: &str) {
        fs::write(&self.path, format!("{LISTEN}{text}")).unwrap();
        self.daemon.signal(Signal::HUP);
        self.daemon.wait_for_line_again("reload: done", self.reloads.replace(self.reloads.get() + 1));
    }

    /// Changes the file to something that must be refused for these reasons.
    #[track_caller]
    fn refuse(&self, text: &str, reasons: &[&str]) {
        fs::write(&self.path, format!("{LISTEN}{text}")).unwrap();
        self.daemon.signal(Signal::HUP);
        let before = self.refusals.replace(self.refusals.get() + 1);
        self.daemon.wait_for_line_again("reload: everything stays as it is", before);
        for reason in reasons {
            let lines = self.daemon.lines();
            assert!(lines.iter().any(|line| line.contains(reason)), "no {reason:?} in {lines:#?}");
        }
    }

    fn open(&self) -> Client {
        Client::open(self.daemon.address("page"))
    }

    /// The answer to a login.
    fn login(&self, login: &str) -> (Client, String) {
        let mut client = self.open();
        client.say(login);
        let Heard::Text(answer) = client.hear() else { panic!("no answer") };
        (client, answer)
    }

    /// What a page of another site is answered.
    fn status_of_origin(&self, origin: &str) -> String {
        let mut page = Client::dial(self.daemon.address("page"));
        page.send(upgrade("/", &format!("Origin: {origin}\r\n")).as_bytes());
        while page.bytes.len() < 12 && page.pull() {}
        String::from_utf8(page.bytes[9..12].to_vec()).unwrap()
    }
}

fn token(secret: &str) -> String {
    let claims = Claims {
        uid: Id::Number(7),
        name: None,
        role: Role::User,
        groups: Vec::new(),
        desks: Vec::new(),
        exp_s: u64::from(u32::MAX),
        not_before: None,
    };
    let token = Secret::new(secret.into()).sign(&claims, None).unwrap();
    format!(r#"{{"type":"login","token":"{token}"}}"#)
}

#[test]
fn limits_origins_and_levels_hold_at_once_and_connections_stay() {
    let karez = Reloading::new("reload-limits", "");
    let (mut ann, before) = karez.login(LOGIN);
    assert_eq!(field(&before, "limits")["messages_burst"], 100);
    assert_eq!(karez.status_of_origin("https://chat.example"), "403");
    let long = format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(40));
    karez.reload(
        "messages_burst = 7\nmessage_bytes_max = \"1KiB\"\norigin = \"https://chat.example\"\nlog = \"debug\"\n\
         recall_seconds = \"3m\"\nping_after = \"40s\"\n",
    );
    karez.daemon.wait_for_line(r#"reload: messages_burst is "7", was "100""#);
    karez.daemon.wait_for_line(r#"reload: origin is "https://chat.example", was """#);
    ann.say(&long);
    assert!(ann.hear_text().starts_with(r#"{"type":"pong""#), "who is there stays");
    let (ben, after) = karez.login(LOGIN);
    let limits = field(&after, "limits");
    assert_eq!((&limits["messages_burst"], &limits["recall_seconds"]), (&7.into(), &180.into()));
    assert_eq!((&limits["message_bytes"], field(&after, "heartbeat")), (&1024.into(), 40.into()), "{after}");
    assert_eq!(karez.status_of_origin("https://chat.example"), "101");
    drop(ben);
    karez.daemon.wait_for_line("DEBUG");
    // The new largest message counts for the old connection too.
    ann.say(&format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(1_100)));
    assert!(matches!(ann.hear(), Heard::Close(1009, _)));
    // What is taken out of the file is at its default again.
    karez.reload("");
    karez.daemon.wait_for_line(r#"reload: messages_burst is "100", was "7""#);
    let (_, answer) = karez.login(LOGIN);
    assert_eq!(field(&answer, "limits"), field(&before, "limits"));
    assert_eq!(karez.status_of_origin("https://chat.example"), "403");
    karez.daemon.end();
}

#[test]
fn one_mistake_anywhere_leaves_everything_as_it_is() {
    let karez = Reloading::new("reload-broken", "messages_burst = 50\n");
    let (mut ann, _) = karez.login(LOGIN);
    for (text, reasons) in [
        ("messages_burst = 7\nrecal_seconds = 1\n", &["3:1", "recal_seconds", "did you mean"][..]),
        ("messages_burst = 7\nlog = \"loud\"\n", &["\"loud\" is no level"]),
        ("messages_burst = 7\nguests = false\n", &["--guests no"]),
        ("messages_burst = 7\ntoken_secret_file = \"/nowhere/secret\"\n", &["/nowhere/secret"]),
        ("messages_burst = 7\nretention_bytes_max = \"1GiB\"\n", &["--retention-bytes-max 1GiB"]),
        ("messages_burst = 7\nlisten = \"127.0.0.1:0\"\n", &["twice"]),
        ("messages_burst =", &["no TOML"]),
    ] {
        karez.refuse(text, reasons);
        let (_, answer) = karez.login(LOGIN);
        assert_eq!(field(&answer, "limits")["messages_burst"], 50, "{text}");
    }
    fs::remove_file(&karez.path).unwrap();
    karez.daemon.signal(Signal::HUP);
    karez.daemon.wait_for_line_again("reload: everything stays as it is", karez.refusals.get());
    ann.say(r#"{"type":"ping"}"#);
    assert_eq!(ann.hear_text(), r#"{"type":"pong"}"#);
    karez.reload("messages_burst = 8\n");
    let (_, answer) = karez.login(LOGIN);
    assert_eq!(field(&answer, "limits")["messages_burst"], 8, "and then it is well again");
    karez.daemon.end();
}

#[test]
fn keys_are_exchanged_and_guests_are_let_in_or_not() {
    let (old, new) = ("0123456789abcdef0123456789abcdef", "abcdef0123456789abcdef0123456789");
    let folder = DataFolder::new("reload-keys");
    let secret = folder.0.join("secret");
    fs::write(&secret, old).unwrap();
    let setting = format!("token_secret_file = {:?}\n", secret.to_str().unwrap());
    let karez = Reloading::new("reload-keys-file", &setting);
    let holds = |login: &str| karez.login(login).1.contains(r#""type":"login""#);
    assert!(holds(&token(old)) && !holds(&token(new)) && !holds(LOGIN));
    // The name of the file is the same; what is in it is read again.
    fs::write(&secret, new).unwrap();
    karez.reload(&setting);
    assert!(!holds(&token(old)) && holds(&token(new)));
    karez.reload(&format!("{setting}guests = true\n"));
    assert!(holds(LOGIN) && holds(&token(new)));
    karez.reload(&setting);
    assert!(!holds(LOGIN));
    let log = karez.daemon.lines().join("\n");
    assert!(!log.contains(old) && !log.contains(new), "{log}");
    karez.daemon.end();
}

#[test]
fn what_takes_a_restart_is_told_and_stays() {
    let karez = Reloading::new("reload-restart", "");
    karez.reload("data = \"/nowhere/karez\"\nmessages_burst = 9\n");
    karez
        .daemon
        .wait_for_line(r#"reload: data stays "karez-data" until a restart, then it is "/nowhere/karez""#);
    let (_, answer) = karez.login(LOGIN);
    assert_eq!(field(&answer, "limits")["messages_burst"], 9);
    // As long as it waits it is told, and what holds is told once.
    karez.reload("data = \"/nowhere/karez\"\nmessages_burst = 9\n");
    karez.daemon.wait_for_line_again("reload: data stays", 1);
    let lines = karez.daemon.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("messages_burst is")).count(), 1, "{lines:#?}");
    karez.daemon.end();
}

#[test]
fn without_a_file_it_goes_on() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0"]);
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("reload: done");
    let mut client = Client::open(daemon.address("page"));
    client.say(LOGIN);
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":1001,"#));
    daemon.end();
}
