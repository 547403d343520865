// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package netfault is a TCP proxy for tests that breaks on command: it cuts,
// refuses, hangs and delays the connections of a client under test. The idea is
// that of Shopify's toxiproxy, reduced to what the tests of this project need.
package netfault

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout bounds the connection to the target, so that Close is never held
// up by a dead one.
const dialTimeout = 2 * time.Second

// Proxy forwards connections to one target until told otherwise. It starts out
// healthy. All methods may be called at any time and from many goroutines;
// after Close they do nothing.
type Proxy struct {
	target   string
	listener net.Listener
	accepted atomic.Int64
	owned    sync.WaitGroup // one per goroutine: the accept loop, and four per connection

	mu      sync.Mutex
	fault   fault
	changed chan struct{} // closed and replaced whenever fault changes
	links   map[*link]struct{}
	closed  bool
}

// fault is what is wrong with the network now.
type fault struct {
	refuse bool
	hang   bool
	delay  time.Duration
}

// New returns a proxy on a free port of the loopback interface that forwards to
// target, a TCP address. The target need not answer yet. The caller closes it.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, listener: l, changed: make(chan struct{}), links: map[*link]struct{}{}}
	p.owned.Go(p.accept)
	return p, nil
}

// Addr returns the host:port on which the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Accepted returns the number of connections that clients have opened so far,
// refused ones included.
func (p *Proxy) Accepted() int { return int(p.accepted.Load()) }

// Open returns the number of connections that are open now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Cut resets all open connections. New ones are treated as before.
func (p *Proxy) Cut() {
	p.mu.Lock()
	links := p.links
	p.links = map[*link]struct{}{}
	p.mu.Unlock()
	for l := range links {
		l.reset()
	}
}

// Refuse resets new connections as soon as they are made. The port stays open,
// so a client sees its connection reset, not refused: giving the port up would
// let another process take it. Open connections are left alone; see Cut.
// What is held back stays so.
func (p *Proxy) Refuse() {
	f, _ := p.now()
	f.refuse = true
	p.set(f)
}

// Hang stops forwarding, in both directions, on open and on new connections.
// Nothing is lost: Restore lets what was held back arrive late, as a network
// that comes back does.
func (p *Proxy) Hang() { p.set(fault{hang: true}) }

// Delay holds back each piece of data by d, in both directions. Pieces are on their
// way at the same time, as on a long line.
func (p *Proxy) Delay(d time.Duration) { p.set(fault{delay: d}) }

// Restore ends Refuse, Hang and Delay.
func (p *Proxy) Restore() { p.set(fault{}) }

// Close resets all connections, frees the port and waits for the goroutines of
// the proxy. Closing twice is fine.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Cut()
	p.owned.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// now returns the fault that is in force and a channel that ends with it.
func (p *Proxy) now() (fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		l := &link{proxy: p, client: conn.(*net.TCPConn), ended: make(chan struct{})}
		if !p.admit(l) {
			l.reset()
		}
	}
}

// admit starts to serve l unless the proxy refuses connections or is closed.
func (p *Proxy) admit(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.fault.refuse {
		return false
	}
	p.links[l] = struct{}{}
	p.owned.Go(l.serve)
	return true
}

func (p *Proxy) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
