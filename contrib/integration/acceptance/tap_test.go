// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// tap sees every command that a Redis server runs, also those in scripts, by the
// command MONITOR. That is exact where INFO commandstats would count what other
// keys are asked for too.
type tap struct {
	server redisWorld

	mu       sync.Mutex
	commands []command
	echoes   map[string]bool
}

// command is what the server did: the name in lower case, and arguments.
type command struct {
	name string
	args []string
}

// listen taps a server until the end of the test.
func listen(tb testing.TB, w redisWorld) *tap {
	tb.Helper()
	conn, err := net.Dial("tcp", w.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	p := &tap{server: w, echoes: map[string]bool{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.read(bufio.NewReader(conn))
	}()
	tb.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	if _, err := fmt.Fprint(conn, "MONITOR\r\n"); err != nil {
		tb.Fatal(err)
	}
	p.sync(tb)
	return p
}

func (p *tap) read(from *bufio.Reader) {
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return
		}
		_, rest, ok := strings.Cut(line, "] ")
		if !ok {
			continue
		}
		args := unquote(strings.TrimSpace(rest))
		if len(args) == 0 {
			continue
		}
		p.take(command{strings.ToLower(args[0]), args[1:]})
	}
}

// unquote reads the arguments as the server prints them, each in quotes.
func unquote(line string) (args []string) {
	for line != "" {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return args
		}
		arg, err := strconv.Unquote(quoted)
		if err != nil {
			return args
		}
		args = append(args, arg)
		line = strings.TrimLeft(line[len(quoted):], " ")
	}
	return args
}

func (p *tap) take(c command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.name == "echo" && len(c.args) == 1 {
		p.echoes[c.args[0]] = true
		return
	}
	p.commands = append(p.commands, c)
}

// sync waits until everything is in that the server did before.
func (p *tap) sync(tb testing.TB) {
	tb.Helper()
	mark := strconv.FormatUint(rand.Uint64(), 36)
	soon(tb, patience, "what the server did", func() bool {
		p.server.Client().Echo(context.Background(), mark)
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.echoes[mark]
	})
}

// reset forgets what was seen so far.
func (p *tap) reset(tb testing.TB) {
	tb.Helper()
	p.sync(tb)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = nil
}

// calls returns how often the server ran a command on entries of an application.
func (p *tap) calls(tb testing.TB, app, name string) (n int) {
	tb.Helper()
	p.sync(tb)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.commands {
		if c.name == name && len(c.args) > 0 && strings.HasPrefix(c.args[0], app+":1:e:") {
			n++
		}
	}
	return n
}

// publication is a message that the server was given.
type publication struct {
	wire.Message
	size int
}

// messages returns what the nodes of an application have told each other, but
// for their signs of life.
func (p *tap) messages(tb testing.TB, app string) (out []publication) {
	tb.Helper()
	p.sync(tb)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.commands {
		if c.name != "publish" || len(c.args) != 2 || c.args[0] != hybrid.Channel(app) {
			continue
		}
		m, err := wire.ParseMessage([]byte(c.args[1]))
		if err != nil {
			tb.Errorf("message %q: %v", c.args[1], err)
		}
		if m.Kind != wire.MessageHeartbeat && m.Kind != wire.MessageGoodbye {
			out = append(out, publication{m, len(c.args[1])})
		}
	}
	return out
}

// written returns how often the server has stored something for key of view "v"
// of an application.
func (p *tap) written(tb testing.TB, app, key string) (n int) {
	tb.Helper()
	p.sync(tb)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.commands {
		if c.name == "set" && c.args[0] == entryKey(app, key) {
			n++
		}
	}
	return n
}
