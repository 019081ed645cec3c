use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{interval_at, MissedTickBehavior};

use crate::counters::count;
use crate::hub::{try_send, Queue, Room};
use crate::protocol::{Incoming, Outgoing};
use crate::token_bucket::TokenBucket;
use crate::Server;

const QUEUE_MESSAGES: usize = 64;

/// Returns every frame as it came.
pub async fn echo(server: &Server, mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            count(&server.counters.received);
            count(&server.counters.sent);
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// Reads until the client is gone or silent for too long; a task of its own writes.
pub async fn chat(server: &Server, socket: WebSocket) {
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
async fn write(mut waiting: mpsc::Receiver<Message>, mut sink: SplitSink<WebSocket, Message>) {
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
    allowance: TokenBucket,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, queue: Queue) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            server,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            queue,
            rooms: HashMap::new(),
            allowance: TokenBucket::new(server.rate_limit, Instant::now()),
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
        let incoming = Incoming::parse(payload)?;
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
        let room = self.rooms.get(name).ok_or("not_joined")?;
        let text = text.ok_or("invalid_field")?;
        if !self.allowance.take(Instant::now()) {
            count(&self.server.counters.rate_limited);
            return Err("rate_limited");
        }
        let message = Outgoing::Message {
            room: name,
            text: &text,
        };
        let encoded = message.encode(self.server.delivery_bytes);
        room.broadcast(encoded, self.server.window, &self.server.counters);
        Ok(())
    }

    fn reply(&self, message: &Outgoing) {
        let text = message.encode(0).into();
        try_send(&self.queue, text, 1, &self.server.counters);
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        for name in self.rooms.keys() {
            self.server.hub.leave(name, self.number);
        }
    }
}
