//! Clients become users of the chat.

use std::time::{Duration, Instant};

use crate::fleet::{Fleet, Said};
use crate::load::digits;

const PATIENCE: Duration = Duration::from_secs(20);
/// Requests at a time. All at once would make the server's memory that of a burst.
const UNDER_WAY: usize = 100;

/// Logs every client in as a guest. Returns the uids.
pub fn login(fleet: &mut Fleet) -> Vec<u64> {
    let uid = |answer: &String| digits(answer.split_once(r#""uid":"#).expect("a uid").1.as_bytes());
    login_answers(fleet).iter().map(uid).collect()
}

/// Logs every client in as a guest. Returns what each was told.
pub fn login_answers(fleet: &mut Fleet) -> Vec<String> {
    ask(fleet, |_| r#"{"type":"login"}"#.to_owned(), r#"{"type":"login""#)
}

/// The text of a field of a message, without escapes.
pub fn text_of<'a>(message: &'a str, field: &str) -> &'a str {
    let (_, rest) = message.split_once(&format!("\"{field}\":\"")).expect("the field");
    rest.split_once('"').expect("its end").0
}

/// Each client joins the group that `gid` names.
pub fn join(fleet: &mut Fleet, gid: impl Fn(usize) -> usize) {
    ask(fleet, |client| format!(r#"{{"type":"join","gid":{},"id":"j"}}"#, gid(client)), r#"{"type":"ack""#);
}

/// Sends a request for each client, some at a time, and waits for one answer each that begins so.
pub fn ask(fleet: &mut Fleet, request: impl Fn(usize) -> String, answer: &str) -> Vec<String> {
    let clients = fleet.len();
    let mut answers = vec![None; clients];
    let (mut asked, mut answered) = (0, 0);
    let began = Instant::now();
    while answered < clients {
        while asked < clients && asked - answered < UNDER_WAY {
            fleet.outs().send(asked, request(asked).as_bytes());
            asked += 1;
        }
        fleet.turn(Some(Duration::from_millis(10)), |client, said, _| match said {
            Said::Text(text) if text.starts_with(answer) && answers[client].is_none() => {
                answers[client] = Some(text.to_owned());
                answered += 1;
            }
            Said::Text(text) => {
                assert!(!text.starts_with(r#"{"type":"error""#), "client {client}: {text}");
            }
            Said::Close(_) | Said::Gone(_) => panic!("client {client} was lost"),
        });
        assert!(began.elapsed() < PATIENCE, "{answered} of {clients} have {answer}");
    }
    answers.into_iter().flatten().collect()
}
