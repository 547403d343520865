// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// fakeServer speaks as much of the NATS protocol as a backplane needs, over
// pipes, so that it works in virtual time.
type fakeServer struct {
	owned sync.WaitGroup

	mu      sync.Mutex
	conns   map[*fakeConn]struct{}
	deny    bool          // refuse subscriptions
	down    bool          // accept nobody
	stalled chan struct{} // closed unless the server holds back all that it has to say
}

type fakeConn struct {
	server *fakeServer
	pipe   net.Conn
	in     *bufio.Reader
	out    chan string
	subs   map[string]string // subject by sid; guarded by the server's lock
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	s := &fakeServer{conns: map[*fakeConn]struct{}{}, stalled: make(chan struct{})}
	s.resume()
	t.Cleanup(func() {
		s.set(func() { s.down = true })
		s.cut()
		s.owned.Wait()
	})
	return s
}

// connect returns a connection with short pauses that is closed with the test.
func (s *fakeServer) connect(t *testing.T, opts ...nats.Option) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect("nats://fake", append([]nats.Option{
		nats.InProcessServer(s), nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond),
		nats.ReconnectJitter(0, 0), nats.PingInterval(time.Hour), nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// InProcessConn implements nats.InProcessConnProvider.
func (s *fakeServer) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errors.New("server is down")
	}
	client, pipe := net.Pipe()
	c := &fakeConn{server: s, pipe: pipe, in: bufio.NewReader(pipe), out: make(chan string, 10_000), subs: map[string]string{}}
	s.conns[c] = struct{}{}
	s.owned.Go(c.write)
	s.owned.Go(c.serve)
	return client, nil
}

// set changes a field under the lock.
func (s *fakeServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *fakeServer) stall() { s.set(func() { s.stalled = make(chan struct{}) }) }

func (s *fakeServer) resume() { s.set(func() { close(s.stalled) }) }

// cut breaks all connections.
func (s *fakeServer) cut() {
	s.set(func() {
		for c := range s.conns {
			_ = c.pipe.Close()
		}
	})
}

// publish delivers a message as if a client had published it. header is that of
// a message with one, or "".
func (s *fakeServer) publish(subject, header, payload string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		for sid, subscribed := range c.subs {
			switch {
			case subscribed != subject:
			case header == "":
				c.out <- fmt.Sprintf("MSG %s %s %d\r\n%s\r\n", subject, sid, len(payload), payload)
			default:
				c.out <- fmt.Sprintf("HMSG %s %s %d %d\r\n%s%s\r\n", subject, sid, len(header), len(header)+len(payload), header, payload)
			}
		}
	}
}

func (c *fakeConn) write() {
	for text := range c.out {
		var stalled chan struct{}
		c.server.set(func() { stalled = c.server.stalled })
		<-stalled
		if _, err := io.WriteString(c.pipe, text); err != nil {
			_ = c.pipe.Close()
		}
	}
}

func (c *fakeConn) serve() {
	c.out <- `INFO {"server_id":"fake","version":"2.11.0","proto":1,"headers":true,"max_payload":1048576}` + "\r\n"
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			break
		}
		c.handle(strings.Fields(line))
	}
	c.server.set(func() { delete(c.server.conns, c) })
	_ = c.pipe.Close()
	close(c.out)
}

func (c *fakeConn) handle(words []string) {
	switch words[0] {
	case "PUB":
		c.publish(words)
		return
	case "PING", "SUB", "UNSUB":
	default:
		return
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	switch {
	case words[0] == "PING":
		c.out <- "PONG\r\n"
	case words[0] == "UNSUB":
		delete(c.subs, words[1])
	case c.server.deny:
		c.out <- fmt.Sprintf("-ERR 'Permissions Violation for Subscription to %q'\r\n", words[1])
	default:
		c.subs[words[len(words)-1]] = words[1]
	}
}

func (c *fakeConn) publish(words []string) {
	n, err := strconv.Atoi(words[len(words)-1])
	payload := make([]byte, n+len("\r\n"))
	if _, err2 := io.ReadFull(c.in, payload); err == nil && err2 == nil {
		c.server.publish(words[1], "", string(payload[:n]))
	}
}
