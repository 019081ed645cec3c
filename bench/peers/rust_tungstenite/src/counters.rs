use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// What `/stats` tells.
#[derive(Default)]
pub struct Counters {
    connections: AtomicI64,
    pub received: AtomicI64,
    pub sent: AtomicI64,
    pub dropped: AtomicI64,
    pub rate_limited: AtomicI64,
}

/// A connection that counts as open as long as this lives.
pub struct Open<'a>(&'a AtomicI64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Counters {
    pub fn opened(&self) -> Open<'_> {
        count(&self.connections);
        Open(&self.connections)
    }

    pub fn to_json(&self) -> String {
        serde_json::json!({
            "connections": self.connections.load(Relaxed),
            "received": self.received.load(Relaxed),
            "sent": self.sent.load(Relaxed),
            "dropped": self.dropped.load(Relaxed),
            "rate_limited": self.rate_limited.load(Relaxed),
        })
        .to_string()
    }
}

pub fn count(counter: &AtomicI64) {
    add(counter, 1);
}

pub fn add(counter: &AtomicI64, amount: i64) {
    counter.fetch_add(amount, Relaxed);
}
