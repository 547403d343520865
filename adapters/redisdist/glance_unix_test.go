// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd || solaris || illumos

package redisdist

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// The pool asks before it uses an idle connection.
func TestConn_ASecureConnectionThatWasCutIsSeenToBe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	raw, err := client.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c := secureConn{conn: &conn{Conn: client, dialer: newPlace().dialer}, raw: raw}
	look := func() error {
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Read(func(uintptr) bool { t.Error("what is in TLS is shown"); return true })
	}
	if err := look(); err != nil {
		t.Errorf("a connection that is there: %v", err)
	}
	_ = server.(*net.TCPConn).SetLinger(0)
	_ = server.Close()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); look() == nil; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("a connection that was cut is taken for one that is there")
		}
	}
}
