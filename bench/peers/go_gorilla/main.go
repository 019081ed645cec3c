// Command go_gorilla is a chat room on net/http and gorilla/websocket: a goroutine that reads and one
// that writes for each client, a lock for each room, and a queue of 64 messages for each client that
// is never waited for.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

const payloadBytesMax = 2 << 20

var upgrader = websocket.Upgrader{
	CheckOrigin: func(*http.Request) bool { return true },
}

// counters are what /stats tells.
type counters struct {
	connections, received, sent, dropped, rateLimited atomic.Int64
}

func (c *counters) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]int64{
		"connections":  c.connections.Load(),
		"received":     c.received.Load(),
		"sent":         c.sent.Load(),
		"dropped":      c.dropped.Load(),
		"rate_limited": c.rateLimited.Load(),
	})
}

// server is what all connections share.
type server struct {
	hub           *hub
	counters      *counters
	deliveryBytes int
	rateLimit     int
	pingInterval  time.Duration
}

func (s *server) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err // Upgrade has answered.
	}
	conn.SetReadLimit(payloadBytesMax)
	s.counters.connections.Add(1)
	return conn, nil
}

func (s *server) chat(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrade(w, r)
	if err != nil {
		return
	}
	defer s.counters.connections.Add(-1)
	newClient(s, conn).run()
}

func (s *server) echo(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrade(w, r)
	if err != nil {
		return
	}
	defer s.counters.connections.Add(-1)
	defer conn.Close()
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
		counters:      &counters{},
		deliveryBytes: *deliveryBytes,
		rateLimit:     *rateLimit,
		pingInterval:  time.Duration(*pingIntervalMs) * time.Millisecond,
	}
	http.HandleFunc("/ws", s.chat)
	http.HandleFunc("/echo", s.echo)
	http.Handle("/stats", s.counters)

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
	log.Fatal(http.Serve(listener, nil))
}
