use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{interval_at, MissedTickBehavior};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::WebSocketStream;

use crate::counters::count;
use crate::hub::{try_send, Queue, Room};
use crate::Server;

const QUEUE_MESSAGES: usize = 64;

/// What a client sends.
#[derive(Deserialize)]
struct Incoming {
    #[serde(default, rename = "type")]
    kind: String,
    room: Option<String>,
    text: Option<String>,
    #[serde(default)]
    id: Value,
}

/// What a client receives.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Outgoing<'a> {
    Joined { room: &'a str },
    Left { room: &'a str },
    Message { room: &'a str, text: &'a str },
    Pong { id: Value },
    Error { code: &'a str },
}

/// Returns every frame as it came.
pub async fn echo(server: &Server, mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            count(&server.counters.received);
            count(&server.counters.sent);
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// Reads until the client is gone or silent for too long; a task of its own writes.
pub async fn chat(server: &Server, socket: WebSocketStream<TcpStream>) {
    let (sink, mut stream) = socket.split();
    let (queue, waiting) = mpsc::channel(QUEUE_MESSAGES);
    let writer = tokio::spawn(write(waiting, sink));
    let mut client = Client::new(server, queue);
    let first_ping = tokio::time::Instant::now() + server.ping_interval;
    let mut pings = interval_at(first_ping, server.ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_alive = true;
    loop {
        tokio::select! {
            received = stream.next() => match received {
                Some(Ok(Message::Text(text))) => client.handle(text.as_bytes()),
                Some(Ok(Message::Binary(bytes))) => client.handle(&bytes),
                Some(Ok(Message::Pong(_))) => is_alive = true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            _ = pings.tick() => {
                if !is_alive {
                    break;
                }
                is_alive = false;
                // A full queue proves nothing about the client: it is asked again next time.
                is_alive |= client.queue.try_send(Message::Ping(Bytes::new())).is_err();
            }
        }
    }
    writer.abort();
}

/// Writes what waits, and flushes when nothing more does.
async fn write<S>(mut waiting: mpsc::Receiver<Message>, mut sink: S)
where
    S: SinkExt<Message> + Unpin,
{
    while let Some(message) = waiting.recv().await {
        if sink.feed(message).await.is_err() {
            return;
        }
        while let Ok(message) = waiting.try_recv() {
            if sink.feed(message).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

struct Client<'a> {
    server: &'a Server,
    number: u64,
    queue: Queue,
    rooms: HashMap<String, Arc<Room>>,
    tokens: f64,
    filled: Instant,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, queue: Queue) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            server,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            queue,
            rooms: HashMap::new(),
            tokens: server.rate_limit.into(),
            filled: Instant::now(),
        }
    }

    fn handle(&mut self, payload: &[u8]) {
        count(&self.server.counters.received);
        if let Err(code) = self.carry_out(payload) {
            self.reply(&Outgoing::Error { code });
        }
    }

    /// The error is the code to answer with.
    fn carry_out(&mut self, payload: &[u8]) -> Result<(), &'static str> {
        let incoming: Incoming = serde_json::from_slice(payload).map_err(|error| {
            if error.is_data() {
                "invalid_field"
            } else {
                "malformed"
            }
        })?;
        match incoming.kind.as_str() {
            "ping" => self.reply(&Outgoing::Pong { id: incoming.id }),
            "join" => self.join(&incoming.room.ok_or("invalid_field")?),
            "leave" => self.leave(&incoming.room.ok_or("invalid_field")?)?,
            "chat" => self.say(&incoming.room.ok_or("invalid_field")?, incoming.text)?,
            _ => return Err("unknown_type"),
        }
        Ok(())
    }

    fn join(&mut self, name: &str) {
        if !self.rooms.contains_key(name) {
            let room = self.server.hub.join(name, self.number, self.queue.clone());
            self.rooms.insert(name.to_owned(), room);
        }
        self.reply(&Outgoing::Joined { room: name });
    }

    fn leave(&mut self, name: &str) -> Result<(), &'static str> {
        self.rooms.remove(name).ok_or("not_joined")?;
        self.server.hub.leave(name, self.number);
        self.reply(&Outgoing::Left { room: name });
        Ok(())
    }

    fn say(&mut self, name: &str, text: Option<String>) -> Result<(), &'static str> {
        let room = self.rooms.get(name).ok_or("not_joined")?.clone();
        let text = text.ok_or("invalid_field")?;
        if !self.may_chat() {
            count(&self.server.counters.rate_limited);
            return Err("rate_limited");
        }
        let message = Outgoing::Message {
            room: name,
            text: &text,
        };
        let encoded = encode(&message, self.server.delivery_bytes);
        room.broadcast(encoded, self.server.window, &self.server.counters);
        Ok(())
    }

    /// Token bucket: a second's worth at once.
    fn may_chat(&mut self) -> bool {
        let limit = f64::from(self.server.rate_limit);
        if limit == 0.0 {
            return true;
        }
        let earned = self.filled.elapsed().as_secs_f64() * limit;
        self.filled = Instant::now();
        self.tokens = limit.min(self.tokens + earned);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    fn reply(&self, message: &Outgoing) {
        let frame = Message::text(encode(message, 0));
        try_send(&self.queue, frame, 1, &self.server.counters);
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        for name in self.rooms.keys() {
            self.server.hub.leave(name, self.number);
        }
    }
}

/// Blanks behind a JSON value mean nothing to its reader: they stand in for the fields of a larger one.
fn encode(message: &Outgoing, bytes_min: usize) -> String {
    let mut encoded = serde_json::to_string(message).expect("strings can always be encoded");
    let missing = bytes_min.saturating_sub(encoded.len());
    encoded.extend(std::iter::repeat_n(' ', missing));
    encoded
}
