package main

import (
	"sync"

	"github.com/gorilla/websocket"
)

// room holds its lock while it hands out a message: that is what gives all members one order.
type room struct {
	mutex   sync.Mutex
	members map[*client]struct{}
}

// broadcast gives the message to every member that has space for it.
func (r *room) broadcast(message *websocket.PreparedMessage) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for member := range r.members {
		member.trySend(message)
	}
}

// hub knows the rooms that have members.
type hub struct {
	mutex sync.Mutex
	rooms map[string]*room
}

func newHub() *hub { return &hub{rooms: make(map[string]*room)} }

func (h *hub) join(name string, c *client) *room {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	r := h.rooms[name]
	if r == nil {
		r = &room{members: make(map[*client]struct{})}
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
