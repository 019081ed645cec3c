// Command go_fiber is a chat room on Fiber and its websocket middleware: a goroutine that reads and
// one that writes for each client, a lock for each room, and a queue of 64 messages for each client
// that is never waited for.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/contrib/v3/websocket"
	"github.com/gofiber/fiber/v3"
)

const payloadBytesMax = 2 << 20

// counters are what /stats tells.
type counters struct {
	connections, received, sent, dropped, rateLimited atomic.Int64
}

// server is what all connections share.
type server struct {
	hub           *hub
	counters      counters
	deliveryBytes int
	rateLimit     int
	pingInterval  time.Duration
}

// app has the routes.
func (s *server) app() *fiber.App {
	app := fiber.New()
	app.Get("/stats", s.stats)
	app.Get("/ws", s.upgrade(func(conn *websocket.Conn) { newClient(s, conn).run() }))
	app.Get("/echo", s.upgrade(s.echo))
	return app
}

func (s *server) upgrade(serve func(*websocket.Conn)) fiber.Handler {
	return websocket.New(func(conn *websocket.Conn) {
		conn.SetReadLimit(payloadBytesMax)
		s.counters.connections.Add(1)
		defer s.counters.connections.Add(-1)
		serve(conn)
	})
}

func (s *server) echo(conn *websocket.Conn) {
	for {
		kind, payload, err := conn.ReadMessage()
		if err != nil {
			return
		}
		s.counters.received.Add(1)
		s.counters.sent.Add(1)
		if conn.WriteMessage(kind, payload) != nil {
			return
		}
	}
}

func (s *server) stats(c fiber.Ctx) error {
	return c.JSON(fiber.Map{
		"connections":  s.counters.connections.Load(),
		"received":     s.counters.received.Load(),
		"sent":         s.counters.sent.Load(),
		"dropped":      s.counters.dropped.Load(),
		"rate_limited": s.counters.rateLimited.Load(),
	})
}

func main() {
	host := flag.String("host", "127.0.0.1", "address to listen on")
	port := flag.Int("port", 8080, "TCP port; 0 takes a free one")
	deliveryBytes := flag.Int("delivery-bytes", 0, "least size of an outgoing message; 0 = as it is")
	rateLimit := flag.Int("rate-limit", 0, "messages/s a client may send; 0 = no limit")
	pingIntervalMs := flag.Int("ping-interval-ms", 30_000, "time between pings")
	mode := flag.String("mode", "frame", "frame: each message as it comes; joined: what a window gathers")
	windowMs := flag.Int("window-ms", 5, "how long messages gather")
	flag.Parse()

	window := time.Duration(0)
	switch *mode {
	case "frame":
	case "joined":
		window = time.Duration(*windowMs) * time.Millisecond
	default:
		log.Fatal("--mode takes one of frame, joined.")
	}

	s := &server{
		hub:           newHub(window),
		deliveryBytes: *deliveryBytes,
		rateLimit:     *rateLimit,
		pingInterval:  time.Duration(*pingIntervalMs) * time.Millisecond,
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(*host, fmt.Sprint(*port)))
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		os.Exit(0)
	}()
	fmt.Fprintf(os.Stderr, "{\"port\":%d,\"msg\":\"listening\"}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(s.app().Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}))
}
