package main

import "testing"

func TestAFullQueueLosesAndCounts(t *testing.T) {
	s := &server{counters: &counters{}}
	c := newClient(s, nil)
	for index := 0; index < queueMessages+3; index++ {
		c.trySend(prepare([]byte("hello")), 1)
	}
	if sent := s.counters.sent.Load(); sent != queueMessages {
		t.Errorf("%d sent", sent)
	}
	if dropped := s.counters.dropped.Load(); dropped != 3 {
		t.Errorf("%d dropped", dropped)
	}
}
