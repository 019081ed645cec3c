use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes};
use tokio::sync::mpsc;

use crate::counters::{add, Counters};

/// What waits to be written to one client.
pub type Queue = mpsc::Sender<Message>;

/// Never waits: a full queue loses the frame, and the messages in it are counted.
pub fn try_send(queue: &Queue, text: Utf8Bytes, messages: i64, counters: &Counters) {
    match queue.try_send(Message::Text(text)) {
        Ok(()) => add(&counters.sent, messages),
        Err(_) => add(&counters.dropped, messages),
    }
}

/// The rooms that have members.
#[derive(Default)]
pub struct Hub {
    rooms: Mutex<HashMap<String, Arc<Room>>>,
}

impl Hub {
    pub fn join(&self, name: &str, member: u64, queue: Queue) -> Arc<Room> {
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(name.to_owned()).or_default();
        lock(&room.state).members.insert(member, queue);
        room.clone()
    }

    pub fn leave(&self, name: &str, member: u64) {
        let mut rooms = lock(&self.rooms);
        let Entry::Occupied(room) = rooms.entry(name.to_owned()) else {
            return;
        };
        let is_empty = {
            let members = &mut lock(&room.get().state).members;
            members.remove(&member);
            members.is_empty()
        };
        if is_empty {
            room.remove();
        }
    }
}

/// Its lock is held while a message is handed out: that is what gives all members one order.
#[derive(Default)]
pub struct Room {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
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
        let mut state = lock(&self.state);
        if window.is_zero() {
            state.hand_out(encoded, 1, counters);
            return;
        }
        if state.pending_messages == 0 {
            let (room, counters) = (self.clone(), counters.clone());
            tokio::spawn(async move {
                tokio::time::sleep(window).await;
                room.flush(&counters);
            });
        } else {
            state.pending.push('\n');
        }
        state.pending.push_str(&encoded);
        state.pending_messages += 1;
    }

    fn flush(&self, counters: &Counters) {
        let mut state = lock(&self.state);
        let frame = std::mem::take(&mut state.pending);
        let messages = std::mem::take(&mut state.pending_messages);
        state.hand_out(frame, messages, counters);
    }
}

impl State {
    /// Clones of a text share its bytes.
    fn hand_out(&self, frame: String, messages: i64, counters: &Counters) {
        let text = Utf8Bytes::from(frame);
        for queue in self.members.values() {
            try_send(queue, text.clone(), messages, counters);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    const NO_WINDOW: Duration = Duration::ZERO;

    fn received(waiting: &mut mpsc::Receiver<Message>) -> Vec<String> {
        std::iter::from_fn(|| waiting.try_recv().ok())
            .map(|message| message.into_text().unwrap().to_string())
            .collect()
    }

    #[test]
    fn members_receive_what_is_said_in_their_room_until_they_leave() {
        let (hub, counters) = (Hub::default(), Arc::<Counters>::default());
        let (first, mut first_waiting) = mpsc::channel(8);
        let (second, mut second_waiting) = mpsc::channel(8);
        let room = hub.join("a", 1, first.clone());
        hub.join("a", 2, second);
        let other = hub.join("b", 1, first);
        room.broadcast("one".to_owned(), NO_WINDOW, &counters);
        hub.leave("a", 2);
        room.broadcast("two".to_owned(), NO_WINDOW, &counters);
        other.broadcast("three".to_owned(), NO_WINDOW, &counters);
        assert_eq!(received(&mut first_waiting), ["one", "two", "three"]);
        assert_eq!(received(&mut second_waiting), ["one"]);
        assert_eq!(counters.sent.load(Relaxed), 4);
    }

    #[test]
    fn a_full_queue_loses_the_message_for_its_client_alone() {
        let (hub, counters) = (Hub::default(), Arc::<Counters>::default());
        let (slow, mut slow_waiting) = mpsc::channel(1);
        let (fast, mut fast_waiting) = mpsc::channel(8);
        let room = hub.join("a", 1, slow);
        hub.join("a", 2, fast);
        for text in ["one", "two", "three"] {
            room.broadcast(text.to_owned(), NO_WINDOW, &counters);
        }
        assert_eq!(received(&mut slow_waiting), ["one"]);
        assert_eq!(received(&mut fast_waiting), ["one", "two", "three"]);
        assert_eq!(counters.sent.load(Relaxed), 4);
        assert_eq!(counters.dropped.load(Relaxed), 2);
    }

    #[test]
    fn a_room_is_gone_when_its_last_member_leaves() {
        let hub = Hub::default();
        let (queue, _waiting) = mpsc::channel(8);
        hub.join("a", 1, queue.clone());
        hub.join("a", 2, queue);
        hub.leave("a", 1);
        assert_eq!(lock(&hub.rooms).len(), 1);
        hub.leave("a", 2);
        assert_eq!(lock(&hub.rooms).len(), 0);
    }

    #[tokio::test]
    async fn a_window_sends_what_it_gathered_in_one_frame() {
        let (hub, counters) = (Hub::default(), Arc::<Counters>::default());
        let (queue, mut waiting) = mpsc::channel(8);
        let room = hub.join("a", 1, queue);
        for text in ["one", "two"] {
            room.broadcast(text.to_owned(), Duration::from_millis(1), &counters);
        }
        let frame = waiting.recv().await.unwrap().into_text().unwrap();
        assert_eq!(frame.as_str(), "one\ntwo");
        assert_eq!(counters.sent.load(Relaxed), 2);
        room.broadcast("three".to_owned(), Duration::from_millis(1), &counters);
        let frame = waiting.recv().await.unwrap().into_text().unwrap();
        assert_eq!(frame.as_str(), "three");
    }
}
