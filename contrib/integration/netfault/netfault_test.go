// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package netfault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
)

// startEcho returns the address of a server that sends back what it gets.
func startEcho(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var owned sync.WaitGroup
	owned.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			owned.Go(func() { _, _ = io.Copy(conn, conn); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); owned.Wait() })
	return l.Addr().String()
}

func startProxy(t *testing.T, target string) *netfault.Proxy {
	t.Helper()
	p, err := netfault.New(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func dial(t *testing.T, p *netfault.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends one byte and waits up to d for it to come back.
func exchange(conn net.Conn, d time.Duration) error {
	_ = conn.SetDeadline(time.Now().Add(d))
	if _, err := conn.Write([]byte{'x'}); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

// attempt makes a new connection and uses it. A reset may come as early as that.
func attempt(t *testing.T, p *netfault.Proxy) error {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return exchange(conn, 5*time.Second)
}

func mustExchange(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := exchange(conn, 5*time.Second); err != nil {
		t.Fatalf("healthy proxy: %v", err)
	}
}

func TestProxy_Forwards(t *testing.T) {
	p := startProxy(t, startEcho(t))
	mustExchange(t, dial(t, p))
	mustExchange(t, dial(t, p))
	if p.Accepted() != 2 || p.Open() != 2 {
		t.Errorf("accepted %d, open %d, want 2 and 2", p.Accepted(), p.Open())
	}
}

func TestCut_ResetsOpenConnectionsOnly(t *testing.T) {
	p := startProxy(t, startEcho(t))
	conn := dial(t, p)
	mustExchange(t, conn)
	p.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after cut: %v, want a reset", err)
	}
	mustExchange(t, dial(t, p))
}

func TestRefuse_ResetsNewConnectionsOnly(t *testing.T) {
	p := startProxy(t, startEcho(t))
	old := dial(t, p)
	mustExchange(t, old)
	p.Refuse()
	if err := attempt(t, p); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("new connection: %v, want it to be reset", err)
	}
	mustExchange(t, old)
	p.Restore()
	mustExchange(t, dial(t, p))
}

func TestHang_HoldsBackAndRestoreDeliversLate(t *testing.T) {
	p := startProxy(t, startEcho(t))
	old := dial(t, p)
	mustExchange(t, old)
	p.Hang()
	fresh := dial(t, p)
	for name, conn := range map[string]net.Conn{"open": old, "new": fresh} {
		if err := exchange(conn, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s connection: %v, want no answer", name, err)
		}
	}
	p.Restore()
	for name, conn := range map[string]net.Conn{"open": old, "new": fresh} {
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Errorf("%s connection after restore: %v, want the byte held back", name, err)
		}
	}
}

func TestDelay_HoldsBackBothWays(t *testing.T) {
	const delay = 30 * time.Millisecond
	p := startProxy(t, startEcho(t))
	conn := dial(t, p)
	mustExchange(t, conn)
	p.Delay(delay)
	start := time.Now()
	mustExchange(t, conn)
	if took := time.Since(start); took < 2*delay {
		t.Errorf("round trip took %v, want at least %v", took, 2*delay)
	}
}

func TestDelay_IsNoLackOfBandwidth(t *testing.T) {
	const delay, pieces = 50 * time.Millisecond, 20
	p := startProxy(t, startEcho(t))
	conn := dial(t, p)
	mustExchange(t, conn)
	p.Delay(delay)
	start := time.Now()
	for range pieces {
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Millisecond)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, pieces)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > pieces*delay {
		t.Errorf("%d pieces took %v, as if one waited for another", pieces, took)
	}
}

func TestDeadTarget_EndsTheConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := l.Addr().String()
	_ = l.Close()
	p := startProxy(t, target)
	if err := attempt(t, p); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("exchange: %v, want the connection to end", err)
	}
}

func TestClose_EndsHangingConnections(t *testing.T) {
	p := startProxy(t, startEcho(t))
	mustExchange(t, dial(t, p))
	p.Hang()
	_ = exchange(dial(t, p), time.Millisecond)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if p.Open() != 0 {
		t.Errorf("%d connections left", p.Open())
	}
	if err := p.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}
