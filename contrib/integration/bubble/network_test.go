// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package bubble_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

var errRefused = errors.New("connection refused")

// network is the way from one client to its server: pipes on which data takes its
// time, and that can be cut, held up and slowed down.
//
// Both libraries hold a mutex while they connect. In a bubble, whoever waits for a
// mutex stops the time, so connecting must not take any: what is sent at the moment
// of the dialling arrives at once, and while the network hangs, dialling fails.
type network struct {
	accept func() (net.Conn, error) // makes a connection of the server

	mu      sync.Mutex
	dice    *rand.Rand
	refuse  bool
	hang    bool
	delay   time.Duration
	changed chan struct{} // closed and replaced whenever one of these changes
	wires   map[*wire]struct{}
}

func newNetwork(accept func() (net.Conn, error), dice *rand.Rand) *network {
	return &network{accept: accept, dice: dice, changed: make(chan struct{}), wires: map[*wire]struct{}{}}
}

// dial returns a connection to the server.
func (n *network) dial() (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuse || n.hang {
		return nil, errRefused
	}
	server, err := n.accept()
	if err != nil {
		return nil, err
	}
	client, near := net.Pipe()
	w := &wire{network: n, born: time.Now(), client: near, server: server, ended: make(chan struct{})}
	n.wires[w] = struct{}{}
	go w.run()
	return client, nil
}

// Dial is a dialler for go-redis.
func (n *network) Dial(context.Context, string, string) (net.Conn, error) { return n.dial() }

// InProcessConn makes a network a server for nats.go.
func (n *network) InProcessConn() (net.Conn, error) { return n.dial() }

func (n *network) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	close(n.changed)
	n.changed = make(chan struct{})
}

// cut ends all connections. Of what is under way, nothing arrives, or a part.
func (n *network) cut() {
	n.mu.Lock()
	wires := n.wires
	n.wires = map[*wire]struct{}{}
	n.mu.Unlock()
	for w := range wires {
		w.end()
	}
}

func (n *network) refuseAll() { n.set(func() { n.refuse = true }); n.cut() }
func (n *network) hangAll()   { n.set(func() { n.hang = true }) }
func (n *network) slowDown()  { n.set(func() { n.delay = 200 * time.Millisecond }) }
func (n *network) heal()      { n.set(func() { n.refuse, n.hang, n.delay = false, false, 0 }) }

// latency draws what a piece of data takes.
func (n *network) latency() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.delay + time.Duration(1+n.dice.Int64N(int64(2*time.Millisecond)))
}

// part draws how much of a piece of data arrives when its connection is cut.
func (n *network) part(size int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dice.IntN(size + 1)
}

// hung returns whether the network hangs, and what ends with that.
func (n *network) hung() (bool, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hang, n.changed
}

func (n *network) forget(w *wire) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.wires, w)
}

// wire is one connection.
type wire struct {
	network        *network
	born           time.Time
	client, server net.Conn
	once           sync.Once
	ended          chan struct{}
}

// tearing is how long after the end of a connection a part of the data may arrive.
const tearing = time.Millisecond

func (w *wire) run() {
	var all sync.WaitGroup
	all.Go(func() { w.forward(w.server, w.client) })
	all.Go(func() { w.forward(w.client, w.server) })
	<-w.ended
	<-time.After(tearing)
	_, _ = w.client.Close(), w.server.Close()
	all.Wait()
	w.network.forget(w)
}

func (w *wire) end() { w.once.Do(func() { close(w.ended) }) }

// piece is what one call has written.
type piece struct {
	data []byte
	due  time.Time
}

// backlog is how many pieces may be under way. It is never reached: who writes
// must not have to wait.
const backlog = 1 << 12

// forward carries data from one end to the other until either is closed.
func (w *wire) forward(to, from net.Conn) {
	pieces := make(chan piece, backlog)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(pieces)
		w.read(from, pieces)
	})
	for p := range pieces {
		if !w.pass(p) {
			_, _ = to.Write(p.data[:w.network.part(len(p.data))])
			break
		}
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	w.end()
	for range pieces {
	}
	reading.Wait()
}

// read takes in whatever is written, at once.
func (w *wire) read(from net.Conn, pieces chan<- piece) {
	buf, due := make([]byte, 64<<10), w.born
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if now := time.Now(); now.After(w.born) {
				due = latest(due, now.Add(w.network.latency()))
			}
			pieces <- piece{append([]byte(nil), buf[:n]...), due}
		}
		if err != nil {
			return
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pass waits until a piece may arrive; it is false if the connection ended first.
func (w *wire) pass(p piece) bool {
	if !wait(w.ended, time.Until(p.due)) {
		return false
	}
	if p.due.Equal(w.born) {
		return true
	}
	for {
		hung, changed := w.network.hung()
		if !hung {
			return true
		}
		select {
		case <-changed:
		case <-w.ended:
			return false
		}
	}
}

// wait waits for d and reports whether stop was not closed before.
func wait(stop <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}
