// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsstream_test runs the backplane natsstream against real servers, which it
// starts itself.
package natsstream_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
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

func newBus(tb testing.TB, conn *nats.Conn, opts *natsstream.Options) *natsstream.Backplane {
	tb.Helper()
	bus, err := natsstream.New(jetStream(tb, conn), subject, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

func jetStream(tb testing.TB, conn *nats.Conn) jetstream.JetStream {
	tb.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Fatal(err)
	}
	return js
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
	joins    []bool // gapless, of each Joined
	messages []string

	stop func()
	done chan struct{}
	err  error // once done is closed
}

func (s *subscription) Joined(gapless bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins = append(s.joins, gapless)
}

func (s *subscription) Message(msg []byte) {
	if s.hold != nil {
		s.hold()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(msg))
}

func (s *subscription) joined() []bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.joins)
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
	s.wantJoins(tb, false)
	return s
}

func (s *subscription) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// wantJoins waits until s has been told of as many joins as there are in want,
// and compares them.
func (s *subscription) wantJoins(tb testing.TB, want ...bool) {
	tb.Helper()
	natstest.WaitFor(tb, patience, "Joined", func() bool { return len(s.joined()) >= len(want) || s.ended() })
	if got := s.joined(); !slices.Equal(got, want) {
		tb.Fatalf("joined %v, want %v", got, want)
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
	natstest.WaitFor(tb, patience, "publishing", func() bool { return bus.Publish(within(tb, time.Second), []byte(msg)) == nil })
	natstest.WaitFor(tb, patience, "the message "+msg, func() bool { return slices.Contains(s.got(), msg) })
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
