package main

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fasthttp/websocket"
)

// newMember is a client whose queue nobody empties but heard.
func newMember() *client { return newClient(&server{}, nil) }

// heard takes the frames out of a client's queue.
func heard(c *client) (frames []*websocket.PreparedMessage) {
	for {
		select {
		case frame := <-c.queue:
			frames = append(frames, frame)
		default:
			return frames
		}
	}
}

func TestMembersOfARoomHearOneOrder(t *testing.T) {
	const speakers, each = 8, queueMessages / 8
	h := newHub(0)
	one, other := newMember(), newMember()
	h.join("r", one)
	in := h.join("r", other)
	var speaking sync.WaitGroup
	for range speakers {
		speaking.Go(func() {
			for range each {
				in.broadcast([]byte("hello"))
			}
		})
	}
	speaking.Wait()
	heardByOne, heardByOther := heard(one), heard(other)
	if len(heardByOne) != speakers*each || len(heardByOther) != speakers*each {
		t.Fatalf("%d and %d of %d were heard", len(heardByOne), len(heardByOther), speakers*each)
	}
	for index, frame := range heardByOne {
		if frame != heardByOther[index] {
			t.Fatalf("message %d is another one for the other member", index)
		}
	}
}

func TestRoomsKnowNothingOfEachOther(t *testing.T) {
	h := newHub(0)
	inside, outside := newMember(), newMember()
	h.join("other", outside)
	h.join("r", inside).broadcast([]byte("hello"))
	if count := len(heard(inside)); count != 1 {
		t.Errorf("a member heard %d messages", count)
	}
	if count := len(heard(outside)); count != 0 {
		t.Errorf("a member of another room heard %d messages", count)
	}
}

func TestWhoHasLeftHearsNothing(t *testing.T) {
	h := newHub(0)
	stays, leaves := newMember(), newMember()
	in := h.join("r", stays)
	h.join("r", leaves)
	h.leave("r", leaves)
	in.broadcast([]byte("hello"))
	if count := len(heard(leaves)); count != 0 {
		t.Errorf("%d messages after the farewell", count)
	}
	h.leave("r", stays)
	if len(h.rooms) != 0 {
		t.Error("a room without members is kept")
	}
}

func TestAWindowJoinsWhatItGathers(t *testing.T) {
	const window = 20 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		c := newMember()
		in := newHub(window).join("r", c)
		for range 2 {
			for range 10 {
				in.broadcast([]byte("hello"))
			}
			time.Sleep(window - time.Nanosecond)
			if count := len(heard(c)); count != 0 {
				t.Fatalf("%d frames before the window has ended", count)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if count := len(heard(c)); count != 1 {
				t.Fatalf("%d frames when the window ended", count)
			}
		}
		if sent := c.server.counters.sent.Load(); sent != 20 {
			t.Errorf("%d messages are counted", sent)
		}
	})
}
