// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package netfault

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// link is one connection of a client and its counterpart to the target.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	ended  chan struct{} // closed by end

	mu     sync.Mutex
	server *net.TCPConn // nil until connected
	over   bool
}

// serve connects to the target and forwards until either side ends.
func (l *link) serve() {
	defer l.proxy.forget(l)
	if !l.pass(time.Now()) || !l.connect() {
		l.reset()
		return
	}
	l.proxy.owned.Go(func() { l.pump(l.server, l.client) })
	l.pump(l.client, l.server)
}

func (l *link) connect() bool {
	conn, err := net.DialTimeout("tcp", l.proxy.target, dialTimeout)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = conn.(*net.TCPConn)
	if l.over {
		abort(l.server)
		return false
	}
	return true
}

// piece is data on its way, and since when.
type piece struct {
	data []byte
	read time.Time
}

// maxPieces is how many pieces are on their way at a time, in each direction.
const maxPieces = 64

// pump forwards from src to dst. The end of one direction ends the link: no
// protocol tested here uses half-closed connections.
func (l *link) pump(src, dst *net.TCPConn) {
	defer l.close()
	pieces := make(chan piece, maxPieces)
	l.proxy.owned.Go(func() { l.read(src, pieces) })
	for p := range pieces {
		if !l.pass(p.read) {
			return
		}
		if _, err := dst.Write(p.data); err != nil {
			return
		}
	}
}

// read takes from src until either side ends. It goes on while pieces are held
// back, as a line does that is long: a delay is not a lack of bandwidth.
func (l *link) read(src *net.TCPConn, pieces chan<- piece) {
	defer close(pieces)
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			select {
			case pieces <- piece{bytes.Clone(buf[:n]), time.Now()}:
			case <-l.ended:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits until the proxy lets through what was read then; it is false if the
// link ended first.
func (l *link) pass(read time.Time) bool {
	for {
		fault, changed := l.proxy.now()
		var over <-chan time.Time
		if !fault.hang {
			wait := time.Until(read.Add(fault.delay))
			if wait <= 0 {
				return true
			}
			over = time.After(wait)
		}
		select {
		case <-over:
		case <-changed:
		case <-l.ended:
			return false
		}
	}
}

// close ends both connections in the normal way.
func (l *link) close() { l.end((*net.TCPConn).Close) }

// reset ends both connections so that the peers see them reset.
func (l *link) reset() { l.end(abort) }

func (l *link) end(closing func(*net.TCPConn) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	close(l.ended)
	_ = closing(l.client)
	if l.server != nil {
		_ = closing(l.server)
	}
}

// abort closes conn with a reset instead of a farewell.
func abort(conn *net.TCPConn) error {
	_ = conn.SetLinger(0)
	return conn.Close()
}
