// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsbus_test runs the backplane natsbus against real servers, which it
// starts itself.
package natsbus_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
)

const (
	patience = 30 * time.Second
	subject  = "cache.sync"
)

// connOptions are those of package natsdist, with a shorter pause.
func connOptions() []nats.Option {
	return append(natsdist.ConnOptions(), nats.CustomReconnectDelay(func(int) time.Duration { return 20 * time.Millisecond }))
}

func newBus(tb testing.TB, conn *nats.Conn, opts *natsbus.Options) *natsbus.Backplane {
	tb.Helper()
	bus, err := natsbus.New(conn, subject, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// newProxy returns a proxy in front of s.
func newProxy(tb testing.TB, s *natstest.Server) *netfault.Proxy {
	tb.Helper()
	proxy, err := netfault.New(s.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = proxy.Close() })
	return proxy
}

// subscription is a subscriber and the Subscribe that calls it.
type subscription struct {
	hold func() // called during Message, if set

	mu       sync.Mutex
	joins    int
	gapless  int
	messages []string

	stop func()
	done chan struct{}
	err  error // once done is closed
}

func (s *subscription) Joined(gapless bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins++
	if gapless {
		s.gapless++
	}
}

func (s *subscription) Message(msg []byte) {
	if s.hold != nil {
		s.hold()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(msg))
}

func (s *subscription) joined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joins
}

func (s *subscription) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// start subscribes until the end of the test.
func start(tb testing.TB, bus core.Backplane, s *subscription) *subscription {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.err = bus.Subscribe(ctx, s)
	}()
	s.stop = func() {
		cancel()
		<-s.done
	}
	tb.Cleanup(s.stop)
	return s
}

// join subscribes and waits until the server has confirmed it.
func join(tb testing.TB, bus core.Backplane) *subscription {
	tb.Helper()
	s := start(tb, bus, &subscription{})
	s.wantJoins(tb, 1)
	return s
}

// wantJoins waits for the nth Joined.
func (s *subscription) wantJoins(tb testing.TB, n int) {
	tb.Helper()
	natstest.WaitFor(tb, patience, "Joined", func() bool { return s.joined() >= n })
	if got := s.joined(); got != n {
		tb.Errorf("joined %d times, want %d", got, n)
	}
}

// wantEnd waits for Subscribe to return and gives its error.
func (s *subscription) wantEnd(tb testing.TB) error {
	tb.Helper()
	select {
	case <-s.done:
		return s.err
	case <-time.After(patience):
		tb.Fatalf("Subscribe has not returned after %v", patience)
		return nil
	}
}

// wantDelivery publishes on bus and waits for the message at s.
func wantDelivery(tb testing.TB, bus core.Backplane, s *subscription, msg string) {
	tb.Helper()
	if err := bus.Publish(within(tb, patience), []byte(msg)); err != nil {
		tb.Fatalf("publish: %v", err)
	}
	natstest.WaitFor(tb, patience, "the message "+msg, func() bool { return slices.Contains(s.got(), msg) })
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
