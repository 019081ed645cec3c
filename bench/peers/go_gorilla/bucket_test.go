package main

import (
	"testing"
	"time"
)

func takeAll(b *bucket, at time.Time) (taken int) {
	for b.take(at) {
		taken++
	}
	return taken
}

func TestABucketHoldsASecondsWorthAndRefills(t *testing.T) {
	const limit = 10
	start := time.Now()
	b := newBucket(limit, start)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, limit},
		{0, 0},
		{300 * time.Millisecond, 3},
		{350 * time.Millisecond, 0},
		{400 * time.Millisecond, 1},
		{time.Hour, limit},
	} {
		if taken := takeAll(&b, start.Add(step.after)); taken != step.want {
			t.Errorf("after %v: %d tokens, not %d", step.after, taken, step.want)
		}
	}
}

func TestWithoutALimitThereIsAlwaysAToken(t *testing.T) {
	b := newBucket(0, time.Now())
	for turn := 0; turn < 1_000; turn++ {
		if !b.take(time.Now()) {
			t.Fatal("refused")
		}
	}
}
