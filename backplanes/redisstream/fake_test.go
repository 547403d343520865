// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

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

// fakeServer speaks enough of the Redis protocol, over pipes, for one stream
// whose entries are numbered 1-0, 2-0 and so on. Within a synctest bubble all
// waiting takes no time.
type fakeServer struct {
	mu      sync.Mutex
	runID   string
	first   int      // number of the oldest entry
	entries []string // "field value", from first on
	added   chan struct{}
	conns   map[net.Conn]struct{}
	dials   []time.Time
	down    bool // dials fail
	mute    bool // nothing is answered
	silent  bool // nothing about the stream is answered
	refusal string
	serving sync.WaitGroup
}

func newFakeServer() *fakeServer {
	return &fakeServer{runID: "run1", first: 1, added: make(chan struct{}), conns: map[net.Conn]struct{}{}}
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
	f.dials = append(f.dials, time.Now())
	if f.down {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	f.conns[server] = struct{}{}
	f.serving.Go(func() { f.serve(server) })
	return client, nil
}

// serve answers commands in order, as they come in. The reader is apart so that
// the end of a connection ends a command that waits.
func (f *fakeServer) serve(conn net.Conn) {
	commands, over := make(chan []string, 10), make(chan struct{})
	f.serving.Go(func() {
		defer close(over)
		r := bufio.NewReader(conn)
		for {
			args, err := readCommand(r)
			if err != nil {
				return
			}
			commands <- args
		}
	})
	defer func() {
		_ = conn.Close()
		f.mu.Lock()
		delete(f.conns, conn)
		f.mu.Unlock()
	}()
	for {
		select {
		case <-over:
			return
		case args := <-commands:
			if _, err := io.WriteString(conn, f.answer(args, over)); err != nil {
				return
			}
		}
	}
}

// answer returns the reply to a command; empty: none.
func (f *fakeServer) answer(args []string, over <-chan struct{}) string {
	f.mu.Lock()
	mute, silent, refusal, runID := f.mute, f.silent, f.refusal, f.runID
	f.mu.Unlock()
	if mute {
		return ""
	}
	name := strings.ToLower(args[0])
	if silent && strings.HasPrefix(name, "x") {
		return ""
	}
	if refusal != "" && strings.HasPrefix(name, "x") {
		return "-" + refusal + "\r\n"
	}
	switch name {
	case "hello":
		return "%1\r\n$5\r\nproto\r\n:3\r\n"
	case "info":
		return bulk("# Server\r\nredis_version:7.0.15\r\nrun_id:" + runID + "\r\n")
	case "ping":
		return "+PONG\r\n"
	case "xadd":
		return bulk(id(f.add(args[len(args)-2], args[len(args)-1])))
	case "xrange":
		n := number(args[2])
		return f.list(n, n)
	case "xrevrange":
		f.mu.Lock()
		n := f.first + len(f.entries) - 1
		f.mu.Unlock()
		return f.list(n, n)
	case "xread":
		return f.read(args, over)
	}
	return "-ERR unknown command\r\n"
}

// read answers XREAD COUNT n [BLOCK ms] STREAMS key id.
func (f *fakeServer) read(args []string, over <-chan struct{}) string {
	var timeout <-chan time.Time
	if strings.EqualFold(args[3], "block") {
		ms, _ := strconv.Atoi(args[4])
		timeout = time.After(time.Duration(ms) * time.Millisecond)
	}
	count, _ := strconv.Atoi(args[2])
	from := number(args[len(args)-1]) + 1
	for {
		f.mu.Lock()
		last, added := f.first+len(f.entries)-1, f.added
		f.mu.Unlock()
		if last >= from {
			return "%1\r\n" + bulk(args[len(args)-2]) + f.list(from, from+count-1)
		}
		if timeout == nil {
			return "_\r\n"
		}
		select {
		case <-added:
		case <-timeout:
			return "_\r\n"
		case <-over:
			return ""
		}
	}
}

// list returns the entries with numbers between from and to.
func (f *fakeServer) list(from, to int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = max(from, f.first), min(to, f.first+len(f.entries)-1)
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", max(0, to-from+1))
	for n := from; n <= to; n++ {
		field, value, _ := strings.Cut(f.entries[n-f.first], " ")
		fmt.Fprintf(&b, "*2\r\n%s*2\r\n%s%s", bulk(id(n)), bulk(field), bulk(value))
	}
	return b.String()
}

// add appends an entry and returns its number.
func (f *fakeServer) add(field, value string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, field+" "+value)
	close(f.added)
	f.added = make(chan struct{})
	return f.first + len(f.entries) - 1
}

// set changes the server under its lock.
func (f *fakeServer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// trim removes the n oldest entries.
func (f *fakeServer) trim(n int) { f.set(func() { f.first, f.entries = f.first+n, f.entries[n:] }) }

// cut closes every connection.
func (f *fakeServer) cut() {
	f.set(func() {
		for conn := range f.conns {
			_ = conn.Close()
		}
	})
}

// attempts returns when connections were dialled.
func (f *fakeServer) attempts() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dials
}

func id(n int) string { return strconv.Itoa(n) + "-0" }

func number(id string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(id, "-0"))
	return n
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

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
