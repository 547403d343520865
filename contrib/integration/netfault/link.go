// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package netfault

import (
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
	if !l.pass() || !l.connect() {
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

// pump forwards from src to dst. The end of one direction ends the link: no
// protocol tested here uses half-closed connections.
func (l *link) pump(src, dst *net.TCPConn) {
	defer l.close()
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if !l.pass() {
				return
			}
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits until the proxy lets data through; it is false if the link ended
// first.
func (l *link) pass() bool {
	fault, changed := l.proxy.now()
	for fault.hang {
		select {
		case <-changed:
		case <-l.ended:
			return false
		}
		fault, changed = l.proxy.now()
	}
	if fault.delay <= 0 {
		return true
	}
	timer := time.NewTimer(fault.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ended:
		return false
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
