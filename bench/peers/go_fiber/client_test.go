package main

import "testing"

func TestAFullQueueLosesAndCounts(t *testing.T) {
	s := &server{}
	c := newClient(s, nil)
	for range queueMessages + 3 {
		c.trySend(prepare([]byte("hello")), 1)
	}
	if sent := s.counters.sent.Load(); sent != queueMessages {
		t.Errorf("%d sent", sent)
	}
	if dropped := s.counters.dropped.Load(); dropped != 3 {
		t.Errorf("%d dropped", dropped)
	}
}
