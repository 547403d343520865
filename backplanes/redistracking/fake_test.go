// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// fakeServer speaks enough of the Redis protocol, over pipes, to track keys.
// Within a synctest bubble all waiting takes no time.
type fakeServer struct {
	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	tracking map[net.Conn]string // the command, by connection that subscribed too
	commands map[net.Conn]string
	dials    int
	pings    int
	down     bool   // dials fail
	mute     string // a command that is not answered; "all": none is
	refusal  string // reply to CLIENT TRACKING; empty: OK
	serving  sync.WaitGroup
}

func newFakeServer() *fakeServer {
	return &fakeServer{conns: map[net.Conn]struct{}{}, tracking: map[net.Conn]string{}, commands: map[net.Conn]string{}}
}

// client returns a client of the server with the settings that suit a cache.
func (f *fakeServer) client(tb testing.TB) *redis.Client {
	tb.Helper()
	c := redis.NewClient(&redis.Options{
		Dialer: f.dial, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: 500 * time.Millisecond, ReadTimeout: time.Second, DisableIdentity: true, PipelinePoolSize: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	tb.Cleanup(func() {
		_ = c.Close()
		f.set(func() { f.down = true })
		f.cut()
		f.serving.Wait()
	})
	return c
}

func (f *fakeServer) dial(context.Context, string, string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials++
	if f.down {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	f.conns[server] = struct{}{}
	f.serving.Go(func() { f.serve(server) })
	return client, nil
}

func (f *fakeServer) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		f.mu.Lock()
		delete(f.conns, conn)
		delete(f.tracking, conn)
		f.mu.Unlock()
	}()
	r := bufio.NewReader(conn)
	for {
		args, err := readCommand(r)
		if err != nil {
			return
		}
		if _, err := io.WriteString(conn, f.answer(conn, args)); err != nil {
			return
		}
	}
}

// answer returns the reply to a command; empty: none.
func (f *fakeServer) answer(conn net.Conn, args []string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := strings.ToLower(args[0])
	if f.mute == "all" || f.mute == name {
		return ""
	}
	switch name {
	case "hello":
		return "%1\r\n$5\r\nproto\r\n:3\r\n"
	case "client":
		if f.refusal != "" {
			return "-" + f.refusal + "\r\n"
		}
		f.commands[conn] = strings.Join(args, " ")
		return "+OK\r\n"
	case "subscribe":
		f.tracking[conn] = f.commands[conn]
		return fmt.Sprintf(">3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n", len(args[1]), args[1])
	case "ping":
		f.pings++
		return "+PONG\r\n"
	}
	return "-ERR unknown command\r\n"
}

// invalidate tells all that track that keys have changed; none means all.
func (f *fakeServer) invalidate(keys ...string) {
	raw := ">2\r\n$10\r\ninvalidate\r\n"
	if len(keys) == 0 {
		raw += "_\r\n"
	} else {
		raw += fmt.Sprintf("*%d\r\n", len(keys))
	}
	for _, k := range keys {
		raw += fmt.Sprintf("$%d\r\n%s\r\n", len(k), k)
	}
	f.push(raw)
}

// push sends raw bytes to all that track.
func (f *fakeServer) push(raw string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.tracking {
		_, _ = io.WriteString(conn, raw)
	}
}

// trackers returns the commands of the connections that track.
func (f *fakeServer) trackers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.tracking))
}

// set changes the server under its lock.
func (f *fakeServer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// cut closes every connection.
func (f *fakeServer) cut() {
	f.set(func() {
		for conn := range f.conns {
			_ = conn.Close()
		}
	})
}

func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readLength(r)
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		size, err := readLength(r)
		if err != nil {
			return nil, err
		}
		buf := make([]byte, size+2)
		if _, err := io.ReadFull(r, buf); err != nil {
			return nil, err
		}
		args[i] = string(buf[:size])
	}
	return args, nil
}

func readLength(r *bufio.Reader) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}
