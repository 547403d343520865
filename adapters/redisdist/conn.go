// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is a connection that tells its dialer whether the server answers.
type conn struct {
	net.Conn
	dialer *dialer
	addr   string
	known  atomic.Bool // whether the dialer knows
}

// newConn returns c with what go-redis looks for: it asks the system whether an
// idle connection is still there, and cannot ask through TLS.
func newConn(c net.Conn, d *dialer, addr string) net.Conn {
	made := &conn{Conn: c, dialer: d, addr: addr}
	inner := c
	secure, isTLS := c.(*tls.Conn)
	if isTLS {
		inner = secure.NetConn()
	}
	system, ok := inner.(syscall.Conn)
	if !ok {
		return made
	}
	raw, err := system.SyscallConn()
	switch {
	case err != nil:
		return made
	case isTLS:
		return secureConn{made, raw}
	}
	return plainConn{made, raw}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	switch {
	case n > 0 && !c.known.Load() && !c.known.Swap(true):
		c.dialer.answered(c.addr)
	case n == 0 && err != nil:
		c.broke(err)
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.broke(err)
	}
	return n, err
}

// broke notes that the connection has broken, if it did before there was an answer.
// The end of somebody's patience says nothing about the server.
func (c *conn) broke(err error) {
	patience, _ := errors.AsType[net.Error](err)
	if patience != nil && patience.Timeout() || errors.Is(err, net.ErrClosed) {
		return
	}
	if !c.known.Load() && !c.known.Swap(true) {
		c.dialer.failed(c.addr, err)
	}
}

// plainConn is a conn that go-redis can look at.
type plainConn struct {
	*conn
	raw syscall.RawConn
}

// SyscallConn implements syscall.Conn.
func (c plainConn) SyscallConn() (syscall.RawConn, error) { return c.raw, nil }

// secureConn is a conn that go-redis can look at, though what the system says is
// not all there is to TLS: see [glance].
type secureConn struct {
	*conn
	raw syscall.RawConn
}

// SyscallConn returns an error if the connection is of no use any more.
func (c secureConn) SyscallConn() (syscall.RawConn, error) {
	return nothing{}, glance(c.raw)
}

// nothing is a raw connection that shows nothing.
type nothing struct{}

func (nothing) Control(func(uintptr)) error    { return nil }
func (nothing) Read(func(uintptr) bool) error  { return nil }
func (nothing) Write(func(uintptr) bool) error { return nil }

// refused is a connection that could not be made.
type refused struct{ err error }

func (c refused) Read([]byte) (int, error)         { return 0, c.err }
func (c refused) Write([]byte) (int, error)        { return 0, c.err }
func (c refused) Close() error                     { return nil }
func (c refused) LocalAddr() net.Addr              { return nowhere{} }
func (c refused) RemoteAddr() net.Addr             { return nowhere{} }
func (c refused) SetDeadline(time.Time) error      { return nil }
func (c refused) SetReadDeadline(time.Time) error  { return nil }
func (c refused) SetWriteDeadline(time.Time) error { return nil }

// nowhere is the address of a connection that was not made.
type nowhere struct{}

func (nowhere) Network() string { return "none" }
func (nowhere) String() string  { return "none" }
