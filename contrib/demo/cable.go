// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
)

var errUnplugged = errors.New("the cable is unplugged")

// dialer makes a connection.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// cable is a dialer whose connections can all be cut at once. Safe for concurrent
// use.
type cable struct {
	through dialer

	mu        sync.Mutex
	unplugged bool
	conns     map[*cabled]struct{}
}

func newCable(d dialer) *cable { return &cable{through: d, conns: map[*cabled]struct{}{}} }

// dial is the dialer.
func (c *cable) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.through(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	made := &cabled{Conn: conn, by: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged {
		_ = conn.Close()
		return nil, errUnplugged
	}
	c.conns[made] = struct{}{}
	if raw, ok := conn.(syscall.Conn); ok {
		return &cabledSocket{cabled: made, raw: raw}, nil
	}
	return made, nil
}

// unplug cuts all connections, and those that are dialled from now on.
func (c *cable) unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unplugged = true
	for conn := range c.conns {
		_ = conn.Conn.Close()
	}
	clear(c.conns)
}

// plug undoes unplug.
func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unplugged = false
}

// cabled is a connection through a cable.
type cabled struct {
	net.Conn
	by *cable
}

// Close implements net.Conn. A connection that was cut is closed already, which is
// no error of whoever had it.
func (c *cabled) Close() error {
	c.by.mu.Lock()
	_, whole := c.by.conns[c]
	delete(c.by.conns, c)
	c.by.mu.Unlock()
	if !whole {
		return nil
	}
	return c.Conn.Close()
}

// cabledSocket is a cabled socket. Clients look at those directly, to see whether
// one that has been idle still stands.
type cabledSocket struct {
	*cabled
	raw syscall.Conn
}

// SyscallConn implements syscall.Conn.
func (c *cabledSocket) SyscallConn() (syscall.RawConn, error) { return c.raw.SyscallConn() }
