// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisbus_test runs the backplane redisbus against real servers.
package redisbus_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// connect returns a client with the settings that suit a cache. A nil faults is
// the plain network.
func connect(tb testing.TB, url string, faults *redistest.Faults, opts *redisdist.OpenOptions) redis.UniversalClient {
	tb.Helper()
	options, err := redisdist.ClientOptions(url, opts)
	if err != nil {
		tb.Fatal(err)
	}
	if faults != nil {
		options.Dialer = faults.Dial
	}
	client := redis.NewUniversalClient(options)
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

// newBus returns a backplane on a channel of its own for the test.
func newBus(tb testing.TB, url string, faults *redistest.Faults) *redisbus.Backplane {
	tb.Helper()
	bus, err := redisbus.New(connect(tb, url, faults, nil), "ch", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// subscription is a subscriber and the Subscribe that calls it.
type subscription struct {
	mu       sync.Mutex
	joins    int
	messages []string
	block    chan struct{} // Message waits until it is closed; nil: never

	stop func()
	done chan struct{}
	err  error // once done is closed
}

func (s *subscription) Joined(bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins++
}

func (s *subscription) Message(msg []byte) {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(msg))
}

// start subscribes until the end of the test.
func start(tb testing.TB, bus *redisbus.Backplane, s *subscription) *subscription {
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
func join(tb testing.TB, bus *redisbus.Backplane) *subscription {
	tb.Helper()
	s := start(tb, bus, &subscription{})
	s.wantJoins(tb, 1)
	return s
}

// rejoin subscribes again and again, as a stack does, until it succeeds.
func rejoin(tb testing.TB, bus *redisbus.Backplane) *subscription {
	tb.Helper()
	var s *subscription
	redistest.Eventually(tb, patience, "a new subscription", func() bool {
		if s == nil || s.ended() {
			s = start(tb, bus, &subscription{})
		}
		return s.joined() > 0
	})
	return s
}

func (s *subscription) joined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joins
}

func (s *subscription) has(msg string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.messages, msg)
}

func (s *subscription) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *subscription) wantJoins(tb testing.TB, n int) {
	tb.Helper()
	redistest.Eventually(tb, patience, fmt.Sprint("Joined number ", n), func() bool { return s.joined() >= n })
}

// wantEnd waits for Subscribe to return and gives its error.
func (s *subscription) wantEnd(tb testing.TB, d time.Duration) error {
	tb.Helper()
	select {
	case <-s.done:
		return s.err
	case <-time.After(d):
		tb.Fatalf("Subscribe has not returned after %v", d)
		return nil
	}
}

// wantDelivery publishes on bus and waits for the message at s.
func wantDelivery(tb testing.TB, bus *redisbus.Backplane, s *subscription, msg string) {
	tb.Helper()
	if err := bus.Publish(within(tb, patience), []byte(msg)); err != nil {
		tb.Fatalf("publish: %v", err)
	}
	redistest.Eventually(tb, patience, "the message "+msg, func() bool { return s.has(msg) })
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
