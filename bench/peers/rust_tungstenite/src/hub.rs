use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::counters::{add, Counters};

/// What waits to be written to one client.
pub type Queue = mpsc::Sender<Message>;

/// Its lock is held while a message is handed out: that is what gives all members one order.
#[derive(Default)]
pub struct Room(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// By number.
    members: HashMap<u64, Queue>,
    /// What the window has gathered, with a newline between messages.
    pending: String,
    pending_messages: i64,
}

impl Room {
    /// Gives the message to every member that has space for it, at once or when the window ends.
    pub fn broadcast(
        self: &Arc<Self>,
        encoded: String,
        window: Duration,
        counters: &Arc<Counters>,
    ) {
        let mut inside = lock(&self.0);
        if window.is_zero() {
            inside.hand_out(encoded, 1, counters);
            return;
        }
        if inside.pending_messages == 0 {
            let (room, counters) = (self.clone(), counters.clone());
            tokio::spawn(async move {
                tokio::time::sleep(window).await;
                room.flush(&counters);
            });
        } else {
            inside.pending.push('\n');
        }
        inside.pending.push_str(&encoded);
        inside.pending_messages += 1;
    }

    fn flush(&self, counters: &Counters) {
        let mut inside = lock(&self.0);
        let frame = std::mem::take(&mut inside.pending);
        let messages = std::mem::take(&mut inside.pending_messages);
        inside.hand_out(frame, messages, counters);
    }
}

impl Inside {
    /// Clones of a message share its bytes.
    fn hand_out(&self, frame: String, messages: i64, counters: &Counters) {
        let message = Message::text(frame);
        for queue in self.members.values() {
            try_send(queue, message.clone(), messages, counters);
        }
    }
}

/// Never waits: a full queue loses the frame, and the messages in it are counted.
pub fn try_send(queue: &Queue, frame: Message, messages: i64, counters: &Counters) {
    match queue.try_send(frame) {
        Ok(()) => add(&counters.sent, messages),
        Err(_) => add(&counters.dropped, messages),
    }
}

/// The rooms that have members.
#[derive(Default)]
pub struct Hub(Mutex<HashMap<String, Arc<Room>>>);

impl Hub {
    pub fn join(&self, name: &str, member: u64, queue: Queue) -> Arc<Room> {
        let mut rooms = lock(&self.0);
        let room = rooms.entry(name.to_owned()).or_default();
        lock(&room.0).members.insert(member, queue);
        room.clone()
    }

    pub fn leave(&self, name: &str, member: u64) {
        let mut rooms = lock(&self.0);
        let Entry::Occupied(room) = rooms.entry(name.to_owned()) else {
            return;
        };
        let is_empty = {
            let members = &mut lock(&room.get().0).members;
            members.remove(&member);
            members.is_empty()
        };
        if is_empty {
            room.remove();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
