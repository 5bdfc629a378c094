//! `karez tail`: prints what is said, as it is said.
//!
//! It is a client like any other: it speaks WebSocket (`ws` knows the client's side), logs in, and becomes a member of
//! the groups that it is to hear, for only members hear what is said. With the secret that tokens are signed with it
//! makes one for itself, which brings it into closed groups too; without, it comes as a guest, where guests are welcome.
//! What others have written goes to a terminal, so control characters in it are escaped.
//!
//! Tests: `tests/app/remote.rs`.

use std::io::{self, Read, Write};

use clap::Args;
use serde_json::{Value, json};

use super::remote::{Remote, Stream, plain};
use super::{CONFIG, Failure, RUNTIME, UNAVAILABLE, print, say, token};
use crate::auth::Claims;
use crate::base::clock::Clock;
use crate::chat::ids::Id;
use crate::chat::input::Role as Allowed;
use crate::config::TokenSettings;
use crate::ws::{ClientHandshake, Decoder, Event, Inflater, Opcode, Role, Settings, encode_masked};

/// For how long its token holds, in seconds. A login lasts no longer.
const TOKEN_TTL_S: u64 = 86_400;
/// Bytes of the answer to the opening handshake.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;
/// The largest message that is looked at, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is to be heard.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  karez tail                                  every open group, as a guest\n  karez tail \
                        --gid 123 --gid 7           two groups\n  karez tail --json --token-secret-file secret --gid 123 \
                        | jq .content\n\nWhoever listens is a member of the groups, and the others see that."
)]
pub(super) struct Tail {
    #[command(flatten)]
    remote: Remote,

    #[command(flatten)]
    token: TokenSettings,

    /// A group that is heard; several times for several. Default: every group that anybody may join.
    #[arg(long, value_name = "GID", value_delimiter = ',', value_parser = token::id)]
    gid: Vec<Id>,

    /// Who listens, where there is a secret to make a token with.
    #[arg(long, value_parser = token::id, default_value = "karez-tail")]
    uid: Id,

    /// Prints the messages as they come, one JSON object a line.
    #[arg(long)]
    json: bool,

    /// Ends after so many messages.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
}

/// Prints until the daemon ends, or enough has been printed.
pub(super) fn run(tail: &Tail) -> Result<(), Failure> {
    let login = login(tail)?;
    let mut line = Line::open(&tail.remote)?;
    line.say(&login)?;
    let mut is_in = false;
    let mut left = tail.count.unwrap_or(u64::MAX);
    while left > 0 {
        let text = line.hear()?;
        let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "login" => {
                is_in = true;
                enter(tail, &mut line)?;
            }
            "groups" => enter_all(&message, &mut line)?,
            // Of all that there are one may be full, or no longer there.
            "error" if is_in && tail.gid.is_empty() => say(&format!("karez: {}", refusal(&message))),
            "error" | "bye" => return Err(Failure { code: RUNTIME, words: refusal(&message) }),
            "ack" | "pong" => {}
            _ if tail.json => {
                print(&text)?;
                left -= 1;
            }
            kind => {
                if let Some(words) = words_of(kind, &message) {
                    print(&plain(&words))?;
                    left -= 1;
                }
            }
        }
    }
    Ok(())
}

fn login(tail: &Tail) -> Result<Value, Failure> {
    let config = |words: String| Failure { code: CONFIG, words };
    let Some((secret, setting)) = tail.token.secret().map_err(|error| config(error.to_string()))? else {
        return Ok(json!({"type": "login", "content": "login"}));
    };
    let claims = Claims {
        uid: tail.uid.clone(),
        name: None,
        role: Allowed::User,
        groups: tail.gid.clone(),
        desks: Vec::new(),
        exp_s: Clock::start().now().unix.0 / 1_000 + TOKEN_TTL_S,
        not_before: None,
    };
    let token = secret
        .sign(&claims, tail.token.token_audience.as_deref())
        .map_err(|error| config(format!("{setting}: {error}")))?;
    Ok(json!({"type": "login", "token": token}))
}

fn enter(tail: &Tail, line: &mut Line<'_>) -> Result<(), Failure> {
    if tail.gid.is_empty() {
        return line.say(&json!({"type": "groups", "all": true}));
    }
    tail.gid.iter().try_for_each(|gid| {
        let gid = match gid {
            Id::Number(number) => json!(number),
            Id::Text(text) => json!(&**text),
        };
        line.say(&json!({"type": "join", "gid": gid}))
    })
}

/// Joins the groups of a page, and asks for the next.
fn enter_all(page: &Value, line: &mut Line<'_>) -> Result<(), Failure> {
    for group in page.get("groups").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(gid), None) = (group.get("gid"), group.get("role")) {
            line.say(&json!({"type": "join", "gid": gid}))?;
        }
    }
    match page.get("next") {
        Some(next) => line.say(&json!({"type": "groups", "all": true, "cursor": next})),
        None => Ok(()),
    }
}

fn refusal(message: &Value) -> String {
    let part = |name: &str| plain(message.get(name).and_then(Value::as_str).unwrap_or_default());
    format!("the daemon refused: {} {}", part("code"), part("message")).trim_end().to_owned()
}

/// One line for people. `None`: nobody said it.
fn words_of(kind: &str, message: &Value) -> Option<String> {
    let part = |name: &str| match message.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let who = || format!("{} ({})", part("name"), part("uid"));
    Some(match kind {
        "groupPm" => format!("group {} #{} {}: {}", part("gid"), part("seq"), who(), part("content")),
        "pm" => format!("to {} #{} {}: {}", part("to"), part("seq"), who(), part("content")),
        "broadcast" => format!("broadcast {}: {}", who(), part("content")),
        "push" => format!("push {} {}", part("title"), part("content")),
        "joined" | "left" => format!("{kind} {} {}", part("gid"), who()),
        _ => return None,
    })
}

/// A WebSocket connection that waits.
struct Line<'a> {
    remote: &'a Remote,
    stream: Box<dyn Stream>,
    decoder: Decoder,
    inflater: Inflater,
    /// What has come and is not decoded yet.
    bytes: Vec<u8>,
}

impl<'a> Line<'a> {
    fn open(remote: &'a Remote) -> Result<Line<'a>, Failure> {
        let mut stream = remote.dial()?;
        let host = remote.url.host();
        let handshake = ClientHandshake::new(&host, "/ws", random()?, Some("karez.v1"), false);
        let mut bytes = Vec::new();
        handshake.encode(&mut bytes);
        stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(|error| remote.absent(&error))?;
        bytes.clear();
        let foreign = |words: String| Failure {
            code: UNAVAILABLE,
            words: format!("what answers at {} is no daemon of this kind: {words}", remote.url),
        };
        let connected = loop {
            match handshake.verify(&bytes).map_err(|error| foreign(error.to_string()))? {
                Some(connected) => break connected,
                None if bytes.len() > HEAD_BYTES_MAX => {
                    return Err(foreign("its answer has no end".to_owned()));
                }
                None => {}
            }
            let more = read(&mut stream).map_err(|error| remote.absent(&error))?;
            bytes.extend_from_slice(&more);
        };
        bytes.drain(..connected.head_bytes.min(bytes.len()));
        Ok(Line { remote, stream, decoder: Decoder::new(), inflater: Inflater::new(), bytes })
    }

    fn say(&mut self, message: &Value) -> Result<(), Failure> {
        self.send(Opcode::Text, message.to_string().as_bytes())
    }

    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Failure> {
        let mut frame = Vec::new();
        encode_masked(&mut frame, opcode, payload, random()?);
        let sent = self.stream.write_all(&frame).and_then(|()| self.stream.flush());
        sent.map_err(|error| self.remote.absent(&error))
    }

    /// The next text. What keeps a connection alive is seen to.
    fn hear(&mut self) -> Result<String, Failure> {
        let settings = Settings { role: Role::Client, message_bytes_max: MESSAGE_BYTES_MAX };
        loop {
            let step = self.decoder.decode(&settings, false, &mut self.inflater, &mut self.bytes);
            let step = step.map_err(|violation| Failure {
                code: RUNTIME,
                words: format!("the daemon broke the protocol: {violation}"),
            })?;
            let consumed = step.consumed;
            let mut pong = None;
            let mut heard = None;
            let is_event = step.event.is_some();
            match step.event {
                Some(Event::Text(text)) => heard = Some(text.to_owned()),
                Some(Event::Ping(payload)) => pong = Some(payload.to_vec()),
                Some(Event::Close(close)) => {
                    let words = format!("the daemon has ended the connection: {close:?}");
                    return Err(Failure { code: UNAVAILABLE, words });
                }
                _ => {}
            }
            self.bytes.drain(..consumed.min(self.bytes.len()));
            if let Some(payload) = pong {
                self.send(Opcode::Pong, &payload)?;
            }
            if let Some(text) = heard {
                return Ok(text);
            }
            if !is_event && self.bytes.is_empty() {
                self.wait()?;
            }
        }
    }

    /// Waits for more. Who is silent for long is asked, once, whether anybody is there.
    fn wait(&mut self) -> Result<(), Failure> {
        let is_silence =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        let more = match read(&mut self.stream) {
            Err(error) if is_silence(&error) => {
                self.say(&json!({"type": "ping"}))?;
                read(&mut self.stream)
            }
            done => done,
        };
        self.bytes.extend_from_slice(&more.map_err(|error| self.remote.absent(&error))?);
        Ok(())
    }
}

/// Some bytes; the end is an error.
fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut part = vec![0; READ_BYTES];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                part.truncate(count);
                return Ok(part);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], Failure> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Failure { code: RUNTIME, words: "the system gives no random numbers".to_owned() })?;
    Ok(bytes)
}
