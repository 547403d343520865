// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package bubble_test

import (
	"bufio"
	"crypto/sha1" // what EVALSHA names scripts by
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// redisServer is a server in this process that knows what our adapters send. In
// place of the script it runs the rule in Go; a test of redisdist compares the two.
type redisServer struct {
	sha string // of the script

	mu          sync.Mutex
	down        bool
	loaded      bool // whether the script is known
	data        map[string]record
	peers       map[*peer]struct{}
	subscribers map[string]map[*peer]struct{}
}

type record struct {
	data    string
	expires time.Time // zero: never
}

func newRedisServer(tb testing.TB) *redisServer {
	tb.Helper()
	script, err := os.ReadFile("../../../adapters/redisdist/arbitrate.lua")
	if err != nil {
		tb.Fatal(err)
	}
	s := &redisServer{sha: shaOf(string(script)), peers: map[*peer]struct{}{}}
	s.forget()
	return s
}

func shaOf(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

func (s *redisServer) forget() {
	s.data, s.subscribers = map[string]record{}, map[string]map[*peer]struct{}{}
}

// accept makes a connection.
func (s *redisServer) accept() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errRefused
	}
	client, near := net.Pipe()
	p := &peer{server: s, conn: near, out: make(chan string, backlog)}
	s.peers[p] = struct{}{}
	go p.serve()
	return client, nil
}

// kill ends the server with all that it holds; start starts another one.
func (s *redisServer) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.loaded = true, false
	s.forget()
	for p := range s.peers {
		_ = p.conn.Close()
	}
}

func (s *redisServer) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = false
}

// flush drops all data.
func (s *redisServer) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.data)
}

// throwOut ends the connections of subscribers.
func (s *redisServer) throwOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, peers := range s.subscribers {
		for p := range peers {
			_ = p.conn.Close()
		}
	}
}

// peer is one connection of the server.
type peer struct {
	server *redisServer
	conn   net.Conn
	out    chan string // what is still to be written
}

// serve answers commands until the connection ends.
func (p *peer) serve() {
	var writing sync.WaitGroup
	writing.Go(p.write)
	in := bufio.NewReader(p.conn)
	for {
		args, err := readCommand(in)
		if err != nil {
			break
		}
		p.server.run(p, args)
	}
	_ = p.conn.Close()
	p.server.leave(p)
	close(p.out)
	writing.Wait()
}

func (p *peer) write() {
	for text := range p.out {
		if _, err := io.WriteString(p.conn, text); err != nil {
			_ = p.conn.Close()
		}
	}
}

func (s *redisServer) leave(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	for _, peers := range s.subscribers {
		delete(peers, p)
	}
}

// readCommand reads an array of strings.
func readCommand(in *bufio.Reader) (args []string, err error) {
	n, err := readNumber(in, '*')
	for i := 0; i < n && err == nil; i++ {
		var size int
		if size, err = readNumber(in, '$'); err != nil {
			break
		}
		buf := make([]byte, size+len("\r\n"))
		_, err = io.ReadFull(in, buf)
		args = append(args, string(buf[:size]))
	}
	return args, err
}

func readNumber(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("protocol: %q", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// run carries out a command and queues the answer; all commands come one after
// another.
func (s *redisServer) run(p *peer, args []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || len(args) == 0 {
		return
	}
	p.out <- s.answer(p, strings.ToLower(args[0]), args[1:])
}

func (s *redisServer) answer(p *peer, command string, args []string) string {
	switch command {
	case "hello":
		return "%1\r\n" + bulk("proto") + number(3)
	case "ping":
		return "+PONG\r\n"
	case "get":
		return s.value(args[0])
	case "getrange":
		v := s.get(args[0])
		return bulk(v[:min(len(v), core.HeaderSize)])
	case "set":
		s.put(args[0], args[1], lifetime(args[2:]))
		return "+OK\r\n"
	case "unlink":
		_, ok := s.data[args[0]]
		delete(s.data, args[0])
		if ok {
			return number(1)
		}
		return number(0)
	case "publish":
		return number(s.publish(args[0], args[1]))
	case "subscribe":
		return s.subscribe(p, args[0])
	case "eval", "evalsha":
		return s.eval(command, args)
	}
	return "-ERR unknown command '" + command + "'\r\n"
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func number(n int) string { return fmt.Sprintf(":%d\r\n", n) }

func (s *redisServer) value(key string) string {
	if v := s.get(key); v != "" {
		return bulk(v)
	}
	return "_\r\n"
}

func (s *redisServer) get(key string) string {
	r, ok := s.data[key]
	if ok && !r.expires.IsZero() && !time.Now().Before(r.expires) {
		delete(s.data, key)
		return ""
	}
	return r.data
}

func (s *redisServer) put(key, data string, ttl time.Duration) {
	r := record{data: data}
	if ttl != core.Forever {
		r.expires = time.Now().Add(ttl)
	}
	s.data[key] = r
}

// lifetime reads "px" and a number, if they are there.
func lifetime(args []string) time.Duration {
	if len(args) < 2 {
		return core.Forever
	}
	return milliseconds(args[1])
}

// milliseconds reads a number; nothing is for ever.
func milliseconds(text string) time.Duration {
	if text == "" {
		return core.Forever
	}
	n, _ := strconv.Atoi(text)
	return time.Duration(n) * time.Millisecond
}

func (s *redisServer) subscribe(p *peer, channel string) string {
	if s.subscribers[channel] == nil {
		s.subscribers[channel] = map[*peer]struct{}{}
	}
	s.subscribers[channel][p] = struct{}{}
	return ">3\r\n" + bulk("subscribe") + bulk(channel) + number(1)
}

func (s *redisServer) publish(channel, message string) int {
	for p := range s.subscribers[channel] {
		select {
		case p.out <- ">3\r\n" + bulk("message") + bulk(channel) + bulk(message):
		default: // as Redis does with a slow subscriber
			_ = p.conn.Close()
		}
	}
	return len(s.subscribers[channel])
}

// eval runs the script, by name or by source: name, number of keys, key, and the
// arguments that arbitrate.lua describes.
func (s *redisServer) eval(command string, args []string) string {
	sha := args[0]
	if command == "eval" {
		sha = shaOf(args[0])
		s.loaded = s.loaded || sha == s.sha
	}
	switch {
	case sha != s.sha:
		return "-ERR a script that this server does not know\r\n"
	case !s.loaded:
		return "-NOSCRIPT No matching script.\r\n"
	}
	return s.arbitrate(args[2], args[3:])
}

func (s *redisServer) arbitrate(key string, a []string) string {
	now := time.Now().UnixMicro()
	if latest, err := strconv.ParseInt(a[9], 10, 64); err == nil && now > latest {
		return ruling("late", "", "", now)
	}
	skew, _ := strconv.Atoi(a[5])
	w := core.Write{
		Mode: modes[a[0]], Data: []byte(a[1] + a[2]), TTL: milliseconds(a[3]), Expect: []byte(a[4]),
		Skew: time.Duration(skew) * time.Millisecond, TombstoneTTL: milliseconds(a[6]),
	}
	d := w.Decide([]byte(s.get(key)))
	word, header, told := "refused", "", ""
	if d.Header.Kind != 0 {
		header = string(core.AppendHeader(nil, d.Header))
	}
	if d.Store {
		s.put(key, string(d.Data), d.TTL)
		if a[7] != "" {
			s.publish(a[7], a[8])
			told = "told"
		}
	}
	switch {
	case d.Foreign:
		word = "foreign"
	case d.Stored:
		word = "stored"
	}
	return ruling(word, header, told, now)
}

// ruling is what the script returns.
func ruling(word, header, told string, now int64) string {
	return bulk(fmt.Sprintf("%s %s %d:%d %s", word, told, now/1e6, now%1e6, header))
}

var modes = map[string]core.Mode{"force": core.Force, "fill": core.Fill, "replay": core.Replay}
