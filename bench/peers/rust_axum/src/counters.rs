use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use serde::Serialize;

/// What `/stats` tells.
#[derive(Default, Serialize)]
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
}

pub fn count(counter: &AtomicI64) {
    add(counter, 1);
}

pub fn add(counter: &AtomicI64, amount: i64) {
    counter.fetch_add(amount, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_while_it_is_open() {
        let counters = Counters::default();
        let open = counters.opened();
        count(&counters.received);
        add(&counters.sent, 2);
        let told = |counters| serde_json::to_value(counters).unwrap();
        let expected = serde_json::json!({
            "connections": 1, "received": 1, "sent": 2, "dropped": 0, "rate_limited": 0,
        });
        assert_eq!(told(&counters), expected);
        drop(open);
        assert_eq!(told(&counters)["connections"], 0);
    }
}
