package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	queueMessages = 64
	writeWait     = 10 * time.Second
)

// request is what a client sends. A pointer tells a field that is missing from one that is empty.
type request struct {
	Type string          `json:"type"`
	Room *string         `json:"room"`
	Text *string         `json:"text"`
	ID   json.RawMessage `json:"id"`
}

// response is what a client receives.
type response struct {
	Type string          `json:"type"`
	Room string          `json:"room,omitempty"`
	Text *string         `json:"text,omitempty"`
	ID   json.RawMessage `json:"id,omitempty"`
	Code string          `json:"code,omitempty"`
}

// client is one connection: run reads on the goroutine it is called on, write has one of its own.
type client struct {
	server    *server
	conn      *websocket.Conn
	queue     chan *websocket.PreparedMessage
	done      chan struct{}
	rooms     map[string]*room
	allowance bucket
}

func newClient(s *server, conn *websocket.Conn) *client {
	return &client{
		server:    s,
		conn:      conn,
		queue:     make(chan *websocket.PreparedMessage, queueMessages),
		done:      make(chan struct{}),
		rooms:     make(map[string]*room),
		allowance: newBucket(s.rateLimit, time.Now()),
	}
}

// trySend never waits: a full queue loses the frame, and the messages in it are counted.
func (c *client) trySend(frame *websocket.PreparedMessage, messages int64) {
	select {
	case c.queue <- frame:
		c.server.counters.sent.Add(messages)
	default:
		c.server.counters.dropped.Add(messages)
	}
}

func (c *client) run() {
	go c.write()
	defer func() {
		for name := range c.rooms {
			c.server.hub.leave(name, c)
		}
		close(c.done)
		c.conn.Close()
	}()
	// Every ping has to be answered before the one after the next is due.
	alive := func(string) error {
		return c.conn.SetReadDeadline(time.Now().Add(2 * c.server.pingInterval))
	}
	alive("")
	c.conn.SetPongHandler(alive)
	for {
		kind, payload, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if kind == websocket.TextMessage && !utf8.Valid(payload) {
			return // gorilla/websocket leaves this to the application.
		}
		c.server.counters.received.Add(1)
		c.handle(payload)
	}
}

func (c *client) write() {
	ticker := time.NewTicker(c.server.pingInterval)
	defer ticker.Stop()
	// The reader notices, and cleans up.
	defer c.conn.Close()
	for {
		select {
		case message := <-c.queue:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WritePreparedMessage(message) != nil {
				return
			}
		case <-ticker.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
		case <-c.done:
			return
		}
	}
}

func (c *client) handle(payload []byte) {
	var message request
	if err := json.Unmarshal(payload, &message); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) && wrongType.Field != "" {
			c.refuse("invalid_field")
		} else {
			c.refuse("malformed")
		}
		return
	}
	switch message.Type {
	case "ping":
		c.reply(response{Type: "pong", ID: message.ID})
	case "join", "leave", "chat":
		if message.Room == nil {
			c.refuse("invalid_field")
			return
		}
		c.handleInRoom(message, *message.Room)
	default:
		c.refuse("unknown_type")
	}
}

func (c *client) handleInRoom(message request, name string) {
	if message.Type == "join" {
		if c.rooms[name] == nil {
			c.rooms[name] = c.server.hub.join(name, c)
		}
		c.reply(response{Type: "joined", Room: name})
		return
	}
	in := c.rooms[name]
	switch {
	case in == nil:
		c.refuse("not_joined")
	case message.Type == "leave":
		c.server.hub.leave(name, c)
		delete(c.rooms, name)
		c.reply(response{Type: "left", Room: name})
	case message.Text == nil:
		c.refuse("invalid_field")
	case !c.allowance.take(time.Now()):
		c.server.counters.rateLimited.Add(1)
		c.refuse("rate_limited")
	default:
		in.broadcast(c.encode(response{Type: "message", Room: name, Text: message.Text}))
	}
}

func (c *client) refuse(code string) { c.reply(response{Type: "error", Code: code}) }

func (c *client) reply(r response) { c.trySend(prepare(c.encode(r)), 1) }

// encode pads messages: blanks behind a JSON value mean nothing to its reader, they stand in for the
// fields of a larger one.
func (c *client) encode(r response) []byte {
	encoded, err := json.Marshal(r)
	if err != nil {
		panic(err) // A struct of strings can always be encoded.
	}
	if missing := c.server.deliveryBytes - len(encoded); r.Type == "message" && missing > 0 {
		encoded = append(encoded, bytes.Repeat([]byte{' '}, missing)...)
	}
	return encoded
}

// prepare makes a frame once for all who will receive it.
func prepare(payload []byte) *websocket.PreparedMessage {
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, payload)
	if err != nil {
		panic(err) // Only a client's frames need randomness.
	}
	return prepared
}
