// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"net"
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
