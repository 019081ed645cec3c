use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::counters::{count, Counters};

/// What waits to be written to one client.
pub type Queue = mpsc::Sender<Message>;

/// The members of a room by number. Its lock is held while a message is handed out: that is what gives
/// all members one order.
#[derive(Default)]
pub struct Room(Mutex<HashMap<u64, Queue>>);

impl Room {
    /// Gives the message to every member that has space for it.
    pub fn broadcast(&self, message: &Message, counters: &Counters) {
        for queue in lock(&self.0).values() {
            try_send(queue, message.clone(), counters);
        }
    }
}

/// Never waits: a full queue loses the message, and that is counted.
pub fn try_send(queue: &Queue, message: Message, counters: &Counters) {
    match queue.try_send(message) {
        Ok(()) => count(&counters.sent),
        Err(_) => count(&counters.dropped),
    }
}

/// The rooms that have members.
#[derive(Default)]
pub struct Hub(Mutex<HashMap<String, Arc<Room>>>);

impl Hub {
    pub fn join(&self, name: &str, member: u64, queue: Queue) -> Arc<Room> {
        let mut rooms = lock(&self.0);
        let room = rooms.entry(name.to_owned()).or_default();
        lock(&room.0).insert(member, queue);
        room.clone()
    }

    pub fn leave(&self, name: &str, member: u64) {
        let mut rooms = lock(&self.0);
        let Entry::Occupied(room) = rooms.entry(name.to_owned()) else {
            return;
        };
        let is_empty = {
            let mut members = lock(&room.get().0);
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
