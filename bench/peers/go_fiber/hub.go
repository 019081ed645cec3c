package main

import (
	"sync"
	"time"

	"github.com/fasthttp/websocket"
)

// hub knows the rooms that have members.
type hub struct {
	window time.Duration
	mutex  sync.Mutex
	rooms  map[string]*room
}

func newHub(window time.Duration) *hub {
	return &hub{window: window, rooms: make(map[string]*room)}
}

func (h *hub) join(name string, c *client) *room {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	r := h.rooms[name]
	if r == nil {
		r = &room{window: h.window, members: make(map[*client]struct{})}
		h.rooms[name] = r
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.members[c] = struct{}{}
	return r
}

func (h *hub) leave(name string, c *client) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	r := h.rooms[name]
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.members, c)
	if len(r.members) == 0 {
		delete(h.rooms, name)
	}
}

// room holds its lock while it hands out a message: that is what gives all members one order.
type room struct {
	window  time.Duration
	mutex   sync.Mutex
	members map[*client]struct{}
	// What the window has gathered, with a newline between messages.
	pending         []byte
	pendingMessages int64
}

// broadcast gives the message to every member, at once or when the window ends.
func (r *room) broadcast(encoded []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.window == 0 {
		r.handOut(encoded, 1)
		return
	}
	if r.pendingMessages == 0 {
		time.AfterFunc(r.window, r.flush)
	} else {
		r.pending = append(r.pending, '\n')
	}
	r.pending = append(r.pending, encoded...)
	r.pendingMessages++
}

func (r *room) flush() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.handOut(r.pending, r.pendingMessages)
	r.pending, r.pendingMessages = nil, 0
}

func (r *room) handOut(payload []byte, messages int64) {
	frame := prepare(payload)
	for member := range r.members {
		member.trySend(frame, messages)
	}
}

// prepare makes a frame once for all who will receive it.
func prepare(payload []byte) *websocket.PreparedMessage {
	frame, err := websocket.NewPreparedMessage(websocket.TextMessage, payload)
	if err != nil {
		panic(err) // Only a client's frames need randomness.
	}
	return frame
}
