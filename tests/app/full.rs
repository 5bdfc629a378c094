//! No room left on the disk: nobody is told that something was stored which was not, what is there can be read,
//! and when there is room again it goes on by itself.

use karez::store::{Options, Sqlite};

use crate::client::*;
use crate::process::*;
use crate::world::*;

fn group(number: u64) -> String {
    let words = "x".repeat(3_000);
    format!(r#"{{"type":"group","gid":7,"content":"{words}","id":"m{number}"}}"#)
}

fn is_refused(answer: &str) -> bool {
    answer.contains(r#""code":"internal""#) && answer.contains(r#""retry":"#)
}

/// Says message after message, and hands each answer over, until one is refused. Returns how many were stored.
fn until_refused(mut say: impl FnMut(&str) -> String) -> u64 {
    let mut acked = 0;
    loop {
        let answer = say(&group(acked + 1));
        if is_refused(&answer) {
            return acked;
        }
        acked += 1;
        assert!(
            answer.contains(&format!(r#""type":"ack","id":"m{acked}","gid":7,"seq":{acked},"#)),
            "{answer}"
        );
        assert!(acked < 1_000, "it is never full");
    }
}

#[test]
fn a_full_store_refuses_serves_who_reads_and_recovers() {
    let folder = DataFolder::new("full");
    let (config, settings) = told(&["--messages-burst", "10000"]);
    let store = Sqlite::open(&Options { pages_max: Some(105), ..Options::new(&folder.0) }).unwrap();
    let mut world = World::on(store, config, settings);
    let [mut ann, mut bob] = world.guests();
    bob.say(r#"{"type":"join","gid":7}"#);
    world.settle();
    let acked = until_refused(|message| {
        ann.say(message);
        world.texts_of(&mut ann).into_iter().find(|text| text.contains(r#""id":"m"#)).unwrap()
    });
    let heard = world.texts_of(&mut bob);
    let entries = heard.iter().filter(|text| text.starts_with(r#"{"type":"groupPm""#)).count();
    assert_eq!(entries as u64, acked, "others hear what was stored, and nothing else");
    bob.say(&format!(r#"{{"type":"history","gid":7,"after":{},"id":"h"}}"#, acked - 1));
    let page = world.texts_of(&mut bob).remove(0);
    assert!(page.contains(&format!(r#""seq":{acked},"#)), "reading goes on: {page}");

    world.server.handler_mut().store_mut().limit_pages(300).unwrap();
    ann.say(&group(acked + 1));
    let answer = world.texts_of(&mut ann).into_iter().find(|text| text.contains(r#""type":"ack""#)).unwrap();
    assert!(answer.contains(&format!(r#""seq":{},"#, acked + 1)), "no number was lost: {answer}");
}

/// In a mount namespace of its own, a disk of 2 MiB of which a file takes a half; then the daemon.
#[cfg(target_os = "linux")]
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=2m none "$FOLDER" && head -c 1048576 /dev/zero >"$FOLDER/ballast" && exec "$0" "$@""#;

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_refused_on_and_recovered_from() {
    let folder = DataFolder::new("full-disk");
    let path = folder.0.to_str().unwrap();
    let prepared = format!("FOLDER={path}; {SMALL_DISK}");
    let unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &prepared];
    let trial = std::process::Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .stderr(std::process::Stdio::null())
        .status();
    if !trial.is_ok_and(|status| status.success()) {
        eprintln!("no small disk can be mounted here: nothing is shown");
        return;
    }
    let daemon = Process::karez_under(&unshare, &folder.arguments(&["--messages-burst", "10000"]));
    let mut ann = Client::open(daemon.address("page"));
    ann.say(LOGIN);
    ann.hear_text();
    let mut say = |message: &str| {
        ann.say(message);
        loop {
            let Heard::Text(heard) = ann.hear() else { panic!("no text") };
            if heard.contains(r#""id":"#) {
                return heard;
            }
        }
    };
    let acked = until_refused(&mut say);
    assert!(acked > 10, "{acked}");
    daemon.wait_for_line("there is no room left");
    let page = say(&format!(r#"{{"type":"history","gid":7,"after":{},"id":"h"}}"#, acked - 1));
    assert!(page.contains(&format!(r#""seq":{acked},"#)), "reading goes on: {page}");

    // As the daemon sees it: nobody else does.
    std::fs::remove_file(format!("/proc/{}/root{path}/ballast", daemon.pid())).unwrap();
    let answer = say(&group(acked + 1));
    assert!(answer.contains(&format!(r#""seq":{},"#, acked + 1)), "no number was lost: {answer}");
    daemon.end();
}
