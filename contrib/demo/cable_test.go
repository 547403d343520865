// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
)

// pipes is a dialer of connections to nobody.
func pipes(context.Context, string, string) (net.Conn, error) {
	near, _ := net.Pipe()
	return near, nil
}

func TestCable_CutsWhatIsThereAndWhatIsDialled(t *testing.T) {
	c := newCable(pipes)
	conn, err := c.dial(t.Context(), "tcp", "x")
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.dial(t.Context(), "tcp", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil || len(c.conns) != 1 {
		t.Errorf("close: %v; %d connections are kept", err, len(c.conns))
	}
	c.unplug()
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Error("a cut connection still works")
	}
	if _, err := c.dial(t.Context(), "tcp", "x"); !errors.Is(err, errUnplugged) {
		t.Errorf("dialling: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("closing what was cut: %v", err)
	}
	c.plug()
	if _, err := c.dial(t.Context(), "tcp", "x"); err != nil {
		t.Errorf("plugged in again: %v", err)
	}
}

// A client that keeps connections can see which of them were cut.
func TestCable_ShowsSocketsAsSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := newCable((&net.Dialer{}).DialContext)
	conn, err := c.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(uintptr) {}); err != nil {
		t.Errorf("a whole one: %v", err)
	}
	c.unplug()
	if err := raw.Control(func(uintptr) {}); err == nil {
		t.Error("a cut one looks whole")
	}
	if piped, err := newCable(pipes).dial(t.Context(), "tcp", "x"); err != nil || isSocket(piped) {
		t.Errorf("what is no socket looks like one, %v", err)
	}
}

func isSocket(conn net.Conn) bool {
	_, ok := conn.(syscall.Conn)
	return ok
}
