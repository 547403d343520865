// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// fakeServer speaks enough of the Redis protocol, over pipes, for one channel.
// Within a synctest bubble all waiting takes no time.
type fakeServer struct {
	confirmAfter time.Duration // delay of subscription confirmations
	refuseWith   string        // error reply to SUBSCRIBE; empty: none

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	down    bool                // dials fail
	mute    map[string]struct{} // commands that are not answered; "" for all
	counts  map[string]int
	serving sync.WaitGroup
}

func newFakeServer() *fakeServer {
	return &fakeServer{conns: map[net.Conn]struct{}{}, mute: map[string]struct{}{}, counts: map[string]int{}}
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
		f.cut()
		f.serving.Wait()
	})
	return c
}

func (f *fakeServer) dial(context.Context, string, string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts["dial"]++
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
		f.mu.Unlock()
	}()
	r := bufio.NewReader(conn)
	for {
		args, err := readCommand(r)
		if err != nil {
			return
		}
		reply := f.answer(strings.ToLower(args[0]), args[1:])
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

// answer returns the reply to a command; empty: none.
func (f *fakeServer) answer(name string, args []string) string {
	f.mu.Lock()
	f.counts[name]++
	_, muteAll := f.mute[""]
	_, mute := f.mute[name]
	f.mu.Unlock()
	if mute || muteAll {
		return ""
	}
	switch name {
	case "hello":
		return "%1\r\n$5\r\nproto\r\n:3\r\n"
	case "subscribe", "ssubscribe":
		if f.refuseWith != "" {
			return "-" + f.refuseWith + "\r\n"
		}
		<-time.After(f.confirmAfter)
		return fmt.Sprintf(">3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:1\r\n", len(name), name, len(args[0]), args[0])
	case "ping":
		return "+PONG\r\n"
	}
	return "-ERR unknown command\r\n"
}

// push sends raw bytes on every connection that is open.
func (f *fakeServer) push(raw string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_, _ = io.WriteString(conn, raw)
	}
}

// message pushes one message on channel ch.
func (f *fakeServer) message(payload string) {
	f.push(fmt.Sprintf(">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$%d\r\n%s\r\n", len(payload), payload))
}

// cut closes every connection.
func (f *fakeServer) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close()
	}
}

func (f *fakeServer) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// silence stops answers to the commands named, or to all.
func (f *fakeServer) silence(names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		f.mute[name] = struct{}{}
	}
}

// count returns how often a command, or "dial", has come.
func (f *fakeServer) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[name]
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
