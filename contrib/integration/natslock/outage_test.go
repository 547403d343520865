// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
)

// waits calls Wait for a lock that is held, and returns when it is subscribed.
func waits(t *testing.T, locks *natslock.Locker, conn *nats.Conn) <-chan error {
	t.Helper()
	if lease, err := locks.TryLock(t.Context(), "k", time.Minute); err != nil || lease == nil {
		t.Fatal(lease, err)
	}
	subscriptions := conn.NumSubscriptions()
	ended := make(chan error, 1)
	go func() { ended <- locks.Wait(t.Context(), "k") }()
	natstest.WaitFor(t, 10*time.Second, "a subscription", func() bool { return conn.NumSubscriptions() > subscriptions })
	return ended
}

// The attempt to reconnect hangs, and holds the lock of the connection.
func TestOutage_LetsThoseGoWhoWait(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy, err := netfault.New(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	locks, conn := node(t, s.URLTo(proxy.Addr()), "locks", nil)
	ended := waits(t, locks, conn)
	proxy.Hang()
	cut := time.Now()
	proxy.Cut()
	if err := <-ended; !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("Wait: %v, want %v", err, nats.ErrDisconnected)
	}
	if _, err := locks.TryLock(t.Context(), "k", time.Minute); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("TryLock: %v, want %v", err, nats.ErrDisconnected)
	}
	if took := time.Since(cut); took > 500*time.Millisecond {
		t.Errorf("it took %v to notice that the connection is broken", took)
	}
}

func TestClose_EndsTheWaitOfAllAndLeavesNoGoroutine(t *testing.T) {
	s := natstest.Start(t, nil)
	conn := s.Connect(t)
	first := on(t, conn, "locks", nil)
	if _, err := first.TryLock(t.Context(), "first", time.Minute); err != nil {
		t.Fatal(err) // the client makes what it needs for answers
	}
	_ = first.Close()
	before := runtime.NumGoroutine()
	locks := on(t, conn, "locks", nil)
	ended := waits(t, locks, conn)
	if err := errors.Join(locks.Close(), locks.Close()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Wait: %v, want %v", err, nats.ErrConnectionClosed)
	}
	if _, err := locks.TryLock(t.Context(), "other", time.Minute); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("TryLock: %v, want %v", err, nats.ErrConnectionClosed)
	}
	natstest.WaitFor(t, 10*time.Second, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// A connection that was closed before tells of no further change, so nothing may wait
// for one, not even in a locker that nobody closes.
func TestNew_OnAClosedConnectionStartsNothing(t *testing.T) {
	conn := natstest.Start(t, nil).Connect(t)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	before := runtime.NumGoroutine()
	for range 10 {
		locks, err := natslock.New(js, "locks", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := locks.TryLock(t.Context(), "lock", time.Minute); !errors.Is(err, nats.ErrConnectionClosed) {
			t.Errorf("TryLock: %v, want %v", err, nats.ErrConnectionClosed)
		}
	}
	natstest.WaitFor(t, 10*time.Second, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// An operator frees a lock with the tools for KV, which expect no revision.
func TestWait_HearsOfADeletionByOthers(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	locks, conn := node(t, s.URL(), "locks", nil)
	ended := waits(t, locks, conn)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "locks")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if err := kv.Purge(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Wait does not end")
	}
}
