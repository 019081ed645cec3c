package main

import "time"

// bucket is a token bucket: a second's worth at once. A limit of 0 is none.
type bucket struct {
	limit  float64
	tokens float64
	filled time.Time
}

func newBucket(limit int, now time.Time) bucket {
	return bucket{limit: float64(limit), tokens: float64(limit), filled: now}
}

// take says whether there was a token left.
func (b *bucket) take(now time.Time) bool {
	if b.limit == 0 {
		return true
	}
	b.tokens = min(b.limit, b.tokens+now.Sub(b.filled).Seconds()*b.limit)
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
