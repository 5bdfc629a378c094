//! `tokio-tungstenite-peer ADDRESS echo|room|chat`: a task for each connection, and a queue to each of whatever
//! others say to it. What lies in the queue is written together, as a careful user of the two libraries would do it.
//! They know no permessage-deflate. What the modes are: `tests/bench/src/peers.rs`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::rc::Rc;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async};

const FIRST_UID: u64 = 1001;
/// The room in which everybody is, outside the chat.
const EVERYBODY: u64 = 0;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Echo,
    Room,
    Chat,
}

#[derive(Deserialize)]
struct Request {
    r#type: String,
    content: Option<String>,
    uid: Option<u64>,
    gid: Option<u64>,
}

#[derive(Default)]
struct Group {
    seq: u64,
    members: HashMap<u64, UnboundedSender<Utf8Bytes>>,
}

#[derive(Default)]
struct Hub {
    users: HashMap<u64, UnboundedSender<Utf8Bytes>>,
    groups: HashMap<u64, Group>,
    logged_in: u64,
}

impl Hub {
    fn send(&self, uid: u64, text: String) {
        if let Some(user) = self.users.get(&uid) {
            let _ = user.send(text.into());
        }
    }

    fn publish(&self, gid: u64, text: &Utf8Bytes) {
        for member in self.groups.get(&gid).into_iter().flat_map(|group| group.members.values()) {
            let _ = member.send(text.clone());
        }
    }

    fn join(&mut self, gid: u64, uid: u64) {
        if let Some(user) = self.users.get(&uid) {
            self.groups.entry(gid).or_default().members.insert(uid, user.clone());
        }
    }

    fn leave(&mut self, uid: u64) {
        self.users.remove(&uid);
        self.groups.values_mut().for_each(|group| drop(group.members.remove(&uid)));
    }

    fn request(&mut self, uid: u64, text: &str) -> serde_json::Result<()> {
        let request: Request = serde_json::from_str(text)?;
        let content = serde_json::to_string(&request.content.unwrap_or_default())?;
        let entry = format!(r#""uid":{uid},"name":"{uid}","content":{content},"time":1700000000123}}"#);
        let gid = request.gid.unwrap_or_default();
        match request.r#type.as_str() {
            "login" => self.send(uid, format!(r#"{{"type":"login","uid":{uid},"name":"{uid}"}}"#)),
            "join" => {
                self.join(gid, uid);
                self.send(uid, r#"{"type":"ack","id":"j"}"#.to_owned());
            }
            "group" => {
                let group = self.groups.entry(gid).or_default();
                group.seq += 1;
                let text = format!(r#"{{"type":"groupPm","gid":{gid},"seq":{},{entry}"#, group.seq);
                self.publish(gid, &text.into());
            }
            "pm" => {
                let to = request.uid.unwrap_or_default();
                let text = format!(r#"{{"type":"pm","to":{to},"seq":1,{entry}"#);
                self.send(uid, text.clone());
                self.send(to, text);
            }
            _ => {}
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("an address is missing")?;
    let mode = match arguments.next().as_deref() {
        Some("echo") => Mode::Echo,
        Some("room") => Mode::Room,
        Some("chat") => Mode::Chat,
        other => return Err(format!("echo, room or chat, not {other:?}").into()),
    };
    let listener = TcpListener::bind(address).await?;
    let hub = Rc::new(RefCell::new(Hub::default()));
    tokio::task::LocalSet::new()
        .run_until(async {
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let hub = hub.clone();
                // Whoever breaks off is no concern of the others.
                tokio::task::spawn_local(async move { serve(stream, mode, &hub).await.ok() });
            }
        })
        .await
}

async fn serve(stream: TcpStream, mode: Mode, hub: &RefCell<Hub>) -> Result<(), Box<dyn Error>> {
    let socket = accept_async(stream).await?;
    if mode == Mode::Echo {
        return echo(socket).await;
    }
    let (sender, receiver) = unbounded_channel();
    let uid = {
        let mut hub = hub.borrow_mut();
        let uid = FIRST_UID + hub.logged_in;
        hub.logged_in += 1;
        hub.users.insert(uid, sender);
        if mode == Mode::Room {
            hub.join(EVERYBODY, uid);
        }
        uid
    };
    let ended = talk(socket, receiver, mode, hub, uid).await;
    hub.borrow_mut().leave(uid);
    ended
}

async fn echo(mut socket: WebSocketStream<TcpStream>) -> Result<(), Box<dyn Error>> {
    while let Some(message) = socket.next().await.transpose()? {
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn talk(
    mut socket: WebSocketStream<TcpStream>,
    mut receiver: UnboundedReceiver<Utf8Bytes>,
    mode: Mode,
    hub: &RefCell<Hub>,
    uid: u64,
) -> Result<(), Box<dyn Error>> {
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) if mode == Mode::Chat => hub.borrow_mut().request(uid, &text)?,
                Some(Message::Text(text)) => hub.borrow().publish(EVERYBODY, &text),
                Some(_) => {}
                None => return Ok(()),
            },
            Some(text) = receiver.recv() => {
                socket.feed(Message::Text(text)).await?;
                while let Ok(text) = receiver.try_recv() {
                    socket.feed(Message::Text(text)).await?;
                }
                socket.flush().await?;
            }
        }
    }
}
