use std::time::Instant;

/// A client's allowance: a second's worth at once, refilled as time goes by.
pub struct TokenBucket {
    /// Tokens/s; 0 = no limit.
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl TokenBucket {
    pub fn new(rate: u32, now: Instant) -> Self {
        Self {
            rate: rate.into(),
            tokens: rate.into(),
            filled: now,
        }
    }

    /// Whether there was a token to take.
    pub fn take(&mut self, now: Instant) -> bool {
        if self.rate == 0.0 {
            return true;
        }
        let earned = now.duration_since(self.filled).as_secs_f64() * self.rate;
        self.filled = now;
        self.tokens = self.rate.min(self.tokens + earned);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn taken(bucket: &mut TokenBucket, attempts: usize, now: Instant) -> usize {
        (0..attempts).filter(|_| bucket.take(now)).count()
    }

    #[test]
    fn a_second_worth_passes_at_once() {
        let now = Instant::now();
        assert_eq!(taken(&mut TokenBucket::new(10, now), 30, now), 10);
    }

    #[test]
    fn it_refills_with_time_and_never_overflows() {
        let mut now = Instant::now();
        let mut bucket = TokenBucket::new(10, now);
        taken(&mut bucket, 10, now);
        now += Duration::from_millis(250);
        assert_eq!(taken(&mut bucket, 30, now), 2);
        now += Duration::from_secs(60);
        assert_eq!(taken(&mut bucket, 30, now), 10);
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let now = Instant::now();
        assert_eq!(taken(&mut TokenBucket::new(0, now), 1_000, now), 1_000);
    }
}
