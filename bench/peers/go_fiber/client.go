package main

import (
	"time"
	"unicode/utf8"

	frames "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/v3/websocket"
)

const (
	queueMessages = 64
	writeWait     = 10 * time.Second
)

// client is one connection: run reads on the goroutine it is called on, write has one of its own.
type client struct {
	server    *server
	conn      *websocket.Conn
	queue     chan *frames.PreparedMessage
	done      chan struct{}
	rooms     map[string]*room
	allowance bucket
}

func newClient(s *server, conn *websocket.Conn) *client {
	return &client{
		server:    s,
		conn:      conn,
		queue:     make(chan *frames.PreparedMessage, queueMessages),
		done:      make(chan struct{}),
		rooms:     make(map[string]*room),
		allowance: newBucket(s.rateLimit, time.Now()),
	}
}

// trySend never waits: a full queue loses the frame, and the messages in it are counted.
func (c *client) trySend(frame *frames.PreparedMessage, messages int64) {
	select {
	case c.queue <- frame:
		c.server.counters.sent.Add(messages)
	default:
		c.server.counters.dropped.Add(messages)
	}
}

// run serves the connection until it ends. The middleware takes conn back when it returns, so the
// writer has to have ended by then.
func (c *client) run() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	c.read()
	for name := range c.rooms {
		c.server.hub.leave(name, c)
	}
	close(c.done)
	c.conn.Close() // Wakes the writer if it waits for the network.
	<-written
}

func (c *client) read() {
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
			return // The library leaves this to the application.
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
		case frame := <-c.queue:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WritePreparedMessage(frame) != nil {
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
	message, code := decode(payload)
	switch {
	case code != "":
		c.refuse(code)
	case message.Type == "ping":
		c.reply(response{Type: "pong", ID: message.ID})
	case message.Type == "join":
		c.join(*message.Room)
	default:
		c.handleInRoom(message, *message.Room)
	}
}

func (c *client) join(name string) {
	if c.rooms[name] == nil {
		c.rooms[name] = c.server.hub.join(name, c)
	}
	c.reply(response{Type: "joined", Room: name})
}

func (c *client) handleInRoom(message request, name string) {
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
		delivery := response{Type: "message", Room: name, Text: message.Text}
		in.broadcast(delivery.encode(c.server.deliveryBytes))
	}
}

func (c *client) refuse(code string) { c.reply(response{Type: "error", Code: code}) }

func (c *client) reply(r response) { c.trySend(prepare(r.encode(0)), 1) }
